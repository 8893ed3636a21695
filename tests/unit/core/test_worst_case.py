"""The worst case before a trade: equity less what is still lost from each mark to its stop, floating losses once."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.core.firm.standing import standing
from coxswain.messages import events as ev
from coxswain.messages.inputs import SetLimits, SubmitOrder
from coxswain.model.decimals import round_up
from coxswain.model.firm import BreachOn, Measure
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdType, Role, Side, SignalId, Symbol, TimeInForce
from tests.instruments import USDJPY_SPOT
from tests.unit.core.desk import BUY, SELL, SHARE, SHARES, A, B, D, Desk, S, account, setup
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, share, under

USDJPY = USDJPY_SPOT.symbol


def day_loss_with(desk: Desk) -> Decimal:
    """Return what the gate counts against the day's limit for one more share that loses 1.00 at its stop."""
    since = len(desk.records)
    market = desk.engine.state.quotes[SHARE].ask
    desk.direct(BUY, 1, name=f"asked at {since}", stop_loss=str(market - 1))

    (created,) = desk.events(ev.OrderCreated, since)
    (value,) = (check.value for check in created.checks if check.code == "DAILY_LOSS")
    assert isinstance(value, Decimal)
    return value


def holding(stop_loss: str | None = "95.00", side: Side = BUY) -> Desk:
    """Return a desk that holds a hundred shares at 100.00 in a market without a spread; nobody charges commission."""
    desk = Desk(setup(account(A, max_order_value=10**9, max_price_drift_pct=50)))
    desk.quote(SHARE, "100.00", "100.00")
    desk.direct(side, 100, name="held", stop_loss=stop_loss)
    desk.fill(desk.sent(), 100, "100.00")
    return desk


# --- the day's limit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("px", ["100.00", "98.00", "95.01", "101.50"])
def test_a_loss_that_is_open_is_part_of_the_way_to_the_stop_and_not_lost_again(px: str) -> None:
    desk = holding()
    desk.quote(SHARE, px, px)
    assert day_loss_with(desk) == 501  # 500.00 at the stop whichever way it goes there, and 1.00 for the new share


def test_of_a_short_position_as_well() -> None:
    desk = holding("105.00", SELL)
    for number, px in enumerate(("102.00", "97.00")):
        desk.quote(SHARE, px, px)
        assert day_loss_with(desk) == 501 + number  # the first that was asked for still works


def test_beyond_its_stop_a_position_has_lost_what_its_mark_says() -> None:
    desk = holding()
    desk.quote(SHARE, "94.00", "94.00")
    assert (desk.position().to_stop, desk.position().unrealized) == (D(0), D(-600))
    assert day_loss_with(desk) == 601


def test_a_stop_beyond_the_average_price_has_locked_its_profit_in() -> None:
    desk = holding()
    desk.quote(SHARE, "109.00", "109.00")
    desk.adjust(stop_loss="104.00")
    assert (desk.account().open_risk, desk.account().to_stops) == (D(0), D(500))
    assert day_loss_with(desk) == -399  # 900 are won, 500 may go back


def test_a_stop_that_moves_moves_the_sum() -> None:
    desk = holding()
    desk.quote(SHARE, "98.00", "98.00")
    for stop_loss, to_stop in (("96.00", 200), ("97.50", 50), ("90.00", 800)):
        desk.adjust(stop_loss=stop_loss)
        assert (desk.position().to_stop, desk.account().to_stops) == (D(to_stop), D(to_stop))
    again = desk.folded()
    assert again.account().to_stops == 800


def test_without_a_stop_the_assumed_loss_counts_whole_below_a_loss_and_from_the_average_price_with_a_profit() -> None:
    desk = holding(None)
    for px, to_stop in (("100.00", 200), ("97.00", 200), ("103.00", 500)):  # 2 % of 10,000
        desk.quote(SHARE, px, px)
        assert desk.account().to_stops == to_stop


