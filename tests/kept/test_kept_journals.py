"""What releases wrote is read for ever: each kept journal folds to its kept digest, verifies, and explains itself.

A folder for each format holds a journal of the demo and the fields that records had then (`tools/kept.py` writes both,
once). A change of a kept field fails here: add a field with a default instead, or a step to `messages/upcast.py`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from coxswain.journal.store import Reader
from coxswain.messages import upcast
from coxswain.messages.events import OrderFilled
from coxswain.messages.inputs import TimePassed
from coxswain.messages.record import Record, decode, encode
from coxswain.runtime.facts import facts_of
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.records import RecordUnreadable, decoded
from tests.e2e.commands import coxswain
from tools.kept import FIELDS, JOURNAL, fields

HERE = Path(__file__).parent
VERIFIER = HERE.parents[1] / "tools" / "verify_journal.py"
DIGESTS = {"format-1": "544412efdad95c7fcf334cea6675a20bfc0df7902f8ef47e8813e17f7770ea65"}
"""What each kept journal folds to, as the version that wrote it said."""
FORMATS = sorted(path.name for path in HERE.glob("format-*"))


@pytest.fixture(params=FORMATS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A copy of a kept journal, and its format."""
    name: str = request.param
    for file in (HERE / name).glob(f"{JOURNAL}*"):
        shutil.copy(file, tmp_path)
    return name, tmp_path / JOURNAL


def test_there_is_a_kept_journal_of_every_format_and_no_other() -> None:
    assert [f"format-{number}" for number in range(1, upcast.newest() + 1)] == FORMATS == sorted(DIGESTS)


def test_a_kept_journal_folds_to_its_kept_digest_both_ways(kept: tuple[str, Path]) -> None:
    name, journal = kept
    by_records, by_facts = make_engine(), make_engine()
    with Reader(journal) as reader:
        for _, record in decoded(reader.read()):
            by_records.fold(record)
        for _, facts in facts_of(reader.read()):
            by_facts.fold_facts(*facts)
    assert by_records.digest() == by_facts.digest() == DIGESTS[name]


def test_a_kept_journal_verifies_with_both_verifiers(kept: tuple[str, Path]) -> None:
    _, journal = kept
    coxswain("audit", "verify", "--journal", journal, cwd=journal.parent)
    done = subprocess.run([sys.executable, VERIFIER, journal], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_a_kept_journal_is_explained_and_its_clean_end_says_the_digest_of_the_fold(kept: tuple[str, Path]) -> None:
    _, journal = kept
    with Reader(journal) as reader:
        records = [record for _, record in decoded(reader.read())]
    filled = next(event for record in records for event in record.events if isinstance(event, OrderFilled))
    told = coxswain("explain", filled.cl_ord_id, "--journal", journal, "--json", cwd=journal.parent).json()
    assert (told["kind"], told["id"]) == ("order", filled.cl_ord_id)
    assert told["timeline"]
    replayed = coxswain("replay", "--journal", journal, "--json", cwd=journal.parent).json()
    assert replayed["checkpoints"] > 0
    assert replayed["checkpoint_difference"] is None


def reads(was: str, now: str | None) -> bool:
    """Say if a field still takes what it took: its default is the same, and its type the same or a wider one."""
    kind, _, default = was.partition(" = ")
    kind_now, _, default_now = (now or "").partition(" = ")
    return now is not None and default == default_now and set(kind.split(" | ")) <= set(kind_now.split(" | "))


@pytest.mark.parametrize("name", FORMATS)
def test_fields_are_only_ever_added_with_defaults_and_none_changes_its_type(name: str) -> None:
    now = fields()
    for kind, then in json.loads((HERE / name / FIELDS).read_text()).items():
        assert kind in now, (
            f"{kind} was written by {name} and is gone: its name is never used again, its bytes are read"
        )
        changed = {
            field: (was, now[kind].get(field)) for field, was in then.items() if not reads(was, now[kind].get(field))
        }
        assert changed == {}, f"{kind} of {name} changed (as it was, as it is): add an upcaster to messages/upcast.py"
        added = {field: told for field, told in now[kind].items() if field not in then}
        bare = [field for field, told in added.items() if told and " = " not in told]
        assert bare == [], f"{kind} has new fields without a default: what {name} wrote cannot be read"


@pytest.mark.parametrize(
    ("was", "now", "well"),
    [
        ("int", "int", True),
        ("int = 0", "int = 0", True),
        ("int", "Decimal | int", True),
        ("Decimal | int", "int", False),
        ("int", "str", False),
        ("int = 0", "int = 1", False),
        ("int", None, False),
    ],
)
def test_a_kept_field_may_take_more_and_nothing_else(was: str, now: str | None, well: bool) -> None:
    assert reads(was, now) is well


def test_what_is_written_now_says_the_newest_format() -> None:
    assert upcast.format_of(encode(Record(1, 1, TimePassed()))) == upcast.newest()


def test_a_record_of_a_later_version_is_refused_and_not_read_in_part() -> None:
    later = encode(Record(1, 1, TimePassed()))[:-1] + b',"format":%d}' % (upcast.newest() + 1)
    with pytest.raises(msgspec.ValidationError, match=r"its format is \d+, and this version reads up to"):
        decode(later)
    for read in (decoded, facts_of):
        with pytest.raises(RecordUnreadable, match="record 1 cannot be read by this version"):
            list(read([(1, later)]))


def test_a_number_at_the_end_of_an_input_is_not_taken_for_a_format() -> None:
    assert upcast.format_of(b'{"seq":1,"now_ns":1,"input":{"type":"X","format":7}}') == 1


def test_a_step_brings_an_old_record_to_the_present_form_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the time of a record had been written in seconds once."""

    def seconds_become_nanoseconds(body: bytes) -> bytes:
        told = msgspec.json.decode(body, type=dict[str, object])
        moved = {name.replace("now_s", "now_ns"): value for name, value in told.items()}
        return msgspec.json.encode({**moved, "now_ns": int(str(moved["now_ns"])) * 1_000_000_000, "format": 2})

    monkeypatch.setattr(upcast, "STEPS", (seconds_become_nanoseconds,))
    old = b'{"seq":1,"now_s":7,"input":{"type":"TimePassed"}}'
    new = b'{"seq":1,"now_ns":7000000000,"input":{"type":"TimePassed"},"format":2}'
    assert [record.now_ns for _, record in decoded([(1, old), (2, new)])] == [7_000_000_000] * 2
    assert [facts.now_ns for _, facts in facts_of([(1, old), (2, new)])] == [7_000_000_000] * 2
