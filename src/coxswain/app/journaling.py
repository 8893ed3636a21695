"""The commands about the journal itself. Arguments only."""

from pathlib import Path
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


@journal_app.command("archive")
@reports_errors
def journal_archive(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the closed segments are kept.")],
    journal: Journal = DEFAULT_JOURNAL,
    size_mb: Annotated[
        float, typer.Option("--size-mb", min=0.001, help="A segment is closed when it is as large as this.")
    ] = 64,
    monthly: Annotated[
        bool, typer.Option("--monthly/--no-monthly", help="And at the end of each month, UTC, by engine time.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Write closed segments that are not there yet, each a file that never changes. The journal stays as it is."""
    from coxswain.app.archiving import archive

    raise typer.Exit(archive(journal, folder, size_mb, monthly=monthly, as_json=as_json))
