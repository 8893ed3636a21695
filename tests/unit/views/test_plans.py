"""What becomes of a plan: one result an account, and null for as long as nobody knows."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from coxswain.messages import events as ev
from coxswain.model.plan import Assignment
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import ClOrdId, OrdStatus, Role, Side, SignalId, SignalKind, Verdict
from coxswain.views.blotter import Blotter
from coxswain.views.plans import Outcome, PlanAccount, Plans, Result
from tests.unit.views.records import (
    EURUSD,
    S1,
    STOP,
    A,
    B,
    C,
    Script,
    accepted,
    approved,
    canceled,
    change_asked,
    changed,
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

S2 = SignalId("s2")
ENTRY = intent(decision_px="1.1")
REST = intent(role=Role.COMPLETION, qty="0.6", decision_px="1.1")
EXIT = intent(role=Role.EXIT, side=Side.SELL, decision_px="1.1")
PARTLY = filled("o", "0.4", "1.1", leaves="0.6")
SCHEDULED = ev.CompletionScheduled(S1, A, Decimal("0.6"), 1, 0)
EXIT_STARTED = ev.ExitStarted(A, EURUSD, S1, None)


def plans_of(script: Script) -> Plans:
    blotter = Blotter()
    plans = Plans(blotter)
    script.shown_to(blotter, plans)
    return plans


def rows(script: Script, signal_id: SignalId = S1) -> tuple[PlanAccount, ...]:
    return plans_of(script).row(signal_id).accounts


def result(script: Script, signal_id: SignalId = S1) -> Result | None:
    return rows(script, signal_id)[0].result


def steps(script: Script, *events: ev.Event) -> Script:
    for event in events:
        script.step(event)
    return script


def entry(*events: ev.Event) -> Script:
    return steps(Script().step(proposed(share(A)), approved()), *events)


@pytest.mark.parametrize(
    ("events", "outcome", "success", "error"),
    [
        pytest.param([created("o", ENTRY)], Outcome.WORKING, None, None, id="sent"),
        pytest.param([created("o", ENTRY), accepted("o")], Outcome.WORKING, None, None, id="accepted"),
        pytest.param([created("o", ENTRY), PARTLY], Outcome.PARTIAL, None, None, id="partly filled and open"),
        pytest.param([created("o", ENTRY), filled("o", "1", "1.1")], Outcome.FILLED, True, None, id="filled"),
        pytest.param([created("o", ENTRY), rejected("o", "no")], Outcome.REJECTED, False, "no", id="rejected"),
        pytest.param(
            [created("o", ENTRY), ev.OrderExpired(A, ClOrdId("o"), Decimal(0))],
            Outcome.EXPIRED,
            False,
            None,
            id="expired",
        ),
        pytest.param([created("o", ENTRY), canceled("o", reason="why")], Outcome.CANCELED, False, "why", id="canceled"),
        pytest.param(
            [created("o", ENTRY), PARTLY, canceled("o", "0.4", "slow")],
            Outcome.PARTIAL,
            True,
            "slow",
            id="partly filled and over",
        ),
        pytest.param(
            [created("o", ENTRY), PARTLY, canceled("o", "0.4", "slow"), SCHEDULED],
            Outcome.PARTIAL,
            None,
            "slow",
            id="waiting for its completion",
        ),
        pytest.param(
            [
                created("o", ENTRY),
                PARTLY,
                canceled("o", "0.4"),
                SCHEDULED,
                created("p", REST),
                filled("p", "0.6", "1.2"),
            ],
            Outcome.FILLED,
            True,
            None,
            id="completed",
        ),
        pytest.param(
            [
                created("o", ENTRY),
                PARTLY,
                canceled("o", "0.4"),
                SCHEDULED,
                denied(REST, ["PRICE_COLLAR: value=9, limit=2"]),
            ],
            Outcome.PARTIAL,
            True,
            "PRICE_COLLAR: value=9, limit=2",
            id="not completed because our gate denied it",
        ),
        pytest.param(
            [
                created("o", ENTRY),
                PARTLY,
                canceled("o", "0.4"),
                ev.CompletionEnded(S1, A, Decimal("0.6"), "3 attempts made"),
            ],
            Outcome.PARTIAL,
            True,
            "3 attempts made",
            id="not completed after the last attempt",
        ),
        pytest.param([created("o", ENTRY), unknown("o")], Outcome.UNKNOWN, None, None, id="unknown"),
        pytest.param(
            [created("o", ENTRY), PARTLY, unknown("o")],
            Outcome.UNKNOWN,
            None,
            None,
            id="partly filled and then unknown",
        ),
        pytest.param(
            [created("o", ENTRY), unknown("o"), resolved("o"), accepted("o")],
            Outcome.WORKING,
            None,
            None,
            id="known again",
        ),
        pytest.param(
            [denied(ENTRY, ["A: value=1, limit=0", "B: value=2, limit=1"])],
            Outcome.DENIED,
            False,
            "A: value=1, limit=0; B: value=2, limit=1",
            id="denied by our gate",
        ),
        pytest.param(
            [ev.AssignmentWithdrawn(S1, A, "the position is being closed")],
            Outcome.CANCELED,
            False,
            "the position is being closed",
            id="withdrawn before its release",
        ),
    ],
)
def test_an_entry_that_is(
    events: Sequence[ev.Event], outcome: Outcome, success: bool | None, error: str | None
) -> None:
    found = result(entry(*events))
    assert found is not None
    assert (found.outcome, found.success, found.error) == (outcome, success, error)


def test_an_account_that_waits_for_its_release_has_no_result_yet() -> None:
    assert result(entry()) is None


def test_an_account_that_is_left_out_has_its_checks_and_no_result() -> None:
    (row,) = rows(Script().step(proposed(left_out(A))))
    assert (row.verdict, row.result) == (Verdict.SKIP, None)
    assert [one.passed for one in row.checks] == [False]


def test_price_and_slippage_speak_of_all_orders_of_the_account_weighted_by_volume() -> None:
    script = entry(created("o", ENTRY), PARTLY, canceled("o", "0.4"), created("p", REST), filled("p", "0.6", "1.2"))
    found = result(script)
    assert found is not None
    assert (found.order_id, found.filled_qty) == ("o", Decimal(1))
    assert found.actual_entry_price == Decimal("1.16")
    assert found.slippage_bps == Decimal("545.4545454545")


def test_execution_time_runs_from_the_release_to_the_last_fill() -> None:
    script = Script().step(proposed(share(A, delay_ms=5000)), approved())
    script.step(created("o", ENTRY), after_ms=5000).step(PARTLY, after_ms=40).step(
        canceled("o", "0.4"), after_ms=60_000
    )
    assert getattr(result(script), "execution_time_ms", None) == 40
    script.step(created("p", REST)).step(filled("p", "0.6", "1.2"), after_ms=10)
    assert getattr(result(script), "execution_time_ms", None) == 60_051


def test_a_sale_below_the_decision_price_slipped() -> None:
    sale = intent(side=Side.SELL, decision_px="1.1")
    found = result(entry(created("o", sale), filled("o", "1", "1.089", side=Side.SELL)))
    assert found is not None
    assert found.slippage_bps == 100


def test_a_recovery_is_a_row_of_its_own_with_its_own_result() -> None:
    taken_over = ev.RecoveryAssigned(S1, ClOrdId("o"), C, Decimal("0.95"), (check("RECOVERY_SIZE"),))
    script = Script().step(proposed(share(A), share(B), left_out(C)), approved())
    steps(script, created("o", ENTRY), rejected("o"), taken_over)
    steps(script, created("r", intent(C, Role.RECOVERY, qty="0.95")), filled("r", "0.95", "1.1", account=C))
    accounts = rows(script)
    assert [(row.account, row.verdict, row.recovery) for row in accounts] == [
        (A, Verdict.SEND, False),
        (B, Verdict.SEND, False),
        (C, Verdict.SKIP, False),
        (C, Verdict.SEND, True),
    ]
    outcomes = [None if row.result is None else row.result.outcome for row in accounts]
    assert outcomes == [Outcome.REJECTED, None, None, Outcome.FILLED]
    assert (accounts[3].qty, accounts[3].checks[0].code) == (Decimal("0.95"), "RECOVERY_SIZE")


def test_completions_and_recoveries_are_counted() -> None:
    script = entry(created("o", ENTRY), PARTLY, canceled("o", "0.4"), created("p", REST), created("q", REST))
    script.step(ev.RecoveryAssigned(S1, ClOrdId("o"), C, Decimal(1), ()))
    plans = plans_of(script)
    assert (plans.completions, len(plans.recoveries)) == (2, 1)


# --- exits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "outcome", "success", "error"),
    [
        pytest.param([], Outcome.WORKING, None, None, id="that waits for protection to make room"),
        pytest.param([created("x", EXIT)], Outcome.WORKING, None, None, id="whose order was sent"),
        pytest.param(
            [
                created("x", EXIT),
                filled("x", "1", "1.09", side=Side.SELL),
                ev.ExitEnded(A, EURUSD, S1, "exit order filled"),
            ],
            Outcome.FILLED,
            True,
            None,
            id="that closed the position",
        ),
        pytest.param(
            [ev.ExitEnded(A, EURUSD, S1, "nothing is left to close")],
            Outcome.CANCELED,
            False,
            "nothing is left to close",
            id="that came after the stop",
        ),
        pytest.param(
            [
                denied(EXIT, ["SESSION_CLOSED: value=closed, limit=open"]),
                ev.ExitEnded(A, EURUSD, S1, "our own gate denied it"),
            ],
            Outcome.DENIED,
            False,
            "SESSION_CLOSED: value=closed, limit=open",
            id="that our gate denied",
        ),
    ],
)
def test_an_exit(events: Sequence[ev.Event], outcome: Outcome, success: bool | None, error: str | None) -> None:
    script = Script().step(proposed(share(A), kind=SignalKind.EXIT, side=None), approved(), EXIT_STARTED)
    found = result(steps(script, *events))
    assert found is not None
    assert (found.outcome, found.success, found.error) == (outcome, success, error)


# --- stop adjustments -------------------------------------------------------------------------------------------------

MOVED = levels("1.06", signal_id=S2)
ASKED = change_asked("s", "t", "1", "1.06")


def adjusted(*events: ev.Event) -> Result | None:
    """A position with a working stop, then a stop adjustment."""
    script = entry(created("o", ENTRY), filled("o", "1", "1.1"), position("1", "1.1"), levels("1.05"))
    steps(script, created("s", STOP), accepted("s"))
    script.step(proposed(share(A), kind=SignalKind.STOP_ADJUSTMENT, signal_id=S2, side=None), approved(S2), *events[:2])
    return result(steps(script, *events[2:]), S2)


@pytest.mark.parametrize(
    ("events", "outcome", "success", "error"),
    [
        pytest.param([], Outcome.WORKING, True, None, id="that stands there already"),
        pytest.param([MOVED, ASKED], Outcome.WORKING, None, None, id="that the venue has not confirmed"),
        pytest.param(
            [MOVED, ASKED, changed("s", "t", "1")], Outcome.WORKING, True, None, id="that the venue has moved"
        ),
        pytest.param(
            [MOVED, ASKED, ev.ReplaceRefused(A, ClOrdId("s"), "too close")],
            Outcome.REJECTED,
            False,
            "too close",
            id="that the venue refused to move",
        ),
        pytest.param(
            [MOVED, denied(STOP, ["TRADING_STATE: value=HALTED, limit=REDUCING"])],
            Outcome.DENIED,
            False,
            "TRADING_STATE: value=HALTED, limit=REDUCING",
            id="that our gate did not let move",
        ),
        pytest.param(
            [
                MOVED,
                ASKED,
                ev.ReplaceRefused(A, ClOrdId("s"), "late"),
                change_asked("s", "u", "1", "1.06"),
                changed("s", "u", "1"),
            ],
            Outcome.WORKING,
            True,
            None,
            id="that moved at the second try",
        ),
        pytest.param(
            [MOVED, ASKED, changed("s", "t", "1"), canceled("s")],
            Outcome.CANCELED,
            True,
            None,
            id="that moved and later made room for an exit",
        ),
        pytest.param(
            [MOVED, ASKED, changed("s", "t", "1"), filled("s", "1", "1.06", side=Side.SELL)],
            Outcome.FILLED,
            True,
            None,
            id="that moved and was hit there",
        ),
        pytest.param([MOVED, MOVED, canceled("s")], Outcome.CANCELED, True, None, id="that stood there and is gone"),
    ],
)
def test_a_stop(events: Sequence[ev.Event], outcome: Outcome, success: bool | None, error: str | None) -> None:
    found = adjusted(*events)
    assert found is not None
    assert (found.outcome, found.success, found.error) == (outcome, success, error)


def test_a_new_stop_for_a_bare_position_is_good_once_it_works() -> None:
    script = Script().step(proposed(share(A), kind=SignalKind.STOP_ADJUSTMENT, side=None), approved(), levels("1.05"))
    steps(script, created("s", STOP))
    assert getattr(result(script), "success", "missing") is None
    assert getattr(result(script.step(accepted("s"))), "success", "missing") is True


def test_protection_that_grows_with_its_entry_says_nothing_about_the_entry() -> None:
    script = entry(created("o", ENTRY), filled("o", "1", "1.1"), levels("1.05"), created("s", STOP), rejected("s"))
    found = result(steps(script, denied(STOP)))
    assert found is not None
    assert (found.outcome, found.error) == (Outcome.FILLED, None)


def test_a_plan_that_was_only_shown_has_no_results() -> None:
    assert result(Script().step(proposed(share(A)))) is None
    assert result(Script().step(proposed(share(A), kind=SignalKind.STOP_ADJUSTMENT))) is None


def test_plans_are_listed_in_the_order_they_were_made() -> None:
    script = Script().step(proposed(share(A))).step(proposed(share(B), signal_id=S2))
    assert [row.plan.signal_id for row in plans_of(script).rows()] == [S1, S2]


def test_a_canceled_status_does_not_hide_a_late_fill() -> None:
    script = entry(created("o", ENTRY), canceled("o"), filled("o", "0.4", "1.1", status=OrdStatus.CANCELED))
    found = result(script)
    assert found is not None
    assert (found.outcome, found.success, found.filled_qty) == (Outcome.PARTIAL, True, Decimal("0.4"))


# --- shares -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("qty", "own", "size_pct", "cut_pct", "shared"),
    [
        ("0.4", "0.6", "0", "0", "2"),
        ("0.6", "0.6", "0", "0", None),
        ("0.6", "0.6099", "0", "0", None),
        ("0.54", "0.6", "10", "0", None),
        ("0.43", "0.6", "10", "20", None),
        ("0.42", "0.6", "10", "20", "2"),
    ],
)
def test_a_share_of_the_quantity_is_told_from_an_own_size_that_varied(
    qty: str, own: str, size_pct: str, cut_pct: str, shared: str | None
) -> None:
    assignment = Assignment(
        A,
        Verdict.SEND,
        (check("OWN_SIZE", own, "0.01"),),
        Decimal(qty),
        size_variance_pct=Decimal(size_pct),
        correlation_reduction_pct=Decimal(cut_pct),
    )
    signal = Signal(S1, SignalKind.ENTRY, EURUSD, 0, 300, Side.BUY, quantity=Decimal(2))
    (row,) = rows(Script().step(ev.SignalAccepted(signal), proposed(assignment)))
    assert row.shared_out == (None if shared is None else Decimal(shared))
