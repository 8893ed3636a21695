"""The engine: `step` turns one input into one record, and `fold` brings a record's facts back.

Pure and synchronous: no clock, no randomness, no I/O. Time comes with each input; waiting is a deadline that the caller
asks for with `next_deadline` and answers with `TimePassed`. The handlers are the whole list of what can come in.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, setcontext

import msgspec

from coxswain.core import (
    admission,
    algorithms,
    approvals,
    archive,
    breakers,
    breaks,
    cancels,
    cash,
    changing,
    entries,
    facts,
    faults,
    held,
    kept,
    legging,
    limits,
    linked,
    lookups,
    overrides,
    pacing,
    protection,
    recon,
    reports,
    retries,
    settling,
    sizing,
    skips,
    spread_stops,
    stops,
    trust,
    watching,
)
from coxswain.core.deadlines import Deadlines
from coxswain.core.digest import digest_of
from coxswain.core.evolve import evolve, evolve_quote, evolve_venue_quote
from coxswain.core.firm import acts
from coxswain.core.gates import Gates
from coxswain.core.modes import ORDERS_ONLY_REDUCE, engine_mode
from coxswain.core.order import InvariantViolation, is_over
from coxswain.core.spreads import symbols_named, symbols_of
from coxswain.core.state import State
from coxswain.core.submit import ask_for_account, cancel, lose_sight
from coxswain.core.sums import key
from coxswain.core.tx import NOT_CONFIGURED, NOT_CONFIRMED, Allocate, Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.algo import AlgoModule
from coxswain.model.breaker import BreakerKind
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.decimals import CONTEXT
from coxswain.model.market import Quote
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    Mode,
    SignalId,
    Symbol,
    TradingState,
)
from coxswain.risk.gate import CheckModule

WAITING = ("release", "completion", "algo", "pace", "legging", "spread_stop")
"""Deadlines that let an order of a plan out."""
LOOKING = (*WAITING, "spread_watch")
"""Deadlines whose answer needs the latest quotes."""
ROUTINE = ("spread_watch|", "sync|", "limits|", "limit_proposal|", "override|", "breaker|", "expire|", "firm_")
"""Deadlines that nothing waits for."""
FOR_A_PERSON = "approval|"
FUTURE_NS = 1_000_000_000
"""A sender's clock may run ahead of ours by this much."""


