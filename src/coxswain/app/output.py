"""One JSON document on standard output: what `--json` prints, for every command."""

import sys
from collections.abc import Iterable, Iterator

import msgspec

from coxswain.views.summary import PlanDoc, RunDocument


def print_run(document: RunDocument, plans: Iterable[PlanDoc]) -> None:
    """Print the document of a run, indented like any other; its plans are written one by one."""
    head, tail = msgspec.json.format(msgspec.json.encode(document)).split(b'"plans": []', 1)
    out = sys.stdout.buffer
    out.write(head + b'"plans": [')
    end = b"]"
    for plan in plans:
        out.write((b"\n    " if end == b"]" else b",\n    ") + _indented(plan))
        end = b"\n  ]"
    out.write(end + tail + b"\n")
    out.flush()


def run_in_a_line(document: RunDocument, plans: Iterable[PlanDoc]) -> Iterator[bytes]:
    """Return the same on one line, in pieces."""
    head, tail = msgspec.json.encode(document).split(b'"plans":[]', 1)
    yield head + b'"plans":['
    for number, plan in enumerate(plans):
        yield (b"," if number else b"") + msgspec.json.encode(plan)
    yield b"]" + tail


def _indented(plan: PlanDoc) -> bytes:
    return msgspec.json.format(msgspec.json.encode(plan)).replace(b"\n", b"\n    ")


def print_json(value: object) -> None:
    """Print `value` indented, and nothing else."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value)) + b"\n")
    sys.stdout.flush()
