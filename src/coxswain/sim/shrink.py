"""Make a failing world shorter while it fails in the same way: fewer acts, then fewer faults."""

from collections.abc import Callable, Iterable

from coxswain.sim.draw import draw
from coxswain.sim.play import Played, play, rows_of

SAME = 25
"""Characters of what was wrong that must stay the same: names of orders and accounts come later."""


def shrink(
    failing: Played, rows: tuple[str, ...] | None, is_time_up: Callable[[], bool]
) -> tuple[int, tuple[str, ...]]:
    """Return how many acts, and without which rows, the world of this seed still fails; all that fits in the time."""
    drawn = draw(failing.seed, rows)

    def fails(acts: int, without: Iterable[str]) -> bool:
        again = play(failing.seed, rows, tuple(without), acts)
        return bool(again.failed) and again.failed[:SAME] == failing.failed[:SAME]

    acts = _fewest(failing.acts, lambda count: fails(count, ()), is_time_up)
    without: tuple[str, ...] = ()
    left = list(rows_of(drawn))
    size = len(left)
    while size and not is_time_up():
        parts = [left[at : at + size] for at in range(0, len(left), size)]
        for part in parts:
            if not is_time_up() and fails(acts, (*without, *part)):
                without = (*without, *part)
                left = [row for row in left if row not in part]
        size //= 2
    return _fewest(acts, lambda count: fails(count, without), is_time_up), without


def _fewest(most: int, fails: Callable[[int], bool], is_time_up: Callable[[], bool]) -> int:
    """Bisect: at `most` it fails. Fewer acts need not fail more the more they are; what is found does fail."""
    low, high = 0, most
    while low < high and not is_time_up():
        middle = (low + high) // 2
        if fails(middle):
            high = middle
        else:
            low = middle + 1
    return high
