"""The blotter folds the same events as the engine, by other code: in a world where anything fails both agree."""

import pytest

from coxswain.messages.record import Record
from coxswain.sim.crowd import Crowd, script
from coxswain.views.summary import Summary
from tests.properties.test_views_agree_with_the_engine import assert_orders_agree
from tests.sim.wire import Faults
from tests.sim.world import World


@pytest.mark.parametrize("seed", range(12))
def test_the_blotter_agrees_with_the_engine_after_every_step_of_a_world(seed: int) -> None:
    """Found by the simulator: a fill after the end closed a question that was open, and moved prices were not shown."""
    summary = Summary()

    def check(world: World, record: Record) -> None:
        summary.apply(record)
        assert_orders_agree(world.engine.state, summary)

    world = World(seed, Faults(5, 10, 10, 40), script(seed, 20), see=check)
    crowd = Crowd(world, seed, restarts=True)
    for _ in range(50):
        crowd.act()
    assert summary.blotter.orders or summary.blotter.denied or summary.denials, "something was asked for"
