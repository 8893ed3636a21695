"""Random worlds in which limits change and breakers open while orders are out: fold and replay stay the same."""

import random
from collections import Counter
from decimal import Decimal

from coxswain.messages.inputs import ApproveLimits, CloseBreaker, SetLimits
from coxswain.model.breaker import BreakerKind
from coxswain.sim.checker.judge import Invariants
from coxswain.sim.crowd import Crowd, script
from coxswain.sim.ground import A1, A2, S, make_setup
from tests.sim.wire import Faults
from tests.sim.world import World

KEYS = ("max_order_qty", "max_position_qty", "max_open_orders", "max_daily_loss_pct")
SETTINGS = {
    "max_timing_variance_ms": "0",
    "min_timing_variance_ms": "0",
    "circuit_breaker_max_rejects": "2",
    "circuit_breaker_max_venue_errors": "2",
    "circuit_breaker_max_slippage_bps": "3",
    "circuit_breaker_max_loss_pct": "0.02",
    "circuit_breaker_max_drawdown_pct": "0.05",
    "circuit_breaker_stale_quotes": "1",
    "circuit_breaker_cooldown_s": "5",
    "max_daily_loss_pct": "0.5",
    "limit_raise_needs_two": "1",
}


def interfere(world: World, chance: random.Random) -> None:
    """Change a limit, approve what waits, or let a breaker cool down; most of it is refused, and all is journaled."""
    act, now_ns = chance.randrange(5), world.now_ns
    if act == 0:
        value = Decimal(chance.choice((0, 1, 2, 5, 20, 90)))
        until_ns = chance.choice((None, now_ns + 3 * S))
        world.step(SetLimits({chance.choice(KEYS): value}, "why", "ann", chance.choice((None, A1, A2)), until_ns))
    elif act == 1:
        world.step(ApproveLimits(world.engine.state.limits.proposal_count, "bob"))
    elif act == 2:
        kind = chance.choice(tuple(BreakerKind))
        world.step(CloseBreaker(chance.choice((A1, A2)), kind, "why", "ann"))


def test_limits_and_breakers_that_change_at_any_moment_keep_the_invariants_and_the_digest() -> None:
    seen: Counter[str] = Counter()
    for seed in range(16):
        invariants = Invariants()
        world = World(seed, Faults(5, 5, 5, 20, 1_500), script(seed, 10), invariants, make_setup(**SETTINGS))
        crowd, chance = Crowd(world, seed, restarts=True), random.Random(seed)
        for _ in range(40):
            crowd.act()
            interfere(world, chance)
        world.folds_and_steps_to_the_same()
        world.rest()
        world.folds_and_steps_to_the_same()
        seen.update(invariants.events)
    for name in ("LimitsChanged", "LimitsProposed", "BreakerChanged", "BreakerTried", "LadderStepReached"):
        assert seen[name], f"no {name} in all these worlds: they prove nothing about it"
