"""Event handlers of programs: each has a queue and a thread of its own, so that none can hold up orders or another.

A handler that raises is reported to the others as EXECUTION_ERROR, and counted; so is what no room was left for.
"""

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError

from coxswain.runtime.outlet import Outlet
from coxswain.views.outside import Name, OutsideEvent

Handler = Callable[[OutsideEvent], Awaitable[None] | None]
WAITING_MAX = 10_000
LOOK_EVERY_S = 0.002


class _Listener:
    """One handler. An `async` one runs on the loop that it was added from, where there was one."""

    def __init__(self, handler: Handler, on_fault: Callable[["_Listener", OutsideEvent, str], None]) -> None:
        self.name = getattr(handler, "__qualname__", None) or type(handler).__name__
        self.offered = 0
        self._handler = handler
        self._on_fault = on_fault
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        self.outlet = Outlet(f"events to {self.name}", self._hand, waiting_max=WAITING_MAX)

    def offer(self, event: OutsideEvent) -> None:
        self.offered += 1
        self.outlet.offer(event)

    @property
    def is_idle(self) -> bool:
        return self.outlet.written + self.outlet.failed + self.outlet.dropped >= self.offered

    def _hand(self, event: OutsideEvent) -> None:
        try:
            self._call(event)
        except (Exception, CancelledError) as fault:
            self._on_fault(self, event, f"{type(fault).__name__}: {fault}")
            raise

    def _call(self, event: OutsideEvent) -> None:
        answer = self._handler(event)
        if not inspect.isawaitable(answer):
            return

        async def wait() -> None:
            await answer

        if self._loop is None:
            asyncio.run(wait())
        elif self._loop.is_closed():
            answer.close() if inspect.iscoroutine(answer) else None
            raise RuntimeError("the event loop that it was added from is closed")
        else:
            asyncio.run_coroutine_threadsafe(wait(), self._loop).result()


class Listeners:
    """All handlers of one engine."""

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []
        self._changing = threading.Lock()

    def add(self, handler: Handler) -> None:
        with self._changing:
            self._listeners.append(_Listener(handler, self._tell_fault))

    def tell(self, event: OutsideEvent) -> None:
        """Pass an event on. Never waits."""
        with self._changing:
            for listener in self._listeners:
                listener.offer(event)

    @property
    def faults(self) -> int:
        """How often a handler raised."""
        return sum(listener.outlet.failed for listener in self._listeners)

    @property
    def dropped(self) -> int:
        """Events for which a handler's queue had no room."""
        return sum(listener.outlet.dropped for listener in self._listeners)

    @property
    def count(self) -> int:
        return len(self._listeners)

    def wait(self, timeout_s: float) -> bool:
        """Wait until every handler has had every event, for so long at most."""
        until_s = time.monotonic() + timeout_s
        while not all(listener.is_idle for listener in self._listeners):
            if time.monotonic() > until_s:
                return False
            time.sleep(LOOK_EVERY_S)
        return True

    def close(self, timeout_s: float) -> None:
        for listener in self._listeners:
            listener.outlet.close(timeout_s)

    def _tell_fault(self, faulty: _Listener, event: OutsideEvent, fault: str) -> None:
        """Tell the others, unless what it failed on was such a message itself."""
        text = f"event handler {faulty.name} failed on {event.event}: {fault}"
        if event.event is Name.EXECUTION_ERROR and event.payload is None:
            return
        told = OutsideEvent(Name.EXECUTION_ERROR, event.seq, event.time, text=text)
        with self._changing:
            for listener in self._listeners:
                if listener is not faulty:
                    listener.offer(told)
