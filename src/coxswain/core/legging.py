"""Working a spread: one leg leads, the others follow what it fills, and what stands without the others is limited.

The leg that is hardest to fill leads. It goes out in slices that keep what could stand unhedged within the limit; the
others are sent for what it has filled, never for more than hedges it. One child of each leg is open at a time, and each
is an order through the gate like any other, as a part of its leg's share. Unhedged is what is filled of some legs
beyond what all of them have together. Too much of it, too long, or a leg refused, and the rule decides: `complete`
crosses the market for what makes whole units, `unwind` closes what is beyond whole units; what cannot be completed is
unwound as well. The first leg enters nothing more after that, nor after the signal's death.

Nothing is sent on a guess: while an order of a leg is unknown its hold stays, and the spread waits for the answer. What
is called back, by a stop, a person or an exit, is unwound to whole units at once, by exits of exactly that quantity, so
that other lots of the same instrument stay. What leaves goes the same way, to fewer whole units: the leg that is
hardest to fill is closed in slices, and what the others have beyond it is unwound after each. The driver remembers
nothing: what counts stands in the events.
"""

from decimal import Decimal

import msgspec

from coxswain.core.eligibility import fitness
from coxswain.core.entries import LOOK_AGAIN_NS, entry_intent, postponed, withdraw_share
from coxswain.core.order import Order, held_qty, is_complete
from coxswain.core.params import NS_PER_MS, NS_PER_S, seconds_ns
from coxswain.core.scopes import narrower_state, why_restricted
from coxswain.core.shares import Spread, SpreadLeg
from coxswain.core.spreads import leg_id, limit_of, spread_of, unhedged_of_a_unit, unit_of
from coxswain.core.state import Account, State, share_of
from coxswain.core.submit import cancel, submit
from coxswain.core.tx import Tx
from coxswain.core.units import (
    beyond_units,
    excess,
    held_of,
    lot_value,
    together,
    unhedged_value,
    units_in_part,
    whole_units,
)
from coxswain.core.unwinding import UNWINDS_MAX, child_of, is_lived_without, unwind
from coxswain.messages import events as ev
from coxswain.model.checks import reason
from coxswain.model.decimals import ONE, ZERO, ceil_step, floor_step, plain, round_up, text
from coxswain.model.market import is_sane, mid
from coxswain.model.signal import dies_ns
from coxswain.model.spread import LeggingLimit
from coxswain.model.vocabulary import (
    ACTIVE,
    ENTRY,
    MARKET,
    OPPOSITE,
    AccountId,
    LeggingRule,
    Side,
    SignalId,
    Symbol,
    TimeInForce,
)

SOON_NS = 100 * NS_PER_MS
"""After a refusal of our own gate: not at once, so that no instant has two answers."""
NOT_TAKEN = "the last order was not taken in full"
LEAD_REFUSALS_MAX = 3
"""Of the leading leg in a row, while nothing is unhedged; then the spread ends."""
COMPLETIONS_MAX = 5
"""Orders that try to complete; then what is unhedged is unwound."""
UNWINDS_QUICK = 5
"""Orders that try to unwind a second apart; later ones wait for the next comparison of the books."""


# --- beginning --------------------------------------------------------------------------------------------------------


def release(tx: Tx, account_id: AccountId, first: SignalId) -> None:
    """Start the spread that a due share belongs to, all legs together, if the account is still fit for it."""
    state, account = tx.state, tx.account(account_id)
    spread_id = state.signals[first].spread
    if spread_id is None:
        raise ValueError(f"signal {first} is no leg")
    signal = state.signals[spread_id]
    legs = [leg_id(spread_id, number) for number in range(1, len(signal.legs) + 1)]
    waiting = [leg for leg in legs if postponed(tx, account_id, leg)]
    if waiting:
        for leg in legs:
            if leg not in waiting:
                tx.apply(ev.ReleasePostponed(leg, account_id, state.now_ns + LOOK_AGAIN_NS))
        return
    shares = [state.plans[leg].shares[account_id] for leg in legs]
    failed = [check for check in fitness(account, sum((s.planned_margin for s in shares), ZERO)) if not check.passed]
    if failed:
        for leg in legs:
            tx.apply(ev.AssignmentWithdrawn(leg, account_id, "; ".join(reason(check) for check in failed)))
        return
    started = [
        ev.LegStarted(leg, of.symbol, of.side, of.ratio, share.qty)
        for leg, of, share in zip(legs, signal.legs, shares, strict=True)
    ]
    order, why = _order_of_work(state, [(leg.symbol, leg.side, leg.qty) for leg in started])
    units, ordered = plain(started[0].qty / started[0].ratio), tuple(started[index] for index in order)
    tx.apply(ev.SpreadStarted(spread_id, account_id, units, ordered, dies_ns(signal), why))
    advance(tx, account_id, spread_id)


