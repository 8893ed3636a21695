"""One sentence for each event, for people. Every number and reason in it was journaled; none is worked out here."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from coxswain.messages import events as ev
from coxswain.model.cash import TRANSFERS
from coxswain.model.checks import reason
from coxswain.model.contingent import Contingent
from coxswain.model.control import name_of
from coxswain.model.decimals import HUNDRED, plain, text
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.plan import Assignment, Breaches
from coxswain.model.spread import SpreadLevels, level_text
from coxswain.model.vocabulary import Role, SignalKind, Verdict
from coxswain.views.kept import actor_of, good_until, reason_of, words_of
from coxswain.views.skipped import skipped
from coxswain.views.times import utc


def sentence(event: ev.Event) -> str:
    """Say what an event means."""
    return SENTENCES[type(event)](event)


def asked_for(intent: OrderIntent) -> str:
    """Say what an order asks for: `BUY 0.5 EURUSD at LIMIT 1.1`."""
    if intent.protected:
        return f"{intent.side} {intent.order_qty:f} {intent.symbol} at MARKET, no worse than {_optional(intent.price)}"
    prices = [f"{px:f}" for px in (intent.stop_px, intent.price) if px is not None]
    at = f" {' then '.join(prices)}" if prices else ""
    follows = "" if intent.trail is None else f", following the market by {trail_text(intent.trail)}"
    until = "" if intent.expire_time_ns is None else f", until {utc(intent.expire_time_ns)}"
    return f"{intent.side} {intent.order_qty:f} {intent.symbol} at {intent.ord_type}{at}{follows}{until}"


def trail_text(trail: Trail) -> str:
    """Say how a stop follows: `0.5 from 101`."""
    by = f"{trail.pct:f} %" if trail.amount is None else f"{trail.amount:f}"
    return by if trail.activation_px is None else f"{by} from {trail.activation_px:f}"


def counted(number: int, thing: str) -> str:
    """Write how many: `1 fill`, `2 fills`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _optional(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:f}"


def _because(text: str) -> str:
    return f": {text}" if text else ""


def _configured(event: ev.EngineConfigured) -> str:
    setup = event.setup
    counts = f"accounts {len(setup.accounts)}, venues {len(setup.venues)}, instruments {len(setup.instruments)}"
    return f"the engine started, version {event.version}, mode {setup.mode}, seed {event.seed}: {counts}"


def _live(event: ev.LiveConfirmed) -> str:
    return f"{event.actor} confirmed that real money is traded on {', '.join(event.accounts)}"


def _stopped(event: ev.EngineStopped) -> str:
    left = ", ".join(event.open_orders) or "none"
    held = f"; no longer watched: {'; '.join(event.held)}" if event.held else ""
    return f"the engine stopped: {event.reason}; open orders: {left}{held}"


def _session(event: ev.SessionSet) -> str:
    return f"the session of {', '.join(event.symbols)} {'opened' if event.is_open else 'closed'}"


def _correlation(event: ev.CorrelationSet) -> str:
    crossed = ", now above the threshold" if event.crossed else ""
    return f"the correlation of {event.account} and {event.other} is {event.rho:f}{crossed}"


def _state(event: ev.AccountStateChanged) -> str:
    cause = f"{event.cause} {'began' if event.active else 'ended'}"
    return f"{event.account} is {event.state}: {cause}{_because(event.reason)} (by {event.actor})"


def _postponed(event: ev.ReleasePostponed) -> str:
    if not event.reason:
        return f"the share of {event.account} waits until its books have been compared"
    until = f"until {utc(event.due_ns)} at the latest"
    return f"{event.signal_id} waits on {event.account} until something may be opened, {until}: {event.reason}"


def _host(event: ev.HostObserved) -> str:
    found = {
        "the journal can be written": event.journal_healthy,
        "the disk has room": event.disk_headroom,
        "the clock is in bound": event.clock_in_bound,
    }
    wrong = ", ".join(what for what, holds in found.items() if not holds)
    until = "" if event.valid_until_ns is None else f", until {utc(event.valid_until_ns)}"
    return f"the host: {f'not so: {wrong}' if wrong else 'all is well'}; lease {event.lease_epoch}{until}"


def _lease_lost(event: ev.LeaseLost) -> str:
    return f"nothing new leaves for {', '.join(event.accounts)}: the lease is lost, {event.holder}"


def _lease_adopted(event: ev.LeaseAdopted) -> str:
    return f"this journal goes on although it missed something ({event.missed}): {event.reason} (by {event.actor})"


