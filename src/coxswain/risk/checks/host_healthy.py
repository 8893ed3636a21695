"""Refuse everything while the journal cannot be written, the disk is full, or the clock is off."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 35
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {"HOST": "Make room on the disk, set the clock right, or move the journal to a disk that works."}


HEALTHY = Check("HOST", None, None, True, "healthy", "healthy")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    host = view.host
    if host is None or (host.valid_until_ns is not None and view.now_ns > host.valid_until_ns):
        found = "not observed" if host is None else "observed too long ago"
    elif not host.journal_healthy:
        found = "the journal cannot be written"
    elif not host.disk_headroom:
        found = "the disk is full"
    elif not host.clock_in_bound:
        found = "the clock is off"
    else:
        return HEALTHY
    return Check("HOST", None, None, False, found, "healthy")
