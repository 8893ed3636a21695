"""What is wrong with a command is said in the words that it was typed in."""

import pytest
import typer

from coxswain.app.typed import as_typed, pairs


@pytest.mark.parametrize(
    ("command", "sentence", "wanted"),
    [
        ("set-limits", "values: missing, wanted a number", "KEY=VALUE: missing, wanted a number"),
        ("approve", "seen_px: 0, wanted a number above 0", "--seen-px: 0, wanted a number above 0"),
        ("cancel", 'plan_id: "", wanted a name', '--plan: "", wanted a name'),
        ("modify", 'plan_id: "", wanted a name', 'SIGNAL: "", wanted a name'),
        (
            "pause",
            "no scope: wanted exactly one of account, venue, strategy, instrument, order, everything",
            "no scope: wanted exactly one of ACCOUNT, --venue, --strategy, --instrument, --everything",
        ),
        (
            "halt",
            "account and order: wanted exactly one of account, order, everything",
            "ACCOUNT and --order: wanted exactly one of ACCOUNT, --order, --everything",
        ),
        (
            "cancel",
            "nothing to cancel is named: wanted order, plan_id, account or instrument",
            "nothing to cancel is named: wanted ORDER, --plan, --account or --instrument",
        ),
        ("submit", 'signal: side: "up", wanted BUY or SELL', 'signal: side: "up", wanted BUY or SELL'),
    ],
)
def test_a_field_is_called_as_it_is_typed(command: str, sentence: str, wanted: str) -> None:
    assert as_typed(command, sentence) == wanted


def test_a_pair_is_a_name_and_a_value() -> None:
    assert pairs("KEY=VALUE", ["a=1", " b = 2 "], "a=1") == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["max_order_qty"], "KEY=VALUE: found 'max_order_qty', wanted a name, = and a number, such as a=1"),
        (["=5"], "KEY=VALUE: found '=5', wanted a name"),
        (["a="], "KEY=VALUE: found 'a=', wanted a name"),
        (["a=1", "a=2"], "KEY=VALUE: a is given twice, wanted once"),
    ],
)
def test_a_pair_that_is_none_is_named(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        pairs("KEY=VALUE", given, "a=1")
    assert said in capsys.readouterr().err