class Engine:
    """One journal's engine. `step` decides and records; `fold` only remembers."""

    def __init__(self, checks: Iterable[CheckModule], allocate: Allocate, algos: Mapping[str, AlgoModule]) -> None:
        self._allocate = allocate
        self._algos = algos
        self._checks = tuple(checks)
        self.answering = ""
        """The deadline that a step answers, or answered last: of a step that raised, which one it was."""
        self._take(State())

    def step(self, message: inp.Input, now_ns: int) -> Record:
        """Take one input at `now_ns` and return its record: facts that hold now, requests that may leave once durable.

        Raises `InvariantViolation` on a bug of ours; the engine must not be used after that.
        """
        setcontext(CONTEXT)
        state = self._state
        self._advance(state.seq + 1, now_ns)
        tx = Tx(state, self._clock, self._gates, self._allocate, self._algos)
        self.answering = ""
        if state.skipped and (passed_over := skips.passed_over(state, message)) is not None:
            tx.apply(passed_over)
            return Record(state.seq, now_ns, message, tuple(tx.events))
        plain = _PLAIN.get(type(message))
        if plain is not None:
            plain(tx, message)
        else:
            _HANDLERS[type(message)](self, tx, message)
        if state.kept and type(message) in kept.BRING_ABOUT:
            kept.carry_out_what_is_ready(tx)
        if not linked.CONCERNED.isdisjoint(map(type, tx.events)):
            linked.after(tx)
        if not breakers.CONCERNED.isdisjoint(map(type, tx.events)):
            breakers.after(tx)
        if state.limits.lowered:
            limits.release_what_fits(tx)
        if not faults.CONCERNED.isdisjoint(map(type, tx.events)):
            faults.lower(tx)
        if state.aging and type(message) not in archive.QUIET and archive.is_due(state):
            archive.after(tx)
        return Record(state.seq, now_ns, message, tuple(tx.events), tuple(tx.requests))

    def fold(self, record: Record) -> None:
        """Bring back the facts of a record that was journaled. Decides nothing and sends nothing."""
        self.fold_facts(record.seq, record.now_ns, None if record.is_void else record.input, record.events)

    def fold_facts(self, seq: int, now_ns: int, message: inp.Input | None, events: tuple[ev.Event, ...]) -> None:
        """Fold what a record says by itself: of its input, only a quote is a fact, and none of which nothing became."""
        setcontext(CONTEXT)
        self._advance(seq, now_ns)
        if isinstance(message, Quote):
            evolve_quote(self._state, message)
        elif isinstance(message, inp.VenueQuoted):
            evolve_venue_quote(self._state, message.quote)
        for event in events:
            evolve(self._state, self._clock, event)

    def keep(self) -> bytes:
        """Return everything this engine knows, for `remember` of another."""
        return msgspec.msgpack.encode(self._state)

    def remember(self, kept: bytes) -> None:
        """Know what another engine knew at its `keep`. Raises `msgspec.DecodeError` for bytes that are not that."""
        self._take(msgspec.msgpack.decode(kept, type=State))

    def _take(self, state: State) -> None:
        self._state = state
        self._clock = Deadlines(state)
        self._gates = Gates(state, self._checks)

    def failure(self, message: inp.Input, now_ns: int, why: str) -> Record:
        """Return the record of a step that raised: the input as evidence, and all accounts halted until a person looks.

        What the step had begun is not in it. This engine must not be used after that.
        """
        halted = tuple(
            ev.AccountStateChanged(account_id, "CORE_FAILURE", True, TradingState.HALTED, why)
            for account_id in self._state.accounts
        )
        stricter = engine_mode(self._state) in ORDERS_ONLY_REDUCE
        lowered = () if stricter else (ev.ModeChanged(EVERYTHING, Mode.EMERGENCY, f"a step failed: {why}"),)
        return Record(self._state.seq, now_ns, message, (*halted, *lowered), failed=why)

    def next_deadline(self) -> int | None:
        """Return when the next deadline is due, in engine time."""
        return self._clock.next_ns()

    def is_waiting(self) -> bool:
        """Say whether anything but a routine comparison is still to fall due."""
        return any(not name.startswith(ROUTINE) for name in self._state.deadlines)

    def waits_until(self) -> int | None:
        """Return when the next deadline is due that is neither a routine nor a person's time to answer."""
        idle = (*ROUTINE, FOR_A_PERSON)
        return min(
            (due_ns for name, due_ns in self._state.deadlines.items() if not name.startswith(idle)), default=None
        )

    def compares(self, account_id: AccountId) -> bool:
        """Say whether an account's books are asked for, or will be without anybody's help."""
        return key("sync", account_id) in self._state.deadlines

    def is_known(self, answer: inp.AccountLookedUp) -> bool:
        """Say whether an answer has nothing in it that the books here do not say as well."""
        setcontext(CONTEXT)
        account = self._state.accounts.get(answer.account)
        return account is not None and recon.is_known(account, answer)

    def digest(self) -> str:
        """Return SHA-256 over the canonical state: equal digests mean equal engines."""
        return digest_of(self._state)

    def digest_before(self, record: Record) -> str:
        """Return the digest as the step of `record` found it: its envelope is taken over, none of its events is."""
        return digest_of(msgspec.structs.replace(self._state, seq=record.seq, now_ns=record.now_ns))

    @property
    def state(self) -> State:
        """For reading only; `evolve` is the only writer."""
        return self._state

    def _symbols_of(self, account: str, signal_id: str) -> tuple[Symbol, ...]:
        """Return the instruments of what waits for its time, from a signal or by itself."""
        paced = self._state.accounts[AccountId(account)].paced.get(SignalId(signal_id))
        return symbols_of(self._state, SignalId(signal_id)) if paced is None else (paced.intent.symbol,)

    def instruments_of(self, message: inp.Input, now_ns: int) -> tuple[Symbol, ...]:
        """Return the instruments whose latest quote an input needs, currency pairs for conversion included."""
        match message:
            case inp.SubmitSignal(signal):
                return (*symbols_named(self._state, signal), *self._state.pairs.values())
            case inp.SubmitOrder(intent):
                return (intent.symbol, *self._state.pairs.values())
            case inp.ExecutionReport():
                return (message.symbol, *self._beside(message.account, message.symbol))
            case inp.ApprovePlan(signal_ids):
                known = (name for name in signal_ids if name in self._state.signals)
                asked = dict.fromkeys(symbol for name in known for symbol in symbols_of(self._state, name))
                return (*asked, *self._state.pairs.values())
            case inp.StopTrading(StopLevel.FLATTEN):
                return (*(symbol for symbol, held in self._state.holders.items() if held), *self._state.pairs.values())
            case inp.TimePassed():
                due = (name.split("|", 2) for name in self._clock.all_due(now_ns))
                waiting = {
                    symbol: None
                    for kind, account, what in due
                    if kind in LOOKING
                    for symbol in self._symbols_of(account, what)
                }
                return (*waiting, *self._state.pairs.values()) if waiting else ()
            case _:
                return ()

    def _beside(self, account_id: AccountId, symbol: Symbol) -> tuple[Symbol, ...]:
        """Return the instruments of the spreads under way that have a leg in this one."""
        account = self._state.accounts.get(account_id)
        position = None if account is None else account.positions.get(symbol)
        legging = () if position is None else position.legging
        return tuple(other for name in legging for other in symbols_of(self._state, name) if other != symbol)

    def _advance(self, seq: int, now_ns: int) -> None:
        state = self._state
        if seq != state.seq + 1:
            raise InvariantViolation(f"record {seq} does not follow record {state.seq}")
        if now_ns < state.now_ns:
            raise InvariantViolation(f"time went back from {state.now_ns} to {now_ns}")
        state.seq, state.now_ns = seq, now_ns

    # --- the process --------------------------------------------------------------------------------------------------

    def _on_start(self, tx: Tx, message: inp.EngineStarted) -> None:
        before, in_force = tx.state.setup, limits.limits_in_force(tx.state)
        tx.apply(ev.EngineConfigured(message.version, message.journal_id, message.seed, message.setup))
        limits.take_configuration(tx, before, in_force)
        if message.live:
            tx.apply(ev.LiveConfirmed(message.live, message.live_by))
        configured = {spec.id for spec in message.setup.accounts}
        for account_id in tuple(tx.state.accounts):
            if account_id in configured:
                trust.release(tx, account_id, NOT_CONFIGURED, "it is in the configuration again")
                recon.begin(tx, account_id, "the engine started")
            else:
                trust.restrict(tx, account_id, NOT_CONFIGURED, "it is not in the configuration")
        for spec in message.setup.accounts:
            if spec.live and spec.id not in tx.state.live_confirmed:
                trust.restrict(tx, spec.id, NOT_CONFIRMED, "nobody has confirmed that it trades real money")
            else:
                trust.release(tx, spec.id, NOT_CONFIRMED, "confirmed to trade real money" if spec.live else "on paper")
        stops.spread(tx, "the configuration changed")
        faults.spread(tx, f"the mode is {engine_mode(tx.state)}")
        kept.begin(tx, message.utc_ns)

    def _on_stop(self, tx: Tx, message: inp.StopEngine) -> None:
        still_open: tuple[ClOrdId, ...] = tuple(
            cl_ord_id for account in tx.state.accounts.values() for cl_ord_id in account.open_orders
        )
        ending = held.what_ends(tx.state)
        tx.apply(ev.EngineStopped(message.reason, still_open, self.digest(), ending))

    def _on_time(self, tx: Tx, message: inp.TimePassed) -> None:
        """Answer every deadline that is due, earliest first. An answer that leaves its deadline in place is a bug."""
        clock, now_ns = self._clock, tx.state.now_ns
        while (name := clock.due(now_ns)) is not None:
            due_ns = tx.state.deadlines[name]
            kind, account_id, what = name.split("|", 2)
            self.answering = name
            _ANSWERS[kind](tx, AccountId(account_id), what)
            if tx.state.deadlines.get(name) == due_ns:
                raise InvariantViolation(f"deadline {name} was answered and is still due")

    # --- the market and the calendar ----------------------------------------------------------------------------------

    def _on_quote(self, tx: Tx, message: Quote) -> None:
        facts.measure(tx, message)
        evolve_quote(tx.state, message)
        for account_id in tuple(tx.state.holders.get(message.symbol, ())):
            watching.watch(tx, account_id)
            held.on_quote(tx, account_id, message)
            spread_stops.on_quote(tx, account_id, message.symbol)
        for account_id in tuple(tx.state.converted.get(message.symbol, ())):
            watching.watch(tx, account_id)
        held.let_orders_follow(tx, message)

    def _on_venue_quote(self, tx: Tx, message: inp.VenueQuoted) -> None:
        evolve_venue_quote(tx.state, message.quote)

    def _on_trading_day(self, tx: Tx, message: inp.TradingDay) -> None:
        for account_id in message.accounts:
            account = tx.state.accounts.get(account_id)
            if account is not None and account.day != message.day:  # a restart tells the day again
                recon.begin_day(tx, account_id, message.day)

    def _on_session(self, tx: Tx, message: inp.SessionChanged) -> None:
        tx.apply(ev.SessionSet(message.symbols, message.is_open))
        if not message.is_open:
            return
        for symbol in message.symbols:  # what could not be placed while it was closed
            for account_id in tuple(tx.state.holders.get(symbol, ())):
                protection.follow(tx, account_id, symbol, afresh=True)
                stops.pursue(tx, account_id)
                spread_stops.on_session_open(tx, account_id, symbol)

    # --- commands -----------------------------------------------------------------------------------------------------

    def _on_correlation(self, tx: Tx, message: inp.SetCorrelation) -> None:
        before = tx.state.correlations.get(message.account, {}).get(message.other, Decimal(0))
        threshold = tx.state.desk.max_correlation_threshold
        crossed = before <= threshold < message.rho
        tx.apply(ev.CorrelationSet(message.account, message.other, message.rho, crossed))


