"""Each test is a bug that a random world found, in the smallest scenario that shows it."""

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.inputs import CompareAccounts, ResolveBreak, VenueFailed
from coxswain.messages.requests import CancelOrder, NewOrder, ReplaceOrder
from coxswain.model.algo import Algo
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.firm import CopyRule, Permission
from coxswain.model.orders import Trail, VenueOrder, VenuePosition
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import (
    ClOrdId,
    OrdStatus,
    OrdType,
    ProtectionPolicy,
    ReachedVenue,
    Resolution,
    Role,
    TradingState,
    VenueOrderId,
    VenueTier,
)
from tests.asking import release, stop
from tests.unit.core.desk import BUY, SHARE, WELL, A, D, Desk, S, account, only, setup
from tests.unit.core.firm_desk import MES, FirmDesk, firm_setup, rules, under

FROZEN = Scope(ScopeKind.ACCOUNT, A)


def test_an_order_is_proved_absent_where_a_difference_is_lived_with() -> None:
    """Found by world 148: the position never seemed to agree, so the order was asked for without end."""
    desk = Desk()
    desk.hold(10)
    theirs = (VenuePosition(SHARE, D(15)),)
    desk.step(CompareAccounts("asked", (A,)))
    desk.wait(S)
    desk.books(positions=theirs)
    desk.step(ResolveBreak(A, "A:position:SHARE", Resolution.IGNORE, "it is somebody else's", "ann"))
    desk.wait(S)
    desk.books(positions=theirs)
    assert desk.account().state is TradingState.ACTIVE
    desk.direct(qty=5)
    lost = desk.sent()
    desk.step(VenueFailed(A, lost, ReachedVenue.MAYBE, "no answer"))
    desk.look(lost, held=15, as_of_ns=desk.now_ns)
    desk.wait(3 * S)
    desk.look(lost, held=15, as_of_ns=desk.now_ns)
    assert desk.events(ev.OrderResent), "two looks found nothing, and the position is as it should be"


def test_a_stop_adjustment_of_what_is_frozen_is_refused_and_the_level_stays_where_the_order_is() -> None:
    desk = Desk()
    desk.hold(10, stop_loss="95.00")
    desk.step(stop(StopLevel.FREEZE, FROZEN))
    record = desk.adjust(stop_loss="97.00")
    proposed = only([event for event in record.events if isinstance(event, ev.PlanProposed)])
    (failed,) = [check for check in proposed.plan.assignments[0].checks if not check.passed]
    assert failed.code == "TRADING_STATE"
    assert desk.position().stop_px == desk.stop_of().stop_px == D("95.00")


def test_a_stop_that_follows_the_market_waits_where_it_is_frozen_and_catches_up_when_it_is_released() -> None:
    desk = Desk(setup(trail_step_ticks=1))
    desk.hold(10, stop_loss="95.00", trailing_stop=Trail(D("5.00")))
    desk.step(stop(StopLevel.FREEZE, FROZEN))
    desk.quote(SHARE, "110.00", "110.02")
    assert desk.position().stop_px == desk.stop_of().stop_px
    desk.step(release(FROZEN))
    desk.quote(SHARE, "110.00", "110.02")
    assert desk.position().stop_px == D("105.00")


def test_a_stop_is_not_called_back_to_be_placed_anew_where_the_new_one_could_not_leave() -> None:
    """A venue that changes no orders: the old stop stays until the new one may go."""
    desk = Desk(setup(can=Capabilities(VenueTier.T1, True, True, False)))
    entry = desk.enter(10, stop_loss="95.00")
    desk.accept(entry)
    desk.fill(entry, 4)
    leg = desk.position().stop_id
    assert leg is not None
    desk.accept(leg)
    desk.step(stop(StopLevel.FREEZE, FROZEN))
    desk.fill(entry, 6)
    assert not desk.order(leg).cancel_wanted, "frozen, nothing takes its place"
    desk.step(release(FROZEN))
    assert desk.order(leg).cancel_wanted
    desk.cancel(leg)
    assert desk.requests(NewOrder)[-1].order_qty == D(10)


def test_a_spread_that_ended_is_on_no_side_in_a_firms_books() -> None:
    """Found by world 56: legs that had only waited faced others for ever, and rules on hedging counted them."""
    book = rules(copy=CopyRule(own_accounts=Permission.ALLOW))
    desk = FirmDesk(firm_setup(under(A, book), sets=(book,)))
    legs = ({"symbol": SHARE, "side": "BUY", "ratio": D(1)}, {"symbol": MES, "side": "SELL", "ratio": D(1)})
    limit = {"max_unhedged_value": D(1_000_000), "max_unhedged_s": 5, "on_legging_limit": "unwind"}
    desk.signal(quantity=2, legs=legs, legging=limit)
    assert desk.book().facing == {"SHARE": [1, 0], "MES": [0, 1]}
    desk.step(stop(StopLevel.HALT, FROZEN))
    desk.cancel(desk.sent())
    assert desk.events(ev.SpreadEnded)
    assert desk.book().facing == {"SHARE": [0, 0], "MES": [0, 0]}


def test_an_order_that_is_adopted_counts_in_a_firms_books_at_once() -> None:
    """Found by world 3124: its lots were not counted before something else moved the position."""
    book = rules()
    desk = FirmDesk(firm_setup(under(A, book), sets=(book,)))
    theirs = VenueOrder(ClOrdId("hand-1"), VenueOrderId("v9"), SHARE, BUY, OrdStatus.NEW, D(3), D(0), D("99.00"))
    desk.step(CompareAccounts("asked", (A,)))
    desk.wait(S)
    desk.books(orders=(theirs,))
    desk.step(ResolveBreak(A, "A:order:hand-1", Resolution.ADOPT, "it is ours", "ann"))
    desk.wait(S)
    desk.books(orders=(theirs,))
    assert desk.book().lots == D(3)
    assert desk.book().facing == {"SHARE": [1, 0]}


