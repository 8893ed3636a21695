"""Sums over all accounts, and indexes, computed from scratch and slowly, against those the engine moves by delta."""

from collections import defaultdict
from decimal import Decimal

from coxswain.core.evolve.firms import factor_of, worst_of
from coxswain.core.firm.book import side_key
from coxswain.core.order import Phase
from coxswain.core.position import NOTHING_HELD, Counted
from coxswain.core.state import State
from coxswain.model.decimals import ONE, ZERO, plain
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdType, Side, Symbol

Sum = tuple[Decimal, Decimal, Decimal]
NOTHING: Sum = (ZERO, ZERO, ZERO)


def exposures_are_right(state: State) -> None:
    """What each position counts for is up to date, and every sum is the sum of that."""
    sums: defaultdict[str, Sum] = defaultdict(lambda: NOTHING)
    for account_id, account in state.accounts.items():
        own = NOTHING
        for symbol, position in account.positions.items():
            counted, instrument = position.counted, state.instruments[symbol]
            at = f"{account_id} {symbol}"
            assert (counted.up, counted.down) == (
                position.qty + position.held_buy,
                position.held_sell - position.qty,
            ), f"{at}: exposure was not brought up to date"
            assert counted.lot_value == position.lot_value, f"{at}: its value was not brought up to date"
            own = _plus(own, _worth(counted, of_desk=False))
            names = ["everything", f"currency|{instrument.currency}"]
            names += [f"group|{instrument.group}"] if instrument.group else []
            for name in names:
                sums[name] = _plus(sums[name], _worth(counted, of_desk=True))
            lots = (counted.up, counted.down, max(counted.up, counted.down))
            sums[f"lots|{symbol}"] = _plus(sums[f"lots|{symbol}"], lots)
            for strategy, part in position.parts.items():
                expected = (part.qty + part.held_buy, part.held_sell - part.qty)
                assert (part.counted.up, part.counted.down) == expected, f"{at}: the part of {strategy!r} is stale"
                name = f"strategy|{strategy}"
                sums[name] = _plus(sums[name], _worth(part.counted, of_desk=True))
            held = sum((part.held_buy for part in position.parts.values()), ZERO)
            assert ZERO <= held <= position.held_buy, f"{at}: strategies hold {held} of {position.held_buy}"
        exposure = account.exposure
        assert _near((exposure.up, exposure.down, exposure.gross), own), f"{account_id}: {exposure}, wanted {own}"
    for name, total in state.exposures.items():
        assert _near((total.up, total.down, total.gross), sums[name]), f"{name}: {total}, wanted {sums[name]}"


def resting_orders_are_indexed(state: State) -> None:
    """Our own limit orders, in order of price: none is missing, and none that is over is left."""
    wanted: defaultdict[tuple[Symbol, Side], list[tuple[Decimal, AccountId, ClOrdId]]] = defaultdict(list)
    for account_id, account in state.accounts.items():
        for cl_ord_id in account.open_orders:
            order = account.orders[cl_ord_id]
            rests = order.intent.ord_type is OrdType.LIMIT and bool(order.cum_qty or not order.intent.protected)
            if rests and order.price is not None and order.phase is not Phase.DONE:
                wanted[order.intent.symbol, order.intent.side].append((order.price, account_id, cl_ord_id))
    for symbol, book in state.resting.items():
        assert book.buys == sorted(wanted[symbol, Side.BUY]), f"{symbol}: buys that rest"
        assert book.sells == sorted(wanted[symbol, Side.SELL]), f"{symbol}: sells that rest"
    known = set(state.resting)
    assert all(symbol in known for (symbol, _), orders in wanted.items() if orders)


def firm_sums_are_right(state: State) -> None:
    """Lots in equivalents, sides by group of products, and copy groups, from positions, orders and waiting shares."""
    desk = state.firms
    facing: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for account_id, book in desk.books.items():
        lots = ZERO
        own: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for symbol in state.instruments:
            position = state.accounts[account_id].positions.get(symbol, NOTHING_HELD)
            sides = [state.plans[signal_id].plan.side for signal_id in position.waiting]
            group = desk.groups.get(symbol, symbol)
            own[group][0] += position.qty > 0 or position.held_buy > 0 or Side.BUY in sides
            own[group][1] += position.qty < 0 or position.held_sell > 0 or Side.SELL in sides
            lots += plain(worst_of(position) * factor_of(desk, book, symbol))
        assert book.lots == lots, f"{account_id}: {book.lots} lots, wanted {lots}"
        for group, (long, short) in own.items():
            assert book.facing.get(group, [0, 0]) == [long, short], (
                f"{account_id} {group}: {book.facing.get(group)}, wanted {[long, short]}"
            )
            facing[side_key(group, long=True)][book.party] += bool(long)
            facing[side_key(group, long=False)][book.party] += bool(short)
    wanted = {key: {party: count for party, count in parties.items() if count} for key, parties in facing.items()}
    assert {key: parties for key, parties in desk.facing.items() if parties} == {k: v for k, v in wanted.items() if v}
    for name, lineage in desk.lineages.items():
        counts: defaultdict[str, int] = defaultdict(int)
        for member in lineage.members:
            counts[desk.books[member].party] += 1
        assert {party: tally.count for party, tally in lineage.tally.items()} == counts, name


def _worth(counted: Counted, *, of_desk: bool) -> Sum:
    value = counted.lot_value * (counted.rate if of_desk else ONE)
    return counted.up * value, counted.down * value, max(counted.up, counted.down) * value


def _plus(one: Sum, other: Sum) -> Sum:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _near(one: Sum, other: Sum) -> bool:
    """A sum of differences may be off by what 50 digits leave out."""
    return all(abs(a - b) < Decimal("1e-12") for a, b in zip(one, other, strict=True))
