"""Commands as JSON: each becomes one input, and every field that is wrong is named with what was found and wanted."""

import typing
from decimal import Decimal

import pytest

from coxswain.messages import inputs as inp
from coxswain.messages.command_json import COMMANDS, CommandError, document_of, parse_command
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.vocabulary import AccountId, ClOrdId, ExecId, Mode, SettledAs, SignalId, Symbol

A = AccountId("alder")


def read(**document: typing.Any) -> inp.Input:
    return parse_command(document, "ann", 7)


def wrong(**document: typing.Any) -> tuple[str, ...]:
    with pytest.raises(CommandError) as caught:
        read(**document)
    return caught.value.errors


@pytest.mark.parametrize("level", StopLevel)
@pytest.mark.parametrize(
    ("named", "scope"),
    [
        ({"everything": True}, EVERYTHING),
        ({"account": "alder"}, Scope(ScopeKind.ACCOUNT, "alder")),
        ({"venue": "paper"}, Scope(ScopeKind.VENUE, "paper")),
        ({"strategy": "breakout"}, Scope(ScopeKind.STRATEGY, "breakout")),
        ({"instrument": "eur/usd"}, Scope(ScopeKind.INSTRUMENT, "EUR/USD")),
        ({"order": "5eed-alder-1"}, Scope(ScopeKind.ORDER, "5eed-alder-1")),
    ],
)
def test_a_stop_is_read_at_every_level_and_scope(level: StopLevel, named: dict[str, typing.Any], scope: Scope) -> None:
    assert read(command=level.lower(), **named, reason="why") == inp.StopTrading(level, scope, "why", "ann")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"command": "resume", "account": "alder"},
            inp.ResumeTrading(Scope(ScopeKind.ACCOUNT, "alder"), "why", "ann"),
        ),
        (
            {"command": "set-mode", "mode": "manual", "everything": True},
            inp.SetMode(Mode.MANUAL, EVERYTHING, "why", "ann"),
        ),
        ({"command": "approve", "plan_id": "s1"}, inp.ApprovePlan((SignalId("s1"),), "ann", "why")),
        (
            {
                "command": "approve",
                "plan_id": ["s1", "s2", "s1"],
                "accounts": "alder",
                "seen_px": "1.10",
                "accept_drift": True,
            },
            inp.ApprovePlan((SignalId("s1"), SignalId("s2")), "ann", "why", (A,), Decimal("1.1"), True),
        ),
        ({"command": "reject", "plan_id": "s1"}, inp.RejectPlan((SignalId("s1"),), "ann", "why")),
        (
            {"command": "modify", "plan_id": "s1", "quantities": {"alder": 5}},
            inp.ModifyPlan(SignalId("s1"), {A: Decimal(5)}, "ann", "why"),
        ),
        ({"command": "cancel", "order": "o1"}, inp.CancelOrders("ann", "why", (ClOrdId("o1"),))),
        (
            {"command": "cancel", "instrument": "eurusd", "protection": True},
            inp.CancelOrders("ann", "why", symbol=Symbol("EURUSD"), protection=True),
        ),
        ({"command": "reconcile"}, inp.CompareAccounts("why", (), "ann")),
        (
            {"command": "settle-order", "order": "o1", "as": "lost"},
            inp.SettleOrder(ClOrdId("o1"), SettledAs.LOST, "why", "ann"),
        ),
        (
            {"command": "settle-order", "order": "o1", "as": "filled", "fills": ["e1", "e2"]},
            inp.SettleOrder(ClOrdId("o1"), SettledAs.FILLED, "why", "ann", (ExecId("e1"), ExecId("e2"))),
        ),
        (
            {"command": "set-correlation", "accounts": ["alder", "birch"], "rho": "0.8"},
            inp.SetCorrelation(A, AccountId("birch"), Decimal("0.8"), "why", "ann"),
        ),
    ],
    ids=lambda value: value.get("command") if isinstance(value, dict) else "",
)
def test_a_command_becomes_its_input(document: dict[str, typing.Any], message: inp.Input) -> None:
    assert read(**document, reason="why") == message


def test_why_a_signal_is_handed_in_stands_beside_it_and_is_no_part_of_it() -> None:
    signal = {"id": "s1", "kind": "exit", "symbol": "EURUSD"}
    plain, told = read(command="submit", signal=signal), read(command="submit", signal=signal, reason="the news")
    assert isinstance(plain, inp.SubmitSignal)
    assert isinstance(told, inp.SubmitSignal)
    assert (told.reason, told.signal) == ("the news", plain.signal)


def test_a_signal_is_submitted_by_who_sends_it() -> None:
    signal = {"id": "s1", "kind": "exit", "symbol": "eurusd", "quantity": Decimal("0.5")}
    message = read(command="submit", signal=signal)
    assert isinstance(message, inp.SubmitSignal)
    assert (message.actor, message.signal.symbol, message.signal.quantity) == ("ann", "EURUSD", Decimal("0.5"))
    assert message.signal.signal_time_ns == 7