def test_a_stop_and_the_exit_in_its_place_that_are_both_denied_are_tried_again_after_a_gap() -> None:
    """Found by world 700024: closing was due again in the very instant in which it was denied: the engine failed."""
    spec = msgspec.structs.replace(account(A), protection_policy=ProtectionPolicy.FLATTEN)
    desk = Desk(setup(spec))
    desk.hold(10)
    unwell = msgspec.structs.replace(WELL, disk_headroom=False)
    desk.step(unwell)
    desk.adjust(stop_loss="97.00")
    desk.wait(0)
    closing = desk.events(ev.ExitStarted)
    assert len(closing) == 1
    assert desk.events(ev.ExitEnded)[-1].reason == "our own gate denied the exit order"
    desk.wait(S)
    assert len(desk.events(ev.ExitStarted)) == 1
    desk.wait(S)
    assert len(desk.events(ev.ExitStarted)) == 2
    desk.step(WELL)
    desk.wait(4 * S)
    desk.cancel(desk.stop_of().cl_ord_id)  # it gives way
    assert desk.requests(NewOrder)[-1].ord_type is OrdType.MARKET


def test_a_cancel_of_an_order_that_only_seemed_lost_is_asked_for_again() -> None:
    """Found by world 577: a look-up was wrong, the books were right, and the cancel that was lost too stayed lost."""
    desk = Desk()
    desk.hold(10, stop_loss="95.00")
    leg = desk.stop_of().cl_ord_id
    desk.exit()
    assert desk.order(leg).cancel_pending, "protection makes room"
    desk.wait(6 * S)  # nobody answers
    desk.look(leg, held=0)
    assert [found.kind for found in desk.account().breaks.values()] == ["ORDER_MISSING_AT_VENUE"]
    desk.books()
    assert desk.account().breaks == {}
    asked = len(desk.requests(CancelOrder))
    desk.look(leg, OrdStatus.NEW)
    assert len(desk.requests(CancelOrder)) == asked + 1, "it works, and is still to be cancelled"
    desk.cancel(leg)
    assert desk.order(desk.sent()).intent.role is Role.EXIT


def test_closing_what_cannot_be_closed_waits_a_while_although_its_levels_were_set_anew() -> None:
    """Found by world 78: an algorithm's exit gave way, its levels came back, and the same instant tried without end."""
    flatten = msgspec.structs.replace(account(A), protection_policy=ProtectionPolicy.FLATTEN)
    desk = Desk(setup(flatten))
    desk.hold(10, stop_loss="95.00", take_profit="110.00")
    more = desk.enter(5, order_type=OrdType.LIMIT, limit_price="99.00", stop_loss="94.00")
    desk.accept(more)
    peg = Algo("peg", '{"horizon_s": 60, "reference": "ask"}')
    desk.exit(algo=peg)
    for role in (desk.stop_of().cl_ord_id, desk.target_of().cl_ord_id):
        if desk.order(role).replace_pending is not None:
            desk.replace(desk.requests(ReplaceOrder)[-1].cl_ord_id, 10)
    desk.step(stop(StopLevel.FREEZE, FROZEN))
    desk.fill(more, 5, "99.00")
    denied = [event for event in desk.events(ev.ProtectionFailed) if event.closes]
    assert denied, "the stop may not grow while all is frozen, and so all is to be closed"
    desk.wait(0)
    desk.step(release(FROZEN))
    assert desk.position().qty == 15


def test_a_balance_that_is_adopted_beside_a_loss_that_is_written_off_moves_by_what_is_left() -> None:
    """Found by world 3057: the difference was from before the loss, so what came in was not what the event said."""
    desk = Desk()
    desk.hold(10)
    desk.step(CompareAccounts("asked", (A,)))
    desk.wait(S)
    balance = desk.account().balance
    assert balance is not None
    desk.books(positions=(), balance=balance + 15)
    desk.step(ResolveBreak(A, "A:position:SHARE", Resolution.WRITE_OFF, "it is gone", "ann", D(90)))
    desk.step(ResolveBreak(A, "A:balance", Resolution.ADOPT, "paid in", "ann"))
    desk.wait(S)
    desk.books(positions=(), balance=balance + 15)
    (adjusted,) = desk.events(ev.BalanceAdjusted)
    lost = [event.realized for event in desk.events(ev.PositionChanged)][-1]
    assert lost < 0
    assert adjusted.difference == 15 - lost
    assert desk.account().balance == adjusted.balance == balance + 15


def test_an_algorithm_does_not_begin_once_its_signal_is_dead() -> None:
    """Found by world 3114: a process that stood still woke to a release, and worked a signal that was long over."""
    desk = Desk(setup(min_timing_variance_ms=1_000, max_timing_variance_ms=1_000))
    desk.signal(quantity=10, ttl_s=5, stop_loss="95.00", algo=Algo("twap", '{"horizon_s": 60, "slices": 2}'))
    desk.now_ns += 60 * S
    desk.quote(SHARE, "100.00", "100.02")
    desk.wait(0)
    assert desk.events(ev.AlgoStarted) == []
    denied = only(desk.events(ev.OrderDenied))
    assert [check.code for check in denied.checks if not check.passed] == ["SIGNAL_AGE"]
