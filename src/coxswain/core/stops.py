"""Stopping and releasing, by a person or by a flag from outside.

A stop is latched: it stands, over every restart, until a person resumes its scope. The strictest that concerns an order
counts. Asking for a stop that stands does what the level does once more, for what has come up since. Cancels leave in
the order of risk: the entry that adds most comes first.
"""

from collections.abc import Iterator

from coxswain.core import entries, exits, legging, pacing, protection, trust
from coxswain.core.cancels import cancel_orders
from coxswain.core.leaving import plan_exit
from coxswain.core.order import Order, held_qty, is_done
from coxswain.core.position import Position
from coxswain.core.scopes import CAUSES, is_flattened, stops_of_account, unknown_scope
from coxswain.core.spreads import symbols_of
from coxswain.core.state import DRAWDOWN_LIMIT, Account, State, nearly_used_up, reducible, strategy_of
from coxswain.core.submit import ask_for_order
from coxswain.core.sums import key
from coxswain.core.tx import CORE_FAILURE, EGRESS, Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.control import CALLS_BACK, Scope, ScopeKind, StopLevel, key_of, name_of
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, ClOrdId, Role, SignalId, SignalKind, Symbol

RELEASED_BY_A_PERSON = (
    "DAILY_LOSS",
    "DRAWDOWN",
    "PRICE_DRIFT",
    "REPEATED",
    "CANCEL_TO_TRADE",
    "REJECT_RATE",
    CORE_FAILURE,
    EGRESS,
)
"""What the resume of an account releases beside its stops."""
TTL_S = 300
"""Of a signal that flattens; leaving is never too late, so nothing hangs on it."""


def on_stop(tx: Tx, message: inp.StopTrading) -> None:
    """Latch a stop, then do what its level does."""
    scope, level = message.scope, message.level
    why = unknown_scope(tx.state, scope)
    if why:
        tx.refuse(str(level).lower(), name_of(scope), message.actor, why)
        return
    if scope.kind is ScopeKind.ORDER:
        cancel_orders(tx, inp.CancelOrders(message.actor, message.reason, (ClOrdId(scope.id),)))
        return
    latch(tx, message)
    why = f"{level} of {name_of(scope)} by {message.actor}: {message.reason}"
    if level in CALLS_BACK:
        _call_back(tx, scope, why)
    if level is StopLevel.FLATTEN:
        _flatten(tx, scope, message.reason, message.actor)
    _chase_unknowns(tx, scope)


def latch(tx: Tx, message: inp.StopTrading) -> None:
    """Have a stop stand, if it does not already, and nothing kept for a start go against it."""
    scope, level = message.scope, message.level
    if level not in tx.state.stops.get(key_of(scope), {}):
        tx.apply(ev.TradingStopped(level, scope, message.reason, message.actor))
        spread(tx)
    if level in CALLS_BACK:
        _withdraw_what_is_kept(tx, scope, f"{level} of {name_of(scope)}: {message.reason}", message.actor)


def on_resume(tx: Tx, message: inp.ResumeTrading) -> None:
    """Release the stops of one scope. Stops of other scopes, and what the engine itself restricts, still count."""
    scope, state = message.scope, tx.state
    why = unknown_scope(state, scope)
    if scope.kind is ScopeKind.ORDER:
        why = "an order is not stopped, wanted a scope"
    if not message.reason.strip():
        why = "reason is empty, wanted why it is released"
    if why:
        tx.refuse("resume", name_of(scope), message.actor, why)
        return
    stops = state.stops.get(key_of(scope), {})
    first = state.release_asked.get(key_of(scope), "")
    two = scope.kind is ScopeKind.EVERYTHING and bool(state.desk.release_needs_two)
    if stops and two and first in ("", message.actor):
        tx.apply(ev.ReleaseAsked(scope, message.reason, message.actor))
        return
    if stops:
        second = message.actor if two else ""
        actor = first if two else message.actor
        tx.apply(ev.TradingResumed(scope, tuple(stops), message.reason, actor, second))
        spread(tx, message.reason, message.actor)
        for command_id, kept in tuple(state.kept.items()):
            if isinstance(kept.command, inp.StopTrading) and kept.command.scope == scope:
                tx.apply(ev.CommandWithdrawn(command_id, message.reason, message.actor))
    if scope.kind is ScopeKind.ACCOUNT:
        for cause in RELEASED_BY_A_PERSON:
            trust.release(tx, AccountId(scope.id), cause, message.reason, message.actor)
        # A new peak begins, and its drawdown with it; every other limit that is nearly used up still counts.
        if set(nearly_used_up(tx.account(AccountId(scope.id)))) <= {DRAWDOWN_LIMIT}:
            trust.release(tx, AccountId(scope.id), "LOSS_LADDER", message.reason, message.actor)
    held = tuple(_positions(state, scope))
    for account_id, position in held:  # what could not be placed while it was frozen
        protection.follow(tx, account_id, position.symbol, afresh=True)
    for account_id, spread_id in dict.fromkeys((each, name) for each, position in held for name in position.legging):
        legging.advance(tx, account_id, spread_id)
    for account_id in dict.fromkeys(account_id for account_id, _ in held):  # another scope may still be flattened
        pursue(tx, account_id)