def _order_of_work(state: State, legs: list[tuple[Symbol, Side, Decimal]]) -> tuple[list[int], str]:
    """Put the leg first that shows the least of what is needed, then the one whose spread is wider."""
    shown = []
    for symbol, side, qty in legs:
        quote = state.quotes.get(symbol)
        size = None if quote is None else quote.ask_size if side is Side.BUY else quote.bid_size
        if quote is None or size is None or not is_sane(quote):
            return list(range(len(legs))), "as listed: not every leg shows its size"
        shown.append((size / qty, -(quote.ask - quote.bid) / mid(quote)))
    order = sorted(range(len(legs)), key=lambda index: (*shown[index], index))
    part = text(plain(round_up(shown[order[0]][0])))
    return order, f"{legs[order[0]][0]} shows {part} of what is needed, the least of all"


# --- leaving ----------------------------------------------------------------------------------------------------------


def leave(
    tx: Tx, account_id: AccountId, spread_id: SignalId, exit_id: SignalId, units: Decimal | None, why: str, actor: str
) -> None:
    """Close `units` of a spread, all of it with None; what still enters is called back, what waits is withdrawn.

    The leg that is hardest to fill is closed first, as it is entered first: if it cannot be closed now, the spread
    stays whole, and what follows can be closed quickly once it must be.
    """
    spread = tx.account(account_id).spreads.get(spread_id)
    if spread is None:
        first = leg_id(spread_id, 1)
        if first in tx.account(account_id).positions[tx.state.plans[first].plan.symbol].waiting:
            withdraw_share(tx, account_id, first, why)
        return
    account = tx.account(account_id)
    if not spread.over and not spread.stopped:
        tx.apply(ev.SpreadStopped(spread_id, account_id, why))
    most = units_in_part(account, spread)
    closing = most if units is None else min(units, most)
    keep = ZERO if units is None or units >= most else max(whole_units(account, spread) - units, ZERO)
    legs = [(leg.symbol, OPPOSITE[leg.side], closing * leg.ratio or leg.ratio) for leg in spread.legs]
    order, first_because = _order_of_work(tx.state, legs)
    ordered = tuple(spread.legs[index].signal_id for index in order)
    tx.apply(ev.SpreadLeaving(spread_id, account_id, exit_id, closing, keep, ordered, first_because, why, actor))
    advance(tx, account_id, spread_id)


def stay(tx: Tx, account_id: AccountId, signal_id: SignalId, why: str) -> bool:
    """Close no more than makes whole units of a spread that is on its way out. False if there is none of that id."""
    spread_id = spread_of(tx.state, signal_id) or signal_id
    spread = tx.account(account_id).spreads.get(spread_id)
    if spread is None or spread.leaving is None or signal_id not in (spread_id, spread.leaving.exit_id):
        return False
    tx.apply(ev.SpreadStopped(spread_id, account_id, why))
    return True


# --- going on ---------------------------------------------------------------------------------------------------------


def after(tx: Tx, order: Order) -> None:
    """Go on when something happened to an order of a spread, or to the position of one of its legs."""
    intent, account = order.intent, tx.account(order.intent.account)
    signal = tx.state.signals.get(intent.signal_id)
    own = intent.signal_id if signal is None or signal.legs else signal.spread
    concerned = () if order.enters else account.positions[intent.symbol].legging
    refused = order.ended_as is not None and not is_complete(order) and not order.cancel_wanted
    for spread_id in dict.fromkeys((own, *concerned)):
        if spread_id is not None and spread_id in account.spreads:
            advance(tx, account.spec.id, spread_id, at_once=not (refused and spread_id == own))


def advance(tx: Tx, account_id: AccountId, spread_id: SignalId, *, at_once: bool = True) -> None:
    """Look at what is filled, decide, and bring what is out to it.

    Not at once where the market or the venue has just not taken something: another order would fare no better.
    """
    spread = tx.account(account_id).spreads[spread_id]
    if spread.over and (not beyond_units(tx.account(account_id), spread) or spread.tries >= UNWINDS_MAX):
        return
    why = _why_stopped(tx, account_id, spread, spread_id)
    if why:
        tx.apply(ev.SpreadStopped(spread_id, account_id, why))
    _decide(tx, account_id, spread, spread_id)
    ended = _why_over(tx, account_id, spread)
    if ended:
        _end(tx, account_id, spread, spread_id, ended)
        return
    decided_now = spread.decided is not None and spread.decided_ns == tx.state.now_ns and not spread.tries
    note = _act(tx, account_id, spread, spread_id) if at_once or decided_now else NOT_TAKEN
    _mark(tx, account_id, spread, spread_id, note)


