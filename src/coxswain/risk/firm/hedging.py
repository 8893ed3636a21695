"""Long here and short there: within an account, across accounts of a firm, and across firms, by group of products."""

from collections.abc import Iterator

from coxswain.model.firm import Permission, RuleSet
from coxswain.model.firm_facts import Allow, FirmFacts, Party, Refuse, Rule, Verdict, sides
from coxswain.model.orders import OrderIntent


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Refuse an order that would stand against another, where the rules of either side forbid that."""
    if facts.reducing:
        return
    if facts.rules is not None and facts.rules.hedging.same_account is not Permission.ALLOW and facts.own_opposite:
        found = f"the other side of {facts.own_opposite} other instruments of its group"
        yield Refuse(Rule.HEDGING, "same_account", "this account is on the other side already", found)
    refused = False
    for others in facts.opposite:
        for rules, us, them in sides(facts, others):
            found = _forbidden(rules, us, them)
            if found and rules is not None:
                refused = True
                who = f"{others.count} of {others.party.firm or 'no firm'}"
                yield Refuse(Rule.HEDGING, found, f"other accounts are on the other side, by {rules.id}", who)
    if facts.rules is not None and not refused:
        yield Allow(Rule.HEDGING, "cross_account")


def _forbidden(rules: RuleSet | None, us: Party, them: Party) -> str:
    """Name the rule of `us` that forbids to stand against `them`; an owner that is not known may be the same."""
    if rules is None or (us.owner and them.owner and us.owner != them.owner):
        return ""
    if us.firm == them.firm:
        return "" if rules.hedging.cross_account is Permission.ALLOW else "cross_account"
    return "" if rules.hedging.cross_firm is Permission.ALLOW else "cross_firm"
