"""What posting first saves against crossing at once, on recorded quotes: one JSON line a file on standard output.

    python -m bench.posting FILE...

Every five minutes an order of the smallest quantity is sent, buying and selling in turn: once at the market, once by
`post_then_cross`. Both run through the whole engine and the paper venue, which fills a limit only when the other side
of the market comes to its price, so nothing is gained by a queue that nobody saw: the saving is a lower bound. What is
saved is measured from the touch that crossing at once would have had.
"""

import json
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from coxswain.feeds import open_feed
from coxswain.journal.store import Journal
from coxswain.messages import events as ev
from coxswain.messages.inputs import EngineStarted, Input, SubmitSignal
from coxswain.messages.record import Record
from coxswain.model.algo import Algo
from coxswain.model.market import Instrument, Quote, Session, is_sane
from coxswain.model.setup import AccountSpec, Setup, VenueSpec
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    SIGN,
    AccountId,
    ClOrdId,
    JournalId,
    Mode,
    Role,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    VenueId,
)
from coxswain.runtime.loop import Loop
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.signals import Latest
from coxswain.venues.paper import CAPABILITIES, AccountParams, PaperVenue, Params

EVERY_NS = 300 * 1_000_000_000
ACCOUNT, VENUE = AccountId("a"), VenueId("paper")
POST = Algo("post_then_cross", '{"cross_s":10,"post_s":30}')
LIMITS = {
    "max_order_value": Decimal(10**9),
    "max_daily_loss_pct": Decimal(100),
    "max_daily_drawdown_pct": Decimal(100),
    "max_orders_per_day": Decimal(10**6),
    "risk_budget_pct": Decimal(100),
}
NEW_YORK = (Session("America/New_York", (0, 1, 2, 3, 4), "09:30", "16:00"),)
STILL = ("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct", "max_size_variance_pct")


class Every:
    """A signal every so often, while the feed goes on."""

    def __init__(self, symbol: Symbol, algo: Algo | None, from_ns: int, until_ns: int) -> None:
        self._symbol, self._algo, self._next_ns, self._until_ns, self._count = symbol, algo, from_ns, until_ns, 0

    def next_ns(self, now_ns: int) -> int | None:
        return self._next_ns if self._next_ns < self._until_ns else None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        self._count += 1
        side = Side.BUY if self._count % 2 else Side.SELL
        self._next_ns += EVERY_NS
        name, kind = SignalId(f"s{self._count}"), SignalKind.ENTRY
        return SubmitSignal(
            Signal(name, kind, self._symbol, now_ns, 60, side=side, quantity=Decimal(1), algo=self._algo)
        )


class Fills:
    """What each signal paid, from the touch at its plan: adverse is positive."""

    def __init__(self) -> None:
        self.touches: dict[SignalId, Decimal] = {}
        self.costs: dict[SignalId, Decimal] = {}
        self.unfilled: Counter[str] = Counter()
        self._signals: dict[ClOrdId, SignalId] = {}

    def __call__(self, record: Record) -> None:
        for event in record.events:
            match event:
                case ev.PlanProposed(plan) if plan.decision_px is not None:
                    self.touches[plan.signal_id] = plan.decision_px
                case ev.OrderCreated(cl_ord_id, intent) if intent.role is Role.ENTRY:
                    self._signals[cl_ord_id] = intent.signal_id
                case ev.OrderFilled() if event.cl_ord_id in self._signals:
                    name = self._signals[event.cl_ord_id]
                    self.costs[name] = (event.last_px - self.touches[name]) * SIGN[event.side]
                case ev.AlgoEnded() if event.left_qty:
                    self.unfilled[event.reason] += 1
                case _:
                    pass


def quotes_of(files: Sequence[str]) -> Iterator[Quote]:
    for name in files:
        yield from open_feed(name, None)


def run(file: str, instrument: Instrument, algo: Algo | None, from_ns: int, until_ns: int) -> Fills:
    fills = Fills()
    setup = Setup(
        Mode.FULL_AUTO,
        (AccountSpec(ACCOUNT, VENUE, "USD", LIMITS),),
        (VenueSpec(VENUE, CAPABILITIES),),
        (instrument,),
        settings=dict.fromkeys(STILL, Decimal(0)),
    )
    journal = Journal.create(None, JournalId("bench000bench000"))
    paper = PaperVenue(VENUE, Params({ACCOUNT: AccountParams("USD", Decimal(10**7))}), (instrument,))
    signals = Every(instrument.symbol, algo, from_ns, until_ns)
    loop = Loop(make_engine(), journal, (paper,), quotes_of((file,)), signals, 1_000_000_000, fills)
    loop.run(EngineStarted("bench", journal.journal_id, 7, setup), 0)
    return fills


def main() -> None:
    for file in sys.argv[1:]:
        spreads, first_ns, last_ns, symbol, tick = [], 0, 0, Symbol(""), Decimal(1)
        for quote in quotes_of((file,)):
            first_ns, last_ns, symbol = first_ns or quote.ts_ns, quote.ts_ns, quote.symbol
            tick = min(tick, Decimal(1).scaleb(int(quote.bid.as_tuple().exponent)))
            if is_sane(quote):
                spreads.append(quote.ask - quote.bid)
        one = Decimal(1)
        sessions = NEW_YORK if "equity" in file else ()
        instrument = Instrument(symbol, "USD", tick, one, one, one, Decimal("0.05"), sessions=sessions)
        from_ns, until_ns = first_ns + EVERY_NS, last_ns - EVERY_NS
        crossed = run(file, instrument, None, from_ns, until_ns).costs
        posting = run(file, instrument, POST, from_ns, until_ns)
        posted = posting.costs
        both = [name for name in crossed if name in posted]
        saved = [crossed[name] - posted[name] for name in both]
        mean = sum(saved, Decimal(0)) / len(saved)
        spread = statistics.median(spreads)
        line = {
            "file": file.rpartition("/")[2],
            "symbol": symbol,
            "orders": len(both),
            "only_crossed": len(crossed) - len(both),
            "only_posted": len(posted) - len(both),
            "unfilled": posting.unfilled,
            "median_spread": str(spread),
            "mean_saved": format(round(mean, 7), "f"),
            "saved_of_median_spread_pct": float(round(mean / spread * 100, 1)),
            "standard_error": format(round(Decimal(statistics.stdev(saved)) / Decimal(len(saved)).sqrt(), 7), "f"),
            "better": sum(1 for each in saved if each > 0),
            "worse": sum(1 for each in saved if each < 0),
            "post": POST.params,
            "date": datetime.now(UTC).date().isoformat(),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
