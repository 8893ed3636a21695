"""A way out for what must never hold the engine up: lines of a log, alerts, events for whoever listens.

One thread writes, from a bounded queue. `offer` never waits: where the reader is too slow, what does not fit is dropped
and counted, and who closes the outlet is told. Orders and journals must never go through here.
"""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
WAITING_MAX = 1_000


class Outlet(Generic[T]):
    """Hands items to `write` in a thread of its own; an item is tried again after each of `delays_s`."""

    def __init__(
        self, name: str, write: Callable[[T], None], delays_s: tuple[float, ...] = (), waiting_max: int = WAITING_MAX
    ) -> None:
        self.name = name
        self.written = 0
        self.dropped = 0
        """There was no room for them."""
        self.failed = 0
        """They were tried as often as is tried."""
        self.last_error = ""
        self._write = write
        self._delays_s = delays_s
        self._waiting: queue.Queue[T | None] = queue.Queue(waiting_max)
        self._closing = threading.Event()
        # A daemon: a reader that never reads must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """How many did not get out; after `close`, what still waits is among them."""
        return self.dropped + self.failed + (self._waiting.qsize() if self._closing.is_set() else 0)

    def offer(self, item: T) -> bool:
        """Take an item if there is room; never waits."""
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def close(self, timeout_s: float) -> bool:
        """Write out what waits, for at most `timeout_s`. False if something is left or was not delivered."""
        self._closing.set()
        try:
            self._waiting.put(None, timeout=timeout_s)
            self._thread.join(timeout_s)
        except queue.Full:
            pass
        return not (self._thread.is_alive() or self.failed or self.dropped)

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            self._deliver(item)

    def _deliver(self, item: T) -> None:
        for delay_s in (*self._delays_s, None):
            try:
                self._write(item)
            except Exception as error:  # whatever a sink raises, the next item must still be tried
                self.last_error = f"{type(error).__name__}: {error}"
            else:
                self.written += 1
                return
            if delay_s is None:
                break
            self._closing.wait(delay_s)  # at the end there is no time to be patient
        self.failed += 1
