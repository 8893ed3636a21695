"""Invariants of what restricts: controls, limits, stops, lives, leases, two persons, and the gate after a start."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages import requests as rq
from coxswain.messages.events import Event
from coxswain.messages.record import Record
from coxswain.messages.requests import Request
from coxswain.model.checks import Check
from coxswain.model.control import STATE_UNDER, ScopeKind, StopLevel
from coxswain.model.decimals import ZERO
from coxswain.model.override import Override
from coxswain.model.vocabulary import AccountId, OrdType, Role, Side, SignalId, TradingState
from coxswain.sim.checker.invariant import Invariant
from coxswain.sim.checker.kept import Kept
from coxswain.sim.checker.ours import Ours

NS_PER_S = 1_000_000_000
LEGS = (Role.STOP, Role.TARGET)
NEAR = Decimal("1e-6")
KEYS = {
    "ORDER_QTY": "max_order_qty",
    "ORDER_VALUE": "max_order_value",
    "POSITION_QTY": "max_position_qty",
    "OPEN_POSITIONS": "max_open_positions",
    "OPEN_ORDERS": "max_open_orders",
    "ORDERS_PER_DAY": "max_orders_per_day",
    "ORDERS_PER_MINUTE": "max_orders_per_minute",
    "GROSS_EXPOSURE": "max_gross_exposure",
    "DESK_GROSS_EXPOSURE": "max_desk_gross_exposure",
    "REPEATED": "max_repeats",
    "MARGIN": "min_account_balance",
}
"""Of some controls, the limit by which they judge, under the name that configuration and commands give it."""
AT_LEAST = ("min_account_balance",)
"""Of these, what must not be gone below."""
NEVER_LESS = ("ORDER_QTY", "ORDER_VALUE", "MARGIN", "TRADING_STATE", "LEASE", "SIGNAL_AGE", "DUPLICATE_INTENT")
"""What every order that enters was asked."""


class PassedEveryControl(Invariant):
    """Every order sent passed all controls under the limit version stamped on it."""

    ID = "I7"

    def __init__(self) -> None:
        self._overrides: dict[str, Override] = {}
        self._approved: set[str] = set()

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.OverrideProposed(override):
                self._overrides[override.id] = override
            case ev.OverrideApproved(override_id):
                self._approved.add(override_id)
            case ev.OverrideEnded(override_id):
                self._approved.discard(override_id)
            case ev.OverrideUsed(override_id, account, own):
                order, override = ours.orders[own], self._overrides[override_id]
                self.want(override_id in self._approved, f"{own} passed by {override_id}, which nobody approved")
                self._approved.discard(override_id)  # it lets one order pass
                meant = (override.account, override.signal_id) == (account, order.intent.signal_id)
                self.want(meant, f"{own} passed by {override_id}, which is for another")
                self.want(ours.now_ns <= override.expires_ns, f"{own} passed by {override_id}, which was over")
            case ev.OrderCreated():
                self._created(ours, record, event)
            case ev.ReplaceRequested(cl_ord_id=own, checks=checks):
                self._passed(ours, str(own), ours.orders[own].intent.account, checks, ())

    def _created(self, ours: Ours, record: Record, event: ev.OrderCreated) -> None:
        own, version = event.cl_ord_id, ours.limit_version
        self.want(event.limit_version == version, f"{own} was judged by version {event.limit_version}, not {version}")
        used = [each for each in record.events if isinstance(each, ev.OverrideUsed) and each.cl_ord_id == own]
        self._passed(ours, own, event.intent.account, event.checks, tuple(each.override_id for each in used))
        self._market(ours, event)
        asked = {check.code for check in event.checks}
        missing = [code for code in NEVER_LESS if event.enters and code not in asked]
        self.want(not missing, f"{own} was not asked {missing}")

    def _passed(
        self, ours: Ours, own: str, account: AccountId, checks: tuple[Check, ...], overrides: tuple[str, ...]
    ) -> None:
        passed_over = [check.code for check in checks if not check.passed and check.kind == "overridden"]
        failed = [check.code for check in checks if not check.passed and check.kind != "overridden"]
        self.want(not failed, f"{own} left although it failed {failed}")
        self.want(len(passed_over) <= len(overrides) or not overrides, f"{own} passed over {passed_over}")
        self.want(overrides or not passed_over, f"{own} passed over {passed_over}, and no override was used")
        for check in checks:
            key = KEYS.get(check.code)
            limit = None if key is None else ours.limit(account, key)
            held_to = limit is None or check.limit is None or limit == check.limit
            self.want(held_to, f"{own}: {check.code} is {check.limit}, and {limit} is in force")
            if check.passed and key is not None and check.value is not None and check.limit is not None:
                fits = check.value >= check.limit if key in AT_LEAST else check.value <= check.limit
                self.want(fits, f"{own} passed {check.code} with {check.value}, and the limit is {check.limit}")

    def _market(self, ours: Ours, event: ev.OrderCreated) -> None:
        """Whatever its checks say: there is a market for it, and nothing enters at any price or by an old quote."""
        own, symbol = event.cl_ord_id, event.intent.symbol
        self.want(ours.trades.get(symbol), f"{own} leaves while {symbol} is closed")
        if event.enters:
            self.want(event.intent.ord_type is not OrdType.MARKET, f"{own} enters at any price")
            stale_s, quote = ours.limit(event.intent.account, "quote_stale_s"), ours.quotes.get(symbol)
            age_ns = None if quote is None else ours.now_ns - quote.ts_ns
            fresh = age_ns is not None and age_ns <= (60 if stale_s is None else stale_s) * NS_PER_S
            self.want(fresh, f"{own} enters by a quote of {age_ns} ns ago")


class WithinItsLimits(Invariant):
    """Worst-case exposure stays within limits at every instant; what is over holds nothing.

    The engine says with every order what it added up: it must be what orders and fills add up to here.
    """

    ID = "I8"

    def __init__(self) -> None:
        self._plans_hold: set[AccountId] = set()
        """Accounts of which a plan holds margin that no order holds yet: that is the engine's alone to know."""

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.PlanApproved(assignments=assignments):
                self._plans_hold |= {each.account for each in assignments or () if each.margin}
            case ev.PlanProposed(plan):
                self._plans_hold |= {each.account for each in plan.assignments if each.margin or each.legs}
            case ev.OrderCreated() if not event.enters:
                self._reduces(ours, event)
            case ev.OrderCreated(intent=intent):
                said = {check.code: check for check in event.checks}
                self._lots(ours, event, said)
                self._counts(ours, event, said)
                if all(each.currency == ours.currency[intent.account] for each in ours.instruments.values()):
                    self._money(ours, event, said)

    def _reduces(self, ours: Ours, event: ev.OrderCreated) -> None:
        """What reduces is opposite to what is held, and no more than other such orders leave of it."""
        intent, own = event.intent, event.cl_ord_id
        held = ours.positions[intent.account, intent.symbol] * (1 if intent.side is Side.SELL else -1)
        if f"{intent.account}:position:{intent.symbol}" in ours.ignored[intent.account]:
            return  # the venue holds another quantity, and that is lived with
        others = [order for order in ours.open_on(intent.account, intent.symbol) if not order.enters]
        taken = sum((order.open_qty for order in others if order.intent.role not in LEGS), ZERO)
        legs = max((order.open_qty for order in others if order.intent.role in LEGS), default=ZERO)
        free = held - taken - (ZERO if intent.role in LEGS else legs)
        self.want(intent.order_qty <= free, f"{own} reduces by {intent.order_qty}, and {free} is free")

    def _lots(self, ours: Ours, event: ev.OrderCreated, said: dict[str, Check]) -> None:
        intent, check = event.intent, said.get("POSITION_QTY")
        if check is None or check.value is None or check.limit is None:
            return
        held = ours.positions[intent.account, intent.symbol] * (1 if intent.side is Side.BUY else -1)
        same_side = [order for order in ours.open_on(intent.account, intent.symbol) if order.intent.side is intent.side]
        others, beside = self._held(event, same_side, lambda order: order.open_qty)
        judged, worst = held + others + intent.order_qty, held + others + max(beside, intent.order_qty)
        self.want(check.value == judged, f"{event.cl_ord_id}: {judged} lots at worst, it was judged by {check.value}")
        self.want(worst <= check.limit or not check.passed, f"{event.cl_ord_id}: {worst} lots, above {check.limit}")

    def _held(
        self, event: ev.OrderCreated, orders: list[Kept], amount: Callable[[Kept], Decimal]
    ) -> tuple[Decimal, Decimal]:
        """Add up what is open: of those that exclude one another at their venue the worst; and what excludes this."""
        groups = defaultdict[str, Decimal](Decimal)
        for order in orders:
            if order.enters:
                name = order.intent.oco_group or order.cl_ord_id
                groups[name] = max(groups[name], amount(order))
        beside = groups.pop(event.intent.oco_group or event.cl_ord_id, ZERO)
        return sum(groups.values(), ZERO), beside

    def _counts(self, ours: Ours, event: ev.OrderCreated, said: dict[str, Check]) -> None:
        account = event.intent.account
        entering = {order.intent.symbol for order in ours.open_on(account) if order.enters}
        held = {symbol for (owner, symbol), qty in ours.positions.items() if qty and owner == account}
        check, positions = said.get("OPEN_POSITIONS"), len(entering | held | {event.intent.symbol})
        if check is not None:
            self.want(check.value == positions, f"{event.cl_ord_id}: {positions} positions, not {check.value}")

    def _money(self, ours: Ours, event: ev.OrderCreated, said: dict[str, Check]) -> None:
        account, check = event.intent.account, said.get("MARGIN")
        if check is None or check.value is None or account in self._plans_hold or account not in ours.balances:
            return
        worth, used = ours.balances[account], ZERO
        for symbol, instrument in ours.instruments.items():
            qty, cost = ours.positions[account, symbol], ours.money[account, symbol].cost
            used += abs(cost) * instrument.margin_rate
            quote = ours.quotes.get(symbol)
            if qty and quote is not None:
                worth += qty * (quote.bid if qty > 0 else quote.ask) * instrument.contract_size - cost
        held, _ = self._held(event, ours.open_on(account), lambda order: order.open_qty * order.margin_per_lot)
        left = worth - used - held - event.intent.order_qty * event.margin_per_lot
        self.want(
            abs(left - check.value) < NEAR, f"{event.cl_ord_id}: {left} is left free, it was judged by {check.value}"
        )