def _end(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId, why: str) -> None:
    account = tx.account(account_id)
    left = unhedged_value(tx.state, account, spread)
    tx.apply(ev.SpreadEnded(spread_id, account_id, plain(together(account, spread)), left, why))


def _mark(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId, note: str) -> None:
    """Note what is unhedged, and when to look again."""
    now_ns, account, limit = tx.state.now_ns, tx.account(account_id), limit_of(tx.state, spread_id)
    bare = any(excess(account, spread))
    value = unhedged_value(tx.state, account, spread)
    since_ns = None if not bare else now_ns if spread.since_ns is None else spread.since_ns
    refused = any(_refusals(tx.state, account_id, leg) for leg in spread.legs)
    if _unwinds(spread):
        slow = note not in ("", NOT_TAKEN) or spread.tries >= UNWINDS_QUICK
        wake_ns = now_ns + (seconds_ns(tx.state.desk.position_sync_s) if slow else LOOK_AGAIN_NS)
    elif spread.decided is not None or note or now_ns >= spread.ends_ns:
        wake_ns = now_ns + LOOK_AGAIN_NS
    elif since_ns is not None:
        wake_ns = now_ns + (SOON_NS if refused else LOOK_AGAIN_NS)
        wake_ns = max(min(wake_ns, since_ns + limit.max_unhedged_s * NS_PER_S), now_ns + 1)
    else:
        wake_ns = now_ns + LOOK_AGAIN_NS if refused else spread.ends_ns
    stands = (value, since_ns, note) == (spread.unhedged_value, spread.since_ns, spread.note)
    if not stands or spread.wake_ns <= now_ns or wake_ns < spread.wake_ns:
        tx.apply(ev.SpreadMarked(spread_id, account_id, value, since_ns, wake_ns, note))


# --- deciding ---------------------------------------------------------------------------------------------------------


def _why_stopped(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId) -> str:
    """Say what calls a spread back by itself; empty if nothing does, or it is called back already."""
    account, signal = tx.account(account_id), tx.state.signals[spread_id]
    if spread.over:
        return "a fill came after its end"
    if spread.stopped or spread.leaving is not None:
        return ""
    for leg in spread.legs:
        if held_of(account, leg) < leg.cum_qty - leg.closed_qty or (leg.closed_qty and not _unwinds(spread)):
            return f"what it filled of {leg.symbol} was closed"
        if not _may_enter(tx.state, account, leg, signal.strategy):
            return f"nothing may be opened: {why_restricted(tx.state, account, leg.symbol, signal.strategy)}"
    return ""


def _may_enter(state: State, account: Account, leg: SpreadLeg, strategy: str) -> bool:
    if narrower_state(state, leg.symbol, strategy) is not ACTIVE:
        return False
    return account.state is ACTIVE or _passing(account)


def _passing(account: Account) -> bool:
    return set(account.causes) == {"UNRECONCILED"}


def _decide(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId) -> None:
    """Note that a legging limit is reached, or that what was to be completed cannot be."""
    if _unwinds(spread):
        return
    account, limit, now_ns = tx.account(account_id), limit_of(tx.state, spread_id), tx.state.now_ns
    if not any(excess(account, spread)) and not _stands_in_part(tx, account_id, spread):
        return
    value = unhedged_value(tx.state, account, spread)
    age_ns = 0 if spread.since_ns is None else now_ns - spread.since_ns
    decision = limit.on_legging_limit if spread.decided is None else LeggingRule.UNWIND
    why = _why_reached(tx, account_id, spread, limit, value, age_ns)
    if why:
        age_s = plain(Decimal(age_ns) / NS_PER_S)
        tx.apply(ev.LeggingLimitReached(spread_id, account_id, value, age_s, decision, why))


