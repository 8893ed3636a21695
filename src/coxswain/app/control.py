"""Commands of an operator to an engine that does not run: folded from its journal, stepped once, made durable.

The next start finds the fact, and sees to what was asked of a venue. A running engine holds its journal, and is told to
be stopped first.
"""

import getpass
from collections.abc import Mapping
from pathlib import Path

from coxswain.app import exits, tables
from coxswain.app.output import print_json
from coxswain.app.plugins import make_engine
from coxswain.journal.store import Journal
from coxswain.messages.command_json import CommandError, parse_command
from coxswain.messages.inputs import Input
from coxswain.messages.record import Record, encode
from coxswain.runtime.records import decoded
from coxswain.views.answers import Answer, answer_of


def command(journal: Path, document: Mapping[str, object], as_json: bool = False) -> int:
    """Read a command, tell it to the engine of a journal, and show the answer."""
    try:
        answer = tell(journal, document)
    except CommandError as error:
        for sentence in error.errors:
            tables.say(f"coxswain: {sentence}")
        return exits.USAGE
    if as_json:
        print_json(answer)
    else:
        show(answer)
    return exits.OK if answer.done else exits.USAGE


def tell(path: Path, document: Mapping[str, object]) -> Answer:
    """Step one command at the journal's own time. Raises `CommandError` and `JournalError`."""
    engine = make_engine()
    with Journal.open(path) as journal:
        for _, record in decoded(journal.read()):
            engine.fold(record)
        message: Input = parse_command(document, getpass.getuser(), engine.state.now_ns)
        made: Record = engine.step(message, engine.state.now_ns)
        journal.append([encode(made)])
    return answer_of(made)


def show(answer: Answer) -> None:
    """Print what a command did, what it did not do, and how to undo it."""
    for sentence in answer.did:
        print(sentence)
    for sentence in answer.did_not:
        tables.say(f"not done: {sentence}" if not answer.done else f"note: {sentence}")
    if answer.undo:
        tables.say(f"to undo: {answer.undo}")
