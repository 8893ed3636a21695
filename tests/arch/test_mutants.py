"""The mutants stay fit: each applies to the sources as they are, and the tests that must notice it are there."""

import re
import shutil
from pathlib import Path

import pytest

from tools.mutants import FOLDER, ROOT, Mutant, mutants, why_not_applied

ALL = list(mutants())
NAMED = {
    "time-out-taken-as-failure",
    "sent-before-durable",
    "exec-ids-not-remembered",
    "sent-again-under-another-id",
    "fill-dropped-on-a-terminal-order",
    "hold-released-on-unknown",
    "stop-forgotten-at-a-start",
    "fsync-removed",
    "egress-bypassed",
    "midnight-by-wall-clock",
}
"""Those without which a harness could not be believed."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that mutants change."""
    tree = tmp_path_factory.mktemp("tree")
    touched = {line[6:] for each in ALL for line in each.path.read_text(encoding="utf-8").splitlines() if _names(line)}
    for name in touched:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    return tree


def _names(line: str) -> bool:
    return line.startswith("--- a/")


def test_there_are_enough_of_them_and_those_that_matter_most() -> None:
    assert len(ALL) >= 30
    assert {each.name for each in ALL} >= NAMED
    assert {path.suffix for path in FOLDER.iterdir()} == {".patch"}


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mutant_applies_and_the_tests_that_must_notice_it_are_there(mutant: Mutant, tree: Path) -> None:
    assert why_not_applied(mutant.path, tree, check=True) == ""
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), test


def test_each_exhibit_of_the_museum_falls_by_a_mutant() -> None:
    exhibits = {
        f"{path.relative_to(ROOT)}::{name}"
        for path in (ROOT / "tests/museum").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert exhibits <= {test for mutant in ALL for test in mutant.tests}


def test_a_patch_that_has_drifted_away_is_noticed(tree: Path, tmp_path: Path) -> None:
    drifted = tmp_path / "drifted.patch"
    drifted.write_text(ALL[0].path.read_text(encoding="utf-8").replace("\n-", "\n-never "), encoding="utf-8")
    assert why_not_applied(drifted, tree, check=True)
