"""What must hold after every step, whatever failed: checked against the records and the venues' own books.

The sums are computed here from scratch and slowly, on purpose: the engine keeps them up to date by delta.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from coxswain.core.emulation import holds_stop, holds_target
from coxswain.core.engine import ROUTINE
from coxswain.core.order import Order, Phase, is_done
from coxswain.core.position import Position
from coxswain.core.scopes import CAUSES as STOPS
from coxswain.core.scopes import is_flattened, narrower_state
from coxswain.core.state import Account, State, find_order, position_break, strategy_of
from coxswain.core.stops import RELEASED_BY_A_PERSON
from coxswain.core.tx import CORE_FAILURE, EGRESS
from coxswain.messages import events as ev
from coxswain.messages import requests as rq
from coxswain.messages.inputs import ExecutionReport, OrderLookedUp, ResumeTrading, StopTrading
from coxswain.messages.record import Record, decode, encode
from coxswain.model.breaker import BreakerKind, cause_of
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.decimals import ZERO, plain, round_up
from coxswain.model.market import is_sane
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import (
    OPPOSITE,
    SIGN,
    AccountId,
    ClOrdId,
    ExecId,
    ExecType,
    OrdStatus,
    Role,
    Side,
    Symbol,
    TradingState,
    VenueTier,
)
from coxswain.runtime.plugins import make_engine
from coxswain.sim import books
from coxswain.sim.ground import Ground
from coxswain.sim.sums import exposures_are_right, firm_sums_are_right, resting_orders_are_indexed

LEGS = (Role.STOP, Role.TARGET)
SURPLUS = {"LATE_FILL", "OVERFILL", "FILL_AFTER_EXIT"}
FORWARD = {Phase.PENDING_NEW: 0, Phase.WORKING: 1, Phase.DONE: 2}


class Invariants:
    """Remembers what the records said so far. A world calls `on_record` after each step, `on_request`, and `at_rest`.

    After a crash it is made anew from the one before, and `remember` is shown what is durable, in order.
    """

    def __init__(self, before: "Invariants | None" = None) -> None:
        """`before` watched the engine that crashed: what the venues did since stays done."""
        self.events: Counter[str] = Counter() if before is None else before.events
        self._created: dict[ClOrdId, ev.OrderCreated] = {}
        self._exec_ids: set[tuple[AccountId, ExecId]] = set()
        self._filled: defaultdict[ClOrdId, Decimal] = defaultdict(Decimal)
        self._position: defaultdict[tuple[AccountId, Symbol], Decimal] = defaultdict(Decimal)
        self._surplus: set[ClOrdId] = set()
        self._adopted: set[ClOrdId] = set()
        self._reversed: set[ClOrdId] = set()
        self._called_rejected: set[ClOrdId] = set()
        """By the venue, whatever its books say."""
        self._absent: defaultdict[ClOrdId, list[int]] = defaultdict(list)
        self._stood: dict[ClOrdId, tuple[Phase, Decimal]] = {}
        self._stops: dict[Scope, set[StopLevel]] = {}
        self._fills_seen: Counter[AccountId] = Counter() if before is None else before._fills_seen
        self._can: dict[AccountId, Capabilities] = {}
        self._at_venue: defaultdict[tuple[AccountId, Symbol], Decimal] = (
            defaultdict(Decimal) if before is None else before._at_venue
        )

    def remember(self, state: State, record: Record) -> None:
        """Take what a record says."""
        if isinstance(record.input, OrderLookedUp) and record.input.order is None:
            self._absent[record.input.cl_ord_id].append(record.input.as_of_ns)
        if isinstance(record.input, ExecutionReport) and record.input.exec_type is ExecType.REJECTED:
            self._called_rejected.add(record.input.cl_ord_id)
        self._take_events(state, record)
        self._take_stops(record)

    def __call__(self, world: Ground, record: Record) -> None:
        self.on_record(world, record)

    def on_request(self, request: rq.Request, durable: Counter[rq.Request]) -> None:
        """I3: nothing leaves that no durable record asks for; each as often as it is asked for."""
        if isinstance(request, rq.QueryAccount):
            return  # a question changes nothing; rounds ask without a record
        assert durable[request] > 0, f"I3: this left without a durable intent: {request}"
        durable[request] -= 1

    def at_rest(self, world: Ground) -> None:
        at_rest(world)

    def on_record(self, world: Ground, record: Record) -> None:
        """Check everything after the step that made the record; it need not be durable yet."""
        assert encode(decode(encode(record))) == encode(record)
        self.remember(world.engine.state, record)
        self._can = {account_id: account.capabilities for account_id, account in world.engine.state.accounts.items()}
        self._nothing_leaves_that_is_stopped(world.engine.state, record)
        self._every_request_has_its_event(record)
        for account_id, account in world.engine.state.accounts.items():
            self._orders_add_up(account)
            sums_are_right(world.engine.state, account)
            _planned_risk_is_right(world.engine.state, account)
            self._one_live_order_for_one_intent(world, account_id)
            self._the_venue_flips_nothing(world, account_id)
        self._children_stay_within_their_parent(world.engine.state)
        exposures_are_right(world.engine.state)
        resting_orders_are_indexed(world.engine.state)
        firm_sums_are_right(world.engine.state)

    # --- I10 ----------------------------------------------------------------------------------------------------------

    def _take_stops(self, record: Record) -> None:
        """Remember what people stopped, from their own words."""
        message = record.input
        if any(isinstance(event, ev.CommandRefused) for event in record.events):
            return
        if isinstance(message, StopTrading):
            self._stops.setdefault(message.scope, set()).add(message.level)
        elif isinstance(message, ResumeTrading):
            self._stops.pop(message.scope, None)

    def _nothing_leaves_that_is_stopped(self, state: State, record: Record) -> None:
        for request in record.requests:
            if not isinstance(request, rq.NewOrder):
                continue
            levels = self._levels_over(state, request.account, request.symbol, self._created[request.cl_ord_id])
            if not self._created[request.cl_ord_id].intent.reduce_only:
                assert not levels, f"I10: {request.cl_ord_id} enters under {levels}"
            elif StopLevel.FREEZE in levels:
                intent = self._created[request.cl_ord_id].intent
                by_person = bool(intent.actor)
                assert by_person or intent.role in LEGS, f"I10: {request.cl_ord_id} leaves a frozen scope by itself"

    def _levels_over(
        self, state: State, account: AccountId, symbol: Symbol, created: ev.OrderCreated
    ) -> set[StopLevel]:
        signal = state.signals.get(created.intent.signal_id)
        scopes = [
            EVERYTHING,
            Scope(ScopeKind.VENUE, state.accounts[account].spec.venue),
            Scope(ScopeKind.ACCOUNT, account),
            Scope(ScopeKind.INSTRUMENT, symbol),
            Scope(ScopeKind.STRATEGY, "" if signal is None else signal.strategy),
        ]
        return set().union(*(self._stops.get(scope, set()) for scope in scopes))

    # --- I3, I5, and proof of absence ---------------------------------------------------------------------------------

    def _take_events(self, state: State, record: Record) -> None:
        for event in record.events:
            self.events[type(event).__name__] += 1
            match event:
                case ev.OrderCreated():
                    assert event.cl_ord_id not in self._created
                    self._created[event.cl_ord_id] = event
                case ev.OrderAdopted():
                    self._adopted.add(event.cl_ord_id)
                case ev.PositionAdopted():
                    self._position[event.account, event.symbol] = event.qty
                case ev.OrderFilled():
                    assert (event.account, event.exec_id) not in self._exec_ids, "I5: booked twice"
                    self._exec_ids.add((event.account, event.exec_id))
                    if not event.suspense:
                        self._filled[event.cl_ord_id] += event.last_qty
                    self._position[event.account, event.symbol] += SIGN[event.side] * event.last_qty
                case ev.FillBusted():
                    self._take_back(event, -event.last_qty)
                case ev.FillCorrected():
                    self._take_back(event, event.last_qty - event.former_qty)
                case ev.IncidentRaised():
                    self.events[event.kind] += 1
                    if event.kind in SURPLUS:
                        self._surplus.add(event.cl_ord_id)
                case ev.OrderResent():
                    self._was_proved_absent(state, event.cl_ord_id)
                case ev.RecoveryAssigned():
                    failed = find(state, event.failed)
                    assert (failed.ended_as, failed.outcome_known) == (OrdStatus.REJECTED, True)

    def _take_back(self, event: ev.FillBusted | ev.FillCorrected, qty: Decimal) -> None:
        assert (event.account, event.exec_id) not in self._exec_ids, "I5: reversed twice"
        self._exec_ids.add((event.account, event.exec_id))
        self._reversed.add(event.cl_ord_id)
        if not event.suspense:
            self._filled[event.cl_ord_id] += qty
        self._position[event.account, event.symbol] += SIGN[event.side] * qty

    def _was_proved_absent(self, state: State, cl_ord_id: ClOrdId) -> None:
        looks = self._absent[cl_ord_id]
        settle_ns = int(state.desk.settle_window_s) * 10**9
        assert max(looks) - min(looks) >= settle_ns, f"{cl_ord_id} was sent again after looks at {looks}"

    def _every_request_has_its_event(self, record: Record) -> None:
        for request in record.requests:
            match request:
                case rq.NewOrder():
                    cl_ord_id = request.cl_ord_id
                    assert names(record, ev.OrderCreated, cl_ord_id) or names(record, ev.OrderResent, cl_ord_id)
                    intent = self._created[request.cl_ord_id].intent
                    for name in ("account", "symbol", "side", "ord_type", "time_in_force", "order_qty", "price"):
                        assert getattr(request, name) == getattr(intent, name), f"I3: {name} differs from what was kept"
                    can = self._can[request.account]
                    only = intent.reduce_only and can.native_reduce_only
                    assert (request.stop_px, request.reduce_only) == (intent.stop_px, only)
                    assert request.ord_type in can.ord_types, "a venue was sent what it does not take"
                    assert request.time_in_force in can.times_in_force
                    assert request.oco_group is None or can.native_oco
                case rq.ReplaceOrder():
                    assert self._can[request.account].native_replace
                    (event,) = [
                        event
                        for event in record.events
                        if isinstance(event, ev.ReplaceRequested) and event.new_cl_ord_id == request.cl_ord_id
                    ]
                    change = (request.order_qty, request.price, request.stop_px)
                    assert (event.order_qty, event.price, event.stop_px) == change
                case rq.CancelOrder():
                    reasons = (ev.CancelRequested, ev.IncidentRaised)
                    why = [event for event in record.events if isinstance(event, reasons)]
                    assert any(event.account == request.account for event in why)
                case rq.QueryOrder():
                    assert any(isinstance(event, ev.QuestionAsked) for event in record.events)
                case rq.QueryAccount():
                    asked = [event for event in record.events if isinstance(event, ev.ComparisonAsked)]
                    assert any(event.account == request.account for event in asked)

    # --- I6, I9 -------------------------------------------------------------------------------------------------------

    def _orders_add_up(self, account: Account) -> None:
        for cl_ord_id, order in account.orders.items():
            assert order.cum_qty == self._filled[cl_ord_id], "I6: cum_qty is the sum of the fills"
            phase, cum_qty = self._stood.get(cl_ord_id, (Phase.PENDING_NEW, ZERO))
            assert FORWARD[order.phase] >= FORWARD[phase], f"I9: {cl_ord_id} went back from {phase} to {order.phase}"
            assert order.cum_qty >= cum_qty or cl_ord_id in self._reversed, "I9: cum_qty fell without a bust"
            self._stood[cl_ord_id] = (order.phase, order.cum_qty)
        for symbol, position in account.positions.items():
            assert position.qty == self._position[account.spec.id, symbol], "I6: a position is the sum of its fills"

    def _children_stay_within_their_parent(self, state: State) -> None:
        for signal_id, plan in state.plans.items():
            children = [
                order
                for account_id in plan.shares
                for order in state.accounts[account_id].orders.values()
                if order.enters and order.intent.signal_id == signal_id
            ]
            if any(name in self._surplus for order in children for name in (order.cl_ord_id, order.current_id)):
                continue  # the venue filled what it had called over: an incident says so
            used: dict[AccountId, Decimal] = {}
            for order in children:
                account = order.intent.account
                used[account] = used.get(account, ZERO) + order.cum_qty + still_open(order)
            for account_id, share in plan.shares.items():
                assert share.used == used.get(account_id, ZERO)
                assert share.used <= share.qty, "I6: children exceed their parent"
            assert sum(used.values(), ZERO) == plan.used
            assert plan.used <= plan.total

    # --- I1 and the venue's books -------------------------------------------------------------------------------------

    def _one_live_order_for_one_intent(self, world: Ground, account_id: AccountId) -> None:
        live: Counter[tuple[str, ...]] = Counter()
        for order in books.working(world.venues[world.venue_of[account_id]], account_id):
            created = self._created.get(order.ids[0])
            if created is None or order.ids[0] in self._called_rejected:
                continue  # somebody's own, at the venue, or one that the venue disowned
            intent = created.intent
            if intent.role in LEGS:
                # A leg may be on its way out while the one in its place has come.
                if not find(world.engine.state, order.ids[0]).cancel_wanted:
                    live[intent.role, intent.symbol, intent.side] += 1
            elif intent.role is Role.EXIT:
                # One that is called back may still be there when the exit in its place has come.
                live[intent.role, intent.symbol, intent.signal_id] += 1
            else:
                live["entry", intent.signal_id] += 1
        assert all(count == 1 for count in live.values()), f"I1: more than one live order on {account_id}: {live}"

    def _the_venue_flips_nothing(self, world: Ground, account_id: AccountId) -> None:
        fills = books.fills(world.venues[world.venue_of[account_id]], account_id)
        for fill in fills[self._fills_seen[account_id] :]:
            before = self._at_venue[account_id, fill.symbol]
            after = before + SIGN[fill.side] * fill.last_qty
            self._at_venue[account_id, fill.symbol] = after
            if books.has_reversed(world.venues[world.venue_of[account_id]], account_id):
                continue  # a position is not the sum of the fills that stood when they came
            order = find_order(world.engine.state.accounts[account_id], fill.cl_ord_id)
            if order is not None and order.intent.reduce_only and self._can[account_id].native_reduce_only:
                assert abs(after) < abs(before), "a reducing order grew a position"
                assert after * before >= 0, "a reducing order flipped a position"
        self._fills_seen[account_id] = len(fills)


# --- I14 --------------------------------------------------------------------------------------------------------------


def replays_to_the_same(world: Ground) -> None:
    """Folding the records gives the live state; stepping their inputs again gives the same bytes."""
    assert world.folded().digest() == world.engine.digest(), "I14: the fold forgot something"
    again = make_engine()
    for body in world.bodies:
        record = decode(body)
        assert encode(again.step(record.input, record.now_ns)) == body, "I14: other bytes"
    assert again.digest() == world.engine.digest()


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
    assert account.unrealized == total(position.unrealized for position in held)
    if account.spec.currency == "USD":
        for position in held:
            _money_is_right(state, position)


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
    assert position.margin == round_up(abs(position.cost) * instrument.margin_rate)
    if not position.qty:
        assert (position.risk, position.unrealized) == (ZERO, ZERO)
        return
    if position.stop_px is None:
        risk = abs(position.cost) * state.desk.assumed_stop_pct / 100
    else:
        risk = max(position.cost - position.qty * position.stop_px * instrument.contract_size, ZERO)
    assert position.risk == round_up(risk)
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


def find(state: State, cl_ord_id: ClOrdId) -> Order:
    for account in state.accounts.values():
        own = account.former_ids.get(cl_ord_id, cl_ord_id)
        if own in account.orders:
            return account.orders[own]
    raise AssertionError(f"no order {cl_ord_id}")


def names(record: Record, kind: type, cl_ord_id: ClOrdId) -> bool:
    """Say whether an event of this kind in the record is about this order."""
    return any(isinstance(event, kind) and getattr(event, "cl_ord_id", None) == cl_ord_id for event in record.events)


# --- at rest ----------------------------------------------------------------------------------------------------------


def at_rest(world: Ground) -> None:
    """With nothing failing for ten minutes: nothing is unknown, the books are equal, and positions are protected."""
    state = world.engine.state
    open_ended = {account_id for account_id, account in state.accounts.items() if _waits_for_ever(account)}
    waiting = [
        name
        for name in state.deadlines
        if not name.startswith(ROUTINE)
        and name.split("|")[1] not in open_ended
        and not (name.startswith("legging|") and state.stops)  # a spread that is frozen waits for a person
    ]
    assert waiting == [], f"still waiting for {waiting}"
    for account_id, account in state.accounts.items():
        if account_id in open_ended:
            continue
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
        _books_are_equal(world, account_id, account)
        for position in account.positions.values():
            if is_flattened(state, account_id, position):
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


def _waits_for_ever(account: Account) -> bool:
    """Where a venue keeps no ids of ours, nothing proves an order absent: it stays unknown, and keeps its hold."""
    unknown = [order for order in account.orders.values() if not order.outcome_known]
    assert not unknown or account.tier is VenueTier.T3, f"{unknown[0].cl_ord_id} is still unknown"
    for order in unknown:
        assert is_done(order) or order.cl_ord_id in account.open_orders, "an order that nobody knows keeps its hold"
    return bool(unknown)


def _under_narrower_stops(state: State, position: Position) -> list[TradingState]:
    strategies = ("", strategy_of(state, position.levels_from) if position.levels_from else "")
    return [narrower_state(state, position.symbol, strategy) for strategy in strategies]


def _books_are_equal(world: Ground, account_id: AccountId, account: Account) -> None:
    venue = world.venues[world.venue_of[account_id]]
    lived_with = account.ignored.get
    ours = {
        symbol: plain(position.qty + lived_with(f"{account_id}:position:{symbol}", ZERO))
        for symbol, position in account.positions.items()
    }
    assert {symbol: qty for symbol, qty in ours.items() if qty} == books.positions(venue, account_id)
    assert account.balance is not None
    assert account.balance + lived_with(f"{account_id}:balance", ZERO) == books.balance(venue, account_id)
    theirs = {
        order.cl_ord_id: (order.order_qty, order.cum_qty, order.price, order.stop_px)
        for order in books.working(venue, account_id)
        if f"{account_id}:order:{order.cl_ord_id}" not in account.ignored
    }
    open_orders = (account.orders[cl_ord_id] for cl_ord_id in account.open_orders)
    assert theirs == {
        order.current_id: (order.order_qty, order.cum_qty, order.price, order.stop_px) for order in open_orders
    }


def _position_is_protected(state: State, account: Account, position: Position) -> None:
    frozen = TradingState.HALTED in (account.state, *_under_narrower_stops(state, position))
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
            assert still_open(leg) == abs(position.qty) - position.held_exit
            assert level == (leg.stop_px if leg.intent.role is Role.STOP else leg.price)
