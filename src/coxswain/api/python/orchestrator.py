"""One signal for many accounts: plan it, release the plan, see what came of it. A view of one engine.

Signals are given to be held, so that a plan waits until `execute_plan` releases it; that is all the difference to an
engine that acts by itself.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from coxswain.api.python.configured import ConfiguredVenue, Loaded
from coxswain.api.python.door import Desk, Shared
from coxswain.api.python.errors import OutcomeUnknown, ValidationError, VenueError
from coxswain.api.python.reading import account_of, results_of
from coxswain.api.python.signals import fields_of
from coxswain.api.python.types import (
    AccountStatus,
    ExecutionAuditEntry,
    ExecutionPlan,
    ExecutionResult,
    TradeSignal,
)
from coxswain.api.python.values import Number, number
from coxswain.api.python.venue import ExecutionVenue, PaperTradingVenue, new_session
from coxswain.messages import inputs as inp
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.market import Quote
from coxswain.model.vocabulary import AccountId, Mode
from coxswain.views.audit import WINDOW, AuditEntry
from coxswain.views.plans import Outcome

OF_AN_ORDER = ("ORDER_SUBMITTED", "ORDER_FILLED", "ORDER_REJECTED", "ORDER_CANCELLED", "ORDER_EXPIRED", "ORDER_DENIED")
"""Actions of the audit whose entry carries the result of the account's share."""


