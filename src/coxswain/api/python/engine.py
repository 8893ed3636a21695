"""The execution engine over several brokers: one trading system a broker, one engine, one journal. A view of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from coxswain.api.python.configured import ConfiguredVenue, Loaded
from coxswain.api.python.door import Desk, Shared
from coxswain.api.python.errors import ExecutionError, ValidationError
from coxswain.api.python.parts import (
    FastExecutionPath,
    OrderManager,
    PortfolioManager,
    PositionManager,
    compare,
)
from coxswain.api.python.reading import account_of, discrepancy_of, order_of, position_of
from coxswain.api.python.session import Session
from coxswain.api.python.types import (
    AccountStatus,
    Discrepancy,
    EmergencyStop,
    ExecutionMode,
    Liquidation,
    ManagedPosition,
    Order,
    OrderParams,
    TradingMode,
)
from coxswain.api.python.values import Number, choice, moment, nanoseconds, number
from coxswain.api.python.venue import ExecutionVenue, PaperTradingVenue, new_session
from coxswain.messages import inputs as inp
from coxswain.model.control import EVERYTHING, StopLevel, name_of
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Mode
from coxswain.views.summary import Summary

KEYS = ("accounts", "brokers", "limits", "settings")
ACCOUNT_KEYS = ("balance", "broker", "limits", "reserve", "trading_mode")
CLOSED_WITHIN_S = 120


Config = Mapping[str, object] | Loaded


class TradingSystem(ExecutionVenue):
    """One broker's part of an engine: its orders, positions and accounts, and the six methods of a venue."""

    def __init__(self, desk: Desk, venue_id: str) -> None:
        super().__init__(desk, venue_id)
        self.order_manager = OrderManager(self)
        self.position_manager = PositionManager(self)
        self.portfolio_manager = PortfolioManager(self)
        self.fast_path = FastExecutionPath(self)

    def get_accounts(self) -> list[AccountStatus]:
        """Return the accounts at this broker, as they stand."""
        session, accounts = self._desk.session, self._desk.accounts_at(self.venue_id)
        book = session.summary.book
        return session.look(lambda: [account_of(row) for row in book.all_accounts() if row.account in accounts])


