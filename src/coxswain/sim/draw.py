"""A whole world from one number: its accounts and venues, rules and limits, faults, and how often each of them comes.

Small limits are drawn often, so that what they lead to happens often. Nothing here checks anything.
"""

import random
from collections.abc import Callable, Collection
from datetime import datetime
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
from coxswain.model.market import Instrument
from coxswain.model.setup import AccountSpec, AllocationSpec, CapSpec, Setup, VenueSpec
from coxswain.model.vocabulary import (
    AccountId,
    DayLossRelease,
    Mode,
    SelfMatch,
    ShortSelling,
    StopMerge,
    Symbol,
    VenueId,
    VenueTier,
)
from coxswain.sim.crowd import ONLY_LATE, script
from coxswain.sim.ground import (
    A1,
    A2,
    AT,
    B1,
    C1,
    C2,
    CASH,
    EURUSD,
    PA,
    PC,
    SHARE,
    SPARE,
    VENUE_OF,
    Lacks,
    S,
    make_setup,
)
from coxswain.sim.rows import CRASHES
from coxswain.sim.unrest import Unrest
from coxswain.sim.world import Checker, Plan, World
from coxswain.venues.paper import Fault, FaultKind

OWNER = "Ann Example"
DAY_S = 86_400
ACTS = (6, 30)
"""How many there are, at least, and fewer than."""
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


KINDS: tuple[tuple[dict[str, object], Decimal], ...] = (
    ({}, Decimal(100)),
    ({"tick": "0.25", "contract_size": "5", "margin_rate": "0.1"}, Decimal(4000)),
    ({"tick": "0.05", "lot_step": "0.1", "min_qty": "0.1"}, Decimal(480)),
    ({"tick": "0.5", "lot_step": "10", "min_qty": "10", "margin_rate": "1"}, Decimal(2500)),
    ({"currency": "EUR"}, Decimal(100)),
)
"""What a share may be instead, and where its market begins: a contract, parts of a lot, a round lot, in euros."""
PAIRS: tuple[dict[str, object], ...] = ({}, {}, {"tick": "0.00005", "lot_step": "0.1", "min_qty": "0.1"})


class Drawn(NamedTuple):
    """What a world is made of, and what goes on in it."""

    setup: Setup
    begins_at: dict[Symbol, Decimal]
    lacks: Lacks
    plan: Plan
    script: tuple[Fault, ...]
    acts: int
    restarts: bool


BEGINNINGS = tuple(
    int(datetime.fromisoformat(text).timestamp()) * S
    for text in (
        "2023-11-14T22:13:20+00:00",
        "2023-10-29T00:50:00+00:00",  # clocks go back in Berlin at 01:00
        "2024-03-31T00:50:00+00:00",  # and forward
        "2023-11-05T05:50:00+00:00",  # clocks go back in New York at 06:00
        "2024-03-10T06:50:00+00:00",  # and forward at 07:00
        "2024-02-28T23:55:00+00:00",
    )
)
RESETS = (("UTC", "00:00"), ("Europe/Berlin", "02:30"), ("America/New_York", "02:30"), ("America/New_York", "17:00"))
TIERS = (VenueTier.T1, VenueTier.T1, VenueTier.T2, VenueTier.T2, VenueTier.T3)
RARE = ("F28", "F34", "F35-WRONG", "F52", "F52-RAISES")
"""What comes once in a while, even where it comes."""
SELDOM_CAN = ("F18", "F21", "F31")
"""What has few chances, and takes many of them."""
SPANS = ("F32", "F33", "F53")
AT_RANDOM = ("F15", "F16", "F17", "F19", "F29", "F30", "F31", "F35")

GROUPS = (
    (AT_RANDOM, (10, 40, 120), 0.5),
    (SPANS, (5, 20), 0.25),
    (RARE, (5, 30), 0.2),
    (SELDOM_CAN, (200, 600), 0.2),
)
"""Rows, how often they come where they come, in a thousand, and in what share of worlds they do."""


def draw(seed: int, rows: Collection[str] | None = None) -> Drawn:
    """Draw a world. With `rows`, nothing else of the fault matrix is on, and all of these are."""
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
    settings["settle_needs_two"] = random.Random(f"settle {seed}").choice(("0", "0", "0", "1"))
    settings |= _archiving(seed)
    venue_of = _accounts(chance)
    setup = make_setup(lacks, venue_of, min_timing_variance_ms="0", min_size_variance_pct="0", **settings)
    sets = _rule_sets(chance) if chance.random() < 0.5 else ()
    policy = chance.choice(tuple(POLICIES))
    both = tuple(account for account in (A1, B1) if account in venue_of)
    instruments, begins_at = _instruments(random.Random(f"instruments {seed}"), setup)
    setup = msgspec.structs.replace(
        setup,
        instruments=instruments,
        accounts=tuple(_account(chance, spec, sets) for spec in setup.accounts),
        venues=tuple(_venue(chance, spec) for spec in setup.venues),
        firms=sets,
        product_groups={"EURUSD": "one", "SHARE": "one"} if chance.random() < 0.3 else {},
        allocation=AllocationSpec(policy, POLICIES[policy]),
        caps=(CapSpec("both", both, share_pct=Decimal(40)),) if both and chance.random() < 0.2 else (),
        self_match=chance.choice(tuple(SelfMatch)),
        mode=chance.choice((*(Mode.FULL_AUTO,) * 5, Mode.SEMI_AUTO)),
    )
    plan = _plan(chance, rows, random.Random(f"more {seed}"))
    kinds = tuple(FaultKind) if chance.random() < 0.5 else ONLY_LATE
    faults = script(seed, chance.choice((0, 10, 30)), tuple(venue_of), kinds)
    restarts = chance.random() < 0.5 or "F11" in dict(plan.crashes) or (rows is not None and "KEPT" in rows)
    return Drawn(setup, begins_at, lacks, plan, faults, chance.randrange(*ACTS), restarts)


