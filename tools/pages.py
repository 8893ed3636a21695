"""Write the generated parts of the pages in `docs/`: `python -m tools.pages`, or `make docs`.

A page holds prose and, between two marks, what is generated from the code. A test compares what is committed with what
would be written now, so a page cannot lag behind. Nothing outside the marks is touched.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from typer.main import get_command

from coxswain.app.cli import app
from coxswain.app.config.schema import SHAPES, Entry, Limits, Settings
from coxswain.messages.command_json import COMMANDS
from coxswain.model.decimals import text
from coxswain.model.keys import GROUPS, Key, Scope, Unit
from tools.museum import exhibits
from tools.mutants import mutants
from tools.public_names import python_names

DOCS = Path(__file__).parents[1] / "docs"
MADE = (Settings, Limits)
"""Made from the table of keys, and shown as that."""
MARKS = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


# --- the command line -------------------------------------------------------------------------------------------------


def command_line() -> str:
    """Every command with its arguments and options, as its own help says."""
    return "\n".join(_command(name, command) for name, command in _commands("coxswain", get_command(app)))


def _commands(name: str, command: Any) -> Iterable[tuple[str, Any]]:
    """Every command, groups spelled out, in the order of the help."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for each, found in inner.items():
        yield from _commands(f"{name} {each}", found)


def _command(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join([name, *(_metavar(each) for each in arguments), *(["[OPTIONS]"] if options else [])])
    rows = [(f"`{_metavar(each)}`", each.help or "", "") for each in arguments if each.help]
    rows += [(_option(each), each.help or "", _default(each)) for each in options]
    head = f"### `{usage}`\n\n{' '.join((command.help or '').split())}\n"
    return f"{head}\n{table(('', 'what it is', 'default'), rows)}" if rows else head


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _option(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or _values(option.type_descriptor.annotation)}"
    return f"`{', '.join(option.opts)}{value}`"


def _values(annotation: Any) -> str:
    """Name what an option takes that does not say it itself."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(member.value) for member in annotation)
    return "NUMBER" if annotation is int else "TEXT"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    found = option.default
    return "" if found in (None, False, ()) else f"`{found}`"


def json_commands() -> str:
    """Every command as JSON, with its fields."""
    rows = []
    for name, command in COMMANDS.items():
        fields = [
            f"`{field}`{'' if each.required else ' (optional)'}: {each.help}" for field, each in command.fields.items()
        ]
        rows.append((f"`{name}`", command.help, "<br>".join(fields)))
    return table(("`command`", "what it does", "fields"), rows)


# --- the configuration ------------------------------------------------------------------------------------------------


def shape() -> str:
    """Every part of the file and every key of it."""
    return "\n".join(_part(".".join(loc) or "the file", part) for loc, part in SHAPES.items() if part not in MADE)


def _part(name: str, part: type[Entry]) -> str:
    rows = [
        (f"`{field}`", _left_out(info), " ".join((info.description or "").split()))
        for field, info in part.model_fields.items()
    ]
    return f"### {name if name == 'the file' else f'`{name}`'}\n\n{table(('key', 'default', 'what it is'), rows)}"


def _left_out(info: Any) -> str:
    """Say what a key is where it is left out; a required one has nothing to be then."""
    if info.validate_default:
        return "required"
    found = info.default
    if info.default_factory is not None or found in (None, "", [], {}):
        return ""
    return (
        f"`{str(found).lower() if isinstance(found, bool) else text(found) if isinstance(found, Decimal) else found}`"
    )


def settings() -> str:
    return _keys(Scope.DESK)


def limits() -> str:
    return _keys(Scope.ACCOUNT)


def _keys(scope: Scope) -> str:
    parts = []
    for heading, keys in GROUPS:
        if keys[0].scope is scope:
            rows = [(f"`{key.name}`", text(key.default), _unit(key), _comment(key)) for key in keys]
            parts.append(f"**{heading}**\n\n{table(('key', 'default', 'unit', 'what it is'), rows)}")
    return "\n".join(parts)


def _unit(key: Key) -> str:
    return "" if key.unit is Unit.COUNT else str(key.unit)


def _comment(key: Key) -> str:
    return key.comment if key.enforced else f"{key.comment} (not enforced yet)"


# --- what was proved --------------------------------------------------------------------------------------------------


def museum() -> str:
    """Every public failure that is a test here."""
    rows = [(each.what, each.then, each.here, f"`{each.test}`") for each in exhibits()]
    return table(("whose", "then", "here", "test, in `tests/museum/`"), rows)


def broken_on_purpose() -> str:
    """Every mutant, and the tests that notice it."""
    rows = [(each.what, each.offends, "<br>".join(f"`{test}`" for test in each.tests)) for each in mutants()]
    return table(("what is broken", "what that offends", "killed by"), rows)


# --- the pages --------------------------------------------------------------------------------------------------------

PARTS: dict[str, Callable[[], str]] = {
    "command-line": command_line,
    "json-commands": json_commands,
    "shape": shape,
    "settings": settings,
    "limits": limits,
    "python-names": python_names,
    "museum": museum,
    "mutants": broken_on_purpose,
}


def filled_in(page: str) -> str:
    """Return a page with every generated part as it would be now. Raises `KeyError` for a part that is not known."""
    return MARKS.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n{found[3]}", page)


def main() -> None:
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = filled_in(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(path.name)


if __name__ == "__main__":
    main()
