"""The command line: it reads arguments, calls one function, and turns errors into exit codes. No rule lives here.

Data goes to standard output, talk to standard error. What a command needs is imported when it runs, so that asking for
help costs nothing.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from coxswain import __version__
from coxswain.app import exits
from coxswain.app.auditing import audit_app
from coxswain.app.ending import THREADS_S, ends_within
from coxswain.app.examples import add_examples
from coxswain.app.journaling import journal_app
from coxswain.app.levels import By, LogLevel
from coxswain.app.limiting import breaker_app, limits_app, override_app
from coxswain.app.operate import operating
from coxswain.app.options import DEFAULT_CONFIG, DEFAULT_JOURNAL, Config, Journal, Json, fail, reports_errors

app = typer.Typer(
    help="Coxswain: one signal in; risk-checked, reconciled orders out on every account you own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


config_app = typer.Typer(help="Check and show the configuration.", no_args_is_help=True)
alerts_app = typer.Typer(help="Try the ways that alerts take.", no_args_is_help=True)
firms_app = typer.Typer(help="See the rules of funding firms, and how an account stands.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(firms_app, name="firms")
app.add_typer(audit_app, name="audit")
correlations_app = typer.Typer(help="How accounts move together: the matrix in force, and estimates of it.")
app.add_typer(correlations_app, name="correlations")
app.add_typer(alerts_app, name="alerts")
app.add_typer(operating)
app.add_typer(limits_app, name="limits")
app.add_typer(override_app, name="override")
app.add_typer(breaker_app, name="breaker")
app.add_typer(journal_app, name="journal")

Quotes = Annotated[
    list[str] | None,
    typer.Option(
        "--quotes", metavar="FILE", help="Quotes: SYMBOL=FILE.csv, or a LEAN archive. May be given several times."
    ),
]
MoreQuotes = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE]...", help="More quote files.", show_default=False)
]
QuotesTz = Annotated[
    str | None,
    typer.Option(
        "--quotes-tz",
        metavar="ZONE",
        help="Zone of times that say none, as Europe/Berlin; else UTC for CSV and OANDA, New York for LEAN equities.",
    ),
]


def main() -> NoReturn:
    """Run the command line and exit with its code, also where nobody can read what it prints."""
    _stand_in_for_closed_streams()
    if sys.stdout is None:
        print("coxswain: standard output is closed, wanted a terminal, a file or a pipe", file=sys.stderr)
        sys.exit(exits.ERROR)
    code: str | int | None = exits.OK
    try:
        app(standalone_mode=True)
    except SystemExit as end:
        code = end.code
    except OSError as error:
        code = _not_written(error)
    try:
        sys.stdout.flush()
    except OSError as error:
        code = code or _not_written(error)
        # What is still to be written is lost: without this, Python would try once more and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    ends_within(THREADS_S, code if isinstance(code, int) else exits.ERROR if code else exits.OK)
    sys.exit(code)


def _stand_in_for_closed_streams() -> None:
    """A file opened later must not become standard input or standard error by its number."""
    sys.stdin = sys.stdin or os.fdopen(os.open(os.devnull, os.O_RDONLY))
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _not_written(error: OSError) -> int:
    if not isinstance(error, BrokenPipeError):  # a reader that went away wants to hear no more
        print(f"coxswain: what was to be printed could not be written: {error.strerror}", file=sys.stderr)
    return exits.ERROR


# --- running ----------------------------------------------------------------------------------------------------------


@app.command()
@reports_errors
def demo(
    more: MoreQuotes = None,
    quotes: Quotes = None,
    quotes_tz: QuotesTz = None,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, max=2**63 - 1, help="Another seed, another simulated market and other draws."),
    ] = 7,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="FILE", help="A new journal; by default in a new temporary folder."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario", metavar="NAME", help="A story in which something goes wrong; `list` says which there are."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch one signal become reconciled orders on six paper accounts, with five things going wrong on the way."""
    from coxswain.app.commands import run_demo, run_scenario

    if scenario is not None:
        if quotes or more:
            fail(exits.USAGE, "a scenario has a market of its own; wanted no --quotes with --scenario")
        raise typer.Exit(run_scenario(scenario, seed, journal, as_json))
    raise typer.Exit(run_demo([*(quotes or ()), *(more or ())], quotes_tz, seed, journal, as_json))


