"""From one signal to a plan: who may take it, how much, and when. Reads the state; changes nothing, sends nothing.

Every account appears in the plan, with every check it was put to. Timing and size differ between accounts to spread
market impact, crowding and rate limits; each difference is written in the plan. Money is in the account's currency.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from coxswain.core.breaches import breaches_of
from coxswain.core.draws import draw
from coxswain.core.eligibility import eligibility, headroom
from coxswain.core.emulation import stop_to_begin
from coxswain.core.firm.planning import under_rules
from coxswain.core.group_caps import cap_of_strategy, group_caps
from coxswain.core.money import rate_up
from coxswain.core.params import NS_PER_MS
from coxswain.core.plan_value import no_desk_rate, within_plan_value
from coxswain.core.position import NOTHING_HELD
from coxswain.core.rounding import Claim, credits_after, to_lots
from coxswain.core.routing import route
from coxswain.core.second import as_planned, at_one_stop, second_signal, with_second
from coxswain.core.sizing import Sized, own_size
from coxswain.core.stagger import Timing, stagger, vary
from coxswain.core.state import Account, State, equity, spare_margin
from coxswain.core.tx import Allocate
from coxswain.model.allocation import Allocation, Candidate, Parent, Share
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO, floor_step, round_down, round_up, text
from coxswain.model.market import Instrument, touch
from coxswain.model.plan import Assignment, Plan
from coxswain.model.setup import AccountSpec, AllocationSpec
from coxswain.model.signal import Signal, dies_ns
from coxswain.model.splitting import whole_of
from coxswain.model.vocabulary import AccountId, Side, Verdict

Considered = tuple[list[Check], Sized | None]
"""Every check that an account was put to, and what it would take alone; None where that cannot be told."""
TURNS_APART = 2**31
"""Draws between equals: far more than there are accounts."""


class Rounded(msgspec.Struct, frozen=True):
    """One account's part in lots, and what its rounding leaves behind."""

    qty: Decimal
    variance_pct: Decimal
    credit: Decimal | None


def plan_entry(state: State, signal: Signal, allocate: Allocate) -> Plan:
    """Plan an entry over all accounts: eligibility, own size, allocation, stagger, variation, rounding."""
    instrument = state.instruments[signal.symbol]
    side, quote = signal.side, state.quotes.get(signal.symbol)
    if side is None:
        raise ValueError(f"entry signal {signal.id} has no side")
    decision_px = signal.entry_price or (None if quote is None else touch(quote, side))
    stop_loss = _trailing_from(state, signal, decision_px)
    signal = signal if stop_loss is None else msgspec.structs.replace(signal, stop_loss=stop_loss)
    answers: dict[AccountId, Considered] = {}
    other = second_signal(state, signal, decision_px)

    def consider(account: Account, beside: Sequence[AccountSpec]) -> Considered:
        if other is None:
            found = _consider(state, account, signal, instrument, decision_px, beside)
        else:
            judged, px = as_planned(signal, other, decision_px)
            first, judged = at_one_stop(account, signal, judged)
            found = with_second(
                account,
                signal,
                instrument,
                _consider(state, account, first, instrument, decision_px, beside),
                _consider(state, account, judged, instrument, px, beside),
            )
        answers[account.spec.id] = found
        return found

    assignments, rationale, warnings = plan_shares(state, signal, instrument, allocate, consider)
    breaches = breaches_of(state, signal.symbol, side, _exposed(assignments, answers, instrument, decision_px))
    return Plan(
        signal.id,
        signal.kind,
        signal.symbol,
        assignments,
        rationale,
        side,
        decision_px,
        warnings,
        breaches,
        stop_loss,
    )


