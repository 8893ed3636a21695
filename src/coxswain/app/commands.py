"""What the commands that run or configure do, between arguments and screens. Each returns its exit code."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from coxswain.app import demo, exits, live, scenarios, screens, tables
from coxswain.app.alerting import AlertChoice, Alerting, Delivery, example
from coxswain.app.assemble import new_journal_id
from coxswain.app.config.advice import advice, unsigned
from coxswain.app.config.load import Resolved, load
from coxswain.app.config.problems import ConfigError
from coxswain.app.json_lines import JsonLines
from coxswain.app.leasing import Leasing
from coxswain.app.logs import Log
from coxswain.app.output import print_json, print_run
from coxswain.app.quotes import open_feeds, watched
from coxswain.app.rehearsal import rehearsed
from coxswain.app.running import Observer, Ran, Task, run
from coxswain.feeds import Feed, SpecError, Walk, walk
from coxswain.model.market import Instrument, Quote
from coxswain.model.vocabulary import Mode, Symbol, VenueId
from coxswain.runtime.control_socket import name_of_user
from coxswain.runtime.lease import Adoption
from coxswain.runtime.pace import utc_ns
from coxswain.runtime.signals import SignalStream
from coxswain.runtime.venues import own_venue, venue_file
from coxswain.venues.paper import Simulated, WalkParams
from coxswain.venues.remote import serve
from coxswain.views.happened import Happened

SIMULATED = "SIMULATED"
NO_QUOTES = "none"
WALK_FROM_TICKS = 100_000
ENDLESS_NS = 100 * 366 * 86_400 * 1_000_000_000


# --- demo -------------------------------------------------------------------------------------------------------------


def run_demo(specs: Sequence[str], tz: str | None, seed: int, journal: Path | None, as_json: bool) -> int:
    """Run the demo on quote files, or on the simulated market where none is given."""
    if journal is not None and journal.exists():
        tables.say(f"coxswain: {journal} exists; the demo begins a new journal, give another name")
        return exits.USAGE
    resolved = _with_seed(load(demo.CONFIG, {}), seed)
    path = journal or Path(tempfile.mkdtemp(prefix="coxswain-demo-")) / "demo.journal"
    feeds = open_feeds(specs, tz, resolved.setup)
    chance = demo.first_chance(_quotes_of(feeds, resolved), resolved.setup)
    instrument = next(i for i in resolved.setup.instruments if i.symbol == chance.symbol)
    name = ", ".join(feed.path.name for feed in feeds) or SIMULATED
    task = Task(
        resolved,
        path,
        demo.journal_id(seed),
        Mode.FULL_AUTO,
        name,
        demo.DemoSignals(instrument, chance.ts_ns),
    )
    ran = _run(task, feeds, lambda: demo.simulated(resolved.setup, seed), as_json)
    if as_json:
        print_run(ran.document, ran.summary.plan_docs())
    else:
        screens.show_demo(path, ran)
    return ran.exit_code


def run_scenario(name: str, seed: int, journal: Path | None, as_json: bool) -> int:
    """Run one of the stories, or list them."""
    known = scenarios.names()
    if name == "list" and as_json:
        print_json([{"scenario": each, "story": scenarios.read(each).title} for each in known])
        return exits.OK
    if name == "list":
        tables.table(("scenario", "story"), [(each, scenarios.read(each).title) for each in known])
        return exits.OK
    if name not in known:
        tables.say(f"coxswain: no scenario {name!r}; wanted {', '.join(known)}, or list")
        return exits.USAGE
    if journal is not None and journal.exists():
        tables.say(f"coxswain: {journal} exists; a scenario begins a new journal, give another name")
        return exits.USAGE
    told = scenarios.read(name)
    resolved = _with_seed(load(scenarios.config_of(name), {}), seed)
    path = journal or Path(tempfile.mkdtemp(prefix="coxswain-demo-")) / f"{name}.journal"
    ttl_s = int(resolved.setup.settings["signal_ttl_s"])
    happened = Happened(told.show)
    task = Task(
        resolved,
        path,
        scenarios.journal_id(name, seed),
        resolved.setup.mode,
        f"{SIMULATED}: {name}",
        scenarios.Script(told, ttl_s),
        observers=(happened,),
    )
    ran = run(task, scenarios.quotes(told))
    if as_json:
        print_run(ran.document, ran.summary.plan_docs())
    else:
        screens.show_scenario(told.title, told.story, told.prevented, happened.lines, path, ran)
    return ran.exit_code


def _quotes_of(feeds: Sequence[Feed], resolved: Resolved) -> Iterator[Quote]:
    if not feeds:
        return demo.simulated(resolved.setup, resolved.seed)
    from coxswain.feeds import merge

    return merge(feeds)


def _with_seed(resolved: Resolved, seed: int) -> Resolved:
    from dataclasses import replace

    return replace(resolved, seed=seed)


def _run(task: Task, feeds: Sequence[Feed], simulated: Callable[[], Iterator[Quote]], quiet: bool) -> Ran:
    if not feeds:
        return run(task, simulated())
    with watched(feeds, quiet) as feed:
        return run(task, feed)


# --- run --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunOptions:
    """What `run` was told."""

    config: Path
    signals: str
    quotes: Sequence[str]
    quotes_tz: str | None
    journal: Path
    dry_run: bool = False
    realtime: bool = False
    simulated: bool = False
    as_json: bool = False
    json_lines: bool = False
    live: bool = False
    adopt_lease: str | None = None


def _adoption(reason: str | None) -> Adoption | None:
    return None if reason is None else Adoption(reason, name_of_user(os.geteuid()))


def run_signals(options: RunOptions, log: Log | None = None) -> int:
    """Run the engine on a stream of signals, and on quote files, the simulated market or no quotes at all."""
    resolved = load(options.config, os.environ)
    problem = None if options.dry_run else live.why_not(resolved.setup, options.config, said=options.live)
    if problem is not None:
        tables.say(f"coxswain: {problem}")
        return exits.USAGE
    feeds = open_feeds(options.quotes, options.quotes_tz, resolved.setup)
    _check_market(options, feeds)
    by_wall_clock = options.realtime and not feeds
    ttl_s = int(resolved.setup.settings["signal_ttl_s"])
    with ExitStack() as opened:
        stream: BinaryIO = (
            sys.stdin.buffer if options.signals == "-" else opened.enter_context(Path(options.signals).open("rb"))
        )
        path: Path | None = options.journal
        if options.dry_run:
            path, resolved = opened.enter_context(rehearsed(options.journal, resolved))
        told = JsonLines(options.realtime) if options.json_lines else None
        observers = opened.enter_context(observed(resolved.alerts, log))
        task = Task(
            resolved,
            path,
            new_journal_id(),
            Mode.RESEARCH if options.dry_run else resolved.setup.mode,
            SIMULATED if options.simulated else ", ".join(feed.path.name for feed in feeds) or NO_QUOTES,
            SignalStream(stream, ttl_s, name_of_user(os.geteuid())),
            observers if told is None else (*observers, told),
            options.realtime,
            by_wall_clock,
            partial(live.confirm, resolved.setup),
            signs=True,
            leasing=None if options.dry_run else Leasing(_adoption(options.adopt_lease)),
        )
        if options.realtime:
            for sentence in _what_runs(resolved, options.simulated):
                tables.say(sentence)
        if feeds:
            with watched(feeds, options.as_json or options.json_lines or options.realtime) as feed:
                ran = run(task, feed)
        else:
            ran = run(task, _walk_on(resolved) if options.simulated else iter(()))
    if told is not None:
        told.close(ran.document, ran.summary.plan_docs())
    elif options.as_json:
        print_run(ran.document, ran.summary.plan_docs())
    else:
        screens.show_run(options.journal, ran, options.dry_run)
    return ran.exit_code


def _check_market(options: RunOptions, feeds: Sequence[Feed]) -> None:
    """Raise `SpecError` where there is no market for virtual time, or more than one."""
    if options.simulated and (feeds or not options.realtime):
        raise SpecError("--simulated wants --realtime and no --quotes; `coxswain demo` has a simulated market, too")
    if not feeds and not options.realtime:
        raise SpecError("no quotes were given, wanted --quotes SYMBOL=FILE; `coxswain demo` has a simulated market")


def _what_runs(resolved: Resolved, simulated: bool) -> Iterator[str]:
    """Say, before anything happens, where prices come from and how the run is looked at and ended."""
    if simulated:
        instruments = {instrument.symbol: instrument for instrument in resolved.setup.instruments}
        starts = (
            f"{each.symbol} {tables.price(each.start_ticks * each.tick, instruments[each.symbol])}"
            for each in _walks(resolved)
        )
        yield "The market is SIMULATED, invented by a seeded random walk. It begins at:"
        yield f"  {', '.join(starts)}"
    yield "It runs in real time until Ctrl-C or SIGTERM. From another terminal: coxswain status"


def _walk_on(resolved: Resolved) -> Iterator[Quote]:
    """A seeded random walk of every instrument that begins when it is first asked, and goes on for ever."""
    yield from walk(_walks(resolved), resolved.seed, utc_ns(), demo.STEP_NS, ENDLESS_NS)


def _walks(resolved: Resolved) -> list[Walk]:
    configured = _configured_walks(resolved)
    return [_walk_of(instrument, configured.get(instrument.symbol)) for instrument in resolved.setup.instruments]


def _configured_walks(resolved: Resolved) -> dict[Symbol, WalkParams]:
    """Return how instruments move, as the paper venues' `simulated` sections say."""
    found: dict[Symbol, WalkParams] = {}
    for choice in resolved.venues.values():
        section = choice.params.get("simulated")
        if section is not None:
            for each in msgspec.convert(section, Simulated).walks:
                found.setdefault(each.symbol, each)
    return found


