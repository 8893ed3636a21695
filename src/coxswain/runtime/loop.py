"""The loop: it takes what comes first, steps the core, commits, and only then lets requests out.

How fast time passes is the pace's to say: at once, with feed time as the clock, or as it does outside. At one instant,
reports come before quotes, quotes before deadlines, deadlines before signals; commands come when they come. Records are
committed in groups; nobody sees one that is not committed. A group that asks for something to be sent is committed, and
its requests are delivered, before time moves on. Nothing here decides anything about trading.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import msgspec
from msgspec import structs

from coxswain.core.engine import Engine
from coxswain.journal.errors import JournalFailed
from coxswain.journal.signing import Signer
from coxswain.journal.store import Journal
from coxswain.messages.inputs import (
    AccountLookedUp,
    CompareAccounts,
    EgressRefused,
    EngineStarted,
    Input,
    ObserveHost,
    StopEngine,
    StopTrading,
    TimePassed,
    VenueFailed,
    VenueQuoted,
)
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import NewOrder, QueryAccount, ReplaceOrder, Request
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.market import Quote, is_sane
from coxswain.model.vocabulary import AccountId, ReachedVenue, Symbol, VenueId
from coxswain.runtime.archive import Archive
from coxswain.runtime.bars import Bars
from coxswain.runtime.calendar import Calendar
from coxswain.runtime.doors import Asked, Doors
from coxswain.runtime.egress import Guard
from coxswain.runtime.host import always_well
from coxswain.runtime.kill import Alarm, Watch, call_back_entries
from coxswain.runtime.lease import Lease
from coxswain.runtime.pace import NS_PER_S, STOOD_STILL_NS, AtOnce, Pace
from coxswain.runtime.refresh import Refresh
from coxswain.runtime.rounds import Rounds
from coxswain.runtime.signals import Signals
from coxswain.runtime.snapshots import Snapshots
from coxswain.venues.base import Venue, failure_of

GROUP_MAX = 64
"""Records in one commit."""
BAR_S = 300
"""Of the bars that volatility is observed on, where the setup says nothing."""
QUIET_NS = 50_000_000
"""With nothing due for as long as this, there is time to have a snapshot begun."""
TAIL_NS = 600 * 1_000_000_000
"""How long deadlines run on, in engine time, after signals and quotes have ended."""

QUOTES_IN_A_ROW = 64
"""Quotes that change nothing, before the doors are looked at again."""

JUDGED = "after it was judged"

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
        pace: Pace | None = None,
        doors: Doors | None = None,
        guard: Guard | None = None,
        alarm: Alarm | None = None,
        observe: Callable[[int], ObserveHost] = always_well,
        refresh: Refresh | None = None,
        signer: Signer | None = None,
        snapshots: Snapshots | None = None,
        lease: Lease | None = None,
        archive: Archive | None = None,
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
        self._rounds: Rounds | None = None
        self._quote_interval_ns = quote_interval_ns
        self._on_record = on_record
        self._pace = pace or AtOnce()
        self._doors = doors or Doors()
        self._guard = guard or Guard()
        """One that has seen every record of the journal so far."""
        self._archive = archive or Archive(journal)
        """One that has seen every record, like the guard."""
        self._observe = observe
        """How the machine stands at the start."""
        self._refresh = refresh
        """It is shown every record by whoever made it."""
        self._signer = signer
        self._snapshots = snapshots
        self._lease = lease
        """Without one nobody else can know of these accounts: they live in memory."""
        self._alarm = alarm
        """Without one, a journal that fails ends the loop, and one that hangs holds it."""
        self._latest: dict[Symbol, Quote] = {}
        self._shown: dict[Symbol, dict[VenueId, Quote]] = {}
        """The latest of venues whose quotes are told apart from the market's."""
        self._shown_ns: dict[tuple[Symbol, VenueId], int] = {}
        self._stepped_ns: dict[Symbol, int] = {}
        self._bodies: list[bytes] = []
        self._unseen: list[Record] = []
        """Records of `_bodies`, for whoever may see them once they are durable."""
        self._asks = False
        """Something in `_bodies` asks for a request to leave once it is durable."""
        self._outbox: list[tuple[Request, str]] = []
        """Durable, with the reason for which the guard refuses it; empty where it may leave."""
        self._ready: set[int] = set()
        """What spoke up during the last wait."""
        self._endless = False
        self._watch: Watch | None = None
        self.stop_reason = ""
        """Who asked for an end before signals and quotes had theirs."""
        self.now_ns = engine.state.now_ns
        self.quotes_seen = 0
        self.quotes_skipped = 0
        """Older than where the journal ends, or than the moment in which a process that stood still went on."""
        self.quotes_refused: dict[Symbol, int] = {}
        """Crossed or not positive, by instrument: shown to the venues, which count them too, and never to the core."""

    def ask_to_stop(self, reason: str) -> None:
        """End in good order before the next input. Safe to call from a signal handler."""
        self.stop_reason = reason
        self._doors.wake()

    def run(self, started: EngineStarted, resume_ns: int) -> None:
        """Run to the end of signals and quotes, then let deadlines run out, compare the books and stop.

        Time begins at `resume_ns` or at the first quote, whichever is later; quotes before that are skipped. Where time
        passes by itself and no quotes are given, only `ask_to_stop` ends it.
        """
        self._endless = self._pace.passes and self._quote is None
        with (
            closing(self._doors),
            nullcontext() if self._alarm is None else closing(Watch(self._on_hang)) as self._watch,
        ):
            self.begin(started, resume_ns)
            while not self.stop_reason and self._advance():
                self._take_idle_quotes()
            if not self.stop_reason:
                self._run_out()
            self.end(self.stop_reason or "signals and quotes have ended")

    # --- by hand: whoever does not `run` calls these, and closes the doors -------------------------------------------

    def begin(self, started: EngineStarted, resume_ns: int) -> None:
        """Start, and have the books compared before anything new is looked at."""
        while self._quote is not None and self._quote.ts_ns < resume_ns and not self.stop_reason:
            self._quote = next(self._feed, None)
            self.quotes_skipped += 1
        first_ns = resume_ns if self._quote is None else self._quote.ts_ns
        self.now_ns = max(resume_ns, first_ns)
        self._pace.begin(self.now_ns)
        self.configure(started, self._venues)

    def configure(self, started: EngineStarted, venues: Sequence[Venue]) -> None:
        """Take what the engine is told at a start, as a start does it: also again, when accounts have come."""
        self.flush()
        self._venues = tuple(venues)
        by_id = {venue.venue_id: venue for venue in self._venues}
        self._venue_of = {spec.id: by_id[spec.venue] for spec in started.setup.accounts}
        self._calendar = None  # it has not begun: what venues answer is waited for, as at every start
        calendar = Calendar(started.setup, self.now_ns)
        self._bars = Bars(int(started.setup.settings.get("volatility_bar_s", BAR_S)))
        self._step(started)
        self._step(self._observe(self.now_ns))
        self._listen()  # a flag file that is up counts before anything else
        self._hear_out(self.now_ns)
        for message in calendar.now():
            self._step(message)
        self._calendar = calendar
        if self._refresh is not None:
            self._refresh.begin(self.now_ns)
        self._rounds = Rounds(self._engine, self._venue_of, self.now_ns, catches_up=not self._pace.passes)

    @property
    def has_begun(self) -> bool:
        return self._calendar is not None

    def tell(self, message: Input) -> Record:
        """Step an input of this moment. What was decided before leaves before, and the record is durable after."""
        self.flush()
        record = self._step(message)
        self.flush()
        return record

    def listen(self) -> None:
        """Do what is asked at the doors: before something is told by hand, a stop counts that came first."""
        self._doors.look_again()
        self._listen()

    def show(self, quote: Quote) -> None:
        """Take a quote of this moment that is in no feed. What is due at the venues by now comes before it."""
        if self._next_report() == self.now_ns:
            self._take_reports()
        self._see(quote)

    def latest(self, symbol: Symbol) -> Quote | None:
        """Return the last sane quote of an instrument that came, stepped or not."""
        return self._latest.get(symbol)

    def next_ns(self) -> int | None:
        """Return when the next thing is due, at the earliest now; None if nothing ever is."""
        if self._is_leaving():
            return self.now_ns
        quote_ns = None if self._quote is None else self._quote.ts_ns
        return _earliest(self._next_report(), quote_ns, self._next_wake(), self._signals.next_ns(self.now_ns))

    def next_report_ns(self) -> int | None:
        """Return when the next thing is due at a venue."""
        return self.now_ns if self._is_leaving() else self._next_report()

    def advance(self, until_ns: int) -> bool:
        """Take the one thing that comes first, if it is due by then. Else let time pass until then; False."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > until_ns:
            self.now_ns = self._pace.go(self.now_ns, until_ns, self._wait)
            return False
        if self._is_leaving():
            self.flush()
        else:
            self._endless = True  # who calls this knows when to end
            self._advance()
        return True

    def end(self, reason: str) -> None:
        """Compare the books a last time, unless asked to stop at once, and leave a checkpoint."""
        if not self.stop_reason:
            self._step(CompareAccounts("the run ends"))
            self._hear_out(self.now_ns + TAIL_NS)
        self._commit()
        self._take_snapshot(at_end=True)
        self._step(StopEngine(reason))
        self._commit()
        self._outbox.clear()  # nothing new leaves an engine that stops; a restart asks for what is open
        if self._signer is not None:
            with self._watch or nullcontext():
                self._signer.sign(self.now_ns)

    # --- what comes first ---------------------------------------------------------------------------------------------

    def _advance(self) -> bool:
        """Take the one thing that comes first. False when signals and quotes have ended."""
        self.now_ns = self._pace.caught_up(self.now_ns)
        self._listen()
        signal_ns = self._signals.next_ns(self.now_ns)
        if signal_ns is None and (pipe := self._signals.fileno()) is not None and not self._pace.passes:
            self._await_line(pipe)
            return True
        if signal_ns is None and self._quote is None and self._signals.fileno() is None and not self._endless:
            return False
        quote_ns = None if self._quote is None else self._quote.ts_ns
        if not self._move_to(_earliest(self._next_report(), quote_ns, self._next_wake(), signal_ns)):
            return True
        self._sign()
        self._go_round()
        self._take_correlations()
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

    def _take_idle_quotes(self) -> None:
        """Take quotes in a row that come before anything else is due, until one of them makes something happen.

        Between them nothing is looked at afresh: 3 us a quote instead of 6. Only where time does not pass by itself.
        """
        signal_ns = self._signals.next_ns(self.now_ns)
        if self._pace.passes or self._is_leaving() or (signal_ns is None and self._signals.fileno() is not None):
            return
        report_ns, seq = self._next_report(), self._engine.state.seq
        round_ns = None if self._rounds is None else self._rounds.next_ns()
        sign_ns = None if self._signer is None else self._signer.next_ns()
        others_ns = _earliest(report_ns, self._next_wake(), signal_ns, round_ns, sign_ns)
        for _ in range(QUOTES_IN_A_ROW):
            quote = self._quote
            if quote is None or quote.ts_ns < self.now_ns or (others_ns is not None and quote.ts_ns >= others_ns):
                return
            self.now_ns = quote.ts_ns
            self._take_quote(quote)
            if self._engine.state.seq != seq or self._next_report() != report_ns or self.stop_reason:
                return

    def _await_line(self, pipe: int) -> None:
        """Stand still until there is a line, or the end of them: time must not pass one that is still to be read."""
        self._commit()
        while not self.stop_reason and pipe not in self._doors.wait(None, (pipe,)):
            self._listen()

    def _move_to(self, at_ns: int | None) -> bool:
        """Let time pass to `at_ns`, but not before what is to leave has been made durable and has left.

        False when something came in before that: then everything is looked at afresh.
        """
        if at_ns is None or at_ns > self.now_ns:
            if self._is_leaving() or (self._pace.passes and self._bodies):
                self.flush()
                at_ns = _earliest(at_ns, self._next_report())
            is_quiet = at_ns is None or not self._pace.passes or at_ns - self.now_ns > QUIET_NS
            if is_quiet and not self._is_leaving() and self._take_snapshot():
                self.flush()
            self.now_ns = self._pace.go(self.now_ns, at_ns, self._wait)
        return at_ns is not None and at_ns <= self.now_ns

    def _wait(self, seconds: float | None) -> None:
        """Wait for whoever comes first: a line, a command, the flag file, a venue that has something to say."""
        others = (self._signals.fileno(), *(venue.fileno() for venue in self._venues))
        self._ready = self._doors.wait(seconds, others)

    def _listen(self) -> None:
        """Do what is asked at the doors, and hear the venues that spoke up by themselves."""
        for asked in self._doors.take(self.now_ns):
            self._obey(asked)
        ready, self._ready = self._ready, set()
        for venue in self._venues if ready else ():
            if venue.fileno() in ready:
                for message in venue.take(self.now_ns):
                    self._hear(message)
                self._settle()

    def _obey(self, asked: Asked) -> None:
        """Do what was asked; the answer comes when it is durable."""
        asked.reply(self.tell(asked.message))

    def _next_report(self) -> int | None:
        due_ns = None
        for venue in self._venues:
            at_ns = venue.next_ns()
            if at_ns is not None and (due_ns is None or at_ns < due_ns):
                due_ns = at_ns
        return self.now_ns if due_ns is not None and due_ns < self.now_ns else due_ns

    def _next_wake(self) -> int | None:
        calendar_ns = None if self._calendar is None else self._calendar.next_ns()
        # Where time does not pass by itself it does not stop for a round: books change only when something comes.
        round_ns = self._rounds.next_ns() if self._rounds is not None and self._pace.passes else None
        refresh_ns = None if self._refresh is None else self._refresh.next_ns()
        sign_ns = self._signer.next_ns() if self._signer is not None and self._pace.passes else None
        return _earliest(calendar_ns, self._engine.next_deadline(), round_ns, refresh_ns, sign_ns)

    def _go_round(self) -> None:
        """Ask for the books of whose turn it is. A question changes nothing, and nothing waits for it."""
        while self._rounds is not None and self._rounds.is_due(self.now_ns):
            question = self._rounds.take(self.now_ns)
            if isinstance(question, QueryAccount):
                for message in self._hand_over(question):
                    self._step(message)
                self._settle()
            elif question is not None:
                self._step(question)

    def _take_correlations(self) -> None:
        """Step what an estimate has changed. What is durable by now is what it is made from."""
        if self._refresh is not None:
            if self._refresh.is_due(self.now_ns):
                self._commit()
            for message in self._refresh.take(self.now_ns):
                self._step(message)

    def _take_reports(self) -> None:
        for venue in self._venues:
            due_ns = venue.next_ns()
            if due_ns is not None and due_ns <= self.now_ns:
                for message in venue.take(self.now_ns):
                    self._hear(message)
        self._settle()

    def _hear(self, message: Input) -> None:
        """Step what a venue says, but for what a round brought that is no news."""
        if isinstance(message, AccountLookedUp) and self._rounds is not None:
            news = self._rounds.hear(message)
            if news is None:
                return
            message = news
        self._step(message)

    def _take_quote(self, quote: Quote) -> None:
        """Take the next quote of the feed, unless time has gone past it."""
        self._quote = next(self._feed, None)
        if quote.ts_ns < self.now_ns:  # it came and went while the process stood still
            self.quotes_skipped += 1
            return
        self._see(quote)

    def _see(self, quote: Quote) -> None:
        """Show every venue the quote; the core sees at most one an interval, and the latest when an input needs it."""
        self.quotes_seen += 1
        if quote.venue is not None:
            self._take_venue_quote(quote, quote.venue)
            return
        own = self._shown.get(quote.symbol, ())
        for venue in self._venues:
            if venue.venue_id not in own:
                venue.on_quote(quote)
        self._settle()
        if not is_sane(quote):
            # Marked to it, a position would show a loss that is none, and an account would stop for it.
            self.quotes_refused[quote.symbol] = self.quotes_refused.get(quote.symbol, 0) + 1
        else:
            quote = self._with_last(quote)
            self._latest[quote.symbol] = quote
            if quote.ts_ns - self._stepped_ns.get(quote.symbol, -self._quote_interval_ns) >= self._quote_interval_ns:
                self._step_quote(quote)
            observed = None if self._bars is None else self._bars.take(quote)
            if observed is not None:
                self._step(observed)

    def _with_last(self, quote: Quote) -> Quote:
        """Let a quote carry the trade of one before it that the core has not seen and will not see."""
        before = self._latest.get(quote.symbol)
        if quote.last is not None or before is None or before.last is None:
            return quote
        if before is self._engine.state.quotes.get(quote.symbol):
            return quote
        return structs.replace(quote, last=before.last, last_size=before.last_size)

    def _take_venue_quote(self, quote: Quote, venue_id: VenueId) -> None:
        """Show a venue its own quote, by which it trades from now on; the core compares venues by it."""
        shown = self._shown.setdefault(quote.symbol, {})
        for venue in self._venues:
            if venue.venue_id == venue_id:
                venue.on_quote(quote)
        self._settle()
        if not is_sane(quote):
            self.quotes_refused[quote.symbol] = self.quotes_refused.get(quote.symbol, 0) + 1
            return
        shown[venue_id] = quote
        last_ns = self._shown_ns.get((quote.symbol, venue_id), -self._quote_interval_ns)
        if quote.ts_ns - last_ns >= self._quote_interval_ns:
            self._step_venue_quote(quote, venue_id)

    def _step_venue_quote(self, quote: Quote, venue_id: VenueId) -> None:
        self._shown_ns[quote.symbol, venue_id] = quote.ts_ns
        self._record(VenueQuoted(quote))

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
            self.now_ns = self._pace.caught_up(self.now_ns)
            self._listen()
            report_ns = self._next_report()
            deadline_ns = self._engine.next_deadline() if self._engine.is_waiting() else None
            leaving = self._is_leaving()
            next_ns = _earliest(report_ns, deadline_ns, self.now_ns if leaving else None)
            if next_ns is None or next_ns > until_ns:
                return
            if next_ns == self.now_ns and leaving:
                self.flush()
                continue
            if not self._move_to(next_ns):
                continue
            if self._next_report() == self.now_ns:
                self._take_reports()
            else:
                self._wake_if_due()

    def _settle(self) -> None:
        """Have virtual time, and a start, wait for what venues apart answer. Real time waits for nobody.

        Virtual time cannot pass by a venue whose answer may be due next; no account is late by its own clock.
        """
        if not (self._pace.passes and self.has_begun):
            for venue in self._venues:
                venue.settle()

    def _hear_out(self, until_ns: int) -> None:
        """Deliver what is to leave and take every answer that comes by `until_ns`."""
        self.flush()
        while (report_ns := self._next_report()) is not None and report_ns <= until_ns and not self.stop_reason:
            if self._move_to(report_ns):
                self._take_reports()
                self.flush()

    # --- one step ---------------------------------------------------------------------------------------------------

    def _step(self, message: Input) -> Record:
        recalls, message = self._archive.prepare(message, self._engine.state)
        for recall in recalls:
            self._record(recall)
        for symbol in self._engine.instruments_of(message, self.now_ns):
            quote = self._latest.get(symbol)
            if quote is not None and quote is not self._engine.state.quotes.get(symbol):
                self._step_quote(quote)
            known = self._engine.state.shown.get(symbol, {})
            for venue_id, shown in self._shown.get(symbol, {}).items():
                if shown is not known.get(venue_id):
                    self._step_venue_quote(shown, venue_id)
        return self._record(message)

    def _step_quote(self, quote: Quote) -> None:
        self._stepped_ns[quote.symbol] = quote.ts_ns
        self._record(quote)

    def _record(self, message: Input) -> Record:
        try:
            record = self._engine.step(message, self.now_ns)
        except Exception as bug:
            failure = self._engine.failure(message, self.now_ns, f"{type(bug).__name__}: {bug}")
            self._keep(failure)
            self._commit()
            self._outbox.clear()
            bug.add_note(_told(failure, self._engine.answering, self._journal.path))
            raise
        self._keep(record)
        self._archive.note(record)
        self._asks = self._asks or bool(record.requests)
        if len(self._bodies) >= GROUP_MAX:
            self.flush()
        return record

    def _keep(self, record: Record) -> None:
        self._bodies.append(encode(record))
        self._unseen.append(record)

    def flush(self) -> None:
        """Make everything stepped so far durable, then show it, and deliver what it asks to be sent."""
        self._commit()
        outbox, self._outbox = self._outbox, []
        lag_ns = self._pace.lag_ns(self.now_ns) if outbox else 0
        kept: list[Input] = []
        for request, refusal in outbox:
            if refusal:
                kept.append(_refused(request, refusal))
            elif not isinstance(request, NewOrder | ReplaceOrder):
                kept += self._hand_over(request)
            elif lag_ns > STOOD_STILL_NS:
                kept.append(_kept_back(request, f"the engine stood still for {lag_ns / NS_PER_S:.1f} s {JUDGED}"))
            elif self._lease is not None and (why := self._lease.why_not(request.account)):
                kept.append(_kept_back(request, why))
            else:
                kept += self._hand_over(request)
        if outbox:
            self._settle()
        for message in kept:
            self._record(message)
        self._sign()

    def _hand_over(self, request: Request) -> tuple[Input, ...]:
        """Give a request to its venue. An adapter that raises breaks its promise: nobody knows what it did before.

        So the outcome is unknown, and its account is halted until a person has looked; all others go on.
        """
        try:
            self._venue_of[request.account].send(request, self.now_ns)
        except Exception as bug:
            why = f"the adapter of its venue raised {type(bug).__name__}: {bug}"
            halt = StopTrading(StopLevel.HALT, Scope(ScopeKind.ACCOUNT, request.account), why, "the loop")
            return failure_of(request, ReachedVenue.MAYBE, why), halt
        return ()

    def _sign(self) -> None:
        """Sign where the journal stands, if that is due. What was to leave has left."""
        if self._signer is not None and self._signer.is_due(self.now_ns):
            with self._watch or nullcontext():
                self._signer.sign(self.now_ns)

    def _is_leaving(self) -> bool:
        return self._asks or bool(self._outbox)

    def _commit(self) -> None:
        """Make everything stepped so far durable, show it, and have the guard look at what it asks to be sent."""
        if not self._bodies:
            return
        try:
            with self._watch or nullcontext():
                self._journal.append(self._bodies)
        except JournalFailed as failure:
            self._cut_off(str(failure))
            raise
        bodies, self._bodies = self._bodies, []
        durable, self._unseen = self._unseen, []
        self._asks = False
        for body, record in zip(bodies, durable, strict=True):
            self._guard.note(body)
            self._outbox += [(request, self._guard.refusal(request, record.now_ns)) for request in record.requests]
            self._on_record(record)
            self._doors.on_record(record)

    def _take_snapshot(self, *, at_end: bool = False) -> bool:
        """Have a snapshot written when it is time. True if the journal was told of one that is on the disk."""
        snapshots = self._snapshots
        if snapshots is None:
            return False
        if snapshots.is_due(self._journal.head.seq, at_end=at_end):
            self._commit()
            snapshots.begin(self._journal.head, at_end=at_end)
        note = snapshots.ready()
        if note is None:
            return False
        self._record(note)
        self._commit()
        snapshots.adopt()
        return True

    # --- the journal fails --------------------------------------------------------------------------------------------

    def _cut_off(self, why: str) -> None:
        """Call entry orders back at the venues: nothing can be decided any more. See `kill.py`."""
        if self._alarm is None:
            return
        left = [request for record in self._unseen for request in record.requests]
        left += [request for request, _ in self._outbox]
        unsent = {request.cl_ord_id for request in left if isinstance(request, NewOrder)}
        self._alarm.report(call_back_entries(why, self._engine.state, unsent, self._venue_of, self.now_ns))

    def _on_hang(self, took_s: float) -> None:
        """The thread of the loop hangs in a write. This one calls back what must not stay, and ends the process."""
        assert self._alarm is not None
        self._cut_off(f"a write to the journal has taken {took_s:.1f} s and is not done")
        self._alarm.end()


def _told(failure: Record, answering: str, journal: Path | None) -> str:
    """Tell whoever reads the traceback which input it was, where it is kept, and how to go on without it."""
    deadline = f", the deadline {answering}" if isinstance(failure.input, TimePassed) and answering else ""
    words = "" if journal is None else f" --journal {journal}"
    return (
        f"The step of record {failure.seq} raised. Its input is kept, nothing became of it, every account is HALTED.\n"
        f"  input: {msgspec.json.encode(failure.input).decode()}{deadline}\n"
        "Keep the journal and report this. A start goes on without it; where it comes again and raises again:\n"
        f"  coxswain journal skip-input {failure.seq} --reason WHY{words}"
    )


def _refused(request: Request, why: str) -> EgressRefused:
    """Say that the guard held an order or a change of one back."""
    assert isinstance(request, NewOrder | ReplaceOrder)
    return EgressRefused(request.account, request.cl_ord_id, why)


def _kept_back(request: NewOrder | ReplaceOrder, why: str) -> VenueFailed:
    """Say that an order was not sent: something has changed since it was judged."""
    cl_ord_id = request.cl_ord_id if isinstance(request, NewOrder) else request.orig_cl_ord_id
    return VenueFailed(request.account, cl_ord_id, ReachedVenue.NO, why)


def _earliest(*times: int | None) -> int | None:
    first_ns = None
    for at_ns in times:
        if at_ns is not None and (first_ns is None or at_ns < first_ns):
            first_ns = at_ns
    return first_ns
