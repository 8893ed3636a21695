"""The museum: public failures of trading systems, each rebuilt as a test in `tests/museum/`.

What an exhibit is stands in the docstring of its test: whose failure it was, one sentence on what happened then, one on
what happens here. The table in `docs/PROOF.md` is made of these, so it names the tests that there are, and no others.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HALL = Path(__file__).parents[1] / "tests" / "museum"
PLATE = re.compile(r"(?P<what>[^\n]+)\.\n\nThen: (?P<then>[^\n]+\.)\nHere: (?P<here>[^\n]+\.)")


class Exhibit(NamedTuple):
    what: str
    then: str
    here: str
    test: str


def exhibits() -> Iterator[Exhibit]:
    """Yield every test of the museum. Raises `ValueError` for one that does not say what it shows."""
    for path in sorted(HALL.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                plate = PLATE.fullmatch(ast.get_docstring(node) or "")
                if plate is None:
                    raise ValueError(f"{path.name}: {node.name}: wanted a docstring with Then: and Here:")
                yield Exhibit(plate["what"], plate["then"], plate["here"], f"{path.name}::{node.name}")