def _day(event: ev.DayStarted) -> str:
    money = f"balance {event.balance:f}, equity {event.equity:f}, anchor {event.anchor:f}"
    return f"trading day {event.day} began on {event.account}: {money}"


def _resumed(event: ev.TradingResumed) -> str:
    second = f" and {event.second_actor}" if event.second_actor else ""
    return f"{', '.join(event.levels)} of {name_of(event.scope)} ended: {event.reason} (by {event.actor}{second})"


def _command_kept(event: ev.CommandKept) -> str:
    end = good_until(event)
    until = "" if end is None else f", at the latest at {end}"
    why = _because(reason_of(event.command))
    what = f"{words_of(event.command)} by {actor_of(event.command)}{why}"
    return f"{event.command_id} waits for the next start of the engine{until}: {what}"


def _approved(event: ev.PlanApproved) -> str:
    shares = "" if event.assignments is None else f" for {_shares(event.assignments)}"
    px = "" if event.px is None else f", at a price of {event.px:f}"
    moved = "" if event.drift_pct is None else f", {event.drift_pct:f} % from the plan's"
    seen = "" if event.seen_px is None else f", shown as {event.seen_px:f}"
    return f"plan approved by {event.by}{shares}{px}{moved}{seen}{_because(event.reason)}"


def _shares(assignments: tuple[Assignment, ...]) -> str:
    return ", ".join(f"{assignment.account} {assignment.qty:f}" for assignment in assignments)


def _rejected(event: ev.PlanRejected) -> str:
    failed = [
        f"{assignment.account}: {reason(check)}"
        for assignment in event.assignments
        for check in assignment.checks
        if not check.passed
    ]
    why = "; ".join((event.reason, *failed))
    return f"plan rejected for {', '.join(event.accounts)} by {event.actor}: {why}"


def _at_levels(levels: SpreadLevels) -> str:
    both = ((Role.STOP, levels.stop), (Role.TARGET, levels.target))
    return "".join(f"; {role.lower()} at {level_text(level)}" for role, level in both if level is not None)


def _signal(event: ev.SignalAccepted) -> str:
    signal = event.signal
    side = f" {signal.side}" if signal.side else ""
    what = f"{side} {signal.symbol}"
    if signal.legs and signal.legging is not None:
        limit = signal.legging
        legs = ", ".join(f"{leg.side} {leg.ratio:f} {leg.symbol}" for leg in signal.legs)
        alone = f"at most {limit.max_unhedged_value:f} and {limit.max_unhedged_s} s unhedged"
        what = f" {_optional(signal.quantity)} units of {legs}; {alone}, then {limit.on_legging_limit}"
        what += _at_levels(SpreadLevels(signal.spread_stop, signal.spread_target))
    leg = "" if signal.spread is None else f", a leg of {signal.spread}"
    if signal.kind is SignalKind.STOP_ADJUSTMENT and signal.spread is not None:
        what, leg = f" of {signal.spread}{_at_levels(SpreadLevels(signal.spread_stop, signal.spread_target))}", ""
    if signal.kind is SignalKind.EXIT and signal.spread is not None:
        units = "all units" if signal.quantity is None else f"{signal.quantity:f} units"
        what, leg = f" of {units} of {signal.spread}", ""
    other = "" if signal.first is None else f", the second order of {signal.first}"
    if signal.oco is not None:
        other = f", or {_contingent(signal.oco)}: one cancels the other"
    elif signal.then is not None:
        other = f", then {_contingent(signal.then)}"
    return f"signal {signal.id} accepted: {signal.kind}{what}{leg}{other}{_because(signal.reason)}"


def _contingent(second: Contingent) -> str:
    at = "" if second.limit_price is None else f" {second.limit_price:f}"
    return f"{second.side} at {second.order_type}{at}"


def _signal_denied(event: ev.SignalDenied) -> str:
    return f"signal {event.signal_id or 'without id'} denied{_at(event.where)}: {'; '.join(event.reasons)}"


def _at(where: str) -> str:
    return f" ({where})" if where else ""


def _plan(event: ev.PlanProposed) -> str:
    send = sum(assignment.verdict is Verdict.SEND for assignment in event.plan.assignments)
    skip = len(event.plan.assignments) - send
    risk = "" if event.plan.breaches is None else f"; {breaches_told(event.plan.breaches)}"
    return f"plan proposed: {send} send, {skip} skip; {event.plan.rationale}{risk}"


