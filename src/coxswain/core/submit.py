"""Everything that leaves for a venue leaves from here: new orders, cancels, replaces and questions.

A new order and a replace pass the gate; the hold is placed in the same step. Each request follows the event that says
why, so it is durable before it is sent.
"""

from decimal import Decimal

import msgspec

from coxswain.core.causes import restrict
from coxswain.core.contingent import is_of_a_pair, life_of
from coxswain.core.emulation import as_sent
from coxswain.core.firm.notices import tell_refused_closing
from coxswain.core.gate_view import view_of
from coxswain.core.order import Order, is_done
from coxswain.core.params import NS_PER_MS, NS_PER_S, seconds_ns
from coxswain.core.resting import met_by
from coxswain.core.rings import room_ns
from coxswain.core.state import (
    Account,
    State,
    parent_of,
)
from coxswain.core.sums import key
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder
from coxswain.model.breaker import BreakerState
from coxswain.model.decimals import ZERO, plain
from coxswain.model.market import Quote, touch
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import (
    BUY,
    DIRECT,
    ENTRY,
    GTD,
    LIMIT,
    MARKET,
    PROTECTION,
    TRAILING_STOP,
    AccountId,
    ClOrdId,
    SelfMatch,
    Symbol,
    TimeInForce,
)
from coxswain.risk.gate import Approved, Refused, judge

LOOK_FOR_ROOM_NS = 50 * NS_PER_MS
"""No sooner is room looked for again: a budget of nothing never has any."""
MESSAGE_BUDGET = 16
"""The control that lets an order wait instead of refusing it."""
SELF_MATCH = 31
"""The control whose failure may call back what rests."""
ASKED_AT_PACE = 5
"""Times that a question is asked again at the same pace: what was only lost on the way is found by then."""
DOUBLED_MAX = 20
PACED_MAX = 1000
"""Orders of one account that may wait for room among the messages."""


def submit(
    tx: Tx,
    intent: OrderIntent,
    signal_time_ns: int,
    end_of_life_ns: int,
    renews: Order | None = None,
    *,
    waited: bool = False,
) -> Order | None:
    """Judge an intent and, if approved, create the order with its hold and ask for it to be sent.

    Returns the order, or None when the gate denied it; the denial is recorded with every check. None as well when only
    the number of messages stands in its way: then it waits (`waited` says that it did) and is judged again. One that
    `renews` another, which is over, is for the same intent again.
    """
    intent = as_sent(tx.state, tx.account(intent.account), intent)
    view = view_of(tx.state, intent, signal_time_ns, end_of_life_ns, waited=waited)
    overrides = tx.account(intent.account).overrides.get(intent.signal_id, {})
    if overrides:
        view = msgspec.structs.replace(
            view, overridden=tuple(each.control for each in overrides.values()), overrides=tuple(overrides.values())
        )
    if tx.account(intent.account).breakers:
        view = _while_half_open(tx.account(intent.account), view)
    if renews is not None:
        view = msgspec.structs.replace(view, seen_before=False, repeats=0, entered_alike_ns=None)
    verdict = judge(intent, view, tx.gates[intent.account])
    if not isinstance(verdict, Approved):
        if not pace(tx, verdict, view, renews):
            deny(tx, verdict)
            tell_refused_closing(tx, verdict)
        return None
    used = [overrides[str(control)].id for control in verdict.overridden] if overrides else ()
    order = _create(tx, verdict, view, renews)
    for override_id in used:
        tx.apply(ev.OverrideUsed(override_id, intent.account, order.cl_ord_id))
    return order


def _while_half_open(account: Account, view: RiskView) -> RiskView:
    """Count the open entries of an account that may have one at a time."""
    if all(breaker.state is not BreakerState.HALF_OPEN for breaker in account.breakers.values()):
        return view
    entries = sum(len(position.entering) for position in account.positions.values())
    return msgspec.structs.replace(view, entries_while_half_open=entries)


