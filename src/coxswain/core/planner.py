"""From one signal to a plan: who may take it, how much, and when. Reads the state; changes nothing, sends nothing.

Every account appears in the plan, with every check it was put to. Timing and size differ between accounts to spread
market impact, crowding and rate limits; each difference is written in the plan. Money is in the account's currency.
"""

import heapq
from decimal import Decimal

import msgspec

from coxswain.core.draws import draw, draw_pct
from coxswain.core.money import rate_up
from coxswain.core.params import NS_PER_MS
from coxswain.core.state import NOTHING_HELD, Account, Position, State, available_margin, equity
from coxswain.core.tx import Allocate
from coxswain.model.allocation import Candidate, Parent
from coxswain.model.checks import Check
from coxswain.model.decimals import HUNDRED, ONE, ZERO, floor_step, percent_of, plain, round_down, round_up, text
from coxswain.model.market import Instrument, Quote, touch
from coxswain.model.plan import Assignment, Plan
from coxswain.model.signal import Signal, dies_ns
from coxswain.model.vocabulary import AccountId, Side, TradingState, Verdict


class Sized(msgspec.Struct, frozen=True):
    """What one account would take of a signal by its own means, unrounded."""

    qty: Decimal
    risk_budget: Decimal
    why: str
    lot_risk: Decimal


class Timing(msgspec.Struct, frozen=True):
    account: AccountId
    delay_ms: int
    drawn_ms: int
    correlation: Decimal | None
    extra_ms: int
    reduction_pct: Decimal


# --- entry ------------------------------------------------------------------------------------------------------------


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
    timings = _stagger(state, signal, tuple(shares))
    sized_to = _round(state, signal, instrument, shares, timings, answers)
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
    if confidence is not None:
        wanted = state.desk.min_confidence
        checks.append(Check("CONFIDENCE", confidence, wanted, confidence >= wanted))
    return checks


def fitness(account: Account) -> list[Check]:
    """What must hold when a signal is planned, and still when its share is released."""
    params, margin, drawdown = account.params, plain(available_margin(account)), daily_drawdown_pct(account)
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


def own_size(
    state: State, account: Account, signal: Signal, instrument: Instrument, entry: Decimal, rate: Decimal
) -> Sized:
    """Return what the account would take alone: risk money over the loss of one lot to its stop, scaled, then capped.

    Risk money is the least of risk per trade, risk budget left and headroom to the daily loss limit. Without a stop
    the caps alone decide, within the signal's quantity.
    """
    params = account.params
    budget = risk_budget_left(account)
    lot_value = entry * instrument.contract_size * rate
    price = signal.limit_price or _worse(state, signal, entry)
    if signal.stop_loss is None:
        lot_risk = percent_of(state.desk.assumed_stop_pct, lot_value)
    else:
        lot_risk = abs(price - signal.stop_loss) * instrument.contract_size * rate
    loss_limit = percent_of(params.max_daily_loss_pct, account.anchor)
    at_stops = account.open_risk + account.held_risk + account.planned_risk
    headroom = loss_limit - (account.anchor - equity(account)) - at_stops
    limits = {
        "risk per trade": percent_of(params.risk_per_trade_pct, equity(account)),
        "risk budget left": budget,
        "headroom to the daily loss limit": headroom,
    }
    binding = min(limits, key=limits.__getitem__)
    scale = _scale(account, signal)
    by_risk = max(limits[binding], ZERO) * scale / lot_risk if lot_risk > 0 else ZERO
    caps = _caps(account, signal, instrument, lot_value)
    if signal.stop_loss is None:
        caps["the signal's quantity"] = (signal.quantity or ZERO) * scale
    else:
        caps[binding] = by_risk
    tightest = min(caps, key=caps.__getitem__)
    why = f"{tightest}; scaled by {text(scale)}"
    return Sized(round_down(max(caps[tightest], ZERO)), max(budget, ZERO), why, lot_risk)


