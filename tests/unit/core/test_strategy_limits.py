"""Limits of single strategies: their own value where they have one, the general one else, changed while it runs."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from coxswain.core.in_force import value_at
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.command_json import parse_command
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import AccountId
from tests.unit.core.desk import A, B, D, Desk, S, account, only, setup

LOTS, MONEY = "max_strategy_position_qty", "max_strategy_exposure"


def of_account(name: AccountId = A, **limits: str) -> AccountSpec:
    """Return an account with limits; two underscores stand for the colon."""
    spec = account(name)
    return msgspec.structs.replace(spec, limits={key.replace("__", ":"): D(value) for key, value in limits.items()})


def with_settings(config: Setup, **settings: str) -> Setup:
    more = {key.replace("__", ":"): D(value) for key, value in settings.items()}
    return msgspec.structs.replace(config, settings={**config.settings, **more})


def change(desk: Desk, key: str, value: str, account_id: AccountId | None = A, **fields: Any) -> Record:
    return desk.step(inp.SetLimits({key: D(value)}, "because", "ann", account_id, **fields))


def sent(desk: Desk, strategy: str, qty: int) -> bool:
    before = len(desk.requests(NewOrder))
    desk.signal(quantity=qty, stop_loss="95.00", strategy=strategy)
    return len(desk.requests(NewOrder)) > before


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def is_the_same_folded(desk: Desk) -> None:
    assert desk.folded().engine.digest() == desk.engine.digest()


# --- what the gate does with them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strategy", "qty", "goes"), [("trend", 5, True), ("trend", 6, False), ("carry", 6, True)])
def test_a_strategy_has_its_own_position_limit(strategy: str, qty: int, goes: bool) -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty__trend="5")))
    assert sent(desk, strategy, qty) is goes
    assert codes(desk) == ([] if goes else ["STRATEGY_POSITION_QTY"])


@pytest.mark.parametrize(("limit", "goes"), [("1000.21", True), ("1000.2", True), ("1000.19", False)])
def test_a_strategy_has_its_own_exposure_limit(limit: str, goes: bool) -> None:
    desk = Desk(with_settings(setup(), max_strategy_exposure__trend=limit))
    assert sent(desk, "trend", 10) is goes
    assert codes(desk) == ([] if goes else ["STRATEGY_EXPOSURE"])
    assert sent(desk, "carry", 10)


def test_a_strategy_may_have_more_than_all_others() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5", max_strategy_position_qty__trend="10")))
    assert sent(desk, "trend", 10)
    assert not sent(desk, "carry", 6)


# --- changed while it runs --------------------------------------------------------------------------------------------


def test_a_command_sets_the_limit_of_one_strategy() -> None:
    desk = Desk(setup(account(A), account(B)))
    change(desk, f"{LOTS}:trend", "5")
    changed = only(list(only(desk.events(ev.LimitsChanged)).changes))
    assert changed == ev.LimitChange(A, f"{LOTS}:trend", D(50000), D(5))
    sent(desk, "trend", 12)  # six each
    assert codes(desk) == ["STRATEGY_POSITION_QTY"]
    assert [request.account for request in desk.requests(NewOrder)] == [B]
    is_the_same_folded(desk)


def test_set_for_the_desk_it_is_set_for_each_account() -> None:
    desk = Desk(setup(account(A), account(B)))
    change(desk, f"{LOTS}:trend", "5", None)
    assert [each.account for each in only(desk.events(ev.LimitsChanged)).changes] == [A, B]


def test_a_limit_of_the_desk_is_set_for_one_strategy() -> None:
    desk = Desk()
    desk.step(
        parse_command(
            {"command": "set-limits", "values": {f"{MONEY}:trend": "1000"}, "reason": "less"}, "ann", desk.now_ns
        )
    )
    assert not sent(desk, "trend", 10)
    assert sent(desk, "carry", 10)
    is_the_same_folded(desk)


@pytest.mark.parametrize("key", ["max_order_qty:trend", f"{LOTS}:", "nothing:trend"])
def test_no_other_limit_has_a_value_for_a_strategy(key: str) -> None:
    desk = Desk()
    change(desk, key, "5")
    assert only(desk.events(ev.CommandRefused)).reasons[0].startswith(f"KEY_UNKNOWN: key={key}")


def test_where_raising_needs_two_a_raise_for_one_strategy_waits() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5"), limit_raise_needs_two=1))
    change(desk, f"{LOTS}:trend", "10")
    assert not sent(desk, "trend", 6)
    desk.step(inp.ApproveLimits(1, "bob"))
    assert sent(desk, "trend", 6)
    is_the_same_folded(desk)


def test_a_proposal_for_one_strategy_leaves_it_with_the_general_value() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5"), limit_raise_needs_two=1))
    change(desk, f"{LOTS}:trend", "10")
    change(desk, LOTS, "3")
    assert value_at(desk.engine.state, (A, f"{LOTS}:trend")) == 3


def test_after_its_time_it_moves_with_the_general_value_again() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="9")))
    change(desk, f"{LOTS}:trend", "5", until_ns=desk.now_ns + 60 * S)
    desk.wait(60 * S)
    assert value_at(desk.engine.state, (A, f"{LOTS}:trend")) == 9
    change(desk, LOTS, "3")
    assert value_at(desk.engine.state, (A, f"{LOTS}:trend")) == 3
    is_the_same_folded(desk)


# --- the configuration of a start -------------------------------------------------------------------------------------


def start_with(desk: Desk, config: Setup) -> Desk:
    again = desk.folded()
    again.setup = config
    again.start()
    return again


@pytest.mark.parametrize(("value", "waits"), [("10", True), ("3", False)])
def test_a_strategy_that_a_configuration_names_anew_is_a_change_like_any_other(value: str, waits: bool) -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5"), limit_raise_needs_two=1))
    new = of_account(max_strategy_position_qty="5", max_strategy_position_qty__trend=value)
    again = start_with(desk, setup(new, limit_raise_needs_two=1))
    proposed, changed = again.events(ev.LimitsProposed), again.events(ev.LimitsChanged)
    made = [
        *(each for event in proposed for each in event.changes),
        *(each for event in changed for each in event.changes),
    ]
    assert only(made) == ev.LimitChange(A, f"{LOTS}:trend", D(5), D(value))
    assert bool(again.events(ev.LimitsProposed)) is waits
    assert value_at(again.engine.state, (A, f"{LOTS}:trend")) == (5 if waits else Decimal(value))
    is_the_same_folded(again)


def test_a_strategy_that_a_configuration_names_no_more_has_the_general_value_again() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="9", max_strategy_position_qty__trend="5")))
    again = start_with(desk, setup(of_account(max_strategy_position_qty="9")))
    assert sent(again, "trend", 9)
    change(again, LOTS, "3")
    assert value_at(again.engine.state, (A, f"{LOTS}:trend")) == 3
    is_the_same_folded(again)


def test_what_a_command_set_for_a_strategy_stays_over_a_restart() -> None:
    desk = Desk()
    change(desk, f"{LOTS}:trend", "5")
    assert value_at(desk.restarted().engine.state, (A, f"{LOTS}:trend")) == 5
