"""Run `coxswain` in a version with a bug: `python raises.py WHAT ARGUMENTS...`; a handler of the core raises.

`signal` raises on every signal called "poison"; `fill` on a report of a fill of it; `release` when its share is due.
All else is as it was, so this stands for a version with that one mistake, in every command.
"""

import sys
from collections.abc import Callable
from typing import Any

from coxswain.app.cli import main
from coxswain.core import engine
from coxswain.core.tx import Tx
from coxswain.messages import inputs as inp
from coxswain.model.vocabulary import ExecType

Handler = Callable[..., None]


def with_a_bug(handler: Handler, hits: Callable[..., bool]) -> Handler:
    def broken(tx: Tx, *what: Any) -> None:
        if hits(tx, *what):
            raise AssertionError("a bug of ours")
        handler(tx, *what)

    return broken


def _poisoned(tx: Tx, message: inp.SubmitSignal) -> bool:
    return message.signal.id == "poison"


def _fills(tx: Tx, report: inp.ExecutionReport) -> bool:
    order = tx.account(report.account).orders.get(report.cl_ord_id)
    return report.exec_type is ExecType.TRADE and order is not None and order.intent.signal_id == "poison"


def _releases(tx: Tx, account: str, what: str) -> bool:
    return what == "poison"


def plant(what: str) -> None:
    """Put the bug into the table that the engine reads."""
    if what == "signal":
        engine._PLAIN[inp.SubmitSignal] = with_a_bug(engine._PLAIN[inp.SubmitSignal], _poisoned)
    elif what == "fill":
        engine._PLAIN[inp.ExecutionReport] = with_a_bug(engine._PLAIN[inp.ExecutionReport], _fills)
    elif what == "release":
        engine._ANSWERS["release"] = with_a_bug(engine._ANSWERS["release"], _releases)


if __name__ == "__main__":
    _, planted, *arguments = sys.argv
    plant(planted)
    sys.argv = ["coxswain", *arguments]
    main()