def _instruments(chance: random.Random, setup: Setup) -> tuple[tuple[Instrument, ...], dict[Symbol, Decimal]]:
    """Draw what is traded: in half of the worlds something other than a share and a pair of currencies."""
    fields, price = chance.choice(KINDS) if chance.random() < 0.5 else KINDS[0]
    drawn = {SHARE: fields, EURUSD: chance.choice(PAIRS)}
    made = []
    for instrument in setup.instruments:
        values = {
            name: value if name == "currency" else Decimal(str(value))
            for name, value in drawn[instrument.symbol].items()
        }
        made.append(msgspec.structs.replace(instrument, **values))
    return tuple(made), {**AT, SHARE: price}


def _archiving(seed: int) -> dict[str, str]:
    """Let what is over leave the memory soon in half of the worlds. Drawn by itself: no other draw depends on it."""
    chance = random.Random(f"archive {seed}")
    return {"archive_after_s": chance.choice(("1", "5", "30"))} if chance.random() < 0.5 else {}


def _accounts(chance: random.Random) -> dict[AccountId, VenueId]:
    """Draw how many accounts there are at how many venues; two at least."""
    every = {**VENUE_OF, C1: PC, C2: PC}
    chosen = chance.sample(tuple(every), chance.randrange(2, len(every) + 1))
    if set(chosen) == {SPARE} or len(chosen) < 2:
        chosen = [A1, B1]
    return {account: venue for account, venue in every.items() if account in chosen}


def _venue(chance: random.Random, spec: VenueSpec) -> VenueSpec:
    tier = VenueTier.T1 if spec.id == PA else chance.choice(TIERS)
    return msgspec.structs.replace(spec, capabilities=msgspec.structs.replace(spec.capabilities, tier=tier))


def _plan(chance: random.Random, rows: Collection[str] | None, more: random.Random) -> Plan:
    """`more` is for what came later: the worlds from before stay the same."""
    quiet = chance.random() < 0.15
    rates: dict[str, int] = {}
    for group, often, share in GROUPS:
        for row in group:
            rate, is_on = chance.choice(often), chance.random() < share
            if (is_on and not quiet) if rows is None else row in rows:
                rates[row] = rate
    crashes = [
        (chance.choice((*CRASHES, "F11")), chance.choice((1, 1, 2, 3, 8))) for _ in range(chance.choice((0, 1, 3, 5)))
    ]
    if rows is not None:
        torn_too = ("F04",) if "F39-TORN" in rows else ()
        crashes = [(row, 1 + chance.randrange(4)) for row in CRASHES if row in rows or row in torn_too]
    elif quiet:
        crashes = []
    stalls = chance.choice((0, 0, 10))
    flood = more.choice((400, 1_000, 2_500)) if more.random() < 0.02 else 0
    rivals = more.random() < 0.04 if rows is None else "F44-TWO" in rows
    torn = more.random() < 0.12 if rows is None else "F39-TORN" in rows
    return Plan(
        rates,
        tuple(crashes),
        chance.choice(BEGINNINGS),
        chance.choice((0, 0, 250, 1_000)),
        stalls if rows is None or "F36" in rows else 0,
        rivals,
        torn,
        flood if rows is None else 2_500 if "F46-FLOOD" in rows else 0,
        chance.random() < 0.3 or (rows is not None and bool({"F39", "F40", "F45"} & set(rows))),
    )


def make(drawn: Drawn, seed: int, check: Callable[[Checker | None], Checker]) -> tuple[World, Unrest]:
    """Make a world, and those who act on it."""
    world = World(seed, drawn.setup, drawn.lacks, CASH, drawn.script, drawn.plan, check, drawn.begins_at)
    return world, Unrest(world, seed, restarts=drawn.restarts)


def _account(chance: random.Random, spec: AccountSpec, sets: tuple[RuleSet, ...]) -> AccountSpec:
    firm = chance.choice(sets).id if sets and spec.currency == "USD" and chance.random() < 0.6 else ""
    tz, reset_time = chance.choice(RESETS)
    return msgspec.structs.replace(
        spec,
        tz=tz,
        reset_time=reset_time,
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
