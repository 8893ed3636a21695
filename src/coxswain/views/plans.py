"""Plans and what became of them: each account's verdict, its checks, and one result an account.

A result speaks of all that an account did for a signal: of an entry the release, its completions or a recovery; of an
exit its order; of a stop adjustment the protective orders that were changed.

    outcome                                 success
    FILLED    all that was asked for        true
    PARTIAL   some of it                    true once nothing is open or to come, null until then
    WORKING   none of it yet                null; true for a stop that works where it was moved
    UNKNOWN   nobody can say                null
    DENIED    our own gate refused          false
    REJECTED, EXPIRED, CANCELED             false

A stop that was moved is a success for good; when it is over, the outcome says how: FILLED or CANCELED. There is no
result for an account that was left out, or that still waits for its release.
"""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.checks import Check
from coxswain.model.decimals import HUNDRED, ONE, ZERO, plain, round_down
from coxswain.model.plan import Assignment, Factor, LegShare, Plan
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    OrdStatus,
    Role,
    SignalId,
    SignalKind,
    Symbol,
    Verdict,
)
from coxswain.views.blotter import Blotter, OrderRow, slippage_bps

OF_A_PLAN = (Role.ENTRY, Role.COMPLETION, Role.RECOVERY, Role.EXIT)
NS_PER_MS = 1_000_000
PROTECTION = (Role.STOP, Role.TARGET)


class Outcome(StrEnum):
    FILLED = "FILLED"
    PARTIAL = "PARTIAL"
    WORKING = "WORKING"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"


class Result(msgspec.Struct, frozen=True):
    """What came of one account's share."""

    success: bool | None
    outcome: Outcome
    order_id: ClOrdId | None
    """The first order's."""
    error: str | None
    """Why it did not come to all of it."""
    execution_time_ms: Decimal | None
    """From the first order's creation to the last fill; the planned delay lies before it."""
    actual_entry_price: Decimal | None
    """Weighted by volume over the account's orders; on an exit, the price that it left at."""
    slippage_bps: Decimal | None
    """Of that price against the decision price, adverse positive."""
    filled_qty: Decimal


class PlanAccount(msgspec.Struct, frozen=True):
    account: AccountId
    verdict: Verdict
    qty: Decimal
    delay_ms: int
    priority: int
    size_variance_pct: Decimal
    correlation: Decimal | None
    sizing: str
    recovery: bool
    checks: tuple[Check, ...]
    result: Result | None
    correlation_reduction_pct: Decimal = ZERO
    factors: tuple[Factor, ...] = ()
    """What scaled the size."""
    shared_out: Decimal | None = None
    """The signal's quantity, where a share of it was less than what the account would have taken alone."""
    legs: tuple[LegShare, ...] = ()
    """Of a spread, whose `qty` counts units."""


class PlanRow(msgspec.Struct, frozen=True):
    plan: Plan
    accounts: tuple[PlanAccount, ...]


class _Share(msgspec.Struct):
    """What is known of one account's part in one plan."""

    order_ids: list[ClOrdId] = []
    is_awaited: bool = False
    """An order is still to come: a completion that was scheduled, an exit that waits for protection to make room."""
    works_qty: Decimal | None = None
    """All that an algorithm is to send; it sends it in several orders."""
    works: bool = False
    """It still does."""
    is_over: bool = False
    is_denied: bool = False
    error: str = ""
    changes: dict[ClOrdId, str | None] = {}
    """Protective orders moved by a stop adjustment: None while unanswered, then "" or why not."""
    stand: list[ClOrdId] = []
    """Protective orders that worked when it came."""


class _SpreadExit(msgspec.Struct):
    """Units of a spread on their way out, and how that ended."""

    began: ev.SpreadLeaving
    ended: ev.SpreadEnded | None = None
    replaced: bool = False
    """Its own stop or target began another."""


