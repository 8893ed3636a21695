"""Limits that change while the engine runs: versions, two persons, going back by themselves, and being held above."""

from decimal import Decimal
from typing import Any

import pytest

from coxswain.core.state import LimitBook
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder
from coxswain.model.keys import AT_START, HIGHER_IS_SAFER, KEYS, NEITHER_IS_SAFER, ZERO_IS_OFF
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId, TradingState
from tests.unit.core.desk import BUY, SHARE, A, B, D, Desk, S, account, kinds, only, setup

MIN = 60 * S


def change(
    desk: Desk, account_id: AccountId | None = A, *, actor: str = "ann", until_ns: int | None = None, **values: str
) -> Record:
    numbers = {key: Decimal(value) for key, value in values.items()}
    return desk.step(inp.SetLimits(numbers, "because", actor, account_id, until_ns))


def two_person_desk(**settings: Any) -> Desk:
    return Desk(setup(account(A), account(B), limit_raise_needs_two=1, **settings))


def book(desk: Desk) -> LimitBook:
    return desk.engine.state.limits


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def refused(desk: Desk) -> list[str]:
    return [error.split(":")[0] for event in desk.events(ev.CommandRefused) for error in event.reasons]


def is_the_same_folded(desk: Desk) -> None:
    assert desk.folded().engine.digest() == desk.engine.digest()


# --- one change -------------------------------------------------------------------------------------------------------


def test_the_configuration_is_version_one_and_its_orders_say_so() -> None:
    desk = Desk()
    desk.enter(10)
    assert book(desk).version == 1
    assert desk.events(ev.OrderCreated)[0].limit_version == 1
    assert desk.events(ev.LimitsChanged) == []


def test_a_change_is_an_event_that_says_who_why_and_what() -> None:
    desk = Desk(setup(account(A, max_order_qty=50)))
    record = change(desk, max_order_qty="20")
    changed = only(desk.events(ev.LimitsChanged))
    assert (changed.version, changed.actor, changed.reason) == (2, "ann", "because")
    assert changed.changes == (ev.LimitChange(A, "max_order_qty", D(50), D(20)),)
    assert (book(desk).version, book(desk).from_seq) == (2, record.seq)
    is_the_same_folded(desk)


def test_a_change_between_plan_and_release_is_seen_by_the_gate() -> None:
    desk = Desk(setup(min_timing_variance_ms=5000, max_timing_variance_ms=5000))
    desk.signal(quantity=10, stop_loss="95.00")
    assert desk.requests(NewOrder) == []
    change(desk, max_order_qty="9")
    desk.wait(10 * S)
    assert codes(desk) == ["ORDER_QTY"]
    assert desk.requests(NewOrder) == []


@pytest.mark.parametrize(("limit", "sent"), [("9", 0), ("10", 1), ("11", 1)])
def test_the_new_value_is_the_line(limit: str, sent: int) -> None:
    desk = Desk()
    change(desk, max_order_qty=limit)
    desk.direct(BUY, 10)
    assert len(desk.requests(NewOrder)) == sent
    assert all(event.limit_version == 2 for event in desk.events(ev.OrderCreated))


def test_a_change_concerns_its_account_and_no_other() -> None:
    desk = Desk(setup(account(A), account(B)))
    gate_of_b = desk.engine._gates[B]
    change(desk, A, max_order_qty="9")
    assert desk.engine._gates[B] is gate_of_b
    desk.direct(BUY, 10, name="d1")
    desk.direct(BUY, 10, name="d2", account_id=B)
    assert only(desk.events(ev.OrderCreated)).intent.account == B


def test_a_limit_of_accounts_set_for_the_desk_is_set_for_each_also_one_with_a_value_of_its_own() -> None:
    desk = Desk(setup(account(A, max_order_qty=5), account(B)))
    change(desk, None, max_order_qty="9")
    changes = only(desk.events(ev.LimitsChanged)).changes
    assert [(each.account, each.before) for each in changes] == [(A, D(5)), (B, D(10_000))]
    assert desk.account(A).params.max_order_qty == desk.account(B).params.max_order_qty == D(9)


def test_a_key_of_the_desk_reaches_planning_and_every_gate() -> None:
    desk = Desk()
    change(desk, None, quote_stale_s="5", min_confidence="0.9")
    assert desk.engine.state.desk.min_confidence == D("0.9")
    desk.now_ns += 6 * S
    desk.direct(BUY, 10)
    assert codes(desk) == ["QUOTE_STALE"]


