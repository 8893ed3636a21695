"""Hours in which an account must be flat: nothing is opened that would have to be closed again at once."""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.firm_facts import Allow, FirmFacts, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Refuse entries from twice the lead before the deadline until the account may hold again."""
    if facts.rules is None or facts.reducing or facts.flat_from_ns is None or facts.flat_until_ns is None:
        return
    left = Decimal(facts.flat_from_ns - facts.now_ns) / 1_000_000_000
    wanted = Decimal(2 * facts.flat_lead_ns) / 1_000_000_000
    if left > wanted or facts.now_ns >= facts.flat_until_ns:
        yield Allow(Rule.SESSION, "flat", left, wanted)
    else:
        why = "the account must be flat" if left <= 0 else "the account must soon be flat"
        yield Refuse(Rule.SESSION, "flat", why, f"{left:f} s before the deadline", left, wanted)
