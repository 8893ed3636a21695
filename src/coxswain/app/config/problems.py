"""What is wrong with a configuration: where, what was found, what is wanted. A secret must never be quoted here."""

import difflib
from collections.abc import Iterable

import msgspec


class Problem(msgspec.Struct, frozen=True):
    line: int
    """0 where no line can be named."""
    key: str
    message: str
    file: str

    def __str__(self) -> str:
        place = f"{self.file} line {self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(Exception):
    """The operator's files cannot be used. `errors` holds every problem, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.errors = sorted(problems, key=lambda problem: (problem.file, problem.line))
        super().__init__("\n".join(map(str, self.errors)))


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, and which one was probably meant, or else which there are."""
    names = sorted(set(known))
    near = nearest(name, names)
    if near:
        return f"unknown; did you mean {near}?"
    return f"unknown; wanted one of {', '.join(names)}" if names else "unknown; there is none"


def nearest(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name[:64], list(known), 1)
    return near[0] if near else None
