"""Commands that were given while no engine ran and that take a market or a venue: kept, and carried out at a start.

What can be said at once is said at once, and a flatten's stop stands at once. The rest waits for the first comparison
after the start and for a price, and is then judged as if it had just been given. Its end stands in the record of its
effects, so that it is carried out at most once, wherever the process dies. Nothing is carried out by the one who keeps.
"""

from collections.abc import Callable

import msgspec

from coxswain.core import admission, approvals, changing, recon, settling, spread_exits, stops
from coxswain.core.money import rate_up
from coxswain.core.order import Order, is_over
from coxswain.core.params import NS_PER_S, seconds_ns
from coxswain.core.scopes import unknown_scope
from coxswain.core.spreads import symbols_named, symbols_of
from coxswain.core.state import Account, KeptCommand, State
from coxswain.core.tx import NOT_CONFIGURED, Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.control import ScopeKind, name_of
from coxswain.model.market import Quote
from coxswain.model.signal import dies_ns
from coxswain.model.vocabulary import AccountId, SignalId, Symbol

BRING_ABOUT = (Quote, inp.AccountLookedUp, inp.TimePassed)
"""What may make a kept command due. None of them comes to an engine that does not run."""
IS_THE_WALL_CLOCK_NS = 60 * NS_PER_S
"""Engine time that is this near to the wall clock at a start goes by it, and jumped while nobody ran."""


# --- while nobody runs ------------------------------------------------------------------------------------------------


def on_keep(tx: Tx, message: inp.KeepCommand) -> None:
    """Keep what can be carried out at a start; refuse at once what cannot."""
    match message.command:
        case inp.ApprovePlan() as command:
            _keep_approvals(tx, message, command)
        case inp.SubmitSignal() as command:
            _keep_signal(tx, message, command)
        case inp.StopTrading() as command:
            _keep_flatten(tx, message, command)
        case inp.ChangeOrder() as command:
            _keep_change(tx, message, command)
        case inp.SettleOrder() as command:
            _keep_settlement(tx, message, command)
        case inp.CompareAccounts() as command:
            known = tuple(name for name in command.accounts if recon.can_be_compared(tx, command, name))
            if known or not command.accounts:
                _keep(tx, message, msgspec.structs.replace(command, accounts=known))


def _keep(tx: Tx, message: inp.KeepCommand, command: inp.Keepable, until_ns: int | None = None) -> None:
    number = sum(isinstance(event, ev.CommandKept) for event in tx.events) + 1
    command_id = f"c{tx.state.seq}" if number == 1 else f"c{tx.state.seq}-{number}"
    tx.apply(ev.CommandKept(command_id, command, message.utc_ns, until_ns))


def _keep_approvals(tx: Tx, message: inp.KeepCommand, command: inp.ApprovePlan) -> None:
    """Keep one for each plan: each has an end of its own."""
    for signal_id in command.signal_ids:
        why = approvals.why_not_waiting(tx.state, signal_id, command.accounts)
        twin = _approves(tx.state, signal_id, command.accounts)
        if not why and twin is not None:
            why = f"its approval waits for the engine already, as {twin}"
        if why:
            tx.refuse("approve", signal_id, command.actor, why)
        else:
            one = msgspec.structs.replace(command, signal_ids=(signal_id,))
            _keep(tx, message, one, dies_ns(tx.state.signals[signal_id]))


def _approves(state: State, signal_id: SignalId, accounts: tuple[AccountId, ...]) -> str | None:
    """Return the kept command that approves a part of the same."""
    for command_id, kept in state.kept.items():
        if isinstance(kept.command, inp.ApprovePlan) and signal_id in kept.command.signal_ids:
            both = set(accounts) & set(kept.command.accounts)
            if both or not accounts or not kept.command.accounts:
                return command_id
    return None


def _keep_signal(tx: Tx, message: inp.KeepCommand, command: inp.SubmitSignal) -> None:
    signal, state = spread_exits.as_named(tx.state, command.signal), tx.state
    if admission.is_copy(state, signal):
        tx.apply(ev.SignalDuplicated(signal.id))
        return
    reasons = admission.why_never(tx, signal)
    twin = next((name for name, kept in state.kept.items() if _signal_of(kept.command) == signal.id), None)
    if twin is not None:
        reasons = (*reasons, f"SIGNAL_ID_REUSED: id={signal.id}, it waits for the engine already, as {twin}")
    if reasons:
        tx.apply(ev.SignalDenied(signal.id, "", reasons))
    else:
        _keep(tx, message, command, dies_ns(signal))


def _signal_of(command: inp.Keepable) -> SignalId | None:
    return command.signal.id if isinstance(command, inp.SubmitSignal) else None


