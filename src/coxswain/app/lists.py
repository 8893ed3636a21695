"""The commands that list: accounts, orders, positions, fills, breaks, as tables or as rows for scripts.

They look at a journal as `inspect` does, and open nothing for writing.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from coxswain.app import exits, screens, tables
from coxswain.app.inspect import summary_of
from coxswain.app.output import print_json
from coxswain.model.breaks import CHOICES
from coxswain.model.decimals import text
from coxswain.views.blotter import FillState
from coxswain.views.documents import document
from coxswain.views.positions import AccountRow
from coxswain.views.summary import PAPER, Summary


def show_accounts(journal: Path, as_json: bool) -> int:
    summary = summary_of(journal)
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
    summary = summary_of(journal)
    rows = [row for row in summary.blotter.orders.values() if row.is_open or not only_open]
    if as_json:
        print_json(_rows(summary, rows))
        return exits.OK
    screens.show_market(summary)
    instruments = summary.book.instruments
    headings = (
        *("order", "account", "role", "side", "symbol", "type", "lots", "filled", "avg price", "at", "status"),
        *("signal", "created UTC"),
    )
    cells = [
        (
            row.cl_ord_id,
            row.account,
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
    summary = summary_of(journal)
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
    summary = summary_of(journal)
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
        least=("exec id", "slip bp", "time UTC", "commission"),
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
    book = summary_of(journal).book
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


def _rows(summary: Summary, rows: Sequence[msgspec.Struct]) -> object:
    """Write rows for scripts; each says that the money is paper, and what the market was."""
    told = {"account_mode": PAPER, "feed": summary.market}
    return document([{**_fields(row), **told} for row in rows])


def _fields(row: msgspec.Struct) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
