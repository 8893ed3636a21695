"""The daily refresh of correlations as the configuration asks for it: the estimate of `correlate.py`, at its time."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import msgspec

from coxswain.app.correlate import Method, correlations
from coxswain.runtime.refresh import Refresh, RefreshTime


class RefreshChoice(msgspec.Struct, frozen=True):
    when: RefreshTime
    method: Method


def has_analytics() -> bool:
    """Say whether the extra is installed that estimates are made with; it is loaded when the first one is made."""
    return find_spec("numpy") is not None


def refresh_of(choice: RefreshChoice | None, tell: Callable[[str], None], *, waits: bool) -> Refresh | None:
    if choice is None:
        return None
    return Refresh(choice.when, partial(correlations, method=choice.method), choice.method, tell, waits=waits)
