"""The thread in which an engine runs in real time, and calls that others have carried out there between two steps."""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from coxswain.api.python.errors import ExecutionError, SystemFault
from coxswain.messages.record import Record
from coxswain.runtime.doors import Asked
from coxswain.runtime.loop import Loop

T = TypeVar("T")


class Calls:
    """A door (`runtime/doors.py`) through which other threads have work done in the loop's own."""

    def __init__(self, run: Callable[["Calls"], None]) -> None:
        self.loop: Loop | None = None
        """As soon as there is one."""
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._end: ExecutionError | None = None
        self._is_busy = False
        self._is_abandoned = False
        self._under_way: Future[object] | None = None
        self._run = run
        self._thread = threading.Thread(target=self._run_to_the_end, name="coxswain", daemon=True)
        self._thread.start()

    def carry_out(self, work: Callable[[Loop], T]) -> T:
        """Have work done, and wait for what came of it. Raises `SystemFault` where nobody is left to do it."""
        if threading.current_thread() is self._thread and self.loop is not None:
            return work(self.loop)
        done: Future[T] = Future()

        def act() -> None:
            self._under_way = done  # type: ignore[assignment]  # whatever it is a future of
            try:
                if self._end is not None:
                    raise self._end
                assert self.loop is not None
                done.set_result(work(self.loop))
            except BaseException as fault:  # it belongs to whoever asked
                done.set_exception(fault)
            self._under_way = None

        self._waiting.put(act)
        if self._end is not None:
            self._drain()
        else:
            with contextlib.suppress(OSError):  # full, and it wakes anyway; or closed, and `_drain` comes
                os.write(self._writer, b"!")
        return done.result()

    def stop(self, reason: str) -> bool:
        """Ask the engine to end, and wait for it. False where its thread hangs."""
        if self._is_abandoned:
            return False
        if self.loop is not None:
            self.loop.ask_to_stop(reason)
        self._thread.join()
        return True

    def abandon(self, fault: ExecutionError) -> None:
        """Tell everybody who waits, and who comes, that the thread hangs. Called from another one."""
        self._is_abandoned, self._end = True, fault
        if self._under_way is not None:
            self._under_way.set_exception(fault)
        self._drain()

    def filenos(self) -> Iterable[int]:
        return (self._reader,)

    def take(self, now_ns: int) -> Sequence[Asked]:
        if self._is_busy or self.loop is None or not self.loop.has_begun:
            return ()  # work that begins something, or a start, looks at its doors too
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)
        self._drain()
        return ()

    def on_record(self, record: Record) -> None:
        pass

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)

    def _run_to_the_end(self) -> None:
        try:
            self._run(self)
            self._end = SystemFault("the engine has ended")
        except ExecutionError as fault:
            self._end = fault
        except BaseException as fault:  # whatever ended it, who waits must hear of it
            self._end = SystemFault(f"the engine failed: {type(fault).__name__}: {fault}")
        self._drain()

    def _drain(self) -> None:
        self._is_busy = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()()
        self._is_busy = False
