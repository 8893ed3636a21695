"""The one JSON document of `demo --json` and `run --json`, version 1. Decimals are strings in full, absent is null.

The names here are a promise to scripts: fields are added, never renamed or removed. `schema/run.v1.json` says so.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.checks import Check
from coxswain.model.decimals import text
from coxswain.model.vocabulary import ExecType, OrdStatus
from coxswain.views.blotter import Blotter
from coxswain.views.plans import PlanAccount, PlanRow, Plans, Result
from coxswain.views.positions import Book, PositionRow
from coxswain.views.stats import MoneyRow, Stats, StatsRow


class SignalCounts(msgspec.Struct):
    received: int = 0
    planned: int = 0
    denied: int = 0
    duplicate: int = 0


class CheckDoc(msgspec.Struct, frozen=True):
    code: str
    value: str | None
    limit: str | None
    passed: bool


class ResultDoc(msgspec.Struct, frozen=True):
    success: bool | None
    outcome: str
    order_id: str | None
    error: str | None
    execution_time_ms: str | None
    actual_entry_price: str | None
    slippage_bps: str | None
    filled_qty: str


class AccountDoc(msgspec.Struct, frozen=True):
    account: str
    verdict: str
    qty: str
    delay_ms: int
    priority: int
    size_variance_pct: str
    correlation: str | None
    """The highest with any account released earlier."""
    sizing: str
    """How the quantity came about, for people."""
    recovery: bool
    """It took over from a rejected order; the plan had not chosen it."""
    checks: tuple[CheckDoc, ...]
    result: ResultDoc | None


class PlanDoc(msgspec.Struct, frozen=True):
    signal_id: str
    kind: str
    symbol: str
    side: str | None
    rationale: str
    warnings: tuple[str, ...]
    accounts: tuple[AccountDoc, ...]


class OrderCounts(msgspec.Struct, frozen=True):
    total: int
    filled: int
    cancelled: int
    rejected: int
    denied: int
    unknown_now: int


class UnknownCounts(msgspec.Struct, frozen=True):
    seen: int
    resolved: int


class PositionDoc(msgspec.Struct, frozen=True):
    account: str
    symbol: str
    qty: str
    avg_px: str | None
    realized_pnl: str
    unrealized_pnl: str | None
    protection: str
    stop_px: str | None
    target_px: str | None


class BreakDoc(msgspec.Struct, frozen=True):
    account: str
    break_id: str
    kind: str
    symbol: str | None
    severity: str
    ours: str | None
    theirs: str | None
    detail: str


class MoneyDoc(msgspec.Struct, frozen=True):
    currency: str
    realized_pnl: str | None
    commission: str | None
    slippage: str | None
    trades: int
    gross_profit: str | None
    gross_loss: str | None
    largest_win: str | None
    largest_loss: str | None
    average_win: str | None
    average_loss: str | None
    profit_factor: str | None


class StatsDoc(msgspec.Struct, frozen=True):
    total_orders: int
    filled_orders: int
    cancelled_orders: int
    rejected_orders: int
    expired_orders: int
    denied_orders: int
    fills: int
    fill_rate_pct: str | None
    average_fill_time_ms: str | None
    average_slippage_bps: str | None
    trades: int
    wins: int
    losses: int
    win_rate_pct: str | None
    money: tuple[MoneyDoc, ...]


class Audit(msgspec.Struct, frozen=True):
    verified: bool
    records: int
    head: str


class RunDocument(msgspec.Struct, frozen=True):
    mode: str | None
    seed: int | None
    feed: str | None
    signals: SignalCounts
    plans: tuple[PlanDoc, ...]
    orders: OrderCounts
    fills: int
    partial_fills: int
    """Fills that left something of their order open."""
    completions: int
    recoveries: int
    unknown: UnknownCounts
    positions: tuple[PositionDoc, ...]
    breaks: tuple[BreakDoc, ...]
    audit: Audit
    digest: str
    stats: StatsDoc
    schema_version: int = 1


class Summary:
    """Folds everything the document needs, in one pass."""

    def __init__(self) -> None:
        self.blotter = Blotter()
        self.plans = Plans(self.blotter)
        self.book = Book(self.blotter)
        self.stats = Stats(self.blotter)
        self.signals = SignalCounts()
        self.partial_fills = 0
        self.repeated_reports = 0
        """Trades that came again and changed nothing."""
        self.denials: list[ev.SignalDenied] = []
        self._started: inp.EngineStarted | None = None

    def apply(self, record: Record) -> None:
        self.blotter.apply(record)
        self.plans.apply(record)
        self.book.apply(record)
        self.stats.apply(record)
        if isinstance(record.input, inp.EngineStarted):
            self._started = record.input
        elif isinstance(record.input, inp.SubmitSignal | inp.ReportBadSignal):
            self.signals.received += 1
        elif isinstance(record.input, inp.ExecutionReport) and record.input.exec_type is ExecType.TRADE:
            self.repeated_reports += not record.events
        for event in record.events:
            match event:
                case ev.PlanProposed():
                    self.signals.planned += 1
                case ev.SignalDenied():
                    self.signals.denied += 1
                    self.denials.append(event)
                case ev.SignalDuplicated():
                    self.signals.duplicate += 1
                case ev.OrderFilled() if event.leaves_qty:
                    self.partial_fills += 1
                case _:
                    pass

    def document(self, digest: str, audit: Audit) -> RunDocument:
        """Write what is folded so far; digest and audit come from whoever has the engine and the journal."""
        started, rows = self._started, list(self.blotter.orders.values())
        statuses = [row.ord_status for row in rows]
        return RunDocument(
            None if started is None else started.setup.mode,
            None if started is None else started.seed,
            None if started is None else started.setup.feed,
            self.signals,
            tuple(_plan(row) for row in self.plans.rows()),
            OrderCounts(
                len(rows),
                statuses.count(OrdStatus.FILLED),
                statuses.count(OrdStatus.CANCELED),
                statuses.count(OrdStatus.REJECTED),
                len(self.blotter.denied),
                sum(1 for row in rows if not row.outcome_known),
            ),
            len(self.blotter.fills),
            self.partial_fills,
            self.plans.completions,
            len(self.plans.recoveries),
            UnknownCounts(self.blotter.unknown_seen, self.blotter.unknown_resolved),
            self.position_docs(),
            tuple(_break(found) for found in self.book.breaks.values()),
            audit,
            digest,
            stats_doc(self.stats.figures()),
        )

    def position_docs(self) -> tuple[PositionDoc, ...]:
        """Write what is held now."""
        return tuple(_position(row) for row in self.book.open_positions())


# --- rows to documents ------------------------------------------------------------------------------------------------


def written(value: Decimal | None) -> str | None:
    """Write a decimal in full, or nothing."""
    return None if value is None else text(value)


def check_doc(check: Check) -> CheckDoc:
    value = check.found or written(check.value)
    return CheckDoc(check.code, value, check.wanted or written(check.limit), check.passed)


def stats_doc(row: StatsRow) -> StatsDoc:
    """Write the statistics; the names are the row's own."""
    return msgspec.convert(_written_all(row), StatsDoc)


