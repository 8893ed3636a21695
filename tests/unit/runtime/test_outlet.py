"""The way out of a thread: it never holds its user up, tries again, counts what it lost, and says so at the end."""

import threading

from coxswain.runtime.outlet import Outlet


def test_what_is_offered_is_written_in_order() -> None:
    seen: list[int] = []
    outlet = Outlet("test", seen.append)
    assert all(outlet.offer(number) for number in range(100))
    assert outlet.close(5)
    assert (seen, outlet.written) == (list(range(100)), 100)


def test_a_reader_that_hangs_holds_nobody_up_and_what_does_not_fit_is_counted() -> None:
    hang, began = threading.Event(), threading.Event()

    def write(item: int) -> None:
        began.set()
        hang.wait(30)

    outlet = Outlet("test", write, waiting_max=5)
    outlet.offer(0)
    assert began.wait(5)
    taken = [outlet.offer(number) for number in range(8)]
    assert (taken.count(True), outlet.dropped) == (5, 3)
    assert not outlet.close(0.05), "something is left"
    hang.set()


def test_a_delivery_that_fails_is_tried_again() -> None:
    tries: list[int] = []

    def write(item: int) -> None:
        tries.append(item)
        if len(tries) < 3:
            raise ConnectionError("refused")

    outlet = Outlet("test", write, delays_s=(0, 0, 0))
    outlet.offer(7)
    assert outlet.close(5)
    assert (tries, outlet.written, outlet.failed) == ([7, 7, 7], 1, 0)


def test_a_delivery_that_always_fails_is_given_up_and_the_next_one_is_still_made() -> None:
    seen: list[int] = []

    def write(item: int) -> None:
        if item == 1:
            raise ValueError("no such address")
        seen.append(item)

    outlet = Outlet("test", write, delays_s=(0,))
    for number in (1, 2):
        outlet.offer(number)
    assert not outlet.close(5)
    assert (seen, outlet.failed, outlet.last_error) == ([2], 1, "ValueError: no such address")
