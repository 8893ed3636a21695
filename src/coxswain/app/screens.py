"""The screens of `demo`, `run` and `replay`, and tables that others share. No figure is worked out here."""

import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.text import Text

from coxswain.app.tables import STYLES, average, count, heading, line, lots, money, price, prose, seconds, table
from coxswain.model.checks import Check
from coxswain.model.market import Instrument
from coxswain.model.vocabulary import SignalKind, Verdict
from coxswain.views.decisions import decided_by, holds_position
from coxswain.views.plans import Outcome, PlanAccount, PlanRow, Result
from coxswain.views.sentences import breaches_told
from coxswain.views.summary import Summary

if TYPE_CHECKING:  # they bring the engine with them, which a table of orders has no use for
    from coxswain.app.running import Ran
    from coxswain.runtime.replay import Replay

T = TypeVar("T")

NEWEST = 20
"""A screen shows no more of what there may be thousands of."""

# --- demo and run -----------------------------------------------------------------------------------------------------


def show_demo(journal: Path, ran: "Ran") -> None:
    """Tell what happened from the signal to the verified chain, and where to look next."""
    document = ran.document
    line("Coxswain demo: one signal, six accounts, two paper venues", "bold")
    line(f"paper accounts; market: {document.feed}, {ran.quotes:,} quotes   seed {document.seed}   journal: {journal}")
    if document.feed == "SIMULATED":
        prose("The market is SIMULATED: a seeded random walk, not a forecast of any profit.", STYLES["SKIP"])
    _show_story(ran, journal)
    heading("Where to go next")
    first = next((row.plan.signal_id for row in ran.summary.plans.rows()), "SIGNAL")
    name = "coxswain" if shutil.which("coxswain") else sys.argv[0]
    for command, what in (
        (f"explain {first} --journal {journal}", "every check of every account, and what happened then"),
        (f"orders --journal {journal}", "also: accounts, positions, fills, stats, status"),
        (f"replay --journal {journal}", "decide everything again and compare the bytes"),
        ("init", "a configuration of your own"),
    ):
        line(f"  {name} {command}")
        line(f"      {what}", STYLES["quiet"])


def show_scenario(
    title: str, story: str, prevented: str, happened: Sequence[tuple[int, str]], journal: Path, ran: "Ran"
) -> None:
    """Tell a story: what it is about, what happened second by second, and what did not."""
    line(f"Coxswain demo: {title}", "bold")
    line(f"paper accounts; the market is {ran.document.feed}   journal: {journal}", STYLES["SKIP"])
    line("")
    prose(story.strip())
    for row in ran.summary.plans.rows():
        show_plan(row, ran.summary.book.instruments.get(row.plan.symbol))
    heading("What happened, second by second")
    for at_ms, words in happened:
        prose(f"  {at_ms / 1000:8.2f} s  {words}")
    show_positions(ran.summary)
    _show_books(ran)
    heading("What was prevented")
    prose(prevented.strip())


def show_run(journal: Path, ran: "Ran", dry_run: bool) -> None:
    """Tell what is new in this run; of what the journal held before it, only the sums."""
    show_market(ran.summary)
    kept = None if dry_run else journal
    _show_signals(ran, kept)
    _show_story(ran, kept)
    if ran.stopped_by:
        _show_what_stays_open(ran, journal)
    if dry_run and ran.mark.records:
        line(f"Dry run on a copy of {journal}, which is as it was: no order was sent.", STYLES["SKIP"])
    elif dry_run:
        line("Dry run: no order was sent and no journal was left.", STYLES["SKIP"])
    else:
        line(f"journal: {journal}")


def show_market(summary: Summary) -> None:
    """Say that the money is not real, and what the market was."""
    prose(f"paper accounts; market: {summary.market}; mode {summary.mode or 'none yet'}", STYLES["quiet"])


def _newest(rows: Sequence[T], what: str, journal: Path | None, *commands: str) -> Sequence[T]:
    """Return the newest of many rows, and say how many there are and what shows the others.

    Whoever stops a run wants its end. A rehearsal is told whole: it leaves no journal that could be asked.
    """
    if journal is None or len(rows) <= NEWEST:
        return rows
    shown = "; ".join(f"coxswain {command} --journal {journal}" for command in commands)
    prose(f"The newest {NEWEST} of {count(len(rows), what)}; the others: {shown}", STYLES["quiet"])
    return rows[-NEWEST:]


