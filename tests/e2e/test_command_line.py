"""The command line itself: help for everybody, quick, and exit codes that mean the same everywhere."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from coxswain.app.cli import app
from tests.e2e.commands import COXSWAIN, coxswain
from tests.e2e.journals import Demo
from tests.e2e.market import config_file, steady_quotes


def _words(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        yield f"{before}{name}"
        if hasattr(command, "commands"):
            yield from _words(command, f"{before}{name} ")


COMMANDS = tuple(_words(typer.main.get_command(app)))
HEAVY = ("ruamel", "rich", "msgspec", "sqlite3", "coxswain.core", "coxswain.messages", "coxswain.app.config")

IMPORTED = """
import sys
sys.argv = ["coxswain", *sys.argv[1:]]
from coxswain.app.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    done = coxswain(*command.split(), "--help", cwd=tmp_path)
    assert done.out.startswith(f"Usage: coxswain {command} ")
    assert done.err == ""
    assert list(tmp_path.iterdir()) == []


def test_what_users_were_promised_is_there(tmp_path: Path) -> None:
    promised = {"demo", "init", "config", "run", "explain", "audit", "replay"}
    promised |= {"status", "accounts", "orders", "positions", "fills", "stats"}
    listed = re.findall(r"^  ([a-z]+) {2,}\w", coxswain("--help", cwd=tmp_path).out, re.MULTILINE)
    assert promised <= set(listed)
    assert {"config check", "config show", "audit verify", "audit log"} <= set(COMMANDS)


@pytest.mark.parametrize("words", [["--help"], ["demo", "--help"], ["version"]])
def test_asking_for_help_loads_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED, *words], capture_output=True, timeout=60, check=True)
    loaded = set(done.stderr.decode().split())
    assert "coxswain.app.cli" in loaded
    assert sorted(loaded & set(HEAVY)) == []
    # typer reads the arguments of a single command with pydantic; the list of commands goes without.
    assert "pydantic" not in loaded or words != ["--help"]


def test_without_a_word_it_shows_its_help(tmp_path: Path) -> None:
    done = coxswain(cwd=tmp_path, code=2)
    assert "Usage: coxswain" in done.out + done.err


@pytest.mark.parametrize("words", [["no-such-command"], ["demo", "--no-such-option"], ["explain"], ["config", "x"]])
def test_a_mistake_in_the_words_is_a_usage_error(tmp_path: Path, words: list[str]) -> None:
    done = coxswain(*words, cwd=tmp_path, code=2)
    assert done.out == ""
    assert "Usage: coxswain" in done.err


def test_it_says_its_version(tmp_path: Path) -> None:
    said = coxswain("version", cwd=tmp_path).out
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", said)
    assert coxswain("--version", cwd=tmp_path).out == said


@pytest.mark.parametrize("command", ["version", "--help", "accounts", "accounts --json", "audit verify"])
@pytest.mark.parametrize(
    ("where", "said"), [(">&-", "standard output is closed"), (">/dev/full", "No space left on device")]
)
def test_output_that_cannot_be_written_is_an_error_and_no_traceback(
    demo: Demo, command: str, where: str, said: str
) -> None:
    if where == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    words = "" if command in ("version", "--help") else f" --journal '{demo.journal}'"
    line = f"'{COXSWAIN}' {command}{words} {where}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_closed_input_and_closed_talk_are_no_errors(demo: Demo) -> None:
    line = f"'{COXSWAIN}' status --journal '{demo.journal}' <&- 2>&-"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60, check=True)
    assert done.stdout.startswith(b"all is well\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("audit verify --journal .", 2, ".: is a directory"),
        ("status --journal .", 1, ".: is a directory"),
        ("run --quotes EURUSD=q.csv --journal .", 1, ".: is a directory"),
        ("run --quotes EURUSD=.", 1, ".: is a directory, wanted a file of quotes"),
        ("config check --config .", 4, ".: is a directory; wanted a file"),
        ("status --journal empty", 1, "empty: is not a journal: it is empty"),
        ("audit verify --journal empty", 2, "empty: is not a journal: it is empty"),
        ("run --quotes EURUSD=q.csv --journal q.csv", 1, "q.csv: is not a journal"),
        ("pause ann --journal q.csv --reason x", 1, "q.csv: is not a journal"),
    ],
)
def test_what_is_not_the_file_that_was_meant_is_named_and_nothing_is_left_beside_it(
    tmp_path: Path, words: str, code: int, said: str
) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann"])
    steady_quotes(tmp_path / "q.csv", 10)
    (tmp_path / "empty").touch()
    before = sorted(path.name for path in tmp_path.iterdir())
    done = coxswain(*words.split(), cwd=tmp_path, code=code)
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", ["status", "orders", "audit verify"])
def test_looking_loads_no_engine_and_no_configuration(demo: Demo, command: str) -> None:
    words = [*command.split(), "--journal", str(demo.journal)]
    done = subprocess.run([sys.executable, "-c", IMPORTED, *words], capture_output=True, timeout=60, check=True)
    loaded = set(done.stderr.decode().split())
    assert "coxswain.views.summary" in loaded
    assert (
        sorted(loaded & {"coxswain.core.engine", "coxswain.app.config.schema", "coxswain.venues.paper", "ruamel"}) == []
    )
