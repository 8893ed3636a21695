"""How long a start takes after a long history, and what it keeps in memory: with a snapshot and without.

    python -m bench.restart [ORDERS]

A journal of this many orders is written, three records each, none of them on the way at the end. Then each kind of
start is made in a process of its own, by turns, and prints what it took. Nothing of it goes through a venue.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.desk import Bench, account_id
from coxswain import __version__
from coxswain.journal.store import Journal
from coxswain.messages.record import encode
from coxswain.model.vocabulary import JournalId
from coxswain.runtime.archive import Archive
from coxswain.runtime.egress import Guard
from coxswain.runtime.facts import facts_of
from coxswain.runtime.recovery import recover
from coxswain.runtime.snapshots import Snapshots, snapshot_path

ORDERS = 100_000
ACCOUNTS = 6
ROUNDS = 3
GROUP = 1_000
DAY_NS = 86_400 * 10**9
"""The history is of one day."""
JOURNAL = JournalId("bench0123456789")


class Start(NamedTuple):
    seconds: float
    cpu_seconds: float
    bytes: int
    snapshot_seq: int
    digest: str


def write(path: Path, orders: int) -> int:
    """Write the journal and its snapshot; return how many records there are."""
    waiting: list[bytes] = []
    with Journal.create(path, JOURNAL) as journal:

        def sink(body: bytes) -> None:
            waiting.append(body)
            if len(waiting) >= GROUP:
                journal.append(waiting)
                waiting.clear()

        bench = Bench(ACCOUNTS, sink=sink)
        for number in range(orders):
            bench.pass_time(DAY_NS // orders)
            bench.order(account_id(number % ACCOUNTS))
        journal.append(waiting)
        guard, archive = Guard(), Archive(journal)
        for body, facts in facts_of(journal.read()):
            guard.note(body)
            archive.take(facts.seq, facts.events)
        snapshots = Snapshots(path, __version__, bench.engine, guard, archive, None, print, 0, waits=True)
        snapshots.begin(journal.head)
        note = snapshots.ready()
        assert note is not None
        journal.append([encode(bench.engine.step(note, bench.now_ns))])
        snapshots.adopt()
        return journal.head.seq


def start(path: Path) -> None:
    """Start as an engine does, and print seconds by the clock and of the processor, and the memory that is kept."""
    before_bytes = resident_bytes()
    began_s, cpu_s = time.perf_counter(), time.process_time()
    with Journal.open(path) as journal:
        found = recover(journal, __version__, lambda sentence: print(sentence, file=sys.stderr))
    took_s, worked_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    held = resident_bytes() - before_bytes
    print(json.dumps([took_s, worked_s, held, found.snapshot_seq, found.engine.digest()]))


def resident_bytes() -> int:
    """Return what this process holds in memory. Linux only."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def started(path: Path) -> Start:
    done = subprocess.run(
        [sys.executable, "-m", "bench.restart", "start", str(path)], capture_output=True, text=True, check=True
    )
    return Start(*json.loads(done.stdout))


def main(orders: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.journal"
        records = write(path, orders)
        snapshot, aside = snapshot_path(path), Path(folder) / "aside"
        size = snapshot.stat().st_size
        print(f"{orders:,} orders, {records:,} records, snapshot of {size:,} bytes, load {os.getloadavg()[0]:.1f}")
        rounds: dict[str, list[Start]] = {"snapshot": [], "whole": []}
        for _ in range(ROUNDS):
            rounds["snapshot"].append(started(path))
            snapshot.rename(aside)
            rounds["whole"].append(started(path))
            aside.rename(snapshot)
        assert len({each.digest for both in rounds.values() for each in both}) == 1, "the digests differ"
        for name, each in rounds.items():
            assert all((one.snapshot_seq > 0) is (name == "snapshot") for one in each)
            took = statistics.median(one.seconds for one in each)
            worked = statistics.median(one.cpu_seconds for one in each)
            held = statistics.median(one.bytes for one in each)
            line: dict[str, object] = {
                "name": f"start, {name}",
                "orders": orders,
                "records": records,
                "seconds": round(took, 2),
            }
            line |= {"cpu_seconds": round(worked, 2), "bytes": int(held), "per_order": int(held / orders)}
            line |= {"cpu_us_a_record": round(worked / records * 1e6, 1), "load": round(os.getloadavg()[0], 1)}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["start"]:
        start(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else ORDERS)
