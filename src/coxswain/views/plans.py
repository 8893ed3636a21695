"""Plans and what became of them: each account's verdict, its checks, and one result an account.

A result speaks of all entering orders of the account for the signal: the entry, its completions, a recovery. It is
successful when something filled and nothing is open, failed when nothing can fill any more, and null while unknown.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO, round_down
from coxswain.model.plan import Assignment, Plan
from coxswain.model.vocabulary import (
    SIGN,
    AccountId,
    ClOrdId,
    OrdStatus,
    Role,
    SignalId,
    SignalKind,
    Verdict,
)
from coxswain.views.blotter import Blotter, OrderRow

OF_A_PLAN = (Role.ENTRY, Role.COMPLETION, Role.RECOVERY, Role.EXIT)


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
    """What came of one account's share. The planned delay is not part of `execution_time_ms`."""

    success: bool | None
    outcome: Outcome
    order_id: ClOrdId | None
    error: str | None
    execution_time_ms: Decimal | None
    actual_entry_price: Decimal | None
    slippage_bps: Decimal | None
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


class PlanRow(msgspec.Struct, frozen=True):
    plan: Plan
    accounts: tuple[PlanAccount, ...]


class Plans:
    """Folds plans; results are read from the blotter when they are asked for."""

    def __init__(self, blotter: Blotter) -> None:
        self._blotter = blotter
        self.plans: dict[SignalId, Plan] = {}
        self.completions = 0
        self.recoveries: list[ev.RecoveryAssigned] = []
        self._orders: dict[tuple[SignalId, AccountId], list[ClOrdId]] = {}
        self._denied: dict[tuple[SignalId, AccountId], ev.OrderDenied] = {}
        self._notes: dict[tuple[SignalId, AccountId], str] = {}
        self._moved: set[tuple[SignalId, AccountId]] = set()

    def apply(self, record: Record) -> None:
        for event in record.events:
            match event:
                case ev.PlanProposed(plan):
                    self.plans[plan.signal_id] = plan
                case ev.OrderCreated() if event.intent.role in OF_A_PLAN:
                    key = (event.intent.signal_id, event.intent.account)
                    self._orders.setdefault(key, []).append(event.cl_ord_id)
                    self.completions += event.intent.role is Role.COMPLETION
                case ev.OrderDenied() if event.intent.role in OF_A_PLAN:
                    self._denied[event.intent.signal_id, event.intent.account] = event
                case ev.RecoveryAssigned():
                    self.recoveries.append(event)
                case ev.AssignmentWithdrawn():
                    self._notes[event.signal_id, event.account] = event.reason
                case ev.ProtectionLevelsSet():
                    self._moved.add((event.signal_id, event.account))
                case _:
                    pass

    def rows(self) -> list[PlanRow]:
        return [self.row(signal_id) for signal_id in self.plans]

    def row(self, signal_id: SignalId) -> PlanRow:
        plan = self.plans[signal_id]
        accounts = [self._account(plan, assignment) for assignment in plan.assignments]
        accounts += [self._recovered(plan, event) for event in self.recoveries if event.signal_id == signal_id]
        return PlanRow(plan, tuple(accounts))

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
        )

    def _recovered(self, plan: Plan, event: ev.RecoveryAssigned) -> PlanAccount:
        why = f"takes over from {event.failed}"
        result = self._result(plan, event.account)
        return PlanAccount(event.account, Verdict.SEND, event.qty, 0, 0, ZERO, None, why, True, event.checks, result)

    def _result(self, plan: Plan, account: AccountId) -> Result | None:
        key = (plan.signal_id, account)
        rows = [self._blotter.orders[order_id] for order_id in self._orders.get(key, ())]
        if not rows:
            return self._without_orders(plan, account)
        filled = sum((row.cum_qty for row in rows), ZERO)
        price = None
        if filled:
            price = round_down(sum((row.cum_qty * (row.avg_px or ZERO) for row in rows), ZERO) / filled)
        outcome = _outcome(rows, filled)
        success = {Outcome.UNKNOWN: None, Outcome.WORKING: None}.get(outcome, filled > 0)
        last_ns = max((row.last_fill_ns for row in rows if row.last_fill_ns is not None), default=None)
        error = next((row.reason for row in reversed(rows) if row.reason), None)
        return Result(
            success,
            outcome,
            rows[0].cl_ord_id,
            None if success else error,
            None if last_ns is None else round_down((Decimal(last_ns) - rows[0].created_ns) / 1_000_000),
            price,
            _slippage(rows[0], price),
            filled,
        )

    def _without_orders(self, plan: Plan, account: AccountId) -> Result | None:
        """A share that was denied by the gate, withdrawn, only moved a stop, or still waits for its release."""
        key = (plan.signal_id, account)
        denied = self._denied.get(key)
        if denied is not None:
            return Result(False, Outcome.DENIED, None, "; ".join(denied.reasons), None, None, None, ZERO)
        if key in self._notes:
            return Result(False, Outcome.CANCELED, None, self._notes[key], None, None, None, ZERO)
        if plan.kind is SignalKind.STOP_ADJUSTMENT and key in self._moved:
            return Result(True, Outcome.WORKING, None, None, None, None, None, ZERO)
        return None


def _outcome(rows: list[OrderRow], filled: Decimal) -> Outcome:
    if any(not row.outcome_known for row in rows):
        return Outcome.UNKNOWN
    if any(row.is_open for row in rows):
        return Outcome.PARTIAL if filled else Outcome.WORKING
    asked = rows[0].order_qty
    if filled >= asked:
        return Outcome.FILLED
    if filled:
        return Outcome.PARTIAL
    return {OrdStatus.REJECTED: Outcome.REJECTED, OrdStatus.EXPIRED: Outcome.EXPIRED}.get(
        rows[-1].ord_status, Outcome.CANCELED
    )


def _slippage(row: OrderRow, price: Decimal | None) -> Decimal | None:
    """In basis points from the decision price, adverse positive."""
    if price is None or row.decision_px is None:
        return None
    return round_down((price - row.decision_px) * SIGN[row.side] * 10_000 / row.decision_px)
