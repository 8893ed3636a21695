"""Copying: what descends from the same signal or strategy is one group, whatever its size, time and account."""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.model.decimals import ZERO
from coxswain.model.firm import CopyRule, Permission, Phase, RuleSet
from coxswain.model.firm_facts import Allow, FirmFacts, Lineage, Others, Party, Refuse, Rule, Verdict, sides
from coxswain.model.orders import OrderIntent


def judge(order: OrderIntent, facts: FirmFacts) -> Iterator[Verdict]:
    """Evaluate the group with this account in it, by this account's rules and by those of the others."""
    if facts.reducing:
        return
    refused = False
    for verdict in _refusals(facts):
        refused = True
        yield verdict
    if facts.rules is not None and not refused:
        count = sum((others.count for others in facts.lineage.others), start=1)
        yield Allow(Rule.COPY, "copy", Decimal(count), note="" if count == 1 else f"group {facts.lineage.name}")


def _refusals(facts: FirmFacts) -> Iterator[Refuse]:
    group = facts.lineage
    for others in group.others:
        for rules, us, them in sides(facts, others):
            if rules is None:
                continue
            found = _forbidden(rules.copy, us, them)
            if found:
                who = f"{others.count} of {others.party.firm or 'no firm'} ({others.party.phase}) in {group.name}"
                yield Refuse(Rule.COPY, found, f"not together with these accounts, by {rules.id}", who)
    if facts.rules is not None:
        yield from _of_group(facts.rules, facts, group)


def _forbidden(rule: CopyRule, us: Party, them: Party) -> str:
    """Name what forbids `us` to trade what `them` trade too; empty if it is allowed. What is unknown is not allowed."""
    if rule.same_owner_required and (not us.owner or us.owner != them.owner):
        return "same_owner_required"
    both = (_by_phase(rule, them.phase, us.phase), _by_phase(rule, us.phase, them.phase))
    if Permission.FORBID in both:
        return "by_phase"
    if any(found is Permission.ALLOW for found in both):
        return ""
    return "" if rule.own_accounts is Permission.ALLOW else f"own_accounts {rule.own_accounts}"


def _by_phase(rule: CopyRule, source: Phase, target: Phase) -> Permission | None:
    """Return what stands for a pair of phases, the strictest of what fits; None if nothing does."""
    fitting = [
        permission
        for pair, permission in rule.by_phase.items()
        if _fits(pair.partition("->")[0], source) and _fits(pair.partition("->")[2], target)
    ]
    return next((found for found in (Permission.FORBID, Permission.UNKNOWN) if found in fitting), None) or (
        Permission.ALLOW if fitting else None
    )


def _fits(word: str, phase: Phase) -> bool:
    return word in ("*", phase)


def _of_group(rules: RuleSet, facts: FirmFacts, group: Lineage) -> Iterator[Refuse]:
    rule, firm = rules.copy, facts.party.firm
    here = [others for others in group.others if others.party.firm == firm]
    total = sum((others.initial for others in here), ZERO) + facts.marks.initial
    if rule.max_total_initial is not None and total > rule.max_total_initial:
        why = "the accounts of one strategy would be worth too much together"
        yield Refuse(Rule.COPY, "max_total_initial", why, f"{total:f}", total, rule.max_total_initial)
    count, most = sum((others.count for others in here), start=1), rule.max_accounts_same_strategy
    if most is not None and count > most:
        why = "too many accounts would trade one strategy"
        yield Refuse(Rule.COPY, "max_accounts_same_strategy", why, f"{count}", Decimal(count), Decimal(most))
    if rule.must_be_master and group.first is not None and group.first.firm != firm:
        yield Refuse(Rule.COPY, "must_be_master", "another account traded it first", group.first.firm or "no firm")
    gap, last_ns = rule.min_gap_identical, group.identical_ns
    if gap is not None and last_ns is not None and facts.now_ns - last_ns < gap:
        since, wanted = _seconds(facts.now_ns - last_ns), _seconds(gap)
        why = "another account has just entered the same"
        yield Refuse(Rule.COPY, "min_gap_identical", why, f"{since:f} s ago", since, wanted)
    if rule.overlap_same_symbol is not Permission.ALLOW and any(_ours(others, facts) for others in facts.same_side):
        why = "another account holds the same side of the same market"
        yield Refuse(Rule.COPY, "overlap_same_symbol", why, "another account")


def _ours(others: Others, facts: FirmFacts) -> bool:
    same_owner = not others.party.owner or others.party.owner == facts.party.owner
    return same_owner and others.party.firm == facts.party.firm


def _seconds(ns: int) -> Decimal:
    return Decimal(ns) / 1_000_000_000
