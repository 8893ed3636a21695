"""What firms' rules count follows every fact: sums by delta, highs, days, copy groups. No rule is here.

`follow` is called after every event, whatever function of this folder took it, so that none is forgotten; where no
account is under a firm's rules it is not called at all.
"""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core.deadlines import Deadlines
from coxswain.core.firm.book import Claim, Entered, FirmBook, FirmDesk, LineageBook, Tally, side_key
from coxswain.core.position import NOTHING_HELD, Position
from coxswain.core.state import State, equity, find_order
from coxswain.core.sums import key
from coxswain.messages import events as ev
from coxswain.model.cash import TRANSFERS
from coxswain.model.decimals import ONE, ZERO, plain
from coxswain.model.firm import NewsEvent, firm_of
from coxswain.model.firm_facts import Party
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, Role, Side, SignalId, Symbol

FLAT, STOP_WANTED = "firm_flat", "firm_stop"
"""Deadlines: when an account must be flat, and by when a position must have its stop."""
BY_HAND = "by hand"
"""The copy group of what people send directly: one hand is one strategy."""


# --- a start ----------------------------------------------------------------------------------------------------------


def configure(state: State, setup: Setup) -> None:
    """Take over the rule sets of a start. Nothing is kept where no account is under one."""
    desk = state.firms
    if not setup.firms and not desk.books:
        return
    desk.rule_sets = {rules.id: rules for rules in setup.firms}
    desk.groups = {Symbol(symbol): group for symbol, group in setup.product_groups.items()}
    by_currency: dict[str, list[NewsEvent]] = {}
    for event in () if setup.news is None else setup.news.events:
        by_currency.setdefault(event.currency, []).append(event)
    desk.news = {currency: tuple(events) for currency, events in by_currency.items()}
    desk.news_until_ns = 0 if setup.news is None else setup.news.known_until_ns
    desk.currencies = {} if setup.news is None else {Symbol(k): v for k, v in setup.news.currencies.items()}
    for spec in setup.accounts:
        _configure_account(state, desk, spec)
    _count_again(state, desk)


def _configure_account(state: State, desk: FirmDesk, spec: AccountSpec) -> None:
    party = f"{spec.firm}|{spec.firm_phase}|{spec.owner}"
    desk.parties[party] = Party(spec.firm, firm_of(spec.firm), spec.firm_phase, spec.owner)
    book, account = desk.books.get(spec.id), state.accounts[spec.id]
    high = max(spec.initial_balance, spec.firm_high_water)
    if book is None:
        book = desk.books[spec.id] = FirmBook(party, high_eod=high, high_closed=high, high_equity=high)
    book.party = party
    book.high_eod, book.high_closed = max(book.high_eod, high), max(book.high_closed, high)
    book.high_equity = max(book.high_equity, high)
    book.stopped_balance = max(account.balance or ZERO, equity(account))


def _count_again(state: State, desk: FirmDesk) -> None:
    """After a start parties and groups may be others: what is counted by them is counted afresh."""
    desk.facing.clear()
    for account_id, book in desk.books.items():
        book.claims.clear()
        book.facing.clear()
        book.lots = ZERO
        for symbol in state.accounts[account_id].positions:
            _reclaim(state, account_id, book, symbol)
    for lineage in desk.lineages.values():
        lineage.tally.clear()
        for member in lineage.members:
            _tally(state, desk, lineage, member)


# --- after every fact -------------------------------------------------------------------------------------------------


def follow(state: State, clock: Deadlines, event: ev.Event) -> None:
    """Let what firms' rules count follow a fact."""
    match event:
        case ev.PlanApproved(signal_id):
            plan = state.plans[signal_id]
            for account_id in plan.shares:
                _touch(state, account_id, plan.plan.symbol)
        case ev.OrderCreated(intent=intent):
            _join(state, event)
            _touch(state, intent.account, intent.symbol)
        case ev.OrderDenied(intent=intent):
            if intent.account in state.firms.books:
                _touch(state, intent.account, intent.symbol)
        case ev.PositionChanged():
            _touch(state, event.account, event.symbol)
            _age(state, clock, event)
            _raise_highs(state, event.account)
        case ev.ProtectionLevelsSet():
            if event.stop_px is not None:
                clock.clear(key(STOP_WANTED, event.account, event.symbol))
            elif state.accounts[event.account].positions[event.symbol].qty:
                _want_stop(state, clock, event.account, event.symbol)
        case ev.BalanceAdopted():
            _raise_highs(state, event.account)
            _begin_with(state, event)
        case ev.BalanceAdjusted():
            _raise_highs(state, event.account)
            if event.is_transfer and event.account in state.firms.books:
                state.firms.books[event.account].transferred += event.difference
        case ev.CashBooked():
            _raise_highs(state, event.account)
            if event.movement.kind in TRANSFERS and event.account in state.firms.books:
                state.firms.books[event.account].transferred += event.movement.amount
        case ev.OrderAdopted(intent=intent):
            _touch(state, intent.account, intent.symbol)
        case ev.SpreadEnded(signal_id, account_id):
            for leg in state.accounts[account_id].spreads[signal_id].legs:  # each has a share that waits no more
                _touch(state, account_id, leg.symbol)
        case ev.EngineConfigured():
            pass  # counted afresh already
        case _:
            _touch_named(state, event)


