"""What becomes of a break: adopted, flattened, lived with or written off, each by name and with a reason."""

from decimal import Decimal
from typing import Any

import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.command_json import CommandError, parse_command
from coxswain.messages.inputs import CompareAccounts, ResolveBreak, VenueFailed
from coxswain.messages.record import Record
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount
from coxswain.model.breaks import CHOICES
from coxswain.model.orders import VenueOrder, VenuePosition
from coxswain.model.vocabulary import (
    ClOrdId,
    OrdStatus,
    OrdType,
    ReachedVenue,
    Resolution,
    Role,
    Side,
    Symbol,
    TradingState,
    VenueOrderId,
)
from coxswain.views.answers import answer_of
from tests.unit.core.desk import BUY, SHARE, A, B, D, Desk, S, account, only, setup

ADOPT, FLATTEN, IGNORE, WRITE_OFF = Resolution.ADOPT, Resolution.FLATTEN, Resolution.IGNORE, Resolution.WRITE_OFF
POSITION, BALANCE = "A:position:SHARE", "A:balance"


def held(theirs: int | str) -> tuple[VenuePosition, ...]:
    return (VenuePosition(SHARE, D(theirs)),) if D(theirs) else ()


def compare(desk: Desk, **books: Any) -> Record:
    """Ask for the books, and show them a second later."""
    desk.step(CompareAccounts("asked", (A,)))
    desk.wait(S)
    return desk.books(**books)


def resolve(desk: Desk, break_id: str, resolution: Resolution, *, price: str | None = None, **books: Any) -> Record:
    """Choose, and let the comparison that follows do it."""
    chosen = None if price is None else Decimal(price)
    desk.step(ResolveBreak(A, break_id, resolution, "seen at the venue", "ann", chosen))
    desk.wait(S)
    return desk.books(**books)


def working(desk: Desk, name: str = "hand-1", **fields: Any) -> VenueOrder:
    values: dict[str, Any] = {"order_qty": D(3), "cum_qty": D(0), "price": D("99.00"), **fields}
    return VenueOrder(ClOrdId(name), VenueOrderId("v9"), SHARE, BUY, OrdStatus.NEW, **values)


# --- positions --------------------------------------------------------------------------------------------------------


def test_a_manual_trade_at_the_venue_is_adopted_at_the_market() -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    assert desk.account().state is TradingState.REDUCING
    record = resolve(desk, POSITION, ADOPT, positions=held(5))
    position = desk.position()
    assert (position.qty, position.cost) == (D(5), D(500))
    assert position.unrealized == 0, "it begins without a profit or a loss"
    closed = only([event for event in record.events if isinstance(event, ev.BreakClosed)])
    assert (closed.chosen, closed.actor, closed.resolution) == (ADOPT, "ann", "adopt by ann: seen at the venue")
    assert desk.account().state is TradingState.ACTIVE
    compare(desk)
    assert desk.account().breaks == {}


def test_lots_are_adopted_at_the_price_that_is_given() -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    resolve(desk, POSITION, ADOPT, price="98.50", positions=held(5))
    assert desk.position().cost == D("492.50")


@pytest.mark.parametrize(("theirs", "cost"), [(4, "400.08"), (12, "1200.20"), (-3, "-300.06"), (0, "0")])
def test_adopting_keeps_the_cost_of_what_stays_and_values_what_comes(theirs: int, cost: str) -> None:
    desk = Desk()
    desk.hold(10)  # at 100.02 a lot; the market is 100.00 to 100.02
    compare(desk, positions=held(theirs))
    before = desk.account().balance
    resolve(desk, POSITION, ADOPT, positions=held(theirs))
    assert (desk.position().qty, desk.position().cost) == (D(theirs), D(cost))
    assert desk.account().balance == before, "an adoption is no trade"
    assert desk.account().breaks == {}


def test_protection_follows_what_is_left_after_an_adoption() -> None:
    desk = Desk()
    desk.hold(10)
    compare(desk, positions=held(4))
    resolve(desk, POSITION, ADOPT, positions=held(4))
    stop = desk.stop_of()
    assert stop.replace_pending is not None
    assert stop.replace_pending.order_qty == D(4)


def test_a_position_that_nobody_wanted_is_flattened() -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    record = resolve(desk, POSITION, FLATTEN, positions=held(5))
    sent = only([request for request in record.requests if isinstance(request, NewOrder)])
    assert (sent.side, sent.order_qty, sent.reduce_only) == (Side.SELL, D(5), True)
    desk.accept(sent.cl_ord_id)
    desk.fill(sent.cl_ord_id, 5, "100.00")
    assert desk.position().qty == 0
    compare(desk)
    assert desk.account().breaks == {}


