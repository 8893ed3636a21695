"""The commands that prove: that a journal is whole, who signed it, and that a record is in it. Arguments only."""

from pathlib import Path
from typing import Annotated

import typer

from coxswain.app.options import DEFAULT_JOURNAL, Journal, Json, reports_errors

audit_app = typer.Typer(help="Prove that the journal is whole, and read what was decided.", no_args_is_help=True)

Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key", metavar="KEY", help="Public half of a key, or its file; repeatable. By default that of your own key."
    ),
]


@audit_app.command("verify")
@reports_errors
def audit_verify(
    journal: Journal = DEFAULT_JOURNAL,
    key: Keys = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="FOLDER", help="Closed segments instead, and the journal if it is at hand."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the whole chain, the tree, and every checkpoint. Exit code 0 clean, 1 tampered, 2 unreadable."""
    if archive is not None:
        from coxswain.app.archiving import verify_segments

        raise typer.Exit(verify_segments(archive, journal, key or [], as_json))
    from coxswain.app.proof import verify_journal

    raise typer.Exit(verify_journal(journal, key or [], as_json))


@audit_app.command("key")
@reports_errors
def audit_key(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where; by default in your own configuration.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Of the key, as example.com/desk; by default this host's."),
    ] = None,
    witness: Annotated[bool, typer.Option("--witness", help="A key of a witness, which co-signs.")] = False,
    as_json: Json = False,
) -> None:
    """Make the key that signs the journal, unless there is one, and print its public half, which verifiers need."""
    from coxswain.app.signed import show_key

    raise typer.Exit(show_key(out, name, witness, as_json))


@audit_app.command("checkpoint")
@reports_errors
def audit_checkpoint(
    journal: Journal = DEFAULT_JOURNAL,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The key to sign with; by default your own.")
    ] = None,
    since: Annotated[
        int | None, typer.Option("--since", metavar="RECORDS", min=0, help="With a proof that it goes on from there.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the newest checkpoint, and take one first where no engine runs. With --since as a witness is asked."""
    from coxswain.app.signed import show_checkpoint

    raise typer.Exit(show_checkpoint(journal, key, since, as_json))


@audit_app.command("prove")
@reports_errors
def audit_prove(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The id of an order, or of a signal or account.")],
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Prove that the records of an order are in the journal that was signed; the JSON can be checked without it."""
    from coxswain.app.signed import prove

    raise typer.Exit(prove(journal, order, as_json))


@audit_app.command("export")
@reports_errors
def audit_export(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="A new file whose name ends in .tar.")],
    journal: Journal = DEFAULT_JOURNAL,
    key: Keys = None,
    as_json: Json = False,
) -> None:
    """Write records, checkpoints and public keys into one archive that can be verified on its own."""
    from coxswain.app.signed import export

    raise typer.Exit(export(journal, archive, key or [], as_json))


@audit_app.command("witness")
@reports_errors
def audit_witness(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="What coxswain audit checkpoint printed; - for standard input.")
    ],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The key of the witness.")],
    state: Annotated[
        Path, typer.Option("--state", metavar="FILE", help="What it has seen; made when it is not there.")
    ],
    trusted: Annotated[
        list[str],
        typer.Option("--trust", metavar="KEY", help="The engine's public key, or its file."),
    ],
    journal: Annotated[
        Path | None, typer.Option("--journal", metavar="FILE", help="Make the proof from it, where it is at hand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Co-sign a checkpoint if it goes on from what was seen. Exit code 0 signed, 1 refused, 2 unreadable, unproved."""
    from coxswain.app.signed import witness

    raise typer.Exit(witness(key, state, trusted, checkpoint, journal, as_json))


@audit_app.command("log")
@reports_errors
def audit_log(
    journal: Journal = DEFAULT_JOURNAL,
    last: Annotated[int, typer.Option("--last", min=1, help="How many decisions.")] = 50,
    as_json: Json = False,
) -> None:
    """The last decisions, with their reasons."""
    from coxswain.app.inspect import show_audit

    raise typer.Exit(show_audit(journal, last, as_json))
