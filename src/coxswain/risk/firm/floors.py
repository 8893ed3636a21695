"""The floors under an account: five kinds for a day, and those that trail. Arithmetic only; nothing is refused here."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ONE, ZERO, plain, round_down, round_up
from coxswain.model.firm import Anchor, Base, BreachOn, LossLimit, Measure, Trail, Window
from coxswain.model.firm_facts import Floor, Marks


def floors(limits: tuple[LossLimit, ...], marks: Marks) -> tuple[Floor, ...]:
    """Return every floor, as it is now and as it would be if the day ended with these marks."""
    after = after_reset(marks)
    return tuple(_floor(limit, marks, after) for limit in limits)


def after_reset(marks: Marks) -> Marks:
    """Return the marks as a reset at this moment would set them."""
    return msgspec.structs.replace(
        marks,
        day_balance=marks.balance,
        day_equity=marks.equity,
        high_eod=max(marks.high_eod, marks.balance),
        transferred=ZERO,
    )


def holds(floor: Floor, at: Decimal, level: Decimal) -> bool:
    """Say whether `at` keeps clear of a level, for a limit that is broken below it or already at it."""
    return at > level if floor.limit.breach_on is BreachOn.TOUCH else at >= level


def _floor(limit: LossLimit, marks: Marks, after: Marks) -> Floor:
    now, amount = _level(limit, marks)
    measured = marks.equity if limit.measure is Measure.EQUITY else marks.balance
    used = round_up(ONE - (measured - now) / amount) if amount > 0 else ONE
    return Floor(limit, amount, now, _level(limit, after)[0], plain(measured), used)


def _level(limit: LossLimit, marks: Marks) -> tuple[Decimal, Decimal]:
    """Return where the floor is and how far that is below what it is measured from."""
    base = _day_base(limit, marks) if limit.window is Window.DAY else _high(limit, marks)
    amount = _amount(limit, base, marks.initial)
    level = base - amount
    if limit.lock is not None and limit.window is Window.LIFETIME:
        level = min(level, marks.initial + limit.lock.plus)
    return plain(level), amount


def _day_base(limit: LossLimit, marks: Marks) -> Decimal:
    match limit.anchor:
        case Anchor.BALANCE_AT_RESET:
            return marks.day_balance
        case Anchor.EQUITY_AT_RESET:
            return marks.day_equity
        case Anchor.MAX_OF_BOTH:
            return max(marks.day_balance, marks.day_equity)
        case Anchor.SESSION_PNL:
            return marks.day_equity if limit.measure is Measure.EQUITY else marks.day_balance


def _high(limit: LossLimit, marks: Marks) -> Decimal:
    match limit.trail:
        case Trail.NONE:
            return marks.initial
        case Trail.EOD_BALANCE:
            return marks.high_eod
        case Trail.CLOSED_BALANCE:
            return marks.high_closed
        case Trail.EQUITY_PEAK:
            return marks.high_equity


def _amount(limit: LossLimit, base: Decimal, initial: Decimal) -> Decimal:
    """Rounded down: the less may be lost, the stricter."""
    amount = limit.amount
    if amount.abs is not None:
        return amount.abs
    share = ZERO if amount.pct is None else amount.pct
    return round_down(share * (base if amount.of is Base.ANCHOR else initial))
