"""Breaks: items that stay open until the books agree or somebody says what is to become of them.

A choice is made at the numbers that were seen, and is done by the next comparison, if the difference is still the same
then; if it has changed, it is another break, and is shown again. Nothing is overwritten in silence: what is adopted,
closed, lived with or written off is an event with an actor and a reason.
"""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core import watching
from coxswain.core.consequences import after
from coxswain.core.exits import take_over
from coxswain.core.gate_view import view_of
from coxswain.core.money import position_margin, position_risk, rate_up
from coxswain.core.order import average, is_done, is_over
from coxswain.core.position import NOTHING_HELD, Position, is_closing
from coxswain.core.protection import start_exit
from coxswain.core.state import Account, Chosen
from coxswain.core.submit import ask_for_account, lose_sight
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import AccountLookedUp, ResolveBreak
from coxswain.messages.requests import CancelOrder
from coxswain.model.breaks import CHOICES, POSITIONS
from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.market import Instrument, is_sane
from coxswain.model.orders import OrderIntent, VenueOrder
from coxswain.model.position import unrealized
from coxswain.model.vocabulary import ClOrdId, OrdType, Resolution, Role, SignalId, TimeInForce

ADOPT, FLATTEN, IGNORE, WRITE_OFF = Resolution.ADOPT, Resolution.FLATTEN, Resolution.IGNORE, Resolution.WRITE_OFF


def difference(found: ev.BreakFound) -> Decimal:
    """Return theirs less ours; what one side does not have counts as nothing."""
    return plain((found.theirs or ZERO) - (found.ours or ZERO))


def on_resolve(tx: Tx, message: ResolveBreak) -> None:
    """Note what is to become of a break, and have the books compared, which does it."""
    account = tx.state.accounts.get(message.account)
    found = None if account is None else account.breaks.get(message.break_id)
    why = _why_not(found, message)
    if found is None or why:
        tx.apply(ev.ResolutionRefused(message.account, message.break_id, message.resolution, why))
        return
    _choose(tx, found, message.resolution, message.reason, message.actor, message.price)
    ask_for_account(tx, message.account, f"{message.resolution} was chosen for {message.break_id}")


def _why_not(found: ev.BreakFound | None, message: ResolveBreak) -> str:
    if found is None:
        return f"{message.break_id!r} is no open break of {message.account}"
    choices = CHOICES[found.kind]
    if message.resolution not in choices:
        wanted = " or ".join(choices) or "nothing: it ends by itself"
        return f"{message.resolution} does not fit {found.kind}; wanted {wanted}"
    if message.price is not None and not (message.price.is_finite() and message.price > 0):
        return f"price {message.price}, wanted a positive number"
    return ""


def _choose(
    tx: Tx, found: ev.BreakFound, resolution: Resolution, reason: str, actor: str, price: Decimal | None
) -> None:
    account_id, break_id = found.account, found.break_id
    tx.apply(ev.ResolutionChosen(account_id, break_id, resolution, difference(found), reason, actor, price))


# --- a comparison -----------------------------------------------------------------------------------------------------


def settle_breaks(tx: Tx, account: Account, answer: AccountLookedUp, found: dict[str, ev.BreakFound]) -> None:
    """Open and close breaks by what a comparison found, then do what was chosen for those that are left."""
    account_id = account.spec.id
    seen_before = tuple(account.breaks)
    for break_id, known in tuple(account.breaks.items()):
        if break_id not in found:
            tx.apply(ev.BreakClosed(account_id, break_id, "the books agree again"))
            if known.kind == "ORDER_MISSING_AT_VENUE":
                _pursue_again(tx, account, _order_of(known))
        elif difference(found[break_id]) != difference(known):
            tx.apply(ev.BreakClosed(account_id, break_id, "the difference is another one now"))
    for break_id, ignored in tuple(account.ignored.items()):
        if break_id not in found or difference(found[break_id]) != ignored:
            tx.apply(ev.DifferenceGone(account_id, break_id))
    for break_id, item in found.items():
        if break_id not in account.breaks and break_id not in account.ignored:
            tx.apply(item)
        elif account.params.auto_adopt_breaks and break_id in seen_before and break_id not in account.chosen:
            _adopt_by_itself(tx, account, break_id)
    for break_id, chosen in tuple(account.chosen.items()):
        _do(tx, account, account.breaks[break_id], chosen, answer)


