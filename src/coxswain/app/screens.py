"""The screens of `demo`, `run` and `replay`, and tables that others share. No figure is worked out here."""

from decimal import Decimal
from pathlib import Path

from rich.text import Text

from coxswain.app.running import Ran
from coxswain.app.tables import STYLES, count, heading, line, money, table
from coxswain.model.checks import Check, reason
from coxswain.model.vocabulary import SignalKind, Verdict
from coxswain.runtime.replay import Replay
from coxswain.views.plans import Outcome, PlanAccount, PlanRow
from coxswain.views.summary import Summary

# --- demo and run -----------------------------------------------------------------------------------------------------


def show_demo(journal: Path, ran: Ran) -> None:
    """Tell what happened from the signal to the verified chain, and where to look next."""
    document = ran.document
    title = "Coxswain demo: one signal, six accounts, two paper venues"
    line(title, "bold")
    line(f"market: {document.feed}, {ran.quotes:,} quotes   seed {document.seed}   journal: {journal}")
    if document.feed == "SIMULATED":
        line("The market is SIMULATED: a seeded random walk, not a forecast of any profit.", STYLES["SKIP"])
    _show_story(ran)
    heading("Where to go next")
    first = document.plans[0].signal_id if document.plans else "SIGNAL"
    for command, what in (
        (f"coxswain explain {first} --journal {journal}", "every check of every account, and what happened then"),
        (f"coxswain orders --journal {journal}", "also: accounts, positions, fills, stats, status"),
        (f"coxswain replay --journal {journal}", "decide everything again and compare the bytes"),
        ("coxswain init", "a configuration of your own"),
    ):
        line(f"  {command}")
        line(f"      {what}", STYLES["quiet"])


def show_run(journal: Path | None, ran: Ran) -> None:
    document = ran.document
    counts = document.signals
    line(
        f"signals: {counts.received} received, {counts.planned} planned, {counts.denied} denied, "
        f"{counts.duplicate} duplicate; {ran.quotes:,} quotes"
    )
    for denial in ran.summary.denials:
        where = f"{denial.where}: " if denial.where else ""
        line(f"denied: {where}{denial.signal_id or 'no id'}: {'; '.join(denial.reasons)}", STYLES["bad"])
    _show_story(ran)
    if ran.stopped_by:
        _show_what_stays_open(ran)
    if journal is None:
        line("Dry run: no order was sent and no journal was left.", STYLES["SKIP"])
    else:
        line(f"journal: {journal}")


def _show_what_stays_open(ran: Ran) -> None:
    """After a stop: which orders keep working at the venues while nobody looks."""
    rows = [row for row in ran.summary.blotter.orders.values() if row.is_open]
    heading(f"Stopped by {ran.stopped_by}; the same command goes on from here")
    if not rows:
        line("  no order is open")
        return
    verb = "stays" if len(rows) == 1 else "stay"
    line(f"  {count(len(rows), 'order')} {verb} open at the venues")
    table(
        ("order", "role", "side", "symbol", "lots open", "at", "status"),
        [
            (
                row.cl_ord_id,
                row.role,
                row.side,
                row.symbol,
                row.leaves_qty,
                row.price or row.stop_px,
                row.ord_status if row.outcome_known else f"{row.ord_status}, UNKNOWN",
            )
            for row in rows
        ],
        right=("lots open", "at"),
    )


def _show_story(ran: Ran) -> None:
    for row in ran.summary.plans.rows():
        show_plan(row)
    _show_incidents(ran)
    show_positions(ran.summary)
    _show_books(ran)


def show_plan(row: PlanRow) -> None:
    """One plan: for each account the verdict, the size, the delay, the check that decided, and the result."""
    plan = row.plan
    side = f" {plan.side}" if plan.side is not None else ""
    heading(f"Plan of {plan.signal_id}: {plan.kind}{side} {plan.symbol}")
    line(plan.rationale, STYLES["quiet"])
    if plan.kind is SignalKind.ENTRY:
        headings = ("account", "verdict", "lots", "delay", "decided by", "result", "filled", "price", "slip bp")
        table(
            headings,
            [_entry_cells(each) for each in row.accounts],
            right=("lots", "delay", "filled", "price", "slip bp"),
            least=("slip bp", "filled", "delay", "price"),
        )
    else:
        involved = [each for each in row.accounts if each.verdict is Verdict.SEND]
        table(
            ("account", "verdict", "lots", "decided by", "result"),
            [_exit_cells(each) for each in involved],
            right=("lots",),
        )
        left_out = len(row.accounts) - len(involved)
        if left_out:
            line(f"{count(left_out, 'account')} without such a position", STYLES["quiet"])
    for warning in plan.warnings:
        line(f"warning: {warning}", STYLES["SKIP"])


def _entry_cells(row: PlanAccount) -> tuple[object, ...]:
    result = row.result
    return (
        row.account,
        Text("RECOVERY" if row.recovery else row.verdict, style=STYLES[row.verdict]),
        row.qty or None,
        None if row.verdict is Verdict.SKIP else f"{Decimal(row.delay_ms) / 1000:.1f} s",
        deciding(row),
        None if result is None else _outcome(result.success, result.outcome),
        None if result is None else result.filled_qty or None,
        None if result is None else result.actual_entry_price,
        None if result is None or result.slippage_bps is None else f"{result.slippage_bps:.2f}",
    )


def _exit_cells(row: PlanAccount) -> tuple[object, ...]:
    result = row.result
    outcome = None if result is None else _outcome(result.success, result.outcome)
    return row.account, Text(row.verdict, style=STYLES[row.verdict]), row.qty, deciding(row), outcome


