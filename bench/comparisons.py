"""Comparisons of an account's books with its venue's: a hundred accounts, a hundred positions each."""

import time
from collections.abc import Callable
from decimal import Decimal

from bench.desk import GENEROUS, START_NS, VENUE, account_id, instrument
from coxswain.messages.inputs import AccountLookedUp, CompareAccounts, EngineStarted
from coxswain.messages.record import encode
from coxswain.model.market import Quote
from coxswain.model.orders import VenuePosition
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import JournalId, Mode, Symbol
from coxswain.runtime.plugins import make_engine

COUNT = 100
ADOPTING = {**GENEROUS, "auto_adopt_breaks": Decimal(1)}


def comparisons() -> tuple[int, Callable[[], float]]:
    """All accounts asked for at once, every answer compared in full, records encoded; our own time alone."""
    engine, balance = make_engine(), Decimal(10**9)
    symbols = [Symbol(f"THING{number}") for number in range(COUNT)]
    ids = [account_id(number) for number in range(COUNT)]
    specs = tuple(AccountSpec(each, VENUE.id, "USD", ADOPTING) for each in ids)
    setup = Setup(Mode.FULL_AUTO, specs, (VENUE,), tuple(instrument(symbol) for symbol in symbols))
    positions = tuple(VenuePosition(symbol, Decimal(1)) for symbol in symbols)
    now_ns = START_NS
    engine.step(EngineStarted("bench", JournalId("bench0123456789"), 1, setup), now_ns)
    for symbol in symbols:
        engine.step(Quote(symbol, Decimal("1.08500"), Decimal("1.08502"), now_ns), now_ns)

    def compare() -> None:
        nonlocal now_ns
        now_ns += 1_000_000_000
        encode(engine.step(CompareAccounts("measured"), now_ns))
        for each in ids:
            answer = AccountLookedUp(each, balance, positions, (), (), now_ns)
            encode(engine.step(answer, now_ns))

    def once() -> float:
        begin = time.perf_counter()
        compare()
        return time.perf_counter() - begin

    for _ in range(3):  # seen, found to differ, adopted
        compare()
    agreed = all(account.reconciled and not account.breaks for account in engine.state.accounts.values())
    assert agreed, "every position was adopted"
    return 1, once