def test_what_is_closed_loses_nothing_more() -> None:
    desk = holding()
    desk.quote(SHARE, "98.00", "98.00")
    desk.accept(desk.stop_of().cl_ord_id)
    desk.fill(desk.stop_of().cl_ord_id, 40, "98.00")
    assert desk.account().to_stops == 60 * 3
    desk.fill(desk.stop_of().cl_ord_id, 60, "98.00")
    assert (desk.account().to_stops, desk.account().open_risk) == (D(0), D(0))


def test_orders_that_work_or_are_unknown_count_whole() -> None:
    desk = holding()
    desk.quote(SHARE, "98.00", "98.00")
    desk.direct(BUY, 10, name="rests", price="97.00", stop_loss="95.00")
    assert day_loss_with(desk) == 521
    desk.wait(6 * S)
    assert not desk.order(desk.sent()).outcome_known
    assert desk.account().held_risk == 21


def test_a_loss_in_another_currency_ends_where_the_stop_does() -> None:
    """100,000 USD short of JPY: 0.500 JPY to the stop are 50,000 JPY, whatever the mark is on the way."""
    desk = Desk(setup(account(A, max_order_value=10**9), instruments=(*setup().instruments, USDJPY_SPOT)))
    desk.quote(USDJPY, "150.000", "150.000")
    desk.direct(BUY, 1, name="held", symbol=USDJPY, stop_loss="149.500")
    desk.fill(desk.sent(), 1, "150.000")
    for px in ("150.000", "149.800", "150.400"):
        desk.quote(USDJPY, px, px)
        at_stop = desk.account().unrealized - desk.account().to_stops
        assert at_stop == -desk.position(USDJPY).risk


def test_a_size_leaves_room_for_the_rest_of_the_way_to_the_stops() -> None:
    """A day may lose 1,000. 300 of the 500 to the stop are lost: 500 are left for a share that loses 5.00."""
    desk = holding()
    desk.step(_limits(desk))
    desk.quote(SHARE, "97.00", "97.00")
    desk.signal(accounts=(A,), side=BUY, stop_loss="92.00", quantity=10_000)
    (share_of_a,) = desk.events(ev.PlanProposed)[-1].plan.assignments
    assert (share_of_a.sizing, share_of_a.qty) == ("headroom to the daily loss limit", D(100))


def _limits(desk: Desk) -> SetLimits:
    return SetLimits({"max_daily_loss_pct": D(1), "risk_per_trade_pct": D(50), "risk_budget_pct": D(50)}, "x", "ann", A)


# --- a firm's floors --------------------------------------------------------------------------------------------------

BELOW = BreachOn.BELOW


def firm_holding(measure: Measure = Measure.EQUITY) -> FirmDesk:
    """Return a desk that holds 500 shares at 100.00 with 2,500 to the stop, and may lose 5,000 a day."""
    rule_set = rules(loss_limits=(share("daily", "0.05", breach_on=BELOW, measure=measure),))
    desk = FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,)))
    desk.quote(SHARE, "100.00", "100.00")
    desk.direct(BUY, 500, name="held", stop_loss="95.00")
    desk.fill(desk.sent(), 500, "100.00")
    desk.accept(desk.stop_of().cl_ord_id)
    return desk


def left(desk: FirmDesk) -> Decimal | None:
    return {row.rule: row for row in standing(desk.engine.state, A)}["daily"].headroom


@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize("px", ["100.00", "97.00", "104.00"])
def test_a_floor_stands_as_far_away_as_the_stops_leave_it(measure: Measure, px: str) -> None:
    desk = firm_holding(measure)
    desk.quote(SHARE, px, px)
    assert left(desk) == 2500
    since = len(desk.records)
    desk.direct(BUY, 501, name="over", symbol=Symbol("ES"), price="5000.00", stop_loss="4999.90")
    assert desk.refusals(since)[0].startswith(
        "FIRM_LOSS: value=at its stops the account would be at 94995; allowed up to 500"
    )
    desk.direct(BUY, 500, name="at", symbol=Symbol("ES"), price="5000.00", stop_loss="4999.90")
    assert len(desk.refusals(since)) == 1


