"""The simulated market, and several feeds as one."""

import hashlib
from decimal import Decimal

from coxswain.feeds import Walk, merge, walk
from coxswain.model.market import Quote, is_sane
from coxswain.model.vocabulary import Symbol

SECOND = 1_000_000_000
EURUSD = Walk(Symbol("EURUSD"), Decimal("0.00001"), 110_000, lot_step=Decimal("0.01"))
SHARE = Walk(Symbol("SHARE"), Decimal("0.01"), 18_000)


def test_the_same_seed_walks_the_same_way_on_every_machine() -> None:
    quotes = list(walk([EURUSD, SHARE], 7, 0, SECOND, 1000 * SECOND))
    text = "\n".join(f"{q.symbol} {q.bid} {q.ask} {q.bid_size} {q.ask_size} {q.ts_ns}" for q in quotes)
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "3a5f94c732d220bff964fe08fb196b054f2d0d609e19291375d7a4bb918f4a3e"
    )
    assert quotes != list(walk([EURUSD, SHARE], 8, 0, SECOND, 1000 * SECOND))


def test_every_quote_is_sane_on_the_grid_and_in_order() -> None:
    quotes = list(walk([EURUSD, SHARE], 1, 0, SECOND, 2000 * SECOND))
    assert len(quotes) == 4000
    assert [quote.ts_ns for quote in quotes] == sorted(quote.ts_ns for quote in quotes)
    for quote in quotes:
        shape = EURUSD if quote.symbol == EURUSD.symbol else SHARE
        assert is_sane(quote)
        assert not quote.bid % shape.tick
        assert shape.tick <= quote.ask - quote.bid <= shape.tick * shape.spread_ticks
        if shape.lot_step is None:
            assert quote.bid_size is None
        else:
            assert quote.bid_size is not None
            assert shape.lot_step <= quote.bid_size <= shape.lot_step * shape.size_steps


def test_a_walk_never_reaches_zero() -> None:
    low = Walk(Symbol("LOW"), Decimal("0.01"), 2, step_ticks=5)
    assert min(quote.bid for quote in walk([low], 3, 0, 1, 5000)) == low.tick


def test_another_instrument_does_not_change_the_walk_of_the_first() -> None:
    alone = list(walk([EURUSD], 1, 0, SECOND, 100 * SECOND))
    together = [q for q in walk([SHARE, EURUSD], 1, 0, SECOND, 100 * SECOND) if q.symbol == EURUSD.symbol]
    assert alone == together


def test_feeds_merge_by_time_and_then_in_the_order_given() -> None:
    def quote(symbol: str, ts_ns: int) -> Quote:
        return Quote(Symbol(symbol), Decimal(1), Decimal(2), ts_ns)

    one = [quote("A", 1), quote("A", 2), quote("A", 2), quote("A", 5)]
    two = [quote("B", 0), quote("B", 2), quote("B", 5)]
    merged = [(each.symbol, each.ts_ns) for each in merge([one, two])]
    assert merged == [("B", 0), ("A", 1), ("A", 2), ("A", 2), ("B", 2), ("A", 5), ("B", 5)]
    assert list(merge([one])) == one
    assert list(merge([])) == []
