"""Changing limits while the engine runs: who may, when it takes effect, when it goes back, and what follows from it.

What lets less through takes effect at once. What may let more through waits for a second person where the desk says so.
Nothing is closed because a limit was lowered: an account that holds more than it allows only reduces until it fits.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from coxswain.core import losses
from coxswain.core.gate_view import view_of
from coxswain.core.in_force import Place, configured, is_outdated, places_of, tightens, value_at
from coxswain.core.params import NS_PER_S
from coxswain.core.position import Position
from coxswain.core.state import Account, LimitProposal, State, TemporaryLimit
from coxswain.core.trust import release, restrict
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import ApproveLimits, SetLimits, WithdrawLimits
from coxswain.model.checks import each_of
from coxswain.model.decimals import ZERO, is_short, plain, text
from coxswain.model.keys import AT_START, KEYS, LADDER, RANGES, Scope, general
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId, OrdType, Role, Side, SignalId, Symbol, TimeInForce

LOWERED = "LIMIT_LOWERED"
EXPOSURE = (22, 23, 24, 25, 26)
"""Controls that measure what an account holds, whatever it is asked for."""
ORDERED = (("min_timing_variance_ms", "max_timing_variance_ms"), ("min_size_variance_pct", "max_size_variance_pct"))
"""Keys of the desk of which the first is never above the second."""
REASON_CHARS_MAX = 500


# --- commands ---------------------------------------------------------------------------------------------------------


def on_set_limits(tx: Tx, message: SetLimits) -> None:
    """Put what tightens in force at once, and what may let more through too, unless that needs a second person."""
    errors = _errors(tx.state, message)
    changes = () if errors else _changes(tx.state, message)
    if not errors and not changes:
        errors = ("NOTHING_TO_CHANGE: these values are in force",)
    if errors:
        tx.refuse("set-limits", message.account or "the desk", message.actor, *errors)
        return
    rule, whole = tx.state.desk.limit_raise_needs_two, message.account is None
    waiting = tuple(
        change for change in changes if rule and not _is_stricter(tx.state, change, message.until_ns, whole)
    )
    at_once = tuple(change for change in changes if change not in waiting)
    if at_once:
        _change(tx, "COMMAND", at_once, message.actor, message.reason, until_ns=message.until_ns, whole_desk=whole)
    if waiting:
        _propose(tx, "COMMAND", waiting, message.actor, message.reason, message.until_ns, whole_desk=whole)


def on_approve_limits(tx: Tx, message: ApproveLimits) -> None:
    proposal = tx.state.limits.proposals.get(str(message.proposal))
    errors = _why_not_approved(tx.state, message, proposal)
    if errors or proposal is None:
        tx.refuse("approve-limits", str(message.proposal), message.actor, *errors)
        return
    _change(
        tx,
        "APPROVAL",
        proposal.changes,
        proposal.actor,
        proposal.reason,
        second_actor=message.actor,
        until_ns=proposal.until_ns,
        proposal=message.proposal,
        whole_desk=proposal.whole_desk,
    )


def on_withdraw_limits(tx: Tx, message: WithdrawLimits) -> None:
    if str(message.proposal) in tx.state.limits.proposals:
        tx.apply(ev.LimitProposalEnded(message.proposal, message.actor, message.reason))
    else:
        why = _no_proposal(tx.state, message.proposal)
        tx.refuse("withdraw-limits", str(message.proposal), message.actor, why)


def _why_not_approved(state: State, message: ApproveLimits, proposal: LimitProposal | None) -> tuple[str, ...]:
    if proposal is None:
        return (_no_proposal(state, message.proposal),)
    errors = []
    if message.actor == proposal.actor:
        errors.append(f"SECOND_PERSON: actor={message.actor}, wanted=somebody other than who proposed it")
    if is_outdated(state, proposal):
        errors.append("OUTDATED: what it would change has changed meanwhile, wanted=a new proposal")
    if proposal.until_ns is not None and proposal.until_ns <= state.now_ns:
        errors.append("TIME_IS_UP: it would go back at once, wanted=a new proposal")
    return tuple(errors)


def _no_proposal(state: State, number: int) -> str:
    known = " ".join(state.limits.proposals)
    return f"PROPOSAL_UNKNOWN: proposal={number}, wanted={f'one of {known}' if known else 'one that waits; none does'}"


# --- deadlines --------------------------------------------------------------------------------------------------------


def go_back(tx: Tx, version: int) -> None:
    """End every temporary change of a version that nothing has overtaken."""
    changes = tuple(
        ev.LimitChange(each.account, each.key, value_at(tx.state, (each.account, each.key)), each.back_to)
        for each in tx.state.limits.temporary.values()
        if each.version == version
    )
    _change(tx, "REVERT", changes, "engine", f"the time of version {version} is up")


def give_up_proposal(tx: Tx, number: int) -> None:
    tx.apply(ev.LimitProposalEnded(number, "engine", "nobody approved it in time"))


# --- the configuration of a start -------------------------------------------------------------------------------------


def take_configuration(tx: Tx, before: Setup | None, in_force: dict[Place, Decimal]) -> None:
    """After a start: what the configuration says anew is a new version; what it says as before leaves commands alone.

    `before` is the configuration of the start before this one, `in_force` what was in force until now.
    """
    setup = tx.state.setup
    if before is None or setup is None:
        return
    changes = []
    known = dict(in_force)
    for account_id, key in places_of(setup):  # a strategy that is named for the first time had the general value
        if (account_id, key) not in known and (account_id, general(key)) in known:
            known[account_id, key] = in_force[account_id, general(key)]
    for place, was in known.items():
        account_id, key = place
        if account_id is not None and account_id not in {spec.id for spec in setup.accounts}:
            continue
        says = configured(setup, account_id, key)
        if says != configured(before, account_id, key) and (says != was or _temporary(tx.state, place) is not None):
            changes.append(ev.LimitChange(account_id, key, was, says))
    why = "the configuration of this start differs from that of the last one"
    # The rule that was in force before a start: no file lifts it by itself.
    rule = in_force.get((None, "limit_raise_needs_two"), ZERO)
    waiting = tuple(change for change in changes if rule and not _is_stricter(tx.state, change, None))
    at_once = tuple(change for change in changes if change not in waiting)
    if waiting:
        _propose(tx, "CONFIGURATION", waiting, "configuration", why, None)
    if at_once:
        _change(tx, "CONFIGURATION", at_once, "configuration", why)


def limits_in_force(state: State) -> dict[Place, Decimal]:
    """Return every value in force by its place: for a start, which is no order's concern."""
    if state.setup is None:
        return {}
    return {place: value_at(state, place) for place in places_of(state.setup)}


