"""How much of all profit one day may be. Where that only delays a payout it is told, and nothing is refused."""

from collections.abc import Iterator

from coxswain.model.decimals import ZERO, round_up
from coxswain.model.firm import ConsistencyEffect
from coxswain.model.firm_facts import Allow, FirmFacts, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Compare the best day, today included, with all profit.

    A rule that fails an account refuses new risk on a day that is above its share already. Before any other day has
    made a profit the share of the first is always all of it, and means nothing yet: that is told, not refused.
    """
    if facts.rules is None or facts.reducing:
        return
    today = facts.marks.won_today
    total, best = facts.profit_before + today, max(facts.best_day, today)
    for rule in facts.rules.consistency:
        if total <= 0 or best <= 0:
            yield Allow(Rule.CONSISTENCY, rule.kind, ZERO, rule.max)
            continue
        share = round_up(best / total)
        if share <= rule.max:
            yield Allow(Rule.CONSISTENCY, rule.kind, share, rule.max)
        elif rule.effect is ConsistencyEffect.FAILS and today >= facts.best_day and facts.profit_before > 0:
            why = "today is too large a share of all profit"
            yield Refuse(Rule.CONSISTENCY, rule.kind, why, f"{share:f} of all profit", share, rule.max)
        else:
            delays = rule.effect is ConsistencyEffect.DELAYS_PAYOUT
            note = "the best day is more than its share: " + ("a payout waits" if delays else "too early to tell")
            yield Allow(Rule.CONSISTENCY, rule.kind, share, rule.max, note)