def deny(tx: Tx, verdict: Refused) -> None:
    """Record a denial, and restrict the account where a control that failed asks for that."""
    tx.apply(ev.OrderDenied(verdict.intent, verdict.checks, verdict.reasons))
    for cause, why in verdict.causes:
        restrict(tx, verdict.intent.account, cause, why)
    both = tx.state.setup is not None and tx.state.setup.self_match is SelfMatch.CANCEL_BOTH
    if both and SELF_MATCH in verdict.controls:
        call_back_met(tx, verdict.intent)


def pace(tx: Tx, verdict: Refused, view: RiskView, renews: Order | None = None) -> bool:
    """Let an order wait for room among the messages, if nothing else stands in its way and it lives that long.

    Protection and exits are not kept as they are: what they should be is looked at afresh when there is room.
    """
    intent, account = verdict.intent, tx.account(verdict.intent.account)
    if verdict.controls != (MESSAGE_BUDGET,):
        return False
    if intent.role is ENTRY and parent_of(tx.state, intent.account, intent.signal_id) is not None:
        return False  # its algorithm looks again by itself, and may want something else by then
    due_ns = max(_room_ns(tx.state, account, intent), tx.state.now_ns + LOOK_FOR_ROOM_NS)
    if intent.reduce_only and intent.role is not DIRECT:
        tx.apply(ev.ReductionPaced(intent.account, intent.symbol, due_ns))
        return True
    if due_ns > view.dies_ns or len(account.paced) >= PACED_MAX:
        return False
    former = None if renews is None else renews.cl_ord_id
    tx.apply(ev.OrderPaced(intent, view.signal_time_ns, view.dies_ns, due_ns, verdict.reasons, former))
    return True


def waits_for_room(tx: Tx, account_id: AccountId, symbol: Symbol) -> bool:
    """Say whether something that reduces this position waits for room among the messages."""
    return key("follow", account_id, symbol) in tx.state.deadlines


def _room_ns(state: State, account: Account, intent: OrderIntent) -> int:
    # One that has waited is the first of those that still do.
    now_ns, ahead = state.now_ns, 0 if intent.signal_id in account.paced else len(account.paced)
    venue, strategy = state.venue_messages.get(account.spec.venue), state.strategy_messages.get(intent.strategy)
    return max(
        room_ns(account.messages, now_ns, int(account.params.max_messages_per_s), ahead),
        room_ns(venue, now_ns, int(state.desk.max_venue_messages_per_s), ahead),
        room_ns(strategy, now_ns, int(state.desk.max_strategy_messages_per_s), ahead),
    )


def refusal_of(tx: Tx, reducing: OrderIntent) -> Refused | None:
    """Say how the gate would refuse a reducing order once protection has made room for it; None if it would not."""
    now_ns = tx.state.now_ns
    view = view_of(tx.state, reducing, now_ns, now_ns)
    with_room = msgspec.structs.replace(view, reducing=True, free_to_reduce=reducing.order_qty)
    verdict = judge(reducing, with_room, tx.gates[reducing.account])
    return verdict if isinstance(verdict, Refused) and verdict.controls != (MESSAGE_BUDGET,) else None


def may_leave(tx: Tx, reducing: OrderIntent) -> bool:
    """Say whether the gate would let a reducing order out now; a denial is recorded, and a full budget waited for."""
    now_ns = tx.state.now_ns
    intent = as_sent(tx.state, tx.account(reducing.account), reducing)
    view = view_of(tx.state, intent, now_ns, now_ns)
    verdict = judge(intent, view, tx.gates[intent.account])
    if isinstance(verdict, Refused) and not pace(tx, verdict, view):
        deny(tx, verdict)
    return not isinstance(verdict, Refused)


def submit_for_signal(tx: Tx, intent: OrderIntent) -> Order | None:
    """Submit an order of a signal, which gives it its time and its end of life."""
    return submit(tx, intent, *life_of(tx.state, intent.signal_id, intent.account))


