"""Circuit breakers: each watches one thing on each account, opens by itself, and is let try again after cooling down.

Open, the account only reduces. Half-open, it takes one small entry at a time: one that fills closes the breaker, one
that is rejected or lost from sight opens it again, as does what it measures. Where money was lost, only a person starts
the time to cool down. When many accounts have an open breaker, all of them only reduce.

What is measured moves by delta, in windows of bounded memory; a step looks only at the accounts that its events name.
"""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core import windows
from coxswain.core.order import is_over
from coxswain.core.params import seconds_ns
from coxswain.core.state import Account, State, equity
from coxswain.core.trust import release, restrict
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import CloseBreaker
from coxswain.model.breaker import ENGINE_CAUSE, MONEY_LOST, BreakerKind, BreakerState, cause_of
from coxswain.model.decimals import HUNDRED, ZERO, limit_of, percent_of, plain, text
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdStatus

OPEN, HALF_OPEN, CLOSED = BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED
LOSS, DRAWDOWN = BreakerKind.LOSS, BreakerKind.DRAWDOWN
Measure = Callable[[State, Account], tuple[Decimal, Decimal]]
"""Returns what is measured, and its limit; a limit of 0 is none."""


# --- what each measures -----------------------------------------------------------------------------------------------


def _loss(state: State, account: Account) -> tuple[Decimal, Decimal]:
    params, window = account.params, account.windows.get(LOSS)
    length_ns = seconds_ns(params.circuit_breaker_window_s)
    top = None if window is None else windows.highest(window, state.now_ns, length_ns)
    if top is None:
        return ZERO, ZERO
    lost = top - equity(account)
    return lost, limit_of(params.circuit_breaker_max_loss_pct, top) if lost > ZERO else ZERO


def _drawdown(state: State, account: Account) -> tuple[Decimal, Decimal]:
    top = account.day_peak
    return top - equity(account), percent_of(account.params.circuit_breaker_max_drawdown_pct, top)


def _counted(kind: BreakerKind) -> Measure:
    def measure(state: State, account: Account) -> tuple[Decimal, Decimal]:
        allowed, window = _limit(account, kind), account.windows.get(kind)
        if window is None:
            return ZERO, allowed
        return windows.total(window, state.now_ns, seconds_ns(account.params.circuit_breaker_window_s)), allowed

    return measure


def _stale_quotes(state: State, account: Account) -> tuple[Decimal, Decimal]:
    """Count held instruments whose market is open and whose quote is stale; looked at once a comparison."""
    stale, oldest_ns = 0, state.now_ns - seconds_ns(state.desk.quote_stale_s)
    for symbol, position in account.positions.items():
        quote = state.quotes.get(symbol)
        if position.qty and state.sessions.get(symbol) and (quote is None or quote.ts_ns < oldest_ns):
            stale += 1
    return Decimal(stale), account.params.circuit_breaker_stale_quotes


def _volatility(state: State, account: Account) -> tuple[Decimal, Decimal]:
    limit = account.params.circuit_breaker_max_volatility_pct
    held = (symbol for symbol, position in account.positions.items() if position.qty and symbol in state.volatility)
    return max((state.volatility[symbol].ewma_pct for symbol in held), default=ZERO), limit


MEASURES: dict[BreakerKind, Measure] = {
    BreakerKind.LOSS: _loss,
    BreakerKind.DRAWDOWN: _drawdown,
    BreakerKind.REJECTS: _counted(BreakerKind.REJECTS),
    BreakerKind.SLIPPAGE: _counted(BreakerKind.SLIPPAGE),
    BreakerKind.VENUE_ERRORS: _counted(BreakerKind.VENUE_ERRORS),
    BreakerKind.STALE_QUOTES: _stale_quotes,
    BreakerKind.VOLATILITY: _volatility,
}
LIMITS: dict[BreakerKind, str] = {
    BreakerKind.LOSS: "circuit_breaker_max_loss_pct",
    BreakerKind.DRAWDOWN: "circuit_breaker_max_drawdown_pct",
    BreakerKind.REJECTS: "circuit_breaker_max_rejects",
    BreakerKind.SLIPPAGE: "circuit_breaker_max_slippage_bps",
    BreakerKind.VENUE_ERRORS: "circuit_breaker_max_venue_errors",
    BreakerKind.STALE_QUOTES: "circuit_breaker_stale_quotes",
    BreakerKind.VOLATILITY: "circuit_breaker_max_volatility_pct",
}
"""The setting that each stands under; at 0 it is off, and nothing is measured."""


