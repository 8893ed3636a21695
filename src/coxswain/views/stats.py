"""Execution statistics, each with its definition. Nothing here needs a series of returns, and nothing is estimated.

An *order* is one that the gate approved. Protective orders (stop, target) count as orders, but not in rates and times:
of the two one never fills, and when the other does is the market's doing.

A *trade* is a round trip: all that one account did in one instrument from flat until the quantity reached or passed
zero. Its result is the profit of all its fills less their commission. A fill that passes zero closes one trade and
opens another: its profit belongs to the one that it closes, its commission to each by quantity. A *win* is a trade with
a result above zero, a *loss* one below. Where a bust or a correction opens again what was flat, its last trade goes on;
one of which no fill is left never was.

A figure with too little data is None. Money of different currencies is never added up.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.decimals import HUNDRED, ZERO, plain, round_down
from coxswain.model.vocabulary import SIGN, AccountId, OrdStatus, Role, Symbol
from coxswain.views.blotter import Blotter, OrderRow

PROTECTION = (Role.STOP, Role.TARGET)
_NS_PER_MS = 1_000_000


class MoneyRow(msgspec.Struct, frozen=True):
    """Figures of all accounts in one currency."""

    currency: str
    realized_pnl: Decimal
    """Of every fill, before commission."""
    commission: Decimal
    slippage: Decimal | None
    """Paid against the decision prices, adverse positive; None where no fill had one."""
    trades: int
    gross_profit: Decimal
    """Sum of the wins, net of commission as each is."""
    gross_loss: Decimal
    """Sum of the losses, net of commission as each is, as a positive number."""
    largest_win: Decimal | None
    largest_loss: Decimal | None
    """Negative, as the average is."""
    average_win: Decimal | None
    average_loss: Decimal | None
    profit_factor: Decimal | None
    """Gross profit / gross loss; None without a loss."""


class StatsRow(msgspec.Struct, frozen=True):
    total_orders: int
    filled_orders: int
    """Filled in full."""
    cancelled_orders: int
    """Also those that had filled in part."""
    rejected_orders: int
    """By the venue."""
    expired_orders: int
    denied_orders: int
    """By our own gate, so not among `total_orders`."""
    fills: int
    fill_rate_pct: Decimal | None
    """Orders filled in full, of those that are over."""
    average_fill_time_ms: Decimal | None
    """From an order's creation to its last fill, over orders filled in full."""
    average_slippage_bps: Decimal | None
    """Mean over the orders that filled: average price against decision price, adverse positive."""
    trades: int
    wins: int
    losses: int
    win_rate_pct: Decimal | None
    """Wins, of all trades."""
    money: tuple[MoneyRow, ...]


class _Purse(msgspec.Struct):
    """What the accounts of one currency come to."""

    realized: Decimal = ZERO
    commission: Decimal = ZERO
    slippage: Decimal | None = None
    trades: int = 0
    """How many closed, also those that opened again."""
    results: dict[int, Decimal] = {}
    """Of each trade, by its number in the order they closed."""


