"""The egress guard: what a healthy engine sends passes, what was altered on the way does not, and what follows then."""

import ast
import inspect
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coxswain.core.state import find_order
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, ReplaceOrder, Request
from coxswain.model.keys import KEYS
from coxswain.model.orders import OrderIntent, Trail, VenuePosition
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdType, Resolution, Side, Symbol, TradingState, VenueTier
from coxswain.runtime import egress
from coxswain.runtime.egress import DEFAULTS, MESSAGE_SLACK, VALUE_SLACK, Guard
from tests.unit.core.desk import SHARE, A, B, D, S, account, setup
from tests.unit.core.desk import Desk as CoreDesk
from tests.unit.runtime.desk import Desk, entry


def guarding(desk: CoreDesk) -> Guard:
    """Return a guard that has seen a desk's records, and let out what they asked for, but for the last one's."""
    guard = Guard()
    for record in desk.records:
        guard.note(encode(record))
        if record is not desk.records[-1]:
            for request in record.requests:
                assert guard.refusal(request, record.now_ns) == ""
    return guard


def ordered(**limits: int) -> tuple[CoreDesk, NewOrder]:
    """A desk whose last record asks for an order of 10 shares at 100.02."""
    spec = msgspec.structs.replace(account(A), limits={key: Decimal(value) for key, value in limits.items()})
    desk = CoreDesk(setup(spec))
    record = desk.direct()
    (request,) = record.requests
    assert isinstance(request, NewOrder)
    return desk, request


def test_what_a_record_asks_for_leaves_once() -> None:
    desk, request = ordered()
    guard = guarding(desk)
    assert guard.refusal(request, desk.now_ns) == ""
    assert guard.refusal(request, desk.now_ns) == f"SENT_BEFORE: cl_ord_id={request.cl_ord_id}"


ALTERED: dict[str, Any] = {
    "account": AccountId("B"),
    "symbol": Symbol("EURUSD"),
    "side": Side.SELL,
    "ord_type": OrdType.MARKET,
    "time_in_force": "GTC",
    "order_qty": Decimal(11),
    "price": Decimal(101),
    "stop_px": Decimal(99),
    "reduce_only": True,
    "oco_group": "g",
    "expire_time_ns": 1,
    "trail": Trail(Decimal(1)),
}


def test_every_field_that_leaves_is_compared_with_the_event_that_says_why() -> None:
    """A field added to an order must be added to the guard, and here."""
    fields = set(NewOrder.__struct_fields__) - {"cl_ord_id"}
    assert fields == set(egress._Intent.__struct_fields__) == set(ALTERED)
    assert fields <= set(OrderIntent.__struct_fields__)


@pytest.mark.parametrize("field", ALTERED)
def test_an_order_that_differs_from_its_durable_intent_in_one_field_does_not_leave(field: str) -> None:
    desk, request = ordered()
    altered = msgspec.structs.replace(request, **{field: ALTERED[field]})
    assert guarding(desk).refusal(altered, desk.now_ns).startswith(f"NOT_AS_INTENDED: {field}=")


def test_what_its_venue_is_not_told_of_an_order_is_not_missed() -> None:
    can = Capabilities(VenueTier.T1, native_reduce_only=False, native_oco=False, native_replace=True)
    desk = CoreDesk(setup(can=can))
    until_ns = desk.now_ns + 10**11
    desk.signal(quantity=5, order_type="LIMIT", limit_price="99", time_in_force="GTD", expire_time_ns=until_ns)
    assert guarding(desk).refusal(desk.requests(NewOrder)[-1], desk.now_ns) == ""
    desk.fill(desk.enter(10), 10)
    assert guarding(desk).refusal(desk.requests(NewOrder)[-1], desk.now_ns) == ""


