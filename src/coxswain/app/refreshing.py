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

    def make(self, tell: Callable[[str], None], *, waits: bool) -> Refresh:
        """Make what refreshes; with `waits` time stands still for an estimate."""
        return Refresh(self.when, partial(correlations, method=self.method), self.method, tell, waits=waits)


def has_analytics() -> bool:
    """Say whether the extra is installed that estimates are made with; it is loaded when the first one is made."""
    return find_spec("numpy") is not None
