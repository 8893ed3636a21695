"""What firms' rules do of themselves: begin their days, warn, close everything in time, and look for missing stops.

Closing goes the way of every exit, each position with a plan of its own, through the gate.
"""

from decimal import Decimal

from coxswain.core.entries import withdraw_entries
from coxswain.core.evolve.firms import FLAT, STOP_WANTED
from coxswain.core.firm.view import marks_of
from coxswain.core.params import NS_PER_S, seconds_ns
from coxswain.core.protection import start_exit
from coxswain.core.state import Account, State, equity, reducible
from coxswain.core.sums import key
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO
from coxswain.model.firm import MissingStop, RuleSet, Severity
from coxswain.model.firm_facts import Floor
from coxswain.model.plan import Assignment, Plan
from coxswain.model.vocabulary import AccountId, Side, SignalId, SignalKind, Symbol, Verdict
from coxswain.risk.firm.floors import floors, holds

CLOSE = "firm_close"
"""The deadline at which closing is tried again that a loss limit, or hours that are over, asked for."""
LATE_NS = 60 * NS_PER_S
"""A reset that is told later than this was not seen."""
SOON_NS, LATER_NS = 10 * NS_PER_S, 600 * NS_PER_S
"""Until closing is tried again: while an instrument trades, and while none does."""
STAGES = ("warn", "reduce", "no_new_risk", "flatten")


def rules_of(state: State, account_id: AccountId) -> RuleSet | None:
    book = state.firms.books.get(account_id)
    return None if book is None else state.firms.rule_sets.get(state.firms.parties[book.party].rules)


# --- days and hours ---------------------------------------------------------------------------------------------------


def on_firm_day(tx: Tx, message: inp.FirmDay) -> None:
    """Begin the firm's day. One whose reset nobody saw is measured from the most that the account may have had then."""
    for account_id in message.accounts:
        book = tx.state.firms.books.get(account_id)
        if book is None or book.day == message.day:
            continue
        account = tx.account(account_id)
        balance, worth = account.balance or ZERO, equity(account)
        if book.day and tx.state.now_ns - message.began_ns > LATE_NS:
            balance, worth = max(balance, book.stopped_balance), max(worth, book.stopped_balance)
        tx.apply(ev.FirmDayStarted(account_id, message.rule_set, message.day, balance, worth, message.ends_ns))


def on_flat_hours(tx: Tx, message: inp.FlatHours) -> None:
    """Set the deadline to be flat; one that passed while nobody was there is acted upon at once."""
    for account_id in message.accounts:
        book = tx.state.firms.books.get(account_id)
        if book is None:
            continue
        now_ns, before_ns = tx.state.now_ns, book.flat_from_ns
        passed = before_ns is not None and before_ns <= now_ns and before_ns != message.from_ns
        missed = book.flat_met_ns != before_ns
        pursued = key(FLAT, account_id) in tx.state.deadlines
        if passed and (missed or pursued) and _is_held(tx.account(account_id)):
            why = "the deadline passed while nobody was there" if missed else "the hours are over, and it is not closed"
            # By a deadline of its own, because that of the next hours takes the place of the one before.
            _flatten(tx, account_id, CLOSE, "sessions", f"{book.flat_why}: {why}")
        act_ns = max(message.from_ns - seconds_ns(tx.state.desk.flat_by_lead_s), now_ns)
        tx.apply(ev.FlatHoursSet(account_id, message.rule_set, message.from_ns, message.until_ns, message.why, act_ns))


def be_flat(tx: Tx, account_id: AccountId, what: str) -> None:
    """The deadline has come: close what is open and call back what enters, and look again until nothing is left."""
    book = tx.state.firms.books[account_id]
    _flatten(tx, account_id, FLAT, "sessions", book.flat_why)


def close_again(tx: Tx, account_id: AccountId, what: str) -> None:
    """Try again to close what was to be closed."""
    _flatten(tx, account_id, CLOSE, "closing", "what was to be closed is still open")


def find_stop(tx: Tx, account_id: AccountId, what: str) -> None:
    """A position has had its time to get a stop: tell somebody, and close it if the rule says so."""
    symbol, rules = Symbol(what), rules_of(tx.state, account_id)
    position, deadline = tx.account(account_id).positions[symbol], key(STOP_WANTED, account_id, what)
    close = rules is not None and rules.size.stop_missing is MissingStop.CLOSE
    detail = f"{symbol} has no stop in time" + (", and is closed" if close else "")
    whose = "" if rules is None else rules.id
    tx.apply(ev.FirmNoticed(account_id, whose, "stop_required_within", detail, clears=deadline))
    if close and position.qty and position.exit is None:
        _plan_exits(tx, account_id, (symbol,), "stop_required_within", detail)


