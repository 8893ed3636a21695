"""Positions and accounts: what is held, what it is worth at the last journaled quote, and what may still be done.

The open profit is marked at the closing side of the last quote and converted at the adverse side, as the engine does;
all money is in the account's currency. What is summed up here was stated by events; no limit is applied to it.
"""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.cash import TRANSFERS
from coxswain.model.decimals import HUNDRED, ZERO, percent_of, plain, round_down, round_up, text
from coxswain.model.market import Instrument, Quote
from coxswain.model.plan import Plan
from coxswain.model.position import unrealized
from coxswain.model.spread import LEGS_MAX, level_text
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdStatus, OrdType, Role, SignalId, Symbol, TradingState
from coxswain.views.blotter import Blotter, OrderRow

NS_PER_DAY = 86_400 * 10**9
TOO_YOUNG_NS = 60 * 10**9
"""A profit held for less says nothing of a day."""


class Protection(StrEnum):
    """Whether a stop that works at the venue covers all of a position, or the engine holds one for a venue without."""

    VENUE = "venue"
    ENGINE = "engine"
    NONE = "NONE"


class ProtectedBy(StrEnum):
    """Who would stop a position out: the broker, at whom a stop works, the engine, or nobody."""

    BROKER = "BROKER"
    ENGINE = "ENGINE"
    NONE = "NONE"


_BY = {
    Protection.VENUE: ProtectedBy.BROKER,
    Protection.ENGINE: ProtectedBy.ENGINE,
    Protection.NONE: ProtectedBy.NONE,
}


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
    risk: Decimal = ZERO
    """Lost from the average price to the stop."""
    protection: Protection = Protection.NONE
    stop_px: Decimal | None = None
    target_px: Decimal | None = None
    opened_ns: int | None = None
    holding_ms: int | None = None
    """From the fill that opened it to the last record."""
    return_pct: Decimal | None = None
    """Open profit over the cost of what is open, in the instrument's currency."""
    risk_reward: Decimal | None = None
    """From the average price: the way to the target over the way to the stop; None without both."""
    pnl_per_day: Decimal | None = None
    """Open profit for each day held, in the account's currency."""
    currency: str = ""
    """The account's."""
    protected_by: ProtectedBy = ProtectedBy.NONE
    """The same as `protection`, in the words that are shown."""
    stop_stands_at: Decimal | None = None
    """Where the stop works at the venue; it should be at `stop_px`, and may have been refused there."""
    spread_stops: list[str] = []
    """Of the spreads that have lots of it and are stopped as a whole: which, and where."""

    @property
    def told_protection(self) -> str:
        """Return who protects it, and both prices where the stop stands elsewhere than it should."""
        at = self.stop_stands_at if self.protected_by is ProtectedBy.BROKER else self.stop_px
        if at is None:
            spreads = f", the stop of spread {', '.join(self.spread_stops)}" if self.spread_stops else ""
            return f"{self.protected_by}{spreads}"
        if self.protected_by is ProtectedBy.NONE:
            return f"NONE, its stop is wanted at {text(at)}"
        wanted = "" if at == self.stop_px else f", wanted at {_optional(self.stop_px)}"
        return f"{self.protected_by}, its stop is at {text(at)}{wanted}"

    @property
    def is_elsewhere(self) -> bool:
        """Say whether its stop works, but at another price than it should."""
        return self.stop_stands_at is not None and self.stop_stands_at != self.stop_px


