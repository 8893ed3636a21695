"""The one door to a venue. Only an `Approved` may be sent, and only `judge` makes one.

The gate evaluates every check that applies and keeps each answer, passed or failed. It decides nothing itself: a rule
lives in `checks/<name>.py`. The caller places the hold in the same step, so approving and reserving are one act.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from coxswain.model.checks import Check, reason
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView

P = TypeVar("P", bound=msgspec.Struct)


class CheckModule(Protocol):
    """What a file in `checks/` exports, beside its `Params`."""

    CONTROL: int
    EXCUSES_REDUCING: bool
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


class Approved(msgspec.Struct, frozen=True):
    intent: OrderIntent
    checks: tuple[Check, ...]


class Refused(msgspec.Struct, frozen=True):
    intent: OrderIntent
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]


def rules_for(modules: Iterable[CheckModule], limits: Mapping[str, Decimal]) -> tuple[Rule, ...]:
    """Give each check its own keys of `limits`, and its defaults for the rest, in order of control number."""
    return tuple(
        Rule(module.check, params_from(module.Params, limits), module.EXCUSES_REDUCING, module.CONTROL)
        for module in sorted(modules, key=lambda module: module.CONTROL)
    )


def params_from(kind: type[P], values: Mapping[str, Decimal]) -> P:
    """Build a `Params` from the keys that are its fields."""
    return kind(**{name: values[name] for name in kind.__struct_fields__ if name in values})


def judge(intent: OrderIntent, view: RiskView, rules: tuple[Rule, ...]) -> Approved | Refused:
    """Evaluate every rule that applies to `intent`; any failure refuses it, and all failures are reported."""
    checks: list[Check] = []
    failed: list[Check] = []
    reducing = view.reducing
    for check, params, excuses_reducing, _ in rules:
        if reducing and excuses_reducing:
            continue
        answer = check(intent, view, params)
        if answer is not None:
            checks.append(answer)
            if not answer.passed:
                failed.append(answer)
    if failed:
        return Refused(intent, tuple(checks), tuple(reason(check) for check in failed))
    return Approved(intent, tuple(checks))
