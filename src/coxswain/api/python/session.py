"""One engine with its journal and venues, driven by calls: what every public class is a view of.

Two clocks. In virtual time nothing passes but what a call lets pass: until something is answered, until all is settled,
or so many seconds. In real time the engine runs in a thread of its own, and every call, a look included, is carried out
there between two steps. Rules of order (durable before sent, commits in groups, what comes first) are the loop's; what
is decided is the core's; what is known is in the views. Nothing of that may be repeated here.

With a journal in a file an engine of a program is as safe as one of the command line: it takes the lease on its
accounts, goes on from the snapshot, heeds the flag file, and halts where the journal fails.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from coxswain import __version__
from coxswain.api.python.calls import Calls
from coxswain.api.python.configured import Loaded
from coxswain.api.python.errors import ExecutionError, SystemFault, ValidationError
from coxswain.api.python.listeners import Listeners
from coxswain.api.python.opening import NoSignals, Plug, confirm_live, open_journal, refused, tell, tell_all
from coxswain.api.python.values import exact_quotes
from coxswain.api.python.views import Views
from coxswain.journal.signing import Signer, key_for
from coxswain.journal.store import Reader
from coxswain.messages.events import CorrelationSet
from coxswain.messages.inputs import AccountLookedUp, EngineStarted, Input, ObserveHost
from coxswain.messages.record import Record
from coxswain.model.market import Instrument, Quote
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import AccountId, Symbol, VenueId
from coxswain.runtime.control_socket import ControlSocket, name_of_user
from coxswain.runtime.doors import Door, Doors
from coxswain.runtime.flag_file import open_flag
from coxswain.runtime.host import Host, always_well, well_under
from coxswain.runtime.kill import FlagAlarm
from coxswain.runtime.lease import Adoption, Lease, Place, take_lease
from coxswain.runtime.leasing import places_of, writer_of
from coxswain.runtime.loop import Loop
from coxswain.runtime.pace import NS_PER_S, AtOnce, RealTime, utc_ns
from coxswain.runtime.refresh import Refresh
from coxswain.runtime.snapshots import Snapshots
from coxswain.venues.base import Venue
from coxswain.views.answers import answer_of
from coxswain.views.outside import Outside

T = TypeVar("T")
SETTLED_WITHIN_S = 600
"""Of virtual time: what is still under way then is left to the next call."""
ANSWERED_WITHIN_S = 120
LOOK_EVERY_S = 0.01
SOON_NS = 10 * NS_PER_S
"""A report that is due at a venue so soon is worth waiting for; one that is due later may be the end of its day."""


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
        config: Loaded | None = None,
        adopt_lease: str | None = None,
    ) -> None:
        """A journal in a file is gone on with; without one all is in memory, and gone at the end.

        Of `config` only what stands beside the setup is used: where leases lie, what signs, when correlations are
        refreshed.
        """
        self.setup = setup
        self._views = Views()
        self.summary, self.audit, self.listeners = self._views.summary, self._views.audit, Listeners()
        """What `look` and `wait_until` read. The past is folded into them when somebody looks for the first time."""
        self.books: dict[AccountId, AccountLookedUp] = {}
        """What venues said last."""
        self.realtime = realtime
        self.actor = name_of_user(os.getuid())
        """Who commands come from: the user whose process this is."""
        self._outside = Outside()
        self._config = config
        self._adoption = None if adopt_lease is None else Adoption(adopt_lease, self.actor)
        self._seed = seed
        self._path = None if journal is None else Path(journal)
        self._feed = exact_quotes(feed or ())
        self._starts_ns = 0 if starts_ns is None and feed is not None else starts_ns
        """None: now. With quotes time begins at the first of them, unless it is told otherwise."""
        self._plugs: dict[VenueId, Plug] = {}
        self._venues: dict[VenueId, Venue] = {}
        self._opened = ExitStack()
        self._loop: Loop | None = None
        self._calls: Calls | None = None
        self._lease: Lease | None = None
        self._refresh: Refresh | None = None
        self._folding = threading.Lock()
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
        """Make an account known. Raises `EngineElsewhere` where this one runs already and another trades it."""
        setup = msgspec.structs.replace(self.setup, accounts=(*self.setup.accounts, spec))
        if self._lease is not None:
            with refused():
                former = self._lease.hold(self._places(setup), self._adoption)
            tell_all(former)
        self.setup, self._is_changed = setup, True

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
        """Change what accounts or venues there are, or nothing; an engine that runs takes it in at once."""

        def whole() -> None:
            before = self.setup, dict(self._plugs), self._is_changed
            try:
                work()
            except BaseException:
                self.setup, self._plugs, self._is_changed = before
                raise

        if self._calls is not None:
            self._calls.carry_out(lambda loop: whole())
        else:
            whole()
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
        self._fold_past()

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
        return self._await(lambda: not self._is_under_way(None), within_s)

    def wait_until(self, holds: Callable[[], bool], within_s: float = ANSWERED_WITHIN_S) -> bool:
        """Let time pass until the views show something, or there is nothing more to wait for; say whether they do."""
        self._fold_past()
        return self._await(holds, within_s)

    def await_agreement(self, within_s: float) -> bool:
        """Begin, and let time pass until every account's books agree with its venue's. Nobody looks at the past."""

        def agrees() -> bool:
            return all(account.reconciled for account in self._engine.state.accounts.values())

        self.begin()
        return self._await(agrees, within_s)

    def _await(self, holds: Callable[[], bool], within_s: float) -> bool:
        def looked(loop: Loop) -> bool:
            loop.flush()
            return holds()

        if self.realtime:
            until_s = time.monotonic() + within_s
            while not self._do(looked):
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
            if not self._calls.stop(reason):
                return  # its thread hangs, and has everything
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
            if not self.realtime:
                loop.listen()
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
            try:
                self._guarded(self._begin)
            except BaseException:
                self._let_go()
                raise
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
        loop, started, resume_ns = self._open(None)
        loop.begin(started, resume_ns)
        loop.flush()
        self._loop = loop

    def _let_go(self) -> None:
        """Close what was opened for a start that came to nothing: it may be tried again."""
        self._opened.close()
        self._venues.clear()
        self._loop = self._lease = None

    def _run(self, calls: Calls) -> None:
        """Real time: run to the end, in the thread that called this."""
        try:
            with self._opened:
                loop, started, resume_ns = self._open(calls)
                self._loop = calls.loop = loop
                loop.run(started, resume_ns)
        except (ExecutionError, OSError):
            raise
        except Exception as fault:
            self.failed = self.failed or f"{type(fault).__name__}: {fault}"
            raise

    def _open(self, calls: Calls | None) -> tuple[Loop, EngineStarted, int]:
        """Open all that there is, in the order of safety, and make the loop; say what it starts with, and when."""
        config, path = self._config, self._path
        if config is not None and config.refresh is not None:
            self._refresh = config.refresh.make(tell, waits=not self.realtime)
        with refused():
            returns = None if self._refresh is None else self._refresh.returns
            self._journal, past = open_journal(path, self._opened, returns)
            self._engine = past.engine
            key = key_for(path, None if config is None else config.checkpoint_key)
            if path is not None:
                self._lease = self._take_lease()
        engine, guard, snapshot_seq, archive = past
        self._views.is_whole = self._views.seq == self._journal.head.seq
        self._outside.hold(
            (name, each.symbol)
            for name, account in engine.state.accounts.items()
            for each in account.positions.values()
            if each.qty
        )
        live, live_by = confirm_live(self.setup, engine.state.live_confirmed)
        venues = self._open_venues()
        seen_ns = [venue.last_ns for venue in venues if venue.last_ns is not None]
        begins_ns = utc_ns() if self._starts_ns is None else self._starts_ns
        self._is_changed = False
        doors: list[Door] = [] if calls is None else [calls]
        observe: Callable[[int], ObserveHost] = always_well
        snapshots, alarm = None, None
        if path is not None and self._lease is not None:
            host = Host(path.parent, lease=self._lease)
            observe = well_under(self._lease) if calls is None else host.observe
            beside: list[Door] = [open_flag(path, engine.state, guard.raise_flag), self._lease]
            # Where time stands still between calls, nobody would answer at a socket.
            doors += beside if calls is None else [*beside, ControlSocket(path, answer_of), host]
            alarm = FlagAlarm(path, tell, self._abandon)
            self._opened.enter_context(alarm.ready())
            waits = not self.realtime
            snapshots = Snapshots(path, __version__, engine, guard, archive, returns, tell, snapshot_seq, waits=waits)
            self._opened.callback(snapshots.close)
        loop_doors = Doors(doors)
        if calls is None:
            self._opened.callback(loop_doors.close)
        loop = Loop(
            engine,
            self._journal,
            venues,
            self._feed,
            NoSignals(),
            int(self.setup.settings.get("quote_interval_ms", 1000)) * 1_000_000,
            self._on_record,
            AtOnce() if calls is None else RealTime(),
            loop_doors,
            guard,
            alarm,
            observe,
            self._refresh,
            None if key is None else Signer(self._journal, key, tell),
            snapshots,
            self._lease,
            archive,
        )
        return loop, self._started(live, live_by), max([engine.state.now_ns, begins_ns, *seen_ns])

    def _take_lease(self) -> Lease:
        """Take the lease of every account, before anything is said to a venue."""
        lease = take_lease(self._places(self.setup), writer_of(self._journal, self._engine.state), self._adoption)
        self._opened.callback(lease.close)
        tell_all(lease.former)
        if not self.realtime:
            lease.renew_by_itself()
        return lease

    def _places(self, setup: Setup) -> list[Place]:
        assert self._path is not None
        separate = {plug.venue_id for plug in self._plugs.values() if plug.is_separate}
        return places_of(setup, separate, self._path, None if self._config is None else self._config.lease_dir)

    def _abandon(self) -> NoReturn:
        """The journal hangs, and with it the thread of the loop: who waits is told, and it must never go on."""
        self.failed = "a write to the journal hangs"
        if self._calls is not None:
            self._calls.abandon(SystemFault(f"the engine failed: {self.failed}"))
        threading.Event().wait()
        raise AssertionError("nobody sets it")

    def _open_venues(self) -> list[Venue]:
        for venue_id, plug in self._plugs.items():
            if venue_id not in self._venues:
                self._open_venue(plug)
        return list(self._venues.values())

    def _open_venue(self, plug: Plug) -> None:
        venue = plug.open(self._path)
        self._venues[plug.venue_id] = venue
        self._opened.callback(venue.close)

    def _started(self, live: tuple[AccountId, ...] = (), live_by: str = "") -> EngineStarted:
        seed = self._engine.state.seed if self._engine.state.seq else self._seed
        wall_ns = utc_ns() if self._engine.state.kept else None
        return EngineStarted(__version__, self._journal.journal_id, seed, self.setup, live, live_by, wall_ns)

    # --- what is seen -------------------------------------------------------------------------------------------------

    def _on_record(self, record: Record) -> None:
        if self._refresh is not None:
            self._refresh.see(record)
        for event in record.events:
            if isinstance(event, CorrelationSet):
                self._forget_correlation({event.account, event.other})
        self._views.apply(record)
        if isinstance(record.input, AccountLookedUp):
            self.books[record.input.account] = record.input
        for told in self._outside.apply(record):
            self.listeners.tell(told)

    def _forget_correlation(self, pair: set[AccountId]) -> None:
        """Leave a pair out of what is configured from now on: the journal has what was said of it since."""
        kept = tuple(each for each in self.setup.correlations if {each.account, each.other} != pair)
        if len(kept) < len(self.setup.correlations):
            self.setup = msgspec.structs.replace(self.setup, correlations=kept)

    def _fold_past(self) -> None:
        """Fold what was before this start into the views, once. In real time who looks does it, and no order waits."""
        if self._loop is None:
            self.begin()
        with self._folding:
            if self._views.is_whole:
                return
            if self.realtime:
                assert self._path is not None
                with closing(Reader(self._path)) as reader:
                    self._views.fold(reader.read())
            self._do(self._fold_rest)

    def _fold_rest(self, loop: Loop) -> None:
        """Between two steps: what became durable meanwhile, and from now on each record as it comes."""
        loop.flush()
        self._views.fold(self._journal.read(self._views.seq + 1))
        self._views.is_whole = True
