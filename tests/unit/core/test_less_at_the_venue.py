"""Where the venue holds less than we do: no order that is to reduce reaches beyond what is known to be there."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import CompareAccounts, ResolveBreak, StopTrading, VenueFailed
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, ReplaceOrder
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.orders import VenuePosition
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import OrdType, ProtectionPolicy, ReachedVenue, Resolution, VenueTier
from tests.unit.core.desk import SELL, SHARE, A, D, Desk, S, account, only, setup

ALL = Capabilities(VenueTier.T1, True, True, True)
WITHOUT = msgspec.structs.replace(ALL, native_reduce_only=False)
POSITION = "A:position:SHARE"


def desk_with(can: Capabilities, **limits: Any) -> Desk:
    """Hold 10 with a stop that works."""
    desk = Desk(setup(account(A, **limits), can=can))
    desk.hold(10)
    return desk


def compare(desk: Desk, theirs: int) -> None:
    """Show books in which the venue holds that much, and all else is as here."""
    desk.step(CompareAccounts("asked", (A,)))
    desk.wait(S)
    desk.books(positions=(VenuePosition(SHARE, D(theirs)),) if theirs else ())


def live_with(desk: Desk, theirs: int) -> None:
    compare(desk, theirs)
    desk.step(ResolveBreak(A, POSITION, Resolution.IGNORE, "it is a matter of the venue's", "ann"))
    desk.wait(S)
    desk.books(positions=(VenuePosition(SHARE, D(theirs)),) if theirs else ())


def sent(desk: Desk) -> int:
    return len(desk.requests(NewOrder)) + len(desk.requests(ReplaceOrder)) + len(desk.requests(CancelOrder))


# --- a difference that is lived with ----------------------------------------------------------------------------------


def test_a_position_that_the_venue_does_not_hold_is_not_protected_over_and_over() -> None:
    """Found in use: at each comparison the stop was placed, and the venue, which has nothing to reduce, ended it."""
    desk = desk_with(ALL)
    stop = desk.stop_of().cl_ord_id
    live_with(desk, 0)
    assert desk.requests(CancelOrder)[-1].cl_ord_id == stop
    desk.cancel(stop)
    before, told = sent(desk), len(desk.events(ev.ProtectionFailed))
    for _ in range(3):
        desk.wait(60 * S)
        compare(desk, 0)
    assert sent(desk) == before
    assert len(desk.events(ev.ProtectionFailed)) == told
    assert desk.position().qty == D(10), "nothing is overwritten"


@pytest.mark.parametrize("theirs", [4, 9])
def test_the_stop_covers_what_the_venue_holds_too(theirs: int) -> None:
    desk = desk_with(ALL)
    live_with(desk, theirs)
    assert only(desk.requests(ReplaceOrder)).order_qty == D(theirs)


def test_the_stop_covers_no_more_than_we_hold() -> None:
    desk = desk_with(ALL)
    before = sent(desk)
    live_with(desk, 12)
    assert sent(desk) == before
    assert desk.stop_of().order_qty == D(10)


def test_a_venue_that_holds_the_other_side_holds_none_of_ours() -> None:
    desk = desk_with(ALL)
    stop = desk.stop_of().cl_ord_id
    live_with(desk, -5)
    assert desk.requests(CancelOrder)[-1].cl_ord_id == stop


def test_an_exit_closes_what_the_venue_holds_and_ends() -> None:
    desk = desk_with(ALL)
    live_with(desk, 4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 4)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    order = desk.requests(NewOrder)[-1]
    assert (order.ord_type, order.order_qty) == (OrdType.MARKET, D(4))
    desk.fill(order.cl_ord_id, 4, "100.00")
    assert only(desk.events(ev.ExitEnded)).reason == "the venue holds none of it"
    assert desk.position().qty == D(6)


def test_a_flatten_does_not_try_for_ever_to_close_what_is_not_there() -> None:
    desk = desk_with(ALL)
    live_with(desk, 0)
    desk.cancel(desk.stop_of().cl_ord_id)
    desk.step(StopTrading(StopLevel.FLATTEN, Scope(ScopeKind.ACCOUNT, A), "go home", "ann"))
    for _ in range(3):
        desk.wait(60 * S)
        compare(desk, 0)
    assert len(desk.events(ev.ExitStarted)) <= 1
    assert all(order.ord_type is not OrdType.MARKET for order in desk.requests(NewOrder)[1:])


# --- a break that is open ---------------------------------------------------------------------------------------------


def test_where_a_stop_could_open_a_position_a_break_lowers_it_and_its_end_raises_it_again() -> None:
    desk = desk_with(WITHOUT)
    compare(desk, 4)
    change = only(desk.requests(ReplaceOrder))
    assert change.order_qty == D(4)
    desk.replace(change.cl_ord_id, 4)
    compare(desk, 10)
    assert desk.requests(ReplaceOrder)[-1].order_qty == D(10)


def test_where_the_venue_does_reduce_only_a_break_leaves_the_stop_as_it_is() -> None:
    desk = desk_with(ALL)
    compare(desk, 4)
    assert not desk.requests(ReplaceOrder)
    assert desk.stop_of().order_qty == D(10)


def time_passes(desk: Desk, theirs: int, *, refuses: bool, ns: int = 600 * S) -> None:
    """Let a venue that holds so much answer every comparison, and end what is to reduce where it has nothing of it."""
    until_ns, asked = desk.now_ns + ns, 0
    while desk.now_ns < until_ns:
        for name in tuple(desk.account().open_orders):
            if refuses:
                desk.reject(name)
            else:
                desk.accept(name)
                desk.cancel(name)
        if len(desk.requests(QueryAccount)) > asked:
            asked = len(desk.requests(QueryAccount))
            desk.books(positions=(VenuePosition(SHARE, D(theirs)),) if theirs else ())
        desk.wait(S)


@pytest.mark.parametrize("refuses", [False, True], ids=["ends it", "refuses it"])
@pytest.mark.parametrize("theirs", [0, -5])
@pytest.mark.parametrize("policy", list(ProtectionPolicy))
def test_what_a_venue_has_nothing_to_reduce_by_is_sent_once_while_the_break_is_open(
    policy: ProtectionPolicy, theirs: int, refuses: bool
) -> None:
    """Found in use: at each comparison the stop was placed, and the venue ended it, for as long as the break stood."""
    desk = Desk(setup(msgspec.structs.replace(account(A), protection_policy=policy), can=ALL))
    desk.hold(10)
    desk.cancel(desk.stop_of().cl_ord_id)
    before = len(desk.requests(NewOrder))
    time_passes(desk, theirs, refuses=refuses)
    assert len(desk.requests(NewOrder)) == before + 1
    told = only(desk.events(ev.LessAtVenue))
    assert (told.ours, told.theirs) == (D(10), D(theirs))
    assert len(desk.requests(QueryAccount)) < 25, "and it is not compared as fast as it was"


def test_a_stop_is_placed_again_as_soon_as_the_break_is_over_or_another() -> None:
    desk = desk_with(ALL)
    desk.cancel(desk.stop_of().cl_ord_id)
    time_passes(desk, 0, refuses=False)
    before = len(desk.requests(NewOrder))
    compare(desk, 4)
    assert only(desk.requests(NewOrder)[before:]).order_qty == D(10)
    desk.cancel(desk.sent())
    assert len(desk.events(ev.LessAtVenue)) == 2
    compare(desk, 4)
    assert desk.stop_of().order_qty == D(4), "the venue ended one for more than it holds"
    desk.accept(desk.sent())
    compare(desk, 10)
    assert desk.requests(ReplaceOrder)[-1].order_qty == D(10)


def test_a_fill_that_comes_while_the_break_is_open_is_protected() -> None:
    desk = desk_with(ALL)
    late = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(late)
    desk.cancel(desk.stop_of().cl_ord_id)
    compare(desk, 0)
    desk.cancel(desk.sent())
    assert desk.events(ev.LessAtVenue)
    desk.wait(60 * S)
    before = len(desk.requests(NewOrder))
    desk.fill(late, 5, "99.90")
    assert only(desk.requests(NewOrder)[before:]).order_qty == D(15)


def test_an_order_that_we_called_back_shows_nothing_about_the_venue() -> None:
    desk = desk_with(ALL)
    compare(desk, 0)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.events(ev.LessAtVenue) == []


def test_an_order_that_never_got_there_shows_nothing_about_the_venue() -> None:
    desk = Desk(setup(can=ALL))
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 10)
    compare(desk, 0)
    desk.step(VenueFailed(A, desk.stop_of().cl_ord_id, ReachedVenue.NO, "no way there"))
    assert desk.events(ev.LessAtVenue) == []


def test_a_stop_that_ends_where_the_books_agree_is_placed_again() -> None:
    desk = desk_with(ALL)
    desk.cancel(desk.stop_of().cl_ord_id)
    compare(desk, 10)
    assert desk.events(ev.LessAtVenue) == []
    assert desk.stop_of().order_qty == D(10)


def test_where_an_exit_could_open_a_position_it_closes_what_a_break_says_is_there() -> None:
    desk = desk_with(WITHOUT)
    compare(desk, 4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 4)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    order = desk.requests(NewOrder)[-1]
    assert (order.ord_type, order.order_qty) == (OrdType.MARKET, D(4))


@pytest.mark.parametrize(("qty", "is_denied"), [(4, False), (5, True)])
def test_the_gate_lets_out_no_reducing_order_beyond_what_a_break_says_is_there(qty: int, is_denied: bool) -> None:
    desk = desk_with(WITHOUT)
    stop = desk.stop_of().cl_ord_id
    compare(desk, 4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 4)
    desk.cancel(stop)
    desk.direct(SELL, qty, reduce_only=True)
    denied = [event for event in desk.records[-1].events if isinstance(event, ev.OrderDenied)]
    assert bool(denied) is is_denied
