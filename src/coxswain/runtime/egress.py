"""The egress guard: between a record that is durable and the venue, a second look at every order that leaves.

It shares nothing with the gate but the journal: it reads the bytes as they were committed, keeps its own books of
orders, positions and limits, and makes its own sums. Nothing of core or risk may ever be imported here: a mistake there
must not be a mistake here as well. Cancels and questions pass; nothing here ever holds one back.

What must be so for an order to leave: a durable event says the same, field by field, and has not let it out before;
nothing was stopped when that event came, unless the order only reduces; and it is no larger (control 11), worth no more
(12), not more messages in a second (16) and, with all that all accounts hold and have working in its instrument, no
more lots (25) than the limits in force. A refusal means that something is broken, so each
bound is wider than the gate's where the gate may rightly judge otherwise: values by `VALUE_SLACK`, messages by
`MESSAGE_SLACK`, because the gate counts in windows of its own, and paces what is too much.
"""

from collections import deque
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, Context, Decimal, InvalidOperation, Overflow
from operator import attrgetter
from typing import Any

import msgspec

from coxswain.messages.requests import NewOrder, ReplaceOrder, Request

NS_PER_S = 1_000_000_000
VALUE_SLACK = Decimal("1.1")
MESSAGE_SLACK = 4
DEFAULTS = {
    "max_order_qty": Decimal(10000),
    "max_order_value": Decimal(250000),
    "max_messages_per_s": Decimal(50),
    "max_desk_position_qty": Decimal(500000),
}
"""Limits by key, as the configuration has them; a test keeps both equal."""
EVERYTHING = "EVERYTHING"
BUY = "BUY"

_CONTEXT = Context(prec=28, rounding=ROUND_CEILING, traps=[InvalidOperation, Overflow])
_ZERO, _ONE = Decimal(0), Decimal(1)


# --- what is read of a record: only the fields that are looked at -----------------------------------------------------


class _Envelope(msgspec.Struct):
    now_ns: int
    input: msgspec.Raw
    events: list[msgspec.Raw] = []


class _Trail(msgspec.Struct, frozen=True):
    amount: Decimal | None = None
    pct: Decimal | None = None
    activation_px: Decimal | None = None
    source: str | None = None


class _Intent(msgspec.Struct, frozen=True):
    account: str
    symbol: str
    side: str
    ord_type: str
    time_in_force: str
    order_qty: Decimal
    price: Decimal | None = None
    stop_px: Decimal | None = None
    reduce_only: bool = False
    oco_group: str | None = None
    expire_time_ns: int | None = None
    trail: _Trail | None = None


class _Created(msgspec.Struct):
    cl_ord_id: str
    intent: _Intent


class _Resent(msgspec.Struct):
    cl_ord_id: str


class _Filled(msgspec.Struct):
    account: str
    cl_ord_id: str
    symbol: str
    side: str
    last_qty: Decimal
    leaves_qty: Decimal
    suspense: bool = False


class _Adopted(msgspec.Struct):
    account: str
    symbol: str
    qty: Decimal


class _Busted(msgspec.Struct):
    account: str
    cl_ord_id: str
    symbol: str
    side: str
    last_qty: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    former_qty: Decimal | None = None
    """Of a correction: what the fill was before."""
    suspense: bool = False


class _Ended(msgspec.Struct):
    cl_ord_id: str


class _ReplaceAsked(msgspec.Struct):
    account: str
    cl_ord_id: str
    new_cl_ord_id: str
    order_qty: Decimal
    price: Decimal | None = None
    stop_px: Decimal | None = None
    stopped: str = ""
    """Set here: why nothing was to grow when it was asked for."""


class _Replaced(msgspec.Struct):
    cl_ord_id: str
    order_qty: Decimal


class _AccountState(msgspec.Struct):
    account: str
    state: str


class _Scope(msgspec.Struct):
    kind: str


class _Stop(msgspec.Struct):
    scope: _Scope


class _LimitChange(msgspec.Struct, array_like=True):
    account: str | None
    key: str
    before: Decimal
    after: Decimal


class _LimitsChanged(msgspec.Struct):
    changes: list[_LimitChange]


class _Account(msgspec.Struct):
    id: str
    venue: str
    currency: str
    limits: dict[str, Decimal] = {}


class _Instrument(msgspec.Struct):
    symbol: str
    currency: str
    contract_size: Decimal = _ONE
    base_currency: str | None = None


