"""What the rules of firms may see of an order: read once from the state, by key and from sums. It judges nothing."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Set
from decimal import Decimal

import msgspec

from coxswain.core.contingent import beside as excluded_by
from coxswain.core.contingent import shared_hold
from coxswain.core.evolve.firms import factor_of, lineage_of, worst_of
from coxswain.core.firm.book import FirmBook, FirmDesk, side_key
from coxswain.core.money import loss_to_stop, position_risk, rate_up
from coxswain.core.order import Order, held_qty
from coxswain.core.params import seconds_ns
from coxswain.core.position import NOTHING_HELD, Position
from coxswain.core.state import Account, State, equity
from coxswain.model.decimals import ONE, ZERO, round_up
from coxswain.model.firm import Impact, NewsEvent, NewsRule, Permission, RuleSet
from coxswain.model.firm_facts import Around, FirmFacts, Lineage, Marks, Others, Party
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import AccountSpec
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import ClOrdId, Role, Side, Symbol
from coxswain.risk.firm.floors import floors

IMPACTS = {Impact.LOW: 0, Impact.MEDIUM: 1, Impact.HIGH: 2}
PROTECTIVE = (Role.STOP, Role.TARGET)


def facts_of(
    state: State,
    intent: OrderIntent,
    *,
    reducing: bool,
    risk_per_lot: Decimal,
    margin_per_lot: Decimal,
    leaving_out: Order | None = None,
    planned: Signal | None = None,
    beside: Iterable[AccountSpec] = (),
) -> FirmFacts | None:
    """Read the facts for an order; None where no account is under a firm's rules.

    While planning, `planned` is what the order is for, of which nobody knows yet where it is a leg or a second order.
    `beside` are accounts that the same plan gives a share: of one copy group with this order, though nothing left yet.
    """
    desk = state.firms
    book = desk.books.get(intent.account)
    if book is None:
        return None
    account = state.accounts[intent.account]
    party = desk.parties[book.party]
    rules = desk.rule_sets.get(party.rules)
    position = account.positions.get(intent.symbol, NOTHING_HELD)
    own = ZERO if leaving_out is None else held_qty(leaving_out)
    own_risk = ZERO if leaving_out is None else own * leaving_out.risk_per_lot
    own_margin = ZERO if leaving_out is None else own * leaving_out.margin_per_lot
    own, own_margin, own_risk = shared_hold(state, intent, own, own_margin, own_risk)
    # What never fills beside this order: itself, judged again, and the one that it excludes at the venue.
    instead = {order.cl_ord_id for order in (leaving_out, excluded_by(state, intent)) if order is not None}
    planning = planned is not None
    held_at_stops = account.held_risk + (account.planned_risk if planning else ZERO) - own_risk
    wider = _at_widest_stop(state, account, position, intent, instead)
    held = position.held_buy if intent.side is Side.BUY else position.held_sell
    signed = position.qty if intent.side is Side.BUY else -position.qty
    marks = marks_of(account, book)
    group = desk.groups.get(intent.symbol, intent.symbol)
    around, unknown = _news(desk, state, rules, party, intent.symbol)
    opened_ns = book.opened_ns.get(intent.symbol)
    return FirmFacts(
        party,
        rules,
        state.now_ns,
        planning,
        book.day if book.seen else "",
        marks,
        () if rules is None else floors(rules.loss_limits, marks),
        account.to_stops + held_at_stops + wider.from_mark,
        account.open_risk + held_at_stops + wider.from_cost,
        risk_per_lot + wider.per_lot,
        margin_per_lot,
        account.used_margin + account.held_margin - own_margin,
        book.locked,
        reducing or intent.reduce_only,
        intent.role in PROTECTIVE,
        book.orders_today - (leaving_out is not None),
        max(signed + held - own, ZERO),
        worst_of(position),
        book.lots,
        ONE if rules is None else factor_of(desk, book, intent.symbol),
        account.open_positions - (leaving_out is not None),
        leaving_out is not None or not position.occupied,
        _position_risk(account, position, instead) + wider.from_cost,
        book.profit_before,
        book.best_day,
        around,
        unknown,
        book.flat_from_ns,
        book.flat_until_ns,
        seconds_ns(state.desk.flat_by_lead_s),
        book.flat_from_ns is None or book.ends_ns is None or book.flat_from_ns >= book.ends_ns,
        _own_opposite(book, group, intent) + _legs_opposite(state, planned, group, intent),
        _on_side(desk, book, group, long=intent.side is Side.SELL),
        _on_side(desk, book, group, long=intent.side is Side.BUY),
        _lineage(state, desk, book, intent, lineage_of(planned or state.signals.get(intent.signal_id), intent), beside),
        intent.role is Role.DIRECT,
        intent.role is Role.EXIT and intent.signal_id in state.signals,
        None if opened_ns is None else state.now_ns - opened_ns,
    )


def marks_of(account: Account, book: FirmBook) -> Marks:
    worth = equity(account)
    return Marks(
        account.spec.initial_balance,
        account.balance or ZERO,
        worth,
        book.day_balance,
        book.day_equity,
        book.high_eod,
        book.high_closed,
        max(book.high_equity, worth),
        book.transferred,
    )


def _position_risk(account: Account, position: Position, instead: Set[ClOrdId]) -> Decimal:
    """Sum over the orders that enter this one instrument; they are few."""
    entering = (account.orders[cl_ord_id] for cl_ord_id in position.entering if cl_ord_id not in instead)
    return position.risk + sum((held_qty(order) * order.risk_per_lot for order in entering), ZERO)


class Wider(msgspec.Struct, frozen=True):
    """What more is at risk if the widest stop came to stand for all: of position and held entries, and of each lot."""

    from_cost: Decimal = ZERO
    from_mark: Decimal = ZERO
    """The same, with the position's part counted from its mark."""
    per_lot: Decimal = ZERO
    """Of the order in question."""


