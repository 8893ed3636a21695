"""The words of circuit breakers: what each of them watches, and how it stands."""

from coxswain.model.vocabulary import Word


class BreakerKind(Word):
    LOSS = "LOSS"
    DRAWDOWN = "DRAWDOWN"
    REJECTS = "REJECTS"
    SLIPPAGE = "SLIPPAGE"
    VENUE_ERRORS = "VENUE_ERRORS"
    STALE_QUOTES = "STALE_QUOTES"
    VOLATILITY = "VOLATILITY"


class BreakerState(Word):
    """Closed lets everything through, open only what reduces, half-open one small entry at a time."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


MONEY_LOST = (BreakerKind.LOSS, BreakerKind.DRAWDOWN, BreakerKind.SLIPPAGE)
"""After these only a person starts the time to cool down."""


def cause_of(kind: BreakerKind) -> str:
    """Name the cause that an open breaker restricts its account under."""
    return f"BREAKER_{kind}"


ENGINE_CAUSE = "BREAKERS_OF_MANY"
"""The cause that every account is restricted under while too many have an open breaker."""
