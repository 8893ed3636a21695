"""A whole world from one number: its accounts and venues, rules and limits, faults, and how often each of them comes.

Small limits are drawn often, so that what they lead to happens often. Nothing here checks anything.
"""

import random
from decimal import Decimal
from typing import NamedTuple

import msgspec

from coxswain.model.firm import (
    Amount,
    Automation,
    Buffers,
    Confidence,
    CopyRule,
    Duration,
    Effective,
    FirmDay,
    Hedging,
    LossLimit,
    MissingStop,
    Permission,
    Phase,
    Provenance,
    RuleSet,
    RuleSetId,
    Severity,
    Size,
    Trail,
    Window,
)
from coxswain.model.setup import AccountSpec, AllocationSpec, CapSpec, Setup
from coxswain.model.vocabulary import (
    DayLossRelease,
    Mode,
    SelfMatch,
    ShortSelling,
    StopMerge,
)
from tests.sim.crowd import script
from tests.sim.invariants import Invariants
from tests.sim.unrest import Unrest
from tests.sim.wire import Faults
from tests.sim.world import A1, A2, B1, CASH, SHARE, Lacks, S, World, make_setup

OWNER = "Ann Example"
DAY_S = 86_400
POLICIES = {
    "risk_budget": "{}",
    "equal": "{}",
    "pro_rata": "{}",
    "rotation": "{}",
    "decorrelated": '{"accounts_max": 3}',
}
MAY_BE = {
    "circuit_breaker_max_rejects": ("0", "2"),
    "circuit_breaker_max_venue_errors": ("0", "2"),
    "circuit_breaker_max_slippage_bps": ("0", "3"),
    "circuit_breaker_max_loss_pct": ("0", "0.02", "2"),
    "circuit_breaker_max_drawdown_pct": ("0", "0.05"),
    "circuit_breaker_stale_quotes": ("0", "1"),
    "circuit_breaker_max_volatility_pct": ("0", "2"),
    "circuit_breaker_cooldown_s": ("5", "30"),
    "max_daily_loss_pct": ("0.5", "5"),
    "ladder_flatten": ("0", "1"),
    "limit_raise_needs_two": ("0", "1"),
    "limit_proposal_ttl_s": ("20", "3600"),
    "release_needs_two": ("0", "0", "1"),
    "auto_adopt_breaks": ("0", "0", "1"),
    "stop_gap_pct": ("0", "1"),
    "target_volatility_pct": ("0", "0", "0", "0", "2"),
    "max_timing_variance_ms": ("0", "3000"),
    "max_size_variance_pct": ("0", "15"),
    "max_retries": ("0", "3"),
    "trail_step_ticks": ("1", "20"),
    "flat_by_lead_s": ("1", "10"),
    "max_open_positions": ("1", "3"),
    "max_open_orders": ("4", "20"),
    "max_messages_per_s": ("1", "2", "5", "50"),
    "max_venue_messages_per_s": ("2", "200"),
    "max_strategy_messages_per_s": ("2", "50"),
    "market_protection_pct": ("0.01", "1"),
    "max_orders_per_minute": ("5", "300"),
    "max_repeats": ("2", "20"),
    "duplicate_window_ms": ("0", "1000", "5000"),
    "max_plan_value": ("100000", "100000000"),
    "max_gross_exposure": ("20000", "5000000"),
    "max_net_exposure": ("20000", "5000000"),
    "max_desk_gross_exposure": ("100000", "50000000"),
    "max_group_exposure": ("100000", "20000000"),
    "max_strategy_exposure": ("100000", "20000000"),
    "rejects_free": ("0", "10"),
    "cancels_free": ("1", "100"),
    "max_cancels_per_trade": ("1", "50"),
    "max_drawdown_pct": ("0.05", "10", "10"),
    "max_leverage": ("0.5", "10"),
}


class Drawn(NamedTuple):
    """What a world is made of, and what goes on in it."""

    setup: Setup
    lacks: Lacks
    wire: Faults
    scripted: int
    acts: int
    restarts: bool