def breaches_told(breaches: Breaches) -> str:
    """Say what a plan may break, and on what volatility that rests."""
    one, every = (f"{_per_cent(share)} %" for share in (breaches.at_least_one, breaches.all_together))
    moves = f"at {breaches.volatility_pct:.2f} % a day, {'observed' if breaches.observed else 'assumed'}"
    return f"loss limits broken within a day: {breaches.expected:f} expected, at least one {one}, all {every} ({moves})"


def _per_cent(share: Decimal) -> str:
    return text(plain((share * HUNDRED).quantize(Decimal("0.01"))))


def _created(event: ev.OrderCreated) -> str:
    passed = f"passed {counted(len(event.checks), 'check')}"
    return f"{event.intent.role} order {event.cl_ord_id} on {event.intent.account}, {asked_for(event.intent)}: {passed}"


def _denied(event: ev.OrderDenied) -> str:
    intent = event.intent
    reasons = "; ".join(event.reasons)
    return f"{intent.role} order on {intent.account}, {asked_for(intent)}: denied by our gate, nothing sent: {reasons}"


def _accepted(event: ev.OrderAccepted) -> str:
    theirs = f" as {event.venue_order_id}" if event.venue_order_id else ""
    return f"the venue accepted {event.cl_ord_id}{theirs}"


def _filled(event: ev.OrderFilled) -> str:
    slippage = "" if event.slippage_bps is None else f", slippage {event.slippage_bps:f} bps"
    done = f"{event.cum_qty:f} done, {event.leaves_qty:f} open"
    return f"{event.cl_ord_id} filled {event.last_qty:f} at {event.last_px:f}: {done}{slippage}"


def _busted(event: ev.FillBusted) -> str:
    what = f"the fill of {event.last_qty:f} at {event.last_px:f} of {event.cl_ord_id} ({event.exec_ref_id})"
    if event.belongs_to:
        return f"{what} is taken out of {event.side} {event.symbol}: it is {event.belongs_to}"
    return f"the venue took back {what}: {event.cum_qty:f} done, {event.leaves_qty:f} open, {event.ord_status}"


def _corrected(event: ev.FillCorrected) -> str:
    was = f"{event.former_qty:f} at {event.former_px:f} of {event.cl_ord_id} ({event.exec_ref_id})"
    now = f"{event.last_qty:f} at {event.last_px:f}"
    return f"the venue corrected the fill of {was} to {now}: {event.cum_qty:f} done, {event.leaves_qty:f} open"


def _reversal_noted(event: ev.ReversalNoted) -> str:
    what = "a bust" if event.reversal.last_qty is None else "a correction"
    then = "waits for that fill" if event.waits else "changes nothing any more"
    return f"{what} of the fill {event.reversal.exec_ref_id} of {event.cl_ord_id} {then}"


def _archived(event: ev.OrdersArchived) -> str:
    gone = " ".join(each.signal_id for each in event.archived)
    return f"over for long, and kept by the journal alone from here on: {gone or 'none'}"


def _recalled(event: ev.OrdersRecalled) -> str:
    return f"{event.archived.signal_id} was over for long; it is back, because something names it"


def _canceled(event: ev.OrderCanceled) -> str:
    unasked = ", not asked for" if event.unsolicited else ""
    return f"{event.cl_ord_id} canceled with {event.cum_qty:f} filled{unasked}{_because(event.reason)}"


def _replace_requested(event: ev.ReplaceRequested) -> str:
    price = event.price if event.stop_px is None else event.stop_px
    to = f"{event.order_qty:f} at {_optional(price)}"
    return f"asked to change {event.cl_ord_id} to {to}, as {event.new_cl_ord_id}"


def _absence(event: ev.AbsenceNoted) -> str:
    again = utc(event.ask_again_ns)
    return f"the venue does not find {event.cl_ord_id} (look {event.looks}); asked again at {again}"


def _settled(event: ev.SettlementAsked | ev.OrderSettled) -> str:
    return f"{event.settled_as} by {', '.join(event.exec_ids)}" if event.exec_ids else str(event.settled_as)


def _resolved(event: ev.OutcomeResolved) -> str:
    return f"the outcome of {event.cl_ord_id} is known, {'found' if event.found else 'not there'}: {event.how}"