@app.command()
@reports_errors
def run(
    more: MoreQuotes = None,
    config: Config = DEFAULT_CONFIG,
    signals: Annotated[
        str, typer.Option("--signals", metavar="FILE", help="Signals, one JSON object a line; - reads standard input.")
    ] = "-",
    quotes: Quotes = None,
    quotes_tz: QuotesTz = None,
    journal: Annotated[
        Path, typer.Option("--journal", metavar="FILE", help="The journal to begin or to go on with.")
    ] = DEFAULT_JOURNAL,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print plans; send no order. An existing journal is where it starts from, and stays as it is. "
            "Nothing fills, so exits of this run's own entries show nothing.",
        ),
    ] = False,
    log_level: Annotated[
        LogLevel | None, typer.Option("--log-level", help="Log one line an event, of this weight or more.")
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option("--log-file", metavar="FILE", help="Log there instead of on standard error.")
    ] = None,
    realtime: Annotated[
        bool,
        typer.Option(
            "--realtime",
            help="One second is one second: quotes come at their own pace, the first one now. "
            "Without quotes the clock is UTC, and the engine runs until it is stopped.",
        ),
    ] = False,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="With --realtime: a seeded simulated market of every instrument.")
    ] = False,
    json_lines: Annotated[
        bool,
        typer.Option(
            "--json-lines", help="Print each event and each answer to a command as one JSON line when it comes."
        ),
    ] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Trade real money on the accounts whose mode is live. The first time, each is confirmed by its name.",
        ),
    ] = False,
    adopt_lease: Annotated[
        str | None,
        typer.Option(
            "--adopt-lease",
            metavar="WHY",
            help="Go on with a journal that missed something that happened on its accounts: an old copy of it, or one "
            "that another engine traded past. The reason is journaled with your name.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the engine on a stream of signals. Killed and started again, it goes on, nothing lost or doubled."""
    from coxswain.app.commands import RunOptions, run_signals
    from coxswain.app.logs import Log

    log = None if log_level is None and log_file is None else Log(log_level or LogLevel.INFO, log_file)

    files = [*(quotes or ()), *(more or ())]
    raise typer.Exit(
        run_signals(
            RunOptions(
                config,
                signals,
                files,
                quotes_tz,
                journal,
                dry_run,
                realtime,
                simulated,
                as_json,
                json_lines,
                live,
                adopt_lease,
            ),
            log,
        )
    )


@app.command()
@reports_errors
def venue(
    name: Annotated[str, typer.Argument(metavar="VENUE", help="A venue of the configuration with `separate: true`.")],
    config: Config = DEFAULT_CONFIG,
    journal: Annotated[
        Path, typer.Option("--journal", metavar="FILE", help="The journal that the engine will run with.")
    ] = DEFAULT_JOURNAL,
) -> None:
    """Run one paper venue in this process, for an engine in another. Ends on SIGINT or SIGTERM."""
    from coxswain.app.commands import run_venue

    raise typer.Exit(run_venue(config, name, journal))


# --- setting up -------------------------------------------------------------------------------------------------------


@app.command()
@reports_errors
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite an existing coxswain.yaml; an existing .env is kept.")
    ] = False,
) -> None:
    """Write a commented coxswain.yaml with six paper accounts, and an empty .env."""
    from coxswain.app.init import write_starter

    for path in write_starter(folder, force):
        print(path)
    print("Next: coxswain config check", file=sys.stderr)