def _create(tx: Tx, approved: Approved, view: RiskView, renews: Order | None) -> Order:
    state, intent = tx.state, _as_it_leaves(approved.intent, view)
    if view.crossed_px is not None:
        call_back_met(tx, approved.intent)
    account = state.accounts[intent.account]
    cl_ord_id = next_id(state, account)
    submit_by_ns = state.now_ns + seconds_ns(state.desk.submit_timeout_s)
    enters = not intent.reduce_only
    tx.apply(
        ev.OrderCreated(
            cl_ord_id,
            intent,
            approved.checks,
            view.margin_per_lot if enters else ZERO,
            view.risk_per_lot if enters else ZERO,
            submit_by_ns,
            enters,
            enters and not is_of_a_pair(state, intent.signal_id) and _rests_by_accident(approved.intent, view.quote),
            view.dies_ns,
            value_per_lot=view.value_per_lot if enters else ZERO,
            limit_version=state.limits.version,
            renews=None if renews is None else renews.cl_ord_id,
        )
    )
    send_new(tx, account.orders[cl_ord_id])
    return account.orders[cl_ord_id]


def _as_it_leaves(intent: OrderIntent, view: RiskView) -> OrderIntent:
    """An order at market that enters leaves as a limit that protects it; one that reduces leaves as it is."""
    if intent.ord_type is not MARKET or intent.reduce_only or view.protect_px is None:
        return intent
    return msgspec.structs.replace(intent, ord_type=LIMIT, price=view.protect_px, protected=True)


def call_back_met(tx: Tx, intent: OrderIntent) -> None:
    """Cancel entries of our own that an order would trade with at once."""
    for _, owner, cl_ord_id in met_by(tx.state, intent, tx.state.quotes.get(intent.symbol)):
        resting = tx.account(owner).orders[cl_ord_id]
        if resting.enters:
            cancel(tx, resting, "another order of ours would trade with it")


def send_new(tx: Tx, order: Order) -> None:
    """Ask for an order that was created to be sent. Its event is in this record already."""
    intent, can = order.intent, tx.account(order.intent.account).capabilities
    tx.request(
        NewOrder(
            intent.account,
            order.cl_ord_id,
            intent.symbol,
            intent.side,
            intent.ord_type,
            intent.time_in_force,
            intent.order_qty,
            intent.price,
            intent.stop_px,
            intent.reduce_only and can.native_reduce_only,
            intent.oco_group,
            intent.expire_time_ns if intent.time_in_force is GTD else None,
            intent.trail if intent.ord_type is TRAILING_STOP else None,
        )
    )


def _rests_by_accident(intent: OrderIntent, quote: Quote | None) -> bool:
    """A market or marketable order of a plan is meant to fill at once; what stays open of it is to be completed."""
    if intent.role is DIRECT or intent.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        return False
    if intent.ord_type is MARKET:
        return True
    if intent.ord_type is not LIMIT or quote is None or intent.price is None:
        return False
    at_touch = touch(quote, intent.side)
    return intent.price >= at_touch if intent.side is BUY else intent.price <= at_touch


def next_id(state: State, account: Account) -> ClOrdId:
    """Derive the next ClOrdID: short journal id, account, counter; at most 36 characters."""
    return ClOrdId(f"{state.journal_id[:8]}-{account.spec.id[:19]}-{account.order_count + 1}")


def cancel(tx: Tx, order: Order, reason: str) -> None:
    """Have an order cancelled, unless it is done or that was asked for before, which is pursued until it is done."""
    if order.renewal is not None and not is_done(order):
        tx.apply(ev.RenewalEnded(order.intent.account, order.cl_ord_id, reason))
    if not is_done(order) and not order.cancel_wanted:
        ask_cancel(tx, order, reason)


def ask_cancel(tx: Tx, order: Order, reason: str) -> None:
    """Ask for a cancel, the first time or again."""
    account_id = order.intent.account
    answer_by_ns = tx.state.now_ns + seconds_ns(tx.state.desk.cancel_timeout_s)
    tx.apply(ev.CancelRequested(account_id, order.cl_ord_id, reason, answer_by_ns))
    tx.request(CancelOrder(account_id, order.current_id, order.intent.symbol))