def test_how_a_stop_follows_the_market_is_compared_by_its_parts() -> None:
    can = Capabilities(VenueTier.T1, True, True, True, tuple(OrdType), native_trailing=True)
    desk = CoreDesk(setup(can=can))
    desk.fill(desk.enter(10, trailing_stop=Trail(Decimal(1))), 10)
    request = desk.requests(NewOrder)[-1]
    assert request.trail == Trail(Decimal(1))
    assert guarding(desk).refusal(request, desk.now_ns) == ""
    altered = msgspec.structs.replace(request, trail=Trail(Decimal(2)))
    assert guarding(desk).refusal(altered, desk.now_ns).startswith("NOT_AS_INTENDED: trail=")


def test_an_order_that_no_record_speaks_of_does_not_leave() -> None:
    desk, request = ordered()
    stranger = msgspec.structs.replace(request, cl_ord_id=ClOrdId("nobody-1"))
    assert guarding(desk).refusal(stranger, desk.now_ns) == "NO_DURABLE_INTENT: cl_ord_id=nobody-1"


@pytest.mark.parametrize("field", ["account", "symbol", "order_qty", "price", "stop_px"])
def test_a_change_that_differs_from_what_was_asked_for_does_not_leave(field: str) -> None:
    desk = CoreDesk()
    desk.fill(desk.enter(10), 10)
    stop = desk.sent()
    desk.accept(stop)
    (request,) = desk.adjust(stop_loss="96.00").requests
    assert isinstance(request, ReplaceOrder)
    guard = guarding(desk)
    value = {"account": AccountId("B"), "symbol": Symbol("X")}.get(field, Decimal(7))
    assert guard.refusal(msgspec.structs.replace(request, **{field: value}), desk.now_ns).startswith("NOT_AS_INTENDED")
    assert guard.refusal(request, desk.now_ns) == ""
    assert guard.refusal(request, desk.now_ns).startswith("NO_DURABLE_INTENT"), "once is enough"


def test_cancels_and_questions_always_leave() -> None:
    guard = Guard()
    assert guard.refusal(CancelOrder(A, ClOrdId("x"), SHARE), 0) == ""
    assert guard.refusal(QueryAccount(A, 0), 0) == ""


# --- limits -----------------------------------------------------------------------------------------------------------


def forged(desk: CoreDesk, request: NewOrder, **fields: Any) -> tuple[Guard, NewOrder]:
    """Return a guard and an order whose durable intent was forged too: only the guard's own sums can object."""
    guard = Guard()
    request = msgspec.structs.replace(request, **fields)
    for record in desk.records:
        body = msgspec.json.decode(encode(record))
        for event in body.get("events", ()):
            if event["type"] == "OrderCreated":
                event["intent"] |= msgspec.to_builtins(fields)
        guard.note(msgspec.json.encode(body))
    return guard, request


@pytest.mark.parametrize(("qty", "passes"), [(20, True), (21, False)])
def test_the_largest_order_is_known_to_the_guard_as_well(qty: int, passes: bool) -> None:
    desk, request = ordered(max_order_qty=20)
    guard, request = forged(desk, request, order_qty=Decimal(qty))
    assert (guard.refusal(request, desk.now_ns) == "") is passes


@pytest.mark.parametrize(("qty", "passes"), [(108, True), (109, False)])
def test_the_dearest_order_is_known_to_the_guard_as_well_with_some_slack(qty: int, passes: bool) -> None:
    """At 101.02, 108 shares are worth 10,910.16 and 109 are worth 11,011.18, of 10,000 and a tenth."""
    assert Decimal("1.1") == VALUE_SLACK
    desk, request = ordered(max_order_value=10_000)
    guard, request = forged(desk, request, order_qty=Decimal(qty))
    why = guard.refusal(request, desk.now_ns)
    assert (why == "") is passes
    assert passes or why.startswith("ORDER_VALUE: value=11011.18, limit=11000")


def test_limits_that_were_changed_since_the_start_count() -> None:
    desk, request = ordered(max_order_qty=20)
    guard, request = forged(desk, request, order_qty=Decimal(21))
    change = ev.LimitsChanged(1, "COMMAND", (ev.LimitChange(A, "max_order_qty", D(20), D(21)),), "ann", "more")
    guard.note(encode(Record(99, desk.now_ns, inp.TimePassed(), (change,))))
    assert guard.refusal(request, desk.now_ns) == ""


