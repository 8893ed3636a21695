"""What an execution algorithm is given and what it answers, and the arithmetic that several of them share.

An algorithm has no memory. It sees what its parent order stands at and the market, and says how much should be out by
now, where it should stand, and when to be asked again. Sending and remembering are for the core.
"""

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Protocol, TypeVar

import msgspec

from coxswain.model.decimals import HUNDRED, ZERO, floor_step, plain
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Side

NS_PER_S = 1_000_000_000
HORIZON_S_MAX = 86_400
SLICES_MAX = 500
WEIGHTS_MAX = 500
EVEN = 10_000
"""The weight of a slice that does not vary."""

Draw = Callable[[str, int, int], int]
"""`draw(purpose, low, high)`: a whole number, both ends included, that is the same whenever it is asked for."""


class Algo(msgspec.Struct, frozen=True, omit_defaults=True):
    """The algorithm that a signal names, with its parameters as canonical JSON text."""

    name: str
    params: str = "{}"


class ParentView(msgspec.Struct, frozen=True):
    """An account's share as it stands: a parent order whose children the core sends. Quantities are lots."""

    side: Side
    """Of the children."""
    order_qty: Decimal
    lot_step: Decimal
    min_qty: Decimal
    tick: Decimal
    started_ns: int
    cum_qty: Decimal
    """Filled."""
    open_qty: Decimal
    """Working or unknown, worst case."""
    open_px: Decimal | None
    """Where the child that is open stands; None if none is, or if it crosses."""
    limit_px: Decimal | None
    """The signal's own limit: no child goes beyond it."""
    arrival_px: Decimal | None
    """The middle of the market when the parent started."""
    arrival_volume: Decimal | None
    """What the market had traded then."""
    volume_curve: tuple[Decimal, ...]
    """Of the instrument: how a day's volume is spread over equal parts of it, from midnight UTC; empty if not known."""
    draw: Draw


class Target(msgspec.Struct, frozen=True):
    """What an algorithm wants. Never more than the parent, and never less than is filled."""

    cum_qty: Decimal
    """How much should be filled or working by now."""
    wake_ns: int | None
    """When to be asked again; None: only when a child is over."""
    price: Decimal | None = None
    """Where it should stand and wait; None: it crosses the market at once."""


class AlgoModule(Protocol):
    """What a file in `algos/` exports."""

    NEEDS_VOLUME: bool
    """It reads the market's traded volume."""
    POSTS: bool
    """It leaves orders standing at a price."""
    WORKS_EXITS: bool
    Params: type[msgspec.Struct]

    # Each algorithm takes its own Params; no type says that of a set of modules.
    @property
    def horizon_ns(self) -> Callable[..., int]: ...  # type: ignore[explicit-any]
    @property
    def lacks(self) -> Callable[..., str]: ...  # type: ignore[explicit-any]
    @property
    def target(self) -> Callable[..., Target]: ...  # type: ignore[explicit-any]


# --- parameters -------------------------------------------------------------------------------------------------------

N = TypeVar("N", int, Decimal)


def within(name: str, value: N, low: int, high: int) -> None:
    """Refuse a parameter outside of its range."""
    if not low <= value <= high:
        raise ValueError(f"{name}: {value} is out of range; wanted {low} to {high}")


def above_zero(name: str, value: Decimal) -> None:
    if not (value.is_finite() and value > 0):
        raise ValueError(f"{name}: {value} is refused; wanted a number above 0")


def not_negative(name: str, value: Decimal) -> None:
    if not (value.is_finite() and value >= 0):
        raise ValueError(f"{name}: {value} is refused; wanted a number of 0 or more")


# --- schedules --------------------------------------------------------------------------------------------------------


def slice_times(parent: ParentView, horizon_ns: int, slices: int, variance_pct: Decimal) -> tuple[int, ...]:
    """Return when each slice goes: at the start of its equal part of the horizon, or later within that part by a draw.

    Times rise, and each is before the end of the horizon.
    """
    step_ns = horizon_ns // slices
    latest_ns = int(step_ns * variance_pct / HUNDRED)
    return tuple(
        parent.started_ns + index * step_ns + parent.draw(f"slice {index} time", 0, min(latest_ns, step_ns - 1))
        for index in range(slices)
    )


def drawn_weights(parent: ParentView, slices: int, variance_pct: Decimal) -> tuple[int, ...]:
    """Return a weight above zero for each slice, up to so many per cent above or below an even one."""
    spread = min(int(variance_pct * 100), EVEN - 1)
    return tuple(EVEN + parent.draw(f"slice {index} size", -spread, spread) for index in range(slices))


def due_by_weight(parent: ParentView, weights: Sequence[Decimal | int], due: int) -> Decimal:
    """Return how much of the parent the first `due` slices make together: rounded down to the step, the last exact."""
    if due >= len(weights):
        return parent.order_qty
    whole, part = sum(map(Decimal, weights), ZERO), sum(map(Decimal, weights[:due]), ZERO)
    return floor_step(parent.order_qty * part / whole, parent.lot_step)


def on_schedule(parent: ParentView, times: Sequence[int], weights: Sequence[Decimal | int], now_ns: int) -> Target:
    """Return what the slices that are due by now make together. What is filled already is never taken back."""
    due = sum(1 for at_ns in times if at_ns <= now_ns)
    wake_ns = times[due] if due < len(times) else None
    return Target(max(due_by_weight(parent, weights, due), parent.cum_qty), wake_ns)


# --- prices -----------------------------------------------------------------------------------------------------------


def passive_tick(price: Decimal, side: Side, tick: Decimal) -> Decimal:
    """Round to the tick on the side that waits: down to buy, up to sell."""
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return plain((price / tick).to_integral_value(rounding) * tick)


def away(price: Decimal, side: Side, by: Decimal) -> Decimal:
    """Move a price away from the market: a buyer's down, a seller's up; towards it where `by` is negative."""
    return price - by if side is Side.BUY else price + by


def bounded(price: Decimal, side: Side, worst: Decimal | None) -> Decimal:
    """Return a price that pays no more, or gets no less, than `worst`."""
    if worst is None:
        return price
    return min(price, worst) if side is Side.BUY else max(price, worst)


def near(quote: Quote, side: Side) -> Decimal:
    """Return the touch on the own side of the market, where an order waits."""
    return quote.bid if side is Side.BUY else quote.ask


def stay_or_move(parent: ParentView, wanted: Decimal, least: Decimal) -> Decimal:
    """Return where the open child stands, unless the price wanted is `least` or more away from it."""
    if parent.open_px is None or abs(wanted - parent.open_px) >= least:
        return wanted
    return parent.open_px
