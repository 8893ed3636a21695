"""The commands that say how things stand and why: they fold a journal into views and print them.

They work beside a running engine.

Nothing is opened for writing here, and nothing is sent anywhere.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from coxswain import __version__
from coxswain.app import exits, screens, tables, why
from coxswain.app.output import print_json
from coxswain.journal.checkpoints import read_newest
from coxswain.journal.files import is_written
from coxswain.journal.store import Reader
from coxswain.messages.record import Record
from coxswain.model.vocabulary import TradingState
from coxswain.runtime.records import decoded
from coxswain.views.audit import AuditLog
from coxswain.views.control import KeptRow
from coxswain.views.documents import document
from coxswain.views.explain import Explainer
from coxswain.views.positions import AccountRow
from coxswain.views.summary import PAPER, Summary
from coxswain.views.times import utc

TOLD_ABOVE = ("well", "problems", "account_mode")
"""Lines before the table say these."""


class View(Protocol):
    def apply(self, record: Record) -> None: ...


def fold(journal: Path, view: View) -> None:
    """Show every record of a journal to a view. Raises `JournalError`."""
    with Reader(journal) as reader:
        for _, record in decoded(reader.read()):
            view.apply(record)


def summary_of(journal: Path) -> Summary:
    """Show every record of a journal to the summary. Raises `JournalError`."""
    summary = Summary()
    fold(journal, summary)
    return summary


# --- how it stands ----------------------------------------------------------------------------------------------------


def show_status(journal: Path, as_json: bool) -> int:
    """Say in one screen whether all is well; the exit code says it too."""
    running = is_written(journal) if journal.is_file() else False
    summary = summary_of(journal)
    accounts, positions, controls = summary.book.all_accounts(), summary.book.open_positions(), summary.controls
    unknown = [row.cl_ord_id for row in summary.blotter.orders.values() if not row.outcome_known]
    problems = _problems(summary, accounts, running)
    status = {
        "well": not problems,
        "problems": problems,
        "version": __version__,
        "journal": str(journal),
        "running": running,
        "mode": controls.modes().get("everything", summary.mode),
        "modes": {scope: str(mode) for scope, mode in controls.modes().items()},
        "stops": [f"{row.level} of {row.scope} by {row.actor}: {row.reason}" for row in controls.stops()],
        "waiting_plans": [
            f"{row.signal_id} ({', '.join(row.accounts)}) until {row.expires}" for row in controls.waiting()
        ],
        "waiting_commands": [_told(row) for row in controls.kept()],
        "flattening": [f"{row.account} {row.symbol}: {row.remaining:f} left" for row in controls.flattening()],
        "account_mode": PAPER,
        "feed": summary.market,
        "last_record": None if summary.last_ns is None else utc(summary.last_ns),
        "records": summary.records,
        "signed": _signed(journal),
        "accounts": len(accounts),
        "accounts_active": sum(1 for account in accounts if account.state is TradingState.ACTIVE),
        "open_positions": len(positions),
        "unprotected_positions": sum(1 for row in positions if row.protection == "NONE"),
        "protection": [f"{row.account} {row.symbol}: {row.told_protection}" for row in positions],
        "open_orders": sum(1 for row in summary.blotter.orders.values() if row.is_open),
        "unknown_orders": unknown,
        "breaks": sorted(summary.book.breaks),
        "signals": summary.signals,
    }
    if as_json:
        print_json(status)
    else:
        verdict = f"not well: {'; '.join(problems)}" if problems else "all is well"
        tables.line(verdict, tables.STYLES["bad" if problems else "ok"])
        screens.show_market(summary)
        words = {name: msgspec.to_builtins(value) for name, value in status.items() if name not in TOLD_ABOVE}
        tables.table(("what", "value"), [(tables.named(name), _plain(value)) for name, value in words.items()])
    return exits.UNRECONCILED if unknown or summary.book.breaks else exits.OK


def _signed(journal: Path) -> str:
    """Say how much of a journal is signed. Whose signature it is, `audit verify` asks."""
    newest = read_newest(journal)
    if newest is None:
        return "nothing: no key signs this journal, coxswain audit key makes one"
    return f"the first {newest.checkpoint.size} records"


def _told(row: KeptRow) -> str:
    """Say what waits for the engine."""
    until = "" if row.until is None else f" until {row.until}"
    why = f": {row.reason}" if row.reason else ""
    return f"{row.id} {row.what} by {row.actor} at {row.given}{why} (waits for the engine{until})"


def _problems(summary: Summary, accounts: Sequence[AccountRow], running: bool) -> list[str]:
    """Name what somebody should look at, the worst first."""
    unknown = sum(1 for row in summary.blotter.orders.values() if not row.outcome_known)
    bare = [row for row in summary.book.open_positions() if row.protection == "NONE"]
    elsewhere = [row for row in summary.book.open_positions() if row.is_elsewhere and row.protection != "NONE"]
    restricted = [account for account in accounts if account.state is not TradingState.ACTIVE]
    found = []
    if unknown:
        found.append(f"the outcome of {tables.count(unknown, 'order')} is unknown")
    if summary.book.breaks:
        found.append(f"{tables.count(len(summary.book.breaks), 'break')} open between engine and venue")
    if bare:
        names = ", ".join(f"{row.account} {row.symbol}" for row in bare)
        found.append(f"{tables.count(len(bare), 'position')} without protection ({names})")
    found += [f"{row.account} {row.symbol}: {row.told_protection}" for row in elsewhere]
    if summary.controls.flattening():
        found.append(f"{tables.count(len(summary.controls.flattening()), 'position')} still to be flattened")
    narrow = [row for row in summary.controls.stops() if row.scope.startswith(("strategy", "instrument"))]
    found += [f"{row.level} of {row.scope} ({row.actor}: {row.reason})" for row in narrow]
    found += [f"{row.account} is {row.state} ({', '.join(row.causes)})" for row in restricted]
    if summary.controls.kept():
        found.append(f"{tables.count(len(summary.controls.kept()), 'command')} waiting for the engine")
    if not running and not summary.stopped:
        found.append("the last run did not end in good order, start it again")
    return found


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return ", ".join(value) or "none" if isinstance(value, list) else "none" if value is None else str(value)


# --- why --------------------------------------------------------------------------------------------------------------


def show_explanation(journal: Path, name: str, last: int, as_json: bool) -> int:
    explainer = Explainer()
    fold(journal, explainer)
    explanation = explainer.explain(name)
    if explanation is None:
        tables.say(f"coxswain: {name}: no signal, order or account of this name is in {journal}")
        return exits.USAGE
    if as_json:
        print_json(document(explanation))
    else:
        why.show_explanation(explanation, last)
    return exits.OK


def show_audit(journal: Path, last: int, as_json: bool) -> int:
    log = AuditLog()
    fold(journal, log)
    entries = log.tail(last)
    if as_json:
        print_json(document(entries))
    else:
        why.show_audit(entries)
    return exits.OK
