"""Invariants of fills: booked once, never dropped, and everything is the sum of them."""

from collections import Counter, defaultdict
from decimal import Decimal

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.events import Event
from coxswain.messages.record import Record
from coxswain.model.decimals import ONE, ZERO
from coxswain.model.orders import VenueFill
from coxswain.model.plan import Assignment
from coxswain.model.vocabulary import SIGN, AccountId, ExecType, SignalId, SignalKind, Verdict
from coxswain.sim import books
from coxswain.sim.checker.invariant import Invariant, Venues
from coxswain.sim.checker.kept import Place, Stage
from coxswain.sim.checker.ours import Ours

QUANTUM = Decimal("1e-6")
"""More than what is rounded in all the trades of a world."""
Reversed = ev.FillBusted | ev.FillCorrected


class BookedOnce(Invariant):
    """Each (venue, account, exec_id) is booked at most once."""

    ID = "I5"

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.OrderFilled():
                self.want((event.account, event.exec_id) not in ours.exec_ids, f"{event.exec_id} was booked twice")
            case ev.FillBusted() | ev.FillCorrected():
                self.want((event.account, event.exec_id) not in ours.exec_ids, f"{event.exec_id} was taken back twice")
                stands = ours.fills.get((event.account, event.exec_ref_id))
                self.want(stands is not None, f"{event.exec_ref_id} is taken back, and was never booked")
                before = (event.last_qty, event.last_px)
                if isinstance(event, ev.FillCorrected):
                    before = (event.former_qty, event.former_px)
                self.want(stands == before, f"{event.exec_ref_id} was {stands}, and {before} of it is taken back")


class SumsOfFills(Invariant):
    """cum_qty is the sum of live fills, a position the signed sum of fills, cash the sum of flows.

    At account, instrument and firm level: what holds of every account holds of their sum.
    """

    ID = "I6"

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.OrderFilled():
                self._filled(ours, event)
            case ev.FillBusted():
                self._taken_back(ours, event, -event.last_qty)
            case ev.FillCorrected():
                self._taken_back(ours, event, event.last_qty - event.former_qty)
            case ev.PositionChanged(account=account):
                self._position(ours, event)
                if account in ours.balances:
                    self._flow(ours, account, event.realized - event.commission, event.balance)
            case ev.BalanceAdjusted(account=account):
                self._flow(ours, account, event.difference, event.balance)
            case ev.CashBooked(account=account):
                self._flow(ours, account, event.movement.amount, event.balance)

    def _filled(self, ours: Ours, event: ev.OrderFilled) -> None:
        named, qty = event.cl_ord_id, event.last_qty
        order = None if event.suspense else ours.find(named)
        if order is None:
            self.want(event.cum_qty == qty, f"{named}: {qty} was filled, and the event says {event.cum_qty}")
            return
        cum_qty = order.cum_qty + qty
        leaves = ZERO if order.stage is Stage.OVER else max(order.order_qty - cum_qty, ZERO)
        avg_px = (order.notional + qty * event.last_px) / cum_qty
        self.want(event.cum_qty == cum_qty, f"{named} has filled {cum_qty}, and the event says {event.cum_qty}")
        self.want(event.leaves_qty == leaves, f"{named} leaves {leaves}, and the event says {event.leaves_qty}")
        self.want(
            abs(event.avg_px - avg_px) < QUANTUM, f"{named} filled at {avg_px}, and the event says {event.avg_px}"
        )

    def _taken_back(self, ours: Ours, event: Reversed, qty: Decimal) -> None:
        order = None if event.suspense else ours.find(event.cl_ord_id)
        if order is not None:
            cum_qty = order.cum_qty + qty
            self.want(event.cum_qty == cum_qty, f"{order.cl_ord_id} has {cum_qty} left, the event says {event.cum_qty}")

    def _position(self, ours: Ours, event: ev.PositionChanged) -> None:
        place, at = (event.account, event.symbol), f"{event.account} {event.symbol}"
        qty, money = ours.positions[place], ours.money[place]
        self.want(qty == event.qty, f"{at}: the fills sum to {qty}, and the event says {event.qty}")
        if money.afresh:
            self.want(money.cost == event.cost, f"{at}: adopted at {money.cost}, and the event says {event.cost}")
        elif ours.instruments[event.symbol].currency == ours.currency[event.account]:
            cost = money.paid + money.realized + event.realized
            self.want(abs(cost - event.cost) < QUANTUM, f"{at}: cost {cost} by its flows, the event says {event.cost}")

    def _flow(self, ours: Ours, account: AccountId, amount: Decimal, balance: Decimal) -> None:
        expected = ours.balances[account] + amount
        self.want(expected == balance, f"{account}: cash is {expected} by its flows, the event says {balance}")


