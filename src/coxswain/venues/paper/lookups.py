"""What the paper venue answers when it is asked for its books. Nothing here changes them."""

from bisect import bisect_left
from operator import attrgetter

from coxswain.messages.inputs import AccountLookedUp, OrderLookedUp, VenueFailed
from coxswain.messages.requests import QueryAccount, QueryOrder
from coxswain.model.decimals import ZERO
from coxswain.model.orders import VenuePosition
from coxswain.model.vocabulary import ReachedVenue
from coxswain.venues.paper.accounts import Account
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
    """Answer with what is open, and every fill since the time asked for."""
    if account is None:
        return VenueFailed(request.account, None, ReachedVenue.NO, stranger(request.account))
    since = bisect_left(account.fills, request.fills_since_ns, key=transact_time)
    held = [(symbol, position.qty) for symbol, position in sorted(account.positions.items()) if position.qty]
    return AccountLookedUp(
        account=account.id,
        balance=account.balance,
        positions=tuple(VenuePosition(symbol, qty) for symbol, qty in held),
        orders=tuple(as_venue_order(order) for _, order in sorted(account.working.items())),
        fills=tuple(account.fills[since:]),
        as_of_ns=now_ns,
    )


def stranger(account_id: str) -> str:
    return f"account: {account_id}, wanted one of this venue's"