def test_a_profit_that_a_stop_has_locked_in_counts_for_equity_and_not_for_a_balance_that_does_not_have_it_yet() -> None:
    for measure, expected in ((Measure.EQUITY, 6000), (Measure.CLOSED_BALANCE, 5000)):
        desk = firm_holding(measure)
        desk.quote(SHARE, "104.00", "104.00")
        desk.adjust(stop_loss="102.00")
        assert left(desk) == expected


def test_what_is_lost_beyond_a_stop_is_lost_to_the_balance_too() -> None:
    desk = firm_holding(Measure.CLOSED_BALANCE)
    desk.quote(SHARE, "94.50", "94.50")
    assert left(desk) == 2250


def test_an_entry_with_a_wider_stop_takes_a_position_in_loss_along_from_its_mark() -> None:
    """500 shares at 97.00 would go to 94.00 with the new ones: 1,500 of equity, where 3,000 are lost from 100.00."""
    desk = firm_holding()
    desk.quote(SHARE, "97.00", "97.00")
    since = len(desk.records)
    desk.direct(BUY, 667, name="over", price="97.00", stop_loss="94.00")
    assert len(desk.refusals(since)) == 1  # 98,500 less 1,500 less 2,001 is 94,999
    desk.direct(BUY, 666, name="at", price="97.00", stop_loss="94.00")
    assert len(desk.refusals(since)) == 1


# --- any sequence -----------------------------------------------------------------------------------------------------

OTHER = Symbol("OTHER")
MARKET_STEPS = st.tuples(
    st.sampled_from((SHARE, OTHER)), st.integers(9_600, 10_400), st.sampled_from((0, 1, 5))
)  # a bid and a spread in cents
ORDER_STEPS = st.tuples(
    st.sampled_from((A, B)),
    st.sampled_from((SHARE, OTHER)),
    st.sampled_from((BUY, SELL)),
    st.integers(1, 200),
    st.one_of(st.none(), st.integers(1, 900)),  # how far its stop is, in cents
    st.sampled_from((None, 1, 2)),  # what of it fills at once: nothing, all, half
)
ADJUSTMENTS = st.tuples(st.sampled_from((A, B)), st.sampled_from((SHARE, OTHER)), st.integers(9_000, 11_000))


