"""How much may be held: lots of one instrument, lots in equivalents, positions, risk of one position, and margin."""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.firm import RuleSet
from coxswain.model.firm_facts import Allow, FirmFacts, Marks, Reduce, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Evaluate every cap at its worst case: working, in flight and unknown orders count like what is held."""
    if facts.rules is None or facts.reducing:
        return
    size, qty = facts.rules.size, order.order_qty
    on_side = facts.worst_on_side + qty
    own = size.per_symbol.get(order.symbol)
    if own is not None:
        yield _cap("per_symbol", on_side, own, qty - (on_side - own))
    counted = max(on_side, facts.worst_counted) * facts.factor
    others = facts.lots - facts.worst_counted * facts.factor
    for name, most in (("total_lots", size.total_lots), ("contracts_by_eod_balance", contracts(facts))):
        if most is not None:
            room = round_down((most - others) / facts.factor) - facts.worst_on_side
            yield _cap(name, plain(others + counted), most, room)
    if size.max_open_positions is not None:
        held = Decimal(facts.open_positions + facts.adds_position)
        limit = Decimal(size.max_open_positions)
        yield _all_or_none("max_open_positions", held, limit)
    if size.max_risk_per_position is not None:
        most = size.max_risk_per_position * facts.marks.initial
        risk = facts.position_risk + qty * facts.risk_per_lot
        room = (most - facts.position_risk) / facts.risk_per_lot if facts.risk_per_lot > 0 else qty
        yield _cap("max_risk_per_position", plain(risk), plain(most), round_down(room))
    if size.max_margin_use is not None:
        most = size.max_margin_use * facts.marks.equity
        margin = facts.margin_used + qty * facts.margin_per_lot
        room = (most - facts.margin_used) / facts.margin_per_lot if facts.margin_per_lot > 0 else qty
        yield _cap("max_margin_use", plain(margin), plain(most), round_down(room))


def contracts(facts: FirmFacts) -> Decimal | None:
    """Return the contracts that the balance at the end of the last day allows; what is won today raises nothing."""
    return None if facts.rules is None else contracts_of(facts.rules, facts.marks)


def contracts_of(rules: RuleSet, marks: Marks) -> Decimal | None:
    plan = rules.size.contracts_by_eod_balance
    if not plan:
        return None
    above = marks.day_balance - marks.initial
    return max((most for start, most in plan if above >= start), default=plan[0][1])


def _cap(name: str, value: Decimal, limit: Decimal, room: Decimal) -> Verdict:
    if value <= limit:
        return Allow(Rule.SIZE, name, value, limit)
    why = f"it would take {name} to {value:f}"
    if room > 0:
        return Reduce(Rule.SIZE, name, room, why, value, limit)
    return Refuse(Rule.SIZE, name, why, f"{value:f}", value, limit)


def _all_or_none(name: str, value: Decimal, limit: Decimal) -> Verdict:
    if value <= limit:
        return Allow(Rule.SIZE, name, value, limit)
    return _cap(name, value, limit, ZERO)