def test_what_is_wrong_with_a_signal_is_said_as_its_parser_says_it() -> None:
    errors = wrong(command="submit", signal={"id": "s1", "kind": "exit", "symbl": "EURUSD"})
    assert 'signal: "symbl": unknown field; did you mean symbol?' in errors


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({}, "command: missing, wanted one of pause, halt, freeze"),
        ({"command": "hlat"}, 'command: "hlat", did you mean halt?'),
        ({"command": 5}, "command: 5, wanted one of"),
        ({"command": "halt", "acount": "a", "reason": "why"}, 'field: "acount", did you mean account?'),
        ({"command": "halt", "everything": True}, "reason: missing, wanted why"),
        ({"command": "halt", "everything": True, "reason": " "}, 'reason: " ", wanted printable text'),
        ({"command": "halt", "reason": "why"}, "no scope: wanted exactly one of account, venue"),
        ({"command": "halt", "everything": False, "reason": "why"}, "no scope: wanted exactly one of"),
        (
            {"command": "halt", "account": "a", "everything": True, "reason": "why"},
            "account and everything: wanted exactly one of",
        ),
        ({"command": "halt", "everything": "yes", "reason": "why"}, 'everything: "yes", wanted true or false'),
        ({"command": "halt", "account": "a b", "reason": "why"}, 'account: "a b", wanted 1 to 64 letters'),
        ({"command": "resume", "order": "o", "reason": "why"}, 'field: "order", wanted one of'),
        ({"command": "set-mode", "mode": "AUTO", "everything": True, "reason": "w"}, 'mode: "AUTO", wanted one of'),
        ({"command": "approve", "plan_id": [], "reason": "why"}, "plan_id: a list of 0, wanted one name or a list"),
        ({"command": "approve", "plan_id": ["a", 5], "reason": "why"}, "plan_id: a list of 2, wanted a list of names"),
        ({"command": "approve", "plan_id": "a", "seen_px": 1.5, "reason": "w"}, "seen_px: 1.5, wanted a number, as"),
        ({"command": "approve", "plan_id": "a", "seen_px": "0", "reason": "w"}, 'seen_px: "0", wanted a number above'),
        ({"command": "approve", "plan_id": "a", "seen_px": "x", "reason": "w"}, 'seen_px: "x", wanted a number'),
        ({"command": "modify", "plan_id": "a", "quantities": {}, "reason": "w"}, "quantities: an object, wanted an"),
        (
            {"command": "modify", "plan_id": "a", "quantities": {"b": -1}, "reason": "w"},
            "quantities: an object, wanted an object of 1 to 1000 accounts",
        ),
        ({"command": "settle-order", "order": "o1", "as": "gone", "reason": "w"}, 'as: "gone", wanted lost or filled'),
        ({"command": "settle-order", "order": "o1", "as": "lost"}, "reason: missing, wanted what you have seen"),
        ({"command": "cancel", "reason": "why"}, "nothing to cancel is named: wanted order, plan_id, account or"),
        (
            {"command": "set-correlation", "accounts": "a", "rho": 2, "reason": "w"},
            "rho: 2, wanted a number from -1 to 1",
        ),
        (
            {"command": "set-correlation", "accounts": "a", "rho": 1, "reason": "w"},
            "accounts: a list of 1, wanted two different accounts",
        ),
        ({"command": "submit", "signal": "x"}, 'signal: "x", wanted an object'),
    ],
)
def test_what_is_wrong_is_named_with_what_was_found_and_wanted(document: dict[str, typing.Any], error: str) -> None:
    assert any(found.startswith(error) for found in wrong(**document)), wrong(**document)


def test_every_error_is_told_at_once() -> None:
    assert len(wrong(command="approve", plan_id=5, sen_px=1, accept_drift="x")) == 4


def test_a_field_that_is_null_counts_as_left_out() -> None:
    assert read(command="reconcile", accounts=None, reason="why") == inp.CompareAccounts("why", (), "ann")


def test_no_command_can_say_who_asks() -> None:
    assert not any({"actor", "by", "second_actor"} & set(command.fields) for command in COMMANDS.values())


def test_every_command_and_field_has_its_line_of_help() -> None:
    assert all(command.help.endswith(".") for command in COMMANDS.values())
    assert all(field.help for command in COMMANDS.values() for field in command.fields.values())


def test_numbers_on_a_line_stay_exact() -> None:
    line = '{"command": "approve", "plan_id": "a", "seen_px": 1.100000000001, "reason": "why"}'
    message = parse_command(document_of(line), "ann", 7)
    assert isinstance(message, inp.ApprovePlan)
    assert message.seen_px == Decimal("1.100000000001")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"\xff", "the line is not UTF-8 text"),
        ("{", "the line is not JSON"),
        ("[]", "the line is a list of 0, wanted one JSON object"),
        ('{"a": 1, "a": 2}', "a key stands twice in it"),
        ('{"a": NaN}', "NaN is no number"),
        ("[" * 100_000, "the line cannot be read"),
        (" " * 200_000, "the line is longer than"),
    ],
)
def test_a_line_that_is_no_document_is_said_to_be_none(line: str | bytes, error: str) -> None:
    with pytest.raises(CommandError, match=error):
        document_of(line)
