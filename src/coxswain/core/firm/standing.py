"""How an account stands under its firm's rules: each rule, its value, its limit and what is left. For looking only."""

from decimal import Decimal

import msgspec

from coxswain.core.evolve.firms import factor_of
from coxswain.core.firm.view import marks_of
from coxswain.core.state import State, equity
from coxswain.model.decimals import ZERO, plain, round_up
from coxswain.model.firm import AutomationMode, Permission, RuleSet
from coxswain.model.firm_facts import Floor, Marks
from coxswain.model.vocabulary import AccountId, Symbol
from coxswain.risk.firm.floors import floors, holds
from coxswain.risk.firm.losses import worst_case
from coxswain.risk.firm.size import contracts_of


class Standing(msgspec.Struct, frozen=True):
    rule: str
    value: Decimal | None
    limit: Decimal | None
    headroom: Decimal | None
    verdict: str
    """ok, warn, reduce, no_new_risk, flatten, broken, forbidden, unknown or shown."""
    note: str = ""


def standing(state: State, account_id: AccountId) -> tuple[Standing, ...]:
    """Return every rule of an account's rule set, as its journal left it; nothing where it is under none."""
    book = state.firms.books.get(account_id)
    rules = None if book is None else state.firms.rule_sets.get(state.firms.parties[book.party].rules)
    if book is None or rules is None:
        return ()
    account = state.accounts[account_id]
    marks = marks_of(account, book)
    from_marks, from_costs = account.to_stops + account.held_risk, account.open_risk + account.held_risk
    rows = [
        _of_floor(rules, floor, worst_case(floor.limit.measure, marks, from_marks, from_costs))
        for floor in floors(rules.loss_limits, marks)
    ]
    if book.locked:
        rows.append(Standing("lock", None, None, None, "no_new_risk", book.locked))
    for name, most in (("total_lots", rules.size.total_lots), ("contracts", contracts_of(rules, marks))):
        if most is not None:
            rows.append(_cap(name, book.lots, most))
    if rules.size.max_open_positions is not None:
        rows.append(_cap("max_open_positions", Decimal(account.open_positions), Decimal(rules.size.max_open_positions)))
    if rules.size.max_margin_use is not None:
        used = account.used_margin + account.held_margin
        rows.append(_cap("max_margin_use", used, plain(rules.size.max_margin_use * equity(account))))
    if rules.automation.max_orders_per_day is not None:
        most = Decimal(rules.automation.max_orders_per_day)
        rows.append(_cap("max_orders_per_day", Decimal(book.orders_today), most))
    for symbol, most in rules.size.per_symbol.items():
        claim = book.claims.get(Symbol(symbol))
        counted = ZERO if claim is None else claim.counted / factor_of(state.firms, book, Symbol(symbol))
        rows.append(_cap(f"per_symbol {symbol}", plain(counted), most))
    rows += _consistency(rules, marks, book.profit_before, book.best_day)
    return (*rows, *_words(rules))


def _of_floor(rules: RuleSet, floor: Floor, worst: Decimal) -> Standing:
    level = max(floor.now, floor.at_reset)
    left = worst - level
    buffers = rules.buffers
    stages = (
        ("flatten", buffers.flatten),
        ("no_new_risk", buffers.no_new_risk),
        ("reduce", buffers.reduce),
        ("warn", buffers.warn),
    )
    verdict = next((name for name, share in stages if floor.used >= share), "ok")
    if not holds(floor, floor.measured, floor.now):
        verdict = "broken"
    note = f"floor now {floor.now:f}, at the next reset {floor.at_reset:f}; used {floor.used:f}"
    return Standing(floor.limit.name, floor.measured, level, plain(left), verdict, note)


def _cap(name: str, value: Decimal, limit: Decimal) -> Standing:
    return Standing(name, value, limit, plain(limit - value), "ok" if value <= limit else "broken")


def _consistency(rules: RuleSet, marks: Marks, before: Decimal, best_day: Decimal) -> list[Standing]:
    today = marks.won_today
    total, best = before + today, max(best_day, today)
    share = round_up(best / total) if total > 0 and best > 0 else None
    return [
        Standing(
            rule.kind,
            share,
            rule.max,
            None if share is None else plain(rule.max - share),
            "ok" if share is None or share <= rule.max else "warn",
            f"effect: {rule.effect}",
        )
        for rule in rules.consistency
    ]


def _words(rules: RuleSet) -> list[Standing]:
    """Rules that are words: what is allowed and what is not."""
    hedging, copy, automation = rules.hedging, rules.copy, rules.automation
    said = {
        "hedging.same_account": hedging.same_account,
        "hedging.cross_account": hedging.cross_account,
        "hedging.cross_firm": hedging.cross_firm,
        "copy.own_accounts": copy.own_accounts,
    }
    verdicts = {Permission.ALLOW: "ok", Permission.FORBID: "forbidden", Permission.UNKNOWN: "unknown"}
    rows = [Standing(name, None, None, None, verdicts[word], f"{word}") for name, word in said.items()]
    mode = "forbidden" if automation.mode is AutomationMode.FORBID else "ok"
    rows.append(Standing("automation.mode", None, None, None, mode, str(automation.mode)))
    if automation.hosting:
        rows.append(Standing("automation.hosting", None, None, None, "shown", ", ".join(automation.hosting)))
    return rows