def _at_widest_stop(
    state: State, account: Account, position: Position, intent: OrderIntent, instead: Set[ClOrdId]
) -> Wider:
    """Return what more is at risk, and with each lot of this order, if the widest stop came to stand for all of it.

    A position has one stop: the one of the entry that fills next takes the place of the one before.
    """
    instrument = state.instruments.get(intent.symbol)
    rate = None if instrument is None else rate_up(state, account, instrument)
    if instrument is None or rate is None or intent.stop_loss is None or intent.reduce_only:
        return Wider()
    entering = [account.orders[cl_ord_id] for cl_ord_id in position.entering if cl_ord_id not in instead]
    beside = [order for order in entering if order.intent.side is intent.side]
    same_side = bool(position.qty) and (position.qty > 0) is (intent.side is Side.BUY)
    stops = [intent.stop_loss, *(order.intent.stop_loss for order in beside), position.stop_px if same_side else None]
    widest = (min if intent.side is Side.BUY else max)(stop for stop in stops if stop is not None)
    per_point = instrument.contract_size * rate
    held = sum((held_qty(order) * _apart(order.intent.stop_loss, widest) for order in beside), ZERO) * per_point
    of_cost = of_mark = ZERO
    if same_side and position.stop_px is not None:
        assumed = state.desk.assumed_stop_pct
        risk = position_risk(instrument, position.qty, position.cost, widest, rate, assumed)
        of_cost = max(risk - position.risk, ZERO)
        of_mark = max(loss_to_stop(state, account, position, widest, risk) - position.to_stop, ZERO)
    per_lot = round_up(_apart(intent.stop_loss, widest) * per_point)
    return Wider(round_up(held + of_cost), round_up(held + of_mark), per_lot)


def _apart(stop: Decimal | None, widest: Decimal) -> Decimal:
    return ZERO if stop is None else abs(stop - widest)


# --- other instruments and accounts -----------------------------------------------------------------------------------


def _own_opposite(book: FirmBook, group: str, intent: OrderIntent) -> int:
    claim = book.claims.get(intent.symbol)
    longs, shorts = book.facing.get(group, (0, 0))
    if intent.side is Side.BUY:
        return shorts - (claim is not None and claim.short)
    return longs - (claim is not None and claim.long)