def test_orders_that_rest_are_left_alone_and_counted() -> None:
    desk = Desk()
    desk.direct(BUY, 10, price="99.00")
    desk.accept(desk.sent())
    record = change(desk, max_order_qty="5")
    assert only(desk.events(ev.LimitsChanged)).resting == 1
    assert record.requests == ()


@pytest.mark.parametrize(
    ("account_id", "values", "code"),
    [
        (A, {"max_order_quantity": "5"}, "KEY_UNKNOWN"),
        (A, {"quote_stale_s": "5"}, "KEY_OF_THE_DESK"),
        (None, {"signal_ttl_s": "5"}, "KEY_OF_THE_START"),
        (A, {"max_order_qty": "-1"}, "VALUE"),
        (A, {"max_order_qty": "NaN"}, "VALUE"),
        (A, {"max_order_qty": "Infinity"}, "VALUE"),
        (A, {"max_daily_loss_pct": "100.1"}, "VALUE"),
        (A, {"max_open_positions": "1.5"}, "VALUE"),
        (None, {"quote_stale_s": "0"}, "VALUE"),
        (A, {"max_order_qty": "1e40"}, "VALUE"),
        (AccountId("Z"), {"max_order_qty": "5"}, "ACCOUNT_UNKNOWN"),
        (A, {}, "VALUES_MISSING"),
        (A, {"max_order_qty": "10000"}, "NOTHING_TO_CHANGE"),
        (None, {"min_timing_variance_ms": "1"}, "OUT_OF_ORDER"),
    ],
)
def test_what_no_limit_can_be_is_refused_by_name(
    account_id: AccountId | None, values: dict[str, str], code: str
) -> None:
    desk = Desk()
    desk.step(inp.SetLimits({key: Decimal(value) for key, value in values.items()}, "because", "ann", account_id))
    assert refused(desk) == [code]
    assert book(desk).version == 1


@pytest.mark.parametrize(("warn", "errors"), [("75", []), ("76", ["OUT_OF_ORDER"])])
def test_no_command_lets_the_ladder_fall(warn: str, errors: list[str]) -> None:
    desk = Desk(setup(account(A), account(B)))
    change(desk, None, ladder_warn_pct=warn)
    assert refused(desk) == errors


def test_one_wrong_value_refuses_the_whole_command_and_every_error_is_named() -> None:
    desk = Desk()
    change(desk, A, max_order_qty="5", max_order_value="-1", nonsense="1")
    assert refused(desk) == ["VALUE", "KEY_UNKNOWN"]
    assert desk.account().params.max_order_qty == D(10_000)


def test_the_sets_that_say_what_is_safer_name_only_keys() -> None:
    assert set(KEYS) >= HIGHER_IS_SAFER | NEITHER_IS_SAFER | ZERO_IS_OFF | AT_START
    assert not HIGHER_IS_SAFER & NEITHER_IS_SAFER
    assert {name for name, key in KEYS.items() if "0 is off" in key.comment} <= ZERO_IS_OFF
    assert {name for name in KEYS if name.startswith("min_")} <= HIGHER_IS_SAFER | NEITHER_IS_SAFER


# --- a change that goes back ------------------------------------------------------------------------------------------


def test_a_temporary_change_goes_back_by_itself() -> None:
    desk = Desk(setup(account(A, max_order_qty=50)))
    change(desk, max_order_qty="100", until_ns=desk.now_ns + MIN)
    assert desk.account().params.max_order_qty == D(100)
    desk.wait(MIN - 1)
    assert book(desk).version == 2
    desk.wait(1)
    assert desk.account().params.max_order_qty == D(50)
    reverted = desk.events(ev.LimitsChanged)[-1]
    assert (reverted.version, reverted.source, reverted.actor) == (3, "REVERT", "engine")
    assert (book(desk).temporary, desk.account().limits_until_ns) == ({}, None)
    is_the_same_folded(desk)


def test_a_temporary_change_goes_back_over_a_restart() -> None:
    desk = Desk()
    change(desk, max_order_qty="20", until_ns=desk.now_ns + MIN)
    again = desk.restarted()
    assert again.account().params.max_order_qty == D(20)
    again.books()
    again.wait(MIN)
    assert again.account().params.max_order_qty == D(10_000)
    is_the_same_folded(again)