class WithinTheParent(Invariant):
    """Children never exceed the parent: neither an account's share of a plan, nor the plan over all accounts."""

    ID = "I6"

    def __init__(self) -> None:
        self._plans: dict[SignalId, tuple[Assignment, ...]] = {}
        self._shares: dict[SignalId, dict[AccountId, Decimal]] = {}
        self._totals: defaultdict[SignalId, Decimal] = defaultdict(Decimal)

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        match event:
            case ev.PlanProposed(plan):
                if plan.kind is SignalKind.ENTRY:
                    self._plans[plan.signal_id] = plan.assignments
            case ev.PlanModified(signal_id, assignments):
                changed = {each.account: each for each in assignments}
                plan_before = self._plans.get(signal_id, ())
                for each in plan_before:
                    lower = changed.get(each.account, each)
                    self.want(lower.qty <= each.qty, f"a person raised the share of {each.account} in {signal_id}")
                self._plans[signal_id] = tuple(changed.get(each.account, each) for each in plan_before)
            case ev.PlanApproved(signal_id):
                if signal_id in self._plans and not ours.signals[signal_id].legs:
                    self._approve(signal_id, event.assignments)
            case ev.RecoveryAssigned(signal_id, failed, account, qty):
                order = ours.orders[failed]
                self.want(order.ended_as == "REJECTED", f"the rest of {failed} is moved, which is {order.stage}")
                left = order.intent.order_qty - order.cum_qty
                self.want(qty <= left, f"{qty} of {failed} is moved, and {left} is left")
                self._shares.setdefault(signal_id, {})[account] = qty
            case ev.SecondOrderDue(signal_id, account, qty):
                shares = self._shares[signal_id]
                self._totals[signal_id] += qty - shares[account]
                shares[account] = qty

    def _approve(self, signal_id: SignalId, approved: tuple[Assignment, ...] | None) -> None:
        for each in self._plans[signal_id] if approved is None else approved:
            if each.verdict is Verdict.SEND:
                self._shares.setdefault(signal_id, {})[each.account] = each.qty
                self._totals[signal_id] += each.qty

    def on_record(self, ours: Ours, record: Record) -> None:
        for signal_id in {order.intent.signal_id for order in ours.touched(record) if order.enters}:
            children, shares = ours.of_signal[signal_id], self._shares.get(signal_id)
            if shares is None or any(order.surplus for order in children):
                continue  # no plan; or the venue filled what it had called over, and an incident says so
            used: defaultdict[AccountId, Decimal] = defaultdict(Decimal)
            for order in children:
                used[order.intent.account] += order.cum_qty + order.open_qty
            for account, qty in used.items():
                self.want(qty <= shares.get(account, ZERO), f"{account} has {qty} of {shares.get(account)} {signal_id}")
            total = sum(used.values(), ZERO)
            self.want(total <= self._totals[signal_id], f"{total} of {self._totals[signal_id]} lots of {signal_id}")


