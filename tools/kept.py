"""Keep what a release writes: `python -m tools.kept FOLDER` writes the fields of every record type, and a journal.

The journal is the product's own demo. What is kept is never written anew: a later version reads it as it is, or has an
upcaster (`messages/upcast.py`). `tests/kept` compares.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, NewType, Union, get_args, get_origin

import msgspec

from coxswain.messages.record import Record

FIELDS = "fields.json"
JOURNAL = "demo.journal"
DEMO = ("demo", "--scenario", "flash-crash")

Fields = dict[str, dict[str, str]]
"""By type, by field: its type, and its default where it has one. Of an enumeration, its values."""


def fields() -> Fields:
    """Return every type that can stand in a record, with its fields."""
    found: Fields = {}
    left: list[Any] = [Record]
    while left:
        kind = left.pop()
        if kind.__name__ in found:
            continue
        if issubclass(kind, Enum):
            found[kind.__name__] = {str(each.value): "" for each in kind}
            continue
        told = msgspec.structs.fields(kind)
        found[kind.__name__] = {field.encode_name: _name(field.type) + _default(field) for field in told}
        for field in told:
            left += _kinds(field.type)
    return dict(sorted(found.items()))


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return ""
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    is_struct = isinstance(default, msgspec.Struct)  # whose own fields are compared by themselves
    return f" = {type(default).__name__}()" if is_struct else f" = {default!r}"


def _kinds(kind: Any) -> Iterator[type]:
    """The structures and enumerations that a type is made of."""
    for inner in get_args(kind):
        yield from _kinds(inner)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct | Enum):
        yield kind


def _name(kind: Any) -> str:
    if isinstance(kind, NewType):
        return _name(kind.__supertype__)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        names = sorted(_name(each) for each in get_args(kind))
        # The inputs, events and requests of a record are open lists: each of them is compared by itself.
        return " | ".join(names) if len(names) < MANY else f"one of {_common(kind)}"
    if origin is None:
        return "..." if kind is ... else str(kind) if not isinstance(kind, type) else kind.__name__
    return f"{origin.__name__}[{', '.join(_name(each) for each in get_args(kind))}]"


MANY = 12


def _common(kind: Any) -> str:
    """Return what the members of a long union have in common."""
    return str(next(base.__name__ for base in get_args(kind)[-1].__mro__[1:] if base is not msgspec.Struct))


def main(folder: Path) -> None:
    """Write what is kept of this version into a new folder."""
    folder.mkdir(parents=True)
    (folder / FIELDS).write_text(json.dumps(fields(), indent=1) + "\n")
    with tempfile.TemporaryDirectory() as scratch:
        coxswain = Path(sys.executable).with_name("coxswain")
        subprocess.run([coxswain, *DEMO, "--journal", JOURNAL], cwd=scratch, check=True, capture_output=True)
        for suffix in ("", ".head"):
            shutil.copy(Path(scratch) / f"{JOURNAL}{suffix}", folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
