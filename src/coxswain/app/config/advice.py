"""What is allowed in a configuration and may still not be what was meant. It keeps nothing from starting."""

from pathlib import Path

from coxswain.journal.checkpoints import default_key
from coxswain.model.setup import AccountSpec, Setup


def advice(setup: Setup) -> list[str]:
    """Return a sentence for each venue that invents its fills, and each account with money or news that are unknown."""
    pairs = {frozenset({i.base_currency, i.currency}) for i in setup.instruments if i.base_currency is not None}
    found = [
        f"venue {venue.id} is SIMULATED: it invents what the market would have done ({venue.simulated})"
        for venue in setup.venues
        if venue.simulated
    ]
    for account in setup.accounts:
        missing: dict[str, list[str]] = {}
        for instrument in setup.instruments:
            if instrument.currency != account.currency and {instrument.currency, account.currency} not in pairs:
                missing.setdefault(instrument.currency, []).append(instrument.symbol)
        found += [
            f"account {account.id} is kept in {account.currency} and no instrument converts {currency} into it: "
            f"it cannot take {', '.join(symbols)} (NO_FX_RATE)"
            for currency, symbols in missing.items()
        ]
        found += without_news(setup, account)
    return found


def unsigned(key: Path | None) -> list[str]:
    """Say that nobody signs the journal: then whoever can write its folder can also rewrite what happened."""
    if key is None and not default_key().exists():
        return [f"no key signs the journal: make one with coxswain audit key (there is none at {default_key()})"]
    if key is not None and not key.exists():
        return [f"there is no key at {key}: no run will start; make one with coxswain audit key --out {key}"]
    return []


def without_news(setup: Setup, account: AccountSpec) -> list[str]:
    """Say that an account's firm has rules about news, and the engine no calendar: then its entries are refused."""
    rules = next((rules for rules in setup.firms if rules.id == account.firm), None)
    concerned = rules is not None and any(not rule.phases or account.firm_phase in rule.phases for rule in rules.news)
    if not concerned or setup.news is not None:
        return []
    rule = f"account {account.id} is under {account.firm}, which has rules about news, and there is no news_calendar"
    return [f"{rule}: every entry on it will be refused (FIRM_NEWS)"]