def spread(tx: Tx, why: str = "", actor: str = "engine") -> None:
    """Bring the causes of every account to the stops and the mode that stand."""
    for account_id, account in tx.state.accounts.items():
        stops = stops_of_account(tx.state, account)
        for cause, stop in stops.items():
            trust.restrict(tx, account_id, cause, stop.reason, stop.actor)
        for cause in tuple(account.causes):
            if cause in CAUSES and cause not in stops:
                trust.release(tx, account_id, cause, why, actor)


def pursue(tx: Tx, account_id: AccountId) -> None:
    """Go on with a flatten that is not done: an exit was refused, or a fill came after it."""
    state, account = tx.state, tx.account(account_id)
    if not state.flattening and not state.stops:
        return
    for symbol in tuple(account.positions):
        position = account.positions[symbol]
        scope = is_flattened(state, account_id, position) if position.qty and position.exit is None else None
        if scope is None or _waits_for_a_start(state, scope) or not reducible(account, position):
            continue
        stop = state.stops[key_of(scope)][StopLevel.FLATTEN]
        signal_id = state.flattening.get(key_of(scope), {}).get(symbol)
        if signal_id is None:
            _flatten_instrument(tx, scope, symbol, (account_id,), stop.reason, stop.actor)
        else:
            protection.start_exit(tx, account_id, symbol, signal_id, None, actor=stop.actor)


def _waits_for_a_start(state: State, scope: Scope) -> bool:
    """Say whether a flatten was asked for while nobody ran, and nobody has run since."""
    return any(
        isinstance(kept.command, inp.StopTrading)
        and kept.command.scope == scope
        and key("kept", "", command_id) not in state.deadlines
        for command_id, kept in state.kept.items()
    )


# --- what a scope holds -----------------------------------------------------------------------------------------------


def accounts_in(state: State, scope: Scope) -> Iterator[tuple[AccountId, Account]]:
    """Return the accounts that a scope takes in; those of a strategy and of an instrument are all."""
    for account_id, account in state.accounts.items():
        if scope.kind is ScopeKind.ACCOUNT and account_id != scope.id:
            continue
        if scope.kind is ScopeKind.VENUE and account.spec.venue != scope.id:
            continue
        yield account_id, account


def _positions(state: State, scope: Scope) -> Iterator[tuple[AccountId, Position]]:
    """Return the places of every account that a scope concerns, a strategy's where it has entered."""
    for account_id, account in accounts_in(state, scope):
        for symbol, position in account.positions.items():
            if scope.kind is ScopeKind.INSTRUMENT and symbol != scope.id:
                continue
            if scope.kind is ScopeKind.STRATEGY and scope.id not in position.strategies:
                continue
            yield account_id, position


def _concerns(state: State, scope: Scope, symbol: Symbol, signal_id: SignalId) -> bool:
    """Say whether a scope that takes this account in concerns an order or a share."""
    if scope.kind is ScopeKind.INSTRUMENT:
        return symbol == scope.id
    return scope.kind is not ScopeKind.STRATEGY or strategy_of(state, signal_id) == scope.id


# --- what a level does ------------------------------------------------------------------------------------------------


def _call_back(tx: Tx, scope: Scope, why: str) -> None:
    """Cancel every order that enters, and withdraw what waits for its release or for a person."""
    state = tx.state
    orders: list[Order] = []
    shares: list[tuple[AccountId, SignalId]] = []
    for account_id, account in accounts_in(state, scope):
        for symbol, position in account.positions.items():
            entering = (account.orders[cl_ord_id] for cl_ord_id in position.entering)
            orders += [order for order in entering if _concerns(state, scope, symbol, order.intent.signal_id)]
            shares += [(account_id, name) for name in position.waiting if _concerns(state, scope, symbol, name)]
    for order in sorted(orders, key=_most_risk_first):
        entries.call_back(tx, order, why)
    for account_id, signal_id in shares:
        if signal_id in tx.account(account_id).positions[state.plans[signal_id].plan.symbol].waiting:
            entries.withdraw_share(tx, account_id, signal_id, why)
    for account_id, account in accounts_in(state, scope):
        for paced in tuple(account.paced.values()):
            intent = paced.intent
            enters = intent.role is Role.DIRECT and not intent.reduce_only
            if enters and _concerns(state, scope, intent.symbol, intent.signal_id):
                pacing.withdraw(tx, account_id, intent.signal_id, why)
    _withdraw_what_waits_for_a_person(tx, scope, why)


