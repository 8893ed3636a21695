"""A busy hour: 200 signals on two moving markets and six accounts, while their venues misbehave. All from one seed."""

import random
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from coxswain.feeds import Walk, walk
from coxswain.model.market import Quote
from tests.e2e.market import EURUSD, GBPUSD, NS_PER_S, START_NS, config_file, lines_of, quotes_as_csv

ACCOUNTS = ("ann", "bob", "cat", "dan", "eve", "flo")
SIGNALS = 200
EVERY_S = 16
KINDS = ("reject", "partial_silence", "ack_lost", "request_lost", "duplicate_fill", "late_fill")
SETTINGS = "min_timing_variance_ms: 500\nmax_timing_variance_ms: 4000\nmax_size_variance_pct: 10"
TICK = Decimal("0.00001")


class Storm(NamedTuple):
    """What a run of it is given. Everything that it leaves stands in the same folder."""

    folder: Path
    journal: Path
    words: list[str]
    """The arguments of `coxswain`."""


def brew(folder: Path, seed: int, signals: int = SIGNALS, separate: bool = False) -> Storm:
    """Write configuration, quotes and signals into a folder."""
    draw = random.Random(seed)
    faults = [f"{name} {nth} {draw.choice(KINDS)}" for name in ACCOUNTS for nth in range(1, 120) if draw.random() < 0.2]
    config_file(folder / "coxswain.yaml", ACCOUNTS, faults, SETTINGS, separate)
    seconds = signals * EVERY_S + 120
    markets = {each.symbol: _market(each, seed, seconds) for each in (EURUSD, GBPUSD)}
    for symbol, quotes in markets.items():
        quotes_as_csv(folder / f"{symbol}.csv", quotes)
    lines = [
        _signal(draw, number, number * EVERY_S + 10, str(symbol), quotes)
        for number in range(signals)
        for symbol, quotes in (draw.choice(list(markets.items())),)
    ]
    (folder / "signals.jsonl").write_bytes(lines_of(*lines))
    words = ["run", "--signals", "signals.jsonl", "--journal", "j", "--json"]
    return Storm(folder, folder / "j", [*words, "--quotes", "EURUSD=EURUSD.csv", "--quotes", "GBPUSD=GBPUSD.csv"])


def _market(which: Walk, seed: int, seconds: int) -> list[Quote]:
    return list(walk([which], seed, START_NS, NS_PER_S, seconds * NS_PER_S))


def _signal(draw: random.Random, number: int, at_s: int, symbol: str, quotes: list[Quote]) -> dict[str, object]:
    """Draw an entry, a stop adjustment or an exit from the market of that moment."""
    quote = quotes[at_s]
    body: dict[str, object] = {"id": f"s{number}", "symbol": symbol, "signal_time": quote.ts_ns}
    if draw.random() < 0.3:
        body["accounts"] = sorted(draw.sample(ACCOUNTS, 3))
    away = TICK * draw.randint(30, 200)
    match draw.choice(("entry", "entry", "entry", "stop_adjustment", "exit", "exit")):
        case "entry":
            side = draw.choice(("BUY", "SELL"))
            sign = 1 if side == "BUY" else -1
            body |= {"kind": "entry", "side": side, "confidence": 1, "quantity": str(draw.randint(5, 300) / 100)}
            body |= {"stop_loss": str(quote.bid - sign * away), "take_profit": str(quote.bid + sign * away)}
            if draw.random() < 0.2:
                body |= {"order_type": "LIMIT", "limit_price": str(quote.bid - sign * TICK * 10)}
        case "stop_adjustment":
            body |= {"kind": "stop_adjustment", "stop_loss": str(quote.bid + away * draw.choice((-1, 1)))}
        case "exit":
            body |= {"kind": "exit"} | ({"quantity": "0.1"} if draw.random() < 0.3 else {})
    return body
