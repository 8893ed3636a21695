"""Golden files: what a scenario writes is compared, byte by byte, with what it wrote when that was last reviewed."""

from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compare bytes with the golden file of that name, or write it under --rewrite-golden."""
    # The option is known only where this folder is named on the command line, as `make golden` does.
    rewrite = request.config.getoption("--rewrite-golden", default=False)

    def compare(name: str, written: bytes) -> None:
        path = HERE / name
        if rewrite:
            path.write_bytes(written)
            return
        assert path.is_file(), f"{name} has never been reviewed: run make golden and look at it"
        # By lines, so that the first decision that changed is what the failure shows.
        assert written.splitlines(keepends=True) == path.read_bytes().splitlines(keepends=True)

    return compare