def _show_signals(ran: "Ran", journal: Path | None) -> None:
    in_all, before = ran.document.signals, ran.mark.signals
    parts = [
        f"{getattr(in_all, name) - getattr(before, name)} {name}"
        for name in ("received", "planned", "denied", "duplicate")
    ]
    sums = ""
    if ran.mark.records:
        sums = f"; in all {in_all.received} received, {in_all.planned} planned, {in_all.denied} denied"
    quotes = count(ran.quotes, "quote")
    if ran.quotes_skipped:
        quotes += f", and {ran.quotes_skipped:,} that the journal is past already"
    prose(f"signals{' this run' if sums else ''}: {', '.join(parts)}; {quotes}{sums}")
    denials = ran.summary.denials[ran.mark.denials :]
    for seq, denial in _newest(denials, "denied signal", journal, "explain SIGNAL"):
        place = f"line {ran.lines[seq]}" if seq in ran.lines else denial.where
        where = f"{place}: " if place else ""
        prose(f"denied: {where}{denial.signal_id or 'no id'}: {'; '.join(denial.reasons)}", STYLES["bad"])


def _show_what_stays_open(ran: "Ran", journal: Path) -> None:
    """After a stop: which orders keep working at the venues while nobody looks."""
    rows = [row for row in ran.summary.blotter.orders.values() if row.is_open]
    instruments = ran.summary.book.instruments
    heading(f"Stopped by {ran.stopped_by}; the same command goes on from here")
    if not rows:
        line("  no order is open")
        return
    verb = "stays" if len(rows) == 1 else "stay"
    prose(f"  {count(len(rows), 'order')} {verb} open at the venues")
    rows = [*_newest(rows, "open order", journal, "orders --open")]
    table(
        ("order", "role", "side", "symbol", "lots open", "at", "status"),
        [
            (
                row.cl_ord_id,
                row.role,
                row.side,
                row.symbol,
                lots(row.leaves_qty, instruments.get(row.symbol)),
                price(row.price or row.stop_px, instruments.get(row.symbol)),
                row.ord_status if row.outcome_known else f"{row.ord_status}, UNKNOWN",
            )
            for row in rows
        ],
        right=("lots open", "at"),
        least=("role", "status"),
    )


def _show_story(ran: "Ran", journal: Path | None) -> None:
    """The plans of this run, those of an earlier one that came further in it, and where that leaves us."""
    plans = [row for row in ran.summary.plans.rows() if row != ran.mark.plans.get(row.plan.signal_id)]
    for row in _newest(plans, "plan", journal, "explain SIGNAL", "orders"):
        show_plan(row, ran.summary.book.instruments.get(row.plan.symbol))
    _show_incidents(ran, journal)
    show_positions(ran.summary)
    _show_books(ran)


def show_plan(row: PlanRow, instrument: Instrument | None) -> None:
    """One plan: for each account the verdict, the size, the delay, the check that decided, and the result."""
    plan, counts = row.plan, "units" if row.plan.legs else "lots"
    instrument = None if plan.legs else instrument
    side = f" {plan.side}" if plan.side is not None else ""
    what = f" of {' '.join(leg.symbol for leg in plan.legs)}" if plan.legs else f"{side} {plan.symbol}"
    heading(f"Plan of {plan.signal_id}: {plan.kind}{what}")
    prose(plan.rationale, STYLES["quiet"])
    if plan.kind is SignalKind.ENTRY:
        table(
            ("account", "verdict", counts, "delay", "decided by", "result", "filled", "price", "slip bp"),
            [_entry_cells(each, instrument) for each in row.accounts],
            right=(counts, "delay", "filled", "price", "slip bp"),
            least=("slip bp", "filled", "price", "delay"),
        )
    else:
        _show_holders(row, instrument)
    if plan.breaches is not None:
        prose(breaches_told(plan.breaches), STYLES["quiet"])
    for warning in plan.warnings:
        prose(f"warning: {warning}", STYLES["SKIP"])


def _show_holders(row: PlanRow, instrument: Instrument | None) -> None:
    """Of an exit or a stop adjustment: the accounts that it concerns, also those that failed a check."""
    concerned = [each for each in row.accounts if holds_position(each)]
    counts = "units" if row.plan.legs else "lots"
    if concerned:
        table(
            ("account", "verdict", counts, "decided by", "result"),
            [_exit_cells(each, instrument) for each in concerned],
            right=(counts,),
        )
    left_out = sum(not each.recovery for each in row.accounts) - len(concerned)
    if left_out:
        line(f"{count(left_out, 'account')} without such a position", STYLES["quiet"])