class NothingDropped(Invariant):
    """No authenticated fill is ever discarded; each anomaly has an incident and an alert."""

    ID = "I16"

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        if isinstance(event, ev.OrderFilled):
            order = ours.find(event.cl_ord_id)
            odd = order is None or event.suspense or (order.stage is Stage.OVER and order.is_known)
            if odd or order is None or order.cum_qty + event.last_qty > order.order_qty:
                raised = [each.cl_ord_id for each in record.events if isinstance(each, ev.IncidentRaised)]
                told = event.cl_ord_id in raised or (order is not None and bool(order.ids & set(raised)))
                self.want(told, f"{event.exec_id} on {event.cl_ord_id} is odd, and nobody is told")

    def on_record(self, ours: Ours, record: Record) -> None:
        account, fills = self._told(record)
        if account is None or account not in ours.balances or record.failed:
            return
        adopted = any(isinstance(event, ev.BalanceAdopted) for event in record.events)  # they are in that balance
        for fill in () if adopted else fills:
            if self._can_be_booked(ours, fill):
                booked = (account, fill.exec_id) in ours.exec_ids
                self.want(booked, f"{fill.exec_id}, {fill.last_qty} of {fill.symbol} on {account}, was dropped")
            elif (account, fill.exec_id) not in ours.exec_ids:
                set_aside = any(isinstance(event, ev.ReportQuarantined) for event in record.events)
                self.want(set_aside, f"{fill.exec_id} cannot be, and nobody is told")

    def _told(self, record: Record) -> tuple[AccountId | None, tuple[VenueFill, ...]]:
        match record.input:
            case inp.OrderLookedUp(account=account, fills=fills) | inp.AccountLookedUp(account=account, fills=fills):
                return account, fills
            case inp.ExecutionReport(exec_type=ExecType.TRADE) as report:
                qty, px = report.last_qty or ZERO, report.last_px or ZERO
                sane = all(
                    each is None or (each.is_finite() and each >= 0) for each in (report.cum_qty, report.order_qty)
                )
                named, symbol = report.cl_ord_id, report.symbol
                fee, at_ns, rate = report.commission or ZERO, report.transact_time_ns, report.settl_fx_rate
                qty = qty if sane else -ONE
                return report.account, (
                    VenueFill(named, report.exec_id, symbol, report.side, qty, px, fee, at_ns, rate),
                )
            case _:
                return None, ()

    def _can_be_booked(self, ours: Ours, fill: VenueFill) -> bool:
        amounts = (fill.last_qty, fill.last_px, ONE if fill.settl_fx_rate is None else fill.settl_fx_rate)
        good = all(amount.is_finite() and amount > 0 for amount in amounts) and fill.commission.is_finite()
        return good and fill.symbol in ours.instruments


class NeverFlips(Invariant):
    """What only reduces neither grows a position nor turns it, at a venue that knows such orders."""

    ID = "I8"
    SURVIVES = True

    def __init__(self) -> None:
        self._seen: Counter[AccountId] = Counter()
        self._held: defaultdict[Place, Decimal] = defaultdict(Decimal)

    def on_made(self, ours: Ours, record: Record, venues: Venues) -> None:
        for account, name in venues.venue_of.items():
            venue = venues.venues[name]
            fills, has_reversed = books.fills(venue, account), books.has_reversed(venue, account)
            for fill in fills[self._seen[account] :]:
                before = self._held[account, fill.symbol]
                after = self._held[account, fill.symbol] = before + SIGN[fill.side] * fill.last_qty
                if has_reversed:
                    continue  # a position is not the sum of the fills that stood when they came
                order = ours.find(fill.cl_ord_id)
                if order is not None and order.intent.reduce_only and ours.can[account].native_reduce_only:
                    self.want(abs(after) < abs(before), f"{fill.cl_ord_id} only reduces, and grew a position")
                    self.want(after * before >= 0, f"{fill.cl_ord_id} only reduces, and turned a position")
            self._seen[account] = len(fills)
