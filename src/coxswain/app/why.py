"""The screens that answer why: `explain` and the audit log."""

from collections.abc import Sequence

from rich.text import Text

from coxswain.app.screens import verdict_of
from coxswain.app.tables import STYLES, count, heading, line, prose, seconds, shown, table
from coxswain.model.checks import Check
from coxswain.model.decimals import text
from coxswain.views.audit import AuditEntry
from coxswain.views.decisions import sized_by, unit_of
from coxswain.views.explain import Decision, Explanation


def show_explanation(explanation: Explanation, last: int) -> None:
    """Every account with every check, every answer of the gate, and the last of what happened then, in order."""
    line(f"{explanation.kind} {explanation.id}", "bold")
    prose(explanation.headline)
    for protected in explanation.protection:
        prose(protected, STYLES["bad" if ": NONE" in protected else "ok"])
    for decision in explanation.decisions:
        _show_decision(decision)
    if explanation.gate:
        heading("At the gate")
    for answer in explanation.gate:
        passed = "approved" if answer.passed else "DENIED"
        prose(f"{answer.time}  {answer.account}  {answer.asked}: {passed}", STYLES["ok" if answer.passed else "bad"])
        _show_checks(answer.checks)
    heading("What happened")
    left_out = len(explanation.timeline) - last
    if left_out > 0:
        line(
            f"{count(left_out, 'earlier line')} left out: --last {len(explanation.timeline)} shows all", STYLES["quiet"]
        )
    lines = explanation.timeline[-last:]
    table(("seq", "time UTC", "account", "what"), [(e.seq, e.time, e.account, e.text) for e in lines])


def _show_decision(decision: Decision) -> None:
    row = decision.account
    side = f" {decision.side}" if decision.side is not None else ""
    verdict = "takes over" if row.recovery else row.verdict
    heading(f"{decision.signal_id}: {decision.kind}{side} {decision.symbol} on {row.account}: {verdict}")
    if row.qty:
        sizing = f": {sized_by(row)}" if row.sizing else ""
        prose(f"{text(row.qty)} {unit_of(row)}{sizing}; released after {seconds(row.delay_ms)}")
    _show_checks(row.checks)
    if row.result is not None:
        error = f": {row.result.error}" if row.result.error else ""
        prose(f"result: {row.result.outcome}{error}")


def _show_checks(checks: Sequence[Check]) -> None:
    cells = [(check.code, *_value_and_limit(check), verdict_of(check)) for check in checks]
    table(("check", "value", "limit", "answer"), cells, right=("value", "limit"))


def _value_and_limit(check: Check) -> tuple[object, object]:
    """In full where they would look alike and are not."""
    value, limit = check.found or check.value, check.wanted or check.limit
    if value != limit and shown(value).plain == shown(limit).plain:
        return Text(str(value)), Text(str(limit))
    return value, limit


def show_audit(entries: Sequence[AuditEntry]) -> None:
    """One line a decision, the newest last."""
    headings = ("time UTC", "signal", "action", "why", "result")
    table(
        headings, [(e.time, e.signal_id, e.action, e.rationale, e.result) for e in entries], least=("result", "signal")
    )
