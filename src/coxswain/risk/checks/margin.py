"""Refuse an order that the account cannot carry: its cash, its buying power, and what must stay free.

Buying power is what the free margin carries: equity less margin in use and reserved for every order that is open or
unknown. What the order ties up must leave `min_account_balance` of it, and the cash alone must be worth that as well.
"""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 22
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "BALANCE": "Pay in, or lower `min_account_balance`; open profit does not count as cash.",
    "MARGIN": "Send a smaller order, or close something first.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    min_account_balance: Decimal = Decimal(0)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    least = params.min_account_balance
    if view.balance is None:
        return Check("BALANCE", None, least, False, "never seen", "the venue's balance")
    left = view.available_margin - order.order_qty * view.margin_per_lot
    margin = Check("MARGIN", plain(left), least, left >= least)
    if view.balance >= least:
        return margin
    cash = Check("BALANCE", plain(view.balance), least, False)
    return cash if margin.passed else failing((cash, margin))
