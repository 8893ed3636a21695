"""Where resting limits stand at their price, behind what the market shows there.

All that is shown at a price when an order joins it, or when the price is first shown after it joined, is ahead of the
order. What trades at the price serves those ahead first. What leaves without a trade is taken to have left from behind
the order, as long as that can be: no more is ahead of it than is shown. Where nobody shows a size there is no queue.

One look costs the same however many orders stand at a price: each keeps a mark on the line of all that was ever served
there, and what the market shows afterwards caps the marks of all who came before.
"""

from bisect import bisect_left, insort
from decimal import Decimal

from coxswain.model.decimals import ZERO

FIRST = 0


class Line:
    """The orders at one price, by number."""

    __slots__ = ("_caps", "_farthest", "_marks", "_served", "_turn", "_unseen")

    def __init__(self) -> None:
        self._served = ZERO
        """All that has traded here; an order is served once this reaches its mark."""
        self._marks: dict[int, tuple[Decimal, int]] = {}
        """Mark and turn of those who know what is ahead of them."""
        self._unseen: dict[int, None] = {}
        """Those who joined while the market showed another price."""
        self._caps: list[tuple[int, Decimal]] = []
        """Turn and highest mark of all who joined by then; of two the later one is higher."""
        self._turn = FIRST
        self._farthest = ZERO
        """No mark is beyond this."""

    def __len__(self) -> int:
        return len(self._marks) + len(self._unseen)

    def stands(self, number: int) -> bool:
        return number in self._marks or number in self._unseen

    def join(self, number: int) -> None:
        """Stand at the back. Who stands here already stays where it is."""
        if number not in self._marks:
            self._unseen[number] = None

    def leave(self, number: int) -> None:
        if self._marks.pop(number, None) is None:
            self._unseen.pop(number, None)

    def show(self, size: Decimal) -> None:
        """Note that so much is shown here now."""
        cap = self._served + size
        if cap < self._farthest:
            while self._caps and self._caps[-1][1] >= cap:
                self._caps.pop()
            self._caps.append((self._turn, cap))
            self._turn += 1
            self._farthest = cap
        if self._unseen:
            self._marks.update(dict.fromkeys(self._unseen, (cap, self._turn)))
            self._farthest = max(self._farthest, cap)
            self._unseen.clear()

    def serve(self, qty: Decimal) -> None:
        """Note that so much traded here, by whomever."""
        self._served += qty

    def ahead(self, number: int) -> Decimal | None:
        """Return what is ahead of an order; None as long as nobody knows."""
        if number in self._unseen:
            return None
        mark, turn = self._marks[number]
        at = bisect_left(self._caps, (turn,))
        if at < len(self._caps):
            mark = min(mark, self._caps[at][1])
        return max(mark - self._served, ZERO)


class Queue:
    """The lines of one side of one instrument, by price. With `waits` false nobody ever stands in one."""

    __slots__ = ("_falling", "_keys", "_lines", "_waits")

    def __init__(self, *, falling: bool, waits: bool) -> None:
        self._falling = falling
        self._waits = waits
        self._lines: dict[Decimal, Line] = {}
        self._keys: list[Decimal] = []
        """Prices in order, the sign turned for a side that sells; the nearest to the market is last."""

    def join(self, number: int, px: Decimal, touch_px: Decimal | None, size: Decimal | None) -> None:
        """Stand at the back of the line at `px`; the market shows `size` at `touch_px`."""
        if not self._waits:
            return
        line = self._lines.get(px)
        if line is None:
            line = self._lines[px] = Line()
            insort(self._keys, self._key(px))
        line.join(number)
        if touch_px is not None:
            if px == touch_px:
                if size is not None:
                    line.show(size)
            elif self._key(px) > self._key(touch_px):
                line.show(ZERO)

    def leave(self, number: int, px: Decimal) -> None:
        line = self._lines.get(px)
        if line is None:
            return
        line.leave(number)
        if not line:
            del self._lines[px]
            del self._keys[bisect_left(self._keys, self._key(px))]

    def show(self, touch_px: Decimal, size: Decimal | None) -> None:
        """Note what the market shows: `size` at the touch of our own side, and nothing nearer."""
        key = self._key(touch_px)
        for each in reversed(self._keys):
            if each > key:
                self._lines[self._px(each)].show(ZERO)
            elif each == key and size is not None:
                self._lines[touch_px].show(size)
                break
            else:
                break

    def serve(self, px: Decimal, qty: Decimal) -> None:
        line = self._lines.get(px)
        if line is not None:
            line.serve(qty)

    def ahead(self, number: int, px: Decimal) -> Decimal | None:
        """Return what is ahead of an order; nothing of one that stands in no line, None where nobody knows."""
        line = self._lines.get(px)
        return line.ahead(number) if line is not None and line.stands(number) else ZERO

    def _key(self, px: Decimal) -> Decimal:
        return px if self._falling else -px

    _px = _key
    """The sign is turned back as it was turned."""