class Plans:
    """Folds plans; results are read from the blotter, which is fed first, when they are asked for."""

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter
        self.plans: dict[SignalId, Plan] = {}
        self.completions = 0
        self.recoveries: list[ev.RecoveryAssigned] = []
        self._approved: set[SignalId] = set()
        self._shares: dict[tuple[SignalId, AccountId], _Share] = {}
        self._levels_from: dict[tuple[AccountId, Symbol], SignalId] = {}
        self._protective: dict[tuple[AccountId, Symbol], list[ClOrdId]] = {}
        self._quantities: dict[SignalId, Decimal] = {}
        self._lot_steps: dict[Symbol, Decimal] = {}
        self._spreads: dict[tuple[SignalId, AccountId], ev.SpreadEnded] = {}
        self._started: dict[tuple[SignalId, AccountId], ev.SpreadStarted] = {}
        self._leaving: dict[tuple[SignalId, AccountId], ev.SpreadLeaving] = {}
        """By spread: what is on its way out."""
        self._exits: dict[tuple[SignalId, AccountId], _SpreadExit] = {}
        """By the signal that leaves."""

    def apply(self, record: Record) -> None:
        for event in record.events:
            act = _TABLE.get(type(event))
            if act is not None:
                act(self, event)

    def rows(self) -> list[PlanRow]:
        return [self.row(signal_id) for signal_id in self.plans]

    def row(self, signal_id: SignalId) -> PlanRow:
        plan = self.plans[signal_id]
        accounts = [self._account(plan, assignment) for assignment in plan.assignments]
        accounts += [self._recovered(plan, event) for event in self.recoveries if event.signal_id == signal_id]
        return PlanRow(plan, tuple(accounts))

    def share(self, signal_id: SignalId, account: AccountId) -> PlanAccount:
        """Return one account's share of a plan. Raises `KeyError` for one that the plan did not look at."""
        plan = self.plans[signal_id]
        for assignment in plan.assignments:
            if assignment.account == account:
                return self._account(plan, assignment)
        raise KeyError(account)

    def _account(self, plan: Plan, assignment: Assignment) -> PlanAccount:
        sent = assignment.verdict is Verdict.SEND
        return PlanAccount(
            assignment.account,
            assignment.verdict,
            assignment.qty,
            assignment.delay_ms,
            assignment.priority,
            assignment.size_variance_pct,
            assignment.correlation,
            assignment.sizing,
            False,
            assignment.checks,
            self._result(plan, assignment.account) if sent else None,
            assignment.correlation_reduction_pct,
            assignment.factors,
            self._shared_out(plan, assignment) if sent else None,
            assignment.legs,
        )

    def _shared_out(self, plan: Plan, assignment: Assignment) -> Decimal | None:
        """The signal's quantity, if it left the account less than its own size less what variation takes off."""
        quantity = self._quantities.get(plan.signal_id)
        own = next((check.value for check in assignment.checks if check.code == "OWN_SIZE"), None)
        if quantity is None or own is None:
            return None
        varied = own * (HUNDRED - assignment.size_variance_pct) * (HUNDRED - assignment.correlation_reduction_pct)
        step = ONE if plan.legs else self._lot_steps[plan.symbol]
        return quantity if varied / (HUNDRED * HUNDRED) - assignment.qty >= step else None

    def _recovered(self, plan: Plan, event: ev.RecoveryAssigned) -> PlanAccount:
        why = f"takes over from {event.failed}"
        result = self._result(plan, event.account)
        return PlanAccount(event.account, Verdict.SEND, event.qty, 0, 0, ZERO, None, why, True, event.checks, result)

    def _result(self, plan: Plan, account: AccountId) -> Result | None:
        share = self._shares.get((plan.signal_id, account), _Share())
        if plan.kind is SignalKind.STOP_ADJUSTMENT:
            if share.is_denied or plan.signal_id in self._approved:
                return self._adjusted(share)
            return None
        if plan.legs and plan.kind is SignalKind.EXIT:
            return self._of_spread_exit(plan, account, share)
        if plan.legs:
            return self._of_legs(plan, account, share)
        rows = [self._blotter.orders[order_id] for order_id in share.order_ids]
        return _traded(share, rows) if rows else _without_orders(share)

    def _of_legs(self, plan: Plan, account: AccountId, share: _Share) -> Result | None:
        """Of a spread: what became of its legs together. Filled are the units that all of them have."""
        if share.is_denied:
            return _without_orders(share)
        names = [SignalId(f"{plan.signal_id}/{number}") for number in range(1, len(plan.legs) + 1)]
        legs = [self._result(self.plans[name], account) for name in names if name in self.plans]
        known = [leg for leg in legs if leg is not None]
        if not known:
            return None
        order_id = next((leg.order_id for leg in known if leg.order_id is not None), None)
        ended = self._spreads.get((plan.signal_id, account))
        if any(leg.outcome is Outcome.UNKNOWN for leg in known):
            return _plainly(None, Outcome.UNKNOWN, None, order_id)
        if ended is None:
            going = all(leg.success is None or leg.outcome is Outcome.FILLED for leg in known)
            begun = any(leg.filled_qty for leg in known)
            if going or begun:
                return _plainly(None, Outcome.PARTIAL if begun else Outcome.WORKING, None, order_id)
            return known[0]
        asked = next(each.qty for each in plan.assignments if each.account == account)
        some = Outcome.PARTIAL if ended.units else Outcome.CANCELED
        outcome = Outcome.FILLED if ended.units >= asked else some
        why = None if outcome is Outcome.FILLED else ended.reason
        whole = _plainly(bool(ended.units) and not ended.unhedged_value, outcome, why, order_id)
        return msgspec.structs.replace(whole, filled_qty=ended.units)

    def _of_spread_exit(self, plan: Plan, account: AccountId, share: _Share) -> Result | None:
        """Of an exit that names a spread: filled are the units of it that are closed."""
        if share.is_denied:
            return _without_orders(share)
        exit_ = self._exits.get((plan.signal_id, account))
        if exit_ is None:  # there was a share to withdraw, and nothing to close
            return _plainly(True, Outcome.FILLED) if plan.signal_id in self._approved else None
        rows = [self._blotter.orders[order_id] for order_id in share.order_ids]
        order_id, ended = (rows[0].cl_ord_id if rows else None), exit_.ended
        if not all(row.outcome_known for row in rows):
            return _plainly(None, Outcome.UNKNOWN, None, order_id)
        begun = any(row.cum_qty for row in rows)
        if exit_.replaced:
            why = "its own stop or target began another exit"
            return _plainly(begun, Outcome.PARTIAL if begun else Outcome.CANCELED, why, order_id)
        if ended is None:
            return _plainly(None, Outcome.PARTIAL if begun else Outcome.WORKING, None, order_id)
        left = max(ended.units - exit_.began.keep, ZERO)
        closed = max(exit_.began.units - left, ZERO)
        if not left and not ended.unhedged_value:
            whole = _plainly(True, Outcome.FILLED, None, order_id)
        else:
            outcome = Outcome.PARTIAL if closed else Outcome.CANCELED
            whole = _plainly(bool(closed) and not ended.unhedged_value, outcome, ended.reason, order_id)
        return msgspec.structs.replace(whole, filled_qty=closed)

    def _adjusted(self, share: _Share) -> Result:
        """Of the protective orders that a stop adjustment moved; where none had to move, of those that stood there."""
        order_id = next(iter(share.changes), None)
        if share.is_denied:
            return _plainly(False, Outcome.DENIED, share.error, order_id)
        refused = next((answer for answer in share.changes.values() if answer), None)
        if refused is not None:
            return _plainly(False, Outcome.REJECTED, refused, order_id)
        rows = [self._blotter.orders[each] for each in share.changes or share.stand]
        return _plainly(None if None in share.changes.values() else True, _what_became_of(rows), None, order_id)

    # --- folding ------------------------------------------------------------------------------------------------------

    def _share(self, signal_id: SignalId, account: AccountId) -> _Share:
        return self._shares.setdefault((signal_id, account), _Share())

    def _adjusting(self, account: AccountId, symbol: Symbol) -> _Share | None:
        """The share that last moved a position's protection; None where that was no stop adjustment."""
        signal_id = self._levels_from.get((account, symbol), SignalId(""))
        plan = self.plans.get(signal_id)
        adjusts = plan is not None and plan.kind is SignalKind.STOP_ADJUSTMENT
        return self._share(signal_id, account) if adjusts else None

    def _answer(self, cl_ord_id: ClOrdId, answer: str) -> None:
        order = self._blotter.orders[cl_ord_id]
        share = self._adjusting(order.account, order.symbol)
        if share is not None and cl_ord_id in share.changes:
            share.changes[cl_ord_id] = answer

    def _configured(self, event: ev.EngineConfigured) -> None:
        self._lot_steps |= {instrument.symbol: instrument.lot_step for instrument in event.setup.instruments}

    def _signal_accepted(self, event: ev.SignalAccepted) -> None:
        if event.signal.quantity is not None:
            self._quantities[event.signal.id] = event.signal.quantity

    def _proposed(self, event: ev.PlanProposed) -> None:
        self.plans[event.plan.signal_id] = event.plan

    def _plan_approved(self, event: ev.PlanApproved) -> None:
        self._approved.add(event.signal_id)
        if event.assignments is not None:
            self._change(event.signal_id, event.assignments)

    def _modified(self, event: ev.PlanModified) -> None:
        self._change(event.signal_id, event.assignments)

    def _change(self, signal_id: SignalId, assignments: tuple[Assignment, ...]) -> None:
        """Take over shares as they were approved or lowered."""
        plan, changed = self.plans[signal_id], {assignment.account: assignment for assignment in assignments}
        new = tuple(changed.get(assignment.account, assignment) for assignment in plan.assignments)
        self.plans[signal_id] = msgspec.structs.replace(plan, assignments=new)

    def _rejected(self, event: ev.PlanRejected) -> None:
        if event.assignments:
            self._change(event.signal_id, event.assignments)
        self._not_approved(event.signal_id, event.accounts, f"rejected by {event.actor}: {event.reason}")

    def _expired(self, event: ev.PlanExpired) -> None:
        self._not_approved(event.signal_id, event.accounts, "nobody approved it while its signal lived")

    def _not_approved(self, signal_id: SignalId, accounts: tuple[AccountId, ...], why: str) -> None:
        for account in accounts:
            share = self._share(signal_id, account)
            share.is_denied, share.error = True, why

    def _recovery(self, event: ev.RecoveryAssigned) -> None:
        self.recoveries.append(event)

    def _created(self, event: ev.OrderCreated) -> None:
        intent = event.intent
        if intent.role in OF_A_PLAN:
            share = self._share(intent.signal_id, intent.account)
            share.order_ids.append(event.cl_ord_id)
            share.is_awaited = share.works
            self.completions += intent.role is Role.COMPLETION
        elif intent.role in PROTECTION:
            self._protective.setdefault((intent.account, intent.symbol), []).append(event.cl_ord_id)
            self._asked(event.cl_ord_id)

    def _denied(self, event: ev.OrderDenied) -> None:
        intent, share = event.intent, None
        if intent.role in OF_A_PLAN:
            share = self._share(intent.signal_id, intent.account)
        elif intent.role in PROTECTION:
            share = self._adjusting(intent.account, intent.symbol)
        if share is not None:
            share.is_denied, share.is_awaited, share.error = not share.works, share.works, "; ".join(event.reasons)

    def _completion_scheduled(self, event: ev.CompletionScheduled) -> None:
        self._share(event.signal_id, event.account).is_awaited = True

    def _given_up(self, event: ev.CompletionEnded | ev.AssignmentWithdrawn | ev.ExitEnded) -> None:
        share = self._share(event.signal_id, event.account)
        if share.works:
            return  # a part of an exit ended, and another follows
        share.is_awaited, share.is_over = False, True
        share.error = share.error or event.reason

    def _algo_started(self, event: ev.AlgoStarted) -> None:
        share = self._share(event.signal_id, event.account)
        share.works_qty, share.works, share.is_awaited = event.order_qty, True, True

    def _algo_ended(self, event: ev.AlgoEnded) -> None:
        share = self._share(event.signal_id, event.account)
        share.works = share.is_awaited = False
        if event.left_qty:
            share.is_over, share.error = True, event.reason

    def _spread_started(self, event: ev.SpreadStarted) -> None:
        self._started[event.signal_id, event.account] = event
        for leg in event.legs:
            share = self._share(leg.signal_id, event.account)
            share.works_qty, share.works, share.is_awaited = leg.qty, True, True

    def _spread_stopped(self, event: ev.SpreadStopped) -> None:
        self._spreads.pop((event.signal_id, event.account), None)

    def _spread_leaving(self, event: ev.SpreadLeaving) -> None:
        before = self._leaving.get((event.signal_id, event.account))
        if before is not None:
            self._exits[before.exit_id, event.account].replaced = True
        self._leaving[event.signal_id, event.account] = event
        self._exits[event.exit_id, event.account] = _SpreadExit(event)

    def _spread_ended(self, event: ev.SpreadEnded) -> None:
        began = self._leaving.pop((event.signal_id, event.account), None)
        if began is not None:
            self._exits[began.exit_id, event.account].ended = event
        if began is None or (event.signal_id, event.account) not in self._spreads:
            self._spreads[event.signal_id, event.account] = event  # what the entry came to stays as it was
        for leg in self._started[event.signal_id, event.account].legs:
            share = self._share(leg.signal_id, event.account)
            share.works = share.is_awaited = False
            share.is_over, share.error = True, event.reason

    def _exit_started(self, event: ev.ExitStarted) -> None:
        if event.reason:
            return  # the engine began it, for no plan
        self._share(event.signal_id, event.account).is_awaited = True

    def _levels_set(self, event: ev.ProtectionLevelsSet) -> None:
        self._levels_from[event.account, event.symbol] = event.signal_id
        share = self._adjusting(event.account, event.symbol)
        if share is not None:
            placed = self._protective.get((event.account, event.symbol), [])
            share.stand = [order_id for order_id in placed if self._blotter.orders[order_id].is_open]

    def _asked(self, cl_ord_id: ClOrdId) -> None:
        order = self._blotter.orders[cl_ord_id]
        share = self._adjusting(order.account, order.symbol)
        if share is not None:
            share.changes[cl_ord_id] = None

    def _replace_requested(self, event: ev.ReplaceRequested) -> None:
        self._asked(event.cl_ord_id)

    def _placed(self, event: ev.OrderReplaced | ev.OrderAccepted) -> None:
        self._answer(event.cl_ord_id, "")

    def _refused(self, event: ev.ReplaceRefused | ev.OrderRejected) -> None:
        self._answer(event.cl_ord_id, event.reason or "refused by the venue")


