"""Run the commands as a user does: each in a process of its own, in a folder of its own, and never without an end."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

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
    """Return the environment of a command: what it leaves in folders of the user or of all, it leaves in `cwd`."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return {**kept, "TMPDIR": str(cwd), "XDG_STATE_HOME": str(cwd), **(more or {})}


class Running(NamedTuple):
    """A process at work. What it says goes to files, so that it never waits for a reader."""

    process: subprocess.Popen[bytes]
    out: IO[bytes]
    err: IO[bytes]

    def write(self, lines: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(lines)
        self.process.stdin.flush()

    def ended(self) -> Done:
        """Wait for its end and return how it came."""
        code = self.process.wait(LIMIT_S)
        self.out.seek(0)
        self.err.seek(0)
        return Done(code, self.out.read().decode(), self.err.read().decode())

    def stopped(self, number: signal.Signals) -> Done:
        """Send it a signal, and return how it ended. Its standard input stays open."""
        self.process.send_signal(number)
        return self.ended()

    def stopped_in_its_tracks(self, number: signal.Signals, journal: Path) -> tuple[Done, int]:
        """Have it stand still, send it a signal, and let it go on: the signal is the first that it hears of.

        Return how it ended, and how many records were durable when it was sent.
        """
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        durable = durable_records(journal)
        self.process.send_signal(number)
        self.process.send_signal(signal.SIGCONT)
        return self.ended(), durable

    def wait_until(self, what: Callable[[], bool]) -> None:
        """Wait for something that it does. It fails at once when the process ends first."""
        until = time.monotonic() + LIMIT_S
        while not what():
            assert self.process.poll() is None, f"it ended before it came to that: {self.ended()}"
            assert time.monotonic() < until, "it never came to that"
            time.sleep(0.002)


@contextmanager
def running(command: list[str | Path], cwd: Path) -> Iterator[Running]:
    """Start a process that reads from a pipe; whatever happens, it does not outlive the block."""
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        subprocess.Popen(
            command, cwd=cwd, env=environment(cwd), stdin=subprocess.PIPE, stdout=out, stderr=err
        ) as process,
    ):
        try:
            yield Running(process, out, err)
        finally:
            process.kill()


def durable_records(journal: Path) -> int:
    """Return how many records the head beside a journal names; 0 while there is none."""
    try:
        return int(journal.with_name(f"{journal.name}.head").read_bytes()[:20] or b"0")
    except FileNotFoundError:
        return 0
