"""The one exception: when the journal fails or hangs, entry orders are called back at the venues, without a record.

Nothing can be decided any more then, because nothing can be made durable; but what could still open a position must not
stay out in the world. So the orders that enter are cancelled directly, protection is kept, the flag file is put up, and
the process ends. What became of it the next start learns from the venues' books, as after a kill. There is no second
exception, and nothing else may ever be sent from here.
"""

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Protocol

import msgspec

from coxswain.core.order import is_done
from coxswain.core.state import State
from coxswain.messages.inputs import ExecutionReport
from coxswain.messages.requests import CancelOrder
from coxswain.model.control import StopLevel
from coxswain.model.vocabulary import AccountId, ClOrdId, ExecType
from coxswain.runtime.flag_file import flag_path, text_of
from coxswain.venues.base import Venue

APPEND_WITHIN_S = 5.0
"""The longest that a write to the journal may take."""
ANSWER_WITHIN_NS = 2_000_000_000
ENDED = (ExecType.CANCELED, ExecType.EXPIRED, ExecType.REJECTED)
WATCHED_EVERY_S = 0.1
STOOD_STILL_S = 1.0
"""Whoever looks so late was stopped, and the whole process with it."""


class CutOff(msgspec.Struct, frozen=True):
    """What was done without a record."""

    why: str
    confirmed: tuple[ClOrdId, ...]
    unconfirmed: tuple[ClOrdId, ...]
    """Asked for, and not answered in time."""
    failed: tuple[str, ...]
    """What went wrong while asking."""

    def __str__(self) -> str:
        parts = [
            f"{self.why}. No order is taken any more; protection at the venues stays",
            f"entry orders called back: {_listed(self.confirmed)} confirmed, {_listed(self.unconfirmed)} not confirmed",
            *(f"while calling back: {what}" for what in self.failed),
            "all entries are halted (flag file); start again once the journal can be written, then `coxswain resume`",
        ]
        return "\n".join(parts)


class Alarm(Protocol):
    """Who hears of it."""

    def report(self, cut: CutOff) -> None:
        """Put up the flag and tell people. Called from any thread, and must not need the journal."""

    def end(self) -> None:
        """End the process, although one of its threads hangs. Does not return."""


def call_back_entries(
    why: str, state: State, unsent: Collection[ClOrdId], venue_of: Mapping[AccountId, Venue], now_ns: int
) -> CutOff:
    """Cancel at the venues every order that may still enter, and wait a little for what they say."""
    asked: dict[ClOrdId, ClOrdId] = {}
    failed: list[str] = []
    venues: dict[str, Venue] = {}
    for account_id, account in state.accounts.items():
        venue = venue_of.get(account_id)
        for cl_ord_id in account.open_orders:
            order = account.orders[cl_ord_id]
            if venue is None or not order.enters or is_done(order) or cl_ord_id in unsent:
                continue
            try:
                venue.send(CancelOrder(account_id, order.current_id, order.intent.symbol), now_ns)
            except Exception as error:  # one venue must not keep the others' orders working
                failed.append(f"venue {venue.venue_id}: {error}")
            asked[order.current_id] = cl_ord_id
            venues[venue.venue_id] = venue
    confirmed = _hear(venues.values(), asked, failed, now_ns)
    unconfirmed = tuple(own for own in asked.values() if own not in confirmed)
    return CutOff(why, tuple(confirmed), unconfirmed, tuple(failed))


def _hear(
    venues: Collection[Venue], asked: Mapping[ClOrdId, ClOrdId], failed: list[str], now_ns: int
) -> dict[ClOrdId, None]:
    confirmed: dict[ClOrdId, None] = {}
    for venue in venues:
        try:
            venue.settle()
            while (due_ns := venue.next_ns()) is not None and due_ns <= now_ns + ANSWER_WITHIN_NS:
                for report in venue.take(max(due_ns, now_ns)):
                    if isinstance(report, ExecutionReport) and report.exec_type in ENDED and report.cl_ord_id in asked:
                        confirmed[asked[report.cl_ord_id]] = None
                venue.settle()
        except Exception as error:  # as above
            failed.append(f"venue {venue.venue_id}: {error}")
    return confirmed


def _listed(names: Sequence[str]) -> str:
    return f"{len(names)} ({', '.join(names)})" if names else "0"


# --- the flag, when the disk is full ----------------------------------------------------------------------------------


def prepared_path(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.stop.ready")


def prepare_flag(journal: Path) -> None:
    """Write the flag file beforehand, under another name: to rename it takes no room on a disk."""
    prepared_path(journal).write_text(text_of(StopLevel.HALT, "the journal failed"), encoding="utf-8")


def put_up_flag(journal: Path) -> str:
    """Put the flag file up; return why it could not be, else nothing. One that is there already stays."""
    try:
        if not flag_path(journal).exists():
            os.rename(prepared_path(journal), flag_path(journal))
    except OSError as error:
        return f"the flag file could not be put up: {error.strerror}"
    return ""


class FlagAlarm:
    """Puts up the flag and says so; how the process, or what of it traded, ends is said by whoever made this."""

    def __init__(self, journal: Path, say: Callable[[str], None], end: Callable[[], NoReturn]) -> None:
        self._journal = journal
        self._say = say
        self._end = end

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Keep the flag file at hand, so that putting it up takes no room on the disk."""
        prepare_flag(self._journal)
        try:
            yield
        finally:
            prepared_path(self._journal).unlink(missing_ok=True)

    def report(self, cut: CutOff) -> None:
        problem = put_up_flag(self._journal)
        self._say(f"coxswain: {cut}" + (f"\n{problem}" if problem else ""))

    def end(self) -> NoReturn:
        self._end()


# --- a journal that hangs ---------------------------------------------------------------------------------------------


class Watch:
    """Calls `on_hang` from a thread of its own when what is done inside it takes too long. It is called once.

    The thread that hangs does not go on while it is called; it waits, should it come back. A process that was stopped
    in the middle of a write has not hung: time in which nobody could watch does not count.
    """

    def __init__(self, on_hang: Callable[[float], None], within_s: float = APPEND_WITHIN_S) -> None:
        self._on_hang = on_hang
        self._within_s = within_s
        self._since_s: float | None = None
        self._seen_s = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal watch", daemon=True)
        self._thread.start()

    def __enter__(self) -> None:
        self._since_s = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._since_s = None

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def took_s(self, now_s: float) -> float:
        """Return how long what is inside has taken while it was watched. Called every `WATCHED_EVERY_S` or so."""
        stood_s, self._seen_s = now_s - self._seen_s, now_s
        if self._since_s is None:
            return 0.0
        if stood_s > STOOD_STILL_S:
            self._since_s = min(self._since_s + stood_s, now_s)
        return now_s - self._since_s

    def _run(self) -> None:
        while not self._ended.wait(WATCHED_EVERY_S):
            with self._lock:
                took_s = self.took_s(time.monotonic())
                if took_s > self._within_s:
                    self._on_hang(took_s)
                    return
