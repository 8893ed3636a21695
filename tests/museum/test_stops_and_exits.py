"""Museum: stops that let something in, or let nothing out. What happened then, and what happens here."""

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.market import Session
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import OrdStatus, OrdType, Role, SignalId, TimeInForce, TradingState
from tests.asking import pause, release, stop
from tests.unit.core.desk import BUY, SELL, SHARE, SHARES, A, D, Desk, S, setup


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def test_an_exit_refused_in_a_reserved_market_leaves_the_stop() -> None:
    """The exit refused in a reserved market, as told.

    Then: an exit was refused because its market was reserved.
    Here: protection gives way only to an exit that may leave, and the exit leaves when trading goes on.
    """
    desk = Desk()
    desk.hold(10)
    desk.step(inp.TradingHalted(SHARE, True, "reserved"))
    desk.exit()
    assert desk.requests(CancelOrder) == []
    assert (desk.stop_of().order_qty, desk.stop_of().cancel_wanted) == (D(10), False)
    desk.step(inp.TradingHalted(SHARE, False, "continuous again"))
    desk.quote(SHARE, "100.00", "100.02")
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.order(desk.sent()).intent.role is Role.EXIT


def test_a_good_till_order_does_not_survive_a_stop_in_a_closed_market() -> None:
    """Good-till orders that survive a stop in a closed market, as told.

    Then: orders good till cancelled survived a stop that was given while their market was closed.
    Here: a cancel is asked for until the order is over, through a restart, and the stop stands until a person resumes.
    """
    session = Session("UTC", (0, 1, 2, 3, 4), "00:00", "23:00")
    desk = Desk(setup(instruments=(msgspec.structs.replace(SHARES, sessions=(session,)),)), begin=False)
    desk.start()
    desk.step(inp.SessionChanged((SHARE,), True))
    desk.quote(SHARE, "100.00", "100.02")
    desk.direct(BUY, 10, price="99.00", stop_loss="95.00", tif=TimeInForce.GTC)
    order = desk.sent()
    desk.accept(order)
    desk.step(inp.SessionChanged((SHARE,), False))
    desk.step(stop(StopLevel.HALT, EVERYTHING))
    for _ in range(3):
        desk.refuse(order, text="the market is closed")
        desk.look(order, OrdStatus.NEW)
        desk.wait(600 * S)
        desk.look(order, OrdStatus.NEW)
    asked = len(desk.requests(CancelOrder))
    assert asked >= 3
    desk = desk.restarted()
    desk.look(order, OrdStatus.NEW)
    desk.books()
    desk.wait(600 * S)
    desk.look(order, OrdStatus.NEW)
    assert desk.order(order).cancel_wanted
    assert len(desk.requests(CancelOrder)) > asked
    assert desk.account().state is TradingState.REDUCING
    desk.cancel(order)
    assert desk.order(order).ended_as is OrdStatus.CANCELED


@pytest.mark.parametrize("reduce_only", [False, True])
def test_a_flat_account_that_only_reduces_opens_nothing(reduce_only: bool) -> None:
    """A REDUCING state that lets a flat account open, as told.

    Then: a state that was to let nothing but reductions out let a flat account open a position.
    Here: what may leave has to reduce provably, and on a flat account nothing does.
    """
    desk = Desk()
    desk.step(pause(A))
    for side in (BUY, SELL):
        desk.direct(side, 10, name=f"{side}", reduce_only=reduce_only, stop_loss=None)
    assert desk.requests(NewOrder) == []
    assert codes(desk).count("TRADING_STATE") == 2


@pytest.mark.parametrize(("qty", "reduce_only", "sent"), [(10, True, 1), (11, True, 0), (20, True, 0), (10, False, 0)])
def test_an_order_that_reduces_does_not_flip(qty: int, reduce_only: bool, sent: int) -> None:
    """A reducing order that flips, as told.

    Then: an order that was let out because it reduces turned the position over.
    Here: one that is larger than what is held and free is refused whole, and so is one that does not say it reduces.
    """
    desk = Desk()
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.step(pause(A))
    before = len(desk.requests(NewOrder))
    desk.direct(SELL, qty, name="out", reduce_only=reduce_only)
    assert len(desk.requests(NewOrder)) - before == sent


def test_what_is_halted_still_lets_a_person_close() -> None:
    """A HALTED state that denies the closing order, as told.

    Then: a halted state denied the very order that would have closed the position.
    Here: what a person sends to reduce leaves in a freeze, what a program sends waits, and nothing enters.
    """
    desk = Desk()
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.step(stop(StopLevel.FREEZE, EVERYTHING))
    assert desk.account().state is TradingState.HALTED
    intent = OrderIntent(
        A, SHARE, SELL, OrdType.MARKET, TimeInForce.DAY, D(10), Role.DIRECT, SignalId("by-hand"), reduce_only=True
    )
    sent = len(desk.requests(NewOrder))
    desk.step(inp.SubmitOrder(msgspec.structs.replace(intent, signal_id=SignalId("by-program"))))
    desk.direct(BUY, 10, name="in")
    assert len(desk.requests(NewOrder)) == sent
    desk.step(inp.SubmitOrder(intent, actor="ann"))
    assert len(desk.requests(NewOrder)) == sent + 1
    desk.fill(desk.sent(), 10, "100.00")
    assert desk.position().qty == 0
    desk.step(release(EVERYTHING))
    assert desk.account().state is TradingState.ACTIVE