class _Capabilities(msgspec.Struct):
    native_reduce_only: bool


class _Venue(msgspec.Struct):
    id: str
    capabilities: _Capabilities


class _Setup(msgspec.Struct):
    accounts: list[_Account]
    venues: list[_Venue]
    instruments: list[_Instrument]
    settings: dict[str, Decimal] = {}


class _Configured(msgspec.Struct):
    setup: _Setup


class _Quote(msgspec.Struct):
    symbol: str
    bid: Decimal
    ask: Decimal


_envelope = msgspec.json.Decoder(_Envelope)
_quote = msgspec.json.Decoder(_Quote)
_QUOTE = b'{"type":"Quote"'
_KIND_AT = len(b'{"type":"')


class _Order(msgspec.Struct):
    """One order that is not over, in the guard's own books."""

    intent: _Intent
    order_qty: Decimal
    stopped: str
    """Why nothing was to enter on its account when it was created; empty where all was well."""
    cum_qty: Decimal = _ZERO
    open_qty: Decimal = _ZERO
    may_leave: int = 1
    """How many durable events let it out that have not yet."""


_fields_of = attrgetter(*_Intent.__struct_fields__)


def _is_same(meant: object, leaves: object) -> bool:
    """Compare one field; a nested one by its own fields, because the two are of different kinds."""
    if isinstance(meant, _Trail) and leaves is not None:
        return all(getattr(meant, name) == getattr(leaves, name, None) for name in _Trail.__struct_fields__)
    return meant == leaves


class _Books(msgspec.Struct):
    """What a guard knows, for another to go on with. Groups follow from the orders; messages are counted anew."""

    accounts: dict[str, _Account]
    native_reduce_only: dict[str, bool]
    instruments: dict[str, _Instrument]
    pairs: dict[str, str]
    settings: Mapping[str, Decimal]
    changed: dict[tuple[str | None, str], Decimal]
    quotes: dict[str, _Quote]
    states: dict[str, str]
    stopped: bool
    orders: dict[str, _Order]
    changes: dict[str, _ReplaceAsked]
    positions: dict[tuple[str, str], Decimal]
    held: dict[str, Decimal]
    entering: dict[tuple[str, str], Decimal]


# --- the guard --------------------------------------------------------------------------------------------------------


