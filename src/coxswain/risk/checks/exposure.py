"""Refuse an order that could take an exposure above its limit if all that is open filled: gross, or net either way.

Of the account, in its currency; of the strategy, the instrument's currency and its group, in the desk's."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import BUY
from coxswain.risk.kinds import Kind

CONTROL = 24
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "GROSS_EXPOSURE": "Send a smaller order, or close something first.",
    "NET_EXPOSURE": "Send a smaller order, or close something first.",
    "STRATEGY_EXPOSURE": "Send a smaller order, or close what the strategy holds.",
    "CURRENCY_EXPOSURE": "Send a smaller order, or close something in this currency.",
    "GROUP_EXPOSURE": "Send a smaller order, or close something of this group.",
    "NO_FX_RATE": "See that the pair into the desk's currency has a fresh quote.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_gross_exposure: Decimal = Decimal(5000000)
    max_net_exposure: Decimal = Decimal(5000000)
    max_strategy_exposure: Decimal = Decimal(20000000)
    max_strategy_exposure_of: dict[str, Decimal] = {}
    """By strategy; the one above counts for all others."""
    max_currency_exposure: Decimal = Decimal(50000000)
    max_group_exposure: Decimal = Decimal(20000000)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    failed: list[Check] = []
    net = view.exposure.up if order.side is BUY else view.exposure.down
    net_after = net + view.new_qty * view.value_per_lot
    if net_after > params.max_net_exposure:
        failed.append(Check("NET_EXPOSURE", plain(net_after), params.max_net_exposure, False))
    more = view.new_worst * view.value_per_lot
    if view.desk_rate is None:
        wanted = "a rate into the desk's currency"
        failed.append(Check("NO_FX_RATE", None, None, False, "no fresh quote", wanted))
    else:
        _of_the_desk(order, view, params, more * view.desk_rate, failed)
    after = view.exposure.gross + more
    gross = Check("GROSS_EXPOSURE", plain(after), params.max_gross_exposure, after <= params.max_gross_exposure)
    if not failed:
        return gross
    return failing(failed if gross.passed else (*failed, gross))


def _of_the_desk(order: OrderIntent, view: RiskView, params: Params, more: Decimal, failed: list[Check]) -> None:
    """Name every limit over accounts that `more`, in the desk's currency, would break."""
    strategy, currency, group = view.strategy_exposure, view.currency_exposure, view.group_exposure
    if strategy is not None:
        of_strategy = params.max_strategy_exposure_of.get(order.strategy, params.max_strategy_exposure)
        if strategy.gross + more > of_strategy:
            failed.append(Check("STRATEGY_EXPOSURE", plain(strategy.gross + more), of_strategy, False))
    if currency.gross + more > params.max_currency_exposure:
        failed.append(Check("CURRENCY_EXPOSURE", plain(currency.gross + more), params.max_currency_exposure, False))
    if group is not None and group.gross + more > params.max_group_exposure:
        failed.append(Check("GROUP_EXPOSURE", plain(group.gross + more), params.max_group_exposure, False))
