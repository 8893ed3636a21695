"""Overrides: one soft control, one account, one signal, two persons, one order, a while."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from coxswain.core.engine import Engine
from coxswain.core.gates import Gates
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record, decode, encode
from coxswain.messages.requests import NewOrder
from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import AccountId, SignalId
from coxswain.risk.kinds import Kind
from coxswain.runtime.plugins import check_modules, make_engine
from tests.unit.core.desk import BUY, SHARE, A, B, Desk, S, account, only, setup

ROUND, ODD = 90, 91
"""Numbers of controls that only these tests have."""


class Soft:
    """A soft control that wants fewer than so many lots."""

    KIND = Kind.SOFT
    EXCUSES_REDUCING = True

    class Params(msgspec.Struct, frozen=True):
        pass

    def __init__(self, control: int, code: str, below: int) -> None:
        self.CONTROL, self.CODES = control, {code: "Ask for less."}
        self._code, self._below = code, Decimal(below)

    def check(self, order: OrderIntent, view: RiskView, params: msgspec.Struct) -> Check:
        return Check(self._code, order.order_qty, self._below, order.order_qty < self._below)


def engine() -> Engine:
    soft: Any = (Soft(ROUND, "LARGE", 10), Soft(ODD, "LARGER", 20))  # a check is a module, and these are not
    made = make_engine()
    made._gates = Gates(made.state, (*check_modules(), *soft))
    return made


def soft_desk() -> Desk:
    desk = Desk(setup(account(A), account(B)), begin=False)
    desk.engine = engine()
    desk.start()
    desk.quote(SHARE, "100.00", "100.02")
    return desk


def propose(
    desk: Desk, control: int = ROUND, name: str = "d1", *, account_id: AccountId = A, actor: str = "ann", s: int = 60
) -> Record:
    until_ns = desk.now_ns + s * S
    return desk.step(inp.ProposeOverride(control, account_id, SignalId(name), "because", actor, until_ns))


def approve(desk: Desk, number: int = 1, actor: str = "bob") -> Record:
    return desk.step(inp.ApproveOverride(f"override-{number}", actor))


def refused(desk: Desk) -> list[str]:
    return [error.split(":")[0] for event in desk.events(ev.CommandRefused) for error in event.reasons]


def denied(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def is_the_same_folded(desk: Desk) -> None:
    other = engine()
    for record in desk.records:
        other.fold(decode(encode(record)))
    assert other.digest() == desk.engine.digest()


def test_without_an_override_a_soft_control_refuses() -> None:
    desk = soft_desk()
    desk.direct(BUY, 10)
    assert denied(desk) == ["LARGE"]


def test_what_two_persons_let_pass_passes_once_and_the_order_says_by_what() -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk)
    desk.direct(BUY, 10)
    created = only(desk.events(ev.OrderCreated))
    check = only([check for check in created.checks if check.code == "LARGE"])
    assert (check.passed, check.kind) == (False, "overridden")
    used = only(desk.events(ev.OverrideUsed))
    assert (used.override_id, used.cl_ord_id) == ("override-1", created.cl_ord_id)
    assert (desk.engine.state.overrides, desk.account().overrides) == ({}, {})
    desk.direct(BUY, 10, name="d2")
    assert denied(desk) == ["LARGE"]
    is_the_same_folded(desk)


def test_what_one_person_asked_for_lets_nothing_pass() -> None:
    desk = soft_desk()
    propose(desk)
    desk.direct(BUY, 10)
    assert denied(desk) == ["LARGE"]


def test_an_override_in_force_is_part_of_the_digest() -> None:
    desk = soft_desk()
    propose(desk)
    is_the_same_folded(desk)
    approve(desk)
    is_the_same_folded(desk)


def test_nobody_approves_what_they_asked_for() -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk, actor="ann")
    assert refused(desk) == ["SECOND_PERSON"]
    desk.direct(BUY, 10)
    assert denied(desk) == ["LARGE"]


def test_it_names_one_control_and_the_others_still_refuse() -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk)
    desk.direct(BUY, 20)
    assert denied(desk) == ["LARGER"]
    assert desk.events(ev.OverrideUsed) == []


def test_each_of_two_controls_needs_an_override_of_its_own() -> None:
    desk = soft_desk()
    for number, control in ((1, ROUND), (2, ODD)):
        propose(desk, control)
        approve(desk, number)
    desk.direct(BUY, 20)
    assert [used.override_id for used in desk.events(ev.OverrideUsed)] == ["override-1", "override-2"]
    is_the_same_folded(desk)


@pytest.mark.parametrize(("name", "account_id"), [("d2", A), ("d1", B)])
def test_it_is_for_one_signal_on_one_account(name: str, account_id: AccountId) -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk)
    desk.direct(BUY, 10, name=name, account_id=account_id)
    assert denied(desk) == ["LARGE"]


def test_an_order_that_needs_none_leaves_it() -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk)
    desk.direct(BUY, 9)
    assert len(desk.requests(NewOrder)) == 1
    assert desk.events(ev.OverrideUsed) == []


@pytest.mark.parametrize(("wait_ns", "passes"), [(60 * S - 1, True), (60 * S, False), (60 * S + 1, False)])
def test_it_expires(wait_ns: int, passes: bool) -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk)
    desk.wait(wait_ns)
    desk.quote(SHARE, "100.00", "100.02")
    desk.direct(BUY, 10)
    assert bool(desk.requests(NewOrder)) is passes
    assert bool(desk.events(ev.OverrideEnded)) is not passes
    is_the_same_folded(desk)


def test_one_whose_time_is_up_refuses_even_before_the_engine_has_ended_it() -> None:
    desk = soft_desk()
    propose(desk, s=1)
    approve(desk)
    desk.now_ns += S
    desk.direct(BUY, 10)
    assert denied(desk) == ["OVERRIDE_NOT_VALID"]


def test_it_may_be_taken_back() -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk)
    desk.step(inp.WithdrawOverride("override-1", "no", "cat"))
    desk.direct(BUY, 10)
    assert denied(desk) == ["LARGE"]
    desk.step(inp.WithdrawOverride("override-1", "no", "cat"))
    assert refused(desk) == ["OVERRIDE_UNKNOWN"]


@pytest.mark.parametrize("control", [1, 22, 23, 27, 32, 36, 37])
def test_no_hard_control_and_none_that_stops_is_ever_overridden(control: int) -> None:
    desk = soft_desk()
    propose(desk, control)
    assert refused(desk) == ["CONTROL_NOT_SOFT"]
    assert "wanted=one of 13, 21, 90, 91" in only(desk.events(ev.CommandRefused)).reasons[0]


def test_what_it_cannot_be_for_is_refused_by_name() -> None:
    desk = soft_desk()
    propose(desk, 99)
    propose(desk, account_id=AccountId("Z"))
    propose(desk, name="")
    propose(desk, s=0)
    propose(desk, s=3601)
    assert refused(desk) == ["CONTROL_UNKNOWN", "ACCOUNT_UNKNOWN", "SIGNAL_MISSING", "UNTIL", "UNTIL"]


def test_it_is_asked_for_once_and_approved_once() -> None:
    desk = soft_desk()
    propose(desk)
    propose(desk)
    approve(desk)
    approve(desk, actor="cat")
    approve(desk, 7)
    assert refused(desk) == ["ASKED_BEFORE", "APPROVED_BEFORE", "OVERRIDE_UNKNOWN"]


def test_after_the_order_has_met_the_gate_it_is_too_late() -> None:
    desk = soft_desk()
    desk.direct(BUY, 10)
    propose(desk)
    assert refused(desk) == ["TOO_LATE"]


def test_it_stands_over_a_restart() -> None:
    desk = soft_desk()
    propose(desk)
    approve(desk)
    desk.start()
    desk.direct(BUY, 10)
    assert only(desk.events(ev.OverrideUsed)).override_id == "override-1"
    is_the_same_folded(desk)


def test_a_share_that_waits_for_its_release_may_be_let_pass() -> None:
    desk = Desk(setup(account(A), min_timing_variance_ms=5000, max_timing_variance_ms=5000), begin=False)
    desk.engine = engine()
    desk.start()
    desk.quote(SHARE, "100.00", "100.02")
    desk.signal(quantity=10, stop_loss="95.00", id="s1")
    propose(desk, name="s1")
    approve(desk)
    desk.wait(10 * S)
    assert only(desk.events(ev.OverrideUsed)).account == A