# --- losses -----------------------------------------------------------------------------------------------------------


def watch(tx: Tx, account_id: AccountId) -> None:
    """After a fill or a quote: see how much of each loss limit is used, and act at the shares that the rules name."""
    rules = rules_of(tx.state, account_id)
    if rules is None:
        return
    account, book = tx.account(account_id), tx.state.firms.books[account_id]
    if not book.seen or not book.day:
        return
    for floor in floors(rules.loss_limits, marks_of(account, book)):
        stage = _stage(rules, floor)
        if stage and _rank(stage) > _rank(book.stages.get(floor.limit.name, "")):
            _reach(tx, account_id, rules, floor, stage)


def _stage(rules: RuleSet, floor: Floor) -> str:
    """Return the furthest stage that is reached; a limit that is broken is always the last."""
    buffers = rules.buffers
    if not holds(floor, floor.measured, floor.now):
        return STAGES[-1]
    shares = (buffers.warn, buffers.reduce, buffers.no_new_risk, buffers.flatten)
    return next(
        (stage for stage, share in zip(reversed(STAGES), reversed(shares), strict=True) if floor.used >= share), ""
    )


def _rank(stage: str) -> int:
    return STAGES.index(stage) if stage else -1


def _reach(tx: Tx, account_id: AccountId, rules: RuleSet, floor: Floor, stage: str) -> None:
    limit, flatten = floor.limit, stage == STAGES[-1]
    locks = flatten and limit.severity is Severity.SOFT_UNTIL_RESET
    broken = not holds(floor, floor.measured, floor.now)
    what = f"{limit.name} is {'broken' if broken else 'nearly used up' if flatten else 'used in part'}"
    detail = f"{what}: {limit.measure} {floor.measured:f}, floor {floor.now:f}"
    tx.apply(ev.FirmNoticed(account_id, rules.id, limit.name, detail, stage, floor.used, Decimal(1), locks=locks))
    if flatten and _is_held(tx.account(account_id)):
        _flatten(tx, account_id, CLOSE, limit.name, detail)


# --- closing ----------------------------------------------------------------------------------------------------------


def _is_held(account: Account) -> bool:
    return any(position.qty or position.entering or position.waiting for position in account.positions.values())


def _flatten(tx: Tx, account_id: AccountId, deadline: str, rule: str, reason: str) -> None:
    """Close every position whose market is open, and call back every entry. What remains is tried again."""
    state, account = tx.state, tx.account(account_id)
    held = tuple(symbol for symbol, position in account.positions.items() if position.qty)
    there = tuple(s for s in held if reducible(account, account.positions[s]))
    free = (s for s in there if account.positions[s].exit is None and state.sessions.get(s, False))
    ready = tuple(s for s in free if _plan_id(state, account_id, s) not in state.plans)  # once in a step is enough
    entering = tuple(s for s, position in account.positions.items() if position.entering or position.waiting)
    again_ns = None
    if held or entering:
        trades = any(state.sessions.get(symbol, False) for symbol in (*held, *entering))
        again_ns = state.now_ns + (SOON_NS if trades else LATER_NS)
    rules = rules_of(state, account_id)
    whose = "" if rules is None else rules.id
    plans = tuple(_plan_id(state, account_id, symbol) for symbol in ready)
    tx.apply(ev.FirmFlattened(account_id, whose, rule, reason, plans, ready, again_ns, deadline))
    for symbol in entering:
        withdraw_entries(tx, account_id, symbol, reason)
    _plan_exits(tx, account_id, ready, rule, reason)


def _plan_id(state: State, account_id: AccountId, symbol: Symbol) -> SignalId:
    return SignalId(f"firm-{account_id}-{symbol}-{state.seq}")


def _plan_exits(tx: Tx, account_id: AccountId, symbols: tuple[Symbol, ...], rule: str, reason: str) -> None:
    """Close each position by a plan of its own, which says why."""
    for symbol in symbols:
        position = tx.account(account_id).positions[symbol]
        if not position.qty or position.exit is not None:
            continue
        signal_id = _plan_id(tx.state, account_id, symbol)
        held, side = abs(position.qty), Side.BUY if position.qty > 0 else Side.SELL
        checks = (Check("FIRM_RULE", None, None, True, reason, rule),)
        assignment = Assignment(account_id, Verdict.SEND, checks, held, 0, 1)
        tx.apply(ev.PlanProposed(Plan(signal_id, SignalKind.EXIT, symbol, (assignment,), f"{rule}: {reason}", side)))
        tx.apply(ev.PlanApproved(signal_id, "the firm's rules"))
        start_exit(tx, account_id, symbol, signal_id, None)
