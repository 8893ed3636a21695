"""Watching single orders: how far they have come, and what followed for the rest. A view of one engine.

The engine watches every market order of a plan by itself from its first partial fill on; nothing here starts a watch.
"""

from decimal import Decimal

from coxswain.api.python.door import Desk
from coxswain.api.python.errors import OutcomeUnknown, PositionError, ValidationError
from coxswain.api.python.reading import status_of
from coxswain.api.python.types import ExecutionMonitor, ExecutionSummary, OrderStatus, PartialFill
from coxswain.api.python.values import Number, above_zero, moment
from coxswain.api.python.venue import ExecutionVenue
from coxswain.messages import inputs as inp
from coxswain.model.decimals import HUNDRED, ZERO, plain, round_down
from coxswain.model.vocabulary import AccountId, ClOrdId, Role
from coxswain.views.blotter import OrderRow

IN_PLANS = (Role.ENTRY, Role.COMPLETION, Role.RECOVERY)


class ExecutionCoordinator:
    """Follows orders of the accounts that it was given."""

    def __init__(self) -> None:
        self._desks: dict[AccountId, Desk] = {}

    async def register_platform(self, account_id: str, platform: ExecutionVenue) -> None:
        """Follow an account at the venue where its engine has it."""
        desk = platform._desk
        self._desks[desk.session.account(account_id).id] = desk

    async def monitor_execution(self, order_id: str, account_id: str, expected_quantity: Number) -> ExecutionMonitor:
        """Say how far an order has come, once its venue has answered."""
        desk, expected = self._desk(account_id), above_zero(expected_quantity, "expected_quantity")

        def monitor() -> ExecutionMonitor:
            row = desk.session.look(lambda: desk.row(order_id))
            if row.account != account_id:
                raise ValidationError(field="order_id", value=order_id, wanted=f"an order of {account_id}")
            desk.await_order(order_id)
            return desk.session.look(lambda: _monitor(desk, row, expected))

        return await desk.run(monitor)

    async def handle_partial_fill(self, monitor: ExecutionMonitor) -> str:
        """Return the order that completes a partly filled one, and wait for it if it is still to come.

        The engine cancels what is open a minute after the first fill, waits for the venue's last word, and then sends
        an order for the rest; asking twice sends nothing twice. Raises `OutcomeUnknown` while nobody knows how much
        has filled, and `PositionError` where nothing completes the order.
        """
        desk = self._desk(monitor.account_id)
        return await desk.run(lambda: _completion(desk, monitor.order_id))

    async def cancel_incomplete_orders(self) -> list[str]:
        """Cancel what is open of every order that enters, on the accounts that are followed; return their ids.

        No order follows for the rest. Stops and targets stay.
        """
        cancelled = []
        for account_id, desk in self._desks.items():
            cancelled += await desk.run(lambda desk=desk, account=account_id: _cancel_open(desk, account))  # type: ignore[misc]
        return cancelled

    async def get_execution_summary(self) -> ExecutionSummary:
        """Count the orders that enter, of the accounts that are followed."""
        rows: list[OrderRow] = []
        for account_id, desk in self._desks.items():
            found = await desk.run(lambda desk=desk, account=account_id: _entering(desk, account))  # type: ignore[misc]
            rows += found
        return _summary(rows)

    def _desk(self, account_id: str) -> Desk:
        desk = self._desks.get(AccountId(account_id))
        if desk is None:
            wanted = f"one of {', '.join(self._desks) or 'none: register its platform first'}"
            raise ValidationError(field="account_id", value=account_id, wanted=wanted)
        return desk


def _entering(desk: Desk, account_id: AccountId) -> list[OrderRow]:
    rows = desk.session.summary.blotter.orders
    return desk.session.look(lambda: [row for row in rows.values() if row.account == account_id and row.enters])


