"""The commands that tell an engine something: each makes a document of its arguments, and one door takes it.

What a command means stands in `messages/command_json.py`. Nothing is decided here, but that who destroys is asked.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from coxswain.app import exits
from coxswain.app.options import DEFAULT_JOURNAL, Journal, Json, fail, reports_errors
from coxswain.app.typed import pairs

operating = typer.Typer()

Reason = Annotated[str, typer.Option("--reason", help="Why; it is journaled with your name.")]
Account = Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="An account.", show_default=False)]
Venue = Annotated[str | None, typer.Option("--venue", metavar="NAME", help="All accounts at a venue.")]
Strategy = Annotated[str | None, typer.Option("--strategy", metavar="NAME", help="What a strategy's signals began.")]
Instrument = Annotated[str | None, typer.Option("--instrument", metavar="SYMBOL", help="One instrument, everywhere.")]
Order = Annotated[str | None, typer.Option("--order", metavar="ID", help="One order, which is cancelled.")]
Everything = Annotated[bool, typer.Option("--everything", help="Everything.")]
Plans = Annotated[list[str], typer.Argument(metavar="SIGNAL...", help="The ids of the signals.")]
Accounts = Annotated[list[str] | None, typer.Option("--account", metavar="NAME", help="Only this one; repeatable.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def _ask(name: str, what_happens: str, yes: bool) -> None:
    """Say first what will happen, and ask. Where nobody can be asked, only `--yes` will do."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(exits.USAGE, f"{name} {what_happens}; wanted --yes where nobody can be asked")
    if not typer.confirm(f"This {what_happens}. Do it?", err=True):
        fail(exits.USAGE, f"{name} was not done")


def tell(journal: Journal, as_json: bool, name: str, **fields: object) -> None:
    """Tell the engine, leaving out what was not given."""
    from coxswain.app.control import command

    given = {key: value for key, value in fields.items() if value not in (None, False, [])}
    raise typer.Exit(command(journal, {"command": name, **given}, as_json))


def _of_a_scope(name: str, told: str) -> None:
    """Add a command that takes a scope and a reason, and nothing else."""

    @operating.command(name, help=told)
    @reports_errors
    def command(
        reason: Reason,
        account: Account = None,
        venue: Venue = None,
        strategy: Strategy = None,
        instrument: Instrument = None,
        everything: Everything = False,
        journal: Journal = DEFAULT_JOURNAL,
        as_json: Json = False,
    ) -> None:
        scope = {"account": account, "venue": venue, "strategy": strategy, "instrument": instrument}
        tell(journal, as_json, name, **scope, everything=everything, reason=reason)


_of_a_scope("pause", "Let nothing new enter; working orders stay, exits and protection go on.")


