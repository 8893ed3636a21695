"""What was sent, cancelled, traded and refused lately: rings that the gate reads. `evolve` alone writes here.

Nothing grows with what was ever done: counts are by bucket of time, and of orders the last few are kept.
"""

from decimal import Decimal
from typing import TypeVar

from coxswain.core.params import NS_PER_S, seconds_ns
from coxswain.core.position import Entered, Position, Repeat
from coxswain.core.rings import PriceRing, Ring, note, note_price
from coxswain.core.state import DRAWDOWN_LIMIT, Account, State, equity, nearly_used_up, parent_of
from coxswain.messages import events as ev
from coxswain.model.market import touch
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import COMPLETION, ENTRY, Role

MINUTE_NS = 60 * NS_PER_S
ENTERED_MAX = 8
REPEATS_MAX = 64
"""Strategies that one position watches for repeats; of more, the one that was first is forgotten."""
DERIVED = (COMPLETION, Role.RECOVERY)
"""They follow from another order, and are neither repeats nor doubles of it."""


def is_derived(state: State, intent: OrderIntent) -> bool:
    """Say whether an order follows from another.

    So does the second order of a signal; so do the slices of a leg of a spread, which its share bounds, and all
    children of an algorithm but the first.
    """
    signal = state.signals.get(intent.signal_id)
    if signal is None:  # a person sent it
        return intent.role in DERIVED
    parent = parent_of(state, intent.account, intent.signal_id) if intent.role is ENTRY else None
    of_two = signal.first is not None
    of_many = of_two or signal.spread is not None or (parent is not None and parent.has_sent)
    return intent.role in DERIVED or of_many


def note_message(state: State, account: Account, strategy: str) -> None:
    """Count an order or a change of one that leaves."""
    now_ns = state.now_ns
    note(account.messages, now_ns, NS_PER_S)
    note(_ring(state.venue_messages, account.spec.venue), now_ns, NS_PER_S)
    if strategy:
        note(_ring(state.strategy_messages, strategy), now_ns, NS_PER_S)


K = TypeVar("K", bound=str)


def _ring(rings: dict[K, Ring], name: K) -> Ring:
    ring = rings.get(name)
    if ring is None:
        ring = rings[name] = Ring()
    return ring


def note_order(state: State, account: Account, position: Position, event: ev.OrderCreated) -> None:
    """Remember an order that was created, as one of many."""
    intent, now_ns = event.intent, state.now_ns
    note_message(state, account, intent.strategy)
    note(account.orders_sent, now_ns, MINUTE_NS)
    note(account.tried, now_ns, seconds_ns(account.params.reject_window_s))
    account.day_orders += 1
    if not event.enters or event.renews is not None or is_derived(state, intent):
        return
    price = intent.price or intent.stop_px or intent.decision_px or _touch(state, event)
    if price is not None:
        note_price(position.prices, now_ns, seconds_ns(account.params.price_drift_window_s), price)
    # One that was asked for at market has the price that protects it, which nobody asked for.
    asked = None if intent.protected else intent.price or intent.stop_px
    position.entered.append(Entered(now_ns, intent.side, intent.order_qty, asked, intent.strategy))
    if len(position.entered) > ENTERED_MAX:
        del position.entered[0]
    repeat = position.repeats.get(intent.strategy)
    if repeat is None or repeat.side is not intent.side or repeat.qty != intent.order_qty:
        repeat = position.repeats[intent.strategy] = Repeat(intent.side, intent.order_qty, Ring())
        if len(position.repeats) > REPEATS_MAX:
            del position.repeats[next(iter(position.repeats))]
    note(repeat.times, now_ns, seconds_ns(account.params.repeat_window_s))


def _touch(state: State, event: ev.OrderCreated) -> Decimal | None:
    quote = state.quotes.get(event.intent.symbol)
    return None if quote is None else touch(quote, event.intent.side)


def note_cancel(state: State, account: Account) -> None:
    note(account.cancels, state.now_ns, seconds_ns(account.params.cancel_window_s))


def note_trade(state: State, account: Account) -> None:
    note(account.trades, state.now_ns, seconds_ns(account.params.cancel_window_s))


def note_failure(state: State, account: Account) -> None:
    """Count an order that was rejected, or that nobody answers for."""
    note(account.failed, state.now_ns, seconds_ns(account.params.reject_window_s))


def forget(account: Account, cause: str) -> None:
    """A person let the account go on: what stopped it begins to count anew."""
    if cause == "CANCEL_TO_TRADE":
        account.cancels, account.trades = Ring(), Ring()
    elif cause == "REJECT_RATE":
        account.tried, account.failed = Ring(), Ring()
    elif cause in ("REPEATED", "PRICE_DRIFT"):
        for position in account.positions.values():
            position.repeats.clear()
            position.prices = PriceRing()
    elif cause == "DRAWDOWN" or (cause == "LOSS_LADDER" and DRAWDOWN_LIMIT in nearly_used_up(account)):
        account.peak = equity(account)
        account.ladder.pop(DRAWDOWN_LIMIT, None)


def raise_peak(account: Account) -> None:
    """Keep the highest equity that was seen."""
    worth = equity(account)
    if account.balance is not None and worth > account.peak:
        account.peak = worth
