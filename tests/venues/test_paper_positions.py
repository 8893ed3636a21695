"""What hangs on a position of the paper venue: OCO groups, reduce-only orders, margin, conversion, cash."""

from decimal import Decimal

import pytest

from coxswain.messages.inputs import ExecutionReport
from coxswain.model.market import Instrument
from coxswain.model.position import unrealized
from coxswain.model.vocabulary import ClOrdId, ExecType, Symbol
from coxswain.venues.paper import accounts
from tests.venues.desk import BUY, EURUSD, LIMIT, SECOND, SELL, STOP, USDJPY, B, D, Desk


def protected(desk: Desk, qty: int = 10) -> tuple[ClOrdId, ClOrdId]:
    """Buy at 101 and hang a stop at 95 and a target at 110 on the position."""
    desk.quote("99", "101")
    desk.order(BUY, qty)
    stop = desk.order(SELL, qty, STOP, "95", reduce_only=True, oco="g")
    target = desk.order(SELL, qty, LIMIT, "110", reduce_only=True, oco="g")
    return stop, target


# --- OCO ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bid", "ask", "filled"), [("94", "96", 0), ("111", "113", 1)])
def test_a_full_fill_of_one_member_cancels_the_other(bid: str, ask: str, filled: int) -> None:
    desk = Desk()
    members = protected(desk)
    desk.quote(bid, ask)
    assert desk.said(members[filled]) == ["NEW", f"TRADE 10 @ {bid}"]
    assert desk.said(members[1 - filled]) == ["NEW", "CANCELED"]
    assert not desk.books().positions
    assert not desk.books().orders


@pytest.mark.parametrize(("bid", "ask", "filled"), [("94", "96", 0), ("111", "113", 1)])
def test_a_partial_fill_of_one_member_takes_as_much_off_the_other(bid: str, ask: str, filled: int) -> None:
    desk = Desk()
    members = protected(desk)
    desk.quote(bid, ask, bid_size=4)
    assert desk.said(members[filled]) == ["NEW", f"TRADE 4 @ {bid}"]
    assert desk.said(members[1 - filled]) == ["NEW", "RESTATED 6"]
    desk.quote(bid, ask, bid_size=10)
    assert desk.said(members[filled])[-1] == f"TRADE 6 @ {bid}"
    assert desk.said(members[1 - filled])[-1] == "CANCELED"


def test_when_one_quote_reaches_both_members_only_the_stop_fills() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.run(61 * SECOND)  # on a stale quote nothing triggers yet
    target = desk.order(SELL, 10, LIMIT, "97", reduce_only=True, oco="g")
    stop = desk.order(SELL, 10, STOP, "99", reduce_only=True, oco="g")
    desk.quote("98", "100", bid_size=10)
    assert desk.said(stop) == ["NEW", "TRADE 10 @ 98"]
    assert desk.said(target) == ["NEW", "CANCELED"]


def test_members_on_both_sides_of_the_market_never_fill_on_one_quote() -> None:
    desk = Desk()
    desk.quote("99", "101")
    up = desk.order(BUY, 10, STOP, "103", oco="breakout")
    down = desk.order(SELL, 10, STOP, "97", oco="breakout")
    desk.quote("96", "104", bid_size=9, ask_size=9)
    assert desk.said(up) == ["NEW", "TRADE 9 @ 104"]
    assert desk.said(down) == ["NEW", "RESTATED 1"]
    desk.quote("98", "104")
    assert desk.said(up)[-1] == "TRADE 1 @ 104"
    assert desk.said(down)[-1] == "CANCELED"


def test_members_that_both_wait_at_the_market_do_not_fill_on_one_quote_either() -> None:
    desk = Desk()
    desk.quote("99", "101", bid_size=0, ask_size=0)
    buy, sell = desk.order(BUY, 5, oco="g"), desk.order(SELL, 5, oco="g")
    desk.quote("99", "101", bid_size=3, ask_size=3)
    assert desk.said(buy) == ["NEW", "TRADE 3 @ 101"]
    assert desk.said(sell) == ["NEW", "RESTATED 2"]


