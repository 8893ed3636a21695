"""Whether a configuration can go on with a journal: decided from the folded engine, before anything runs.

An account that traded is not simply left out, moved or paid in other money: nobody would look after what it has open,
and its books would mean something else. One that never traded may go or change.
"""

from pathlib import Path

from coxswain.app.config.load import Resolved
from coxswain.app.config.problems import ConfigError, Problem
from coxswain.core.engine import Engine
from coxswain.core.state import Account

OR_ELSE = "or begin a new journal with --journal"


def check_fits(engine: Engine, resolved: Resolved, journal: Path) -> None:
    """See that all a journal has traded is still configured, as it was. Raises `ConfigError`."""
    setup, file = resolved.setup, resolved.path.name
    given = {spec.id: spec for spec in setup.accounts}
    symbols = {instrument.symbol for instrument in setup.instruments}
    problems = []
    for account_id, account in engine.state.accounts.items():
        has, before, now = _history(account), account.spec, given.get(account_id)
        if has and now is None:
            what = f"it has {has} in {journal}, at venue {before.venue} in {before.currency}. Put it back"
            problems.append(Problem(0, "accounts", f"{account_id} is missing; {what}, {OR_ELSE}", file))
        elif has and now is not None:
            for field, found, wanted in (
                ("venue", now.venue, before.venue),
                ("currency", now.currency, before.currency),
            ):
                if found != wanted:
                    key = f"accounts[{account_id}].{field}"
                    what = f"found {found}; wanted {wanted}, because it has {has} in {journal}. Put it back"
                    problems.append(Problem(_line(resolved, key), key, f"{what}, {OR_ELSE}", file))
        problems += [
            Problem(0, "instruments", f"{account_id} has traded {symbol} in {journal}; wanted it here too", file)
            for symbol in account.positions
            if symbol not in symbols
        ]
    if problems:
        raise ConfigError(problems)


def _history(account: Account) -> str:
    """Say what an account has in its journal; empty if it never traded."""
    counts = (
        (len(account.orders) + account.archived_orders, "order"),
        (len(account.exec_ids) + account.archived_fills, "fill"),
        (sum(1 for position in account.positions.values() if position.qty), "open position"),
    )
    return ", ".join(f"{count} {thing}{'' if count == 1 else 's'}" for count, thing in counts if count)


def _line(resolved: Resolved, key: str) -> int:
    origin = resolved.origins.get(key, "")
    return int(origin.removeprefix("file line ")) if origin.startswith("file line ") else 0
