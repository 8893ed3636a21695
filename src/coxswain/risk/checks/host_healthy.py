"""Refuse everything while the journal cannot be written, the disk is full, or the clock is off."""

import msgspec

from coxswain.model.checks import Check, failing
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
        return Check("HOST", None, None, False, found, "healthy")
    if host.journal_healthy and host.disk_headroom and host.clock_in_bound:
        return HEALTHY
    observed = (
        (host.journal_healthy, "the journal cannot be written"),
        (host.disk_headroom, "the disk is full"),
        (host.clock_in_bound, "the clock is off"),
    )
    return failing([Check("HOST", None, None, False, found, "healthy") for well, found in observed if not well])