def _pursue_again(tx: Tx, account: Account, cl_ord_id: ClOrdId) -> None:
    """An order that seemed lost works after all: what was asked of it is a question that somebody must ask."""
    order = account.orders.get(cl_ord_id)
    if order is None:
        return
    is_pending = order.cancel_pending or order.replace_pending is not None
    if is_pending and order.outcome_known and not is_done(order):
        lose_sight(tx, order, "the venue works it after all")


def _order_of(found: ev.BreakFound) -> ClOrdId:
    return ClOrdId(found.break_id.split(":", 2)[2])


def _adopt_by_itself(tx: Tx, account: Account, break_id: str) -> None:
    """Where it is configured, a position or balance that two comparisons found to differ alike is taken over."""
    known = account.breaks.get(break_id)
    if known is not None and known.kind in (*POSITIONS, "BALANCE_DIFFERS"):
        _choose(tx, known, ADOPT, "auto_adopt_breaks is set", "engine", None)


def _do(tx: Tx, account: Account, found: ev.BreakFound, chosen: Chosen, answer: AccountLookedUp) -> None:
    why = "" if chosen.resolution is IGNORE else _ACTS[found.kind](tx, account, found, chosen, answer)
    account_id, break_id, resolution = found.account, found.break_id, chosen.resolution
    if why:
        tx.apply(ev.ResolutionRefused(account_id, break_id, resolution, why))
    elif found.kind == "ORDER_UNKNOWN_TO_US" and resolution is FLATTEN:
        return  # it is over when a comparison does not find it any more
    elif break_id in account.breaks:
        words = f"{resolution} by {chosen.actor}: {chosen.reason}"
        ignored = chosen.difference if resolution is IGNORE else None
        tx.apply(ev.BreakClosed(account_id, break_id, words, resolution, chosen.actor, ignored))


# --- balances ---------------------------------------------------------------------------------------------------------


def _take_balance(tx: Tx, account: Account, found: ev.BreakFound, chosen: Chosen, answer: AccountLookedUp) -> str:
    """Adopted, it is a transfer: no result of trading. Written off, it counts as one.

    What was written off in the same comparison has moved our balance since the difference was seen.
    """
    is_transfer = chosen.resolution is ADOPT
    change, as_of_ns = plain(answer.balance - (account.balance or ZERO)), answer.as_of_ns or account.asked_ns
    tx.apply(ev.BalanceAdjusted(account.spec.id, answer.balance, change, is_transfer, chosen.reason, as_of_ns))
    watching.watch(tx, account.spec.id)
    return ""


# --- positions --------------------------------------------------------------------------------------------------------


def _take_position(tx: Tx, account: Account, found: ev.BreakFound, chosen: Chosen, answer: AccountLookedUp) -> str:
    """Make the venue's quantity ours. Lots that come are taken at the price given or at the market; none is a fill."""
    symbol, theirs = found.symbol, found.theirs or ZERO
    instrument = None if symbol is None else tx.state.instruments.get(symbol)
    if symbol is None or instrument is None:
        return f"{symbol} is no instrument of the configuration"
    position = account.positions.get(symbol, NOTHING_HELD)
    rate, price = rate_up(tx.state, account, instrument), chosen.price or _market_price(tx, instrument, chosen)
    if rate is None or price is None:
        return "there is no fresh quote to value it at; give a price"
    cost = _cost_of(position, theirs, price, instrument)
    realized = ZERO
    if chosen.resolution is WRITE_OFF:
        realized = _loss(position, theirs, cost, price, rate, instrument)
    closed = bool(position.qty) and (not theirs or (theirs > 0) is not (position.qty > 0))
    stop_px = None if closed else position.stop_px
    tx.apply(ev.PositionAdopted(account.spec.id, symbol, theirs, cost))
    tx.apply(
        ev.PositionChanged(
            account.spec.id,
            symbol,
            theirs,
            cost,
            average(cost, theirs * instrument.contract_size) if theirs else None,
            realized,
            plain((account.balance or ZERO) + realized),
            position_margin(instrument, cost, rate),
            ZERO,
            position_risk(instrument, theirs, cost, stop_px, rate, tx.state.desk.assumed_stop_pct),
            closed,
        )
    )
    watching.watch(tx, account.spec.id)
    if chosen.resolution is FLATTEN and theirs and not is_closing(account.positions[symbol]):
        take_over(tx, account.spec.id, symbol, "the break of its position is flattened")
        start_exit(tx, account.spec.id, symbol, SignalId(f"flatten:{found.break_id}"), None, actor=chosen.actor)
    return ""


def _market_price(tx: Tx, instrument: Instrument, chosen: Chosen) -> Decimal | None:
    """Return the side at which what differs could be closed now, so that it begins without a profit."""
    quote = tx.state.quotes.get(instrument.symbol)
    if quote is None or not is_sane(quote):
        return None
    return quote.bid if chosen.difference > 0 else quote.ask


