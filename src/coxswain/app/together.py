"""The commands that look at accounts side by side: fairness, and how their returns move together."""

from decimal import Decimal
from pathlib import Path

from coxswain.app import exits, tables
from coxswain.app.control import tell, tell_running
from coxswain.app.correlate import Method, correlations
from coxswain.app.inspect import fold
from coxswain.app.output import print_json
from coxswain.journal.files import is_written
from coxswain.views.documents import document
from coxswain.views.fairness import Fairness
from coxswain.views.returns import Returns


def show_fairness(journal: Path, as_json: bool) -> int:
    view = Fairness()
    fold(journal, view)
    report = view.report()
    if as_json:
        print_json(document(report))
        return exits.OK
    tables.line(f"{tables.count(report.compared, 'plan')} filled on two accounts or more")
    tables.table(
        ("account", "plans", "went first", "by lot", "mean difference bp"),
        [
            (
                row.account,
                row.plans,
                row.went_first,
                f"{row.fair_firsts:.1f}",
                None if row.mean_difference_bps is None else f"{row.mean_difference_bps:+.3f}",
            )
            for row in report.accounts
        ],
        right=("plans", "went first", "by lot", "mean difference bp"),
    )
    if not report.credits:
        tables.line("rounding owes nobody anything: it does so where a signal's quantity was shared out")
        return exits.OK
    tables.table(
        ("account", "symbol", "owed lots", "worst", "never above"),
        [(row.account, row.symbol, f"{row.owed:f}", f"{row.worst:f}", f"{row.bound:f}") for row in report.credits],
        right=("owed lots", "worst", "never above"),
    )
    return exits.OK


def show_correlations(journal: Path, as_json: bool) -> int:
    """Show the matrix that plans go by; a pair that nobody said anything of is empty."""
    view = Returns()
    fold(journal, view)
    matrix = {a: {b: view.correlation(a, b) for b in view.accounts} for a in view.accounts}
    if as_json:
        print_json(document({"threshold": view.threshold, "correlations": matrix}))
        return exits.OK
    tables.line(f"above {view.threshold:f} the later account waits longer and takes less")
    rows = [(a, *(None if rho is None else f"{rho:f}" for rho in row.values())) for a, row in matrix.items()]
    tables.table(("account", *view.accounts), rows, right=view.accounts)
    return exits.OK


def estimate_correlations(journal: Path, method: Method, days_min: int, apply: bool, as_json: bool) -> int:
    """Estimate every pair from daily returns, and tell the engine those that changed, if it is to be told."""
    view = Returns()
    fold(journal, view)
    accounts, returns = view.table()
    if len(returns) < days_min or len(accounts) < 2:
        tables.say(f"coxswain: {len(returns)} days of {len(accounts)} accounts; wanted {days_min} days of two or more")
        return exits.ERROR
    matrix = correlations(returns, method)
    pairs = [(a, b, matrix[i][j]) for i, a in enumerate(accounts) for j, b in enumerate(accounts) if i < j]
    if as_json:
        print_json(document([{"accounts": [a, b], "rho": rho} for a, b, rho in pairs]))
    else:
        tables.line(f"{method} on {len(returns)} days")
        tables.table(
            ("account", "other", "was", "estimated"),
            [(a, b, _number(view.correlation(a, b)), f"{rho:f}") for a, b, rho in pairs],
            right=("was", "estimated"),
        )
    changed = [(a, b, rho) for a, b, rho in pairs if apply and rho != view.correlation(a, b)]
    for a, b, rho in changed:
        reason = f"estimated by {method} on {len(returns)} days"
        told = {"command": "set-correlation", "accounts": [a, b], "rho": f"{rho:f}", "reason": reason}
        answer = tell_running(journal, told) if is_written(journal) else tell(journal, told)
        for sentence in answer.did:
            tables.say(sentence)
    if apply:
        tables.say(f"told the engine {tables.count(len(changed), 'pair')}")
    return exits.OK


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
