"""What an account holds of a spread: of each leg, of all together, and beyond whole units. Reads; changes nothing.

A leg's lots are what it has filled less what was closed of it, and never more than the position shows; which lots a
closing takes is said in `evolve/spreads`.
"""

from decimal import Decimal

from coxswain.core.money import rate_up
from coxswain.core.position import is_closing
from coxswain.core.shares import Spread, SpreadLeg
from coxswain.core.state import Account, State
from coxswain.model.decimals import ONE, ZERO, ceil_step, floor_step, plain, round_up
from coxswain.model.market import is_sane, mid
from coxswain.model.vocabulary import SIGN, SignalId


def held_of(account: Account, leg: SpreadLeg) -> Decimal:
    """Return what is held of a leg, in lots; nothing while all of the position is on its way out."""
    position = account.positions[leg.symbol]
    if is_closing(position):
        return ZERO
    return max(min(leg.cum_qty - leg.closed_qty, position.qty * SIGN[leg.side]), ZERO)


def together(account: Account, spread: Spread) -> Decimal:
    """Return the units that all legs have together; a part of one counts."""
    return min(held_of(account, leg) / leg.ratio for leg in spread.legs)


def whole_units(account: Account, spread: Spread) -> Decimal:
    """Return the whole units that all legs have together."""
    return floor_step(together(account, spread), ONE)


def units_in_part(account: Account, spread: Spread) -> Decimal:
    """Return the units of which at least one leg has something."""
    return ceil_step(max(held_of(account, leg) / leg.ratio for leg in spread.legs), ONE)


def excess(account: Account, spread: Spread) -> list[Decimal]:
    """Return what each leg has beyond what all have together, in lots."""
    all_have = together(account, spread)
    return [plain(max(held_of(account, leg) - all_have * leg.ratio, ZERO)) for leg in spread.legs]


def beyond_units(account: Account, spread: Spread) -> dict[SignalId, Decimal]:
    """Return what legs have beyond the whole units that all have together, in lots: nothing where it is nothing."""
    units = whole_units(account, spread)
    beyond = {leg.signal_id: plain(held_of(account, leg) - units * leg.ratio) for leg in spread.legs}
    return {leg: qty for leg, qty in beyond.items() if qty > 0}


def unhedged_value(state: State, account: Account, spread: Spread) -> Decimal:
    """Return what is held of some legs without the others is worth, in the account's currency."""
    beyond = excess(account, spread)
    values = (qty * lot_value(state, account, leg) for qty, leg in zip(beyond, spread.legs, strict=True) if qty)
    return plain(round_up(sum(values, ZERO)))


def lot_value(state: State, account: Account, leg: SpreadLeg) -> Decimal:
    """Return what a lot is worth now in the account's currency; at its cost, and the last rate, where nobody says."""
    instrument, quote = state.instruments[leg.symbol], state.quotes.get(leg.symbol)
    position = account.positions[leg.symbol]
    rate = rate_up(state, account, instrument) or account.rates.get(instrument.currency, ONE)
    if quote is not None and is_sane(quote):
        return mid(quote) * instrument.contract_size * rate
    return abs(position.cost / position.qty) * rate if position.qty else ZERO