def _walk_of(instrument: Instrument, told: WalkParams | None) -> Walk:
    if told is None:
        return Walk(instrument.symbol, instrument.tick, WALK_FROM_TICKS, lot_step=instrument.lot_step)
    return Walk(
        instrument.symbol,
        instrument.tick,
        int(told.start / instrument.tick),
        told.spread_ticks,
        told.step_ticks,
        instrument.lot_step,
        told.size_steps,
    )


@contextmanager
def observed(alerts: AlertChoice, log: Log | None) -> Iterator[tuple[Observer, ...]]:
    """Alert and log while something runs; afterwards say what did not get through."""
    alerting = Alerting(alerts)
    try:
        yield (alerting,) if log is None else (alerting, log)
    finally:
        for delivery in alerting.close():
            if delivery.error:
                tables.say(f"alerts to {delivery.to}: {_what_failed(delivery)}")
        if log is not None and (lost := log.close()):
            tables.say(lost)


def _what_failed(delivery: Delivery) -> str:
    lost = delivery.failed + delivery.dropped
    return f"{delivery.delivered} delivered, {lost} not; {delivery.error}"


def test_alerts(config: Path, as_json: bool) -> int:
    """Send one alert every way that is configured, and say whether it got there."""
    alerting = Alerting(load(config, os.environ).alerts)
    alerting.deliver(example(time.time_ns()))  # noqa: TID251  # a test alert says when it was sent; nothing is decided on it
    deliveries = alerting.close()
    failed = [delivery for delivery in deliveries if delivery.error]
    if as_json:
        print_json({"ok": not failed, "deliveries": [vars(delivery) for delivery in deliveries]})
    else:
        rows = [(d.to, "delivered" if not d.error else f"NOT delivered: {d.error}") for d in deliveries]
        tables.table(("to", "result"), rows)
    return exits.ERROR if failed else exits.OK


