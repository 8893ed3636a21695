"""How a signal of two orders is planned: each order is sized as if it were alone, and both get the same quantity.

A pair that its venue keeps apart is sized by the worse of the two. Two orders that may both fill are sized so that the
account could carry both: one that follows another, and a pair that only the engine keeps apart, which loses a race now
and then. Nothing is sent from here.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from coxswain.core.contingent import second_id, second_of
from coxswain.core.emulation import stop_to_begin
from coxswain.core.money import rate_up
from coxswain.core.sizing import Sized, own_size
from coxswain.core.state import Account, State
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO, round_down, round_up, text
from coxswain.model.market import Instrument
from coxswain.model.plan import Assignment, Plan
from coxswain.model.setup import Capabilities
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import BUY, OrdType, SignalKind, Verdict

SIZED_BY = "OWN_SIZE"


def second_signal(state: State, signal: Signal, decision_px: Decimal | None = None) -> Signal | None:
    """Return what the second order would be as a signal alone; None where there is none."""
    second = second_of(signal)
    if second is None:
        return None
    stop_loss, px = second.stop_loss, second.limit_price or signal.limit_price or decision_px
    if stop_loss is None and second.trailing_stop is not None:
        stop_loss = stop_to_begin(state, second.trailing_stop, signal.symbol, second.side, px)
    return msgspec.structs.replace(
        signal,
        id=second_id(signal.id),
        side=second.side,
        entry_price=None,
        stop_loss=stop_loss,
        take_profit=second.take_profit,
        order_type=second.order_type,
        limit_price=second.limit_price,
        stop_price=second.stop_price,
        trailing_stop=second.trailing_stop,
        metadata="",
        oco=None,
        then=None,
        first=signal.id,
    )


def why_not(state: State, signal: Signal) -> list[str]:
    """Say everything that keeps a signal of two orders from being planned at all."""
    second, instrument = second_of(signal), state.instruments.get(signal.symbol)
    if second is None or instrument is None:
        return []
    reasons = []
    if signal.kind is not SignalKind.ENTRY or signal.legs or signal.algo is not None:
        reasons.append("SECOND_ORDER: wanted on an entry of one instrument that leaves at once")
    if signal.oco is not None and signal.then is not None:
        reasons.append("SECOND_ORDER: oco and then, wanted one of the two")
    if signal.oco is not None and OrdType.MARKET in (signal.order_type, second.order_type):
        reasons.append("SECOND_ORDER: a MARKET order in a pair, wanted two orders that wait for a price")
    prices = ("stop_loss", "take_profit", "limit_price", "stop_price")
    for name in prices:
        price: Decimal | None = getattr(second, name)
        if price is not None and price % instrument.tick:
            wanted = f"a multiple of {text(instrument.tick)}"
            reasons.append(f"PRICE_OFF_TICK: second {name}={text(price)}, wanted={wanted}")
    return reasons


# --- planning ---------------------------------------------------------------------------------------------------------


def as_planned(signal: Signal, second: Signal, decision_px: Decimal | None) -> tuple[Signal, Decimal | None]:
    """Return the second order with the price that it is judged by: one at market trades where the first one did."""
    px = second.limit_price or signal.limit_price or decision_px
    return msgspec.structs.replace(second, limit_price=second.limit_price or signal.limit_price), px


def both_may_fill(can: Capabilities, signal: Signal) -> bool:
    """Say whether an account has to carry both orders: one follows the other, or nobody but us keeps them apart."""
    return signal.then is not None or not can.native_oco


def at_one_stop(account: Account, signal: Signal, second: Signal) -> tuple[Signal, Signal]:
    """Give both orders the wider stop, where both may fill on one side of an account under a firm's rules.

    Those count the widest stop for all that is held on a side, since one stop stands for it.
    """
    one, other = signal.stop_loss, second.stop_loss
    same_side = signal.side is second.side and both_may_fill(account.capabilities, signal)
    if one is None or other is None or not same_side or not account.spec.firm:
        return signal, second
    widest = min(one, other) if signal.side is BUY else max(one, other)
    return msgspec.structs.replace(signal, stop_loss=widest), msgspec.structs.replace(second, stop_loss=widest)


def together(can: Capabilities, signal: Signal, first: Sized, second: Sized) -> Sized:
    """Return what an account takes of both orders: the worse of the two, or what it could carry if both filled.

    Where each alone may use all of a limit, the part of it that both may use together is one over the sum of
    1 / size: whichever limits they are, none is passed.
    """
    worse = first if first.qty <= second.qty else second
    if not both_may_fill(can, signal):
        return msgspec.structs.replace(
            worse, lot_risk=max(first.lot_risk, second.lot_risk), lot_value=max(first.lot_value, second.lot_value)
        )
    total = first.qty + second.qty
    qty = round_down(first.qty * second.qty / total) if total > 0 else ZERO
    # What follows has a share that holds its own risk until it is placed.
    lot_risk = first.lot_risk if signal.then is not None else first.lot_risk + second.lot_risk
    return msgspec.structs.replace(
        worse,
        qty=qty,
        why=f"{worse.why}, for two orders",
        lot_risk=lot_risk,
        lot_value=first.lot_value + second.lot_value,
    )


def with_second(
    account: Account,
    signal: Signal,
    instrument: Instrument,
    first: tuple[list[Check], Sized | None],
    second: tuple[list[Check], Sized | None],
) -> tuple[list[Check], Sized | None]:
    """Join what an account was answered about each order: every check that failed, and one size for both."""
    checks = [check for check in first[0] if check.code != SIZED_BY]
    checks += [check for check in second[0] if not check.passed and check.code != SIZED_BY and check not in checks]
    if first[1] is None or second[1] is None:
        return checks, None
    sized = together(account.capabilities, signal, first[1], second[1])
    checks.append(Check(SIZED_BY, sized.qty, instrument.min_qty, sized.qty >= instrument.min_qty))
    return checks, sized


# --- from the approval on ---------------------------------------------------------------------------------------------


def open_second(tx: Tx, signal: Signal, approved: Sequence[Assignment], by: str) -> None:
    """Give the second order its shares, for as much as the first one's. One that follows holds its risk from now on."""
    plan = tx.state.plans[signal.id].plan
    alone = second_signal(tx.state, signal, plan.decision_px)
    if alone is None:
        return
    judged, px = as_planned(signal, alone, plan.decision_px)
    if alone.id not in tx.state.signals:
        everyone = tuple(assignment for assignment in plan.assignments if assignment.verdict is Verdict.SEND)
        why = f"the other order of the pair {signal.id}" if signal.oco is not None else f"follows {signal.id}"
        shares = tuple(_of_second(tx.state, judged, px, assignment, signal) for assignment in everyone)
        stop_loss = None if second_of(signal) is None else alone.stop_loss
        tx.apply(ev.SignalAccepted(alone))
        tx.apply(
            ev.PlanProposed(Plan(alone.id, alone.kind, alone.symbol, shares, why, alone.side, px, stop_loss=stop_loss))
        )
    shares = tuple(_of_second(tx.state, judged, px, assignment, signal) for assignment in approved)
    tx.apply(ev.PlanApproved(alone.id, by, shares))


def _of_second(state: State, judged: Signal, px: Decimal | None, assignment: Assignment, signal: Signal) -> Assignment:
    risk = ZERO
    account, instrument = state.accounts[assignment.account], state.instruments[judged.symbol]
    if signal.then is not None and px is not None:
        rate = rate_up(state, account, instrument)
        if rate is not None:
            risk = round_up(assignment.qty * own_size(state, account, judged, instrument, px, rate).lot_risk)
    return msgspec.structs.replace(assignment, checks=(), risk=risk, credit=None, turns=None)
