"""Change an order that works: its quantity and prices; or move the stop or target of a position, by its order.

Whether it can be changed is the engine's to say, and what became of it the venue's; here their words become errors.
"""

from coxswain.api.python.door import Desk
from coxswain.api.python.errors import OrderDenied, OutcomeUnknown, ValidationError, VenueError
from coxswain.api.python.types import Order
from coxswain.api.python.values import Number, above_zero
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.vocabulary import OrdStatus, Role, SignalKind
from coxswain.views.blotter import OrderRow

PROTECTION = {Role.STOP: "stop_price", Role.TARGET: "limit_price"}
"""What may be changed of a position's stop and of its target."""
REASON = "modified by API"


def modify(
    desk: Desk,
    order_id: str,
    quantity: Number | None = None,
    limit_price: Number | None = None,
    stop_price: Number | None = None,
) -> Order:
    """Have an order changed, wait for the answer, and return it; what is None stays as it is."""
    given = {
        name: above_zero(value, name)
        for name, value in (("quantity", quantity), ("limit_price", limit_price), ("stop_price", stop_price))
        if value is not None
    }
    if not given:
        raise ValidationError("nothing to change is named: wanted quantity, limit_price or stop_price")
    row, blotter = desk.session.look(lambda: desk.row(order_id)), desk.session.summary.blotter
    level = PROTECTION.get(row.role)
    if level is not None:
        wrong = next((name for name in given if name != level), None)
        if wrong is not None:
            wanted = f"{level} only: this is the {row.role} order of a position, and covers what is open of it"
            raise ValidationError(field=wrong, value=str(given[wrong]), wanted=wanted)
        return _move(desk, row, given[level])
    denied = desk.session.look(lambda: len(blotter.denied))
    values = (given.get("quantity"), given.get("limit_price"), given.get("stop_price"))
    record = desk.session.tell(inp.ChangeOrder(desk.session.actor, REASON, row.cl_ord_id, *values))
    _raise_refusal(desk, row, record)
    desk.session.wait_until(lambda: not row.outcome_known or not (row.cancel_pending or row.replace_pending))
    if not desk.session.look(lambda: row.outcome_known and not (row.cancel_pending or row.replace_pending)):
        raise OutcomeUnknown(f"order {order_id}: nobody can say whether it was changed; its venue is asked")
    asked = next((event for event in record.events if isinstance(event, ev.ReplaceRequested)), None)
    if asked is not None:
        if desk.session.look(lambda: row.current_id != asked.new_cl_ord_id):
            why = desk.session.look(lambda: row.change_refused or f"it is {row.ord_status} meanwhile")
            raise VenueError(f"order {order_id} was not changed: {why}")
        return desk.await_order(order_id)
    if any(isinstance(event, ev.RenewalAsked) for event in record.events):
        return _renewed(desk, row, denied)
    return desk.order(order_id)  # no more than has filled was asked for, so the rest was cancelled


def _raise_refusal(desk: Desk, row: OrderRow, record: Record) -> None:
    """Raise what the engine has against a change; nothing was sent then."""
    reasons = [why for event in record.events if isinstance(event, ev.OrderDenied) for why in event.reasons]
    if reasons:
        raise OrderDenied(*reasons)
    refused = [why for event in record.events if isinstance(event, ev.CommandRefused) for why in event.reasons]
    if refused and not desk.session.look(lambda: row.outcome_known):
        raise OutcomeUnknown(*(f"order {row.cl_ord_id}: {why}" for why in refused))
    if refused:
        raise ValidationError(*(f"order {row.cl_ord_id}: {why}" for why in refused))


def _renewed(desk: Desk, row: OrderRow, denied: int) -> Order:
    """Return the order that took the place of one that its venue cannot change; it was called back first."""
    found = desk.session.look(lambda: row.renewed_by)
    if found is not None:
        return desk.await_order(found)
    if not desk.session.look(lambda: row.is_open):
        refusals = desk.session.look(
            lambda: [
                why
                for event in desk.session.summary.blotter.denied[denied:]
                if (event.intent.account, event.intent.signal_id) == (row.account, row.signal_id)
                for why in event.reasons
            ]
        )
        if refusals:
            raise OrderDenied(f"order {row.cl_ord_id} was called back, and no new one left", *refusals)
    why = desk.session.look(
        lambda: "it has filled" if row.ord_status is OrdStatus.FILLED else f"it is {row.ord_status}"
    )
    raise VenueError(f"order {row.cl_ord_id} was not changed: {why} meanwhile")


def _move(desk: Desk, row: OrderRow, price: Number) -> Order:
    """Move a level of the position that an order protects, as a stop adjustment does."""
    if not desk.session.look(lambda: row.is_open):
        raise ValidationError(f"order {row.cl_ord_id}: it is over")
    plan = desk.submit_signal(
        {
            "id": desk.session.new_name("modify"),
            "kind": SignalKind.STOP_ADJUSTMENT,
            "symbol": row.symbol,
            "stop_loss" if row.role is Role.STOP else "take_profit": price,
            "accounts": [row.account],
            "reason": REASON,
        }
    )
    desk.approve(plan.signal_id)
    desk.await_results(plan.signal_id)
    return desk.order(row.cl_ord_id)
