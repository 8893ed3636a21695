"""How long a journal takes to verify: python -m bench.journal [RECORDS]

The journal has the bodies of the demo over and over, and is signed every 1,000 records, as an engine does it. Measured
by the clock, once: `audit verify`, the verifier that shares no code, and what a start looks at. One JSON line each.
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from coxswain.journal.checkpoints import check_newest, seen_path, trust_of
from coxswain.journal.notes import ED25519
from coxswain.journal.signing import RECORDS, Key, Signer, make_key
from coxswain.journal.store import Journal, Reader
from coxswain.journal.verify import verify
from coxswain.model.vocabulary import JournalId
from tools import verify_journal
from tools.tamper import demo_bodies

GROUP = 500
"""Records in one commit: how a journal came to be does not matter to whoever verifies it."""
JOURNAL = JournalId("bench000bench000")


def made(folder: Path, records: int) -> tuple[Path, Key]:
    _, of_demo = demo_bodies(folder)
    bodies = cycle(of_demo)
    path = folder / "keys" / "checkpoint.key"
    key = Key(path, make_key(path, "bench.example", ED25519))
    (folder / "journal").mkdir()
    with Journal.create(folder / "journal" / "bench.journal", JOURNAL) as journal:
        signer = Signer(journal, key, print)
        while journal.head.seq < records:
            journal.append(list(islice(bodies, min(GROUP, records - journal.head.seq))))
            if journal.head.seq % RECORDS == 0:
                signer.sign(0)
        signer.sign(0)
    return folder / "journal" / "bench.journal", key


def measure(name: str, records: int, once: Callable[[], object]) -> None:
    processor_s, clock_s = time.process_time(), time.perf_counter()
    once()
    line = {
        "name": name,
        "records": records,
        "clock_s": round(time.perf_counter() - clock_s, 2),
        "processor_s": round(time.process_time() - processor_s, 2),
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2),
    }
    print(json.dumps(line), flush=True)


def main(records: int) -> None:
    with tempfile.TemporaryDirectory(prefix="coxswain-bench-", dir=".") as folder:
        path, key = made(Path(folder), records)
        print(f"{path.stat().st_size / records:.0f} bytes a record in the database", file=sys.stderr)
        seen = seen_path(key.path, JOURNAL).read_text()
        keys = verify_journal.read_keys([str(key.signing.verifier)])

        def ours() -> None:
            found = verify(path, partial(trust_of, key.path))
            assert found.ok, found.problem
            assert found.signed_records == records

        def start() -> None:
            with Reader(path) as reader:
                reader.check_head()
                check_newest(path, reader, trust_of(key.path, JOURNAL))

        measure("audit verify", records, ours)
        measure("audit verify, its pages in memory", records, ours)
        measure("tools/verify_journal.py", records, lambda: verify_journal.verify_journal(path, keys, seen))
        measure("what a start looks at", records, start)
        (path.with_name(f"{path.name}.tree")).unlink()
        measure("the same where the tree beside the journal is gone", records, start)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
