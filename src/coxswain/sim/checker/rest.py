"""Invariants of how things end: each in one outcome, and with nothing failing any more, in books that are equal."""

from collections import Counter

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.events import Event
from coxswain.messages.record import Record
from coxswain.messages.requests import Request
from coxswain.model.control import CALLS_BACK, ScopeKind
from coxswain.model.decimals import ZERO, plain
from coxswain.model.plan import Assignment
from coxswain.model.vocabulary import AccountId, Role, SignalId, SignalKind, Verdict
from coxswain.sim import books
from coxswain.sim.checker.invariant import Invariant, Venues
from coxswain.sim.checker.ours import Ours

FIRST = (Role.ENTRY, Role.RECOVERY)
Share = tuple[SignalId, AccountId]


class OneOutcome(Invariant):
    """Every signal ends in one recorded outcome; every intent in one terminal state or an open quarantine item."""

    ID = "I2"

    def __init__(self) -> None:
        self._plans: dict[SignalId, tuple[Assignment, ...]] = {}
        self._waiting: set[Share] = set()
        """Shares that were let out, and that nothing has become of."""
        self._ended: Counter[str] = Counter()

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.PlanProposed(plan) if plan.kind is SignalKind.ENTRY:
                self._plans[plan.signal_id] = plan.assignments
            case ev.PlanApproved(signal_id, assignments=approved) if signal_id in self._plans:
                signal = ours.signals[signal_id]
                follows = signal.first is not None and ours.signals[signal.first].then is not None
                for each in self._plans[signal_id] if approved is None else approved:
                    if each.verdict is Verdict.SEND and not signal.legs and not follows:
                        self._waiting.add((signal_id, each.account))
            case ev.RecoveryAssigned(signal_id, account=account) | ev.SecondOrderDue(signal_id, account):
                self._waiting.add((signal_id, account))
            case ev.OrderCreated(intent=intent) | ev.OrderDenied(intent) if intent.role in FIRST:
                self._waiting.discard((intent.signal_id, intent.account))
            case ev.AssignmentWithdrawn(signal_id, account) | ev.AlgoStarted(signal_id, account):
                self._waiting.discard((signal_id, account))
            case ev.SpreadStarted(account=account, legs=legs):
                self._waiting -= {(leg.signal_id, account) for leg in legs}
            case ev.OrderRejected(cl_ord_id=own) | ev.OrderCanceled(cl_ord_id=own) | ev.OrderExpired(cl_ord_id=own):
                self._ended[own] += 1
                self.want(self._ended[own] == 1, f"{own} ended a second time")

    def on_record(self, ours: Ours, record: Record) -> None:
        if isinstance(record.input, inp.SubmitSignal) and not record.failed:
            own, outcomes = record.input.signal.id, 0
            for event in record.events:
                match event:
                    case ev.SignalAccepted(signal):
                        outcomes += signal.id == own
                    case ev.SignalDenied(signal_id) | ev.SignalDuplicated(signal_id):
                        outcomes += signal_id == own
            self.want(outcomes == 1, f"{own} has {outcomes} outcomes")

    def at_rest(self, ours: Ours, venues: Venues) -> None:
        left = sorted(self._waiting)
        self.want(not left, f"nothing became of {left}")
        unsettled = [order.cl_ord_id for order in ours.orders.values() if not order.is_known]
        self.want(not unsettled, f"nobody knows what became of {unsettled}")


