"""Routing: of several accounts of one owner at several venues, which takes an entry's share. Reads; changes nothing.

Accounts with the same `route_group` stand for one another: one of them takes part in a plan, where buying costs least
or selling brings most, commission included. A venue whose quote is old is not looked at, and one that shows less than
the account would take comes after those that show enough. Every account's figure is in the plan. Exits are not routed:
a position is left where it is held.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from coxswain.core.sizing import Sized
from coxswain.core.state import Account, State
from coxswain.model.checks import Check
from coxswain.model.decimals import ONE, ZERO, percent_of, round_up
from coxswain.model.market import Instrument, Quote, is_sane, touch
from coxswain.model.setup import VenueSpec
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import SIGN, AccountId, Side

NS_PER_S = 1_000_000_000


class Offer(NamedTuple):
    """What one account's venue asks or pays for a unit, all in; `px` None where it cannot be told."""

    account: AccountId
    px: Decimal | None
    shows_enough: bool
    words: str


def route(state: State, signal: Signal, able: Mapping[AccountId, Sized]) -> dict[AccountId, Check]:
    """Choose one of each group; return a check for every account of a group, passed by the one that is chosen."""
    groups: dict[str, list[AccountId]] = {}
    for account_id in able:
        group = state.accounts[account_id].spec.route_group
        if group:
            groups.setdefault(group, []).append(account_id)
    checks: dict[AccountId, Check] = {}
    for members in groups.values():
        offers = [_offer(state, signal, state.accounts[member], able[member]) for member in members]
        best = _best(offers, signal.side or Side.BUY)
        for offer in offers:
            checks[offer.account] = _check(state, offer, best)
    return checks


def quote_at(state: State, account: Account, signal: Signal) -> Quote | None:
    """Return what the account's venue shows; where it shows nothing of its own, the market's quote."""
    own = state.shown.get(signal.symbol, {}).get(account.spec.venue)
    return own or state.quotes.get(signal.symbol)


def _offer(state: State, signal: Signal, account: Account, sized: Sized) -> Offer:
    quote, side = quote_at(state, account, signal), signal.side or Side.BUY
    stale_ns = int(state.desk.quote_stale_s) * NS_PER_S
    if quote is None or not is_sane(quote) or state.now_ns - quote.ts_ns > stale_ns:
        return Offer(account.spec.id, None, False, f"{account.spec.venue} has no fresh quote")
    px, size = touch(quote, side), quote.ask_size if side is Side.BUY else quote.bid_size
    fees = _fees(_venue(state, account), state.instruments[signal.symbol], px, sized.rate)
    all_in, shows = px + SIGN[side] * fees, "all" if size is None else f"{size:f}"
    enough = size is None or size >= sized.qty
    return Offer(account.spec.id, all_in, enough, f"{all_in:f} all in at {account.spec.venue}, which shows {shows}")


def _fees(venue: VenueSpec | None, instrument: Instrument, px: Decimal, rate: Decimal) -> Decimal:
    """Return a venue's commission for a unit, in the instrument's currency."""
    if venue is None:
        return ZERO
    by_lot = venue.commission_per_lot / (rate or ONE) / instrument.contract_size
    return round_up(percent_of(venue.commission_pct, px) + by_lot)


def _venue(state: State, account: Account) -> VenueSpec | None:
    venues = () if state.setup is None else state.setup.venues
    return next((venue for venue in venues if venue.id == account.spec.venue), None)


def _best(offers: list[Offer], side: Side) -> Offer | None:
    """Return the cheapest of those that show enough, else of all; of equals, the first in the configuration."""
    told = [offer for offer in offers if offer.px is not None]
    enough = [offer for offer in told if offer.shows_enough] or told
    sign = SIGN[side]
    return min(enough, key=lambda offer: (offer.px or ONE) * sign, default=None)


def _check(state: State, offer: Offer, best: Offer | None) -> Check:
    if best is None:
        return Check("ROUTE", None, None, False, offer.words, "a fresh quote at a venue of its group")
    if offer is best:
        return Check("ROUTE", offer.px, best.px, True, offer.words)
    return Check("ROUTE", offer.px, best.px, False, offer.words, f"{best.words}: {best.account} takes it")
