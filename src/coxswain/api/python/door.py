"""What every public class does alike: reach its engine, hand in commands, wait for answers, and read."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Self, TypeVar

from coxswain.api.python.errors import OrderDenied, ValidationError
from coxswain.api.python.listeners import Handler
from coxswain.api.python.reading import order_of, plan_of, result_of, results_of
from coxswain.api.python.session import ANSWERED_WITHIN_S, SETTLED_WITHIN_S, Session
from coxswain.api.python.signals import read_signal
from coxswain.api.python.types import ExecutionPlan, ExecutionResult, Order, OrderParams
from coxswain.api.python.values import Number, above_zero, choice, optional
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.decimals import text
from coxswain.model.market import Quote, touch
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    OrdStatus,
    OrdType,
    Role,
    SettledAs,
    Side,
    SignalId,
    TimeInForce,
    VenueId,
    Verdict,
)
from coxswain.views.answers import Answer, answer_of
from coxswain.views.blotter import OrderRow
from coxswain.views.plans import Outcome
from coxswain.views.summary import Summary

T = TypeVar("T")
HANDED_OUT_WITHIN_S = 10.0
FOLLOWED_WITHIN_S = 1
TTL_S = 300
"""Of a signal, where no setting says it."""


class Desk:
    """One engine as the public classes share it. Its methods are plain functions; `run` makes them awaitable."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def run(self, work: Callable[[], T]) -> T:
        """In real time others go on meanwhile; in virtual time there is nothing to wait for."""
        return await asyncio.to_thread(work) if self.session.realtime else work()

    # --- commands -----------------------------------------------------------------------------------------------------

    def command(self, message: inp.Input) -> Answer:
        """Hand in an operator's command. Raises `ValidationError` where the engine refuses it."""
        answer = answer_of(self.session.tell(message))
        if not answer.done:
            raise ValidationError(*answer.did_not)
        return answer

    def submit_signal(self, fields: Mapping[str, object], *, hold: bool = False) -> ExecutionPlan:
        """Hand in a signal and return its plan, which waits to be released where it is to be held.

        In virtual time the clock goes to the signal's time first.
        """
        session = self.session
        signal = read_signal(fields, session.now_ns(), int(session.setup.settings.get("signal_ttl_s", TTL_S)))
        if signal.time_given and not session.realtime:
            session.advance_to(signal.signal_time_ns)
        record = session.tell(inp.SubmitSignal(signal, "", hold))
        denied = [event for event in record.events if isinstance(event, ev.SignalDenied)]
        if denied:
            raise ValidationError(*(why for event in denied for why in event.reasons))
        return session.look(lambda: plan_of(session.summary.plans.row(signal.id)))

    def approve(self, signal_id: str) -> None:
        """Release a plan that waits; one that does not is left alone."""
        session, name = self.session, SignalId(signal_id)
        waits = session.look(lambda: any(row.signal_id == name for row in session.summary.controls.waiting()))
        if waits:
            self.command(inp.ApprovePlan((name,), session.actor, "released by API"))

    def results(self, signal_id: str) -> list[ExecutionResult]:
        summary = self.session.summary
        return self.session.look(lambda: results_of(summary, signal_id))

    def await_results(self, signal_id: str, within_s: float = ANSWERED_WITHIN_S) -> list[ExecutionResult]:
        """Wait until every share has left and was answered, and return what came of them."""
        summary, name = self.session.summary, SignalId(signal_id)
        left = self.session.look(lambda: _awaited(summary, name))

        def is_answered() -> bool:
            # One account after the other: a plan may have very many, and this is asked at every step.
            while left and _is_answered(result_of(signal_id, summary.plans.share(name, left[-1]))):
                left.pop()
            if left:
                return False
            recoveries = [result for result in results_of(summary, signal_id) if result.is_recovery]
            return all(map(_is_answered, recoveries)) and not self.session.is_report_near()

        def _is_answered(result: ExecutionResult) -> bool:
            if result.success is not None or result.outcome in (Outcome.PARTIAL, Outcome.UNKNOWN):
                return True
            row = None if result.order_id is None else summary.blotter.orders.get(ClOrdId(result.order_id))
            return row is not None and row.ord_status is not OrdStatus.PENDING_NEW

        self.session.wait_until(is_answered, within_s)
        self._await_what_follows()
        return self.results(signal_id)

    # --- orders -------------------------------------------------------------------------------------------------------

    def submit_order(self, params: OrderParams, venue: str | None = None) -> str:
        """Send one order on the fast path: no plan and no stagger, but the gate and the journal. Return its id.

        Raises `OrderDenied` with every check that failed.
        """
        session = self.session
        intent = self.intent(params, venue)
        record = session.tell(inp.SubmitOrder(intent))
        created = [event for event in record.events if isinstance(event, ev.OrderCreated)]
        if not created:
            raise OrderDenied(*_denials(record))
        return created[0].cl_ord_id

    def intent(self, params: OrderParams, venue: str | None) -> OrderIntent:
        """Say what an order is to be, exactly. Raises `ValidationError` for what cannot be understood."""
        session = self.session
        instrument = session.instrument(params.symbol)
        # A word that only looks like a member would be taken for another one where members are compared.
        side = choice(params.side, Side, "side")
        order_type = choice(params.order_type, OrdType, "order_type")
        quote = session.latest(instrument.symbol) if session.setup.accounts else None
        return OrderIntent(
            self._account_for(params, venue),
            instrument.symbol,
            side,
            order_type,
            choice(params.time_in_force, TimeInForce, "time_in_force"),
            above_zero(params.quantity, "quantity"),
            Role.DIRECT,
            SignalId(params.client_order_id or session.new_name("order")),
            price=optional(params.limit_price, "limit_price"),
            stop_px=optional(params.stop_price, "stop_price"),
            stop_loss=optional(params.stop_loss, "stop_loss"),
            take_profit=optional(params.take_profit, "take_profit"),
            reduce_only=bool(params.reduce_only),
            decision_px=None if quote is None or order_type is not OrdType.MARKET else touch(quote, side),
        )

    def _account_for(self, params: OrderParams, venue: str | None) -> AccountId:
        """Return the account that an order names, or else the only one that can be meant."""
        specs = [spec for spec in self.session.accounts if venue in (None, spec.venue)]
        if params.account_id is not None:
            spec = self.session.account(params.account_id)
            if spec not in specs:
                raise ValidationError(field="account_id", value=params.account_id, wanted=f"an account at {venue}")
            return spec.id
        if not specs:
            venues = ", ".join(dict.fromkeys(spec.venue for spec in self.session.accounts)) or "none is there"
            raise ValidationError(field="venue", value=venue, wanted=f"one of {venues}")
        first = [spec for spec in specs if spec.venue == specs[0].venue]
        if len(first) > 1:
            wanted = f"one of {', '.join(spec.id for spec in first)}: this venue has several"
            raise ValidationError(field="account_id", value=None, wanted=wanted)
        return first[0].id

    def await_order(self, order_id: str, within_s: float = ANSWERED_WITHIN_S) -> Order:
        """Wait until an order was answered, and nothing more is about to be said of it."""

        def is_answered() -> bool:
            row = self.row(order_id)
            if not row.is_open or not row.outcome_known:
                return True
            return row.ord_status is not OrdStatus.PENDING_NEW and not self.session.is_report_near()

        self.session.wait_until(is_answered, within_s)
        self._await_what_follows()
        return self.order(order_id)

    def _await_what_follows(self) -> None:
        """Let protection that follows a fill be answered too, where that is a matter of moments."""
        self.session.wait_until(lambda: not self.session.is_report_near(), FOLLOWED_WITHIN_S)

    def row(self, order_id: str) -> OrderRow:
        """Return an order's row; call it where the views may be read."""
        row = self.session.summary.blotter.find(order_id)
        if row is None:
            raise ValidationError(field="order_id", value=order_id, wanted="the id of an order of this engine")
        return row

    def order(self, order_id: str) -> Order:
        return self.session.look(lambda: order_of(self.session.summary, self.row(order_id)))

    def orders(self, venue: str | None = None) -> list[Order]:
        """List every order, oldest first; of one venue only, if one is named."""
        summary, accounts = self.session.summary, self.accounts_at(venue)
        return self.session.look(
            lambda: [order_of(summary, row) for row in summary.blotter.orders.values() if row.account in accounts]
        )

    def open_order_ids(self) -> set[str]:
        rows = self.session.summary.blotter.orders
        return self.session.look(lambda: {row.cl_ord_id for row in rows.values() if row.is_open})

    def cancel_order(self, order_id: str, reason: str = "cancelled by API") -> bool:
        """Cancel an order and wait for the answer. True if it is cancelled; False if it had filled, or was over."""
        row = self.session.look(lambda: self.row(order_id))
        if row.is_open:
            self.session.tell(inp.CancelOrders(self.session.actor, reason, (row.cl_ord_id,), protection=True))
            self.session.wait_until(lambda: not row.is_open or not row.cancel_pending)
        return self.session.look(lambda: row.ord_status is OrdStatus.CANCELED)

    def settle_order(self, order_id: str, settled_as: str, reason: str, fills: Sequence[str]) -> Order:
        """Say what became of an order that nobody can ask about. Raises `ValidationError` where it is not taken."""
        found = next((each for each in SettledAs if each == settled_as), None)
        if found is None:
            raise ValidationError(field="settled_as", value=settled_as, wanted=" or ".join(SettledAs))
        own, session = ClOrdId(order_id), self.session
        self.command(inp.SettleOrder(own, found, reason, session.actor, tuple(ExecId(name) for name in fills)))
        return self.order(order_id)

    # --- the market, time and listeners -------------------------------------------------------------------------------

    def show(self, symbol: str, bid: Number, ask: Number, bid_size: Number | None, ask_size: Number | None) -> None:
        instrument = self.session.instrument(symbol)
        prices = above_zero(bid, "bid"), above_zero(ask, "ask")
        if prices[0] > prices[1]:
            raise ValidationError(field="bid", value=bid, wanted=f"at most the ask, {text(prices[1])}")
        sizes = optional(bid_size, "bid_size"), optional(ask_size, "ask_size")
        self.session.show(Quote(instrument.symbol, *prices, 0, *sizes))

    def accounts_at(self, venue: str | None) -> set[AccountId]:
        return {spec.id for spec in self.session.accounts if venue is None or spec.venue == VenueId(venue)}


