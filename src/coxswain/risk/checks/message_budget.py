"""Let an order wait where the account, its venue or its strategy has sent as many messages as it may within a second.

It is not refused: it waits for room until its signal dies. Cancels are counted apart and never wait."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 16
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "MESSAGE_BUDGET": "Nothing: it leaves when there is room. Raise the limit if that is too late too often.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_messages_per_s: Decimal = Decimal(50)
    max_venue_messages_per_s: Decimal = Decimal(200)
    max_strategy_messages_per_s: Decimal = Decimal(50)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    failed: list[Check] = []
    if view.messages >= params.max_messages_per_s:
        failed.append(_over(view.messages, params.max_messages_per_s, "account"))
    if view.venue_messages >= params.max_venue_messages_per_s:
        failed.append(_over(view.venue_messages, params.max_venue_messages_per_s, "venue"))
    if view.strategy_messages >= params.max_strategy_messages_per_s:
        failed.append(_over(view.strategy_messages, params.max_strategy_messages_per_s, "strategy"))
    return failing(failed) if failed else Check("MESSAGE_BUDGET", view.messages + 1, params.max_messages_per_s, True)


def _over(sent: int, limit: Decimal, whose: str) -> Check:
    return Check("MESSAGE_BUDGET", sent + 1, limit, False, f"{sent + 1} of the {whose}")
