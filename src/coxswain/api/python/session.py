"""One engine with its journal and venues, driven by calls: what every public class is a view of.

Two clocks. In virtual time nothing passes but what a call lets pass: until something is answered, until all is settled,
or so many seconds. In real time the engine runs in a thread of its own, and every call, a look included, is carried out
there between two steps. Rules of order (durable before sent, commits in groups, what comes first) are the loop's; what
is decided is the core's; what is known is in the views. Nothing of that may be repeated here.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from coxswain import __version__
from coxswain.api.python.calls import Calls
from coxswain.api.python.errors import ExecutionError, SystemFault, ValidationError
from coxswain.api.python.listeners import Listeners
from coxswain.journal.signing import Signer, key_for
from coxswain.journal.store import Journal
from coxswain.messages.inputs import AccountLookedUp, EngineStarted, Input
from coxswain.messages.record import Record
from coxswain.model.market import Instrument, Quote
from coxswain.model.setup import AccountSpec, Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, JournalId, Symbol, VenueId
from coxswain.runtime.control_socket import ControlSocket, name_of_user
from coxswain.runtime.doors import Door, Doors
from coxswain.runtime.egress import Guard
from coxswain.runtime.flag_file import open_flag
from coxswain.runtime.host import Host, always_well
from coxswain.runtime.loop import Loop
from coxswain.runtime.pace import NS_PER_S, AtOnce, Pace, RealTime, utc_ns
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.records import decoded
from coxswain.runtime.signals import Latest
from coxswain.venues.base import Venue
from coxswain.views.answers import answer_of
from coxswain.views.audit import AuditLog
from coxswain.views.outside import Outside, OutsideEvent
from coxswain.views.summary import Summary

T = TypeVar("T")
SETTLED_WITHIN_S = 600
"""Of virtual time: what is still under way then is left to the next call."""
ANSWERED_WITHIN_S = 120
LOOK_EVERY_S = 0.01
SOON_NS = 10 * NS_PER_S
"""A report that is due at a venue so soon is worth waiting for; one that is due later may be the end of its day."""


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


class Plug(Protocol):
    """A venue as a session needs it."""

    venue_id: VenueId

    @property
    def spec(self) -> VenueSpec: ...

    @property
    def traded(self) -> Sequence[Instrument]: ...

    @property
    def is_separate(self) -> bool:
        """Say whether it is a process of its own, which may not be there."""

    def open(self, journal: Path | None) -> Venue:
        """Open it beside the journal, or in memory, with every account that it has been given."""


class Session:
    """Holds the one engine. It begins at the first call that needs it."""

    def __init__(
        self,
        setup: Setup,
        *,
        seed: int = 1,
        journal: str | Path | None = None,
        feed: Iterable[Quote] | None = None,
        starts_ns: int | None = None,
        realtime: bool = False,
    ) -> None:
        """A journal in a file is gone on with; without one all is in memory, and gone at the end."""
        self.setup = setup
        self.summary, self.audit, self.listeners = Summary(), AuditLog(), Listeners()
        self.books: dict[AccountId, AccountLookedUp] = {}
        """What venues said last."""
        self.realtime = realtime
        self.actor = name_of_user(os.getuid())
        """Who commands come from: the user whose process this is."""
        self._outside = Outside()
        self._seed = seed
        self._path = None if journal is None else Path(journal)
        self._feed = iter(feed or ())
        self._starts_ns = 0 if starts_ns is None and feed is not None else starts_ns
        """None: now. With quotes time begins at the first of them, unless it is told otherwise."""
        self._plugs: dict[VenueId, Plug] = {}
        self._venues: dict[VenueId, Venue] = {}
        self._opened = ExitStack()
        self._loop: Loop | None = None
        self._calls: Calls | None = None
        self._is_changed = False
        self._named = 0
        self.is_closed = False
        self.failed = ""

    # --- what there is ------------------------------------------------------------------------------------------------

    def add_venue(self, plug: Plug) -> None:
        """Make a venue known. What is traded there must be the same thing everywhere.

        One that may not be there is connected to at once: where that fails, nothing has changed.
        """
        known = {instrument.symbol: instrument for instrument in self.setup.instruments}
        for instrument in plug.traded:
            if known.setdefault(instrument.symbol, instrument) != instrument:
                wanted = "the same as at the other venues"
                raise ValidationError(field=f"instrument {instrument.symbol}", value=instrument, wanted=wanted)
        if plug.is_separate:
            self._open_venue(plug)
        self._plugs[plug.venue_id] = plug
        venues = tuple(spec for spec in self.setup.venues if spec.id != plug.venue_id)
        instruments = tuple(known.values())
        self.setup = msgspec.structs.replace(self.setup, venues=(*venues, plug.spec), instruments=instruments)
        self._is_changed = True

    def add_account(self, spec: AccountSpec) -> None:
        self.setup = msgspec.structs.replace(self.setup, accounts=(*self.setup.accounts, spec))
        self._is_changed = True

    def forget_correlation(self, pair: tuple[AccountId, AccountId]) -> None:
        """Leave a pair out of what is configured from now on: the journal has what was said of it since."""
        kept = tuple(each for each in self.setup.correlations if {each.account, each.other} != set(pair))
        self.setup = msgspec.structs.replace(self.setup, correlations=kept)

    @property
    def accounts(self) -> tuple[AccountSpec, ...]:
        return self.setup.accounts

    def account(self, account_id: str) -> AccountSpec:
        for spec in self.setup.accounts:
            if spec.id == account_id:
                return spec
        wanted = f"one of {', '.join(spec.id for spec in self.setup.accounts) or 'none: register one first'}"
        raise ValidationError(field="account_id", value=account_id, wanted=wanted)

    def instrument(self, symbol: str) -> Instrument:
        for instrument in self.setup.instruments:
            if instrument.symbol == symbol.upper():
                return instrument
        wanted = f"one of {', '.join(found.symbol for found in self.setup.instruments) or 'none: a venue has them'}"
        raise ValidationError(field="symbol", value=symbol, wanted=wanted)

    def change(self, work: Callable[[], None]) -> None:
        """Change what accounts or venues there are; an engine that runs takes it in at once."""
        if self._calls is not None:
            self._calls.carry_out(lambda loop: work())
        else:
            work()
        if self._loop is not None:
            self.begin()

    # --- calls --------------------------------------------------------------------------------------------------------

    def tell(self, message: Input) -> Record:
        """Hand in an input; return its record once it is durable, and what it asks for has been handed over."""
        return self._do(lambda loop: loop.tell(message))

    def show(self, quote: Quote) -> None:
        """Show the market a quote of now, or of later, which lets virtual time pass until then."""
        self.instrument(quote.symbol)
        if quote.ts_ns and not self.realtime:
            self.advance_to(quote.ts_ns)

        def show(loop: Loop) -> None:
            loop.show(msgspec.structs.replace(quote, ts_ns=loop.now_ns))
            loop.flush()

        self._do(show)

    def look(self, read: Callable[[], T]) -> T:
        """Read the views between two steps."""

        def seen(loop: Loop) -> T:
            loop.flush()
            return read()

        return self._do(seen)

    def now_ns(self) -> int:
        return self._do(lambda loop: loop.now_ns)

    @property
    def clock_ns(self) -> int:
        """Return the engine's time; only between two steps, as in `look`."""
        assert self._loop is not None
        return self._loop.now_ns

    def latest(self, symbol: Symbol) -> Quote | None:
        """Return the last quote that came."""
        return self._do(lambda loop: loop.latest(symbol))

    def new_name(self, kind: str) -> str:
        """Name something that came without a name; no other in this journal has it."""

        def name(loop: Loop) -> str:
            self._named += 1
            return f"{kind}-{self._engine.state.seq + 1}-{self._named}"

        return self._do(name)

    def advance(self, seconds: float) -> None:
        """Let so much time pass, and everything that falls due in it."""
        if self.realtime:
            time.sleep(seconds)
        else:
            self.advance_to(self.now_ns() + int(seconds * NS_PER_S))

    def advance_to(self, until_ns: int) -> None:
        """Let virtual time pass until then; a time that is past changes nothing."""

        def advance(loop: Loop) -> None:
            while until_ns >= loop.now_ns and loop.advance(until_ns):
                pass
            loop.flush()

        self._do(advance)

    def settle(self, within_s: float = SETTLED_WITHIN_S) -> bool:
        """Let time pass until nothing is under way; what waits for a person, or rests at a price, is not."""
        return self.wait_until(lambda: not self._is_under_way(None), within_s)

    def wait_until(self, holds: Callable[[], bool], within_s: float = ANSWERED_WITHIN_S) -> bool:
        """Let time pass until something holds, or until there is nothing more to wait for; say whether it holds."""
        if self.realtime:
            until_s = time.monotonic() + within_s
            while not self.look(holds):
                if time.monotonic() > until_s:
                    return False
                time.sleep(LOOK_EVERY_S)
            return True

        def step_by_step(loop: Loop) -> bool:
            until_ns = loop.now_ns + int(within_s * NS_PER_S)
            loop.flush()
            while not holds():
                if not self._is_under_way(until_ns) or not loop.advance(until_ns):
                    return False
                loop.flush()
            return True

        return self._do(step_by_step)

    def is_report_near(self) -> bool:
        """Say whether a venue is about to say something; where it is real, nobody can tell."""
        assert self._loop is not None
        due_ns = self._loop.next_report_ns()
        return due_ns is not None and due_ns <= self._loop.now_ns + SOON_NS

    def _is_under_way(self, until_ns: int | None) -> bool:
        """Say whether anything is due by then that somebody waits for."""
        assert self._loop is not None
        dues = [self._loop.next_report_ns(), self._engine.waits_until()]
        latest_ns = self._loop.now_ns + SETTLED_WITHIN_S * NS_PER_S if until_ns is None else until_ns
        return any(due_ns is not None and due_ns <= latest_ns for due_ns in dues)

    # --- beginning and end --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open journal and venues, go on where the journal ends, and compare the books. At once where it runs."""
        self._do(lambda loop: None)

    def close(self, reason: str = "closed by the program") -> None:
        """Compare the books a last time and let everything go. Positions and protection at the venues stay."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._calls is not None:
            self._calls.stop(reason)
        elif self._loop is not None and not self.failed:
            self._loop.end(reason)
        self._opened.close()

    def _do(self, work: Callable[[Loop], T]) -> T:
        """Carry work out between two steps; begin first, or again, if something has changed."""
        if self.is_closed:
            raise SystemFault("the engine is closed: make a new one; on a journal in a file it goes on")
        if self.failed:
            raise SystemFault(f"the engine has failed and must not be used: {self.failed}")
        if not self.setup.accounts:
            raise ValidationError("accounts: none, wanted at least one: register it with its venue first")

        def configured(loop: Loop) -> T:
            if self._is_changed:
                self._is_changed = False
                loop.configure(self._started(), self._open_venues())
                loop.flush()
            return work(loop)

        if self.realtime:
            if self._calls is None:
                self._calls = Calls(self._run)
            return self._calls.carry_out(lambda loop: self._guarded(lambda: configured(loop)))
        if self._loop is None:
            self._guarded(self._begin)
        assert self._loop is not None
        loop = self._loop
        return self._guarded(lambda: configured(loop))

    def _guarded(self, work: Callable[[], T]) -> T:
        """Whatever the engine itself raises is a bug or a dead journal; it is never used again."""
        try:
            return work()
        except (ExecutionError, OSError):
            raise
        except Exception as fault:
            self.failed = f"{type(fault).__name__}: {fault}"
            raise SystemFault(f"the engine failed: {self.failed}") from fault

    def _begin(self) -> None:
        """Virtual time: begin here, and be driven by calls."""
        doors = Doors()
        self._opened.callback(doors.close)
        self._loop, started, resume_ns = self._open(AtOnce(), doors, [])
        self._loop.begin(started, resume_ns)
        self._loop.flush()

    def _run(self, calls: Calls) -> None:
        """Real time: run to the end, in the thread that called this."""
        try:
            with self._opened:
                loop, started, resume_ns = self._open(RealTime(), None, [calls])
                self._loop = calls.loop = loop
                loop.run(started, resume_ns)
        except (ExecutionError, OSError):
            raise
        except Exception as fault:
            self.failed = self.failed or f"{type(fault).__name__}: {fault}"
            raise

    def _open(self, pace: Pace, doors: Doors | None, doors_given: list[Door]) -> tuple[Loop, EngineStarted, int]:
        """Open journal and venues and make the loop; say what it starts with, and when."""
        self._engine, guard = make_engine(), Guard()
        key = key_for(self._path, None)
        self._journal = self._open_journal(guard)
        venues = self._open_venues()
        seen_ns = [venue.last_ns for venue in venues if venue.last_ns is not None]
        begins_ns = utc_ns() if self._starts_ns is None else self._starts_ns
        self._is_changed = False
        interval_ns = int(self.setup.settings.get("quote_interval_ms", 1000)) * 1_000_000
        observe = always_well
        if doors is None:
            beside, host = self._doors_beside_the_journal(guard)
            doors = Doors([*doors_given, *beside])
            observe = always_well if host is None else host.observe
        loop = Loop(
            self._engine,
            self._journal,
            venues,
            self._feed,
            _NoSignals(),
            interval_ns,
            self._on_record,
            pace,
            doors,
            guard,
            observe=observe,
            signer=None if key is None else Signer(self._journal, key, _tell),
        )
        return loop, self._started(), max([self._engine.state.now_ns, begins_ns, *seen_ns])

    def _open_journal(self, guard: Guard) -> Journal:
        if self._path is None or not self._path.exists():
            journal = Journal.create(self._path, JournalId(os.urandom(8).hex()))
            self._opened.callback(journal.close)
            return journal
        journal = Journal.open(self._path)
        self._opened.callback(journal.close)
        for body, record in decoded(journal.read()):
            self._engine.fold(record)
            guard.note(body)
            self._fold(record)
        return journal

    def _open_venues(self) -> list[Venue]:
        for venue_id, plug in self._plugs.items():
            if venue_id not in self._venues:
                self._open_venue(plug)
        return list(self._venues.values())

    def _open_venue(self, plug: Plug) -> None:
        venue = plug.open(self._path)
        self._venues[plug.venue_id] = venue
        self._opened.callback(venue.close)

    def _doors_beside_the_journal(self, guard: Guard) -> tuple[list[Door], Host | None]:
        """Let the command line speak to an engine that has a journal in a file: status, stops, approvals."""
        if self._path is None:
            return [], None
        flag = open_flag(self._path, self._engine.state, guard.raise_flag)
        host = Host(self._path.parent)
        return [flag, ControlSocket(self._path, answer_of), host], host

    def _started(self) -> EngineStarted:
        seed = self._engine.state.seed if self._engine.state.seq else self._seed
        wall_ns = utc_ns() if self._engine.state.kept else None
        return EngineStarted(__version__, self._journal.journal_id, seed, self.setup, utc_ns=wall_ns)

    def _on_record(self, record: Record) -> None:
        for event in self._fold(record):
            self.listeners.tell(event)

    def _fold(self, record: Record) -> list[OutsideEvent]:
        self.summary.apply(record)
        self.audit.apply(record)
        if isinstance(record.input, AccountLookedUp):
            self.books[record.input.account] = record.input
        return list(self._outside.apply(record))


class _NoSignals:
    """Nothing comes as a stream; everything comes by call."""

    def next_ns(self, now_ns: int) -> int | None:
        return None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        raise ValueError("there is no stream of signals")