class NothingLeavesAStop(Invariant):
    """After a stop is acknowledged no new or increasing order leaves; the stop survives restart."""

    ID = "I10"

    def __init__(self) -> None:
        self._stops: dict[str, set[StopLevel]] = {}
        """As people said, by scope."""

    def on_input(self, ours: Ours, record: Record) -> None:
        message = record.input
        if isinstance(message, inp.KeepCommand):
            message = message.command
        if not isinstance(message, inp.StopTrading) or message.scope.kind is ScopeKind.ORDER:
            return
        if not record.failed and not any(isinstance(event, ev.CommandRefused) for event in record.events):
            self._stops.setdefault(_scope(message.scope.kind, message.scope.id), set()).add(message.level)

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        if isinstance(event, ev.TradingResumed):
            asked = isinstance(record.input, inp.ResumeTrading) and record.input.scope == event.scope
            self.want(asked and event.actor, f"{event.scope} was released, and nobody asked for it")
            self._stops.pop(_scope(event.scope.kind, event.scope.id), None)
        elif isinstance(event, ev.OrderCreated) and event.enters:
            account = event.intent.account
            state = ours.state.get(account, TradingState.ACTIVE)
            self.want(state is TradingState.ACTIVE, f"{event.cl_ord_id} enters, and {account} is {state}")

    def on_record(self, ours: Ours, record: Record) -> None:
        for request in record.requests:
            if isinstance(request, rq.NewOrder):
                self._may_leave(ours, ours.orders[request.cl_ord_id])
            elif isinstance(request, rq.ReplaceOrder):
                order = ours.find(request.cl_ord_id)
                if order is not None and order.enters and request.order_qty > order.order_qty:
                    self._may_leave(ours, order)

    def on_request(self, ours: Ours, request: Request, now_ns: int) -> None:
        if isinstance(request, rq.NewOrder):
            self._may_leave(ours, ours.orders[request.cl_ord_id])

    def _may_leave(self, ours: Ours, order: Kept) -> None:
        intent, own = order.intent, order.cl_ord_id
        levels = {level for scope in _scopes(ours, order) for level in self._stops.get(scope, ())}
        if order.enters:
            self.want(not levels, f"{own} enters under {sorted(levels)}")
        elif any(STATE_UNDER[level] is TradingState.HALTED for level in levels):
            self.want(intent.actor or intent.role in LEGS, f"{own} leaves what is frozen, and nobody asked for it")


