"""What a paper venue is configured with, and what it declares it can do."""

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.hours import is_zone
from coxswain.model.keys import DAY_MS
from coxswain.model.setup import Capabilities
from coxswain.model.signal import TTL_S_MAX
from coxswain.model.vocabulary import AccountId, OrdType, TimeInForce, VenueTier
from coxswain.venues.paper.conditions import Cash, Halt, Outage
from coxswain.venues.paper.faults import Fault, by_order
from coxswain.venues.paper.nights import Swap
from coxswain.venues.paper.simulated import Simulated

CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
CAPABILITIES = Capabilities(
    tier=VenueTier.T1,
    native_reduce_only=True,
    native_oco=True,
    native_replace=True,
    ord_types=tuple(kind for kind in OrdType if kind is not OrdType.TRAILING_STOP),
    times_in_force=tuple(TimeInForce),
    native_gtd=True,
)
"""Of a venue whose configuration says nothing else."""


class QueuePlace(StrEnum):
    """Where a limit that rests stands in the queue at its price."""

    BACK = "back"
    """Behind all that is shown there. What orders of ours took stays taken while the price stands."""
    NONE = "none"
    """There is no queue: it fills once the other side of the market comes to it, and each quote displays anew."""


class AccountParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    currency: str
    initial_balance: Decimal


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: dict[AccountId, AccountParams]
    latency_ms: int = 20
    """One way: a request takes it to arrive, and its report takes it again. Queries travel in no time."""
    commission_per_lot: Decimal = ZERO
    """In the account's currency."""
    commission_pct: Decimal = ZERO
    """Of the traded value."""
    quote_stale_s: int = 60
    """A quote older than this trades nothing and converts nothing."""
    day_ends: str = "00:00"
    """When DAY orders end, each day, in an instrument without sessions; else they end with the session."""
    day_tz: str = "UTC"
    """The zone of `day_ends`."""
    swaps: tuple[Swap, ...] = ()
    """What holding a position over `day_ends` costs or brings."""
    queue: QueuePlace = QueuePlace.BACK
    """Where limits stand that rest: `back`, behind all that is shown at their price, or `none`."""
    faults: tuple[Fault, ...] = ()
    outages: tuple[Outage, ...] = ()
    """When it cannot be reached."""
    halts: tuple[Halt, ...] = ()
    """When nothing trades in an instrument."""
    cash: tuple[Cash, ...] = ()
    """When cash moves without a trade."""
    simulated: Simulated | None = None
    """What is invented instead of taken from the market; whoever uses it is labelled SIMULATED."""
    separate: bool = False
    """It runs in a process of its own, started with `coxswain venue`."""
    native_reduce_only: bool = True
    """False: it refuses reduce-only orders, as for the four below. The engine emulates what a venue does not do."""
    native_oco: bool = True
    native_replace: bool = True
    native_gtd: bool = True
    native_trailing: bool = False
    takes_no: tuple[OrdType, ...] = ()
    """Order types that it refuses."""

    def __post_init__(self) -> None:
        for name in ("latency_ms", "commission_per_lot", "commission_pct", "quote_stale_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: {getattr(self, name)}, wanted 0 or more")
        for name, most in (("latency_ms", DAY_MS), ("quote_stale_s", TTL_S_MAX)):
            if getattr(self, name) > most:
                raise ValueError(f"{name}: {getattr(self, name)}, wanted at most {most}")
        if CLOCK.fullmatch(self.day_ends) is None:
            raise ValueError(f"day_ends: {self.day_ends}, wanted a time of day such as 17:00")
        if not is_zone(self.day_tz):
            raise ValueError(f"day_tz: {self.day_tz}, wanted a time zone such as UTC or America/New_York")
        by_order(self.faults)
        if len({swap.symbol for swap in self.swaps}) < len(self.swaps):
            raise ValueError("swaps: two of one symbol, wanted one of each")
        for cash in self.cash:
            if cash.account not in self.accounts:
                raise ValueError(f"cash: account {cash.account}, wanted one of this venue's")
        for section, entries in (("outages", self.outages), ("halts", self.halts), ("cash", self.cash)):
            _check_entries(section, entries)
        if self.simulated is not None:
            _check_simulated(self.simulated)


def capabilities_of(params: Params) -> Capabilities:
    """Return what a venue with these parameters declares."""
    refused = params.takes_no if params.native_trailing else (*params.takes_no, OrdType.TRAILING_STOP)
    return Capabilities(
        CAPABILITIES.tier,
        params.native_reduce_only,
        params.native_oco,
        params.native_replace,
        tuple(kind for kind in OrdType if kind not in refused),
        tuple(tif for tif in TimeInForce if tif is not TimeInForce.GTD or params.native_gtd),
        params.native_trailing,
        params.native_gtd,
    )


def simulation_of(params: Params) -> str:
    """Say what a venue with these parameters invents instead of taking it from the market; empty if nothing."""
    return "" if params.simulated is None else params.simulated.told()


def _check_entries(section: str, entries: Iterable[Outage | Halt | Cash]) -> None:
    for number, entry in enumerate(entries, 1):
        problem = entry.problem()
        if problem:
            raise ValueError(f"{section}: number {number}: {problem}")


def _check_simulated(simulated: Simulated) -> None:
    problem = simulated.problem()
    if problem:
        raise ValueError(f"simulated: {problem}")
