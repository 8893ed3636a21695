"""What follows when something happened to an order: its plan goes on, the position's exit and protection follow.

A plan goes on once, when the order is over and nothing about it is left to be known. A late fill starts nothing anew.
"""

from coxswain.core import algorithms, legging
from coxswain.core.changing import renew
from coxswain.core.entries import complete_rest, recover
from coxswain.core.order import Order, is_over
from coxswain.core.params import seconds_ns
from coxswain.core.position import closing_side, is_closing
from coxswain.core.protection import failed_lately, follow, wanted_qty
from coxswain.core.refusals import note_missing
from coxswain.core.state import position_break
from coxswain.core.submit import ask_for_account
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import (
    PROTECTION,
    REJECTED,
)


def after(tx: Tx, order: Order, was_over: bool) -> None:
    """Let everything that hangs on an order follow; `was_over` says how it stood before what happened."""
    over_now = is_over(order) and not was_over
    if over_now:
        if order.ended_as is REJECTED:
            recover(tx, order)
        if order.renewal is None:
            complete_rest(tx, order)
        else:
            renew(tx, order)
        if not order.enters:
            _note_less_there(tx, order)
        if order.intent.role in PROTECTION:
            _after_leg(tx, order)
    follow(tx, order.intent.account, order.intent.symbol, order)
    if over_now:
        algorithms.after(tx, order)
    if tx.account(order.intent.account).spreads:
        legging.after(tx, order)


def _note_less_there(tx: Tx, order: Order) -> None:
    """Note that a venue ended what was to reduce a position of which its books hold less: it would end the next too.

    That is no proof by itself, since books may be late; both together are reason enough to wait for the next ones.
    """
    account_id, symbol = order.intent.account, order.intent.symbol
    account = tx.account(account_id)
    position, found = account.positions[symbol], account.breaks.get(position_break(account_id, symbol))
    if found is None or position.less_there or order.ended_as is None or order.cancel_wanted or order.unsent:
        return
    ours, theirs = position.qty, found.theirs or ZERO
    if not ours or order.intent.side is not closing_side(position) or (theirs >= ours if ours > 0 else theirs <= ours):
        return
    tx.apply(ev.LessAtVenue(account_id, symbol, order.cl_ord_id, ours, theirs))


def _after_leg(tx: Tx, leg: Order) -> None:
    """A leg that neither filled nor was called back is missing, or its sibling filled and we have not heard of it.

    The venue's books tell which, and the comparison places the leg again. One that is lost again soon waits for the
    next routine comparison, so that a venue that refuses it is not asked without end.
    """
    intent = leg.intent
    account = tx.account(intent.account)
    position = account.positions[intent.symbol]
    if leg.ended_as is None or leg.cancel_wanted or is_closing(position) or wanted_qty(account, position) <= 0:
        return
    if not position.qty or intent.side is not closing_side(position):
        return
    again = failed_lately(tx, position, intent.role)
    reason = f"the {intent.role} order ended {leg.ended_as}"
    age_ns = tx.state.now_ns - leg.created_ns
    stood = age_ns >= seconds_ns(tx.state.desk.position_sync_s) and leg.ended_as is not REJECTED
    note_missing(tx, intent.account, intent.symbol, intent.role, reason, stood=stood)
    if not again:
        ask_for_account(tx, intent.account, reason)
