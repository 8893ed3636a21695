"""`replay`: fold what was decided, decide it again, and compare. It finds what a chain alone cannot show."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from coxswain.journal.chain import Head, head_line, link, start
from tests.e2e.commands import coxswain
from tests.e2e.journals import Demo, copied


def rechain(journal: Path, edit: Callable[[bytes], bytes], every: bool = False) -> int:
    """Edit the first record that `edit` changes, or every one, and give it and all later ones the hash that now fits.

    Return its seq. The head is left as it was: whoever edits it too stands behind what only a replay finds.
    """
    with closing(sqlite3.connect(journal)) as db, db:
        (journal_id,) = db.execute("SELECT value FROM meta WHERE key = 'journal_id'").fetchone()
        previous, edited = start(journal_id).hash, 0
        for seq, body in db.execute("SELECT seq, body FROM records ORDER BY seq").fetchall():
            now = body if edited and not every else edit(body)
            if now != body and not edited:
                edited = seq
            previous = link(previous, now)
            db.execute("UPDATE records SET body = ?, hash = ? WHERE seq = ?", (now, previous, seq))
    assert edited, "the edit changed nothing"
    return edited


def fit_the_head(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as db:
        last = db.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
    journal.with_name(f"{journal.name}.head").write_bytes(head_line(Head(*last)))


def test_the_demo_replays_byte_for_byte(demo: Demo) -> None:
    screen = coxswain("replay", "--journal", demo.journal, cwd=demo.folder).out
    assert "the journal and the code agree, byte for byte" in screen
    found = coxswain("replay", "--journal", demo.journal, "--json", cwd=demo.folder).json()
    assert found["agrees"] is True
    assert found["folded_digest"] == found["stepped_digest"] == demo.done.json()["digest"]
    assert found["records"] == demo.done.json()["audit"]["records"]


def test_a_killed_journal_replays_too(killed: Path) -> None:
    assert coxswain("replay", "--journal", killed, "--json", cwd=killed.parent).json()["agrees"] is True


def test_an_edited_decision_passes_the_chain_only_with_its_head_and_the_replay_never(
    demo: Demo, tmp_path: Path
) -> None:
    journal = copied(demo.journal, tmp_path)
    seq = rechain(journal, lambda body: body.replace(b'"reason":"the books agree"', b'"reason":"somebody said so"'))
    done = coxswain("audit", "verify", "--journal", journal, cwd=tmp_path, code=1)
    assert "is not the one that its head names" in done.out
    fit_the_head(journal)
    coxswain("audit", "verify", "--journal", journal, cwd=tmp_path)
    screen = coxswain("replay", "--journal", journal, cwd=tmp_path, code=1).out
    assert f"the bytes differ first at record {seq}" in screen
    found = coxswain("replay", "--journal", journal, "--json", cwd=tmp_path, code=1).json()
    assert (found["agrees"], found["first_difference"]) == (False, seq)


def test_an_edited_input_leads_to_other_decisions(demo: Demo, tmp_path: Path) -> None:
    journal = copied(demo.journal, tmp_path)
    seq = rechain(journal, lambda body: body.replace(b'"confidence":"0.8"', b'"confidence":"0.9"', 1))
    fit_the_head(journal)
    assert coxswain("replay", "--journal", journal, "--json", cwd=tmp_path, code=1).json()["first_difference"] == seq


def test_facts_that_contradict_each_other_are_named_and_are_no_crash(demo: Demo, tmp_path: Path) -> None:
    journal = copied(demo.journal, tmp_path)
    seq = rechain(journal, lambda body: body.replace(b'"type":"OrderFilled"', b'"type":"OrderExpired"', 1))
    fit_the_head(journal)
    screen = coxswain("replay", "--journal", journal, cwd=tmp_path, code=1)
    assert f"record {seq}" in screen.out
    assert "Traceback" not in screen.err


def test_a_record_that_is_none_is_named_by_every_command(demo: Demo, tmp_path: Path) -> None:
    journal = copied(demo.journal, tmp_path)
    seq = rechain(journal, lambda body: body.replace(b'"type":"Reconciled"', b'"type":"Reconciling"', 1))
    fit_the_head(journal)
    coxswain("audit", "verify", "--journal", journal, cwd=tmp_path)
    for command in ("status", "replay"):
        done = coxswain(command, "--journal", journal, cwd=tmp_path, code=1)
        assert f"record {seq} cannot be read" in done.err
        assert "Traceback" not in done.err


# --- a journal of another version -------------------------------------------------------------------------------------


def of_another_version(journal: Path, folder: Path) -> Path:
    """Copy a journal and have it say that version 99 wrote it."""
    copy = copied(journal, folder)
    rechain(copy, lambda body: body.replace(b'"version":"', b'"version":"99.'), every=True)
    fit_the_head(copy)
    return copy


def test_a_record_of_another_version_is_folded_and_held_to_its_checkpoint(demo: Demo, tmp_path: Path) -> None:
    journal = of_another_version(demo.journal, tmp_path)
    screen = coxswain("replay", "--journal", journal, cwd=tmp_path).out
    assert "written by version 99." in screen
    assert "1 checkpoint compared with the fold" in screen
    assert "agree" in screen
    found = coxswain("replay", "--journal", journal, "--json", cwd=tmp_path).json()
    assert (found["agrees"], found["checkpoints"], found["stepped_digest"]) == (True, 1, None)


def test_across_versions_a_fold_that_differs_from_its_checkpoint_does_not_agree(demo: Demo, tmp_path: Path) -> None:
    journal = of_another_version(demo.journal, tmp_path)
    rechain(journal, lambda body: body.replace(b'"day":"2026-', b'"day":"2025-'))
    fit_the_head(journal)
    screen = coxswain("replay", "--journal", journal, cwd=tmp_path, code=1).out
    assert "they do NOT agree" in screen
    found = coxswain("replay", "--journal", journal, "--json", cwd=tmp_path, code=1).json()
    assert (found["agrees"], found["checkpoint_difference"]) == (False, found["records"])


def test_across_versions_without_a_checkpoint_nothing_was_compared_and_nothing_agrees(
    killed: Path, tmp_path: Path
) -> None:
    journal = of_another_version(killed, tmp_path)
    screen = coxswain("replay", "--journal", journal, cwd=tmp_path).out
    assert "nothing could be compared" in screen
    assert "agree" not in screen
    found = coxswain("replay", "--journal", journal, "--json", cwd=tmp_path).json()
    assert (found["agrees"], found["checkpoints"]) == (None, 0)


def test_in_one_version_the_checkpoint_is_compared_too(demo: Demo) -> None:
    found = coxswain("replay", "--journal", demo.journal, "--json", cwd=demo.folder).json()
    assert (found["checkpoints"], found["checkpoint_difference"]) == (1, None)
