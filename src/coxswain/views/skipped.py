"""What it means that an input was skipped, above all for money. Nothing is worked out here that was not journaled."""

from coxswain.messages import events as ev

_KEEPS_ITS_HOLD = "the order stays as it was and keeps its hold; every start asks its venue what became of it"
_BOOKS_STAY = "the books of the account stay as they were, and it only reduces until another answer agrees with them"
MEANINGS = {
    "SubmitSignal": "nothing was planned and nothing was sent for it; still wanted, submit it under another id",
    "SubmitOrder": "nothing was sent for it; still wanted, order it under another id",
    "OrderLookedUp": _KEEPS_ITS_HOLD,
    "VenueFailed": _KEEPS_ITS_HOLD,
    "EgressRefused": f"it was not sent; {_KEEPS_ITS_HOLD}",
    "CancelRejected": _KEEPS_ITS_HOLD,
    "AccountLookedUp": _BOOKS_STAY,
    "CashMoved": "the balance does not show it yet; its venue lists it, and the comparison at the next start finds it",
    "Quote": "the price before it counts until the next one comes",
    "VenueQuoted": "the price before it counts until the next one comes",
}
"""By the kind of an input."""
_ORDERS = ("submit", "cancel", "replace", "query", "monitor", "expire")
DEADLINES = {
    **dict.fromkeys(_ORDERS, f"it was about an order; {_KEEPS_ITS_HOLD}"),
    "release": "the share of the plan is not released; coxswain cancel --plan lets go of what is set aside for it",
    "completion": "the rest of the order is not completed and works on",
    "sync": "the next start compares the books of the account again",
    "protect": "LOOK AT THE POSITION: its protection is not tried again by itself (coxswain positions)",
    "follow": "LOOK AT THE POSITION: its protection is not brought up to it by itself (coxswain positions)",
    "exit": "LOOK AT THE POSITION: its exit is not tried again by itself (coxswain positions)",
    "spread_stop": "LOOK AT THE SPREAD: its stop is not judged at this deadline (coxswain positions)",
}
"""By the kind of a deadline."""


def skipped(event: ev.InputSkipped) -> str:
    """Say what was skipped, by whom and why, and what that means."""
    deadline = f", the deadline {event.deadline}," if event.deadline else ""
    return (
        f"the {event.what} of record {event.seq}{deadline} is skipped by {event.actor}: {event.reason} "
        f"(its step raised {event.why}); {meaning(event)}"
    )


def meaning(event: ev.InputSkipped) -> str:
    """Say what the input might have meant for money, and who finds out."""
    if event.deadline:
        return DEADLINES.get(event.deadline.split("|")[0], "what was to happen then does not happen by itself")
    if event.what == "ExecutionReport" and event.about.exec_id is not None:
        return (
            f"if {event.about.exec_id} is a fill, it is not booked; its venue lists it, and the comparison at the "
            f"next start books it; until then {_KEEPS_ITS_HOLD}"
        )
    return MEANINGS.get(event.what, "nothing of it was done; still wanted, say it in other words")
