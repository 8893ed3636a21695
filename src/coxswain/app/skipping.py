"""Skip an input that makes the core raise: see that it does, say what it was, and journal that a person said so.

The engine is brought to where it stood before that record and takes the input once more. Only where that raises is
there anything to skip. Nothing is decided here about what follows: `core/skips.py` does.
"""

import os
from pathlib import Path

import msgspec

from coxswain import __version__
from coxswain.app import exits, tables
from coxswain.app.control import show
from coxswain.app.output import print_json
from coxswain.core.engine import Engine
from coxswain.core.skips import hash_of
from coxswain.journal.store import Journal
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record, decode, encode
from coxswain.model.about import About
from coxswain.runtime.control_socket import name_of_user
from coxswain.runtime.facts import facts_of
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.recovery import recover
from coxswain.views.answers import Answer, answer_of


class NothingToSkip(Exception):
    """There is no input in this record that makes a step raise."""


class Skipped(msgspec.Struct, frozen=True):
    """What was skipped, and what came of saying so."""

    seq: int
    hash: str
    input: inp.Input
    deadline: str
    answer: Answer


def skip_input(path: Path, seq: int, reason: str, as_json: bool) -> int:
    """Have the input of one record passed over. Exit code 2 where it is none that raises."""
    if not reason.strip():
        tables.say("coxswain: --reason is empty, wanted why the input is skipped")
        return exits.USAGE
    try:
        done = _skip(path, seq, reason)
    except NothingToSkip as why:
        tables.say(f"coxswain: {why}")
        return exits.USAGE
    if as_json:
        print_json(done)
    else:
        print(f"record {seq}: {msgspec.json.encode(done.input).decode()}")
        show(done.answer)
        tables.say("every account was HALTED when it raised: coxswain resume ACCOUNT, and coxswain set-mode")
    return exits.OK


def _skip(path: Path, seq: int, reason: str) -> Skipped:
    with Journal.open(path) as journal:
        if not seq <= journal.head.seq:
            raise NothingToSkip(f"record {seq} is not in {path}, which ends at record {journal.head.seq}")
        record, engine = _before(journal, seq)
        if not record.failed:
            raise NothingToSkip(
                f"record {seq} was taken, and what came of it is in the books; only an input whose step raised can be "
                "skipped"
            )
        if isinstance(record.input, inp.EngineStarted):
            raise NothingToSkip(
                f"record {seq} is the start of an engine, and nothing goes on without one; use the version or the "
                "configuration that started before"
            )
        deadline = _raises(engine, record)
        now = recover(journal, __version__, tables.say).engine
        found = hash_of(record.input)
        if found in now.state.skipped or (deadline and deadline not in now.state.deadlines):
            raise NothingToSkip(f"the input of record {seq} is passed over already")
        message = inp.SkipInput(
            seq,
            found,
            type(record.input).__name__,
            record.failed,
            deadline,
            _about(record.input),
            reason,
            name_of_user(os.geteuid()),
        )
        made = now.step(message, now.state.now_ns)
        journal.append([encode(made)])
    return Skipped(seq, found, record.input, deadline, answer_of(made))


def _about(message: inp.Input) -> About:
    if isinstance(message, inp.SubmitSignal):
        return About(message.signal.id)
    names = {name: getattr(message, name, None) for name in ("account", "cl_ord_id", "exec_id")}
    return msgspec.convert(names, About)


def _before(journal: Journal, seq: int) -> tuple[Record, Engine]:
    """Return a record, and an engine as it stood before that."""
    engine = make_engine()
    for body, facts in facts_of(journal.read()):
        if facts.seq == seq:
            return decode(body), engine
        engine.fold_facts(*facts)
    raise AssertionError("the journal ends before its head")


def _raises(engine: Engine, record: Record) -> str:
    """Take the input once more, and return the deadline that raised, if it is time that passed."""
    try:
        engine.step(record.input, record.now_ns)
    except Exception:  # whatever it is, this is what the engine cannot take
        return engine.answering if isinstance(record.input, inp.TimePassed) else ""
    raise NothingToSkip(
        f"this version takes the input of record {record.seq}, which raised {record.failed}; there is nothing to skip: "
        "start the engine"
    )
