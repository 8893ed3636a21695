"""What an engine is looked at and driven through, part by part: orders, positions, the portfolio, the fast path.

Each is a view of the engine of its owner: of an `ExecutionEngine`, an `ExecutionManager`, an orchestrator, or a venue,
where it shows that venue's accounts only.
"""

from collections.abc import Sequence

from coxswain.api.python.door import Desk, Shared
from coxswain.api.python.errors import PositionError, VenueError
from coxswain.api.python.modifying import modify
from coxswain.api.python.reading import discrepancy_of, metrics_of, portfolio_of, position_of
from coxswain.api.python.types import (
    Discrepancy,
    ExecutionResult,
    ManagedPosition,
    Order,
    OrderParams,
    PortfolioStats,
    PositionMetrics,
)
from coxswain.api.python.values import Number, above_zero
from coxswain.api.python.venue import ExecutionVenue
from coxswain.messages import inputs as inp
from coxswain.model.vocabulary import AccountId, SignalKind
from coxswain.views.positions import PositionRow


class Part(Shared):
    """One view of the engine of its owner."""

    def __init__(self, owner: Shared) -> None:
        self._desk = owner._desk
        self._venue = owner.venue_id if isinstance(owner, ExecutionVenue) else None


class OrderRouter(Part):
    """Orders on their way: understood, then judged by the gate and reserved in one step, then sent and followed."""

    async def validate_order(self, params: OrderParams) -> None:
        """See that an order can be understood. Raises `ValidationError`.

        Whether it may leave is judged when it is submitted, with everything as it stands then.
        """
        await self._desk.run(lambda: self._desk.intent(params, self._venue))

    async def submit_order(self, params: OrderParams) -> Order:
        """Submit an order, and return it once it was answered. Raises `OrderDenied` with every check that failed."""
        return await self._desk.run(lambda: self._desk.await_order(self._desk.submit_order(params, self._venue)))

    async def cancel_order(self, order_id: str) -> bool:
        """Cancel an order. False where it had filled, or was over."""
        return await self._desk.run(lambda: self._desk.cancel_order(order_id))

    async def modify_order(
        self,
        order_id: str,
        *,
        quantity: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
    ) -> Order:
        """Change a working order, and return it once its venue has answered; as `ExecutionVenue.modify_order`."""
        return await self._desk.run(lambda: modify(self._desk, order_id, quantity, limit_price, stop_price))

    async def get_order(self, order_id: str) -> Order:
        return await self._desk.run(lambda: self._desk.order(order_id))


class OrderManager(Part):
    """Every order there is, protective ones included."""

    def get_orders(self) -> list[Order]:
        """List every order, oldest first."""
        return self._desk.orders(self._venue)

    def get_open_orders(self) -> list[Order]:
        """List the orders that may still fill."""
        open_ids = self._desk.open_order_ids()
        return [order for order in self.get_orders() if order.order_id in open_ids]

    def get_order(self, order_id: str) -> Order:
        return self._desk.order(order_id)


class FastExecutionPath(Part):
    """Orders that skip planning and stagger. They pass the gate and the journal like every other."""

    async def execute(self, order: OrderParams) -> Order:
        """Submit an order, and return it once it was answered. Raises `OrderDenied`."""
        return await self._desk.run(lambda: self._desk.await_order(self._desk.submit_order(order, self._venue)))