def _keep_settlement(tx: Tx, message: inp.KeepCommand, command: inp.SettleOrder) -> None:
    """Keep it for the venue's next answer: what it sends goes through an engine that runs."""
    order = changing.find_anywhere(tx.state, command.cl_ord_id)
    if order is None or is_over(order):
        why = "no order of ours has this id" if order is None else "it is over"
        tx.refuse("settle-order", command.cl_ord_id, command.actor, why)
    else:
        _keep(tx, message, command)


def _keep_flatten(tx: Tx, message: inp.KeepCommand, command: inp.StopTrading) -> None:
    """The stop stands from now on; what it cancels and closes is seen to at the start."""
    scope, state = command.scope, tx.state
    why = unknown_scope(state, scope)
    if scope.kind is ScopeKind.ORDER:
        why = "an order is not flattened, wanted cancel"
    if why:
        tx.refuse("flatten", name_of(scope), command.actor, why)
        return
    stops.latch(tx, command)
    if not any(
        isinstance(kept.command, inp.StopTrading) and kept.command.scope == scope for kept in state.kept.values()
    ):
        _keep(tx, message, command)


def _keep_change(tx: Tx, message: inp.KeepCommand, command: inp.ChangeOrder) -> None:
    """An order has one change that waits: a second one would find the first unanswered."""
    order = changing.find_anywhere(tx.state, command.cl_ord_id)
    why = changing.why_never(order, command)
    twin = next((name for name, kept in tx.state.kept.items() if order and _order_of(tx.state, kept) is order), None)
    if twin is not None and not why:
        why = f"another change of it waits for the engine already, as {twin}, wanted withdraw {twin} first"
    if why:
        tx.refuse("replace-order", command.cl_ord_id, command.actor, why)
    else:
        _keep(tx, message, command)


def _order_of(state: State, kept: KeptCommand) -> Order | None:
    command = kept.command
    return changing.find_anywhere(state, command.cl_ord_id) if isinstance(command, inp.ChangeOrder) else None


def on_withdraw(tx: Tx, message: inp.WithdrawCommand) -> None:
    """Take back what is not carried out yet. A flatten goes with its stop, which only a resume releases."""
    command_id, kept = message.command_id, tx.state.kept.get(message.command_id)
    why = ""
    if kept is None:
        why = f"no command of this id waits; waiting: {', '.join(tx.state.kept) or 'none'}"
    elif isinstance(kept.command, inp.StopTrading):
        why = f"its stop of {name_of(kept.command.scope)} stands, wanted resume, which withdraws both"
    if why:
        tx.refuse("withdraw", command_id, message.actor, why)
    else:
        tx.apply(ev.CommandWithdrawn(command_id, message.reason, message.actor))


# --- at a start -------------------------------------------------------------------------------------------------------


def begin(tx: Tx, utc_ns: int | None) -> None:
    """After a start: what is kept is due once the books agree, and not much later than they should."""
    if tx.state.kept:
        ahead_ns = None if utc_ns is None else utc_ns - tx.state.now_ns
        by_ns = tx.state.now_ns + seconds_ns(tx.state.desk.query_timeout_s)
        tx.apply(ev.KeptCommandsDue(by_ns, ahead_ns))


def carry_out_what_is_ready(tx: Tx) -> None:
    """Carry out, in the order in which they came, the commands whose accounts are compared and that have a price."""
    for command_id, kept in tuple(tx.state.kept.items()):
        if _is_ready(tx.state, kept):
            carry_out(tx, command_id)


def carry_out(tx: Tx, command_id: str) -> None:
    """Carry one out now, or say that it is too late for it."""
    state = tx.state
    kept = state.kept[command_id]
    why = _why_too_late(state, kept)
    if why:
        tx.apply(ev.CommandLapsed(command_id, why))
        return
    tx.apply(ev.CommandCarriedOut(command_id))
    command = kept.command
    if isinstance(command, inp.SubmitSignal) and not command.signal.time_given:
        since_ns = state.now_ns - _age_ns(state, kept)  # its time to live has run since it was given
        signal = msgspec.structs.replace(command.signal, signal_time_ns=since_ns)
        command = msgspec.structs.replace(command, signal=signal)
    _HANDLERS[type(command)](tx, command)


