"""The one list that wants an engine: limits, and how much of each is used, as its own sums say.

It folds the journal like the commands that look; nothing is opened for writing, and nothing is sent anywhere.
"""

from pathlib import Path

from coxswain.app import exits, tables
from coxswain.app.output import print_json
from coxswain.core.used import used_of
from coxswain.journal.store import Reader
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.records import decoded
from coxswain.views.limits import LimitsView
from coxswain.views.times import utc


def show_limits(journal: Path, account: str | None, as_json: bool) -> int:
    """Show every limit in force with its origin and version, how much is used, and what waits for a second person."""
    engine, view = make_engine(), LimitsView()
    with Reader(journal) as reader:
        for _, record in decoded(reader.read()):
            view.apply(record)
            engine.fold(record)
    accounts = tuple(engine.state.accounts)
    if account is not None and account not in accounts:
        tables.say(f"coxswain: account {account!r} is not in {journal}; wanted one of {', '.join(accounts)}")
        return exits.USAGE
    rows = view.rows(used_of(engine.state), None if account is None else AccountId(account))
    if as_json:
        print_json({"version": view.version, "limits": rows, "waiting": view.waiting()})
        return exits.OK
    tables.line(f"limits version {view.version}")
    tables.table(
        ("account", "key", "value", "unit", "used", "left", "origin", "until"),
        [
            (
                row.account or "desk",
                row.key,
                row.value,
                row.unit,
                row.used,
                row.headroom,
                f"{row.origin}, version {row.version}",
                None if row.until_ns is None else utc(row.until_ns),
            )
            for row in rows
        ],
    )
    waiting = view.waiting()
    if waiting:
        tables.table(
            ("waits", "what", "by", "why", "until"),
            [(row.id, row.what, row.actor, row.reason, utc(row.expires_ns)) for row in waiting],
        )
    return exits.OK
