"""What is in force, folded from events: values with their origin, what is used of them, and what waits."""

from coxswain.core.state import spare_margin
from coxswain.core.used import used_of
from coxswain.messages import inputs as inp
from coxswain.messages.command_json import parse_command
from coxswain.views.alerts import Alerts
from coxswain.views.answers import answer_of
from coxswain.views.limits import LimitRow, LimitsView
from coxswain.views.outside import Outside
from tests.unit.core.desk import BUY, SHARE, A, D, Desk, S, account, only, setup


def tell(desk: Desk, actor: str = "ann", **fields: object) -> None:
    desk.step(parse_command(fields, actor, desk.now_ns))


def view(desk: Desk) -> LimitsView:
    folded = LimitsView()
    for record in desk.records:
        folded.apply(record)
    return folded


def row(desk: Desk, key: str) -> LimitRow:
    return only([each for each in view(desk).rows(used_of(desk.engine.state), A) if each.key == key])


def desk_row(desk: Desk, key: str) -> LimitRow:
    found = view(desk).rows(used_of(desk.engine.state))
    return only([each for each in found if each.key == key and each.account is None])


def test_a_value_that_nobody_changed_is_the_configurations() -> None:
    found = row(Desk(setup(account(A, max_order_qty=50))), "max_order_qty")
    assert (found.value, found.origin, found.version, found.until_ns) == (D(50), "configuration", 1, None)


def test_a_change_by_command_is_shown_with_who_since_when_and_until_when() -> None:
    desk = Desk()
    tell(desk, command="set-limits", values={"max_order_qty": "20"}, account="A", for_s=60, reason="less")
    found = row(desk, "max_order_qty")
    assert (found.value, found.origin, found.version) == (D(20), "command by ann", 2)
    assert found.until_ns == desk.now_ns + 60 * S
    desk.wait(60 * S)
    assert row(desk, "max_order_qty").origin == "revert by engine"


def test_what_is_used_of_a_limit_and_what_is_left() -> None:
    desk = Desk(setup(account(A, max_daily_loss_pct=1)))
    desk.hold(10)
    desk.quote(SHARE, "99.02", "99.04")  # 10.00 of 100,000
    found = row(desk, "max_daily_loss_pct")
    assert (found.used, found.headroom) == (D("0.01"), D("0.99"))
    assert row(desk, "max_open_positions").headroom == D(2)
    assert row(desk, "max_drawdown_pct").used == D("0.01")


def test_orders_and_exposures_are_counted_as_the_gate_counts_them() -> None:
    desk = Desk(setup(account(A), max_desk_gross_exposure=5000))
    desk.hold(10, stop_loss="95.00")  # which leaves a stop at the venue
    desk.direct(BUY, 5, price="99.00")
    assert (row(desk, "max_open_orders").used, row(desk, "max_open_orders").headroom) == (D(2), D(18))
    held = row(desk, "max_gross_exposure").used
    assert held == D(1485)  # fifteen at the last price that was asked for
    for key in ("max_gross_exposure", "max_net_exposure"):
        assert row(desk, key).used == held
    assert desk_row(desk, "max_desk_gross_exposure").used == held
    assert desk_row(desk, "max_desk_gross_exposure").headroom == 5000 - held
    assert desk_row(desk, "max_desk_net_exposure").used == held
    assert desk_row(desk, "max_currency_exposure").used == held
    assert desk_row(desk, "max_desk_position_qty").used == row(desk, "max_position_qty").used == D(15)


def test_of_what_must_stay_free_nothing_is_used_and_the_rest_is_left() -> None:
    desk = Desk()
    desk.hold(10)  # 500.10 of margin, and 0.20 lost
    found = row(desk, "min_available_margin")
    spare = spare_margin(desk.account())
    assert (found.used, found.headroom) == (None, spare - 1000)
    assert row(desk, "min_account_balance").headroom == min(spare, desk.account().balance or spare)


