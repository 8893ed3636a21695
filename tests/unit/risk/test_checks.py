"""Each check of the gate at its limit, just under and just over, and what a reducing order is excused from."""

from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec
import pytest

from coxswain.model.checks import Check, reason
from coxswain.model.exposure import Exposure
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.override import Override
from coxswain.model.risk_view import Host, RiskView
from coxswain.model.vocabulary import (
    AccountId,
    OrdType,
    Role,
    SelfMatch,
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
    reference_px=Decimal(100),
    price_low=None,
    price_high=None,
    displayed=None,
    plan_used=None,
    desk_rate=Decimal(1),
    messages=0,
    venue_messages=0,
    strategy_messages=0,
    orders_today=0,
    orders_this_minute=0,
    repeats=0,
    cancels=0,
    trades=0,
    tried=0,
    failed=0,
    entered_alike_ns=None,
    new_qty=Decimal(10),
    new_worst=Decimal(10),
    exposure=Exposure(),
    desk_exposure=Exposure(),
    desk_lots=Exposure(),
    currency_exposure=Exposure(),
    group_exposure=None,
    strategy_exposure=None,
    strategy_lots=Decimal(0),
    protect_px=Decimal(101),
    crossed_px=None,
    crosses_reducing=False,
    self_match=SelfMatch.CANCEL_NEW,
    equity=Decimal(10_000),
    peak=Decimal(10_000),
    initial_balance=Decimal(10_000),
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
TRADED = msgspec.structs.replace(INSTRUMENT, daily_volume=Decimal(100))
TREND: dict[str, Any] = {"strategy": "trend"}

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
    ("well_formed", {"trailing_stop": Trail(d("1"), source=TriggerSource.LAST)}, {"last_px": d("100")}, {}, PASSES),
    ("well_formed", {"trailing_stop": Trail(d("1"), source=TriggerSource.LAST)}, {"reducing": True}, {}, PASSES),
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
    # 6: ten per cent of 100 is 10
    ("static_collar", {}, {}, {}, PASSES),
    ("static_collar", LIMIT | {"price": d("110")}, {}, {}, PASSES),
    ("static_collar", LIMIT | {"price": d("110.01")}, {}, {}, "STATIC_COLLAR"),
    ("static_collar", STOP | {"stop_px": d("89.99")}, {}, {}, "STATIC_COLLAR"),
    ("static_collar", {}, {"reference_px": d("90.91")}, {}, PASSES),
    ("static_collar", {}, {"reference_px": d("90.90")}, {}, "STATIC_COLLAR"),
    ("static_collar", {}, {"reference_px": None}, {}, "NO_REFERENCE_PRICE"),
    ("static_collar", {}, {"quote": None}, {}, "NO_REFERENCE_PRICE"),
    ("static_collar", {}, {"reference_px": None, "reducing": True}, {}, PASSES),
    ("static_collar", STOP | SELL | {"stop_px": d("1")}, {"reducing": True}, {}, PASSES),
    ("static_collar", LIMIT | SELL | {"price": d("500")}, {"reducing": True}, {}, PASSES),
    ("static_collar", LIMIT | SELL | {"price": d("89.99")}, {"reducing": True}, {}, PASSES),  # from the bid of 99.98
    ("static_collar", LIMIT | SELL | {"price": d("89.98")}, {"reducing": True}, {}, "GIVES_AWAY"),
    ("static_collar", LIMIT | SELL | {"price": d("89.99")}, {"reducing": True, "quote": None}, {}, "GIVES_AWAY"),
    ("static_collar", LIMIT | SELL | {"price": d("90")}, {"reducing": True, "quote": None}, {}, PASSES),
    # 8: five per cent of 100 is 5
    ("price_drift", {}, {}, {}, PASSES),
    ("price_drift", LIMIT | {"price": d("105")}, {"price_low": d("100"), "price_high": d("101")}, {}, PASSES),
    ("price_drift", LIMIT | {"price": d("105.01")}, {"price_low": d("100"), "price_high": d("101")}, {}, "PRICE_DRIFT"),
    ("price_drift", LIMIT | {"price": d("95.99")}, {"price_low": d("100"), "price_high": d("101")}, {}, "PRICE_DRIFT"),
    ("price_drift", {}, {"price_low": d("80"), "price_high": d("81"), "reducing": True}, {}, PASSES),
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
    # 9
    ("market_protection", {}, {}, {}, PASSES),
    ("market_protection", {}, {"protect_px": None}, {}, "MARKET_PROTECTION"),
    ("market_protection", {}, {"quote": None}, {}, "MARKET_PROTECTION"),
    ("market_protection", {}, {"protect_px": None, "reducing": True}, {}, PASSES),
    ("market_protection", LIMIT | {"price": d("1")}, {"protect_px": None}, {}, PASSES),
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
    # 13
    ("market_share", {}, {}, {}, PASSES),
    ("market_share", {}, {"displayed": d("0.1")}, {}, PASSES),
    ("market_share", {}, {"displayed": d("0.09")}, {}, "DISPLAYED_SHARE"),
    ("market_share", {}, {"instrument": TRADED}, {}, PASSES),
    ("market_share", {"order_qty": d("10.1")}, {"instrument": TRADED}, {}, "VOLUME_SHARE"),
    ("market_share", {}, {"instrument": TRADED, "displayed": d("0.09")}, {}, "DISPLAYED_SHARE"),
    # 14: forty lots and ten more at 100
    ("max_plan_value", {}, {"plan_used": d("40")}, {"max_plan_value": "5000.01"}, PASSES),
    ("max_plan_value", {}, {"plan_used": d("40")}, {"max_plan_value": "5000"}, PASSES),
    ("max_plan_value", {}, {"plan_used": d("40")}, {"max_plan_value": "4999.99"}, "PLAN_VALUE"),
    ("max_plan_value", {}, {"plan_used": d("40"), "desk_rate": d("2")}, {"max_plan_value": "9999"}, "PLAN_VALUE"),
    ("max_plan_value", {}, {"plan_used": d("40"), "desk_rate": None}, {}, "NO_FX_RATE"),
    # 15
    ("children_within_parent", {}, {"parent_qty": d("15"), "parent_used": d("4.9")}, {}, PASSES),
    ("children_within_parent", {}, {"parent_qty": d("15"), "parent_used": d("5")}, {}, PASSES),
    ("children_within_parent", {}, {"parent_qty": d("15"), "parent_used": d("5.1")}, {}, "CHILDREN_EXCEED_PARENT"),
    ("children_within_parent", {}, {}, {}, PASSES),
    # 16
    ("message_budget", {}, {"messages": 49}, {}, PASSES),
    ("message_budget", {}, {"messages": 50}, {}, "MESSAGE_BUDGET"),
    ("message_budget", {}, {"venue_messages": 199}, {}, PASSES),
    ("message_budget", {}, {"venue_messages": 200}, {}, "MESSAGE_BUDGET"),
    ("message_budget", {}, {"strategy_messages": 49}, {}, PASSES),
    ("message_budget", {}, {"strategy_messages": 50}, {}, "MESSAGE_BUDGET"),
    # 17
    ("order_count", {}, {"orders_today": 998}, {}, PASSES),
    ("order_count", {}, {"orders_today": 999}, {}, PASSES),
    ("order_count", {}, {"orders_today": 1000}, {}, "ORDERS_PER_DAY"),
    ("order_count", {}, {"orders_this_minute": 299}, {}, PASSES),
    ("order_count", {}, {"orders_this_minute": 300}, {}, "ORDERS_PER_MINUTE"),
    # 18
    ("repeated_execution", {}, {"repeats": 19}, {}, PASSES),
    ("repeated_execution", {}, {"repeats": 20}, {}, "REPEATED"),
    ("repeated_execution", {}, {"repeats": 20, "reducing": True}, {}, PASSES),
    # 19
    ("cancel_to_trade", {}, {"cancels": 100}, {}, PASSES),
    ("cancel_to_trade", {}, {"cancels": 101}, {}, "CANCEL_TO_TRADE"),
    ("cancel_to_trade", {}, {"cancels": 150, "trades": 3}, {}, PASSES),
    ("cancel_to_trade", {}, {"cancels": 151, "trades": 3}, {}, "CANCEL_TO_TRADE"),
    ("cancel_to_trade", {}, {"cancels": 151, "reducing": True}, {}, PASSES),
    # 20
    ("reject_rate", {}, {"tried": 10, "failed": 10}, {}, PASSES),
    ("reject_rate", {}, {"tried": 11, "failed": 11}, {}, "REJECT_RATE"),
    ("reject_rate", {}, {"tried": 40, "failed": 20}, {}, PASSES),
    ("reject_rate", {}, {"tried": 40, "failed": 21}, {}, "REJECT_RATE"),
    ("reject_rate", {}, {"tried": 40, "failed": 21, "reducing": True}, {}, PASSES),
    # 21
    ("duplicate_order", {}, {}, {}, PASSES),
    ("duplicate_order", {}, {"entered_alike_ns": NOW_NS - S + 1}, {}, "DUPLICATE_ORDER"),
    ("duplicate_order", {}, {"entered_alike_ns": NOW_NS - S}, {}, PASSES),
    ("duplicate_order", {}, {"entered_alike_ns": NOW_NS}, {"duplicate_window_ms": "0"}, PASSES),
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
    ("max_position_qty", TREND, {"strategy_lots": d("5")}, {"max_strategy_position_qty": "15"}, PASSES),
    (
        "max_position_qty",
        TREND,
        {"strategy_lots": d("5.1")},
        {"max_strategy_position_qty": "15"},
        "STRATEGY_POSITION_QTY",
    ),
    # 24: ten lots are worth 1000
    ("exposure", {}, {"exposure": Exposure(gross=d("4000"))}, {"max_gross_exposure": "5000.01"}, PASSES),
    ("exposure", {}, {"exposure": Exposure(gross=d("4000"))}, {"max_gross_exposure": "5000"}, PASSES),
    ("exposure", {}, {"exposure": Exposure(gross=d("4000"))}, {"max_gross_exposure": "4999.99"}, "GROSS_EXPOSURE"),
    ("exposure", {}, {"exposure": Exposure(up=d("4000"))}, {"max_net_exposure": "5000"}, PASSES),
    ("exposure", {}, {"exposure": Exposure(up=d("4000"))}, {"max_net_exposure": "4999.99"}, "NET_EXPOSURE"),
    ("exposure", SELL, {"exposure": Exposure(up=d("4000"), down=d("-4000"))}, {"max_net_exposure": "0"}, PASSES),
    ("exposure", SELL, {"exposure": Exposure(down=d("4000"))}, {"max_net_exposure": "4999.99"}, "NET_EXPOSURE"),
    ("exposure", {}, {"strategy_exposure": Exposure(gross=d("1"))}, {"max_strategy_exposure": "1001"}, PASSES),
    (
        "exposure",
        {},
        {"strategy_exposure": Exposure(gross=d("1"))},
        {"max_strategy_exposure": "1000"},
        "STRATEGY_EXPOSURE",
    ),
    ("exposure", {}, {"currency_exposure": Exposure(gross=d("1"))}, {"max_currency_exposure": "1001"}, PASSES),
    (
        "exposure",
        {},
        {"currency_exposure": Exposure(gross=d("1"))},
        {"max_currency_exposure": "1000"},
        "CURRENCY_EXPOSURE",
    ),
    ("exposure", {}, {"group_exposure": Exposure(gross=d("1"))}, {"max_group_exposure": "1001"}, PASSES),
    ("exposure", {}, {"group_exposure": Exposure(gross=d("1"))}, {"max_group_exposure": "1000"}, "GROUP_EXPOSURE"),
    ("exposure", {}, {"desk_rate": None}, {}, "NO_FX_RATE"),
    # 25
    ("desk_exposure", {}, {"desk_lots": Exposure(up=d("5"))}, {"max_desk_position_qty": "15"}, PASSES),
    ("desk_exposure", {}, {"desk_lots": Exposure(up=d("5"))}, {"max_desk_position_qty": "14.9"}, "DESK_POSITION_QTY"),
    ("desk_exposure", SELL, {"desk_lots": Exposure(up=d("5"))}, {"max_desk_position_qty": "10"}, PASSES),
    ("desk_exposure", {}, {"desk_exposure": Exposure(gross=d("1"))}, {"max_desk_gross_exposure": "1001"}, PASSES),
    (
        "desk_exposure",
        {},
        {"desk_exposure": Exposure(gross=d("1"))},
        {"max_desk_gross_exposure": "1000"},
        "DESK_GROSS_EXPOSURE",
    ),
    ("desk_exposure", {}, {"desk_exposure": Exposure(up=d("1"))}, {"max_desk_net_exposure": "1001"}, PASSES),
    (
        "desk_exposure",
        {},
        {"desk_exposure": Exposure(up=d("1"))},
        {"max_desk_net_exposure": "1000"},
        "DESK_NET_EXPOSURE",
    ),
    ("desk_exposure", {}, {"desk_rate": None}, {}, "NO_FX_RATE"),
    # 26
    ("leverage", {}, {"exposure": Exposure(gross=d("98999.99"))}, {}, PASSES),
    ("leverage", {}, {"exposure": Exposure(gross=d("99000"))}, {}, PASSES),
    ("leverage", {}, {"exposure": Exposure(gross=d("99000.01"))}, {}, "LEVERAGE"),
    ("leverage", {}, {"equity": d("0")}, {}, "LEVERAGE"),
    # 28
    ("drawdown", {}, {"peak": d("11111")}, {}, PASSES),
    ("drawdown", {}, {"peak": d("11112")}, {}, "DRAWDOWN"),
    ("drawdown", {}, {"equity": d("9000.01")}, {}, PASSES),
    ("drawdown", {}, {"equity": d("9000")}, {}, "STATIC_DRAWDOWN"),
    ("drawdown", {}, {"equity": d("9000"), "peak": d("9000")}, {}, "STATIC_DRAWDOWN"),
    ("drawdown", {}, {"initial_balance": None}, {}, "DRAWDOWN"),
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
    # 31
    ("self_match", {}, {}, {}, PASSES),
    ("self_match", {}, {"crossed_px": d("100")}, {}, "SELF_MATCH"),
    ("self_match", {}, {"crossed_px": d("100"), "reducing": True}, {}, PASSES),
    ("self_match", {}, {"crossed_px": d("100"), "self_match": SelfMatch.CANCEL_BOTH}, {}, "SELF_MATCH"),
    ("self_match", {}, {"crossed_px": d("100"), "self_match": SelfMatch.CANCEL_RESTING}, {}, PASSES),
    (
        "self_match",
        {},
        {"crossed_px": d("100"), "self_match": SelfMatch.CANCEL_RESTING, "crosses_reducing": True},
        {},
        "SELF_MATCH",
    ),
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


# Several limits of one control that fail together, each of which is named.
TOGETHER: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, str], list[str]]] = [
    (
        "well_formed",
        {"order_qty": d("10.05"), "price": d("100.001"), "stop_loss": d("-1")},
        {},
        {},
        ["ORDER_MALFORMED", "ORDER_MALFORMED", "ORDER_MALFORMED", "ORDER_MALFORMED"],
    ),
    (
        "instrument_open",
        {"time_in_force": TimeInForce.FOK},
        {"fx_rate": None, "halt": "news", "ord_types": (), "session_open": False},
        {},
        ["NO_FX_RATE", "TRADING_HALTED", "ORDER_TYPE_UNSUPPORTED", "ORDER_TYPE_UNSUPPORTED", "SESSION_CLOSED"],
    ),
    ("signal_age", {}, {"quote": None, "dies_ns": NOW_NS - 1}, {}, ["NO_MARKET_SNAPSHOT", "SIGNAL_AGE"]),
    (
        "restricted",
        {"side": Side.SELL},
        {"listed": "restricted: news", "short_selling": ShortSelling.FORBIDDEN},
        {},
        ["RESTRICTED", "SHORT_SALE"],
    ),
    (
        "price_collar",
        {},
        {"quote": Quote(SHARE, d("101"), d("100"), NOW_NS - 61 * S)},
        {},
        ["QUOTE_STALE", "QUOTE_CROSSED"],
    ),
    (
        "price_collar",
        {},
        {"quote": Quote(SHARE, d("90"), d("100"), NOW_NS - 61 * S)},
        {},
        ["QUOTE_STALE", "QUOTE_TOO_WIDE"],
    ),
    (
        "bracket_sides",
        {"stop_loss": d("101"), "take_profit": d("99")},
        {},
        {},
        ["STOP_ON_WRONG_SIDE", "TARGET_ON_WRONG_SIDE"],
    ),
    (
        "market_share",
        {},
        {"instrument": changed(INSTRUMENT, daily_volume=d("99")), "displayed": d("0.09")},
        {},
        ["VOLUME_SHARE", "DISPLAYED_SHARE"],
    ),
    (
        "message_budget",
        {},
        {"messages": 50, "venue_messages": 200, "strategy_messages": 50},
        {},
        ["MESSAGE_BUDGET", "MESSAGE_BUDGET", "MESSAGE_BUDGET"],
    ),
    (
        "order_count",
        {},
        {"orders_today": 1000, "orders_this_minute": 300},
        {},
        ["ORDERS_PER_MINUTE", "ORDERS_PER_DAY"],
    ),
    (
        "margin",
        {},
        {"balance": d("9"), "available_margin": d("9")},
        {"min_account_balance": "10"},
        ["BALANCE", "MARGIN"],
    ),
    (
        "max_position_qty",
        {"strategy": "trend"},
        {},
        {"max_position_qty": "9", "max_strategy_position_qty": "9"},
        ["STRATEGY_POSITION_QTY", "POSITION_QTY"],
    ),
    (
        "exposure",
        {"strategy": "trend"},
        {"strategy_exposure": Exposure(), "group_exposure": Exposure()},
        {
            "max_gross_exposure": "999",
            "max_net_exposure": "999",
            "max_strategy_exposure": "999",
            "max_currency_exposure": "999",
            "max_group_exposure": "999",
        },
        ["NET_EXPOSURE", "STRATEGY_EXPOSURE", "CURRENCY_EXPOSURE", "GROUP_EXPOSURE", "GROSS_EXPOSURE"],
    ),
    (
        "exposure",
        {},
        {"desk_rate": None},
        {"max_gross_exposure": "999", "max_net_exposure": "999", "max_currency_exposure": "999"},
        ["NET_EXPOSURE", "NO_FX_RATE", "GROSS_EXPOSURE"],
    ),
    (
        "desk_exposure",
        {},
        {},
        {"max_desk_position_qty": "9", "max_desk_gross_exposure": "999", "max_desk_net_exposure": "999"},
        ["DESK_POSITION_QTY", "DESK_NET_EXPOSURE", "DESK_GROSS_EXPOSURE"],
    ),
    (
        "desk_exposure",
        {},
        {"desk_rate": None},
        {"max_desk_position_qty": "9"},
        ["DESK_POSITION_QTY", "NO_FX_RATE"],
    ),
    (
        "drawdown",
        {},
        {"equity": d("9000"), "peak": d("10000"), "initial_balance": d("10000")},
        {},
        ["STATIC_DRAWDOWN", "DRAWDOWN"],
    ),
    ("open_positions", {}, {"open_positions": 3, "open_orders": 20}, {}, ["OPEN_ORDERS", "OPEN_POSITIONS"]),
    ("nothing_unresolved", {}, {"reconciled": False, "open_breaks": 2}, {}, ["NOT_RECONCILED", "UNRESOLVED"]),
    ("host_healthy", {}, {"host": Host(False, False, False, 1, None)}, {}, ["HOST", "HOST", "HOST"]),
]


