"""A person's word that real money is traded: their names are typed once, at a terminal, for the accounts of a journal.

Nothing stands for it, in words of a command line or in a program: what a script can say, a script says by mistake.
"""

import os
import sys
from collections.abc import Callable, Container

from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.control_socket import name_of_user

Say = Callable[[str], None]


class NotConfirmed(Exception):
    """Nobody confirmed that real money is traded; nothing was started."""


def still_to_confirm(setup: Setup, confirmed: Container[AccountId]) -> tuple[AccountId, ...]:
    return tuple(spec.id for spec in setup.accounts if spec.live and spec.id not in confirmed)


def is_somebody_there() -> bool:
    """Say whether a person could type something."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirm(setup: Setup, accounts: tuple[AccountId, ...], say: Say) -> str:
    """Have a person type the names of the accounts, and return who that was. Raises `NotConfirmed`."""
    wanted = " ".join(accounts)
    if not is_somebody_there():
        raise NotConfirmed(
            f"nobody has confirmed yet that real money is traded on {', '.join(accounts)}; start once on a terminal, "
            "with --signals FILE, and type their names"
        )
    for spec in setup.accounts:
        if spec.id in accounts:
            say(f"{spec.id}: REAL MONEY, in {spec.currency}, at venue {spec.venue}, in mode {spec.mode or setup.mode}")
    say("Once confirmed, this journal does not ask again for these accounts.")
    sys.stderr.write(f"To trade real money on them, type {wanted!r}: ")
    sys.stderr.flush()
    typed = sys.stdin.readline().strip()
    if typed.split() != list(accounts):
        raise NotConfirmed(f"typed {typed!r}, wanted {wanted!r}; nothing was started")
    return name_of_user(os.geteuid())
