"""Correlations that cannot all be, and ladders that do not rise: what the configuration refuses, and how it says so."""

from decimal import Decimal
from pathlib import Path

import pytest

from coxswain.app.config.load import ConfigError, load
from coxswain.app.config.matrix import can_be

HEAD = """\
venues: {paper: {kind: paper}}
instruments: [{symbol: X, currency: USD, tick: 1, lot_step: 1, min_qty: 1}]
accounts:
"""
ACCOUNT = "  - {{id: {name}, venue: paper, currency: USD, initial_balance: 1000, firm: none{more}}}\n"


def problems(folder: Path, *pairs: str, limits: str = "", own: str = "") -> list[str]:
    text = HEAD + "".join(ACCOUNT.format(name=name, more=own if name == "a" else "") for name in "abcd")
    if pairs:
        text += "correlations:\n" + "".join(f"  - {{accounts: [{p[0]}, {p[1]}], rho: {p[2:]}}}\n" for p in pairs)
    path = folder / "coxswain.yaml"
    path.write_text(text + limits)
    try:
        load(path, {})
    except ConfigError as error:
        return [f"{problem.key}: {problem.message}" for problem in error.errors]
    return []


def matrix(*rows: str) -> list[list[Decimal]]:
    return [[Decimal(value) for value in row.split()] for row in rows]


@pytest.mark.parametrize(
    ("rows", "possible"),
    [
        (("1 0.5", "0.5 1"), True),
        (("1 1 1", "1 1 1", "1 1 1"), True),
        (("1 -0.5 -0.5", "-0.5 1 -0.5", "-0.5 -0.5 1"), True),
        (("1 -0.51 -0.51", "-0.51 1 -0.51", "-0.51 -0.51 1"), False),
        (("1 0.9 0.9", "0.9 1 0.6199", "0.9 0.6199 1"), True),
        (("1 0.9 0.9", "0.9 1 0.61", "0.9 0.61 1"), False),
        (("1 0.3333 0.3333", "0.3333 1 -0.7778", "0.3333 -0.7778 1"), True),
    ],
)
def test_a_matrix_without_a_negative_eigenvalue_can_be(rows: tuple[str, ...], possible: bool) -> None:
    assert can_be(matrix(*rows)) is possible


def test_three_that_cannot_be_are_named_with_the_range_that_is_left(tmp_path: Path) -> None:
    assert problems(tmp_path, "ab0.9", "bc0.9", "ac-0.9") == [
        'correlations[2].rho: found "-0.9"; wanted from 0.62 to 1 for a and c, beside 0.9 of a and b and 0.9 of c and b'
    ]


@pytest.mark.parametrize("rho", ["0.62", "0.9", "1"])
def test_three_within_the_range_can_be(tmp_path: Path, rho: str) -> None:
    assert problems(tmp_path, "ab0.9", "bc0.9", f"ac{rho}") == []


def test_a_pair_that_is_left_out_may_be_anything(tmp_path: Path) -> None:
    assert problems(tmp_path, "ab0.9", "bc0.9") == []


def test_four_of_which_any_three_can_be_are_named_together(tmp_path: Path) -> None:
    # each three of -0.4 can be, since 1 - 2 * 0.4 > 0; four cannot, since 1 - 3 * 0.4 < 0
    pairs = [f"{one}{other}-0.4" for one, other in ("ab", "ac", "ad", "bc", "bd", "cd")]
    assert problems(tmp_path, *pairs) == [
        "correlations: found rhos of a, b, c, d that cannot all be; wanted a positive semi-definite matrix"
    ]


def test_a_pair_set_both_ways_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "ab0.5", "ba0.6") == [
        "correlations[1].accounts: the pair is set in line 9 already; wanted each pair once"
    ]


def test_a_correlation_beyond_one_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "ab-1.01") == ['correlations[0].rho: found "-1.01"; wanted a number from -1 to 1']


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("{ladder_warn_pct: 75}", []),
        (
            "{ladder_warn_pct: 76}",
            ['limits.ladder_warn_pct: found "76"; wanted no more than ladder_reduce_pct, which is 75 by default'],
        ),
        (
            "{ladder_no_new_risk_pct: 85, ladder_flatten_pct: 80}",
            ['limits.ladder_flatten_pct: found "80"; wanted no less than ladder_no_new_risk_pct, which is "85"'],
        ),
        (
            "{ladder_reduce_pct: 90, ladder_no_new_risk_pct: 89}",
            ['limits.ladder_no_new_risk_pct: found "89"; wanted no less than ladder_reduce_pct, which is "90"'],
        ),
    ],
)
def test_the_steps_of_a_ladder_rise(tmp_path: Path, limits: str, said: list[str]) -> None:
    assert problems(tmp_path, limits=f"limits: {limits}\n") == said


def test_an_accounts_own_step_rises_beside_those_of_all_accounts(tmp_path: Path) -> None:
    found = problems(tmp_path, limits="limits: {ladder_reduce_pct: 70}\n", own=", limits: {ladder_warn_pct: 71}")
    assert found == [
        'accounts[a].limits.ladder_warn_pct: found "71"; wanted no more than ladder_reduce_pct, which is "70"'
    ]
