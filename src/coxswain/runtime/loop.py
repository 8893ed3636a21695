"""The loop in virtual time: it takes what comes first, steps the core, commits, and only then lets requests out.

Feed time is the clock. At one instant, reports come before quotes, quotes before deadlines, deadlines before signals.
Records are committed in groups; nobody sees one that is not committed. A group that asks for something to be sent is
committed, and its requests are delivered, before time moves on. Nothing here decides anything about trading.
"""

from collections.abc import Callable, Iterator, Sequence

from coxswain.core.engine import Engine
from coxswain.journal.store import Journal
from coxswain.messages.inputs import CompareAccounts, EngineStarted, Input, StopEngine, TimePassed
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import Request
from coxswain.model.market import Quote, is_sane
from coxswain.model.vocabulary import AccountId, Symbol
from coxswain.runtime.bars import Bars
from coxswain.runtime.calendar import Calendar
from coxswain.runtime.signals import Signals
from coxswain.venues.base import Venue

GROUP_MAX = 64
"""Records in one commit."""
BAR_S = 300
"""Of the bars that volatility is observed on, where the setup says nothing."""
TAIL_NS = 600 * 1_000_000_000
"""How long deadlines run on, in engine time, after signals and quotes have ended."""

OnRecord = Callable[[Record], None]