def test_a_member_is_cancelled_when_another_has_filled_as_much_as_it_asked_for() -> None:
    desk = Desk()
    desk.quote("99", "101")
    small = desk.order(SELL, 4, STOP, "90", oco="g")
    large = desk.order(SELL, 10, LIMIT, "105", oco="g")
    desk.quote("105", "107", bid_size=4)
    assert desk.said(large) == ["NEW", "TRADE 4 @ 105"]
    assert desk.said(small) == ["NEW", "CANCELED"]


def test_cancelling_one_member_leaves_the_other() -> None:
    desk = Desk()
    stop, target = protected(desk)
    desk.cancel(target)
    assert [order.cl_ord_id for order in desk.books().orders] == [stop]


def test_a_replaced_member_stays_in_its_group() -> None:
    desk = Desk()
    stop, target = protected(desk)
    desk.replace(stop, 10, stop_px="100")
    assert desk.said(ClOrdId("r1")) == ["REPLACED 10", "TRADE 10 @ 99"]
    assert desk.said(target) == ["NEW", "CANCELED"]


def test_groups_of_two_accounts_may_have_the_same_name() -> None:
    desk = Desk()
    stop, _ = protected(desk)
    other = desk.order(BUY, 1, LIMIT, "90", account=B, oco="g")
    desk.quote("94", "96")
    assert desk.said(stop)[-1] == "TRADE 10 @ 94"
    assert desk.said(other) == ["NEW"]


# --- reduce-only ----------------------------------------------------------------------------------------------------


def test_a_reduce_only_order_never_fills_past_the_position() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.order(BUY, 3)
    order = desk.order(SELL, 10, reduce_only=True)
    assert desk.said(order) == ["NEW", "TRADE 3 @ 99", "CANCELED"]
    assert desk.books().positions == ()


@pytest.mark.parametrize("opened", [None, SELL])
def test_a_reduce_only_order_without_a_position_to_reduce_is_cancelled(opened: str | None) -> None:
    desk = Desk()
    desk.quote("99", "101")
    if opened is not None:
        desk.order(SELL, 3)
    order = desk.order(SELL, 1, LIMIT, "99", reduce_only=True)
    assert desk.said(order) == ["NEW", "CANCELED"]
    report = desk.inputs[-1]
    assert isinstance(report, ExecutionReport)
    assert report.text == "reduce-only: there is no position to reduce"


@pytest.mark.parametrize("qty", [10, 15])
def test_resting_reduce_only_orders_are_cancelled_when_the_position_goes_flat_or_turns(qty: int) -> None:
    desk = Desk()
    stop, target = protected(desk)
    desk.order(SELL, qty)
    assert desk.said(stop) == desk.said(target) == ["NEW", "CANCELED"]


def test_resting_reduce_only_orders_stay_while_something_is_left_to_reduce() -> None:
    desk = Desk()
    stop, _ = protected(desk)
    desk.order(SELL, 4)
    desk.quote("94", "96")
    assert desk.said(stop) == ["NEW", "TRADE 6 @ 94", "CANCELED"]


def test_a_reduce_only_order_needs_neither_margin_nor_a_quote() -> None:
    desk = Desk(balance="1010")
    stop, target = protected(desk)
    assert desk.said(stop) == desk.said(target) == ["NEW"]


# --- margin ---------------------------------------------------------------------------------------------------------


def test_an_order_that_the_margin_cannot_carry_is_rejected_with_both_numbers() -> None:
    desk = Desk(balance="1000")
    desk.quote("99", "101")
    assert desk.said(desk.order(BUY, 5)) == ["NEW", "TRADE 5 @ 101"]
    # 1000 less 505 for the position less 10 that closing it now would lose.
    assert desk.refusal(desk.order(BUY, 5)) == "insufficient margin: needs 505, free 485"
    assert desk.said(desk.order(BUY, 4)) == ["NEW", "TRADE 4 @ 101"]


