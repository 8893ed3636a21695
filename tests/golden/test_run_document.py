"""The promise that `demo --json` and `run --json` make to scripts, as a schema that is committed and reviewed."""

from pathlib import Path

import pytest

import coxswain.views
from coxswain.views.summary import json_schema

SCHEMA = Path(coxswain.views.__file__).with_name("schema") / "run.v1.json"


def test_the_schema_of_the_run_document_is_the_committed_one(request: pytest.FixtureRequest) -> None:
    """Fields may be added. A field renamed, removed or of another type is version 2, in a file of its own."""
    if request.config.getoption("--rewrite-golden", default=False):
        SCHEMA.write_bytes(json_schema())
    assert json_schema().splitlines() == SCHEMA.read_bytes().splitlines()
