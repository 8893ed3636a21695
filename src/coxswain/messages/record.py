"""The record of one step, and the only codec for it. What these bytes say is what happened."""

import msgspec

from coxswain.messages.events import Event, InputPassedOver
from coxswain.messages.inputs import Input
from coxswain.messages.requests import Request
from coxswain.messages.upcast import upcast


class Record(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One step of the engine: the envelope, what came in, what became fact, what may leave."""

    seq: int
    now_ns: int
    input: Input
    events: tuple[Event, ...] = ()
    requests: tuple[Request, ...] = ()
    failed: str = ""
    """The step raised: the input is kept as evidence, and nothing became of it."""
    format: int = 1
    """Of these bytes: see `upcast.py`."""

    @property
    def is_void(self) -> bool:
        """Nothing became of the input: its step raised, or it was skipped."""
        return bool(self.failed) or any(isinstance(event, InputPassedOver) for event in self.events[:1])


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """Write a record as canonical JSON: fields in declared order, defaults left out."""
    return _encoder.encode(record)


def decode(body: bytes) -> Record:
    """Read a record, also one of an earlier format. Raises `msgspec.DecodeError` for bytes that are not one."""
    return _decoder.decode(upcast(body))
