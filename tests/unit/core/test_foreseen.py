"""Soft controls in SEMI_AUTO: a plan that would fail one waits for a person, and its order still needs an override."""

from typing import Any

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.inputs import ApproveOverride, ApprovePlan, ProposeOverride
from coxswain.messages.requests import NewOrder
from coxswain.model.setup import AccountSpec
from coxswain.model.spread import Leg, LeggingLimit
from coxswain.model.vocabulary import LeggingRule, Mode, SignalId, Symbol
from tests.unit.core.desk import BUY, SELL, SHARE, SHARES, A, B, D, Desk, S, account, only, setup

S1 = SignalId("s1")
THIN = msgspec.structs.replace(SHARES, daily_volume=D(100))
"""Ten lots are the most that one order may be of it."""


def semi(*accounts: AccountSpec, **settings: Any) -> Desk:
    return Desk(setup(*accounts, mode=Mode.SEMI_AUTO, instruments=(THIN,), **settings), begin=False)


def begun(desk: Desk) -> Desk:
    desk.start()
    desk.quote(SHARE, "100.00", "100.02")
    return desk


def why(desk: Desk) -> str:
    return only(desk.events(ev.ApprovalAwaited)).why


def approve(desk: Desk) -> None:
    desk.step(ApprovePlan((S1,), "ann", "looks right"))
    desk.wait(0)


def denied(desk: Desk) -> list[str]:
    return [each.split(":")[0] for event in desk.events(ev.OrderDenied) for each in event.reasons]


def test_a_share_of_the_volume_at_its_limit_goes_on() -> None:
    desk = begun(semi())
    desk.signal(quantity=10, stop_loss="95.00")
    assert desk.events(ev.ApprovalAwaited) == []
    assert only(desk.requests(NewOrder)).order_qty == 10


def test_a_share_above_it_waits_and_says_which_control_would_refuse_it() -> None:
    desk = begun(semi())
    desk.signal(quantity=11, stop_loss="95.00")
    assert desk.requests(NewOrder) == []
    assert why(desk) == (
        "soft control 13 would refuse A: VOLUME_SHARE: value=11, limit=10; its order needs an override as well"
    )


def test_the_approval_of_a_plan_is_no_override_of_its_order() -> None:
    desk = begun(semi())
    desk.signal(quantity=11, stop_loss="95.00")
    approve(desk)
    assert (denied(desk), desk.requests(NewOrder)) == (["VOLUME_SHARE"], [])


def test_an_override_that_was_approved_meanwhile_lets_the_order_pass() -> None:
    desk = begun(semi())
    desk.signal(quantity=11, stop_loss="95.00")
    desk.step(ProposeOverride(13, A, S1, "it is fine", "ann", desk.now_ns + 60 * S))
    desk.step(ApproveOverride("override-1", "bob"))
    approve(desk)
    assert denied(desk) == []
    assert only(desk.requests(NewOrder)).order_qty == 11


def test_a_plan_whose_override_stands_already_waits_for_nobody() -> None:
    desk = begun(semi())
    desk.step(ProposeOverride(13, A, S1, "it is fine", "ann", desk.now_ns + 60 * S))
    desk.step(ApproveOverride("override-1", "bob"))
    desk.signal(quantity=11, stop_loss="95.00", id="s1")
    assert (desk.events(ev.ApprovalAwaited), denied(desk)) == ([], [])


def test_the_same_order_again_waits_unless_it_would_leave_after_the_window() -> None:
    for delay_ms, waits in ((999, True), (1000, False)):
        desk = begun(semi(duplicate_window_ms=1000))
        desk.signal(quantity=5, stop_loss="95.00")
        desk.setup = msgspec.structs.replace(
            desk.setup,
            settings=desk.setup.settings
            | {"min_timing_variance_ms": D(delay_ms), "max_timing_variance_ms": D(delay_ms)},
        )
        desk = desk.restarted()
        desk.quote(SHARE, "100.00", "100.02")
        desk.books()
        desk.signal(quantity=5, stop_loss="95.00", id="again")
        assert bool(desk.events(ev.ApprovalAwaited)) is waits
        if waits:
            assert "soft control 21 would refuse A: DUPLICATE_ORDER: value=999, limit=1000" in why(desk)


def test_many_accounts_are_counted_and_not_all_named() -> None:
    names = [account(msgspec.convert(f"A{number}", str)) for number in range(5)]  # type: ignore[arg-type]
    desk = begun(semi(*names))
    desk.signal(quantity=60, stop_loss="95.00")
    assert "A0:" in why(desk)
    assert "A2:" in why(desk)
    assert "A3" not in why(desk)
    assert " and 2 more" in why(desk)


def test_an_account_in_full_auto_waits_for_no_soft_control() -> None:
    own = msgspec.structs.replace(account(B), mode=Mode.SEMI_AUTO)
    desk = begun(Desk(setup(account(A), own, instruments=(THIN,)), begin=False))
    desk.signal(quantity=22, stop_loss="95.00")
    assert only(desk.events(ev.ApprovalAwaited)).accounts == (B,)
    assert "A:" not in why(desk)
    assert denied(desk) == ["VOLUME_SHARE"], "the gate says so of the other"


def test_each_leg_of_a_spread_is_put_to_them() -> None:
    other = Symbol("OTHER")
    thin = msgspec.structs.replace(THIN, symbol=other)
    desk = begun(Desk(setup(account(A), mode=Mode.SEMI_AUTO, instruments=(SHARES, thin)), begin=False))
    desk.quote(other, "100.00", "100.02")
    legs = (Leg(SHARE, BUY, D(1), stop_loss=D("95.00")), Leg(other, SELL, D(1), stop_loss=D("105.00")))
    desk.signal(legs=legs, legging=LeggingLimit(D(100000), 30, LeggingRule.COMPLETE), quantity=11)
    assert "soft control 13 would refuse A: VOLUME_SHARE: value=11, limit=10" in why(desk)