class AccountRow(msgspec.Struct):
    """One account. Money is in its own currency."""

    account: AccountId
    venue: str
    currency: str
    reserve: bool
    balance: Decimal | None = None
    """None until the venue's books have been seen."""
    anchor: Decimal = ZERO
    """The higher of balance and equity at the reset."""
    day: str = ""
    day_balance: Decimal = ZERO
    day_realized: Decimal = ZERO
    """Net of commission, since the reset."""
    state: TradingState = TradingState.ACTIVE
    causes: list[str] = []
    reconciled: bool = False
    reconciled_ns: int | None = None
    """When its books last agreed with the venue's."""
    breaks: list[str] = []
    unrealized_pnl: Decimal = ZERO
    used_margin: Decimal = ZERO
    held_margin: Decimal = ZERO
    """For what open entry orders may still fill; risk likewise."""
    open_risk: Decimal = ZERO
    held_risk: Decimal = ZERO
    planned_risk: Decimal = ZERO
    """Of shares of plans that wait for their release."""
    open_positions: int = 0
    """Instruments held or on order."""
    unprotected_positions: int = 0
    risk_budget_pct: Decimal | None = None

    @property
    def equity(self) -> Decimal:
        return plain((self.balance or ZERO) + self.unrealized_pnl)

    @property
    def available_margin(self) -> Decimal:
        return plain(self.equity - self.used_margin - self.held_margin)

    @property
    def risk_budget_left(self) -> Decimal | None:
        """The day's budget less the realised net loss and what open and held entries risk to their stops."""
        if self.risk_budget_pct is None:
            return None
        budget = percent_of(self.risk_budget_pct, self.day_balance)
        at_stops = self.open_risk + self.held_risk + self.planned_risk
        return plain(budget - max(-self.day_realized, ZERO) - at_stops)

    @property
    def daily_drawdown_pct(self) -> Decimal:
        """(anchor - equity) / anchor in per cent; negative in profit."""
        if not self.anchor:
            return ZERO
        return round_down((self.anchor - self.equity) / self.anchor * HUNDRED)


