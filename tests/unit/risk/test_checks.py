"""Each check of the gate at its limit, just under and just over, and what a reducing order is excused from."""

from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec
import pytest

from coxswain.model.checks import Check, reason
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.override import Override
from coxswain.model.risk_view import Host, RiskView
from coxswain.model.vocabulary import (
    AccountId,
    OrdType,
    Role,
    ShortSelling,
    Side,
    SignalId,
    Symbol,
    TimeInForce,
    TradingState,
    TriggerSource,
)
from coxswain.risk.gate import Approved, Refused, judge, params_from, rules_for
from coxswain.runtime.plugins import check_modules

S = 1_000_000_000
NOW_NS = 1_700_000_000 * S
SHARE = Symbol("SHARE")
INSTRUMENT = Instrument(SHARE, "USD", tick=Decimal("0.01"), lot_step=Decimal("0.1"), min_qty=Decimal("0.5"))
QUOTE = Quote(SHARE, Decimal("99.98"), Decimal(100), NOW_NS)
MODULES = {module.__name__.rsplit(".", 1)[1]: module for module in check_modules()}
# CONTRACTS, section 8, and decision 5.
EXCUSED = {3, 7, 13, 14, 17, 21, 22, 23, 24, 25, 26, 27, 28, 29, 33, 39} | {11, 12}

VIEW = RiskView(
    now_ns=NOW_NS,
    instrument=INSTRUMENT,
    session_open=True,
    quote=QUOTE,
    fx_rate=Decimal(1),
    signal_time_ns=NOW_NS - 10 * S,
    dies_ns=NOW_NS + 290 * S,
    seen_before=False,
    reducing=False,
    free_to_reduce=Decimal(0),
    state=TradingState.ACTIVE,
    reconciled=True,
    unknown_orders=0,
    open_breaks=0,
    worst_long=Decimal(0),
    worst_short=Decimal(0),
    available_margin=Decimal(10_000),
    margin_per_lot=Decimal(50),
    risk_per_lot=Decimal(5),
    value_per_lot=Decimal(100),
    anchor=Decimal(10_000),
    day_loss=Decimal(0),
    risk_at_stops=Decimal(0),
    open_positions=0,
    adds_position=True,
    open_orders=0,
    parent_qty=None,
    parent_used=Decimal(0),
    limit_version=1,
    limits_until_ns=None,
    halt=None,
    ord_types=(OrdType.MARKET, OrdType.LIMIT, OrdType.STOP),
    times_in_force=(TimeInForce.DAY, TimeInForce.GTC),
    listed="allowed",
    short_selling=ShortSelling.ALLOWED,
    located=Decimal(0),
    balance=Decimal(10_000),
    host=Host(True, True, True, 1, None),
    newest_epoch=1,
)
ORDER = OrderIntent(
    AccountId("A"), SHARE, Side.BUY, OrdType.MARKET, TimeInForce.DAY, Decimal(10), Role.ENTRY, SignalId("s1")
)


def d(value: str) -> Decimal:
    return Decimal(value)


def ask(name: str, order: dict[str, Any], view: dict[str, Any], **limits: str) -> Check | None:
    """Put an order to one check; what is not said is as in `ORDER` and `VIEW`."""
    module: Any = MODULES[name]
    params = params_from(module.Params, {key: Decimal(value) for key, value in limits.items()})
    intent, seen = msgspec.structs.replace(ORDER, **order), msgspec.structs.replace(VIEW, **view)
    answer: Check | None = module.check(intent, seen, params)
    return answer


LIMIT: dict[str, Any] = {"ord_type": OrdType.LIMIT}
STOP: dict[str, Any] = {"ord_type": OrdType.STOP}
STOP_LIMIT: dict[str, Any] = {"ord_type": OrdType.STOP_LIMIT}
TRAILING: dict[str, Any] = {"ord_type": OrdType.TRAILING_STOP, "stop_px": Decimal(99)}
GTD: dict[str, Any] = {"time_in_force": TimeInForce.GTD}
SELL: dict[str, Any] = {"side": Side.SELL}
PASSES = ""

