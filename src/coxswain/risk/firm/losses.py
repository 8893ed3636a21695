"""Floors under equity and balance: the worst case of all that is open, held and new stays above each.

Equity holds what is lost and won so far on what is open, so from it only the rest of the way to each stop is lost; from
the balance, which holds none of that, all of the way from the average price.
"""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.firm import BreachOn, Measure
from coxswain.model.firm_facts import Allow, FirmFacts, Floor, Marks, Reduce, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent
from coxswain.risk.firm.floors import holds

CENT = Decimal("0.01")


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Evaluate every floor. What is still lost to the stops is taken off what the floor is measured by."""
    if facts.rules is None or facts.reducing:
        return
    if facts.locked:
        yield Refuse(Rule.LOSS, "lock", "nothing is opened until the firm's next day", facts.locked)
    for floor in facts.floors:
        before = worst_case(floor.limit.measure, facts.marks, facts.risk_at_stops, facts.loss_at_stops)
        yield _against(floor, order, facts, before)
        yield from _buffer(floor, order, facts)


def worst_case(measure: Measure, marks: Marks, from_marks: Decimal, from_costs: Decimal) -> Decimal:
    """Return what is left of equity, or of the balance, if every stop that stands is hit.

    A balance that stops have left is never above the equity that they have: what is lost beyond a stop is lost as well.
    """
    equity = marks.equity - from_marks
    return equity if measure is Measure.EQUITY else min(marks.balance - from_costs, equity)


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
