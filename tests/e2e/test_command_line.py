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
from tests.e2e.commands import coxswain


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
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", coxswain("version", cwd=tmp_path).out)
