"""The commands that look: they fold a journal into views and print them. They work beside a running engine.

Nothing is opened for writing here, and nothing is sent anywhere.
"""

from pathlib import Path
from typing import Protocol

import msgspec

from coxswain import __version__
from coxswain.app import exits, screens, tables, why
from coxswain.app.output import print_json
from coxswain.app.plugins import make_engine
from coxswain.journal.errors import JournalUnreadable
from coxswain.journal.files import is_written
from coxswain.journal.store import Reader
from coxswain.journal.verify import verify
from coxswain.messages.record import Record
from coxswain.model.vocabulary import TradingState
from coxswain.runtime.replay import decoded, replay
from coxswain.views.audit import AuditLog
from coxswain.views.documents import document
from coxswain.views.explain import Explainer
from coxswain.views.positions import AccountRow
from coxswain.views.summary import Summary, stats_doc


class View(Protocol):
    def apply(self, record: Record) -> None: ...


def fold(journal: Path, view: View) -> int:
    """Show every record of a journal to a view; return how many there were. Raises `JournalError`."""
    count = 0
    with Reader(journal) as reader:
        for _, record in decoded(reader.read()):
            view.apply(record)
            count += 1
    return count


def _summary(journal: Path) -> Summary:
    summary = Summary()
    fold(journal, summary)
    return summary


# --- tables -----------------------------------------------------------------------------------------------------------


def show_status(journal: Path, as_json: bool) -> int:
    """Say in one screen whether all is well; the exit code says it too."""
    summary = Summary()
    records = fold(journal, summary)
    accounts = summary.book.all_accounts()
    unknown = [row.cl_ord_id for row in summary.blotter.orders.values() if not row.outcome_known]
    status = {
        "version": __version__,
        "journal": str(journal),
        "running": is_written(journal),
        "records": records,
        "accounts": len(accounts),
        "accounts_active": sum(1 for account in accounts if account.state is TradingState.ACTIVE),
        "open_positions": len(summary.book.open_positions()),
        "unprotected_positions": sum(1 for row in summary.book.open_positions() if row.protection == "NONE"),
        "open_orders": sum(1 for row in summary.blotter.orders.values() if row.is_open),
        "unknown_orders": unknown,
        "breaks": sorted(summary.book.breaks),
        "signals": summary.signals,
    }
    if as_json:
        print_json(status)
    else:
        words = {name: msgspec.to_builtins(value) for name, value in status.items()}
        tables.table(("what", "value"), [(name, _plain(value)) for name, value in words.items()])
    return exits.UNRECONCILED if unknown or summary.book.breaks else exits.OK


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)


def show_accounts(journal: Path, as_json: bool) -> int:
    rows = _summary(journal).book.all_accounts()
    if as_json:
        print_json([_with_derived(row) for row in rows])
        return exits.OK
    headings = (
        *("account", "venue", "state", "ccy", "balance", "equity", "margin free", "risk left", "drawdown %"),
        *("positions", "protection", "breaks"),
    )
    cells = [
        (
            row.account,
            row.venue,
            f"{row.state} ({', '.join(row.causes)})" if row.causes else row.state,
            row.currency,
            tables.money(row.balance),
            tables.money(row.equity),
            tables.money(row.available_margin),
            tables.money(row.risk_budget_left),
            f"{row.daily_drawdown_pct:.2f}",
            row.open_positions,
            f"{row.unprotected_positions} WITHOUT"
            if row.unprotected_positions
            else "all"
            if row.open_positions
            else None,
            len(row.breaks),
        )
        for row in rows
    ]
    tables.table(
        headings, cells, right=headings[4:10], least=("breaks", "venue", "drawdown %", "positions", "risk left")
    )
    return exits.OK


def _with_derived(row: AccountRow) -> object:
    names = ("equity", "available_margin", "risk_budget_left", "daily_drawdown_pct")
    derived = {name: getattr(row, name) for name in names}
    return document({name: getattr(row, name) for name in row.__struct_fields__} | derived)


def show_orders(journal: Path, only_open: bool, as_json: bool) -> int:
    rows = [row for row in _summary(journal).blotter.orders.values() if row.is_open or not only_open]
    if as_json:
        print_json(document(rows))
        return exits.OK
    headings = (
        *("order", "role", "side", "symbol", "type", "lots", "filled", "avg price", "at", "status", "signal"),
        "created UTC",
    )
    cells = [
        (
            row.cl_ord_id,
            row.role,
            row.side,
            row.symbol,
            row.ord_type,
            row.order_qty,
            row.cum_qty,
            row.avg_px,
            row.price or row.stop_px,
            row.ord_status if row.outcome_known else f"{row.ord_status}, UNKNOWN",
            row.signal_id,
            tables.moment(row.created_ns),
        )
        for row in rows
    ]
    tables.table(
        headings,
        cells,
        right=("lots", "filled", "avg price", "at"),
        least=("created UTC", "type", "signal", "avg price", "role", "at"),
    )
    return exits.OK


