"""Busts and corrections: a venue takes a fill back, or says that it was another, in every order a wire can bring."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.core.order import Phase, leaves_qty, ord_status
from coxswain.messages import events as ev
from coxswain.messages.inputs import ExecutionReport
from coxswain.messages.record import Record
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, ReplaceOrder
from coxswain.model.orders import VenueFill, VenueReversal
from coxswain.model.vocabulary import SIGN, ClOrdId, ExecId, ExecType, OrdStatus, Side, TradingState
from tests.unit.core.desk import BUY, SELL, SHARE, A, D, Desk, S, kinds, only

BUST, CORRECT = ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT
E1, E2, E3, G1, G2, H1 = (ExecId(name) for name in ("e1", "e2", "e3", "g1", "g2", "h1"))


def bust(desk: Desk, order: ClOrdId, fill: ExecId = E1, name: ExecId = H1, at: int = 0) -> Record:
    return desk.report(order, BUST, exec_id=name, exec_ref_id=fill, transact_time_ns=at or desk.now_ns)


def correct(
    desk: Desk, order: ClOrdId, qty: int, px: str, fill: ExecId = E1, name: ExecId = G1, at: int = 0, **fields: str
) -> Record:
    at_ns = at or desk.now_ns
    return desk.report(
        order, CORRECT, exec_id=name, exec_ref_id=fill, last_qty=qty, last_px=px, transact_time_ns=at_ns, **fields
    )


def filled(desk: Desk, qty: int = 10, **fields: str) -> ClOrdId:
    """Hold a position by one fill, `e1`, with its stop at the venue."""
    entry = desk.enter(qty)
    desk.accept(entry)
    desk.fill(entry, qty, "100.00", exec_id=E1, **fields)
    desk.accept(desk.stop_of().cl_ord_id)
    return entry


def left(desk: Desk) -> ClOrdId:
    """Exit all ten, at 105."""
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    out = desk.sent()
    desk.accept(out)
    desk.fill(out, 10, "105.00", exec_id=E2)
    return out


def agree(desk: Desk) -> None:
    """Let the venue's books be as ours."""
    desk.wait(S)
    desk.books()


# --- a bust -----------------------------------------------------------------------------------------------------------


def test_a_bust_takes_back_quantity_position_and_commission() -> None:
    desk = Desk()
    before = desk.account().balance
    entry = filled(desk, commission="1.50")
    bust(desk, entry)
    order, position = desk.order(entry), desk.position()
    assert (order.cum_qty, order.notional, order.commission) == (D(0), D(0), D(0))
    assert (position.qty, position.cost, desk.account().balance) == (D(0), D(0), before)
    event = only(desk.events(ev.FillBusted))
    assert (event.last_qty, event.commission, event.cum_qty, event.leaves_qty) == (D(10), D("1.50"), D(0), D(0))
    assert only(desk.events(ev.OrderFilled)).last_qty == D(10)  # the original stays


def test_a_done_order_whose_fill_is_busted_is_canceled_and_does_not_work_again() -> None:
    desk = Desk()
    entry = filled(desk)
    sent = len(desk.requests(NewOrder))
    bust(desk, entry)
    order = desk.order(entry)
    assert (order.phase, ord_status(order), leaves_qty(order)) == (Phase.DONE, OrdStatus.CANCELED, D(0))
    assert desk.account().held_margin == D(0)
    agree(desk)
    desk.wait(60 * S)
    assert len(desk.requests(NewOrder)) == sent  # nothing is bought in its place


def test_the_stop_of_a_position_that_a_bust_ended_is_called_back() -> None:
    desk = Desk()
    entry = filled(desk)
    stop_id = desk.stop_of().cl_ord_id
    bust(desk, entry)
    assert desk.requests(CancelOrder)[-1].cl_ord_id == stop_id


def test_the_stop_shrinks_with_the_position() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 4, exec_id=E1)
    desk.fill(entry, 6, exec_id=E2)
    agree(desk)
    stop = desk.stop_of()
    desk.accept(stop.cl_ord_id)
    changed = desk.requests(ReplaceOrder)
    if changed:
        desk.replace(changed[-1].cl_ord_id, 10)
    bust(desk, entry, E2)
    assert desk.position().qty == D(4)
    assert desk.requests(ReplaceOrder)[-1].order_qty == D(4)


