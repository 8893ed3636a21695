"""The audit log: which events are decisions, what an entry says, and how many are kept."""

from coxswain.messages import events as ev
from coxswain.model.vocabulary import Role
from coxswain.views.audit import DROPPED_AT_ONCE, WINDOW, AuditEntry, AuditLog
from tests.unit.views.records import (
    EURUSD,
    A,
    B,
    Script,
    accepted,
    approved,
    created,
    denied,
    filled,
    intent,
    left_out,
    position,
    proposed,
    share,
)


def log_of(script: Script) -> AuditLog:
    log = AuditLog()
    script.shown_to(log)
    return log


def last(script: Script) -> AuditEntry:
    return log_of(script).tail(1)[0]


def test_an_entry_says_what_was_decided_why_and_what_came_of_it() -> None:
    entry = last(Script().step(denied(intent(qty="3"), ["MAX_ORDER_QTY: value=3, limit=2"])))
    assert (entry.action, entry.signal_id) == ("ORDER_DENIED", "s1")
    assert entry.rationale == "MAX_ORDER_QTY: value=3, limit=2"
    assert entry.result.startswith("ENTRY order on a, BUY 3 EURUSD at MARKET: denied by our gate, nothing sent")
    assert entry.metadata == {"account": "a", "symbol": "EURUSD", "side": "BUY", "role": "ENTRY", "order_qty": "3"}
    assert (entry.seq, entry.time) == (2, "2026-01-05T10:00:00.001000Z")


def test_an_id_is_made_of_journal_record_and_place_and_is_the_same_in_every_reading() -> None:
    script = Script().step(proposed(share(A)), approved(), created("o", intent()))
    ids = [entry.id for entry in log_of(script).tail(10)]
    assert ids == ["j1-1-0", "j1-2-0", "j1-2-1", "j1-2-2"]
    assert ids == [entry.id for entry in log_of(script).tail(10)]


def test_a_plan_lists_each_account_with_its_verdict() -> None:
    entry = last(Script().step(proposed(share(A, "0.5"), left_out(B))))
    assert entry.metadata == {"a": "SEND 0.5", "b": "SKIP AVAILABLE_MARGIN: value=900, limit=1000"}
    assert entry.rationale == "why"


def test_a_fill_carries_the_signal_of_its_order() -> None:
    script = Script().step(created("o", intent())).step(filled("o", "1", "1.1"), position("1", "1.1"))
    assert (last(script).action, last(script).signal_id) == ("ORDER_FILLED", "s1")


def test_what_only_keeps_the_books_is_no_entry() -> None:
    script = Script().step(created("o", intent())).step(accepted("o")).step(ev.Reconciled(A, 1, 0, 0))
    assert [entry.action for entry in log_of(script).tail(10)] == ["ENGINE_STARTED", "ORDER_SUBMITTED"]


def test_every_answer_about_protection_and_exits_is_an_entry() -> None:
    script = Script().step(ev.ExitStarted(A, EURUSD, intent(role=Role.EXIT).signal_id, None))
    script.step(ev.ProtectionFailed(A, EURUSD, "the STOP order ended REJECTED"))
    script.step(ev.ExitEnded(A, EURUSD, intent().signal_id, "exit order filled"))
    actions = [entry.action for entry in log_of(script).tail(3)]
    assert actions == ["EXIT_STARTED", "PROTECTION_FAILED", "EXIT_ENDED"]


def test_the_window_holds_the_newest_and_drops_the_oldest_together() -> None:
    script = Script()
    for _ in range(WINDOW - 1):
        script.step(approved())
    assert len(log_of(script).tail(2 * WINDOW)) == WINDOW
    kept = log_of(script.step(approved())).tail(2 * WINDOW)
    assert len(kept) == WINDOW + 1 - DROPPED_AT_ONCE
    assert (kept[0].seq, kept[-1].seq) == (DROPPED_AT_ONCE + 1, WINDOW + 1)


def test_the_tail_is_the_newest_oldest_first() -> None:
    log = log_of(Script().step(approved()).step(approved()))
    assert [entry.seq for entry in log.tail(2)] == [2, 3]
    assert log.tail(0) == []
