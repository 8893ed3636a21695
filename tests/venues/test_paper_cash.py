"""Cash at the paper venue: swap for each night, movements by script, and what of it outlives the process."""

from pathlib import Path
from typing import Any

import pytest

from coxswain.messages.inputs import CashMoved
from coxswain.model.cash import CashKind
from coxswain.model.vocabulary import AccountId, ExecId
from coxswain.venues.paper import Cash, Fault, FaultKind, Params, Swap, TripleDay
from tests.venues.desk import BUY, EURUSD, SECOND, SELL, SHARE, START_NS, A, B, D, Desk

DAY_NS = 86_400 * SECOND
SWAPS = (Swap(SHARE, D("-0.07"), D("0.02"), TripleDay.NONE),)
"""Every night like any other."""
ROLLOVER = "22:14"
"""40 seconds after the start."""
ROLLOVER_NS = START_NS + 40 * SECOND
PAID = Cash(account=A, kind=CashKind.DEPOSIT, amount=D(500), at_s=D(30), text="top-up")


def open_desk(*faults: Fault, path: Path | None = None, **fields: Any) -> Desk:
    desk = Desk(*faults, path=path, day_ends=ROLLOVER, **fields)
    if desk.paper.last_ns is not None:
        desk.now_ns = desk.paper.last_ns
    return desk


def told(desk: Desk) -> list[tuple[AccountId, CashKind, str]]:
    return [
        (each.account, each.movement.kind, f"{each.movement.amount:f}")
        for each in desk.inputs
        if isinstance(each, CashMoved)
    ]


# --- swap -------------------------------------------------------------------------------------------------------------


def test_a_long_and_a_short_position_are_charged_and_credited_for_the_night() -> None:
    desk = open_desk(swaps=SWAPS)
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.order(SELL, 5, account=B)
    before = [desk.books(account).balance for account in (A, B)]
    desk.run(60 * SECOND)
    assert told(desk) == [(A, CashKind.SWAP, "-0.7"), (B, CashKind.SWAP, "0.1")]
    assert [desk.books(account).balance for account in (A, B)] == [before[0] - D("0.7"), before[1] + D("0.1")]
    (movement,) = desk.books().movements
    assert (movement.transact_time_ns, movement.symbol) == (ROLLOVER_NS, SHARE)


def test_every_night_is_charged_at_the_quantity_that_is_held_then() -> None:
    desk = open_desk(swaps=SWAPS)
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.run(DAY_NS)
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.run(DAY_NS)
    assert [amount for _, _, amount in told(desk)] == ["-0.7", "-1.4"]


def test_a_position_that_is_closed_before_the_night_is_not_charged() -> None:
    desk = open_desk(swaps=SWAPS)
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.order(SELL, 10)
    desk.run(3 * DAY_NS)
    assert told(desk) == []
    assert desk.venue.next_ns() is None, "and nothing wakes for a night on which nothing is held"


def test_an_instrument_without_rates_is_not_charged() -> None:
    desk = open_desk(swaps=(Swap(EURUSD, D(-7)),))
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.run(DAY_NS)
    assert told(desk) == []


def test_a_night_that_passed_while_the_venue_was_closed_is_charged_when_it_opens(tmp_path: Path) -> None:
    path = tmp_path / "paper.db"
    desk = open_desk(path=path, swaps=SWAPS)
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.venue.close()
    desk = open_desk(path=path, swaps=SWAPS)
    desk.run(2 * DAY_NS)
    assert [amount for _, _, amount in told(desk)] == ["-0.7", "-0.7"]
    desk.venue.close()
    desk = open_desk(path=path, swaps=SWAPS)
    assert [movement.amount for movement in desk.books().movements] == [D("-0.7"), D("-0.7")]
    desk.venue.close()


# --- the day of three nights ------------------------------------------------------------------------------------------


def nights(days: int, *swaps: Swap, **fields: Any) -> list[str]:
    """Hold ten shares from a Tuesday evening on, 22:13:20 UTC, and return what each night changed the balance by."""
    desk = open_desk(swaps=swaps, **fields)
    desk.quote("99", "101")
    desk.order(BUY, 10)
    desk.run(days * DAY_NS)
    return [amount for _, _, amount in told(desk)]


def test_the_night_of_a_wednesday_counts_for_three_and_those_of_a_weekend_for_none() -> None:
    assert nights(7, Swap(SHARE, D("-0.07"))) == ["-0.7", "-2.1", "-0.7", "-0.7", "-0.7"]  # Tuesday to Friday, Monday


def test_a_week_costs_seven_nights_whichever_day_counts_for_three() -> None:
    for triple_day in TripleDay:
        assert sum(map(D, nights(7, Swap(SHARE, D("-0.07"), triple_day=triple_day)))) == D("-4.9")
    assert nights(4, Swap(SHARE, D("-0.07"), triple_day=TripleDay.FRI)) == ["-0.7", "-0.7", "-0.7", "-2.1"]


def test_a_short_position_is_credited_three_times_as_well() -> None:
    desk = open_desk(swaps=(Swap(SHARE, D("-0.07"), D("0.02")),))
    desk.quote("99", "101")
    desk.order(SELL, 5)
    desk.run(2 * DAY_NS)
    assert [amount for _, _, amount in told(desk)] == ["0.1", "0.3"]


