"""The help of every command has an example that the command line understands."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from coxswain.app.cli import app
from coxswain.app.examples import EXAMPLES

HAVE_NO_WORK = {"alerts", "audit", "breaker", "config", "firms", "journal", "override"}
"""Groups that are nothing by themselves."""


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")


COMMANDS = dict(_commands(get_command(app)))


def test_every_command_has_an_example() -> None:
    assert set(COMMANDS) - HAVE_NO_WORK == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_understood_and_stands_in_the_help(name: str) -> None:
    command = COMMANDS[name]
    context = command.make_context(name, shlex.split(EXAMPLES[name]), resilient_parsing=False)
    assert f"Example: coxswain {name}" in " ".join(command.get_help(context).split())
