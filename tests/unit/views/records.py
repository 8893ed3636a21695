"""Records written by hand, as the engine would have written them, for the views to fold."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from coxswain.messages import events as ev
from coxswain.messages.inputs import EngineStarted, Input, TimePassed
from coxswain.messages.record import Record
from coxswain.model.checks import Check
from coxswain.model.decimals import plain
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent
from coxswain.model.plan import Assignment, Plan
from coxswain.model.setup import AccountSpec, Capabilities, Setup, VenueSpec
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    JournalId,
    Mode,
    OrdStatus,
    OrdType,
    Role,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    TimeInForce,
    VenueId,
    VenueOrderId,
    VenueTier,
    Verdict,
)

T0_NS = 1_767_607_200_000_000_000  # 2026-01-05 10:00 UTC
MS = 1_000_000
A, B, C = AccountId("a"), AccountId("b"), AccountId("c")
EURUSD, IBM, SAP = Symbol("EURUSD"), Symbol("IBM"), Symbol("SAP")
S1 = SignalId("s1")
ZERO = Decimal(0)

SETUP = Setup(
    Mode.FULL_AUTO,
    (
        AccountSpec(A, VenueId("v"), "USD", {"risk_budget_pct": Decimal(5)}),
        AccountSpec(B, VenueId("v"), "EUR"),
        AccountSpec(C, VenueId("v"), "USD", reserve=True),
    ),
    (VenueSpec(VenueId("v"), Capabilities(VenueTier.T1, True, True, True)),),
    (
        Instrument(
            EURUSD, "USD", Decimal("0.00001"), Decimal("0.01"), Decimal("0.01"), Decimal(100_000), base_currency="EUR"
        ),
        Instrument(IBM, "USD", Decimal("0.01"), Decimal(1), Decimal(1)),
        Instrument(SAP, "EUR", Decimal("0.01"), Decimal(1), Decimal(1)),
    ),
    feed="SIMULATED",
)
STARTED = EngineStarted("1.0", JournalId("j1"), 7, SETUP)
CONFIGURED = ev.EngineConfigured("1.0", JournalId("j1"), 7, SETUP)


class View(Protocol):
    def apply(self, record: Record) -> None: ...


class Script:
    """A journal being written: each step is a record, one millisecond after the last unless said otherwise."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.now_ns = T0_NS
        self.step(CONFIGURED, message=STARTED)

    def step(self, *events: ev.Event, message: Input | None = None, after_ms: int = 1) -> "Script":
        self.now_ns += after_ms * MS if self.records else 0
        self.records.append(Record(len(self.records) + 1, self.now_ns, message or TimePassed(), events))
        return self

    def quote(self, bid: str, ask: str, symbol: Symbol = EURUSD) -> "Script":
        return self.step(message=Quote(symbol, Decimal(bid), Decimal(ask), self.now_ns))

    def shown_to(self, *views: View) -> None:
        for record in self.records:
            for view in views:
                view.apply(record)


# --- events -----------------------------------------------------------------------------------------------------------


def check(code: str = "OWN_SIZE", value: str = "1", limit: str = "2", passed: bool = True) -> Check:
    return Check(code, Decimal(value), Decimal(limit), passed)


def intent(
    account: AccountId = A,
    role: Role = Role.ENTRY,
    side: Side = Side.BUY,
    qty: str = "1",
    *,
    signal_id: SignalId = S1,
    symbol: Symbol = EURUSD,
    ord_type: OrdType = OrdType.MARKET,
    decision_px: str | None = None,
    stop_px: str | None = None,
) -> OrderIntent:
    return OrderIntent(
        account,
        symbol,
        side,
        ord_type,
        TimeInForce.DAY,
        Decimal(qty),
        role,
        signal_id,
        stop_px=None if stop_px is None else Decimal(stop_px),
        decision_px=None if decision_px is None else Decimal(decision_px),
    )


STOP = intent(role=Role.STOP, side=Side.SELL, ord_type=OrdType.STOP, stop_px="1.05")


def created(name: str, of: OrderIntent, margin: str = "0", risk: str = "0") -> ev.OrderCreated:
    enters = of.role in (Role.ENTRY, Role.COMPLETION, Role.RECOVERY, Role.DIRECT)
    return ev.OrderCreated(ClOrdId(name), of, (check(),), Decimal(margin), Decimal(risk), 0, enters)


def accepted(name: str, account: AccountId = A) -> ev.OrderAccepted:
    return ev.OrderAccepted(account, ClOrdId(name), VenueOrderId(f"v-{name}"))