# Each method takes the event that it stands beside.
_TABLE: dict[type, Callable[..., None]] = {
    ev.EngineConfigured: Plans._configured,
    ev.SignalAccepted: Plans._signal_accepted,
    ev.PlanProposed: Plans._proposed,
    ev.PlanApproved: Plans._plan_approved,
    ev.PlanModified: Plans._modified,
    ev.PlanRejected: Plans._rejected,
    ev.PlanExpired: Plans._expired,
    ev.RecoveryAssigned: Plans._recovery,
    ev.OrderCreated: Plans._created,
    ev.OrderDenied: Plans._denied,
    ev.CompletionScheduled: Plans._completion_scheduled,
    ev.CompletionEnded: Plans._given_up,
    ev.AssignmentWithdrawn: Plans._given_up,
    ev.AlgoStarted: Plans._algo_started,
    ev.AlgoEnded: Plans._algo_ended,
    ev.SpreadStarted: Plans._spread_started,
    ev.SpreadStopped: Plans._spread_stopped,
    ev.SpreadLeaving: Plans._spread_leaving,
    ev.SpreadEnded: Plans._spread_ended,
    ev.ExitStarted: Plans._exit_started,
    ev.ExitEnded: Plans._given_up,
    ev.ProtectionLevelsSet: Plans._levels_set,
    ev.ReplaceRequested: Plans._replace_requested,
    ev.OrderReplaced: Plans._placed,
    ev.OrderAccepted: Plans._placed,
    ev.ReplaceRefused: Plans._refused,
    ev.OrderRejected: Plans._refused,
}