def test_an_order_that_comes_when_a_change_should_have_gone_back_is_refused_until_it_has() -> None:
    desk = Desk()
    change(desk, max_order_qty="20000", until_ns=desk.now_ns + S)
    desk.now_ns += S
    desk.direct(BUY, 10, name="early")
    assert codes(desk) == ["LIMIT_SET"]
    desk.wait(0)
    desk.direct(BUY, 10, name="later")
    assert len(desk.requests(NewOrder)) == 1


def test_a_temporary_change_over_another_goes_back_to_what_was_before_both() -> None:
    desk = Desk()
    change(desk, max_order_qty="20", until_ns=desk.now_ns + MIN)
    change(desk, max_order_qty="10", until_ns=desk.now_ns + 2 * MIN)
    desk.wait(MIN)
    assert desk.account().params.max_order_qty == D(10)
    desk.wait(MIN)
    assert desk.account().params.max_order_qty == D(10_000)
    assert [event.version for event in desk.events(ev.LimitsChanged)] == [2, 3, 4]


def test_a_value_for_all_accounts_leaves_an_accounts_stricter_temporary_one_in_force_until_it_is_over() -> None:
    desk = Desk(setup(account(A, max_order_qty=50), account(B, max_order_qty=50)))
    change(desk, until_ns=desk.now_ns + MIN, max_order_qty="10")
    change(desk, None, max_order_qty="30")
    assert [desk.account(name).params.max_order_qty for name in (A, B)] == [D(10), D(30)]
    changed = desk.events(ev.LimitsChanged)[-1]
    assert changed.changes == (ev.LimitChange(B, "max_order_qty", D(50), D(30)),)
    assert changed.later == (ev.LimitChange(A, "max_order_qty", D(50), D(30)),)
    is_the_same_folded(desk)
    desk.wait(MIN)
    assert desk.account().params.max_order_qty == D(30)
    is_the_same_folded(desk)


def test_a_stricter_value_for_all_accounts_replaces_a_temporary_one() -> None:
    desk = Desk(setup(account(A, max_order_qty=50), account(B, max_order_qty=50)))
    change(desk, until_ns=desk.now_ns + MIN, max_order_qty="10")
    change(desk, None, max_order_qty="5")
    desk.wait(MIN)
    assert [desk.account(name).params.max_order_qty for name in (A, B)] == [D(5), D(5)]


@pytest.mark.parametrize(("minutes", "over_after"), [(1, 2), (3, 3)])
def test_of_two_temporary_values_the_stricter_stays_until_both_are_over(minutes: int, over_after: int) -> None:
    desk = Desk(setup(account(A, max_order_qty=50), account(B, max_order_qty=50)))
    change(desk, until_ns=desk.now_ns + 2 * MIN, max_order_qty="10")
    change(desk, None, until_ns=desk.now_ns + minutes * MIN, max_order_qty="30")
    desk.wait(over_after * MIN - 1)
    assert desk.account().params.max_order_qty == D(10)
    desk.wait(1)
    assert [desk.account(name).params.max_order_qty for name in (A, B)] == [D(50), D(50)]
    is_the_same_folded(desk)


def test_a_raise_for_all_accounts_that_two_approve_waits_for_the_stricter_temporary_one_as_well() -> None:
    desk = two_person_desk()
    change(desk, until_ns=desk.now_ns + MIN, max_order_qty="10")
    change(desk, None, max_order_qty="20000")
    assert [each.account for each in only(desk.events(ev.LimitsProposed)).changes] == [A, B]
    desk.step(inp.ApproveLimits(1, "bob"))
    assert [desk.account(name).params.max_order_qty for name in (A, B)] == [D(10), D(20000)]
    desk.wait(MIN)
    assert desk.account().params.max_order_qty == D(20000)
    is_the_same_folded(desk)


def test_what_was_temporary_can_be_made_to_stay() -> None:
    desk = Desk()
    change(desk, max_order_qty="20", until_ns=desk.now_ns + MIN)
    change(desk, max_order_qty="20")
    desk.wait(10 * MIN)
    assert desk.account().params.max_order_qty == D(20)
    assert book(desk).version == 3