def _worse(state: State, signal: Signal, hoped_for: Decimal) -> Decimal:
    """A market order trades at the market, whatever the signal's price: size it by the one that loses more."""
    quote = state.quotes.get(signal.symbol)
    if quote is None or signal.side is None:
        return hoped_for
    return max(hoped_for, quote.ask) if signal.side is Side.BUY else min(hoped_for, quote.bid)


def _scale(account: Account, signal: Signal) -> Decimal:
    """Scale down linearly to zero between half of the drawdown limit and the limit, and by the signal's confidence."""
    limit, drawdown = account.params.max_daily_drawdown_pct, daily_drawdown_pct(account)
    scale = ONE
    if limit > 0 and drawdown > limit / 2:
        scale = max(2 * (limit - drawdown) / limit, ZERO)
    return round_down(scale * (ONE if signal.confidence is None else signal.confidence))


def _caps(account: Account, signal: Signal, instrument: Instrument, lot_value: Decimal) -> dict[str, Decimal]:
    """What no size may exceed, whatever the risk: the limits that the gate will hold the order to."""
    params = account.params
    position = account.positions.get(signal.symbol, NOTHING_HELD)
    sign = 1 if signal.side is Side.BUY else -1
    held = position.held_buy if signal.side is Side.BUY else position.held_sell
    return {
        "max_order_qty": params.max_order_qty,
        "max_order_value": params.max_order_value / lot_value,
        "max_position_qty": params.max_position_qty - position.qty * sign - held,
        "available margin": available_margin(account) / (lot_value * instrument.margin_rate),
    }


# --- timing, variation, rounding --------------------------------------------------------------------------------------


def _stagger(state: State, signal: Signal, accounts: tuple[AccountId, ...]) -> dict[AccountId, Timing]:
    """Give each account its own delay, in the order of release.

    The earliest is released first; each later one is measured against all released before it, and a correlation above
    the threshold puts it further back. That may let others pass it, so it is measured again when its turn comes.
    """
    desk = state.desk
    low, high = int(desk.min_timing_variance_ms), int(desk.max_timing_variance_ms)
    drawn = {account: draw(state.seed, signal.id, account, "timing", low, high) for account in accounts}
    order = {account: index for index, account in enumerate(accounts)}
    queue = [(drawn[account], order[account], account) for account in accounts]
    heapq.heapify(queue)
    released: dict[AccountId, Timing] = {}
    last_ms = -1
    while queue:
        tentative_ms, _, account = heapq.heappop(queue)
        rho = _highest(state, account, released)
        extra_ms, reduction_pct = _correlation_effect(state, rho, high)
        wanted_ms = drawn[account] + extra_ms
        if wanted_ms > tentative_ms:
            heapq.heappush(queue, (wanted_ms, order[account], account))
            continue
        # No two accounts share an instant, unless staggering is off.
        delay_ms = max(tentative_ms, last_ms + 1) if high else 0
        last_ms = delay_ms
        released[account] = Timing(account, delay_ms, drawn[account], rho, extra_ms, reduction_pct)
    return released


def _highest(state: State, account: AccountId, earlier: dict[AccountId, Timing]) -> Decimal | None:
    pairs = state.correlations.get(account, {})
    return max((rho for other, rho in pairs.items() if other in earlier), default=None)


def _correlation_effect(state: State, rho: Decimal | None, max_ms: int) -> tuple[int, Decimal]:
    """Return the extra delay and the size reduction: nothing at the threshold, all of it at a correlation of one."""
    threshold = state.desk.max_correlation_threshold
    if rho is None or rho <= threshold:
        return 0, ZERO
    excess = (rho - threshold) / (ONE - threshold)
    return int(max_ms * excess), round_down(state.desk.max_correlation_reduction_pct * excess)


