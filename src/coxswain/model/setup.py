"""What one start of the engine is given: accounts, venues, instruments and settings, resolved and without secrets."""

from decimal import Decimal

import msgspec

from coxswain.model.market import Instrument
from coxswain.model.vocabulary import AccountId, Mode, VenueId, VenueTier


class Capabilities(msgspec.Struct, frozen=True):
    """What a venue does itself, so that we need not emulate it."""

    tier: VenueTier
    native_reduce_only: bool
    native_oco: bool
    native_replace: bool


class VenueSpec(msgspec.Struct, frozen=True):
    id: VenueId
    capabilities: Capabilities


class AccountSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    id: AccountId
    venue: VenueId
    currency: str
    limits: dict[str, Decimal] = {}
    """By key; each reader takes its own keys and their defaults from its `Params`."""
    reserve: bool = False
    """A reserve account takes no first assignment; it stands by for recovery."""
    tz: str = "UTC"
    reset_time: str = "00:00"


class Correlation(msgspec.Struct, frozen=True):
    account: AccountId
    other: AccountId
    rho: Decimal


class Setup(msgspec.Struct, frozen=True):
    mode: Mode
    accounts: tuple[AccountSpec, ...]
    venues: tuple[VenueSpec, ...]
    instruments: tuple[Instrument, ...]
    correlations: tuple[Correlation, ...] = ()
    settings: dict[str, Decimal] = {}
    """Desk-wide values, by key, as `limits` of an account."""
    feed: str = ""
    """What the quotes are: a recorded market, or SIMULATED."""
