"""Invariants of orders: one for one intent, durable before they leave, legal in every step, over only for a reason."""

from collections import Counter
from decimal import Decimal
from typing import ClassVar

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages import requests as rq
from coxswain.messages.events import Event
from coxswain.messages.record import Record
from coxswain.messages.requests import Request
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecType,
    OrdStatus,
    ReachedVenue,
    Role,
    VenueTier,
)
from coxswain.sim import books
from coxswain.sim.checker.invariant import Invariant, Venues
from coxswain.sim.checker.kept import Kept, Stage
from coxswain.sim.checker.ours import Ours
from coxswain.venues.paper import PaperVenue

LEGS = (Role.STOP, Role.TARGET)
NS_PER_S = 1_000_000_000
Ended = ev.OrderRejected | ev.OrderCanceled | ev.OrderExpired


class OneLiveOrder(Invariant):
    """At most one live venue order per intent."""

    ID = "I1"
    SURVIVES = True

    def __init__(self) -> None:
        self._sent: Counter[ClOrdId] = Counter()
        """How often each id has left as a new order, over all processes."""

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.OrderCreated(cl_ord_id=own):
                self.want(ours.find(own) is None, f"{own} was created before")
                renewed = None if event.renews is None else ours.find(event.renews)
                over = event.renews is None or (renewed is not None and renewed.stage is Stage.OVER)
                self.want(over, f"{own} takes the place of {event.renews}, which is not over")
            case ev.OrderResent(account=account, cl_ord_id=own):
                order, looks = ours.orders[own], ours.absent[own]
                settle_ns = int(ours.setting("settle_window_s", 2)) * NS_PER_S
                self.want(ours.can[account].tier is VenueTier.T1, f"{own} was sent again at a venue that forgets ids")
                self.want(order.stage is Stage.SENT and not order.cum_qty, f"{own} was sent again, and was known there")
                self.want(not order.resent, f"{own} was sent a third time")
                is_proof = len(looks) > 1 and max(looks) - min(looks) >= settle_ns
                self.want(is_proof, f"{own} was sent again after looks at {looks}")

    def on_request(self, ours: Ours, request: Request, now_ns: int) -> None:
        if isinstance(request, rq.NewOrder):
            self._sent[request.cl_ord_id] += 1
            order = ours.orders[request.cl_ord_id]
            self.want(self._sent[request.cl_ord_id] <= 1 + order.resent, f"{request.cl_ord_id} left twice")

    def on_made(self, ours: Ours, record: Record, venues: Venues) -> None:
        for account, venue in venues.venue_of.items():
            live = Counter(self._intents(ours, venues.venues[venue], account))
            self.want(all(count == 1 for count in live.values()), f"more than one live order on {account}: {live}")

    def _intents(self, ours: Ours, venue: PaperVenue, account: AccountId) -> list[tuple[str, ...]]:
        live: list[tuple[str, ...]] = []
        for order in books.working(venue, account):
            own = ours.orders.get(order.ids[0])
            if own is None or own.adopted or own.cl_ord_id in ours.called_rejected | ours.settled:
                continue  # somebody's own, at the venue, or one that the venue disowned, or a person
            intent = own.intent
            if intent.role in LEGS:
                if not own.cancel_wanted:  # one may be on its way out while the one in its place has come
                    live.append((intent.role, intent.symbol, intent.side))
            elif intent.role is Role.EXIT:
                live.append((intent.role, intent.symbol, intent.signal_id))
            else:
                live.append(("entry", intent.signal_id))
        return live


class DurableFirst(Invariant):
    """Nothing leaves for a venue without an earlier durable intent of the same content."""

    ID = "I3"
    SAME = ("account", "symbol", "side", "ord_type", "time_in_force", "order_qty", "price", "stop_px", "oco_group")

    def on_record(self, ours: Ours, record: Record) -> None:
        for request in record.requests:
            match request:
                case rq.NewOrder():
                    self._as_created(ours, record, request)
                case rq.ReplaceOrder():
                    self.want(ours.can[request.account].native_replace, "a venue that changes no orders was asked to")
                    asked = [
                        (event.order_qty, event.price, event.stop_px)
                        for event in record.events
                        if isinstance(event, ev.ReplaceRequested) and event.new_cl_ord_id == request.cl_ord_id
                    ]
                    change = (request.order_qty, request.price, request.stop_px)
                    self.want(asked == [change], f"{request.cl_ord_id} asks for {change}, and the record says {asked}")
                case rq.CancelOrder():
                    order = ours.find(request.cl_ord_id)
                    names = {request.cl_ord_id} if order is None else order.ids
                    why = [each for each in record.events if isinstance(each, ev.CancelRequested | ev.IncidentRaised)]
                    said_why = any(event.cl_ord_id in names for event in why)
                    self.want(said_why, f"{request.cl_ord_id} is cancelled, and the record does not say why")
                case rq.QueryOrder():
                    asked_for = [each.account for each in record.events if isinstance(each, ev.QuestionAsked)]
                    self.want(request.account in asked_for, f"{request.cl_ord_id} is asked for without a word")
                case rq.QueryAccount():
                    compared = [each.account for each in record.events if isinstance(each, ev.ComparisonAsked)]
                    self.want(request.account in compared, f"the books of {request.account} are asked for, and why?")

    def _as_created(self, ours: Ours, record: Record, request: rq.NewOrder) -> None:
        own, can = request.cl_ord_id, ours.can[request.account]
        said = [each for each in record.events if isinstance(each, ev.OrderCreated | ev.OrderResent)]
        self.want(any(each.cl_ord_id == own for each in said), f"{own} leaves, and its record did not create it")
        intent = ours.orders[own].intent
        for name in self.SAME:
            self.want(getattr(request, name) == getattr(intent, name), f"{own}: {name} is not what was kept")
        self.want(request.reduce_only == (intent.reduce_only and can.native_reduce_only), f"{own}: reduce_only")
        self.want(request.ord_type in can.ord_types, f"{own}: a venue was sent what it does not take")
        self.want(request.time_in_force in can.times_in_force, f"{own}: a venue was sent what it does not take")
        self.want(request.oco_group is None or can.native_oco, f"{own}: a group at a venue that knows none")