def _touch_named(state: State, event: ev.Event) -> None:
    """Count again what any other event names: an instrument of an account, an order of it, or a share of a signal."""
    account_id: AccountId | None = getattr(event, "account", None)
    if account_id is None or account_id not in state.firms.books:
        return
    symbol: Symbol | None = getattr(event, "symbol", None)
    cl_ord_id = getattr(event, "cl_ord_id", None)
    signal_id: SignalId | None = getattr(event, "signal_id", None)
    account = state.accounts[account_id]
    _raise_highs(state, account_id)
    if symbol is not None:
        _touch(state, account_id, symbol)
    elif cl_ord_id is not None:
        order = find_order(account, cl_ord_id)
        if order is not None:
            _touch(state, account_id, order.intent.symbol)
    elif signal_id is not None and signal_id in state.plans:
        _touch(state, account_id, state.plans[signal_id].plan.symbol)


def _touch(state: State, account_id: AccountId, symbol: Symbol) -> None:
    book = state.firms.books.get(account_id)
    if book is not None:
        _reclaim(state, account_id, book, symbol)


def _reclaim(state: State, account_id: AccountId, book: FirmBook, symbol: Symbol) -> None:
    """Move every sum that a place in an instrument is part of."""
    desk = state.firms
    position = state.accounts[account_id].positions.get(symbol, NOTHING_HELD)
    claim = book.claims.get(symbol)
    if claim is None:
        claim = book.claims[symbol] = Claim()
    sides = [state.plans[signal_id].plan.side for signal_id in position.waiting]
    long = position.qty > 0 or position.held_buy > 0 or Side.BUY in sides
    short = position.qty < 0 or position.held_sell > 0 or Side.SELL in sides
    group = desk.groups.get(symbol, symbol)
    for index, (before, now) in enumerate(((claim.long, long), (claim.short, short))):
        if before is not now:
            _face(desk, book, group, index, 1 if now else -1)
    claim.long, claim.short = long, short
    counted = plain(worst_of(position) * factor_of(desk, book, symbol))
    book.lots += counted - claim.counted
    claim.counted = counted
    if not (long or short or counted):
        del book.claims[symbol]


def _face(desk: FirmDesk, book: FirmBook, group: str, index: int, delta: int) -> None:
    """Count instruments of an account on a side, and the account itself while there is at least one."""
    own = book.facing.setdefault(group, [0, 0])
    before = own[index]
    own[index] += delta
    if bool(before) is bool(own[index]):
        return
    sides = desk.facing.setdefault(side_key(group, long=index == 0), {})
    sides[book.party] = sides.get(book.party, 0) + (1 if own[index] else -1)
    if not sides[book.party]:
        del sides[book.party]


def worst_of(position: Position) -> Decimal:
    """Return the larger of what may be held long and short, every order that is not done included."""
    return max(position.qty + position.held_buy, position.held_sell - position.qty, ZERO)


def factor_of(desk: FirmDesk, book: FirmBook, symbol: Symbol) -> Decimal:
    rules = desk.rule_sets.get(desk.parties[book.party].rules)
    equivalence = None if rules is None else rules.size.equivalence.get(symbol)
    return ONE if equivalence is None else equivalence.factor


# --- copy groups ------------------------------------------------------------------------------------------------------


def lineage_of(signal: Signal | None, intent: OrderIntent) -> str:
    """Name the copy group of an order: its strategy, else the signal that it descends from; what people send is one.

    The second order of a signal and the legs of a spread have a share each, and are of the signal that came in.
    """
    if intent.role is Role.DIRECT:
        return BY_HAND
    if signal is None:
        return f"signal {intent.signal_id}"
    return f"strategy {signal.strategy}" if signal.strategy else f"signal {signal.spread or signal.first or signal.id}"


