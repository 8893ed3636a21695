"""Orders that a machine sends: whether at all, how many a day, and how soon it may leave again."""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.firm import AutomationMode
from coxswain.model.firm_facts import Allow, FirmFacts, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Judge signals; what a person sends is not automation. Leaving too soon waits, unless it protects."""
    if facts.rules is None or facts.protects:
        return
    rule = facts.rules.automation
    if facts.reducing:
        if facts.exits_for_signal and facts.held_ns is not None and facts.held_ns < rule.min_hold:
            held, wanted = Decimal(facts.held_ns) / 1_000_000_000, Decimal(rule.min_hold) / 1_000_000_000
            why = "the position is younger than it must be"
            yield Refuse(Rule.AUTOMATION, "min_hold", why, f"{held:f} s", held, wanted)
        return
    if rule.mode is AutomationMode.FORBID and not facts.by_person:
        yield Refuse(Rule.AUTOMATION, "mode", "no automation; only a person may send orders", "a signal's order")
    else:
        note = "somebody must watch" if rule.mode is AutomationMode.MONITORED_ONLY else ""
        yield Allow(Rule.AUTOMATION, "mode", note=note)
    if rule.max_orders_per_day is not None:
        count, most = Decimal(facts.orders_today + 1), Decimal(rule.max_orders_per_day)
        if count > most:
            yield Refuse(Rule.AUTOMATION, "max_orders_per_day", "too many orders today", f"{count:f}", count, most)
        else:
            yield Allow(Rule.AUTOMATION, "max_orders_per_day", count, most)
