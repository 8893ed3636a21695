"""The flag file beside a journal: a stop that anybody can set and read without the engine.

`touch <journal>.stop` halts everything. A line in it may say another level, and of what: `freeze`, `flatten`,
`halt account NAME`. What cannot be understood halts everything. The engine takes it over into its journal, and writes
the file itself when everything is stopped another way. Deleting it releases nothing: that takes a person's `resume`,
which takes the file away too.
"""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from coxswain.core.state import State
from coxswain.messages.events import TradingResumed, TradingStopped
from coxswain.messages.inputs import StopTrading
from coxswain.messages.record import Record
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel, key_of, name_of
from coxswain.runtime.control_socket import name_of_user
from coxswain.runtime.doors import Asked
from coxswain.runtime.pace import utc_ns

READ_MAX = 4096
SETTLES_NS = 5_000_000
"""An empty file younger than this may be one that somebody is about to write into."""

STRICTNESS = {StopLevel.PAUSE: 0, StopLevel.HALT: 1, StopLevel.FLATTEN: 2, StopLevel.FREEZE: 3}

Stands = Callable[[StopLevel, Scope], bool]
"""Whether the journal has this stop already."""


def flag_path(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.stop")


def text_of(level: StopLevel, why: str) -> str:
    """Return what a file says that stops everything."""
    return (
        f"{level.lower()}\n# {why}\n# Deleting this file releases nothing: coxswain resume --everything --reason WHY\n"
    )


def open_flag(journal: Path, state: State, on_stop: Callable[[], None] = lambda: None) -> "FlagFile":
    """Return the flag of a journal whose engine stands as `state` says, now and later."""

    def stands(level: StopLevel, scope: Scope) -> bool:
        return level in state.stops.get(key_of(scope), {})

    return FlagFile(journal, state.stops.get(key_of(EVERYTHING), {}), stands, on_stop, utc_ns)


class FlagFile:
    """A door: see `doors.py`."""

    def __init__(
        self,
        journal: Path,
        stopped: Iterable[StopLevel],
        stands: Stands,
        on_stop: Callable[[], None],
        wall_ns: Callable[[], int],
    ) -> None:
        """Put the file up again where the journal has everything `stopped` and somebody deleted it.

        `on_stop` is called once everything is stopped by the file, before anything is sent after that.
        """
        self._path = flag_path(journal)
        self._stands = stands
        self._on_stop = on_stop
        self._wall_ns = wall_ns
        self._seen: tuple[int, ...] | None = None
        self._says: tuple[StopLevel, Scope] | None = None
        """What the file was last seen, or written, to ask for."""
        if not self._path.exists():
            for level in stopped:
                self._write(level, "stopped in an earlier run")

    def filenos(self) -> Iterable[int]:
        return ()

    def take(self, now_ns: int) -> list[Asked]:
        try:
            found = os.stat(self._path)
        except OSError:
            self._seen = None
            return []
        seen = _mark(found)
        if seen == self._seen or (not found.st_size and 0 <= self._wall_ns() - found.st_mtime_ns < SETTLES_NS):
            return []
        self._seen = seen
        level, scope, why = self._read(stat.S_ISREG(found.st_mode))
        self._says = level, scope
        if self._stands(level, scope):
            return []
        return [Asked(StopTrading(level, scope, why, name_of_user(found.st_uid)), self._on_answer)]

    def on_record(self, record: Record) -> None:
        """Write the file when everything was stopped, and take it away when that was released."""
        for event in record.events:
            match event:
                case TradingStopped(level=level, scope=Scope(kind=ScopeKind.EVERYTHING)):
                    self._write(level, f"record {record.seq}, by {event.actor}: {event.reason}")
                case TradingResumed(scope=scope) if self._says is not None and self._says[1] == scope:
                    self._path.unlink(missing_ok=True)
                    self._says = None

    def close(self) -> None:
        pass

    def _read(self, is_plain: bool) -> tuple[StopLevel, Scope, str]:
        """Return what the file asks for; a halt of everything where it does not say, or not clearly."""
        try:
            with self._path.open("rb") if is_plain else open(os.devnull, "rb") as file:
                said = file.read(READ_MAX).decode("utf-8", "replace")
        except OSError:
            said = ""
        lines = [line.strip() for line in said.splitlines()]
        words = next((line.split() for line in lines if line and not line.startswith("#")), [])
        why = f"flag file {self._path.name}"
        if not words:
            return StopLevel.HALT, EVERYTHING, why
        level = StopLevel.__members__.get(words[0].upper())
        scope = _scope_of(words[1:])
        if level is None or scope is None:
            return StopLevel.HALT, EVERYTHING, f"{why}: it cannot be understood"
        return level, scope, why

    def _on_answer(self, record: Record) -> None:
        """A stop that came to nothing, as of an account that nobody knows, becomes one of everything."""
        stopped = [event for event in record.events if isinstance(event, TradingStopped)]
        if any(event.scope == EVERYTHING for event in stopped):
            self._on_stop()
        elif not stopped:
            self._write(StopLevel.HALT, f"{name_of(EVERYTHING)}, because record {record.seq} could stop nothing else")
            self._seen = None

    def _write(self, level: StopLevel, why: str) -> None:
        """Say a stop of everything, unless the file says a stricter one. A full disk may keep it from being said."""
        if self._says is not None and self._says[1] == EVERYTHING and STRICTNESS[self._says[0]] >= STRICTNESS[level]:
            return
        self._says = level, EVERYTHING
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK, 0o644)
        except OSError:
            return
        with os.fdopen(fd, "wb") as file:
            written = text_of(level, why).encode()
            os.write(file.fileno(), written)
            os.ftruncate(file.fileno(), len(written))
            self._seen = _mark(os.fstat(file.fileno()))


def _scope_of(words: list[str]) -> Scope | None:
    if not words or [word.upper() for word in words] == [ScopeKind.EVERYTHING]:
        return EVERYTHING
    kind = ScopeKind.__members__.get(words[0].upper())
    if kind in (None, ScopeKind.EVERYTHING, ScopeKind.ORDER) or len(words) != 2:
        return None
    return Scope(kind, words[1])


def _mark(found: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written or replaced. Only a plain file is a flag: nothing else is ever read."""
    return found.st_ino, found.st_mtime_ns, found.st_size, stat.S_IFMT(found.st_mode)