class ExecutionEngine(Shared):
    """Trades on every broker that is configured. `create_execution_engine` makes one and has it begin.

    `config` is what `load_config` read, or a mapping: `brokers`, each name with a `PaperTradingVenue`; `accounts`, each
    id with its `broker`, `balance`, `limits`, `reserve` and `trading_mode` (without accounts each broker has one of its
    own name); `limits` for all accounts and `settings`, both by the keys of docs/CONFIGURATION.md.

    Whether money is real is said by each account of a configuration file; live and paper accounts may stand beside each
    other. Where one is live, `trading_mode` has to be LIVE as well, as `--live` has to be said on the command line, and
    a person types the names of the live accounts at the terminal, once a journal. Until then, or where there is no
    terminal, they are halted and the others trade.
    """

    def __init__(
        self,
        config: Config,
        trading_mode: TradingMode = TradingMode.PAPER,
        execution_mode: ExecutionMode | None = None,
        *,
        journal: str | Path | None = None,
        feed: Iterable[Quote] | None = None,
        start: datetime | None = None,
        realtime: bool = False,
        seed: int | None = None,
        adopt_lease: str | None = None,
    ) -> None:
        self.trading_mode = choice(trading_mode, TradingMode, "trading_mode")
        if execution_mode is not None:
            execution_mode = choice(execution_mode, Mode, "execution_mode")
        self._is_trading = False
        starts_ns = None if start is None else nanoseconds(start, "start")
        if isinstance(config, Mapping):
            mode = execution_mode or Mode.SEMI_AUTO
            wrong = [key for key in config if key not in KEYS]
            if wrong:
                raise ValidationError(field=f"config.{wrong[0]}", value=config[wrong[0]], wanted=f"{', '.join(KEYS)}")
            settings = {key: number(value, f"settings.{key}") for key, value in _numbers(config, "settings").items()}
            session = new_session(
                mode,
                settings,
                seed=seed or 1,
                journal=journal,
                feed=feed,
                start=start,
                realtime=realtime,
                adopt_lease=adopt_lease,
            )
            self._desk = Desk(session)
            self._take(config)
        else:
            setup = msgspec.structs.replace(config.setup, mode=execution_mode or config.setup.mode)
            seed = config.seed if seed is None else seed
            self._check_money([spec.id for spec in setup.accounts if spec.live], str(config.path))
            session = Session(
                setup,
                seed=seed,
                journal=journal,
                feed=feed,
                starts_ns=starts_ns,
                realtime=realtime,
                config=config,
                adopt_lease=adopt_lease,
            )
            self._desk = Desk(session)
            plugs = [ConfiguredVenue(config, venue_id) for venue_id in config.venues]
            try:
                for plug in plugs:
                    session.add_venue(plug)
            except ExecutionError:
                session.close()  # those that are there are let go
                raise
            for spec in setup.accounts:
                next(plug for plug in plugs if plug.venue_id == spec.venue).follow(spec.id)
        self.order_manager = OrderManager(self)
        self.position_manager = PositionManager(self)
        self.portfolio_manager = PortfolioManager(self)
        self.fast_path = FastExecutionPath(self)

    def _take(self, config: Mapping[str, object]) -> None:
        """Take brokers and accounts of a mapping."""
        brokers, accounts = _mapping(config, "brokers"), _mapping(config, "accounts")
        if not brokers:
            raise ValidationError(field="config.brokers", value=None, wanted="a name with a venue, one at least")
        for name, venue in brokers.items():
            if not isinstance(venue, PaperTradingVenue):
                raise ValidationError(field=f"brokers.{name}", value=venue, wanted="a PaperTradingVenue")
            venue.call(name)
        for account_id, given in (accounts or {name: {"broker": name} for name in brokers}).items():
            about = f"accounts.{account_id}"
            entry = _mapping({account_id: given}, account_id, about)
            wrong = [key for key in entry if key not in ACCOUNT_KEYS]
            if wrong:
                wanted = ", ".join(ACCOUNT_KEYS)
                raise ValidationError(field=f"{about}.{wrong[0]}", value=entry[wrong[0]], wanted=wanted)
            venue = brokers.get(str(entry.get("broker")))
            if not isinstance(venue, PaperTradingVenue):
                raise ValidationError(field=f"{about}.broker", value=entry.get("broker"), wanted=", ".join(brokers))
            said = entry.get("trading_mode", self.trading_mode)
            if said != TradingMode.PAPER:
                field = f"{about}.trading_mode" if "trading_mode" in entry else "trading_mode"
                raise ValidationError(field=field, value=str(said), wanted="PAPER: broker is a PaperTradingVenue")
            balance = entry.get("balance")
            limits = {**_numbers(config, "limits"), **_numbers(entry, "limits")}
            assert isinstance(balance, Decimal | int | float | str | None)
            venue.join(self._desk, account_id, balance, reserve=bool(entry.get("reserve")), limits=limits)
        self._check_money([], "config")

    def _check_money(self, live: Sequence[str], where: str) -> None:
        """Refuse what was not said twice, by the account and by who starts it: that real money is traded."""
        said = self.trading_mode is TradingMode.LIVE
        if live and not said:
            wanted = f"LIVE: real money is traded on {', '.join(live)}, as {where} says; or `mode: paper` on them"
            raise ValidationError(field="trading_mode", value=self.trading_mode.value, wanted=wanted)
        if said and not live:
            wanted = f"PAPER: no account of {where} is live, so there is no real money to trade"
            raise ValidationError(field="trading_mode", value=self.trading_mode.value, wanted=wanted)

    # --- its life -----------------------------------------------------------------------------------------------------

    async def initialize(self) -> bool:
        """Open journal and venues and compare the books. True if every account agrees with its venue."""
        session = self._desk.session

        return await self._desk.run(lambda: session.await_agreement(30))

    async def start_trading(self) -> None:
        """Let this engine take orders. A stop that a person has put up stays until a person releases it."""
        await self._desk.run(self._desk.session.begin)
        self._is_trading = True

    @property
    def trading_systems(self) -> dict[str, TradingSystem]:
        """One for each broker, by its name."""
        return {spec.id: TradingSystem(self._desk, spec.id) for spec in self._desk.session.setup.venues}

    # --- orders -------------------------------------------------------------------------------------------------------

    async def submit_cross_system_order(self, order: OrderParams, preferred_broker: str | None = None) -> str:
        """Submit one order to the preferred broker, or to the first; return its id once the broker has answered.

        It takes the fast path: no plan, so nothing waits for a person; but the gate judges it. Raises `OrderDenied`.
        """
        desk = self._desk
        if not self._is_trading:
            raise ValidationError("trading has not been started: call start_trading() first")

        def submit() -> str:
            order_id = desk.submit_order(order, preferred_broker)
            desk.await_order(order_id)
            return order_id

        return await desk.run(submit)

    # --- stopping -----------------------------------------------------------------------------------------------------

    async def emergency_stop(self, reason: str = "emergency stop by API") -> EmergencyStop:
        """Cancel every order that enters and let nothing new enter. Stops and targets stay, and so do positions.

        It stands until a person resumes, also after a restart.
        """
        desk = self._desk

        def stop() -> EmergencyStop:
            message = inp.StopTrading(StopLevel.HALT, EVERYTHING, reason, desk.session.actor)
            answer = desk.command(message)
            desk.session.wait_until(lambda: not desk.session.is_report_near(), 10)
            return EmergencyStop(answer.did, answer.did_not, answer.undo)

        return await desk.run(stop)

    async def emergency_liquidate_all(self, reason: str = "emergency liquidation by API") -> Liquidation:
        """Cancel everything and close every position; return what is still to be closed after two minutes at most."""
        desk, session = self._desk, self._desk.session

        def liquidate() -> Liquidation:
            answer = desk.command(inp.StopTrading(StopLevel.FLATTEN, EVERYTHING, reason, session.actor))
            session.wait_until(lambda: not any(_what_is_left(session.summary)), CLOSED_WITHIN_S)
            return Liquidation(
                answer.did, answer.did_not, answer.undo, *session.look(lambda: _what_is_left(session.summary))
            )

        return await desk.run(liquidate)

    async def resume_trading(self, reason: str) -> None:
        """Release the stops of everything; the reason is journaled with your name."""
        message = inp.ResumeTrading(EVERYTHING, reason, self._desk.session.actor)
        await self._desk.run(lambda: self._desk.command(message))

    async def set_execution_mode(self, mode: ExecutionMode, reason: str = "set by API") -> None:
        message = inp.SetMode(choice(mode, Mode, "mode"), EVERYTHING, reason, self._desk.session.actor)
        await self._desk.run(lambda: self._desk.command(message))

    # --- looking ------------------------------------------------------------------------------------------------------

    async def synchronize_positions(self) -> list[Discrepancy]:
        """Compare every account with its broker's books now, as the engine does every minute; return what differs."""
        desk = self._desk
        return await desk.run(lambda: compare(desk, sorted(desk.accounts_at(None))))

    _synchronize_positions = synchronize_positions

    @property
    def session_metrics(self) -> dict[str, Decimal | int | None]:
        """Counts and rates over all brokers, of this engine's journal; None where there is too little data."""
        return self._desk.session.look(self._metrics)

    def _metrics(self) -> dict[str, Decimal | int | None]:
        summary = self._desk.session.summary
        row, blotter = summary.stats.figures(), summary.blotter
        return {
            "total_orders_submitted": row.total_orders,
            "total_orders_filled": row.filled_orders,
            "total_orders_rejected": row.rejected_orders,
            "total_orders_cancelled": row.cancelled_orders,
            "total_orders_denied": row.denied_orders,
            "total_orders_unknown": sum(not order.outcome_known for order in blotter.orders.values()),
            "total_fills": row.fills,
            "active_orders": sum(order.is_open for order in blotter.orders.values()),
            "active_positions": len(summary.book.open_positions()),
            "fill_rate_pct": row.fill_rate_pct,
            "average_slippage_bps": row.average_slippage_bps,
            "average_fill_time_ms": row.average_fill_time_ms,
            "completions": summary.plans.completions,
            "recoveries": len(summary.plans.recoveries),
        }

    async def get_comprehensive_status(self) -> dict[str, object]:
        """Return how everything stands. `engine_status` is `active` while it may trade; else it says why not."""
        session = self._desk.session
        if session.is_closed:
            return {"engine_status": "shutdown"}
        if session.failed:
            return {"engine_status": "failed", "failure": session.failed}
        return await self._desk.run(lambda: session.look(self._status))

    def _status(self) -> dict[str, object]:
        session, summary = self._desk.session, self._desk.session.summary
        book, controls = summary.book, summary.controls
        accounts = [account_of(row) for row in book.all_accounts()]
        stops = controls.stops()
        mode = controls.modes().get(name_of(EVERYTHING), session.setup.mode)
        return {
            "engine_status": self._in_a_word([stop.scope for stop in stops], mode),
            "time": moment(session.clock_ns),
            "trading_mode": self.trading_mode,
            "execution_mode": mode,
            "trading_enabled": self._is_trading,
            "stops": stops,
            "waiting_plans": controls.waiting(),
            "flattening": controls.flattening(),
            "session_metrics": self._metrics(),
            "trading_systems": {
                spec.id: [account for account in accounts if account.platform == spec.id]
                for spec in session.setup.venues
            },
            "positions": [position_of(summary, row) for row in book.open_positions()],
            "breaks": [discrepancy_of(found) for found in book.breaks.values()],
            "health": {
                "journal_records": summary.records,
                "market": {symbol: moment(quote.ts_ns) for symbol, quote in book.quotes.items()},
                "accounts": {row.account: row.reconciled and not row.breaks for row in book.accounts.values()},
                "event_handlers": session.listeners.count,
                "event_handler_faults": session.listeners.faults,
                "events_dropped": session.listeners.dropped,
            },
        }

    def _in_a_word(self, stopped: list[str], mode: Mode) -> str:
        if name_of(EVERYTHING) in stopped:
            return "stopped"
        if mode is Mode.EMERGENCY:
            return "emergency"
        return "active" if self._is_trading else "initialized"


def _what_is_left(summary: Summary) -> tuple[tuple[ManagedPosition, ...], tuple[Order, ...]]:
    """Return the positions that are open, and the orders that may still fill."""
    held = tuple(position_of(summary, row) for row in summary.book.open_positions())
    return held, tuple(order_of(summary, row) for row in summary.blotter.orders.values() if row.is_open)


def _mapping(config: Mapping[str, object], key: str, about: str = "") -> Mapping[str, object]:
    found = config.get(key, {})
    if not isinstance(found, Mapping):
        raise ValidationError(field=about or f"config.{key}", value=found, wanted="a mapping")
    return found


def _numbers(config: Mapping[str, object], key: str) -> dict[str, Number]:
    numbers: dict[str, Number] = {}
    for name, value in _mapping(config, key).items():
        if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
            raise ValidationError(field=f"{key}.{name}", value=value, wanted="a number")
        numbers[name] = value
    return numbers
