"""Entries on their way in: release when due, complete what was partly filled, move what was rejected.

A completion follows only a terminal report and a known outcome; a recovery follows only a venue's definite reject.
Nothing here is sized on a guess.
"""

from decimal import Decimal

import msgspec

from coxswain.core.contingent import beside, first_id, follows, life_of, orders_of, partner_of
from coxswain.core.eligibility import eligibility, fitness
from coxswain.core.firm.planning import under_rules
from coxswain.core.group_caps import left_by_group
from coxswain.core.modes import ORDERS_ONLY_REDUCE, mode_of
from coxswain.core.money import rate_up
from coxswain.core.order import Order, held_qty, is_complete, leaves_qty
from coxswain.core.params import millis_ns
from coxswain.core.position import is_closing
from coxswain.core.scopes import why_restricted
from coxswain.core.shares import Parent
from coxswain.core.sizing import own_size
from coxswain.core.spreads import legs_with
from coxswain.core.state import Account, State, share_of
from coxswain.core.submit import ask_cancel, cancel, next_id, submit_for_signal
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.checks import Check, reason
from coxswain.model.decimals import ZERO, floor_step, percent_of, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.plan import Plan
from coxswain.model.signal import Signal, dies_ns
from coxswain.model.vocabulary import AccountId, Mode, OrdStatus, OrdType, Role, Side, SignalId, Symbol

LOOK_AGAIN_NS = 1_000_000_000
UNATTENDED = (Mode.FULL_AUTO, Mode.SEMI_AUTO)
"""Modes of accounts to which a rest may be moved without anybody being asked."""
COMPLETABLE = (Role.ENTRY, Role.COMPLETION, Role.RECOVERY)


def release(tx: Tx, account_id: AccountId, signal_id: SignalId) -> None:
    """Let a planned share out, if the account is still fit for it, through the gate as it stands now.

    While its books are being compared, or the former position is being closed, the share waits, for as long as the
    signal lives.
    """
    if postponed(tx, account_id, signal_id):
        return
    share, account = tx.state.plans[signal_id].shares[account_id], tx.account(account_id)
    intent = entry_intent(tx, signal_id, account_id, share.qty, Role.ENTRY)
    excluded = beside(tx.state, intent)  # what is held for that one serves this one too
    own_margin = ZERO if excluded is None else held_qty(excluded) * excluded.margin_per_lot
    checks = tuple(fitness(account, own_margin))
    failed = tuple(reason(check) for check in checks if not check.passed)
    if failed:
        tx.apply(ev.OrderDenied(intent, checks, failed))
    else:
        submit_for_signal(tx, intent)


def postponed(tx: Tx, account_id: AccountId, signal_id: SignalId) -> bool:
    """Put a release off where what is in its way is only passing.

    An order that follows another waits longer, until something may be opened: its first one is filled already, and what
    was meant as one stands half.
    """
    account, signal = tx.account(account_id), tx.state.signals[signal_id]
    again_ns = tx.state.now_ns + LOOK_AGAIN_NS
    closing = is_closing(account.positions[signal.symbol])
    passing = set(account.causes) == {"UNRECONCILED"} or (closing and not account.causes)
    until_ns = life_of(tx.state, signal_id, account_id)[1]
    if passing and again_ns <= until_ns:
        tx.apply(ev.ReleasePostponed(signal_id, account_id, again_ns))
        return True
    why = _why_nothing_opens(tx.state, account, signal) if follows(tx.state, signal_id) else ""
    if why and tx.state.now_ns < until_ns:
        tx.apply(ev.ReleasePostponed(signal_id, account_id, until_ns, why))
        return True
    return False


def _why_nothing_opens(state: State, account: Account, signal: Signal) -> str:
    """Say what restricts an account, or one of its instruments or strategies, for now; empty if nothing does."""
    mode = mode_of(state, account)
    if mode in ORDERS_ONLY_REDUCE:
        return f"the mode is {mode}"
    return why_restricted(state, account, signal.symbol, signal.strategy)


def entry_intent(tx: Tx, signal_id: SignalId, account_id: AccountId, qty: Decimal, role: Role) -> OrderIntent:
    intent = intent_of(tx.state.signals[signal_id], tx.state.plans[signal_id].plan, account_id, qty, role)
    group = _group(tx, account_id, signal_id)
    return intent if group is None else msgspec.structs.replace(intent, oco_group=group)