def filled(
    name: str,
    qty: str,
    px: str,
    *,
    cum: str | None = None,
    leaves: str = "0",
    avg: str | None = None,
    status: OrdStatus | None = None,
    account: AccountId = A,
    side: Side = Side.BUY,
    symbol: Symbol = EURUSD,
    commission: str = "0",
    fx_rate: str = "1",
    slippage_bps: str | None = None,
) -> ev.OrderFilled:
    """A fill; by default it fills all of its order."""
    return ev.OrderFilled(
        account,
        ClOrdId(name),
        ExecId(f"x-{name}-{cum or qty}"),
        symbol,
        side,
        Decimal(qty),
        Decimal(px),
        Decimal(commission),
        Decimal(fx_rate),
        Decimal(cum or qty),
        Decimal(leaves),
        Decimal(avg or px),
        status or (OrdStatus.PARTIALLY_FILLED if Decimal(leaves) else OrdStatus.FILLED),
        T0_NS,
        None if slippage_bps is None else Decimal(slippage_bps),
    )


def position(
    qty: str,
    px: str,
    *,
    account: AccountId = A,
    symbol: Symbol = EURUSD,
    realized: str = "0",
    commission: str = "0",
    balance: str = "10000",
    margin: str = "0",
    risk: str = "0",
    closed: bool = False,
) -> ev.PositionChanged:
    size = Decimal(100_000) if symbol == EURUSD else Decimal(1)
    return ev.PositionChanged(
        account,
        symbol,
        Decimal(qty),
        plain(Decimal(qty) * Decimal(px) * size),
        Decimal(px) if Decimal(qty) else None,
        Decimal(realized),
        Decimal(balance),
        Decimal(margin),
        Decimal(commission),
        Decimal(risk),
        closed,
    )


def canceled(name: str, cum: str = "0", reason: str = "", account: AccountId = A) -> ev.OrderCanceled:
    return ev.OrderCanceled(account, ClOrdId(name), Decimal(cum), False, reason)


def rejected(name: str, reason: str = "no", account: AccountId = A) -> ev.OrderRejected:
    return ev.OrderRejected(account, ClOrdId(name), reason)


def unknown(name: str, account: AccountId = A) -> ev.OutcomeUnknown:
    return ev.OutcomeUnknown(account, ClOrdId(name), "no answer in time")


def resolved(name: str, account: AccountId = A) -> ev.OutcomeResolved:
    return ev.OutcomeResolved(account, ClOrdId(name), True, "acknowledged")


def cancel_asked(name: str, reason: str = "not filled in time") -> ev.CancelRequested:
    return ev.CancelRequested(A, ClOrdId(name), reason, 0)


def change_asked(name: str, new_name: str, qty: str, stop_px: str) -> ev.ReplaceRequested:
    return ev.ReplaceRequested(A, ClOrdId(name), ClOrdId(new_name), Decimal(qty), None, Decimal(stop_px), 0, (check(),))


def changed(name: str, new_name: str, qty: str) -> ev.OrderReplaced:
    return ev.OrderReplaced(A, ClOrdId(name), ClOrdId(new_name), Decimal(qty))


def levels(
    stop_px: str, target_px: str | None = None, signal_id: SignalId = S1, risk: str = "0"
) -> ev.ProtectionLevelsSet:
    target = None if target_px is None else Decimal(target_px)
    return ev.ProtectionLevelsSet(A, EURUSD, Decimal(stop_px), target, Decimal(risk), signal_id)


def share(account: AccountId, qty: str = "1", delay_ms: int = 0) -> Assignment:
    return Assignment(account, Verdict.SEND, (check(),), Decimal(qty), delay_ms, 1)


def left_out(account: AccountId) -> Assignment:
    return Assignment(account, Verdict.SKIP, (check("AVAILABLE_MARGIN", "900", "1000", False),))


def proposed(
    *assignments: Assignment,
    kind: SignalKind = SignalKind.ENTRY,
    signal_id: SignalId = S1,
    side: Side | None = Side.BUY,
) -> ev.PlanProposed:
    return ev.PlanProposed(Plan(signal_id, kind, EURUSD, assignments, "why", side, Decimal("1.1")))


def approved(signal_id: SignalId = S1) -> ev.PlanApproved:
    return ev.PlanApproved(signal_id, "FULL_AUTO")


def denied(of: OrderIntent, reasons: Sequence[str] = ("MAX_ORDER_QTY: value=3, limit=2",)) -> ev.OrderDenied:
    return ev.OrderDenied(of, (check("MAX_ORDER_QTY", "3", "2", False),), tuple(reasons))