class Scratch:
    """One account's worst case, told by records alone: no sum of the engine's is looked at."""

    def __init__(self, desk: Desk, account_id: AccountId) -> None:
        self.balance = D(100_000)
        self.positions: dict[Symbol, tuple[Decimal, Decimal, Decimal | None]] = {}
        self.open_risk: dict[ClOrdId, tuple[Decimal, Decimal]] = {}
        self.quotes = desk.engine.state.quotes
        for record in desk.records:
            for event in record.events:
                self._apply(event, account_id)

    def _apply(self, event: object, account_id: AccountId) -> None:
        match event:
            case ev.PositionChanged(account=account) if account == account_id:
                stop_px = None if event.closed else self.positions.get(event.symbol, (D(0), D(0), None))[2]
                self.positions[event.symbol] = event.qty, event.cost, stop_px
                self.balance = event.balance
            case ev.ProtectionLevelsSet(account=account) if account == account_id:
                self.positions[event.symbol] = *self.positions[event.symbol][:2], event.stop_px
            case ev.OrderCreated(intent=intent) if intent.account == account_id and event.enters:
                self.open_risk[event.cl_ord_id] = intent.order_qty, event.risk_per_lot
            case ev.OrderFilled(account=account) if account == account_id and event.cl_ord_id in self.open_risk:
                left, risk_per_lot = self.open_risk[event.cl_ord_id]
                self.open_risk[event.cl_ord_id] = left - event.last_qty, risk_per_lot

    def to_stops(self) -> Decimal:
        return sum((self._to_stop(symbol, *held) for symbol, held in self.positions.items()), D(0))

    def _to_stop(self, symbol: Symbol, qty: Decimal, cost: Decimal, stop_px: Decimal | None) -> Decimal:
        if stop_px is None:
            return round_up(abs(cost) * D("0.02")) + max(self._profit(symbol, qty, cost), D(0))
        return max(qty * (self._mark(symbol, qty) - stop_px), D(0))

    def _mark(self, symbol: Symbol, qty: Decimal) -> Decimal:
        return self.quotes[symbol].bid if qty > 0 else self.quotes[symbol].ask

    def _profit(self, symbol: Symbol, qty: Decimal, cost: Decimal) -> Decimal:
        return qty * self._mark(symbol, qty) - cost if qty else D(0)

    def lost_with(self, qty: Decimal, risk_per_lot: Decimal) -> Decimal:
        """Return the day's loss if every stop is hit, those of open orders and of the one that is asked for too."""
        profits = (self._profit(symbol, qty, cost) for symbol, (qty, cost, _) in self.positions.items())
        held = sum((left * risk for left, risk in self.open_risk.values()), D(0))
        return D(100_000) - (self.balance + sum(profits, D(0))) + self.to_stops() + held + qty * risk_per_lot


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(MARKET_STEPS, ORDER_STEPS, ADJUSTMENTS), max_size=16))
def test_the_gate_counts_the_worst_case_that_is_computed_from_scratch(steps: list[tuple[Any, ...]]) -> None:
    plain: dict[str, Any] = {
        "max_order_value": 10**9,
        "max_price_drift_pct": 90,
        "max_daily_loss_pct": 1,
        "max_drawdown_pct": 90,
    }
    instruments = (SHARES, msgspec.structs.replace(SHARES, symbol=OTHER))
    desk = Desk(setup(account(A, **plain), account(B, **plain), instruments=instruments))
    for symbol in (SHARE, OTHER):
        desk.quote(symbol, "100.00", "100.02")
    for number, step in enumerate(steps):
        if step[0] in (SHARE, OTHER):
            symbol, cents, spread = step
            desk.quote(symbol, str(D(cents) / 100), str(D(cents + spread) / 100))
        elif len(step) == 3:
            account_id, symbol, cents = step
            desk.adjust(symbol, stop_loss=D(cents) / 100, accounts=(account_id,))
        else:
            _ask(desk, f"n{number}", *step)
        for account_id in (A, B):
            assert desk.account(account_id).to_stops == Scratch(desk, account_id).to_stops()
    folded = desk.folded()
    assert [folded.account(name).to_stops for name in (A, B)] == [desk.account(name).to_stops for name in (A, B)]


def _ask(
    desk: Desk,
    name: str,
    account_id: AccountId,
    symbol: Symbol,
    side: Side,
    qty: int,
    away: int | None,
    part: int | None,
) -> None:
    """Ask for an order at the market, compare what the gate counts, and fill what is said of it."""
    quote = desk.engine.state.quotes[symbol]
    market, sign = (quote.ask, 1) if side is BUY else (quote.bid, -1)
    stop_loss = None if away is None else market - sign * D(away) / 100
    before, since = Scratch(desk, account_id), len(desk.records)
    desk.step(
        SubmitOrder(
            OrderIntent(
                account_id, symbol, side, OrdType.MARKET, TimeInForce.DAY, D(qty), Role.DIRECT, SignalId(name),
                stop_loss=stop_loss,
            )
        )
    )  # fmt: skip
    risk_per_lot = market * D("0.02") if stop_loss is None else abs(market - stop_loss)
    created = [event for event in desk.events(ev.OrderCreated, since) if event.intent.signal_id == name]
    denied = [event for event in desk.events(ev.OrderDenied, since) if event.intent.signal_id == name]
    checks = [check for event in created for check in event.checks]
    checks += [check for event in denied for check in event.checks]
    answers = [check for check in checks if check.code == "DAILY_LOSS"]
    for answer in answers:
        assert answer.value == before.lost_with(D(qty), risk_per_lot)
        assert answer.passed is (before.lost_with(D(qty), risk_per_lot) <= 1000)
    if created and part is not None and qty // part:
        desk.fill(created[0].cl_ord_id, qty // part, str(market))