def _written_all(row: StatsRow | MoneyRow) -> dict[str, object]:
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    if isinstance(row, StatsRow):
        values["money"] = [_written_all(money) for money in row.money]
    return {name: text(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _plan(row: PlanRow) -> PlanDoc:
    plan = row.plan
    accounts = tuple(_account(account) for account in row.accounts)
    return PlanDoc(plan.signal_id, plan.kind, plan.symbol, plan.side, plan.rationale, plan.warnings, accounts)


def _account(row: PlanAccount) -> AccountDoc:
    return AccountDoc(
        row.account,
        row.verdict,
        text(row.qty),
        row.delay_ms,
        row.priority,
        text(row.size_variance_pct),
        written(row.correlation),
        row.sizing,
        row.recovery,
        _checks(row.checks),
        None if row.result is None else _result(row.result),
    )


def _checks(checks: Sequence[Check]) -> tuple[CheckDoc, ...]:
    return tuple(check_doc(check) for check in checks)


def _result(result: Result) -> ResultDoc:
    return ResultDoc(
        result.success,
        result.outcome,
        result.order_id,
        result.error,
        written(result.execution_time_ms),
        written(result.actual_entry_price),
        written(result.slippage_bps),
        text(result.filled_qty),
    )


def _position(row: PositionRow) -> PositionDoc:
    return PositionDoc(
        row.account,
        row.symbol,
        text(row.qty),
        written(row.avg_px),
        text(row.realized_pnl),
        written(row.unrealized_pnl),
        row.protection,
        written(row.stop_px),
        written(row.target_px),
    )


def _break(found: ev.BreakFound) -> BreakDoc:
    return BreakDoc(
        found.account,
        found.break_id,
        found.kind,
        found.symbol,
        found.severity,
        written(found.ours),
        written(found.theirs),
        found.detail,
    )