def show_positions(journal: Path, as_json: bool) -> int:
    summary = _summary(journal)
    rows = summary.book.open_positions()
    if as_json:
        print_json(document(rows))
        return exits.OK
    screens.show_positions(summary)
    headings = ("account", "symbol", "held for", "return %", "reward/risk", "P&L a day", "margin", "risk to stop")
    cells = [
        (
            row.account,
            row.symbol,
            None if row.holding_ms is None else tables.duration(row.holding_ms),
            None if row.return_pct is None else f"{row.return_pct:.3f}",
            None if row.risk_reward is None else f"{row.risk_reward:.2f}",
            tables.money(row.pnl_per_day),
            tables.money(row.margin),
            tables.money(row.risk),
        )
        for row in rows
    ]
    if cells:
        tables.table(headings, cells, right=headings[2:], least=("P&L a day", "return %", "reward/risk"))
    return exits.OK


def show_fills(journal: Path, as_json: bool) -> int:
    rows = _summary(journal).blotter.fills
    if as_json:
        print_json(document(rows))
        return exits.OK
    headings = ("time UTC", "account", "order", "side", "symbol", "lots", "price", "commission", "slip bp", "exec id")
    cells = [
        (
            tables.moment(row.transact_time_ns),
            row.account,
            row.cl_ord_id,
            row.side,
            row.symbol,
            row.last_qty,
            row.last_px,
            row.commission,
            None if row.slippage_bps is None else f"{row.slippage_bps:.2f}",
            row.exec_id,
        )
        for row in rows
    ]
    tables.table(
        headings,
        cells,
        right=("lots", "price", "commission", "slip bp"),
        least=("exec id", "slip bp", "time UTC", "commission", "account"),
    )
    return exits.OK


def show_stats(journal: Path, as_json: bool) -> int:
    figures = stats_doc(_summary(journal).stats.figures())
    if as_json:
        print_json(figures)
        return exits.OK
    cells = [(name, tables.short(getattr(figures, name))) for name in figures.__struct_fields__ if name != "money"]
    tables.table(("figure", "value"), cells, right=("value",))
    for money in figures.money:
        cells = [(name, tables.short(getattr(money, name))) for name in money.__struct_fields__ if name != "currency"]
        tables.table((f"in {money.currency}", "value"), cells, right=("value",))
    return exits.OK


# --- why --------------------------------------------------------------------------------------------------------------


def show_explanation(journal: Path, name: str, as_json: bool) -> int:
    explainer = Explainer()
    fold(journal, explainer)
    explanation = explainer.explain(name)
    if explanation is None:
        tables.say(f"coxswain: {name}: no signal, order or account of this name is in {journal}")
        return exits.ERROR
    if as_json:
        print_json(document(explanation))
    else:
        why.show_explanation(explanation)
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


# --- proof ------------------------------------------------------------------------------------------------------------


def verify_journal(journal: Path, as_json: bool) -> int:
    """Exit code 0 clean, 1 tampered, 2 unreadable."""
    try:
        found = verify(journal)
    except JournalUnreadable as error:
        if as_json:
            print_json({"ok": False, "readable": False, "problem": str(error)})
        else:
            tables.say(f"coxswain: {error}")
        return exits.UNREADABLE
    if as_json:
        print_json({"readable": True, **msgspec.to_builtins(found)})
    elif found.ok:
        print(f"{journal}: {found.records:,} records, chain verified, head {found.head}")
    else:
        where = "" if found.first_bad_seq is None else f"first bad record {found.first_bad_seq}: "
        print(f"{journal}: TAMPERED: {where}{found.problem}")
    return exits.OK if found.ok else exits.TAMPERED


def replay_journal(journal: Path, as_json: bool) -> int:
    """Fold and step, compare; 1 when they do not agree, 0 also when another version left nothing to compare."""
    with Reader(journal) as reader:
        result = replay(reader.read(), make_engine, __version__)
    if as_json:
        print_json({"agrees": result.agrees, **msgspec.to_builtins(result)})
    else:
        screens.show_replay(journal, result)
    return exits.ERROR if result.agrees is False else exits.OK