# --- deadlines --------------------------------------------------------------------------------------------------------


def _release(tx: Tx, account_id: AccountId, what: str) -> None:
    signal_id = SignalId(what)
    why = linked.why_not_released(tx.state, account_id, signal_id)
    if why:
        entries.withdraw_share(tx, account_id, signal_id, why)
    elif tx.state.signals[signal_id].spread is not None:
        legging.release(tx, account_id, signal_id)
    elif tx.state.signals[signal_id].algo is None:
        entries.release(tx, account_id, signal_id)
    else:
        algorithms.release(tx, account_id, signal_id)


def _advance(tx: Tx, account_id: AccountId, what: str) -> None:
    algorithms.advance(tx, account_id, SignalId(what))


def _go_on_legging(tx: Tx, account_id: AccountId, what: str) -> None:
    legging.advance(tx, account_id, SignalId(what))


def _judge_level(tx: Tx, account_id: AccountId, what: str) -> None:
    spread_stops.judge(tx, account_id, SignalId(what))


def _watch_spread(tx: Tx, account_id: AccountId, what: str) -> None:
    spread_stops.look_again(tx, account_id, SignalId(what))


def _complete(tx: Tx, account_id: AccountId, what: str) -> None:
    entries.complete(tx, account_id, SignalId(what))