@operating.command()
@reports_errors
def halt(
    reason: Reason,
    account: Account = None,
    venue: Venue = None,
    strategy: Strategy = None,
    instrument: Instrument = None,
    order: Order = None,
    everything: Everything = False,
    yes: Yes = False,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Emergency stop: let nothing new enter and cancel entry orders; protection stays. Of everything, asks first."""
    scope = {"account": account, "venue": venue, "strategy": strategy, "instrument": instrument, "order": order}
    if everything:
        _ask("halt", "cancels every entry order and lets nothing new enter; protection stays", yes)
    tell(journal, as_json, "halt", **scope, everything=everything, reason=reason)


_of_a_scope("freeze", "Let nothing leave but cancels and what a person sends to reduce; working orders stay.")


@operating.command()
@reports_errors
def flatten(
    reason: Reason,
    account: Account = None,
    venue: Venue = None,
    strategy: Strategy = None,
    instrument: Instrument = None,
    everything: Everything = False,
    yes: Yes = False,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Emergency liquidation: cancel everything and close every position. Asks first."""
    scope = {"account": account, "venue": venue, "strategy": strategy, "instrument": instrument}
    named = " ".join(f"{what} {name}" for what, name in scope.items() if name) or "everything"
    _ask("flatten", f"cancels every order and closes every position of {named}", yes)
    tell(journal, as_json, "flatten", **scope, everything=everything, reason=reason)


_of_a_scope("resume", "Release the stops of one scope; of an account also a day's loss at its limit and a failed step.")


@operating.command("set-mode")
@reports_errors
def set_mode(
    mode: Annotated[str, typer.Argument(help="MANUAL, SEMI_AUTO, FULL_AUTO, EMERGENCY or RESEARCH.")],
    reason: Reason,
    account: Annotated[str | None, typer.Option("--account", metavar="NAME", help="Of one account.")] = None,
    everything: Everything = False,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Set how plans become orders, for everything or for one account."""
    tell(journal, as_json, "set-mode", mode=mode, account=account, everything=everything, reason=reason)


@operating.command()
@reports_errors
def approve(
    plans: Plans,
    reason: Reason,
    accounts: Accounts = None,
    seen_px: Annotated[str | None, typer.Option("--seen-px", metavar="PRICE", help="The price you were shown.")] = None,
    accept_drift: Annotated[bool, typer.Option("--accept-drift", help="Although the price has moved on.")] = False,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Let out plans that wait for a person; each share is checked again first."""
    fields = {"plan_id": plans, "accounts": accounts, "seen_px": seen_px, "accept_drift": accept_drift}
    tell(journal, as_json, "approve", **fields, reason=reason)


@operating.command()
@reports_errors
def reject(
    plans: Plans,
    reason: Reason,
    accounts: Accounts = None,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Refuse plans that wait for a person."""
    tell(journal, as_json, "reject", plan_id=plans, accounts=accounts, reason=reason)


@operating.command()
@reports_errors
def modify(
    plan: Annotated[str, typer.Argument(metavar="SIGNAL", help="The id of the signal.")],
    quantities: Annotated[list[str], typer.Argument(metavar="ACCOUNT=LOTS...", help="What an account is to take.")],
    reason: Reason,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Lower what accounts take of a plan that waits; 0 leaves an account out."""
    lots = pairs("ACCOUNT=LOTS", quantities, "alpha=0.5")
    tell(journal, as_json, "modify", plan_id=plan, quantities=lots, reason=reason)


@operating.command()
@reports_errors
def cancel(
    reason: Reason,
    orders: Annotated[
        list[str] | None, typer.Argument(metavar="[ORDER]...", help="Orders.", show_default=False)
    ] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="SIGNAL", help="Of this signal.")] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="NAME", help="Of this account.")] = None,
    instrument: Annotated[str | None, typer.Option("--instrument", metavar="SYMBOL", help="In this one.")] = None,
    protection: Annotated[bool, typer.Option("--protection", help="Stops and targets too.")] = False,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Cancel open orders; stops and targets only where --protection says so."""
    fields = {"order": orders, "plan_id": plan, "account": account, "instrument": instrument, "protection": protection}
    tell(journal, as_json, "cancel", **fields, reason=reason)


@operating.command("replace-order")
@reports_errors
def replace_order(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    reason: Reason,
    quantity: Annotated[
        str | None, typer.Option("--quantity", metavar="LOTS", help="The new total, filled part included.")
    ] = None,
    price: Annotated[str | None, typer.Option("--price", metavar="PRICE", help="The new limit.")] = None,
    stop_price: Annotated[str | None, typer.Option("--stop-price", metavar="PRICE", help="The new trigger.")] = None,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Change the quantity or the prices of a working limit or stop order."""
    fields = {"order": order, "quantity": quantity, "price": price, "stop_price": stop_price}
    tell(journal, as_json, "replace-order", **fields, reason=reason)


@operating.command()
@reports_errors
def reconcile(
    reason: Reason,
    accounts: Annotated[list[str] | None, typer.Argument(metavar="[ACCOUNT]...", show_default=False)] = None,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Compare accounts with their venues' books; all of them where none is named."""
    tell(journal, as_json, "reconcile", accounts=accounts, reason=reason)


@operating.command()
@reports_errors
def submit(
    signal: Annotated[str, typer.Argument(metavar="FILE", help="One signal as JSON; - reads standard input.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why; it is journaled with your name.")] = None,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Hand in one signal."""
    from coxswain.messages.command_json import CommandError, document_of

    written = sys.stdin.buffer.read() if signal == "-" else Path(signal).read_bytes()
    try:
        fields = document_of(written)
    except CommandError as error:
        fail(exits.USAGE, f"{signal}: {error}")
    tell(journal, as_json, "submit", signal=fields, reason=reason)


@operating.command()
@reports_errors
def withdraw(
    command_id: Annotated[str, typer.Argument(metavar="COMMAND", help="As `coxswain status` lists it.")],
    reason: Reason,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Take back a command that waits for the engine to start."""
    tell(journal, as_json, "withdraw", command_id=command_id, reason=reason)


@operating.command()
@reports_errors
def settle(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="An order that nobody knows of.")],
    settled_as: Annotated[str, typer.Argument(metavar="HOW", help="lost, or filled.")],
    reason: Annotated[str, typer.Option("--reason", help="What you have seen; it is journaled with your name.")],
    fills: Annotated[
        list[str] | None, typer.Option("--fill", metavar="EXEC", help="A fill of its own, by exec id; repeatable.")
    ] = None,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Say what became of an order that nobody can ask about, as its venue keeps no ids of ours or is gone for good."""
    tell(journal, as_json, "settle-order", order=order, **{"as": settled_as}, fills=fills, reason=reason)


@operating.command()
@reports_errors
def resolve(
    break_id: Annotated[str, typer.Argument(metavar="BREAK", help="As `coxswain status` lists it.")],
    resolution: Annotated[str, typer.Argument(metavar="HOW", help="adopt, flatten, ignore or write-off.")],
    reason: Reason,
    price: Annotated[
        str | None, typer.Option("--price", help="What adopted lots are taken to have cost; else the market's price.")
    ] = None,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Say what is to become of a difference to the venue's books; the next comparison does it."""
    tell(journal, as_json, "resolve-break", break_id=break_id, resolution=resolution, price=price, reason=reason)
