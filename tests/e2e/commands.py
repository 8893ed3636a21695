"""Run the commands as a user does: each in a process of its own, in a folder of its own, and never without an end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

COXSWAIN = Path(sys.executable).with_name("coxswain")
LIMIT_S = 60
"""No command here takes a tenth of it; a hanging one must not take the tests with it."""
NOT_INHERITED = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONHASHSEED", "TTY_COMPATIBLE")


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the one document on standard output."""
        return json.loads(self.out)


def coxswain(
    *words: str | Path, cwd: Path, code: int = 0, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> Done:
    """Run a command to its end and see that it ends with `code`."""
    done = subprocess.run(
        [COXSWAIN, *words],
        cwd=cwd,
        env=environment(cwd, env),
        input=stdin,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert result.code == code, f"{' '.join(map(str, words))}: ended with {result.code}\n{result.out}\n{result.err}"
    return result


def environment(cwd: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a command: what it leaves in the temporary folder, it leaves in `cwd`."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return {**kept, "TMPDIR": str(cwd), **(more or {})}


@contextmanager
def running(command: list[str | Path], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process with its three streams in pipes; whatever happens, it does not outlive the block."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(cwd),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes]) -> Done:
    """Close its standard input, read what it says, and return how it ended."""
    out, err = process.communicate(timeout=LIMIT_S)
    return Done(process.returncode, out.decode(), err.decode())


def stopped(process: subprocess.Popen[bytes], number: signal.Signals) -> tuple[Done, float]:
    """Send a signal; return how it ended, and after how many seconds. Its standard input stays open until then."""
    began = time.monotonic()
    process.send_signal(number)
    process.wait(timeout=LIMIT_S)
    took_s = time.monotonic() - began
    return ended(process), took_s


def wait_until(what: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for something that a running process does. It fails at once when the process ends first."""
    until = time.monotonic() + LIMIT_S
    while not what():
        assert process.poll() is None, f"it ended with {process.returncode}: {ended(process).err}"
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.002)


def durable_records(journal: Path) -> int:
    """Return how many records the head beside a journal names; 0 while there is none."""
    try:
        return int(journal.with_name(f"{journal.name}.head").read_bytes()[:20] or b"0")
    except FileNotFoundError:
        return 0
