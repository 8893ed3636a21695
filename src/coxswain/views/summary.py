"""The one JSON document of `demo --json` and `run --json`, version 1. Decimals are strings in full, absent is null.

The names here are a promise to scripts: fields are added, never renamed or removed. `schema/run.v1.json` says so.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple

import msgspec

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.checks import Check
from coxswain.model.decimals import text
from coxswain.model.vocabulary import ClOrdId, ExecType, Mode, OrdStatus, Side, SignalId, SignalKind, Verdict
from coxswain.views.blotter import Blotter
from coxswain.views.control import Controls
from coxswain.views.performance import Performance, PerformanceRow
from coxswain.views.plans import Outcome, PlanAccount, PlanRow, Plans, Result
from coxswain.views.positions import Book, PositionRow, ProtectedBy, Protection
from coxswain.views.stats import MoneyRow, Stats, StatsRow

PAPER: Literal["paper"] = "paper"
"""What every account of this version is."""
Written = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A decimal, in full."""


class SignalCounts(msgspec.Struct):
    received: int
    planned: int
    denied: int
    duplicate: int


class CheckDoc(msgspec.Struct, frozen=True):
    code: str
    value: str | None
    """A decimal in full, or what was found where the check is not about a number; `limit` likewise."""
    limit: str | None
    passed: bool


class ResultDoc(msgspec.Struct, frozen=True):
    success: bool | None
    outcome: Outcome
    order_id: str | None
    error: str | None
    execution_time_ms: Written | None
    actual_entry_price: Written | None
    slippage_bps: Written | None
    filled_qty: Written


class AccountDoc(msgspec.Struct, frozen=True):
    account: str
    verdict: Verdict
    qty: Written
    delay_ms: int
    priority: int
    size_variance_pct: Written
    correlation: Written | None
    """The highest with any account released earlier."""
    sizing: str
    """How the quantity came about, for people."""
    recovery: bool
    """It took over from a rejected order; the plan had not chosen it."""
    checks: tuple[CheckDoc, ...]
    result: ResultDoc | None


class BreachesDoc(msgspec.Struct, frozen=True):
    """Loss limits that may break within a day."""

    expected: Written
    at_least_one: Written
    """A probability, as the next."""
    all_together: Written
    volatility_pct: Written
    observed: bool


class PlanDoc(msgspec.Struct, frozen=True):
    signal_id: str
    kind: SignalKind
    symbol: str
    side: Side | None
    rationale: str
    warnings: tuple[str, ...]
    accounts: tuple[AccountDoc, ...]
    breaches: BreachesDoc | None = None


class OrderCounts(msgspec.Struct, frozen=True):
    total: int
    """Approved by our own gate; those that it denied are not among them."""
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
    qty: Written
    avg_px: Written | None
    realized_pnl: Written
    unrealized_pnl: Written | None
    protection: Protection
    stop_px: Written | None
    target_px: Written | None
    protected_by: ProtectedBy
    """The same as `protection`, in the words that are shown."""
    stop_stands_at: Written | None
    """Where the stop works at the venue; it should be at `stop_px`."""


class BreakDoc(msgspec.Struct, frozen=True):
    account: str
    break_id: str
    kind: str
    symbol: str | None
    severity: str
    ours: Written | None
    theirs: Written | None
    detail: str


class MoneyDoc(msgspec.Struct, frozen=True):
    currency: str
    realized_pnl: Written
    commission: Written
    slippage: Written | None
    trades: int
    gross_profit: Written
    gross_loss: Written
    largest_win: Written | None
    largest_loss: Written | None
    average_win: Written | None
    average_loss: Written | None
    profit_factor: Written | None


class PerformanceDoc(msgspec.Struct, frozen=True):
    currency: str
    equity: Written
    return_pct: Written
    daily_returns: int
    sharpe_ratio: Written | None
    max_drawdown_pct: Written
    total_positions: int
    total_value: Written | None
    total_unrealized_pnl: Written
    total_realized_pnl: Written
    average_position_size: Written | None
    winning_positions: int
    losing_positions: int
    financing: Written = "0"
    transferred: Written = "0"


