"""What becomes of a plan: by its mode it goes on by itself, or waits for a person, account by account.

Each account follows its own mode or the engine's, the stricter of the two. Shares that need nobody go on; the others
wait until somebody approves or rejects them, or the signal dies. At the approval a share is put once more to the checks
of its kind, as things stand then: it may come out smaller, or not at all, never larger.
"""

from decimal import Decimal

import msgspec

from coxswain.core.eligibility import eligibility
from coxswain.core.exits import carry_out
from coxswain.core.foreseen import soft_failures
from coxswain.core.leaving import plan_exit, plan_stop_adjustment
from coxswain.core.modes import engine_mode, mode_of
from coxswain.core.money import rate_up
from coxswain.core.params import NS_PER_MS
from coxswain.core.plan_value import plan_value, within_plan_value
from coxswain.core.second import as_planned, at_one_stop, open_second, second_signal, together
from coxswain.core.shares import PlanState
from coxswain.core.sizing import own_size
from coxswain.core.spreads import consider_units, open_legs, resized, unit_of
from coxswain.core.state import State
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.checks import Check
from coxswain.model.decimals import HUNDRED, ZERO, floor_step, plain, round_up, text
from coxswain.model.market import touch
from coxswain.model.plan import Assignment, Plan
from coxswain.model.signal import Signal, dies_ns
from coxswain.model.vocabulary import AccountId, Mode, SignalId, SignalKind, Verdict


def decide(tx: Tx, signal: Signal, plan: Plan, actor: str, *, hold: bool = False) -> None:
    """Let out what its mode lets out, and ask a person about the rest; about all of it, if it is to be held."""
    sends = [assignment for assignment in plan.assignments if assignment.verdict is Verdict.SEND]
    leaving = plan.kind is not SignalKind.ENTRY
    modes = {send.account: mode_of(tx.state, tx.account(send.account), leaving=leaving) for send in sends}
    semi = [send for send in sends if modes[send.account] is Mode.SEMI_AUTO]
    why = "it was given to be held" if hold else _why_it_waits(tx, signal, plan, sends, semi)
    going, asking = [], []
    for assignment in sends:
        mode = modes[assignment.account]
        if mode is Mode.RESEARCH:
            continue
        if hold or mode is Mode.MANUAL or (mode is Mode.SEMI_AUTO and why):
            asking.append(assignment.account)
        else:
            going.append(assignment)
    if asking:
        tx.apply(ev.ApprovalAwaited(signal.id, tuple(asking), why or "its mode is MANUAL", dies_ns(signal)))
    if going:
        part = None if len(going) == len(sends) else tuple(going)
        tx.apply(ev.PlanApproved(signal.id, engine_mode(tx.state), part))
        open_legs(tx, signal, going, engine_mode(tx.state))
        open_second(tx, signal, going, engine_mode(tx.state))
        carry_out(tx, signal, going, actor)


def _why_it_waits(tx: Tx, signal: Signal, plan: Plan, sends: list[Assignment], semi: list[Assignment]) -> str:
    """Say what about a plan asks for a look, where the mode is SEMI_AUTO; empty if nothing does.

    It is the whole plan that is large; soft controls are asked about the shares in that mode alone.
    """
    if not semi:
        return ""
    reasons = list(plan.warnings)
    if plan.kind is SignalKind.ENTRY:  # leaving is worth nothing here
        value, limit = plan_value(tx.state, signal, sends), tx.state.desk.semi_auto_max_value
        if value is None:
            reasons.append("its value cannot be told: no fresh rate into the desk's currency")
        elif value > limit:
            reasons.append(f"its value of {text(value)} is above semi_auto_max_value {text(limit)}")
    reasons += soft_failures(tx, signal, plan, semi)
    return "; ".join(reasons)


# --- a person's answer ------------------------------------------------------------------------------------------------


def on_approve(tx: Tx, message: inp.ApprovePlan) -> None:
    """Approve what waits. What does not wait any more is said, and nothing comes of it."""
    for signal_id in message.signal_ids:
        why = why_not_waiting(tx.state, signal_id, message.accounts)
        if why:
            tx.refuse("approve", signal_id, message.actor, why)
        else:
            _approve(tx, signal_id, message)


