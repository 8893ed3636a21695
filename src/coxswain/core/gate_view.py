"""What the gate sees of an order: every number and state that a check may ask for, read once, before the order counts.

Reads only, and decides nothing: a rule about any of it lives in `risk/checks/<name>.py`.
"""

from decimal import Decimal

from coxswain.core.activity import is_derived
from coxswain.core.contingent import shared_hold
from coxswain.core.evolve.control import ENGINE
from coxswain.core.exposure import EVERYTHING, name_of
from coxswain.core.firm.view import facts_of
from coxswain.core.modes import ORDERS_ONLY_REDUCE, mode_of
from coxswain.core.money import no_worse_than, rate_between, rate_up, worth_of_lot
from coxswain.core.order import Order, held_qty
from coxswain.core.position import NOTHING_HELD, Position, is_closing
from coxswain.core.resting import met_by
from coxswain.core.rings import count, extremes
from coxswain.core.scopes import narrower_state, why_restricted
from coxswain.core.shares import Share
from coxswain.core.state import (
    Account,
    State,
    equity,
    reducible,
    share_of,
    spare_margin,
    strategy_of,
    strictest,
)
from coxswain.core.tx import CORE_FAILURE, NOT_CONFIGURED, NOT_CONFIRMED
from coxswain.model.decimals import ZERO, percent_of, plain, round_up
from coxswain.model.exposure import NO_EXPOSURE
from coxswain.model.market import Instrument, Quote, is_sane, touch
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import (
    ACTIVE,
    BUY,
    DIRECT,
    ENTRY,
    MARKET,
    PROTECTION,
    SELL,
    Role,
    SelfMatch,
    Side,
    TradingState,
)

NOBODY_MAY = (NOT_CONFIGURED, NOT_CONFIRMED)
"""Causes under which not even a person's order that reduces may leave."""