def test_working_orders_hold_margin_until_they_end() -> None:
    desk = Desk(balance="1000")
    desk.quote("99", "101")
    resting = desk.order(BUY, 9, LIMIT, "90")
    assert desk.refusal(desk.order(BUY, 2, LIMIT, "100")) == "insufficient margin: needs 200, free 190"
    desk.cancel(resting)
    assert desk.said(desk.order(BUY, 2, LIMIT, "100")) == ["NEW"]


def test_an_order_that_closes_needs_no_margin_and_one_that_turns_needs_it_for_the_rest() -> None:
    desk = Desk(balance="1000")
    desk.quote("99", "101")
    desk.order(BUY, 9)
    assert desk.refusal(desk.order(SELL, 10)) == "insufficient margin: needs 99, free 73"
    assert desk.said(desk.order(SELL, 9)) == ["NEW", "TRADE 9 @ 99"]


def test_a_replace_needs_margin_only_for_what_is_left_to_open() -> None:
    desk = Desk(balance="1100")
    desk.quote("99", "101")
    desk.order(BUY, 8)
    desk.quote("99", "101", bid_size=4)
    order = desk.order(SELL, 10, LIMIT, "99")
    # 4 are sold, 4 of the remaining 6 would close: the margin is for 2, and the free 680 would not do for 6.
    assert desk.said(order) == ["NEW", "TRADE 4 @ 99"]
    desk.replace(order, 10, px="120")
    assert desk.said(ClOrdId("r1")) == ["REPLACED 10"]


def test_leverage_is_the_instruments_margin_rate() -> None:
    desk = Desk(balance="5500")
    desk.quote("1.0999", "1.1", symbol=EURUSD)
    assert desk.said(desk.order(BUY, 1, symbol=EURUSD)) == ["NEW", "TRADE 1 @ 1.1"]
    assert desk.refusal(desk.order(BUY, "0.01", symbol=EURUSD)) == "insufficient margin: needs 55, free -10"


def test_free_margin_follows_every_quote_and_looks_only_at_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [Symbol(f"S{number}") for number in range(50)]
    shares = tuple(Instrument(name, "USD", D("0.01"), D(1), D(1)) for name in names)
    desk, looked_at = Desk(balance="10000", instruments=shares), []

    def counted(*values: Decimal) -> Decimal:
        looked_at.append(values)
        return unrealized(*values)

    monkeypatch.setattr(accounts, "unrealized", counted)
    for name in names:
        desk.quote("99", "100", symbol=name)
        desk.order(BUY, 1, symbol=name)
    assert desk.refusal(desk.order(BUY, 100, symbol=names[0])) == "insufficient margin: needs 10000, free 4950"
    looked_at.clear()
    for bid, free in (("109", 4960), ("90", 4941), ("99", 4950)):
        desk.quote(bid, str(int(bid) + 1), symbol=names[7])
        assert desk.refusal(desk.order(BUY, 100, symbol=names[0])).endswith(f", free {free}")
    assert len(looked_at) == 3


# --- money ----------------------------------------------------------------------------------------------------------


def trade(desk: Desk, index: int = -1) -> ExecutionReport:
    trades = [each for each in desk.inputs if isinstance(each, ExecutionReport) and each.exec_type is ExecType.TRADE]
    return trades[index]


def test_realised_profit_and_commission_move_the_balance() -> None:
    desk = Desk(balance="10000", commission_per_lot="0.25", commission_pct="0.1")
    desk.quote("99", "101")
    desk.order(BUY, 4)
    assert trade(desk).commission == D("1.404")  # 4 x 0.25 and 0.1 % of 404
    desk.quote("109", "111")
    desk.order(SELL, 4)
    assert trade(desk).commission == D("1.436")
    assert desk.books().balance == D(10_000) - D("1.404") - D("1.436") + 4 * 8


