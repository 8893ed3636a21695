"""Journals that many tests read; those that change one work on copies."""

from pathlib import Path

import pytest

from tests.e2e.commands import coxswain
from tests.e2e.dying import dies
from tests.e2e.journals import Demo
from tests.e2e.storm import brew


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo with its default seed, as a user runs it first, but into a named journal."""
    folder = tmp_path_factory.mktemp("demo")
    done = coxswain("demo", "--journal", "demo.journal", "--json", cwd=folder)
    return Demo(folder, folder / "demo.journal", done)


@pytest.fixture(scope="session")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a process that was killed at work; its last commits stand in the -wal."""
    storm = brew(tmp_path_factory.mktemp("killed"), 1, signals=15)
    dies(storm, "journal", 40)
    return storm.journal
