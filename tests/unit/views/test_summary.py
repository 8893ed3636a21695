"""The one JSON document of a run: every promised name is there, and every number is written in full."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import ClOrdId, ExecId, ExecType, Role, Side, SignalId, SignalKind
from coxswain.views.documents import document
from coxswain.views.summary import Audit, RunDocument, Summary
from tests.asking import pause
from tests.unit.views.records import (
    EURUSD,
    S1,
    SETUP,
    STARTED,
    STOP,
    A,
    B,
    C,
    Script,
    accepted,
    approved,
    canceled,
    check,
    created,
    denied,
    filled,
    intent,
    left_out,
    levels,
    position,
    proposed,
    rejected,
    resolved,
    share,
    unknown,
)

SIGNAL = Signal(S1, SignalKind.ENTRY, EURUSD, 0, 300, Side.BUY)
AUDIT = Audit(True, 20, "ab" * 32)


def run() -> Script:
    """A signal over three accounts: one filled in parts, one rejected and recovered, one left out; and one bad line."""
    script = Script()
    script.step(
        ev.SignalAccepted(SIGNAL),
        proposed(share(A), share(B), left_out(C)),
        approved(),
        message=inp.SubmitSignal(SIGNAL),
    )
    script.step(created("o", intent(decision_px="1.1"))).step(unknown("o")).step(resolved("o"), accepted("o"))
    script.step(filled("o", "0.4", "1.1", leaves="0.6"), position("0.4", "1.1", commission="0.0000002"), levels("1.05"))
    script.step(canceled("o", "0.4"), ev.CompletionScheduled(S1, A, Decimal("0.6"), 1, 0))
    script.step(created("p", intent(role=Role.COMPLETION, qty="0.6", decision_px="1.1")))
    script.step(filled("p", "0.6", "1.1"), position("1", "1.1"), created("s", STOP)).step(accepted("s"))
    script.step(created("q", intent(B))).step(
        rejected("q", account=B),
        ev.RecoveryAssigned(S1, ClOrdId("q"), C, Decimal("0.95"), (check(),)),
        created("r", intent(C, Role.RECOVERY, qty="0.95")),
    )
    script.step(unknown("r", C)).step(denied(intent(A, Role.DIRECT, signal_id=SignalId("d"))))
    script.step(ev.BreakFound(B, "b:balance", "BALANCE_DIFFERS", None, "medium", Decimal("1E+3"), Decimal("999.5")))
    script.step(ev.SignalDuplicated(S1), message=inp.SubmitSignal(SIGNAL))
    script.step(ev.SignalDenied(None, "line 3", ("not JSON",)), message=inp.ReportBadSignal("line 3", ("not JSON",)))
    return script.quote("1.1009", "1.1011")


def written(script: Script) -> RunDocument:
    summary = Summary()
    script.shown_to(summary)
    return msgspec.structs.replace(summary.document("cd" * 32, AUDIT), plans=tuple(summary.plan_docs()))


def as_json(script: Script) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(msgspec.json.encode(written(script)))
    return parsed


def test_the_document_counts_what_happened() -> None:
    found = as_json(run())
    assert (found["mode"], found["seed"], found["feed"], found["schema_version"]) == ("FULL_AUTO", 7, "SIMULATED", 1)
    assert found["signals"] == {"received": 3, "planned": 1, "denied": 1, "duplicate": 1}
    assert found["orders"] == {
        "total": 5,
        "filled": 1,
        "cancelled": 1,
        "rejected": 1,
        "denied": 1,
        "unknown_now": 1,
    }
    assert (found["fills"], found["partial_fills"], found["completions"], found["recoveries"]) == (2, 1, 1, 1)
    assert found["unknown"] == {"seen": 2, "resolved": 1}
    assert found["audit"] == {"verified": True, "records": 20, "head": "ab" * 32}
    assert found["digest"] == "cd" * 32


def test_a_plan_lists_every_account_and_then_its_recoveries() -> None:
    (plan,) = written(run()).plans
    assert [(row.account, row.verdict, row.recovery) for row in plan.accounts] == [
        ("a", "SEND", False),
        ("b", "SEND", False),
        ("c", "SKIP", False),
        ("c", "SEND", True),
    ]
    filled_, rejected_, left_out_, recovery = (row.result for row in plan.accounts)
    assert filled_ is not None
    assert (filled_.success, filled_.outcome, filled_.order_id, filled_.filled_qty) == (True, "FILLED", "o", "1")
    assert (filled_.actual_entry_price, filled_.slippage_bps) == ("1.1", "0")
    assert rejected_ is not None
    assert (rejected_.success, rejected_.outcome, rejected_.error) == (False, "REJECTED", "no")
    assert left_out_ is None
    assert recovery is not None
    assert (recovery.success, recovery.outcome) == (None, "UNKNOWN")
    (kept_out,) = plan.accounts[2].checks
    assert (kept_out.code, kept_out.value, kept_out.limit, kept_out.passed) == (
        "AVAILABLE_MARGIN",
        "900",
        "1000",
        False,
    )


def test_open_positions_are_marked_and_say_how_they_are_protected() -> None:
    (held,) = written(run()).positions
    assert (held.account, held.qty, held.avg_px, held.unrealized_pnl) == ("a", "1", "1.1", "90")
    assert (held.protection, held.stop_px, held.target_px) == ("venue", "1.05", None)


def test_only_open_breaks_are_listed() -> None:
    script = run()
    assert [found.break_id for found in written(script).breaks] == ["b:balance"]
    assert written(script.step(ev.BreakClosed(B, "b:balance", "the books agree again"))).breaks == ()


def test_a_fill_reported_again_is_noticed_and_not_counted() -> None:
    report = inp.ExecutionReport(A, ClOrdId("o"), ExecId("x"), ExecType.TRADE, EURUSD, Side.BUY, 0)
    summary = Summary()
    Script().step(message=report).shown_to(summary)
    assert summary.repeated_reports == 1
    assert summary.document("", AUDIT).fills == 0


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("script", [run(), Script()], ids=["a run", "nothing but a start"])
def test_the_document_keeps_the_committed_schema(script: Script) -> None:
    found = written(script)
    assert msgspec.json.decode(msgspec.json.encode(found), type=RunDocument) == found


def test_no_number_is_ever_written_with_an_exponent() -> None:
    found = as_json(run())
    assert "0.0000002" in set(texts(found["stats"]))
    assert not [text for text in texts(found) if re.fullmatch(r"-?[0-9.]+E[+-]?[0-9]+", text)]


def test_a_journal_with_a_start_alone_makes_an_empty_document() -> None:
    found = as_json(Script())
    assert found["plans"] == found["positions"] == found["breaks"] == []
    assert found["fills"] == 0


# --- rows -------------------------------------------------------------------------------------------------------------


def test_rows_are_written_with_their_names_and_plain_numbers() -> None:
    row = check("A", "1E-7", "1E+3", passed=False)
    assert document([row, {"n": 1, "none": None, "role": Role.ENTRY}]) == [
        {"code": "A", "value": "0.0000001", "limit": "1000", "passed": False, "found": "", "wanted": "", "kind": ""},
        {"n": 1, "none": None, "role": "ENTRY"},
    ]


def test_a_mark_separates_what_was_before_from_what_is_new() -> None:
    summary = Summary()
    script = run()
    script.shown_to(summary)
    mark = summary.mark()
    assert (mark.records, mark.denials, mark.orders_denied, mark.recoveries) == (len(script.records), 1, 1, 1)
    assert list(mark.rejected) == ["q"]
    assert mark.plans[S1] == summary.plans.row(S1)
    bad = ev.SignalDenied(None, "line 1", ("no",))
    summary.apply(Record(99, 0, inp.ReportBadSignal("line 1", ("no",)), (bad, filled("r", "0.95", "1.1", account=C))))
    assert (mark.signals.denied, summary.signals.denied) == (1, 2)
    assert summary.denials[mark.denials :] == [(99, bad)]
    assert mark.plans[S1] != summary.plans.row(S1)


def test_it_says_that_the_money_is_paper_and_what_the_markets_were() -> None:
    assert as_json(run())["account_mode"] == "paper"
    summary = Summary()
    assert (summary.market, summary.mode) == ("none yet", None)
    for feed in ("SIMULATED", "q.csv", "q.csv"):
        setup = msgspec.structs.replace(SETUP, feed=feed)
        summary.apply(Record(1, 0, msgspec.structs.replace(STARTED, setup=setup), ()))
    assert (summary.market, summary.mode) == ("SIMULATED, then q.csv", "FULL_AUTO")


def test_it_knows_whether_the_last_run_came_to_an_orderly_end() -> None:
    summary = Summary()
    ends = []
    for message in (STARTED, inp.TimePassed(), inp.StopEngine("SIGTERM"), pause(A, "why", "me"), STARTED):
        summary.apply(Record(1, 5, message, ()))
        ends.append(summary.stopped)
    assert ends == [False, False, True, True, False]
    assert summary.last_ns == 5