def _why_too_late(state: State, kept: KeptCommand) -> str:
    """Say why its time is up; empty if it is not. An end in engine time holds, and so does as long by any clock."""
    if isinstance(kept.command, inp.SettleOrder) and not _was_looked_for(state, kept.command):
        return "the venue has not answered for the order since the start"
    if kept.until_ns is None:
        return ""
    age_ns, lives_ns = _age_ns(state, kept), kept.until_ns - kept.since_ns
    if age_ns > lives_ns:
        return f"it was given {age_ns // NS_PER_S} s ago, and was good for {lives_ns // NS_PER_S} s"
    counts_from_its_coming = isinstance(kept.command, inp.SubmitSignal) and not kept.command.signal.time_given
    if state.now_ns > kept.until_ns and not counts_from_its_coming:
        return f"it was good for {lives_ns // NS_PER_S} s of engine time, and that is over"
    return ""


def _age_ns(state: State, kept: KeptCommand) -> int:
    """Return how long ago it was given.

    Where engine time is the wall clock, that says it: before, engine time only stood where the last run ended. Else the
    clock counts that says longer, for a market that goes on and for a person who has gone on.
    """
    since, age_ns = state.kept_since, state.now_ns - kept.since_ns
    if since is None or since.utc_ahead_ns is None:
        return age_ns
    by_wall_ns = state.now_ns + since.utc_ahead_ns - kept.utc_ns
    return by_wall_ns if abs(since.utc_ahead_ns) <= IS_THE_WALL_CLOCK_NS else max(age_ns, by_wall_ns)


def _is_ready(state: State, kept: KeptCommand) -> bool:
    accounts = [state.accounts[name] for name in _accounts(state, kept.command)]
    configured = [account for account in accounts if NOT_CONFIGURED not in account.causes]
    if any("UNRECONCILED" in account.causes for account in configured):
        return False
    if isinstance(kept.command, inp.SettleOrder) and not _was_looked_for(state, kept.command):
        return False
    symbols = _symbols(state, kept.command)
    return all(_is_fresh(state, symbol) and _is_converted(state, symbol, configured) for symbol in symbols)


def _was_looked_for(state: State, command: inp.SettleOrder) -> bool:
    """Say whether the venue has answered for an order since the start, one way or the other."""
    order, since = changing.find_anywhere(state, command.cl_ord_id), state.kept_since
    return order is None or order.outcome_known or (since is not None and order.looked_ns > since.started_ns)


def _accounts(state: State, command: inp.Keepable) -> tuple[AccountId, ...]:
    """Return the accounts that a command may concern."""
    match command:
        case inp.ApprovePlan(signal_ids, accounts=accounts):
            asking = (name for signal_id in signal_ids for name in state.plans[signal_id].asking)
            return tuple(name for name in asking if not accounts or name in accounts)
        case inp.SubmitSignal(signal) if signal.accounts:
            return tuple(name for name in signal.accounts if name in state.accounts)
        case inp.CompareAccounts(accounts=accounts) if accounts:
            return tuple(name for name in accounts if name in state.accounts)
        case inp.ChangeOrder(cl_ord_id=cl_ord_id) | inp.SettleOrder(cl_ord_id=cl_ord_id):
            order = changing.find_anywhere(state, cl_ord_id)
            return () if order is None else (order.intent.account,)
        case inp.StopTrading(scope=scope):
            return tuple(name for name, _ in stops.accounts_in(state, scope))
        case _:
            return tuple(state.accounts)


def _symbols(state: State, command: inp.Keepable) -> tuple[Symbol, ...]:
    """Return the instruments without whose price a command cannot be judged. To flatten takes none."""
    match command:
        case inp.ApprovePlan(signal_ids):
            return tuple(symbol for signal_id in signal_ids for symbol in symbols_of(state, signal_id))
        case inp.SubmitSignal(signal):
            return symbols_named(state, signal)
        case inp.ChangeOrder(cl_ord_id=cl_ord_id):
            order = changing.find_anywhere(state, cl_ord_id)
            return () if order is None else (order.intent.symbol,)
        case _:
            return ()


def _is_fresh(state: State, symbol: Symbol) -> bool:
    """Say whether a price came since the start."""
    quote, since = state.quotes.get(symbol), state.kept_since
    return quote is not None and since is not None and quote.ts_ns >= since.started_ns


def _is_converted(state: State, symbol: Symbol, accounts: list[Account]) -> bool:
    instrument = state.instruments.get(symbol)
    return instrument is None or all(rate_up(state, account, instrument) is not None for account in accounts)


# Each function takes the command that it stands beside; no type says that of a table.
_HANDLERS: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    inp.ApprovePlan: approvals.on_approve,
    inp.ChangeOrder: changing.on_change_order,
    inp.CompareAccounts: recon.on_compare,
    inp.SettleOrder: settling.on_settle,
    inp.StopTrading: stops.on_stop,
    inp.SubmitSignal: admission.on_signal,
}