class Guard:
    """One engine's guard. `note` is shown each committed record, in order; `refusal` is asked before each send."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._native_reduce_only: dict[str, bool] = {}
        self._instruments: dict[str, _Instrument] = {}
        self._pairs: dict[str, str] = {}
        self._settings: Mapping[str, Decimal] = {}
        self._changed: dict[tuple[str | None, str], Decimal] = {}
        self._quotes: dict[str, _Quote] = {}
        self._states: dict[str, str] = {}
        self._stopped = False
        self._flag_up = False
        self._orders: dict[str, _Order] = {}
        self._changes: dict[str, _ReplaceAsked] = {}
        """Replaces that may leave, by their new id."""
        self._sent: dict[str, deque[int]] = {}
        self._positions: dict[tuple[str, str], Decimal] = {}
        """Lots by account and instrument."""
        self._held: dict[str, Decimal] = {}
        """Net lots of all accounts together, by instrument."""
        self._entering: dict[tuple[str, str], Decimal] = {}
        """Lots of orders that enter and are not over, by instrument and side."""
        self._groups: dict[tuple[str, str, str], list[_Order]] = {}
        """Orders that enter, by account, group and side."""

    def raise_flag(self) -> None:
        """Hear that the flag file stops everything: nothing that opens a position leaves until a resume."""
        self._stopped = self._flag_up = True

    def note(self, body: bytes) -> None:
        """Read what a committed record means for what may leave."""
        envelope = _envelope.decode(body)
        raw = bytes(envelope.input)
        if raw.startswith(_QUOTE):
            quote = _quote.decode(raw)
            self._quotes[quote.symbol] = quote
        for event in envelope.events:
            raw = bytes(event)
            known = _EVENTS.get(raw[_KIND_AT : raw.index(b'"', _KIND_AT)])
            if known is not None:
                decoder, take = known
                take(self, decoder.decode(raw))

    def keep(self) -> bytes:
        """Return what is known, for `remember` of another guard."""
        names = _Books.__struct_fields__
        return msgspec.msgpack.encode(_Books(*(getattr(self, f"_{name}") for name in names)))

    def remember(self, kept: bytes) -> None:
        """Know what another guard knew at its `keep`. Raises `msgspec.DecodeError` for bytes that are not that."""
        books = msgspec.msgpack.decode(kept, type=_Books)
        for name in _Books.__struct_fields__:
            setattr(self, f"_{name}", getattr(books, name))
        for order in books.orders.values():
            if order.open_qty and order.intent.oco_group is not None:
                key = (order.intent.account, order.intent.oco_group, order.intent.side)
                self._groups.setdefault(key, []).append(order)

    def refusal(self, request: Request, now_ns: int) -> str:
        """Say why a request of the record noted last must not leave; empty where it may, and then it is counted."""
        match request:
            case NewOrder():
                why = self._new(request) or self._too_many(request.account, now_ns)
            case ReplaceOrder():
                why = self._replace(request) or self._too_many(request.account, now_ns)
            case _:
                return ""
        if not why:
            self._sent[request.account].append(now_ns)
        return why

    def _meant(self, intent: _Intent) -> tuple[object, ...]:
        """Return what a durable intent says to its venue, in the order of its fields; what a venue does not do is not
        said to it."""
        return (
            intent.account,
            intent.symbol,
            intent.side,
            intent.ord_type,
            intent.time_in_force,
            intent.order_qty,
            intent.price,
            intent.stop_px,
            intent.reduce_only and self._native_reduce_only[self._accounts[intent.account].venue],
            intent.oco_group,
            intent.expire_time_ns if intent.time_in_force == "GTD" else None,
            intent.trail if intent.ord_type == "TRAILING_STOP" else None,
        )

    def _new(self, request: NewOrder) -> str:
        order = self._orders.get(request.cl_ord_id)
        if order is None:
            return f"NO_DURABLE_INTENT: cl_ord_id={request.cl_ord_id}"
        if order.may_leave < 1:
            return f"SENT_BEFORE: cl_ord_id={request.cl_ord_id}"
        intent = order.intent
        meant, leaving = self._meant(intent), _fields_of(request)
        if meant != leaving:
            for field, said, leaves in zip(_Intent.__struct_fields__, meant, leaving, strict=True):
                if not _is_same(said, leaves):
                    return f"NOT_AS_INTENDED: {field}={leaves}, durable={said}"
        if not intent.reduce_only:
            why = order.stopped or self._why_flagged() or self._too_large(intent, intent.order_qty)
            if why:
                return why
        order.may_leave -= 1
        return ""

    def _replace(self, request: ReplaceOrder) -> str:
        asked = self._changes.get(request.cl_ord_id)
        if asked is None:
            return f"NO_DURABLE_INTENT: cl_ord_id={request.cl_ord_id}"
        order = self._orders.get(asked.cl_ord_id)
        if order is None:
            return f"NO_DURABLE_INTENT: the order {asked.cl_ord_id} is over"
        meant = (asked.account, order.intent.symbol, asked.order_qty, asked.price, asked.stop_px)
        leaves = (request.account, request.symbol, request.order_qty, request.price, request.stop_px)
        if meant != leaves:
            return f"NOT_AS_INTENDED: {leaves}, durable={meant}"
        if not order.intent.reduce_only:
            grows = request.order_qty > order.order_qty
            why = (asked.stopped or self._why_flagged()) if grows else ""
            why = why or self._too_large(order.intent, request.order_qty - order.cum_qty)
            if why:
                return why
        del self._changes[request.cl_ord_id]
        if order.cum_qty >= order.order_qty:
            del self._orders[asked.cl_ord_id]
        return ""

    # --- the controls, with sums of its own ---------------------------------------------------------------------------

    def _why_flagged(self) -> str:
        return "STOPPED: by the flag file" if self._flag_up else ""

    def _why_stopped(self, account: str) -> str:
        if self._stopped:
            return "STOPPED: everything"
        state = self._states.get(account, "ACTIVE")
        return "" if state == "ACTIVE" else f"STOPPED: {account} is {state}"

    def _too_large(self, intent: _Intent, qty: Decimal) -> str:
        limit = self._limit(intent.account, "max_order_qty")
        if qty > limit:
            return f"ORDER_QTY: value={qty}, limit={limit}"
        lots = self._entering.get((intent.symbol, intent.side), _ZERO)
        lots += self._held.get(intent.symbol, _ZERO) * (1 if intent.side == BUY else -1)
        limit = self._desk_limit("max_desk_position_qty") * VALUE_SLACK
        if lots > limit:
            return f"DESK_POSITION_QTY: value={lots}, limit={limit}"
        value = self._value(intent, qty)
        limit = self._limit(intent.account, "max_order_value") * VALUE_SLACK
        if value is not None and value > limit:
            return f"ORDER_VALUE: value={value}, limit={limit}"
        return ""

    def _too_many(self, account: str, now_ns: int) -> str:
        sent = self._sent.setdefault(account, deque())
        while sent and sent[0] <= now_ns - NS_PER_S:
            sent.popleft()
        limit = int(self._limit(account, "max_messages_per_s")) * MESSAGE_SLACK
        return f"MESSAGE_RATE: value={len(sent) + 1}, limit={limit}" if len(sent) >= limit else ""

    def _limit(self, account: str, key: str) -> Decimal:
        spec = self._accounts.get(account)
        if spec is None:
            return _ZERO  # nobody knows this account
        return self._changed.get((account, key), spec.limits.get(key, self._desk_limit(key)))

    def _desk_limit(self, key: str) -> Decimal:
        return self._changed.get((None, key), self._settings.get(key, DEFAULTS[key]))

    def _value(self, intent: _Intent, qty: Decimal) -> Decimal | None:
        """Return what lots are worth in the account's currency; None where no quote says it, which the gate denies."""
        instrument, spec = self._instruments.get(intent.symbol), self._accounts.get(intent.account)
        quote = self._quotes.get(intent.symbol)
        price = intent.price or intent.stop_px or (None if quote is None else quote.ask)
        if instrument is None or spec is None or price is None:
            return None
        rate = self._rate(instrument.currency, spec.currency)
        if rate is None:
            return None
        per_lot = _CONTEXT.multiply(_CONTEXT.multiply(price, instrument.contract_size), rate)
        return _CONTEXT.multiply(qty, per_lot)

    def _rate(self, source: str, target: str) -> Decimal | None:
        if source == target:
            return _ONE
        quote = self._quotes.get(self._pairs.get(f"{source}/{target}", ""))
        if quote is not None:
            return quote.ask
        quote = self._quotes.get(self._pairs.get(f"{target}/{source}", ""))
        return None if quote is None or quote.bid <= 0 else _CONTEXT.divide(_ONE, quote.bid)

    # --- its books ----------------------------------------------------------------------------------------------------

    def _configured(self, event: _Configured) -> None:
        """A start. What an earlier process had not sent is asked for now, and leaves again only by a new event."""
        setup = event.setup
        self._accounts = {account.id: account for account in setup.accounts}
        self._native_reduce_only = {venue.id: venue.capabilities.native_reduce_only for venue in setup.venues}
        self._instruments = {instrument.symbol: instrument for instrument in setup.instruments}
        self._pairs = {f"{i.base_currency}/{i.currency}": i.symbol for i in setup.instruments if i.base_currency}
        self._settings = setup.settings
        for order in self._orders.values():
            order.may_leave = 0
        self._changes.clear()

    def _limits_changed(self, event: _LimitsChanged) -> None:
        for change in event.changes:
            self._changed[change.account, change.key] = change.after

    def _account_state(self, event: _AccountState) -> None:
        self._states[event.account] = event.state

    def _stop(self, event: _Stop) -> None:
        self._stopped = self._stopped or event.scope.kind == EVERYTHING

    def _resume(self, event: _Stop) -> None:
        if event.scope.kind == EVERYTHING:
            self._stopped = self._flag_up = False

    def _created(self, event: _Created) -> None:
        intent = event.intent
        stopped = "" if intent.reduce_only else self._why_stopped(intent.account)
        self._orders[event.cl_ord_id] = order = _Order(intent, intent.order_qty, stopped)
        self._count(order, intent.order_qty)

    def _order_adopted(self, event: _Created) -> None:
        """One that works at the venue already: it counts, and never leaves from here."""
        self._created(event)
        self._orders[event.cl_ord_id].may_leave = 0

    def _resent(self, event: _Resent) -> None:
        order = self._orders.get(event.cl_ord_id)
        if order is not None:
            order.may_leave = 1
            order.stopped = "" if order.intent.reduce_only else self._why_stopped(order.intent.account)

    def _filled(self, event: _Filled) -> None:
        signed = event.last_qty if event.side == BUY else -event.last_qty
        self._hold(event.account, event.symbol, self._positions.get((event.account, event.symbol), _ZERO) + signed)
        order = None if event.suspense else self._orders.get(event.cl_ord_id)
        if order is not None:
            order.cum_qty += event.last_qty
            self._count(order, max(order.order_qty - order.cum_qty, _ZERO) if event.leaves_qty else _ZERO)
            # A change of it that the same record asks for still leaves, and the venue refuses it.
            changing = any(change.cl_ord_id == event.cl_ord_id for change in self._changes.values())
            if not event.leaves_qty and not changing:
                del self._orders[event.cl_ord_id]

    def _adopted(self, event: _Adopted) -> None:
        self._hold(event.account, event.symbol, event.qty)

    def _hold(self, account: str, symbol: str, qty: Decimal) -> None:
        """Count what an account holds from now on."""
        more = qty - self._positions.get((account, symbol), _ZERO)
        self._positions[account, symbol] = qty
        self._held[symbol] = self._held.get(symbol, _ZERO) + more

    def _busted(self, event: _Busted) -> None:
        """A fill was taken back, or is another: what is held changes, and what its order has open if it works."""
        change = -event.last_qty if event.former_qty is None else event.last_qty - event.former_qty
        signed = change if event.side == BUY else -change
        self._hold(event.account, event.symbol, self._positions.get((event.account, event.symbol), _ZERO) + signed)
        order = None if event.suspense else self._orders.get(event.cl_ord_id)
        if order is not None:
            order.cum_qty = event.cum_qty
            self._count(order, event.leaves_qty)

    def _ended(self, event: _Ended) -> None:
        order = self._orders.pop(event.cl_ord_id, None)
        if order is not None:
            self._count(order, _ZERO)

    def _count(self, order: _Order, open_qty: Decimal) -> None:
        """Count what an order has open now. What only reduces is not counted: it makes less of it all."""
        intent = order.intent
        if intent.reduce_only:
            return
        beside = self._beside(order, open_qty)
        key = (intent.symbol, intent.side)
        more = max(open_qty, beside) - max(order.open_qty, beside)
        self._entering[key] = self._entering.get(key, _ZERO) + more
        order.open_qty = open_qty

    def _beside(self, order: _Order, open_qty: Decimal) -> Decimal:
        """Return what others of its group on its side have open, of which their venue lets only one fill."""
        intent = order.intent
        if intent.oco_group is None:
            return _ZERO
        key = (intent.account, intent.oco_group, intent.side)
        others = [other for other in self._groups.get(key, ()) if other is not order]
        self._groups[key] = [*others, order] if open_qty else others
        if not self._groups[key]:
            del self._groups[key]
        return max((other.open_qty for other in others), default=_ZERO)

    def _replace_asked(self, event: _ReplaceAsked) -> None:
        event.stopped = self._why_stopped(event.account)
        self._changes[event.new_cl_ord_id] = event

    def _replaced(self, event: _Replaced) -> None:
        order = self._orders.get(event.cl_ord_id)
        if order is not None:
            order.order_qty = event.order_qty
            self._count(order, max(order.order_qty - order.cum_qty, _ZERO))


