"""What is long over leaves the engine's memory, so that a long history costs nothing; the journal keeps all of it.

A signal leaves as one with everything that hung on it: its plan, its orders and their fills, the legs of a spread, the
exits of one, a second order; an order that no signal asked for leaves by itself. It leaves when all of it has been over
for `archive_after_s` and nothing names it any more: no position that it protects or protected last, no question, break,
override or command that waits. A fill that was taken back or changed keeps its signal here. A few are looked at in a
step, so no step takes long.

The facts that leave stand in the record with which they leave. When an input names one of them, by whatever id, the
caller puts a `RecallOrders` before that input, and everything is as if it had never left. Nothing is ever looked up
here: an input carries all that is needed to step it again.
"""

from collections.abc import Iterable

import msgspec

from coxswain.core.order import Order, is_over
from coxswain.core.params import seconds_ns
from coxswain.core.past import Past, PastAccount, accounts_of, family_of, is_here
from coxswain.core.shares import PlanState
from coxswain.core.state import Account, State
from coxswain.core.sums import key
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.archived import Archived
from coxswain.model.market import Quote
from coxswain.model.vocabulary import AccountId, SignalId, Symbol, Verdict

BATCH = 8
"""Signals that one step looks at. Each came in with an input of its own, so as many leave as come."""
QUIET = frozenset((Quote, inp.VenueQuoted, inp.EngineStarted, inp.StopEngine, inp.RecallOrders))
"""Inputs with which nothing leaves: prices cost nothing more, and an end tells of the state as it found it."""
DEADLINES_OF_A_SHARE = ("release", "completion", "algo", "pace", "legging", "spread_stop", "spread_watch", "approval")


def is_due(state: State) -> bool:
    """Say whether anything is to be looked at by now."""
    return next(iter(state.aging)) <= state.now_ns


def after(tx: Tx) -> None:
    """At the end of a step: let a few leave that are long over."""
    state = tx.state
    waiting = state.aging[next(iter(state.aging))][-BATCH:]
    leaving = tuple(_packed(state, root) for root in waiting if _is_past(state, root))
    gone = {each.signal_id for each in leaving}
    tx.apply(ev.OrdersArchived(leaving, tuple(root for root in waiting if root not in gone)))


def on_recall(tx: Tx, message: inp.RecallOrders) -> None:
    """Put back what the next input names."""
    for archived in message.archived:
        if not is_here(tx.state, archived.signal_id):
            tx.apply(ev.OrdersRecalled(archived))


# --- what may leave ---------------------------------------------------------------------------------------------------


def _is_past(state: State, root: SignalId) -> bool:
    """Say whether a signal and all that hangs on it is over, was so for long enough, and is named by nothing."""
    names = family_of(state, root)
    orders = [order for name in names for order in _orders_of(state, name)]
    latest_ns = state.now_ns - seconds_ns(state.desk.archive_after_s)
    return (
        all(is_over(order) and order.done_ns is not None and order.done_ns <= latest_ns for order in orders)
        and not _is_asked_about(state, names)
        and not _is_waiting(state, names)
        and not any(_is_needed(state, order) for order in orders)
        and not any(_is_named(state, state.accounts[each], names) for each in _concerned(state, names))
    )


def _orders_of(state: State, name: SignalId) -> list[Order]:
    return [state.accounts[account_id].orders[cl_ord_id] for account_id, cl_ord_id in state.orders_of.get(name, ())]


def _is_asked_about(state: State, names: tuple[SignalId, ...]) -> bool:
    """Say whether a command that waits, an override or a flatten under way names it. There are few of these."""
    asked = (*(name for kept in state.kept.values() for name in _named_by(kept.command)),)
    about = (override.signal_id for override in state.overrides.values())
    flattening = (name for by_symbol in state.flattening.values() for name in by_symbol.values())
    return any(name in names for name in (*asked, *about, *flattening))


def _named_by(command: inp.Keepable) -> Iterable[SignalId]:
    match command:
        case inp.SubmitSignal(signal):
            return [name for name in (signal.id, signal.spread) if name is not None]
        case inp.ApprovePlan(signal_ids):
            return signal_ids
        case _:
            return ()


def _is_waiting(state: State, names: tuple[SignalId, ...]) -> bool:
    """Say whether a share of it is still to be released, completed, worked, watched or decided about."""
    plans = [state.plans[name] for name in names if name in state.plans]
    shares = (share for plan in plans for share in plan.shares.values())
    return (
        any(name in state.awaiting for name in names)
        or any(plan.asking for plan in plans)
        or any(share.parent is not None or share.waiting_qty for share in shares)
        or any(
            key(kind, account_id, name) in state.deadlines
            for account_id in ("", *accounts_of(state, names))
            for name in names
            for kind in DEADLINES_OF_A_SHARE
        )
    )


