"""Tamper with a real journal in many ways, and let two verifiers that share no code judge: `make tamper N=10000`.

    python -m tools.tamper [N] [SEED]

The journal is that of the demo, signed as it grows. Each tampering works on a copy, with a draw of its own, so that
the same seed repeats all. Who tampers has every file beside the journal and can make chain, head and
checkpoints fit again; the key, and the checkpoint that was seen last, are elsewhere. What is no tampering at all - a
bit that no record is stored in - is counted apart, and must then be shown to have changed no record.
"""

import contextlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature

from coxswain.app import exits
from coxswain.journal.checkpoints import Checkpoint, Trust, origin_of, parse, seen_path, trust_of
from coxswain.journal.errors import JournalUnreadable
from coxswain.journal.merkle import Tree
from coxswain.journal.notes import ED25519, SigningKey
from coxswain.journal.signing import Key, Signer, make_key
from coxswain.journal.store import Journal, Reader
from coxswain.journal.verify import verify
from coxswain.model.vocabulary import JournalId
from tools import verify_journal

SIGNED_EVERY = (1, 120)
"""Records between two checkpoints are drawn from this range."""
PART = 100
"""Tamperings that one process does in a row."""
FILES = ("", ".head", ".checkpoints", ".tree")


class Original(NamedTuple):
    path: Path
    key: Path
    verifier: str
    """Its public half."""
    size: int
    older: tuple[Path, ...]
    """Copies that were made while it grew."""
    seen: str
    """The newest checkpoint, as somebody else has kept it."""


Row = tuple[int, bytes, bytes]
Tampering = Callable[[random.Random, Path, Original], None]


# --- the journal ------------------------------------------------------------------------------------------------------


def demo_bodies(folder: Path) -> tuple[JournalId, list[bytes]]:
    """Run the demo, and return what its journal holds."""
    demo = folder / "demo" / "demo.journal"
    demo.parent.mkdir()
    command = [sys.executable, "-c", "from coxswain.app.cli import main; main()", "demo", "--journal", str(demo)]
    subprocess.run(command, check=True, capture_output=True)
    with Reader(demo) as reader:
        return reader.journal_id, [body for _, body in reader.read()]


def original(folder: Path) -> Original:
    """Write the journal of the demo once more as an engine with a key does: signed while it grows."""
    return grown(folder, *demo_bodies(folder))


def grown(folder: Path, journal_id: JournalId, bodies: list[bytes]) -> Original:
    key_path = folder / "keys" / "checkpoint.key"
    key = Key(key_path, make_key(key_path, "engine.example", ED25519))
    path = folder / "journal" / "j.journal"
    path.parent.mkdir()
    draw, older, at = random.Random(0), list[Path](), 0
    while at < len(bodies):
        with Journal.open(path) if path.exists() else Journal.create(path, journal_id) as journal:
            signer = Signer(journal, key, print)
            group = bodies[at : at + draw.randint(*SIGNED_EVERY)]
            journal.append(group)
            at += len(group)
            signer.sign(at)
        if at < len(bodies):
            older.append(copied(path, folder / f"older-{len(older)}"))
    return Original(
        path,
        key_path,
        str(key.signing.verifier),
        len(bodies),
        tuple(older),
        seen_path(key_path, journal_id).read_text(),
    )