def test_what_a_bust_takes_from_a_working_order_is_held_again() -> None:
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="100.00")
    desk.accept(entry)
    desk.fill(entry, 4, "100.00", exec_id=E1)
    assert desk.position().held_buy == D(6)
    bust(desk, entry)
    assert (desk.order(entry).phase, desk.position().held_buy) == (Phase.WORKING, D(10))
    assert ord_status(desk.order(entry)) is OrdStatus.NEW


def test_the_same_bust_twice_does_nothing() -> None:
    desk = Desk()
    entry = filled(desk)
    bust(desk, entry)
    assert kinds(bust(desk, entry)) == []
    assert kinds(bust(desk, entry, name=ExecId("h2"))) == ["ReversalNoted"]
    assert desk.position().qty == D(0)


def test_a_bust_tells_a_person_and_has_the_books_compared() -> None:
    desk = Desk()
    entry = filled(desk)
    record = bust(desk, entry)
    assert only(desk.events(ev.IncidentRaised)).kind == "FILL_BUSTED"
    assert any(isinstance(request, QueryAccount) for request in record.requests)
    assert desk.account().state is TradingState.REDUCING
    agree(desk)
    assert desk.account().state is TradingState.ACTIVE


def test_a_fill_that_is_told_of_again_after_its_bust_is_not_booked_again() -> None:
    desk = Desk()
    entry = filled(desk)
    bust(desk, entry)
    assert kinds(desk.fill(entry, 10, "100.00", exec_id=E1, cum_qty=10)) == []
    old = VenueFill(entry, E1, SHARE, BUY, D(10), D(100), D(0), desk.now_ns)
    desk.wait(S)
    desk.books(fills=(old,))
    assert desk.position().qty == D(0)


def test_books_from_before_a_bust_are_no_difference() -> None:
    desk = Desk()
    entry = filled(desk)
    at_ns, held, balance = desk.now_ns, desk.books, desk.account().balance
    desk.wait(S)
    bust(desk, entry)
    held(positions=(), balance=(balance or D(0)) + 1, as_of_ns=at_ns)
    assert desk.events(ev.BreakFound) == []


def test_a_busted_exit_opens_the_position_again_with_its_stop() -> None:
    desk = Desk()
    entry = filled(desk)
    out = left(desk)
    gained = desk.account().day_realized
    assert (desk.position().qty, gained) == (D(0), D(50))
    bust(desk, out, E2)
    position = desk.position()
    assert (position.qty, position.cost, desk.account().day_realized) == (D(10), D(1000), D(0))
    assert (position.stop_px, desk.stop_of().order_qty) == (D(95), D(10))
    assert desk.requests(NewOrder)[-1].stop_px == D(95)
    assert desk.order(entry).cum_qty == D(10)


def test_a_busted_entry_behind_a_closed_position_is_unprotected_and_says_so() -> None:
    desk = Desk()
    entry = filled(desk)
    left(desk)
    bust(desk, entry)
    assert (desk.position().qty, desk.position().cost) == (D(-10), D(-1050))
    assert desk.events(ev.ProtectionFailed)[-1].symbol == SHARE


# --- a correction -----------------------------------------------------------------------------------------------------


def test_a_correction_changes_quantity_price_and_commission() -> None:
    desk = Desk()
    before = desk.account().balance or D(0)
    entry = filled(desk, commission="1.50")
    correct(desk, entry, 8, "101.00", commission="1.20")
    order, position = desk.order(entry), desk.position()
    assert (order.cum_qty, order.notional, order.commission) == (D(8), D(808), D("1.20"))
    assert (position.qty, position.cost, desk.account().balance) == (D(8), D(808), before - D("1.20"))
    assert ord_status(order) is OrdStatus.CANCELED  # for the two that are missing


def test_a_correction_to_the_full_quantity_ends_a_working_order() -> None:
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="100.00")
    desk.accept(entry)
    desk.fill(entry, 4, "100.00", exec_id=E1)
    correct(desk, entry, 10, "100.00")
    assert (desk.order(entry).phase, ord_status(desk.order(entry))) == (Phase.DONE, OrdStatus.FILLED)
    assert (desk.position().held_buy, desk.account().open_orders.get(entry, 0)) == (D(0), 0)


def test_a_correction_beyond_the_quantity_is_an_overfill() -> None:
    desk = Desk()
    entry = filled(desk)
    correct(desk, entry, 12, "100.00")
    assert [event.kind for event in desk.events(ev.IncidentRaised)] == ["FILL_CORRECTED", "OVERFILL"]
    assert desk.position().qty == D(12)