class PositionManager(Part):
    """Positions: opened by orders, marked at the last prices, closed by exits, compared with the venue's books."""

    def get_positions(self) -> list[ManagedPosition]:
        """List what is held, marked at the last quotes."""
        session = self._desk.session
        return session.look(lambda: [position_of(session.summary, row) for row in self._held()])

    def get_closed_positions(self) -> list[ManagedPosition]:
        """List what was held and is closed: one an account and instrument, with all that it realised."""
        session, accounts = self._desk.session, self._desk.accounts_at(self._venue)

        def read() -> list[ManagedPosition]:
            rows = session.summary.book.positions.values()
            closed = [row for row in rows if not row.qty and row.opened_ns is not None and row.account in accounts]
            return [position_of(session.summary, row) for row in closed]

        return session.look(read)

    def get_position(self, symbol: str, account_id: str | None = None) -> ManagedPosition:
        """Return one position. Raises `PositionError` where nothing is held."""
        session = self._desk.session
        return session.look(lambda: position_of(session.summary, self._row(symbol, account_id)))

    def get_metrics(self, symbol: str, account_id: str | None = None) -> PositionMetrics:
        """Return, risk/reward, holding period and profit a day of one position."""
        return self._desk.session.look(lambda: metrics_of(self._row(symbol, account_id)))

    async def open_position(self, params: OrderParams) -> ManagedPosition:
        """Enter with an order, and return the position that it opened. Stop and target follow its fills.

        Raises `PositionError` where nothing has filled; the order may still work.
        """
        desk = self._desk
        order = await desk.run(lambda: desk.await_order(desk.submit_order(params, self._venue)))
        if not order.filled_quantity:
            raise PositionError(f"order {order.order_id} has filled nothing: {order.status} {order.rejection_reason}")
        return self.get_position(order.symbol, order.account_id)

    async def close_position(
        self, symbol: str, quantity: Number | None = None, account_id: str | None = None, reason: str = "closed by API"
    ) -> list[ExecutionResult]:
        """Close a position, all of it or a part, on every account that is meant; return one result an account.

        Protection makes room first, and what is left is protected again.
        """
        desk = self._desk
        return await desk.run(lambda: self._close(symbol, quantity, account_id, reason))

    async def reconcile(self) -> list[Discrepancy]:
        """Compare the engine's books with the venues', now; return what differs and is not settled."""
        desk = self._desk
        return await desk.run(lambda: compare(desk, sorted(desk.accounts_at(self._venue))))

    def _close(
        self, symbol: str, quantity: Number | None, account_id: str | None, reason: str
    ) -> list[ExecutionResult]:
        desk = self._desk
        rows = desk.session.look(lambda: self._rows(symbol, account_id))
        plan = desk.submit_signal(
            {
                "id": desk.session.new_name("exit"),
                "kind": SignalKind.EXIT,
                "symbol": rows[0].symbol,
                "quantity": None if quantity is None else above_zero(quantity, "quantity"),
                "accounts": [row.account for row in rows],
                "reason": reason,
            }
        )
        desk.approve(plan.signal_id)
        return desk.await_results(plan.signal_id)

    def _held(self) -> list[PositionRow]:
        accounts = self._desk.accounts_at(self._venue)
        return [row for row in self._desk.session.summary.book.open_positions() if row.account in accounts]

    def _rows(self, symbol: str, account_id: str | None) -> list[PositionRow]:
        found = [row for row in self._held() if row.symbol == symbol.upper() and account_id in (None, row.account)]
        if not found:
            raise PositionError(f"no position in {symbol.upper()} is held{f' on {account_id}' if account_id else ''}")
        return found

    def _row(self, symbol: str, account_id: str | None) -> PositionRow:
        rows = self._rows(symbol, account_id)
        if len(rows) > 1:
            raise PositionError(f"{symbol} is held on {', '.join(row.account for row in rows)}: name one account")
        return rows[0]


class PortfolioManager(Part):
    """What all accounts come to, one row a currency: money of different currencies is never added up."""

    def get_stats(self) -> list[PortfolioStats]:
        """Return what is held and what came of it; of a venue, what its accounts do."""
        performance, session = self._desk.session.summary.performance, self._desk.session
        accounts = self._desk.accounts_at(self._venue)
        return session.look(lambda: [portfolio_of(row) for row in performance.portfolio(accounts)])


def compare(desk: Desk, accounts: Sequence[AccountId]) -> list[Discrepancy]:
    """Have books compared, wait for the venues' answers, and list the breaks that are open."""
    session, book = desk.session, desk.session.summary.book
    before = session.look(lambda: {account: session.books.get(account) for account in accounts})
    session.tell(inp.CompareAccounts("asked by API", tuple(accounts), session.actor))
    if not session.wait_until(lambda: all(session.books.get(each) is not before[each] for each in accounts)):
        silent = session.look(lambda: [each for each in accounts if session.books.get(each) is before[each]])
        raise VenueError(f"the venues of {', '.join(silent)} did not answer")
    session.settle(within_s=10)  # a difference that is young is looked at again before it counts
    return session.look(lambda: [discrepancy_of(each) for each in book.breaks.values() if each.account in accounts])
