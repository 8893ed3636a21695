"""The one door to a venue. Only an `Approved` may be sent, and only `judge` makes one.

The gate evaluates every check that applies and keeps each answer, passed or failed. It decides nothing itself: a rule
lives in `checks/<name>.py`. The caller places the hold in the same step, so approving and reserving are one act.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from coxswain.model.checks import Check, each_of, reason
from coxswain.model.keys import BY_STRATEGY, by_strategy
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.firm.evaluate import firm_checks
from coxswain.risk.kinds import Kind

P = TypeVar("P", bound=msgspec.Struct)


OVERRIDDEN = "overridden"


class CheckModule(Protocol):
    """What a file in `checks/` exports, beside its `Params`. One that is AUTO also names its `CAUSE`."""

    CONTROL: int
    KIND: Kind
    EXCUSES_REDUCING: bool
    CODES: Mapping[str, str]
    """Every code that it may answer with, and what to do about it."""
    Params: type[msgspec.Struct]

    # Each check takes its own Params; no type says that of a set of modules.
    @property
    def check(self) -> Callable[..., Check | None]: ...  # type: ignore[explicit-any]


class Rule(NamedTuple):
    """One check with the parameters of one account."""

    check: Callable[[OrderIntent, RiskView, msgspec.Struct], Check | None]
    params: msgspec.Struct
    excuses_reducing: bool
    control: int
    kind: Kind
    cause: str
    """Under which its failure restricts the account until a person releases it; empty if it does not."""


Asked = tuple[Callable[[OrderIntent, RiskView, msgspec.Struct], Check | None], msgspec.Struct]
"""A check and its parameters, taken out of the rule that both are of once, and not for each order."""


class Rules(NamedTuple):
    """Rules in order of control number, and what is asked by each."""

    rules: tuple[Rule, ...]
    asked: tuple[Asked, ...]


class Gate(NamedTuple):
    """The rules of one account."""

    entering: Rules
    """All of them."""
    reducing: Rules
    """Without those that excuse what provably reduces."""


FIRM_RULES = 38
"""The control that answers with many checks, and stands in no file of `checks/`; see `firm/`."""


class Approved(msgspec.Struct, frozen=True):
    intent: OrderIntent
    checks: tuple[Check, ...]
    overridden: tuple[int, ...] = ()
    """Soft controls that failed, and that an override let it pass."""


class Refused(msgspec.Struct, frozen=True):
    intent: OrderIntent
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]
    controls: tuple[int, ...] = ()
    """The numbers of the controls that failed."""
    causes: tuple[tuple[str, str], ...] = ()
    """What restricts the account from now on, each with its reason."""


def rules_for(modules: Iterable[CheckModule], limits: Mapping[str, Decimal]) -> Gate:
    """Give each check its own keys of `limits`, and its defaults for the rest, in order of control number."""
    rules = tuple(
        Rule(
            module.check,
            params_from(module.Params, limits),
            module.EXCUSES_REDUCING,
            module.CONTROL,
            module.KIND,
            getattr(module, "CAUSE", ""),
        )
        for module in sorted(modules, key=lambda module: module.CONTROL)
    )
    return Gate(_asked(rules), _asked(tuple(rule for rule in rules if not rule.excuses_reducing)))


def _asked(rules: tuple[Rule, ...]) -> Rules:
    return Rules(rules, tuple((rule.check, rule.params) for rule in rules))


def params_from(kind: type[P], values: Mapping[str, Decimal]) -> P:
    """Build a `Params` from the keys that are its fields; a field `<key>_of` has the values of single strategies."""
    found: dict[str, Decimal | dict[str, Decimal]] = {
        name: values[name] for name in kind.__struct_fields__ if name in values
    }
    single = {f"{key}_of": key for key in BY_STRATEGY}
    found |= {name: by_strategy(single[name], values) for name in kind.__struct_fields__ if name in single}
    return kind(**found)


def judge(intent: OrderIntent, view: RiskView, gate: Gate) -> Approved | Refused:
    """Evaluate every rule that applies to `intent`; any failure refuses it, and all failures are reported.

    The failure of a soft rule that a second person has let pass for this order is recorded, and refuses nothing.
    """
    rules, asked = gate.reducing if view.reducing else gate.entering
    answers = [check(intent, view, params) for check, params in asked]
    if view.firm is None:
        for answer in answers:
            if answer is not None and not answer.passed:
                break
        else:
            return Approved(intent, tuple(filter(None, answers)))
    return _verdict(intent, view, rules, answers)


def _verdict(
    intent: OrderIntent, view: RiskView, rules: tuple[Rule, ...], answers: list[Check | None]
) -> Approved | Refused:
    """Say what follows from the answers, one of which may be no."""
    checks: list[Check] = []
    failed: list[tuple[tuple[Check, ...], int, str]] = []
    overridden: tuple[int, ...] = ()
    for rule, answer in zip(rules, answers, strict=True):
        if answer is None:
            continue
        if answer.passed:
            checks.append(answer)
            continue
        let_pass = rule.kind is Kind.SOFT and rule.control in view.overridden
        kind = OVERRIDDEN if let_pass else rule.kind.value
        told = tuple(msgspec.structs.replace(each, kind=kind) for each in each_of(answer))
        checks += told
        if let_pass:
            overridden += (rule.control,)
        else:
            failed.append((told, rule.control, rule.cause))
    for answer in () if view.firm is None else firm_checks(intent, view.firm):
        if answer.passed:
            checks.append(answer)
            continue
        of_firm = msgspec.structs.replace(answer, kind=Kind.HARD.value)
        checks.append(of_firm)
        failed.append(((of_firm,), FIRM_RULES, ""))
    if not failed:
        return Approved(intent, tuple(checks), overridden)
    return Refused(
        intent,
        tuple(checks),
        tuple(reason(check) for told, _, _ in failed for check in told),
        tuple(control for _, control, _ in failed),
        tuple((cause, "; ".join(map(reason, told))) for told, _, cause in failed if cause),
    )