class Book:
    """Folds accounts, positions and breaks; orders are read from the blotter, which is fed first."""

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter
        self.accounts: dict[AccountId, AccountRow] = {}
        self.positions: dict[tuple[AccountId, Symbol], PositionRow] = {}
        self.breaks: dict[str, ev.BreakFound] = {}
        self.chosen: dict[str, ev.ResolutionChosen] = {}
        """By break: what the next comparison is to do."""
        self.incidents: list[ev.IncidentRaised] = []
        self.instruments: dict[Symbol, Instrument] = {}
        self.quotes: dict[Symbol, Quote] = {}
        self.comparisons = 0
        self._stops_held: set[AccountId] = set()
        """Accounts whose venue takes no stops, so that the engine holds them."""
        self._stop_ids: dict[tuple[AccountId, Symbol], ClOrdId] = {}
        """The stop order placed last for each position."""
        self._plans: dict[SignalId, Plan] = {}
        self._planned: dict[tuple[SignalId, AccountId], Decimal] = {}
        """Risk of the shares that wait for their release."""
        self._now_ns = 0
        self._spread_of: dict[SignalId, SignalId] = {}
        """By leg, and by the exit that leaves it."""
        self._stops_of_spreads: dict[SignalId, str] = {}
        """Where spreads as a whole are stopped; empty where they are not."""
        self._moved_stops: dict[tuple[SignalId, AccountId], str] = {}
        """Where the stop of an account's spread was moved to."""
        self._unwatched: set[tuple[SignalId, AccountId]] = set()
        self._of_spreads: dict[tuple[AccountId, Symbol], dict[SignalId, Decimal]] = {}
        """Lots of each spread, oldest first."""

    def apply(self, record: Record) -> None:
        self._now_ns = record.now_ns
        if isinstance(record.input, Quote) and not record.is_void:
            self.quotes[record.input.symbol] = record.input
        for event in record.events:
            act = _TABLE.get(type(event))
            if act is not None:
                act(self, event)

    def open_positions(self) -> list[PositionRow]:
        """Return what is held, marked at the last quotes, in the order of the accounts."""
        place = {account: at for at, account in enumerate(self.accounts)}
        held = sorted((row for row in self.positions.values() if row.qty), key=lambda row: place[row.account])
        return [self._marked(row) for row in held]

    def open_profit(self, account: AccountId, symbol: Symbol) -> Decimal | None:
        """Return a position's open profit at the last quote, in the account's currency; None if nobody can tell."""
        row = self._position(account, symbol)
        return self._marked(row).unrealized_pnl if row.qty else ZERO

    def value_of(self, row: PositionRow) -> Decimal | None:
        """Return what a position is worth at the closing side of the last quote, in the account's currency."""
        quote, instrument = self.quotes.get(row.symbol), self.instruments[row.symbol]
        rate = self._rate(instrument.currency, row.currency, is_gain=True)
        if quote is None or rate is None:
            return None
        price = quote.bid if row.qty > 0 else quote.ask
        return round_down(abs(row.qty) * price * instrument.contract_size * rate)

    def all_accounts(self) -> list[AccountRow]:
        """Return every account, its open profit marked at the last quotes."""
        occupied: dict[AccountId, set[Symbol]] = {account: set() for account in self.accounts}
        for account in self.accounts.values():
            account.unrealized_pnl = account.used_margin = account.open_risk = ZERO
            account.held_margin = account.held_risk = ZERO
            account.unprotected_positions = 0
        for row in self.open_positions():
            account = self.accounts[row.account]
            account.unrealized_pnl = plain(account.unrealized_pnl + (row.unrealized_pnl or ZERO))
            account.used_margin = plain(account.used_margin + row.margin)
            account.open_risk = plain(account.open_risk + row.risk)
            account.unprotected_positions += row.protection is Protection.NONE
            occupied[row.account].add(row.symbol)
        for order in self._blotter.orders.values():
            if order.is_open and order.enters:
                account = self.accounts[order.account]
                account.held_margin = plain(account.held_margin + order.leaves_qty * order.margin_per_lot)
                account.held_risk = plain(account.held_risk + order.leaves_qty * order.risk_per_lot)
                occupied[order.account].add(order.symbol)
        for account in self.accounts.values():
            account.open_positions = len(occupied[account.account])
        return list(self.accounts.values())

    def _marked(self, row: PositionRow) -> PositionRow:
        quote, instrument = self.quotes.get(row.symbol), self.instruments[row.symbol]
        row.unrealized_pnl = None
        if quote is not None:
            price = quote.bid if row.qty > 0 else quote.ask
            profit = unrealized(row.qty, row.cost, price, instrument.contract_size)
            rate = self._rate(instrument.currency, self.accounts[row.account].currency, profit > 0)
            row.unrealized_pnl = None if rate is None else round_down(profit * rate)
            row.return_pct = round_down(profit / abs(row.cost) * HUNDRED)
        row.risk_reward = _risk_reward(row)
        if row.opened_ns is not None and self._now_ns > row.opened_ns:
            held_ns = self._now_ns - row.opened_ns
            row.holding_ms = held_ns // 1_000_000
            if row.unrealized_pnl is not None and held_ns >= TOO_YOUNG_NS:
                row.pnl_per_day = round_down(row.unrealized_pnl * NS_PER_DAY / held_ns)
        if self._is_covered(row):
            row.protection = Protection.VENUE
        else:
            held_here = row.account in self._stops_held and row.stop_px is not None
            stopped = self._stopped_spreads(row)
            covered = sum((self._of_spreads[row.account, row.symbol][name] for name in stopped), ZERO) >= abs(row.qty)
            row.protection = Protection.ENGINE if held_here or covered else Protection.NONE
        row.protected_by = _BY[row.protection]
        row.spread_stops = [f"{name} at {at}" for name, at in self._stopped_spreads(row).items()]
        stop = self._working_stop(row)
        row.stop_stands_at = None if stop is None else stop.stop_px
        return row

    def _stopped_spreads(self, row: PositionRow) -> dict[SignalId, str]:
        """Return the spreads with lots here that are stopped as a whole, and where."""
        here = self._of_spreads.get((row.account, row.symbol), {})
        watched = (name for name in here if (name, row.account) not in self._unwatched)
        stops = {name: self._moved_stops.get((name, row.account), self._stops_of_spreads[name]) for name in watched}
        return {name: at for name, at in stops.items() if at}

    def _working_stop(self, row: PositionRow) -> OrderRow | None:
        """Return the stop that works at the venue, if one does."""
        stop_id = self._stop_ids.get((row.account, row.symbol))
        if stop_id is None:
            return None
        stop = self._blotter.orders[stop_id]
        works = stop.is_open and stop.outcome_known and stop.ord_status is not OrdStatus.PENDING_NEW
        return stop if works else None

    def _is_covered(self, row: PositionRow) -> bool:
        stop = self._working_stop(row)
        return stop is not None and stop.leaves_qty >= abs(row.qty)

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
                return round_down(1 / quote.ask) if is_gain else round_up(1 / quote.bid)
        return None

    def _configured(self, event: ev.EngineConfigured) -> None:
        self.instruments = {instrument.symbol: instrument for instrument in event.setup.instruments}
        without = {venue.id for venue in event.setup.venues if OrdType.STOP not in venue.capabilities.ord_types}
        self._stops_held = {spec.id for spec in event.setup.accounts if spec.venue in without}
        for spec in event.setup.accounts:
            row = self.accounts.setdefault(spec.id, AccountRow(spec.id, spec.venue, spec.currency, spec.reserve))
            row.risk_budget_pct = spec.limits.get("risk_budget_pct")

    def _state_changed(self, event: ev.AccountStateChanged) -> None:
        account = self.accounts[event.account]
        account.causes = [cause for cause in account.causes if cause != event.cause]
        if event.active:
            account.causes.append(event.cause)
        account.state = event.state
        if event.cause == "UNRECONCILED":
            account.reconciled = not event.active

    def _day_started(self, event: ev.DayStarted) -> None:
        account = self.accounts[event.account]
        account.day, account.anchor = event.day, event.anchor
        account.day_balance, account.day_realized = event.balance, ZERO

    def _balance_adopted(self, event: ev.BalanceAdopted) -> None:
        self.accounts[event.account].balance = event.balance

    def _balance_adjusted(self, event: ev.BalanceAdjusted) -> None:
        account = self.accounts[event.account]
        account.balance = event.balance
        if event.is_transfer:
            account.day_balance = plain(account.day_balance + event.difference)
            account.anchor = plain(account.anchor + event.difference)
        else:
            account.day_realized = plain(account.day_realized + event.difference)

    def _cash_booked(self, event: ev.CashBooked) -> None:
        account, amount = self.accounts[event.account], event.movement.amount
        account.balance = event.balance
        if event.movement.kind in TRANSFERS:
            account.day_balance = plain(account.day_balance + amount)
            account.anchor = plain(account.anchor + amount)
        else:
            account.day_realized = plain(account.day_realized + amount)

    def _position(self, account: AccountId, symbol: Symbol) -> PositionRow:
        fresh = PositionRow(account, symbol, currency=self.accounts[account].currency)
        return self.positions.setdefault((account, symbol), fresh)

    def _changed(self, event: ev.PositionChanged) -> None:
        row, account = self._position(event.account, event.symbol), self.accounts[event.account]
        if not row.qty or event.closed:
            row.opened_ns = self._now_ns
        if event.closed:
            row.stop_px = row.target_px = None
        row.qty, row.cost, row.avg_px = event.qty, event.cost, event.avg_px
        self._keep_within(event)
        row.margin, row.risk = event.margin, event.risk
        row.realized_pnl = plain(row.realized_pnl + event.realized)
        row.commission = plain(row.commission + event.commission)
        account.balance = event.balance
        account.day_realized = plain(account.day_realized + event.realized - event.commission)

    def _signal_accepted(self, event: ev.SignalAccepted) -> None:
        signal = event.signal
        if signal.spread is not None:
            self._spread_of[signal.id] = signal.spread
        if signal.legs:
            self._stops_of_spreads[signal.id] = "" if signal.spread_stop is None else level_text(signal.spread_stop)

    def _spread_moved(self, event: ev.SpreadLevelsMoved) -> None:
        if event.levels.stop is not None:
            self._moved_stops[event.signal_id, event.account] = level_text(event.levels.stop)

    def _filled(self, event: ev.OrderFilled) -> None:
        """Count what a spread has of a position, as the engine does."""
        order = None if event.suspense else self._blotter.orders.get(event.cl_ord_id)
        if order is None or order.role not in (Role.ENTRY, Role.EXIT):
            return
        name = self._spread_of.get(order.signal_id, order.signal_id)
        if name not in self._stops_of_spreads:
            return
        here = self._of_spreads.setdefault((event.account, event.symbol), {})
        sign = 1 if order.role is Role.ENTRY else -1
        here[name] = max(here.get(name, ZERO) + sign * event.last_qty, ZERO)

    def _keep_within(self, event: ev.PositionChanged) -> None:
        here = self._of_spreads.get((event.account, event.symbol))
        if here is None:
            return
        beyond = sum(here.values(), ZERO) - (ZERO if event.closed else abs(event.qty))
        for name, qty in tuple(here.items()):
            taken = max(min(beyond, qty), ZERO)
            here[name], beyond = qty - taken, beyond - taken
            if not here[name]:
                del here[name]

    def _watch_changed(self, event: ev.SpreadWatchChanged) -> None:
        if event.watched:
            self._unwatched.discard((event.signal_id, event.account))
        else:
            self._unwatched.add((event.signal_id, event.account))

    def _levels(self, event: ev.ProtectionLevelsSet) -> None:
        row = self._position(event.account, event.symbol)
        row.stop_px, row.target_px, row.risk = event.stop_px, event.target_px, event.risk

    def _trailed(self, event: ev.StopTrailed) -> None:
        row = self._position(event.account, event.symbol)
        row.stop_px, row.risk = event.stop_px, event.risk

    def _plan_proposed(self, event: ev.PlanProposed) -> None:
        self._plans[event.plan.signal_id] = event.plan

    def _plan_approved(self, event: ev.PlanApproved) -> None:
        plan = self._plans[event.signal_id]
        for assignment in () if plan.legs else event.assignments or plan.assignments:
            if assignment.risk:
                self._planned[event.signal_id, assignment.account] = assignment.risk
                account = self.accounts[assignment.account]
                account.planned_risk = plain(account.planned_risk + assignment.risk)

    def _no_longer_planned(self, signal_id: SignalId, account_id: AccountId) -> None:
        risk, account = self._planned.pop((signal_id, account_id), ZERO), self.accounts.get(account_id)
        if account is not None:
            account.planned_risk = plain(account.planned_risk - risk)

    def _withdrawn(self, event: ev.AssignmentWithdrawn) -> None:
        self._no_longer_planned(event.signal_id, event.account)

    def _spread_ended(self, event: ev.SpreadEnded) -> None:
        for number in range(1, LEGS_MAX + 1):
            self._no_longer_planned(SignalId(f"{event.signal_id}/{number}"), event.account)

    def _order_denied(self, event: ev.OrderDenied) -> None:
        if event.intent.role is Role.ENTRY:
            self._no_longer_planned(event.intent.signal_id, event.intent.account)

    def _order_created(self, event: ev.OrderCreated) -> None:
        if event.intent.role is Role.ENTRY:
            self._no_longer_planned(event.intent.signal_id, event.intent.account)
        if event.intent.role is Role.STOP:
            self._stop_ids[event.intent.account, event.intent.symbol] = event.cl_ord_id

    def _reconciled(self, event: ev.Reconciled) -> None:
        self.comparisons += 1
        self.accounts[event.account].reconciled_ns = self._now_ns

    def _break_found(self, event: ev.BreakFound) -> None:
        self.breaks[event.break_id] = event
        self.accounts[event.account].breaks.append(event.break_id)

    def _break_closed(self, event: ev.BreakClosed) -> None:
        self.breaks.pop(event.break_id, None)
        self.chosen.pop(event.break_id, None)
        self.accounts[event.account].breaks.remove(event.break_id)

    def _chosen(self, event: ev.ResolutionChosen) -> None:
        self.chosen[event.break_id] = event

    def _refused(self, event: ev.ResolutionRefused) -> None:
        chosen = self.chosen.get(event.break_id)
        if chosen is not None and chosen.resolution is event.resolution:
            del self.chosen[event.break_id]

    def _incident(self, event: ev.IncidentRaised) -> None:
        self.incidents.append(event)


