"""What comes in and asks for an order: signals, which are planned, and direct orders, which go to the gate at once.

Here it is decided whether it can be taken at all. What becomes of a plan, and every limit, is decided elsewhere.
"""

import msgspec

from coxswain.core import algorithms, approvals, second, spread_exits, spread_levels, spreads
from coxswain.core.leaving import plan_exit, plan_stop_adjustment
from coxswain.core.planner import plan_entry
from coxswain.core.spreads import plan_spread
from coxswain.core.state import State
from coxswain.core.submit import submit
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.checks import Check, reason
from coxswain.model.decimals import text
from coxswain.model.market import Instrument
from coxswain.model.orders import OrderIntent
from coxswain.model.plan import Plan
from coxswain.model.signal import Signal, dies_ns
from coxswain.model.vocabulary import (
    DIRECT,
    MARKET,
    SignalKind,
)

NO_PRICES = (None,) * 5
FUTURE_NS = 1_000_000_000
"""A sender's clock may run ahead of ours by this much."""
FUTURE = "SIGNAL_FROM_THE_FUTURE: it may be at most one second ahead of the engine's time"


def on_signal(tx: Tx, message: inp.SubmitSignal) -> None:
    """Plan a signal, and let the plan go on as its mode says. A copy of a known one changes nothing."""
    signal = spread_exits.as_named(tx.state, message.signal)
    if is_copy(tx.state, signal, message.known):
        tx.apply(ev.SignalDuplicated(signal.id))
        return
    reasons = why_never(tx, signal, message.known)
    if signal.signal_time_ns > tx.state.now_ns + FUTURE_NS:
        reasons = (*reasons, FUTURE)
    if reasons:
        tx.apply(ev.SignalDenied(signal.id, "", reasons))
        return
    tx.apply(ev.SignalAccepted(signal))
    plan = _plan(tx, signal)
    tx.apply(ev.PlanProposed(plan))
    approvals.decide(tx, signal, plan, message.actor, hold=message.hold)


def on_bad_signal(tx: Tx, message: inp.ReportBadSignal) -> None:
    """Deny what could not be read."""
    tx.apply(ev.SignalDenied(message.signal_id, message.where, message.errors))


def on_order(tx: Tx, message: inp.SubmitOrder) -> None:
    """Put an order to the gate that comes without a plan."""
    now_ns, checks = tx.state.now_ns, _why_not_ours(tx.state, message.intent)
    if checks:
        tx.apply(ev.OrderDenied(message.intent, checks, tuple(reason(check) for check in checks)))
        return
    intent = msgspec.structs.replace(message.intent, actor=message.actor) if message.actor else message.intent
    submit(tx, intent, now_ns, now_ns + message.ttl_s * 1_000_000_000)


def _plan(tx: Tx, signal: Signal) -> Plan:
    if signal.legs:
        return plan_spread(tx.state, signal, tx.allocate)
    if signal.kind is SignalKind.ENTRY:
        return plan_entry(tx.state, signal, tx.allocate)
    return plan_exit(tx.state, signal) if signal.kind is SignalKind.EXIT else plan_stop_adjustment(tx.state, signal)


def is_copy(state: State, signal: Signal, archived: Signal | None = None) -> bool:
    """Say whether a signal of this id and body was taken before; `archived` where that has left this memory."""
    known = state.signals.get(signal.id) or archived
    return known is not None and _same_body(signal, known)


def _same_body(signal: Signal, known: Signal) -> bool:
    """A signal without a time of its own got the time it came at, which is not part of its body."""
    if not signal.time_given:
        signal = msgspec.structs.replace(signal, signal_time_ns=known.signal_time_ns)
    return signal == known


def why_never(tx: Tx, signal: Signal, archived: Signal | None = None) -> tuple[str, ...]:
    """Say everything that keeps a signal from being planned, now or later."""
    state, reasons = tx.state, []
    if archived is not None or signal.id in state.signals or signal.id in state.direct_ids:
        reasons.append(f"SIGNAL_ID_REUSED: id={signal.id}, its body differs from the first one's")
    instrument = state.instruments.get(signal.symbol)
    if instrument is None:
        if signal.spread is None:
            reasons.append(f"INSTRUMENT_UNKNOWN: symbol={signal.symbol}, wanted=one of {', '.join(state.instruments)}")
    else:
        reasons += [*_off_tick(signal, instrument), *algorithms.why_not(state, signal, tx.algos)]
    reasons += spreads.why_not(state, signal)
    reasons += [*spread_exits.why_not_left(state, signal), *spread_levels.why_not_moved(state, signal)]
    reasons += second.why_not(state, signal)
    if signal.kind is SignalKind.ENTRY and signal.side is None:
        reasons.append("SIDE_MISSING: an entry buys or sells")
    if state.now_ns > dies_ns(signal) and signal.kind is not SignalKind.EXIT:  # leaving is never too late
        reasons.append(f"SIGNAL_EXPIRED: age_s={(state.now_ns - signal.signal_time_ns) // 10**9}, ttl_s={signal.ttl_s}")
    if signal.kind is SignalKind.EXIT and signal.order_type is not MARKET:
        reasons.append("EXIT_NOT_AT_MARKET: to leave at a price, move take_profit with a stop_adjustment")
    unknown = [account for account in signal.accounts if account not in state.accounts]
    if unknown:
        reasons.append(f"ACCOUNT_UNKNOWN: accounts={' '.join(unknown)}, wanted=accounts of the configuration")
    return tuple(reasons)


def _off_tick(signal: Signal, instrument: Instrument) -> list[str]:
    """Name each price of an order to be that no venue takes. The entry price is only a measure."""
    prices = {"stop_loss": signal.stop_loss, "take_profit": signal.take_profit, "limit_price": signal.limit_price}
    return [
        f"PRICE_OFF_TICK: {name}={text(price)}, wanted=a multiple of {text(instrument.tick)}"
        for name, price in prices.items()
        if price is not None and price % instrument.tick
    ]


def _why_not_ours(state: State, intent: OrderIntent) -> tuple[Check, ...]:
    """Say why an order cannot even be put to the gate, which judges by the account's own limits."""
    role, known = intent.role is DIRECT, intent.account in state.accounts
    prices = (intent.price, intent.stop_px, intent.stop_loss, intent.take_profit, intent.decision_px)
    finite = intent.order_qty.is_finite() and (
        prices == NO_PRICES or all(price is None or price.is_finite() for price in prices)
    )
    if role and known and finite:
        return ()
    checks = (
        Check("ACCOUNT_UNKNOWN", None, None, known, intent.account, "an account of the configuration"),
        Check("ROLE", None, None, role, intent.role, DIRECT),
        Check("NOT_A_NUMBER", None, None, finite, "NaN or an infinity", "numbers"),
    )
    return tuple(check for check in checks if not check.passed)