# --- making a change --------------------------------------------------------------------------------------------------


def _change(
    tx: Tx,
    source: str,
    changes: tuple[ev.LimitChange, ...],
    actor: str,
    reason: str,
    second_actor: str = "",
    until_ns: int | None = None,
    proposal: int | None = None,
    *,
    whole_desk: bool = False,
) -> None:
    """Put a new version in force, and let accounts that now hold too much only reduce."""
    later: tuple[ev.LimitChange, ...] = ()
    if whole_desk:
        changes, later = _beside_own(tx.state, changes, until_ns)
    concerned = _concerned(tx.state, changes)
    exceeded = {account_id: exceeds(tx, account_id) for account_id in concerned}
    resting = sum(len(tx.account(account_id).open_orders) for account_id in concerned)
    version = tx.state.limits.version + 1
    tx.apply(
        ev.LimitsChanged(version, source, changes, actor, reason, second_actor, until_ns, proposal, resting, later)
    )
    for account_id in concerned:
        more = [code for code in exceeds(tx, account_id) if code not in exceeded[account_id]]
        if more:
            restrict(tx, account_id, LOWERED, f"more is held than version {version} allows: {', '.join(more)}")
        losses.watch(tx, account_id)


def _propose(
    tx: Tx,
    source: str,
    changes: tuple[ev.LimitChange, ...],
    actor: str,
    reason: str,
    until_ns: int | None,
    *,
    whole_desk: bool = False,
) -> None:
    number = tx.state.limits.proposal_count + 1
    expires_ns = tx.state.now_ns + int(tx.state.desk.limit_proposal_ttl_s) * NS_PER_S
    tx.apply(ev.LimitsProposed(number, source, changes, actor, reason, expires_ns, until_ns, whole_desk))


