"""A large desk beside a small one: what an order costs, and what it all takes in memory.

    python -m bench.scale [--past N] [--quick]

1,000 accounts at 10 venues with 10 working orders each, and N orders that are over, 100,000 unless said otherwise;
orders go round all accounts. The small desk has one account and nothing else. Both take turns in one process. Nothing
is written; records are encoded and hashed.
"""

import gc
import sys
import time

from bench.desk import Bench, account_id
from bench.figures import QUICK, ROUNDS, headline, show
from bench.peers.turns import resident_mib

ACCOUNTS, VENUES, WORKING = (100, 2, 10) if QUICK else (1_000, 10, 10)
BATCH = 500 if QUICK else 2_000
PAST = 5_000 if QUICK else 100_000


def batch(bench: Bench, accounts: int) -> float:
    """Take a batch of orders round the accounts; return what one took of the processor."""
    begin_s = time.process_time()
    for number in range(BATCH):
        bench.order(account_id(number % accounts))
    return (time.process_time() - begin_s) / BATCH


def grow(bench: Bench, past: int) -> None:
    """Have orders come and go, and say what the process has in memory on the way."""
    for share in range(1, 5):
        for number in range(past // 4):
            bench.order(account_id(number % ACCOUNTS))
        gc.collect()
        show(f"memory, {past * share // 4:,} orders over", "MiB", [resident_mib() * 2**20])


def compare(small: Bench, large: Bench, what: str) -> None:
    turns = [(batch(small, 1), batch(large, ACCOUNTS)) for _ in range(ROUNDS)]
    show("order, one account and nothing else", "us", [one for one, _ in turns], per=BATCH)
    show(f"order, {what}", "us", [many for _, many in turns], per=BATCH)
    show(f"order, {what} / one account", "x", [many / one for one, many in turns])


def main() -> None:
    past = int(sys.argv[sys.argv.index("--past") + 1]) if "--past" in sys.argv else PAST
    headline()
    small = Bench()
    batch(small, 1)
    before_mib = resident_mib()
    large = Bench(ACCOUNTS, venues=VENUES)
    for number in range(ACCOUNTS):
        large.rest(account_id(number), WORKING)
    batch(large, ACCOUNTS)
    gc.collect()
    name = f"{ACCOUNTS:,} accounts, {VENUES} venues, {ACCOUNTS * WORKING:,} working orders"
    show(f"memory of {name}", "MiB", [(resident_mib() - before_mib) * 2**20])
    compare(small, large, name)
    grow(large, past)
    compare(small, large, f"the same after {past:,} more")


if __name__ == "__main__":
    main()