class TradeExecutionOrchestrator(Shared):
    """Plans and executes signals over all registered accounts.

    Virtual time by default: nothing happens but within a call, and a delay of 30 seconds takes none. `realtime` lets
    the engine run by itself. `journal` is a file that is gone on with; without one all is in memory. `start` is when
    virtual time begins, now if nothing is said; `feed` is quotes to live on, beside those of `update_price`. `settings`
    are those of docs/CONFIGURATION.md. With `config`, as `load_config` reads it, its settings, rules and venues count,
    and accounts take part once they are registered. `adopt_lease` is as of `create_execution_engine`.
    """

    def __init__(
        self,
        *,
        config: Loaded | None = None,
        journal: str | Path | None = None,
        feed: Iterable[Quote] | None = None,
        start: datetime | None = None,
        realtime: bool = False,
        seed: int | None = None,
        settings: Mapping[str, Number] | None = None,
        adopt_lease: str | None = None,
    ) -> None:
        values = {name: number(value, f"settings.{name}") for name, value in (settings or {}).items()}
        session = new_session(
            Mode.FULL_AUTO,
            values,
            seed=seed if seed is not None else 1 if config is None else config.seed,
            journal=journal,
            feed=feed,
            start=start,
            realtime=realtime,
            config=config,
            adopt_lease=adopt_lease,
        )
        self._desk = Desk(session)
        self._config = config
        self._configured: dict[str, ConfiguredVenue] = {}

    # --- accounts -----------------------------------------------------------------------------------------------------

    async def register_account(
        self,
        account_id: str,
        platform: PaperTradingVenue | str,
        initial_balance: Number | None = None,
        *,
        reserve: bool = False,
        limits: Mapping[str, Number] | None = None,
    ) -> None:
        """Register an account at a venue, with limits of its own where it needs any.

        `platform` is a `PaperTradingVenue`, or the name of a venue of `config`, in this program or in a process of its
        own; the account is one that the configuration has there then, with its rules, and a balance may be left out.
        A reserve takes no share of a plan; it stands by for what a venue rejects of another's. An account that comes
        after the first signal has the engine read its configuration anew, as a start does. Raises `ValidationError`,
        and `VenueError` with how to start it where a venue is not there; nothing has changed then.
        """
        desk = self._desk
        if isinstance(platform, str):
            await desk.run(lambda: self._join(platform, account_id, initial_balance, reserve, limits or {}))
        else:
            await desk.run(lambda: platform.join(desk, account_id, initial_balance, reserve=reserve, limits=limits))

    def _join(
        self, name: str, account_id: str, balance: Number | None, reserve: bool, limits: Mapping[str, Number]
    ) -> None:
        """Register an account at a venue of the configuration."""
        if self._config is None:
            wanted = "a PaperTradingVenue; a name means a venue of `config`, and there is none"
            raise ValidationError(field="platform", value=name, wanted=wanted)
        session = self._desk.session
        venue = self._configured.get(name) or ConfiguredVenue(self._config, name)
        if venue.is_live:
            raise ValidationError(
                field="platform", value=name, wanted="a venue of no real money: create_execution_engine has it"
            )
        spec = venue.account(account_id, balance, reserve, limits)
        if any(known.id == spec.id for known in session.accounts):
            raise ValidationError(field="account_id", value=account_id, wanted="one that is not registered yet")
        if name not in self._configured and any(known.id == name for known in session.setup.venues):
            wanted = "a name that no other venue of this engine has"
            raise ValidationError(field="platform", value=name, wanted=wanted)

        def join() -> None:
            if name not in self._configured:
                session.add_venue(venue)
            session.add_account(spec)
            self._configured[name] = venue
            venue.follow(spec.id)

        session.change(join)

    @property
    def venues(self) -> dict[str, ExecutionVenue]:
        """Every venue that has accounts of this engine, by its name."""
        return {spec.id: ExecutionVenue(self._desk, spec.id) for spec in self._desk.session.setup.venues}

    async def get_account_status(self, account_id: str) -> AccountStatus | None:
        """Return an account as it stands; None for one that nobody registered."""
        book, session = self._desk.session.summary.book, self._desk.session
        rows = await self._desk.run(lambda: session.look(book.all_accounts))
        return next((account_of(row) for row in rows if row.account == account_id), None)

    async def pause_account(self, account_id: str, reason: str = "paused by API") -> None:
        """Let nothing new enter on an account. Its exits and its protection go on."""
        message = inp.StopTrading(StopLevel.PAUSE, self._scope(account_id), reason, self._desk.session.actor)
        await self._desk.run(lambda: self._desk.command(message))

    async def resume_account(self, account_id: str, reason: str = "resumed by API") -> None:
        """Release the stops of an account."""
        message = inp.ResumeTrading(self._scope(account_id), reason, self._desk.session.actor)
        await self._desk.run(lambda: self._desk.command(message))

    async def update_correlation_matrix(self, account1: str, account2: str, correlation: Number) -> None:
        """Say how two accounts move together, from -1 to 1. It counts from the next plan on."""
        session = self._desk.session
        pair = session.account(account1).id, session.account(account2).id
        rho = number(correlation, "correlation")
        if pair[0] == pair[1] or not -1 <= rho <= 1:
            raise ValidationError(field="correlation", value=correlation, wanted="-1 to 1, of two different accounts")
        message = inp.SetCorrelation(*pair, rho, "set by API", session.actor)
        await self._desk.run(lambda: session.tell(message))

    def _scope(self, account_id: str) -> Scope:
        return Scope(ScopeKind.ACCOUNT, self._desk.session.account(account_id).id)

    # --- plans --------------------------------------------------------------------------------------------------------

    async def process_signal(self, signal: TradeSignal) -> ExecutionPlan:
        """Plan a signal, and send nothing. The same signal again gives the same plan.

        Raises `ValidationError` with every reason for which it cannot be planned.
        """
        fields = fields_of(signal)
        return await self._desk.run(lambda: self._desk.submit_signal(fields, hold=True))

    async def execute_plan(self, plan: ExecutionPlan) -> list[ExecutionResult]:
        """Release a plan to its accounts, and return one result an account as soon as each was answered.

        A plan that was released before is not released again: what came of it is returned, as it stands now.
        """
        desk, summary = self._desk, self._desk.session.summary

        def execute() -> list[ExecutionResult]:
            if not desk.session.look(lambda: plan.signal_id in summary.plans.plans):
                raise ValidationError(field="plan", value=plan.signal_id, wanted="a plan of this engine")
            desk.approve(plan.signal_id)
            return [result for result in desk.await_results(plan.signal_id) if not result.is_recovery]

        return await desk.run(execute)

    async def handle_failed_execution(self, result: ExecutionResult, plan: ExecutionPlan) -> ExecutionResult:
        """Return what became of a failed share on the account that took it over.

        The engine moves what a venue definitely rejected, once, to an account that the plan has not used, at 95 per
        cent of the size; asking twice changes nothing. Raises `OutcomeUnknown` while nobody knows what became of the
        order, and `VenueError` where no account could take it or it was not the venue that refused.
        """
        desk, plans = self._desk, self._desk.session.summary.plans

        def recover() -> ExecutionResult:
            known = desk.await_results(plan.signal_id)
            now = next((r for r in known if r.account_id == result.account_id and r.is_recovery is False), None)
            if now is None:
                raise ValidationError(field="result.account_id", value=result.account_id, wanted="one of the plan's")
            if now.outcome is Outcome.UNKNOWN:
                raise OutcomeUnknown(f"{now.order_id} on {now.account_id}: its venue is asked; nothing is moved")
            taken = desk.session.look(
                lambda: [
                    event.account
                    for event in plans.recoveries
                    if event.signal_id == plan.signal_id and desk.row(event.failed).account == now.account_id
                ]
            )
            moved = next((r for r in known if r.is_recovery and r.account_id in taken), None)
            if moved is None:
                raise VenueError(_why_not_moved(now), *_refusals(desk, plan.signal_id))
            return moved

        return await desk.run(recover)

    # --- the audit ----------------------------------------------------------------------------------------------------

    async def get_execution_history(self, limit: int = 100) -> list[ExecutionAuditEntry]:
        """Return the newest decisions, oldest first. Memory holds 10,000; the journal holds all of them."""
        desk, session = self._desk, self._desk.session

        def read() -> list[ExecutionAuditEntry]:
            return [_entry(desk, entry) for entry in session.audit.tail(limit)]

        return await desk.run(lambda: session.look(read))


def _why_not_moved(result: ExecutionResult) -> str:
    about = f"{result.account_id}: {result.outcome}"
    if result.success is not False:
        return f"{about}: it did not fail"
    if result.outcome is Outcome.DENIED:
        return f"{about}: our own gate refused it, so no other account takes it: {result.error_message}"
    return f"{about}: nobody took it over: {result.error_message}"


def _refusals(desk: Desk, signal_id: str) -> list[str]:
    """Return why no account could take over what was rejected of a plan, if that was tried."""
    entries = desk.session.look(lambda: desk.session.audit.tail(WINDOW))
    return [e.rationale for e in entries if e.action == "RECOVERY_FAILED" and e.signal_id == signal_id]


def _entry(desk: Desk, entry: AuditEntry) -> ExecutionAuditEntry:
    account = AccountId(entry.metadata.get("account", ""))
    result = None
    if entry.action in OF_AN_ORDER and entry.signal_id in desk.session.summary.plans.plans:
        results = results_of(desk.session.summary, entry.signal_id)
        result = next((each for each in results if each.account_id == account), None)
    return ExecutionAuditEntry(
        entry.id,
        datetime.fromisoformat(entry.time),
        entry.signal_id,
        entry.action,
        entry.rationale,
        entry.result,
        result,
        entry.metadata,
    )