def intent_of(signal: Signal, plan: Plan, account_id: AccountId, qty: Decimal, role: Role) -> OrderIntent:
    """Return the order that an account's share of an entry, or a part of it, leaves as."""
    if signal.side is None:
        raise ValueError(f"entry signal {signal.id} has no side")
    return OrderIntent(
        account_id,
        signal.symbol,
        signal.side,
        signal.order_type,
        signal.time_in_force,
        qty,
        role,
        signal.id,
        price=signal.limit_price if signal.order_type in (OrdType.LIMIT, OrdType.STOP_LIMIT) else None,
        stop_px=signal.limit_price if signal.order_type is OrdType.STOP else signal.stop_price,
        stop_loss=plan.stop_loss if signal.stop_loss is None else signal.stop_loss,
        take_profit=signal.take_profit,
        decision_px=plan.decision_px,
        strategy=signal.strategy,
        expire_time_ns=signal.expire_time_ns,
        trailing_stop=signal.trailing_stop,
    )


def _group(tx: Tx, account_id: AccountId, signal_id: SignalId) -> str | None:
    """Name the group in which the venue keeps a pair apart: after the first order of it that was made."""
    state, account = tx.state, tx.account(account_id)
    partner = partner_of(state, signal_id)
    if partner is None or not account.capabilities.native_oco:
        return None
    made = next((order.intent.oco_group for name in (signal_id, partner) for order in orders_of(account, name)), None)
    return made or next_id(state, account)


# --- completion -------------------------------------------------------------------------------------------------------


def give_up_waiting(tx: Tx, order: Order) -> None:
    """An order did not fill in time, or its cancel was refused a while ago: cancel what is open."""
    ask_cancel(tx, order, "not filled in time")


def complete_rest(tx: Tx, order: Order) -> None:
    """After an order ended with its outcome known: schedule the next completion order for what is left."""
    intent = order.intent
    if intent.role not in COMPLETABLE or is_complete(order) or order.ended_as is OrdStatus.REJECTED:
        return
    share = share_of(tx.state, intent.signal_id, intent.account)
    if share is None or share.sliced or share.over or share.waiting_qty or not order.watched or not share.used:
        return  # called back, waiting already, not meant to fill at once, or nothing was filled that could be completed
    rest = plain(share.qty - share.used)
    if rest <= 0:
        return
    position = tx.account(intent.account).positions[intent.symbol]
    desk, attempt = tx.state.desk, share.attempts + 1
    if position.exit is not None:
        tx.apply(ev.CompletionEnded(intent.signal_id, intent.account, rest, "the position is being closed"))
    elif not position.qty:
        tx.apply(ev.CompletionEnded(intent.signal_id, intent.account, rest, "the position is closed again"))
    elif attempt > desk.max_retries:
        tx.apply(ev.CompletionEnded(intent.signal_id, intent.account, rest, f"{share.attempts} attempts made"))
    else:
        gap_ns = millis_ns(desk.completion_gap_ms) * (2 ** (attempt - 2)) if attempt > 1 else 0
        due_ns = tx.state.now_ns + gap_ns
        tx.apply(ev.CompletionScheduled(intent.signal_id, intent.account, rest, attempt, due_ns))


def complete(tx: Tx, account_id: AccountId, signal_id: SignalId) -> None:
    """Send a completion order for what is still missing."""
    share = tx.state.plans[signal_id].shares[account_id]
    qty = min(share.waiting_qty, plain(share.qty - share.used))
    if qty <= 0:
        tx.apply(ev.CompletionEnded(signal_id, account_id, ZERO, "filled meanwhile"))
        return
    if not tx.account(account_id).positions[tx.state.signals[signal_id].symbol].qty:
        tx.apply(ev.CompletionEnded(signal_id, account_id, qty, "the position is closed again"))
        return
    intent = entry_intent(tx, signal_id, account_id, qty, Role.COMPLETION)
    if submit_for_signal(tx, intent) is None and signal_id not in tx.account(account_id).paced:
        tx.apply(ev.CompletionEnded(signal_id, account_id, qty, "denied by our own gate"))


# --- recovery ---------------------------------------------------------------------------------------------------------


def recover(tx: Tx, order: Order) -> None:
    """Move a rejected child's rest to an account that the plan has not used, at a smaller size, through every check."""
    intent, state = order.intent, tx.state
    if intent.role not in COMPLETABLE or order.cl_ord_id in state.plans[intent.signal_id].recovered:
        return
    share = state.plans[intent.signal_id].shares[intent.account]
    if share.over or share.sliced or first_id(state, intent.signal_id) is not None:
        return  # it was called back, an algorithm sends the rest again, or another order here hangs on it
    signal, plan = state.signals[intent.signal_id], state.plans[intent.signal_id]
    step, smallest = state.instruments[signal.symbol].lot_step, state.instruments[signal.symbol].min_qty
    wanted = percent_of(state.desk.recovery_size_pct, order.order_qty - order.cum_qty)
    groups = left_by_group(state, plan, order)
    best: tuple[Decimal, AccountId, tuple[Check, ...]] | None = None
    reasons: list[str] = []
    for account_id in state.accounts:
        if account_id in plan.shares or account_id in plan.asking:
            continue
        checks, own = _could_take(tx, account_id, signal)
        most = min([wanted, own, *(left for accounts, left in groups if account_id in accounts)])
        qty = floor_step(most, step) if most > 0 else ZERO
        checks.append(Check("RECOVERY_SIZE", qty, smallest, qty >= smallest))
        failed = next((check for check in checks if not check.passed), None)
        if failed is not None:
            reasons.append(f"{account_id}: {reason(failed)}")
        elif best is None or qty > best[0]:
            best = (qty, account_id, tuple(checks))
    if best is None:
        tx.apply(ev.RecoveryFailed(signal.id, order.cl_ord_id, tuple(reasons)))
        return
    qty, account_id, passed = best
    tx.apply(ev.RecoveryAssigned(signal.id, order.cl_ord_id, account_id, qty, passed))
    submit_for_signal(tx, entry_intent(tx, signal.id, account_id, qty, Role.RECOVERY))


