"""A venue that answers at once and keeps no books: what our engine costs without an exchange beside it."""

from decimal import Decimal

from coxswain.messages.inputs import ExecutionReport, Input
from coxswain.messages.requests import CancelOrder, NewOrder, Request
from coxswain.model.market import Quote
from coxswain.model.vocabulary import ClOrdId, ExecId, ExecType, Side, VenueOrderId


class Told:
    """Fills whole at the touch what reaches it, lets the others rest, and cancels what it is asked to."""

    def __init__(self) -> None:
        self._quote: Quote | None = None
        self._answers: list[Input] = []
        self._resting: dict[ClOrdId, NewOrder] = {}
        self._reports = 0

    def on_quote(self, quote: Quote) -> None:
        self._quote = quote

    def send(self, request: Request, now_ns: int) -> None:
        match request:
            case NewOrder():
                self._report(request, ExecType.NEW, now_ns)
                if request.price is None or self._is_reached(request.side, request.price):
                    self._fill(request, now_ns)
                else:
                    self._resting[request.cl_ord_id] = request
            case CancelOrder():
                self._report(self._resting.pop(request.cl_ord_id), ExecType.CANCELED, now_ns)
            case _:
                raise ValueError(f"nobody asks for that here: {request}")

    def take(self, now_ns: int) -> list[Input]:
        answers, self._answers = self._answers, []
        return answers

    def _fill(self, order: NewOrder, now_ns: int) -> None:
        px = self._touch(order.side)
        self._answers.append(
            ExecutionReport(
                order.account,
                order.cl_ord_id,
                self._next_id(),
                ExecType.TRADE,
                order.symbol,
                order.side,
                now_ns,
                VenueOrderId(order.cl_ord_id),
                last_qty=order.order_qty,
                last_px=px,
                cum_qty=order.order_qty,
            )
        )

    def _report(self, order: NewOrder, exec_type: ExecType, now_ns: int) -> None:
        venue_id = VenueOrderId(order.cl_ord_id)
        self._answers.append(
            ExecutionReport(
                order.account, order.cl_ord_id, self._next_id(), exec_type, order.symbol, order.side, now_ns, venue_id
            )
        )

    def _is_reached(self, side: Side, price: Decimal) -> bool:
        return price >= self._touch(side) if side is Side.BUY else price <= self._touch(side)

    def _touch(self, side: Side) -> Decimal:
        assert self._quote is not None
        return self._quote.ask if side is Side.BUY else self._quote.bid

    def _next_id(self) -> ExecId:
        self._reports += 1
        return ExecId(f"R{self._reports}")
