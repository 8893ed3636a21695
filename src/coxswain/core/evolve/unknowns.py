"""What nobody knows, and what was found out, become facts."""

from collections.abc import Callable

from coxswain.core import order as machine
from coxswain.core.activity import note_failure, note_message
from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.breakers import count
from coxswain.core.evolve.shared import nothing, order_of
from coxswain.core.order import Settling
from coxswain.core.state import State
from coxswain.core.sums import (
    count_unknown,
    key,
)
from coxswain.messages import events as ev
from coxswain.model.breaker import BreakerKind
from coxswain.model.decimals import ONE


def _outcome_unknown(state: State, clock: Deadlines, event: ev.OutcomeUnknown) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    was_known = order.outcome_known
    account.venue_errors += was_known
    machine.lose_sight(order)
    if account.params.circuit_breaker_max_venue_errors:
        count(state, account, BreakerKind.VENUE_ERRORS, ONE)
    if was_known:
        note_failure(state, account)
    count_unknown(account, order, was_known)
    for kind in ("submit", "cancel", "replace"):
        clock.clear(key(kind, event.account, order.cl_ord_id))


def _question_asked(state: State, clock: Deadlines, event: ev.QuestionAsked) -> None:
    _, order = order_of(state, event.account, event.cl_ord_id)
    machine.ask_about(order, state.now_ns, event.times)
    clock.set(key("query", event.account, event.cl_ord_id), event.answer_by_ns)


def _absence_noted(state: State, clock: Deadlines, event: ev.AbsenceNoted) -> None:
    _, order = order_of(state, event.account, event.cl_ord_id)
    machine.see_nothing(order, event.looks, event.looked_ns)
    clock.set(key("query", event.account, order.cl_ord_id), event.ask_again_ns)


def _outcome_resolved(state: State, clock: Deadlines, event: ev.OutcomeResolved) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    was_known = order.outcome_known
    machine.regain_sight(order)
    if event.found:
        machine.hear_of(order, state.now_ns)
    count_unknown(account, order, was_known)
    clock.clear(key("query", event.account, order.cl_ord_id))


def _order_found_short(state: State, clock: Deadlines, event: ev.OrderFoundShort) -> None:
    _, order = order_of(state, event.account, event.cl_ord_id)
    machine.see_nothing(order, 0, 0)
    machine.hear_of(order, state.now_ns)


def _settlement_asked(state: State, clock: Deadlines, event: ev.SettlementAsked) -> None:
    _, order = order_of(state, event.account, event.cl_ord_id)
    machine.ask_to_settle(order, Settling(event.settled_as, event.exec_ids, event.actor))


def _order_resent(state: State, clock: Deadlines, event: ev.OrderResent) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    was_known = order.outcome_known
    machine.resend(order)
    machine.hear_of(order, state.now_ns)
    note_message(state, account, order.intent.strategy)
    count_unknown(account, order, was_known)
    clock.clear(key("query", event.account, order.cl_ord_id))
    clock.set(key("submit", event.account, order.cl_ord_id), event.submit_by_ns)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.OutcomeUnknown: _outcome_unknown,
    ev.QuestionAsked: _question_asked,
    ev.AbsenceNoted: _absence_noted,
    ev.OutcomeResolved: _outcome_resolved,
    ev.OrderResent: _order_resent,
    ev.OrderFoundShort: _order_found_short,
    ev.SettlementAsked: _settlement_asked,
    ev.OrderSettled: nothing,
    ev.ReportQuarantined: nothing,
    ev.IncidentRaised: nothing,
}
