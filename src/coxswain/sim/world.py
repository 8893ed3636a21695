"""A world that fails: the real loop over the real journal, on a disk that forgets and venues that cannot be relied on.

A crash destroys loop, engine, guard and all that was not durable; the next engine has what the disk kept. Everything
comes from one integer. Nothing here judges: `Checker` does.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from coxswain.core.engine import Engine
from coxswain.core.tx import LEASE
from coxswain.journal.store import Journal
from coxswain.messages import events as ev
from coxswain.messages.inputs import (
    ApproveLimits,
    EgressRefused,
    EngineStarted,
    ExecutionReport,
    Input,
    OrderLookedUp,
    SetLimits,
    StopTrading,
    SubmitOrder,
    SubmitSignal,
)
from coxswain.messages.record import Record, decode, encode
from coxswain.messages.requests import NewOrder, ReplaceOrder, Request
from coxswain.model.market import Quote
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import Symbol, VenueId
from coxswain.runtime.archive import Archive
from coxswain.runtime.doors import Doors
from coxswain.runtime.egress import Guard
from coxswain.runtime.lease import Lease
from coxswain.runtime.loop import Loop
from coxswain.runtime.pace import AtOnce
from coxswain.runtime.plugins import algo_modules, allocate, check_modules
from coxswain.sim.checker import evidence
from coxswain.sim.checker.invariant import Venues
from coxswain.sim.disk import Disk
from coxswain.sim.ground import AT, JOURNAL, MS, Ground, Lacks, S
from coxswain.sim.inside import look_inside, look_inside_at_rest
from coxswain.sim.port import Port
from coxswain.sim.rival import ASLEEP_NS, Leases, NoSignals, Rival
from coxswain.venues.base import Venue
from coxswain.venues.paper import Cash, Fault

PLANS_MANY = 100
"""With so many plans the engine is looked into only now and then: it takes longer with each of them."""
STEPS_MAX = 2_000
"""At one instant: more is a circle."""


class Wrong(BaseException):
    """The checker objects. Like a crash it passes everything that handles exceptions."""


class Crash(BaseException):
    """The process dies here."""

    def __init__(self, row: str) -> None:
        super().__init__(row)
        self.row = row


class Checker(Protocol):
    """What judges a world. It is told everything, and raises AssertionError."""

    def on_record(self, venues: Venues, record: Record) -> None:
        """See a record right after the step that made it, before it is durable."""

    def on_request(self, request: Request, durable: Counter[Request], now_ns: int) -> None:
        """See a request that leaves, and how often durable records ask for it that have not had it yet."""

    def remember(self, record: Record) -> None:
        """See a durable record again, after a crash."""

    def on_start(self) -> None:
        """See a process begin."""

    def at_rest(self, venues: Venues) -> None:
        """See a world in which nothing has failed for ten minutes."""


class Plan(msgspec.Struct, frozen=True):
    """What fails in a world, and when."""

    rates: dict[str, int] = {}
    """How often each row of the fault matrix comes at the venues, in a thousand."""
    crashes: tuple[tuple[str, int], ...] = ()
    """Rows, and at which of its chances each comes."""
    begins_ns: int = 0
    quote_interval_ms: int = 0
    stalls: int = 0
    """Of a thousand groups that leave, before how many the process stands still."""
    rivals: bool = False
    """Other engines take over the accounts now and then."""
    torn: bool = False
    """The journal is in files, and a write in which the process dies reaches them in parts."""
    flood: int = 0
    """Signals that come in one burst, once."""
    damage: bool = False
    """The journal is damaged between two starts, which a start must refuse; then it is put right."""


class Observed(Engine):
    """The engine, and somebody who looks on."""

    def __init__(self, see: Callable[[Record], None]) -> None:
        super().__init__(check_modules(), allocate, algo_modules())
        self._see = see

    def step(self, message: Input, now_ns: int) -> Record:
        record = super().step(message, now_ns)
        self._see(record)
        return record


class Stalls(AtOnce):
    """Virtual time of a process that now and then stands still, and of a machine that sleeps."""

    def __init__(self, chance: random.Random, rate: int, fired: Counter[str]) -> None:
        self.rate = rate
        self._chance = chance
        self._fired = fired

    def caught_up(self, now_ns: int) -> int:
        if self.rate and self._chance.randrange(20_000) < self.rate:
            self._fired["F36"] += 1
            return now_ns + self._chance.choice((2, 90, 600)) * S
        return now_ns

    def lag_ns(self, now_ns: int) -> int:
        if self.rate and self._chance.randrange(1_000) < self.rate:
            self._fired["F36"] += 1
            return 60 * S
        return 0


class World(Ground):
    """One engine after another on one disk, and what surrounds them."""

    def __init__(
        self,
        seed: int,
        setup: Setup,
        lacks: Lacks,
        cash: tuple[Cash, ...],
        script: tuple[Fault, ...],
        plan: Plan,
        check: Callable[[Checker | None], Checker],
        begins_at: Mapping[Symbol, Decimal] = AT,
    ) -> None:
        super().__init__(seed, setup, lacks, cash, script, begins_at)
        self.plan = plan
        self.crashes = 0
        self._make_checker = check
        self._checker = check(None)
        self._chance = random.Random(f"faults {seed}")
        self._targets: list[tuple[str, int]] = list(plan.crashes)
        self._durable: Counter[Request] = Counter()
        """Requests of durable records that have not left."""
        self._pending: list[Record] = []
        """Stepped, and not durable."""
        self._live = b""
        """The digest of the engine that died, if all that it had stepped was durable."""
        self._phase = "starting"
        self._is_broken = False
        """Something is wrong: a crash must not come between that and whoever is told."""
        self._left = 0
        """Requests of the last group that have left."""
        self._doors = Doors()
        self._pace = Stalls(self._chance, plan.stalls, self.fired)
        self.disk = Disk(self._pass, tears=random.Random(f"tears {seed}") if plan.torn else None)
        self.ports: dict[VenueId, Port] = {
            venue_id: Port(venue, self._chance, plan.rates, self.fired, self._on_request, self._pass)
            for venue_id, venue in self.venues.items()
        }
        self.leases = Leases(self.venue_of) if plan.rivals else None
        self.lease: Lease | None = None
        self._rivals = 0
        self._boot_until_up(plan.begins_ns)
        for symbol in self.ticks:
            self.quote(symbol)

    # --- the process --------------------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:  # type: ignore[override]
        return self.loop.now_ns

    @property
    def bodies(self) -> list[bytes]:  # type: ignore[override]
        self.loop.flush()
        return self.disk.bodies()

    def restart(self, meanwhile: Sequence[Input] = ()) -> None:
        """End the process, in good order or not, and begin anew; `meanwhile` is asked for while nobody runs."""
        now_ns = self.now_ns
        try:
            if self._chance.randrange(2):
                self._phase = "ending"
                self.loop.end("to begin anew")
        except Crash as crash:
            self._die(crash.row)
        else:
            self._drop()
        for message in meanwhile:
            self._keep(message)
        self._boot_until_up(max(now_ns, self.loop.now_ns))

    def _keep(self, message: Input) -> None:
        """Have a command journaled by a process that does nothing else."""
        try:
            journal, _, archive = self._recover()
            recalls, message = archive.prepare(message, self.engine.state)
            now_ns = self.engine.state.now_ns
            journal.append([encode(self.engine.step(each, now_ns)) for each in (*recalls, message)])
        except Crash as crash:
            self._die(crash.row)
        else:
            self._drop()
            self.fired["KEPT"] += 1

    def step(self, message: Input) -> None:
        """Hand an input in. Whoever did, and had no answer, hands it in again, or leaves it at that."""
        if self._surviving(lambda: self._tell(message)) and self._chance.randrange(2):
            self._surviving(lambda: self._tell(message))

    def _tell(self, message: Input) -> None:
        if isinstance(message, StopTrading) and any(port.is_in_trouble(self.now_ns) for port in self.ports.values()):
            self.fired["F49"] += 1
        self.loop.tell(message)

    def run(self, ns: int) -> None:
        until_ns = self.now_ns + ns
        while self._surviving(lambda: self._run(until_ns)):
            pass

    def _run(self, until_ns: int) -> None:
        moment_ns, steps = -1, 0
        while self.loop.now_ns <= until_ns and self.loop.advance(until_ns):
            steps = steps + 1 if self.loop.now_ns == moment_ns else 0
            moment_ns = self.loop.now_ns
            assert steps < STEPS_MAX, "something goes round without end at one instant"
        self.loop.flush()

    def show(self, quote: Quote, *, seen: bool) -> None:
        self.run(0)  # what is due by now comes before the quote
        quote = msgspec.structs.replace(quote, ts_ns=self.now_ns)
        if seen:
            self._surviving(lambda: self._show(quote))
        else:
            for port in self.ports.values():
                port.on_quote(quote)

    def _show(self, quote: Quote) -> None:
        self.loop.show(quote)
        self.loop.flush()

    def let_another_in(self, orders: Sequence[Input], meanwhile: Callable[[], None]) -> None:
        """Stand still past the lease while another engine trades; on waking do `meanwhile`, before that is heard of."""
        if self.leases is None or self.lease is None:
            return
        self._surviving(self.loop.flush)
        self._rivals += 1
        self.leases.now_ns = max(self.leases.now_ns, self.loop.now_ns)
        self._hear_of_the_lease()
        rival = Rival(self.leases, self.setup, self.venues, self._rivals)
        assert rival.is_refused(), "I18: a second engine was let in beside one that lives"
        quotes = [msgspec.structs.replace(quote, ts_ns=self.now_ns + ASLEEP_NS) for quote in self.quotes.values()]
        self.loop.now_ns = rival.trade(self.loop.now_ns + ASLEEP_NS, quotes, orders)
        self.leases.now_ns = self.loop.now_ns
        self.fired["F44-TWO"] += 1
        meanwhile()
        self._hear_of_the_lease()
        self.restart()

    def _hear_of_the_lease(self) -> None:
        """Renew it, as an engine does every second, and hear of whoever has it now."""
        assert self.lease is not None
        for asked in self.lease.take(self.now_ns):
            self.step(asked.message)

    def cut_off(self, ns: int) -> None:
        for port in self.ports.values():
            port.go_away(self.now_ns, ns)

    def nothing_fails(self) -> None:
        self._targets = []
        self._pace.rate = 0
        for port in self.ports.values():
            port.nothing_fails()

    def at_rest(self) -> None:
        self.loop.flush()
        self._checker.at_rest(self)
        look_inside_at_rest(self.engine.state)
        evidence.chain_verifies(JOURNAL, self.disk.rows())
        self.folds_and_steps_to_the_same()

    def close(self) -> None:
        self._doors.close()
        self.disk.close()
        if self.lease is not None:
            self.lease.abandon()
        if self.leases is not None:
            self.leases.close()

    # --- crashes ------------------------------------------------------------------------------------------------------

    def _surviving(self, work: Callable[[], None]) -> bool:
        """Do something that may end the process; say whether it did. Then another has begun."""
        try:
            work()
        except Crash as crash:
            self._die(crash.row)
            self._boot_until_up(self.loop.now_ns)
            return True
        return False

    def _die(self, row: str) -> None:
        self.fired[row] += 1
        self.crashes += 1
        self._drop()

    def _drop(self) -> None:
        if self.disk.lose_power() or self._pending:
            self.fired["F41"] += 1
        self.fired["F39-TORN"] = self.disk.torn
        self._live = b"" if self._pending else self.engine.digest().encode()
        self._pending.clear()
        self._phase = "starting"
        if self.lease is not None:
            self.lease.abandon()
        for port in self.ports.values():
            port.cut()

    def _boot_until_up(self, now_ns: int) -> None:
        while True:
            try:
                self._boot(now_ns)
            except Crash as crash:
                self._die(crash.row)
            else:
                return

    def _recover(self) -> tuple[Journal, Guard, Archive]:
        """Begin with what the disk kept."""
        journal = self.disk.open()
        self.engine, guard = Observed(self._see), Guard()
        archive = Archive(journal)
        self._checker = self._make_checker(self._checker)
        self._durable.clear()  # a request that was not sent is not sent later: a restart asks what became of it
        for _, body in journal.read():
            record = decode(body)
            self.engine.fold(record)
            guard.note(body)
            archive.take(record.seq, record.events)
            self._checker.remember(record)
        if self._live:
            evidence.is_the_same("folded after a restart", self._live, self.engine.digest().encode())
            self._live = b""
        self._checker.on_start()
        return journal, guard, archive

    def _boot(self, now_ns: int) -> None:
        if self.plan.damage:
            self.fired.update(self.disk.is_seen_when_damaged(self._chance))
        journal, guard, archive = self._recover()
        if self.leases is not None:
            self.leases.now_ns = max(now_ns, self.leases.now_ns)
            is_lost = any(LEASE in account.causes for account in self.engine.state.accounts.values())
            self.lease = self.leases.take_back(journal, self.engine.state.lease_epoch, is_lost=is_lost)
            self.lease_epoch = self.lease.epoch
        self.loop = Loop(
            self.engine,
            journal,
            list[Venue](self.ports.values()),
            iter(()),
            NoSignals(),
            self.plan.quote_interval_ms * MS,
            self._on_durable,
            self._pace,
            self._doors,
            guard,
            observe=lambda _: self.well(),
            lease=self.lease,
            archive=archive,
        )
        self._phase = "starting"
        now_ns = max(now_ns, self.engine.state.now_ns)
        utc_ns = now_ns if self.engine.state.kept else None
        self.loop.begin(EngineStarted("test", JOURNAL, 7, self.setup, utc_ns=utc_ns), now_ns)
        for asked in () if self.lease is None else self.lease.take(now_ns):
            self.loop.tell(asked.message)
        self.loop.flush()
        self._phase = ""

    def _see(self, record: Record) -> None:
        assert not isinstance(record.input, EgressRefused), (
            f"the guard objects to what was judged: {record.input.reason}"
        )
        self._pending.append(record)
        self._is_broken = True
        self._checker.on_record(self, record)
        if len(self.engine.state.plans) < PLANS_MANY or record.seq % PLANS_MANY == 0:
            look_inside(self.engine.state)
        self._is_broken = False
        for event in record.events:
            if isinstance(event, ev.AccountStateChanged) and event.cause == "LIMIT_LOWERED" and event.active:
                self.fired["F48"] += 1

    def _on_durable(self, record: Record) -> None:
        assert self.disk.last_seq() >= record.seq, "a record was shown before it was durable"
        self._pending = [waiting for waiting in self._pending if waiting.seq > record.seq]
        self._durable.update(record.requests)
        self._left = 0

    def _on_request(self, request: Request) -> None:
        try:
            self._checker.on_request(request, self._durable, self.loop.now_ns)
        except AssertionError as error:
            raise Wrong(str(error)) from error
        if self.leases is not None and isinstance(request, NewOrder | ReplaceOrder):
            self.leases.sent.sends(request.account, self.lease_epoch)
        self._left += 1

    def _pass(self, point: str) -> None:
        """Be at a point where a process can die, and die there where the plan says so."""
        if not self._targets or self._is_broken:
            return
        rows = self._rows_at(point)
        self._targets = [(row, nth - (row in rows)) for row, nth in self._targets]
        for target in self._targets:
            if target[1] <= 0:
                self._targets.remove(target)
                raise Crash(target[0])

    def _rows_at(self, point: str) -> set[str]:
        """Say which rows a death here would be."""
        match point:
            case "send":
                return {"F06"} if self._left else set()
            case "sent":
                return {"F07"}
            case "read":
                return {"F08"}
            case "fill read":
                return {"F09"}
        if self._phase == "starting":
            return {"F12"}
        if self._phase == "ending":
            return {"F11"}
        rows: set[str] = set()
        inputs = [record.input for record in self._pending]
        events = [event for record in self._pending for event in record.events]
        durable = point == "committed"
        if any(isinstance(message, StopTrading) for message in inputs):
            rows.add("F13")
        if any(isinstance(message, SetLimits | ApproveLimits) for message in inputs):
            rows.add("F14")
        if any(isinstance(event, ev.OrderFilled) for event in events):
            rows.add("F10" if durable else "F09")
        elif any(isinstance(message, ExecutionReport | OrderLookedUp) for message in inputs) and not durable:
            rows.add("F08")
        if any(isinstance(event, ev.OrderCreated) for event in events):
            rows.add("F05" if durable else "F04")
        elif any(isinstance(event, ev.PlanProposed) for event in events):
            rows.add("F03" if durable else "F02")
        if point == "before" and any(isinstance(message, SubmitSignal | SubmitOrder) for message in inputs):
            rows.add("F01")
        return rows
