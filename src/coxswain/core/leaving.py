"""From a signal to leave, or to move protection, to a plan: by what is held, and at once. Changes nothing."""

from decimal import Decimal

import msgspec

from coxswain.core.emulation import unfollowable
from coxswain.core.position import NOTHING_HELD, Position
from coxswain.core.scopes import narrower_state
from coxswain.core.spread_exits import plan_spread_exit
from coxswain.core.spread_levels import plan_spread_adjustment
from coxswain.core.state import Account, State, strategy_of, strictest
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO, floor_step, plain, text
from coxswain.model.market import Quote
from coxswain.model.plan import Assignment, Plan
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, Side, TradingState, Verdict


def plan_exit(state: State, signal: Signal) -> Plan:
    """Plan to close what is held, in part with `quantity`: shared out by held quantity, largest remainder first."""
    if signal.spread is not None:
        return plan_spread_exit(state, signal)
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
    """Plan to move the stop, and the target where one is given, of every position the signal means, or of a spread."""
    if signal.spread is not None:
        return plan_spread_adjustment(state, signal)
    held = _held(state, signal)
    quote = state.quotes.get(signal.symbol)
    assignments = []
    for account_id in state.accounts:
        answer = _exit_assignment(state, signal, account_id, held.get(account_id))
        if answer.verdict is Verdict.SEND:
            frozen = _not_frozen(state, signal, state.accounts[account_id])
            checks = (*answer.checks, frozen, *_levels(state, signal, account_id, quote))
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
    idle = position.exit is None or position.leaving_for is not None
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


def _not_frozen(state: State, signal: Signal, account: Account) -> Check:
    """Where nothing may leave, no order could follow a level: the books would name one that stands nowhere."""
    position = account.positions[signal.symbol]
    before = "" if position.levels_from is None else strategy_of(state, position.levels_from)
    narrower = (narrower_state(state, signal.symbol, strategy) for strategy in (signal.strategy, before))
    worst = strictest((account.state, *narrower))
    return Check("TRADING_STATE", None, None, worst is not TradingState.HALTED, worst, "ACTIVE or REDUCING")


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
    return (*checks, *unfollowable(state, signal))
