"""The commands about limits, overrides and circuit breakers: what is in force, and what two persons may change.

What a command means stands in `messages/command_json.py`. Nothing is decided here.
"""

from typing import Annotated

import typer

from coxswain.app.operate import Reason, tell
from coxswain.app.options import DEFAULT_JOURNAL, Journal, Json, reports_errors
from coxswain.app.typed import pairs

limits_app = typer.Typer(help="Show the limits in force, and change them while the engine runs.")
override_app = typer.Typer(help="Let one order pass one soft control, by two persons.", no_args_is_help=True)
breaker_app = typer.Typer(help="Let an open circuit breaker be tried again.", no_args_is_help=True)

Seconds = Annotated[int | None, typer.Option("--for", metavar="SECONDS", min=1, help="Goes back by itself then.")]
Only = Annotated[str | None, typer.Option("--account", metavar="NAME", help="Only this account.")]


@limits_app.callback(invoke_without_command=True)
@reports_errors
def limits(
    context: typer.Context, account: Only = None, journal: Journal = DEFAULT_JOURNAL, as_json: Json = False
) -> None:
    """Show the limits in force, and change them while the engine runs."""
    if context.invoked_subcommand is None:
        from coxswain.app.in_force import show_limits

        raise typer.Exit(show_limits(journal, account, as_json))


@limits_app.command("set")
@reports_errors
def set_limits(
    values: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="Keys of the configuration.")],
    reason: Reason,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="One account; else the desk.")
    ] = None,
    for_s: Seconds = None,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Change limits: what tightens at once, what may let more through by a second person where the desk says so."""
    given = pairs("KEY=VALUE", values, "max_order_qty=50")
    tell(journal, as_json, "set-limits", values=given, account=account, for_s=for_s, reason=reason)


@limits_app.command("approve")
@reports_errors
def approve_limits(
    proposal: Annotated[int, typer.Argument(metavar="PROPOSAL", help="As `coxswain limits` lists it.")],
    reason: Reason,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Approve a change of limits that somebody else proposed."""
    tell(journal, as_json, "approve-limits", proposal=proposal, reason=reason)


@limits_app.command("withdraw")
@reports_errors
def withdraw_limits(
    proposal: Annotated[int, typer.Argument(metavar="PROPOSAL", help="As `coxswain limits` lists it.")],
    reason: Reason,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Drop a change of limits that waits."""
    tell(journal, as_json, "withdraw-limits", proposal=proposal, reason=reason)


@override_app.command("propose")
@reports_errors
def propose_override(
    control: Annotated[int, typer.Argument(metavar="CONTROL", help="The number of one soft control.")],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="One account.")],
    signal: Annotated[str, typer.Argument(metavar="SIGNAL", help="The id of one signal.")],
    reason: Reason,
    for_s: Annotated[int, typer.Option("--for", metavar="SECONDS", min=1, help="It expires then.")] = 300,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Ask that one order may pass one soft control once."""
    tell(
        journal,
        as_json,
        "propose-override",
        control=control,
        account=account,
        signal_id=signal,
        for_s=for_s,
        reason=reason,
    )


Override = Annotated[str, typer.Argument(metavar="OVERRIDE", help="As `coxswain limits` lists it.")]


@override_app.command("approve")
@reports_errors
def approve_override(
    override: Override, reason: Reason, journal: Journal = DEFAULT_JOURNAL, as_json: Json = False
) -> None:
    """Approve an override that somebody else asked for."""
    tell(journal, as_json, "approve-override", override_id=override, reason=reason)


@override_app.command("withdraw")
@reports_errors
def withdraw_override(
    override: Override, reason: Reason, journal: Journal = DEFAULT_JOURNAL, as_json: Json = False
) -> None:
    """Take an override back, approved or not."""
    tell(journal, as_json, "withdraw-override", override_id=override, reason=reason)


@breaker_app.command("close")
@reports_errors
def close_breaker(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="One account.")],
    breaker: Annotated[str, typer.Argument(metavar="BREAKER", help="As LOSS or DRAWDOWN.")],
    reason: Reason,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Let an open circuit breaker cool down; after that one small entry at a time is tried."""
    tell(journal, as_json, "close-breaker", account=account, breaker=breaker, reason=reason)