def plan_shares(
    state: State,
    signal: Signal,
    instrument: Instrument,
    allocate: Allocate,
    consider: Callable[[Account, Sequence[AccountSpec]], Considered],
) -> tuple[tuple[Assignment, ...], str, tuple[str, ...]]:
    """Share a signal out over all accounts, in the steps of `instrument`; return shares, rationale and warnings."""
    answers: dict[AccountId, Considered] = {}
    taking: list[AccountSpec] = []
    """Whom the plan has for this signal so far: firms' rules on copying count them."""
    able: dict[AccountId, Sized] = {}
    for account_id, account in state.accounts.items():
        checks, sized = answers[account_id] = consider(account, taking)
        if all(check.passed for check in checks):
            taking.append(account.spec)
            if sized is not None:
                able[account_id] = sized
    routed = route(state, signal, able)
    for account_id, check in routed.items():
        answers[account_id][0].append(check)
    candidates = tuple(
        _candidate(state, signal, state.accounts[account_id], sized)
        for account_id, sized in able.items()
        if account_id not in routed or routed[account_id].passed
    )
    counts = "units" if signal.legs else "lots"
    parent = Parent(signal.quantity, instrument.lot_step, instrument.min_qty, counts=counts)
    whole = whole_of(parent, candidates)
    taking_part = {candidate.account: able[candidate.account] for candidate in candidates}
    of_strategy = cap_of_strategy(state, signal.strategy, taking_part, whole)
    caps = (*group_caps(state, signal.symbol, whole), *([] if of_strategy is None else [of_strategy]))
    parent = msgspec.structs.replace(parent, caps=caps)
    spec = AllocationSpec() if state.setup is None else state.setup.allocation
    allocation = allocate(spec, parent, candidates)
    shares = {share.account: share for share in allocation.shares}
    timings = stagger(state, signal, tuple(share.account for share in allocation.shares if share.qty))
    rounded = _round(state, signal, instrument, parent, candidates, allocation, timings)
    assignments, warnings = _assign(state, signal, instrument, answers, shares, rounded, timings)
    assignments = within_plan_value(state, signal, assignments)
    chosen = sum(1 for assignment in assignments if assignment.verdict is Verdict.SEND)
    policy = spec.policy.replace("_", " ")
    rationale = f"{chosen} of {len(assignments)} accounts take part; {policy}: {allocation.rationale}"
    if of_strategy is not None:
        rationale += f"; together at most {text(of_strategy.lots)} {counts}, by {of_strategy.name}"
    return assignments, rationale, warnings


def _exposed(
    assignments: tuple[Assignment, ...],
    answers: dict[AccountId, Considered],
    instrument: Instrument,
    decision_px: Decimal | None,
) -> dict[AccountId, tuple[Decimal, Decimal]]:
    """Return (lots, what a lot is worth in the account's currency) of everyone who takes part."""
    lot_value = (decision_px or ZERO) * instrument.contract_size
    rates = {account_id: sized.rate for account_id, (_, sized) in answers.items() if sized is not None}
    return {a.account: (a.qty, lot_value * rates[a.account]) for a in assignments if a.verdict is Verdict.SEND}


def _trailing_from(state: State, signal: Signal, decision_px: Decimal | None) -> Decimal | None:
    """Return where a trailing stop begins, if the signal names no stop of its own: it is sized by that."""
    if signal.trailing_stop is None or signal.stop_loss is not None or signal.side is None:
        return None
    px = signal.limit_price or decision_px
    return stop_to_begin(state, signal.trailing_stop, signal.symbol, signal.side, px)


def _candidate(state: State, signal: Signal, account: Account, sized: Sized) -> Candidate:
    """Say what a policy may weigh an account by, with all money in the instrument's currency: they are compared."""
    position = NOTHING_HELD if signal.legs else account.positions.get(signal.symbol, NOTHING_HELD)
    held = position.qty + position.held_buy if signal.side is Side.BUY else position.held_sell - position.qty
    return Candidate(
        account.spec.id,
        sized.qty,
        round_down(sized.risk_budget / sized.rate),
        round_down(equity(account) / sized.rate),
        round_down(spare_margin(account) / sized.rate),
        round_down(headroom(state, account) / sized.rate),
        held,
        account.turns.get(signal.symbol, ZERO),
        draw(state.seed, signal.id, account.spec.id, "turn", 0, TURNS_APART),
    )