OVERRIDE = Override("override-1", 21, AccountId("A"), SignalId("s1"), "ann", "why", NOW_NS + 1, "bob")
changed = msgspec.structs.replace

# check, order, view, limits, the code that fails
CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, str], str]] = [
    # 1
    ("well_formed", {"order_qty": d("0.5")}, {}, {}, PASSES),
    ("well_formed", {"order_qty": d("0.4")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"order_qty": d("0.4")}, {"reducing": True}, {}, PASSES),
    ("well_formed", {"order_qty": d("0.55")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"order_qty": d("0")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"order_qty": d("-1")}, {"reducing": True}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"order_qty": d("NaN")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", LIMIT | {"price": d("100.01")}, {}, {}, PASSES),
    ("well_formed", LIMIT | {"price": d("100.011")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", LIMIT | {"price": d("0")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", LIMIT, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"price": d("100")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", STOP | {"stop_px": d("100.01")}, {}, {}, PASSES),
    ("well_formed", STOP, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"stop_px": d("100")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", STOP_LIMIT | {"price": d("101"), "stop_px": d("100.50")}, {}, {}, PASSES),
    ("well_formed", STOP_LIMIT | {"price": d("101")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", STOP_LIMIT | {"stop_px": d("101")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", TRAILING | {"trail": Trail(d("0.5"))}, {}, {}, PASSES),
    ("well_formed", TRAILING, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", TRAILING | {"trail": Trail()}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", TRAILING | {"trail": Trail(d("1"), d("1"))}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"trailing_stop": Trail(d("0"))}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"trailing_stop": Trail(pct=d("99.9"))}, {}, {}, PASSES),
    ("well_formed", {"trailing_stop": Trail(pct=d("100"))}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"trailing_stop": Trail(d("1"), activation_px=d("0"))}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"trailing_stop": Trail(d("1"), source=TriggerSource.LAST)}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", GTD | {"expire_time_ns": NOW_NS + 1}, {}, {}, PASSES),
    ("well_formed", GTD, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"stop_loss": d("95.001")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {"take_profit": d("105.001")}, {}, {}, "ORDER_MALFORMED"),
    ("well_formed", {}, {"instrument": None}, {}, PASSES),  # control 2 says so
    # 2
    ("instrument_open", {}, {}, {}, PASSES),
    ("instrument_open", {}, {"instrument": None}, {}, "INSTRUMENT_UNKNOWN"),
    ("instrument_open", {}, {"session_open": False}, {}, "SESSION_CLOSED"),
    ("instrument_open", {}, {"session_open": False, "reducing": True}, {}, "SESSION_CLOSED"),
    ("instrument_open", {}, {"fx_rate": None}, {}, "NO_FX_RATE"),
    ("instrument_open", {}, {"fx_rate": None, "reducing": True}, {}, PASSES),
    ("instrument_open", {}, {"halt": "news"}, {}, "TRADING_HALTED"),
    ("instrument_open", {}, {"halt": "news", "reducing": True}, {}, "TRADING_HALTED"),
    ("instrument_open", {}, {"ord_types": (OrdType.LIMIT,)}, {}, "ORDER_TYPE_UNSUPPORTED"),
    ("instrument_open", {}, {"ord_types": ()}, {}, "ORDER_TYPE_UNSUPPORTED"),
    ("instrument_open", {"time_in_force": TimeInForce.FOK}, {}, {}, "ORDER_TYPE_UNSUPPORTED"),
    ("instrument_open", {"expire_time_ns": NOW_NS + 1}, {}, {}, PASSES),
    ("instrument_open", {"expire_time_ns": NOW_NS}, {}, {}, "EXPIRE_TIME_PAST"),
    # 3
    ("signal_age", {}, {"dies_ns": NOW_NS + 1}, {}, PASSES),
    ("signal_age", {}, {"dies_ns": NOW_NS}, {}, PASSES),
    ("signal_age", {}, {"dies_ns": NOW_NS - 1}, {}, "SIGNAL_AGE"),
    ("signal_age", {}, {"signal_time_ns": NOW_NS + S}, {}, PASSES),
    ("signal_age", {}, {"signal_time_ns": NOW_NS + S + 1}, {}, "SIGNAL_AGE"),
    ("signal_age", {}, {"quote": None}, {}, "NO_MARKET_SNAPSHOT"),
    # 4
    ("not_seen_before", {}, {}, {}, PASSES),
    ("not_seen_before", {}, {"seen_before": True}, {}, "DUPLICATE_INTENT"),
    # 5
    ("restricted", {}, {}, {}, PASSES),
    ("restricted", {}, {"listed": "restricted"}, {}, "RESTRICTED"),
    ("restricted", {}, {"listed": "restricted", "reducing": True}, {}, PASSES),
    ("restricted", SELL, {}, {}, PASSES),
    ("restricted", SELL, {"short_selling": ShortSelling.FORBIDDEN, "worst_short": d("-10")}, {}, PASSES),
    ("restricted", SELL, {"short_selling": ShortSelling.FORBIDDEN, "worst_short": d("-9.9")}, {}, "SHORT_SALE"),
    ("restricted", {}, {"short_selling": ShortSelling.FORBIDDEN}, {}, PASSES),
    ("restricted", SELL, {"short_selling": ShortSelling.NEEDS_LOCATE}, {}, "SHORT_SALE"),
    ("restricted", SELL, {"short_selling": ShortSelling.NEEDS_LOCATE, "located": d("9.9")}, {}, "SHORT_SALE"),
    ("restricted", SELL, {"short_selling": ShortSelling.NEEDS_LOCATE, "located": d("10")}, {}, PASSES),
    # 7: two per cent of 100 is 2.00
    ("price_collar", LIMIT | {"price": d("98.01")}, {}, {}, PASSES),
    ("price_collar", LIMIT | {"price": d("98.00")}, {}, {}, PASSES),
    ("price_collar", LIMIT | {"price": d("97.99")}, {}, {}, "PRICE_COLLAR"),
    ("price_collar", LIMIT | {"price": d("102.00")}, {}, {}, PASSES),
    ("price_collar", LIMIT | {"price": d("102.01")}, {}, {}, "PRICE_COLLAR"),
    ("price_collar", STOP | {"stop_px": d("102.01")}, {}, {}, "PRICE_COLLAR"),
    ("price_collar", {"decision_px": d("97.99")}, {}, {}, "PRICE_COLLAR"),  # the market ran away
    ("price_collar", {}, {"now_ns": NOW_NS + 60 * S}, {}, PASSES),
    ("price_collar", {}, {"now_ns": NOW_NS + 60 * S + 1}, {}, "QUOTE_STALE"),
    ("price_collar", {}, {"quote": Quote(SHARE, d("98"), d("100"), NOW_NS)}, {}, PASSES),
    ("price_collar", {}, {"quote": Quote(SHARE, d("97.99"), d("100"), NOW_NS)}, {}, "QUOTE_TOO_WIDE"),
    ("price_collar", {}, {"quote": Quote(SHARE, d("100"), d("100"), NOW_NS)}, {}, PASSES),
    ("price_collar", {}, {"quote": Quote(SHARE, d("100.01"), d("100"), NOW_NS)}, {}, "QUOTE_CROSSED"),
    ("price_collar", {}, {"quote": Quote(SHARE, d("0"), d("1"), NOW_NS)}, {}, "QUOTE_CROSSED"),
    ("price_collar", {}, {"quote": None}, {}, PASSES),  # control 3 says so
    ("price_collar", LIMIT | {"price": d("99.00")}, {}, {"price_collar_dynamic_pct": "1"}, PASSES),
    ("price_collar", LIMIT | {"price": d("98.99")}, {}, {"price_collar_dynamic_pct": "1"}, "PRICE_COLLAR"),
    # 10: a market order enters at 100, a sell at 99.98
    ("bracket_sides", {"stop_loss": d("99.99"), "take_profit": d("100.01")}, {}, {}, PASSES),
    ("bracket_sides", {"stop_loss": d("100")}, {}, {}, "STOP_ON_WRONG_SIDE"),
    ("bracket_sides", {"take_profit": d("100")}, {}, {}, "TARGET_ON_WRONG_SIDE"),
    ("bracket_sides", SELL | {"stop_loss": d("99.99"), "take_profit": d("99.97")}, {}, {}, PASSES),
    ("bracket_sides", SELL | {"stop_loss": d("99.98")}, {}, {}, "STOP_ON_WRONG_SIDE"),
    ("bracket_sides", SELL | {"take_profit": d("99.98")}, {}, {}, "TARGET_ON_WRONG_SIDE"),
    ("bracket_sides", LIMIT | {"price": d("98"), "stop_loss": d("98")}, {}, {}, "STOP_ON_WRONG_SIDE"),
    ("bracket_sides", STOP | {"stop_px": d("101"), "stop_loss": d("100.99")}, {}, {}, PASSES),
    ("bracket_sides", {}, {}, {}, PASSES),
    # 11
    ("max_order_qty", {"order_qty": d("9.9")}, {}, {"max_order_qty": "10"}, PASSES),
    ("max_order_qty", {"order_qty": d("10")}, {}, {"max_order_qty": "10"}, PASSES),
    ("max_order_qty", {"order_qty": d("10.1")}, {}, {"max_order_qty": "10"}, "ORDER_QTY"),
    # 12
    ("max_order_value", {}, {}, {"max_order_value": "1000.01"}, PASSES),
    ("max_order_value", {}, {}, {"max_order_value": "1000"}, PASSES),
    ("max_order_value", {}, {}, {"max_order_value": "999.99"}, "ORDER_VALUE"),
    # 15
    ("children_within_parent", {}, {"parent_qty": d("15"), "parent_used": d("4.9")}, {}, PASSES),
    ("children_within_parent", {}, {"parent_qty": d("15"), "parent_used": d("5")}, {}, PASSES),
    ("children_within_parent", {}, {"parent_qty": d("15"), "parent_used": d("5.1")}, {}, "CHILDREN_EXCEED_PARENT"),
    ("children_within_parent", {}, {}, {}, PASSES),
    # 22: ten lots tie up 500
    ("margin", {}, {"available_margin": d("500.01")}, {}, PASSES),
    ("margin", {}, {"available_margin": d("500")}, {}, PASSES),
    ("margin", {}, {"available_margin": d("499.99")}, {}, "MARGIN"),
    ("margin", {}, {"available_margin": d("600")}, {"min_account_balance": "100"}, PASSES),
    ("margin", {}, {"available_margin": d("600")}, {"min_account_balance": "100.01"}, "MARGIN"),
    ("margin", {}, {"balance": None}, {}, "BALANCE"),
    ("margin", {}, {"balance": d("100"), "available_margin": d("900")}, {"min_account_balance": "100"}, PASSES),
    ("margin", {}, {"balance": d("99.99"), "available_margin": d("900")}, {"min_account_balance": "100"}, "BALANCE"),
    # 23
    ("max_position_qty", {}, {"worst_long": d("4.9")}, {"max_position_qty": "15"}, PASSES),
    ("max_position_qty", {}, {"worst_long": d("5")}, {"max_position_qty": "15"}, PASSES),
    ("max_position_qty", {}, {"worst_long": d("5.1")}, {"max_position_qty": "15"}, "POSITION_QTY"),
    ("max_position_qty", {}, {"worst_short": d("5.1")}, {"max_position_qty": "15"}, PASSES),
    ("max_position_qty", SELL, {"worst_short": d("5.1")}, {"max_position_qty": "15"}, "POSITION_QTY"),
    # 27: ten lots risk 50; five per cent of the anchor is 500
    ("daily_loss", {}, {"day_loss": d("300"), "risk_at_stops": d("149.99")}, {}, PASSES),
    ("daily_loss", {}, {"day_loss": d("300"), "risk_at_stops": d("150")}, {}, PASSES),
    ("daily_loss", {}, {"day_loss": d("300"), "risk_at_stops": d("150.01")}, {}, "DAILY_LOSS"),
    ("daily_loss", {}, {}, {"max_daily_loss_pct": "0.5"}, PASSES),
    ("daily_loss", {}, {}, {"max_daily_loss_pct": "0.49"}, "DAILY_LOSS"),
    ("daily_loss", {}, {"anchor": d("0")}, {}, "DAILY_LOSS"),
    # 29
    ("open_positions", {}, {"open_positions": 2}, {}, PASSES),
    ("open_positions", {}, {"open_positions": 3}, {}, "OPEN_POSITIONS"),
    ("open_positions", {}, {"open_positions": 3, "adds_position": False}, {}, PASSES),
    ("open_positions", {}, {"open_orders": 19}, {}, PASSES),
    ("open_positions", {}, {"open_orders": 20}, {}, "OPEN_ORDERS"),
    # 30
    ("reduce_only", {}, {}, {}, PASSES),
    ("reduce_only", {"reduce_only": True}, {"reducing": True}, {}, PASSES),
    ("reduce_only", {"reduce_only": True}, {}, {}, "REDUCE_ONLY_WOULD_FLIP"),
    # 32
    ("trading_state", {}, {"state": TradingState.REDUCING}, {}, "TRADING_STATE"),
    ("trading_state", {}, {"state": TradingState.REDUCING, "reducing": True}, {}, PASSES),
    ("trading_state", {}, {"state": TradingState.HALTED, "reducing": True}, {}, "TRADING_STATE"),
    ("trading_state", {}, {}, {}, PASSES),
    # 33
    ("nothing_unresolved", {}, {}, {}, PASSES),
    ("nothing_unresolved", {}, {"unknown_orders": 1}, {}, "UNRESOLVED"),
    ("nothing_unresolved", {}, {"open_breaks": 1}, {}, "UNRESOLVED"),
    ("nothing_unresolved", {}, {"reconciled": False}, {}, "NOT_RECONCILED"),
    # 39
    ("breaker_half_open", {}, {}, {}, PASSES),
    ("breaker_half_open", {}, {"entries_while_half_open": 0}, {}, PASSES),
    ("breaker_half_open", {}, {"entries_while_half_open": 1}, {}, "BREAKER_HALF_OPEN"),
    # 37
    ("override_valid", {}, {}, {}, PASSES),
    ("override_valid", {}, {"overrides": (OVERRIDE,)}, {}, PASSES),
    ("override_valid", {}, {"overrides": (OVERRIDE,), "now_ns": NOW_NS + 1}, {}, "OVERRIDE_NOT_VALID"),
    ("override_valid", {}, {"overrides": (changed(OVERRIDE, second_actor=""),)}, {}, "OVERRIDE_NOT_VALID"),
    ("override_valid", {}, {"overrides": (changed(OVERRIDE, second_actor="ann"),)}, {}, "OVERRIDE_NOT_VALID"),
    ("override_valid", {}, {"overrides": (changed(OVERRIDE, signal_id="s2"),)}, {}, "OVERRIDE_NOT_VALID"),
    ("override_valid", {}, {"overrides": (changed(OVERRIDE, account="B"),)}, {}, "OVERRIDE_NOT_VALID"),
    # 36
    ("limit_set", {}, {}, {}, PASSES),
    ("limit_set", {}, {"limit_version": 0}, {}, "LIMIT_SET"),
    ("limit_set", {}, {"limit_version": 0, "reducing": True}, {}, "LIMIT_SET"),
    ("limit_set", {}, {"limits_until_ns": NOW_NS + 1}, {}, PASSES),
    ("limit_set", {}, {"limits_until_ns": NOW_NS}, {}, "LIMIT_SET"),
    ("limit_set", {}, {"limits_until_ns": NOW_NS, "reducing": True}, {}, PASSES),
    # 34
    ("lease", {}, {}, {}, PASSES),
    ("lease", {}, {"host": None}, {}, "LEASE"),
    ("lease", {}, {"host": Host(True, True, True, 1, NOW_NS)}, {}, PASSES),
    ("lease", {}, {"host": Host(True, True, True, 1, NOW_NS - 1)}, {}, "LEASE"),
    ("lease", {}, {"newest_epoch": 2}, {}, "LEASE"),
    # 35
    ("host_healthy", {}, {}, {}, PASSES),
    ("host_healthy", {}, {"host": None}, {}, "HOST"),
    ("host_healthy", {}, {"host": Host(True, True, True, 1, NOW_NS - 1)}, {}, "HOST"),
    ("host_healthy", {}, {"host": Host(False, True, True, 1, None)}, {}, "HOST"),
    ("host_healthy", {}, {"host": Host(True, False, True, 1, None)}, {}, "HOST"),
    ("host_healthy", {}, {"host": Host(True, True, False, 1, None)}, {}, "HOST"),
]


@pytest.mark.parametrize(("name", "order", "view", "limits", "code"), CASES)
def test_a_check_draws_its_line_exactly(
    name: str, order: dict[str, Any], view: dict[str, Any], limits: dict[str, str], code: str
) -> None:
    answer = ask(name, order, view, **limits)
    if code:
        assert answer is not None
        assert (answer.code, answer.passed) == (code, False)
        assert reason(answer).startswith(f"{code}: value=")
    else:
        assert answer is None or answer.passed


def test_every_check_is_tried_on_both_sides_of_its_line() -> None:
    for name in MODULES:
        codes = [case[4] for case in CASES if case[0] == name]
        assert PASSES in codes
        assert any(code for code in codes), name


# --- the gate ---------------------------------------------------------------------------------------------------------


def rules(**limits: str) -> Any:
    return rules_for(MODULES.values(), {key: Decimal(value) for key, value in limits.items()})


def test_an_order_in_order_is_approved_with_every_check() -> None:
    verdict = judge(ORDER, VIEW, rules())
    assert isinstance(verdict, Approved)
    assert all(check.passed for check in verdict.checks)


def test_every_failure_is_reported_not_the_first() -> None:
    view = msgspec.structs.replace(VIEW, state=TradingState.REDUCING, available_margin=d("1"), seen_before=True)
    verdict = judge(ORDER, view, rules(max_order_qty="1"))
    assert isinstance(verdict, Refused)
    codes = [line.split(":")[0] for line in verdict.reasons]
    assert codes == ["DUPLICATE_INTENT", "ORDER_QTY", "MARGIN", "TRADING_STATE"]  # in order of control
    assert "ORDER_QTY: value=10, limit=1" in verdict.reasons


def test_checks_are_asked_in_order_of_control() -> None:
    numbers: list[int] = [module.CONTROL for module in MODULES.values()]
    assert len(set(numbers)) == len(numbers)
    assert {1, 2, 3, 4, 7, 10, 11, 12, 15, 22, 23, 27, 29, 30, 32, 33} <= set(numbers)


@pytest.mark.parametrize("module", MODULES.values(), ids=list(MODULES))
def test_a_reducing_order_is_excused_from_what_the_contract_says_and_nothing_else(module: ModuleType) -> None:
    assert module.EXCUSES_REDUCING is (module.CONTROL in EXCUSED)


def test_a_reducing_order_passes_whatever_it_is_excused_from() -> None:
    order = msgspec.structs.replace(ORDER, side=Side.SELL, reduce_only=True, role=Role.EXIT)
    view = msgspec.structs.replace(
        VIEW,
        reducing=True,
        free_to_reduce=d("10"),
        state=TradingState.REDUCING,
        reconciled=False,
        unknown_orders=3,
        available_margin=d("-1000"),
        day_loss=d("100000"),
        open_orders=99,
        open_positions=99,
        quote=Quote(SHARE, d("1"), d("100"), NOW_NS - 3600 * S),
        dies_ns=NOW_NS - 3600 * S,
        fx_rate=None,
    )
    verdict = judge(order, view, rules(max_order_qty="1", max_order_value="1", max_position_qty="1"))
    assert isinstance(verdict, Approved)
    by_code = {module.CONTROL for module in MODULES.values() if any(c.code in module.CODES for c in verdict.checks)}
    assert by_code == {1, 2, 4, 5, 30, 32, 34, 35, 36}
    by_code = {module.CONTROL for module in MODULES.values() if any(c.code in module.CODES for c in verdict.checks)}
    assert by_code == {1, 2, 4, 5, 30, 32, 34, 35, 36}


def test_limits_that_are_not_given_are_the_defaults() -> None:
    assert ask("max_order_qty", {"order_qty": d("10000")}, {}) == Check("ORDER_QTY", d("10000"), d("10000"), True)
