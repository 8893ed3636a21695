"""`explain`: why a signal, an order or an account came to be where it is, from what was journaled at the time.

Every check is shown with the value and the limit that it had then. No rule is evaluated again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.checks import Check, reason
from coxswain.model.orders import OrderIntent
from coxswain.model.plan import Plan
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdType, Side, SignalId, SignalKind, Symbol, Verdict
from coxswain.views.blotter import Blotter, OrderRow
from coxswain.views.plans import PlanAccount, Plans
from coxswain.views.positions import Book
from coxswain.views.sentences import asked_for, sentence
from coxswain.views.subjects import Subject, Subjects
from coxswain.views.times import utc


class Decision(msgspec.Struct, frozen=True):
    """What a plan decided for one account, with every check, and what came of it."""

    signal_id: SignalId
    kind: SignalKind
    symbol: Symbol
    side: Side | None
    account: PlanAccount


class GateAnswer(msgspec.Struct, frozen=True):
    """What the gate answered to an order or to a change of one."""

    seq: int
    time: str
    account: AccountId
    cl_ord_id: ClOrdId | None
    """None: denied, so there is no order."""
    asked: str
    passed: bool
    checks: tuple[Check, ...]


class Line(msgspec.Struct, frozen=True):
    """One event, in the order of time."""

    seq: int
    time: str
    """UTC, ISO 8601."""
    account: AccountId | None
    text: str


class Explanation(msgspec.Struct, frozen=True):
    kind: str
    """signal, order or account."""
    id: str
    headline: str
    decisions: tuple[Decision, ...]
    gate: tuple[GateAnswer, ...]
    orders: tuple[OrderRow, ...]
    timeline: tuple[Line, ...]
    protection: tuple[str, ...] = ()
    """Of an account: each position, who protects it, and where."""


class _Fact(NamedTuple):
    seq: int
    now_ns: int
    subject: Subject
    event: ev.Event
    exit_id: SignalId | None = None
    """The exit that a spread is on its way out by."""


class Explainer:
    """Folds everything that may be asked about. It keeps every event: made to answer and be dropped, not to stay."""

    def __init__(self) -> None:
        self._blotter = Blotter()
        self._plans = Plans(self._blotter)
        self._book = Book(self._blotter)
        self._subjects = Subjects()
        self._facts: list[_Fact] = []
        self._leaves: dict[SignalId, SignalId] = {}
        """By the signal that leaves it, or moves its levels: the spread."""
        self._leaving: dict[tuple[SignalId | None, AccountId | None], SignalId] = {}
        """What is on its way out, by spread and account: the signal that leaves it."""

    def apply(self, record: Record) -> None:
        self._blotter.apply(record)
        self._plans.apply(record)
        self._book.apply(record)
        for event in record.events:
            if isinstance(event, ev.SpreadLeaving) and event.exit_id != event.signal_id:
                self._leaves[event.exit_id] = event.signal_id
                self._leaving[event.signal_id, event.account] = event.exit_id
            if isinstance(event, ev.SpreadLevelsMoved):
                self._leaves[event.moved_by] = event.signal_id
            if isinstance(event, ev.SpreadWatchChanged) and event.watched and not event.reason:
                continue  # it was looked at, and nothing has changed
            subject = self._subjects.of(event)
            exit_id = self._leaving.get((getattr(event, "signal_id", None), subject.account))
            self._facts.append(_Fact(record.seq, record.now_ns, subject, event, exit_id))
            if isinstance(event, ev.SpreadEnded):
                self._leaving.pop((event.signal_id, event.account), None)

    def explain(self, name: str) -> Explanation | None:
        """Explain a signal, an order by any id it had, or an account: the first of these that `name` is, else None."""
        order_id = self._subjects.first_id(ClOrdId(name))
        if of_signal := [fact for fact in self._facts if self._concerns(fact, name)]:
            return self._signal(SignalId(name), of_signal)
        if of_order := [fact for fact in self._facts if fact.subject.cl_ord_id == order_id]:
            return self._order(order_id, of_order)
        return self._account(AccountId(name)) if name in self._book.accounts else None

    # --- the three questions ------------------------------------------------------------------------------------------

    def _signal(self, signal_id: SignalId, facts: list[_Fact]) -> Explanation:
        decisions = tuple(self._decisions(signal_id))
        legs = [leg for leg in self._plans.plans if leg != signal_id and self._is_of(leg, signal_id)]
        headline = _headline_of_plan(decisions) if decisions else sentence(facts[-1].event)
        decisions += tuple(made for leg in legs for made in self._decisions(leg))
        orders = [row for row in self._blotter.orders.values() if self._is_of(row.signal_id, signal_id)]
        return _explanation("signal", signal_id, headline, decisions, orders, facts)

    def _order(self, order_id: ClOrdId, facts: list[_Fact]) -> Explanation:
        row = self._blotter.orders.get(order_id)
        if row is None:
            return _explanation("order", order_id, "no order of ours has this id", (), (), facts)
        decisions = tuple(made for made in self._decisions(row.signal_id) if made.account.account == row.account)
        return _explanation("order", order_id, _headline_of_order(row), decisions, [row], facts)

    def _account(self, account: AccountId) -> Explanation:
        row = next(row for row in self._book.all_accounts() if row.account == account)
        causes = f" ({', '.join(row.causes)})" if row.causes else ""
        money = f"equity {row.equity:f} {row.currency}"
        headline = f"{account} is {row.state}{causes}: {money}, open positions: {row.open_positions}"
        of_all = (made for signal_id in self._plans.plans for made in self._decisions(signal_id))
        decisions = tuple(made for made in of_all if made.account.account == account)
        orders = [order for order in self._blotter.orders.values() if order.account == account]
        facts = [fact for fact in self._facts if fact.subject.account == account or _plans_for(fact.event, account)]
        told = _explanation("account", account, headline, decisions, orders, facts)
        held = (position for position in self._book.open_positions() if position.account == account)
        protection = tuple(f"{position.symbol}: {position.told_protection}" for position in held)
        return msgspec.structs.replace(told, protection=protection)

    def _is_of(self, signal_id: SignalId | None, name: str) -> bool:
        """Say whether something is of a signal, of a leg of it, or of another that leaves it or moves its levels."""
        if signal_id is None:
            return False
        return signal_id == name or signal_id.startswith(f"{name}/") or self._leaves.get(signal_id) == name

    def _concerns(self, fact: _Fact, name: str) -> bool:
        """Say whether a fact belongs to the story of a signal; that of an exit has the spread's own on its way out."""
        if self._is_of(fact.subject.signal_id, name):
            return True
        return fact.exit_id == name

    def _decisions(self, signal_id: SignalId) -> Iterator[Decision]:
        if signal_id not in self._plans.plans:
            return
        row = self._plans.row(signal_id)
        for account in row.accounts:
            yield Decision(signal_id, row.plan.kind, row.plan.symbol, row.plan.side, account)