def test_a_change_until_a_time_that_has_passed_is_refused() -> None:
    desk = Desk()
    change(desk, max_order_qty="20", until_ns=desk.now_ns)
    assert refused(desk) == ["UNTIL"]


# --- two persons ------------------------------------------------------------------------------------------------------


def test_lowering_takes_effect_at_once_and_raising_waits_for_another_person() -> None:
    desk = two_person_desk()
    change(desk, A, max_order_qty="5", max_order_value="300000")
    assert desk.account().params.max_order_qty == D(5)
    assert desk.account().params.max_order_value == D(250_000)
    desk.step(inp.ApproveLimits(1, "bob"))
    changed = desk.events(ev.LimitsChanged)[-1]
    assert (changed.source, changed.actor, changed.second_actor, changed.proposal) == ("APPROVAL", "ann", "bob", 1)
    assert desk.account().params.max_order_value == D(300_000)
    assert book(desk).proposals == {}
    is_the_same_folded(desk)


def test_a_proposal_that_waits_is_part_of_the_digest() -> None:
    desk = two_person_desk()
    change(desk, max_order_value="300000")
    is_the_same_folded(desk)


def test_nobody_approves_what_they_proposed() -> None:
    desk = two_person_desk()
    change(desk, max_order_value="300000")
    desk.step(inp.ApproveLimits(1, "ann"))
    assert refused(desk) == ["SECOND_PERSON"]
    assert desk.account().params.max_order_value == D(250_000)


def test_a_proposal_is_carried_out_once() -> None:
    desk = two_person_desk()
    change(desk, max_order_value="300000")
    desk.step(inp.ApproveLimits(1, "bob"))
    desk.step(inp.ApproveLimits(1, "bob"))
    assert refused(desk) == ["PROPOSAL_UNKNOWN"]
    assert book(desk).version == 2


def test_a_proposal_expires_also_over_a_restart() -> None:
    desk = two_person_desk()
    change(desk, max_order_value="300000")
    again = desk.restarted()
    again.books()
    again.wait(60 * MIN)
    assert only(again.events(ev.LimitProposalEnded)).actor == "engine"
    again.step(inp.ApproveLimits(1, "bob"))
    assert refused(again) == ["PROPOSAL_UNKNOWN"]
    is_the_same_folded(again)


def test_a_proposal_may_be_withdrawn() -> None:
    desk = two_person_desk()
    change(desk, max_order_value="300000")
    desk.step(inp.WithdrawLimits(1, "no", "bob"))
    desk.step(inp.WithdrawLimits(1, "no", "bob"))
    assert refused(desk) == ["PROPOSAL_UNKNOWN"]
    assert desk.engine.state.deadlines.keys().isdisjoint({"limit_proposal||1"})


def test_a_proposal_that_was_overtaken_is_not_approved() -> None:
    desk = two_person_desk()
    change(desk, max_order_value="300000")
    change(desk, max_order_value="1000")
    desk.step(inp.ApproveLimits(1, "bob"))
    assert refused(desk) == ["OUTDATED"]
    assert desk.account().params.max_order_value == D(1000)


def test_a_temporary_raise_is_not_approved_after_its_time() -> None:
    desk = two_person_desk()
    change(desk, max_order_value="300000", until_ns=desk.now_ns + S)
    desk.wait(S)
    desk.step(inp.ApproveLimits(1, "bob"))
    assert refused(desk) == ["TIME_IS_UP"]


def test_the_rule_of_two_is_not_lifted_by_one() -> None:
    desk = two_person_desk()
    change(desk, None, limit_raise_needs_two="0")
    assert desk.engine.state.desk.limit_raise_needs_two == D(1)


def test_lowering_what_must_stay_free_is_a_raise() -> None:
    desk = two_person_desk()
    change(desk, min_available_margin="10")
    assert only(desk.events(ev.LimitsProposed)).changes[0].key == "min_available_margin"


# --- the configuration of a start -------------------------------------------------------------------------------------


def start_with(desk: Desk, config: Setup) -> Desk:
    again = desk.folded()
    again.setup = config
    again.start()
    return again


def test_a_restart_with_the_same_configuration_keeps_what_commands_changed() -> None:
    desk = Desk(setup(account(A, max_order_qty=50)))
    change(desk, max_order_qty="20")
    again = desk.restarted()
    assert (book(again).version, again.account().params.max_order_qty) == (2, D(20))