@pytest.mark.parametrize(("name", "order", "view", "limits", "codes"), TOGETHER)
def test_a_control_of_several_limits_names_every_one_that_fails(
    name: str, order: dict[str, Any], view: dict[str, Any], limits: dict[str, str], codes: list[str]
) -> None:
    module = MODULES[name]
    gate = rules_for([module], {key: Decimal(value) for key, value in limits.items()})
    verdict = judge(changed(ORDER, **order), changed(VIEW, **view), gate)
    assert isinstance(verdict, Refused)
    assert [why.split(":")[0] for why in verdict.reasons] == codes
    assert len(set(verdict.reasons)) == len(codes), "a reason is given twice"
    assert [check.code for check in verdict.checks] == codes
    assert {type(check) for check in verdict.checks} == {Check}, "what is journaled has another form"
    assert verdict.controls == (module.CONTROL,)
    assert {check.kind for check in verdict.checks} == {module.KIND.value}


def test_every_failing_limit_of_a_soft_control_passes_by_one_override() -> None:
    gate = rules_for([MODULES["market_share"]], {})
    over = changed(INSTRUMENT, daily_volume=d("99"))
    verdict = judge(ORDER, changed(VIEW, instrument=over, displayed=d("0.09"), overridden=(13,)), gate)
    assert isinstance(verdict, Approved)
    assert [(check.code, check.kind) for check in verdict.checks] == [
        ("VOLUME_SHARE", "overridden"),
        ("DISPLAYED_SHARE", "overridden"),
    ]
    assert verdict.overridden == (13,)


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
    assert by_code == {1, 2, 4, 5, 16, 30, 31, 32, 34, 35, 36}


def test_limits_that_are_not_given_are_the_defaults() -> None:
    assert ask("max_order_qty", {"order_qty": d("10000")}, {}) == Check("ORDER_QTY", d("10000"), d("10000"), True)
