"""The gate in its place: orders that fit singly but not together, after a restart, and with an unknown order counted.

Checking and reserving are one act: the second of two orders sees the hold of the first, whatever became of it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.requests import NewOrder
from coxswain.model.keys import SETTINGS
from coxswain.model.vocabulary import OrdStatus
from coxswain.runtime.plugins import check_modules
from tests.unit.core.desk import (
    BUY,
    EURUSD,
    EURUSD_SPOT,
    SELL,
    SHARE,
    SHARES,
    A,
    D,
    Desk,
    S,
    account,
    setup,
)

# What two orders of ten lots at 99.90 may not do together: the limit that one of them keeps, and the code that says so.
TOGETHER = [
    ({"max_position_qty": 15}, "POSITION_QTY"),
    ({"min_account_balance": 99_300}, "MARGIN"),  # each ties up 10 * 99.90 * 0.5
    ({"max_daily_loss_pct": "0.03"}, "DAILY_LOSS"),  # each may lose 2 % of 999
    ({"max_open_orders": 1}, "OPEN_ORDERS"),
    ({"max_gross_exposure": 1500}, "GROSS_EXPOSURE"),  # each is worth 999
    ({"max_net_exposure": 1500}, "NET_EXPOSURE"),
    ({"max_currency_exposure": 1500}, "CURRENCY_EXPOSURE"),
    ({"max_group_exposure": 1500}, "GROUP_EXPOSURE"),
    ({"max_desk_position_qty": 15}, "DESK_POSITION_QTY"),
    ({"max_desk_gross_exposure": 1500}, "DESK_GROSS_EXPOSURE"),
    ({"max_desk_net_exposure": 1500}, "DESK_NET_EXPOSURE"),
    ({"max_leverage": "0.015"}, "LEVERAGE"),
]
# The same, of controls that count what was sent: that the first is over makes no room for the second.
COUNTED = [
    ({"max_orders_per_day": 1}, "ORDERS_PER_DAY"),
    ({"max_orders_per_minute": 1}, "ORDERS_PER_MINUTE"),
    ({"max_repeats": 1}, "REPEATED"),
    ({"duplicate_window_ms": 60_000}, "DUPLICATE_ORDER"),
]
# Controls that look at one order by itself, or at something that orders do not add up to, and where they are tried.
BY_ITSELF = {
    1: "test_checks",
    2: "core/test_facts",
    3: "test_checks",
    4: "core/test_engine",
    5: "core/test_facts",
    6: "core/test_controls",
    7: "test_checks",
    8: "core/test_controls",
    9: "core/test_controls",
    10: "test_checks",
    11: "test_checks",
    12: "test_checks",
    13: "test_checks",
    14: "core/test_controls",
    15: "test_children_never_exceed_their_parent",
    16: "core/test_pacing",
    19: "core/test_controls",
    20: "core/test_controls",
    28: "core/test_controls",
    30: "test_a_direct_reducing_order_may_take_the_whole_position_and_no_more",
    31: "core/test_controls",
    32: "core/test_engine",
    33: "core/test_unknown",
    34: "core/test_facts",
    35: "core/test_facts",
    36: "core/test_limits",
    37: "core/test_overrides",
    38: "core/test_firm_losses",
    39: "core/test_breakers",
}
DESK_WIDE = {key.name for key in SETTINGS}


def test_every_control_is_tried_in_the_engine() -> None:
    codes = {code for _, code in (*TOGETHER, *COUNTED)}
    together = {module.CONTROL for module in check_modules() if codes & set(module.CODES)}
    assert {module.CONTROL for module in check_modules()} <= together | set(BY_ITSELF)
    assert together.isdisjoint(BY_ITSELF)


@pytest.mark.parametrize("place", sorted(set(BY_ITSELF.values())))
def test_where_a_control_is_tried_is_a_place_that_is_there(place: str) -> None:
    here = Path(__file__).parent
    folder = here.parent if "/" in place else here
    assert (folder / f"{place}.py").exists() or place in globals()


def first_fits(limits: dict[str, Any]) -> Desk:
    own = {name: value for name, value in limits.items() if name not in DESK_WIDE}
    instruments = (msgspec.structs.replace(SHARES, group="shares"), EURUSD_SPOT)
    # The account's own word counts before the desk's.
    own.setdefault("duplicate_window_ms", 0)
    desk_wide = {name: value for name, value in limits.items() if name in DESK_WIDE}
    desk = Desk(setup(account(A, **own), instruments=instruments, **desk_wide))
    desk.direct(BUY, 10, price="99.90", name="first")
    assert len(desk.requests(NewOrder)) == 1
    return desk


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def working(desk: Desk) -> Desk:
    desk.accept(desk.sent())
    return desk


def in_flight(desk: Desk) -> Desk:
    return desk


def after_a_restart(desk: Desk) -> Desk:
    desk.accept(desk.sent())
    again = desk.restarted()
    again.look(again.sent(), OrdStatus.NEW)
    again.books()
    return again


def folded(desk: Desk) -> Desk:
    desk.accept(desk.sent())
    return desk.folded()


def half_filled(desk: Desk) -> Desk:
    desk.accept(desk.sent())
    desk.fill(desk.sent(), 4, "99.90")
    return desk


def unknown(desk: Desk) -> Desk:
    desk.wait(5 * S)
    assert desk.position().unknown == 1
    return desk


@pytest.mark.parametrize("then", [in_flight, working, half_filled, folded, after_a_restart, unknown])
@pytest.mark.parametrize(("limits", "code"), [*TOGETHER, *COUNTED])
def test_two_orders_that_fit_singly_but_not_together(
    limits: dict[str, Any], code: str, then: Callable[[Desk], Desk]
) -> None:
    desk = then(first_fits(limits))
    sent = len(desk.requests(NewOrder))
    desk.direct(BUY, 10, price="99.90", name="second")
    assert code in codes(desk)
    assert len(desk.requests(NewOrder)) == sent


@pytest.mark.parametrize(("limits", "code"), TOGETHER)
def test_the_second_fits_when_the_first_is_over(limits: dict[str, Any], code: str) -> None:
    desk = working(first_fits(limits))
    desk.cancel(desk.sent())
    desk.direct(BUY, 10, price="99.90", name="second")
    assert len(desk.requests(NewOrder)) == 2


def test_positions_on_order_count_as_open() -> None:
    desk = working(first_fits({"max_open_positions": 1}))
    desk.direct(BUY, "0.01", symbol=EURUSD, name="second")
    assert codes(desk) == ["OPEN_POSITIONS"]
    desk.direct(BUY, 1, price="99.90", name="third")  # the same instrument
    assert len(desk.requests(NewOrder)) == 2


def test_long_and_short_are_worst_cases_of_their_own() -> None:
    desk = working(first_fits({"max_position_qty": 15}))
    desk.direct(SELL, 15, price="100.10", name="second")
    assert codes(desk) == []
    desk.direct(SELL, 1, price="100.10", name="third")
    assert codes(desk) == ["POSITION_QTY"]


def test_children_never_exceed_their_parent() -> None:
    desk = Desk()
    entry = desk.enter(10)
    plan = next(iter(desk.engine.state.plans.values()))
    assert (plan.total, plan.used, plan.shares[A].used) == (D(10), D(10), D(10))
    desk.accept(entry)
    desk.cancel(entry)
    assert (plan.used, plan.shares[A].used) == (D(0), D(0))


def test_every_check_of_an_approved_order_is_in_the_journal_with_value_and_limit() -> None:
    desk = Desk()
    desk.enter(10)
    checks = {check.code: check for check in desk.events(ev.OrderCreated)[0].checks}
    assert (checks["ORDER_QTY"].value, checks["ORDER_QTY"].limit) == (D(10), D(10_000))
    assert checks["MARGIN"].value == D("99499.9")  # 100,000 - 10 * 100.02 * 0.5


@pytest.mark.parametrize("qty", [9, 10, 11])
def test_a_direct_reducing_order_may_take_the_whole_position_and_no_more(qty: int) -> None:
    desk = Desk(setup(account(A, max_order_qty=10)))
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.direct(SELL, qty, name="second", reduce_only=True)
    assert (codes(desk) == []) is (qty <= 10)


def test_margin_is_counted_in_the_accounts_currency() -> None:
    desk = Desk(setup(account(A, "EUR")))
    desk.direct(BUY, 10, symbol=SHARE)
    created = desk.events(ev.OrderCreated)[0]
    assert created.margin_per_lot == D("46.0921658999")  # 100.02 * 0.5 / 1.08500, rounded up at each step