def _approve(tx: Tx, signal_id: SignalId, message: inp.ApprovePlan) -> None:
    state, plan = tx.state, tx.state.plans[signal_id]
    signal, accounts = state.signals[signal_id], _meant(plan, message.accounts)
    px = _price_now(state, signal, plan.plan)
    drift = _drift_pct(plan.plan.decision_px, px)
    limit = state.desk.max_approval_drift_pct
    if drift is not None and drift > limit and not message.accept_drift:
        moved = f"{text(plan.plan.decision_px or ZERO)} to {text(px or ZERO)}"
        why = f"APPROVAL_DRIFT: the price moved {text(drift)} % from {moved}, wanted at most {text(limit)} %"
        tx.refuse("approve", signal_id, message.actor, f"{why}, or accept_drift: true")
        return
    checked = _checked_again(state, signal, plan.plan, accounts)
    sends = tuple(assignment for assignment in checked if assignment.verdict is Verdict.SEND)
    skips = tuple(assignment for assignment in checked if assignment.verdict is Verdict.SKIP)
    if skips:
        left_out = tuple(assignment.account for assignment in skips)
        tx.apply(ev.PlanRejected(signal_id, left_out, "a check fails at the approval", "engine", skips))
    if sends:
        tx.apply(ev.PlanApproved(signal_id, message.actor, sends, message.reason, px, message.seen_px, drift))
        open_legs(tx, signal, sends, message.actor)
        open_second(tx, signal, sends, message.actor)
        carry_out(tx, signal, sends, message.actor)


def on_reject(tx: Tx, message: inp.RejectPlan) -> None:
    """Refuse what waits: it will not be released."""
    for signal_id in message.signal_ids:
        why = why_not_waiting(tx.state, signal_id, message.accounts)
        if why:
            tx.refuse("reject", signal_id, message.actor, why)
        else:
            accounts = _meant(tx.state.plans[signal_id], message.accounts)
            tx.apply(ev.PlanRejected(signal_id, accounts, message.reason, message.actor))


def on_modify(tx: Tx, message: inp.ModifyPlan) -> None:
    """Lower shares that wait: all of what is asked, or nothing."""
    signal_id, state = message.signal_id, tx.state
    why = why_not_waiting(state, signal_id, tuple(message.quantities))
    if why:
        tx.refuse("modify", signal_id, message.actor, why)
        return
    plan = state.plans[signal_id].plan
    if plan.kind is SignalKind.STOP_ADJUSTMENT:
        tx.refuse("modify", signal_id, message.actor, "it moves protection, and has no quantity")
        return
    instrument = unit_of(state, state.signals[signal_id])
    reasons, changed = [], []
    for assignment in plan.assignments:
        qty = message.quantities.get(assignment.account)
        if qty is None:
            continue
        wrong = f"{assignment.account}: quantity {text(qty)}, wanted"
        if not ZERO <= qty <= assignment.qty:
            reasons.append(f"{wrong} from 0 to {text(assignment.qty)}: a plan is only ever lowered")
        elif qty % instrument.lot_step:
            reasons.append(f"{wrong} a multiple of {text(instrument.lot_step)}")
        elif ZERO < qty < instrument.min_qty:
            reasons.append(f"{wrong} 0 or at least {text(instrument.min_qty)}")
        else:
            changed.append(_resized(assignment, qty))
    if reasons:
        tx.refuse("modify", signal_id, message.actor, *reasons)
        return
    tx.apply(ev.PlanModified(signal_id, tuple(changed), message.reason, message.actor))
    left_out = tuple(assignment.account for assignment in changed if not assignment.qty)
    if left_out:
        tx.apply(ev.PlanRejected(signal_id, left_out, message.reason, message.actor))


def expire(tx: Tx, signal_id: SignalId) -> None:
    """Nobody answered while the signal lived."""
    tx.apply(ev.PlanExpired(signal_id, tuple(tx.state.plans[signal_id].asking)))


# --- what stands, and what it would be now ----------------------------------------------------------------------------


def why_not_waiting(state: State, signal_id: SignalId, accounts: tuple[AccountId, ...]) -> str:
    """Say why there is nothing of a plan to be answered by a person; empty if there is."""
    plan = state.plans.get(signal_id)
    if plan is None:
        return f"no plan of ours has this id; waiting: {', '.join(state.awaiting) or 'none'}"
    if not plan.asking:
        return "it does not wait for a person: it was approved, rejected or expired, or needed nobody"
    strangers = [account_id for account_id in accounts if account_id not in plan.asking]
    if strangers:
        return f"accounts {', '.join(strangers)}, wanted of those that wait: {', '.join(plan.asking)}"
    return ""


def _meant(plan: PlanState, accounts: tuple[AccountId, ...]) -> tuple[AccountId, ...]:
    return tuple(account_id for account_id in plan.asking if not accounts or account_id in accounts)


