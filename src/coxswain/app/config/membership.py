"""Which account is under which firm's rules, and what a start is told of it: no rule is read or judged here."""

from collections.abc import Mapping
from pathlib import Path

from coxswain.app.config.firms import NONE, read_product_groups, read_rule_sets
from coxswain.app.config.news import read_news
from coxswain.app.config.problems import Problem, unknown
from coxswain.app.config.schema import AccountEntry, ConfigFile
from coxswain.app.config.tree import Tree
from coxswain.model.firm import NewsCalendar, NewsEvent, Phase, RuleSet


def read_firms(tree: Tree, folder: Path) -> tuple[dict[str, RuleSet], list[Problem]]:
    """Read every rule set, and see that each account names one that there is, and a phase that it has."""
    own = tree.text_at("firms_dir")
    rule_sets, problems = read_rule_sets(None if own is None else folder / own)
    for account, _ in tree.items_at("accounts"):
        loc = (*account, "firm")
        name = tree.text_at(*loc)
        if name is None or name == NONE:
            continue
        rules = rule_sets.get(name)
        if rules is None:
            tree.wrong(loc, f"found {tree.shown(loc)}, which is {unknown(name, [*rule_sets, NONE])}")
            continue
        phase = tree.text_at(*account, "firm_phase")
        if phase is None and len(rules.phase) > 1:
            tree.refuse((*account, "firm_phase"), f"the account's phase, one of {', '.join(rules.phase)}")
        elif phase in list(Phase) and phase not in rules.phase:
            tree.refuse((*account, "firm_phase"), f"one that {name} is for: {', '.join(rules.phase)}")
        if tree.text_at(*account, "owner") is None:
            tree.refuse((*account, "owner"), f"the legal owner, whom the rules of {name} are about")
    return rule_sets, problems


def read_calendar(tree: Tree, folder: Path) -> tuple[tuple[NewsEvent, ...], list[Problem]]:
    file = tree.text_at("news_calendar")
    return ((), []) if file is None else read_news(folder / file)


# --- what a start is told ---------------------------------------------------------------------------------------------


def rule_set_of(account: AccountEntry, rule_sets: Mapping[str, RuleSet]) -> RuleSet | None:
    return None if account.firm == NONE else rule_sets[account.firm]


def phase_of(account: AccountEntry, rules: RuleSet | None) -> Phase:
    """Return the phase of an account; one that is under no firm trades its owner's money."""
    return account.firm_phase or (Phase.LIVE if rules is None else rules.phase[0])


def product_groups_of(config: ConfigFile, rule_sets: Mapping[str, RuleSet]) -> dict[str, str]:
    """Return the group of each instrument that is in one: as a rule set in use names it, or as the file says."""
    groups, used = read_product_groups(), [rule_set_of(account, rule_sets) for account in config.accounts]
    named = [name for rules in used if rules is not None for name in rules.hedging.product_groups]
    of_symbol = {symbol: name for name in named for symbol in groups[name]}
    of_symbol |= {symbol.upper(): name for name, symbols in config.product_groups.items() for symbol in symbols}
    return {
        instrument.symbol.upper(): of_symbol[instrument.symbol.upper()]
        for instrument in config.instruments
        if instrument.symbol.upper() in of_symbol
    }


def news_of(config: ConfigFile, events: tuple[NewsEvent, ...]) -> NewsCalendar | None:
    currencies = {symbol.upper(): tuple(names) for symbol, names in config.news_currencies.items()}
    return NewsCalendar(events, currencies) if events else None