def test_the_day_that_ends_at_midnight_is_the_one_before_in_the_zone_of_the_venue() -> None:
    # The first midnight in Tokyo ends the Wednesday that has begun there already, the first in New York the Tuesday.
    swap = Swap(SHARE, D("-0.07"))
    desk = Desk(day_ends="00:00", day_tz="Asia/Tokyo", swaps=(swap,))
    over = Desk(day_ends="00:00", day_tz="America/New_York", swaps=(swap,))
    for each in (desk, over):
        each.quote("99", "101")
        each.order(BUY, 10)
        each.run(2 * DAY_NS)
    assert [amount for _, _, amount in told(desk)] == ["-2.1", "-0.7"]
    assert [amount for _, _, amount in told(over)] == ["-0.7", "-2.1"]


# --- by script --------------------------------------------------------------------------------------------------------


def test_a_deposit_comes_at_its_time_and_is_reported() -> None:
    desk = open_desk(cash=(PAID,))
    desk.quote("99", "101")
    desk.run(29 * SECOND)
    assert told(desk) == []
    desk.run(2 * SECOND)
    assert told(desk) == [(A, CashKind.DEPOSIT, "500")]
    assert desk.books().balance == D(1_000_500)
    assert desk.books().movements[0].text == "top-up"


def test_one_whose_report_is_lost_is_in_the_books_alone() -> None:
    desk = open_desk(cash=(Cash(account=A, kind=CashKind.FEE, amount=D(-9), at_s=D(30), told=False),))
    desk.quote("99", "101")
    desk.run(60 * SECOND)
    assert told(desk) == []
    books = desk.books()
    assert (books.balance, [movement.amount for movement in books.movements]) == (D(999_991), [D(-9)])


def test_books_tell_the_movements_since_the_time_asked_for() -> None:
    desk = open_desk(cash=(PAID,))
    desk.quote("99", "101")
    desk.run(60 * SECOND)
    at_ns = desk.books().movements[0].transact_time_ns
    assert len(desk.books(fills_since_ns=at_ns).movements) == 1
    assert desk.books(fills_since_ns=at_ns + 1).movements == ()


def test_what_was_paid_is_not_paid_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "paper.db"
    for _ in range(2):
        desk = open_desk(path=path, cash=(PAID,))
        desk.quote("99", "101")
        desk.run(60 * SECOND)
        assert desk.books().balance == D(1_000_500)
        desk.venue.close()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"amount": D(-1)}, "amount: -1"),
        ({"kind": CashKind.WITHDRAWAL}, "amount: 500"),
        ({"amount": D(0)}, "amount: 0"),
        ({"at_s": None}, "wanted at, or at_s"),
        ({"at": "2026-01-05T10:00:00Z"}, "wanted at, or at_s"),
        ({"at": "yesterday", "at_s": None}, "wanted a time with its zone"),
        ({"at_s": D(-1)}, "at_s: -1"),
        ({"account": AccountId("C")}, "account C"),
    ],
)
def test_what_no_script_can_say_is_refused_by_name(fields: dict[str, Any], problem: str) -> None:
    values: dict[str, Any] = {"account": A, "kind": CashKind.DEPOSIT, "amount": D(500), "at_s": D(30)} | fields
    with pytest.raises(ValueError, match=problem):
        Desk(cash=(Cash(**values),))


def test_two_rates_for_one_instrument_are_refused() -> None:
    with pytest.raises(ValueError, match="swaps: two of one symbol"):
        Params({}, swaps=(Swap(SHARE), Swap(SHARE)))


# --- reversals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "last_qty"), [(FaultKind.BUST, None), (FaultKind.CORRECT, D(5))])
def test_the_books_tell_a_reversal_and_the_fill_as_it_was(kind: FaultKind, last_qty: object) -> None:
    desk = open_desk(Fault(kind, A, 1))
    desk.quote("99", "101")
    order = desk.order(BUY, 5)
    (before,) = desk.books().fills
    desk.run(3 * SECOND)
    books = desk.books()
    (reversal,) = books.reversals
    assert books.fills == (before,)
    assert (reversal.cl_ord_id, reversal.exec_ref_id, reversal.last_qty) == (order, before.exec_id, last_qty)
    assert desk.books(fills_since_ns=reversal.transact_time_ns + 1).reversals == ()
    assert desk.books(fills_since_ns=reversal.transact_time_ns).fills == ()


@pytest.mark.parametrize("kind", [FaultKind.BUST, FaultKind.CORRECT])
def test_a_reversal_that_was_still_to_come_comes_after_a_restart_and_only_once(kind: FaultKind, tmp_path: Path) -> None:
    path, fault = tmp_path / "paper.db", Fault(kind, A, 1)
    desk = open_desk(fault, path=path)
    desk.quote("99", "101")
    order = desk.order(BUY, 5)
    desk.venue.close()
    seen: list[ExecId] = []
    for _ in range(2):
        desk = open_desk(fault, path=path)
        desk.run(5 * SECOND)
        seen += [each.exec_id for each in desk.books().reversals]
        assert len([said for said in desk.said(order) if said.startswith("TRADE_C")]) == (len(seen) == 1)
        desk.venue.close()
    assert len(seen) == 2
    assert len(set(seen)) == 1
