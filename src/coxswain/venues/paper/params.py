"""What a paper venue is configured with, and what it declares it can do."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import AccountId, VenueTier
from coxswain.venues.paper.faults import Fault, by_order

CAPABILITIES = Capabilities(tier=VenueTier.T1, native_reduce_only=True, native_oco=True, native_replace=True)


class AccountParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    currency: str
    initial_balance: Decimal


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: dict[AccountId, AccountParams]
    latency_ms: int = 20
    """One way: a request takes it to arrive, and its report takes it again. Queries travel in no time."""
    commission_per_lot: Decimal = ZERO
    """In the account's currency."""
    commission_pct: Decimal = ZERO
    """Of the traded value."""
    quote_stale_s: int = 60
    """A quote older than this trades nothing and converts nothing."""
    faults: tuple[Fault, ...] = ()
    separate: bool = False
    """It runs in a process of its own, started with `coxswain venue`."""

    def __post_init__(self) -> None:
        for name in ("latency_ms", "commission_per_lot", "commission_pct", "quote_stale_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: {getattr(self, name)}, wanted 0 or more")
        by_order(self.faults)
