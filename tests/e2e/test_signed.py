"""A journal that is signed, as a user has it: keys, checkpoints, proofs, an archive, and a witness on another machine.

What stands here is also checked by the verifier that shares no code, as a command of its own.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coxswain.journal.store import Reader
from coxswain.messages.record import encode
from coxswain.messages.requests import NewOrder
from tests.e2e.commands import Done, coxswain
from tests.e2e.journals import Demo, copied, read_records
from tests.e2e.market import config_file, entry, lines_of, steady_quotes
from tools import tamper, verify_journal
from tools.tamper import KINDS, Original

TAMPERINGS = 200
VERIFIER = Path(verify_journal.__file__)


class Desk:
    """One user with a key of his own and a journal in another folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        self.env = {"XDG_CONFIG_HOME": str(folder / "config")}
        self.key = folder / "config" / "coxswain" / "checkpoint.key"

    def __call__(self, *words: str | Path, code: int = 0, stdin: bytes = b"") -> Done:
        return coxswain(*words, cwd=self.data, code=code, env=self.env, stdin=stdin)

    def run(self, *words: str | Path, more: str = "", code: int = 0) -> Done:
        """Run two minutes of a quiet market; there is one signal in them."""
        config = config_file(self.folder / "config.yaml", ["alpha", "bravo"])
        config.write_text(config.read_text() + more)
        quotes = steady_quotes(self.folder / "quotes.csv", 120)
        told = (
            "--config",
            config,
            "--quotes",
            f"EURUSD={quotes}",
            "--journal",
            "j.journal",
            "--signals",
            "-",
            "--json",
        )
        return self("run", *told, *words, code=code, stdin=lines_of(entry("s1", 5)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made("audit", "key", "--name", "engine.example")
    return made


def independent(*words: str | Path, code: int = 0) -> str:
    done = subprocess.run([sys.executable, "-I", VERIFIER, *words], capture_output=True, check=False, text=True)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def signed(desk: Desk, demo: Demo) -> Path:
    """The journal of the demo, signed afterwards."""
    journal = copied(demo.journal, desk.data / "copy")
    desk("audit", "checkpoint", "--journal", journal)
    return journal


# --- an engine that signs ---------------------------------------------------------------------------------------------


def test_a_run_is_signed_as_it_goes_and_at_its_end(desk: Desk) -> None:
    desk.run()
    desk.run()
    found = desk("audit", "verify", "--journal", "j.journal", "--json").json()
    assert found["ok"]
    assert found["checkpoints"] > 3
    assert found["signed_records"] == found["records"] == len(read_records(desk.data / "j.journal"))
    assert found["signed_by"] == ["engine.example"]
    assert independent(desk.data / "j.journal", "--key", f"{desk.key}.pub").startswith(str(desk.data))


def test_without_a_key_the_engine_runs_and_what_looks_at_it_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.run()
    assert "no key signs this journal" in desk("status", "--journal", "j.journal").out.replace("\n", " ")
    checked = desk("config", "check", "--config", tmp_path / "config.yaml", "--json").json()
    assert [each for each in checked["warnings"] if "no key signs the journal" in each]
    assert "could have rewritten it" in desk("audit", "verify", "--journal", "j.journal").out
    assert "no key signs it" in desk("audit", "checkpoint", "--journal", "j.journal", code=1).err


def test_a_key_in_the_folder_of_the_journal_keeps_the_engine_from_starting(desk: Desk) -> None:
    coxswain("audit", "key", "--out", desk.data / "keys" / "mine", cwd=desk.data)
    done = desk.run(more="checkpoints: {key: data/keys/mine}\n", code=4)
    assert "is in the folder of" in done.err
    assert not (desk.data / "j.journal").exists()


def test_a_key_that_is_named_and_not_there_keeps_the_engine_from_starting(desk: Desk) -> None:
    done = desk.run(more="checkpoints: {key: nowhere/mine}\n", code=4)
    assert "coxswain audit key" in done.err
    assert not (desk.data / "j.journal").exists()


def test_an_engine_does_not_start_on_a_journal_that_lost_what_was_signed(desk: Desk) -> None:
    desk.run()
    older = copied(desk.data / "j.journal", desk.folder / "older")
    desk.run()
    lost = len(read_records(older)) + 1
    for suffix in tamper.FILES:
        (desk.data / f"j.journal{suffix}").write_bytes((older.parent / f"j.journal{suffix}").read_bytes())
    assert coxswain("audit", "verify", "--journal", "j.journal", cwd=desk.data).code == 0, "whole, and old"
    assert f"first bad record {lost}" in desk("audit", "verify", "--journal", "j.journal", code=1).out
    assert "its tail is gone, or it is an old copy" in desk.run(code=1).err


# --- keys, proofs, archives -------------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_then_shown(desk: Desk) -> None:
    first, again = (desk("audit", "key", "--json").json() for _ in range(2))
    assert (first, first["made"]) == (again, False)
    assert desk("audit", "key").out == f"{first['key']}\n"
    assert desk.key.read_text().startswith("PRIVATE+KEY+engine.example+")
    assert desk.key.stat().st_mode & 0o777 == 0o600
    assert "one word without +" in desk("audit", "key", "--out", "k", "--name", "a b", code=2).err


def test_an_order_is_proved_to_somebody_who_has_neither_journal_nor_coxswain(desk: Desk, signed: Path) -> None:
    sent = (request for record in read_records(signed) for request in record.requests)
    order = next(request.cl_ord_id for request in sent if isinstance(request, NewOrder))
    proof = desk("audit", "prove", order, "--journal", signed, "--json").json()
    naming = [record.seq for record in read_records(signed) if f'"{order}"'.encode() in encode(record)]
    assert [each["seq"] for each in proof["records"]] == naming
    assert proof["unsigned"] == []
    file = desk.folder / "proof.json"
    file.write_text(json.dumps(proof))
    assert f"{len(naming)} records are among" in independent("--proof", file, "--key", f"{desk.key}.pub")
    for field, bent in (("seq", naming[0] + 1), ("body", "{}"), ("path", proof["records"][0]["path"][:-1])):
        file.write_text(json.dumps({**proof, "records": [{**proof["records"][0], field: bent}]}))
        independent("--proof", file, "--key", f"{desk.key}.pub", code=1)
    assert "no record of" in desk("audit", "prove", "nothing", "--journal", signed, code=1).err


def test_what_came_after_the_newest_checkpoint_is_named_as_not_proved(desk: Desk, signed: Path) -> None:
    desk("pause", "--everything", "--reason", "lunch-break", "--journal", signed)
    proof = desk("audit", "prove", "lunch-break", "--journal", signed, "--json").json()
    assert (proof["records"], proof["unsigned"]) == ([], [len(read_records(signed))])


def test_an_archive_is_verified_on_its_own(desk: Desk, signed: Path) -> None:
    archive = desk.folder / "a.tar"
    desk("audit", "export", archive, "--journal", signed)
    assert f"{len(read_records(signed))} records" in independent(archive, "--key", f"{desk.key}.pub")
    content = archive.read_bytes()
    body = content.index(b"SubmitSignal")
    archive.write_bytes(content[:body] + b"s" + content[body + 1 :])
    independent(archive, "--key", f"{desk.key}.pub", code=1)
    archive.write_bytes(content[:600])
    independent(archive, "--key", f"{desk.key}.pub", code=2)
    assert "exists already" in desk("audit", "export", archive, "--journal", signed, code=2).err
    assert "ends in .tar" in desk("audit", "export", "a.zip", "--journal", signed, code=2).err


# --- the witness ------------------------------------------------------------------------------------------------------


def test_a_witness_co_signs_what_goes_on_and_refuses_what_does_not(desk: Desk, signed: Path) -> None:
    away = desk.folder / "away"
    away.mkdir()
    coxswain("audit", "key", "--out", "w.key", "--witness", "--name", "witness.example", cwd=away)
    older = copied(signed, desk.folder / "older")

    def ask(said: Done, *words: str | Path, code: int = 0) -> Any:
        told = ("--key", "w.key", "--state", "seen", "--trust", f"{desk.key}.pub", "--json", *words, "-")
        return coxswain("audit", "witness", *told, cwd=away, code=code, stdin=said.out.encode()).json()

    first = desk("audit", "checkpoint", "--journal", signed)
    size = ask(first)["size"]
    desk("pause", "--everything", "--reason", "x", "--journal", signed)
    alone = desk("audit", "checkpoint", "--journal", signed)
    assert "--since" in ask(alone, code=2)["problem"]
    assert ask(alone, "--journal", signed)["size"] == size + 1, "with the journal at hand it makes the proof itself"
    desk("resume", "--everything", "--reason", "x", "--journal", signed)
    later = ask(desk("audit", "checkpoint", "--journal", signed, "--since", str(size + 1)))
    assert later["note"].count("\N{EM DASH} ") == 2
    assert "has seen" in ask(first, code=1)["problem"]
    seen = desk.key.with_name("checkpoint.key.seen")
    for each in seen.iterdir():
        each.unlink()  # somebody who holds the key can also forget; the witness does not
    for scope in ("alder", "birch"):
        desk("pause", scope, "--reason", "another past", "--journal", older)
    forged = desk("audit", "checkpoint", "--journal", older, "--since", str(size + 2))
    assert "another journal" in ask(forged, code=1)["problem"]


def test_a_witness_has_a_key_of_its_own(desk: Desk, signed: Path) -> None:
    told = ("--key", desk.key, "--state", "seen", "--trust", f"{desk.key}.pub", "-")
    said = desk("audit", "checkpoint", "--journal", signed).out.encode()
    assert "is of an engine" in desk("audit", "witness", *told, code=2, stdin=said).err


# --- the campaign -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def original(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Original:
    records = [encode(record) for record in read_records(demo.journal)]
    with Reader(demo.journal) as reader:
        return tamper.grown(tmp_path_factory.mktemp("tamper"), reader.journal_id, records)


def test_both_verifiers_pass_what_nobody_touched(original: Original) -> None:
    assert (tamper.ours(original.path, original), tamper.theirs(original.path, original)) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_both_verifiers_notice(kind: str, original: Original, tmp_path: Path) -> None:
    of_kind = range(tuple(KINDS).index(kind), TAMPERINGS, len(KINDS))
    outcomes = [tamper.tamper(original, "tests", number, tmp_path / "copy") for number in of_kind]
    assert [outcome for outcome in outcomes if not outcome.is_well] == []
    assert sum(outcome.is_caught for outcome in outcomes) >= (len(of_kind) if "of a file" not in kind else 1)


def test_the_independent_verifier_is_short_and_knows_nothing_of_the_engine() -> None:
    text = VERIFIER.read_text()
    assert len(text.splitlines()) <= 150
    tree = ast.walk(ast.parse(text))
    named = [node.module or "" for node in tree if isinstance(node, ast.ImportFrom)]
    named += [each.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for each in node.names]
    assert named
    assert not [each for each in named if each.startswith(("coxswain", "tools", "tests"))]