def run_venue(config: Path, name: str, journal: Path) -> int:
    """Serve one venue on a socket beside the journal until interrupted."""
    resolved = load(config, os.environ)
    venue_id = VenueId(name)
    choice = resolved.venues.get(venue_id)
    if choice is None or not choice.params.get("separate"):
        wanted = ", ".join(v for v, each in resolved.venues.items() if each.params.get("separate")) or "none there yet"
        tables.say(f"coxswain: venue {name!r}, wanted one with `separate: true` in {config}: {wanted}")
        return exits.USAGE
    path = venue_file(journal, venue_id, "sock")
    venue = own_venue(venue_id, choice.kind, choice.params, resolved.setup.instruments, journal)
    for number in (signal.SIGINT, signal.SIGTERM):  # a script's `&` has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        serve(venue, path, lambda: tables.say(f"venue {name} listens on {path}"))
    except KeyboardInterrupt:
        tables.say(f"venue {name} ends")
    finally:
        venue.close()
    return exits.OK


# --- configuration ----------------------------------------------------------------------------------------------------


def check_config(path: Path, as_json: bool) -> int:
    try:
        resolved = load(path, os.environ)
    except ConfigError as error:
        if as_json:
            print_json({"ok": False, "problems": error.errors, "warnings": []})
        else:
            for problem in error.errors:
                tables.say(str(problem))
        return exits.CONFIGURATION
    warnings = [*advice(resolved.setup), *unsigned(resolved.checkpoint_key)]
    if as_json:
        print_json({"ok": True, "problems": [], "warnings": warnings})
    else:
        for warning in warnings:
            tables.say(f"warning: {warning}")
        setup = resolved.setup
        parts = (("account", setup.accounts), ("venue", setup.venues), ("instrument", setup.instruments))
        print(f"{path}: {', '.join(tables.count(len(found), thing) for thing, found in parts)}")
    return exits.OK


def show_config(path: Path, as_json: bool) -> int:
    resolved = load(path, os.environ)
    if as_json:
        print_json(resolved.shown)
    else:
        tables.table(("key", "value", "origin"), [(v.key, v.value, v.origin) for v in resolved.shown])
        for venue in resolved.setup.venues:
            if venue.simulated:
                print(f"venue {venue.id} is {SIMULATED}: {venue.simulated}")
    return exits.OK
