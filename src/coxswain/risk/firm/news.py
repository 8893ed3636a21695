"""Publications: when nothing is opened, when nothing is closed, and how much of a profit made around them counts."""

from collections.abc import Iterator

from coxswain.model.firm import Permission, Profit, ProfitCounts
from coxswain.model.firm_facts import Allow, Around, FirmFacts, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent

HOUR_NS = 3_600_000_000_000


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Refuse what a window forbids. Protection never: a stop that is missing is worse than one that fires."""
    if facts.rules is None or facts.protects:
        return
    if facts.news_unknown and not facts.reducing:
        why = "the rules speak of news, and nothing is known of it at this time"
        yield Refuse(Rule.NEWS, "calendar", why, "no calendar, or one that has ended")
    for around in facts.around:
        yield _in_window(around, facts)


def _in_window(around: Around, facts: FirmFacts) -> Verdict:
    actions, event = around.rule.actions, around.event
    name = f"{event.currency} {event.impact}"
    verb, permission = ("close", actions.close) if facts.reducing else ("open", actions.open)
    if permission is not Permission.ALLOW:
        return Refuse(Rule.NEWS, name, f"{verb}: {permission} around it", event.title)
    return Allow(Rule.NEWS, name, note=counts(actions.profit))


def counts(profit: Profit) -> str:
    """Say how much of a profit counts; losses always count in full."""
    if profit.kind is ProfitCounts.HAIRCUT:
        return f"estimated: {(profit.share * 100).normalize():f} % of a profit made around it counts, all of a loss"
    if profit.kind is ProfitCounts.VOID_UNLESS_AGE and profit.age is not None:
        hours = profit.age // HOUR_NS
        return f"estimated: a profit made around it counts only if the position is at least {hours} h old"
    return ""
