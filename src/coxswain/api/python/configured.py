"""A venue of a configuration file as a session needs it: in this program, or in a process of its own.

Which accounts trade there is said by whoever registers them; what they are is said by the file.
"""

import importlib
import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec

from coxswain.api.python.errors import ValidationError, VenueError
from coxswain.api.python.values import Number, number
from coxswain.model.keys import LIMITS
from coxswain.model.market import Instrument
from coxswain.model.setup import AccountSpec, Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, VenueId
from coxswain.runtime.refresh import Refresh
from coxswain.runtime.venues import VenueDiffers, connected_venue, own_venue
from coxswain.venues.base import Venue
from coxswain.venues.remote import RemoteVenue, VenueGone

LOG = logging.getLogger(__name__)


class Choice(Protocol):
    @property
    def kind(self) -> str: ...

    @property
    def params(self) -> Mapping[str, object]: ...


class Refreshing(Protocol):
    """How correlations are estimated anew each day."""

    def make(self, tell: Callable[[str], None], *, waits: bool) -> Refresh: ...


class Loaded(Protocol):
    """A configuration file as `load_config` reads it."""

    @property
    def path(self) -> Path: ...

    @property
    def setup(self) -> Setup: ...

    @property
    def seed(self) -> int: ...

    @property
    def venues(self) -> Mapping[VenueId, Choice]: ...

    @property
    def refresh(self) -> Refreshing | None: ...

    @property
    def checkpoint_key(self) -> Path | None: ...

    @property
    def lease_dir(self) -> Path | None: ...


class ConfiguredVenue:
    """One venue of a configuration, and those of its accounts that take part."""

    def __init__(self, config: Loaded, venue_id: str) -> None:
        choice = config.venues.get(VenueId(venue_id))
        if choice is None:
            wanted = f"one of {', '.join(config.venues)}, as {config.path} has them"
            raise ValidationError(field="venue", value=venue_id, wanted=wanted)
        self.venue_id = VenueId(venue_id)
        self.spec: VenueSpec = next(spec for spec in config.setup.venues if spec.id == venue_id)
        self.traded: tuple[Instrument, ...] = config.setup.instruments
        self.is_live: bool = importlib.import_module(f"coxswain.venues.{choice.kind}").IS_LIVE
        self.is_separate = bool(choice.params.get("separate"))
        self._config, self._choice = config, choice
        self._accounts: list[AccountId] = []
        self._remote: RemoteVenue | None = None

    def account(
        self, account_id: str, balance: Number | None, reserve: bool, limits: Mapping[str, Number]
    ) -> AccountSpec:
        """Say what an account of the file is, with limits of its own where it needs any."""
        here = {spec.id: spec for spec in self._config.setup.accounts if spec.venue == self.venue_id}
        spec = here.get(AccountId(account_id))
        if spec is None:
            wanted = f"an account that {self._config.path} has at venue {self.venue_id}: {', '.join(here) or 'none'}"
            raise ValidationError(field="account_id", value=account_id, wanted=wanted)
        if balance is not None:
            self._check_balance(account_id, number(balance, "initial_balance"))
        given = limits_of(limits, spec.limits) if limits else spec.limits
        return msgspec.structs.replace(spec, limits=given, reserve=reserve or spec.reserve)

    def _check_balance(self, account_id: str, balance: Decimal) -> None:
        """A venue has its own books: a balance that is given is one that they agree with."""
        accounts = self._choice.params.get("accounts")
        entry = accounts.get(account_id) if isinstance(accounts, Mapping) else None
        has = entry.get("initial_balance") if isinstance(entry, Mapping) else None
        if has is not None and Decimal(str(has)) != balance:
            raise ValidationError(
                field="initial_balance", value=str(balance), wanted=f"{has}, as {self._config.path} says"
            )

    def follow(self, account_id: AccountId) -> None:
        """Count one more of its accounts in."""
        self._accounts.append(account_id)
        if self._remote is not None:
            self._remote.follow(account_id)

    def open(self, journal: Path | None) -> Venue:
        """Open it beside the journal; connect to it where it is a process of its own."""
        choice, instruments = self._choice, self._config.setup.instruments
        if not self.is_separate:
            return own_venue(self.venue_id, choice.kind, choice.params, instruments, journal)
        if journal is None:
            wanted = f"a file: venue {self.venue_id} is a process of its own, whose socket is beside the journal"
            raise ValidationError(field="journal", value=None, wanted=wanted)
        declared, path = self.spec.capabilities, self._config.path
        try:
            self._remote = connected_venue(self.venue_id, declared, path, journal, self._accounts, self._on_change)
        except VenueGone as gone:
            raise VenueError(f"venue {self.venue_id} is not there: {gone}") from None
        except VenueDiffers as differs:
            raise VenueError(f"venue {self.venue_id}: {differs}") from None
        return self._remote

    def _on_change(self, why: str) -> None:
        """Tell whoever looks at the program's log; handlers of events hear of it once an account cannot be asked."""
        if why:
            LOG.warning("venue %s is gone: %s; its accounts wait, the others go on", self.venue_id, why)
        else:
            LOG.info("venue %s is back; its accounts are compared with its books", self.venue_id)


def limits_of(given: Mapping[str, Number], has: Mapping[str, Decimal] | None = None) -> dict[str, Decimal]:
    """Return a value for every limit of an account: the one given, or the one that it has, or the default."""
    known = {key.name: key.default for key in LIMITS} | dict(has or {})
    for name, value in given.items():
        if name not in known:
            raise ValidationError(field=f"limits.{name}", value=value, wanted="a limit of docs/CONFIGURATION.md")
        known[name] = number(value, f"limits.{name}")
    return known
