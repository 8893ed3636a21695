"""What a person sees at a terminal, as opposed to a pipe: colours unless unwanted, and a bar for long files."""

import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

from tests.e2e.commands import COXSWAIN, LIMIT_S, environment
from tests.e2e.market import EURUSD, quotes_file

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")


def at_a_terminal(words: list[str], cwd: Path, **env: str) -> str:
    """Run a command whose output and talk go to a terminal, and return all that the terminal was told."""
    ours, theirs = pty.openpty()
    told = bytearray()
    command: list[str | Path] = [COXSWAIN, *words]
    environ = environment(cwd, {"TERM": "xterm", "COLUMNS": "140", **env})
    with subprocess.Popen(command, cwd=cwd, env=environ, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            while part := _read(ours):
                told += part
            code = process.wait(LIMIT_S)
        finally:
            process.kill()
            os.close(ours)
    assert code == 0, told.decode()
    return told.decode()


def _read(terminal: int) -> bytes:
    if not select.select([terminal], [], [], LIMIT_S)[0]:
        return b""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""  # the other side is gone: that is how a terminal tells its end


def test_there_are_colours_at_a_terminal(tmp_path: Path) -> None:
    assert COLOUR.search(at_a_terminal(["demo"], tmp_path))


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_there_are_none_where_they_are_not_wanted(tmp_path: Path, env: dict[str, str]) -> None:
    assert not COLOUR.search(at_a_terminal(["demo"], tmp_path, **env))


def test_a_long_file_shows_how_far_it_is_read(tmp_path: Path) -> None:
    quotes_file(tmp_path / "long.csv", EURUSD, 25_000, step_ms=1000)
    assert (tmp_path / "long.csv").stat().st_size > 1_000_000
    screen = at_a_terminal(["demo", "EURUSD=long.csv"], tmp_path)
    assert re.search(r"quotes .*\d %", screen)
    assert "verified" in screen
    document = at_a_terminal(["demo", "EURUSD=long.csv", "--json"], tmp_path)
    assert document.startswith("{")