class OnlyWhileItLives(Invariant):
    """No order from a signal older than its time to live."""

    ID = "I15"

    def __init__(self) -> None:
        self._since_ns: dict[tuple[SignalId, AccountId], int] = {}
        """When the turn came of an order that follows another."""
        self._until_ns: dict[tuple[SignalId, AccountId], int | None] = {}
        """Of what an algorithm or a spread sends in parts; None has the legging limit for its end."""

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.SecondOrderDue(signal_id, account, due_ns=due_ns):
                self._since_ns[signal_id, account] = due_ns
            case ev.AlgoStarted(signal_id, account, ends_ns=ends_ns) if not event.exits:
                self._is_young(ours, "an algorithm", signal_id, account)
                self._until_ns[signal_id, account] = ends_ns
            case ev.SpreadStarted(account=account, legs=legs):
                self._until_ns.update(dict.fromkeys(((leg.signal_id, account) for leg in legs), None))
            case ev.OrderCreated(cl_ord_id=own, intent=intent) if event.enters and event.renews is None:
                share = intent.signal_id, intent.account
                if share not in self._until_ns:
                    self._is_young(ours, own, *share)
                    return
                until_ns = self._until_ns[share]
                self.want(until_ns is None or ours.now_ns <= until_ns, f"{own} is a part of what ended at {until_ns}")

    def _is_young(self, ours: Ours, what: str, signal_id: SignalId, account: AccountId) -> None:
        signal = ours.signals.get(signal_id)
        if signal is not None:
            age_ns = ours.now_ns - self._since_ns.get((signal_id, account), signal.signal_time_ns)
            young = age_ns <= signal.ttl_s * NS_PER_S
            self.want(young, f"{what} of {signal_id}, which is {age_ns / NS_PER_S} s old and lives {signal.ttl_s} s")

    def on_request(self, ours: Ours, request: Request, now_ns: int) -> None:
        if isinstance(request, rq.NewOrder):
            order = ours.orders[request.cl_ord_id]
            alive = order.dies_ns is None or not order.enters or now_ns <= order.dies_ns
            self.want(alive, f"{order.cl_ord_id} leaves at {now_ns}, and was to leave by {order.dies_ns}")