def test_what_was_written_off_counts_as_lost_and_a_profit_that_it_showed_is_no_gain() -> None:
    desk = Desk()
    desk.hold(10)
    desk.quote(SHARE, "90.00", "90.02")
    compare(desk, positions=())
    before = desk.account().balance
    resolve(desk, POSITION, WRITE_OFF, positions=())
    lost = desk.account().balance
    assert lost is not None
    assert before is not None
    assert lost - before == D("-100.00"), "ten lots of 100.02, gone at 90.02"
    assert desk.account().day_realized == D("-100.00")

    desk = Desk()
    desk.hold(10)
    desk.quote(SHARE, "110.00", "110.02")
    compare(desk, positions=())
    before = desk.account().balance
    resolve(desk, POSITION, WRITE_OFF, positions=())
    assert desk.account().balance == before


def test_a_loss_written_off_counts_towards_the_daily_limit() -> None:
    desk = Desk(setup(account(A, max_daily_loss_pct=1)))
    compare(desk, balance=D(98_000))
    resolve(desk, BALANCE, WRITE_OFF, balance=D(98_000))
    assert "DAILY_LOSS" in desk.account().causes


def test_a_loss_written_off_counts_towards_the_drawdown_too() -> None:
    """Found by reading: only the day's loss was looked at, until the next quote or fill."""
    desk = Desk(setup(account(A, max_drawdown_pct=1, max_daily_loss_pct=50)))
    compare(desk, balance=D(98_000))
    resolve(desk, BALANCE, WRITE_OFF, balance=D(98_000))
    assert "DRAWDOWN" in desk.account().causes


def test_a_position_in_an_instrument_that_we_do_not_know_can_only_be_lived_with() -> None:
    desk = Desk()
    strange = (VenuePosition(Symbol("NEVER"), D(3)),)
    compare(desk, positions=strange)
    record = resolve(desk, "A:position:NEVER", ADOPT, positions=strange)
    refused = only([event for event in record.events if isinstance(event, ev.ResolutionRefused)])
    assert refused.reason == "NEVER is no instrument of the configuration"
    assert desk.account().state is TradingState.REDUCING
    resolve(desk, "A:position:NEVER", IGNORE, positions=strange)
    assert desk.account().state is TradingState.ACTIVE


def test_without_a_quote_a_position_is_adopted_only_at_a_given_price() -> None:
    desk = Desk(begin=False)
    desk.start()
    compare(desk, positions=held(5))
    record = resolve(desk, POSITION, ADOPT, positions=held(5))
    refused = only([event for event in record.events if isinstance(event, ev.ResolutionRefused)])
    assert "give a price" in refused.reason
    resolve(desk, POSITION, ADOPT, price="99", positions=held(5))
    assert desk.position().cost == D(495)


def test_a_difference_that_changed_meanwhile_is_another_break_and_nothing_is_done() -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    record = resolve(desk, POSITION, ADOPT, positions=held(7))
    assert SHARE not in desk.account().positions or desk.position().qty == 0
    closed, found = record.events[0], record.events[1]
    assert isinstance(closed, ev.BreakClosed)
    assert isinstance(found, ev.BreakFound)
    assert (closed.chosen, found.theirs) == (None, D(7))
    assert desk.account().chosen == {}


# --- balances ---------------------------------------------------------------------------------------------------------


def test_a_balance_that_is_adopted_is_a_transfer_and_no_result() -> None:
    desk = Desk()
    compare(desk, balance=D(90_000))
    resolve(desk, BALANCE, ADOPT, balance=D(90_000))
    ours = desk.account()
    assert (ours.balance, ours.anchor, ours.day_balance, ours.day_realized) == (D(90_000), D(90_000), D(90_000), D(0))
    assert ours.state is TradingState.ACTIVE


def test_a_balance_that_is_written_off_is_a_result_of_the_day() -> None:
    desk = Desk()
    compare(desk, balance=D(99_000))
    resolve(desk, BALANCE, WRITE_OFF, balance=D(99_000))
    ours = desk.account()
    assert (ours.balance, ours.anchor, ours.day_realized) == (D(99_000), D(100_000), D(-1_000))


# --- living with it ---------------------------------------------------------------------------------------------------