def _most_risk_first(order: Order) -> tuple[object, ...]:
    return -held_qty(order) * order.risk_per_lot, order.cl_ord_id


def _withdraw_what_waits_for_a_person(tx: Tx, scope: Scope, why: str) -> None:
    """An entry that nobody has approved yet is called back too; a plan to leave may still be approved."""
    state = tx.state
    for signal_id in tuple(state.awaiting):
        plan = state.plans[signal_id]
        if plan.plan.kind is not SignalKind.ENTRY or not any(
            _concerns(state, scope, symbol, signal_id) for symbol in symbols_of(state, signal_id)
        ):
            continue
        concerned = tuple(account_id for account_id, _ in accounts_in(state, scope) if account_id in plan.asking)
        if concerned:
            tx.apply(ev.PlanRejected(signal_id, concerned, why, "engine"))


def _withdraw_what_is_kept(tx: Tx, scope: Scope, why: str, actor: str) -> None:
    """An entry that waits for a start is called back too, where all of it is stopped."""
    state = tx.state
    names = {account_id for account_id, _ in accounts_in(state, scope)}
    for command_id, kept in tuple(state.kept.items()):
        if not isinstance(kept.command, inp.SubmitSignal) or kept.command.signal.kind is not SignalKind.ENTRY:
            continue
        signal = kept.command.signal
        if scope.kind is ScopeKind.INSTRUMENT:
            concerned = scope.id in (signal.symbol, *(leg.symbol for leg in signal.legs))
        elif scope.kind is ScopeKind.STRATEGY:
            concerned = scope.id == signal.strategy
        else:
            concerned = names >= set(signal.accounts or state.accounts)
        if concerned:
            tx.apply(ev.CommandWithdrawn(command_id, why, actor))


def _chase_unknowns(tx: Tx, scope: Scope) -> None:
    """Ask again, now, for every order in scope whose outcome nobody knows."""
    for _, account in accounts_in(tx.state, scope):
        for cl_ord_id in tuple(account.open_orders):
            order = account.orders[cl_ord_id]
            concerned = _concerns(tx.state, scope, order.intent.symbol, order.intent.signal_id)
            if concerned and not order.outcome_known and not is_done(order):
                ask_for_order(tx, order)


def _flatten(tx: Tx, scope: Scope, reason: str, actor: str) -> None:
    """Close every position in scope, one plan for each instrument."""
    by_symbol: dict[Symbol, list[AccountId]] = {}
    for account_id, position in _positions(tx.state, scope):
        if position.qty or position.entering:
            by_symbol.setdefault(position.symbol, []).append(account_id)
    for symbol, accounts in by_symbol.items():
        _flatten_instrument(tx, scope, symbol, tuple(accounts), reason, actor)


def _flatten_instrument(
    tx: Tx, scope: Scope, symbol: Symbol, accounts: tuple[AccountId, ...], reason: str, actor: str
) -> None:
    """Make the plan that closes an instrument, and carry it out. An exit of less, or of nobody's, gives way to it."""
    state = tx.state
    for account_id in accounts:
        exit_ = tx.account(account_id).positions[symbol].exit
        if exit_ is not None and (exit_.qty is not None or not exit_.actor):
            exits.take_over(tx, account_id, symbol, "a flatten takes its place")
    if not any(tx.account(account_id).positions[symbol].exit is None for account_id in accounts):
        return
    why = f"flatten {name_of(scope)}: {reason}"
    signal = Signal(
        _free_id(state, scope, symbol), SignalKind.EXIT, symbol, state.now_ns, TTL_S, accounts=accounts, reason=why
    )
    tx.apply(ev.SignalAccepted(signal))
    tx.apply(ev.FlatteningPlanned(scope, symbol, signal.id))
    plan = plan_exit(state, signal)
    tx.apply(ev.PlanProposed(plan))
    tx.apply(ev.PlanApproved(signal.id, actor, reason=reason))
    exits.carry_out(tx, signal, plan.assignments, actor)


def _free_id(state: State, scope: Scope, symbol: Symbol) -> SignalId:
    """Name a flatten's plan; the number of its record makes it new, whatever ids signals have."""
    number = len(state.flattening.get(key_of(scope), {})) + 1
    name = f"flatten-{state.seq}-{number}"
    while name in state.signals or name in state.direct_ids:
        name += "x"
    return SignalId(name)