def test_profit_is_taken_at_average_cost() -> None:
    desk = Desk(balance="10000")
    desk.quote("99", "100")
    desk.order(BUY, 1)
    desk.quote("99", "103")
    desk.order(BUY, 2)
    desk.quote("110", "111")
    desk.order(SELL, 2)
    assert desk.books().balance == D(10_000) + 2 * (D(110) - 102)


@pytest.mark.parametrize(
    ("sell_at", "is_gain"), [(("151.00", "151.01"), True), (("149.00", "149.01"), False)], ids=["gain", "loss"]
)
def test_profit_in_another_currency_is_converted_at_the_side_that_is_worse(
    sell_at: tuple[str, str], is_gain: bool
) -> None:
    desk = Desk(balance="100000")
    desk.quote("149.99", "150.00", symbol=USDJPY)
    desk.order(BUY, 1, symbol=USDJPY)
    desk.quote(*sell_at, symbol=USDJPY)
    desk.order(SELL, 1, symbol=USDJPY)
    report = trade(desk)
    bid, ask = map(Decimal, sell_at)
    # The account is in USD, the instrument in JPY, and USDJPY itself is the inverse pair: yen are sold at its ask.
    exact = 1 / ask if is_gain else 1 / bid
    assert report.settl_fx_rate is not None
    assert abs(report.settl_fx_rate - exact) < D("0.0000000001")
    assert (report.settl_fx_rate <= exact) is is_gain
    expected = (bid - 150) * 100_000 * report.settl_fx_rate
    assert abs(desk.books().balance - 100_000 - expected) < D("0.0000000002")
    assert desk.books().fills[-1].settl_fx_rate == report.settl_fx_rate


def test_the_direct_pair_converts_at_its_bid_for_a_gain_and_its_ask_for_a_loss() -> None:
    for sell_at, rate in ((("1.2000", "1.2001"), "150"), (("1.0000", "1.0001"), "150.1")):
        desk = Desk(currency="JPY", balance="10000000")
        desk.quote("150", "150.1", symbol=USDJPY)
        desk.quote("1.0999", "1.1", symbol=EURUSD)
        desk.order(BUY, 1, symbol=EURUSD)
        desk.quote(*sell_at, symbol=EURUSD)
        desk.order(SELL, 1, symbol=EURUSD)
        assert trade(desk).settl_fx_rate == D(rate)
        assert desk.books().balance == 10_000_000 + (D(sell_at[0]) - D("1.1")) * 100_000 * D(rate)


def test_an_instrument_in_the_accounts_own_currency_has_no_rate() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.order(BUY, 1)
    assert trade(desk).settl_fx_rate is None


def test_without_a_fresh_rate_an_order_is_rejected_and_a_resting_one_waits() -> None:
    desk = Desk(currency="JPY", balance="10000000")
    desk.quote("1.0999", "1.1", symbol=EURUSD)
    assert desk.refusal(desk.order(BUY, 1, symbol=EURUSD)) == "no FX rate: USD to JPY"
    desk.quote("150", "150.1", symbol=USDJPY)
    resting = desk.order(BUY, 1, LIMIT, "1.05", symbol=EURUSD)
    desk.run(61 * SECOND)
    desk.quote("1.0399", "1.04", symbol=EURUSD)
    assert desk.said(resting) == ["NEW"]
    desk.quote("150", "150.1", symbol=USDJPY)
    desk.quote("1.0399", "1.04", symbol=EURUSD)
    assert desk.said(resting) == ["NEW", "TRADE 1 @ 1.04"]


def test_a_position_that_cannot_be_valued_keeps_new_ones_from_opening() -> None:
    desk = Desk(balance="1000000")
    desk.quote("149.99", "150.00", symbol=USDJPY)
    desk.order(BUY, 1, symbol=USDJPY)
    desk.run(61 * SECOND)
    desk.quote("99", "101")
    assert desk.refusal(desk.order(BUY, 1)) == "no FX rate: JPY to USD"
