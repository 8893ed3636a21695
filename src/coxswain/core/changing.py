"""Changing an order that works: natively where the venue can, else by cancel, terminal report and a new order.

A renewed order asks for what is then left of the new quantity. It passes the gate twice, when the change is asked for
and when it leaves, because things may have changed. Who calls the order back meanwhile means the new one too.
"""

from decimal import Decimal

import msgspec

from coxswain.core.gate_view import view_of
from coxswain.core.order import Order, Phase, is_done
from coxswain.core.params import NS_PER_S
from coxswain.core.state import State, find_order
from coxswain.core.submit import ask_cancel, cancel, deny, replace, submit
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import ChangeOrder
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import PROTECTION, ClOrdId, OrdStatus, OrdType, Role
from coxswain.risk.gate import Refused, judge


def change(tx: Tx, order: Order, open_qty: Decimal, price: Decimal | None, stop_px: Decimal | None) -> bool:
    """Have a working order changed to `open_qty` still open at these prices; None leaves a price. False if denied."""
    if open_qty <= 0:
        cancel(tx, order, "its quantity is lowered to what is filled")
        return True
    account = tx.account(order.intent.account)
    if account.capabilities.native_replace:
        return replace(tx, order, open_qty, price, stop_px)
    wanted = _changed(order, open_qty, price, stop_px)
    view = view_of(tx.state, wanted, tx.state.now_ns, tx.state.now_ns + NS_PER_S, leaving_out=order)
    verdict = judge(wanted, view, tx.gates[wanted.account])
    if isinstance(verdict, Refused):
        deny(tx, verdict)
        return False
    total = plain(order.cum_qty + open_qty)
    tx.apply(ev.RenewalAsked(wanted.account, order.cl_ord_id, total, wanted.price, wanted.stop_px))
    ask_cancel(tx, order, "its venue changes no orders: it is called back, and a new one follows")
    return True


def renew(tx: Tx, order: Order) -> None:
    """After an order that was to be changed is over: let the new one out, for what is left."""
    renewal = order.renewal
    if renewal is None or order.ended_as is not OrdStatus.CANCELED or renewal.order_qty <= order.cum_qty:
        return
    open_qty = plain(renewal.order_qty - order.cum_qty)
    intent = _changed(order, open_qty, renewal.price, renewal.stop_px)
    now_ns = tx.state.now_ns
    submit(tx, intent, now_ns, max(order.dies_ns, now_ns), renews=order)


def on_change_order(tx: Tx, message: ChangeOrder) -> None:
    """Change an order as a person asks, or say why not."""
    order = find_anywhere(tx.state, message.cl_ord_id)
    why = why_never(order, message) or _why_not_now(order)
    if order is None or why:
        tx.refuse("replace-order", message.cl_ord_id, message.actor, why)
        return
    total = order.order_qty if message.order_qty is None else message.order_qty
    change(tx, order, plain(total - order.cum_qty), message.price, message.stop_px)


def find_anywhere(state: State, cl_ord_id: ClOrdId) -> Order | None:
    """Return the order of any account that has this id, or had it."""
    found = (find_order(account, cl_ord_id) for account in state.accounts.values())
    return next((order for order in found if order is not None), None)


def why_never(order: Order | None, message: ChangeOrder) -> str:
    """Say what keeps an order from ever being changed so by a person; empty if nothing does."""
    if order is None:
        return "no order of ours has this id"
    intent = order.intent
    if is_done(order):
        return "it is over"
    if intent.role in PROTECTION:
        return f"it is the {intent.role} order of a position: a stop_adjustment moves it"
    if intent.role is Role.EXIT or intent.ord_type is OrdType.MARKET:
        return f"it is a {intent.ord_type} order that is meant to fill at once: cancel it instead"
    prices = (("price", message.price, order.price), ("stop_price", message.stop_px, order.stop_px))
    for name, wanted, has in prices:
        if wanted is not None and has is None:
            return f"it is a {intent.ord_type} order and has no {name}"
    return ""


def _why_not_now(order: Order | None) -> str:
    if order is None:
        return ""
    if order.phase is Phase.PENDING_NEW or order.cancel_wanted or order.replace_pending is not None:
        return "what was asked of it last is not answered yet"
    return "" if order.outcome_known else "its outcome is unknown: the venue is being asked"


def _changed(order: Order, open_qty: Decimal, price: Decimal | None, stop_px: Decimal | None) -> OrderIntent:
    trail = order.intent.trail
    if trail is not None and order.trail_active:
        trail = msgspec.structs.replace(trail, activation_px=None)
    return msgspec.structs.replace(
        order.intent,
        order_qty=open_qty,
        price=order.price if price is None else price,
        stop_px=order.stop_px if stop_px is None else stop_px,
        trail=trail,
    )
