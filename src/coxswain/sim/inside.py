"""What the engine keeps inside, against itself: sums from scratch, on purpose slowly, where it moves them by delta.

These are no invariants of the whole: those stand in `checker`, which sees no engine. What is wrong here would one day
be a wrong decision there; it is found sooner, and closer to where it went wrong.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from coxswain.core.emulation import holds_stop, holds_target
from coxswain.core.engine import ROUTINE
from coxswain.core.order import Order, Phase
from coxswain.core.position import Position
from coxswain.core.scopes import CAUSES as STOPS
from coxswain.core.scopes import is_flattened, narrower_state
from coxswain.core.state import Account, State, position_break, strategy_of
from coxswain.core.stops import RELEASED_BY_A_PERSON
from coxswain.core.tx import CORE_FAILURE, EGRESS
from coxswain.model.breaker import BreakerKind, cause_of
from coxswain.model.decimals import ONE, ZERO, plain, round_up
from coxswain.model.market import is_sane
from coxswain.model.vocabulary import (
    OPPOSITE,
    AccountId,
    Role,
    Side,
    TradingState,
)
from coxswain.sim.sums import exposures_are_right, firm_sums_are_right, resting_orders_are_indexed

LEGS = (Role.STOP, Role.TARGET)
SURPLUS = {"LATE_FILL", "OVERFILL", "FILL_AFTER_EXIT"}
FORWARD = {Phase.PENDING_NEW: 0, Phase.WORKING: 1, Phase.DONE: 2}


def look_inside(state: State) -> None:
    """Compute every sum and index of the engine anew, and compare."""
    for account in state.accounts.values():
        sums_are_right(state, account)
        _planned_risk_is_right(state, account)
    _shares_add_up(state)
    exposures_are_right(state)
    resting_orders_are_indexed(state)
    firm_sums_are_right(state)


# --- sums, from scratch -----------------------------------------------------------------------------------------------


def sums_are_right(state: State, account: Account) -> None:
    """Compute every sum of an account from its orders and positions, and compare."""
    open_orders = [order for order in account.orders.values() if order.phase is not Phase.DONE]
    assert list(account.open_orders) == [order.cl_ord_id for order in open_orders]
    entering = [order for order in open_orders if order.enters]
    assert account.held_margin == total(_worst_of_groups(entering, lambda o: still_open(o) * o.margin_per_lot))
    assert account.held_risk == total(_worst_of_groups(entering, lambda o: still_open(o) * o.risk_per_lot))
    occupied = 0
    for symbol, position in account.positions.items():
        here = [order for order in open_orders if order.intent.symbol == symbol]
        _position_sums_are_right(account, position, here)
        occupied += bool(position.qty) or any(order.enters for order in here)
        if position.qty:
            assert account.spec.id in state.holders[symbol]
        else:
            assert account.spec.id not in state.holders.get(symbol, {})
            assert not position.cost
    assert account.open_positions == occupied
    held = account.positions.values()
    assert account.used_margin == total(position.margin for position in held)
    assert account.open_risk == total(position.risk for position in held)
    assert account.to_stops == total(position.to_stop for position in held)
    assert account.unrealized == total(position.unrealized for position in held)
    for position in held:
        if state.instruments[position.symbol].currency == account.spec.currency:
            _money_is_right(state, position)


def _shares_add_up(state: State) -> None:
    """What is filled, working and unknown of every share, and of the plan."""
    for signal_id, plan in state.plans.items():
        used: dict[AccountId, Decimal] = {}
        for account_id in plan.shares:
            for order in state.accounts[account_id].orders.values():
                if order.enters and order.intent.signal_id == signal_id:
                    used[account_id] = used.get(account_id, ZERO) + order.cum_qty + still_open(order)
        for account_id, share in plan.shares.items():
            assert share.used == used.get(account_id, ZERO), f"{signal_id} on {account_id}: {share.used} used"
        assert sum(used.values(), ZERO) == plan.used


def _worst_of_groups(orders: list[Order], amount: Callable[[Order], Decimal]) -> Iterator[Decimal]:
    """Of orders that exclude one another at their venue the one that needs most counts."""
    groups: dict[str, list[Decimal]] = {}
    for order in orders:
        groups.setdefault(order.intent.oco_group or order.cl_ord_id, []).append(amount(order))
    return (max(amounts) for amounts in groups.values())


def _planned_risk_is_right(state: State, account: Account) -> None:
    """What a plan will risk is held from the plan to the release, and not a moment longer."""
    shares = [plan.shares[account.spec.id] for plan in state.plans.values() if account.spec.id in plan.shares]
    assert account.planned_risk == total(share.planned_risk for share in shares)
    assert account.planned_margin == total(share.planned_margin for share in shares)
    assert all(not share.planned_risk for share in shares if share.released and share.parent is None)
    for share in shares:
        if share.parent is not None:  # what an algorithm has not sent yet
            assert share.planned_risk == plain(share.risk_per_lot * max(share.qty - share.used, ZERO))
            assert share.planned_margin == plain(share.margin_per_lot * max(share.qty - share.used, ZERO))


def _position_sums_are_right(account: Account, position: Position, here: list[Order]) -> None:
    entering = [order for order in here if order.enters]
    buys = total(_worst_of_groups([o for o in entering if o.intent.side is Side.BUY], still_open))
    sells = total(_worst_of_groups([o for o in entering if o.intent.side is Side.SELL], still_open))
    reducing = [order for order in here if not order.enters and order.intent.role not in LEGS]
    assert (position.held_buy, position.held_sell) == (buys, sells)
    assert position.held_exit == total(still_open(order) for order in reducing)
    assert list(position.entering) == [order.cl_ord_id for order in entering]
    unknown = sum(
        not order.outcome_known for order in account.orders.values() if order.intent.symbol == position.symbol
    )
    assert position.unknown == unknown
    for leg_id in (position.stop_id, position.target_id):
        assert leg_id is None or leg_id in account.open_orders


def _money_is_right(state: State, position: Position) -> None:
    """Where no rate comes between, what a position ties up, risks and has gained follows from it and the quote."""
    instrument = state.instruments[position.symbol]
    if any(booking.rate != ONE for booking in position.recent):
        return  # a fill that was told of under a wrong symbol brought the rate of its own along
    assert position.margin == round_up(abs(position.cost) * instrument.margin_rate)
    if not position.qty:
        assert (position.risk, position.unrealized, position.to_stop) == (ZERO, ZERO, ZERO)
        return
    if position.stop_px is None:
        risk = round_up(abs(position.cost) * state.desk.assumed_stop_pct / 100)
        to_stop = risk + max(position.unrealized, ZERO)
    else:
        at_stop = position.cost - position.qty * position.stop_px * instrument.contract_size
        risk = round_up(max(at_stop, ZERO))
        to_stop = max(risk + min(at_stop, ZERO) + position.unrealized, ZERO)
    assert (position.risk, position.to_stop) == (risk, to_stop)
    quote = state.quotes.get(position.symbol)
    if quote is not None and is_sane(quote):
        price = quote.bid if position.qty > 0 else quote.ask
        assert position.unrealized == plain(position.qty * price * instrument.contract_size - position.cost)


def still_open(order: Order) -> Decimal:
    """The worst case: what is in force, or what is asked for where that is more."""
    if order.phase is Phase.DONE:
        return ZERO
    asked = [order.order_qty] + ([order.replace_pending.order_qty] if order.replace_pending else [])
    return max(max(asked) - order.cum_qty, ZERO)


def total(amounts: Iterable[Decimal]) -> Decimal:
    return plain(sum(amounts, ZERO))


# --- at rest ----------------------------------------------------------------------------------------------------------


def look_inside_at_rest(state: State) -> None:
    """With nothing failing for ten minutes: nothing waits, nothing is held, and positions are protected."""
    waiting = [
        name
        for name in state.deadlines
        if not name.startswith(ROUTINE)
        and not (name.startswith(("legging|", "protect|")) and state.stops)  # what is frozen waits for a person
    ]
    assert waiting == [], f"still waiting for {waiting}"
    for account_id, account in state.accounts.items():
        assert account.breaks == {}
        causes = set(account.causes) - {
            *STOPS,
            *RELEASED_BY_A_PERSON,
            "EMERGENCY",
            "LOSS_LADDER",
            "BREAKERS_OF_MANY",
            *(cause_of(kind) for kind in BreakerKind),
        }
        assert account.paced == {}, f"{account_id}: waits for room without end"
        assert not {CORE_FAILURE, EGRESS} & set(account.causes)
        if any(position.occupied for position in account.positions.values()):
            causes.discard("LIMIT_LOWERED")
        assert causes == set(), f"{account_id} is held back by {causes}"
        assert all(order.outcome_known for order in account.orders.values())
        for position in account.positions.values():
            ours_alone = position_break(account_id, position.symbol) in account.ignored
            if is_flattened(state, account_id, position) and not ours_alone:
                assert not position.qty, f"{account_id} still holds {position.symbol}, which was to be flattened"
            _position_is_protected(state, account, position)
        if not account.open_orders:
            assert (account.held_margin, account.held_risk) == (ZERO, ZERO)
            if all(spread.over for spread in account.spreads.values()):
                assert (account.planned_risk, account.planned_margin) == (ZERO, ZERO)
            else:
                assert state.stops  # a spread that is frozen on its way keeps what its open legs are planned to take
            for position in account.positions.values():
                assert (position.held_buy, position.held_sell, position.held_exit) == (ZERO, ZERO, ZERO)


def _under_narrower_stops(state: State, position: Position) -> list[TradingState]:
    strategies = ("", strategy_of(state, position.levels_from) if position.levels_from else "")
    return [narrower_state(state, position.symbol, strategy) for strategy in strategies]


def _position_is_protected(state: State, account: Account, position: Position) -> None:
    legs = [account.orders[leg_id] for leg_id in (position.stop_id, position.target_id) if leg_id is not None]
    of_legs = (narrower_state(state, position.symbol, leg.intent.strategy) for leg in legs)
    frozen = TradingState.HALTED in (account.state, *_under_narrower_stops(state, position), *of_legs)
    assert position.exit is None, f"an exit of {position.symbol} never ended: {position.exit}"
    if position_break(account.spec.id, position.symbol) in account.ignored:
        return  # the venue may hold nothing that an order could protect, and an alert says so
    for role, level, leg_id in (
        (Role.STOP, position.stop_px, position.stop_id),
        (Role.TARGET, position.target_px, position.target_id),
    ):
        if not position.qty:
            assert leg_id is None
            continue
        if abs(position.qty) == position.held_exit:
            continue  # other orders take all of it, and an alert says so
        if frozen:
            continue  # nothing may be placed or changed there, and an alert says so
        if leg_id is None and (holds_stop if role is Role.STOP else holds_target)(account.capabilities):
            continue  # the engine holds it
        assert (level is None) is (leg_id is None), f"{account.spec.id} {position.symbol}: {level} without its order"
        if leg_id is not None:
            leg = account.orders[leg_id]
            assert leg.intent.side is OPPOSITE[Side.BUY if position.qty > 0 else Side.SELL]
            if leg.refused is not None:
                continue  # the venue keeps refusing to change it, and an alert says so
            wanted = abs(position.qty) - position.held_exit
            assert still_open(leg) == wanted, f"{leg.cl_ord_id} covers {still_open(leg)} of {wanted}"
            assert level == (leg.stop_px if leg.intent.role is Role.STOP else leg.price)
