"""What the accounts of one currency came to: return and risk over time, and the portfolio as it stands.

Returns are of an index that money moved in or out leaves alone: it begins at 1, and follows the equity of all accounts
of the currency, realised and open, from one transfer to the next, as the price of a fund's unit does. An account's
first balance is a transfer. Equity is looked at after every fill and every journaled quote of something held.

- *Maximum drawdown*: the deepest fall of the index below its highest value before, in per cent of that.
- *Daily return*: the index where a trading day begins over the index where the day before began, less one.
- *Sharpe ratio*: mean of the daily returns over their sample standard deviation, times the square root of 252, with no
  risk-free rate (W. F. Sharpe, The Sharpe Ratio, 1994). None with fewer than five returns, or where they are all alike.
"""

import itertools
from collections.abc import Callable, Collection
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.cash import TRANSFERS
from coxswain.model.decimals import HUNDRED, ONE, ZERO, plain, round_down
from coxswain.model.market import Quote
from coxswain.model.vocabulary import AccountId, Symbol
from coxswain.views.positions import Book

DAYS_A_YEAR = 252
RETURNS_MIN = 5


class PortfolioRow(msgspec.Struct, frozen=True):
    """What accounts in one currency hold, and what came of it."""

    currency: str
    total_positions: int
    total_value: Decimal | None
    """Of all open positions, long and short, at the closing side of the last quotes; None if one cannot be valued."""
    total_unrealized_pnl: Decimal
    total_realized_pnl: Decimal
    """Of every fill, before commission."""
    average_position_size: Decimal | None
    """Total value over positions."""
    winning_positions: int
    losing_positions: int


class PerformanceRow(PortfolioRow, frozen=True):
    """Figures of all accounts in one currency; None where there is too little to tell."""

    equity: Decimal
    return_pct: Decimal
    """Of the index, since the beginning."""
    daily_returns: int
    sharpe_ratio: Decimal | None
    max_drawdown_pct: Decimal
    financing: Decimal
    """Swap, fees and interest that venues booked by themselves; negative where it cost."""
    transferred: Decimal
    """Paid in less paid out, as venues told it; first balances left out."""


class _Fund(msgspec.Struct):
    """The accounts of one currency, as one."""

    balance: Decimal = ZERO
    unrealized: Decimal = ZERO
    financing: Decimal = ZERO
    transferred: Decimal = ZERO
    base_index: Decimal = ONE
    """Where the index stood when money last moved, and the equity it stood for."""
    base_equity: Decimal = ZERO
    highest: Decimal = ONE
    drawdown_pct: Decimal = ZERO
    days: dict[str, Decimal] = {}
    """The index where each day began."""

    @property
    def equity(self) -> Decimal:
        return plain(self.balance + self.unrealized)

    @property
    def index(self) -> Decimal:
        return round_down(self.base_index * self.equity / self.base_equity) if self.base_equity > 0 else self.base_index