# Each function takes what its decoder reads; no type says that of a table.
_TABLE: tuple[tuple[str, type[msgspec.Struct], Callable[[Guard, Any], None]], ...] = (
    ("EngineConfigured", _Configured, Guard._configured),
    ("LimitsChanged", _LimitsChanged, Guard._limits_changed),
    ("AccountStateChanged", _AccountState, Guard._account_state),
    ("TradingStopped", _Stop, Guard._stop),
    ("TradingResumed", _Stop, Guard._resume),
    ("OrderCreated", _Created, Guard._created),
    ("OrderResent", _Resent, Guard._resent),
    ("OrderFilled", _Filled, Guard._filled),
    ("PositionAdopted", _Adopted, Guard._adopted),
    ("OrderAdopted", _Created, Guard._order_adopted),
    ("FillBusted", _Busted, Guard._busted),
    ("FillCorrected", _Busted, Guard._busted),
    ("OrderCanceled", _Ended, Guard._ended),
    ("OrderRejected", _Ended, Guard._ended),
    ("OrderExpired", _Ended, Guard._ended),
    ("ReplaceRequested", _ReplaceAsked, Guard._replace_asked),
    ("OrderReplaced", _Replaced, Guard._replaced),
    ("OrderRestated", _Replaced, Guard._replaced),
)
_EVENTS = {name.encode(): (msgspec.json.Decoder(kind), take) for name, kind, take in _TABLE}