def test_an_ignored_difference_blocks_nothing_until_it_changes_or_goes() -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    resolve(desk, POSITION, IGNORE, positions=held(5))
    for _ in range(2):
        compare(desk, positions=held(5))
    assert desk.account().state is TradingState.ACTIVE
    assert desk.events(ev.Reconciled)[-1].ignored == 1
    assert len(desk.events(ev.BreakFound)) == 1

    compare(desk, positions=held(6))
    assert desk.account().state is TradingState.REDUCING
    assert desk.account().ignored == {}

    resolve(desk, POSITION, IGNORE, positions=held(6))
    compare(desk, positions=())
    assert len(desk.events(ev.DifferenceGone)) == 2
    compare(desk, positions=held(6))
    assert set(desk.account().breaks) == {POSITION}, "the same difference, come back, is a new break"


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_sent_by_hand_is_adopted_with_its_hold_and_its_fill_is_its_own() -> None:
    desk = Desk()
    compare(desk, orders=(working(desk),))
    resolve(desk, "A:order:hand-1", ADOPT, orders=(working(desk),))
    order = desk.order(ClOrdId("hand-1"))
    assert (order.phase, order.order_qty, order.price) == (Phase.WORKING, D(3), D("99.00"))
    assert desk.account().held_margin == D(3) * D("99.00") * D("0.5")
    assert desk.account().breaks == {}
    desk.fill(ClOrdId("hand-1"), 3, "99.00")
    assert desk.position().qty == D(3)
    assert desk.events(ev.IncidentRaised) == []


def test_an_order_that_has_both_prices_is_adopted_as_a_stop_limit() -> None:
    """Found by reading: it was taken for a stop, and half of its prices was forgotten when it was changed."""
    desk = Desk()
    theirs = working(desk, price=D("101.00"), stop_px=D("100.50"))
    compare(desk, orders=(theirs,))
    resolve(desk, "A:order:hand-1", ADOPT, orders=(theirs,))
    assert desk.order(ClOrdId("hand-1")).intent.ord_type is OrdType.STOP_LIMIT


def test_a_partly_filled_order_of_somebody_else_is_not_adopted() -> None:
    desk = Desk()
    theirs = working(desk, cum_qty=D(1))
    compare(desk, orders=(theirs,))
    record = resolve(desk, "A:order:hand-1", ADOPT, orders=(theirs,))
    assert any(isinstance(event, ev.ResolutionRefused) for event in record.events)
    assert not desk.knows(ClOrdId("hand-1"))


def test_an_order_sent_by_hand_is_called_back_until_it_is_gone() -> None:
    desk = Desk()
    compare(desk, orders=(working(desk),))
    for _ in range(2):
        record = resolve(desk, "A:order:hand-1", FLATTEN, orders=(working(desk),))
        assert only([r for r in record.requests if isinstance(r, CancelOrder)]).cl_ord_id == "hand-1"
    compare(desk)
    assert desk.account().breaks == {}
    assert desk.account().chosen == {}


def test_an_order_that_the_venue_forgot_ends_by_a_persons_word() -> None:
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.00")
    desk.accept(entry)
    compare(desk, orders=())  # it is asked for, and twice not found
    for _ in range(2):
        desk.look(entry)
        desk.wait(3 * S)
    break_id = f"A:order:{entry}"
    assert break_id in desk.account().breaks
    resolve(desk, break_id, ADOPT, orders=())
    assert desk.order(entry).ended_as is OrdStatus.CANCELED
    assert desk.account().held_margin == 0
    compare(desk)
    assert desk.account().state is TradingState.ACTIVE


