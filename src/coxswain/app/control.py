"""Commands of an operator to an engine that does not run: folded from its journal, stepped once, made durable.

The next start finds the fact. A running engine holds its journal, and is told to be stopped first.
"""

import getpass
from pathlib import Path

from coxswain.app import exits, tables
from coxswain.app.plugins import make_engine
from coxswain.journal.store import Journal
from coxswain.messages.events import AccountStateChanged
from coxswain.messages.inputs import PauseAccount, ResumeAccount
from coxswain.messages.record import encode
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.records import decoded


def pause(journal: Path, account: str, reason: str) -> int:
    """Let an account only reduce, until it is resumed."""
    return _tell(journal, PauseAccount(AccountId(account), reason, getpass.getuser()))


def resume(journal: Path, account: str, reason: str) -> int:
    """Let an account trade again: after a pause, a day's loss at its limit, or a failure of the core."""
    return _tell(journal, ResumeAccount(AccountId(account), reason, getpass.getuser()))


def _tell(path: Path, message: PauseAccount | ResumeAccount) -> int:
    """Step one command at the journal's own time, and say what came of it. Raises `JournalError`."""
    engine = make_engine()
    with Journal.open(path) as journal:
        for _, record in decoded(journal.read()):
            engine.fold(record)
        account = engine.state.accounts.get(message.account)
        if account is None:
            known = ", ".join(engine.state.accounts) or "none there yet"
            tables.say(f"coxswain: account {message.account!r} is not in {path}; wanted one of {known}")
            return exits.USAGE
        record = engine.step(message, engine.state.now_ns)
        journal.append([encode(record)])
    changes = [event for event in record.events if isinstance(event, AccountStateChanged)]
    for change in changes:
        begun = "begins" if change.active else "ends"
        print(f"{change.account}: {change.cause} {begun}; {change.state}, {change.reason} ({change.actor})")
    left = f", still {', '.join(account.causes)}" if account.causes else ""
    if not changes:
        print(f"{message.account}: nothing to change; {account.state}{left}")
    elif isinstance(message, ResumeAccount) and account.causes:
        print(f"{message.account}: {account.state}{left}; the engine itself ends these when the books agree")
    return exits.OK
