"""The commands that look: they fold a journal into views and print them. They work beside a running engine.

Nothing is opened for writing here, and nothing is sent anywhere.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec

from coxswain import __version__
from coxswain.app import exits, screens, tables, why
from coxswain.app.levels import By
from coxswain.app.output import print_json
from coxswain.journal.errors import JournalUnreadable
from coxswain.journal.files import is_written
from coxswain.journal.store import Reader
from coxswain.journal.verify import verify
from coxswain.messages.record import Record
from coxswain.model.breaks import CHOICES
from coxswain.model.decimals import text
from coxswain.model.vocabulary import AccountId, TradingState
from coxswain.runtime.records import decoded
from coxswain.views.audit import AuditLog
from coxswain.views.blotter import FillState
from coxswain.views.control import KeptRow
from coxswain.views.counters import NAMES, Counters, Timing
from coxswain.views.documents import document
from coxswain.views.explain import Explainer
from coxswain.views.limits import LimitsView
from coxswain.views.positions import AccountRow
from coxswain.views.summary import PAPER, MoneyDoc, PerformanceDoc, Summary, stats_doc
from coxswain.views.times import utc

TOLD_ABOVE = ("well", "problems", "account_mode")
"""Lines before the table say these."""
FIGURES = {
    "fill_rate_pct": "fill_rate_pct (of orders that are over, stops and targets left out)",
    "realized_pnl": "realized_pnl (before commission)",
    "gross_profit": "gross_profit (of trades, net of commission)",
    "gross_loss": "gross_loss (of trades, net of commission)",
}
"""Names of figures that need a word more."""
RATIOS = ("profit_factor", "sharpe_ratio", "return_pct", "max_drawdown_pct")


class View(Protocol):
    def apply(self, record: Record) -> None: ...


def fold(journal: Path, view: View) -> None:
    """Show every record of a journal to a view. Raises `JournalError`."""
    with Reader(journal) as reader:
        for _, record in decoded(reader.read()):
            view.apply(record)


def _summary(journal: Path) -> Summary:
    summary = Summary()
    fold(journal, summary)
    return summary


# --- tables -----------------------------------------------------------------------------------------------------------


def show_status(journal: Path, as_json: bool) -> int:
    """Say in one screen whether all is well; the exit code says it too."""
    running = is_written(journal) if journal.is_file() else False
    summary = _summary(journal)
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
        tables.table(("what", "value"), [(name, _plain(value)) for name, value in words.items()])
    return exits.UNRECONCILED if unknown or summary.book.breaks else exits.OK


def _told(row: KeptRow) -> str:
    """Say what waits for the engine."""
    until = "" if row.until is None else f" until {row.until}"
    why = f": {row.reason}" if row.reason else ""
    return f"{row.id} {row.what} by {row.actor} at {row.given}{why} (waits for the engine{until})"


def show_limits(journal: Path, account: str | None, as_json: bool) -> int:
    """Show every limit in force with its origin and version, how much is used, and what waits for a second person."""
    summary, view = _summary(journal), LimitsView()
    fold(journal, view)
    accounts = {row.account: row for row in summary.book.all_accounts()}
    if account is not None and account not in accounts:
        tables.say(f"coxswain: account {account!r} is not in {journal}; wanted one of {', '.join(accounts)}")
        return exits.USAGE
    rows = view.rows(accounts, None if account is None else AccountId(account))
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
    if not running and not summary.stopped:
        found.append("the last run did not end in good order, start it again")
    return found


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return ", ".join(value) or "none" if isinstance(value, list) else "none" if value is None else str(value)


def _rows(summary: Summary, rows: Sequence[msgspec.Struct]) -> object:
    """Write rows for scripts; each says that the money is paper, and what the market was."""
    told = {"account_mode": PAPER, "feed": summary.market}
    return document([{**_fields(row), **told} for row in rows])


def _fields(row: msgspec.Struct) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def show_accounts(journal: Path, as_json: bool) -> int:
    summary = _summary(journal)
    rows = summary.book.all_accounts()
    if as_json:
        told = {"account_mode": PAPER, "feed": summary.market}
        print_json([document({**_fields(row), **_derived(row), **told}) for row in rows])
        return exits.OK
    screens.show_market(summary)
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


def _derived(row: AccountRow) -> dict[str, object]:
    names = ("equity", "available_margin", "risk_budget_left", "daily_drawdown_pct")
    return {name: getattr(row, name) for name in names}


def show_orders(journal: Path, only_open: bool, as_json: bool) -> int:
    summary = _summary(journal)
    rows = [row for row in summary.blotter.orders.values() if row.is_open or not only_open]
    if as_json:
        print_json(_rows(summary, rows))
        return exits.OK
    screens.show_market(summary)
    instruments = summary.book.instruments
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
            tables.lots(row.order_qty, instruments.get(row.symbol)),
            tables.lots(row.cum_qty, instruments.get(row.symbol)),
            tables.average(row.avg_px, instruments.get(row.symbol)),
            tables.price(row.price or row.stop_px, instruments.get(row.symbol)),
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
        print_json(_rows(summary, rows))
        return exits.OK
    screens.show_market(summary)
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
    summary = _summary(journal)
    rows = summary.blotter.fills
    if as_json:
        print_json(_rows(summary, rows))
        return exits.OK
    screens.show_market(summary)
    instruments = summary.book.instruments
    headings = (
        "time UTC",
        "account",
        "order",
        "side",
        "symbol",
        "lots",
        "price",
        "commission",
        "slip bp",
        "exec id",
        "state",
    )
    cells = [
        (
            tables.moment(row.transact_time_ns),
            row.account,
            row.cl_ord_id,
            row.side,
            row.symbol,
            tables.lots(row.last_qty, instruments.get(row.symbol)),
            tables.price(row.last_px, instruments.get(row.symbol)),
            tables.money(row.commission),
            None if row.slippage_bps is None else f"{row.slippage_bps:.2f}",
            row.exec_id,
            None if row.state is FillState.LIVE else row.state.lower(),
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


class BreakRow(msgspec.Struct, frozen=True):
    """An open difference, and what may become of it."""

    break_id: str
    account: str
    kind: str
    severity: str
    symbol: str | None
    ours: str | None
    theirs: str | None
    detail: str
    choices: tuple[str, ...]
    chosen: str | None
    """What the next comparison is to do, and who said so."""


def show_breaks(journal: Path, as_json: bool) -> int:
    """List what differs from the venues' books; the exit code says whether anything does."""
    book = _summary(journal).book
    rows = [
        BreakRow(
            found.break_id,
            found.account,
            found.kind,
            found.severity,
            found.symbol,
            None if found.ours is None else text(found.ours),
            None if found.theirs is None else text(found.theirs),
            found.detail,
            CHOICES[found.kind],
            None if chosen is None else f"{chosen.resolution} by {chosen.actor}: {chosen.reason}",
        )
        for found in book.breaks.values()
        for chosen in (book.chosen.get(found.break_id),)
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        print("no break is open")
    else:
        headings = ("break", "kind", "severity", "ours", "theirs", "may be", "chosen")
        cells = [
            (
                row.break_id,
                row.kind,
                row.severity,
                row.ours,
                row.theirs,
                ", ".join(row.choices) or "ends by itself",
                row.chosen,
            )
            for row in rows
        ]
        tables.table(headings, cells, right=("ours", "theirs"), least=("severity",))
        tables.say("to resolve one: coxswain resolve BREAK HOW --reason WHY")
    return exits.UNRECONCILED if rows else exits.OK


def show_counters(journal: Path, by: By, as_json: bool) -> int:
    """What each account or venue was asked and said, and how long it took in the engine's time."""
    counters = Counters()
    fold(journal, counters)
    rows = counters.accounts() if by is By.ACCOUNT else counters.venues()
    if as_json:
        print_json(
            [
                {
                    by.value: row.name,
                    **{name: row.counts[name] for name in NAMES},
                    "acknowledged": _timing(row.acknowledged),
                    "first_fill": _timing(row.filled),
                }
                for row in rows
            ]
        )
        return exits.OK
    headings = (by.value, *(name.replace("_", " ") for name in NAMES), "ack ms", "longest", "fill ms", "longest fill")
    cells = [
        (
            row.name,
            *(row.counts[name] or None for name in NAMES),
            _ms(row.acknowledged.mean_ms),
            _ms(row.acknowledged.longest_ms),
            _ms(row.filled.mean_ms),
            _ms(row.filled.longest_ms),
        )
        for row in rows
    ]
    tables.table(headings, cells, right=headings[1:], least=("comparisons", "changes asked", "longest fill", "longest"))
    return exits.OK


def _ms(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _timing(timing: Timing) -> dict[str, object]:
    return {"count": timing.count, "mean_ms": timing.mean_ms, "longest_ms": timing.longest_ms}


def show_stats(journal: Path, as_json: bool) -> int:
    summary = _summary(journal)
    figures = stats_doc(summary.stats.figures(), summary.performance.figures())
    if as_json:
        print_json(figures)
        return exits.OK
    screens.show_market(summary)
    cells = [
        (FIGURES.get(name, name), tables.short(getattr(figures, name)))
        for name in figures.__struct_fields__
        if name not in ("money", "performance")
    ]
    tables.table(("figure", "value"), cells, right=("value",))
    rows: tuple[MoneyDoc | PerformanceDoc, ...] = (*figures.money, *figures.performance)
    for row in rows:
        cells = [
            (FIGURES.get(name, name), _figure(name, getattr(row, name)))
            for name in row.__struct_fields__
            if name != "currency"
        ]
        tables.table((f"in {row.currency}", "value"), cells, right=("value",))
    return exits.OK


def _figure(name: str, value: object) -> object:
    if isinstance(value, str) and name not in RATIOS:
        return tables.money(Decimal(value))
    return tables.short(value)


# --- why --------------------------------------------------------------------------------------------------------------


def show_explanation(journal: Path, name: str, last: int, as_json: bool) -> int:
    explainer = Explainer()
    fold(journal, explainer)
    explanation = explainer.explain(name)
    if explanation is None:
        tables.say(f"coxswain: {name}: no signal, order or account of this name is in {journal}")
        return exits.ERROR
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
        print(f"{journal}: {tables.count(found.records, 'record')}, chain verified, head {found.head}")
    else:
        where = "" if found.first_bad_seq is None else f"first bad record {found.first_bad_seq}: "
        print(f"{journal}: TAMPERED: {where}{found.problem}")
    return exits.OK if found.ok else exits.TAMPERED


def replay_journal(journal: Path, as_json: bool) -> int:
    """Fold and step, compare; 1 when they do not agree, 0 also when another version left nothing to compare."""
    from coxswain.runtime.plugins import make_engine
    from coxswain.runtime.replay import replay

    with Reader(journal) as reader:
        result = replay(reader.read(), make_engine, __version__)
    if as_json:
        print_json({"agrees": result.agrees, **msgspec.to_builtins(result)})
    else:
        screens.show_replay(journal, result)
    return exits.ERROR if result.agrees is False else exits.OK