# --- choosing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("break_id", "resolution", "price", "why"),
    [
        ("A:position:OTHER", ADOPT, None, "'A:position:OTHER' is no open break of A"),
        (POSITION, WRITE_OFF, None, "write-off does not fit UNKNOWN_TO_US; wanted adopt or flatten or ignore"),
        (POSITION, ADOPT, "-1", "price -1, wanted a positive number"),
        (POSITION, ADOPT, "NaN", "price NaN, wanted a positive number"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused_and_changes_nothing(
    break_id: str, resolution: Resolution, price: str | None, why: str
) -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    chosen = None if price is None else Decimal(price)
    record = desk.step(ResolveBreak(A, break_id, resolution, "why not", "ann", chosen))
    refused = only([event for event in record.events if isinstance(event, ev.ResolutionRefused)])
    assert (refused.reason, record.requests) == (why, ())
    assert desk.account().chosen == {}


def test_a_break_of_an_account_that_is_not_ours_is_refused() -> None:
    desk = Desk()
    record = desk.step(ResolveBreak(B, "B:balance", ADOPT, "why not", "ann"))
    assert isinstance(only(list(record.events)), ev.ResolutionRefused)


def test_a_choice_survives_a_restart_and_is_done_by_the_first_comparison() -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    desk.step(ResolveBreak(A, POSITION, ADOPT, "seen at the venue", "ann"))
    again = desk.restarted()
    assert again.requests(QueryAccount)
    again.wait(S)
    again.books(positions=held(5))
    assert again.position().qty == D(5)


def test_every_kind_of_break_says_what_may_become_of_it() -> None:
    documented = {
        "UNKNOWN_TO_US",
        "QUANTITY_DIFFERS",
        "MISSING_AT_VENUE",
        "BALANCE_DIFFERS",
        "ORDER_UNKNOWN_TO_US",
        "ORDER_MISSING_AT_VENUE",
        "WORKS_AFTER_END",
    }
    assert set(CHOICES) == documented


# --- by itself --------------------------------------------------------------------------------------------------------


def test_where_it_is_configured_a_difference_found_twice_is_adopted() -> None:
    desk = Desk(setup(account(A, auto_adopt_breaks=1)))
    compare(desk, positions=held(5), balance=D(99_500))
    assert desk.account().balance == D(100_000), "once may be a report on its way"
    compare(desk, positions=held(5), balance=D(99_500))
    assert (desk.position().qty, desk.account().balance) == (D(5), D(99_500))
    assert {event.actor for event in desk.events(ev.ResolutionChosen)} == {"engine"}
    assert desk.account().state is TradingState.ACTIVE


def test_an_order_that_we_do_not_know_is_never_adopted_by_itself() -> None:
    desk = Desk(setup(account(A, auto_adopt_breaks=1)))
    for _ in range(3):
        compare(desk, orders=(working(desk),))
    assert set(desk.account().breaks) == {"A:order:hand-1"}


# --- while a break is open --------------------------------------------------------------------------------------------


def test_entries_are_blocked_while_a_break_is_open_and_exits_are_not() -> None:
    desk = Desk()
    desk.hold(10)
    compare(desk, balance=D(1))
    record = desk.signal(quantity=5, stop_loss="95.00", accounts=(A,))
    plan = only([event.plan for event in record.events if isinstance(event, ev.PlanProposed)])
    assert plan.assignments[0].verdict == "SKIP"
    desk.exit()
    assert desk.account().positions[SHARE].exit is not None


def test_books_that_cannot_be_asked_for_are_no_empty_books() -> None:
    desk = Desk()
    desk.hold(10)
    desk.step(CompareAccounts("asked"))
    desk.step(VenueFailed(A, None, ReachedVenue.MAYBE, "timed out"))
    assert desk.position().qty == D(10)
    assert (desk.account().state, set(desk.account().causes)) == (TradingState.REDUCING, {"UNRECONCILED"})
    assert desk.events(ev.BreakFound) == []
    desk.wait(11 * S)
    assert desk.requests(QueryAccount), "and they are asked for again"


@pytest.mark.parametrize(
    ("theirs", "severity"), [(91, "medium"), (90, "medium"), (89, "high"), (0, "high"), (-1, "high")]
)
def test_severity_goes_by_size(theirs: int, severity: str) -> None:
    desk = Desk()
    desk.hold(100)
    compare(desk, positions=held(theirs))
    assert only(desk.events(ev.BreakFound)).severity == severity


def test_one_comparison_finds_every_difference_of_both_sides() -> None:
    desk = Desk()
    desk.hold(10)
    strange = VenuePosition(Symbol("NEVER"), D(3))
    compare(desk, positions=(strange,), orders=(working(desk),), balance=D(1))
    kinds = {found.break_id: found.kind for found in desk.events(ev.BreakFound)}
    assert kinds == {
        "A:position:SHARE": "MISSING_AT_VENUE",
        "A:position:NEVER": "UNKNOWN_TO_US",
        "A:order:hand-1": "ORDER_UNKNOWN_TO_US",
        "A:balance": "BALANCE_DIFFERS",
    }
    assert [order.intent.role for order in (desk.stop_of(),)] == [Role.STOP], (
        "a break is no reason to be without a stop"
    )


# --- as a person says it ----------------------------------------------------------------------------------------------


def test_a_choice_is_read_from_a_command_and_answered_with_what_is_still_to_come() -> None:
    desk = Desk()
    compare(desk, positions=held(5))
    said = {"command": "resolve-break", "break_id": POSITION, "resolution": "adopt", "price": "98.5", "reason": "mine"}
    answer = answer_of(desk.step(parse_command(said, "ann", desk.now_ns)))
    assert (answer.command, answer.done) == ("resolve-break", True)
    assert "until the next comparison" in answer.did_not[0]
    desk.wait(S)
    desk.books(positions=held(5))
    assert desk.position().cost == D("492.5")


def test_a_choice_that_is_refused_says_why() -> None:
    desk = Desk()
    said = {"command": "resolve-break", "break_id": BALANCE, "resolution": "ignore", "reason": "why not"}
    answer = answer_of(desk.step(parse_command(said, "ann", desk.now_ns)))
    assert (answer.done, answer.did_not) == (False, ("'A:balance' is no open break of A",))


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("break_id", "A", "wanted one as `coxswain breaks` lists them"),
        ("resolution", "forget", "wanted adopt or flatten or ignore or write-off"),
        ("reason", "", "reason"),
    ],
)
def test_a_command_that_is_no_choice_names_the_field(field: str, value: str, wanted: str) -> None:
    said = {"command": "resolve-break", "break_id": BALANCE, "resolution": "adopt", "reason": "mine", field: value}
    with pytest.raises(CommandError, match=wanted):
        parse_command(said, "ann", 0)