def _round(
    state: State,
    signal: Signal,
    instrument: Instrument,
    shares: dict[AccountId, Decimal],
    timings: dict[AccountId, Timing],
    answers: dict[AccountId, tuple[list[Check], Sized | None]],
) -> dict[AccountId, tuple[Decimal, Decimal]]:
    """Vary each share downwards, then round it down to the lot step: (quantity, variation in per cent).

    Where the signal's quantity is shared out and nothing varies, the steps lost to rounding go to the largest
    remainders, never above an account's own size. What variation takes off is handed to nobody.
    """
    desk, varied = state.desk, {}
    for account, qty in shares.items():
        low, high = desk.min_size_variance_pct, desk.max_size_variance_pct
        pct = draw_pct(state.seed, signal.id, account, "size", low, high)
        left = (HUNDRED - pct) * (HUNDRED - timings[account].reduction_pct) / (HUNDRED * HUNDRED)
        varied[account] = (qty * left, pct)
    step = instrument.lot_step
    rounded = {account: (floor_step(qty, step), pct) for account, (qty, pct) in varied.items()}
    if signal.quantity is None:
        return rounded
    whole = min(sum((qty for qty, _ in varied.values()), ZERO), signal.quantity)
    spare = int((whole - sum((qty for qty, _ in rounded.values()), ZERO)) // step)
    by_remainder = sorted(varied, key=lambda account: rounded[account][0] - varied[account][0])
    for account in by_remainder:
        qty, pct = rounded[account]
        sized = answers[account][1]
        if spare > 0 and sized is not None and qty + step <= sized.qty:
            rounded[account] = (plain(qty + step), pct)
            spare -= 1
    return rounded


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


# --- exit and stop adjustment -----------------------------------------------------------------------------------------


def plan_exit(state: State, signal: Signal) -> Plan:
    """Plan to close what is held, in part with `quantity`: shared out by held quantity, largest remainder first."""
    instrument = state.instruments[signal.symbol]
    held = _held(state, signal)
    wanted = sum(held.values(), ZERO) if signal.quantity is None else signal.quantity
    closing = _by_held_quantity(held, wanted, instrument.lot_step)
    entering = _entering(state, signal) if signal.quantity is None else ()
    assignments = tuple(
        _withdrawal(state, signal, account_id)
        if account_id in entering and account_id not in closing
        else _exit_assignment(state, signal, account_id, closing.get(account_id))
        for account_id in state.accounts
    )
    rationale = f"close {text(sum(closing.values(), ZERO))} lots on {len(closing)} accounts by held quantity, at once"
    return Plan(signal.id, signal.kind, signal.symbol, assignments, rationale, signal.side)


def plan_stop_adjustment(state: State, signal: Signal) -> Plan:
    """Plan to move the stop, and the target where one is given, of every position the signal means."""
    held = _held(state, signal)
    quote = state.quotes.get(signal.symbol)
    assignments = []
    for account_id in state.accounts:
        answer = _exit_assignment(state, signal, account_id, held.get(account_id))
        if answer.verdict is Verdict.SEND:
            checks = (*answer.checks, *_levels(state, signal, account_id, quote))
            ok = all(check.passed for check in checks)
            answer = msgspec.structs.replace(answer, checks=checks, verdict=Verdict.SEND if ok else Verdict.SKIP)
        assignments.append(answer)
    moved = sum(1 for answer in assignments if answer.verdict is Verdict.SEND)
    rationale = f"move the protection of {moved} of {len(held)} positions held, at once"
    return Plan(signal.id, signal.kind, signal.symbol, tuple(assignments), rationale, signal.side)


def _held(state: State, signal: Signal) -> dict[AccountId, Decimal]:
    """Return the open quantity by account, of the positions that the signal means."""
    held = {}
    for account_id in state.holders.get(signal.symbol, ()):
        if signal.accounts and account_id not in signal.accounts:
            continue
        qty = state.accounts[account_id].positions[signal.symbol].qty
        if signal.side is None or (qty > 0) is (signal.side is Side.BUY):
            held[account_id] = abs(qty)
    return held


def _entering(state: State, signal: Signal) -> tuple[AccountId, ...]:
    """Return the accounts with an entry of this instrument on its way: an exit of everything means it too."""
    return tuple(
        account_id
        for account_id, account in state.accounts.items()
        if (not signal.accounts or account_id in signal.accounts) and _has_entries(state, account, signal)
    )


def _has_entries(state: State, account: Account, signal: Signal) -> bool:
    position = account.positions.get(signal.symbol, NOTHING_HELD)
    sides: set[Side | None] = {account.orders[cl_ord_id].intent.side for cl_ord_id in position.entering}
    sides |= {state.plans[signal_id].plan.side for signal_id in position.waiting}
    return bool(sides) if signal.side is None else signal.side in sides


def _withdrawal(state: State, signal: Signal, account_id: AccountId) -> Assignment:
    idle = _no_exit_under_way(state.accounts[account_id].positions.get(signal.symbol, NOTHING_HELD))
    checks = (Check("ENTRY_ON_ITS_WAY", None, None, True, "an entry", "nothing that still enters"), idle)
    if not idle.passed:
        return Assignment(account_id, Verdict.SKIP, checks)
    return Assignment(account_id, Verdict.SEND, checks, ZERO, 0, 1, sizing="its entry is called back")


def _no_exit_under_way(position: Position) -> Check:
    idle = position.exit is None
    return Check("NO_EXIT_UNDER_WAY", None, None, idle, "none" if idle else "an exit", "none")


def _by_held_quantity(held: dict[AccountId, Decimal], wanted: Decimal, step: Decimal) -> dict[AccountId, Decimal]:
    total = sum(held.values(), ZERO)
    if wanted >= total:
        return held
    exact = {account: qty * wanted / total for account, qty in held.items()}
    closing = {account: floor_step(qty, step) for account, qty in exact.items()}
    spare = int((wanted - sum(closing.values(), ZERO)) // step)
    for account in sorted(held, key=lambda account: closing[account] - exact[account])[:spare]:
        closing[account] = plain(closing[account] + step)
    return {account: qty for account, qty in closing.items() if qty}


def _exit_assignment(state: State, signal: Signal, account_id: AccountId, qty: Decimal | None) -> Assignment:
    position = state.accounts[account_id].positions.get(signal.symbol, NOTHING_HELD)
    checks = [Check("POSITION_HELD", qty or ZERO, None, qty is not None, "" if qty else "none", "a position")]
    if qty is None:
        return Assignment(account_id, Verdict.SKIP, tuple(checks))
    checks.append(_no_exit_under_way(position))
    if not checks[-1].passed:
        return Assignment(account_id, Verdict.SKIP, tuple(checks))
    return Assignment(account_id, Verdict.SEND, tuple(checks), qty, 0, 1)


def _levels(state: State, signal: Signal, account_id: AccountId, quote: Quote | None) -> tuple[Check, ...]:
    """A stop must still be behind the market and a target ahead of it, else moving it would be an exit."""
    qty = state.accounts[account_id].positions[signal.symbol].qty
    if quote is None:
        return (Check("NO_MARKET_SNAPSHOT", None, None, False, "no quote", "a quote"),)
    market = quote.bid if qty > 0 else quote.ask
    sign = 1 if qty > 0 else -1
    age_s, limit = Decimal(state.now_ns - quote.ts_ns) / 1_000_000_000, state.desk.quote_stale_s
    checks = [Check("QUOTE_STALE", plain(age_s), limit, age_s <= limit)]
    for code, level, way in (
        ("STOP_ON_WRONG_SIDE", signal.stop_loss, 1),
        ("TARGET_ON_WRONG_SIDE", signal.take_profit, -1),
    ):
        if level is not None:
            checks.append(Check(code, level, market, (market - level) * sign * way > 0))
    tick = state.instruments[signal.symbol].tick
    checks += [
        Check("PRICE_OFF_TICK", level, tick, False)
        for level in (signal.stop_loss, signal.take_profit)
        if level is not None and level % tick
    ]
    return tuple(checks)
