"""Tell an engine something: the one that runs, over its socket; else the journal, where the next start finds it.

Without a running engine a command is folded, stepped once and made durable at the journal's own time. What takes a
market or a venue is kept for the next start, which carries it out. Who asks is the system's to say, never a field.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from coxswain import __version__
from coxswain.app import exits, tables
from coxswain.app.output import print_json
from coxswain.app.typed import as_typed
from coxswain.journal.files import is_written
from coxswain.journal.store import Journal
from coxswain.messages.command_json import CommandError, parse_command
from coxswain.messages.inputs import (
    ApprovePlan,
    ChangeOrder,
    CompareAccounts,
    Input,
    Keepable,
    KeepCommand,
    SettleOrder,
    StopTrading,
    SubmitSignal,
)
from coxswain.messages.record import Record, encode
from coxswain.model.control import ScopeKind, StopLevel
from coxswain.runtime.control_socket import NotAnswered, ask, name_of_user
from coxswain.runtime.flag_file import open_flag
from coxswain.runtime.pace import utc_ns
from coxswain.runtime.recovery import recover
from coxswain.views.answers import Answer, answer_of

ANSWER_WITHIN_S = 5.0
CODE = re.compile(r"\b([A-Z][A-Z_]+): ")
"""How a reason of one of our own checks begins."""
MISTAKES = {
    *("ACCOUNT_UNKNOWN", "BREAKER_CLOSED", "CONTROL_UNKNOWN", "INSTRUMENT_UNKNOWN", "KEY_NOT_ENFORCED"),
    *("KEY_OF_THE_DESK", "KEY_OF_THE_START", "KEY_UNKNOWN", "OUT_OF_ORDER", "OVERRIDE_UNKNOWN", "PRICE_OFF_TICK"),
    *("PROPOSAL_UNKNOWN", "REASON", "SIGNAL_MISSING", "UNTIL", "VALUE", "VALUES_MISSING"),
}
"""Reasons that say that a command was not meant so; others are checks of risk."""


def command(journal: Path, document: Mapping[str, object], as_json: bool = False) -> int:
    """Tell the engine of a journal, running or not, and show the answer."""
    try:
        answer = (tell_running if is_written(journal) else tell)(journal, document)
    except CommandError as error:
        for sentence in error.errors:
            tables.say(f"coxswain: {as_typed(str(document.get('command')), sentence)}")
        return exits.USAGE
    except NotAnswered as error:
        tables.say(f"coxswain: {error}; what became of it stands in the journal: coxswain audit log")
        return exits.TIMEOUT
    if as_json:
        print_json(answer)
    else:
        show(answer)
    return exits.OK if answer.done else _why_not(answer)


def tell(path: Path, document: Mapping[str, object]) -> Answer:
    """Step one command at the journal's own time. Raises `CommandError` and `JournalError`."""
    with Journal.open(path) as journal:
        past = recover(journal, __version__, tables.say)
        engine = past.engine
        message: Input = parse_command(document, name_of_user(os.geteuid()), engine.state.now_ns)
        kept = _what_takes_an_engine(message)
        message = message if kept is None else KeepCommand(kept, utc_ns())
        flag = open_flag(path, engine.state)
        flag.take(engine.state.now_ns)  # what it says already; a start takes it over
        recalls, message = past.archive.prepare(message, engine.state)
        before = [engine.step(recall, engine.state.now_ns) for recall in recalls]
        made: Record = engine.step(message, engine.state.now_ns)
        journal.append([encode(record) for record in (*before, made)])
        flag.on_record(made)
    return answer_of(made)


def _what_takes_an_engine(message: Input) -> Keepable | None:
    """Return a command that acts on the market or the venues of now: without an engine there is nobody to do it."""
    match message:
        case SubmitSignal() | ApprovePlan() | CompareAccounts() | ChangeOrder() | SettleOrder():
            return message
        case StopTrading(StopLevel.FLATTEN, scope) if scope.kind is not ScopeKind.ORDER:
            return message
        case _:
            return None


def tell_running(journal: Path, document: Mapping[str, object]) -> Answer:
    """Ask the engine that runs. Raises `CommandError` and `NotAnswered`."""
    said = msgspec.json.decode(ask(journal, msgspec.json.encode(document), ANSWER_WITHIN_S), type=dict[str, object])
    if said.get("ok") is False:
        raise CommandError(*msgspec.convert(said.get("errors"), tuple[str, ...]))
    return msgspec.convert(said, Answer)


def show(answer: Answer) -> None:
    """Print what a command did, what it did not do, and how to undo it."""
    for sentence in answer.did:
        print(sentence)
    for sentence in answer.did_not:
        tables.say(f"not done: {sentence}" if not answer.done else f"note: {sentence}")
    if answer.undo:
        tables.say(f"to undo: {answer.undo}")


def _why_not(answer: Answer) -> int:
    """A name that nobody has and a value that cannot be are the words' fault; all else was refused by a check."""
    codes = {code for each in answer.did_not for code in CODE.findall(each)}
    return exits.REFUSED_BY_RISK if codes - MISTAKES else exits.USAGE
