"""One JSON document on standard output: what `--json` prints, for every command."""

import sys

import msgspec


def print_json(value: object) -> None:
    """Print `value` indented, and nothing else."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value)) + b"\n")
    sys.stdout.flush()
