"""The commands that look at accounts side by side: fairness, and how their returns move together."""

from pathlib import Path

from coxswain.app import exits, tables
from coxswain.app.inspect import fold
from coxswain.app.output import print_json
from coxswain.views.documents import document
from coxswain.views.fairness import Fairness


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
    tables.table(
        ("account", "symbol", "owed lots", "worst", "never above"),
        [(row.account, row.symbol, f"{row.owed:f}", f"{row.worst:f}", f"{row.bound:f}") for row in report.credits],
        right=("owed lots", "worst", "never above"),
    )
    return exits.OK
