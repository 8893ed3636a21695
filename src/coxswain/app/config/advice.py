"""What is allowed in a configuration and may still not be what was meant. It keeps nothing from starting."""

from coxswain.model.setup import Setup


def advice(setup: Setup) -> list[str]:
    """Return a sentence for each venue that invents its fills, and each account that cannot convert what it earns."""
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
    return found
