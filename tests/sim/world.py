"""A world whose engine is driven by hand, record by record: for scenarios, and for wires that a test makes fail."""

from collections import Counter
from collections.abc import Callable, Sequence

from coxswain.messages.inputs import EngineStarted, Input, TimePassed, TradingDay
from coxswain.messages.record import Record, encode
from coxswain.model.market import Quote
from coxswain.model.setup import Setup
from coxswain.runtime.egress import Guard
from coxswain.runtime.plugins import make_engine
from coxswain.sim.checker.judge import Invariants
from coxswain.sim.ground import ALL_NATIVE, JOURNAL, MS, START_NS, Ground, Lacks, make_setup
from coxswain.sim.inside import look_inside, look_inside_at_rest
from coxswain.venues.paper import Cash, Fault
from tests.sim.wire import Faults, Wire


class World(Ground):
    """One engine in its surroundings. `check` judges each record right after its step, and `see` sees it."""

    def __init__(
        self,
        seed: int,
        faults: Faults = Faults(),  # noqa: B008  # it is frozen
        script: tuple[Fault, ...] = (),
        check: Invariants | None = None,
        setup: Setup | None = None,
        wire: type[Wire] = Wire,
        lacks: Lacks = ALL_NATIVE,
        cash: tuple[Cash, ...] = (),
        see: Callable[["World", Record], None] | None = None,
    ) -> None:
        super().__init__(seed, setup or make_setup(lacks), lacks, cash, script)
        self.now_ns = START_NS
        self.wire = wire(dict(self.venues), seed, faults)
        self.engine = make_engine()
        self.guard = Guard()
        self.records: list[Record] = []
        self.bodies = []
        self.check = check
        self.see = see
        self.start()

    # --- the process --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the engine as it stands, let it compare its books, and tell it the day."""
        self.step(EngineStarted("test", JOURNAL, 7, self.setup))
        self.step(self.well())
        for symbol in self.ticks:
            self.quote(symbol)
        self.run(50 * MS)
        self.step(TradingDay(tuple(self.venue_of), "2023-11-14"))

    def restart(self, meanwhile: Sequence[Input] = ()) -> None:
        """Drop the engine and what is on the wire, and fold the records into a new one."""
        assert not meanwhile, "nobody asks for anything while no engine runs"
        self.wire.cut()
        if self.check is not None:
            self.check.on_start()
        self.engine = self.folded()
        self.guard = Guard()
        for body in self.bodies:
            self.guard.note(body)
        self.start()

    def step(self, message: Input) -> Record:
        record = self.engine.step(message, self.now_ns)
        self.records.append(record)
        self.bodies.append(encode(record))
        if self.check is not None:
            self.check.on_record(self, record)
            look_inside(self.engine.state)
        if self.see is not None:
            self.see(self, record)
        self.guard.note(self.bodies[-1])
        for request in record.requests:
            why = self.guard.refusal(request, self.now_ns)
            assert not why, f"the guard objects to what a healthy engine sends: {why}"
            if self.check is not None:
                self.check.on_request(request, Counter(record.requests), self.now_ns)
            self.wire.send(self.venue_of[request.account], request, self.now_ns)
        return record

    def at_rest(self) -> None:
        """Have everything judged that holds when nothing fails any more."""
        if self.check is not None:
            self.check.at_rest(self)
        look_inside_at_rest(self.engine.state)
        self.folds_and_steps_to_the_same()

    # --- time and the market ------------------------------------------------------------------------------------------

    def run(self, ns: int) -> None:
        """Let time pass: what travels arrives, and what falls due is answered."""
        until_ns, moment_ns, steps = self.now_ns + ns, self.now_ns, 0
        while True:
            if self.now_ns != moment_ns:
                moment_ns, steps = self.now_ns, 0
            steps += 1
            assert steps < 1_000, "something goes round without end at one instant"
            due = [at_ns for at_ns in (self.wire.next_ns(), self.engine.next_deadline()) if at_ns is not None]
            if not due or min(due) > until_ns:
                break
            self.now_ns = max(self.now_ns, min(due))
            arrived = self.wire.take(self.now_ns)
            for message in arrived:
                self.step(message)
            deadline_ns = self.engine.next_deadline()
            if not arrived and deadline_ns is not None and deadline_ns <= self.now_ns:
                self.step(TimePassed())
        self.now_ns = until_ns

    def show(self, quote: Quote, *, seen: bool) -> None:
        for venue in self.venues.values():
            venue.on_quote(quote)
        if seen:
            self.step(quote)

    def cut_off(self, ns: int) -> None:
        self.wire.cut()

    def nothing_fails(self) -> None:
        self.wire.faults = Faults()