def view_of(
    state: State,
    intent: OrderIntent,
    signal_time_ns: int,
    end_of_life_ns: int,
    leaving_out: Order | None = None,
    *,
    waited: bool = False,
) -> RiskView:
    """Read what the checks may see, before `intent`. An order that is judged again is left out of the sums.

    While all of a position is being closed, its instrument only reduces.
    """
    account = state.accounts[intent.account]
    position = account.positions.get(intent.symbol, NOTHING_HELD)
    instrument, quote = state.instruments.get(intent.symbol), state.quotes.get(intent.symbol)
    rate = None if instrument is None else rate_up(state, account, instrument)
    price = intent.price or intent.stop_px or _touch(quote, intent.side)
    lot_value = margin_per_lot = ZERO
    if instrument is not None and rate is not None:
        lot_value, margin_per_lot = worth_of_lot(price, instrument.contract_size, rate, instrument.margin_rate)
    own = ZERO if leaving_out is None else held_qty(leaving_out)
    own_margin, own_risk = (ZERO, ZERO) if leaving_out is None else _holds_of(leaving_out)
    lots, own_margin, own_risk = shared_hold(state, intent, own, own_margin, own_risk)
    buying, worth = intent.side is BUY, equity(account)
    reducing, free = _reduces(account, position, intent, own)
    trading_state = _trading_state(state, account, position, intent)
    why, may_reduce_halted = _restrictions(state, account, position, intent, trading_state)
    risk_per_lot = _risk_per_lot(state, intent, instrument, price, rate, lot_value)
    share = None if reducing else share_of(state, intent.signal_id, intent.account)
    plan = None if share is None else state.plans[intent.signal_id]
    now_ns, strategy, exposures = state.now_ns, intent.strategy, state.exposures
    reference = state.references.get(intent.symbol)
    lowest, highest = extremes(position.prices, state.now_ns)
    part = position.parts.get(strategy) if strategy else None
    derived = is_derived(state, intent)
    met = met_by(state, intent, quote)
    # What the order adds to the worst case, both ways. One that is judged again is in the sums already.
    new_qty = intent.order_qty if not lots else max(intent.order_qty - lots, ZERO)
    up, down = position.qty + position.held_buy, position.held_sell - position.qty
    same_side, other_side = (up, down) if buying else (down, up)
    same_side_then = same_side + new_qty
    return RiskView(
        state.now_ns,
        instrument,
        state.sessions.get(intent.symbol, False),
        quote,
        rate,
        signal_time_ns,
        end_of_life_ns,
        _seen_before(state, account, intent, again=leaving_out is not None or waited),
        reducing,
        free,
        trading_state,
        account.reconciled,
        position.unknown - (leaving_out is not None and not leaving_out.outcome_known),
        len(account.breaks),
        up - lots if buying else up,
        down if buying else down - lots,
        spare_margin(account) + own_margin + _planned(share, intent),
        margin_per_lot,
        risk_per_lot,
        lot_value,
        account.anchor,
        account.anchor - worth,
        account.to_stops + account.held_risk - own_risk,
        account.open_positions - (leaving_out is not None),
        leaving_out is not None or not position.occupied,
        len(account.open_orders) - (leaving_out is not None),
        None if share is None or plan is None else min(share.qty, share.used + plan.total - plan.used),
        ZERO if share is None else share.used - own,
        state.limits.version,
        account.limits_until_ns,
        state.halts.get(intent.symbol),
        account.capabilities.ord_types,
        account.capabilities.times_in_force,
        account.listed.get(intent.symbol, "allowed"),
        account.spec.short_selling,
        account.locates.get(intent.symbol, ZERO),
        account.balance,
        state.host,
        max(state.lease_epoch, account.newest_epoch),
        None if reference is None else reference.price,
        lowest,
        highest,
        None if quote is None else quote.ask_size if buying else quote.bid_size,
        None if plan is None else plan.used - own,
        rate_between(state, account.spec.currency, state.currency),
        count(account.messages, now_ns),
        count(state.venue_messages.get(account.spec.venue), now_ns),
        count(state.strategy_messages.get(strategy), now_ns) if strategy else 0,
        account.day_orders,
        count(account.orders_sent, now_ns),
        0 if derived else _repeats(position, intent, now_ns),
        count(account.cancels, now_ns),
        count(account.trades, now_ns),
        count(account.tried, now_ns),
        count(account.failed, now_ns),
        None if derived else _entered_alike_ns(position, intent),
        new_qty,
        max(same_side_then, other_side) - max(same_side, other_side),
        account.exposure,
        exposures.get(EVERYTHING, NO_EXPOSURE),
        exposures.get(name_of("lots", intent.symbol), NO_EXPOSURE),
        exposures.get(name_of("currency", instrument.currency), NO_EXPOSURE) if instrument else NO_EXPOSURE,
        exposures.get(name_of("group", instrument.group)) if instrument and instrument.group else None,
        exposures.get(name_of("strategy", strategy), NO_EXPOSURE) if strategy else None,
        ZERO if part is None else part.qty + part.held_buy if buying else part.held_sell - part.qty,
        _protect_px(account, instrument, quote, intent),
        met[0][0] if met else None,
        bool(met) and any(not state.accounts[owner].orders[cl_ord_id].enters for _, owner, cl_ord_id in met),
        SelfMatch.CANCEL_NEW if state.setup is None else state.setup.self_match,
        worth,
        account.peak,
        account.initial_balance,
        last_px=state.last_px.get(intent.symbol),
        restricted_by=why,
        may_reduce_halted=may_reduce_halted,
        firm=None
        if intent.account not in state.firms.books
        else facts_of(
            state,
            intent,
            reducing=reducing,
            risk_per_lot=risk_per_lot,
            margin_per_lot=margin_per_lot,
            leaving_out=leaving_out,
        ),
    )


def _planned(share: Share | None, intent: OrderIntent) -> Decimal:
    """Return what the plan of a spread holds for this very order."""
    return ZERO if share is None else min(share.planned_margin, plain(share.margin_per_lot * intent.order_qty))


def _trading_state(state: State, account: Account, position: Position, intent: OrderIntent) -> TradingState:
    """The strictest counts: of the account, of its mode, and of the stops of instrument and strategy."""
    strict = account.state
    if is_closing(position) or mode_of(state, account) in ORDERS_ONLY_REDUCE:
        strict = strictest((strict, TradingState.REDUCING))
    if state.stops:
        strategy = intent.strategy or strategy_of(state, intent.signal_id)
        strict = strictest((strict, narrower_state(state, intent.symbol, strategy)))
    return strict