def _entry_cells(row: PlanAccount, instrument: Instrument | None) -> tuple[object, ...]:
    result = row.result
    return (
        row.account,
        Text("RECOVERY" if row.recovery else row.verdict, style=STYLES[row.verdict]),
        lots(row.qty or None, instrument),
        None if row.verdict is Verdict.SKIP else seconds(row.delay_ms),
        decided_by(row),
        None if result is None else _outcome(result),
        None if result is None else lots(result.filled_qty or None, instrument),
        None if result is None else average(result.actual_entry_price, instrument),
        None if result is None or result.slippage_bps is None else f"{result.slippage_bps:.2f}",
    )


def _exit_cells(row: PlanAccount, instrument: Instrument | None) -> tuple[object, ...]:
    outcome = None if row.result is None else _outcome(row.result)
    verdict = Text(row.verdict, style=STYLES[row.verdict])
    return row.account, verdict, lots(row.qty or None, instrument), decided_by(row), outcome


def _outcome(result: Result) -> Text:
    """A stop that stands where it was moved is the only success that has no fill and need not end."""
    style = STYLES["SKIP"] if result.success is None else STYLES["ok"] if result.success else STYLES["bad"]
    if result.success and not result.filled_qty:
        return Text("MOVED" if result.outcome is Outcome.WORKING else f"MOVED, then {result.outcome}", style=style)
    return Text(result.outcome, style=style)


def verdict_of(check: Check) -> Text:
    return Text("pass" if check.passed else "FAIL", style=STYLES["ok"] if check.passed else STYLES["bad"])


def _show_incidents(ran: "Ran", journal: Path | None) -> None:
    """What went wrong on the way, and what became of it."""
    heading("What went wrong, and what became of it")
    sums, single = [*_denied(ran), *_disturbed(ran)], _single(ran)
    for words in sums if sums or single else ["nothing"]:
        prose(f"  {words}")
    for words in _newest(single, "incident", journal, "explain ACCOUNT"):
        prose(f"  {words}")


def _denied(ran: "Ran") -> list[str]:
    """By us: signals, and orders."""
    summary, mark = ran.summary, ran.mark
    signals = [denial.event.reasons for denial in summary.denials[mark.denials :]]
    orders = [event.reasons for event in summary.blotter.denied[mark.orders_denied :]]
    lines = []
    if signals:
        lines.append(f"{count(len(signals), 'signal')} denied: {_by_code(signals)}")
    if orders:
        lines.append(f"{count(len(orders), 'order')} denied by our own gate, nothing sent: {_by_code(orders)}")
    return lines


def _single(ran: "Ran") -> list[str]:
    """What is told one by one: rejections by the venues, who took over from whom, and what happened to positions."""
    summary, mark, lines = ran.summary, ran.mark, []
    for cl_ord_id in summary.blotter.rejected():
        order = summary.blotter.orders[cl_ord_id]
        if cl_ord_id not in mark.rejected:
            why = f" ({order.reason})" if order.reason not in ("", "rejected by the venue") else ""
            lines.append(f"{order.account}: order {cl_ord_id} was rejected by the venue{why}")
    recoveries = summary.plans.recoveries[mark.recoveries :]
    took_over = (f"{each.account}: took over {each.qty} lots of {each.failed}" for each in recoveries)
    lines += [f"{words}, through every check again" for words in took_over]
    return lines + [f"{each.account}: {each.kind}: {each.detail}" for each in summary.book.incidents[mark.incidents :]]


def _by_code(denials: list[tuple[str, ...]]) -> str:
    """Count denials by the code of their first reason; a signal that is not valid has fields instead of codes."""
    codes = Counter(reasons[0].partition(":")[0] if reasons else "no reason" for reasons in denials)
    grouped: Counter[str] = Counter()
    for code, number in codes.items():
        grouped[code if code.isupper() else "not valid"] += number
    return ", ".join(f"{number} {code}" for code, number in grouped.items())


def _disturbed(ran: "Ran") -> list[str]:
    """What was lost, late, twice or without a price."""
    document, summary, mark = ran.document, ran.summary, ran.mark
    lines = []
    unknown = document.unknown.seen - mark.unknown.seen
    if unknown:
        resolved = document.unknown.resolved - mark.unknown.resolved
        lines.append(
            f"{count(unknown, 'outcome')} unknown, {resolved} resolved by asking the venue; nothing was sent on a guess"
        )
    if completions := document.completions - mark.completions:
        lines.append(f"{count(completions, 'completion order')} for what partial fills had left open")
    if repeated := summary.repeated_reports - mark.repeated_reports:
        lines.append(f"{count(repeated, 'fill')} reported again and booked once")
    for symbol, refused in ran.quotes_refused.items():
        lines.append(f"{count(refused, 'quote')} of {symbol} refused: crossed, or not above zero")
    if ran.orders_on_stale_quotes:
        lines.append(f"{count(ran.orders_on_stale_quotes, 'order')} waited at a venue for a fresh quote")
    return lines