# --- results ----------------------------------------------------------------------------------------------------------


def _traded(share: _Share, rows: list[OrderRow]) -> Result:
    first = rows[0]
    filled = plain(sum((row.cum_qty for row in rows), ZERO))
    notional = sum((row.cum_qty * (row.avg_px or ZERO) for row in rows), ZERO)
    price = round_down(notional / filled) if filled else None
    outcome = _outcome(share, rows, filled)
    last_fill_ns = max((row.last_fill_ns for row in rows if row.last_fill_ns is not None), default=None)
    error = share.error or next((row.reason for row in reversed(rows) if row.reason), None)
    return Result(
        _success(outcome, _is_going_on(share, rows)),
        outcome,
        first.cl_ord_id,
        None if outcome is Outcome.FILLED else error,
        None if last_fill_ns is None else round_down(Decimal(last_fill_ns - first.created_ns) / NS_PER_MS),
        price,
        None if price is None else slippage_bps(first, price),
        filled,
    )


def _outcome(share: _Share, rows: list[OrderRow], filled: Decimal) -> Outcome:
    if not all(row.outcome_known for row in rows):
        return Outcome.UNKNOWN
    asked = rows[0].order_qty if share.works_qty is None else share.works_qty
    if filled >= asked:
        return Outcome.FILLED
    if filled:
        return Outcome.PARTIAL
    if _is_going_on(share, rows):
        return Outcome.WORKING
    ended_as = {OrdStatus.REJECTED: Outcome.REJECTED, OrdStatus.EXPIRED: Outcome.EXPIRED}
    return ended_as.get(rows[-1].ord_status, Outcome.CANCELED)


