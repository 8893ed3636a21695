"""One example of each command, as its help shows it. A test reads each as the command line would."""

import typer

EXAMPLES = {
    "accounts": "",
    "alerts test": "",
    "approve": 'my-first-signal --account alpha --reason "looks right"',
    "audit checkpoint": "--since 1000",
    "audit export": "journal.tar",
    "audit key": "--name example.com/desk",
    "audit log": "--last 20",
    "audit prove": "1a2b3c4d-alpha-1 --json",
    "audit verify": "--journal coxswain.journal",
    "audit witness": "--key witness.key --state seen.json --trust checkpoint.key.pub checkpoint.txt",
    "breaker close": 'alpha LOSS --reason "the feed was wrong"',
    "breaks": "",
    "cancel": '--plan my-first-signal --reason "changed my mind"',
    "config check": "--config coxswain.yaml",
    "config show": "",
    "correlations": "",
    "correlations estimate": "--method ewma --apply",
    "demo": "--scenario flash-crash",
    "explain": "my-first-signal",
    "fairness": "",
    "fills": "--json",
    "firms check": "alpha",
    "firms list": "",
    "firms show": "ftmo.1step@2026-07",
    "flatten": 'alpha --reason "get out" --yes',
    "freeze": '--venue paper-a --reason "its prices are wrong"',
    "halt": '--everything --reason "bad news" --yes',
    "init": "desk",
    "journal archive": "archive --size-mb 64",
    "journal skip-input": '57 --reason "reported; its signal is taken back"',
    "limits": "--account alpha",
    "limits approve": '1 --reason "agreed"',
    "limits set": 'max_order_qty=50 --account alpha --for 3600 --reason "thin market"',
    "limits withdraw": '1 --reason "not needed"',
    "modify": 'my-first-signal alpha=0.5 bravo=0 --reason "smaller"',
    "orders": "--open",
    "override approve": 'o-1 --reason "agreed"',
    "override propose": '13 alpha my-first-signal --reason "a gap at the open"',
    "override withdraw": 'o-1 --reason "not needed"',
    "pause": 'alpha --reason "a look"',
    "positions": "",
    "reconcile": 'alpha --reason "after a call to the broker"',
    "reject": 'my-first-signal --reason "too late"',
    "replace-order": '1a2b3c4d-alpha-1 --price 1.0851 --reason "the market went away"',
    "replay": "",
    "resolve": 'alpha:balance adopt --reason "a deposit"',
    "resume": '--everything --reason "it was a false alarm"',
    "run": "--signals signals.jsonl --quotes EURUSD=quotes.csv",
    "set-mode": 'MANUAL --everything --reason "a quiet day"',
    "settle": '5eed5eed-alpha-7 lost --reason "their desk has no such order"',
    "sim": "--seeds 200 --start 1000 --shrink",
    "stats": "--by account",
    "status": "--json",
    "submit": "signal.json",
    "venue": "paper-b",
    "version": "",
    "withdraw": 'c-1 --reason "changed my mind"',
}


def add_examples(app: typer.Typer) -> None:
    """Let the help of every command end with its example."""
    _add(app, "")


def _add(app: typer.Typer, before: str) -> None:
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        command.epilog = _told(f"{before}{name}")
    for group in app.registered_groups:
        inner, name = group.typer_instance, group.name
        if inner is not None:
            group.epilog = _told(f"{before}{name}") if isinstance(name, str) else None
            _add(inner, f"{before}{name} " if isinstance(name, str) else before)


def _told(command: str) -> str | None:
    words = EXAMPLES.get(command)
    return None if words is None else f"Example: coxswain {command} {words}".rstrip()
