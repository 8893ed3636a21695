"""The venues' own books, looked into directly: what is true, whatever was said about it on the wire."""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.orders import VenueFill
from coxswain.model.vocabulary import AccountId, Symbol
from coxswain.venues.paper import PaperVenue
from coxswain.venues.paper.accounts import Account
from coxswain.venues.paper.orders import Order

BEHIND_OUR_BACK = "hidden"
"""Ids of orders whose reports and fills a venue never shows, though its books have changed, begin like this."""


def account_of(venue: PaperVenue, account_id: AccountId) -> Account:
    return venue._exchange.ledger.accounts[account_id]


def working(venue: PaperVenue, account_id: AccountId) -> Iterator[Order]:
    return iter(account_of(venue, account_id).working.values())


def positions(venue: PaperVenue, account_id: AccountId) -> dict[Symbol, Decimal]:
    held = account_of(venue, account_id).positions.items()
    return {symbol: position.qty for symbol, position in held if position.qty}


def balance(venue: PaperVenue, account_id: AccountId) -> Decimal:
    return account_of(venue, account_id).balance


def fills(venue: PaperVenue, account_id: AccountId) -> list[VenueFill]:
    return account_of(venue, account_id).fills


def has_reversed(venue: PaperVenue, account_id: AccountId) -> bool:
    """Say whether the venue ever took a fill back, or changed one."""
    return bool(account_of(venue, account_id).reversed)


def order_of(venue: PaperVenue, account_id: AccountId, cl_ord_id: str) -> Order | None:
    return account_of(venue, account_id).orders.get(cl_ord_id)  # type: ignore[call-overload,no-any-return]
