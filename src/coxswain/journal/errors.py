"""What can be wrong with a journal. Each message is written for the person who has to act on it."""

from pathlib import Path


class JournalError(Exception):
    """Every error of this package. `path` is None for a journal in memory."""

    def __init__(self, path: Path | None, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path or 'the journal in memory'}: {problem}")


class JournalExists(JournalError):
    """A new journal never takes the place of an old one."""


class JournalLocked(JournalError):
    """Another process writes this journal."""

    def __init__(self, path: Path, holder_pid: int | None) -> None:
        self.holder_pid = holder_pid
        holder = "another process" if holder_pid is None else f"process {holder_pid}"
        super().__init__(path, f"in use by {holder}; one process writes a journal at a time")


class JournalUnreadable(JournalError):
    """There is no journal here, or its file is too damaged to say what it holds."""


class JournalTampered(JournalError):
    """The journal can be read, and it is not what was written."""

    def __init__(self, path: Path | None, first_bad_seq: int | None, problem: str) -> None:
        self.first_bad_seq = first_bad_seq
        super().__init__(path, problem)


class JournalFailed(JournalError):
    """A write failed. Whether it is durable is not known, so this process may write no more."""


class KeyUnusable(Exception):
    """A key of checkpoints that cannot be used as it is."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