class Performance:
    """Folds equity and its index; positions and quotes are read from the book, which is fed first."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._currencies: dict[AccountId, str] = {}
        self._funds: dict[str, _Fund] = {}
        self._balances: dict[AccountId, Decimal] = {}
        self._realized: dict[AccountId, Decimal] = {}
        self._marks: dict[tuple[AccountId, Symbol], Decimal] = {}
        self._holders: dict[Symbol, dict[AccountId, None]] = {}

    def apply(self, record: Record) -> None:
        if isinstance(record.input, Quote) and not record.is_void:
            for account in self._holders.get(record.input.symbol, ()):
                self._mark(account, record.input.symbol)
                self._look(account)
        for event in record.events:
            act = _TABLE.get(type(event))
            if act is not None:
                act(self, event)

    def figures(self) -> tuple[PerformanceRow, ...]:
        portfolios = {row.currency: row for row in self.portfolio()}
        # A day may have begun before any balance came.
        return tuple(
            self._row(fund, portfolios.get(currency) or self._portfolio(currency, ()))
            for currency, fund in sorted(self._funds.items())
        )

    def portfolio(self, accounts: Collection[AccountId] | None = None) -> tuple[PortfolioRow, ...]:
        """Return what these accounts hold, or all, one row a currency."""
        meant = [each for each in self._balances if accounts is None or each in accounts]
        by_currency: dict[str, set[AccountId]] = {}
        for account in meant:
            by_currency.setdefault(self._currencies[account], set()).add(account)
        return tuple(self._portfolio(currency, found) for currency, found in sorted(by_currency.items()))

    def _portfolio(self, currency: str, accounts: Collection[AccountId]) -> PortfolioRow:
        held = [row for row in self._book.open_positions() if row.account in accounts]
        values = [self._book.value_of(row) for row in held]
        total = None if None in values else plain(sum((value for value in values if value is not None), ZERO))
        return PortfolioRow(
            currency,
            len(held),
            total,
            plain(sum((mark for (account, _), mark in self._marks.items() if account in accounts), ZERO)),
            plain(sum((self._realized.get(account, ZERO) for account in sorted(accounts)), ZERO)),
            round_down(total / len(held)) if total is not None and held else None,
            sum((row.unrealized_pnl or ZERO) > 0 for row in held),
            sum((row.unrealized_pnl or ZERO) < 0 for row in held),
        )

    def _row(self, fund: _Fund, portfolio: PortfolioRow) -> PerformanceRow:
        returns = daily_returns(list(fund.days.values()))
        return PerformanceRow(
            **msgspec.structs.asdict(portfolio),
            equity=fund.equity,
            return_pct=round_down((fund.index - ONE) * HUNDRED),
            daily_returns=len(returns),
            sharpe_ratio=sharpe_ratio(returns),
            max_drawdown_pct=fund.drawdown_pct,
            financing=fund.financing,
            transferred=fund.transferred,
        )

    # --- what moves it ------------------------------------------------------------------------------------------------

    def _configured(self, event: ev.EngineConfigured) -> None:
        self._currencies |= {account.id: account.currency for account in event.setup.accounts}

    def _adopted(self, event: ev.BalanceAdopted) -> None:
        self._transfer(event.account, event.balance - self._balances.get(event.account, ZERO))

    def _adjusted(self, event: ev.BalanceAdjusted) -> None:
        if event.is_transfer:
            self._transfer(event.account, event.difference)
        else:
            self._set_balance(event.account, event.balance)
            self._look(event.account)

    def _cash_booked(self, event: ev.CashBooked) -> None:
        """Swap, fees and interest are a part of the return; what was paid in or out is none."""
        fund, moved = self._fund(event.account), event.movement
        if moved.kind in TRANSFERS:
            self._transfer(event.account, moved.amount)
            fund.transferred = plain(fund.transferred + moved.amount)
            return
        self._set_balance(event.account, event.balance)
        fund.financing = plain(fund.financing + moved.amount)
        self._look(event.account)

    def _changed(self, event: ev.PositionChanged) -> None:
        holders = self._holders.setdefault(event.symbol, {})
        if event.qty:
            holders[event.account] = None
        else:
            holders.pop(event.account, None)
        self._realized[event.account] = plain(self._realized.get(event.account, ZERO) + event.realized)
        self._set_balance(event.account, event.balance)
        self._mark(event.account, event.symbol)
        self._look(event.account)

    def _day_started(self, event: ev.DayStarted) -> None:
        """The first account to begin a day begins it for all of its currency; a first balance may begin it anew."""
        fund = self._fund(event.account)
        if event.account in self._balances and (not fund.days or event.day > max(fund.days)):
            fund.days[event.day] = fund.index

    # --- sums ---------------------------------------------------------------------------------------------------------

    def _fund(self, account: AccountId) -> _Fund:
        return self._funds.setdefault(self._currencies[account], _Fund())

    def _transfer(self, account: AccountId, amount: Decimal) -> None:
        fund = self._fund(account)
        index = fund.index
        self._set_balance(account, self._balances.get(account, ZERO) + amount)
        fund.base_index, fund.base_equity = index, fund.equity

    def _set_balance(self, account: AccountId, balance: Decimal) -> None:
        fund = self._fund(account)
        fund.balance = plain(fund.balance + balance - self._balances.get(account, ZERO))
        self._balances[account] = balance

    def _mark(self, account: AccountId, symbol: Symbol) -> None:
        fund, key = self._fund(account), (account, symbol)
        before = self._marks.get(key, ZERO)
        now = self._book.open_profit(account, symbol)
        if now is not None:  # else nobody can tell, and what was last known stands
            fund.unrealized = plain(fund.unrealized + now - before)
            self._marks[key] = now

    def _look(self, account: AccountId) -> None:
        fund = self._fund(account)
        index = fund.index
        fund.highest = max(fund.highest, index)
        fund.drawdown_pct = max(fund.drawdown_pct, round_down((fund.highest - index) / fund.highest * HUNDRED))


# Each method takes the event that it stands beside.
_TABLE: dict[type, Callable[..., None]] = {
    ev.EngineConfigured: Performance._configured,
    ev.BalanceAdopted: Performance._adopted,
    ev.BalanceAdjusted: Performance._adjusted,
    ev.CashBooked: Performance._cash_booked,
    ev.PositionChanged: Performance._changed,
    ev.DayStarted: Performance._day_started,
}


def daily_returns(index: list[Decimal]) -> list[Decimal]:
    """Return what each step of an index gained on the one before, as a share."""
    return [round_down(after / before - ONE) for before, after in itertools.pairwise(index) if before]


def sharpe_ratio(returns: list[Decimal]) -> Decimal | None:
    """Return mean over sample deviation, for a year; None with too few returns or none that differs."""
    if len(returns) < RETURNS_MIN:
        return None
    mean = sum(returns, ZERO) / len(returns)
    variance = sum(((each - mean) ** 2 for each in returns), ZERO) / (len(returns) - 1)
    return round_down(mean / variance.sqrt() * Decimal(DAYS_A_YEAR).sqrt()) if variance else None
