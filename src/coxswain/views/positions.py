"""Positions and accounts: what is held, what it is worth at the last journaled quote, and what may still be done.

The open profit is marked at the closing side, in the instrument's currency; it is in the account's currency too where
that is the same. The events state everything else.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.decimals import HUNDRED, ZERO, plain, round_down
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent
from coxswain.model.position import unrealized
from coxswain.model.setup import AccountSpec
from coxswain.model.vocabulary import AccountId, ClOrdId, Role, Symbol, TradingState

AT_VENUE, NONE = "venue", "NONE"


class PositionRow(msgspec.Struct):
    """One account's position. Realised profit is in the account's currency, before commission."""

    account: AccountId
    symbol: Symbol
    qty: Decimal = ZERO
    avg_px: Decimal | None = None
    cost: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    commission: Decimal = ZERO
    unrealized_pnl: Decimal | None = None
    """None where no quote, or no rate into the account's currency, can tell."""
    margin: Decimal = ZERO
    protection: str = NONE
    """`venue` where a working stop covers it, else NONE."""
    stop_px: Decimal | None = None
    target_px: Decimal | None = None
    opened_ns: int | None = None


class AccountRow(msgspec.Struct):
    """One account. Money is in its own currency."""

    account: AccountId
    venue: str
    currency: str
    reserve: bool
    balance: Decimal | None = None
    anchor: Decimal = ZERO
    day: str = ""
    day_realized: Decimal = ZERO
    state: TradingState = TradingState.ACTIVE
    causes: list[str] = []
    reconciled_ns: int | None = None
    breaks: list[str] = []
    unrealized_pnl: Decimal = ZERO
    used_margin: Decimal = ZERO
    open_positions: int = 0

    @property
    def equity(self) -> Decimal:
        return plain((self.balance or ZERO) + self.unrealized_pnl)

    @property
    def daily_drawdown_pct(self) -> Decimal:
        """(anchor - equity) / anchor in per cent, never below zero."""
        if not self.anchor:
            return ZERO
        return max(round_down((self.anchor - self.equity) / self.anchor * HUNDRED), ZERO)