def _is_needed(state: State, order: Order) -> bool:
    """Say whether an exit, a break, a breaker or a reversal of a fill needs an order that is over."""
    account, cl_ord_id = state.accounts[order.intent.account], order.cl_ord_id
    leaving = account.positions[order.intent.symbol].exit
    breaks = (f"{order.intent.account}:{what}:{cl_ord_id}" for what in ("order", "working"))
    return (
        (leaving is not None and leaving.order_id == cl_ord_id)
        or any(name in account.breaks or name in account.ignored for name in breaks)
        or any(breaker.trial == cl_ord_id for breaker in account.breakers.values())
        or any(account.fills[exec_id].changed_ns for exec_id in order.exec_ids)
    )


def _concerned(state: State, names: tuple[SignalId, ...]) -> dict[AccountId, None]:
    """Return the accounts on which something of it may be under way, also where it had no share: exits have none."""
    plans = (state.plans[name] for name in names if name in state.plans)
    sent = (each.account for plan in plans for each in plan.plan.assignments if each.verdict is Verdict.SEND)
    return accounts_of(state, names) | dict.fromkeys(sent)


def _is_named(state: State, account: Account, names: tuple[SignalId, ...]) -> bool:
    """Say whether an account has anything that names it: a spread, what waits for room, an override, a position."""
    spread = account.spreads.get(names[0])
    if spread is not None and not (spread.over and spread.leaving is None):
        return True
    if any(name in each for name in names for each in (account.paced, account.kept_back, account.overrides)):
        return True
    symbols = dict.fromkeys(symbol for name in names for symbol in _symbols_of(state, account, name))
    return any(_names_one(account, symbol, names) for symbol in symbols)


def _symbols_of(state: State, account: Account, name: SignalId) -> Iterable[Symbol]:
    plan = state.plans.get(name)
    if plan is not None:
        yield plan.plan.symbol
    for account_id, cl_ord_id in state.orders_of.get(name, ()):
        if account_id == account.spec.id:
            yield account.orders[cl_ord_id].intent.symbol


def _names_one(account: Account, symbol: Symbol, names: tuple[SignalId, ...]) -> bool:
    position = account.positions.get(symbol)
    if position is None:
        return False
    former, leaving = position.former, position.exit
    named = (
        position.levels_from,
        position.leaving_for,
        None if former is None else former.levels_from,
        None if leaving is None else leaving.signal_id,
    )
    several = (position.waiting, position.legging, position.spreads)
    return any(name in named for name in names) or any(name in each for name in names for each in several)


# --- how it leaves ----------------------------------------------------------------------------------------------------


def _packed(state: State, root: SignalId) -> Archived:
    """Return everything that is known of it, under every id that an input may call it by."""
    names = family_of(state, root)
    orders = [order for name in names for order in _orders_of(state, name)]
    past = Past(
        [state.signals[name] for name in names if name in state.signals],
        {name: _without_checks(state.plans[name]) for name in names if name in state.plans},
        [name for name in names if name in state.direct_ids],
        list(names[1:]),
        {name: state.orders_of[name] for name in names if name in state.orders_of},
        {each: _part_of(state.accounts[each], names, orders) for each in accounts_of(state, names)},
    )
    filled = [order for order in orders if order.exec_ids]
    return Archived(
        root,
        msgspec.Raw(msgspec.json.encode(past)),
        tuple(past.signals),
        names,
        tuple((order.intent.account, name) for order in orders for name in (order.cl_ord_id, *order.names)),
        tuple((order.intent.account, exec_id) for order in orders for exec_id in order.exec_ids),
        tuple(dict.fromkeys((order.intent.account, order.intent.symbol) for order in filled)),
    )


def _without_checks(plan: PlanState) -> PlanState:
    assignments = tuple(msgspec.structs.replace(each, checks=()) for each in plan.plan.assignments)
    return msgspec.structs.replace(plan, plan=msgspec.structs.replace(plan.plan, assignments=assignments))


def _part_of(account: Account, names: tuple[SignalId, ...], orders: list[Order]) -> PastAccount:
    own = [order for order in orders if order.intent.account == account.spec.id]
    return PastAccount(
        own,
        [account.fills[exec_id] for order in own for exec_id in order.exec_ids],
        {name: account.contingent[name] for name in names if name in account.contingent},
        {names[0]: account.spreads[names[0]]} if names[0] in account.spreads else {},
    )