class StatsDoc(msgspec.Struct, frozen=True):
    total_orders: int
    filled_orders: int
    cancelled_orders: int
    rejected_orders: int
    expired_orders: int
    denied_orders: int
    fills: int
    fill_rate_pct: Written | None
    average_fill_time_ms: Written | None
    average_slippage_bps: Written | None
    trades: int
    wins: int
    losses: int
    win_rate_pct: Written | None
    money: tuple[MoneyDoc, ...]
    performance: tuple[PerformanceDoc, ...] = ()


class Audit(msgspec.Struct, frozen=True):
    verified: bool
    records: int
    head: str


class RunDocument(msgspec.Struct, frozen=True):
    schema_version: Literal[1]
    mode: Mode | None
    seed: int | None
    feed: str | None
    """The market: SIMULATED, or the files of quotes."""
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
    """Those that are open."""
    breaks: tuple[BreakDoc, ...]
    """Those that are open."""
    audit: Audit
    digest: str
    stats: StatsDoc
    account_mode: Literal["paper"] = PAPER
    simulated_venues: tuple[str, ...] = ()
    """Each venue that invents something instead of taking it from the market, and what."""


class Mark(msgspec.Struct, frozen=True):
    """Where a journal stood when a run began. What came after it is the run's own."""

    records: int
    signals: SignalCounts
    plans: dict[SignalId, PlanRow]
    denials: int
    orders_denied: int
    rejected: frozenset[ClOrdId]
    recoveries: int
    completions: int
    repeated_reports: int
    unknown: UnknownCounts
    incidents: int


class Denial(NamedTuple):
    """A signal that was denied, by the seq of its record."""

    seq: int
    event: ev.SignalDenied


