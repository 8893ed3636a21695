"""Which deadline is next. An index over the state, made anew at every start; no rule about time belongs here."""

import heapq
from collections.abc import Iterable

from coxswain.core.state import State

SKIPPED_MAX = 1_000
"""Entries of no use that may wait to surface, beside as many as are of use: a fold asks for none, and sets millions."""


class Deadlines:
    """The earliest-first index of `State.deadlines`. What was moved or cleared is skipped when it surfaces."""

    def __init__(self, state: State) -> None:
        self._due = state.deadlines
        self._begin()

    def _begin(self) -> None:
        self._heap = [(due_ns, key) for key, due_ns in self._due.items()]
        heapq.heapify(self._heap)

    def set(self, key: str, due_ns: int) -> None:
        self._due[key] = due_ns
        heapq.heappush(self._heap, (due_ns, key))
        if len(self._heap) > 2 * len(self._due) + SKIPPED_MAX:
            self._begin()

    def clear(self, key: str) -> None:
        self._due.pop(key, None)

    def clear_all(self, kinds: Iterable[str], about: str) -> None:
        """Clear each of these kinds that stands for one order."""
        for kind in kinds:
            self._due.pop(kind + about, None)

    def next_ns(self) -> int | None:
        while self._heap:
            due_ns, key = self._heap[0]
            if self._due.get(key) == due_ns:
                return due_ns
            heapq.heappop(self._heap)
        return None

    def due(self, now_ns: int) -> str | None:
        """Return the earliest key that is due, ties by key. The event that answers it moves or clears it."""
        due_ns = self.next_ns()
        return self._heap[0][1] if due_ns is not None and due_ns <= now_ns else None

    def all_due(self, now_ns: int) -> list[str]:
        """Return every key that is due, in no order that means anything; costs what it returns."""
        found, stack = [], [0]
        while stack:
            index = stack.pop()
            if index < len(self._heap) and self._heap[index][0] <= now_ns:
                due_ns, key = self._heap[index]
                if self._due.get(key) == due_ns:
                    found.append(key)
                stack += (2 * index + 1, 2 * index + 2)
        return found
