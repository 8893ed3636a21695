"""The commands about the journal itself. Arguments only."""

from typing import Annotated

import typer

from coxswain.app.options import DEFAULT_JOURNAL, Journal, Json, reports_errors

journal_app = typer.Typer(help="Look after the journal itself.", no_args_is_help=True)


@journal_app.command("skip-input")
@reports_errors
def journal_skip_input(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=1, help="The record whose step raised.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is journaled with your name.")],
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Have an input passed over whose step raises, so that the engine can go on. Only while no engine runs."""
    from coxswain.app.skipping import skip_input

    raise typer.Exit(skip_input(journal, seq, reason, as_json))