def _cost_of(position: Position, theirs: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    lot_value = price * instrument.contract_size
    if not position.qty or (theirs > 0) is not (position.qty > 0):
        return plain(theirs * lot_value)
    if abs(theirs) <= abs(position.qty):
        return round_down(position.cost * theirs / position.qty)
    return plain(position.cost + (theirs - position.qty) * lot_value)


def _loss(
    position: Position, theirs: Decimal, cost: Decimal, price: Decimal, rate: Decimal, instrument: Instrument
) -> Decimal:
    """Return what is lost with the lots that are gone; a profit that they showed goes with them, and is no gain."""
    turned = bool(theirs) and (theirs > 0) is not (position.qty > 0)
    gone_qty = position.qty if turned else position.qty - theirs
    gone_cost = position.cost if turned else position.cost - cost
    return round_down(min(unrealized(gone_qty, gone_cost, price, instrument.contract_size), ZERO) * rate)


# --- orders -----------------------------------------------------------------------------------------------------------


def _take_order(tx: Tx, account: Account, found: ev.BreakFound, chosen: Chosen, answer: AccountLookedUp) -> str:
    """Adopt an order that only the venue knew, with its hold, or have it called back until it is gone."""
    theirs = next((o for o in answer.orders if found.break_id == f"{answer.account}:order:{o.cl_ord_id}"), None)
    if theirs is None:
        return "the venue does not work it any more"
    if chosen.resolution is FLATTEN:
        why = f"called back by {chosen.actor}: {chosen.reason}"
        tx.apply(ev.IncidentRaised(answer.account, theirs.cl_ord_id, "CALLED_BACK", why))
        tx.request(CancelOrder(answer.account, theirs.cl_ord_id, theirs.symbol))
        return ""
    if theirs.symbol not in tx.state.instruments:
        return f"{theirs.symbol} is no instrument of the configuration"
    if theirs.cum_qty:
        return f"{theirs.cum_qty} of it is filled already; flatten it, and adopt the position"
    intent = _intent_of(account, theirs)
    now_ns = tx.state.now_ns
    view = view_of(tx.state, intent, now_ns, now_ns)
    tx.apply(ev.OrderAdopted(theirs.cl_ord_id, intent, theirs.venue_order_id, view.margin_per_lot, view.risk_per_lot))
    return ""


# By whether an order has a price, and whether it has a stop price.
_KINDS = {
    (False, False): OrdType.MARKET,
    (True, False): OrdType.LIMIT,
    (False, True): OrdType.STOP,
    (True, True): OrdType.STOP_LIMIT,
}


def _intent_of(account: Account, theirs: VenueOrder) -> OrderIntent:
    """Nobody says how long it lives or whether it only reduces: it is taken for one that enters, until cancelled."""
    kind = _KINDS[theirs.price is not None, theirs.stop_px is not None]
    return OrderIntent(
        account.spec.id,
        theirs.symbol,
        theirs.side,
        kind,
        TimeInForce.GTC,
        theirs.order_qty,
        Role.DIRECT,
        SignalId(theirs.cl_ord_id),
        price=theirs.price,
        stop_px=theirs.stop_px,
    )


def _end_order(tx: Tx, account: Account, found: ev.BreakFound, chosen: Chosen, answer: AccountLookedUp) -> str:
    """The venue's books are right: an order that it does not know is over, by a person's word."""
    order = account.orders[_order_of(found)]
    if is_over(order):
        return ""
    if not order.outcome_known:
        tx.apply(ev.OutcomeResolved(account.spec.id, order.cl_ord_id, False, f"{chosen.actor}: {chosen.reason}"))
    words = f"the venue does not know it; {chosen.resolution} by {chosen.actor}: {chosen.reason}"
    tx.apply(ev.OrderCanceled(account.spec.id, order.cl_ord_id, order.cum_qty, True, words))
    after(tx, order, was_over=False)
    return ""


_ACTS: dict[str, Callable[[Tx, Account, ev.BreakFound, Chosen, AccountLookedUp], str]] = {
    "UNKNOWN_TO_US": _take_position,
    "QUANTITY_DIFFERS": _take_position,
    "MISSING_AT_VENUE": _take_position,
    "BALANCE_DIFFERS": _take_balance,
    "ORDER_UNKNOWN_TO_US": _take_order,
    "ORDER_MISSING_AT_VENUE": _end_order,
}
"""Each does what was chosen, or says why it cannot be done."""
