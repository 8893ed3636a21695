"""From one signal to a plan: who may take it, how much, and when. Reads the state; changes nothing, sends nothing.

Every account appears in the plan, with every check it was put to. Timing and size differ between accounts to spread
market impact, crowding and rate limits; each difference is written in the plan. Money is in the account's currency.
"""

from decimal import Decimal

from coxswain.core.eligibility import eligibility
from coxswain.core.money import rate_up
from coxswain.core.params import NS_PER_MS
from coxswain.core.sizing import Sized, own_size
from coxswain.core.stagger import Timing, stagger, vary
from coxswain.core.state import Account, State
from coxswain.core.tx import Allocate
from coxswain.model.allocation import Candidate, Parent
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO, round_up
from coxswain.model.market import Instrument, touch
from coxswain.model.plan import Assignment, Plan
from coxswain.model.signal import Signal, dies_ns
from coxswain.model.vocabulary import AccountId, Verdict


def plan_entry(state: State, signal: Signal, allocate: Allocate) -> Plan:
    """Plan an entry over all accounts: eligibility, own size, allocation, stagger, variation, rounding."""
    instrument = state.instruments[signal.symbol]
    side, quote = signal.side, state.quotes.get(signal.symbol)
    if side is None:
        raise ValueError(f"entry signal {signal.id} has no side")
    decision_px = signal.entry_price or (None if quote is None else touch(quote, side))
    answers: dict[AccountId, tuple[list[Check], Sized | None]] = {}
    for account_id, account in state.accounts.items():
        answers[account_id] = _consider(state, account, signal, instrument, decision_px)
    candidates = tuple(
        Candidate(account_id, sized.qty, sized.risk_budget)
        for account_id, (checks, sized) in answers.items()
        if sized is not None and all(check.passed for check in checks)
    )
    allocation = allocate(Parent(signal.quantity, instrument.lot_step), candidates)
    shares = {share.account: share.qty for share in allocation.shares}
    timings = stagger(state, signal, tuple(shares))
    own = {candidate.account: candidate.own_qty for candidate in candidates}
    sized_to = vary(state, signal, instrument, shares, timings, own)
    assignments, warnings = _assign(state, signal, instrument, answers, sized_to, timings)
    chosen = sum(1 for assignment in assignments if assignment.verdict is Verdict.SEND)
    rationale = f"{chosen} of {len(assignments)} accounts take part; risk budget: {allocation.rationale}"
    return Plan(signal.id, signal.kind, signal.symbol, assignments, rationale, side, decision_px, warnings)


def _consider(
    state: State, account: Account, signal: Signal, instrument: Instrument, decision_px: Decimal | None
) -> tuple[list[Check], Sized | None]:
    checks = eligibility(state, account, signal)
    if account.spec.reserve:
        checks.append(Check("RESERVE", None, None, False, "reserve", "stands by for recovery only"))
    if decision_px is None:
        checks.append(Check("NO_MARKET_SNAPSHOT", None, None, False, "no quote", "a quote"))
        return checks, None
    rate = rate_up(state, account, instrument)
    if rate is None:
        checks.append(Check("NO_FX_RATE", None, None, False, "no fresh quote", f"a rate from {instrument.currency}"))
        return checks, None
    sized = own_size(state, account, signal, instrument, decision_px, rate)
    checks.append(Check("OWN_SIZE", sized.qty, instrument.min_qty, sized.qty >= instrument.min_qty))
    return checks, sized


def _assign(
    state: State,
    signal: Signal,
    instrument: Instrument,
    answers: dict[AccountId, tuple[list[Check], Sized | None]],
    sized_to: dict[AccountId, tuple[Decimal, Decimal]],
    timings: dict[AccountId, Timing],
) -> tuple[tuple[Assignment, ...], tuple[str, ...]]:
    warnings: list[str] = []
    priorities = iter(range(1, len(timings) + 1))
    ready: dict[AccountId, Assignment] = {}
    for account, timing in timings.items():
        checks, sized = answers[account]
        qty, pct = sized_to[account]
        release_ns = state.now_ns + timing.delay_ms * NS_PER_MS
        left_s = Decimal(dies_ns(signal) - release_ns) / 1_000_000_000
        checks = [
            *checks,
            Check("ASSIGNED_SIZE", qty, instrument.min_qty, qty >= instrument.min_qty),
            Check("RELEASED_BEFORE_SIGNAL_DIES_S", left_s, ZERO, left_s >= 0),
        ]
        send = all(check.passed for check in checks)
        ready[account] = Assignment(
            account,
            Verdict.SEND if send else Verdict.SKIP,
            tuple(checks),
            qty if send else ZERO,
            timing.delay_ms if send else 0,
            next(priorities) if send else 0,
            timing.drawn_ms,
            pct,
            timing.correlation,
            timing.extra_ms,
            timing.reduction_pct,
            "" if sized is None else sized.why,
            ZERO if sized is None or not send else round_up(qty * sized.lot_risk),
            () if sized is None else sized.factors,
        )
        if send and timing.reduction_pct:
            warnings.append(
                f"{account}: correlation {timing.correlation} with an account released earlier is above "
                f"{state.desk.max_correlation_threshold}; {timing.extra_ms} ms later, {timing.reduction_pct} % smaller"
            )
    for account, (checks, _) in answers.items():
        if account not in ready:
            ready[account] = Assignment(account, Verdict.SKIP, tuple(checks))
    return tuple(ready[account] for account in answers), tuple(warnings)
