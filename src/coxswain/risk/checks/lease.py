"""Refuse everything while it is not certain that this engine alone writes for its accounts."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 34
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {"LEASE": "See which engine holds the lease now; stop this one if it is another, else start it again."}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    host = view.host
    if host is None or (host.valid_until_ns is not None and view.now_ns > host.valid_until_ns):
        found = "never told" if host is None else "expired"
        return Check("LEASE", None, None, False, found, "a lease in force")
    epoch, newest = host.lease_epoch, view.newest_epoch
    return Check("LEASE", epoch, newest, epoch >= newest)