def _legs_opposite(state: State, planned: Signal | None, group: str, intent: OrderIntent) -> int:
    """Count the legs of a spread that would stand against this one, which nothing is held or on order for yet."""
    if planned is None or planned.spread is None:
        return 0
    groups = state.firms.groups
    legs = (leg for leg in state.signals[planned.spread].legs if groups.get(leg.symbol, leg.symbol) == group)
    return sum(leg.symbol != intent.symbol and leg.side is not intent.side for leg in legs)


def _on_side(desk: FirmDesk, book: FirmBook, group: str, *, long: bool) -> tuple[Others, ...]:
    """Return the other accounts that are on a side of a group of products, by party."""
    counts = desk.facing.get(side_key(group, long=long), {})
    index = 0 if long else 1
    found = []
    for party, count in counts.items():
        others = count - (party == book.party and bool(book.facing.get(group, (0, 0))[index]))
        if others:
            found.append(_others(desk, party, others))
    return tuple(found)


def _others(desk: FirmDesk, party: str, count: int, initial: Decimal = ZERO) -> Others:
    known = desk.parties[party]
    return Others(known, desk.rule_sets.get(known.rules), count, initial)


def _lineage(
    state: State, desk: FirmDesk, book: FirmBook, intent: OrderIntent, name: str, beside: Iterable[AccountSpec]
) -> Lineage:
    group = desk.lineages.get(name)
    counts: dict[str, tuple[int, Decimal]] = {}
    members = {} if group is None else group.members
    if group is not None:
        counts = {party: (tally.count, tally.initial) for party, tally in group.tally.items()}
        if intent.account in members:
            count, initial = counts[book.party]
            counts[book.party] = count - 1, initial - state.accounts[intent.account].spec.initial_balance
    for spec in beside:
        if spec.id not in members and spec.id != intent.account:
            party = desk.books[spec.id].party
            count, initial = counts.get(party, (0, ZERO))
            counts[party] = count + 1, initial + spec.initial_balance
    others = tuple(_others(desk, party, count, initial) for party, (count, initial) in counts.items() if count)
    entered = [] if group is None else group.entered.get(f"{intent.symbol}|{intent.side}", [])
    last = max((each.at_ns for each in entered if each.account != intent.account), default=None)
    first = desk.parties.get(group.first) if group is not None else None
    return Lineage(name, others, first, last)


# --- news -------------------------------------------------------------------------------------------------------------


def _news(
    desk: FirmDesk, state: State, rules: RuleSet | None, party: Party, symbol: Symbol
) -> tuple[tuple[Around, ...], bool]:
    """Return the publications whose window is open now, and whether rules apply of which nothing can be known."""
    applying = [] if rules is None else [rule for rule in rules.news if not rule.phases or party.phase in rule.phases]
    if not applying:
        return (), False
    forbids = any(_forbids(rule) for rule in applying)
    if state.now_ns > desk.news_until_ns:
        return (), forbids
    around = (Around(rule, event) for rule in applying for event in _open_now(desk, state, rule, symbol))
    return tuple(around), False


def _forbids(rule: NewsRule) -> bool:
    return rule.actions.open is not Permission.ALLOW or rule.actions.close is not Permission.ALLOW


def _open_now(desk: FirmDesk, state: State, rule: NewsRule, symbol: Symbol) -> Iterator[NewsEvent]:
    """Yield what is published so near that its window holds now: event + from <= now <= event + to."""
    earliest, latest = state.now_ns - rule.window[1], state.now_ns - rule.window[0]
    for currency in currencies_of(desk, state, symbol):
        events = desk.news.get(currency, ())
        for event in events[bisect_left(events, earliest, key=_published) :]:
            if event.time_ns > latest:
                break
            if IMPACTS[event.impact] >= IMPACTS[rule.impact]:
                yield event


def _published(event: NewsEvent) -> int:
    return event.time_ns


def currencies_of(desk: FirmDesk, state: State, symbol: Symbol) -> tuple[str, ...]:
    named = desk.currencies.get(symbol)
    if named is not None:
        return named
    instrument = state.instruments.get(symbol)
    if instrument is None:
        return ()
    both = (instrument.currency, instrument.base_currency)
    return tuple(currency for currency in both if currency is not None)
