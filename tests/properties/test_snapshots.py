"""What was kept and brought back goes on exactly as what was never interrupted: it folds, and decides, the same."""

import pytest

from coxswain.core.engine import Engine
from coxswain.messages.record import decode, encode
from coxswain.runtime.egress import Guard
from coxswain.runtime.facts import facts_of
from coxswain.runtime.plugins import make_engine
from tests.golden.scenarios import SCENARIOS
from tests.golden.test_scenarios import played
from tests.sim.world import World

CUTS = 3


def brought_back(world: World, records: int) -> tuple[Engine, Guard]:
    """Fold so many records, keep what is known, and bring it back."""
    before, guard_before = make_engine(), Guard()
    for body in world.bodies[:records]:
        before.fold(decode(body))
        guard_before.note(body)
    engine, guard = make_engine(), Guard()
    engine.remember(before.keep())
    guard.remember(guard_before.keep())
    assert engine.digest() == before.digest()
    return engine, guard


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_snapshot_and_its_tail_are_the_whole_journal(name: str) -> None:
    world = played(name)
    for cut in range(1, CUTS + 1):
        records = len(world.bodies) * cut // (CUTS + 1)
        folding, guard = brought_back(world, records)
        deciding, _ = brought_back(world, records)
        for (body, facts), record in zip(
            facts_of(enumerate(world.bodies[records:])), world.records[records:], strict=True
        ):
            folding.fold_facts(*facts)
            guard.note(body)
            assert encode(deciding.step(record.input, record.now_ns)) == body
        assert folding.digest() == deciding.digest() == world.engine.digest()
        whole = Guard()
        for body in world.bodies:
            whole.note(body)
        assert guard.keep() == whole.keep()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_facts_alone_come_to_the_same_engine_as_whole_records(name: str) -> None:
    world, engine = played(name), make_engine()
    for _, facts in facts_of(enumerate(world.bodies, 1)):
        engine.fold_facts(*facts)
    assert engine.digest() == world.folded().digest() == world.engine.digest()