def show_positions(summary: Summary) -> None:
    """What is held, in the order of the accounts."""
    rows = summary.book.open_positions()
    heading("Positions")
    if not rows:
        line("  flat")
        return
    instruments = summary.book.instruments
    headings = (
        *("account", "symbol", "lots", "avg price", "stop", "target", "protection", "ccy", "open P&L"),
        "realised (all time)",
    )
    cells = [
        (
            row.account,
            row.symbol,
            lots(row.qty, instruments.get(row.symbol)),
            average(row.avg_px, instruments.get(row.symbol)),
            price(row.stop_px, instruments.get(row.symbol)),
            price(row.target_px, instruments.get(row.symbol)),
            Text(row.protected_by, style=STYLES["bad"] if row.protected_by == "NONE" else STYLES["ok"]),
            row.currency,
            money(row.unrealized_pnl),
            money(row.realized_pnl),
        )
        for row in rows
    ]
    table(
        headings,
        cells,
        right=("lots", "avg price", "stop", "target", "open P&L", "realised (all time)"),
        least=("realised (all time)", "target", "avg price"),
    )
    for row in rows:
        if row.is_elsewhere:
            prose(f"  {row.account} {row.symbol}: {row.told_protection}", STYLES["bad"])


def _show_books(ran: "Ran") -> None:
    document, book = ran.document, ran.summary.book
    heading("Books, since the journal began" if ran.mark.records else "Books")
    orders = document.orders
    prose(
        f"  {count(orders.total, 'order')}: {orders.filled} filled, {orders.cancelled} cancelled, "
        f"{orders.rejected} rejected; {orders.denied} denied by our own gate; "
        f"{count(document.fills, 'fill')}, {document.partial_fills} of them partial"
    )
    agreed = not document.breaks and not orders.unknown_now and not ran.gone
    state = "reconciled: engine and venues agree" if agreed else "NOT reconciled"
    prose(
        f"  {state}; {count(book.comparisons, 'comparison')}, {count(len(document.breaks), 'open break')}",
        STYLES["ok" if agreed else "bad"],
    )
    for venue_id in ran.gone:
        prose(f"  venue {venue_id} is gone: how its accounts stand is not known", STYLES["bad"])
    for found in document.breaks:
        prose(f"  break {found.break_id}: {found.kind}, ours {found.ours}, theirs {found.theirs}", STYLES["bad"])
    audit = document.audit
    word = "verified" if audit.verified else "TAMPERED"
    line(
        f"  chain of {count(audit.records, 'record')} {word}, head {audit.head[:16]}",
        STYLES["ok" if audit.verified else "bad"],
    )
    line(f"  digest {document.digest}", STYLES["quiet"])


# --- proof ------------------------------------------------------------------------------------------------------------


def show_replay(journal: Path, result: "Replay") -> None:
    line(f"{journal}: {count(result.records, 'record')}")
    line(f"  folded   {result.folded_digest}")
    if result.contradiction is not None:
        prose(
            f"  record {result.first_difference} contradicts what is before it: {result.contradiction}", STYLES["bad"]
        )
        return
    if result.other_version is not None:
        line(f"  written by version {result.other_version}: only the fold can be compared", STYLES["SKIP"])
    else:
        line(f"  stepped  {result.stepped_digest}")
    if result.checkpoints:
        line(f"  {count(result.checkpoints, 'checkpoint')} compared with the fold")
    if result.skipped:
        line(f"  skipped inputs: {', '.join(map(str, result.skipped))} (coxswain audit log says by whom, and why)")
    if result.first_difference is not None:
        line(f"  the bytes differ first at record {result.first_difference}", STYLES["bad"])
    if result.checkpoint_difference is not None:
        line(f"  the fold differs first from the checkpoint in record {result.checkpoint_difference}", STYLES["bad"])
    _show_verdict(result)


def _show_verdict(result: "Replay") -> None:
    if result.agrees is None:
        line("  nothing could be compared: no clean end left a checkpoint", STYLES["SKIP"])
    elif not result.agrees:
        line("  they do NOT agree", STYLES["bad"])
    elif result.other_version is not None:
        line("  the journal's checkpoints and this version's fold agree", STYLES["ok"])
    else:
        line("  the journal and the code agree, byte for byte", STYLES["ok"])
