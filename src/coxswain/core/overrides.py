"""Overrides: two persons let one order pass one soft control, once, until it expires.

An override names one control, one account and one signal. Hard controls, and those that stop what they failed on, are
never overridden. Nobody approves what they asked for: an actor is who the door has proven, never a field of a message.
"""

from coxswain.core.params import seconds_ns
from coxswain.core.state import State, share_of
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import ApproveOverride, ProposeOverride, WithdrawOverride
from coxswain.model.decimals import text
from coxswain.model.override import Override
from coxswain.model.vocabulary import AccountId
from coxswain.risk.kinds import Kind

REASON_CHARS_MAX = 500


def on_propose(tx: Tx, message: ProposeOverride) -> None:
    errors = _why_not_proposed(tx, message)
    if errors:
        tx.refuse("propose-override", message.signal_id, message.actor, *errors)
        return
    override = Override(
        f"override-{tx.state.override_count + 1}",
        message.control,
        message.account,
        message.signal_id,
        message.actor,
        message.reason,
        message.until_ns,
    )
    tx.apply(ev.OverrideProposed(override))


def on_approve(tx: Tx, message: ApproveOverride) -> None:
    override = tx.state.overrides.get(message.override_id)
    errors = _why_not_approved(tx.state, message, override)
    if errors:
        tx.refuse("approve-override", message.override_id, message.actor, *errors)
    else:
        tx.apply(ev.OverrideApproved(message.override_id, message.actor, message.reason))


def on_withdraw(tx: Tx, message: WithdrawOverride) -> None:
    """Take an override back, approved or not; anybody may, because that lets nothing through."""
    if message.override_id in tx.state.overrides:
        tx.apply(ev.OverrideEnded(message.override_id, message.actor, message.reason))
    else:
        why = _unknown(tx.state, message.override_id)
        tx.refuse("withdraw-override", message.override_id, message.actor, why)


def expire(tx: Tx, override_id: str) -> None:
    tx.apply(ev.OverrideEnded(override_id, "engine", "its time is up"))


# --- what a command may ask for ---------------------------------------------------------------------------------------


def _why_not_proposed(tx: Tx, message: ProposeOverride) -> tuple[str, ...]:
    state, errors = tx.state, []
    if not message.reason.strip() or len(message.reason) > REASON_CHARS_MAX:
        errors.append(f"REASON: wanted=why, in 1 to {REASON_CHARS_MAX} characters")
    if not message.signal_id:
        errors.append("SIGNAL_MISSING: wanted=the one signal that it is for")
    longest_ns = state.now_ns + seconds_ns(state.desk.override_max_s)
    if not state.now_ns < message.until_ns <= longest_ns:
        errors.append(f"UNTIL: wanted=a time to come, at most {text(state.desk.override_max_s)} s from now")
    if message.account not in state.accounts:
        errors.append(f"ACCOUNT_UNKNOWN: account={message.account}, wanted=one of {', '.join(state.accounts)}")
        return tuple(errors)
    why = _why_not_soft(tx, message.account, message.control)
    if why:
        errors.append(why)
    same = (message.control, message.account, message.signal_id)
    errors += [
        f"ASKED_BEFORE: override={each.id}, wanted=one for a control, an account and a signal"
        for each in state.overrides.values()
        if (each.control, each.account, each.signal_id) == same
    ]
    share = share_of(state, message.signal_id, message.account)
    if (share is not None and share.released) or message.signal_id in state.direct_ids:
        errors.append(f"TOO_LATE: signal={message.signal_id} has met the gate on {message.account} already")
    return tuple(errors)


def _why_not_soft(tx: Tx, account_id: AccountId, control: int) -> str:
    kinds = {rule.control: rule.kind for rule in tx.gates[account_id].entering.rules}
    kind = kinds.get(control)
    if kind is Kind.SOFT:
        return ""
    soft = ", ".join(str(number) for number, each in kinds.items() if each is Kind.SOFT)
    wanted = f"one of {soft}" if soft else "a soft one; none is"
    if kind is None:
        return f"CONTROL_UNKNOWN: control={control}, wanted={wanted}"
    return f"CONTROL_NOT_SOFT: control={control} is {kind} and never overridden, wanted={wanted}"


def _why_not_approved(state: State, message: ApproveOverride, override: Override | None) -> tuple[str, ...]:
    if override is None:
        return (_unknown(state, message.override_id),)
    errors = []
    if message.actor == override.actor:
        errors.append(f"SECOND_PERSON: actor={message.actor}, wanted=somebody other than who asked for it")
    if override.second_actor:
        errors.append(f"APPROVED_BEFORE: by={override.second_actor}")
    if override.expires_ns <= state.now_ns:
        errors.append("TIME_IS_UP: wanted=a new override")
    return tuple(errors)


def _unknown(state: State, override_id: str) -> str:
    known = " ".join(state.overrides)
    wanted = f"one of {known}" if known else "one that is open; none is"
    return f"OVERRIDE_UNKNOWN: override={override_id}, wanted={wanted}"
