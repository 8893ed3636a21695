"""The facts of records, for a start that folds many of them: what folding looks at is read, and the rest passed over.

Most of a record says what was looked at: the input, the answers of all checks of an order, the requests. They are there
for people and for replay. A third of the time is enough without them. Nothing may come out differently, and a test
folds whole scenarios both ways.
"""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any, NamedTuple, Union, get_args

import msgspec

from coxswain.messages.events import Event, InputPassedOver, OrderCreated
from coxswain.messages.inputs import Input, VenueQuoted
from coxswain.messages.upcast import upcast
from coxswain.model.market import Quote
from coxswain.runtime.records import RecordUnreadable

_FIELDS = msgspec.structs.fields(OrderCreated)
_CHECKS_AT = [field.name for field in _FIELDS].index("checks")
_KEPT = tuple(field for field in _FIELDS if field.name != "checks")

# The event of an order without its checks, in the place of the one with them. What is made here has no static type.
_Unchecked = msgspec.defstruct(
    "_Unchecked",
    [
        (field.name, field.type) if field.required else (field.name, field.type, msgspec.field(default=field.default))
        for field in _KEPT
    ],
    tag_field="type",
    tag=OrderCreated.__name__,
    frozen=True,
    gc=False,
)
_values = attrgetter(*(field.name for field in _KEPT))
_kinds: Any = Union[(_Unchecked, *(kind for kind in get_args(Event) if kind is not OrderCreated))]
_Read: Any = msgspec.defstruct(
    "_Read",
    [("seq", int), ("now_ns", int), ("input", msgspec.Raw), ("events", tuple[_kinds, ...], ()), ("failed", str, "")],
    gc=False,
)
_decode = msgspec.json.Decoder(_Read).decode
_FOLDED = {kind.__name__: kind for kind in (Quote, VenueQuoted)}
_STARTS = tuple(f'{{"type":"{name}"'.encode() for name in _FOLDED)
_decode_input = msgspec.json.Decoder(Quote | VenueQuoted).decode


class Facts(NamedTuple):
    """What a record changes."""

    seq: int
    now_ns: int
    input: Input | None
    """Where it is a fact by itself, as a quote is."""
    events: tuple[Event, ...]


def facts_of(bodies: Iterable[tuple[int, bytes]]) -> Iterator[tuple[bytes, Facts]]:
    """Yield each body, in the present format, with its facts. Raises `RecordUnreadable`."""
    for seq, stored in bodies:
        try:
            body = upcast(stored)
            read = _decode(body)
            message = _decode_input(read.input) if bytes(read.input).startswith(_STARTS) else None
        except msgspec.DecodeError as error:
            raise RecordUnreadable(seq, error) from error
        if message is not None and (read.failed or (read.events and type(read.events[0]) is InputPassedOver)):
            message = None  # nothing became of it
        yield body, Facts(read.seq, read.now_ns, message, tuple(map(_whole, read.events)))


def _whole(event: Any) -> Any:
    """Return an event as the core knows it."""
    if type(event) is not _Unchecked:
        return event
    values = _values(event)
    return OrderCreated(*(*values[:_CHECKS_AT], (), *values[_CHECKS_AT:]))
