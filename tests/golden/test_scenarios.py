"""Journals of whole scenarios: a changed byte is a changed decision. `make golden` writes them anew; review the diff.

Each scenario is also played with one report dropped, repeated, delayed or swapped with the next, every report in turn,
and must end with the same positions at the venue and in the engine.
"""

from collections.abc import Callable

import pytest

from coxswain.messages.inputs import EngineStarted, Input, TradingDay
from coxswain.messages.record import encode
from coxswain.model.market import Quote
from coxswain.model.vocabulary import AccountId, Symbol
from coxswain.sim import books
from coxswain.sim.checker.judge import Invariants
from coxswain.sim.ground import VENUE_OF, S, make_setup
from tests.golden.scenarios import SCENARIOS
from tests.sim.wire import Wire
from tests.sim.world import World

LATE_NS = 3 * S
# The start of an engine takes the books of every account; what comes before the scenario is not tampered with.
REPORTS_OF_A_START = len(VENUE_OF)


class Tampering(Wire):
    """A wire that does one thing to one report, counted from the start of the scenario."""

    how = ""
    which: int | None = None
    count = -REPORTS_OF_A_START
    held: Input | None = None

    def _carry(self, report: Input, now_ns: int) -> None:
        is_the_one, self.count = self.count == self.which, self.count + 1
        if not is_the_one:
            super()._carry(report, now_ns)
            if self.held is not None:
                held, self.held = self.held, None
                super()._carry(held, now_ns)
        elif self.how == "repeated":
            super()._carry(report, now_ns)
            super()._carry(report, now_ns)
        elif self.how == "delayed":
            super()._carry(report, now_ns + LATE_NS)
        elif self.how == "swapped":
            self.held = report


def played(name: str, how: str = "", which: int | None = None) -> World:
    scenario = SCENARIOS[name]
    Tampering.how, Tampering.which = how, which
    setup = make_setup(
        min_timing_variance_ms="500",
        max_timing_variance_ms="2000",
        min_size_variance_pct="0",
        max_size_variance_pct="0",
    )
    world = World(1, script=scenario.faults, check=Invariants(), setup=setup, wire=Tampering)
    scenario.play(world)
    return world


def ended(world: World) -> dict[tuple[AccountId, Symbol], str]:
    """Bring a world to rest; return what is held, which engine and venue agree on."""
    world.rest(minutes=3)
    world.at_rest()
    return {
        (account_id, symbol): str(qty)
        for account_id, venue_id in VENUE_OF.items()
        for symbol, qty in books.positions(world.venues[venue_id], account_id).items()
    }


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_decides_as_it_did_when_it_was_last_reviewed(
    name: str, golden: Callable[[str, bytes], None]
) -> None:
    world = played(name)
    world.folds_and_steps_to_the_same()
    lines = [
        encode(record)
        for record in world.records
        if not isinstance(record.input, EngineStarted | TradingDay)
        and not (isinstance(record.input, Quote) and not record.events)
    ]
    golden(f"{name}.jsonl", b"\n".join(lines) + b"\n")


@pytest.mark.parametrize("how", ["dropped", "repeated", "delayed", "swapped"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_ends_the_same_whatever_happens_to_one_report(name: str, how: str) -> None:
    base = played(name)
    assert isinstance(base.wire, Tampering)
    reports, wanted = base.wire.count, ended(base)
    assert reports > 0
    for which in range(reports):
        found = ended(played(name, how, which))
        assert found == wanted or (not found and SCENARIOS[name].may_be_flat), f"report {which} of {reports} {how}"