def _concerned(state: State, changes: tuple[ev.LimitChange, ...]) -> tuple[AccountId, ...]:
    if any(change.account is None for change in changes):
        return tuple(state.accounts)
    return tuple(dict.fromkeys(change.account for change in changes if change.account is not None))


def _keeps_own(state: State, change: ev.LimitChange) -> bool:
    """Say whether an account has a temporary value of its own that is stricter than one for all accounts."""
    temporary = _temporary(state, (change.account, change.key))
    return temporary is not None and tightens(change.key, change.after, change.before)


def _beside_own(
    state: State, changes: tuple[ev.LimitChange, ...], until_ns: int | None
) -> tuple[tuple[ev.LimitChange, ...], tuple[ev.LimitChange, ...]]:
    """Leave stricter temporary values of accounts in force; return what changes now, and what when they go back.

    Where the value for all accounts is temporary too, the stricter one stays until both are over.
    """
    now, later = [], []
    for change in changes:
        own = _temporary(state, (change.account, change.key))
        if own is None or not _keeps_own(state, change):
            now.append(change)
        elif until_ns is None:
            later.append(ev.LimitChange(change.account, change.key, own.back_to, change.after))
        elif until_ns > own.until_ns:
            now.append(ev.LimitChange(change.account, change.key, change.before, change.before))
    return tuple(now), tuple(later)


def _is_stricter(state: State, change: ev.LimitChange, until_ns: int | None, whole_desk: bool = False) -> bool:
    """Say whether a change lets less through for certain, now and after what it overtakes would have gone back."""
    temporary = _temporary(state, (change.account, change.key))
    if temporary is None:
        return tightens(change.key, change.before, change.after)
    keeps = whole_desk and _keeps_own(state, change)
    stricter_now = keeps or change.after == change.before or tightens(change.key, change.before, change.after)
    goes_back = until_ns is not None and (keeps or until_ns <= temporary.until_ns)
    later = temporary.back_to
    return stricter_now and (goes_back or change.after == later or tightens(change.key, later, change.after))


def _temporary(state: State, place: Place) -> TemporaryLimit | None:
    return state.limits.temporary.get(f"{place[0] or ''}|{place[1]}")


def _changes(state: State, message: SetLimits) -> tuple[ev.LimitChange, ...]:
    """Return what differs from what is in force. A limit of accounts set for the desk is set for each of them."""
    changes = []
    for key, value in message.values.items():
        places: list[AccountId | None] = [message.account]
        if message.account is None and KEYS[general(key)].scope is Scope.ACCOUNT:
            places = list(state.accounts)
        for account_id in places:
            before, after = value_at(state, (account_id, key)), plain(value)
            temporary = _temporary(state, (account_id, key))
            if before != after or temporary is not None:  # what was to go back may be made to stay
                changes.append(ev.LimitChange(account_id, key, before, after))
    return tuple(changes)


# --- what a command may say -------------------------------------------------------------------------------------------


def _errors(state: State, message: SetLimits) -> tuple[str, ...]:
    errors = [] if message.values else ["VALUES_MISSING: at least one key and its value"]
    if not message.reason.strip() or len(message.reason) > REASON_CHARS_MAX:
        errors.append(f"REASON: wanted=why, in 1 to {REASON_CHARS_MAX} characters")
    if message.account is not None and message.account not in state.accounts:
        errors.append(f"ACCOUNT_UNKNOWN: account={message.account}, wanted=one of {', '.join(state.accounts)}")
    if message.until_ns is not None and message.until_ns <= state.now_ns:
        errors.append("UNTIL: it has passed, wanted=a time to come")
    for key, value in message.values.items():
        why = _why_not(key, value, message.account)
        if why:
            errors.append(why)
    return tuple(errors) or _out_of_order(state, message)


