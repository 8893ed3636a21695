"""What every event is: frozen, tagged with its name, defaults left out."""

import msgspec


class EventBase(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    pass