class EqualAtRest(Invariant):
    """At rest, engine equals venue (orders, fills, positions, balances) or an open break says where not."""

    ID = "I11"

    def at_rest(self, ours: Ours, venues: Venues) -> None:
        for account in venues.venue_of:
            if account in ours.balances:
                self._equal(ours, venues, account)

    def _equal(self, ours: Ours, venues: Venues, account: AccountId) -> None:
        venue, ignored = venues.venues[venues.venue_of[account]], ours.ignored[account]
        breaks = ours.breaks.get(account, {})
        self.want(not breaks, f"{account} has breaks that a person resolved: {list(breaks)}")
        held = {symbol: qty for (owner, symbol), qty in ours.positions.items() if owner == account}
        lived_with = {symbol: ignored.get(f"{account}:position:{symbol}", ZERO) for symbol in ours.instruments}
        sums = {symbol: plain(held.get(symbol, ZERO) + extra) for symbol, extra in lived_with.items()}
        here = {symbol: qty for symbol, qty in sums.items() if qty}
        there = books.positions(venue, account)
        self.want(here == there, f"{account} holds {here}, and the venue says {there}")
        cash = ours.balances[account] + ignored.get(f"{account}:balance", ZERO)
        self.want(cash == books.balance(venue, account), f"{account} has {cash}, not {books.balance(venue, account)}")
        working = {
            order.cl_ord_id: (order.order_qty, order.cum_qty, order.price, order.stop_px)
            for order in books.working(venue, account)
            if f"{account}:order:{order.cl_ord_id}" not in ignored
        }
        known = {
            order.current_id: (order.order_qty, order.cum_qty, order.price, order.stop_px)
            for order in ours.open_on(account)
        }
        self.want(working == known, f"{account} works {known}, and the venue {working}")
        for fill in books.fills(venue, account):
            missed = ours.find(fill.cl_ord_id) is not None and (account, fill.exec_id) not in ours.exec_ids
            self.want(not missed, f"{fill.exec_id}, {fill.last_qty} of {fill.cl_ord_id}, was never booked")


class ComesToRest(Invariant):
    """After faults stop, every unknown resolves within two query intervals or is in quarantine, and gates reopen."""

    ID = "L1"
    OPENS_BY_ITSELF = ("UNRECONCILED", "BREAK")
    NEVER = ("CORE_FAILURE", "EGRESS")

    def at_rest(self, ours: Ours, venues: Venues) -> None:
        for account, causes in ours.causes.items():
            shut = [cause for cause in self.OPENS_BY_ITSELF if cause in causes]
            self.want(not shut, f"{account} is still held back by {shut}")
            broken = [cause for cause in self.NEVER if cause in causes]
            self.want(not broken, f"{account}: {broken}")


class CancelsProgress(Invariant):
    """Cancels always progress: what was to be cancelled is over, and so is what a stop called back."""

    ID = "L2"

    def at_rest(self, ours: Ours, venues: Venues) -> None:
        for order in ours.open.values():
            self.want(not order.cancel_wanted, f"{order.cl_ord_id} was to be cancelled, and works")
            signal = ours.signals.get(order.intent.signal_id)
            strategy = order.intent.strategy or ("" if signal is None else signal.strategy)
            scopes = [
                f"{ScopeKind.EVERYTHING}:",
                f"{ScopeKind.VENUE}:{ours.venue_of[order.intent.account]}",
                f"{ScopeKind.ACCOUNT}:{order.intent.account}",
                f"{ScopeKind.INSTRUMENT}:{order.intent.symbol}",
                *([f"{ScopeKind.STRATEGY}:{strategy}"] if strategy else []),
            ]
            levels = [level for scope in scopes for level in ours.stops.get(scope, ()) if level in CALLS_BACK]
            self.want(not (levels and order.enters and not order.adopted), f"{order.cl_ord_id} works under {levels}")


class NobodyWaitsForAnother(Invariant):
    """One hung or failing venue delays no other account: what a record asks for leaves before time goes on."""

    ID = "I21"

    def __init__(self) -> None:
        self._asked: dict[Request, int] = {}

    def on_made(self, ours: Ours, record: Record, venues: Venues) -> None:
        match record.input:
            case inp.VenueFailed(account=account, cl_ord_id=own) | inp.EgressRefused(account=account, cl_ord_id=own):
                for request in tuple(self._asked):  # it was held back, or refused, on the way
                    names = (getattr(request, "cl_ord_id", None), getattr(request, "orig_cl_ord_id", None))
                    if request.account == account and own in names:
                        del self._asked[request]
        late = [request for request, asked_ns in self._asked.items() if asked_ns < record.now_ns]
        self.want(not late, f"at {record.now_ns} this has not left: {late[:1]}")
        if isinstance(record.input, inp.StopEngine):
            self._asked.clear()  # nothing leaves an engine that stops
        else:
            self._asked.update(dict.fromkeys(record.requests, record.now_ns))

    def on_request(self, ours: Ours, request: Request, now_ns: int) -> None:
        self._asked.pop(request, None)

    def on_start(self, ours: Ours) -> None:
        self._asked.clear()
