"""Which accounts may take a signal: every rule is answered, passed or not. Sizes nothing, changes nothing."""

from decimal import Decimal

import msgspec

from coxswain.core.drawdown import lost as drawn_down
from coxswain.core.emulation import unfollowable, unsupported
from coxswain.core.firm.view import marks_of
from coxswain.core.params import NS_PER_S
from coxswain.core.scopes import narrower_stops
from coxswain.core.state import DRAWDOWN_LIMIT, Account, State, Volatility, equity, spare_margin
from coxswain.model.checks import Check
from coxswain.model.control import name_of
from coxswain.model.decimals import HUNDRED, ZERO, limit_of, percent_of, plain, round_down
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import Symbol, TradingState
from coxswain.risk.firm.floors import floors

VOLATILITY_STALE_NS = 5 * 86_400 * NS_PER_S
"""Longer than a long weekend without quotes; what was observed before says little of now."""


class LossLimit(msgspec.Struct, frozen=True):
    """How much of one limit on losses is used. Money is in the account's currency."""

    name: str
    used: Decimal
    """Negative in profit."""
    limit: Decimal
    breaks: bool = True
    """Reaching it ends the account's trading; False: it only keeps the account out of new entries."""


def eligibility(state: State, account: Account, signal: Signal) -> list[Check]:
    """Put an account to every eligibility rule; all are answered, passed or not."""
    params = account.params
    listed = not signal.accounts or account.spec.id in signal.accounts
    active = account.state is TradingState.ACTIVE
    budget, positions = risk_budget_left(account), Decimal(account.open_positions)
    confidence = signal.confidence
    checks = [
        Check("ACCOUNT_ACTIVE", None, None, active, _state(account), TradingState.ACTIVE),
        Check("ACCOUNT_LISTED", None, None, listed, "listed" if listed else "not listed", "listed in the signal"),
        Check("RECONCILED", None, None, account.reconciled, "yes" if account.reconciled else "no", "yes"),
        *fitness(account),
        Check("RISK_BUDGET_REMAINING", budget, ZERO, budget > 0),
        Check("OPEN_POSITIONS", positions, params.max_open_positions, positions < params.max_open_positions),
    ]
    if params.target_volatility_pct > 0:
        observed = volatility_of(state, signal.symbol)
        pct, found = (None, "not observed") if observed is None else (observed.ewma_pct, "")
        checks.append(Check("VOLATILITY_KNOWN", pct, None, observed is not None, found, "observed lately"))
    checks += [
        Check("STOPPED", None, None, False, f"{level} of {name_of(scope)} by {stop.actor}: {stop.reason}", "no stop")
        for scope, level, stop in narrower_stops(state, signal.symbol, signal.strategy)
    ]
    if confidence is not None:
        wanted = state.desk.min_confidence
        checks.append(Check("CONFIDENCE", confidence, wanted, confidence >= wanted))
    return [*checks, *unsupported(account.capabilities, signal), *unfollowable(state, signal)]


def fitness(account: Account, own_margin: Decimal = ZERO) -> list[Check]:
    """What must hold when a signal is planned, and still when its share is released.

    `own_margin` is what is held for the share itself already.
    """
    params, drawdown = account.params, daily_drawdown_pct(account)
    margin = plain(spare_margin(account) + own_margin)
    return [
        Check("AVAILABLE_MARGIN", margin, params.min_available_margin, margin >= params.min_available_margin),
        Check("DAILY_DRAWDOWN_PCT", drawdown, params.max_daily_drawdown_pct, drawdown <= params.max_daily_drawdown_pct),
    ]


def _state(account: Account) -> str:
    return f"{account.state} ({', '.join(account.causes)})" if account.causes else str(account.state)


def risk_budget_left(account: Account) -> Decimal:
    """Return the day's risk budget less its realised net loss and what open and held entries risk to their stops."""
    budget = percent_of(account.params.risk_budget_pct, account.day_balance)
    at_stops = account.open_risk + account.held_risk + account.planned_risk
    return plain(budget - max(-account.day_realized, ZERO) - at_stops)


def daily_drawdown_pct(account: Account) -> Decimal:
    """Return (anchor - equity) / anchor in per cent; the anchor is the higher of balance and equity at the reset."""
    if account.anchor <= 0:
        return ZERO if account.balance is None else HUNDRED
    return round_down((account.anchor - equity(account)) / account.anchor * HUNDRED)


def loss_limits(account: Account) -> tuple[LossLimit, ...]:
    """Return every limit on losses that the account has, and what is used of each, realised and open.

    Sizes shrink with the one that is used most, and breaches are told from the headroom to those that break.
    """
    params, lost = account.params, account.anchor - equity(account)
    trailing, static = drawn_down(account)
    first = account.initial_balance or account.peak
    return (
        LossLimit("daily drawdown", lost, limit_of(params.max_daily_drawdown_pct, account.anchor), breaks=False),
        LossLimit("daily loss limit", lost, limit_of(params.max_daily_loss_pct, account.anchor)),
        LossLimit(DRAWDOWN_LIMIT, trailing, limit_of(params.max_drawdown_pct, account.peak)),
        LossLimit("static drawdown limit", static, limit_of(params.max_static_drawdown_pct, first)),
    )


def every_loss_limit(state: State, account: Account) -> tuple[LossLimit, ...]:
    """Return the account's own limits on losses and those of the firm whose rules it is under."""
    book = state.firms.books.get(account.spec.id)
    rules = None if book is None else state.firms.rule_sets.get(state.firms.parties[book.party].rules)
    if book is None or rules is None or not book.seen or not book.day:
        return loss_limits(account)
    of_firm = floors(rules.loss_limits, marks_of(account, book))
    theirs = (
        LossLimit(f"firm's {floor.limit.name}", floor.amount - (floor.measured - floor.now), floor.amount)
        for floor in of_firm
    )
    return (*loss_limits(account), *theirs)


def headroom(state: State, account: Account) -> Decimal:
    """Return what may still be lost before the first loss limit breaks, the firm's among them."""
    return min(limit.limit - limit.used for limit in every_loss_limit(state, account) if limit.breaks)


def volatility_of(state: State, symbol: Symbol) -> Volatility | None:
    """Return what was observed of an instrument lately; older observations count for nothing."""
    observed = state.volatility.get(symbol)
    if observed is None or state.now_ns - observed.as_of_ns > VOLATILITY_STALE_NS:
        return None
    return observed
