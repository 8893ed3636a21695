"""Floors under equity and balance: the worst case of all that is open, held and new stays above each."""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.firm import BreachOn
from coxswain.model.firm_facts import Allow, FirmFacts, Floor, Reduce, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent
from coxswain.risk.firm.floors import holds

CENT = Decimal("0.01")


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Evaluate every floor. What is lost at the stops is taken off equity or balance, whichever is lower."""
    if facts.rules is None or facts.reducing:
        return
    if facts.locked:
        yield Refuse(Rule.LOSS, "lock", "nothing is opened until the firm's next day", facts.locked)
    before = worst_case(facts)
    for floor in facts.floors:
        yield _against(floor, order, facts, before)
        yield from _buffer(floor, order, facts)


def worst_case(facts: FirmFacts) -> Decimal:
    """Return what is left if every stop that stands is hit: the lower of equity and balance, less the risk."""
    return min(facts.marks.equity, facts.marks.balance) - facts.risk_at_stops


def tightest(floor: Floor, facts: FirmFacts) -> Decimal:
    """Return the level that must hold: also the next day's, where the position may be held into it."""
    return max(floor.now, floor.at_reset) if facts.held_through_reset else floor.now


def _against(floor: Floor, order: OrderIntent, facts: FirmFacts, before: Decimal) -> Verdict:
    name, level = floor.limit.name, tightest(floor, facts)
    after = plain(before - order.order_qty * facts.risk_per_lot)
    if holds(floor, after, level):
        return Allow(Rule.LOSS, name, after, level)
    room = before - level - (CENT if floor.limit.breach_on is BreachOn.TOUCH else ZERO)
    why = f"at its stops the account would be at {after:f}"
    if room > 0 and facts.risk_per_lot > 0:
        return Reduce(Rule.LOSS, name, round_down(room / facts.risk_per_lot), why, after, level)
    return Refuse(Rule.LOSS, name, why, f"{after:f}", after, level)


def _buffer(floor: Floor, order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Before a limit is reached sizes shrink, and then nothing is opened."""
    assert facts.rules is not None
    buffers, name = facts.rules.buffers, f"{floor.limit.name} buffer"
    if floor.used >= buffers.no_new_risk:
        why = "too much of the limit is used for new risk"
        yield Refuse(Rule.LOSS, name, why, f"{floor.used:f} used", floor.used, buffers.no_new_risk)
    elif facts.planning and floor.used >= buffers.reduce:
        left = (buffers.no_new_risk - floor.used) / (buffers.no_new_risk - buffers.reduce)
        why = "much of the limit is used, so less is risked"
        yield Reduce(Rule.LOSS, name, round_down(order.order_qty * left), why, floor.used, buffers.reduce)
