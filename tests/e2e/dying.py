"""Have a run killed at a named point: see dies_at.py."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.commands import LIMIT_S, environment
from tests.e2e.storm import Storm

DRIVER = Path(__file__).with_name("dies_at.py")


def dies(storm: Storm, point: str, at: int) -> None:
    """Run until the driver is killed at its point."""
    done = subprocess.run(
        [sys.executable, DRIVER, point, str(at), *storm.words],
        cwd=storm.folder,
        env=environment(storm.folder),
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
