"""Instruments and quotes: data that comes from outside and is only read."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ONE, ZERO
from coxswain.model.vocabulary import BUY, Side, Symbol, VenueId


class Session(msgspec.Struct, frozen=True):
    """Opening hours in a named zone: weekdays 0 (Monday) to 6, times `HH:MM`."""

    tz: str
    days: tuple[int, ...]
    opens: str
    closes: str


class Instrument(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tradable thing. A quantity counts lots; `contract_size` says how many units one lot is."""

    symbol: Symbol
    currency: str
    """The currency that prices, costs and P&L are in."""
    tick: Decimal
    lot_step: Decimal
    min_qty: Decimal
    contract_size: Decimal = ONE
    margin_rate: Decimal = ONE
    """Share of the value that an open position ties up, 1 is unlevered."""
    base_currency: str | None = None
    """What is bought, for a currency pair; absent otherwise."""
    sessions: tuple[Session, ...] = ()
    """Empty means always open."""
    venue_symbols: dict[str, str] = {}
    """The name a venue knows it by, where it differs."""
    volume_curve: tuple[Decimal, ...] = ()
    """How a day's volume is spread: weights of equal parts of it, from midnight UTC; empty where nobody knows."""
    stop_gap_pct: Decimal = ZERO
    """Of its price, what a stop in this instrument may be missed by; an account may allow for more."""
    max_qty: Decimal | None = None
    """The most that its venue takes in one order."""
    group: str = ""
    """Instruments of one group move together; their exposure is summed."""
    daily_volume: Decimal | None = None
    """Lots traded on an average day."""


class Quote(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The best bid and ask. Sizes are in lots; an absent size means the venue does not show one."""

    symbol: Symbol
    bid: Decimal
    ask: Decimal
    ts_ns: int
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    volume: Decimal | None = None
    """Lots that the market has traded, counted up since some moment; absent where the feed does not say."""
    venue: VenueId | None = None
    """What one venue shows, where that is told apart; absent: the market, by which everything is judged and valued."""
    last: Decimal | None = None
    """The price of a trade of the market that came with this quote or before it, since the quote before; absent where
    the feed tells of none."""
    last_size: Decimal | None = None


def mid(quote: Quote) -> Decimal:
    return (quote.bid + quote.ask) / 2


def touch(quote: Quote, side: Side) -> Decimal:
    """Return the price at which an order of `side` would trade at once."""
    return quote.ask if side is BUY else quote.bid


def is_sane(quote: Quote) -> bool:
    """A quote is usable when both prices are positive and it is not crossed."""
    return ZERO < quote.bid <= quote.ask
