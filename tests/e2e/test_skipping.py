"""An input makes the core raise, each time it comes. A person has it passed over, and trading can go on.

The bug is planted in a process of its own and stays there for every command, as it would in a version that has one:
see `raises.py`.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ExecutionReport
from coxswain.messages.record import Record
from tests.e2e.commands import COXSWAIN, LIMIT_S, Done, environment, running
from tests.e2e.journals import read_records
from tests.e2e.market import config_file, entry, lines_of, steady_quotes
from tests.e2e.test_replaying import rechain

DRIVER = Path(__file__).with_name("raises.py")
VERIFIER = Path(__file__).parents[2] / "tools" / "verify_journal.py"
RUN = ("run", "--signals", "signals.jsonl", "--journal", "j", "--quotes", "EURUSD=q.csv", "--json")
REASON = ("--reason", "reported as a bug")


def told(bug: str, *words: str | Path, cwd: Path, code: int = 0) -> Done:
    """Run a command of a version with a bug."""
    done = subprocess.run(
        [sys.executable, DRIVER, bug, *words],
        cwd=cwd,
        env=environment(cwd),
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    found = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert found.code == code, f"{words}: ended with {found.code}\n{found.out}\n{found.err}"
    return found


def desk(folder: Path) -> Path:
    config_file(folder / "coxswain.yaml", ["ann", "bob"])
    steady_quotes(folder / "q.csv", 60)
    (folder / "signals.jsonl").write_bytes(lines_of(entry("good", 1), entry("poison", 10), entry("after", 20)))
    return folder


def failed(folder: Path) -> Record:
    """Return the last record whose step raised."""
    return [record for record in read_records(folder / "j") if record.failed][-1]


def skipped(bug: str, folder: Path) -> int:
    """Run into the bug, skip what hits it, and return the record that it stands in."""
    told(bug, *RUN, cwd=folder, code=1)
    seq = failed(folder).seq
    told(bug, "journal", "skip-input", str(seq), *REASON, "--journal", "j", cwd=folder)
    return seq


def verified(folder: Path, code: int = 0) -> tuple[str, str]:
    """Return what both verifiers say."""
    ours = subprocess.run(
        [COXSWAIN, "audit", "verify", "--journal", "j"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        check=False,
    )
    theirs = subprocess.run([sys.executable, VERIFIER, "j"], cwd=folder, capture_output=True, check=False)
    assert (ours.returncode, theirs.returncode) == (code, code), (ours, theirs)
    return ours.stdout.decode(), (theirs.stdout if code == 0 else theirs.stderr).decode()


def resumed(bug: str, folder: Path) -> None:
    for account in ("ann", "bob"):
        told(bug, "resume", account, "--reason", "looked at", "--journal", "j", cwd=folder)
    told(bug, "set-mode", "FULL_AUTO", "--everything", "--reason", "looked at", "--journal", "j", cwd=folder)


@pytest.mark.parametrize("bug", ["signal", "fill", "release"])
def test_a_step_that_raises_tells_the_record_the_input_and_the_command_to_go_on(tmp_path: Path, bug: str) -> None:
    done = told(bug, *RUN, cwd=desk(tmp_path), code=1)
    record = failed(tmp_path)
    assert f"The step of record {record.seq} raised." in done.err
    assert f"coxswain journal skip-input {record.seq} --reason WHY --journal " in done.err
    assert ('"id":"poison"' if bug == "signal" else {"fill": "exec_id", "release": "|poison"}[bug]) in done.err


def test_what_raises_at_each_start_is_passed_over_once_it_is_skipped(tmp_path: Path) -> None:
    told("signal", *RUN, cwd=desk(tmp_path), code=1)
    told("signal", *RUN, cwd=tmp_path, code=1)  # the file is fed again
    seq = failed(tmp_path).seq
    done = told("signal", "journal", "skip-input", str(seq), *REASON, "--journal", "j", "--json", cwd=tmp_path).json()
    assert (done["seq"], done["input"]["signal"]["id"], done["answer"]["done"]) == (seq, "poison", True)
    assert "nothing was planned and nothing was sent for it" in done["answer"]["did"][0]
    resumed("signal", tmp_path)
    told("signal", *RUN, cwd=tmp_path)
    told("signal", *RUN, cwd=tmp_path)
    records = read_records(tmp_path / "j")
    over = [event for record in records for event in record.events if isinstance(event, ev.InputPassedOver)]
    assert {(event.seq, event.about.signal_id) for event in over} == {(seq, "poison")}
    assert len(over) == 2
    planned = {e.plan.signal_id for record in records for e in record.events if isinstance(e, ev.PlanProposed)}
    assert planned == {"good", "after"}


def test_a_skip_is_told_by_explain_by_replay_and_by_both_verifiers(tmp_path: Path) -> None:
    seq = skipped("signal", desk(tmp_path))
    why = told("signal", "explain", "poison", "--journal", "j", cwd=tmp_path).out
    assert "is skipped by" in why
    assert "reported as a bug" in why
    replayed = told("signal", "replay", "--journal", "j", "--json", cwd=tmp_path).json()
    assert (replayed["agrees"], replayed["skipped"]) == (True, [seq])
    for said in verified(tmp_path):
        assert f"skipped inputs: {seq}" in said


def test_a_fill_that_is_skipped_is_booked_by_the_next_comparison(tmp_path: Path) -> None:
    """Its venue lists it: what is passed over is one report, never the fill."""
    seq = skipped("fill", desk(tmp_path))
    answer = told("fill", "explain", failed(tmp_path).input.cl_ord_id, "--journal", "j", cwd=tmp_path).out  # type: ignore[union-attr,arg-type]
    assert "it is not booked;" in " ".join(answer.split())
    status = told("fill", "status", "--journal", "j", "--json", cwd=tmp_path).json()
    assert status["open_orders"] > 0, "the order keeps its hold"
    told("fill", *RUN, cwd=tmp_path)
    records = read_records(tmp_path / "j")
    report = records[seq - 1].input
    assert isinstance(report, ExecutionReport)
    booked = [event for record in records for event in record.events if isinstance(event, ev.OrderFilled)]
    assert [event.exec_id for event in booked].count(report.exec_id) == 1
    document = told("fill", "status", "--journal", "j", "--json", cwd=tmp_path).json()
    assert (document["breaks"], document["unknown_orders"]) == ([], [])


def test_of_time_that_passed_one_deadline_is_given_up_and_no_other(tmp_path: Path) -> None:
    skipped("release", desk(tmp_path))
    told("release", *RUN, cwd=tmp_path, code=1)  # the other account's share is due at the same moment
    seq = failed(tmp_path).seq
    told("release", "journal", "skip-input", str(seq), *REASON, "--journal", "j", cwd=tmp_path)
    resumed("release", tmp_path)
    told("release", *RUN, cwd=tmp_path)
    events = [event for record in read_records(tmp_path / "j") for event in record.events]
    given_up = [event.deadline for event in events if isinstance(event, ev.InputSkipped)]
    assert given_up == ["release|ann|poison", "release|bob|poison"]
    assert {"good", "after"} <= {event.intent.signal_id for event in events if isinstance(event, ev.OrderCreated)}
    assert told("release", "replay", "--journal", "j", "--json", cwd=tmp_path).json()["agrees"] is True


def test_what_was_taken_is_not_skipped_nor_what_this_version_takes(tmp_path: Path) -> None:
    told("signal", *RUN, cwd=desk(tmp_path), code=1)
    seq = failed(tmp_path).seq
    before = (tmp_path / "j.head").read_bytes()
    skip = ("journal", "skip-input")
    for words, sentence in (
        ((str(seq - 1), *REASON), "only an input whose step raised can be skipped"),
        ((str(seq + 1), *REASON), f"ends at record {seq}"),
        ((str(seq), "--reason", " "), "--reason is empty"),
    ):
        assert sentence in told("signal", *skip, *words, "--journal", "j", cwd=tmp_path, code=2).err
    mended = told("none", *skip, str(seq), *REASON, "--journal", "j", cwd=tmp_path, code=2)
    assert "this version takes the input" in mended.err
    assert (tmp_path / "j.head").read_bytes() == before, "a refusal writes nothing"
    told("signal", *skip, str(seq), *REASON, "--journal", "j", cwd=tmp_path)
    again = told("signal", *skip, str(seq), *REASON, "--journal", "j", cwd=tmp_path, code=2)
    assert "is passed over already" in again.err


def test_nothing_is_skipped_while_an_engine_runs(tmp_path: Path) -> None:
    told("signal", *RUN, cwd=desk(tmp_path), code=1)
    seq = failed(tmp_path).seq
    words: list[str | Path] = [COXSWAIN, "run", "--realtime", "--signals", "-", "--journal", "j"]
    with running(words, tmp_path) as engine:
        engine.wait_until(lambda: b"EngineStarted" in (tmp_path / "j-wal").read_bytes())
        done = told("signal", "journal", "skip-input", str(seq), *REASON, "--journal", "j", cwd=tmp_path, code=1)
    assert "in use by process" in done.err


def test_a_skip_that_names_another_input_is_tampering(tmp_path: Path) -> None:
    """Somebody who can write the chain anew must still name the input that stands there."""
    seq = skipped("signal", desk(tmp_path))
    named, found = _hash_in(tmp_path, seq), sha256(b"another").hexdigest().encode()
    rechain(tmp_path / "j", lambda body: body.replace(named, found), every=True)
    for said in verified(tmp_path, code=1):
        assert f"the input of record {seq}" in said


def _hash_in(folder: Path, seq: int) -> bytes:
    events = [event for record in read_records(folder / "j") for event in record.events]
    return next(event.hash for event in events if isinstance(event, ev.InputSkipped) and event.seq == seq).encode()