class Stats:
    """Folds money and trades; orders are read from the blotter, which is fed first."""

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter
        self._currencies: dict[AccountId, str] = {}
        self._contract_sizes: dict[Symbol, Decimal] = {}
        self._purses: dict[str, _Purse] = {}
        self._open_trades: dict[tuple[AccountId, Symbol], Decimal] = {}
        """The result so far of each trade that has not closed."""
        self._held: dict[tuple[AccountId, Symbol], Decimal] = {}
        self._fills_in: dict[tuple[AccountId, Symbol], int] = {}
        """Fills that stand, of each trade that has not closed."""
        self._last: dict[tuple[AccountId, Symbol], tuple[int, int]] = {}
        """The trade that closed last in each, and how many fills it had."""
        self._reversing = False
        """The next change of a position comes from a bust or a correction."""

    def apply(self, record: Record) -> None:
        for event in record.events:
            act = _TABLE.get(type(event))
            if act is not None:
                act(self, event)

    def figures(self) -> StatsRow:
        orders = self._blotter.orders.values()
        meant_to_trade = [order for order in orders if order.role not in PROTECTION]
        filled = [order for order in meant_to_trade if order.ord_status is OrdStatus.FILLED]
        over = sum(not order.is_open for order in meant_to_trade)
        results = [result for purse in self._purses.values() for result in purse.results.values()]
        wins = sum(result > 0 for result in results)
        return StatsRow(
            len(orders),
            _count(orders, OrdStatus.FILLED),
            _count(orders, OrdStatus.CANCELED),
            _count(orders, OrdStatus.REJECTED),
            _count(orders, OrdStatus.EXPIRED),
            len(self._blotter.denied),
            len(self._blotter.live_fills()),
            _percent(len(filled), over),
            _mean(_fill_time_ms(order) for order in filled),
            _mean(order.slippage_bps for order in orders if order.slippage_bps is not None),
            len(results),
            wins,
            sum(result < 0 for result in results),
            _percent(wins, len(results)),
            tuple(_money(currency, purse) for currency, purse in sorted(self._purses.items())),
        )

    def _configured(self, event: ev.EngineConfigured) -> None:
        self._currencies = {account.id: account.currency for account in event.setup.accounts}
        self._contract_sizes = {instrument.symbol: instrument.contract_size for instrument in event.setup.instruments}

    def _filled(self, event: ev.OrderFilled) -> None:
        key = (event.account, event.symbol)
        self._fills_in[key] = self._fills_in.get(key, 0) + 1
        self._pay(event, event.last_px, event.last_qty, event.fx_rate)

    def _busted(self, event: ev.FillBusted) -> None:
        key = (event.account, event.symbol)
        self._reversing = True
        self._fills_in[key] = self._fills_in.get(key, 0) - 1
        self._pay(event, event.last_px, -event.last_qty, event.fx_rate)

    def _corrected(self, event: ev.FillCorrected) -> None:
        self._reversing = True
        self._pay(event, event.former_px, -event.former_qty, event.former_fx_rate)
        self._pay(event, event.last_px, event.last_qty, event.fx_rate)

    def _pay(
        self, event: ev.OrderFilled | ev.FillBusted | ev.FillCorrected, px: Decimal, qty: Decimal, rate: Decimal
    ) -> None:
        """Count what a fill paid against its order's decision price; a negative quantity takes it back."""
        order = self._blotter.orders.get(event.cl_ord_id)
        if order is None or order.decision_px is None:
            return
        worse_by = (px - order.decision_px) * SIGN[event.side]
        paid = worse_by * qty * self._contract_sizes[event.symbol] * rate
        purse = self._purse(event.account)
        purse.slippage = round_down((purse.slippage or ZERO) + paid)

    def _position_changed(self, event: ev.PositionChanged) -> None:
        purse, key = self._purse(event.account), (event.account, event.symbol)
        purse.realized = plain(purse.realized + event.realized)
        purse.commission = plain(purse.commission + event.commission)
        reversing, self._reversing = self._reversing, False
        if reversing and not self._held.get(key) and event.qty and key in self._last:
            closed, fills = self._last.pop(key)  # it was not over after all
            self._open_trades[key] = purse.results.pop(closed)
            self._fills_in[key] = self._fills_in.get(key, 0) + fills
        so_far, before = self._open_trades.pop(key, ZERO), abs(self._held.get(key, ZERO))
        self._held[key] = event.qty
        if not event.closed:
            self._open_trades[key] = plain(so_far + event.realized - event.commission)
            return
        opening = ZERO
        if event.qty:
            opening = round_down(event.commission * abs(event.qty) / (before + abs(event.qty)))
            self._open_trades[key] = -opening
        fills = self._fills_in.get(key, 0)
        self._fills_in[key] = 1 if event.qty else 0
        if reversing and not fills:
            return  # every fill of it was taken back
        number = purse.trades = purse.trades + 1
        purse.results[number] = plain(so_far + event.realized - (event.commission - opening))
        self._last[key] = (number, fills)

    def _purse(self, account: AccountId) -> _Purse:
        return self._purses.setdefault(self._currencies[account], _Purse())


# Each method takes the event that it stands beside.
_TABLE: dict[type, Callable[..., None]] = {
    ev.EngineConfigured: Stats._configured,
    ev.OrderFilled: Stats._filled,
    ev.FillBusted: Stats._busted,
    ev.FillCorrected: Stats._corrected,
    ev.PositionChanged: Stats._position_changed,
}


def _money(currency: str, purse: _Purse) -> MoneyRow:
    wins = [result for result in purse.results.values() if result > 0]
    losses = [result for result in purse.results.values() if result < 0]
    gross_profit, gross_loss = plain(sum(wins, ZERO)), plain(-sum(losses, ZERO))
    return MoneyRow(
        currency,
        purse.realized,
        purse.commission,
        purse.slippage,
        len(purse.results),
        gross_profit,
        gross_loss,
        max(wins, default=None),
        min(losses, default=None),
        _mean(wins),
        _mean(losses),
        round_down(gross_profit / gross_loss) if gross_loss else None,
    )


def _count(orders: Iterable[OrderRow], status: OrdStatus) -> int:
    return sum(order.ord_status is status for order in orders)


def _fill_time_ms(order: OrderRow) -> Decimal:
    return Decimal((order.last_fill_ns or order.created_ns) - order.created_ns) / _NS_PER_MS


def _percent(part: int, whole: int) -> Decimal | None:
    return round_down(part * HUNDRED / whole) if whole else None


def _mean(values: Iterable[Decimal]) -> Decimal | None:
    listed = list(values)
    return round_down(sum(listed, ZERO) / len(listed)) if listed else None