def _could_take(tx: Tx, account_id: AccountId, signal: Signal) -> tuple[list[Check], Decimal]:
    state, account = tx.state, tx.account(account_id)
    instrument, plan = state.instruments[signal.symbol], state.plans[signal.id].plan
    if signal.stop_loss is None and plan.stop_loss is not None:
        signal = msgspec.structs.replace(signal, stop_loss=plan.stop_loss)
    checks = eligibility(state, account, signal)
    mode = mode_of(state, account)
    checks.append(Check("MODE", None, None, mode in UNATTENDED, mode, " ".join(UNATTENDED)))
    left_s = Decimal(dies_ns(signal) - state.now_ns) / 1_000_000_000
    checks.append(Check("SIGNAL_ALIVE_S", left_s, ZERO, left_s >= 0))
    rate = rate_up(state, account, instrument)
    if rate is None or plan.decision_px is None:
        checks.append(Check("NO_FX_RATE", None, None, False, "no fresh quote", f"a rate from {instrument.currency}"))
        return checks, ZERO
    sized = own_size(state, account, signal, instrument, plan.decision_px, rate)
    lot_value = plan.decision_px * instrument.contract_size * rate
    firm, sized = under_rules(state, account, signal, instrument, sized, lot_value, role=Role.RECOVERY)
    return [*checks, *firm], sized.qty


# --- withdrawal -------------------------------------------------------------------------------------------------------


def withdraw_entries(tx: Tx, account_id: AccountId, symbol: Symbol, why: str, side: Side | None = None) -> None:
    """Call back every entry of this instrument, and side, on this account: cancel what is open, drop what waits."""
    account = tx.account(account_id)
    position = account.positions.get(symbol)
    for cl_ord_id in tuple(position.entering) if position else ():
        order = account.orders[cl_ord_id]
        if side in (None, order.intent.side):
            call_back(tx, order, why)
    for signal_id in tuple(position.waiting) if position else ():
        if side in (None, tx.state.plans[signal_id].plan.side):
            withdraw_share(tx, account_id, signal_id, why)


def call_back(tx: Tx, order: Order, why: str) -> None:
    """Cancel an order that enters; no completion follows it."""
    cancel(tx, order, why)
    complete_no_more(tx, order, why)


def complete_no_more(tx: Tx, order: Order, why: str) -> None:
    """Have nothing follow an order that enters, neither a completion nor the next part of its parent."""
    account_id, signal_id = order.intent.account, order.intent.signal_id
    share = share_of(tx.state, signal_id, account_id)
    if share is not None and share.parent is not None:
        _end_parent(tx, account_id, signal_id, share.parent, why)
    elif share is not None and not share.over:
        tx.apply(ev.CompletionEnded(signal_id, account_id, leaves_qty(order), why))


def withdraw_share(tx: Tx, account_id: AccountId, signal_id: SignalId, why: str) -> None:
    """Drop a share, or a completion, that waits for its time, or the rest of what goes out in parts."""
    share = tx.state.plans[signal_id].shares[account_id]
    if share.parent is not None:
        _end_parent(tx, account_id, signal_id, share.parent, why)
    elif share.released:
        tx.apply(ev.CompletionEnded(signal_id, account_id, share.waiting_qty, why))
    else:
        for each in legs_with(tx.state, signal_id):
            tx.apply(ev.AssignmentWithdrawn(each, account_id, why))


def _end_parent(tx: Tx, account_id: AccountId, signal_id: SignalId, parent: Parent, why: str) -> None:
    """An algorithm sends no more of a share, whose open child the caller cancels. A leg takes its spread along."""
    spread_id = tx.state.signals[signal_id].spread
    if spread_id is not None:
        if not tx.account(account_id).spreads[spread_id].stopped:
            tx.apply(ev.SpreadStopped(spread_id, account_id, why))
        return
    symbol, left = tx.state.signals[signal_id].symbol, plain(max(parent.order_qty - parent.cum_qty, ZERO))
    tx.apply(ev.AlgoEnded(signal_id, account_id, symbol, parent.cum_qty, left, why))
