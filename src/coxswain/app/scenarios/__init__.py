"""Stories with a market of their own: `coxswain demo --scenario NAME`. Each is a folder here.

`coxswain.yaml` is an ordinary configuration. `script.yaml` holds the story, the market (a quote a second, which stays
until the next line says otherwise), and the lines that come in: signals and commands as `coxswain run` takes them, with
`after_s` for their time. Nothing in a scenario decides anything: the engine, the gate and the venue are the real ones.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from coxswain.messages.command_json import parse_command
from coxswain.messages.inputs import Input, ReportBadSignal, SubmitSignal
from coxswain.messages.signal_json import BadSignal, parse_signal
from coxswain.model.market import Quote
from coxswain.model.vocabulary import JournalId, Symbol
from coxswain.runtime.signals import Latest

FOLDER = Path(__file__).parent
NS_PER_S = 1_000_000_000
START_NS = 1_767_607_200 * NS_PER_S
"""Every story begins on 2026-01-05 at 10:00 UTC, a Monday, unless it says otherwise."""

OPERATOR = "operator"
"""Who gives the commands in a story."""


class MarketLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From then on this is the market of an instrument."""

    after_s: int
    symbol: Symbol
    bid: Decimal
    ask: Decimal
    size: Decimal | None = None
    """Shown on both sides; None shows none, and fills whatever comes."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    story: str
    market: tuple[MarketLine, ...]
    until_s: int
    lines: tuple[dict[str, Any], ...]
    show: tuple[str, ...]
    """Names of the events that tell the story, in the order in which they happen."""
    prevented: str
    start_ns: int = START_NS


def names() -> list[str]:
    """Return the scenarios there are."""
    return sorted(path.parent.name for path in FOLDER.glob("*/script.yaml"))


def config_of(name: str) -> Path:
    return FOLDER / name / "coxswain.yaml"


def read(name: str) -> Scenario:
    """Return a scenario by its name. Numbers are read as they are written, never as floats."""
    yaml = YAML(typ="base")
    with (FOLDER / name / "script.yaml").open(encoding="utf-8") as file:
        return msgspec.convert(yaml.load(file), Scenario, strict=False)


def journal_id(name: str, seed: int) -> JournalId:
    """Derive the id, so that the same story has the same journal everywhere."""
    return JournalId(sha256(f"scenario {name} {seed}".encode()).hexdigest()[:16])


def quotes(scenario: Scenario) -> Iterator[Quote]:
    """A quote a second of every instrument, as the last line before it says."""
    standing: dict[Symbol, MarketLine] = {}
    waiting = sorted(scenario.market, key=lambda line: line.after_s)
    for second in range(scenario.until_s + 1):
        while waiting and waiting[0].after_s <= second:
            line = waiting.pop(0)
            standing[line.symbol] = line
        for line in standing.values():
            at_ns = scenario.start_ns + second * NS_PER_S
            yield Quote(line.symbol, line.bid, line.ask, at_ns, line.size, line.size)


class Script:
    """The lines of a story, each when its turn comes."""

    def __init__(self, scenario: Scenario, ttl_s: int) -> None:
        self._lines = sorted(scenario.lines, key=lambda line: int(line["after_s"]))
        self._start_ns = scenario.start_ns
        self._ttl_s = ttl_s

    def next_ns(self, now_ns: int) -> int | None:
        return max(self._due_ns(), now_ns) if self._lines else None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        line = self._lines.pop(0)
        return _read_line({name: value for name, value in line.items() if name != "after_s"}, now_ns, self._ttl_s)

    def _due_ns(self) -> int:
        return self._start_ns + int(self._lines[0]["after_s"]) * NS_PER_S


def _read_line(fields: Mapping[str, object], now_ns: int, ttl_s: int) -> Input:
    if "command" in fields:
        return parse_command({name: _switched(value) for name, value in fields.items()}, OPERATOR, now_ns)
    parsed = parse_signal(msgspec.json.encode(fields), now_ns, ttl_s)
    if isinstance(parsed, BadSignal):
        return ReportBadSignal("script", parsed.errors, parsed.signal_id)
    return SubmitSignal(parsed)


def _switched(value: object) -> object:
    """Everything in a script is read as text; commands want switches as what they are."""
    return value == "true" if value in ("true", "false") else value
