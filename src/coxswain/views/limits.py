"""Which limits are in force, since which version and by whom, and how much of them is used; folded from events."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.keys import KEYS, LIMITS, SETTINGS, Key, general
from coxswain.model.override import Override
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId


class LimitRow(msgspec.Struct, frozen=True):
    """One value in force. `account` None is the whole desk."""

    account: AccountId | None
    key: str
    value: Decimal
    unit: str
    origin: str
    version: int
    until_ns: int | None
    used: Decimal | None
    """In the limit's own unit, where it measures something that stands; of what must stay free nothing is used."""
    headroom: Decimal | None
    """What is left; negative where more is used."""


class WaitingRow(msgspec.Struct, frozen=True):
    """A change of limits, or an override, that waits for a second person."""

    id: str
    what: str
    actor: str
    reason: str
    expires_ns: int


class _Origin(msgspec.Struct, frozen=True):
    value: Decimal
    said: str
    version: int
    until_ns: int | None = None


class LimitsView:
    """Folds what was configured and what was changed since."""

    def __init__(self) -> None:
        self.version = 1
        self.setup: Setup | None = None
        self._changed: dict[tuple[AccountId | None, str], _Origin] = {}
        self._proposals: dict[int, ev.LimitsProposed] = {}
        self._overrides: dict[str, Override] = {}

    def apply(self, record: Record) -> None:
        for event in record.events:
            match event:
                case ev.EngineConfigured(setup=setup):
                    self.setup = setup
                case ev.LimitsChanged():
                    self._change(event)
                case ev.LimitsProposed():
                    self._propose(event)
                case ev.LimitProposalEnded(proposal):
                    self._proposals.pop(proposal, None)
                case ev.OverrideProposed(override):
                    self._overrides[override.id] = override
                case ev.OverrideApproved(override_id) | ev.OverrideUsed(override_id) | ev.OverrideEnded(override_id):
                    self._overrides.pop(override_id, None)
                case _:
                    pass

    def rows(
        self, used: Mapping[tuple[AccountId | None, str], tuple[Decimal | None, Decimal]], only: AccountId | None = None
    ) -> list[LimitRow]:
        """Return what is in force, for one account or for the desk and all of them, and what is used and left of it."""
        if self.setup is None:
            return []
        found = [] if only is not None else [self._row(None, name, used) for name in self._names(None, SETTINGS)]
        for spec in self.setup.accounts:
            if only in (None, spec.id):
                names = self._names(spec.id, LIMITS)
                found += [self._row(spec.id, name, used) for name in names]
        return found

    def _names(self, account_id: AccountId | None, keys: tuple[Key, ...]) -> list[str]:
        """Return the keys of a place, each followed by the strategies that have a value of their own."""
        given = [*self._given(account_id), *(name for of, name in self._changed if of == account_id)]
        single = sorted({name for name in given if general(name) != name})
        return [name for key in keys for name in (key.name, *(each for each in single if general(each) == key.name))]

    def waiting(self) -> list[WaitingRow]:
        """Return what waits for a second person."""
        found = [
            WaitingRow(f"proposal {each.proposal}", _told(each.changes), each.actor, each.reason, each.expires_ns)
            for each in self._proposals.values()
        ]
        for override in self._overrides.values():
            what = f"control {override.control}, signal {override.signal_id}, account {override.account}"
            found.append(WaitingRow(override.id, what, override.actor, override.reason, override.expires_ns))
        return found

    def _change(self, event: ev.LimitsChanged) -> None:
        self.version = event.version
        if event.proposal is not None:
            self._proposals.pop(event.proposal, None)
        people = f"{event.actor} and {event.second_actor}" if event.second_actor else event.actor
        for change in event.changes:
            said = f"{event.source.lower()} by {people}"
            origin = _Origin(change.after, said, event.version, event.until_ns)
            self._changed[change.account, change.key] = origin
            if event.source in ("REVERT", "CONFIGURATION") and self._follows_general(change):
                del self._changed[change.account, change.key]

    def _follows_general(self, change: ev.LimitChange) -> bool:
        """Say whether one strategy's value has gone back to the general one, with which it moves from then on."""
        of, key = change.account, general(change.key)
        if key == change.key or change.key in self._given(of):
            return False
        return change.after == (
            self._changed[of, key].value if (of, key) in self._changed else self._configured(of, key)
        )

    def _propose(self, event: ev.LimitsProposed) -> None:
        """A proposal of a configuration leaves in force what was, whatever the configuration now says."""
        self._proposals[event.proposal] = event
        for change in event.changes:
            place = (change.account, change.key)
            if place not in self._changed or self._changed[place].value != change.before:
                self._changed[place] = _Origin(change.before, "kept until approved", self.version)

    def _row(
        self,
        account_id: AccountId | None,
        key: str,
        used: Mapping[tuple[AccountId | None, str], tuple[Decimal | None, Decimal]],
    ) -> LimitRow:
        origin = self._changed.get((account_id, key))
        if origin is None:
            origin = _Origin(self._configured(account_id, key), "configuration", 1)
        unit = KEYS[general(key)].unit
        spent, left = used.get((account_id, key), (None, None))
        return LimitRow(account_id, key, origin.value, unit, origin.said, origin.version, origin.until_ns, spent, left)

    def _configured(self, account_id: AccountId | None, key: str) -> Decimal:
        return self._given(account_id).get(key, KEYS[general(key)].default)

    def _given(self, account_id: AccountId | None) -> dict[str, Decimal]:
        if self.setup is None:
            return {}
        own = next((spec.limits for spec in self.setup.accounts if spec.id == account_id), {})
        return {**self.setup.settings, **own}


def _told(changes: tuple[ev.LimitChange, ...]) -> str:
    return ", ".join(f"{c.account or 'desk'} {c.key} {c.before:f} to {c.after:f}" for c in changes)