def draw(seed: int) -> Drawn:
    chance = random.Random(f"world {seed}")
    lacks = Lacks(
        reduce_only=chance.random() < 0.4,
        oco=chance.random() < 0.4,
        replace=chance.random() < 0.4,
        gtd=chance.random() < 0.4,
        stops=chance.random() < 0.15,
        trailing=chance.random() < 0.5,
    )
    settings = {name: chance.choice(values) for name, values in MAY_BE.items() if chance.random() < 0.3}
    setup = make_setup(lacks, min_timing_variance_ms="0", min_size_variance_pct="0", **settings)
    sets = _rule_sets(chance) if chance.random() < 0.5 else ()
    policy = chance.choice(tuple(POLICIES))
    setup = msgspec.structs.replace(
        setup,
        accounts=tuple(_account(chance, spec, sets) for spec in setup.accounts),
        firms=sets,
        product_groups={"EURUSD": "one", "SHARE": "one"} if chance.random() < 0.3 else {},
        allocation=AllocationSpec(policy, POLICIES[policy]),
        caps=(CapSpec("both", (A1, A2), share_pct=Decimal(40)),) if chance.random() < 0.2 else (),
        self_match=chance.choice(tuple(SelfMatch)),
        mode=chance.choice((*(Mode.FULL_AUTO,) * 5, Mode.SEMI_AUTO)),
    )
    quiet = chance.random() < 0.3
    often = 1 if quiet else 12
    wire = Faults(chance.randrange(often), chance.randrange(often), chance.randrange(often), chance.choice((0, 20, 60)))
    return Drawn(setup, lacks, wire, chance.choice((0, 5, 20)), chance.randrange(10, 80), chance.random() < 0.6)


def make(seed: int, invariants: Invariants) -> tuple[World, Unrest, Drawn]:
    """Make the world of a seed, and those who act on it."""
    drawn = draw(seed)
    world = World(seed, drawn.wire, script(seed, drawn.scripted), invariants, drawn.setup, lacks=drawn.lacks, cash=CASH)
    return world, Unrest(world, seed, restarts=drawn.restarts), drawn


def _account(chance: random.Random, spec: AccountSpec, sets: tuple[RuleSet, ...]) -> AccountSpec:
    firm = chance.choice(sets).id if sets and spec.currency == "USD" and chance.random() < 0.6 else ""
    return msgspec.structs.replace(
        spec,
        firm=firm,
        firm_phase=Phase.FUNDED if firm else Phase.LIVE,
        owner=OWNER,
        initial_balance=Decimal(100_000),
        short_selling=chance.choice((ShortSelling.ALLOWED,) * 6 + tuple(ShortSelling)),
        day_loss_release=chance.choice(tuple(DayLossRelease)),
        stop_merge=chance.choice(tuple(StopMerge)),
        mode=chance.choice((*(None,) * 6, Mode.MANUAL, Mode.SEMI_AUTO)),
        route_group="both" if spec.id in (A2, B1) and chance.random() < 0.3 else "",
    )


def _rule_sets(chance: random.Random) -> tuple[RuleSet, ...]:
    return tuple(_rules(chance, name) for name in ("oak.plan@2023-01", "elm.plan@2023-01"))


def _rules(chance: random.Random, name: str) -> RuleSet:
    """Rules that are soon in the way; the gate and the planner have to agree about each of them."""
    provenance = Provenance(("example.com",), "2023-01-01", Confidence.VERIFIED, Effective("2020-01-01"))
    maybe = chance.random
    limits = (
        LossLimit(
            "daily",
            Window.DAY,
            Amount(pct=Decimal(chance.choice(("0.002", "0.05")))),
            severity=chance.choice(tuple(Severity)),
        ),
        LossLimit(
            "trailing",
            Window.LIFETIME,
            Amount(pct=Decimal(chance.choice(("0.005", "0.1")))),
            trail=chance.choice(tuple(Trail)),
        ),
    )
    return RuleSet(
        RuleSetId(name),
        provenance,
        (Phase.FUNDED,),
        FirmDay("00:00", "UTC"),
        limits,
        Buffers(),
        size=Size(
            per_symbol={SHARE: Decimal(30)} if maybe() < 0.3 else {},
            total_lots=Decimal(25) if maybe() < 0.3 else None,
            max_open_positions=1 if maybe() < 0.2 else None,
            stop_required_within=Duration(20 * S) if maybe() < 0.4 else None,
            stop_missing=chance.choice(tuple(MissingStop)),
        ),
        hedging=Hedging(
            same_account=chance.choice((Permission.ALLOW, Permission.FORBID)),
            cross_account=chance.choice((Permission.ALLOW, Permission.FORBID)),
        ),
        copy=CopyRule(
            own_accounts=chance.choice((Permission.ALLOW, Permission.ALLOW, Permission.FORBID)),
            min_gap_identical=Duration(5 * S) if maybe() < 0.2 else None,
            overlap_same_symbol=chance.choice((Permission.ALLOW, Permission.ALLOW, Permission.FORBID)),
        ),
        automation=Automation(
            min_hold=Duration(chance.choice((0, 0, 10 * S))),
            max_orders_per_day=chance.choice((None, None, 6)),
        ),
    )
