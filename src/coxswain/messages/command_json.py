"""Read a command of an operator from JSON: an input, or a sentence for every field that is wrong.

`COMMANDS` is the whole list of what an operator can ask for, with every field and a line of help; the command line, the
socket and the stream all read it here. Who asks is proven by the door and handed in: no field of the JSON says it.
Whether a command makes sense now is the core's to say.
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from coxswain.messages import inputs as inp
from coxswain.messages.command_fields import (
    Field,
    Values,
    read_breaker,
    read_count,
    read_id,
    read_ids,
    read_limits,
    read_mode,
    read_number,
    read_object,
    read_price,
    read_quantities,
    read_reason,
    read_resolution,
    read_rho,
    read_seconds,
    read_settled,
    read_switch,
    read_symbol,
    read_text,
    shown,
)
from coxswain.messages.json_fields import LINE_BYTES_MAX
from coxswain.messages.signal_json import BadSignal, parse_signal
from coxswain.model.breaker import BreakerKind
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.decimals import text
from coxswain.model.vocabulary import AccountId, ClOrdId, ExecId, Mode, Resolution, SettledAs, SignalId, Symbol

BREAK_ID = re.compile(r"(.+?):(?:balance|(?:position|order|working):.+)")
"""The account, and what of it differs."""
NS_PER_S = 1_000_000_000
SIGNAL_TTL_S = 300
"""How long a submitted signal lives that says nothing else."""


class CommandError(Exception):
    """A command that could not be read, and why, field by field."""

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class Command(msgspec.Struct, frozen=True):
    """What an operator can ask for."""

    help: str
    fields: Mapping[str, Field]
    build: Callable[[Values], inp.Input]
    """Make the input of fields that are each right. Raises `CommandError` where they do not go together."""


# --- commands ---------------------------------------------------------------------------------------------------------

_WHY = Field(read_reason, "why; it is journaled with your name", required=True)
_PLAN = Field(read_ids, "the signal's id, or a list of them", required=True)
_ACCOUNTS = Field(read_ids, "only these accounts")
_ONE_ACCOUNT = Field(read_id, "an account")
_SCOPES: dict[str, tuple[ScopeKind, Field]] = {
    "account": (ScopeKind.ACCOUNT, _ONE_ACCOUNT),
    "venue": (ScopeKind.VENUE, Field(read_id, "all accounts at a venue")),
    "strategy": (ScopeKind.STRATEGY, Field(read_id, "what a strategy's signals began")),
    "instrument": (ScopeKind.INSTRUMENT, Field(read_symbol, "one instrument, on every account")),
    "order": (ScopeKind.ORDER, Field(read_id, "one order, which is cancelled")),
}
_EVERYTHING = Field(read_switch, "true: everything")
_STOP_FIELDS = {**{name: field for name, (_, field) in _SCOPES.items()}, "everything": _EVERYTHING, "reason": _WHY}
_RESUME_FIELDS = {name: field for name, field in _STOP_FIELDS.items() if name != "order"}


def _scope(values: Values, wanted: tuple[str, ...] = (*_SCOPES, "everything")) -> Scope:
    """Read the one scope that is named. Nothing named is an error: everything is asked for in so many words."""
    named = [name for name in _SCOPES if name in values.found]
    if values.switch("everything"):
        named.append("everything")
    if len(named) != 1:
        found = " and ".join(named) or "no scope"
        raise CommandError(f"{found}: wanted exactly one of {', '.join(wanted)}")
    if named[0] == "everything":
        return Scope(ScopeKind.EVERYTHING)
    return Scope(_SCOPES[named[0]][0], values.text(named[0]))


def _stop(level: StopLevel) -> Callable[[Values], inp.Input]:
    return lambda values: inp.StopTrading(level, _scope(values), values.text("reason"), values.actor)


def _resume(values: Values) -> inp.Input:
    return inp.ResumeTrading(_scope(values, tuple(_RESUME_FIELDS)[:-1]), values.text("reason"), values.actor)


def _set_mode(values: Values) -> inp.Input:
    mode = Mode(values.text("mode"))
    return inp.SetMode(mode, _scope(values, ("account", "everything")), values.text("reason"), values.actor)


def _approve(values: Values) -> inp.Input:
    return inp.ApprovePlan(
        _signals(values),
        values.actor,
        values.text("reason"),
        _accounts(values),
        values.number("seen_px"),
        values.switch("accept_drift"),
    )


def _reject(values: Values) -> inp.Input:
    return inp.RejectPlan(_signals(values), values.actor, values.text("reason"), _accounts(values))


def _modify(values: Values) -> inp.Input:
    quantities = values.found["quantities"]
    assert isinstance(quantities, dict)
    return inp.ModifyPlan(SignalId(values.text("plan_id")), quantities, values.actor, values.text("reason"))


def _cancel(values: Values) -> inp.Input:
    signal, account, symbol = (values.name(name) for name in ("plan_id", "account", "instrument"))
    orders = tuple(ClOrdId(name) for name in values.names("order"))
    if not (orders or signal or account or symbol):
        raise CommandError("nothing to cancel is named: wanted order, plan_id, account or instrument")
    return inp.CancelOrders(
        values.actor,
        values.text("reason"),
        orders,
        None if signal is None else SignalId(signal),
        None if account is None else AccountId(account),
        None if symbol is None else Symbol(symbol),
        values.switch("protection"),
    )


def _replace_order(values: Values) -> inp.Input:
    qty, price, stop_px = (values.number(name) for name in ("quantity", "price", "stop_price"))
    if qty is None and price is None and stop_px is None:
        raise CommandError("nothing to change is named: wanted quantity, price or stop_price")
    return inp.ChangeOrder(values.actor, values.text("reason"), ClOrdId(values.text("order")), qty, price, stop_px)


def _reconcile(values: Values) -> inp.Input:
    return inp.CompareAccounts(values.text("reason"), _accounts(values), values.actor)


def _resolve(values: Values) -> inp.Input:
    break_id = values.text("break_id")
    named = BREAK_ID.fullmatch(break_id)
    if named is None:
        raise CommandError(f"break_id: {shown(break_id)}, wanted one as `coxswain breaks` lists them")
    resolution, price = Resolution(values.text("resolution")), values.number("price")
    return inp.ResolveBreak(AccountId(named[1]), break_id, resolution, values.text("reason"), values.actor, price)


def _settle(values: Values) -> inp.Input:
    return inp.SettleOrder(
        ClOrdId(values.text("order")),
        SettledAs(values.text("as")),
        values.text("reason"),
        values.actor,
        tuple(ExecId(name) for name in values.names("fills")),
    )


def _correlate(values: Values) -> inp.Input:
    pair, rho = values.names("accounts"), values.number("rho")
    if len(pair) != 2 or rho is None:
        raise CommandError(f"accounts: {shown(list(pair))}, wanted two different accounts")
    return inp.SetCorrelation(AccountId(pair[0]), AccountId(pair[1]), rho, values.text("reason"), values.actor)


def _submit(values: Values) -> inp.Input:
    body = values.found["signal"]
    signal = parse_signal(json.dumps(body, default=_as_text), values.now_ns, SIGNAL_TTL_S)
    if isinstance(signal, BadSignal):
        raise CommandError(*(f"signal: {error}" for error in signal.errors))
    return inp.SubmitSignal(signal, values.actor, reason=values.text("reason"))


def _as_text(value: object) -> str:
    return text(value) if isinstance(value, Decimal) else str(value)


def _signals(values: Values) -> tuple[SignalId, ...]:
    return tuple(SignalId(name) for name in values.names("plan_id"))


def _accounts(values: Values) -> tuple[AccountId, ...]:
    return tuple(AccountId(name) for name in values.names("accounts"))


def _set_limits(values: Values) -> inp.Input:
    limits, account = values.found["values"], values.name("account")
    assert isinstance(limits, dict)
    until_ns = values.now_ns + values.whole("for_s") * NS_PER_S if "for_s" in values.found else None
    of = None if account is None else AccountId(account)
    return inp.SetLimits(limits, values.text("reason"), values.actor, of, until_ns)


def _propose_override(values: Values) -> inp.Input:
    return inp.ProposeOverride(
        values.whole("control"),
        AccountId(values.text("account")),
        SignalId(values.text("signal_id")),
        values.text("reason"),
        values.actor,
        values.now_ns + values.whole("for_s") * NS_PER_S,
    )


_PROPOSAL = {"proposal": Field(read_count, "its number", required=True), "reason": _WHY}
_OVERRIDE = {"override_id": Field(read_id, "its id", required=True), "reason": _WHY}


COMMANDS: dict[str, Command] = {
    "pause": Command("Let nothing new enter; working orders stay.", _STOP_FIELDS, _stop(StopLevel.PAUSE)),
    "halt": Command(
        "Let nothing new enter and cancel entry orders; protection stays.", _STOP_FIELDS, _stop(StopLevel.HALT)
    ),
    "freeze": Command(
        "Let nothing leave but cancels and what a person sends to reduce.", _STOP_FIELDS, _stop(StopLevel.FREEZE)
    ),
    "flatten": Command("Cancel everything and close every position.", _STOP_FIELDS, _stop(StopLevel.FLATTEN)),
    "resume": Command("Release the stops of one scope.", _RESUME_FIELDS, _resume),
    "set-mode": Command(
        "Set how plans become orders, for everything or for one account.",
        {
            "mode": Field(read_mode, f"one of {', '.join(Mode)}", required=True),
            "account": _ONE_ACCOUNT,
            "everything": _EVERYTHING,
            "reason": _WHY,
        },
        _set_mode,
    ),
    "approve": Command(
        "Let out plans that wait for a person.",
        {
            "plan_id": _PLAN,
            "accounts": _ACCOUNTS,
            "seen_px": Field(read_price, "the price that you were shown"),
            "accept_drift": Field(read_switch, "true: approve although the price has moved on"),
            "reason": _WHY,
        },
        _approve,
    ),
    "reject": Command(
        "Refuse plans that wait for a person.", {"plan_id": _PLAN, "accounts": _ACCOUNTS, "reason": _WHY}, _reject
    ),
    "modify": Command(
        "Lower what accounts take of a plan that waits; 0 leaves an account out.",
        {
            "plan_id": Field(read_id, "the signal's id", required=True),
            "quantities": Field(
                read_quantities, 'lots by account, of a spread units, as {"alder": "5"}', required=True
            ),
            "reason": _WHY,
        },
        _modify,
    ),
    "cancel": Command(
        "Cancel the open orders that all given names mean.",
        {
            "order": Field(read_ids, "an order's id, or a list of them"),
            "plan_id": Field(read_id, "of this signal"),
            "account": Field(read_id, "of this account"),
            "instrument": Field(read_symbol, "in this instrument"),
            "protection": Field(read_switch, "true: stops and targets too, which stay away until levels are set again"),
            "reason": _WHY,
        },
        _cancel,
    ),
    "replace-order": Command(
        "Change the quantity or the prices of a working limit or stop order.",
        {
            "order": Field(read_id, "the order's id", required=True),
            "quantity": Field(read_price, "the new total in lots, filled part included"),
            "price": Field(read_price, "the new limit"),
            "stop_price": Field(read_price, "the new trigger"),
            "reason": _WHY,
        },
        _replace_order,
    ),
    "reconcile": Command(
        "Compare accounts with their venues' books now.", {"accounts": _ACCOUNTS, "reason": _WHY}, _reconcile
    ),
    "withdraw": Command(
        "Take back a command that waits for the engine to start.",
        {"command_id": Field(read_id, "its id, as `coxswain status` lists it", required=True), "reason": _WHY},
        lambda values: inp.WithdrawCommand(values.text("command_id"), values.text("reason"), values.actor),
    ),
    "resolve-break": Command(
        "Say what is to become of a break; the next comparison does it.",
        {
            "break_id": Field(read_text, "a break as `coxswain breaks` lists it", required=True),
            "resolution": Field(read_resolution, "adopt, flatten, ignore or write-off", required=True),
            "price": Field(read_number, "what lots that are adopted are taken to have cost; else the market's price"),
            "reason": _WHY,
        },
        _resolve,
    ),
    "settle-order": Command(
        "Say what became of an order that nobody can ask about; without an engine it waits for the next start.",
        {
            "order": Field(read_id, "the order's id", required=True),
            "as": Field(read_settled, "lost, or filled", required=True),
            "fills": Field(read_ids, "with filled: the exec ids of fills that fit no order, and are its own"),
            "reason": Field(read_reason, "what you have seen; it is journaled with your name", required=True),
        },
        _settle,
    ),
    "set-correlation": Command(
        "Say how two accounts move together.",
        {
            "accounts": Field(read_ids, "two accounts", required=True),
            "rho": Field(read_rho, "a number from -1 to 1", required=True),
            "reason": _WHY,
        },
        _correlate,
    ),
    "set-limits": Command(
        "Change limits of one account, or of the desk and so of all accounts.",
        {
            "values": Field(read_limits, 'values by key, as {"max_order_qty": "50"}', required=True),
            "account": _ONE_ACCOUNT,
            "for_s": Field(read_seconds, "they go back by themselves after so many seconds"),
            "reason": _WHY,
        },
        _set_limits,
    ),
    "approve-limits": Command(
        "Approve a change of limits that somebody else proposed.",
        _PROPOSAL,
        lambda values: inp.ApproveLimits(values.whole("proposal"), values.actor, values.text("reason")),
    ),
    "withdraw-limits": Command(
        "Drop a change of limits that waits for a second person.",
        _PROPOSAL,
        lambda values: inp.WithdrawLimits(values.whole("proposal"), values.text("reason"), values.actor),
    ),
    "propose-override": Command(
        "Ask that one order may pass one soft control once.",
        {
            "control": Field(read_count, "the number of a soft control", required=True),
            "account": Field(read_id, "an account", required=True),
            "signal_id": Field(read_id, "one signal", required=True),
            "for_s": Field(read_seconds, "it expires after so many seconds", required=True),
            "reason": _WHY,
        },
        _propose_override,
    ),
    "approve-override": Command(
        "Approve an override that somebody else asked for.",
        _OVERRIDE,
        lambda values: inp.ApproveOverride(values.text("override_id"), values.actor, values.text("reason")),
    ),
    "withdraw-override": Command(
        "Take an override back, approved or not.",
        _OVERRIDE,
        lambda values: inp.WithdrawOverride(values.text("override_id"), values.text("reason"), values.actor),
    ),
    "close-breaker": Command(
        "Let an open circuit breaker cool down, so that one small entry at a time may be tried.",
        {
            "account": Field(read_id, "an account", required=True),
            "breaker": Field(read_breaker, f"one of {', '.join(BreakerKind)}", required=True),
            "reason": _WHY,
        },
        lambda values: inp.CloseBreaker(
            AccountId(values.text("account")), BreakerKind(values.text("breaker")), values.text("reason"), values.actor
        ),
    ),
    "submit": Command(
        "Hand in one signal.",
        {
            "signal": Field(read_object, "the fields of docs/SIGNALS.md", required=True),
            "reason": Field(read_reason, "why you hand it in; it is journaled with your name, beside the signal"),
        },
        _submit,
    ),
}
"""By name. A command that is added here is understood by every door."""


# --- reading ----------------------------------------------------------------------------------------------------------


def parse_command(document: Mapping[str, object], actor: str, now_ns: int) -> inp.Input:
    """Read one command. A field that is null counts as left out. Raises `CommandError` with all that is wrong."""
    given = {key: value for key, value in document.items() if value is not None}
    name = given.pop("command", None)
    if not isinstance(name, str) or name not in COMMANDS:
        raise CommandError(_unknown("command", name, tuple(COMMANDS)))
    command = COMMANDS[name]
    errors, found = [], {}
    for key, value in given.items():
        field = command.fields.get(key)
        if field is None:
            errors.append(_unknown("field", key, tuple(command.fields)))
            continue
        try:
            found[key] = field.read(value)
        except ValueError as error:
            errors.append(f"{key}: {shown(value)}, wanted {error}")
    for key, field in command.fields.items():
        if field.required and key not in given:
            errors.append(f"{key}: missing, wanted {field.help}")
    if errors:
        raise CommandError(*errors)
    return command.build(Values(found, actor, now_ns))


def document_of(line: str | bytes) -> dict[str, object]:
    """Read the JSON object on a line, with every number exact. Raises `CommandError`."""
    if len(line) > LINE_BYTES_MAX:
        raise CommandError(f"the line is longer than {LINE_BYTES_MAX} bytes")
    try:
        body: object = json.loads(line, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_no_repeats)
    except UnicodeDecodeError as error:
        raise CommandError(f"the line is not UTF-8 text (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise CommandError(f"the line is not JSON: {error.msg} (character {error.pos + 1})") from None
    except (RecursionError, ValueError, ArithmeticError) as error:
        raise CommandError(f"the line cannot be read: {error}") from None
    if not isinstance(body, dict):
        raise CommandError(f"the line is {shown(body)}, wanted one JSON object")
    return body


def _no_number(written: str) -> object:
    raise ValueError(f"{written} is no number")


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key stands twice in it")
    return body


def _unknown(what: str, found: object, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(found[:64].lower(), known, 1) if isinstance(found, str) else []
    hint = f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(known)}"
    return f"{what}: {'missing' if found is None else shown(found)}, {hint}"
