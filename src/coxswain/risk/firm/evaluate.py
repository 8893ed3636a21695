"""Ask every family of rules, and turn their answers into checks that name the rule, the rule set and its version."""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.checks import Check
from coxswain.model.firm_facts import Allow, FirmFacts, Reduce, Refuse, Rule, Verdict
from coxswain.model.orders import OrderIntent
from coxswain.risk.firm import automation, consistency, copy, hedging, losses, news, sessions, size

CODES = {
    Rule.RULE_SET: "Wait until the firm's day has begun; give the account a rule set that is in force.",
    Rule.LOSS: "Send a smaller order, or one with a nearer stop, or reduce what is open.",
    Rule.SIZE: "Send a smaller order, or close something of the same group first.",
    Rule.CONSISTENCY: "Trade on another day: this one has made too much of all profit.",
    Rule.NEWS: "Wait until the publication is past, or give the engine a news calendar.",
    Rule.HEDGING: "Close what is held the other way, here or on the account that is named.",
    Rule.COPY: "Trade this strategy on fewer accounts, or later, or on those whose firms allow it.",
    Rule.AUTOMATION: "Have a person send it, or wait for the next day.",
    Rule.SESSION: "Wait until positions may be held again.",
}
"""What to do about the refusal of each family."""
FAMILIES = (losses, size, consistency, news, hedging, copy, automation, sessions)


def evaluate(order: OrderIntent, facts: FirmFacts) -> tuple[Verdict, ...]:
    """Judge an order by the firm's rules: a pure function of both. Protection is always allowed."""
    if facts.protects:
        return ()
    return (*_in_force(facts), *(verdict for family in FAMILIES for verdict in family.judge(order, facts)))


def firm_checks(order: OrderIntent, facts: FirmFacts) -> tuple[Check, ...]:
    """Answer as a control of the gate: what only less would be allowed of is refused."""
    return tuple(as_check(verdict, facts) for verdict in evaluate(order, facts))


def as_check(verdict: Verdict, facts: FirmFacts, *, smaller_is_taken: bool = False) -> Check:
    """Write a verdict as a check. While planning a smaller size is taken, so it passes and says so."""
    whose = "" if facts.rules is None else f", {facts.rules.id}"
    code, value, limit = f"FIRM_{verdict.rule}", verdict.value, verdict.limit
    match verdict:
        case Allow():
            return Check(code, value, limit, True, verdict.note, _wanted(limit, verdict.name, whose))
        case Reduce():
            found = f"{verdict.reason}; {'taken' if smaller_is_taken else 'allowed'} up to {verdict.qty:f}"
            return Check(code, value, limit, smaller_is_taken, found, _wanted(limit, verdict.name, whose))
        case Refuse():
            found = f"{verdict.evidence}: {verdict.reason}"
            return Check(code, value, limit, False, found, _wanted(limit, verdict.name, whose))


def _wanted(limit: Decimal | None, name: str, whose: str) -> str:
    return f"{'' if limit is None else f'{limit:f}, '}rule {name}{whose}"


def _in_force(facts: FirmFacts) -> Iterator[Verdict]:
    """A rule set that has ended says nothing about today, and what is unknown is refused."""
    if facts.rules is None or facts.reducing:
        return
    dates = facts.rules.provenance.effective
    if not facts.day:
        yield Refuse(Rule.RULE_SET, "day", "the firm's day is not known yet", "no day")
    elif dates.to is not None and facts.day > dates.to:
        yield Refuse(Rule.RULE_SET, "effective", f"in force until {dates.to}", facts.day)
    else:
        note = f"in force only from {dates.from_}" if facts.day < dates.from_ else ""
        yield Allow(Rule.RULE_SET, "effective", note=note)
