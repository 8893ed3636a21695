"""The demo: a desk of six paper accounts, and signals derived from the market it is shown.

Entry, moved stop and exit come at fixed times after the market is first worth trading. Prices come from the quotes of
that moment, and from nothing later. What goes wrong on the way is scripted in `demo.yaml`, at the venues.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec

from coxswain.feeds import Walk, walk
from coxswain.messages.inputs import Input, SubmitSignal
from coxswain.model.decimals import floor_step
from coxswain.model.hours import is_open
from coxswain.model.market import Instrument, Quote, is_sane, mid
from coxswain.model.setup import Setup
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import JournalId, Side, SignalId, SignalKind
from coxswain.runtime.signals import Latest

CONFIG = Path(__file__).with_name("demo.yaml")
NS_PER_S = 1_000_000_000
WIDEST_SPREAD = Decimal("0.0005")
"""Of the mid: the market is worth trading when its spread is no wider."""
STOP_DISTANCE = Decimal("0.003")
"""Of the mid."""
START_NS = 1_767_607_200 * NS_PER_S
"""The simulated market opens on 2026-01-05 at 10:00 UTC, a Monday."""
LENGTH_NS = 900 * NS_PER_S
STEP_NS = 250_000_000


class NothingToTrade(Exception):
    """The quotes never offer a market that is open, sane and narrow enough."""


class Cue(msgspec.Struct, frozen=True):
    """When a signal comes, and how it is made from the market of that moment."""

    after_s: int
    make: Callable[[str, Instrument, Quote, int], Signal]


def journal_id(seed: int) -> JournalId:
    """Derive the id from the seed, so that the same seed gives the same journal everywhere."""
    return JournalId(sha256(f"demo {seed}".encode()).hexdigest()[:16])


def simulated(setup: Setup, seed: int) -> Iterator[Quote]:
    """A quarter of an hour of the first instrument's seeded random walk."""
    instrument = setup.instruments[0]
    start = Walk(instrument.symbol, instrument.tick, 108_500, lot_step=instrument.lot_step)
    return walk([start], seed, START_NS, STEP_NS, LENGTH_NS)


def first_chance(quotes: Iterable[Quote], setup: Setup) -> Quote:
    """Return the first quote of an open market that is sane and narrow. Raises `NothingToTrade`."""
    known = {instrument.symbol: instrument for instrument in setup.instruments}
    for quote in quotes:
        instrument = known.get(quote.symbol)
        if instrument is None or not is_sane(quote) or quote.ask - quote.bid > WIDEST_SPREAD * mid(quote):
            continue
        if not instrument.sessions or is_open(instrument, quote.ts_ns):
            return quote
    raise NothingToTrade("no quote of an open market with a sane, narrow spread")


class DemoSignals:
    """Four signals, each made when its turn comes."""

    def __init__(self, instrument: Instrument, start_ns: int) -> None:
        self._instrument = instrument
        self._cues = [(start_ns + cue.after_s * NS_PER_S, number, cue) for number, cue in enumerate(CUES, start=1)]

    def next_ns(self, now_ns: int) -> int | None:
        return max(self._cues[0][0], now_ns) if self._cues else None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        _, number, cue = self._cues.pop(0)
        quote = latest(self._instrument.symbol)
        if quote is None:
            raise NothingToTrade(f"no quote of {self._instrument.symbol} yet")
        return SubmitSignal(cue.make(f"demo-{number}", self._instrument, quote, now_ns))


def _buy(name: str, instrument: Instrument, quote: Quote, now_ns: int) -> Signal:
    return _entry(name, instrument, quote, now_ns, Side.BUY, Decimal("0.8"), "breakout")


def _sell(name: str, instrument: Instrument, quote: Quote, now_ns: int) -> Signal:
    return _entry(name, instrument, quote, now_ns, Side.SELL, Decimal("0.65"), "reversal")


def _entry(
    name: str, instrument: Instrument, quote: Quote, now_ns: int, side: Side, confidence: Decimal, strategy: str
) -> Signal:
    away = STOP_DISTANCE * mid(quote) * (1 if side is Side.BUY else -1)
    return Signal(
        SignalId(name),
        SignalKind.ENTRY,
        instrument.symbol,
        now_ns,
        300,
        side=side,
        stop_loss=_price(instrument, mid(quote) - away),
        take_profit=_price(instrument, mid(quote) + 2 * away),
        confidence=confidence,
        risk_reward_ratio=Decimal(2),
        strategy=strategy,
    )


def _tighten(name: str, instrument: Instrument, quote: Quote, now_ns: int) -> Signal:
    stop_loss = _price(instrument, quote.bid * (1 - STOP_DISTANCE * 2 / 3))
    kind = SignalKind.STOP_ADJUSTMENT
    return Signal(SignalId(name), kind, instrument.symbol, now_ns, 300, stop_loss=stop_loss, reason="trail the market")


def _leave(name: str, instrument: Instrument, quote: Quote, now_ns: int) -> Signal:
    return Signal(SignalId(name), SignalKind.EXIT, instrument.symbol, now_ns, 300, reason="the move is over")


def _price(instrument: Instrument, value: Decimal) -> Decimal:
    return floor_step(value, instrument.tick)


CUES = (Cue(5, _buy), Cue(200, _tighten), Cue(300, _leave), Cue(420, _sell))
