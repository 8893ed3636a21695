"""What is noted when protection or the order of an exit is refused, and when it is tried again.

A stop that the venue rejects, that never reached it, that our own gate denies or that may not be moved is dealt with
as the account says: `alert` tells somebody, `retry` tries again after gaps that grow, a few times, and then tells
somebody, `flatten` closes the position. Every refusal counts until the order stands as it should, so no venue is asked
without end; what was given up is looked at again only when the books are compared. What is done when the time has come
is in `retries`.
"""

import msgspec

from coxswain.core.order import Order
from coxswain.core.params import NS_PER_S
from coxswain.core.position import Exit, Position
from coxswain.core.state import Account
from coxswain.core.sums import key
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.vocabulary import AccountId, OrdStatus, ProtectionPolicy, Role, Symbol

PROTECTION_TRIES_MAX = 5
"""After gaps of 1, 2, 4, 8 and 16 seconds."""
EXIT_TRIES_MAX = 3
"""After gaps of 1, 2 and 4 seconds; nothing protects what an exit of everything closes meanwhile."""


def name_of_leg(symbol: Symbol, role: Role) -> str:
    """Name one leg of a position in a deadline."""
    return f"{symbol}|{role}"


def note_missing(tx: Tx, account_id: AccountId, symbol: Symbol, role: Role, why: str, *, stood: bool = False) -> None:
    """Note that a stop or target is missing; one that had stood for a while counts its refusals from the beginning."""
    position = tx.account(account_id).positions[symbol]
    tries = 1 if stood else position.leg_tries.get(role, 0) + 1
    _note(tx, position, ev.ProtectionFailed(account_id, symbol, why, role, tries=tries), role)


def note_unchanged(tx: Tx, account_id: AccountId, symbol: Symbol, role: Role, why: str) -> None:
    """Note that a stop or target stands, but may not be changed to what it should be."""
    position = tx.account(account_id).positions[symbol]
    tries = position.leg_tries.get(role, 0) + 1
    _note(tx, position, ev.ProtectionFailed(account_id, symbol, why, changes=role, tries=tries), role)


def _note(tx: Tx, position: Position, failed: ev.ProtectionFailed, role: Role) -> None:
    account_id, tries = failed.account, failed.tries
    if key("protect", account_id, name_of_leg(position.symbol, role)) in tx.state.deadlines:
        return  # it is known, and there is a time for it
    policy = tx.account(account_id).spec.protection_policy
    again_ns, closes = None, policy is ProtectionPolicy.FLATTEN and role is Role.STOP and bool(position.qty)
    if closes:  # at once; where that was refused as well, again after a gap
        at_once = tries <= 1 and not _was_tried_now(tx, account_id, position.symbol, role)
        again_ns = tx.state.now_ns + (0 if at_once else _gap_ns(min(tries, PROTECTION_TRIES_MAX)))
    elif policy is ProtectionPolicy.RETRY and position.qty and tries <= PROTECTION_TRIES_MAX:
        again_ns = tx.state.now_ns + _gap_ns(tries)
    tx.apply(msgspec.structs.replace(failed, again_ns=again_ns, closes=closes))


def _was_tried_now(tx: Tx, account_id: AccountId, symbol: Symbol, role: Role) -> bool:
    """Say whether this very step tried it again: its levels may have been set anew, and their refusals forgotten."""
    tried = ev.ProtectionTriedAgain(account_id, symbol, role)
    return any(event == tried for event in tx.events)


def postpone_exit(tx: Tx, account: Account, position: Position, exit_: Exit, order: Order) -> bool:
    """Let another order follow one that was refused, in a while. False if there is to be none."""
    if not is_refused(position, exit_, order) or not position.qty or exit_.tries >= EXIT_TRIES_MAX:
        return False
    tries, how = exit_.tries + 1, "never reached the venue" if order.unsent else f"ended {order.ended_as}"
    why, again_ns = f"the exit order {how}", tx.state.now_ns + _gap_ns(exit_.tries + 1)
    account_id, symbol = account.spec.id, position.symbol
    tx.apply(ev.ExitRefused(account_id, symbol, exit_.signal_id, order.cl_ord_id, why, tries, again_ns))
    return True


def is_refused(position: Position, exit_: Exit, order: Order) -> bool:
    """Say whether an exit's order was rejected or never left, and nobody else begins it again.

    The market does that for an exit that waits for a price, and an algorithm for one in parts.
    """
    by_others = exit_.limit_px is not None or position.leaving_for is not None
    refused = order.ended_as is OrdStatus.REJECTED or order.unsent
    return refused and not by_others and not order.cum_qty and not order.cancel_wanted


def exit_waits(tx: Tx, account: Account, position: Position) -> bool:
    """Say whether the next order of an exit waits for its time."""
    return key("exit", account.spec.id, position.symbol) in tx.state.deadlines


def _gap_ns(tries: int) -> int:
    return NS_PER_S << (tries - 1)