class OverForAReason(Invariant):
    """No order goes terminal without the venue's evidence or a recorded human decision."""

    ID = "I4"
    SAYS: ClassVar = {
        ev.OrderRejected: (ExecType.REJECTED, OrdStatus.REJECTED),
        ev.OrderCanceled: (ExecType.CANCELED, OrdStatus.CANCELED),
        ev.OrderExpired: (ExecType.EXPIRED, OrdStatus.EXPIRED),
    }

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        if isinstance(event, Ended):
            order = ours.find(event.cl_ord_id)
            if order is None or not self._is_shown(ours, record, order, event):
                self.wrong(f"{event.cl_ord_id} is over as {type(event).__name__} by {type(record.input).__name__}")

    def _is_shown(self, ours: Ours, record: Record, order: Kept, event: Ended) -> bool:
        reported, found = self.SAYS[type(event)]
        unsent = isinstance(event, ev.OrderCanceled) and event.unsent
        match record.input:
            case inp.ExecutionReport() as report:
                return report.exec_type is reported and bool({report.cl_ord_id, report.orig_cl_ord_id} & order.ids)
            case inp.OrderLookedUp(order=None) as answer:
                return answer.cl_ord_id in order.ids and self._is_proved_absent(ours, order)
            case inp.OrderLookedUp() as answer:
                is_so = answer.order is not None and answer.order.ord_status is found
                return answer.cl_ord_id in order.ids and is_so
            case inp.VenueFailed() as failure:
                return failure.reached_venue is ReachedVenue.NO and failure.cl_ord_id in order.ids and unsent
            case inp.EgressRefused() as refusal:
                return refusal.cl_ord_id in order.ids and unsent
            case inp.AccountLookedUp() | inp.ResolveBreak():
                return any(isinstance(each, ev.BreakClosed) and each.chosen is not None for each in record.events)
            case inp.CancelOrders() | inp.ChangeOrder() | inp.StopTrading():
                return False  # a wish is no evidence
            case other:  # what a person decided about this very order, in words
                decided = getattr(other, "cl_ord_id", None) in order.ids
                return decided and bool(getattr(other, "actor", "")) and bool(getattr(other, "reason", ""))

    def _is_proved_absent(self, ours: Ours, order: Kept) -> bool:
        """Two looks a settle window apart, at a venue that could have found it, and nothing of it filled."""
        looks = ours.absent[order.current_id]
        settle_ns = int(ours.setting("settle_window_s", 2)) * NS_PER_S
        can_look = ours.can[order.intent.account].tier is not VenueTier.T3
        return can_look and len(looks) > 1 and max(looks) - min(looks) >= settle_ns and not order.cum_qty


class LegalSteps(Invariant):
    """Only legal transitions; cum_qty falls only by bust or correction."""

    ID = "I9"
    FROM: ClassVar = {
        ev.OrderAccepted: (Stage.SENT, Stage.WORKS),
        ev.OrderRejected: (Stage.SENT,),
        ev.OrderCanceled: (Stage.SENT, Stage.WORKS),
        ev.OrderExpired: (Stage.SENT, Stage.WORKS),
        ev.OrderRestated: (Stage.SENT, Stage.WORKS),
        ev.CancelRequested: (Stage.SENT, Stage.WORKS),
        ev.ReplaceRequested: (Stage.WORKS,),
        ev.OrderReplaced: (Stage.SENT, Stage.WORKS),
        ev.OrderResent: (Stage.SENT,),
    }
    FORWARD: ClassVar = {Stage.SENT: 0, Stage.WORKS: 1, Stage.OVER: 2}

    def __init__(self) -> None:
        self._stood: dict[ClOrdId, tuple[Stage, Decimal]] = {}

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        allowed = self.FROM.get(type(event))
        if allowed is None:
            return
        own: ClOrdId = event.cl_ord_id  # type: ignore[union-attr]
        order = ours.orders.get(own)
        if order is None:
            self.wrong(f"{type(event).__name__} of {own}, which was never created")
        self.want(order.stage in allowed, f"{type(event).__name__} of {own}, which is {order.stage}")
        if isinstance(event, ev.ReplaceRequested):
            self.want(order.asked is None, f"{own} is changed again before the last change was answered")

    def on_record(self, ours: Ours, record: Record) -> None:
        for order in ours.touched(record):
            own = order.cl_ord_id
            stage, cum_qty = self._stood.get(order.cl_ord_id, (Stage.SENT, ZERO))
            forward = self.FORWARD[order.stage] >= self.FORWARD[stage]
            self.want(forward, f"{own} went back from {stage} to {order.stage}")
            self.want(order.cum_qty >= cum_qty or order.reversed, f"cum_qty of {own} fell without a bust")
            self.want(order.cum_qty >= 0, f"cum_qty of {own} is {order.cum_qty}")
            self._stood[order.cl_ord_id] = order.stage, order.cum_qty
