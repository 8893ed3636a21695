"""Journals as earlier versions wrote them, kept as they are: they still fold, and still say the same."""

from pathlib import Path

from coxswain.messages.events import OrderCreated, OrderFilled
from coxswain.messages.record import Record, decode
from coxswain.runtime.plugins import make_engine
from coxswain.views.documents import document

KEPT = Path(__file__).parent / "kept"
DIGEST = "2e03faea551087e8b137def7c498f79b2da0310558cde93af01dc0f5a6ac6353"


def records(name: str) -> list[Record]:
    return [decode(line) for line in (KEPT / f"{name}.jsonl").read_bytes().splitlines()]


def test_a_journal_whose_counts_are_written_as_decimals_folds_to_what_it_says() -> None:
    engine, told = make_engine(), records("counts_as_decimals")
    for record in told:
        engine.fold(record)
    fills = [event for record in told for event in record.events if isinstance(event, OrderFilled)]
    held = {
        (account.spec.id, symbol): position.qty
        for account in engine.state.accounts.values()
        for symbol, position in account.positions.items()
    }
    assert engine.state.seq == len(told)
    assert engine.digest() == DIGEST, "another digest than under the version that wrote it"
    assert held == {(fill.account, fill.symbol): fill.last_qty for fill in fills} != {}


def test_a_count_that_was_written_as_a_decimal_is_shown_like_one_that_is_a_whole_number() -> None:
    events = [event for record in records("counts_as_decimals") for event in record.events]
    checks = [check for event in events if isinstance(event, OrderCreated) for check in event.checks]
    counted = next(check for check in checks if check.code == "ORDERS_PER_DAY")
    assert document(counted) == {
        "code": "ORDERS_PER_DAY",
        "value": "1",
        "limit": "1000",
        "passed": True,
        "found": "",
        "wanted": "",
        "kind": "",
    }
