"""The digest of a state: SHA-256 of its canonical form. Equal digests mean equal engines, under any version.

Every field that has its default is left out, so that a field added later changes no older digest. So is what a struct
names as its `INDEX`: it follows from the other fields, or says only when something was made or is looked at, which
older versions had as well, and took no note of.
"""

import hashlib
from decimal import Decimal

import msgspec

from coxswain.core.state import State

_SCALARS = frozenset((str, int, bool, Decimal, type(None)))
_FIELDS: dict[type, tuple[tuple[str, object], ...]] = {}
"""By kind of struct: its fields with their defaults. Filled as kinds are met, and only ever looked at."""


def digest_of(state: State) -> str:
    return hashlib.sha256(msgspec.json.encode(_told(state), order="sorted")).hexdigest()


def _told(value: object) -> object:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if isinstance(value, msgspec.Struct):
        told = {}
        for name, default in _FIELDS.get(kind) or _fields_of(value):
            stored = getattr(value, name)
            if stored is not default and stored != default:
                told[name] = _told(stored)
        return told
    if isinstance(value, dict):
        return {key: _told(stored) for key, stored in value.items()}
    if isinstance(value, list | tuple):
        return [_told(stored) for stored in value]
    return value


def _fields_of(value: msgspec.Struct) -> tuple[tuple[str, object], ...]:
    index = getattr(type(value), "INDEX", ())
    fields = tuple(
        (field.name, _default_of(field)) for field in msgspec.structs.fields(value) if field.name not in index
    )
    _FIELDS[type(value)] = fields
    return fields


def _default_of(field: msgspec.structs.FieldInfo) -> object:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
