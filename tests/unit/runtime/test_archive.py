"""What is long over leaves the memory, and whatever names it afterwards finds it as if it had never left.

Each story is told twice: to a desk where things leave after a minute, and to one where they stay for a month. What is
said of them, and what the books come to, must be the same.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coxswain.journal.store import Journal
from coxswain.messages import events as ev
from coxswain.messages.inputs import (
    ApprovePlan,
    CancelOrders,
    ChangeOrder,
    Input,
    OrderLookedUp,
    RejectPlan,
    SubmitSignal,
)
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import CancelOrder
from coxswain.model.orders import VenueFill, VenueOrder
from coxswain.model.setup import Capabilities, Setup
from coxswain.model.vocabulary import (
    ClOrdId,
    ExecId,
    ExecType,
    JournalId,
    Mode,
    OrdStatus,
    OrdType,
    SignalId,
    VenueOrderId,
    VenueTier,
)
from coxswain.runtime.archive import Archive, _hash
from coxswain.runtime.egress import Guard
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.recovery import recover
from coxswain.runtime.replay import replay
from coxswain.runtime.snapshots import Snapshots, snapshot_path
from tests.unit.core.desk import BUY, SELL, SHARE, WELL, A, D, Desk, S, kinds, setup

JOURNAL = JournalId("desk0000desk0000")
MINUTE, MONTH = 60, 2_592_000


class Kept(Desk):
    """A desk with a journal, and with the index of what left that a loop would ask."""

    def __init__(self, config: Setup | None = None, path: Path | None = None, **settings: Any) -> None:
        self.journal = Journal.create(path, JOURNAL)
        self.archive = Archive(self.journal)
        super().__init__(config or setup(**{"archive_after_s": MINUTE, **settings}))

    def step(self, message: Input) -> Record:
        recalls, message = self.archive.prepare(message, self.engine.state)
        for recall in recalls:
            self._take(recall)
        return self._take(message)

    def _take(self, message: Input) -> Record:
        record = super().step(message)
        self.archive.note(record)  # as the loop does: before it is durable
        self.journal.append([encode(record)])
        return record

    def age(self, times: int = 3) -> None:
        """Let time pass, and the books agree, until all has left that may."""
        for _ in range(times):
            self.wait((MINUTE + 10) * S)
            self.books()

    def trade(self, number: int) -> tuple[ClOrdId, ClOrdId]:
        """Buy and sell ten by two direct orders, at 100 and 101."""
        self.step(WELL)
        self.quote(SHARE, "100.00", "100.02")
        both = []
        for side, px in ((BUY, "100.00"), (SELL, "101.00")):
            name = f"{side}-{number}"
            self.direct(side, name=name)
            both.append(self.sent())
            self.accept(both[-1])
            self.fill(both[-1], 10, px, exec_id=ExecId(f"e-{name}"))
        return both[0], both[1]

    def recalled(self) -> list[SignalId]:
        return [event.archived.signal_id for event in self.events(ev.OrdersRecalled)]


def told_twice(story: Callable[[Kept], object], **settings: Any) -> tuple[Kept, Kept]:
    """Tell a story to a desk that forgets and to one that does not; both come to the same books."""
    forgets, remembers = Kept(**settings), Kept(**settings, archive_after_s=MONTH)
    told = story(forgets), story(remembers)
    assert told[0] == told[1]
    assert forgets.events(ev.OrdersArchived)
    assert remembers.events(ev.OrdersArchived) == []
    for name in (
        "balance",
        "day_realized",
        "used_margin",
        "open_risk",
        "held_risk",
        "open_positions",
        "breaks",
        "state",
    ):
        assert getattr(forgets.account(), name) == getattr(remembers.account(), name), name
    for name in ("qty", "cost", "base_qty", "base_cost", "stop_px", "held_buy", "held_sell"):
        assert getattr(forgets.position(), name) == getattr(remembers.position(), name), name
    for cl_ord_id, order in forgets.account().orders.items():
        assert msgspec.structs.replace(order, done_ns=0) == msgspec.structs.replace(
            remembers.order(cl_ord_id), done_ns=0
        )
    return forgets, remembers


def facts(record: Record) -> list[str]:
    """Say what a step found, leaving out what only one of two desks has to say."""
    return [kind for kind in kinds(record) if kind != "OrdersArchived"]


# --- leaving ----------------------------------------------------------------------------------------------------------


def test_what_is_over_leaves_and_counts_stay() -> None:
    desk = Kept()
    desk.trade(1)
    assert len(desk.account().orders) == 2
    desk.age()
    state, account = desk.engine.state, desk.account()
    assert (account.orders, account.fills, account.exec_ids, account.former_ids) == ({}, {}, {}, {})
    assert (state.direct_ids, state.orders_of, state.aging) == ({}, {}, {})
    assert (account.archived_orders, account.archived_fills, desk.position().archived_fills) == (2, 2, 2)
    assert (account.day_realized, account.order_count, account.day_orders) == (D(10), 2, 2)


def test_an_order_that_no_signal_asked_for_leaves_by_itself() -> None:
    can = Capabilities(VenueTier.T1, True, True, True, ord_types=(OrdType.MARKET, OrdType.LIMIT))
    desk = Kept(setup(can=can, archive_after_s=MINUTE))
    desk.enter()
    desk.accept(desk.sent())
    desk.fill(desk.sent(), 10, "100.00")
    desk.quote(SHARE, "94.00", "94.02")
    out = desk.sent()
    assert desk.order(out).intent.signal_id == ""
    desk.accept(out)
    desk.fill(out, 10, "94.00", side=SELL)
    desk.age()
    assert not desk.knows(out)
    desk.report(out, ExecType.TRADE, last_qty=1, last_px="94.00", side=SELL)
    assert (desk.recalled(), desk.order(out).cum_qty) == ([SignalId(out)], D(11))


def test_nothing_leaves_before_its_time() -> None:
    desk = Kept()
    desk.trade(1)
    desk.wait(MINUTE * S)
    desk.books()
    assert len(desk.account().orders) == 2
    assert desk.events(ev.OrdersArchived) == []
    desk.wait(2 * S)
    desk.books()
    assert desk.account().orders == {}


def test_memory_does_not_grow_with_history() -> None:
    desk, sizes = Kept(), []
    for number in range(60):
        desk.trade(number)
        desk.wait(10 * S)
        if number % 20 == 19:
            desk.age(9)
            sizes.append(len(desk.engine.keep()))
    assert max(sizes) - min(sizes) < 200, sizes  # counts have more digits
    assert desk.account().archived_orders == 120


def test_a_step_lets_only_a_few_leave() -> None:
    desk = Kept()
    for number in range(20):
        desk.trade(number)
    desk.age(1)
    assert max(len(event.archived) for event in desk.events(ev.OrdersArchived)) == 8
    desk.age()
    assert desk.account().orders == {}


def test_a_signal_leaves_with_its_plan_its_orders_and_its_protection() -> None:
    desk = Kept()
    for _ in range(2):  # the position that closed last still names its signal
        desk.hold()
        desk.exit()
        desk.cancel(desk.stop_of().cl_ord_id)
        out = desk.sent()
        desk.accept(out)
        desk.fill(out, 10)
    desk.age()
    state = desk.engine.state
    assert list(state.signals) == list(state.plans) == ["s3"]
    assert desk.position().former is not None


def test_what_is_needed_stays() -> None:
    desk = Kept()
    entry = desk.hold()
    desk.age()
    assert desk.knows(entry), "its levels protect what is held"
    lost = desk.enter(side=SELL, id="unknown")
    desk.wait(10 * S)
    desk.age()
    assert desk.knows(lost)


def test_a_plan_that_waits_for_a_person_stays() -> None:
    desk = Kept(setup(mode=Mode.MANUAL, archive_after_s=MINUTE))
    desk.signal(quantity=10, stop_loss="95.00", ttl_s=3600)
    desk.age()
    assert "s1" in desk.engine.state.plans
    desk.step(RejectPlan((SignalId("s1"),), "ann", "no"))
    desk.age()
    assert desk.engine.state.plans == {}


def test_an_order_whose_fill_was_taken_back_stays() -> None:
    desk = Kept()
    bought, _ = desk.trade(1)
    desk.report(bought, ExecType.TRADE_CANCEL, exec_ref_id=ExecId("e-BUY-1"))
    desk.books()
    desk.age()
    assert desk.knows(bought)


# --- what the venue says of it ----------------------------------------------------------------------------------------


def test_a_late_fill_is_booked_on_its_order() -> None:
    def story(desk: Kept) -> list[str]:
        desk.direct(BUY, name="d1")
        order = desk.sent()
        desk.accept(order)
        desk.fill(order, 4)
        desk.cancel(order)
        desk.trade(1)
        desk.age()
        return facts(desk.fill(order, 3, side=BUY))

    forgets, _ = told_twice(story)
    assert forgets.recalled() == ["d1"]
    assert [event.kind for event in forgets.events(ev.IncidentRaised)] == ["LATE_FILL"]
    assert forgets.position().qty == D(7)


def test_a_late_fill_of_an_entry_is_protected() -> None:
    def story(desk: Kept) -> None:
        entry = desk.enter()
        desk.accept(entry)
        desk.cancel(entry)
        desk.trade(1)
        desk.age()
        desk.fill(entry, 3, side=BUY)
        desk.accept(desk.stop_of().cl_ord_id)

    forgets, _ = told_twice(story)
    assert forgets.recalled() == ["s1"]
    assert (forgets.position().qty, forgets.stop_of().order_qty) == (D(3), D(3))


def test_a_repeated_fill_is_not_booked_again() -> None:
    def story(desk: Kept) -> tuple[list[str], list[str]]:
        bought, _ = desk.trade(1)
        desk.age()
        same = desk.fill(bought, 10, "100.00", exec_id=ExecId("e-BUY-1"))
        fill = VenueFill(bought, ExecId("e-BUY-1"), SHARE, BUY, D(10), D(100), D(0), desk.now_ns)
        return facts(same), facts(desk.books(fills=(fill,)))

    forgets, _ = told_twice(story)
    assert len(forgets.events(ev.OrderFilled)) == 2


def test_an_exec_id_is_known_under_another_order_as_well() -> None:
    def story(desk: Kept) -> list[str]:
        desk.trade(1)
        desk.age()
        desk.direct(BUY, name="d9")
        return facts(desk.fill(desk.sent(), 10, exec_id=ExecId("e-BUY-1")))

    forgets, _ = told_twice(story)
    assert len(forgets.events(ev.OrderFilled)) == 2


@pytest.mark.parametrize("later", [0, 3])
@pytest.mark.parametrize("kind", [ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT])
def test_a_bust_or_correction_books_the_position_as_if_nothing_had_left(kind: ExecType, later: int) -> None:
    amounts = {"last_qty": 4, "last_px": "99.00"} if kind is ExecType.TRADE_CORRECT else {}

    def story(desk: Kept) -> list[str]:
        desk.trade(0)
        bought, _ = desk.trade(1)
        for number in range(2, 2 + later):
            desk.trade(number)
        desk.age()
        desk.trade(9)
        desk.books()
        return facts(desk.report(bought, kind, side=BUY, exec_ref_id=ExecId("e-BUY-1"), **amounts))

    forgets, _ = told_twice(story)
    assert forgets.position().archived_fills == 0, "all fills of the position are back to book it again"


def test_a_bust_of_a_fill_that_stays_finds_the_fills_that_left_before_it() -> None:
    def story(desk: Kept) -> list[str]:
        desk.trade(1)
        desk.age()
        bought, _ = desk.trade(2)
        desk.wait(S)
        desk.books()
        return facts(desk.report(bought, ExecType.TRADE_CANCEL, exec_ref_id=ExecId("e-BUY-2")))

    told_twice(story)


def test_an_order_that_left_and_still_works_there_is_called_back() -> None:
    def story(desk: Kept) -> list[CancelOrder]:
        desk.direct(BUY, name="d1")
        order = desk.sent()
        desk.accept(order)
        desk.cancel(order)
        desk.age()
        works = VenueOrder(order, VenueOrderId("v"), SHARE, BUY, OrdStatus.NEW, D(10), D(0), None, None)
        desk.wait(S)
        desk.books(orders=(works,))
        return desk.requests(CancelOrder)

    forgets, _ = told_twice(story)
    assert [event.kind for event in forgets.events(ev.BreakFound)] == ["WORKS_AFTER_END"]


def test_a_look_up_or_a_stale_report_of_it_changes_nothing() -> None:
    def story(desk: Kept) -> list[list[str]]:
        bought, sold = desk.trade(1)
        desk.age()
        found = VenueOrder(bought, VenueOrderId("v"), SHARE, BUY, OrdStatus.FILLED, D(10), D(10), None, None)
        looked = desk.step(OrderLookedUp(A, bought, found, (), D(0), desk.now_ns))
        return [facts(looked), facts(desk.accept(sold)), facts(desk.refuse(sold))]

    told_twice(story)


def test_an_order_is_found_under_an_id_that_a_change_gave_it() -> None:
    def story(desk: Kept) -> list[str]:
        desk.direct(BUY, name="d1", price="99.00")
        order = desk.sent()
        desk.accept(order)
        desk.step(ChangeOrder("ann", "less", order, D(6)))
        changed = desk.events(ev.ReplaceRequested)[-1].new_cl_ord_id
        desk.replace(changed, 6, orig_cl_ord_id=order)
        desk.cancel(changed)
        desk.age()
        return facts(desk.fill(changed, 2, "99.00", side=BUY))

    forgets, _ = told_twice(story)
    assert forgets.position().qty == D(2)


# --- what people and programs say of it -------------------------------------------------------------------------------


def test_a_signal_sent_again_is_a_duplicate_and_another_body_is_refused() -> None:
    desk = Kept()
    desk.enter(id="mine")
    desk.cancel(desk.sent())
    first = next(record.input for record in desk.records if isinstance(record.input, SubmitSignal))
    desk.age()
    assert desk.engine.state.signals == {}
    assert kinds(desk.step(first)) == ["SignalDuplicated"]
    other = msgspec.structs.replace(first.signal, quantity=D(3))
    assert kinds(desk.step(SubmitSignal(other))) == ["SignalDenied"]
    assert "SIGNAL_ID_REUSED" in desk.events(ev.SignalDenied)[-1].reasons[0]
    assert desk.recalled() == [], "a long file that is fed again fills no memory"


def test_a_direct_order_is_not_sent_again_under_an_old_id() -> None:
    def story(desk: Kept) -> list[str]:
        desk.trade(1)
        desk.enter(id="mine")
        desk.cancel(desk.sent())
        desk.age()
        return [*facts(desk.direct(name="BUY-1")), *facts(desk.direct(name="mine"))]

    forgets, _ = told_twice(story)
    assert len(forgets.events(ev.OrderDenied)) == 2


def test_a_signal_does_not_take_the_id_of_an_old_direct_order() -> None:
    def story(desk: Kept) -> list[str]:
        desk.trade(1)
        desk.age()
        return facts(desk.signal(id="BUY-1", quantity=10, stop_loss="95.00"))

    forgets, _ = told_twice(story)
    assert [event.signal_id for event in forgets.events(ev.SignalDenied)] == ["BUY-1"]


def test_a_command_says_of_an_old_order_or_plan_what_it_always_said() -> None:
    def story(desk: Kept) -> list[tuple[str, ...]]:
        bought, _ = desk.trade(1)
        desk.enter(id="mine")
        desk.cancel(desk.sent())
        desk.age()
        desk.step(CancelOrders("ann", "why", (bought,)))
        desk.step(ChangeOrder("ann", "why", bought, D(5)))
        desk.step(ApprovePlan((SignalId("mine"),), "ann", "why"))
        return [event.reasons for event in desk.events(ev.CommandRefused)]

    told_twice(story)


# --- starts, and what stands beside the journal -----------------------------------------------------------------------


def a_history(path: Path) -> tuple[Kept, ClOrdId]:
    """Trade, let all of it leave, and trade a little more."""
    desk = Kept(path=path)
    bought, _ = desk.trade(1)
    desk.age()
    desk.trade(2)
    return desk, bought


def goes_on_alike(path: Path, bought: ClOrdId, told: list[str]) -> str:
    """Start again, have an old fill repeated and a late one reported, and return the digest."""
    with Journal.open(path) as journal:
        found = recover(journal, "test", told.append)
        for exec_id, qty in (("e-BUY-1", 10), ("late", 1)):
            desk = Kept.__new__(Kept)
            desk.engine, desk.archive, desk.journal, desk.records = found.engine, found.archive, journal, []
            desk.now_ns, desk._reports = found.engine.state.now_ns, 0
            desk.fill(bought, qty, "100.00", exec_id=ExecId(exec_id), side=BUY)
            assert bool(desk.events(ev.OrderFilled)) is (exec_id == "late")
        return found.engine.digest()


def test_a_start_with_a_snapshot_knows_what_left_as_one_without_does(tmp_path: Path) -> None:
    digests = []
    for name, changed in (("kept", None), ("deleted", b""), ("bent", b"x"), ("stale", b"stale")):
        path, told = tmp_path / name, list[str]()
        desk, bought = a_history(path)
        guard = Guard()
        for _, body in desk.journal.read():
            guard.note(body)
        taker = Snapshots(path, "test", desk.engine, guard, desk.archive, None, told.append, 0, waits=True)
        taker.begin(desk.journal.head)
        note = taker.ready()
        assert note is not None
        desk.step(note)
        taker.adopt()
        desk.age()
        desk.journal.close()
        file = snapshot_path(path)
        if changed == b"":
            file.unlink()
        elif changed == b"x":
            raw = bytearray(file.read_bytes())
            raw[len(raw) // 2] ^= 1
            file.write_bytes(raw)
        elif changed is not None:
            file.write_bytes(snapshot_path(tmp_path / "kept").read_bytes()[:-10])
        digests.append(goes_on_alike(path, bought, told))
        assert bool(told) is (name in ("bent", "stale"))
    assert len(set(digests)) == 1


def test_what_left_is_not_believed_from_the_index(tmp_path: Path) -> None:
    """An index that points at another record finds nothing there, and one that shares a hash does not mislead."""
    desk, bought = a_history(tmp_path / "j")
    rows = desk.archive._db.execute("SELECT hash, seq FROM left").fetchall()
    desk.archive._db.execute("DELETE FROM left")
    desk.archive._db.executemany("INSERT INTO left VALUES (?, 1)", {(each,) for each, _ in rows})
    recalls, _ = desk.archive.prepare(CancelOrders("ann", "why", (bought,)), desk.engine.state)
    assert recalls == []
    stranger = ClOrdId("nobody's")
    shared = [(_hash(("order", A, stranger)), seq) for _, seq in rows]
    desk.archive._db.executemany("INSERT OR IGNORE INTO left VALUES (?, ?)", shared)
    recalls, _ = desk.archive.prepare(CancelOrders("ann", "why", (stranger,)), desk.engine.state)
    assert recalls == []


def test_the_journal_replays_without_any_index(tmp_path: Path) -> None:
    desk, bought = a_history(tmp_path / "j")
    desk.fill(bought, 1, "100.00", side=BUY)
    desk.age()
    found = replay(desk.journal.read(), make_engine, "test")
    assert (found.agrees, found.first_difference) == (True, None)
    assert found.folded_digest == desk.engine.digest() == found.stepped_digest


def test_an_older_journal_still_comes_to_its_digest() -> None:
    """What says when to look is no part of the digest: a journal from before anything left has none of it."""
    desk = Kept()
    desk.trade(1)
    digest = desk.engine.digest()
    desk.engine.state.aging.clear()
    desk.engine.state.orders_of.clear()
    assert desk.engine.digest() == digest


def test_a_recall_that_comes_twice_changes_nothing() -> None:
    desk = Kept()
    bought, _ = desk.trade(1)
    desk.age()
    recalls, _ = desk.archive.prepare(CancelOrders("ann", "why", (bought,)), desk.engine.state)
    before = desk.engine.digest()
    for recall in (*recalls, *recalls):
        desk._take(recall)
    assert len(desk.recalled()) == 1
    desk.age()
    assert len(desk.events(ev.OrdersArchived)) > 1
    assert desk.account().orders == {}
    assert before != desk.engine.digest()  # time has passed
