"""Inputs that a person had passed over because their step raised. That one raises is for others to have shown."""

from hashlib import sha256

import msgspec

from coxswain.core.state import Skipped, State
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp


def hash_of(message: inp.Input) -> str:
    """Return SHA-256 of an input as a record holds it."""
    return sha256(msgspec.json.encode(message)).hexdigest()


def on_skip(tx: Tx, message: inp.SkipInput) -> None:
    if not message.reason.strip():
        tx.refuse("skip-input", str(message.seq), message.actor, "REASON: it is empty, wanted why it is skipped")
        return
    tx.apply(
        ev.InputSkipped(
            message.seq,
            message.hash,
            message.what,
            message.why,
            message.deadline,
            message.about,
            message.reason,
            message.actor,
        )
    )


def passed_over(state: State, message: inp.Input) -> ev.InputPassedOver | None:
    """Return what is to be said of an input that was skipped; None of any other. Costs a hash, once one was."""
    skipped: Skipped | None = state.skipped.get(hash_of(message))
    if skipped is None:
        return None
    return ev.InputPassedOver(skipped.seq, skipped.what, skipped.about)