def json_schema() -> bytes:
    """Return the JSON schema of the document, as it is kept in `schema/run.v1.json`."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(RunDocument), order="sorted")) + b"\n"


class Summary:
    """Folds everything the document needs, in one pass."""

    def __init__(self) -> None:
        self.blotter = Blotter()
        self.plans = Plans(self.blotter)
        self.book = Book(self.blotter)
        self.stats = Stats(self.blotter)
        self.performance = Performance(self.book)
        self.controls = Controls()
        self.signals = SignalCounts(0, 0, 0, 0)
        self.partial_fills = 0
        self.repeated_reports = 0
        """Trades that came again and changed nothing."""
        self._kept: set[SignalId] = set()
        """Signals that were handed in while nobody ran."""
        self.denials: list[Denial] = []
        self.feeds: list[str] = []
        """Every market there was, in the order of the starts."""
        self.records = 0
        self.last_ns: int | None = None
        """When the last record was written, in engine time."""
        self.stopped = True
        """The last start came to an orderly end, or there was none."""
        self._started: inp.EngineStarted | None = None

    @property
    def mode(self) -> Mode | None:
        return None if self._started is None else self._started.setup.mode

    @property
    def market(self) -> str:
        """Say what the quotes were, over all starts."""
        return ", then ".join(self.feeds) or "none yet"

    def mark(self) -> Mark:
        """Remember what is folded so far."""
        return Mark(
            self.records,
            msgspec.structs.replace(self.signals),
            {row.plan.signal_id: row for row in self.plans.rows()},
            len(self.denials),
            len(self.blotter.denied),
            frozenset(self.blotter.rejected()),
            len(self.plans.recoveries),
            self.plans.completions,
            self.repeated_reports,
            UnknownCounts(self.blotter.unknown_seen, self.blotter.unknown_resolved),
            len(self.book.incidents),
        )

    def apply(self, record: Record) -> None:
        self.records, self.last_ns = self.records + 1, record.now_ns
        self.blotter.apply(record)
        self.plans.apply(record)
        self.book.apply(record)
        self.stats.apply(record)
        self.performance.apply(record)
        self.controls.apply(record)
        if isinstance(record.input, inp.EngineStarted):
            self._started, self.stopped = record.input, False
            feed = record.input.setup.feed
            if feed and feed not in self.feeds[-1:]:
                self.feeds.append(feed)
        elif isinstance(record.input, inp.StopEngine):
            self.stopped = True
        elif isinstance(record.input, inp.SubmitSignal | inp.ReportBadSignal):
            self.signals.received += 1
        elif isinstance(record.input, inp.KeepCommand) and isinstance(record.input.command, inp.SubmitSignal):
            self.signals.received += 1
            self._kept.add(record.input.command.signal.id)
        elif isinstance(record.input, inp.ExecutionReport) and record.input.exec_type is ExecType.TRADE:
            self.repeated_reports += not record.events
        for event in record.events:
            match event:
                case ev.PlanProposed(plan) if (
                    _is_of_the_signal(record.input, plan.signal_id) or plan.signal_id in self._kept
                ):
                    self.signals.planned += 1
                case ev.SignalDenied():
                    self.signals.denied += 1
                    self.denials.append(Denial(record.seq, event))
                case ev.SignalDuplicated():
                    self.signals.duplicate += 1
                case ev.OrderFilled() if event.leaves_qty:
                    self.partial_fills += 1
                case _:
                    pass

    def plan_docs(self) -> Iterator[PlanDoc]:
        """Write every plan, one after another."""
        return map(_plan, self.plans.rows())

    def document(self, digest: str, audit: Audit) -> RunDocument:
        """Write what is folded so far; digest and audit come from whoever has the engine and the journal.

        Its plans are left to `plan_docs`: there may be more of them than anybody has asked to see.
        """
        started, rows = self._started, list(self.blotter.orders.values())
        statuses = [row.ord_status for row in rows]
        return RunDocument(
            1,
            None if started is None else started.setup.mode,
            None if started is None else started.seed,
            None if started is None else started.setup.feed,
            self.signals,
            (),
            OrderCounts(
                len(rows),
                statuses.count(OrdStatus.FILLED),
                statuses.count(OrdStatus.CANCELED),
                statuses.count(OrdStatus.REJECTED),
                len(self.blotter.denied),
                sum(1 for row in rows if not row.outcome_known),
            ),
            len(self.blotter.live_fills()),
            self.partial_fills,
            self.plans.completions,
            len(self.plans.recoveries),
            UnknownCounts(self.blotter.unknown_seen, self.blotter.unknown_resolved),
            self.position_docs(),
            tuple(_break(found) for found in self.book.breaks.values()),
            audit,
            digest,
            stats_doc(self.stats.figures(), self.performance.figures()),
            simulated_venues=()
            if started is None
            else tuple(f"{each.id}: {each.simulated}" for each in started.setup.venues if each.simulated),
        )

    def position_docs(self) -> tuple[PositionDoc, ...]:
        """Write what is held now."""
        return tuple(_position(row) for row in self.book.open_positions())


def _is_of_the_signal(message: inp.Input, signal_id: SignalId) -> bool:
    """Say whether a plan is a signal's own: legs, flattens and exits by a rule have plans that nobody signalled."""
    return isinstance(message, inp.SubmitSignal) and message.signal.id == signal_id


# --- rows to documents ------------------------------------------------------------------------------------------------


def written(value: Decimal | int | None) -> str | None:
    """Write a number in full, or nothing."""
    return None if value is None else text(value)


def check_doc(check: Check) -> CheckDoc:
    value = check.found or written(check.value)
    return CheckDoc(check.code, value, check.wanted or written(check.limit), check.passed)


def stats_doc(row: StatsRow, performance: tuple[PerformanceRow, ...]) -> StatsDoc:
    """Write the statistics; the names are the rows' own."""
    values = {**_written_all(row), "performance": [_written_all(each) for each in performance]}
    return msgspec.convert(values, StatsDoc)


def _written_all(row: StatsRow | MoneyRow | PerformanceRow) -> dict[str, object]:
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    if isinstance(row, StatsRow):
        values["money"] = [_written_all(money) for money in row.money]
    return {name: text(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _plan(row: PlanRow) -> PlanDoc:
    plan = row.plan
    accounts = tuple(_account(account) for account in row.accounts)
    told = plan.breaches
    breaches = None
    if told is not None:
        shares = (text(told.expected), text(told.at_least_one), text(told.all_together), text(told.volatility_pct))
        breaches = BreachesDoc(*shares, told.observed)
    return PlanDoc(plan.signal_id, plan.kind, plan.symbol, plan.side, plan.rationale, plan.warnings, accounts, breaches)


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
        row.protected_by,
        written(row.stop_stands_at),
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
