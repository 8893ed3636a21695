"""Makes parent orders for the tests of algorithms, and runs an algorithm against a venue that fills what it likes."""

from decimal import Decimal
from functools import partial
from typing import Any

from coxswain.core.draws import draw
from coxswain.model.algo import ParentView
from coxswain.model.vocabulary import AccountId, Side, SignalId

S = 1_000_000_000
START_NS = 1_700_000_000 * S


def parent(qty: str | int = 100, *, step: str = "1", name: str = "s1", **fields: Any) -> ParentView:
    """Return a parent that has just started; numbers are given as text."""
    values: dict[str, Any] = {
        "side": Side.BUY,
        "order_qty": Decimal(qty),
        "lot_step": Decimal(step),
        "min_qty": Decimal(step),
        "tick": Decimal("0.01"),
        "started_ns": START_NS,
        "cum_qty": Decimal(0),
        "open_qty": Decimal(0),
        "open_px": None,
        "limit_px": None,
        "arrival_px": Decimal("100.01"),
        "arrival_volume": None,
        "volume_curve": (),
        "draw": partial(draw, 7, SignalId(name), AccountId("A")),
    }
    values |= {key: Decimal(value) if type(value) is str else value for key, value in fields.items()}
    return ParentView(**values)