def _cancel_open(desk: Desk, account_id: AccountId) -> list[str]:
    session = desk.session
    open_rows = [row for row in _entering(desk, account_id) if row.is_open]
    if not open_rows:
        return []
    ids = tuple(row.cl_ord_id for row in open_rows)
    session.tell(inp.CancelOrders(session.actor, "incomplete orders cancelled by API", ids))
    session.wait_until(lambda: not any(row.cancel_pending for row in open_rows))
    return session.look(lambda: [row.cl_ord_id for row in open_rows if status_of(row) is OrderStatus.CANCELED])


def _followers(desk: Desk, row: OrderRow) -> list[OrderRow]:
    """Return the completion orders that came after an order of a plan."""
    rows = desk.session.summary.blotter.orders.values()
    same = (other for other in rows if (other.signal_id, other.account) == (row.signal_id, row.account))
    return [other for other in same if other.role is Role.COMPLETION and other.created_ns > row.created_ns]


def _monitor(desk: Desk, row: OrderRow, expected: Decimal) -> ExecutionMonitor:
    fills, filled = [], ZERO
    for fill in desk.session.summary.blotter.live_fills():
        if fill.cl_ord_id == row.cl_ord_id:
            filled = plain(filled + fill.last_qty)
            left = max(plain(expected - filled), ZERO)
            fills.append(PartialFill(row.cl_ord_id, fill.last_qty, left, fill.last_px, moment(fill.booked_ns)))
    return ExecutionMonitor(
        row.cl_ord_id,
        row.account,
        expected,
        row.cum_qty,
        max(plain(expected - row.cum_qty), ZERO),
        status_of(row),
        row.avg_px,
        tuple(fills),
        tuple(other.cl_ord_id for other in _followers(desk, row)),
    )


def _completion(desk: Desk, order_id: str) -> str:
    session, plans = desk.session, desk.session.summary.plans
    row = session.look(lambda: desk.row(order_id))
    if row.role not in IN_PLANS or not session.look(lambda: row.cum_qty and row.cum_qty < row.order_qty):
        raise PositionError(f"order {order_id} is not a partly filled order of a plan: nothing completes it")

    def is_decided() -> bool:
        if _followers(desk, row) or not row.outcome_known or (row.leaves_qty == 0 and row.cum_qty >= row.order_qty):
            return True
        results = plans.row(row.signal_id).accounts
        return any(share.account == row.account and share.result and share.result.success for share in results)

    session.wait_until(is_decided)
    if not session.look(lambda: row.outcome_known):
        raise OutcomeUnknown(f"order {order_id}: its venue is asked; no order follows on a guess")
    followers = session.look(lambda: _followers(desk, row))
    if not followers:
        why = session.look(lambda: _error(desk, row)) or "it has filled meanwhile"
        raise PositionError(f"order {order_id}: nothing completes it: {why}")
    return ClOrdId(followers[-1].cl_ord_id)


def _error(desk: Desk, row: OrderRow) -> str | None:
    shares = desk.session.summary.plans.row(row.signal_id).accounts
    return next((share.result.error for share in shares if share.account == row.account and share.result), None)


def _summary(rows: list[OrderRow]) -> ExecutionSummary:
    statuses = [status_of(row) for row in rows]
    over, filled = sum(not row.is_open for row in rows), statuses.count(OrderStatus.FILLED)
    ended = (OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED, OrderStatus.UNKNOWN)
    return ExecutionSummary(
        len(rows),
        filled,
        statuses.count(OrderStatus.PARTIALLY_FILLED),
        sum(row.is_open and status not in ended for row, status in zip(rows, statuses, strict=True)),
        statuses.count(OrderStatus.CANCELED),
        statuses.count(OrderStatus.REJECTED),
        statuses.count(OrderStatus.EXPIRED),
        statuses.count(OrderStatus.UNKNOWN),
        sum(row.role is Role.COMPLETION for row in rows),
        plain(sum((row.cum_qty for row in rows), ZERO)),
        round_down(filled * HUNDRED / over) if over else None,
    )
