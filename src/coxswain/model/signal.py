"""A signal: a wish from outside, as it stands after validation."""

from decimal import Decimal

import msgspec

from coxswain.model.algo import Algo
from coxswain.model.contingent import Contingent
from coxswain.model.orders import Trail
from coxswain.model.spread import Leg, LeggingLimit, SpreadLevel
from coxswain.model.vocabulary import AccountId, OrdType, Side, SignalId, SignalKind, Symbol, TimeInForce

TTL_S_MAX = 30 * 86_400
"""Nothing is waited for any longer than this."""


class Signal(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wish. Two are the same when they are equal field by field, but for a time that neither was given."""

    id: SignalId
    kind: SignalKind
    symbol: Symbol
    signal_time_ns: int
    ttl_s: int
    side: Side | None = None
    """Of the entry; on an exit or a stop adjustment the side of the position meant."""
    entry_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    confidence: Decimal | None = None
    risk_reward_ratio: Decimal | None = None
    strategy: str = ""
    quantity: Decimal | None = None
    """Total lots over all accounts, and a cap on sizing."""
    order_type: OrdType = OrdType.MARKET
    limit_price: Decimal | None = None
    """The limit of a LIMIT or STOP_LIMIT order, the trigger of a STOP order."""
    time_in_force: TimeInForce = TimeInForce.DAY
    accounts: tuple[AccountId, ...] = ()
    """Only these accounts may take it; empty means all."""
    reason: str = ""
    time_given: bool = True
    """False where the sender named no time: `signal_time_ns` is when it came."""
    metadata: str = ""
    """The free part, as canonical JSON text; no rule reads it."""
    algo: Algo | None = None
    """Works the order in parts; without it all of it leaves at once."""
    stop_price: Decimal | None = None
    """The trigger of a STOP_LIMIT order."""
    expire_time_ns: int | None = None
    """When a GTD order ends."""
    trailing_stop: Trail | None = None
    """How the position's stop follows the market."""

    legs: tuple[Leg, ...] = ()
    """Of a spread: `quantity` counts units then, and `symbol` and `side` are those of the first leg."""
    legging: LeggingLimit | None = None
    """With legs."""
    oco: Contingent | None = None
    """Another entry of the same size: when one of the two fills, the other is cancelled."""
    then: Contingent | None = None
    """Another entry, placed when the first is over, for what that one filled."""
    first: SignalId | None = None
    """The signal that this is the second order of."""
    spread: SignalId | None = None
    """The spread that this is a leg of, or that an exit leaves."""
    spread_stop: SpreadLevel | None = None
    """Of a spread as a whole, as the next."""
    spread_target: SpreadLevel | None = None


def dies_ns(signal: Signal) -> int:
    return signal.signal_time_ns + signal.ttl_s * 1_000_000_000