def _cash(event: ev.CashBooked) -> str:
    moved = event.movement
    words = " ".join(word for word in (str(moved.kind), moved.symbol and f"on {moved.symbol}", moved.text) if word)
    counts = "no result of trading" if moved.kind in TRANSFERS else "a result of the day"
    return f"{event.account}: {words} of {moved.amount:+f}, {counts}; balance {event.balance:f}"


def _cash_explained(event: ev.CashExplained) -> str:
    moved = event.movement
    words = " ".join(word for word in (str(moved.kind), moved.symbol and f"on {moved.symbol}", moved.text) if word)
    taken = f"the balance that was taken over as of {utc(event.as_of_ns)}"
    return f"{event.account}: {words} of {moved.amount:+f} was told late and is in {taken}; nothing is booked"


def _position(event: ev.PositionChanged) -> str:
    at = "" if event.avg_px is None else f" at {event.avg_px:f}"
    money = f"realised {event.realized:f}, commission {event.commission:f}, balance {event.balance:f}"
    return f"{event.account} holds {event.qty:f} {event.symbol}{at}; {money}"


def _levels(event: ev.ProtectionLevelsSet) -> str:
    follows = "" if event.trail is None else f" following the market by {trail_text(event.trail)}"
    levels = f"stop {_optional(event.stop_px)}{follows}, target {_optional(event.target_px)}"
    return f"{event.symbol} on {event.account} is to be protected: {levels}, risk {event.risk:f}"


def _exit(event: ev.ExitStarted) -> str:
    what = "all" if event.qty is None else f"{event.qty:f}"
    limit = "" if event.limit_px is None else f" at {event.limit_px:f} or better"
    return f"{event.account} closes {what} of {event.symbol}{limit}{_because(event.reason)}"


def _unprotected(event: ev.ProtectionFailed) -> str:
    then = ""
    if event.closes:
        then = "; the position is closed"
    elif event.again_ns is not None:
        then = f"; tried again at {utc(event.again_ns)}"
    return f"{event.symbol} on {event.account} has less protection than it should: {event.reason}{then}"


def _exit_refused(event: ev.ExitRefused) -> str:
    return f"{event.reason}: another order of the exit of {event.account} from {event.symbol} at {utc(event.again_ns)}"


def _exit_ended(event: ev.ExitEnded) -> str:
    how = "ended, and closed less than it should" if event.failed else "ended"
    return f"the exit of {event.account} from {event.symbol} {how}: {event.reason}"


def _trailed(event: ev.StopTrailed) -> str:
    by = "the venue moved it" if event.market_px is None else f"the market is at {event.market_px:f}"
    return f"the stop of {event.symbol} on {event.account} is now at {event.stop_px:f}: {by}"


def _break(event: ev.BreakFound) -> str:
    what = f"{event.kind}{f' {event.symbol}' if event.symbol else ''}"
    sides = f"ours {_optional(event.ours)}, theirs {_optional(event.theirs)}"
    return f"break {event.break_id} on {event.account} ({event.severity}): {what}, {sides}{_because(event.detail)}"


def _flat_hours(event: ev.FlatHoursSet) -> str:
    if event.from_ns is None or event.until_ns is None:
        return f"{event.account} has no hours to be flat in"
    return f"{event.account} must be flat from {utc(event.from_ns)} until {utc(event.until_ns)}: {event.why}"


def _noticed(event: ev.FirmNoticed) -> str:
    used = "" if event.value is None or event.limit is None else f" ({event.value:f} of {event.limit:f})"
    lock = "; nothing is opened until the firm's next day" if event.locks else ""
    return f"{event.rule} of {event.rule_set} on {event.account}: {event.detail}{used}{lock}"


def _flattened(event: ev.FirmFlattened) -> str:
    what = ", ".join(event.symbols) or "nothing that can be closed now"
    again = ", and looks again" if event.look_again_ns is not None else ""
    return f"{event.rule} of {event.rule_set} closes {what} on {event.account}{again}: {event.reason}"


def _limits(event: ev.LimitsChanged) -> str:
    people = f"{event.actor} and {event.second_actor}" if event.second_actor else event.actor
    until = "" if event.until_ns is None else f", until {utc(event.until_ns)}"
    resting = f"; {counted(event.resting, 'order')} let in before stay" if event.resting else ""
    told = [_changes(event.changes)] if event.changes else []
    if event.later:
        told.append(f"after its own temporary value: {_changes(event.later)}")
    what = f"limits version {event.version} by {people}{until}: {', '.join(told) or 'stricter values stay'}"
    return f"{what}{_because(event.reason)}{resting}"


