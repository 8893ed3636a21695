"""Museum: orders that nothing held back. What happened then, and what happens here."""

import pytest

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.requests import NewOrder
from coxswain.model.vocabulary import AccountId, JournalId, SignalId, TradingState
from tests.unit.core.desk import BUY, A, D, Desk, S, account, only, setup


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def test_knight_2012_a_strategy_that_repeats_itself_is_stopped() -> None:
    """Knight Capital, August 2012.

    Then: code left over on one server sent orders without counting what had filled, for three quarters of an hour.
    Here: the same order of one strategy again and again stops its account by itself, and only a person lets it go on.
    """
    desk = Desk(setup(account(A, max_orders_per_minute=10_000, max_orders_per_day=100_000)))
    for number in range(100):
        desk.direct(BUY, 1, name=f"child-{number}")
        if desk.knows(desk.sent()) and not desk.order(desk.sent()).cum_qty:
            desk.fill(desk.sent(), 1)
        desk.wait(S)
    assert len(desk.requests(NewOrder)) == 20
    assert desk.position().qty == D(20)
    assert "REPEATED" in desk.account().causes
    desk.wait(3600 * S)
    assert desk.account().state is TradingState.REDUCING


def test_citi_2022_a_basket_too_large_is_refused_whatever_one_person_says() -> None:
    """Citi, May 2022.

    Then: a basket of 444 billion instead of 58 million was entered, its warnings were clicked away by one person.
    Here: the limits on one order are hard, no override can be asked for, and all that fail are told at once.
    """
    desk = Desk()
    until_ns = desk.now_ns + 60 * S
    for control in (11, 12):
        desk.step(inp.ProposeOverride(control, A, SignalId("basket"), "it is right", "ann", until_ns))
    assert [event.reasons[0].split(":")[0] for event in desk.events(ev.CommandRefused)] == ["CONTROL_NOT_SOFT"] * 2
    desk.direct(BUY, 444_000, name="basket")
    assert {"ORDER_QTY", "ORDER_VALUE"} <= set(codes(desk))
    assert desk.requests(NewOrder) == []


@pytest.mark.parametrize(("limit", "sent"), [("999", 0), ("1001", 1)])
def test_nautilus_4011_a_limit_counts_on_a_margin_account(limit: str, sent: int) -> None:
    """nautilus_trader 4011, 2026.

    Then: the checks of an order returned early for margin accounts, so the largest notional was never looked at.
    Here: every account's order meets every control, and each answer stands in the journal with its limit.
    """
    desk = Desk(setup(account(A, max_order_value=limit)))
    desk.direct(BUY, 10, price="100.00")
    assert len(desk.requests(NewOrder)) == sent
    assert (codes(desk) == ["ORDER_VALUE"]) is (not sent)
    for created in desk.events(ev.OrderCreated):
        assert "ORDER_VALUE" in {check.code for check in created.checks}
        assert {check.code for check in created.checks} >= {"ORDER_QTY", "MARGIN", "POSITION_QTY"}


def test_nautilus_4946_an_account_that_is_not_found_lets_nothing_through() -> None:
    """nautilus_trader 4946, 2026.

    Then: an account was looked for under the instrument's venue, not found, and all its checks were left out.
    Here: an order names its account, and one that is not configured, or not compared yet, is no reason to let it pass.
    """
    desk = Desk()
    desk.direct(BUY, 10, account_id=AccountId("nobody"))
    assert desk.requests(NewOrder) == []
    early = Desk(begin=False)
    early.step(inp.EngineStarted("test", JournalId("desk0000desk0000"), 7, early.setup))
    early.direct(BUY, 10)
    assert early.requests(NewOrder) == []
    assert only(early.events(ev.OrderDenied)).reasons


@pytest.mark.parametrize(("price", "sent"), [("150.00", 0), ("102.03", 0), ("102.00", 1)])
def test_a_limit_far_through_the_market_is_collared(price: str, sent: int) -> None:
    """A limit buy far through the market, as told.

    Then: a limit to buy far through the market left, because nothing collared it.
    Here: a price further from the touch than the collar is refused on either side of the market.
    """
    desk = Desk()
    desk.direct(BUY, 10, price=price)
    assert len(desk.requests(NewOrder)) == sent
    assert ("PRICE_COLLAR" in codes(desk)) is (not sent)