def _expire(tx: Tx, account_id: AccountId, what: str) -> None:
    approvals.expire(tx, SignalId(what))


def _unanswered(tx: Tx, account_id: AccountId, what: str) -> None:
    lose_sight(tx, tx.account(account_id).orders[ClOrdId(what)], "no answer in time")


def _ask_again(tx: Tx, account_id: AccountId, what: str) -> None:
    order = tx.account(account_id).orders[ClOrdId(what)]
    if is_over(order):
        tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, True, "over meanwhile"))
    else:
        lose_sight(tx, order, "the question was not answered", order.asked_before + 1)


def _give_up(tx: Tx, account_id: AccountId, what: str) -> None:
    entries.give_up_waiting(tx, tx.account(account_id).orders[ClOrdId(what)])


def _end_date(tx: Tx, account_id: AccountId, what: str) -> None:
    cancel(tx, tx.account(account_id).orders[ClOrdId(what)], "good till a date, and that is past")


def _compare(tx: Tx, account_id: AccountId, what: str) -> None:
    account = tx.account(account_id)
    agreed = account.reconciled and account.reconciled_ns >= account.asked_ns
    ask_for_account(tx, account_id, "it is time", 0 if agreed else account.asked_before + 1)


def _go_back(tx: Tx, account_id: AccountId, what: str) -> None:
    limits.go_back(tx, int(what))


def _cooled_down(tx: Tx, account_id: AccountId, what: str) -> None:
    breakers.cooled_down(tx, account_id, BreakerKind(what))


