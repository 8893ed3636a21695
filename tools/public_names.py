"""The generated part of docs/PYTHON.md: every public name, as its own signature and docstring say."""

import enum
import inspect
import re
from collections.abc import Iterator
from typing import Any

import msgspec

import coxswain
from coxswain import ExecutionError
from coxswain.api.python.door import Shared

PACKAGES = re.compile(r"coxswain\.[\w.]+\.|collections\.abc\.|decimal\.|datetime\.|pathlib\.(_local\.)?|typing\.")
WORD = re.compile(r"<(\w+\.\w+): '\w+'>")


def python_names() -> str:
    """Classes with their methods, then values with their fields, then words and functions."""
    found = {name: getattr(coxswain, name) for name in coxswain.__all__}
    classes = {name: each for name, each in found.items() if inspect.isclass(each) and not _is_value(each)}
    errors = {name: each for name, each in classes.items() if issubclass(each, ExecutionError)}
    values = {name: each for name, each in found.items() if inspect.isclass(each) and issubclass(each, msgspec.Struct)}
    words = {name: each for name, each in found.items() if inspect.isclass(each) and issubclass(each, enum.Enum)}
    functions = {name: each for name, each in found.items() if not inspect.isclass(each)}
    parts = ["## Functions\n", *(_entry(name, each) for name, each in functions.items()), "\n## Classes\n"]
    parts += [_every_class(), *(_class(name, each) for name, each in classes.items() if name not in errors)]
    parts += ["\n## Values\n", *(_fields(name, each) for name, each in values.items())]
    parts += ["\n## Words\n", *(f"- `{name}`: {', '.join(str(word) for word in each)}" for name, each in words.items())]
    parts += ["\n## Errors\n", *(f"- `{name}` ({each.severity}): {_first(each)}" for name, each in errors.items())]
    return "\n".join(parts) + "\n"


def _is_value(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct | enum.Enum)


def _every_class() -> str:
    """What all classes but the coordinator have."""
    about = "They may also be used with `async with`, which ends in `shutdown`.\n"
    return "\n".join(
        [
            "### Every class but `ExecutionCoordinator`\n",
            about,
            *(_entry(f".{name}", each) for name, each in _own(Shared)),
            "",
        ]
    )


def _class(name: str, kind: type) -> str:
    lines = [f"### `{name}`\n", f"{_first(kind)}\n", f"- `{name}{_signature(kind)}`"]
    shared = {method for method, _ in _own(Shared)}
    lines += [_entry(f".{method}", each) for method, each in _own(kind) if method not in shared]
    return "\n".join([*lines, ""])


def _own(kind: type) -> Iterator[tuple[str, Any]]:
    for method, each in inspect.getmembers(kind):
        if not method.startswith("_") and (inspect.isfunction(each) or isinstance(each, property)):
            yield method, each


def _entry(name: str, each: Any) -> str:
    if isinstance(each, property):
        return f"- `{name}`: {_first(each)}".rstrip(": ")
    awaited = "await " if inspect.iscoroutinefunction(each) else ""
    return f"- `{awaited}{name}{_signature(each)}`: {_first(each)}".rstrip(": ")


def _signature(each: Any) -> str:
    written = WORD.sub(r"\1", PACKAGES.sub("", str(inspect.signature(each))))
    written = written.replace("Decimal | int | float | str", "Number").replace("(self, ", "(").replace("(self)", "()")
    return written.removesuffix(" -> None").replace("'", '"')


def _fields(name: str, kind: type) -> str:
    return f"- `{name}`: {', '.join(f'`{field}`' for field in kind.__struct_fields__)}"  # type: ignore[attr-defined]


def _first(each: Any) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(each) or "").split("\n\n")[0].split())
