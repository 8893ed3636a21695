"""Parent orders that an algorithm works: ask it how much should be out by now, and send the difference.

An entry's share is sent as children of that share, an exit as exits of parts of the position, so the gate, the holds
and protection see nothing new. One child is open at a time: the next follows its terminal report, so a rest that was
not filled is part of the next difference, and nothing is sent twice on a guess. A child that crosses is `IOC`; one that
has a price stands there until the algorithm wants another. The price of an exit is the position's target for that
while, because then the stop stays where it is.

The algorithm remembers nothing, and neither does this file: what counts stands in the events. `ends_ns` is the end,
also after a restart: what is left then stays unsent, and an event says so.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial

import msgspec

from coxswain.core.contingent import life_of
from coxswain.core.draws import draw
from coxswain.core.eligibility import fitness
from coxswain.core.entries import LOOK_AGAIN_NS, entry_intent, postponed
from coxswain.core.order import Order, held_qty, is_complete
from coxswain.core.params import NS_PER_MS, NS_PER_S
from coxswain.core.position import NOTHING_HELD, Position
from coxswain.core.protection import follow, set_levels, start_exit
from coxswain.core.scopes import narrower_state, why_restricted
from coxswain.core.shares import Parent
from coxswain.core.state import Account, State, parent_of
from coxswain.core.submit import cancel, submit
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.algo import AlgoModule, ParentView, Target
from coxswain.model.checks import Check, reason
from coxswain.model.decimals import ZERO, plain
from coxswain.model.market import Instrument, Quote, is_sane, mid
from coxswain.model.orders import OrderIntent
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    ACTIVE,
    ENTRY,
    LIMIT,
    MARKET,
    AccountId,
    Side,
    SignalId,
    SignalKind,
    TimeInForce,
)

WAKE_NS_MIN = 100 * NS_PER_MS
"""An algorithm is asked no more often than this, whatever it wishes."""
REFUSALS_MAX = 5
"""Children in a row that our gate denied or the venue rejected; then the parent ends."""


# --- beginning --------------------------------------------------------------------------------------------------------


def release(tx: Tx, account_id: AccountId, signal_id: SignalId) -> None:
    """Let a planned share out in parts, if the account is still fit for it."""
    if postponed(tx, account_id, signal_id):
        return
    signal, share = tx.state.signals[signal_id], tx.state.plans[signal_id].shares[account_id]
    checks = (*fitness(tx.account(account_id)), _age(tx.state, signal_id, account_id))
    failed = tuple(reason(check) for check in checks if not check.passed)
    if failed:
        intent = entry_intent(tx, signal_id, account_id, share.qty, ENTRY)
        tx.apply(ev.OrderDenied(intent, checks, failed))
    elif signal.side is not None:
        _start(tx, account_id, signal, signal.side, share.qty)


def _age(state: State, signal_id: SignalId, account_id: AccountId) -> Check:
    """Whether the signal still lives. What is sent later is as old as the algorithm, by the gate's reckoning.

    A process that stood still wakes to a release whose time is long past.
    """
    since_ns, dies_ns = life_of(state, signal_id, account_id)
    age_s, life_s = Decimal(state.now_ns - since_ns) / NS_PER_S, Decimal(dies_ns - since_ns) / NS_PER_S
    return Check("SIGNAL_AGE", plain(age_s), plain(life_s), state.now_ns <= dies_ns)


def leave(tx: Tx, account_id: AccountId, signal: Signal, qty: Decimal, actor: str) -> None:
    """Begin to close a position in parts, for a person if one asked for it."""
    position = tx.account(account_id).positions[signal.symbol]
    _start(tx, account_id, signal, Side.SELL if position.qty > 0 else Side.BUY, qty, actor)


def _start(tx: Tx, account_id: AccountId, signal: Signal, side: Side, qty: Decimal, actor: str = "") -> None:
    if signal.algo is None:
        raise ValueError(f"signal {signal.id} names no algorithm")
    module, quote = tx.algos[signal.algo.name], tx.state.quotes.get(signal.symbol)
    params = msgspec.json.decode(signal.algo.params, type=module.Params, strict=False)
    tx.apply(
        ev.AlgoStarted(
            signal.id,
            account_id,
            signal.symbol,
            signal.algo.name,
            signal.algo.params,
            side,
            qty,
            tx.state.now_ns + module.horizon_ns(params),
            signal.kind is SignalKind.EXIT,
            None if quote is None or not is_sane(quote) else plain(mid(quote)),
            None if quote is None else quote.volume,
            actor,
        )
    )
    advance(tx, account_id, signal.id)


# --- going on ---------------------------------------------------------------------------------------------------------


def after(tx: Tx, order: Order) -> None:
    """Go on when a child is over, or when anything of a position that is left in parts is."""
    intent = order.intent
    position = tx.account(intent.account).positions[intent.symbol]
    if position.leaving_for is not None:
        _go_on(tx, intent.account, position.leaving_for, order)
    signal = tx.state.signals.get(intent.signal_id)
    if intent.role is ENTRY and signal is not None and signal.algo is not None:
        _go_on(tx, intent.account, intent.signal_id, order)


def _go_on(tx: Tx, account_id: AccountId, signal_id: SignalId, order: Order) -> None:
    """At once where the child did what it was for; after a moment where the market or the venue did not take it."""
    parent = parent_of(tx.state, account_id, signal_id)
    if parent is None:
        return
    if is_complete(order) or order.cancel_wanted or order.intent.signal_id != signal_id:
        advance(tx, account_id, signal_id)
        return
    again_ns = tx.state.now_ns + LOOK_AGAIN_NS
    if again_ns < parent.wake_ns or parent.wake_ns <= tx.state.now_ns:
        note = f"{order.cl_ord_id} took {order.cum_qty} of {order.order_qty}"
        _ask_again(tx, account_id, signal_id, parent, None, min(again_ns, parent.ends_ns), note)


def advance(tx: Tx, account_id: AccountId, signal_id: SignalId) -> None:
    """Ask the algorithm, and bring what is out to what it says."""
    state, account, parent = tx.state, tx.account(account_id), parent_of(tx.state, account_id, signal_id)
    if parent is None:
        return
    signal = state.signals[signal_id]
    position = account.positions.get(signal.symbol, NOTHING_HELD)
    why = _why_over(tx, account, position, signal, parent)
    if why:
        end(tx, account_id, signal_id, why)
        return
    wanted = _ask(tx, account, position, signal, parent)
    wake_ns = min(max(wanted.wake_ns or parent.ends_ns, state.now_ns + WAKE_NS_MIN), parent.ends_ns)
    note = _why_wait(state, account, position, signal)
    if note:
        wake_ns = min(wake_ns, state.now_ns + LOOK_AGAIN_NS)
    stands = bool(note) or _stands(account, position, parent, wanted)
    qty = ZERO
    if not note:
        qty = _child_qty(state.instruments[signal.symbol], parent, position, wanted, _open(account, parent))
    if qty or not stands or wake_ns != parent.wake_ns or parent.wake_ns <= state.now_ns:
        _ask_again(tx, account_id, signal_id, parent, wanted, wake_ns, note)
    if not stands:
        _clear(tx, account, position, signal, wanted)
    if qty:
        _send(tx, account_id, signal, parent, wanted, qty)


def end(tx: Tx, account_id: AccountId, signal_id: SignalId, why: str) -> None:
    """End a parent: what is open of it is called back, and a target that was moved for it goes back."""
    parent, symbol = parent_of(tx.state, account_id, signal_id), tx.state.signals[signal_id].symbol
    if parent is None:
        return
    account, left = tx.account(account_id), plain(max(parent.order_qty - parent.cum_qty, ZERO))
    position = account.positions[symbol]
    leaving = position.leaving_for == signal_id
    tx.apply(ev.AlgoEnded(signal_id, account_id, symbol, parent.cum_qty, left, why))
    if parent.child is not None and parent.child in account.open_orders:
        cancel(tx, account.orders[parent.child], why)
    if leaving and parent.price is not None and position.qty:
        set_levels(tx, account_id, symbol, position.stop_px, parent.former_target_px, signal_id, position.trail)
        follow(tx, account_id, symbol)


# --- asking -----------------------------------------------------------------------------------------------------------


def _why_over(tx: Tx, account: Account, position: Position, signal: Signal, parent: Parent) -> str:
    """Say why a parent is over, empty while it is not."""
    left = plain(parent.order_qty - parent.cum_qty)
    if left <= 0:
        return "all of it is filled"
    if signal.algo is None or signal.algo.name not in tx.algos:
        return "there is no such algorithm any more"
    if signal.kind is SignalKind.EXIT and (not position.qty or (position.qty > 0) is not (parent.side is Side.SELL)):
        return "nothing is left to close"
    if tx.state.now_ns >= parent.ends_ns:
        return "its time is over"
    if parent.refusals >= REFUSALS_MAX:
        return f"{parent.refusals} children in a row were refused"
    if signal.kind is SignalKind.ENTRY and not _may_enter(tx.state, account, signal):
        return f"nothing may be opened: {why_restricted(tx.state, account, signal.symbol, signal.strategy)}"
    if left < tx.state.instruments[signal.symbol].min_qty and not _open(account, parent):
        return "the rest is below the smallest order"
    return ""


def _may_enter(state: State, account: Account, signal: Signal) -> bool:
    if narrower_state(state, signal.symbol, signal.strategy) is not ACTIVE:
        return False
    return account.state is ACTIVE or _passing(account)


def _passing(account: Account) -> bool:
    return set(account.causes) == {"UNRECONCILED"}


def _why_wait(state: State, account: Account, position: Position, signal: Signal) -> str:
    """Say what keeps a child from being sent for now. The gate would deny it, and that would tell nothing new."""
    if not state.sessions.get(signal.symbol, False):
        return "the session is closed"
    if signal.kind is SignalKind.EXIT:
        return ""
    if _passing(account) or account.breaks or position.unknown:
        return "something about the account is not known"
    quote = state.quotes.get(signal.symbol)
    stale_ns = int(state.desk.quote_stale_s) * 1_000_000_000
    if quote is None or not is_sane(quote) or state.now_ns - quote.ts_ns > stale_ns:
        return "there is no fresh quote"
    return ""


def _ask(tx: Tx, account: Account, position: Position, signal: Signal, parent: Parent) -> Target:
    if signal.algo is None:
        raise ValueError(f"signal {signal.id} names no algorithm")
    state, module = tx.state, tx.algos[signal.algo.name]
    params = msgspec.json.decode(signal.algo.params, type=module.Params, strict=False)
    quote: Quote | None = state.quotes.get(signal.symbol)
    wanted: Target = module.target(view_of(state, account, position, signal, parent), quote, state.now_ns, params)
    return wanted


def view_of(state: State, account: Account, position: Position, signal: Signal, parent: Parent) -> ParentView:
    """Show a parent to its algorithm."""
    return _view(
        state.instruments[signal.symbol],
        parent,
        signal,
        account.spec.id,
        state.seed,
        _open(account, parent),
        _open_px(account, position, signal, parent),
    )


def view_to_plan(state: State, signal: Signal) -> ParentView:
    """Show an algorithm what it would get, before there is a parent: enough to say what it lacks."""
    side = signal.side or Side.BUY
    quote = state.quotes.get(signal.symbol)
    volume = None if quote is None else quote.volume
    parent = Parent(side, signal.quantity or ZERO, state.now_ns, state.now_ns, None, volume)
    return _view(state.instruments[signal.symbol], parent, signal, AccountId(""), state.seed, ZERO, None)


def _view(
    instrument: Instrument,
    parent: Parent,
    signal: Signal,
    account_id: AccountId,
    seed: int,
    open_qty: Decimal,
    open_px: Decimal | None,
) -> ParentView:
    return ParentView(
        parent.side,
        parent.order_qty,
        instrument.lot_step,
        instrument.min_qty,
        instrument.tick,
        parent.started_ns,
        parent.cum_qty,
        open_qty,
        open_px,
        signal.limit_price,
        parent.arrival_px,
        parent.arrival_volume,
        instrument.volume_curve,
        partial(draw, seed, signal.id, account_id),
    )


def _open(account: Account, parent: Parent) -> Decimal:
    """Return what is open of the one child, worst case."""
    return ZERO if parent.child is None else held_qty(account.orders[parent.child])


def _open_px(account: Account, position: Position, signal: Signal, parent: Parent) -> Decimal | None:
    if signal.kind is SignalKind.EXIT:
        return None if parent.price is None else position.target_px
    child = None if parent.child is None else account.orders[parent.child]
    return None if child is None or _crosses(child) else child.price


def _ask_again(
    tx: Tx,
    account_id: AccountId,
    signal_id: SignalId,
    parent: Parent,
    wanted: Target | None,
    wake_ns: int,
    note: str,
) -> None:
    account, symbol = tx.account(account_id), tx.state.signals[signal_id].symbol
    open_qty = plain(_open(account, parent))
    out = plain(parent.cum_qty + open_qty) if wanted is None else plain(wanted.cum_qty)
    price = parent.price if wanted is None else wanted.price
    tx.apply(ev.AlgoAsked(signal_id, account_id, symbol, out, parent.cum_qty, open_qty, wake_ns, price, note))


# --- acting -----------------------------------------------------------------------------------------------------------


def _stands(account: Account, position: Position, parent: Parent, wanted: Target) -> bool:
    """Say whether what is open stands where it should; what is on its way out counts as gone."""
    if parent.exits:
        posted = position.target_px if parent.price is not None else None
        return posted == wanted.price
    child = None if parent.child is None else account.orders[parent.child]
    if child is None or child.cancel_wanted or _crosses(child):
        return True
    return child.price == wanted.price


def _crosses(child: Order) -> bool:
    return child.intent.time_in_force is TimeInForce.IOC


def _child_qty(
    instrument: Instrument, parent: Parent, position: Position, wanted: Target, open_qty: Decimal
) -> Decimal:
    """Return the size of the next child, nothing while one is open; none leaves a rest below the smallest order."""
    if open_qty or position.exit is not None or (parent.exits and wanted.price is not None):
        return ZERO
    left = parent.order_qty - parent.cum_qty
    if parent.exits:
        left = min(left, abs(position.qty))
    qty, least = min(wanted.cum_qty - parent.cum_qty, left), instrument.min_qty
    if ZERO < left - qty < least:
        qty = left - least
    return plain(qty) if qty >= least or qty == left > 0 else ZERO


def _clear(tx: Tx, account: Account, position: Position, signal: Signal, wanted: Target) -> None:
    """Call back the child that stands where it should not; of an exit, move the target, or put it back."""
    parent = parent_of(tx.state, account.spec.id, signal.id)
    if parent is None:
        return
    if not parent.exits:
        if parent.child is not None:
            cancel(tx, account.orders[parent.child], "the algorithm wants it elsewhere")
        return
    target_px = parent.former_target_px if wanted.price is None else wanted.price
    set_levels(tx, account.spec.id, position.symbol, position.stop_px, target_px, signal.id, position.trail)
    follow(tx, account.spec.id, position.symbol)


def _send(tx: Tx, account_id: AccountId, signal: Signal, parent: Parent, wanted: Target, qty: Decimal) -> None:
    """Let the next child out through the gate. One that is refused is followed by another look, not by silence."""
    if parent.exits:
        position = tx.account(account_id).positions[signal.symbol]
        start_exit(
            tx, account_id, signal.symbol, signal.id, None if qty >= abs(position.qty) else qty, actor=parent.actor
        )
        sent = position.exit is not None
    else:
        intent = _child(tx, account_id, signal, wanted, qty)
        sent = submit(tx, intent, parent.started_ns, parent.ends_ns) is not None
    again_ns = min(tx.state.now_ns + LOOK_AGAIN_NS, parent.ends_ns)
    if not sent and again_ns < parent.wake_ns and parent_of(tx.state, account_id, signal.id) is parent:
        _ask_again(tx, account_id, signal.id, parent, wanted, again_ns, "the child was refused")


def _child(tx: Tx, account_id: AccountId, signal: Signal, wanted: Target, qty: Decimal) -> OrderIntent:
    base = entry_intent(tx, signal.id, account_id, qty, ENTRY)
    if wanted.price is not None:
        return msgspec.structs.replace(base, ord_type=LIMIT, price=wanted.price)
    ord_type = MARKET if signal.limit_price is None else LIMIT
    return msgspec.structs.replace(base, ord_type=ord_type, price=signal.limit_price, time_in_force=TimeInForce.IOC)


# --- refusing ---------------------------------------------------------------------------------------------------------


def why_not(state: State, signal: Signal, algos: Mapping[str, AlgoModule]) -> list[str]:
    """Say everything that keeps the algorithm of a signal from working it."""
    if signal.algo is None:
        return []
    name, module = signal.algo.name, algos.get(signal.algo.name)
    if module is None:
        return [f"ALGO_UNKNOWN: algo={name}, wanted=one of {', '.join(algos)}"]
    try:
        params = msgspec.json.decode(signal.algo.params, type=module.Params, strict=False)
    except msgspec.ValidationError as error:
        fields = ", ".join(module.Params.__struct_fields__)
        return [f"ALGO_PARAMS: algo={name}, params={signal.algo.params}: {error}; its parameters are {fields}"]
    reasons = []
    if signal.order_type not in (MARKET, LIMIT):
        reasons.append(f"ALGO_ORDER_TYPE: order_type={signal.order_type}, wanted=MARKET or LIMIT with an algorithm")
    if signal.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        reasons.append(f"ALGO_TIME_IN_FORCE: time_in_force={signal.time_in_force}, wanted=DAY or GTC with an algorithm")
    if signal.kind is SignalKind.EXIT and not module.WORKS_EXITS:
        reasons.append(f"ALGO_ON_EXIT: algo={name}, wanted=one that works exits")
    if signal.kind is SignalKind.EXIT and module.POSTS and signal.quantity is not None:
        reasons.append(f"ALGO_ON_EXIT: quantity={signal.quantity}, wanted=none, {name} leaves all of a position")
    view = view_to_plan(state, signal)
    if module.NEEDS_VOLUME and view.arrival_volume is None:
        reasons.append(f"ALGO_LACKS: algo={name}, wanted=a feed that says what the market has traded")
    lacks = module.lacks(view, params)
    if lacks:
        reasons.append(f"ALGO_LACKS: algo={name}, wanted={lacks}")
    return reasons
