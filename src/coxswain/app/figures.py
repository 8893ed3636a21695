"""The commands that count: statistics of all trading, and how accounts and venues answered.

They look at a journal as `inspect` does, and open nothing for writing.
"""

from decimal import Decimal
from pathlib import Path

from coxswain.app import exits, screens, tables
from coxswain.app.inspect import fold, summary_of
from coxswain.app.levels import By
from coxswain.app.output import print_json
from coxswain.views.counters import NAMES, Counters, Timing
from coxswain.views.summary import MoneyDoc, PerformanceDoc, stats_doc

FIGURES = {
    "fill_rate_pct": "fill rate % (of orders that are over, stops and targets left out)",
    "realized_pnl": "realized P&L (before commission)",
    "gross_profit": "gross profit (of trades, net of commission)",
    "gross_loss": "gross loss (of trades, net of commission)",
}
"""Names of figures that need a word more."""
RATIOS = ("profit_factor", "sharpe_ratio", "return_pct", "max_drawdown_pct")


def show_stats(journal: Path, as_json: bool) -> int:
    summary = summary_of(journal)
    figures = stats_doc(summary.stats.figures(), summary.performance.figures())
    if as_json:
        print_json(figures)
        return exits.OK
    screens.show_market(summary)
    cells = [
        (FIGURES.get(name, tables.named(name)), tables.short(getattr(figures, name)))
        for name in figures.__struct_fields__
        if name not in ("money", "performance")
    ]
    tables.table(("figure", "value"), cells, right=("value",))
    rows: tuple[MoneyDoc | PerformanceDoc, ...] = (*figures.money, *figures.performance)
    for row in rows:
        cells = [
            (FIGURES.get(name, tables.named(name)), _figure(name, getattr(row, name)))
            for name in row.__struct_fields__
            if name != "currency"
        ]
        tables.table((f"in {row.currency}", "value"), cells, right=("value",))
    return exits.OK


def _figure(name: str, value: object) -> object:
    if isinstance(value, str) and name not in RATIOS:
        return tables.money(Decimal(value))
    return tables.short(value)


def show_counters(journal: Path, by: By, as_json: bool) -> int:
    """What each account or venue was asked and said, and how long it took in the engine's time."""
    counters = Counters()
    fold(journal, counters)
    rows = counters.accounts() if by is By.ACCOUNT else counters.venues()
    if as_json:
        print_json(
            [
                {
                    by.value: row.name,
                    **{name: row.counts[name] for name in NAMES},
                    "acknowledged": _timing(row.acknowledged),
                    "first_fill": _timing(row.filled),
                }
                for row in rows
            ]
        )
        return exits.OK
    headings = (by.value, *(name.replace("_", " ") for name in NAMES), "ack ms", "longest", "fill ms", "longest fill")
    cells = [
        (
            row.name,
            *(row.counts[name] or None for name in NAMES),
            _ms(row.acknowledged.mean_ms),
            _ms(row.acknowledged.longest_ms),
            _ms(row.filled.mean_ms),
            _ms(row.filled.longest_ms),
        )
        for row in rows
    ]
    tables.table(headings, cells, right=headings[1:], least=("comparisons", "changes asked", "longest fill", "longest"))
    return exits.OK


def _ms(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _timing(timing: Timing) -> dict[str, object]:
    return {"count": timing.count, "mean_ms": timing.mean_ms, "longest_ms": timing.longest_ms}