def _why_reached(
    tx: Tx, account_id: AccountId, spread: Spread, limit: LeggingLimit, value: Decimal, age_ns: int
) -> str:
    if spread.decided is not None:
        late = tx.state.now_ns - spread.decided_ns >= limit.max_unhedged_s * NS_PER_S
        if late or spread.tries >= COMPLETIONS_MAX:
            return f"it could not be completed: {spread.tries} orders tried"
        refused = next((leg for leg in spread.legs if _refusals(tx.state, account_id, leg) > 1), None)
        return "" if refused is None else f"it could not be completed: {refused.symbol} was refused again"
    if _stands_in_part(tx, account_id, spread):
        return "a part of a unit is left"
    if value > limit.max_unhedged_value:
        return f"max_unhedged_value: {text(value)} of {text(limit.max_unhedged_value)}"
    if age_ns >= limit.max_unhedged_s * NS_PER_S:
        return f"max_unhedged_s: {limit.max_unhedged_s}"
    lead = spread.legs[0]
    refused = next((leg for leg in spread.legs if leg is not lead and _refusals(tx.state, account_id, leg)), None)
    return "" if refused is None else f"{refused.symbol} was refused"


def _stands_in_part(tx: Tx, account_id: AccountId, spread: Spread) -> bool:
    """Say whether nothing more is to come, and what all legs have together is not whole units."""
    no_more = tx.state.now_ns >= spread.ends_ns or spread.decided is not None
    refused = _refusals(tx.state, account_id, spread.legs[0]) >= LEAD_REFUSALS_MAX
    if not (no_more or refused) or any(child_of(tx, account_id, leg) is not None for leg in spread.legs):
        return False
    account = tx.account(account_id)
    return not any(excess(account, spread)) and bool(beyond_units(account, spread))


def _refusals(state: State, account_id: AccountId, leg: SpreadLeg) -> int:
    share = share_of(state, leg.signal_id, account_id)
    return 0 if share is None or share.parent is None else share.parent.refusals


def _unwinds(spread: Spread) -> bool:
    """Say whether it only closes: what is beyond whole units, and units that are on their way out."""
    return bool(spread.stopped) or spread.leaving is not None or spread.decided is LeggingRule.UNWIND


def _why_over(tx: Tx, account_id: AccountId, spread: Spread) -> str:
    """Say why a spread is over, empty while it is not: while something of it is open, unknown or beyond whole units."""
    account = tx.account(account_id)
    if any(child_of(tx, account_id, leg) is not None or account.positions[leg.symbol].unknown for leg in spread.legs):
        return ""
    stuck = _unwinds(spread) and spread.tries >= UNWINDS_MAX
    beyond = beyond_units(account, spread)
    if beyond and _unwinds(spread):
        left = [leg for leg in spread.legs if leg.signal_id in beyond]
        if all(is_lived_without(account, leg) for leg in left):
            return f"the venue holds none of {left[0].symbol}, and somebody lives with that"
    if beyond:
        return f"it could not be unwound: {spread.tries} orders tried, the rest is for a person" if stuck else ""
    if spread.leaving is not None and whole_units(account, spread) > spread.leaving.keep:
        return f"it could not be left: {spread.tries} orders tried, the rest is for a person" if stuck else ""
    if spread.leaving is not None:
        return f"left: {spread.leaving.reason}"
    if spread.stopped:
        return spread.stopped
    if spread.decided is LeggingRule.UNWIND:
        return "unwound to whole units"
    if all(leg.cum_qty >= leg.qty for leg in spread.legs):
        return "every leg is filled"
    if spread.decided is LeggingRule.COMPLETE:
        return "completed to whole units"
    if tx.state.now_ns >= spread.ends_ns:
        return "its signal is dead"
    if _refusals(tx.state, account_id, spread.legs[0]) >= LEAD_REFUSALS_MAX:
        return f"{spread.legs[0].symbol} was refused {LEAD_REFUSALS_MAX} times in a row"
    return ""


# --- acting -----------------------------------------------------------------------------------------------------------


def _act(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId) -> str:
    """Send and call back what is to be; return what is being waited for, if something keeps it from that."""
    if _unwinds(spread):
        return unwind(tx, account_id, spread, spread_id)
    account = tx.account(account_id)
    late = tx.state.now_ns >= spread.ends_ns or spread.decided is not None
    lead = child_of(tx, account_id, spread.legs[0])
    if late and lead is not None:  # also one that crosses, where its venue has forgotten to end it
        cancel(tx, lead, "the first leg enters nothing more")
    note = _why_wait(tx.state, account, spread)
    if note:
        return note
    if spread.decided is LeggingRule.COMPLETE:
        _complete(tx, account_id, spread, spread_id)
        return ""
    for leg in spread.legs[1:]:
        _send(tx, account_id, spread, spread_id, leg, _following(tx, account_id, spread, leg))
    if not late:
        _send(tx, account_id, spread, spread_id, spread.legs[0], _leading(tx, account_id, spread, spread_id))
    return ""


