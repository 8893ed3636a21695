"""The package's own rule sets on the worked examples of their sources, and what no sequence of orders may do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.app.config.firms import read_rule_sets
from coxswain.core.firm.view import marks_of
from coxswain.messages.requests import NewOrder
from coxswain.model.firm import RuleSet, Trail, Window
from coxswain.model.firm_facts import Floor, Marks
from coxswain.risk.firm.floors import floors, holds
from tests.unit.core.desk import BUY, A, D
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, share, under

FOUND, _ = read_rule_sets(None)


def marks(balance: int, equity: int, day_balance: int, day_equity: int | None = None, initial: int = 100_000) -> Marks:
    """Highs are those of the balance at resets, unless a test says otherwise."""
    first, now, worth, day, day_worth = map(D, (initial, balance, equity, day_balance, day_equity or day_balance))
    high = max(initial, day_balance)
    return Marks(first, now, worth, day, day_worth, D(high), D(max(high, balance)), D(max(high, equity)))


def daily(name: str, at: Marks) -> Floor:
    return next(floor for floor in floors(FOUND[name].loss_limits, at) if floor.limit.window is Window.DAY)


def longest(name: str, at: Marks) -> Floor:
    return next(floor for floor in floors(FOUND[name].loss_limits, at) if floor.limit.window is Window.LIFETIME)


@pytest.mark.parametrize(
    ("name", "balance", "floor"),
    [
        ("ftmo.2step.evaluation@2026-07", 100_000, 95_000),
        ("ftmo.2step.funded@2026-07", 102_000, 97_000),  # the balance at midnight, less 5 % of the initial one
        ("ftmo.1step@2026-07", 102_000, 99_000),
        ("fundednext.stellar-2step@2026-07", 98_000, 93_000),
    ],
)
def test_a_daily_floor_is_the_balance_at_the_reset_less_a_share_of_the_initial_one(
    name: str, balance: int, floor: int
) -> None:
    assert daily(name, marks(balance, balance, balance)).now == floor


def test_losing_all_of_it_breaks_one_firms_rule_and_not_yet_the_others() -> None:
    at = marks(100_000, 95_000, 100_000)
    assert not holds(daily("fundednext.stellar-2step@2026-07", at), D(95_000), D(95_000))
    assert holds(daily("ftmo.2step.funded@2026-07", at), D(95_000), D(95_000))


def test_a_floating_loss_that_is_carried_over_the_reset_counts_at_once() -> None:
    """Balance 100,000 and a floating loss of 3,000 at the reset: 2,000 are left."""
    found = daily("fundednext.stellar-2step@2026-07", marks(100_000, 97_000, 100_000, 97_000))
    assert found.measured - found.now == 2_000


def test_high_stakes_takes_the_higher_of_balance_and_equity_and_a_share_of_that() -> None:
    assert daily("the5ers.high-stakes@2026-07", marks(100_000, 104_000, 100_000, 104_000)).now == 98_800


def test_an_instant_account_trails_its_closed_balance_and_stops_at_the_initial_one() -> None:
    name = "fundednext.stellar-instant@2026-07"
    assert longest(name, marks(103_000, 103_000, 100_000)).now == 97_000
    assert longest(name, marks(110_000, 110_000, 100_000)).now == 100_000
    assert not any(limit.window is Window.DAY for limit in FOUND[name].loss_limits)


def test_futures_accounts_trail_and_lock() -> None:
    at = marks(51_000, 51_500, 50_000, initial=50_000)
    assert longest("topstep.50k@2026-07", at).now == 49_500
    assert longest("apex.legacy-50k@2026-07", at).now == 49_000
    high = marks(56_000, 56_000, 50_000, initial=50_000)
    assert longest("topstep.50k@2026-07", high).now == 50_000
    assert longest("apex.legacy-50k@2026-07", high).now == 50_100


@pytest.mark.parametrize("rules_", FOUND.values(), ids=list(FOUND))
def test_every_rule_set_judges_an_order(rules_: RuleSet) -> None:
    account = under(A, rules_, rules_.phase[0])
    desk = FirmDesk(firm_setup(account, sets=(rules_,)))
    desk.direct(BUY, 1, price="100.00", stop_loss="95.00")
    refused = desk.refusals()
    assert all("nothing is known of it" in why for why in refused)  # those with rules about news, without a calendar
    assert bool(refused) is any(rule.actions.open == "forbid" and _applies(rules_, rule.phases) for rule in rules_.news)


def _applies(rules_: RuleSet, phases: tuple[str, ...]) -> bool:
    return not phases or rules_.phase[0] in phases


# --- what no sequence may do ------------------------------------------------------------------------------------------

ORDER = st.tuples(st.integers(1, 900), st.integers(1, 9), st.booleans())


@given(st.lists(ORDER, max_size=12), st.sampled_from(list(Trail)))
@settings(max_examples=60, deadline=None)
def test_an_order_that_is_allowed_never_brings_the_worst_case_under_a_floor(
    orders: list[tuple[int, int, bool]], trail: Trail
) -> None:
    limits = (share("daily", "0.05"), share("max", "0.06", window=Window.LIFETIME, trail=trail))
    rule_set = rules(loss_limits=limits)
    desk = FirmDesk(firm_setup(under(A, rule_set, max_open_positions=50), sets=(rule_set,)))
    for number, (qty, away, fills) in enumerate(orders):
        before = len(desk.records)
        desk.direct(BUY, qty, name=f"d{number}", price="100.00", stop_loss=f"{100 - away}.00")
        if not any(not order.reduce_only for order in desk.requests(NewOrder, before)):
            continue
        if fills:
            desk.fill(desk.sent(), qty, "100.00")
        account, book = desk.account(), desk.book()
        at = marks_of(account, book)
        worst = (account.balance or D(0)) - account.open_risk - account.held_risk
        for floor in floors(limits, at):
            assert holds(floor, worst, floor.now)