def test_a_correction_is_corrected_and_then_busted() -> None:
    desk = Desk()
    entry = filled(desk)
    correct(desk, entry, 8, "101.00", at=desk.now_ns + 1)
    correct(desk, entry, 9, "102.00", fill=G1, name=G2, at=desk.now_ns + 2)
    assert (desk.position().qty, desk.position().cost) == (D(9), D(918))
    bust(desk, entry, G2, at=desk.now_ns + 3)
    assert (desk.position().qty, desk.position().cost, desk.order(entry).cum_qty) == (D(0), D(0), D(0))


def test_a_correction_after_the_bust_is_quarantined() -> None:
    desk = Desk()
    entry = filled(desk)
    bust(desk, entry, at=desk.now_ns + 1)
    record = correct(desk, entry, 8, "101.00", at=desk.now_ns + 2)
    assert "ReportQuarantined" in kinds(record)
    assert desk.position().qty == D(0)


def test_of_two_corrections_of_one_fill_the_later_counts_whichever_comes_first() -> None:
    for first, second in ((1, 2), (2, 1)):
        desk = Desk()
        entry = filled(desk)
        for number in (first, second):
            correct(desk, entry, 10 - number, "101.00", name=ExecId(f"g{number}"), at=desk.now_ns + number)
        assert desk.position().qty == D(8)


# --- what cannot be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exec_type", "fields"),
    [
        (BUST, {}),
        (CORRECT, {"exec_ref_id": E1}),
        (CORRECT, {"exec_ref_id": E1, "last_qty": 8}),
        (CORRECT, {"exec_ref_id": E1, "last_qty": 0, "last_px": "100"}),
        (BUST, {"exec_ref_id": E1, "side": SELL}),
    ],
    ids=["no fill named", "to nothing", "without price", "to no quantity", "of the other side"],
)
def test_nonsense_changes_nothing_and_is_quarantined(exec_type: ExecType, fields: dict[str, object]) -> None:
    desk = Desk()
    entry = filled(desk)
    record = desk.report(entry, exec_type, **fields)
    assert "ReportQuarantined" in kinds(record)
    assert (desk.position().qty, desk.account().state) == (D(10), TradingState.REDUCING)


# --- before its fill --------------------------------------------------------------------------------------------------


def test_a_bust_before_its_fill_waits_for_it() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    record = bust(desk, entry)
    assert only(desk.events(ev.IncidentRaised)).kind == "UNKNOWN_FILL"
    assert any(isinstance(request, QueryAccount) for request in record.requests)
    assert kinds(bust(desk, entry)) == []
    desk.fill(entry, 10, "100.00", exec_id=E1)
    assert (desk.position().qty, desk.order(entry).cum_qty) == (D(0), D(0))
    assert desk.account().awaited == {}


def test_a_fill_that_the_books_list_under_the_id_of_its_correction_is_booked_once() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    correct(desk, entry, 8, "101.00")
    desk.wait(S)
    listed = VenueFill(entry, G1, SHARE, BUY, D(8), D(101), D(0), desk.now_ns)
    desk.look(entry, OrdStatus.PARTIALLY_FILLED, fills=(listed,))
    assert desk.position().qty == D(8)
    assert kinds(desk.fill(entry, 10, "100.00", exec_id=E1)) == []
    assert (desk.position().qty, desk.account().awaited) == (D(8), {})


def test_a_bust_whose_report_was_lost_is_taken_from_the_books() -> None:
    desk = Desk()
    entry, before = filled(desk), desk.account().balance
    desk.wait(S)
    told = VenueReversal(entry, H1, E1, SHARE, BUY, desk.now_ns)
    desk.books(positions=(), orders=(), reversals=(told,), balance=before, as_of_ns=desk.now_ns + 1)
    assert (desk.position().qty, desk.events(ev.BreakFound)) == (D(0), [])


# --- long after -------------------------------------------------------------------------------------------------------


def test_an_old_fill_is_taken_back_as_if_it_had_never_been() -> None:
    desk = Desk()
    entry = filled(desk)
    agree(desk)
    assert desk.position().recent == []
    desk.enter(10)
    second = desk.sent()
    desk.accept(second)
    desk.wait(S)
    desk.fill(second, 10, "102.00", exec_id=E2)
    bust(desk, entry)
    position = desk.position()
    assert (position.qty, position.cost, desk.account().day_realized) == (D(10), D(1020), D(0))


# --- any order --------------------------------------------------------------------------------------------------------

