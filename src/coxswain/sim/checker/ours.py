"""Books of accounts, orders, stops and limits, kept from the records alone and in the plainest way.

Nothing is judged here. What the engine keeps it keeps elsewhere, and none of it is read.
"""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.decimals import ZERO
from coxswain.model.market import Instrument, Quote
from coxswain.model.setup import Capabilities, Setup
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    SIGN,
    AccountId,
    ClOrdId,
    ExecId,
    ExecType,
    SignalId,
    Symbol,
    TradingState,
    VenueId,
)
from coxswain.sim.checker.kept import Change, Kept, Levels, Money, Place, Stage


class Ours:
    """What every record so far has said."""

    def __init__(self) -> None:
        self.setup: Setup | None = None
        self.now_ns = 0
        self.instruments: dict[Symbol, Instrument] = {}
        self.can: dict[AccountId, Capabilities] = {}
        self.venue_of: dict[AccountId, VenueId] = {}
        self.currency: dict[AccountId, str] = {}
        self.orders: dict[ClOrdId, Kept] = {}
        self.open: dict[ClOrdId, Kept] = {}
        self.of_signal: defaultdict[SignalId, list[Kept]] = defaultdict(list)
        """Orders that enter."""
        self._own_id: dict[ClOrdId, ClOrdId] = {}
        self.exec_ids: set[tuple[AccountId, ExecId]] = set()
        self.fills: dict[tuple[AccountId, ExecId], tuple[Decimal, Decimal]] = {}
        """Quantity and price in force, by the first exec id."""
        self.positions: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self.money: defaultdict[Place, Money] = defaultdict(Money)
        self.balances: dict[AccountId, Decimal] = {}
        self.levels: dict[Place, Levels] = {}
        self.exits: dict[Place, ev.ExitStarted] = {}
        self.quotes: dict[Symbol, Quote] = {}
        self.trades: dict[Symbol, bool] = {}
        """Whether its market is open."""
        self.signals: dict[SignalId, Signal] = {}
        self.stops: dict[str, dict[str, str]] = {}
        """By scope and level, who stopped it."""
        self.causes: defaultdict[AccountId, dict[str, None]] = defaultdict(dict)
        self.state: dict[AccountId, TradingState] = {}
        self.breaks: dict[AccountId, dict[str, ev.BreakFound]] = {}
        self.ignored: defaultdict[AccountId, dict[str, Decimal]] = defaultdict(dict)
        self.limits: dict[tuple[AccountId | None, str], Decimal] = {}
        """What was changed, above what the configuration says."""
        self.limit_version = 1
        self.absent: defaultdict[ClOrdId, list[int]] = defaultdict(list)
        """When the venue was seen not to have an order."""
        self.called_rejected: set[ClOrdId] = set()
        self.settled: set[ClOrdId] = set()
        """By a person, who may have been wrong."""
        self.epoch = self.newest_epoch = 0

    # --- look-ups -----------------------------------------------------------------------------------------------------

    def find(self, cl_ord_id: ClOrdId) -> Kept | None:
        return self.orders.get(self._own_id.get(cl_ord_id, cl_ord_id))

    def touched(self, record: Record) -> list[Kept]:
        """Return the orders that the events of a record name, each once."""
        names = dict.fromkeys(getattr(event, "cl_ord_id", None) for event in record.events)
        found = (self.find(name) for name in names if name is not None)
        return list({order.cl_ord_id: order for order in found if order is not None}.values())

    def limit(self, account: AccountId, key: str) -> Decimal | None:
        """Return the value in force, as far as anybody ever said one: the default is the engine's to know."""
        setup = self.setup
        if (account, key) in self.limits:
            return self.limits[account, key]
        own = {} if setup is None else next((spec.limits for spec in setup.accounts if spec.id == account), {})
        if key in own:
            return own[key]
        if (None, key) in self.limits:
            return self.limits[None, key]
        return None if setup is None else setup.settings.get(key)

    def setting(self, key: str, default: int) -> Decimal:
        """Return a value of the whole desk."""
        if (None, key) in self.limits:
            return self.limits[None, key]
        return Decimal(default) if self.setup is None else self.setup.settings.get(key, Decimal(default))

    def open_on(self, account: AccountId, symbol: Symbol | None = None) -> list[Kept]:
        return [
            order
            for order in self.open.values()
            if order.intent.account == account and symbol in (None, order.intent.symbol)
        ]

    # --- records ------------------------------------------------------------------------------------------------------

    def hear(self, record: Record) -> None:
        """Take what came in, before what became of it."""
        self.now_ns = record.now_ns
        match record.input:
            case inp.EngineStarted(setup=setup):
                self.setup = setup
                self.instruments = {instrument.symbol: instrument for instrument in setup.instruments}
                self.trades = dict.fromkeys(self.instruments, True) | self.trades
                can = {spec.id: spec.capabilities for spec in setup.venues}
                for spec in setup.accounts:
                    self.can[spec.id] = can[spec.venue]
                    self.venue_of[spec.id], self.currency[spec.id] = spec.venue, spec.currency
                self.epoch = 0
            case Quote() as quote:
                self.quotes[quote.symbol] = quote
            case inp.ObserveHost(lease_epoch=epoch):
                self.epoch, self.newest_epoch = epoch, max(epoch, self.newest_epoch)
            case inp.LeaseTakenOver(epoch=epoch):
                self.newest_epoch = max(epoch, self.newest_epoch)
            case inp.OrderLookedUp(cl_ord_id=cl_ord_id, order=None) as answer:
                order, looked_ns = self.find(cl_ord_id), answer.as_of_ns or record.now_ns
                if order is None or looked_ns > order.heard_ns:
                    self.absent[cl_ord_id].append(looked_ns)
            case inp.ExecutionReport(exec_type=ExecType.REJECTED, cl_ord_id=cl_ord_id):
                self.called_rejected.add(cl_ord_id)

    def take(self, event: ev.Event) -> None:
        """Take one thing that became fact."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    # --- orders -------------------------------------------------------------------------------------------------------

    def _created(self, event: ev.OrderCreated) -> None:
        intent, own = event.intent, event.cl_ord_id
        order = Kept(
            own,
            intent,
            event.enters,
            event.margin_per_lot,
            event.risk_per_lot,
            intent.order_qty,
            intent.price,
            intent.stop_px,
            self.now_ns,
            event.dies_ns,
            renews=event.renews,
        )
        self._enter(order)

    def _adopted(self, event: ev.OrderAdopted) -> None:
        intent = event.intent
        order = Kept(
            event.cl_ord_id,
            intent,
            True,
            event.margin_per_lot,
            event.risk_per_lot,
            intent.order_qty,
            intent.price,
            intent.stop_px,
            self.now_ns,
            adopted=True,
            stage=Stage.WORKS,
        )
        self._enter(order)

    def _enter(self, order: Kept) -> None:
        order.current_id, order.ids = order.cl_ord_id, {order.cl_ord_id}
        self.orders[order.cl_ord_id] = self.open[order.cl_ord_id] = order
        if order.enters:
            self.of_signal[order.intent.signal_id].append(order)

    def _heard(self, order: Kept) -> None:
        order.heard_ns = self.now_ns
        for name in order.ids:
            self.absent.pop(name, None)

    def _works(self, order: Kept) -> None:
        self._heard(order)
        if order.stage is Stage.SENT:
            order.stage = Stage.WORKS
        if order.stage is Stage.WORKS and order.cum_qty and order.cum_qty >= order.order_qty:
            self._end(order, "FILLED")

    def _end(self, order: Kept, ended_as: str) -> None:
        order.stage, order.ended_as, order.asked, order.is_known = Stage.OVER, ended_as, None, True
        self.open.pop(order.cl_ord_id, None)

    def _accepted(self, event: ev.OrderAccepted) -> None:
        self._works(self.orders[event.cl_ord_id])

    def _rejected(self, event: ev.OrderRejected) -> None:
        self._end(self.orders[event.cl_ord_id], "REJECTED")

    def _canceled(self, event: ev.OrderCanceled) -> None:
        self._end(self.orders[event.cl_ord_id], "CANCELED")

    def _expired(self, event: ev.OrderExpired) -> None:
        self._end(self.orders[event.cl_ord_id], "EXPIRED")

    def _restated(self, event: ev.OrderRestated) -> None:
        order = self.orders[event.cl_ord_id]
        order.order_qty = event.order_qty
        order.price = order.price if event.price is None else event.price
        order.stop_px = order.stop_px if event.stop_px is None else event.stop_px
        self._works(order)

    def _cancel_requested(self, event: ev.CancelRequested) -> None:
        self.orders[event.cl_ord_id].cancel_wanted = True

    def _replace_requested(self, event: ev.ReplaceRequested) -> None:
        order = self.orders[event.cl_ord_id]
        order.asked = Change(event.new_cl_ord_id, event.order_qty, event.price, event.stop_px)
        order.ids.add(event.new_cl_ord_id)
        order.refused = False
        self._own_id[event.new_cl_ord_id] = order.cl_ord_id
        order.margin_per_lot = max(order.margin_per_lot, event.margin_per_lot or ZERO)
        order.risk_per_lot = max(order.risk_per_lot, event.risk_per_lot or ZERO)

    def _replaced(self, event: ev.OrderReplaced) -> None:
        order, new_id = self.orders[event.cl_ord_id], event.new_cl_ord_id
        asked = order.asked if order.asked is not None and order.asked.cl_ord_id == new_id else None
        change = asked or order.given_up.get(new_id)
        if change is not None:
            order.price = order.price if change.price is None else change.price
            order.stop_px = order.stop_px if change.stop_px is None else change.stop_px
        if asked is not None:
            order.asked = None
        order.current_id, order.order_qty = new_id, event.order_qty
        self._works(order)

    def _replace_refused(self, event: ev.ReplaceRefused) -> None:
        order = self.orders[event.cl_ord_id]
        if order.asked is not None:
            order.given_up[order.asked.cl_ord_id] = order.asked
        order.asked, order.refused = None, event.by_venue

    def _unknown(self, event: ev.OutcomeUnknown) -> None:
        self.orders[event.cl_ord_id].is_known = False

    def _resolved(self, event: ev.OutcomeResolved) -> None:
        self.orders[event.cl_ord_id].is_known = True

    def _resent(self, event: ev.OrderResent) -> None:
        order = self.orders[event.cl_ord_id]
        order.resent += 1
        self._heard(order)
        order.is_known = True

    def _settled(self, event: ev.OrderSettled) -> None:
        self.settled.add(event.cl_ord_id)

    def _incident(self, event: ev.IncidentRaised) -> None:
        order = self.find(event.cl_ord_id)
        if order is not None and event.kind in ("LATE_FILL", "OVERFILL", "FILL_AFTER_EXIT"):
            order.surplus = True

    # --- fills and positions ------------------------------------------------------------------------------------------

    def _filled(self, event: ev.OrderFilled) -> None:
        self.exec_ids.add((event.account, event.exec_id))
        self.fills[event.account, event.exec_id] = event.last_qty, event.last_px
        self._trade(event.account, event.symbol, SIGN[event.side] * event.last_qty, event.last_px)
        order = None if event.suspense else self.find(event.cl_ord_id)
        if order is not None:
            self._fill(order, event.last_qty, event.last_qty * event.last_px)

    def _busted(self, event: ev.FillBusted) -> None:
        self._take_back(event, -event.last_qty, -event.last_qty * event.last_px)
        if event.belongs_to:  # the venue's books list it elsewhere: it is booked there next, under the same id
            self.exec_ids -= {(event.account, event.exec_id), (event.account, event.exec_ref_id)}
        self._trade(event.account, event.symbol, -SIGN[event.side] * event.last_qty, event.last_px)

    def _corrected(self, event: ev.FillCorrected) -> None:
        notional = event.last_qty * event.last_px - event.former_qty * event.former_px
        self._take_back(event, event.last_qty - event.former_qty, notional)
        self._trade(event.account, event.symbol, -SIGN[event.side] * event.former_qty, event.former_px)
        self._trade(event.account, event.symbol, SIGN[event.side] * event.last_qty, event.last_px)
        self.fills[event.account, event.exec_ref_id] = event.last_qty, event.last_px

    def _noted(self, event: ev.ReversalNoted) -> None:
        if not event.waits:
            reversal = event.reversal
            self.exec_ids |= {(event.account, reversal.exec_id), (event.account, reversal.exec_ref_id)}

    def _take_back(self, event: ev.FillBusted | ev.FillCorrected, qty: Decimal, notional: Decimal) -> None:
        self.exec_ids.add((event.account, event.exec_id))
        order = None if event.suspense else self.find(event.cl_ord_id)
        if order is not None:
            order.reversed = True
            self._fill(order, qty, notional)

    def _fill(self, order: Kept, qty: Decimal, notional: Decimal) -> None:
        order.cum_qty += qty
        order.notional += notional
        if qty > 0 or order.stage is Stage.WORKS:
            self._works(order)

    def _trade(self, account: AccountId, symbol: Symbol, qty: Decimal, px: Decimal) -> None:
        self.positions[account, symbol] += qty
        self.money[account, symbol].paid += qty * px * self.instruments[symbol].contract_size

    def _position_changed(self, event: ev.PositionChanged) -> None:
        place = event.account, event.symbol
        money = self.money[place]
        money.cost = event.cost
        if money.afresh:
            money.afresh, money.realized = False, ZERO
        else:
            money.realized += event.realized
        if event.account in self.balances:
            self.balances[event.account] = event.balance
        if event.closed:
            self.levels.pop(place, None)

    def _position_adopted(self, event: ev.PositionAdopted) -> None:
        self.positions[event.account, event.symbol] = event.qty
        self.money[event.account, event.symbol] = Money(paid=event.cost, cost=event.cost, afresh=True)

    def _levels_set(self, event: ev.ProtectionLevelsSet) -> None:
        self.levels[event.account, event.symbol] = Levels(event.stop_px, event.target_px)

    def _trailed(self, event: ev.StopTrailed) -> None:
        place = event.account, event.symbol
        self.levels[place] = msgspec.structs.replace(self.levels.get(place, Levels()), stop_px=event.stop_px)

    def _exit_started(self, event: ev.ExitStarted) -> None:
        self.exits[event.account, event.symbol] = event

    def _exit_ended(self, event: ev.ExitEnded) -> None:
        self.exits.pop((event.account, event.symbol), None)

    def _balance(self, event: ev.BalanceAdopted | ev.BalanceAdjusted | ev.CashBooked) -> None:
        self.balances[event.account] = event.balance

    # --- what restricts -----------------------------------------------------------------------------------------------

    def _state_changed(self, event: ev.AccountStateChanged) -> None:
        if event.active:
            self.causes[event.account][event.cause] = None
        else:
            self.causes[event.account].pop(event.cause, None)
        self.state[event.account] = event.state

    def _stopped(self, event: ev.TradingStopped) -> None:
        self.stops.setdefault(f"{event.scope.kind}:{event.scope.id}", {})[event.level] = event.actor

    def _resumed(self, event: ev.TradingResumed) -> None:
        self.stops.pop(f"{event.scope.kind}:{event.scope.id}", None)

    def _break_found(self, event: ev.BreakFound) -> None:
        self.breaks.setdefault(event.account, {})[event.break_id] = event

    def _break_closed(self, event: ev.BreakClosed) -> None:
        self.breaks[event.account].pop(event.break_id)
        if event.ignored is not None:
            self.ignored[event.account][event.break_id] = event.ignored

    def _difference_gone(self, event: ev.DifferenceGone) -> None:
        self.ignored[event.account].pop(event.break_id, None)

    def _limits_changed(self, event: ev.LimitsChanged) -> None:
        self.limit_version = event.version
        for change in event.changes:
            self.limits[change.account, change.key] = change.after

    def _limits_proposed(self, event: ev.LimitsProposed) -> None:
        if event.source == "CONFIGURATION":  # what waits for a second person changes nothing yet
            for change in event.changes:
                self.limits[change.account, change.key] = change.before

    def _session_set(self, event: ev.SessionSet) -> None:
        self.trades.update(dict.fromkeys(event.symbols, event.is_open))

    def _signal_accepted(self, event: ev.SignalAccepted) -> None:
        self.signals[event.signal.id] = event.signal


# Each function takes the event that it stands beside; no type says that of a table.
_HANDLERS: dict[type, Callable[..., None]] = {
    ev.OrderCreated: Ours._created,
    ev.OrderAdopted: Ours._adopted,
    ev.OrderAccepted: Ours._accepted,
    ev.OrderRejected: Ours._rejected,
    ev.OrderCanceled: Ours._canceled,
    ev.OrderExpired: Ours._expired,
    ev.OrderRestated: Ours._restated,
    ev.CancelRequested: Ours._cancel_requested,
    ev.ReplaceRequested: Ours._replace_requested,
    ev.OrderReplaced: Ours._replaced,
    ev.ReplaceRefused: Ours._replace_refused,
    ev.OutcomeUnknown: Ours._unknown,
    ev.OutcomeResolved: Ours._resolved,
    ev.OrderResent: Ours._resent,
    ev.OrderSettled: Ours._settled,
    ev.IncidentRaised: Ours._incident,
    ev.OrderFilled: Ours._filled,
    ev.FillBusted: Ours._busted,
    ev.FillCorrected: Ours._corrected,
    ev.ReversalNoted: Ours._noted,
    ev.PositionChanged: Ours._position_changed,
    ev.PositionAdopted: Ours._position_adopted,
    ev.ProtectionLevelsSet: Ours._levels_set,
    ev.StopTrailed: Ours._trailed,
    ev.ExitStarted: Ours._exit_started,
    ev.ExitEnded: Ours._exit_ended,
    ev.BalanceAdopted: Ours._balance,
    ev.BalanceAdjusted: Ours._balance,
    ev.CashBooked: Ours._balance,
    ev.AccountStateChanged: Ours._state_changed,
    ev.TradingStopped: Ours._stopped,
    ev.TradingResumed: Ours._resumed,
    ev.BreakFound: Ours._break_found,
    ev.BreakClosed: Ours._break_closed,
    ev.DifferenceGone: Ours._difference_gone,
    ev.LimitsChanged: Ours._limits_changed,
    ev.LimitsProposed: Ours._limits_proposed,
    ev.SessionSet: Ours._session_set,
    ev.SignalAccepted: Ours._signal_accepted,
}
