"""What the commands of the command line have in common: options, and how errors end them."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from coxswain.app import exits

DEFAULT_JOURNAL = Path("coxswain.journal")
DEFAULT_CONFIG = Path("coxswain.yaml")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Journal = Annotated[Path, typer.Option("--journal", metavar="FILE", help="The journal to read.")]
Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration file.")]


def fail(code: int, message: str) -> NoReturn:
    """Say on standard error what is wrong, and end with `code`."""
    print(f"coxswain: {message}", file=sys.stderr)
    raise typer.Exit(code)


def reports_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the errors that users can do something about into a sentence and an exit code; bugs keep their traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from coxswain.app.errors import explain_error

        try:
            return command(*args, **kwargs)
        except typer.Exit:
            raise  # how every command ends; nothing is to be explained
        except BrokenPipeError:
            sys.stderr.close()  # the reader went away: nothing more to say to it
            raise typer.Exit(exits.ERROR) from None
        except Exception as error:
            known = explain_error(error)
            if known is None:
                raise
            fail(*known)

    return wrapped
