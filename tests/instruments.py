"""What tests trade, wherever they trade it."""

from decimal import Decimal

from coxswain.model.market import Instrument
from coxswain.model.vocabulary import Symbol

SHARES = Instrument(
    Symbol("SHARE"), "USD", tick=Decimal("0.01"), lot_step=Decimal(1), min_qty=Decimal(1), margin_rate=Decimal("0.5")
)
EURUSD_SPOT = Instrument(
    Symbol("EURUSD"),
    "USD",
    tick=Decimal("0.00001"),
    lot_step=Decimal("0.01"),
    min_qty=Decimal("0.01"),
    contract_size=Decimal(100_000),
    margin_rate=Decimal("0.05"),
    base_currency="EUR",
)
USDJPY_SPOT = Instrument(
    Symbol("USDJPY"),
    "JPY",
    tick=Decimal("0.001"),
    lot_step=Decimal("0.01"),
    min_qty=Decimal("0.01"),
    contract_size=Decimal(100_000),
    margin_rate=Decimal("0.05"),
    base_currency="USD",
)