def test_a_strategy_uses_its_own_limit_and_the_others_the_general_one() -> None:
    desk = Desk()
    tell(desk, command="set-limits", values={"max_strategy_position_qty:trend": "50"}, account="A", reason="x")
    desk.hold(10, strategy="trend")
    desk.signal(quantity=4, stop_loss="95.00", strategy="carry")
    assert row(desk, "max_strategy_position_qty:trend").used == D(10)
    assert row(desk, "max_strategy_position_qty").used == D(4)
    assert desk_row(desk, "max_strategy_exposure").used == desk.engine.state.exposures["strategy|trend"].gross


def test_the_view_says_what_the_engine_acts_on() -> None:
    desk = Desk(setup(account(A), limit_raise_needs_two=1))
    tell(desk, command="set-limits", values={"max_order_qty": "20"}, account="A", reason="less")
    tell(desk, command="set-limits", values={"max_order_value": "300000"}, account="A", reason="more")
    waiting = only(view(desk).waiting())
    assert (waiting.id, waiting.actor) == ("proposal 1", "ann")
    tell(desk, "bob", command="approve-limits", proposal=1, reason="fine")
    assert view(desk).waiting() == []
    params = desk.account().params
    for key in ("max_order_qty", "max_order_value", "max_daily_loss_pct"):
        assert row(desk, key).value == getattr(params, key)
    assert view(desk).version == desk.engine.state.limits.version


def test_each_command_becomes_its_input_and_its_answer_names_it() -> None:
    desk = Desk()
    asked: dict[str, dict[str, object]] = {
        "set-limits": {"values": {"max_order_qty": 5}},
        "approve-limits": {"proposal": 1},
        "withdraw-limits": {"proposal": 1},
        "propose-override": {"control": 21, "account": "A", "signal_id": "s1", "for_s": 60},
        "approve-override": {"override_id": "override-1"},
        "withdraw-override": {"override_id": "override-1"},
        "close-breaker": {"account": "A", "breaker": "loss"},
    }
    for name, fields in asked.items():
        record = desk.step(parse_command({"command": name, **fields, "reason": "why"}, "ann", desk.now_ns))
        assert answer_of(record).command == name
        assert getattr(record.input, "actor", "") == "ann"
    assert isinstance(desk.records[-1].input, inp.CloseBreaker)


def test_an_answer_says_what_stays_although_a_limit_was_lowered() -> None:
    desk = Desk()
    message = parse_command(
        {"command": "set-limits", "values": {"max_order_qty": "5"}, "reason": "less"}, "ann", desk.now_ns
    )
    answer = answer_of(desk.step(message))
    assert answer.done
    assert any("stay" in line for line in answer.did_not)
    assert "limits set" in answer.undo


def test_a_step_of_the_ladder_is_told_to_the_outside_and_alerted() -> None:
    desk = Desk(setup(account(A, max_daily_loss_pct="0.1")))
    desk.hold(10, stop_loss="99.90")
    record = desk.quote(SHARE, "94.02", "94.04")  # 60.00 of 100.00
    assert [event.event for event in Outside().apply(record)] == ["RISK_LIMIT_BREACHED"]
    assert [alert.kind for alert in Alerts(window_s=300).apply(record)] == ["RISK_LIMIT_BREACHED"]


def test_a_strategy_with_a_limit_of_its_own_has_a_row_beside_the_general_one() -> None:
    desk = Desk()
    tell(desk, command="set-limits", values={"max_strategy_position_qty:trend": "5"}, account="A", for_s=60, reason="x")
    found = row(desk, "max_strategy_position_qty:trend")
    assert (found.value, found.unit, found.origin) == (D(5), "lots", "command by ann")
    assert row(desk, "max_strategy_position_qty").value == D(50000)
    desk.wait(60 * S)
    assert [each.key for each in view(desk).rows({}, A) if ":" in each.key] == []
