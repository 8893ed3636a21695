"""What a plan is worth in the desk's currency, and whether one plan may be worth that much.

The gate measures the plan of every order again, as things stand then (control 14). It is measured the same way here, so
that a plan which is too large is refused as a whole, instead of leaving in part. All that may fill counts: the legs of
a spread together, an order and the one that follows it together, and of a pair both orders, where no venue keeps them
apart. At the gate each of these is a plan of its own. No order is judged here.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from coxswain.core.money import rate_between, rate_up
from coxswain.core.second import both_may_fill
from coxswain.core.state import Account, State
from coxswain.model.checks import Check
from coxswain.model.decimals import ONE, ZERO, plain, round_up
from coxswain.model.market import touch
from coxswain.model.plan import Assignment
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, Side, Symbol, Verdict

NO_LOTS: Mapping[AccountId, Decimal] = {}


def no_desk_rate(state: State, account: Account) -> list[Check]:
    """Name an account whose money cannot be counted in the desk's currency; the gate lets nothing in there."""
    if rate_between(state, account.spec.currency, state.currency) is not None:
        return []
    wanted = f"a rate from {account.spec.currency} into {state.currency}, the desk's currency"
    return [Check("NO_FX_RATE", None, None, False, "no fresh quote", wanted)]


def plan_value(
    state: State, signal: Signal, assignments: Iterable[Assignment], approved: Mapping[AccountId, Decimal] = NO_LOTS
) -> Decimal | None:
    """Return what the shares that take part, and lots `approved` before, are worth; None where it cannot be told.

    Every lot counts at the price and the rates of the account for which it is dearest, as the last order of the plan
    finds it. Of a pair (`oco`) the dearer order counts on an account whose venue lets one of them fill, and both where
    only the engine keeps them apart: the worst case is all that works, and a cancel that comes late finds both filled.
    """
    sends = [assignment for assignment in assignments if assignment.verdict is Verdict.SEND]
    lots = [*approved.items(), *((send.account, send.qty) for send in sends)]
    accounts = {state.accounts[send.account].spec.currency: state.accounts[send.account] for send in sends}
    worth: list[Decimal] = []
    for symbol, side, limit_px, ratio in _parts(signal):
        price = limit_px or _touch(state, symbol, side) or signal.entry_price
        each = [_lot_value(state, account, symbol, price) for account in accounts.values()]
        known = [value for value in each if value is not None]
        if len(known) < len(each):
            return None
        worth.append(ratio * max(known, default=ZERO))
    one, all_of_them = max(worth), sum(worth, ZERO)
    apart = sum((qty for account_id, qty in lots if _is_kept_apart(state.accounts[account_id], signal)), ZERO)
    return plain(apart * one + (sum((qty for _, qty in lots), ZERO) - apart) * all_of_them)


def _is_kept_apart(account: Account, signal: Signal) -> bool:
    """Say whether the account's venue lets only one of a signal's orders fill."""
    return signal.oco is not None and not both_may_fill(account.capabilities, signal)


def within_plan_value(
    state: State,
    signal: Signal,
    assignments: tuple[Assignment, ...],
    approved: Mapping[AccountId, Decimal] = NO_LOTS,
) -> tuple[Assignment, ...]:
    """Let nobody take part in a plan that is worth more than one plan may be."""
    value, limit = plan_value(state, signal, assignments, approved), state.desk.max_plan_value
    if value is None or value <= limit:
        return assignments
    check = Check("PLAN_VALUE", value, limit, False)
    return tuple(
        Assignment(each.account, Verdict.SKIP, (*each.checks, check)) if each.verdict is Verdict.SEND else each
        for each in assignments
    )


def _parts(signal: Signal) -> list[tuple[Symbol, Side | None, Decimal | None, Decimal]]:
    if signal.legs:
        return [(leg.symbol, leg.side, leg.limit_price, leg.ratio) for leg in signal.legs]
    first = (signal.symbol, signal.side, signal.limit_price, ONE)
    if signal.then is not None:
        return [first, (signal.symbol, signal.then.side, signal.then.limit_price or signal.limit_price, ONE)]
    if signal.oco is not None:
        return [first, (signal.symbol, signal.oco.side, signal.oco.limit_price, ONE)]
    return [first]


def _touch(state: State, symbol: Symbol, side: Side | None) -> Decimal | None:
    quote = state.quotes.get(symbol)
    return None if quote is None or side is None else touch(quote, side)


def _lot_value(state: State, account: Account, symbol: Symbol, price: Decimal | None) -> Decimal | None:
    instrument = state.instruments[symbol]
    rate, desk_rate = rate_up(state, account, instrument), rate_between(state, account.spec.currency, state.currency)
    if price is None or rate is None or desk_rate is None:
        return None
    return round_up(price * instrument.contract_size * rate) * desk_rate
