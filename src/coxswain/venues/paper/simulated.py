"""What the paper venue invents when it is asked to: slippage, delays, partial fills and refusals.

Every draw is a hash of the seed, the order's id at the venue and what is drawn, so the same orders have the same fate
in every run and after every restart. A venue that uses any of this is SIMULATED and says so wherever it is shown.
"""

from decimal import Decimal
from hashlib import sha256

import msgspec

from coxswain.model.decimals import ONE, ZERO, floor_step, percent_of, text
from coxswain.model.keys import DAY_MS
from coxswain.model.vocabulary import Side, Symbol, TimeInForce
from coxswain.venues.paper.orders import Order

HUNDRED = Decimal(100)
DRAWN_FROM = 1 << 64
RATES = ("partial_fill_rate", "reject_rate")


class WalkParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an instrument moves where its market is the seeded random walk."""

    symbol: Symbol
    start: Decimal
    """The first bid."""
    spread_ticks: int = 2
    """The ask is never nearer to the bid than 1 tick nor farther than this."""
    step_ticks: int = 3
    """The bid moves by at most this much at a time."""
    size_steps: int = 100
    """The largest size that is shown, in lot steps."""

    def problem(self) -> str:
        if self.start <= ZERO:
            return f"start: {text(self.start)}, wanted more than 0"
        for name in ("spread_ticks", "step_ticks", "size_steps"):
            if getattr(self, name) < 1:
                return f"{name}: {getattr(self, name)}, wanted 1 or more"
        return ""


class Simulated(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    seed: int = 0
    """Another seed, other draws."""
    slippage_pct: Decimal = ZERO
    """Of the price, on every fill at the touch, against the order; never past its limit."""
    fill_delay_ms: int = 0
    """An order is taken at once and shown to the market only so long after it came or was changed."""
    partial_fill_rate: Decimal = ZERO
    """0 to 1: how often a fill is only a part of what could be had. Never of FOK."""
    reject_rate: Decimal = ZERO
    """0 to 1: how often an order is refused that is right."""
    walks: tuple[WalkParams, ...] = ()
    """Of the market that `coxswain run --realtime --simulated` plays."""

    def problem(self) -> str:
        """Say what cannot be; empty if all of it can."""
        if not ZERO <= self.slippage_pct < HUNDRED:
            return f"slippage_pct: {text(self.slippage_pct)}, wanted 0 or more and below 100"
        if self.fill_delay_ms < 0:
            return f"fill_delay_ms: {self.fill_delay_ms}, wanted 0 or more"
        if self.fill_delay_ms > DAY_MS:
            return f"fill_delay_ms: {self.fill_delay_ms}, wanted at most {DAY_MS}"
        for name in RATES:
            if not ZERO <= getattr(self, name) <= ONE:
                return f"{name}: {text(getattr(self, name))}, wanted 0 to 1"
        symbols = [walk.symbol for walk in self.walks]
        if len(set(symbols)) < len(symbols):
            return "walks: wanted one of a symbol"
        return next((f"walks: {walk.symbol}: {problem}" for walk in self.walks if (problem := walk.problem())), "")

    def told(self) -> str:
        """Say what the venue invents, in the words of the configuration; empty if nothing is.

        The walks are a market, which says itself that it is SIMULATED, and are not there with quotes of another.
        """
        numbers = ("slippage_pct", "fill_delay_ms", "partial_fill_rate", "reject_rate")
        return ", ".join(f"{name} {text(Decimal(getattr(self, name)))}" for name in numbers if getattr(self, name))


class Draws:
    """The lots that are drawn for orders."""

    def __init__(self, simulated: Simulated) -> None:
        self._simulated = simulated

    def refuses(self, order: Order) -> bool:
        return self._is_drawn(self._simulated.reject_rate, order, "reject")

    def part_of(self, order: Order, qty: Decimal, lot_step: Decimal) -> Decimal:
        """Return how much of what could be had is filled: at least one step, and less than all if so drawn."""
        rate = self._simulated.partial_fill_rate
        if order.time_in_force is TimeInForce.FOK or not self._is_drawn(rate, order, f"partial {text(order.cum_qty)}"):
            return qty
        steps = int(qty / lot_step)
        if steps < 2:
            return qty
        return (1 + self._draw(order, f"part {text(order.cum_qty)}") % (steps - 1)) * lot_step

    def slipped(self, order: Order, px: Decimal, tick: Decimal) -> Decimal:
        """Return a price that is worse by the slippage, in whole ticks, and never past the order's limit."""
        if not self._simulated.slippage_pct:
            return px
        away = percent_of(self._simulated.slippage_pct, px)
        if order.side is Side.BUY:
            worse = floor_step(px + away, tick)
            if worse < px + away:
                worse += tick
            return worse if order.price is None else min(worse, order.price)
        worse = max(floor_step(px - away, tick), tick)
        return worse if order.price is None else max(worse, order.price)

    def _is_drawn(self, rate: Decimal, order: Order, purpose: str) -> bool:
        return bool(rate) and self._draw(order, purpose) < rate * DRAWN_FROM

    def _draw(self, order: Order, purpose: str) -> int:
        what = f"{self._simulated.seed}:{order.venue_order_id}:{purpose}"
        return int.from_bytes(sha256(what.encode()).digest()[:8], "big")