def _outcome(success: bool | None, outcome: Outcome) -> Text:
    return Text(outcome, style=STYLES["SKIP"] if success is None else STYLES["ok"] if success else STYLES["bad"])


def deciding(row: PlanAccount) -> str:
    """Name the check that kept an account out, or what set its size."""
    failed = next((check for check in row.checks if not check.passed), None)
    if failed is not None:
        return reason(failed)
    return row.sizing or "all checks passed"


def verdict_of(check: Check) -> Text:
    return Text("pass" if check.passed else "FAIL", style=STYLES["ok"] if check.passed else STYLES["bad"])


def _show_incidents(ran: Ran) -> None:
    """What went wrong on the way, and what became of it."""
    document, summary = ran.document, ran.summary
    heading("What went wrong, and what became of it")
    told = 0
    for order in summary.blotter.orders.values():
        if order.ord_status == "REJECTED":
            told += 1
            line(f"  {order.account}: order {order.cl_ord_id} was rejected by the venue ({order.reason})")
    for recovery in summary.plans.recoveries:
        told += 1
        line(f"  {recovery.account}: took over {recovery.qty} lots of {recovery.failed}, through every check again")
    for text_line in _unknown_lines(ran):
        told += 1
        line(text_line)
    if document.completions:
        told += 1
        line(f"  {count(document.completions, 'completion order')} for what partial fills had left open")
    if summary.repeated_reports:
        told += 1
        line(f"  {count(summary.repeated_reports, 'fill')} reported again and booked once")
    for symbol, refused in ran.quotes_refused.items():
        told += 1
        line(f"  {count(refused, 'quote')} of {symbol} refused: crossed, or not above zero")
    if ran.orders_on_stale_quotes:
        told += 1
        line(f"  {count(ran.orders_on_stale_quotes, 'order')} waited at a venue for a fresh quote")
    for incident in summary.book.incidents:
        told += 1
        line(f"  {incident.account}: {incident.kind}: {incident.detail}")
    if not told:
        line("  nothing")


def _unknown_lines(ran: Ran) -> list[str]:
    document = ran.document
    if not document.unknown.seen:
        return []
    seen, resolved = document.unknown.seen, document.unknown.resolved
    return [f"  {count(seen, 'outcome')} unknown, {resolved} resolved by asking the venue; nothing was sent on a guess"]


def show_positions(summary: Summary) -> None:
    rows = summary.book.open_positions()
    heading("Positions")
    if not rows:
        line("  flat")
        return
    headings = ("account", "symbol", "lots", "avg price", "stop", "target", "protection", "open P&L", "realised")
    cells = [
        (
            row.account,
            row.symbol,
            row.qty,
            row.avg_px,
            row.stop_px,
            row.target_px,
            Text(row.protection, style=STYLES["bad"] if row.protection == "NONE" else STYLES["ok"]),
            money(row.unrealized_pnl),
            money(row.realized_pnl),
        )
        for row in rows
    ]
    table(headings, cells, right=("lots", "avg price", "stop", "target", "open P&L", "realised"))


def _show_books(ran: Ran) -> None:
    document, book = ran.document, ran.summary.book
    heading("Books")
    orders = document.orders
    line(
        f"  {orders.total} orders: {orders.filled} filled, {orders.cancelled} cancelled, {orders.rejected} rejected; "
        f"{orders.denied} denied by our own gate; {document.fills} fills, {document.partial_fills} of them partial"
    )
    agreed = not document.breaks and not orders.unknown_now
    state = "reconciled: engine and venues agree" if agreed else "NOT reconciled"
    line(
        f"  {state}; {book.comparisons} comparisons, {len(document.breaks)} open breaks",
        STYLES["ok" if agreed else "bad"],
    )
    for found in document.breaks:
        line(f"  break {found.break_id}: {found.kind}, ours {found.ours}, theirs {found.theirs}", STYLES["bad"])
    audit = document.audit
    word = "verified" if audit.verified else "TAMPERED"
    line(
        f"  chain of {audit.records:,} records {word}, head {audit.head[:16]}",
        STYLES["ok" if audit.verified else "bad"],
    )
    line(f"  digest {document.digest}", STYLES["quiet"])


# --- proof ------------------------------------------------------------------------------------------------------------


def show_replay(journal: Path, result: Replay) -> None:
    line(f"{journal}: {result.records:,} records")
    line(f"  folded   {result.folded_digest}")
    if result.contradiction is not None:
        line(f"  record {result.first_difference} contradicts what is before it: {result.contradiction}", STYLES["bad"])
        return
    if result.other_version is not None:
        line(f"  written by version {result.other_version}: only the fold can be compared", STYLES["SKIP"])
    else:
        line(f"  stepped  {result.stepped_digest}")
    if result.checkpoints:
        line(f"  {count(result.checkpoints, 'checkpoint')} compared with the fold")
    if result.first_difference is not None:
        line(f"  the bytes differ first at record {result.first_difference}", STYLES["bad"])
    if result.checkpoint_difference is not None:
        line(f"  the fold differs first from the checkpoint in record {result.checkpoint_difference}", STYLES["bad"])
    _show_verdict(result)


def _show_verdict(result: Replay) -> None:
    if result.agrees is None:
        line("  nothing could be compared: no clean end left a checkpoint", STYLES["SKIP"])
    elif not result.agrees:
        line("  they do NOT agree", STYLES["bad"])
    elif result.other_version is not None:
        line("  the journal's checkpoints and this version's fold agree", STYLES["ok"])
    else:
        line("  the journal and the code agree, byte for byte", STYLES["ok"])