def _optional(price: Decimal | None) -> str:
    return "no price" if price is None else text(price)


def _risk_reward(row: PositionRow) -> Decimal | None:
    if row.avg_px is None or row.stop_px is None or row.target_px is None or row.stop_px == row.avg_px:
        return None
    return round_down(abs(row.target_px - row.avg_px) / abs(row.avg_px - row.stop_px))


# Each method takes the event that it stands beside.
_TABLE: dict[type, Callable[..., None]] = {
    ev.EngineConfigured: Book._configured,
    ev.AccountStateChanged: Book._state_changed,
    ev.DayStarted: Book._day_started,
    ev.BalanceAdopted: Book._balance_adopted,
    ev.BalanceAdjusted: Book._balance_adjusted,
    ev.CashBooked: Book._cash_booked,
    ev.SignalAccepted: Book._signal_accepted,
    ev.OrderFilled: Book._filled,
    ev.SpreadWatchChanged: Book._watch_changed,
    ev.PositionChanged: Book._changed,
    ev.ProtectionLevelsSet: Book._levels,
    ev.StopTrailed: Book._trailed,
    ev.PlanProposed: Book._plan_proposed,
    ev.PlanApproved: Book._plan_approved,
    ev.SpreadLevelsMoved: Book._spread_moved,
    ev.SpreadEnded: Book._spread_ended,
    ev.AssignmentWithdrawn: Book._withdrawn,
    ev.OrderDenied: Book._order_denied,
    ev.OrderCreated: Book._order_created,
    ev.Reconciled: Book._reconciled,
    ev.BreakFound: Book._break_found,
    ev.BreakClosed: Book._break_closed,
    ev.ResolutionChosen: Book._chosen,
    ev.ResolutionRefused: Book._refused,
    ev.IncidentRaised: Book._incident,
}