def _expire_override(tx: Tx, account_id: AccountId, what: str) -> None:
    overrides.expire(tx, what)


def _carry_out(tx: Tx, account_id: AccountId, what: str) -> None:
    kept.carry_out(tx, what)


def _give_up_proposal(tx: Tx, account_id: AccountId, what: str) -> None:
    limits.give_up_proposal(tx, int(what))


_ANSWERS: dict[str, Callable[[Tx, AccountId, str], None]] = {
    "firm_flat": acts.be_flat,
    "firm_close": acts.close_again,
    "firm_stop": acts.find_stop,
    "release": _release,
    "completion": _complete,
    "approval": _expire,
    "algo": _advance,
    "legging": _go_on_legging,
    "spread_stop": _judge_level,
    "spread_watch": _watch_spread,
    "submit": _unanswered,
    "cancel": _unanswered,
    "replace": _unanswered,
    "query": _ask_again,
    "monitor": _give_up,
    "sync": _compare,
    "pace": pacing.release,
    "follow": pacing.follow_again,
    "protect": retries.protect_again,
    "exit": retries.exit_again,
    "limits": _go_back,
    "limit_proposal": _give_up_proposal,
    "override": _expire_override,
    "breaker": _cooled_down,
    "expire": _end_date,
    "kept": _carry_out,
}


# Each handler takes the input that it stands beside; no type says that of a table.
_HANDLERS: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    inp.EngineStarted: Engine._on_start,
    inp.StopEngine: Engine._on_stop,
    inp.TimePassed: Engine._on_time,
    inp.SetCorrelation: Engine._on_correlation,
    inp.TradingDay: Engine._on_trading_day,
    inp.SessionChanged: Engine._on_session,
    Quote: Engine._on_quote,
    inp.VenueQuoted: Engine._on_venue_quote,
}

# These need nothing of the engine but the step under way.
_PLAIN: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    inp.SubmitSignal: admission.on_signal,
    inp.ReportBadSignal: admission.on_bad_signal,
    inp.SubmitOrder: admission.on_order,
    inp.CompareAccounts: recon.on_compare,
    inp.SettleOrder: settling.on_settle,
    inp.KeepCommand: kept.on_keep,
    inp.WithdrawCommand: kept.on_withdraw,
    inp.SetLimits: limits.on_set_limits,
    inp.ApproveLimits: limits.on_approve_limits,
    inp.WithdrawLimits: limits.on_withdraw_limits,
    inp.StopTrading: stops.on_stop,
    inp.ResumeTrading: stops.on_resume,
    inp.SetMode: faults.on_set_mode,
    inp.ApprovePlan: approvals.on_approve,
    inp.RejectPlan: approvals.on_reject,
    inp.ModifyPlan: approvals.on_modify,
    inp.CancelOrders: cancels.cancel_orders,
    inp.ChangeOrder: changing.on_change_order,
    inp.CloseBreaker: breakers.on_close,
    inp.ProposeOverride: overrides.on_propose,
    inp.ApproveOverride: overrides.on_approve,
    inp.WithdrawOverride: overrides.on_withdraw,
    inp.FirmDay: acts.on_firm_day,
    inp.FlatHours: acts.on_flat_hours,
    inp.ExecutionReport: reports.on_report,
    inp.CancelRejected: reports.on_cancel_rejected,
    inp.CashMoved: cash.on_cash_moved,
    inp.OrderLookedUp: lookups.on_order_looked_up,
    inp.AccountLookedUp: recon.on_account_looked_up,
    inp.VenueFailed: reports.on_venue_failed,
    inp.EgressRefused: reports.on_egress_refused,
    inp.ResolveBreak: breaks.on_resolve,
    inp.VolatilityObserved: sizing.on_volatility,
    inp.NoteCommand: facts.on_note,
    inp.ObserveHost: facts.on_host,
    inp.NoteSnapshot: facts.on_snapshot,
    inp.RecallOrders: archive.on_recall,
    inp.TradingHalted: facts.on_trading_halt,
    inp.LeaseTakenOver: facts.on_lease_taken_over,
    inp.AdoptLease: facts.on_adopt_lease,
    inp.SetLocate: facts.on_locate,
    inp.SkipInput: skips.on_skip,
}