Said = tuple[str, ExecId, ExecId, int, str]
CHAINS: list[list[Said]] = [
    [("fill", E1, E1, 10, "100"), ("bust", H1, E1, 0, "")],
    [
        ("fill", E1, E1, 10, "100"),
        ("correct", G1, E1, 8, "101"),
        ("correct", G2, G1, 9, "102"),
        ("bust", H1, G2, 0, ""),
    ],
    [("fill", E1, E1, 4, "100"), ("correct", G1, E1, 6, "101"), ("correct", G2, E1, 5, "99")],
    [("fill", E1, E1, 4, "100"), ("fill", E2, E2, 6, "101"), ("bust", H1, E1, 0, ""), ("correct", G1, E2, 3, "98")],
]


@pytest.mark.parametrize("chain", CHAINS)
def test_every_order_of_arrival_ends_with_the_same_books(chain: list[Said]) -> None:
    ends = {_end(desk) for desk in (_played(order) for order in permutations(enumerate(chain)))}
    assert len(ends) == 1


def _played(said: tuple[tuple[int, Said], ...]) -> Desk:
    desk = Desk()
    order = desk.enter(10)
    desk.accept(order)
    start_ns = desk.now_ns
    for place, (kind, name, ref, qty, px) in said:
        at_ns = start_ns + place
        if kind == "fill":
            desk.fill(order, qty, px, exec_id=name, transact_time_ns=at_ns)
        elif kind == "bust":
            bust(desk, order, ref, name, at_ns)
        else:
            correct(desk, order, qty, px, ref, name, at_ns)
    return desk


def _end(desk: Desk) -> tuple[Decimal | None, ...]:
    position, account = desk.position(), desk.account()
    (order,) = [order for order in account.orders.values() if order.enters]
    return position.qty, position.cost, account.balance, order.cum_qty, order.notional


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, Side, int, int]]:
    """Fills of two sides, and busts and corrections of any of them: kind, number of the fill, side, quantity, price."""
    fills = [
        ("fill", number, draw(st.sampled_from([BUY, SELL])), draw(st.integers(1, 9)), draw(st.integers(90, 110)))
        for number in range(draw(st.integers(1, 6)))
    ]
    changes = [
        (draw(st.sampled_from(["bust", "correct"])), number, fills[number][2], draw(st.integers(1, 9)), 100)
        for number in draw(st.lists(st.integers(0, len(fills) - 1), max_size=6))
    ]
    return draw(st.permutations([*fills, *changes]))


@settings(max_examples=60, derandomize=True)
@given(histories(), st.integers(0, 12))
def test_a_position_is_what_the_live_fills_come_to_and_cash_is_what_flowed(
    history: list[tuple[str, int, Side, int, int]], compared_at: int
) -> None:
    """The reports fit no order, so nothing but the books is moved by them."""
    desk = Desk()
    start, live = desk.account().balance or D(0), dict[int, tuple[Side, int, int]]()
    times = dict[int, int]()
    for place, (kind, number, side, qty, px) in enumerate(history):
        desk.wait(1000)
        desk.step(_told(desk, kind, number, side, qty, px, place))
        if place == compared_at:
            agree(desk)
    for kind, number, side, qty, px in history:
        if kind == "fill":
            live[number] = (side, qty, px)
    for place, (kind, number, side, qty, px) in enumerate(history):
        if kind == "correct" and number in live:
            live[number] = (side, qty, px)
            times[number] = place
    for kind, number, *_ in history:
        if kind == "bust":
            live.pop(number, None)
    position, balance = desk.position(), desk.account().balance or D(0)
    assert position.qty == sum((SIGN[side] * qty for side, qty, _ in live.values()), D(0))
    flowed = sum((-SIGN[side] * qty * px for side, qty, px in live.values()), D(0))
    assert balance - start - position.cost == flowed


def _told(desk: Desk, kind: str, number: int, side: Side, qty: int, px: int, place: int) -> ExecutionReport:
    fill = ExecId(f"e{number}")
    name = fill if kind == "fill" else ExecId(f"r{place:03}")
    exec_type = {"fill": ExecType.TRADE, "bust": BUST, "correct": CORRECT}[kind]
    amounts = (None, None) if kind == "bust" else (D(qty), D(px))
    return ExecutionReport(
        A,
        ClOrdId("somebody's"),
        name,
        exec_type,
        SHARE,
        side,
        desk.now_ns,
        last_qty=amounts[0],
        last_px=amounts[1],
        exec_ref_id=None if kind == "fill" else fill,
    )
