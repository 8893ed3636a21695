"""Random worlds: whatever is lost, repeated, delayed or refused, the invariants hold, and at rest the books are equal.

A failure prints the arguments of `play`, which runs the same world again. The worlds of a run are always the same;
WORLDS=5000 in the environment looks at that many others.
"""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coxswain.sim.checker.judge import Invariants
from coxswain.sim.crowd import Crowd, script
from coxswain.sim.ground import ALL_NATIVE, CASH, Lacks, make_setup
from tests.sim.wire import Faults
from tests.sim.world import World

LOOKED_AT = int(os.environ.get("WORLDS", "0"))


def worlds(count: int) -> settings:
    """Each takes about a tenth of a second."""
    return settings(max_examples=LOOKED_AT or count, derandomize=not LOOKED_AT, suppress_health_check=list(HealthCheck))


seeds = st.integers(0, 2**32 - 1)
percents = st.integers(0, 20)
wires = st.builds(Faults, percents, percents, percents, st.integers(0, 60), st.just(1_500))


lacking = st.builds(Lacks, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.just(False), st.booleans())


def play(
    seed: int,
    acts: int,
    wire: Faults,
    scripted: int,
    *,
    staggered: bool,
    restarts: bool,
    lacks: Lacks = ALL_NATIVE,
) -> World:
    """Let a crowd act on a world, checking everything after every step, and bring it to rest."""
    world = World(
        seed,
        wire,
        script(seed, scripted),
        Invariants(),
        make_setup(lacks, max_timing_variance_ms="3000" if staggered else "0", min_timing_variance_ms="0"),
        lacks=lacks,
        cash=CASH,
    )
    crowd = Crowd(world, seed, restarts=restarts)
    for _ in range(acts):
        crowd.act()
    world.folds_and_steps_to_the_same()
    world.rest()
    world.at_rest()
    return world


@worlds(150)
@given(seeds, st.integers(1, 60), wires, st.integers(0, 30), st.booleans())
def test_a_world_where_anything_fails_keeps_its_invariants_and_comes_to_rest(
    seed: int, acts: int, wire: Faults, scripted: int, staggered: bool
) -> None:
    play(seed, acts, wire, scripted, staggered=staggered, restarts=True)


@worlds(60)
@given(seeds, st.integers(30, 80), st.integers(0, 30))
def test_a_venue_that_misbehaves_on_a_good_wire_is_no_trouble(seed: int, acts: int, scripted: int) -> None:
    play(seed, acts, Faults(), scripted, staggered=False, restarts=False)


@worlds(60)
@given(seeds, st.integers(30, 80))
def test_reports_that_only_change_places_change_nothing_in_the_end(seed: int, acts: int) -> None:
    play(seed, acts, Faults(repeat_report=20, delay=70), 0, staggered=False, restarts=False)


@worlds(60)
@given(seeds, st.integers(30, 80))
def test_a_process_that_dies_again_and_again_loses_and_doubles_nothing(seed: int, acts: int) -> None:
    world = World(seed, Faults(delay=50), script(seed, 10), Invariants(), cash=CASH)
    crowd = Crowd(world, seed, restarts=False)
    for number in range(acts):
        crowd.act()
        if number % 3 == 0:
            world.restart()
    world.rest()
    world.at_rest()


@worlds(100)
@given(seeds, st.integers(30, 80), wires, st.integers(0, 10), lacking)
def test_what_a_venue_does_not_do_the_engine_does_for_it(
    seed: int, acts: int, wire: Faults, scripted: int, lacks: Lacks
) -> None:
    play(seed, acts, wire, scripted, staggered=False, restarts=True, lacks=lacks)