def _is_going_on(share: _Share, rows: list[OrderRow]) -> bool:
    return share.is_awaited or any(row.is_open for row in rows)


def _success(outcome: Outcome, is_going_on: bool) -> bool | None:
    if outcome is Outcome.FILLED:
        return True
    if outcome in (Outcome.WORKING, Outcome.UNKNOWN):
        return None
    return outcome is Outcome.PARTIAL and (None if is_going_on else True)


def _without_orders(share: _Share) -> Result | None:
    """Denied, withdrawn, on its way out; or it still waits for its release."""
    if share.is_denied:
        return _plainly(False, Outcome.DENIED, share.error)
    if share.is_over:
        return _plainly(False, Outcome.CANCELED, share.error)
    return _plainly(None, Outcome.WORKING) if share.is_awaited else None


def _what_became_of(protection: list[OrderRow]) -> Outcome:
    """Protection works until one of its orders fills or all of them are gone."""
    if not protection or any(row.is_open for row in protection):
        return Outcome.WORKING
    return Outcome.FILLED if any(row.ord_status is OrdStatus.FILLED for row in protection) else Outcome.CANCELED


def _plainly(
    success: bool | None, outcome: Outcome, error: str | None = None, order_id: ClOrdId | None = None
) -> Result:
    return Result(success, outcome, order_id, error, None, None, None, ZERO)
