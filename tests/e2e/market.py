"""What a run needs: a market in CSV files, a configuration, and lines of signals. All of it derived from seeds."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from coxswain.feeds import Walk, walk
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol

NS_PER_S = 1_000_000_000
START_S = 1_767_607_200
"""2026-01-05 at 10:00 UTC, a Monday."""
START_NS = START_S * NS_PER_S
EURUSD = Walk(Symbol("EURUSD"), Decimal("0.00001"), 108_500, lot_step=Decimal("0.01"))
GBPUSD = Walk(Symbol("GBPUSD"), Decimal("0.00001"), 126_500, lot_step=Decimal("0.01"))

INSTRUMENTS = """
instruments:
  - {symbol: EURUSD, currency: USD, base_currency: EUR, tick: 0.00001, lot_step: 0.01, min_qty: 0.01,
     contract_size: 100000, margin_rate: 0.0333}
  - {symbol: GBPUSD, currency: USD, base_currency: GBP, tick: 0.00001, lot_step: 0.01, min_qty: 0.01,
     contract_size: 100000, margin_rate: 0.0333}
"""


def quotes_file(path: Path, which: Walk, seconds: int, step_ms: int = 500, seed: int = 1) -> Path:
    """Write a seeded walk as CSV with sizes."""
    return quotes_as_csv(path, walk([which], seed, START_NS, step_ms * 1_000_000, seconds * NS_PER_S))


def quotes_as_csv(path: Path, quotes: Iterable[Quote]) -> Path:
    lines = ["timestamp,bid,ask,bid_size,ask_size"]
    lines += [f"{q.ts_ns},{q.bid},{q.ask},{q.bid_size},{q.ask_size}" for q in quotes]
    path.write_text("\n".join(lines) + "\n")
    return path


def steady_quotes(path: Path, seconds: int, bid: str = "1.08500", ask: str = "1.08502", step_ms: int = 1000) -> Path:
    """Write a market that does not move and shows no size, so that an order fills whole."""
    times = range(START_S * 1000, (START_S + seconds) * 1000, step_ms)
    path.write_text("timestamp,bid,ask\n" + "".join(f"{at_ms},{bid},{ask}\n" for at_ms in times))
    return path


def config_file(
    path: Path, accounts: Sequence[str], faults: Sequence[str] = (), settings: str = "", separate: bool = False
) -> Path:
    """Write a desk: every account with 100,000 dollars, by turns at the venues `one` and `two`, with scripted faults.

    A fault is written as `account nth kind`. Delays and size variation are off, unless `settings` turns them on.
    With `separate` the venues run in processes of their own.
    """
    venues = {"one": accounts[0::2], "two": accounts[1::2]}
    lines = ["mode: FULL_AUTO", "seed: 1", "settings:"]
    lines += [f"  {name}: 0" for name in STILL if name not in settings]
    lines += [f"  {line}" for line in settings.splitlines()]
    lines += ["limits:", "  risk_per_trade_pct: 0.2", "venues:"]
    for venue, members in venues.items():
        if not members:
            continue
        lines += [f"  {venue}:", "    kind: paper", "    latency_ms: 20", "    commission_per_lot: 0.02", "    faults:"]
        if separate:
            lines.insert(-1, "    separate: true")
        script = [fault.split() for fault in faults if fault.split()[0] in members]
        lines += [f"      - {{account: {account}, nth: {nth}, kind: {kind}}}" for account, nth, kind in script]
        lines[-1] += "" if script else " []"
    lines += ["accounts:"]
    for venue, members in venues.items():
        lines += [
            f"  - {{id: {account}, venue: {venue}, currency: USD, initial_balance: 100000, firm: none}}"
            for account in members
        ]
    path.write_text("\n".join(lines) + "\n" + INSTRUMENTS)
    return path


STILL = ("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct", "max_size_variance_pct")


def entry(name: str, at_s: float | None = None, side: str | None = "BUY", **more: object) -> dict[str, object]:
    """One entry for 0.4 lots an account at 1.085, with a stop half a cent away."""
    stop = "1.08" if side == "BUY" else "1.09"
    body: dict[str, object] = {"id": name, "kind": "entry", "symbol": "EURUSD", "side": side, "stop_loss": stop}
    return {**body, "confidence": 1, **_time(at_s), **more}


def leave(name: str, at_s: float | None = None, **more: object) -> dict[str, object]:
    return {"id": name, "kind": "exit", "symbol": "EURUSD", **_time(at_s), **more}


def move_stop(name: str, stop: str, at_s: float | None = None, **more: object) -> dict[str, object]:
    return {"id": name, "kind": "stop_adjustment", "symbol": "EURUSD", "stop_loss": stop, **_time(at_s), **more}


def _time(at_s: float | None) -> dict[str, object]:
    """Seconds after the market opens; None leaves it to the moment in which the line is read."""
    return {} if at_s is None else {"signal_time": START_NS + round(at_s * NS_PER_S)}


def lines_of(*signals: dict[str, object] | str) -> bytes:
    """One line each; text stands as it is."""
    written = (each if isinstance(each, str) else json.dumps(each) for each in signals)
    return "".join(f"{line}\n" for line in written).encode()