def _why_wait(state: State, account: Account, spread: Spread) -> str:
    """Say what keeps every leg from being sent for now. The gate would deny it, and that would tell nothing new."""
    if _passing(account) or account.breaks:
        return "something about the account is not known"
    for leg in spread.legs:
        if account.positions[leg.symbol].unknown:
            return f"an order in {leg.symbol} is not known"
        if not state.sessions.get(leg.symbol, False):
            return f"the session of {leg.symbol} is closed"
    return ""


def _open(tx: Tx, account_id: AccountId, leg: SpreadLeg) -> Decimal:
    child = child_of(tx, account_id, leg)
    return ZERO if child is None else held_qty(child)


def _crosses(child: Order) -> bool:
    return child.intent.time_in_force is TimeInForce.IOC


def _leading(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId) -> Decimal:
    """Return the next slice of the first leg: as many units as may stand unhedged, at least the smallest order."""
    account, lead, signal = tx.account(account_id), spread.legs[0], tx.state.signals[spread_id]
    filled = lead.cum_qty / lead.ratio
    left = spread.units - filled
    refusals = _refusals(tx.state, account_id, lead)
    if left <= 0 or child_of(tx, account_id, lead) is not None or refusals >= LEAD_REFUSALS_MAX:
        return ZERO
    if refusals and tx.state.now_ns < spread.wake_ns:
        return ZERO
    bare = filled - min(leg.cum_qty / leg.ratio for leg in spread.legs[1:])
    value = unhedged_of_a_unit(tuple(leg.ratio * lot_value(tx.state, account, leg) for leg in spread.legs))
    least = unit_of(tx.state, signal).min_qty
    room = left if not value else limit_of(tx.state, spread_id).max_unhedged_value / value - bare
    units = floor_step(max(min(left, room), ZERO), ONE)
    if units < least:
        units = ZERO if bare > 0 else least
    if ZERO < left - units < least:
        units = left if left - least < least else left - least
    if not units:
        return ZERO
    target = min(floor_step(filled + units, ONE) if units < left else spread.units, spread.units)
    qty = plain(target * lead.ratio - lead.cum_qty)
    return min(max(qty, tx.state.instruments[lead.symbol].min_qty), plain(lead.qty - lead.cum_qty))


def _following(tx: Tx, account_id: AccountId, spread: Spread, leg: SpreadLeg) -> Decimal:
    """Return what hedges what the first leg has filled, and no more; nothing while a child of the leg is open."""
    instrument, lead = tx.state.instruments[leg.symbol], spread.legs[0]
    if child_of(tx, account_id, leg) is not None:
        return ZERO
    wanted = floor_step(min(lead.cum_qty / lead.ratio * leg.ratio, leg.qty), instrument.lot_step) - leg.cum_qty
    return plain(wanted) if wanted >= instrument.min_qty else ZERO


def _complete(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId) -> None:
    """Cross the market for what makes whole units of what the fullest leg has, once nothing stands at a price."""
    for leg in spread.legs:
        child = child_of(tx, account_id, leg)
        if child is not None and not _crosses(child):
            cancel(tx, child, "the spread is completed by crossing")
    if any(child_of(tx, account_id, leg) is not None for leg in spread.legs):
        return
    most = max(leg.cum_qty / leg.ratio for leg in spread.legs)
    units = min(ceil_step(most, ONE), spread.units)
    for leg in spread.legs:
        instrument = tx.state.instruments[leg.symbol]
        missing = min(units * leg.ratio, leg.qty) - leg.cum_qty
        if missing > 0:
            qty = min(max(missing, instrument.min_qty), leg.qty - leg.cum_qty)
            _send(tx, account_id, spread, spread_id, leg, plain(qty), crossing=True)


def _send(
    tx: Tx,
    account_id: AccountId,
    spread: Spread,
    spread_id: SignalId,
    leg: SpreadLeg,
    qty: Decimal,
    *,
    crossing: bool = False,
) -> None:
    """Let a child out through the gate. What hedges may live past the signal's death, as long as the limit allows."""
    if qty <= 0:
        return
    intent = entry_intent(tx, leg.signal_id, account_id, qty, ENTRY)
    if crossing or intent.ord_type is MARKET:
        intent = msgspec.structs.replace(intent, ord_type=MARKET, price=None, time_in_force=TimeInForce.IOC)
    leads = leg is spread.legs[0] and not crossing
    limit_ns = limit_of(tx.state, spread_id).max_unhedged_s * NS_PER_S
    dies = spread.ends_ns if leads else max(spread.ends_ns, tx.state.now_ns + limit_ns)
    submit(tx, intent, spread.started_ns, dies)