@config_app.command("check")
@reports_errors
def config_check(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Report every problem of the configuration with its line; say nothing is wrong if so."""
    from coxswain.app.commands import check_config

    raise typer.Exit(check_config(config, as_json))


@config_app.command("show")
@reports_errors
def config_show(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show every value in force and where it comes from; secrets are hidden."""
    from coxswain.app.commands import show_config

    raise typer.Exit(show_config(config, as_json))


@firms_app.command("list")
@reports_errors
def firms_list(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the rule sets: the package's, and those in the folder that the configuration names."""
    from coxswain.app.firms import list_firms

    raise typer.Exit(list_firms(config, as_json))


@firms_app.command("show")
@reports_errors
def firms_show(
    name: Annotated[str, typer.Argument(metavar="ID", help="A rule set, as firms list shows it.")],
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show one rule set as it was read, with its sources; what is left out has its default."""
    from coxswain.app.firms import show_firm

    raise typer.Exit(show_firm(config, name, as_json))


@firms_app.command("check")
@reports_errors
def firms_check(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account of the configuration.")],
    config: Config = DEFAULT_CONFIG,
    journal: Journal = DEFAULT_JOURNAL,
    as_json: Json = False,
) -> None:
    """Show each rule of an account's firm: its value, its limit, what is left, and the verdict."""
    from coxswain.app.firms import check_account

    raise typer.Exit(check_account(config, journal, account, as_json))


@alerts_app.command("test")
@reports_errors
def alerts_test(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Send one alert every way that is configured, and say whether it got there. Exit code 1 if one did not."""
    from coxswain.app.commands import test_alerts

    raise typer.Exit(test_alerts(config, as_json))


# --- looking ----------------------------------------------------------------------------------------------------------


@app.command()
@reports_errors
def status(journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """One screen: is it running, reconciled and whole, and what is open."""
    from coxswain.app.inspect import show_status

    raise typer.Exit(show_status(journal, as_json))


@app.command()
@reports_errors
def accounts(journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """Balance, equity, margin, drawdown and state of each account."""
    from coxswain.app.lists import show_accounts

    raise typer.Exit(show_accounts(journal, as_json))


@app.command()
@reports_errors
def orders(
    journal: Journal = DEFAULT_JOURNAL,
    only_open: Annotated[bool, typer.Option("--open", help="Only orders that are not done.")] = False,
    as_json: Json = False,
) -> None:
    """Every order: what was asked, what was filled, where it stands."""
    from coxswain.app.lists import show_orders

    raise typer.Exit(show_orders(journal, only_open, as_json))


@app.command()
@reports_errors
def positions(journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """Open positions with their profit and their protection."""
    from coxswain.app.lists import show_positions

    raise typer.Exit(show_positions(journal, as_json))


@app.command()
@reports_errors
def breaks(journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """What differs from the venues' books, and what may become of it. Exit code 7 if anything does."""
    from coxswain.app.lists import show_breaks

    raise typer.Exit(show_breaks(journal, as_json))


@app.command()
@reports_errors
def fills(journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """Every fill, once."""
    from coxswain.app.lists import show_fills

    raise typer.Exit(show_fills(journal, as_json))


@app.command()
@reports_errors
def stats(
    journal: Journal = DEFAULT_JOURNAL,
    by: Annotated[
        By | None, typer.Option("--by", help="Counters and timings instead, a line for each account or venue.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Execution statistics; a figure with too little data is left out."""
    from coxswain.app.figures import show_counters, show_stats

    raise typer.Exit(show_stats(journal, as_json) if by is None else show_counters(journal, by, as_json))


@correlations_app.callback(invoke_without_command=True)
@reports_errors
def correlations(context: typer.Context, journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """Show the matrix that plans go by."""
    if context.invoked_subcommand is not None:
        return
    from coxswain.app.together import show_correlations

    raise typer.Exit(show_correlations(journal, as_json))


@correlations_app.command("estimate")
@reports_errors
def correlations_estimate(
    journal: Journal = DEFAULT_JOURNAL,
    method: Annotated[str, typer.Option("--method", help="ledoit-wolf or ewma.")] = "ledoit-wolf",
    days_min: Annotated[int, typer.Option("--days-min", min=2, help="With fewer days nothing is estimated.")] = 20,
    apply: Annotated[bool, typer.Option("--apply", help="Tell the engine, running or not.")] = False,
    as_json: Json = False,
) -> None:
    """Estimate every pair from the accounts' daily returns. Wants the extra `analytics`."""
    from coxswain.app.correlate import AnalyticsMissing, Method
    from coxswain.app.together import estimate_correlations

    if method not in list(Method):
        fail(exits.USAGE, f"--method: found {method!r}; wanted one of {', '.join(Method)}")
    try:
        code = estimate_correlations(journal, Method(method), days_min, apply, as_json)
    except AnalyticsMissing as error:
        fail(exits.ERROR, str(error))
    raise typer.Exit(code)


@app.command()
@reports_errors
def fairness(journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """Whether accounts are treated alike: prices against the group's, who goes first, what rounding owes."""
    from coxswain.app.together import show_fairness

    raise typer.Exit(show_fairness(journal, as_json))


@app.command()
@reports_errors
def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="A signal, an order or an account.")],
    journal: Journal = DEFAULT_JOURNAL,
    last: Annotated[
        int, typer.Option("--last", min=1, help="How many lines of what happened; the JSON has all of them.")
    ] = 200,
    as_json: Json = False,
) -> None:
    """Why: every account, every check with its value and limit, the verdict, and what happened then."""
    from coxswain.app.inspect import show_explanation

    raise typer.Exit(show_explanation(journal, name, last, as_json))


# --- proving ----------------------------------------------------------------------------------------------------------


@app.command()
@reports_errors
def replay(journal: Journal = DEFAULT_JOURNAL, as_json: Json = False) -> None:
    """Fold the journal, step its inputs again, and compare digests and bytes."""
    from coxswain.app.proof import replay_journal

    raise typer.Exit(replay_journal(journal, as_json))


@app.command()
@reports_errors
def sim(
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="How many worlds.")] = 100,
    start: Annotated[int, typer.Option("--start", metavar="K", min=0, help="The first seed.")] = 0,
    fault: Annotated[
        str | None, typer.Option("--fault", metavar="ROWS", help="Only these rows of the fault matrix, as F15,F33.")
    ] = None,
    without: Annotated[str | None, typer.Option("--without", metavar="ROWS", help="All but these rows.")] = None,
    acts: Annotated[int | None, typer.Option("--acts", min=0, help="At most so many acts in each world.")] = None,
    shrinks: Annotated[bool, typer.Option("--shrink", help="Make failing worlds shorter.")] = False,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="At once; by default one for each processor.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Play simulated worlds in which all fails that can, and check that the invariants hold. 1 if one did not."""
    from coxswain.app.simulating import rows_in, simulate
    from coxswain.sim.campaign import Wanted

    wanted = Wanted(start, seeds, rows_in(fault, "--fault"), rows_in(without, "--without") or (), acts)
    raise typer.Exit(simulate(wanted, shrinks=shrinks, processes=processes, as_json=as_json))


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


add_examples(app)
