"""Real money is asked for three times: `mode: live` on the account, `--live` on the command, and once by a person.

What a person typed becomes a fact of the journal: it is not asked again, also after a restart, and a new journal or a
new account is asked for anew. The core lets nothing leave for a live account that nobody confirmed, whoever starts it.
"""

from collections.abc import Callable
from pathlib import Path

from coxswain.app.tables import say
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId
from coxswain.runtime import live

ConfirmLive = Callable[[tuple[AccountId, ...]], str]
"""Given the accounts that nobody has confirmed yet, return who confirms them; empty for nobody."""


def nobody_confirms(accounts: tuple[AccountId, ...]) -> str:
    return ""


def why_not(setup: Setup, config: Path, *, said: bool) -> str | None:
    """Say why a run may not begin that was, or was not, told `--live`."""
    accounts = [spec.id for spec in setup.accounts if spec.live]
    if accounts and not said:
        names = ", ".join(accounts)
        return f"{config}: real money is traded on {names}; wanted --live, or --dry-run, or `mode: paper` on them"
    if said and not accounts:
        return f"--live: no account in {config} has `mode: live`, so there is no real money to trade"
    return None


def confirm(setup: Setup, accounts: tuple[AccountId, ...]) -> str:
    """Have a person type the names of the accounts, and return who that was. Raises `NotConfirmed`."""
    return live.confirm(setup, accounts, say)