def _restrictions(
    state: State, account: Account, position: Position, intent: OrderIntent, trading_state: TradingState
) -> tuple[str, bool]:
    """Say what restricts an order, and whether it may reduce all the same where everything is halted."""
    if trading_state is ACTIVE:
        return "", False
    why = why_restricted(state, account, intent.symbol, intent.strategy or strategy_of(state, intent.signal_id))
    if trading_state is not TradingState.HALTED or not account.causes.keys().isdisjoint(NOBODY_MAY):
        return why, False
    restores = intent.role in PROTECTION and position.gave_way and CORE_FAILURE not in account.causes
    return why, intent.actor not in ("", ENGINE) or restores


def _protect_px(
    account: Account, instrument: Instrument | None, quote: Quote | None, intent: OrderIntent
) -> Decimal | None:
    """Return the worst price that an order at market may trade at: the last tick that is no further than the share."""
    if intent.ord_type is not MARKET or instrument is None or quote is None or not is_sane(quote):
        return None
    pct = account.params.market_protection_pct
    return no_worse_than(touch(quote, intent.side), intent.side, pct, instrument.tick)


def _repeats(position: Position, intent: OrderIntent, now_ns: int) -> int:
    """Return how many entries just like this one its strategy has made in a row, lately."""
    repeat = position.repeats.get(intent.strategy)
    if repeat is None or repeat.side is not intent.side or repeat.qty != intent.order_qty:
        return 0
    return count(repeat.times, now_ns)


def _entered_alike_ns(position: Position, intent: OrderIntent) -> int | None:
    """Return when the same order was last entered here; what follows from another order is no double of it."""
    side, qty, price = intent.side, intent.order_qty, intent.price or intent.stop_px
    for seen in reversed(position.entered):
        if seen.side is side and seen.qty == qty and seen.price == price:
            return seen.at_ns
    return None


def _reduces(account: Account, position: Position, intent: OrderIntent, own: Decimal) -> tuple[bool, Decimal]:
    """Say whether an order provably reduces, and how many lots may still be reduced.

    Protection is one claim on the position: stop and target are an OCO group and never both fill. An exit finds
    free only what protection and other exits leave; so protection makes room before an exit goes out. `own` is what
    an order that is judged again holds itself.
    """
    if not intent.reduce_only:
        return False, ZERO
    free = reducible(account, position) - position.held_exit
    if intent.role not in PROTECTION:
        free += own - protective_qty(account, position)
    opposite = bool(position.qty) and (position.qty > 0) is (intent.side is SELL)
    return opposite and intent.order_qty <= free, free if opposite else ZERO


def protective_qty(account: Account, position: Position) -> Decimal:
    """Return the most that stop and target together can still take off the position."""
    legs = (position.stop_id, position.target_id)
    return max((held_qty(account.orders[leg]) for leg in legs if leg is not None), default=ZERO)


def _touch(quote: Quote | None, side: Side) -> Decimal:
    return ZERO if quote is None else touch(quote, side)


def _risk_per_lot(
    state: State,
    intent: OrderIntent,
    instrument: Instrument | None,
    price: Decimal,
    rate: Decimal | None,
    lot_value: Decimal,
) -> Decimal:
    if intent.stop_loss is None or instrument is None or rate is None:
        return percent_of(state.desk.assumed_stop_pct, lot_value)
    return round_up(abs(price - intent.stop_loss) * instrument.contract_size * rate)


def _seen_before(state: State, account: Account, intent: OrderIntent, *, again: bool) -> bool:
    if again:
        return False
    if intent.role is DIRECT:
        known = intent.signal_id in state.direct_ids or intent.signal_id in state.signals
        return known or intent.signal_id in account.paced
    if intent.role in (ENTRY, Role.RECOVERY):
        share = share_of(state, intent.signal_id, intent.account)
        return share is None or (share.released and share.parent is None)
    return False


def _holds_of(order: Order) -> tuple[Decimal, Decimal]:
    held = held_qty(order)
    return held * order.margin_per_lot, held * order.risk_per_lot