def _limit(account: Account, kind: BreakerKind) -> Decimal:
    setting: Decimal = getattr(account.params, LIMITS[kind])
    return setting


# --- opening ----------------------------------------------------------------------------------------------------------


def watch_money(tx: Tx, account_id: AccountId) -> None:
    """Look at what an account's equity says, after it has changed."""
    params = tx.account(account_id).params
    if params.circuit_breaker_max_loss_pct:
        _look(tx, account_id, LOSS)
    if params.circuit_breaker_max_drawdown_pct:
        _look(tx, account_id, DRAWDOWN)


def after(tx: Tx) -> None:
    """Look at what the events of a step say, once all of them are facts."""
    for event in tuple(tx.events):
        kind = _WATCHED.get(type(event))
        if kind is not None:
            account_id: AccountId = event.account  # type: ignore[union-attr]  # each event of that table names one
            _look(tx, account_id, kind)
        follow = _FOLLOWED.get(type(event))
        if follow is not None:
            follow(tx, event)


def _follow_volatility(tx: Tx, event: ev.VolatilitySet) -> None:
    for account_id in tuple(tx.state.holders.get(event.symbol, ())):
        _look(tx, account_id, BreakerKind.VOLATILITY)


_WATCHED: dict[type, BreakerKind] = {
    ev.OrderRejected: BreakerKind.REJECTS,
    ev.OrderFilled: BreakerKind.SLIPPAGE,
    ev.OutcomeUnknown: BreakerKind.VENUE_ERRORS,
    ev.ComparisonAsked: BreakerKind.STALE_QUOTES,
}


def _look(tx: Tx, account_id: AccountId, kind: BreakerKind) -> None:
    account = tx.account(account_id)
    breaker = account.breakers.get(kind)
    if not _limit(account, kind) or (breaker is not None and breaker.state is OPEN):
        return
    value, limit = MEASURES[kind](tx.state, account)
    if limit > ZERO and value >= limit:
        _open(tx, account_id, kind, "it reached its limit", plain(value), plain(limit))


def _open(
    tx: Tx, account_id: AccountId, kind: BreakerKind, why: str, value: Decimal | None, limit: Decimal | None
) -> None:
    until_ns = None if kind in MONEY_LOST else _cool_until(tx, account_id)
    tx.apply(ev.BreakerChanged(account_id, kind, OPEN, why, value, limit, until_ns))
    measured = "" if value is None or limit is None else f" ({text(value)} of {text(limit)})"
    restrict(tx, account_id, cause_of(kind), f"{why}{measured}")
    _heed_many(tx)


def _cool_until(tx: Tx, account_id: AccountId) -> int:
    return tx.state.now_ns + seconds_ns(tx.account(account_id).params.circuit_breaker_cooldown_s)


def _heed_many(tx: Tx) -> None:
    """Let every account only reduce while this many breakers are open."""
    limit = tx.state.desk.circuit_breaker_engine_count
    many = bool(limit) and tx.state.open_breakers >= limit
    for account_id in tuple(tx.state.accounts):
        if many:
            restrict(tx, account_id, ENGINE_CAUSE, f"{tx.state.open_breakers} breakers are open")
        else:
            release(tx, account_id, ENGINE_CAUSE, "fewer breakers are open")


# --- trying again -----------------------------------------------------------------------------------------------------


def on_close(tx: Tx, message: CloseBreaker) -> None:
    """A person starts the time to cool down, after which the breaker is half-open."""
    why = _why_not_closed(tx.state, message)
    if why:
        tx.refuse("close-breaker", f"{message.breaker} of {message.account}", message.actor, why)
        return
    until_ns = _cool_until(tx, message.account)
    tx.apply(
        ev.BreakerChanged(
            message.account, message.breaker, OPEN, message.reason, until_ns=until_ns, actor=message.actor
        )
    )


