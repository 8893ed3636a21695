"""Two orders of one signal where much else counts: the rules of firms, free margin, and the limits of a strategy."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ApprovePlan
from coxswain.messages.requests import NewOrder
from coxswain.model.contingent import Contingent
from coxswain.model.firm import Size
from coxswain.model.vocabulary import Mode, SignalId
from tests.unit.core.desk import BUY, SHARE, STOP, A, D, Desk, S, account, setup
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, share, under
from tests.unit.core.test_linked import ALL, BREAK_DOWN, SAME_SIDE, both_kinds, send

WIDER = Contingent(BUY, STOP, D("101.00"), stop_loss=D("98.00"))


def desk_under(*, native: bool, mode: Mode = Mode.FULL_AUTO, **of_firm: Any) -> FirmDesk:
    rule_set = rules(**(of_firm or {"loss_limits": (share("daily", "0.05"),)}))
    can = msgspec.structs.replace(ALL, native_oco=native)
    return FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,), can=can, mode=mode))


def sent(desk: Desk) -> list[NewOrder]:
    return [order for order in desk.requests(NewOrder) if not order.reduce_only]


@both_kinds
@pytest.mark.parametrize("oco", [BREAK_DOWN, SAME_SIDE], ids=["both sides", "one side"])
def test_a_pair_that_a_firms_floor_made_smaller_is_placed_whole(native: bool, oco: Contingent) -> None:
    desk = desk_under(native=native)
    send(desk, quantity=5000, oco=oco)
    one, other = sent(desk)
    assert one.order_qty == other.order_qty > 0
    assert not desk.events(ev.OrderDenied)


def test_a_firm_counts_a_pair_that_its_venue_keeps_apart_once() -> None:
    desk = desk_under(native=True)
    send(desk, quantity=5000, oco=SAME_SIDE)
    assert [order.order_qty for order in sent(desk)] == [D(1666)] * 2  # 5,000 over 3.00, and not over 4.50


def test_a_cap_of_a_firm_holds_for_each_order_of_a_pair_and_not_for_both() -> None:
    desk = desk_under(native=True, size=Size(per_symbol={SHARE: D(10)}, max_risk_per_position=D("0.0003")))
    send(desk, quantity=10, oco=SAME_SIDE)  # 10 of 10, and 30 of 30 at risk at the wider stop
    assert [order.order_qty for order in sent(desk)] == [D(10)] * 2


def test_what_follows_on_the_same_side_with_a_wider_stop_fits_the_floor_when_its_turn_comes() -> None:
    desk = desk_under(native=True)
    send(desk, quantity=5000, then=WIDER)
    first = sent(desk)[0]
    desk.accept(first.cl_ord_id)
    desk.quote(SHARE, "101.00", "101.02")
    desk.fill(first.cl_ord_id, str(first.order_qty), "101.00")
    desk.wait(S)
    assert [order.order_qty for order in sent(desk)] == [first.order_qty] * 2
    assert not desk.events(ev.OrderDenied)


def test_a_pair_is_approved_at_the_size_that_it_was_planned_at() -> None:
    desk = desk_under(native=False, mode=Mode.MANUAL)
    send(desk, quantity=5000, oco=SAME_SIDE)
    planned = desk.events(ev.PlanProposed)[0].plan.assignments[0].qty
    desk.step(ApprovePlan((SignalId("pair"),), "ann", "looks right"))
    desk.wait(0)
    assert [order.order_qty for order in sent(desk)] == [planned] * 2


def test_the_margin_that_one_order_of_a_pair_holds_is_free_for_the_other() -> None:
    desk = Desk(setup(account(A, risk_per_trade_pct=100, risk_budget_pct=100, max_order_value=10**9), can=ALL))
    send(desk, quantity=5000, oco=BREAK_DOWN)
    one, other = sent(desk)
    assert one.order_qty == other.order_qty > 1900  # all that the margin carries