def _limits_proposed(event: ev.LimitsProposed) -> str:
    until = utc(event.expires_ns)
    what = f"{event.actor} proposes limits, proposal {event.proposal}: {_changes(event.changes)}"
    return f"{what}{_because(event.reason)}; it waits for a second person until {until}"


def _ladder(event: ev.LadderStepReached) -> str:
    used = f"{event.value:f} of {event.limit_value:f} used, {event.used_pct:.1f} %"
    return f"{event.account} reached {event.step} of its {event.limit}: {used}"


def _ladder_left(event: ev.LadderStepLeft) -> str:
    used = f"{event.value:f} of {event.limit_value:f} used, {event.used_pct:.1f} %"
    return f"{event.account} is back at {event.step or 'no step'} of its {event.limit}: {used}"


def _override(event: ev.OverrideProposed) -> str:
    override = event.override
    what = f"control {override.control} pass for signal {override.signal_id} on {override.account}"
    until = utc(override.expires_ns)
    return f"{override.id}: {override.actor} asks to let {what} until {until}{_because(override.reason)}"


def _breaker(event: ev.BreakerChanged) -> str:
    measured = "" if event.value is None else f" ({_optional(event.value)} of {_optional(event.limit)})"
    until = "" if event.until_ns is None else f"; it cools down until {utc(event.until_ns)}"
    what = f"breaker {event.breaker} of {event.account} is {event.state}"
    return f"{what}{_because(event.reason)}{measured}{until} (by {event.actor})"


def _changes(changes: tuple[ev.LimitChange, ...]) -> str:
    return ", ".join(f"{c.account or 'desk'} {c.key} {c.before:f} to {c.after:f}" for c in changes)


def _algo_started(event: ev.AlgoStarted) -> str:
    what = f"{event.side} {event.order_qty:f} {event.symbol} on {event.account}"
    return f"{event.name} begins to work {what} until {utc(event.ends_ns)}, with {event.params}"


def _algo_asked(event: ev.AlgoAsked) -> str:
    at = "" if event.price is None else f" at {event.price:f}"
    stands = f"{event.cum_qty:f} filled, {event.open_qty:f} open"
    wanted = f"{event.target_qty:f} should be out{at} on {event.account} by now: {stands}"
    return f"{wanted}; asked again at {utc(event.wake_ns)}{_because(event.note)}"


def _algo_ended(event: ev.AlgoEnded) -> str:
    return f"the algorithm on {event.account} ended, {event.cum_qty:f} filled, {event.left_qty:f} left: {event.reason}"


def _spread_started(event: ev.SpreadStarted) -> str:
    legs = ", then ".join(f"{leg.side} {leg.qty:f} {leg.symbol}" for leg in event.legs)
    return f"{event.account} begins {event.units:f} units: {legs} ({event.why})"


def _spread_marked(event: ev.SpreadMarked) -> str:
    if event.since_ns is None:
        return f"nothing of the spread on {event.account} is unhedged{_because(event.note)}"
    since, again = utc(event.since_ns), utc(event.wake_ns)
    bare = f"{event.unhedged_value:f} of the spread on {event.account} is unhedged since {since}"
    return f"{bare}; looked at again at {again}{_because(event.note)}"


def _legging_limit(event: ev.LeggingLimitReached) -> str:
    bare = f"{event.unhedged_value:f} unhedged for {event.unhedged_s:f} s on {event.account}"
    return f"legging limit reached, {bare} ({event.reason}): {event.decision} what is not whole"


def _spread_leaving(event: ev.SpreadLeaving) -> str:
    by = f" (by {event.actor})" if event.actor else ""
    stays = f", {event.keep:f} stay" if event.keep else ""
    what = f"{event.account} leaves {event.units:f} units of {event.signal_id}{stays}"
    return f"{what}, leg by leg ({event.order}): {event.reason}{by}"


def _level(event: ev.SpreadLevelSeen | ev.SpreadLevelReached) -> str:
    return f"{event.role.lower()} at {level_text(event.level)}"


def _spread_watch(event: ev.SpreadWatchChanged) -> str:
    can = "is watched" if event.watched else "cannot be watched"
    return f"the stop or target of spread {event.signal_id} on {event.account} {can}{_because(event.reason)}"


def _spread_ended(event: ev.SpreadEnded) -> str:
    left = f", {event.unhedged_value:f} is left unhedged" if event.unhedged_value else ""
    return f"the spread on {event.account} ended with {event.units:f} units of all legs{left}: {event.reason}"


