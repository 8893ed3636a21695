"""Parent orders that an algorithm works: children through the gate, exact totals, restarts, ends."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import SessionChanged, StopTrading
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.algo import Algo
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.vocabulary import ClOrdId, OrdStatus, OrdType, Role, SignalId, SignalKind, TimeInForce
from coxswain.views.explain import Explainer
from coxswain.views.plans import Outcome
from tests.unit.core.desk import BUY, LIMIT, SELL, SHARE, A, D, Desk, S, account, setup


def algo(name: str, **params: Any) -> Algo:
    return Algo(name, msgspec.json.encode(params, order="sorted").decode())


TWAP = algo("twap", horizon_s=40, slices=4)
PEG = algo("peg", horizon_s=60, reference="bid", interval_s=2)
POST = algo("post_then_cross", post_s=10, cross_s=5)


class AlgoDesk(Desk):
    """A desk that answers for the children of a parent."""

    def sent_child(self) -> ClOrdId:
        return children(self)[-1].cl_ord_id

    def take(self, qty: str | int | None = None) -> None:
        """Fill the last child, or part of it, and end what was not filled."""
        child = self.sent_child()
        self.accept(child)
        filled = self.order(child).order_qty if qty is None else D(qty)
        if filled:
            self.fill(child, str(filled))
        if qty is not None:
            self.cancel(child)
        self.settle()

    def settle(self) -> None:
        """Answer what protection asked for."""
        for leg_id in (self.position().stop_id, self.position().target_id):
            if leg_id is None:
                continue
            leg = self.order(leg_id)
            if leg.phase is Phase.PENDING_NEW:
                self.accept(leg_id)
            if leg.replace_pending is not None:
                self.replace(leg.replace_pending.cl_ord_id, str(leg.replace_pending.order_qty))
            if leg.cancel_pending:
                self.cancel(leg_id)

    def show_books(self) -> None:
        """Answer all that a start asks."""
        for cl_ord_id in tuple(self.account().open_orders):
            self.look(cl_ord_id, OrdStatus.NEW)
        self.books()
        self.wait(0)


def work(desk: Desk, how: Algo, qty: str | int = 40, **fields: Any) -> None:
    fields.setdefault("stop_loss", "95.00")
    fields.setdefault("accounts", (A,))
    desk.signal(quantity=qty, algo=how, id="p", **fields)


def fresh(desk: Desk, seconds: int, bid: str = "100.00", ask: str = "100.02") -> None:
    """Let time pass in a market that is quoted each second, and does not move but to where it is said."""
    for _ in range(seconds):
        desk.quote(SHARE, bid, ask)
        desk.wait(S)


def children(desk: Desk, role: Role = Role.ENTRY) -> list[NewOrder]:
    return [r for r in desk.requests(NewOrder) if desk.order(r.cl_ord_id).intent.role is role]


def ended(desk: Desk) -> ev.AlgoEnded:
    (event,) = desk.events(ev.AlgoEnded)
    return event


def test_each_slice_is_a_child_that_crosses_and_together_they_are_the_share() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    for _ in range(4):
        desk.take()
        fresh(desk, 10)
    assert [child.order_qty for child in children(desk)] == [10, 10, 10, 10]
    assert {(child.ord_type, child.time_in_force) for child in children(desk)} == {(OrdType.LIMIT, TimeInForce.IOC)}
    assert (ended(desk).cum_qty, ended(desk).left_qty, ended(desk).reason) == (D(40), D(0), "all of it is filled")
    assert desk.position().qty == 40
    assert desk.stop_of().order_qty == 40


def test_what_a_child_did_not_get_is_part_of_the_next_one() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    desk.take(4)
    fresh(desk, 1)
    assert [child.order_qty for child in children(desk)] == [10, 6]
    desk.take(0)
    fresh(desk, 9)
    assert [child.order_qty for child in children(desk)][2:] == [6]
    assert desk.events(ev.CompletionScheduled) == []


def test_a_child_that_was_not_heard_of_holds_the_next_one_back() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    fresh(desk, 35)
    assert len(children(desk)) == 1
    share = desk.engine.state.plans[SignalId("p")].shares[A]
    assert share.used == 10


def test_a_restart_catches_up_exactly() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    desk.take()
    after = desk.restarted()
    after.now_ns += 25 * S
    after.quote(SHARE, "100.00", "100.02")
    after.show_books()
    fresh(after, 2)
    assert [child.order_qty for child in children(after)] == [10, 20]
    after.take()
    fresh(after, 10)
    after.take()
    assert after.position().qty == 40


def test_after_its_end_nothing_is_sent_even_by_a_restart() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    desk.take()
    after = desk.restarted()
    after.now_ns += 60 * S
    after.quote(SHARE, "100.00", "100.02")
    after.show_books()
    fresh(after, 5)
    assert len(children(after)) == 1
    assert (ended(after).left_qty, ended(after).reason) == (D(30), "its time is over")


def test_an_algorithm_may_work_longer_than_its_signal_lives_but_must_begin_before_it_dies() -> None:
    desk = AlgoDesk()
    work(desk, algo("twap", horizon_s=600, slices=2), ttl_s=30)
    desk.take()
    fresh(desk, 300)
    desk.take()
    assert ended(desk).cum_qty == 40


@pytest.mark.parametrize(
    ("level", "scope"),
    [
        (StopLevel.PAUSE, Scope(ScopeKind.ACCOUNT, A)),
        (StopLevel.HALT, Scope(ScopeKind.EVERYTHING)),
        (StopLevel.FREEZE, Scope(ScopeKind.STRATEGY, "s")),
        (StopLevel.HALT, Scope(ScopeKind.INSTRUMENT, SHARE)),
    ],
)
def test_a_stop_at_any_scope_ends_it(level: StopLevel, scope: Scope) -> None:
    desk = AlgoDesk()
    work(desk, TWAP, strategy="s")
    desk.take()
    desk.step(StopTrading(level, scope, "a look", "me"))
    fresh(desk, 10)
    assert len(children(desk)) == 1
    assert ended(desk).left_qty == 30
    assert "a look" in ended(desk).reason
    assert desk.account().planned_risk == 0


def test_a_flatten_takes_the_place_of_an_exit_in_parts() -> None:
    desk = AlgoDesk()
    desk.hold(40)
    leave(desk, TWAP)
    let_go(desk)
    fresh(desk, 1)
    desk.step(StopTrading(StopLevel.FLATTEN, Scope(ScopeKind.EVERYTHING), "out", "me"))
    desk.settle()
    assert ended(desk).cum_qty == 10
    assert children(desk, Role.EXIT)[-1].order_qty == 30


def test_an_exit_of_everything_ends_it_and_calls_its_child_back() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    desk.take()
    fresh(desk, 10)
    child = desk.sent_child()
    desk.exit()
    assert child in [request.cl_ord_id for request in desk.requests(CancelOrder)]
    assert ended(desk).reason == "the position is being closed"
    fresh(desk, 60)
    assert len(children(desk)) == 2
    assert desk.account().planned_risk == 0


def test_while_the_books_are_compared_or_the_session_is_closed_it_waits_and_then_catches_up() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    desk.take()
    desk.step(SessionChanged((SHARE,), False))
    fresh(desk, 21)
    assert len(children(desk)) == 1
    assert desk.events(ev.OrderDenied) == []
    desk.step(SessionChanged((SHARE,), True))
    fresh(desk, 2)
    assert [child.order_qty for child in children(desk)] == [10, 20]


def test_a_venue_that_rejects_child_after_child_ends_it_and_no_other_account_takes_over() -> None:
    desk = AlgoDesk(setup(account(A), account("B")))  # type: ignore[arg-type]
    work(desk, algo("twap", horizon_s=40, slices=1))
    for _ in range(5):
        desk.reject(desk.sent_child())
        fresh(desk, 1)
    fresh(desk, 60)
    assert len(children(desk)) == 5
    assert "5 children in a row were refused" in ended(desk).reason
    assert not desk.events(ev.RecoveryAssigned)
    assert not desk.events(ev.RecoveryFailed)


def test_a_child_that_our_gate_denies_is_tried_again_only_so_often() -> None:
    desk = AlgoDesk(setup(account(A, max_open_orders=2)))
    work(desk, TWAP)
    desk.take()
    desk.accept(desk.direct(BUY, 1, price="99.00").requests[0].cl_ord_id)  # type: ignore[union-attr]
    fresh(desk, 30)
    assert len(children(desk)) == 1
    assert ended(desk).reason == "5 children in a row were refused"
    assert len(desk.events(ev.OrderDenied)) == 5


def test_what_it_has_not_sent_yet_stays_planned_risk() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    whole = desk.account().planned_risk + desk.account().held_risk
    desk.take()
    assert desk.account().planned_risk == D("150.6")  # 30 lots from 100.02 to 95
    assert desk.account().held_risk == 0
    assert whole == D("200.8")


def test_the_stop_that_was_moved_meanwhile_is_not_moved_back_by_the_next_child() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    desk.take()
    desk.accept(desk.stop_of().cl_ord_id)
    desk.adjust(stop_loss="97.00")
    fresh(desk, 10)
    desk.take()
    assert desk.position().stop_px == D("97")


# --- orders that stand ------------------------------------------------------------------------------------------------


def test_a_peg_follows_the_market_and_sends_the_new_child_only_when_the_old_one_is_over() -> None:
    desk = AlgoDesk()
    work(desk, PEG)
    first = desk.sent_child()
    desk.accept(first)
    assert children(desk)[-1].price == D("100.00")
    assert children(desk)[-1].time_in_force is TimeInForce.DAY
    fresh(desk, 3, "100.05", "100.07")
    assert desk.order(first).cancel_wanted
    assert len(children(desk)) == 1
    desk.fill(first, 15, "100.00")
    desk.cancel(first)
    assert [(child.order_qty, child.price) for child in children(desk)] == [(D(40), D("100")), (D(25), D("100.05"))]


def test_at_its_end_a_peg_is_called_back() -> None:
    desk = AlgoDesk()
    work(desk, PEG)
    child = desk.sent_child()
    desk.accept(child)
    fresh(desk, 61)
    assert desk.order(child).cancel_wanted
    assert ended(desk).left_qty == 40
    desk.cancel(child)
    fresh(desk, 5)
    assert len(children(desk)) == 1


def test_an_iceberg_shows_one_tip_after_the_other() -> None:
    desk = AlgoDesk()
    work(desk, algo("iceberg", horizon_s=60, display_qty=15), order_type=LIMIT, limit_price="99.90")
    for qty in (15, 15, 10):
        child = desk.sent_child()
        assert (desk.order(child).order_qty, desk.order(child).price) == (D(qty), D("99.9"))
        desk.accept(child)
        desk.fill(child, qty, "99.90")
    assert ended(desk).left_qty == 0


def test_it_posts_then_calls_back_and_only_then_crosses_the_rest() -> None:
    desk = AlgoDesk()
    work(desk, POST)
    posted = desk.sent_child()
    desk.accept(posted)
    desk.fill(posted, 12, "100.00")
    desk.settle()
    fresh(desk, 11)
    assert desk.order(posted).cancel_wanted
    assert len(children(desk)) == 1
    desk.cancel(posted)
    crossing = children(desk)[-1]
    assert (crossing.order_qty, crossing.ord_type, crossing.time_in_force) == (D(28), OrdType.LIMIT, TimeInForce.IOC)
    desk.take()
    assert ended(desk).reason == "all of it is filled"


def test_a_limit_of_the_signal_bounds_what_crosses() -> None:
    desk = AlgoDesk()
    work(desk, TWAP, order_type=LIMIT, limit_price="100.01")
    child = children(desk)[-1]
    assert (child.ord_type, child.price, child.time_in_force) == (OrdType.LIMIT, D("100.01"), TimeInForce.IOC)


# --- exits ------------------------------------------------------------------------------------------------------------


def leave(desk: Desk, how: Algo, **fields: Any) -> None:
    desk.signal(SignalKind.EXIT, algo=how, id="x", **fields)


def let_go(desk: AlgoDesk) -> None:
    """Answer what protection was asked to change, and fill the exit order that follows."""
    desk.settle()
    out = children(desk, Role.EXIT)[-1]
    desk.accept(out.cl_ord_id)
    desk.fill(out.cl_ord_id, str(out.order_qty), "100.00")


def test_an_exit_in_slices_keeps_the_rest_protected() -> None:
    desk = AlgoDesk()
    desk.hold(40)
    leave(desk, TWAP)
    for left in (30, 20, 10):
        let_go(desk)
        assert desk.position().qty == left
        assert desk.stop_of().order_qty == left
        fresh(desk, 10)
    let_go(desk)
    assert desk.position().qty == 0
    assert [child.order_qty for child in children(desk, Role.EXIT)] == [10, 10, 10, 10]
    assert (ended(desk).cum_qty, ended(desk).left_qty) == (D(40), D(0))


def test_a_plain_exit_takes_the_place_of_one_in_slices() -> None:
    desk = AlgoDesk()
    desk.hold(40)
    leave(desk, TWAP)
    let_go(desk)
    fresh(desk, 2)
    desk.exit()
    assert ended(desk).reason == "another exit takes its place"
    desk.cancel(desk.stop_of().cl_ord_id)
    out = children(desk, Role.EXIT)[-1]
    assert out.order_qty == 30


def test_an_exit_that_ends_unfinished_leaves_the_rest_protected() -> None:
    desk = AlgoDesk()
    desk.hold(40)
    leave(desk, TWAP)
    let_go(desk)
    after = desk.restarted()
    after.now_ns += 100 * S
    after.show_books()
    fresh(after, 2)
    assert ended(after).left_qty == 30
    assert after.position().leaving is None
    assert after.stop_of().order_qty == 30


def test_an_exit_that_posts_stands_in_the_place_of_the_target_and_the_stop_stays() -> None:
    desk = AlgoDesk()
    desk.hold(40, take_profit="110.00")
    leave(desk, POST)
    target = desk.target_of()
    assert target.replace_pending is not None
    assert target.replace_pending.price == D("100.02")
    assert desk.stop_of().order_qty == 40
    desk.replace(target.replace_pending.cl_ord_id, 40)
    desk.fill(target.cl_ord_id, 40, "100.02")
    assert desk.position().qty == 0
    assert (ended(desk).cum_qty, ended(desk).reason) == (D(40), "all of it is filled")


def test_an_exit_that_posted_in_vain_crosses() -> None:
    desk = AlgoDesk()
    desk.hold(40, take_profit="110.00")
    leave(desk, POST)
    target = desk.target_of()
    assert target.replace_pending is not None
    desk.replace(target.replace_pending.cl_ord_id, 40)
    fresh(desk, 11)
    for _ in range(3):
        desk.settle()
    out = children(desk, Role.EXIT)[-1]
    assert out.order_qty == 40
    desk.fill(out.cl_ord_id, 40, "100.00")
    assert ended(desk).left_qty == 0


def test_a_target_that_was_moved_for_an_exit_goes_back_when_the_exit_ends_without_a_fill() -> None:
    desk = AlgoDesk()
    desk.hold(40, take_profit="110.00")
    leave(desk, PEG)
    target = desk.target_of()
    assert target.replace_pending is not None
    desk.replace(target.replace_pending.cl_ord_id, 40)
    fresh(desk, 62)
    assert ended(desk).left_qty == 40
    assert desk.position().target_px == D("110")


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "fields", "said"),
    [
        (Algo("teleport"), {}, "ALGO_UNKNOWN: algo=teleport, wanted=one of iceberg, implementation_shortfall, peg"),
        (algo("twap"), {}, "missing required field `horizon_s`"),
        (algo("twap", horizon_s=0), {}, "horizon_s: 0 is out of range; wanted 1 to 86400"),
        (algo("twap", horizon_s=10, pieces=3), {}, "unknown field `pieces`"),
        (TWAP, {"time_in_force": TimeInForce.FOK}, "ALGO_TIME_IN_FORCE: time_in_force=FOK, wanted=DAY or GTC"),
        (TWAP, {"order_type": OrdType.STOP, "limit_price": "101.00"}, "ALGO_ORDER_TYPE: order_type=STOP"),
        (algo("iceberg", horizon_s=10, display_qty=1), {}, "order_type LIMIT and a limit_price"),
        (algo("vwap", horizon_s=10), {}, "a volume curve"),
        (algo("pov", horizon_s=10), {}, "ALGO_LACKS: algo=pov, wanted=a feed that says what the market has traded"),
    ],
)
def test_a_signal_whose_algorithm_cannot_work_is_refused_with_what_is_wanted(
    how: Algo, fields: dict[str, Any], said: str
) -> None:
    desk = AlgoDesk()
    work(desk, how, **fields)
    (denied,) = desk.events(ev.SignalDenied)
    assert said in "; ".join(denied.reasons)


def test_an_exit_can_be_worked_by_what_leaves_all_or_crosses_and_by_nothing_else() -> None:
    desk = AlgoDesk()
    desk.hold(40)
    leave(desk, algo("iceberg", horizon_s=10, display_qty=1))
    desk.signal(SignalKind.EXIT, algo=POST, quantity=10)
    said = [reason for denied in desk.events(ev.SignalDenied) for reason in denied.reasons]
    assert any("ALGO_ON_EXIT: algo=iceberg" in reason for reason in said)
    assert any("ALGO_ON_EXIT: quantity=10" in reason for reason in said)


# --- what people see --------------------------------------------------------------------------------------------------


def test_explain_shows_what_was_sent_what_is_left_and_when_it_is_asked_again() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    desk.take()
    explainer = Explainer()
    for record in desk.records:
        explainer.apply(record)
    shown = explainer.explain("p")
    assert shown is not None
    result = shown.decisions[0].account.result
    assert result is not None
    assert (result.outcome, result.success, result.filled_qty) == (Outcome.PARTIAL, None, D(10))
    lines = " ".join(line.text for line in shown.timeline)
    assert "twap begins to work BUY 40 SHARE on A until" in lines
    assert "10 should be out on A by now: 0 filled, 0 open; asked again at" in lines


def test_the_result_of_a_share_in_parts_is_that_of_all_its_parts() -> None:
    desk = AlgoDesk()
    work(desk, TWAP)
    for _ in range(4):
        desk.take()
        fresh(desk, 10)
    explainer = Explainer()
    for record in desk.records:
        explainer.apply(record)
    shown = explainer.explain("p")
    assert shown is not None
    result = shown.decisions[0].account.result
    assert result is not None
    assert (result.outcome, result.success, result.filled_qty) == (Outcome.FILLED, True, D(40))


def test_a_journal_with_an_algorithm_folds_and_replays_to_the_same() -> None:
    desk = AlgoDesk()
    work(desk, POST)
    desk.accept(desk.sent_child())
    fresh(desk, 3, "100.05", "100.07")
    assert desk.folded().engine.digest() == desk.engine.digest()
    assert SELL not in {child.side for child in children(desk)}
    assert Decimal(0) < sum(child.order_qty for child in children(desk))
