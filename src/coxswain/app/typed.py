"""How the command line calls what a command's JSON calls otherwise, and how it reads `NAME=NUMBER`. No rule is here."""

import re
from collections.abc import Sequence

from coxswain.app import exits
from coxswain.app.options import fail

ARGUMENTS = {
    "as": "HOW",
    "account": "ACCOUNT",
    "accounts": "--account",
    "break_id": "BREAK",
    "breaker": "BREAKER",
    "command_id": "COMMAND",
    "control": "CONTROL",
    "everything": "--everything",
    "fills": "--fill",
    "for_s": "--for",
    "instrument": "--instrument",
    "mode": "MODE",
    "order": "--order",
    "override_id": "OVERRIDE",
    "plan_id": "SIGNAL",
    "price": "--price",
    "proposal": "PROPOSAL",
    "protection": "--protection",
    "quantities": "ACCOUNT=LOTS",
    "quantity": "--quantity",
    "reason": "--reason",
    "resolution": "HOW",
    "seen_px": "--seen-px",
    "signal_id": "SIGNAL",
    "stop_price": "--stop-price",
    "strategy": "--strategy",
    "values": "KEY=VALUE",
    "venue": "--venue",
}
OF_COMMAND = {
    "cancel": {"account": "--account", "order": "ORDER", "plan_id": "--plan"},
    "reconcile": {"accounts": "ACCOUNT"},
    "replace-order": {"order": "ORDER"},
    "set-limits": {"account": "--account"},
    "set-mode": {"account": "--account"},
    "settle-order": {"order": "ORDER"},
}
"""Where one command takes as an option what others take as a word, or the other way round."""
TAKE_ORDER = ("cancel", "halt", "replace-order")
NAME = re.compile(r"[a-z_]+")
LISTED = re.compile(r"wanted (?:exactly one of )?(.+)")
SCOPES = ("no scope:", "nothing to cancel is named:", "nothing to change is named:")


def as_typed(command: str, sentence: str) -> str:
    """Say a sentence about the fields of a command in the words of its arguments."""
    names = {**ARGUMENTS, **OF_COMMAND.get(command, {})}
    field, colon, rest = sentence.partition(": ")
    if field in names:
        return f"{names[field]}{colon}{rest}"
    listed = LISTED.search(rest)
    if listed is None or not (sentence.startswith(SCOPES) or all(word in names for word in field.split(" and "))):
        return sentence
    words = listed[1] if command in TAKE_ORDER else listed[1].replace("order, ", "")
    told = NAME.sub(lambda found: names.get(found[0], found[0]), words)
    head = field if sentence.startswith(SCOPES) else " and ".join(names[word] for word in field.split(" and "))
    return f"{head}: {rest[: listed.start(1)]}{told}"


def pairs(name: str, given: Sequence[str], example: str) -> dict[str, str]:
    """Read arguments such as `KEY=VALUE`; what is none of these, or says a key twice, ends the command."""
    read: dict[str, str] = {}
    for each in given:
        key, sign, value = (part.strip() for part in each.partition("="))
        if not (key and sign and value):
            fail(exits.USAGE, f"{name}: found {each!r}, wanted a name, = and a number, such as {example}")
        if key in read:
            fail(exits.USAGE, f"{name}: {key} is given twice, wanted once")
        read[key] = value
    return read