def copied(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for suffix in FILES:
        shutil.copyfile(f"{path}{suffix}", folder / f"{path.name}{suffix}")
    return folder / path.name


# --- what is done to it -----------------------------------------------------------------------------------------------


def rows_of(path: Path) -> list[Row]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT seq, body, hash FROM records ORDER BY seq").fetchall()


def write(path: Path, rows: list[Row]) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("BEGIN")
        db.execute("DELETE FROM records")
        db.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
        db.execute("COMMIT")


def chained(path: Path, bodies: list[bytes]) -> None:
    """Write other bodies with a chain and a head that fit them, as somebody does who can edit both."""
    with Reader(path) as reader:
        last = reader.hash_at(0) or b""
    rows = []
    for seq, body in enumerate(bodies, start=1):
        last = sha256(last + body).digest()
        rows.append((seq, body, last))
    write(path, rows)
    beside(path, ".head").write_bytes(b"%020d %s\n" % (len(rows), last.hex().encode()))


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def flip_stored(draw: random.Random, path: Path, of: Original) -> None:
    """One bit of a body or a hash, in the file itself."""
    _, body, found = draw.choice(rows_of(path))
    part = draw.choice((body[:200], found))  # a long body goes on elsewhere
    content = bytearray(path.read_bytes())
    at = content.index(part) + draw.randrange(len(part))
    content[at] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def flip_anywhere(draw: random.Random, path: Path, of: Original) -> None:
    """One bit anywhere in one of the files."""
    file = beside(path, draw.choice(("", "", "", ".head", ".checkpoints")))
    content = bytearray(file.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    file.write_bytes(content)


def delete(draw: random.Random, path: Path, of: Original) -> None:
    rows = rows_of(path)
    at = draw.randrange(len(rows))
    write(path, rows[:at] + rows[at + draw.randint(1, 5) :])


def insert(draw: random.Random, path: Path, of: Original) -> None:
    rows = rows_of(path)
    at = draw.randint(0, len(rows))
    _, body, found = draw.choice(rows)
    moved = [(other + 1, *rest) for other, *rest in rows[at:]]
    write(path, [*rows[:at], (at + 1, body, found), *moved])  # type: ignore[list-item]


def swap(draw: random.Random, path: Path, of: Original) -> None:
    rows = rows_of(path)
    one, other = draw.sample(range(len(rows)), 2)
    rows[one], rows[other] = (one + 1, *rows[other][1:]), (other + 1, *rows[one][1:])
    write(path, rows)


def cut(draw: random.Random, path: Path, of: Original) -> None:
    """Cut the tail off, and leave the head."""
    write(path, rows_of(path)[: draw.randrange(of.size)])


def cut_and_rewrite(draw: random.Random, path: Path, of: Original) -> None:
    """Cut the tail off and write the head that fits; sometimes the checkpoints, too."""
    left = draw.randrange(of.size)
    chained(path, [body for _, body, _ in rows_of(path)[:left]])
    drop_checkpoints(draw, path, left)


def rewrite(draw: random.Random, path: Path, of: Original) -> None:
    """Edit, take out, put in or exchange records, and make chain and head fit; sometimes the checkpoints, too."""
    bodies = [body for _, body, _ in rows_of(path)]
    at = draw.randrange(len(bodies) - 1)
    match draw.randrange(4):
        case 0:
            digit = draw.choice([place for place, byte in enumerate(bodies[at]) if chr(byte).isdigit()])
            other = draw.choice([each for each in b"0123456789" if each != bodies[at][digit]])
            bodies[at] = bodies[at][:digit] + bytes([other]) + bodies[at][digit + 1 :]
        case 1:
            del bodies[at]
        case 2:
            bodies.insert(at, draw.choice(bodies))
        case _:
            bodies[at], bodies[at + 1] = bodies[at + 1], bodies[at]
    chained(path, bodies)
    drop_checkpoints(draw, path, at)


def drop_checkpoints(draw: random.Random, path: Path, until: int) -> None:
    """Take away those that would tell, all of them, or none."""
    how = draw.randrange(3)
    whole = beside(path, ".checkpoints").read_text().split("\n\n")
    notes = [f"{text}\n\n{line}\n\n" for text, line in zip(whole[::2], whole[1::2], strict=False)]
    if how == 1:
        beside(path, ".checkpoints").write_text("".join(n for n in notes if int(n.split("\n")[1]) <= until))
    elif how == 2:
        beside(path, ".checkpoints").unlink()
        beside(path, ".tree").unlink()


def sign_as_another(draw: random.Random, path: Path, of: Original) -> None:
    """Rewrite history and sign it, with a key of one's own that has the same name."""
    rewrite(draw, path, of)
    with Reader(path) as reader:
        tree, origin = Tree(reader.hashes(1)), origin_of(reader.journal_id)
    stranger = SigningKey("engine.example", ED25519, draw.randbytes(32))
    text = Checkpoint(origin, tree.size, tree.root()).text
    beside(path, ".checkpoints").write_text(f"{text}\n{stranger.sign(text)}\n")


def roll_back(draw: random.Random, path: Path, of: Original) -> None:
    """Put an older copy in the place of the journal: with its head, and with or without its checkpoints."""
    older = draw.choice(of.older)
    for suffix in FILES if draw.randrange(2) else FILES[:2]:
        shutil.copyfile(f"{older}{suffix}", f"{path}{suffix}")


KINDS: dict[str, Tampering] = {
    "flip a bit of a record": flip_stored,
    "flip a bit of a file": flip_anywhere,
    "delete records": delete,
    "insert a record": insert,
    "swap two records": swap,
    "cut the tail": cut,
    "cut the tail, rewrite the head": cut_and_rewrite,
    "rewrite chain and head": rewrite,
    "rewrite and sign with another key": sign_as_another,
    "roll back to an older copy": roll_back,
}


# --- who looks at it --------------------------------------------------------------------------------------------------


def ours(path: Path, of: Original) -> int:
    """Return the exit code of `coxswain audit verify`."""

    def known(journal_id: JournalId) -> Trust:
        return trust_of(of.key, journal_id)._replace(seen=parse(of.seen), demands=True)

    try:
        return exits.OK if verify(path, known).ok else exits.TAMPERED
    except JournalUnreadable:
        return exits.UNREADABLE


def theirs(path: Path, of: Original) -> int:
    """Return the exit code of the verifier that shares no code."""
    try:
        verify_journal.verify_journal(path, verify_journal.read_keys([of.verifier]), of.seen)
    except (AssertionError, InvalidSignature):
        return exits.TAMPERED
    except verify_journal.UNREADABLE:
        return exits.UNREADABLE
    return exits.OK


class Outcome(NamedTuple):
    seed: str
    kind: str
    ours: int
    theirs: int
    is_unchanged: bool
    """Nothing that a journal says is another."""

    @property
    def is_caught(self) -> bool:
        return self.ours != exits.OK

    @property
    def is_well(self) -> bool:
        """Both say the same, and what they let pass was no tampering."""
        return self.ours == self.theirs and (self.is_caught or self.is_unchanged)


def tamper(of: Original, seed: str, number: int, scratch: Path) -> Outcome:
    """Do one thing to a copy, and have both look at it."""
    kind = tuple(KINDS)[number % len(KINDS)]
    path = copied(of.path, scratch)
    for suffix in ("-wal", "-shm"):
        beside(path, suffix).unlink(missing_ok=True)
    KINDS[kind](random.Random(f"{seed}:{number}"), path, of)
    found, other = ours(path, of), theirs(path, of)
    is_unchanged = exits.OK in (found, other) and said(path) == said(of.path)
    return Outcome(f"{seed}:{number}", kind, found, other, is_unchanged)


def said(path: Path) -> object:
    """Return all that a journal says: its rows, its name, its head, its checkpoints."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        meta = db.execute("SELECT key, value FROM meta ORDER BY key").fetchall()
    return rows_of(path), meta, [beside(path, suffix).read_bytes() for suffix in (".head", ".checkpoints")]


def campaign(of: Original, seed: str, numbers: range, scratch: Path) -> list[Outcome]:
    return [tamper(of, seed, number, scratch) for number in numbers]


def main(count: int, seed: str) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="coxswain-tamper-") as folder:
        of = original(Path(folder))
        assert (ours(of.path, of), theirs(of.path, of)) == (exits.OK, exits.OK)
        parts = [range(at, min(at + PART, count)) for at in range(0, count, PART)]
        with ProcessPoolExecutor() as pool:
            scratches = [Path(folder) / f"scratch-{part.start}" for part in parts]
            done = pool.map(partial(campaign, of, seed), parts, scratches)
            outcomes = [outcome for part in done for outcome in part]
    print(f"{count} tamperings with a journal of {of.size} records, seed {seed}, {time.monotonic() - began:.0f} s")
    print(f"{'':34} {'done':>6} {'tampered':>9} {'unreadable':>11} {'nothing changed':>16} {'missed':>7}")
    for kind in KINDS:
        its = [outcome for outcome in outcomes if outcome.kind == kind]
        codes = Counter(outcome.ours for outcome in its)
        same = sum(1 for outcome in its if not outcome.is_caught and outcome.is_unchanged)
        missed = sum(1 for outcome in its if not outcome.is_caught and not outcome.is_unchanged)
        print(f"{kind:34} {len(its):6} {codes[1]:9} {codes[2]:11} {same:16} {missed:7}")
    apart = [outcome for outcome in outcomes if outcome.ours != outcome.theirs]
    print(f"the two verifiers disagree on {len(apart)}")
    bad = [outcome for outcome in outcomes if not outcome.is_well]
    for outcome in bad[:20]:
        print(f"NOT CAUGHT, OR NOT AGREED ON: {outcome}")
    return exits.ERROR if bad else exits.OK


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(int(given[0]) if given else 200, given[1] if len(given) > 1 else "1"))
