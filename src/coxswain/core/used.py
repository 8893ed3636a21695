"""How much of each limit is used, measured as the checks measure it. For people: nothing is decided by it.

Of sums over several things the largest counts: of single strategies, currencies, groups and instruments.
"""

from collections.abc import Iterator
from decimal import Decimal

from coxswain.core.drawdown import lost as drawn_down
from coxswain.core.exposure import EVERYTHING
from coxswain.core.in_force import Place, account_values, desk_values, value_at
from coxswain.core.state import Account, State, equity, spare_margin
from coxswain.model.decimals import HUNDRED, ZERO, plain, round_down, round_up
from coxswain.model.exposure import NO_EXPOSURE, Exposure
from coxswain.model.keys import of_strategy

Used = tuple[Decimal | None, Decimal]
"""What is used, in the limit's own unit, and what is left of it. Of what must stay free nothing is used."""
POSITION, EXPOSURE = "max_strategy_position_qty", "max_strategy_exposure"


def used_of(state: State) -> dict[Place, Used]:
    """Return what is used of every limit that measures something which stands."""
    found: dict[Place, Used] = {}
    for key, used in _of_desk(state):
        found[None, key] = used, plain(value_at(state, (None, key)) - used)
    for account_id, account in state.accounts.items():
        for key, used in _of_account(state, account):
            found[account_id, key] = used, plain(value_at(state, (account_id, key)) - used)
        for key, free in _free(account):
            found[account_id, key] = None, plain(free - value_at(state, (account_id, key)))
    return found


def _of_desk(state: State) -> Iterator[tuple[str, Decimal]]:
    everything = state.exposures.get(EVERYTHING, NO_EXPOSURE)
    yield "max_desk_gross_exposure", plain(everything.gross)
    yield "max_desk_net_exposure", _one_way(everything)
    yield "max_desk_position_qty", max((_one_way(each) for _, each in _sums(state, "lots")), default=ZERO)
    for key, kind in (("max_currency_exposure", "currency"), ("max_group_exposure", "group")):
        yield key, plain(max((each.gross for _, each in _sums(state, kind)), default=ZERO))
    of = {name: plain(each.gross) for name, each in _sums(state, "strategy")}
    yield from _of_strategies(EXPOSURE, of, desk_values(state))


def _of_account(state: State, account: Account) -> Iterator[tuple[str, Decimal]]:
    yield "max_open_positions", Decimal(account.open_positions)
    yield "max_open_orders", Decimal(len(account.open_orders))
    yield "max_orders_per_day", Decimal(account.day_orders)
    yield "max_gross_exposure", plain(account.exposure.gross)
    yield "max_net_exposure", _one_way(account.exposure)
    worth, (trailing, static) = equity(account), drawn_down(account)
    if worth > 0:
        yield "max_leverage", round_up(account.exposure.gross / worth)
    for key, lost, of in (
        ("max_daily_loss_pct", account.anchor - worth, account.anchor),
        ("max_daily_drawdown_pct", account.anchor - worth, account.anchor),
        ("max_drawdown_pct", trailing, account.peak),
        ("max_static_drawdown_pct", static, account.initial_balance or account.peak),
    ):
        if of > 0:
            yield key, round_down(max(lost, ZERO) * HUNDRED / of)
    ways: list[Decimal] = []
    of_strategies: dict[str, Decimal] = {}
    for position in account.positions.values():
        ways.append(max(position.qty + position.held_buy, position.held_sell - position.qty))
        for strategy, part in position.parts.items():
            lots = max(part.qty + part.held_buy, part.held_sell - part.qty)
            of_strategies[strategy] = max(of_strategies.get(strategy, ZERO), lots)
    yield "max_position_qty", plain(max(ways, default=ZERO))
    yield from _of_strategies(POSITION, of_strategies, account_values(state, account))


def _free(account: Account) -> Iterator[tuple[str, Decimal]]:
    """Return what is free of what must stay free."""
    spare = spare_margin(account)
    yield "min_available_margin", spare
    if account.balance is not None:
        yield "min_account_balance", min(account.balance, spare)


def _of_strategies(key: str, used: dict[str, Decimal], values: dict[str, Decimal]) -> Iterator[tuple[str, Decimal]]:
    """Return what strategies with a limit of their own use of it, and the most that any other uses of the general."""
    own = {strategy for strategy in used if of_strategy(key, strategy) in values}
    for strategy, lots in used.items():
        if strategy in own:
            yield of_strategy(key, strategy), plain(lots)
    yield key, plain(max((lots for strategy, lots in used.items() if strategy not in own), default=ZERO))


def _sums(state: State, kind: str) -> Iterator[tuple[str, Exposure]]:
    for name, exposure in state.exposures.items():
        of, _, what = name.partition("|")
        if of == kind:
            yield what, exposure


def _one_way(exposure: Exposure) -> Decimal:
    return plain(max(exposure.up, exposure.down, ZERO))