def _why_not_closed(state: State, message: CloseBreaker) -> str:
    account = state.accounts.get(message.account)
    if account is None:
        return f"ACCOUNT_UNKNOWN: account={message.account}, wanted=one of {', '.join(state.accounts)}"
    breaker = account.breakers.get(message.breaker)
    if not message.reason.strip():
        return "REASON: wanted=why it may be tried again"
    if breaker is None:
        wanted = f"one of {', '.join(account.breakers)}" if account.breakers else "one that is open; none is"
        return f"BREAKER_CLOSED: breaker={message.breaker} is not open, wanted={wanted}"
    if breaker.state is HALF_OPEN:
        return "BREAKER_HALF_OPEN: wanted=an entry that fills, which closes it"
    return "" if breaker.until_ns is None else "BREAKER_COOLING_DOWN: wanted=the end of that time"


def cooled_down(tx: Tx, account_id: AccountId, kind: BreakerKind) -> None:
    tx.apply(ev.BreakerChanged(account_id, kind, HALF_OPEN, "it has cooled down"))
    release(tx, account_id, cause_of(kind), "one small entry at a time")
    _heed_many(tx)


def _follow_created(tx: Tx, event: ev.OrderCreated) -> None:
    """Let the first entry of a half-open breaker's account decide what becomes of it."""
    if event.enters and tx.account(event.intent.account).breakers:
        _try(tx, event.intent, event.cl_ord_id)


Outcome = ev.OrderFilled | ev.OrderRejected | ev.OrderCanceled | ev.OrderExpired | ev.OutcomeUnknown


def _follow_outcome(tx: Tx, event: Outcome) -> None:
    breakers = tx.account(event.account).breakers
    if not breakers:
        return
    for kind, breaker in tuple(breakers.items()):
        if breaker.state is HALF_OPEN and breaker.trial == event.cl_ord_id:
            _conclude(tx, event.account, kind, event.cl_ord_id)


# Each function takes the event that it stands beside; no type says that of a table.
_FOLLOWED: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.OrderCreated: _follow_created,
    ev.OrderFilled: _follow_outcome,
    ev.OrderRejected: _follow_outcome,
    ev.OrderCanceled: _follow_outcome,
    ev.OrderExpired: _follow_outcome,
    ev.OutcomeUnknown: _follow_outcome,
    ev.VolatilitySet: _follow_volatility,
}
CONCERNED = frozenset((*_WATCHED, *_FOLLOWED))
"""The events that `after` looks at."""


def _try(tx: Tx, intent: OrderIntent, cl_ord_id: ClOrdId) -> None:
    account = tx.account(intent.account)
    for kind, breaker in account.breakers.items():
        former = None if breaker.trial is None else account.orders[breaker.trial]
        if breaker.state is HALF_OPEN and (former is None or is_over(former)):
            tx.apply(ev.BreakerTried(intent.account, kind, cl_ord_id))


def _conclude(tx: Tx, account_id: AccountId, kind: BreakerKind, trial: ClOrdId) -> None:
    order = tx.account(account_id).orders[trial]
    if not order.outcome_known:
        _open(tx, account_id, kind, f"the outcome of its trial {order.cl_ord_id} is unknown", None, None)
    elif order.ended_as is OrdStatus.REJECTED:
        _open(tx, account_id, kind, f"its trial {order.cl_ord_id} was rejected", None, None)
    elif is_over(order) and order.cum_qty:
        why = f"its trial {order.cl_ord_id} filled"
        tx.apply(ev.BreakerChanged(account_id, kind, CLOSED, why))


def half_open_pct(account: Account) -> Decimal:
    """Return what entries are scaled to, in per cent: all of it while no breaker is half-open."""
    if any(breaker.state is HALF_OPEN for breaker in account.breakers.values()):
        return account.params.circuit_breaker_half_open_size_pct
    return HUNDRED