def _round(
    state: State,
    signal: Signal,
    instrument: Instrument,
    parent: Parent,
    candidates: tuple[Candidate, ...],
    allocation: Allocation,
    timings: dict[AccountId, Timing],
) -> dict[AccountId, Rounded]:
    """Vary the shares downwards and round them to lots.

    Where the signal's quantity is shared out, the steps lost to rounding go round, by what each account is owed. Own
    sizes are rounded down, each for itself: nobody gets what another's risk did not allow.
    """
    varied = vary(state, signal, {share.account: share.qty for share in allocation.shares if share.qty}, timings)
    if signal.quantity is None or allocation.in_lots:
        return {a: Rounded(floor_step(qty, instrument.lot_step), pct, None) for a, (qty, pct) in varied.items()}
    claims = {
        c.account: Claim(
            varied[c.account][0],
            c.own_qty,
            ZERO if signal.legs else state.accounts[c.account].credits.get(signal.symbol, ZERO),
            c.draw,
        )
        for c in candidates
        if c.account in varied
    }
    whole = min(sum((claim.share for claim in claims.values()), ZERO), signal.quantity)
    given = to_lots(claims, whole, instrument, parent.caps)
    owed = credits_after(claims, given, instrument)
    return {
        a: Rounded(qty, varied[a][1], None if owed.get(a, claims[a].credit) == claims[a].credit else owed[a])
        for a, qty in given.items()
    }


def _sides(state: State, signal: Signal, decision_px: Decimal) -> list[Check]:
    """Name a stop or target that stands on the wrong side of where the entry would trade: the gate would refuse it."""
    quote = state.quotes.get(signal.symbol)
    at_market = signal.limit_price is None and quote is not None and signal.side is not None
    entry = signal.limit_price or (touch(quote, signal.side) if at_market and quote and signal.side else decision_px)
    sign = 1 if signal.side is Side.BUY else -1
    levels = (("STOP_ON_WRONG_SIDE", signal.stop_loss, sign), ("TARGET_ON_WRONG_SIDE", signal.take_profit, -sign))
    return [
        Check(code, level, entry, False)
        for code, level, way in levels
        if level is not None and (entry - level) * way <= 0
    ]


def _consider(
    state: State,
    account: Account,
    signal: Signal,
    instrument: Instrument,
    decision_px: Decimal | None,
    beside: Sequence[AccountSpec],
) -> Considered:
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
    checks += no_desk_rate(state, account)
    checks += _sides(state, signal, decision_px)
    sized = own_size(state, account, signal, instrument, decision_px, rate)
    lot_value = decision_px * instrument.contract_size * rate
    firm, sized = under_rules(state, account, signal, instrument, sized, lot_value, beside)
    checks += firm
    checks.append(Check("OWN_SIZE", sized.qty, instrument.min_qty, sized.qty >= instrument.min_qty))
    return checks, sized


def _assign(
    state: State,
    signal: Signal,
    instrument: Instrument,
    answers: dict[AccountId, Considered],
    shares: dict[AccountId, Share],
    rounded: dict[AccountId, Rounded],
    timings: dict[AccountId, Timing],
) -> tuple[tuple[Assignment, ...], tuple[str, ...]]:
    warnings: list[str] = []
    priorities = iter(range(1, len(timings) + 1))
    ready: dict[AccountId, Assignment] = {}
    for account, timing in timings.items():
        checks, sized = answers[account]
        qty = rounded[account].qty
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
            rounded[account].variance_pct,
            timing.correlation,
            timing.extra_ms,
            timing.reduction_pct,
            "" if sized is None else sized.why,
            ZERO if sized is None or not send else round_up(qty * sized.lot_risk),
            () if sized is None else sized.factors,
            rounded[account].credit,
            shares[account].turns,
        )
        if send and timing.reduction_pct:
            warnings.append(
                f"{account}: correlation {timing.correlation} with an account released earlier is above "
                f"{state.desk.max_correlation_threshold}; {timing.extra_ms} ms later, {timing.reduction_pct} % smaller"
            )
    for account, (checks, _) in answers.items():
        if account not in ready:
            share = shares.get(account)
            if share is not None:
                checks.append(Check("ALLOCATED", ZERO, None, False, share.why, "a share"))
            turns = None if share is None else share.turns
            ready[account] = Assignment(account, Verdict.SKIP, tuple(checks), turns=turns)
    return tuple(ready[account] for account in answers), tuple(warnings)
