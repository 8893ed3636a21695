"""The policy and the caps in the configuration: what resolves, and what is said where it does not."""

from decimal import Decimal
from pathlib import Path

import pytest

from coxswain.app.config.load import ConfigError, Resolved, load
from coxswain.model.setup import AllocationSpec, CapSpec
from coxswain.model.vocabulary import AccountId, Symbol

TEXT = """\
venues:
  v: {kind: paper}
accounts:
  - {id: alpha, venue: v, currency: USD, initial_balance: 1000, firm: none, owner: ann}
  - {id: beta, venue: v, currency: USD, initial_balance: 1000, firm: none, owner: bob}
instruments:
  - {symbol: IBM, currency: USD, tick: 0.01, lot_step: 1, min_qty: 1}
"""
ALPHA, BETA = AccountId("alpha"), AccountId("beta")


def resolve(folder: Path, more: str) -> Resolved:
    file = folder / "coxswain.yaml"
    file.write_text(TEXT + more, encoding="utf-8")
    return load(file, {})


@pytest.mark.parametrize(
    ("written", "spec"),
    [
        ("", AllocationSpec()),
        ("allocation:\n", AllocationSpec()),
        ("allocation: {policy: equal}\n", AllocationSpec("equal", "{}")),
        (
            "allocation: {policy: pro_rata, by: available_margin}\n",
            AllocationSpec("pro_rata", '{"by":"available_margin"}'),
        ),
        ("allocation: {policy: rotation, accounts_at_once: 3}\n", AllocationSpec("rotation", '{"accounts_at_once":3}')),
        (
            "allocation: {policy: fixed_ratio, ratios: [{account: beta, weight: 1.5}]}\n",
            AllocationSpec("fixed_ratio", '{"ratios":[{"account":"beta","weight":"1.5"}]}'),
        ),
    ],
)
def test_a_policy_resolves_with_its_parameters(tmp_path: Path, written: str, spec: AllocationSpec) -> None:
    assert resolve(tmp_path, written).setup.allocation == spec


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("allocation: {policy: equel}\n", 'allocation.policy: found "equel", which is unknown; did you mean equal?'),
        ("allocation: {policy: equal, by: equity}\n", "allocation.by: unknown"),
        ("allocation: {policy: pro_rata, by: balance}\n", "wanted one of equity, available_margin"),
        ("allocation: {policy: rotation, accounts_at_once: 0}\n", "accounts_at_once: wanted at least 1"),
        ("allocation: {policy: rotation, accounts_at_once: two}\n", "wanted a whole number"),
        ("allocation: {policy: fixed_ratio}\n", "allocation.ratios: missing"),
        ("allocation: {policy: fixed_ratio, ratios: [{account: betta, weight: 1}]}\n", "did you mean beta?"),
        ("allocation: {policy: fixed_ratio, ratios: [{account: beta, weight: 0}]}\n", "a weight above 0"),
        ("allocation: [equal]\n", "allocation: found a list of 1; wanted keys and values"),
        ("caps: [{name: x}]\n", "found no bound; wanted share_pct, lots or both"),
        ("caps: [{name: x, lots: 0}]\n", "wanted a number above 0"),
        ("caps: [{name: x, share_pct: 101}]\n", "wanted a number from 0 to 100"),
        ("caps: [{name: x, lots: 1, accounts: [betta]}]\n", "did you mean beta?"),
        ("caps: [{name: x, lots: 1, symbols: [IBN]}]\n", "did you mean IBM?"),
        ("caps: [{name: x, lots: 1, owner: cid}]\n", "found no account that it would hold"),
        ("caps: [{name: x, lots: 1, product_group: metals}]\n", "wanted a product group with an instrument"),
        ("caps: [{name: x, lots: 1}, {name: x, lots: 2}]\n", "taken in line"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, written: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, written)
    (problem,) = caught.value.errors
    assert said in str(problem)
    assert str(problem).startswith("coxswain.yaml line 8")


def test_a_cap_names_its_members_one_by_one(tmp_path: Path) -> None:
    written = "caps:\n  - {name: firm, accounts: [beta], symbols: [ibm], share_pct: 40}\n  - {name: all, lots: 5}\n"
    assert resolve(tmp_path, written).setup.caps == (
        CapSpec("firm", (BETA,), (Symbol("IBM"),), share_pct=Decimal(40)),
        CapSpec("all", (ALPHA, BETA), lots=Decimal(5)),
    )


def test_a_cap_selects_by_firm_by_owner_and_by_product_group(tmp_path: Path) -> None:
    written = """\
product_groups: {shares: [ibm]}
caps:
  - {name: of ann, owner: ann, lots: 1}
  - {name: own money, firm: none, product_group: shares, lots: 2}
"""
    assert resolve(tmp_path, written).setup.caps == (
        CapSpec("of ann", (ALPHA,), lots=Decimal(1)),
        CapSpec("own money", (ALPHA, BETA), (Symbol("IBM"),), lots=Decimal(2)),
    )