def _explanation(
    kind: str,
    name: str,
    headline: str,
    decisions: tuple[Decision, ...],
    orders: Iterable[OrderRow],
    facts: list[_Fact],
) -> Explanation:
    gate = tuple(answer for fact in facts for answer in _gate_answers(fact))
    lines = tuple(
        Line(fact.seq, utc(fact.now_ns), fact.subject.account, _text(fact.event, kind, name)) for fact in facts
    )
    return Explanation(kind, name, headline, decisions, gate, tuple(orders), lines)


def _gate_answers(fact: _Fact) -> Iterator[GateAnswer]:
    """An order, a change of one, or a denial: what was asked, and every check."""
    seq, time, event = fact.seq, utc(fact.now_ns), fact.event
    match event:
        case ev.OrderCreated(cl_ord_id, intent, checks):
            yield GateAnswer(seq, time, intent.account, cl_ord_id, _asked(intent), True, checks)
        case ev.OrderDenied(intent, checks):
            yield GateAnswer(seq, time, intent.account, None, _asked(intent), False, checks)
        case ev.ReplaceRequested():
            order_id = fact.subject.cl_ord_id
            yield GateAnswer(seq, time, event.account, order_id, sentence(event), True, event.checks)
        case _:
            pass


def _asked(intent: OrderIntent) -> str:
    return f"{intent.role} {asked_for(intent)}"


# --- words ------------------------------------------------------------------------------------------------------------


def _headline_of_plan(decisions: tuple[Decision, ...]) -> str:
    first = decisions[0]
    wish = " ".join(filter(None, (first.kind, first.side, first.symbol)))
    if first.account.legs:
        wish = f"{first.kind} of {' '.join(leg.symbol for leg in first.account.legs)}"
    took_part = [made.account for made in decisions if made.account.verdict is Verdict.SEND]
    came = Counter("not released" if row.result is None else str(row.result.outcome) for row in took_part)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in came.items()) or "nothing sent"
    accounts = {made.account.account for made in decisions}
    return f"{wish}: {len(took_part)} of {len(accounts)} accounts took part; {outcomes}"


def _headline_of_order(row: OrderRow) -> str:
    price = "" if row.avg_px is None else f" at {row.avg_px:f}"
    known = "" if row.outcome_known else ", its outcome is unknown"
    level = row.stop_px if row.ord_type is OrdType.STOP else row.price
    asked = f"{row.side} {row.order_qty:f} {row.symbol} at {row.ord_type}{'' if level is None else f' {level:f}'}"
    return f"{row.role} order on {row.account}, {asked}: {row.ord_status}, {row.cum_qty:f} filled{price}{known}"


def _text(event: ev.Event, kind: str, name: str) -> str:
    """Say what an event means; of a plan, to an account that asks, its own part."""
    if kind == "account" and isinstance(event, ev.PlanProposed):
        return _verdict(event.plan, AccountId(name))
    return sentence(event)


def _plans_for(event: ev.Event, account: AccountId) -> bool:
    """Say whether a plan, or what somebody said to it, concerns an account."""
    match event:
        case ev.PlanProposed(plan):
            return any(assignment.account == account for assignment in plan.assignments)
        case ev.PlanApproved(assignments=assignments) | ev.PlanModified(assignments=assignments):
            return any(assignment.account == account for assignment in assignments or ())
        case ev.ApprovalAwaited() | ev.PlanRejected() | ev.PlanExpired():
            return account in event.accounts
        case _:
            return False


def _verdict(plan: Plan, account: AccountId) -> str:
    assignment = next(assignment for assignment in plan.assignments if assignment.account == account)
    what = f"units of {' '.join(leg.symbol for leg in plan.legs)}" if plan.legs else plan.symbol
    if assignment.verdict is Verdict.SEND:
        delay = Decimal(assignment.delay_ms) / 1000
        return f"plan of {plan.signal_id}: SEND {assignment.qty:f} {what} after {delay:.1f} s"
    failed = "; ".join(reason(check) for check in assignment.checks if not check.passed)
    return f"plan of {plan.signal_id}: SKIP {what}: {failed}"