def _price_now(state: State, signal: Signal, plan: Plan) -> Decimal | None:
    quote = state.quotes.get(plan.symbol)
    return None if quote is None or signal.side is None else touch(quote, signal.side)


def _drift_pct(decision_px: Decimal | None, px: Decimal | None) -> Decimal | None:
    if not decision_px or px is None:
        return None
    return round_up(abs(px - decision_px) / decision_px * HUNDRED)


def _checked_again(state: State, signal: Signal, plan: Plan, accounts: tuple[AccountId, ...]) -> tuple[Assignment, ...]:
    """Put each share to the checks of its kind as things stand now."""
    planned = {assignment.account: assignment for assignment in plan.assignments if assignment.account in accounts}
    if plan.kind is SignalKind.ENTRY:
        again = tuple(_entry_again(state, signal, plan, assignment) for assignment in planned.values())
        approved = {account_id: share.qty for account_id, share in state.plans[signal.id].shares.items()}
        return within_plan_value(state, signal, again, approved)
    fresh = plan_exit(state, signal) if plan.kind is SignalKind.EXIT else plan_stop_adjustment(state, signal)
    return tuple(
        assignment
        if assignment.verdict is Verdict.SKIP or plan.kind is SignalKind.STOP_ADJUSTMENT
        # A share of nothing was to call an entry back: if that has filled meanwhile, it is what is to be left.
        else _resized(assignment, min(assignment.qty, planned[assignment.account].qty or assignment.qty))
        for assignment in fresh.assignments
        if assignment.account in planned
    )


def _entry_again(state: State, signal: Signal, plan: Plan, planned: Assignment) -> Assignment:
    """An entry keeps its size or loses some; too small, too late or no longer fit, it is left out."""
    account, instrument = state.accounts[planned.account], unit_of(state, signal)
    qty = ZERO
    if plan.legs:
        checks, sized, _ = consider_units(state, account, signal)
        qty = ZERO if sized is None else min(planned.qty, sized.qty)
        return _if_it_passes(state, signal, planned, checks, qty)
    if signal.stop_loss is None and plan.stop_loss is not None:
        signal = msgspec.structs.replace(signal, stop_loss=plan.stop_loss)
    checks = eligibility(state, account, signal)
    rate = rate_up(state, account, instrument)
    if rate is None or plan.decision_px is None:
        checks.append(Check("NO_FX_RATE", None, None, False, "no fresh quote", f"a rate from {instrument.currency}"))
    else:
        alone = second_signal(state, signal, plan.decision_px)
        if alone is None:
            sized = own_size(state, account, signal, instrument, plan.decision_px, rate)
        else:
            judged, px = as_planned(signal, alone, plan.decision_px)
            first, judged = at_one_stop(account, signal, judged)
            found = eligibility(state, account, alone)
            checks += [check for check in found if not check.passed and check not in checks]
            sized = own_size(state, account, first, instrument, plan.decision_px, rate)
            other = own_size(state, account, judged, instrument, px or plan.decision_px, rate)
            sized = together(account.capabilities, signal, sized, other)
        own = sized.qty
        qty = min(planned.qty, floor_step(own, instrument.lot_step))
        checks.append(Check("OWN_SIZE", own, instrument.min_qty, own >= instrument.min_qty))
    return _if_it_passes(state, signal, planned, checks, qty)


def _if_it_passes(state: State, signal: Signal, planned: Assignment, checks: list[Check], qty: Decimal) -> Assignment:
    instrument = unit_of(state, signal)
    release_ns = state.now_ns + planned.delay_ms * NS_PER_MS
    left_s = Decimal(dies_ns(signal) - release_ns) / 1_000_000_000
    checks.append(Check("ASSIGNED_SIZE", qty, instrument.min_qty, qty >= instrument.min_qty))
    checks.append(Check("RELEASED_BEFORE_SIGNAL_DIES_S", left_s, ZERO, left_s >= 0))
    if all(check.passed for check in checks):
        return msgspec.structs.replace(_resized(planned, qty), checks=tuple(checks))
    return Assignment(planned.account, Verdict.SKIP, tuple(checks))


def _resized(assignment: Assignment, qty: Decimal) -> Assignment:
    """Take over a smaller quantity, and the risk that goes with it."""
    risk = round_up(assignment.risk * qty / assignment.qty) if assignment.qty else ZERO
    return msgspec.structs.replace(assignment, qty=plain(qty), risk=plain(risk), legs=resized(assignment, qty))