def replace(tx: Tx, order: Order, open_qty: Decimal, price: Decimal | None, stop_px: Decimal | None) -> bool:
    """Ask to change a working order to `open_qty` still open at these prices. False when the gate denies.

    A price that is None stays as it is. True as well where the change only waits for room among the messages.
    """
    state, account, intent = tx.state, tx.account(order.intent.account), order.intent
    wanted = msgspec.structs.replace(
        intent,
        order_qty=open_qty,
        price=order.price if price is None else price,
        stop_px=order.stop_px if stop_px is None else stop_px,
    )
    own = None if intent.role in PROTECTION else order
    view = view_of(state, wanted, state.now_ns, state.now_ns + NS_PER_S, leaving_out=own)
    verdict = judge(wanted, view, tx.gates[wanted.account])
    if isinstance(verdict, Refused):
        if intent.role in PROTECTION and pace(tx, verdict, view):
            return True
        deny(tx, verdict)
        return False
    new_id, total = next_id(state, account), plain(order.cum_qty + open_qty)
    answer_by_ns = state.now_ns + seconds_ns(state.desk.submit_timeout_s)
    tx.apply(
        ev.ReplaceRequested(
            wanted.account,
            order.cl_ord_id,
            new_id,
            total,
            price,
            stop_px,
            answer_by_ns,
            verdict.checks,
            view.margin_per_lot if order.enters and view.margin_per_lot > order.margin_per_lot else None,
            view.risk_per_lot if order.enters and view.risk_per_lot > order.risk_per_lot else None,
        )
    )
    tx.request(ReplaceOrder(wanted.account, new_id, order.current_id, wanted.symbol, total, price, stop_px))
    return True


def key_of_question(order: Order) -> str:
    """Name the deadline that stands while the venue is asked for an order."""
    return key("query", order.intent.account, order.cl_ord_id)


def ask_for_order(tx: Tx, order: Order, times: int = 0) -> None:
    """Ask the venue what became of an order, after so many times in a row without an end to it."""
    account_id = order.intent.account
    answer_by_ns = tx.state.now_ns + patience_ns(tx.state, tx.state.desk.query_timeout_s, times)
    tx.apply(ev.QuestionAsked(account_id, order.cl_ord_id, answer_by_ns, times))
    tx.request(QueryOrder(account_id, order.current_id, order.intent.symbol))


def patience_ns(state: State, seconds: Decimal, times: int) -> int:
    """Return how long a question waits that was asked so many times before, without an end to it.

    The first ones wait `seconds` each. From then on it is twice as long each time, up to the pace of routine
    comparisons: what nobody can answer is asked for ever, but not for ever as fast as what was lost on the way.
    """
    doubled = min(max(times - ASKED_AT_PACE, 0), DOUBLED_MAX)
    longest_ns = max(seconds_ns(seconds), seconds_ns(state.desk.position_sync_s))
    return min(seconds_ns(seconds) << doubled, longest_ns)


def lose_sight(tx: Tx, order: Order, reason: str, times: int = 0) -> None:
    """Note that nobody says what became of a request, and ask."""
    tx.apply(ev.OutcomeUnknown(order.intent.account, order.cl_ord_id, reason))
    ask_for_order(tx, order, times)


def ask_for_account(tx: Tx, account_id: AccountId, reason: str, times: int = 0) -> None:
    """Ask the venue for an account's books: everything open, and fills since they last agreed."""
    account = tx.account(account_id)
    answer_by_ns = tx.state.now_ns + patience_ns(tx.state, tx.state.desk.query_timeout_s, times)
    tx.apply(ev.ComparisonAsked(account_id, reason, answer_by_ns, times))
    tx.request(QueryAccount(account_id, account.reconciled_ns))
