"""Our own limit orders in price order, by instrument and side, so that one that would meet another is found by key.

`evolve` alone adds and removes. Orders at market, and stops, rest at no price.
"""

from bisect import bisect_left, insort
from decimal import Decimal

from coxswain.core.order import Order, is_done
from coxswain.core.state import Resting, State
from coxswain.model.market import Quote, touch
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import BUY, LIMIT, MARKET, AccountId, ClOrdId


def keep_in_order(state: State, order: Order) -> None:
    """Bring the place of an order to its price: nowhere once it is done."""
    intent = order.intent
    # One that was asked for at market trades at once; only what a fill has left of it rests.
    rests = intent.ord_type is LIMIT and not is_done(order) and bool(order.cum_qty or not intent.protected)
    wanted = order.price if rests else None
    if wanted == order.rests_at:
        return
    book = state.resting.setdefault(intent.symbol, Resting())
    orders = book.buys if intent.side is BUY else book.sells
    if order.rests_at is not None:
        at = bisect_left(orders, (order.rests_at, intent.account, order.cl_ord_id))
        del orders[at]
    order.rests_at = wanted
    if wanted is not None:
        insort(orders, (wanted, intent.account, order.cl_ord_id))


def met_by(state: State, intent: OrderIntent, quote: Quote | None) -> list[tuple[Decimal, AccountId, ClOrdId]]:
    """Return what an order would trade with at once, best price first; costs what it returns."""
    book = state.resting.get(intent.symbol)
    price = intent.price
    if intent.ord_type is MARKET and quote is not None:
        price = touch(quote, intent.side)
    if book is None or price is None or intent.stop_px is not None:
        return []
    found = []
    others = book.sells if intent.side is BUY else reversed(book.buys)
    for entry in others:
        if (entry[0] > price) if intent.side is BUY else (entry[0] < price):
            break
        found.append(entry)
    return found