def _awaited(summary: Summary, signal_id: SignalId) -> list[AccountId]:
    """Return the accounts of a plan that have a share which waits for no person."""
    waiting = [account for row in summary.controls.waiting() if row.signal_id == signal_id for account in row.accounts]
    return [
        assignment.account
        for assignment in summary.plans.plans[signal_id].assignments
        if assignment.verdict is Verdict.SEND and assignment.account not in waiting
    ]


class Shared:
    """The methods that every public class has, whatever it is a view of."""

    _desk: Desk

    async def update_price(
        self,
        symbol: str,
        bid: Number,
        ask: Number | None = None,
        bid_size: Number | None = None,
        ask_size: Number | None = None,
    ) -> None:
        """Show the market a price of now: bid and ask, or one price for both; sizes in lots, where they are known.

        The engine looks at an instrument before whatever needs its price; beside a feed, or in real time, else at most
        once a second. Figures are marked at the price it looked at last.
        """
        await self._desk.run(lambda: self._desk.show(symbol, bid, bid if ask is None else ask, bid_size, ask_size))

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, and everything that falls due in it."""
        await self._desk.run(lambda: self._desk.session.advance(seconds))

    async def settle(self, within_s: float = SETTLED_WITHIN_S) -> bool:
        """Let time pass until nothing is under way: what rests at a price, or waits for a person, may stay. False if
        something still is after so many seconds."""
        return await self._desk.run(lambda: self._desk.session.settle(within_s))

    def add_event_handler(self, handler: Handler) -> None:
        """Have every event handed to `handler`, which may be `async`, slow, or raise: nothing waits for it."""
        self._desk.session.listeners.add(handler)

    async def deliver_events(self, timeout_s: float = HANDED_OUT_WITHIN_S) -> bool:
        """Wait until the handlers have had every event so far. False if one is too slow for that."""
        return await asyncio.to_thread(self._desk.session.listeners.wait, timeout_s)

    async def shutdown(self) -> None:
        """Compare the books a last time, leave a checkpoint in the journal, and let everything go.

        Positions, and protection that works at a venue, stay there.
        """
        session = self._desk.session
        await self._desk.run(session.close)
        await asyncio.to_thread(session.listeners.close, HANDED_OUT_WITHIN_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown()


def _denials(record: Record) -> list[str]:
    return [why for event in record.events if isinstance(event, ev.OrderDenied) for why in event.reasons]