# Each function takes the event that it stands beside; no type says that of a table.
SENTENCES: dict[type, Callable[[Any], str]] = {
    ev.EngineConfigured: _configured,
    ev.LiveConfirmed: _live,
    ev.LeaseLost: _lease_lost,
    ev.LeaseAdopted: _lease_adopted,
    ev.EngineStopped: _stopped,
    ev.InputSkipped: skipped,
    ev.InputPassedOver: lambda e: f"a {e.what} came again that was skipped as record {e.seq}: nothing was done",
    ev.SessionSet: _session,
    ev.VolatilitySet: lambda e: f"{e.symbol} moves {e.ewma_pct:f} % a day, {e.atr:f} a bar",
    ev.CorrelationSet: _correlation,
    ev.TradingStopped: lambda e: f"{e.level} of {name_of(e.scope)}: {e.reason} (by {e.actor})",
    ev.TradingResumed: _resumed,
    ev.ReleaseAsked: lambda e: (
        f"{e.actor} asked to resume {name_of(e.scope)}: {e.reason}; it takes effect when another person asks too"
    ),
    ev.FlatteningPlanned: lambda e: f"the flatten of {name_of(e.scope)} closes {e.symbol} by plan {e.signal_id}",
    ev.ModeChanged: lambda e: f"the mode of {name_of(e.scope)} is {e.mode}: {e.reason} (by {e.actor})",
    ev.CommandKept: _command_kept,
    ev.KeptCommandsDue: lambda e: (
        f"what waits for this start is carried out once the books agree, at the latest at {utc(e.by_ns)}"
    ),
    ev.CommandCarriedOut: lambda e: f"{e.command_id}, which waited for a start, is carried out",
    ev.CommandWithdrawn: lambda e: f"{e.command_id} waits no more, by {e.actor}: {e.reason}",
    ev.CommandLapsed: lambda e: f"{e.command_id} was too late to be carried out: {e.reason}",
    ev.CommandRefused: lambda e: f"{e.command} of {e.about} by {e.actor} refused: {'; '.join(e.reasons)}",
    ev.AccountStateChanged: _state,
    ev.HostObserved: _host,
    ev.CommandNoted: lambda e: f"a command of the file was carried out ({e.line_id})",
    ev.TradingHaltSet: lambda e: f"trading in {e.symbol} {f'is halted{_because(e.reason)}' if e.halted else 'goes on'}",
    ev.LocateSet: lambda e: f"{e.account} may borrow {e.qty:f} {e.symbol}{_because(e.reason)} (by {e.actor})",
    ev.ReferencePriceSet: lambda e: f"{e.symbol} is measured by {e.price:f} from now on ({e.source})",
    ev.OrderPaced: lambda e: (
        f"{e.intent.role} order on {e.intent.account}, {asked_for(e.intent)}: waits for room until {utc(e.due_ns)}: "
        f"{'; '.join(e.reasons)}"
    ),
    ev.ReductionPaced: lambda e: f"what reduces {e.symbol} on {e.account} waits for room until {utc(e.due_ns)}",
    ev.ReductionResumed: lambda e: f"what reduces {e.symbol} on {e.account} is looked at again",
    ev.DayStarted: _day,
    ev.BalanceAdopted: lambda e: f"{e.account} begins with the venue's balance of {e.balance:f}",
    ev.SignalAccepted: _signal,
    ev.SignalDuplicated: lambda e: f"signal {e.signal_id} came again with the same body: nothing is done",
    ev.SignalDenied: _signal_denied,
    ev.PlanProposed: _plan,
    ev.PlanApproved: _approved,
    ev.ApprovalAwaited: lambda e: (
        f"the plan waits for a person for {', '.join(e.accounts)}, until {utc(e.expires_ns)}: {e.why}"
    ),
    ev.PlanModified: lambda e: f"plan changed by {e.actor} to {_shares(e.assignments)}: {e.reason}",
    ev.PlanRejected: _rejected,
    ev.PlanExpired: lambda e: f"nobody approved the plan for {', '.join(e.accounts)} while its signal lived",
    ev.RecoveryAssigned: lambda e: f"{e.account} takes over {e.qty:f} from the rejected {e.failed}",
    ev.RecoveryFailed: lambda e: f"no account takes over from the rejected {e.failed}: {'; '.join(e.reasons)}",
    ev.CompletionScheduled: lambda e: (
        f"completion order {e.attempt} for {e.qty:f} on {e.account} is due at {utc(e.due_ns)}"
    ),
    ev.CompletionEnded: lambda e: f"no more completion on {e.account}, {e.qty:f} stays open: {e.reason}",
    ev.ReleasePostponed: _postponed,
    ev.AlgoStarted: _algo_started,
    ev.AlgoAsked: _algo_asked,
    ev.AlgoEnded: _algo_ended,
    ev.SpreadStarted: _spread_started,
    ev.SpreadMarked: _spread_marked,
    ev.LeggingLimitReached: _legging_limit,
    ev.SpreadStopped: lambda e: (
        f"the spread on {e.account} is called back, what is not whole units is closed: {e.reason}"
    ),
    ev.SpreadLeaving: _spread_leaving,
    ev.SpreadLevelSeen: lambda e: (
        f"the {_level(e)} of the spread on {e.account} seems to be reached, at {e.at:f}: it is looked at "
        "with the latest quotes of all legs"
    ),
    ev.SpreadLevelsMoved: lambda e: (
        f"the levels of {e.signal_id} on {e.account} are moved by {e.moved_by}{_at_levels(e.levels)}"
        f" (before{_at_levels(e.former) or ': none'})"
    ),
    ev.SpreadLevelMissed: lambda e: f"nothing is left on {e.account}: {e.reason}",
    ev.SpreadLevelReached: lambda e: (
        f"the {_level(e)} of the spread on {e.account} is reached, at {e.at:f}: "
        f"all of it is left, {e.units:f} whole units"
    ),
    ev.SpreadWatchChanged: _spread_watch,
    ev.SpreadEnded: _spread_ended,
    ev.SecondOrderDue: lambda e: f"the first order on {e.account} is over with {e.qty:f} filled: {e.signal_id} follows",
    ev.AssignmentWithdrawn: lambda e: f"the share of {e.account} is withdrawn: {e.reason}",
    ev.OrderDenied: _denied,
    ev.OrderCreated: _created,
    ev.OrderAccepted: _accepted,
    ev.OrderFilled: _filled,
    ev.FillBusted: _busted,
    ev.FillCorrected: _corrected,
    ev.ReversalNoted: _reversal_noted,
    ev.OrdersArchived: _archived,
    ev.OrdersRecalled: _recalled,
    ev.OrderRejected: lambda e: f"the venue rejected {e.cl_ord_id}{_because(e.reason)}",
    ev.OrderCanceled: _canceled,
    ev.OrderExpired: lambda e: f"{e.cl_ord_id} expired with {e.cum_qty:f} filled",
    ev.OrderRestated: lambda e: f"the venue changed the quantity of {e.cl_ord_id} to {e.order_qty:f} by itself",
    ev.CancelRequested: lambda e: f"asked to cancel {e.cl_ord_id}{_because(e.reason)}",
    ev.CancelRefused: lambda e: f"the cancel of {e.cl_ord_id} was refused{_because(e.reason)}",
    ev.ReplaceRequested: _replace_requested,
    ev.OrderReplaced: lambda e: f"the venue changed {e.cl_ord_id} to {e.order_qty:f}, now {e.new_cl_ord_id}",
    ev.ReplaceRefused: lambda e: f"the change of {e.cl_ord_id} was refused{_because(e.reason)}",
    ev.RenewalAsked: lambda e: f"{e.cl_ord_id} is to be changed to {e.order_qty:f}: a new order is to follow it",
    ev.RenewalEnded: lambda e: f"no new order follows {e.cl_ord_id}{_because(e.reason)}",
    ev.OutcomeUnknown: lambda e: f"the outcome of {e.cl_ord_id} is unknown, its hold stays{_because(e.reason)}",
    ev.QuestionAsked: lambda e: f"asked the venue what became of {e.cl_ord_id}",
    ev.AbsenceNoted: _absence,
    ev.OutcomeResolved: _resolved,
    ev.OrderFoundShort: lambda e: (
        f"the venue filled {e.theirs:f} of {e.cl_ord_id}, and the fills that it lists come to {e.ours:f}: asked again"
    ),
    ev.SettlementAsked: lambda e: (
        f"{e.cl_ord_id} is {_settled(e)}, says {e.actor}: {e.reason}; a second person's word is wanted"
    ),
    ev.OrderSettled: lambda e: (
        f"{e.cl_ord_id} is {_settled(e)}, say {e.actor} and {e.second}: {e.reason}"
        if e.second
        else f"{e.cl_ord_id} is {_settled(e)}, says {e.actor}: {e.reason}"
    ),
    ev.OrderResent: lambda e: f"{e.cl_ord_id} was proved absent and is sent once more under the same id",
    ev.ReportQuarantined: lambda e: f"a report on {e.cl_ord_id} makes no sense and changed nothing{_because(e.reason)}",
    ev.IncidentRaised: lambda e: f"incident {e.kind} on {e.cl_ord_id}{_because(e.detail)}",
    ev.PositionChanged: _position,
    ev.ProtectionLevelsSet: _levels,
    ev.StopTrailed: _trailed,
    ev.OrderTrailed: lambda e: f"the stop of {e.cl_ord_id} follows the market from {e.market_px:f} on",
    ev.SurplusFound: lambda e: f"{e.cl_ord_id} was to reduce {e.symbol} on {e.account} and opened {e.qty:f}",
    ev.ProtectionFailed: _unprotected,
    ev.LessAtVenue: lambda e: (
        f"{e.account}: the venue ended {e.cl_ord_id}, and holds {e.theirs:f} of {e.symbol} where we hold {e.ours:f}: "
        "nothing reaches beyond that until the break is over or another"
    ),
    ev.ProtectionTriedAgain: lambda e: f"it is time for the {e.leg} order of {e.symbol} on {e.account} again",
    ev.ExitStarted: _exit,
    ev.ExitRefused: _exit_refused,
    ev.ExitTriedAgain: lambda e: f"it is time for another order of the exit of {e.account} from {e.symbol}",
    ev.ExitEnded: _exit_ended,
    ev.ComparisonAsked: lambda e: f"asked the venue for the books of {e.account}{_because(e.reason)}",
    ev.Reconciled: lambda e: (
        f"the books of {e.account} agree: {counted(e.positions, 'position')}, {counted(e.orders, 'working order')}, "
        f"{counted(e.fills_booked, 'fill')} booked by the comparison"
    ),
    ev.BreakFound: _break,
    ev.ResolutionChosen: lambda e: (
        f"{e.actor} chose to {e.resolution} break {e.break_id} ({e.difference:f}): {e.reason}"
    ),
    ev.ResolutionRefused: lambda e: f"{e.resolution} of break {e.break_id} on {e.account} cannot be done: {e.reason}",
    ev.DifferenceGone: lambda e: f"the difference {e.break_id} on {e.account} is there no more",
    ev.PositionAdopted: lambda e: f"{e.account} takes over the venue's {e.qty:f} {e.symbol} at a cost of {e.cost:f}",
    ev.BalanceAdjusted: lambda e: (
        f"{e.account} takes over the venue's balance of {e.balance:f} ({e.difference:+f}, "
        f"{'a transfer' if e.is_transfer else 'counted as a result'}): {e.reason}"
    ),
    ev.CashBooked: _cash,
    ev.CashExplained: _cash_explained,
    ev.OrderAdopted: lambda e: f"{e.intent.account} takes over the venue's order {e.cl_ord_id}",
    ev.BreakClosed: lambda e: f"break {e.break_id} on {e.account} closed: {e.resolution}",
    ev.FirmDayStarted: lambda e: (
        f"day {e.day} of {e.rule_set} began on {e.account}: balance {e.balance:f}, equity {e.equity:f}"
    ),
    ev.FlatHoursSet: _flat_hours,
    ev.FirmNoticed: _noticed,
    ev.FirmFlattened: _flattened,
    ev.LimitsChanged: _limits,
    ev.LimitsProposed: _limits_proposed,
    ev.LimitProposalEnded: lambda e: f"limit proposal {e.proposal} ended by {e.actor}{_because(e.reason)}",
    ev.LadderStepReached: _ladder,
    ev.LadderStepLeft: _ladder_left,
    ev.OverrideProposed: _override,
    ev.OverrideApproved: lambda e: f"{e.override_id} approved by {e.actor}{_because(e.reason)}",
    ev.OverrideUsed: lambda e: f"{e.override_id} let {e.cl_ord_id} pass, and lets no other",
    ev.OverrideEnded: lambda e: f"{e.override_id} is over unused, by {e.actor}{_because(e.reason)}",
    ev.BreakerChanged: _breaker,
    ev.BreakerTried: lambda e: f"{e.cl_ord_id} is the trial of breaker {e.breaker} of {e.account}",
}
