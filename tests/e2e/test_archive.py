"""Closed segments: files that never change, verified alone, together, and with what is at hand."""

import io
import signal
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.e2e.commands import LIMIT_S, Done, coxswain, environment
from tests.e2e.journals import Demo, copied
from tests.e2e.test_signed import Desk

DRIVER = Path(__file__).with_name("archive_dies.py")
VERIFIER = Path(__file__).parents[2] / "tools" / "verify_segments.py"
ARCHIVE = ("journal", "archive", "kept", "--size-mb", "0.05", "--journal")


@pytest.fixture
def journal(demo: Demo, tmp_path: Path) -> Path:
    return copied(demo.journal, tmp_path)


def archived(journal: Path) -> list[Path]:
    coxswain(*ARCHIVE, journal, cwd=journal.parent)
    return segments(journal.parent)


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "kept").glob("*.tar"))


def sums(files: list[Path]) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}


def verified(folder: Path, code: int, *words: str | Path) -> tuple[Done, str]:
    """Return what both verifiers say."""
    ours = coxswain("audit", "verify", "--archive", "kept", *words, cwd=folder, code=code)
    theirs = subprocess.run(
        [sys.executable, VERIFIER, "kept"], cwd=folder, capture_output=True, timeout=LIMIT_S, check=False
    )
    assert theirs.returncode == code, theirs
    return ours, (theirs.stdout + theirs.stderr).decode()


def edited(segment: Path, part: str, before: bytes, after: bytes) -> None:
    """Change one part of a segment, as somebody does who has the file."""
    with tarfile.open(segment) as tar:
        parts = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
    assert before in parts[part]
    parts[part] = parts[part].replace(before, after, 1)
    with tarfile.open(segment, "w") as tar:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_segments_hold_every_record_once_and_both_verifiers_pass_them(journal: Path) -> None:
    stored = sha256(journal.read_bytes()).hexdigest()
    found = archived(journal)
    assert len(found) >= 3
    bounds = [tuple(map(int, file.name.split(".")[-2].split("-"))) for file in found]
    assert bounds[0][0] == 1
    assert [first for first, _ in bounds[1:]] == [last + 1 for _, last in bounds[:-1]]
    assert sha256(journal.read_bytes()).hexdigest() == stored, "nothing is taken out of the journal"
    ours, theirs = verified(journal.parent, 0, "--journal", journal)
    assert "all segments are at hand and go on from one another, and the journal" in ours.out
    assert theirs.count("verified") == len(found)


def test_what_is_there_is_never_written_again(journal: Path) -> None:
    before = sums(archived(journal))
    done = coxswain(*ARCHIVE, journal, "--json", cwd=journal.parent).json()
    assert done["written"] == []
    assert sums(segments(journal.parent)) == before


def test_a_segment_that_is_not_at_hand_is_named_and_the_others_are_verified(journal: Path) -> None:
    found = archived(journal)
    gone = found[1].rename(journal.parent / "elsewhere.tar")
    first, last = (int(each) for each in found[1].name.split(".")[-2].split("-"))
    ours, theirs = verified(journal.parent, 2, "--journal", journal)
    for said in (ours.out, theirs):
        assert f"records {first} to {last}: NOT AT HAND" in said
        assert said.count(": verified") == len(found) - 1
    alone = coxswain("audit", "verify", "--archive", "kept", "--json", "--journal", "none", cwd=journal.parent, code=2)
    told = alone.json()
    assert (told["ok"], told["whole"]) == (True, False)
    assert archived(journal) == found, "the journal has every record, so it is written again"
    assert segments(journal.parent)[1].read_bytes() == gone.read_bytes()


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        pytest.param("records.jsonl", b"SELL", b"BUY ", id="a body"),
        pytest.param("records.jsonl", b'"hash": "', b'"hash": "00', id="a hash"),
        pytest.param("head", b"0", b"1", id="the head"),
        pytest.param("journal.json", b'"previous": "', b'"previous": "ab', id="what stood before"),
        pytest.param("journal.json", b'"tree": ["', b'"tree": ["ab', id="the tree of what stood before"),
        pytest.param("journal.json", b'"journal_id": "', b'"journal_id": "x', id="the journal's id"),
    ],
)
def test_both_verifiers_notice_what_was_changed_in_a_segment(
    journal: Path, part: str, before: bytes, after: bytes
) -> None:
    edited(archived(journal)[1], part, before, after)
    verified(journal.parent, 1, "--journal", journal)


def test_a_segment_under_another_name_and_one_that_is_there_twice_are_noticed(journal: Path) -> None:
    found = archived(journal)
    second = found[1].name
    found[1].rename(found[1].with_name(second.replace("-0", "-9", 1)))
    verified(journal.parent, 1)


def test_an_archive_of_another_journal_is_not_added_to(journal: Path) -> None:
    edited(archived(journal)[-1], "head", b" ", b" f")
    done = coxswain(*ARCHIVE, journal, cwd=journal.parent, code=1)
    assert "nothing was written" in done.err


@pytest.mark.parametrize(
    ("point", "at"),
    [("adding", 1), ("adding", 6), ("adding", 9), ("syncing", 1), ("syncing", 2), ("naming", 1), ("naming", 2)],
)
def test_killed_while_a_segment_is_closed_it_loses_nothing(journal: Path, point: str, at: int) -> None:
    """Whatever has a name is whole; the next one writes what is missing, and the same bytes as if nothing had been."""
    folder = journal.parent
    words: list[str | Path] = [sys.executable, DRIVER, point, str(at), *ARCHIVE, journal]
    done = subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, timeout=LIMIT_S, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    coxswain("audit", "verify", "--journal", journal, cwd=folder)
    if segments(folder):
        verified(folder, 0, "--journal", journal)
    left = sums(segments(folder))
    after = sums(archived(journal))
    assert left.items() <= after.items()
    assert not list((folder / "kept").glob("*.new"))
    whole = folder / "again"
    coxswain("journal", "archive", whole, "--size-mb", "0.05", "--journal", journal, cwd=folder)
    assert sums(sorted(whole.glob("*.tar"))) == after


def test_a_checkpoint_in_a_later_segment_covers_one_that_is_not_at_hand(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("audit", "key")
    desk.run()
    desk("journal", "archive", "kept", "--size-mb", "0.005", "--journal", "j.journal")
    found = segments(desk.data)
    assert len(found) > 2
    desk("audit", "verify", "--archive", "kept", "--journal", "j.journal")
    found[0].unlink()
    told = desk("audit", "verify", "--archive", "kept", "--journal", "j.journal", "--json", code=2).json()
    assert told["segments"][0]["file"] == ""
    assert [each["problem"] for each in told["segments"]] == [None] * len(found)
    assert any(each["signed_by"] for each in told["segments"])
