"""The tables in the documents say what the code says: commands, signal fields, exit codes, keys, rooms."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from coxswain.app import exits
from coxswain.app.cli import app
from coxswain.core.params import AccountParams, DeskParams
from coxswain.messages.signal_json import FIELDS, MEANINGLESS
from coxswain.model.keys import BY_STRATEGY, TABLE
from coxswain.model.vocabulary import SignalKind
from coxswain.runtime.plugins import algo_modules, check_modules

ROOT = Path(__file__).parents[2]


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _commands() -> set[str]:
    """Every command of the command line, groups spelled out."""
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]  # a group has commands
        inner = getattr(command, "commands", None)
        found |= {f"{name} {each}" for each in inner} if inner else {name}
    return found


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_every_command_that_a_page_shows_is_there_and_so_is_every_page_it_points_to(page: str) -> None:
    words = _read(page)
    groups = {command.split()[0] for command in _commands() if " " in command}
    for first, second in re.findall(r"(?:^|`|bin/)coxswain ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", words, re.MULTILINE):
        assert f"{first} {second}" in _commands() or first in groups | _commands(), f"coxswain {first} {second}"
    for target in re.findall(r"\]\(([^)#:]+\.md)\)", words):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_every_command_is_in_the_readme_or_the_changelog() -> None:
    words = _read("README.md") + _read("CHANGELOG.md")
    missing = {command for command in _commands() if command.split()[-1] not in words}
    assert not missing


def test_the_table_of_signal_fields_lists_what_the_parser_knows() -> None:
    rows = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", _read("docs/SIGNALS.md"), re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert listed == set(FIELDS)


def test_an_empty_cell_of_that_table_is_an_error_of_the_parser() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|(.*)\|$", _read("docs/SIGNALS.md"), re.MULTILINE)
    cells = {name: row.split("|")[1:] for name, row in rows}
    for at, kind in enumerate((SignalKind.ENTRY, SignalKind.EXIT, SignalKind.STOP_ADJUSTMENT)):
        assert {name for name, columns in cells.items() if not columns[at].strip()} == set(MEANINGLESS[kind])


def test_the_exit_codes_of_the_readme_are_the_ones_in_force() -> None:
    text = " ".join(_read("README.md").split())
    listed = dict(re.findall(r"(\d) ([a-z]+)[^,.]*[,.]", text.split("Exit codes: ")[1].split(". ")[0] + "."))
    values = {str(value) for name, value in vars(exits).items() if name.isupper()}
    assert set(listed) == values


@pytest.mark.parametrize(
    "room", sorted(p.name for p in (ROOT / "src/coxswain").iterdir() if (p / "__init__.py").exists())
)
def test_the_map_of_the_architecture_page_names_every_room(room: str) -> None:
    assert f"| `{room}/` |" in _read("docs/ARCHITECTURE.md")


def test_the_line_of_the_core_names_every_module_of_it_and_no_other() -> None:
    """One that is new belongs beside those of its kind, in the line that begins with | `core/` |."""
    (line,) = re.findall(r"^\| `core/` \|.*$", _read("docs/ARCHITECTURE.md"), re.MULTILINE)
    core = ROOT / "src/coxswain/core"
    modules = {path.stem for path in core.glob("*.py")} - {"__init__"}
    rooms = {f"{path.name}/" for path in core.iterdir() if (path / "__init__.py").exists()} | {"core/"}
    assert set(re.findall(r"`([a-z_]+/?)`", line)) == modules | rooms


# --- the table of keys and the code that reads them -------------------------------------------------------------------

READ_BY_THE_SHELL = {"signal_ttl_s", "quote_interval_ms", "volatility_bar_s"}


def _defaults() -> dict[str, object]:
    """Every setting that checks and core read, with the default that stands beside its reader."""
    readers = [DeskParams, AccountParams, *(module.Params for module in check_modules())]
    of_strategies = {f"{key}_of" for key in BY_STRATEGY}
    return {
        name: getattr(reader(), name)
        for reader in readers
        for name in reader.__struct_fields__
        if name not in of_strategies
    }


def test_the_keys_that_are_enforced_are_the_ones_that_somebody_reads() -> None:
    enforced = {key.name for key in TABLE if key.enforced}
    assert enforced == set(_defaults()) | READ_BY_THE_SHELL


def test_a_default_in_the_table_of_keys_is_the_default_beside_its_reader() -> None:
    table = {key.name: key.default for key in TABLE}
    assert {name: table[name] for name in _defaults()} == _defaults()


def test_every_algorithm_and_each_of_its_parameters_is_described() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \|(.*)\|$", _read("docs/ALGORITHMS.md"), re.MULTILINE))
    modules = algo_modules()
    assert set(rows) - {"name"} == set(modules)
    for name, module in modules.items():
        assert set(module.Params.__struct_fields__) <= set(re.findall(r"`([a-z_]+)`", rows[name])), name


def test_each_decision_record_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))


def test_a_decision_record_is_cited_so_that_it_is_found() -> None:
    known = {path.name for path in (ROOT / "docs" / "adr").glob("*.md")}
    numbers = {int(name[:4]) for name in known}
    for path in [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
    ]:
        told = path.read_text(encoding="utf-8")
        assert {f"{found}.md" for found in re.findall(r"adr/(\d{4}[\w-]*)", told)} <= known, path
        assert {int(found) for found in re.findall(r"\bADR (\d+)", told)} <= numbers, path