def test_a_configuration_that_differs_is_a_new_version_with_the_difference() -> None:
    desk = Desk(setup(account(A, max_order_qty=50, max_order_value=1000)))
    change(desk, max_order_qty="20", max_order_value="900")
    again = start_with(desk, setup(account(A, max_order_qty=60, max_order_value=1000), min_confidence="0.7"))
    changed = again.events(ev.LimitsChanged)[-1]
    assert (changed.version, changed.source) == (3, "CONFIGURATION")
    assert changed.changes == (
        ev.LimitChange(None, "min_confidence", D("0.5"), D("0.7")),
        ev.LimitChange(A, "max_order_qty", D(20), D(60)),
    )
    params = again.account().params
    assert (params.max_order_qty, params.max_order_value) == (D(60), D(900))
    is_the_same_folded(again)


def test_where_raising_needs_two_a_raise_in_the_configuration_waits_as_well() -> None:
    desk = two_person_desk()
    again = start_with(desk, setup(account(A, max_order_qty=20_000, max_order_value=10), account(B)))
    assert again.account().params.max_order_qty == D(10_000)
    assert again.account().params.max_order_value == D(10)
    assert again.engine.state.desk.limit_raise_needs_two == D(1)
    proposed = only(again.events(ev.LimitsProposed))
    assert [each.key for each in proposed.changes] == ["limit_raise_needs_two", "max_order_qty"]
    again.step(inp.ApproveLimits(1, "bob"))
    assert again.account().params.max_order_qty == D(20_000)
    is_the_same_folded(again)
    assert again.restarted().account().params.max_order_qty == D(20_000)


def test_a_new_account_comes_with_the_limits_that_the_configuration_gives_it() -> None:
    desk = Desk()
    again = start_with(desk, setup(account(A), account(B, max_order_qty=7)))
    assert again.account(B).params.max_order_qty == D(7)


# --- more held than a limit allows ------------------------------------------------------------------------------------


def test_a_limit_below_what_is_held_closes_nothing_and_lets_the_account_only_reduce() -> None:
    desk = Desk()
    desk.hold(10)
    sent = len(desk.requests(NewOrder))
    change(desk, max_position_qty="9")
    assert desk.account().state is TradingState.REDUCING
    assert list(desk.account().causes) == ["LIMIT_LOWERED"]
    assert len(desk.requests(NewOrder)) == sent
    desk.direct(BUY, 1, name="more")
    assert "TRADING_STATE" in codes(desk)
    is_the_same_folded(desk)


@pytest.mark.parametrize(("limit", "reducing"), [("11", False), ("10", False), ("9", True)])
def test_what_is_held_may_reach_the_limit(limit: str, reducing: bool) -> None:
    desk = Desk()
    desk.hold(10)
    change(desk, max_position_qty=limit)
    assert ("LIMIT_LOWERED" in desk.account().causes) is reducing


def test_the_account_trades_again_as_soon_as_what_it_holds_fits() -> None:
    desk = Desk()
    desk.hold(10)
    change(desk, max_position_qty="9")
    desk.exit(quantity=1)
    desk.accept(desk.sent())
    assert "LIMIT_LOWERED" in desk.account().causes
    desk.fill(desk.sent(), 1, "100.00")
    assert desk.account().state is TradingState.ACTIVE
    is_the_same_folded(desk)


def test_it_trades_again_when_the_limit_is_raised_again() -> None:
    desk = Desk()
    desk.hold(10)
    change(desk, max_position_qty="9")
    assert "AccountStateChanged" in kinds(change(desk, max_position_qty="10"))
    assert desk.account().state is TradingState.ACTIVE


def test_orders_above_a_lowered_count_make_the_account_only_reduce() -> None:
    desk = Desk()
    desk.direct(BUY, 10, price="99.00", name="one")
    desk.direct(BUY, 10, price="99.00", name="two")
    change(desk, max_open_orders="1")
    assert list(desk.account().causes) == ["LIMIT_LOWERED"]
    desk.cancel(desk.sent())
    assert desk.account().causes == {}


def test_a_loss_limit_lowered_below_the_days_loss_counts_at_once() -> None:
    desk = Desk()
    desk.hold(100)
    desk.quote(SHARE, "95.02", "95.04")  # 500 of 100,000 lost
    change(desk, max_daily_loss_pct="0.5")
    assert "DAILY_LOSS" in desk.account().causes