class Loop:
    """One engine, its journal and its venues, driven by a feed and a stream of signals."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        venues: Sequence[Venue],
        feed: Iterator[Quote],
        signals: Signals,
        quote_interval_ns: int,
        on_record: OnRecord,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._venues = tuple(venues)
        self._venue_of: dict[AccountId, Venue] = {}
        self._feed = feed
        self._quote = next(feed, None)
        self._signals = signals
        self._calendar: Calendar | None = None
        self._bars: Bars | None = None
        self._quote_interval_ns = quote_interval_ns
        self._on_record = on_record
        self._latest: dict[Symbol, Quote] = {}
        self._stepped_ns: dict[Symbol, int] = {}
        self._bodies: list[bytes] = []
        self._unseen: list[Record] = []
        """Records of `_bodies`, for whoever may see them once they are durable."""
        self._requests: list[Request] = []
        self.stop_reason = ""
        """Who asked for an end before signals and quotes had theirs."""
        self.now_ns = engine.state.now_ns
        self.quotes_seen = 0
        self.quotes_skipped = 0
        """Older than where the journal ends."""
        self.quotes_refused: dict[Symbol, int] = {}
        """Crossed or not positive, by instrument: shown to the venues, which count them too, and never to the core."""

    def ask_to_stop(self, reason: str) -> None:
        """End in good order before the next input. Safe to call from a signal handler."""
        self.stop_reason = reason

    def run(self, started: EngineStarted, resume_ns: int) -> None:
        """Run to the end of signals and quotes, then let deadlines run out, compare the books and stop.

        Time begins at `resume_ns` or at the first quote, whichever is later; quotes before that are skipped.
        """
        by_id = {venue.venue_id: venue for venue in self._venues}
        self._venue_of = {spec.id: by_id[spec.venue] for spec in started.setup.accounts}
        self._begin(started, resume_ns)
        while not self.stop_reason and self._advance():
            pass
        if not self.stop_reason:
            self._run_out()
        self._end(self.stop_reason or "signals and quotes have ended")

    def _begin(self, started: EngineStarted, resume_ns: int) -> None:
        """Start, and have the books compared before anything new is looked at."""
        while self._quote is not None and self._quote.ts_ns < resume_ns and not self.stop_reason:
            self._quote = next(self._feed, None)
            self.quotes_skipped += 1
        first_ns = resume_ns if self._quote is None else self._quote.ts_ns
        self.now_ns = max(resume_ns, first_ns)
        calendar = Calendar(started.setup, self.now_ns)
        self._bars = Bars(int(started.setup.settings.get("volatility_bar_s", BAR_S)))
        self._step(started)
        self._hear_out(self.now_ns)
        for message in calendar.now():
            self._step(message)
        self._calendar = calendar

    def _advance(self) -> bool:
        """Take the one thing that comes first. False when signals and quotes have ended."""
        signal_ns = self._signals.next_ns(self.now_ns)
        if signal_ns is None and self._quote is None:
            return False
        quote_ns = None if self._quote is None else self._quote.ts_ns
        next_ns = _earliest(self._next_report(), quote_ns, self._next_wake(), signal_ns)
        self._move_to(next_ns)
        # Delivering may have made a report due at this very instant: what is due is looked at afresh, in order.
        if self._next_report() == self.now_ns:
            self._take_reports()
        elif self._quote is not None and self._quote.ts_ns <= self.now_ns:
            self._take_quote(self._quote)
        elif self._wake_if_due():
            pass
        elif signal_ns is not None and signal_ns <= self.now_ns:
            self._step(self._signals.take(self.now_ns, self._latest.get))
        return True

    def _move_to(self, at_ns: int) -> None:
        """Let time pass, but not before what is to leave has been made durable and has left."""
        if at_ns > self.now_ns and self._requests:
            self._flush()
            report_ns = self._next_report()
            at_ns = at_ns if report_ns is None else min(at_ns, report_ns)
        self.now_ns = max(at_ns, self.now_ns)

    def _next_report(self) -> int | None:
        due = [at_ns for venue in self._venues if (at_ns := venue.next_ns()) is not None]
        return max(min(due), self.now_ns) if due else None

    def _next_wake(self) -> int | None:
        calendar_ns = None if self._calendar is None else self._calendar.next_ns()
        deadline_ns = self._engine.next_deadline()
        if calendar_ns is None or deadline_ns is None:
            return calendar_ns if deadline_ns is None else deadline_ns
        return min(calendar_ns, deadline_ns)

    def _take_reports(self) -> None:
        for venue in self._venues:
            due_ns = venue.next_ns()
            if due_ns is not None and due_ns <= self.now_ns:
                for message in venue.take(self.now_ns):
                    self._step(message)

    def _take_quote(self, quote: Quote) -> None:
        """Show every venue the quote; the core sees at most one an interval, and the latest when an input needs it."""
        self.quotes_seen += 1
        for venue in self._venues:
            venue.on_quote(quote)
        if not is_sane(quote):
            # Marked to it, a position would show a loss that is none, and an account would stop for it.
            self.quotes_refused[quote.symbol] = self.quotes_refused.get(quote.symbol, 0) + 1
        else:
            self._latest[quote.symbol] = quote
            if quote.ts_ns - self._stepped_ns.get(quote.symbol, -self._quote_interval_ns) >= self._quote_interval_ns:
                self._step_quote(quote)
            observed = None if self._bars is None else self._bars.take(quote)
            if observed is not None:
                self._step(observed)
        self._quote = next(self._feed, None)

    def _wake_if_due(self) -> bool:
        if self._calendar is not None and (due_ns := self._calendar.next_ns()) is not None and due_ns <= self.now_ns:
            self._step(self._calendar.take())
            return True
        deadline_ns = self._engine.next_deadline()
        if deadline_ns is None or deadline_ns > self.now_ns:
            return False
        self._step(TimePassed())
        return True

    # --- the end ----------------------------------------------------------------------------------------------------

    def _run_out(self) -> None:
        """Let reports and deadlines run while anything but a routine comparison is still to come."""
        until_ns = self.now_ns + TAIL_NS
        while not self.stop_reason:
            report_ns = self._next_report()
            deadline_ns = self._engine.next_deadline() if self._engine.is_waiting() else None
            if report_ns is None and deadline_ns is None and not self._requests:
                return
            next_ns = _earliest(report_ns, deadline_ns, self.now_ns if self._requests else None)
            if next_ns > until_ns:
                return
            if next_ns == self.now_ns and self._requests:
                self._flush()
                continue
            self._move_to(next_ns)
            if self._next_report() == self.now_ns:
                self._take_reports()
            else:
                self._wake_if_due()

    def _end(self, reason: str) -> None:
        """Compare the books a last time, unless asked to stop at once, and leave a checkpoint."""
        if not self.stop_reason:
            self._step(CompareAccounts("the run ends"))
            self._hear_out(self.now_ns + TAIL_NS)
        self._requests.clear()  # nothing new leaves an engine that stops; a restart asks for what is open
        self._step(StopEngine(reason))
        self._flush()

    def _hear_out(self, until_ns: int) -> None:
        """Deliver what is to leave and take every answer that comes by `until_ns`."""
        self._flush()
        while (report_ns := self._next_report()) is not None and report_ns <= until_ns:
            self.now_ns = report_ns
            self._take_reports()
            self._flush()

    # --- one step ---------------------------------------------------------------------------------------------------

    def _step(self, message: Input) -> None:
        for symbol in self._engine.instruments_of(message, self.now_ns):
            quote = self._latest.get(symbol)
            if quote is not None and quote is not self._engine.state.quotes.get(symbol):
                self._step_quote(quote)
        self._record(message)

    def _step_quote(self, quote: Quote) -> None:
        self._stepped_ns[quote.symbol] = quote.ts_ns
        self._record(quote)

    def _record(self, message: Input) -> None:
        try:
            record = self._engine.step(message, self.now_ns)
        except Exception as bug:
            self._keep(self._engine.failure(message, self.now_ns, f"{type(bug).__name__}: {bug}"))
            self._requests.clear()
            self._flush()
            raise
        self._keep(record)
        self._requests += record.requests
        if len(self._bodies) >= GROUP_MAX:
            self._flush()

    def _keep(self, record: Record) -> None:
        self._bodies.append(encode(record))
        self._unseen.append(record)

    def _flush(self) -> None:
        """Make everything stepped so far durable, then show it, and deliver what it asks to be sent."""
        if self._bodies:
            self._journal.append(self._bodies)
            self._bodies.clear()
            durable, self._unseen = self._unseen, []
            for record in durable:
                self._on_record(record)
        requests, self._requests = self._requests, []
        for request in requests:
            self._venue_of[request.account].send(request, self.now_ns)


def _earliest(*times: int | None) -> int:
    return min(at_ns for at_ns in times if at_ns is not None)
