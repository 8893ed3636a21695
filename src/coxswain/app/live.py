"""Real money is asked for three times: `mode: live` on the account, `--live` on the command, and once by a person.

What a person typed becomes a fact of the journal: it is not asked again, also after a restart, and a new journal or a
new account is asked for anew. The core lets nothing leave for a live account that nobody confirmed, whoever starts it.
"""

import os
import sys
from collections.abc import Callable, Container
from pathlib import Path

import typer

from coxswain.app.tables import say
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.control_socket import name_of_user

ConfirmLive = Callable[[tuple[AccountId, ...]], str]
"""Given the accounts that nobody has confirmed yet, return who confirms them; empty for nobody."""


class NotConfirmed(Exception):
    """Nobody confirmed that real money is traded; nothing was started."""


def nobody_confirms(accounts: tuple[AccountId, ...]) -> str:
    return ""


def why_not(setup: Setup, config: Path, *, said: bool) -> str | None:
    """Say why a run may not begin that was, or was not, told `--live`."""
    live = [spec.id for spec in setup.accounts if spec.live]
    if live and not said:
        names = ", ".join(live)
        return f"{config}: real money is traded on {names}; wanted --live, or --dry-run, or `mode: paper` on them"
    if said and not live:
        return f"--live: no account in {config} has `mode: live`, so there is no real money to trade"
    return None


def still_to_confirm(setup: Setup, confirmed: Container[AccountId]) -> tuple[AccountId, ...]:
    return tuple(spec.id for spec in setup.accounts if spec.live and spec.id not in confirmed)


def confirm(setup: Setup, accounts: tuple[AccountId, ...]) -> str:
    """Have a person type the names of the accounts, and return who that was. Raises `NotConfirmed`.

    Nothing stands for it on the command line: what a script can say, a script says by mistake.
    """
    wanted = " ".join(accounts)
    if not sys.stdin.isatty():
        raise NotConfirmed(
            f"nobody has confirmed yet that real money is traded on {', '.join(accounts)}; start once on a terminal, "
            "with --signals FILE, and type their names"
        )
    for spec in setup.accounts:
        if spec.id in accounts:
            say(f"{spec.id}: REAL MONEY, in {spec.currency}, at venue {spec.venue}, in mode {spec.mode or setup.mode}")
    say("Once confirmed, this journal does not ask again for these accounts.")
    typed = typer.prompt(f"To trade real money on them, type {wanted!r}", err=True, default="", show_default=False)
    if typed.split() != list(accounts):
        raise NotConfirmed(f"typed {typed!r}, wanted {wanted!r}; nothing was started")
    return name_of_user(os.geteuid())
