"""The commands about firms' rules: which rule sets there are, what one says, and how an account stands under its own.

Nothing is judged here, and nothing is written.
"""

import os
from decimal import Decimal
from pathlib import Path

import msgspec

from coxswain.app import exits
from coxswain.app.config.advice import without_news
from coxswain.app.config.firms import file_of, read_rule_sets
from coxswain.app.config.load import load
from coxswain.app.config.problems import ConfigError, unknown
from coxswain.app.config.tree import Tree, read_tree
from coxswain.app.output import print_json
from coxswain.app.tables import say, table
from coxswain.core.firm.standing import Standing, standing
from coxswain.journal.store import Reader
from coxswain.model.firm import RuleSet
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.records import decoded


def rule_sets_for(config: Path) -> dict[str, RuleSet]:
    """Return the package's rule sets, and the user's where a configuration names their folder."""
    found, problems = read_rule_sets(_own_folder(config))
    if problems:
        raise ConfigError(problems)
    return found


def _own_folder(config: Path) -> Path | None:
    tree = read_tree(config, {}) if config.exists() else None
    folder = tree.text_at("firms_dir") if isinstance(tree, Tree) else None
    return None if folder is None else config.parent / folder


def list_firms(config: Path, as_json: bool) -> int:
    found = rule_sets_for(config)
    rows = [
        {
            "id": rules.id,
            "phases": list(rules.phase),
            "verified_on": rules.provenance.verified_on,
            "confidence": rules.provenance.confidence,
            "effective_from": rules.provenance.effective.from_,
            "effective_to": rules.provenance.effective.to,
            "sources": len(rules.provenance.source_urls),
        }
        for rules in found.values()
    ]
    if as_json:
        print_json({"firms": rows})
        return exits.OK
    columns = ("id", "phases", "verified_on", "confidence", "sources")
    table(columns, [[_cell(row[column]) for column in columns] for row in rows], right=("sources",))
    say("Firms change their rules: compare a rule set with what your firm tells you. Nothing here is advice.")
    return exits.OK


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def show_firm(config: Path, name: str, as_json: bool) -> int:
    found = rule_sets_for(config)
    if name not in found:
        say(f"coxswain: {name} is {unknown(name, found)}")
        return exits.USAGE
    if as_json:
        print_json(msgspec.to_builtins(found[name], builtin_types=()))
        return exits.OK
    print(
        file_of(name, _own_folder(config)).read_text(encoding="utf-8"), end=""
    )  # as it is written, to begin one's own
    return exits.OK


def check_account(config: Path, journal: Path, name: str, as_json: bool) -> int:
    """Say how an account stands under each rule: as its journal left it, else as the configuration begins it."""
    setup = load(config, _environment()).setup
    accounts = {spec.id: spec for spec in setup.accounts}
    spec = accounts.get(AccountId(name))
    if spec is None:
        say(f"coxswain: account {name!r} is not in {config}; wanted one of {', '.join(accounts)}")
        return exits.USAGE
    rows: tuple[Standing, ...] = ()
    if journal.is_file():
        engine = make_engine()
        with Reader(journal) as reader:
            for _, record in decoded(reader.read()):
                engine.fold(record)
        rows = standing(engine.state, AccountId(name))
    warnings = without_news(setup, spec)
    if as_json:
        told = {
            "account": name,
            "firm": spec.firm or None,
            "phase": spec.firm_phase,
            "rules": rows,
            "warnings": warnings,
        }
        print_json(told)
        return exits.OK
    for warning in warnings:
        say(f"warning: {warning}")
    if not rows:
        under = f"under {spec.firm}, and its journal says nothing of it yet" if spec.firm else "under no firm's rules"
        say(f"{name} is {under}")
        return exits.OK
    say(f"{name} is under {spec.firm}, {spec.firm_phase}")
    columns = ("rule", "value", "limit", "headroom", "verdict", "note")
    table(columns, [[_told(getattr(row, name)) for name in columns] for row in rows], right=columns[1:4])
    return exits.OK


def _environment() -> dict[str, str]:
    return dict(os.environ)


def _told(value: object) -> str | None:
    return f"{value:f}" if isinstance(value, Decimal) else None if value is None else str(value)