class ShutUntilCompared(Invariant):
    """The gate is shut from disconnect until reconciliation is complete."""

    ID = "I13"
    CAUSE = "UNRECONCILED"

    def __init__(self) -> None:
        self._shut: set[AccountId] = set()
        self._asked_ns: dict[AccountId, int] = {}
        """When the books of an account were last asked for."""

    def on_input(self, ours: Ours, record: Record) -> None:
        if isinstance(record.input, inp.EngineStarted) and not record.failed:
            self._shut |= {spec.id for spec in record.input.setup.accounts}

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.ComparisonAsked(account=account):
                self._asked_ns[account] = ours.now_ns
            case ev.AccountStateChanged(account=account, cause=self.CAUSE):
                if event.active:
                    self._shut.add(account)
                else:
                    self._open(record, account)
            case ev.OrderCreated(cl_ord_id=own, intent=intent) if event.enters:
                self.want(
                    intent.account not in self._shut, f"{own} enters before the books of its account were compared"
                )

    def _open(self, record: Record, account: AccountId) -> None:
        answer = record.input
        shown = isinstance(answer, inp.AccountLookedUp) and answer.account == account
        self.want(shown, f"the gate of {account} opened without its venue's books")
        if isinstance(answer, inp.AccountLookedUp) and answer.as_of_ns:
            asked_ns = self._asked_ns.get(account, 0)
            self.want(answer.as_of_ns >= asked_ns, f"the gate of {account} opened by books from before the question")
        self._shut.discard(account)