def _join(state: State, event: ev.OrderCreated) -> None:
    """An account that an order of a group is made for is in it for good."""
    intent, desk = event.intent, state.firms
    book = desk.books.get(intent.account)
    if book is None:
        return
    if event.enters:
        book.orders_today += 1
        name = lineage_of(state.signals.get(intent.signal_id), intent)
        lineage = desk.lineages.get(name)
        if lineage is None:
            lineage = desk.lineages[name] = LineageBook(first=book.party)
        if intent.account not in lineage.members:
            lineage.members[intent.account] = None
            _tally(state, desk, lineage, intent.account)
        entered = lineage.entered.setdefault(f"{intent.symbol}|{intent.side}", [])
        others = [last for last in entered if last.account != intent.account]
        entered[:] = [*others[-1:], Entered(intent.account, state.now_ns)]


def _tally(state: State, desk: FirmDesk, lineage: LineageBook, account_id: AccountId) -> None:
    tally = lineage.tally.setdefault(desk.books[account_id].party, Tally())
    tally.count += 1
    tally.initial += state.accounts[account_id].spec.initial_balance


# --- days, highs and ages ---------------------------------------------------------------------------------------------


def _age(state: State, clock: Deadlines, event: ev.PositionChanged) -> None:
    """Remember since when a position is held, and by when it must have a stop."""
    book = state.firms.books.get(event.account)
    if book is None:
        return
    if not event.qty:
        book.opened_ns.pop(event.symbol, None)
        clock.clear(key(STOP_WANTED, event.account, event.symbol))
    elif event.closed or event.symbol not in book.opened_ns:
        book.opened_ns[event.symbol] = state.now_ns
        if state.accounts[event.account].positions[event.symbol].stop_px is None:
            _want_stop(state, clock, event.account, event.symbol)


def _want_stop(state: State, clock: Deadlines, account_id: AccountId, symbol: Symbol) -> None:
    """A position has no stop: from now on there is so much time to give it one."""
    book, deadline = state.firms.books.get(account_id), key(STOP_WANTED, account_id, symbol)
    rules = None if book is None else state.firms.rule_sets.get(state.firms.parties[book.party].rules)
    within = None if rules is None else rules.size.stop_required_within
    if within is not None and deadline not in state.deadlines:
        clock.set(deadline, state.now_ns + within)


def raise_highs(state: State, account_id: AccountId) -> None:
    """After a quote: equity may be higher than ever."""
    book = state.firms.books.get(account_id)
    if book is not None and book.seen:
        book.high_equity = max(book.high_equity, equity(state.accounts[account_id]))


def _raise_highs(state: State, account_id: AccountId) -> None:
    book, account = state.firms.books.get(account_id), state.accounts[account_id]
    if book is None or account.balance is None:
        return
    book.seen = True
    book.high_closed = max(book.high_closed, account.balance)
    book.high_equity = max(book.high_equity, equity(account))


def _begin_with(state: State, event: ev.BalanceAdopted) -> None:
    """A day that began before the balance was known is measured from the first balance that is."""
    book = state.firms.books.get(event.account)
    if book is not None:
        book.day_balance = book.day_equity = event.balance
        book.high_eod = max(book.high_eod, event.balance)


def _firm_day_started(state: State, clock: Deadlines, event: ev.FirmDayStarted) -> None:
    book = state.firms.books[event.account]
    if book.day:
        won = event.equity - book.day_equity - book.transferred
        book.profit_before += won
        book.best_day = max(book.best_day, won)
    book.day, book.ends_ns = event.day, event.ends_ns
    book.day_balance, book.day_equity = event.balance, event.equity
    book.high_eod = max(book.high_eod, event.balance)
    book.orders_today, book.locked, book.transferred = 0, "", ZERO
    book.stages.clear()


def _flat_hours_set(state: State, clock: Deadlines, event: ev.FlatHoursSet) -> None:
    book = state.firms.books[event.account]
    book.flat_from_ns, book.flat_until_ns, book.flat_why = event.from_ns, event.until_ns, event.why
    if event.act_ns is None:
        clock.clear(key(FLAT, event.account))
    else:
        clock.set(key(FLAT, event.account), event.act_ns)


def _firm_noticed(state: State, clock: Deadlines, event: ev.FirmNoticed) -> None:
    book = state.firms.books[event.account]
    if event.stage:
        book.stages[event.rule] = event.stage
    if event.locks:
        book.locked = event.detail
    if event.clears:
        clock.clear(event.clears)


def _flattened(state: State, clock: Deadlines, event: ev.FirmFlattened) -> None:
    book = state.firms.books[event.account]
    if event.deadline == FLAT:
        book.flat_met_ns = book.flat_from_ns
    if event.look_again_ns is None:
        clock.clear(key(event.deadline, event.account))
    else:
        clock.set(key(event.deadline, event.account), event.look_again_ns)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.FirmDayStarted: _firm_day_started,
    ev.FlatHoursSet: _flat_hours_set,
    ev.FirmNoticed: _firm_noticed,
    ev.FirmFlattened: _flattened,
}
