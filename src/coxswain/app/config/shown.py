"""The resolved configuration as people see it: every value with its origin, secrets hidden. Nothing reads it back."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from coxswain.app.config.tree import Loc, Tree
from coxswain.model.decimals import text

HIDDEN = "********"
_SECRET = re.compile(r"secret|token|password|passphrase|credential|(api|private|access)_?key|^urls$", re.IGNORECASE)


class ShownValue(msgspec.Struct, frozen=True):
    key: str
    value: str
    origin: str
    """`file line N`, `default` or `environment`."""


def shown_values(tree: Tree, content: Mapping[str, object]) -> tuple[ShownValue, ...]:
    """Flatten what was resolved from `tree`, in the order it is given."""
    return tuple(
        ShownValue(tree.key(loc), HIDDEN if _is_secret(tree, loc) else written, _origin(tree, loc))
        for loc, written in _flatten((), content)
    )


def _flatten(loc: Loc, value: object) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _flatten((*loc, name), item)
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        for index, item in enumerate(value):
            yield from _flatten((*loc, index), item)
    elif isinstance(value, list | tuple):
        if value:
            yield loc, ", ".join(map(_written, value))
    elif value is not None:
        yield loc, _written(value)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return text(value) if isinstance(value, Decimal) else str(value)


def _is_secret(tree: Tree, loc: Loc) -> bool:
    return tree.is_from_environment(loc) or any(isinstance(step, str) and _SECRET.search(step) for step in loc)


def _origin(tree: Tree, loc: Loc) -> str:
    if not tree.is_given(loc):
        return "default"
    return "environment" if tree.is_from_environment(loc) else f"file line {tree.line(loc)}"