def test_more_messages_in_a_second_than_the_gate_would_ever_let_out_do_not_leave() -> None:
    desk, request = ordered(max_messages_per_s=2)
    guard = guarding(desk)
    (order,) = guard._orders.values()
    for _ in range(2 * MESSAGE_SLACK):
        order.may_leave = 1
        assert guard.refusal(request, desk.now_ns) == ""
    order.may_leave = 1
    assert guard.refusal(request, desk.now_ns + S - 1) == "MESSAGE_RATE: value=9, limit=8"
    assert guard.refusal(msgspec.structs.replace(request), desk.now_ns + S).startswith("SENT_BEFORE")
    order.may_leave = 1
    assert guard.refusal(request, desk.now_ns + S) == ""


def test_the_guards_defaults_are_those_of_the_configuration() -> None:
    known = {key: value for key, value in DEFAULTS.items() if key in KEYS}
    assert {key: KEYS[key].default for key in known} == known


def test_a_change_of_an_order_that_fills_in_the_same_record_leaves_and_halts_nobody() -> None:
    """Found by worlds with stops: a comparison asked for a larger target, then booked the fill that ended it."""
    desk = CoreDesk()
    entry_id = desk.enter(10, take_profit="110.00", order_type=OrdType.LIMIT, limit_price="100.02")
    desk.accept(entry_id)
    desk.fill(entry_id, 4)
    target = desk.target_of().cl_ord_id
    desk.accept(desk.stop_of().cl_ord_id)
    desk.accept(target)
    fills = (desk.venue_fill(entry_id, 2), desk.venue_fill(target, 4, "110.00"))
    record = desk.books(fills=fills, positions=())
    asked = next(each for each in record.requests if isinstance(each, ReplaceOrder) and each.orig_cl_ord_id == target)
    guard = guarding(desk)
    assert guard.refusal(asked, desk.now_ns) == ""
    assert guard.refusal(asked, desk.now_ns) == f"NO_DURABLE_INTENT: cl_ord_id={asked.cl_ord_id}"


@pytest.mark.parametrize(("more", "passes"), [(10, True), (11, False)])
def test_all_accounts_together_hold_and_have_working_no_more_than_the_desk_may(more: int, passes: bool) -> None:
    """100 lots and a tenth: 60 held by one account, 40 working on another, and 10 or 11 more."""
    desk = CoreDesk(setup(account(A), account(B), max_desk_position_qty=1000))
    desk.fill(desk.enter(60), 60)
    desk.direct(qty=40, account_id=B, price="99.00", name="d2")
    desk.direct(qty=more, name="d3")
    ((request, record),) = ((each, desk.records[-1]) for each in desk.records[-1].requests)
    assert isinstance(request, NewOrder)
    guard = guarding(desk)
    guard._settings = {"max_desk_position_qty": D(100)}  # of the gate's mistakes the guard knows nothing
    why = guard.refusal(request, record.now_ns)
    assert (why == "") is passes, why
    assert passes or why == "DESK_POSITION_QTY: value=111, limit=110.0"


def test_what_was_adopted_counts_with_what_all_accounts_hold() -> None:
    """The guard knew fills only, and let twice as much be held as it should."""
    desk = CoreDesk(setup(account(A), account(B)))
    desk.hold(10)
    books: dict[str, Any] = {"positions": (VenuePosition(SHARE, D(60)),)}
    desk.step(inp.CompareAccounts("asked", (A,)))
    desk.now_ns += S
    desk.books(**books)
    desk.step(inp.ResolveBreak(A, "A:position:SHARE", Resolution.ADOPT, "ours", "ann", None))
    desk.now_ns += S
    desk.books(**books)
    assert guarding(desk)._held == {"SHARE": D(60)}