def _why_not(key: str, value: Decimal, account: AccountId | None) -> str:
    known = KEYS.get(general(key))
    if known is None:
        return f"KEY_UNKNOWN: key={key}, wanted=a limit that `coxswain limits` lists"
    if account is not None and known.scope is Scope.DESK:
        return f"KEY_OF_THE_DESK: key={key}, wanted=a limit of accounts, or no account"
    if key in AT_START:
        return f"KEY_OF_THE_START: key={key} is read at the start only, wanted=a change of the configuration"
    if not known.enforced:
        return f"KEY_NOT_ENFORCED: key={key}, wanted=a key that this version acts on"
    if not value.is_finite() or not is_short(plain(value)) or not RANGES[known.unit].holds(value):
        return f"VALUE: {key}={value}, wanted={RANGES[known.unit].wanted}"
    return ""


def _out_of_order(state: State, message: SetLimits) -> tuple[str, ...]:
    errors: dict[str, None] = {}
    for low, high in (*ORDERED, *pairwise(LADDER)):
        if low not in message.values and high not in message.values:
            continue
        of_accounts: tuple[AccountId | None, ...] = (message.account,)
        if KEYS[low].scope is Scope.DESK:
            of_accounts = (None,)
        elif message.account is None:
            of_accounts = tuple(state.accounts)
        for account_id in of_accounts:
            values = [message.values.get(key, value_at(state, (account_id, key))) for key in (low, high)]
            if values[0] > values[1]:
                errors[f"OUT_OF_ORDER: {low}={text(values[0])}, wanted=at most {high}={text(values[1])}"] = None
    return tuple(errors)


# --- more than a limit allows -----------------------------------------------------------------------------------------


def exceeds(tx: Tx, account_id: AccountId) -> tuple[str, ...]:
    """Name every limit on exposure that what an account holds and has on order is above, as the gate measures it.

    The gate is asked about an order of nothing in each instrument that is held or on order, for nobody and for each
    strategy that has a part of it.
    """
    account = tx.account(account_id)
    codes = dict.fromkeys(_counts(account))
    for symbol, position in account.positions.items():
        if position.occupied:
            for strategy in ("", *_of_part(position)):
                codes |= dict.fromkeys(_above(tx, account_id, symbol, strategy))
    return tuple(codes)


def _of_part(position: Position) -> list[str]:
    return [name for name, part in position.parts.items() if part.qty or part.held_buy or part.held_sell]


def _above(tx: Tx, account_id: AccountId, symbol: Symbol, strategy: str) -> Iterator[str]:
    rules = [rule for rule in tx.gates[account_id].entering.rules if rule.control in EXPOSURE]
    for side in (Side.BUY, Side.SELL):
        nothing = OrderIntent(
            account_id, symbol, side, OrdType.MARKET, TimeInForce.DAY, ZERO, Role.DIRECT, SignalId(""),
            strategy=strategy,
        )  # fmt: skip
        view = view_of(tx.state, nothing, tx.state.now_ns, tx.state.now_ns)
        for rule in rules:
            answer = rule.check(nothing, view, rule.params)
            if answer is not None and not answer.passed:
                codes = (each.code for each in each_of(answer))
                yield from (f"{code} of {strategy}" if code.startswith("STRATEGY_") else code for code in codes)


def _counts(account: Account) -> list[str]:
    params = account.params
    counted = (
        ("OPEN_POSITIONS", account.open_positions, params.max_open_positions),
        ("OPEN_ORDERS", len(account.open_orders), params.max_open_orders),
    )
    return [code for code, count, limit in counted if count > limit]


def release_what_fits(tx: Tx) -> None:
    """Let accounts trade again that hold no more than their limits allow; called while there are any that did."""
    for account_id in tuple(tx.state.limits.lowered):
        if not exceeds(tx, account_id):
            release(tx, account_id, LOWERED, "what is held fits the limits again")
