"""The blotter: one row for each order through everything that happens to it."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from coxswain.messages import events as ev
from coxswain.model.vocabulary import ClOrdId, OrdStatus, OrdType, Role, Side
from coxswain.views.blotter import Blotter, OrderRow
from tests.unit.views.records import (
    MS,
    T0_NS,
    A,
    Script,
    accepted,
    cancel_asked,
    canceled,
    change_asked,
    changed,
    created,
    denied,
    filled,
    intent,
    rejected,
    resolved,
    unknown,
)

PARTLY = filled("o", "0.4", "1.1", leaves="0.6")


def after(*events: ev.Event) -> Blotter:
    """Fold an order of one lot, and then one event a record."""
    script, blotter = Script().step(created("o", intent(decision_px="1.1"))), Blotter()
    for event in events:
        script.step(event)
    script.shown_to(blotter)
    return blotter


def order(*events: ev.Event) -> OrderRow:
    return after(*events).orders[ClOrdId("o")]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        pytest.param([], OrdStatus.PENDING_NEW, id="sent"),
        pytest.param([accepted("o")], OrdStatus.NEW, id="accepted"),
        pytest.param([accepted("o"), PARTLY], OrdStatus.PARTIALLY_FILLED, id="partly filled"),
        pytest.param([PARTLY, accepted("o")], OrdStatus.PARTIALLY_FILLED, id="filled before it was accepted"),
        pytest.param([accepted("o"), filled("o", "1", "1.1")], OrdStatus.FILLED, id="filled"),
        pytest.param([rejected("o")], OrdStatus.REJECTED, id="rejected"),
        pytest.param([accepted("o"), canceled("o")], OrdStatus.CANCELED, id="canceled"),
        pytest.param([ev.OrderExpired(A, ClOrdId("o"), Decimal(0))], OrdStatus.EXPIRED, id="expired"),
        pytest.param([accepted("o"), cancel_asked("o")], OrdStatus.PENDING_CANCEL, id="asked to cancel"),
        pytest.param(
            [accepted("o"), cancel_asked("o"), ev.CancelRefused(A, ClOrdId("o"), "")],
            OrdStatus.NEW,
            id="cancel refused",
        ),
        pytest.param(
            [cancel_asked("o"), ev.CancelRefused(A, ClOrdId("o"), "")],
            OrdStatus.PENDING_NEW,
            id="cancel refused before it was accepted",
        ),
        pytest.param(
            [accepted("o"), change_asked("o", "p", "2", "1")], OrdStatus.PENDING_REPLACE, id="asked to change"
        ),
        pytest.param(
            [accepted("o"), change_asked("o", "p", "2", "1"), cancel_asked("o")],
            OrdStatus.PENDING_CANCEL,
            id="asked to change and to cancel",
        ),
        pytest.param(
            [
                accepted("o"),
                change_asked("o", "p", "2", "1"),
                cancel_asked("o"),
                ev.CancelRefused(A, ClOrdId("o"), ""),
            ],
            OrdStatus.PENDING_REPLACE,
            id="the cancel refused and the change still open",
        ),
        pytest.param(
            [accepted("o"), change_asked("o", "p", "2", "1"), ev.ReplaceRefused(A, ClOrdId("o"), "")],
            OrdStatus.NEW,
            id="change refused",
        ),
        pytest.param(
            [PARTLY, ev.OrderRestated(A, ClOrdId("o"), Decimal("0.4"))], OrdStatus.FILLED, id="restated to what it has"
        ),
        pytest.param(
            [canceled("o"), filled("o", "0.4", "1.1", status=OrdStatus.CANCELED)], OrdStatus.CANCELED, id="late fill"
        ),
    ],
)
def test_the_status_of_an_order_that_was(events: Sequence[ev.Event], status: OrdStatus) -> None:
    row = order(*events)
    assert row.ord_status is status
    assert (row.done_ns is None) == row.is_open


def test_a_fill_is_added_up_and_dated() -> None:
    row = order(
        accepted("o"),
        filled("o", "0.4", "1.1", leaves="0.6", commission="2"),
        filled("o", "0.6", "1.2", cum="1", avg="1.16", commission="3"),
    )
    assert (row.cum_qty, row.leaves_qty, row.avg_px) == (Decimal(1), Decimal(0), Decimal("1.16"))
    assert row.commission == 5
    assert row.accepted_ns == T0_NS + 2 * MS
    assert (row.first_fill_ns, row.last_fill_ns, row.done_ns) == (T0_NS + 3 * MS, T0_NS + 4 * MS, T0_NS + 4 * MS)


@pytest.mark.parametrize(
    ("side", "decision_px", "bps"),
    [
        pytest.param(Side.BUY, "1.1", Decimal(100), id="paid more"),
        pytest.param(Side.SELL, "1.1", Decimal(-100), id="got more"),
        pytest.param(Side.BUY, None, None, id="no price was decided on"),
    ],
)
def test_slippage_is_adverse_positive(side: Side, decision_px: str | None, bps: Decimal | None) -> None:
    script, blotter = Script(), Blotter()
    script.step(created("o", intent(side=side, decision_px=decision_px))).step(filled("o", "1", "1.111", side=side))
    script.shown_to(blotter)
    assert blotter.orders[ClOrdId("o")].slippage_bps == bps


def test_a_changed_order_stays_one_row_and_is_found_by_every_id_it_had() -> None:
    blotter = after(
        accepted("o"), change_asked("o", "p", "2", "0.9"), changed("o", "p", "2"), change_asked("o", "q", "3", "0.8")
    )
    assert list(blotter.orders) == ["o"]
    row = blotter.orders[ClOrdId("o")]
    assert (row.current_id, row.order_qty, row.leaves_qty, row.stop_px) == ("p", Decimal(2), Decimal(2), Decimal("0.9"))
    assert [blotter.find(name) for name in ("o", "p", "q")] == [row, row, row]
    assert blotter.find("other") is None


def test_a_venue_that_shrinks_an_order_leaves_less_open() -> None:
    row = order(accepted("o"), PARTLY, ev.OrderRestated(A, ClOrdId("o"), Decimal("0.7")))
    assert (row.order_qty, row.leaves_qty) == (Decimal("0.7"), Decimal("0.3"))


def test_an_unknown_outcome_is_counted_once_until_it_is_known() -> None:
    blotter = after(unknown("o"), unknown("o"))
    assert (blotter.unknown_seen, blotter.unknown_resolved) == (1, 0)
    assert not blotter.orders[ClOrdId("o")].outcome_known
    for last in (resolved("o"), rejected("o"), filled("o", "1", "1.1")):
        blotter = after(unknown("o"), unknown("o"), last)
        assert (blotter.unknown_seen, blotter.unknown_resolved) == (1, 1)
        assert blotter.orders[ClOrdId("o")].outcome_known


def test_what_was_denied_is_kept_and_is_no_order() -> None:
    blotter = after(denied(intent(role=Role.EXIT)))
    assert list(blotter.orders) == ["o"]
    assert [event.intent.role for event in blotter.denied] == [Role.EXIT]


def test_a_fill_that_fits_no_order_is_still_a_fill() -> None:
    blotter = after(filled("stranger", "1", "1.1"))
    assert [fill.cl_ord_id for fill in blotter.fills] == ["stranger"]
    assert list(blotter.orders) == ["o"]


def test_the_reason_of_an_end_is_kept() -> None:
    assert order(rejected("o", "no new positions")).reason == "no new positions"
    assert order(cancel_asked("o", "not filled in time"), canceled("o")).reason == "not filled in time"
    assert order(cancel_asked("o"), canceled("o", reason="session closed")).reason == "session closed"


def test_a_stop_shows_its_trigger() -> None:
    script, blotter = Script(), Blotter()
    script.step(created("s", intent(role=Role.STOP, ord_type=OrdType.STOP, stop_px="1.05"))).shown_to(blotter)
    assert blotter.orders[ClOrdId("s")].stop_px == Decimal("1.05")
