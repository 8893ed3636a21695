"""What the paper venue answers when it is asked for its books. Nothing here changes them."""

from bisect import bisect_left
from operator import attrgetter

from coxswain.messages.inputs import AccountLookedUp, OrderLookedUp, VenueFailed
from coxswain.messages.requests import QueryAccount, QueryOrder
from coxswain.model.decimals import ZERO
from coxswain.model.orders import VenueFill, VenuePosition
from coxswain.model.vocabulary import ReachedVenue
from coxswain.venues.paper.accounts import Account, Reversed
from coxswain.venues.paper.orders import as_venue_order

transact_time = attrgetter("transact_time_ns")


def look_up_order(account: Account | None, request: QueryOrder, now_ns: int) -> OrderLookedUp | VenueFailed:
    """Answer with an order under any id it has had, and all its fills."""
    if account is None:
        return VenueFailed(request.account, request.cl_ord_id, ReachedVenue.NO, stranger(request.account))
    order = account.orders.get(request.cl_ord_id)
    position = account.positions.get(request.symbol)
    return OrderLookedUp(
        account=account.id,
        cl_ord_id=request.cl_ord_id,
        order=as_venue_order(order) if order is not None else None,
        fills=tuple(account.fills_of.get(order.number, ())) if order is not None else (),
        position_qty=position.qty if position is not None else ZERO,
        as_of_ns=now_ns,
    )


def look_up_account(account: Account | None, request: QueryAccount, now_ns: int) -> AccountLookedUp | VenueFailed:
    """Answer with what is open, and with every fill, reversal and movement of cash since the time asked for.

    Fills are told as they were at first, and what became of them since beside them.
    """
    if account is None:
        return VenueFailed(request.account, None, ReachedVenue.NO, stranger(request.account))
    since_ns = request.fills_since_ns
    since = bisect_left(account.fills, since_ns, key=transact_time)
    paid = bisect_left(account.movements, since_ns, key=transact_time)
    held = [(symbol, position.qty) for symbol, position in sorted(account.positions.items()) if position.qty]
    return AccountLookedUp(
        account=account.id,
        balance=account.balance,
        positions=tuple(VenuePosition(symbol, qty) for symbol, qty in held),
        orders=tuple(as_venue_order(order) for _, order in sorted(account.working.items())),
        fills=_at_first(account.fills[since:], account.reversed, since_ns),
        as_of_ns=now_ns,
        reversals=tuple(each.reversal for each in account.reversed if each.reversal.transact_time_ns >= since_ns),
        movements=tuple(account.movements[paid:]),
    )


def _at_first(fills: list[VenueFill], changed: list[Reversed], since_ns: int) -> tuple[VenueFill, ...]:
    """Return fills as they were before any was taken back or changed, in the order in which they were booked."""
    if not changed:
        return tuple(fills)
    first = {fill.exec_id: fill for fill in fills}
    first |= {each.fill.exec_id: each.fill for each in changed if each.fill.transact_time_ns >= since_ns}
    return tuple(sorted(first.values(), key=lambda fill: (fill.transact_time_ns, len(fill.exec_id), fill.exec_id)))


def stranger(account_id: str) -> str:
    return f"account: {account_id}, wanted one of this venue's"