class TwoPersons(Invariant):
    """Limit changes and releases carry two identities where the policy says so."""

    ID = "I17"

    def __init__(self) -> None:
        self._proposed: dict[int, str] = {}
        self._asked: dict[str, str] = {}
        self._overrides: dict[str, str] = {}

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.LimitsProposed(proposal, actor=actor):
                self._proposed[proposal] = actor
            case ev.LimitsChanged(source="APPROVAL", proposal=proposal, actor=first, second_actor=second):
                known = None if proposal is None else self._proposed.get(proposal)
                self.want(known == first and second and second != first, f"proposal {proposal} by {first} and {second}")
            case ev.LimitsChanged(source="COMMAND") if ours.setting("limit_raise_needs_two", 0):
                raised = [each.key for each in event.changes if each.key.startswith("max_") and self._raises(each)]
                self.want(not raised, f"{event.actor} alone raised {raised}")
            case ev.ReleaseAsked(scope, actor=actor):
                self._asked[f"{scope.kind}:{scope.id}"] = actor
            case ev.TradingResumed(scope, actor=first, second_actor=second):
                asked = self._asked.pop(f"{scope.kind}:{scope.id}", None)
                if scope.kind is ScopeKind.EVERYTHING and ours.setting("release_needs_two", 0):
                    fine = asked == first and second and second != first
                    self.want(fine, f"{scope.kind} was released by {first} and {second}, asked for by {asked}")
            case ev.OverrideProposed(override):
                self._overrides[override.id] = override.actor
            case ev.OverrideApproved(override_id, actor):
                self.want(self._overrides[override_id] != actor, f"{actor} approved their own {override_id}")

    def _raises(self, change: ev.LimitChange) -> bool:
        return change.after > change.before > 0  # at some keys 0 is no limit at all


class OneEpoch(Invariant):
    """At most one epoch sends per account."""

    ID = "I18"

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        if isinstance(event, ev.OrderCreated | ev.OrderResent):
            held = 0 < ours.newest_epoch <= ours.epoch
            self.want(held, f"{event.cl_ord_id} under epoch {ours.epoch}, and {ours.newest_epoch} is the newest")


class OnceOnly(Invariant):
    """Every accepted command is executed at most once."""

    ID = "I20"

    def __init__(self) -> None:
        self._done: set[tuple[str, ...]] = set()
        self._kept: set[str] = set()

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.CommandKept(command_id):
                self._kept.add(command_id)
            case ev.CommandCarriedOut(command_id) | ev.CommandWithdrawn(command_id) | ev.CommandLapsed(command_id):
                self.want(command_id in self._kept, f"{command_id} ended, and did not wait")
                self._kept.discard(command_id)
            case ev.SignalAccepted(signal):
                self._once("signal", signal.id)
            case ev.PlanProposed(plan):
                self._once("plan", plan.signal_id)
            case ev.SpreadStarted(signal_id, account):
                self._once("spread", signal_id, account)
            case ev.AlgoStarted(signal_id, account):
                self._once("algorithm", signal_id, account)
            case ev.RecoveryAssigned(failed=failed):
                self._once("recovery", failed)
            case ev.OrderCreated(intent=intent) if intent.role is Role.DIRECT and event.renews is None:
                self._once("order", intent.signal_id)

    def _once(self, *what: str) -> None:
        self.want(what not in self._done, f"{' '.join(what)} a second time")
        self._done.add(what)


def _scope(kind: ScopeKind, name: str) -> str:
    return f"{kind}:{name}"


def _scopes(ours: Ours, order: Kept) -> Iterator[str]:
    intent = order.intent
    signal = ours.signals.get(intent.signal_id)
    yield _scope(ScopeKind.EVERYTHING, "")
    yield _scope(ScopeKind.VENUE, ours.venue_of[intent.account])
    yield _scope(ScopeKind.ACCOUNT, intent.account)
    yield _scope(ScopeKind.INSTRUMENT, intent.symbol)
    strategy = intent.strategy or ("" if signal is None else signal.strategy)
    if strategy:
        yield _scope(ScopeKind.STRATEGY, strategy)
