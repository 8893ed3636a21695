"""A YAML file as plain values that know their lines. What the values mean is not known here.

Scalars stay the text they were written in, so that no number passes through a float and no `no` turns into False.
References to the environment are resolved, and remembered. Anchors, aliases and merge keys are refused: what a file
says must stand where it counts.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from coxswain.app.config.environment import refers, resolve
from coxswain.app.config.problems import Problem, unknown

Loc: TypeAlias = tuple[str | int, ...]
"""The way from the root to a value: keys and places in lists."""
Value: TypeAlias = "dict[str, Value] | list[Value] | str | None"

_SHOWN_CHARS_MAX = 60


class Tree:
    """The content of one file: `root`, where each value stands, and which came from the environment."""

    def __init__(self, file: str, environment: Mapping[str, str]) -> None:
        self.file = file
        self.root: Value = None
        self._environment = environment
        self._lines: dict[Loc, int] = {(): 1}
        self._from_environment: set[Loc] = set()
        self._unread: set[Loc] = set()
        """Values that the file has and we do not; nothing more is said about them."""
        self._wrongs: list[tuple[int, Loc, str]] = []

    def at(self, loc: Loc) -> Value:
        """Return the value at `loc`, or None if there is none."""
        value = self.root
        for step in loc:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def text_at(self, *loc: str | int) -> str | None:
        value = self.at(loc)
        return value if isinstance(value, str) else None

    def items_at(self, *loc: str | int) -> Iterator[tuple[Loc, Value]]:
        """Yield the items of the list or mapping at `loc`, none if there is neither."""
        value = self.at(loc)
        if isinstance(value, dict):
            yield from (((*loc, key), item) for key, item in value.items())
        elif isinstance(value, list):
            yield from (((*loc, index), item) for index, item in enumerate(value))

    def line(self, loc: Loc) -> int:
        """Return the line of the value at `loc`, or of the nearest one around it."""
        while loc not in self._lines:
            loc = loc[:-1]
        return self._lines[loc]

    def is_given(self, loc: Loc) -> bool:
        return loc in self._lines and self.at(loc) is not None

    def is_empty(self, loc: Loc) -> bool:
        """Tell whether a key stands at `loc` with nothing behind it."""
        return loc in self._lines and self.at(loc) is None

    def is_unread(self, loc: Loc) -> bool:
        """Tell whether the value at `loc`, or something in it, was left out with a word of its own."""
        return any(at[: len(loc)] == loc for at in self._unread)

    def is_from_environment(self, loc: Loc) -> bool:
        """Tell whether the value at `loc`, or an item of the list there, came from the environment."""
        return loc in self._from_environment or any(at in self._from_environment for at, _ in self.items_at(*loc))

    def key(self, loc: Loc) -> str:
        """Write `loc` for people: `accounts[alpha].limits.max_open_positions`, items by their id or symbol."""
        written = ""
        for end, step in enumerate(loc, start=1):
            if isinstance(step, int):
                written += f"[{self._name(loc[:end]) or step}]"
            else:
                written += f".{_short(step)}" if written else _short(step)
        return written

    def _name(self, loc: Loc) -> str | None:
        for field in ("id", "symbol"):
            name = self.text_at(*loc, field)
            if name and not self.is_from_environment((*loc, field)):
                return _short(name)
        return None

    def shown(self, loc: Loc) -> str:
        """Write what stands at `loc` for a message; what came from the environment stays hidden."""
        value = self.at(loc)
        if isinstance(value, dict | list):
            return "keys and values" if isinstance(value, dict) else f"a list of {len(value)}"
        if self.is_from_environment(loc):
            return "the value of an environment variable"
        return "nothing" if value is None else f'"{_short(value)}"'

    def problems(self) -> list[Problem]:
        return [Problem(line, self.key(loc), message, self.file) for line, loc, message in self._wrongs]

    def problem_count(self) -> int:
        return len(self._wrongs)

    def wrong(self, loc: Loc, message: str, line: int | None = None) -> None:
        """Report what is wrong with the value at `loc`, or with what stands in `line`."""
        if loc not in self._unread:
            self._wrongs.append((self.line(loc) if line is None else line, loc, message))

    def refuse(self, loc: Loc, wanted: str) -> None:
        """Report the value at `loc` as it was found, beside what is wanted."""
        found = "missing" if self.at(loc) is None else f"found {self.shown(loc)}"
        self.wrong(loc, f"{found}; wanted {wanted}")

    def refuse_unknown(self, loc: Loc, names: Mapping[str, Loc]) -> None:
        """Report the name at `loc`, which is none of those that stand elsewhere in the file."""
        visible = [name for name, at in names.items() if not self.is_from_environment(at)]
        self.wrong(loc, f"found {self.shown(loc)}, which is {unknown(self.text_at(*loc) or '', visible)}")

    def take(self, node: Node, loc: Loc) -> Value:
        """Turn a node of the parser into values. Reports what it leaves out."""
        self._lines.setdefault(loc, node.start_mark.line + 1)
        if node.anchor is not None:
            self.wrong(loc, "found an anchor or an alias (& or *); wanted the value itself")
            self._unread.add(loc)
            return None
        if isinstance(node, MappingNode):
            return self._take_mapping(node, loc)
        if isinstance(node, SequenceNode):
            return [self.take(item, (*loc, index)) for index, item in enumerate(node.value)]
        return self._take_scalar(node, loc)

    def _take_mapping(self, node: MappingNode, loc: Loc) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self.wrong(loc, "found a list or keys as a key; wanted text", line)
                continue
            key = str(key_node.value)
            if key in values:
                first = self._lines[(*loc, key)]
                self.wrong((*loc, key), f"written twice, first in line {first}; wanted once", line)
                continue
            self._lines[(*loc, key)] = line
            values[key] = self.take(value_node, (*loc, key))
        return values

    def _take_scalar(self, node: Node, loc: Loc) -> str | None:
        if node.tag == "tag:yaml.org,2002:null":
            return None
        written = str(node.value)
        if not refers(written):
            return written
        self._from_environment.add(loc)
        value, faults = resolve(written, self._environment)
        for fault in faults:
            self.wrong(loc, fault)
        if faults:
            self._unread.add(loc)
        return value


def _short(text: str) -> str:
    """Make a text fit for one line of a terminal."""
    short = text if len(text) <= _SHOWN_CHARS_MAX else text[:_SHOWN_CHARS_MAX] + "..."
    return short if short.isprintable() else ascii(short)[1:-1]


def read_tree(path: Path, environment: Mapping[str, str]) -> Tree | Problem:
    """Read a file. The answer is a `Problem` where there is nothing to go on with; all others are the tree's."""
    tree = Tree(path.name, environment)
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = YAML(typ="safe", pure=True).compose(text)
        if isinstance(node, MappingNode):
            tree.root = tree.take(node, ())
            return tree
        return Problem(1, "", "found no keys; wanted a configuration, as coxswain init writes one", path.name)
    except FileNotFoundError:
        return Problem(0, "", "not found; coxswain init writes one", path.name)
    except OSError as error:
        return Problem(0, "", f"cannot be read: {error.strerror}", path.name)
    except UnicodeDecodeError:
        return Problem(0, "", "cannot be read: not UTF-8 text", path.name)
    except RecursionError:
        return Problem(0, "", "cannot be read: nested too deeply", path.name)
    except MarkedYAMLError as error:
        return _not_yaml(path.name, text, error)
    except YAMLError:
        return Problem(0, "", "is not YAML: found a character that YAML does not allow", path.name)


def _not_yaml(file: str, text: str, error: MarkedYAMLError) -> Problem:
    line = error.problem_mark.line + 1 if error.problem_mark else 0
    message = f"is not YAML: {error.problem or error.context}"
    if refers("".join(text.splitlines()[line - 1 : line])):
        message += "; inside { } and [ ] wanted quotes around a reference"
    return Problem(line, "", message, file)