class Book:
    """Folds accounts, positions and breaks."""

    def __init__(self) -> None:
        self.accounts: dict[AccountId, AccountRow] = {}
        self.positions: dict[tuple[AccountId, Symbol], PositionRow] = {}
        self.breaks: dict[str, ev.BreakFound] = {}
        self.incidents: list[ev.IncidentRaised] = []
        self.instruments: dict[Symbol, Instrument] = {}
        self.quotes: dict[Symbol, Quote] = {}
        self.comparisons = 0
        self._stops: dict[ClOrdId, OrderIntent] = {}
        self._now_ns = 0

    def apply(self, record: Record) -> None:
        self._now_ns = record.now_ns
        if isinstance(record.input, Quote):
            self.quotes[record.input.symbol] = record.input
        for event in record.events:
            act = _TABLE.get(type(event))
            if act is not None:
                act(self, event)

    def open_positions(self) -> list[PositionRow]:
        """Return what is held, marked at the last quotes."""
        return [self._marked(row) for row in self.positions.values() if row.qty]

    def all_accounts(self) -> list[AccountRow]:
        """Return every account, its open profit marked at the last quotes."""
        for account in self.accounts.values():
            account.unrealized_pnl, account.used_margin, account.open_positions = ZERO, ZERO, 0
        for row in self.open_positions():
            account = self.accounts[row.account]
            account.unrealized_pnl = plain(account.unrealized_pnl + (row.unrealized_pnl or ZERO))
            account.used_margin = plain(account.used_margin + row.margin)
            account.open_positions += 1
        return list(self.accounts.values())

    def _marked(self, row: PositionRow) -> PositionRow:
        quote, instrument = self.quotes.get(row.symbol), self.instruments[row.symbol]
        row.unrealized_pnl = None
        if quote is not None:
            price = quote.bid if row.qty > 0 else quote.ask
            profit = unrealized(row.qty, row.cost, price, instrument.contract_size)
            rate = self._rate(instrument.currency, self.accounts[row.account].currency, profit > 0)
            row.unrealized_pnl = None if rate is None else round_down(profit * rate)
        return row

    def _rate(self, source: str, target: str, is_gain: bool) -> Decimal | None:
        """The adverse side of the pair's last quote, as the engine converts."""
        if source == target:
            return Decimal(1)
        for symbol, instrument in self.instruments.items():
            quote = self.quotes.get(symbol)
            if quote is None:
                continue
            if (instrument.base_currency, instrument.currency) == (source, target):
                return quote.bid if is_gain else quote.ask
            if (instrument.base_currency, instrument.currency) == (target, source):
                return round_down(1 / (quote.ask if is_gain else quote.bid))
        return None

    def _configured(self, event: ev.EngineConfigured) -> None:
        self.instruments = {instrument.symbol: instrument for instrument in event.setup.instruments}
        for spec in event.setup.accounts:
            self.accounts.setdefault(spec.id, _row_of(spec))

    def _state_changed(self, event: ev.AccountStateChanged) -> None:
        account = self.accounts[event.account]
        account.causes = [cause for cause in account.causes if cause != event.cause]
        if event.active:
            account.causes.append(event.cause)
        account.state = event.state

    def _day_started(self, event: ev.DayStarted) -> None:
        account = self.accounts[event.account]
        account.day, account.anchor, account.day_realized = event.day, event.anchor, ZERO

    def _balance_adopted(self, event: ev.BalanceAdopted) -> None:
        self.accounts[event.account].balance = event.balance

    def _position(self, account: AccountId, symbol: Symbol) -> PositionRow:
        return self.positions.setdefault((account, symbol), PositionRow(account, symbol))

    def _changed(self, event: ev.PositionChanged) -> None:
        row, account = self._position(event.account, event.symbol), self.accounts[event.account]
        if not row.qty or event.closed:
            row.opened_ns = self._now_ns
        if event.closed:
            row.stop_px = row.target_px = None
        row.qty, row.cost, row.avg_px, row.margin = event.qty, event.cost, event.avg_px, event.margin
        row.realized_pnl = plain(row.realized_pnl + event.realized)
        row.commission = plain(row.commission + event.commission)
        account.balance = event.balance
        account.day_realized = plain(account.day_realized + event.realized - event.commission)
        self._cover(event.account, event.symbol)

    def _levels(self, event: ev.ProtectionLevelsSet) -> None:
        row = self._position(event.account, event.symbol)
        row.stop_px, row.target_px = event.stop_px, event.target_px

    def _order_created(self, event: ev.OrderCreated) -> None:
        if event.intent.role is Role.STOP:
            self._stops[event.cl_ord_id] = event.intent

    def _order_accepted(self, event: ev.OrderAccepted) -> None:
        intent = self._stops.get(event.cl_ord_id)
        if intent is not None:
            self._position(intent.account, intent.symbol).protection = AT_VENUE

    def _order_ended(self, event: ev.OrderCanceled | ev.OrderRejected | ev.OrderExpired) -> None:
        self._drop_stop(event.cl_ord_id)

    def _order_filled(self, event: ev.OrderFilled) -> None:
        if not event.leaves_qty:
            self._drop_stop(event.cl_ord_id)

    def _drop_stop(self, cl_ord_id: ClOrdId) -> None:
        intent = self._stops.pop(cl_ord_id, None)
        if intent is not None:
            self._position(intent.account, intent.symbol).protection = NONE

    def _cover(self, account: AccountId, symbol: Symbol) -> None:
        row = self._position(account, symbol)
        if not row.qty:
            row.protection = NONE

    def _reconciled(self, event: ev.Reconciled) -> None:
        self.comparisons += 1
        self.accounts[event.account].reconciled_ns = self._now_ns

    def _break_found(self, event: ev.BreakFound) -> None:
        self.breaks[event.break_id] = event
        self.accounts[event.account].breaks.append(event.break_id)

    def _break_closed(self, event: ev.BreakClosed) -> None:
        self.breaks.pop(event.break_id, None)
        self.accounts[event.account].breaks.remove(event.break_id)

    def _incident(self, event: ev.IncidentRaised) -> None:
        self.incidents.append(event)


def _row_of(spec: AccountSpec) -> AccountRow:
    return AccountRow(spec.id, spec.venue, spec.currency, spec.reserve)


# Each method takes the event that it stands beside.
_TABLE: dict[type, Callable[..., None]] = {
    ev.EngineConfigured: Book._configured,
    ev.AccountStateChanged: Book._state_changed,
    ev.DayStarted: Book._day_started,
    ev.BalanceAdopted: Book._balance_adopted,
    ev.PositionChanged: Book._changed,
    ev.ProtectionLevelsSet: Book._levels,
    ev.OrderCreated: Book._order_created,
    ev.OrderAccepted: Book._order_accepted,
    ev.OrderCanceled: Book._order_ended,
    ev.OrderRejected: Book._order_ended,
    ev.OrderExpired: Book._order_ended,
    ev.OrderFilled: Book._order_filled,
    ev.Reconciled: Book._reconciled,
    ev.BreakFound: Book._break_found,
    ev.BreakClosed: Book._break_closed,
    ev.IncidentRaised: Book._incident,
}
