"""Cancels by a person: what is meant goes, protection only where that is said, and then nobody places it again."""

import typing

import pytest

from coxswain.core.order import ord_status
from coxswain.messages import events as ev
from coxswain.messages.inputs import CancelOrders
from coxswain.messages.record import Record
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.vocabulary import ClOrdId, OrdStatus, OrdType, SignalId
from tests.unit.core.desk import EURUSD, SHARE, A, B, D, Desk, S, account, kinds, only, setup


def cancel(**fields: typing.Any) -> CancelOrders:
    return CancelOrders("ann", "a change of mind", **fields)


def resting(desk: Desk, **fields: typing.Any) -> ClOrdId:
    fields = {"order_type": OrdType.LIMIT, "limit_price": "99.00", **fields}
    entry = desk.enter(10, **fields)
    desk.accept(entry)
    return entry


def asked(desk: Desk) -> list[ClOrdId]:
    return [request.cl_ord_id for request in desk.requests(CancelOrder)]


def refused(record: Record) -> dict[str, str]:
    found = [event for event in record.events if isinstance(event, ev.CommandRefused)]
    return {event.about: "; ".join(event.reasons) for event in found}


def two() -> Desk:
    return Desk(setup(account(A), account(B)))


def test_an_order_is_cancelled_by_its_id() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.step(cancel(cl_ord_ids=(entry,)))
    assert asked(desk) == [entry]
    assert only(desk.events(ev.CancelRequested)).reason == "by ann: a change of mind"


@pytest.mark.parametrize(
    "named",
    [
        {"account": A},
        {"symbol": SHARE, "account": A},
        {"signal_id": SignalId("first")},
    ],
)
def test_all_that_the_given_names_mean_is_cancelled_and_nothing_else(named: dict[str, typing.Any]) -> None:
    desk = two()
    first = resting(desk, id="first")
    resting(desk, id="second", accounts=(B,))
    desk.step(cancel(**named))
    assert asked(desk) == [first]


def test_an_instrument_is_cancelled_on_every_account() -> None:
    desk = two()
    both = [resting(desk, id="first"), resting(desk, id="second", accounts=(B,))]
    fx = {"symbol": EURUSD, "limit_price": "1.08000", "stop_loss": "1.07000"}
    other = desk.enter("0.1", order_type=OrdType.LIMIT, id="third", **fx)
    desk.step(cancel(symbol=SHARE))
    assert asked(desk) == both
    assert ord_status(desk.order(other)) is OrdStatus.PENDING_NEW


def test_a_partly_filled_entry_that_a_person_cancels_is_not_completed() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 4)
    desk.step(cancel(cl_ord_ids=(entry,)))
    desk.cancel(entry)
    desk.wait(100 * S)
    assert [request.order_qty for request in desk.requests(NewOrder) if not request.reduce_only] == [D(10)]


def test_shares_that_wait_for_their_release_are_withdrawn_with_their_signal() -> None:
    desk = Desk(setup(account(A), account(B), max_timing_variance_ms=9_000, min_timing_variance_ms=5_000))
    desk.signal(stop_loss="95.00", id="in")
    desk.step(cancel(signal_id=SignalId("in")))
    desk.wait(60 * S)
    assert desk.requests(NewOrder) == []
    assert [event.account for event in desk.events(ev.AssignmentWithdrawn)] == [A, B]


@pytest.mark.parametrize("named", ["id", "account"])
def test_protection_stays_unless_the_person_says_so(named: str) -> None:
    desk = Desk()
    desk.hold(10)
    leg = desk.stop_of().cl_ord_id
    record = desk.step(cancel(cl_ord_ids=(leg,)) if named == "id" else cancel(account=A))
    assert asked(desk) == []
    assert "CommandRefused" in kinds(record)
    if named == "id":
        assert "wanted protection: true" in refused(record)[leg]


def test_protection_that_a_person_cancels_is_not_placed_again_until_levels_are_set() -> None:
    desk = Desk()
    desk.hold(10, take_profit="110.00")
    leg, target = desk.stop_of().cl_ord_id, desk.target_of().cl_ord_id
    desk.step(cancel(account=A, protection=True))
    assert set(asked(desk)) == {leg, target}
    desk.cancel(leg)
    desk.cancel(target)
    desk.wait(120 * S)
    desk.books()
    position = desk.position()
    assert (position.stop_id, position.target_id, position.stop_px, position.target_px) == (None, None, None, None)
    desk.quote(SHARE, "100.00", "100.02")
    desk.adjust(stop_loss="96.00")
    assert desk.stop_of().stop_px == D("96.00")


def test_one_leg_that_a_person_cancels_leaves_the_other() -> None:
    desk = Desk()
    desk.hold(10, take_profit="110.00")
    target = desk.target_of().cl_ord_id
    desk.step(cancel(cl_ord_ids=(target,), protection=True))
    desk.cancel(target)
    assert asked(desk) == [target]
    assert desk.stop_of().stop_px == D("95.00")


def test_an_exit_that_a_person_cancels_ends_and_protection_comes_back() -> None:
    desk = Desk()
    desk.hold(10)
    leg = desk.stop_of().cl_ord_id
    desk.exit()
    desk.cancel(leg)
    closing = desk.sent()
    desk.accept(closing)
    desk.step(cancel(cl_ord_ids=(closing,)))
    desk.cancel(closing)
    assert desk.position().exit is None
    assert desk.stop_of().order_qty == D(10)


def test_what_is_unknown_over_or_of_another_account_is_said_order_by_order() -> None:
    desk = two()
    over, open_ = resting(desk, id="first"), resting(desk, id="second", accounts=(B,))
    desk.cancel(over)
    record = desk.step(cancel(cl_ord_ids=(ClOrdId("nobody"), over, open_), account=A))
    assert refused(record) == {
        "nobody": "no order of ours has this id",
        over: "it is over",
        open_: "it is not of the signal, account or symbol that is named",
    }


def test_nothing_named_and_nothing_open_are_refused() -> None:
    desk = Desk()
    assert refused(desk.step(cancel())) == {"nothing": "no order, signal, account or symbol is named"}
    assert refused(desk.step(cancel(account=A, symbol=SHARE))) == {
        "account A, symbol SHARE": "nothing that is named is open"
    }


def test_cancelling_twice_asks_once() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.step(cancel(cl_ord_ids=(entry,)))
    assert kinds(desk.step(cancel(cl_ord_ids=(entry,)))) == []
    assert asked(desk) == [entry]
