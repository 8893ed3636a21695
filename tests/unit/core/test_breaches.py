"""What a plan says of breaches: by hand where one can, against simulation and other formulas where not."""

import random
from decimal import Decimal
from statistics import NormalDist

import pytest

from coxswain.core.breaches import Exposure, jointly
from coxswain.messages import events as ev
from coxswain.messages.inputs import VolatilityObserved
from coxswain.model.normal import UNIT, WHOLE
from coxswain.model.plan import Breaches
from coxswain.model.setup import Correlation
from tests.unit.core.desk import EURUSD, SHARE, A, B, C, D, Desk, account, setup

PHI = NormalDist().cdf


def breaches(desk: Desk, quantity: int) -> Breaches:
    desk.signal(quantity=quantity, stop_loss="99.90")
    told = desk.events(ev.PlanProposed)[-1].plan.breaches
    assert told is not None
    return told


def test_one_account_breaks_where_the_loss_of_a_day_exceeds_its_headroom() -> None:
    desk = Desk(setup(account(A, max_order_value=10**9, max_daily_loss_pct="0.2")))
    desk.step(VolatilityObserved(SHARE, D(2), D("0.5"), desk.now_ns))
    # 50 lots worth 100.02 move by 100.02 a day; the headroom is 200: two standard deviations
    told = breaches(desk, 50)
    assert told.volatility_pct == 2
    assert told.observed
    assert float(told.expected) == pytest.approx(PHI(-200 / 100.02), abs=2e-5)
    assert told.expected == told.at_least_one == told.all_together


def test_without_an_observation_the_volatility_is_assumed_and_said_to_be() -> None:
    desk = Desk(setup(account(A, max_order_value=10**9, max_daily_loss_pct="0.2"), assumed_volatility_pct=4))
    told = breaches(desk, 25)
    assert told.volatility_pct == 4
    assert not told.observed
    assert float(told.expected) == pytest.approx(PHI(-200 / 100.02), abs=2e-5)


def test_accounts_that_hold_nothing_else_break_together() -> None:
    limits = {A: "0.2", B: "0.2", C: "0.4"}
    config = setup(*(account(name, max_daily_loss_pct=pct) for name, pct in limits.items()), assumed_volatility_pct=10)
    told = breaches(Desk(config), 30)  # 10 lots each move by 100.02
    near, far = PHI(-200 / 100.02), PHI(-400 / 100.02)
    assert float(told.expected) == pytest.approx(2 * near + far, abs=5e-5)
    assert float(told.at_least_one) == pytest.approx(near, abs=2e-5)
    assert float(told.all_together) == pytest.approx(far, abs=2e-5)


def test_what_an_account_holds_already_counts_with_its_part() -> None:
    desk = Desk(setup(account(A, max_daily_loss_pct="0.2", max_order_value=10**9), assumed_volatility_pct=2))
    desk.hold(25, stop_loss="99.99")
    told = breaches(desk, 25)
    assert float(told.expected) == pytest.approx(PHI(-(200 - 0.50) / 100.02), abs=1e-4)  # 0.50: bought at the ask


def test_an_account_without_headroom_breaks_for_certain() -> None:
    assert jointly([Exposure(-8 * UNIT, D(0)), Exposure(2 * UNIT, D("0.5"))])[0] == pytest.approx(WHOLE, rel=1e-9)


@pytest.mark.parametrize("loading", ["0.98", "1"])
def test_fully_shared_risk_breaks_in_order(loading: str) -> None:
    one, both = jointly([Exposure(UNIT, D(loading)), Exposure(2 * UNIT, D(loading))])
    assert one / WHOLE == pytest.approx(PHI(-1), abs=1e-5)
    assert both / WHOLE == pytest.approx(PHI(-2), abs=1e-5)


def test_opposite_accounts_never_break_together() -> None:
    one, both = jointly([Exposure(UNIT, D(1)), Exposure(2 * UNIT, D(-1))])
    assert one / WHOLE == pytest.approx(PHI(-1) + PHI(-2), abs=1e-5)
    assert both == 0


def test_independent_accounts_multiply() -> None:
    one, both = jointly([Exposure(UNIT, D(0)), Exposure(2 * UNIT, D(0))])
    assert one / WHOLE == pytest.approx(1 - PHI(1) * PHI(2), abs=1e-5)
    assert both / WHOLE == pytest.approx(PHI(-1) * PHI(-2), abs=1e-5)


@pytest.mark.parametrize("squared", ["0.1", "0.5", "0.9", "0.97"])
def test_partly_shared_risk_is_what_a_simulation_shows(squared: str) -> None:
    one, both = jointly([Exposure(UNIT, D(squared)), Exposure(UNIT * 3 // 2, D(squared))])
    draw, shared, alone = random.Random(7), float(squared) ** 0.5, (1 - float(squared)) ** 0.5
    seen_one = seen_both = 0
    runs = 40_000
    for _ in range(runs):
        factor = draw.gauss(0, 1)
        broken = [shared * factor + alone * draw.gauss(0, 1) < -level for level in (1, 1.5)]
        seen_one += any(broken)
        seen_both += all(broken)
    assert one / WHOLE == pytest.approx(seen_one / runs, abs=0.006)
    assert both / WHOLE == pytest.approx(seen_both / runs, abs=0.006)
    against = jointly([Exposure(UNIT, D(squared)), Exposure(UNIT * 3 // 2, -D(squared))])
    assert against[1] < both
    assert against[0] > one


def test_many_accounts_alike_cost_no_more_than_one_kind() -> None:
    one, every = jointly([Exposure(2 * UNIT, D("0.5"))] * 1000)
    assert 0.3 < one / WHOLE < 1
    assert every / WHOLE < PHI(-2)


def test_given_correlations_bind_what_else_accounts_hold() -> None:
    def told(*pairs: Correlation) -> Breaches:
        config = setup(
            *(account(name, max_daily_loss_pct="1", risk_budget_pct=50) for name in (A, B)),
            correlations=pairs,
            assumed_volatility_pct=4,
            max_correlation_threshold=1,
        )
        desk = Desk(config)
        for name in (A, B):
            desk.signal(symbol=EURUSD, quantity="0.20", stop_loss="1.08400", accounts=(name,))
            desk.accept(desk.sent())
            desk.fill(desk.sent(), "0.20", px="1.08502", account=name)
        return breaches(desk, 40)

    apart, bound = told(), told(Correlation(A, B, D("0.9")))
    assert bound.expected == apart.expected
    assert bound.all_together > apart.all_together
    assert bound.at_least_one < apart.at_least_one


def test_a_plan_that_nobody_takes_part_in_breaks_nothing() -> None:
    desk = Desk(setup(account(A, min_available_margin=10**9)))
    desk.signal(quantity=5, stop_loss="95.00")
    assert desk.events(ev.PlanProposed)[-1].plan.breaches is None


def test_the_figures_are_decimals_of_six_digits() -> None:
    told = breaches(Desk(setup(account(A, max_daily_loss_pct="0.2"), assumed_volatility_pct=7)), 20)
    assert all(share == share.quantize(Decimal("0.000001")) for share in (told.expected, told.at_least_one))
