"""One demo whose journal many tests read; those that change it work on copies."""

import pytest

from tests.e2e.commands import coxswain
from tests.e2e.journals import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo with its default seed, as a user runs it first, but into a named journal."""
    folder = tmp_path_factory.mktemp("demo")
    done = coxswain("demo", "--journal", "demo.journal", "--json", cwd=folder)
    return Demo(folder, folder / "demo.journal", done)
