"""The views fold the same events as the engine, by other code: on every record both must show the same books."""

import subprocess
import sys
from pathlib import Path

import pytest

from coxswain.core import order as machine
from coxswain.core.eligibility import risk_budget_left
from coxswain.core.state import Account, State, available_margin, equity
from coxswain.journal.store import Reader
from coxswain.messages.record import decode
from coxswain.runtime.plugins import make_engine
from coxswain.views.positions import AccountRow
from coxswain.views.summary import Summary

COXSWAIN = Path(sys.executable).with_name("coxswain")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_blotter_and_book_agree_with_the_engine_on_every_record_of_a_demo(seed: int, tmp_path: Path) -> None:
    journal = tmp_path / "demo.journal"
    words: list[str | Path] = [COXSWAIN, "demo", "--seed", str(seed), "--journal", journal]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    engine, summary = make_engine(), Summary()
    with Reader(journal) as reader:
        for _, body in reader.read():
            record = decode(body)
            engine.fold(record)
            summary.apply(record)
            assert_orders_agree(engine.state, summary)
            rows = {row.account: row for row in summary.book.all_accounts()}
            for account_id, account in engine.state.accounts.items():
                assert_account_agrees(account, rows[account_id])


def assert_orders_agree(state: State, summary: Summary) -> None:
    for account in state.accounts.values():
        for order in account.orders.values():
            row = summary.blotter.orders[order.cl_ord_id]
            assert row.ord_status is machine.ord_status(order)
            assert (row.cum_qty, row.leaves_qty) == (order.cum_qty, machine.leaves_qty(order))
            assert (row.avg_px, row.commission) == (machine.avg_px(order), order.commission)
            assert (row.order_qty, row.price, row.stop_px) == (order.order_qty, order.price, order.stop_px)
            assert (row.current_id, row.outcome_known) == (order.current_id, order.outcome_known)


def assert_account_agrees(account: Account, row: AccountRow) -> None:
    assert (row.state, row.causes, row.reconciled) == (account.state, list(account.causes), account.reconciled)
    assert (row.balance, row.anchor, row.day_realized) == (account.balance, account.anchor, account.day_realized)
    assert (row.used_margin, row.held_margin) == (account.used_margin, account.held_margin)
    assert (row.open_risk, row.held_risk) == (account.open_risk, account.held_risk)
    assert (row.open_positions, row.breaks) == (account.open_positions, list(account.breaks))
    assert (row.equity, row.available_margin) == (equity(account), available_margin(account))
    assert row.risk_budget_left == risk_budget_left(account)