def test_what_is_over_or_only_reduces_counts_no_more(  # the sums are moved, never made anew
) -> None:
    desk = CoreDesk(setup(account(A), account(B), max_desk_position_qty=100))
    entry_id = desk.enter(60)
    desk.fill(entry_id, 60)
    desk.direct(qty=40, account_id=B, price="99.00", name="d2")
    desk.cancel(desk.sent())
    guard = guarding(desk)
    assert guard._held == {"SHARE": D(60)}
    assert {key: value for key, value in guard._entering.items() if value} == {}


# --- stops ------------------------------------------------------------------------------------------------------------


def test_an_entry_created_while_its_account_is_stopped_does_not_leave() -> None:
    """No healthy core does that: the record is put together by hand."""
    desk, request = ordered()
    created = desk.records.pop()
    paused = desk.step(inp.CompareAccounts("any record"))
    stop = ev.AccountStateChanged(A, "PAUSED", True, TradingState.REDUCING, "a look")
    guard = guarding(desk)
    guard.note(encode(msgspec.structs.replace(paused, events=(stop,))))
    guard.note(encode(created))
    assert guard.refusal(request, desk.now_ns) == "STOPPED: A is REDUCING"


def test_the_flag_holds_back_what_enters_and_lets_out_what_reduces() -> None:
    desk, request = ordered()
    guard = guarding(desk)
    guard.raise_flag()
    assert guard.refusal(request, desk.now_ns) == "STOPPED: by the flag file"
    other = CoreDesk()
    record = other.fill(other.enter(10), 10)
    (stop,) = record.requests
    guard = guarding(other)
    guard.raise_flag()
    assert isinstance(stop, NewOrder)
    assert guard.refusal(stop, other.now_ns) == ""


# --- what follows -----------------------------------------------------------------------------------------------------


class Objects(Guard):
    """Objects to one order."""

    def __init__(self, to: Callable[[Request], bool]) -> None:
        super().__init__()
        self._to = to

    def refusal(self, request: Request, now_ns: int) -> str:
        return "TEST: value=1" if self._to(request) else super().refusal(request, now_ns)


def test_what_the_guard_holds_back_is_not_sent_and_halts_its_account_alone() -> None:
    desk = Desk(entry("in", 5), guard=Objects(lambda r: isinstance(r, NewOrder) and r.account == "a"))
    desk.run()
    refused = [record for record in desk.seen if isinstance(record.input, inp.EgressRefused)]
    assert [record.input for record in refused] == [inp.EgressRefused(A_, ClOrdId("loop0000-a-1"), "TEST: value=1")]
    kinds = {type(event): event for event in refused[0].events}
    halted, ended = kinds[ev.AccountStateChanged], kinds[ev.OrderCanceled]
    assert isinstance(halted, ev.AccountStateChanged)
    assert (halted.cause, halted.state) == ("EGRESS", TradingState.HALTED)
    assert isinstance(ended, ev.OrderCanceled)
    assert "not sent, the egress guard held it back: TEST: value=1" in ended.reason
    state = desk.engine.state
    assert state.accounts[A_].state is TradingState.HALTED
    assert state.accounts[B_].positions[SHARE].qty > 0
    assert not state.accounts[A_].breaks, "the venue never heard of it"


def test_a_change_that_is_held_back_leaves_the_order_as_it_was() -> None:
    desk = CoreDesk()
    desk.fill(desk.enter(10), 10)
    stop = desk.sent()
    desk.accept(stop)
    desk.adjust(stop_loss="96.00")
    order = find_order(desk.account(), stop)
    assert order is not None
    assert order.replace_pending is not None
    record = desk.step(inp.EgressRefused(A, order.replace_pending.cl_ord_id, "TEST"))
    assert [event.cl_ord_id for event in record.events if isinstance(event, ev.ReplaceRefused)] == [stop]
    assert order.stop_px == D(95)
    assert desk.account().state is TradingState.HALTED


A_, B_ = AccountId("a"), AccountId("b")


def test_the_guard_imports_nothing_that_decides() -> None:
    tree = ast.parse(Path(inspect.getsourcefile(egress) or "").read_text())
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [name for name in named if name.startswith("coxswain")]
    assert ours == ["coxswain.messages.requests"]
