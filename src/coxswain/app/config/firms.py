"""Read firms' rule sets: the package's own and those in the user's folder, strictly, each problem with its line.

What is read here goes into the `Setup` of a start, which is journaled; nobody reads a file again after that.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from coxswain.app.config.problems import Problem, unknown
from coxswain.app.config.tree import Loc, Tree, read_tree
from coxswain.model.decimals import DIGITS_WANTED, ONE, ZERO, exact, is_short, is_too_long
from coxswain.model.firm import (
    Amount,
    Buffers,
    Consistency,
    CopyRule,
    Duration,
    Effective,
    Equivalence,
    FirmDay,
    FlatBy,
    Lock,
    LossLimit,
    NewsRule,
    Phase,
    Profit,
    ProfitCounts,
    Provenance,
    RuleSet,
    Size,
    WeekendHours,
    WeekTime,
)
from coxswain.model.hours import is_zone

PACKAGE = Path(str(resources.files("coxswain").joinpath("firms")))
GROUPS_FILE = PACKAGE / "groups" / "products.yaml"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NONE = "none"
"""What an account writes that is under no firm's rules."""

_ID = re.compile(r"[a-z0-9]+(\.[a-z0-9_-]+)+@[0-9]{4}-[0-9]{2}(-[0-9]{2})?")
_WHOLE = re.compile(r"[0-9]{1,18}")
_DURATION = re.compile(r"([+-]?)P(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?")
_DURATION_S_MAX = 10 * 366 * 86_400
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_PHASES = "|".join((*Phase, r"\*"))
_PAIR = re.compile(rf"({_PHASES})->({_PHASES})")

RuleSets = Mapping[str, RuleSet]


def read_rule_sets(folder: Path | None) -> tuple[dict[str, RuleSet], list[Problem]]:
    """Read every rule set; one of the user's takes the place of the package's of the same id."""
    found, problems = read_folder(PACKAGE)
    if folder is not None:
        if not folder.is_dir():
            return found, [*problems, Problem(0, "", "found no folder; wanted one with rule sets", str(folder))]
        own, faults = read_folder(folder)
        found, problems = {**found, **own}, [*problems, *faults]
    return found, problems


def read_folder(folder: Path) -> tuple[dict[str, RuleSet], list[Problem]]:
    found: dict[str, RuleSet] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        tree = read_tree(path, {})
        if isinstance(tree, Problem):
            problems.append(tree)
            continue
        rule_set = read_rule_set(tree)
        if rule_set is not None and rule_set.id in found:
            tree.refuse(("id",), "an id of its own, this one stands in another file too")
        problems += tree.problems()
        if rule_set is not None:
            found[rule_set.id] = rule_set
    return found, problems


def file_of(name: str, folder: Path | None) -> Path:
    """Return the file of a rule set that there is; one of the user's counts before the package's."""
    paths = [path for each in (folder, PACKAGE) if each is not None for path in sorted(each.glob("*.yaml"))]
    trees = ((path, read_tree(path, {})) for path in paths)
    return next(path for path, tree in trees if isinstance(tree, Tree) and tree.text_at("id") == name)


def read_product_groups() -> dict[str, tuple[str, ...]]:
    """Return the package's groups of products that move together."""
    tree = read_tree(GROUPS_FILE, {})
    assert isinstance(tree, Tree)
    groups = {str(loc[-1]): loc for loc, _ in tree.items_at()}
    return {name: tuple(str(symbol) for _, symbol in tree.items_at(*loc)) for name, loc in groups.items()}


def read_rule_set(tree: Tree) -> RuleSet | None:
    """Read one file; None if the tree was told of a problem."""
    before = tree.problem_count()
    value = _struct(tree, (), RuleSet)
    if tree.problem_count() > before:
        return None
    rule_set = msgspec.convert(value, RuleSet)
    _check_across(tree, rule_set)
    return rule_set if tree.problem_count() == before else None


# --- one value --------------------------------------------------------------------------------------------------------


def _struct(tree: Tree, loc: Loc, kind: type[msgspec.Struct]) -> dict[str, object]:
    """Read keys and values into what `msgspec.convert` makes the struct from."""
    if loc and not isinstance(tree.at(loc), dict):
        tree.refuse(loc, "keys and values")
        return {}
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for at, _ in tree.items_at(*loc):
        if at[-1] not in fields:
            tree.wrong(at, unknown(str(at[-1]), fields))
    values: dict[str, object] = {}
    for name, field in fields.items():
        at = (*loc, name)
        if tree.at(at) is not None:
            values[name] = _value(tree, at, field.type)
            holds, wanted = _RULES.get((kind, name), (None, ""))
            if holds is not None and values[name] is not None and not holds(values[name]):
                tree.refuse(at, wanted)
        elif field.required:
            tree.refuse(at, "one; every rule set says it")
    return values


def _value(tree: Tree, loc: Loc, kind: Any) -> object:
    kind = _given(kind)
    if kind in _SHORT_FORMS:
        return _SHORT_FORMS[kind](tree, loc)
    origin = get_origin(kind)
    if origin is tuple:
        return _items(tree, loc, get_args(kind))
    if origin is dict:
        if not isinstance(tree.at(loc), dict):
            tree.refuse(loc, "keys and values")
            return {}
        return {str(at[-1]): _value(tree, at, get_args(kind)[1]) for at, _ in tree.items_at(*loc)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(tree, loc, kind)
    return _scalar(tree, loc, kind)


def _items(tree: Tree, loc: Loc, kinds: tuple[Any, ...]) -> object:
    """Read a list. A single word stands for a list of one."""
    if isinstance(tree.at(loc), str) and kinds[-1] is Ellipsis:
        return [_value(tree, loc, kinds[0])]
    at = [item for item, _ in tree.items_at(*loc)]
    if not isinstance(tree.at(loc), list):
        tree.refuse(loc, "a list")
        return []
    if kinds[-1] is Ellipsis:
        return [_value(tree, item, kinds[0]) for item in at]
    if len(at) != len(kinds):
        tree.refuse(loc, f"a list of {len(kinds)}")
        return []
    return [_value(tree, item, kind) for item, kind in zip(at, kinds, strict=True)]


def _scalar(tree: Tree, loc: Loc, kind: Any) -> object:
    written = tree.text_at(*loc)
    value: object = None
    if kind is Decimal:
        value = _number(written)
    elif kind is int:
        value = int(written) if written is not None and _WHOLE.fullmatch(written) else None
    elif kind is bool:
        value = {"true": True, "false": False}.get(written or "")
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        value = written if written in list(kind) else None
        if value is None:
            tree.wrong(loc, f"found {tree.shown(loc)}, which is {unknown(written or '', list(kind))}")
            return None
    else:
        value = written
    if value is None:
        wanted = {Decimal: 'a number, as "0.05"', int: "a whole number", bool: "true or false"}.get(kind, "text")
        too_long = kind is Decimal and written is not None and is_too_long(written)
        tree.refuse(loc, f"{wanted}, {DIGITS_WANTED}" if too_long else wanted)
    return value


def _number(written: str | None) -> Decimal | None:
    value = None if written is None else exact(written)
    return value if value is not None and is_short(value) else None


def _duration(tree: Tree, loc: Loc) -> int | None:
    written = tree.text_at(*loc) or ""
    found = _DURATION.fullmatch(written)
    if found is None or not any(found.groups()[1:]):
        tree.refuse(loc, "a duration such as PT2M, PT5H or -PT30S")
        return None
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups()[1:])
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total > _DURATION_S_MAX:
        tree.refuse(loc, "a duration of at most ten years")
        return None
    return total * 1_000_000_000 * (-1 if found.group(1) == "-" else 1)


def _lock(tree: Tree, loc: Loc) -> dict[str, object] | None:
    """`{at: initial}`, `{at: {initial_plus: "100"}}` or `{at: null}`."""
    at = (*loc, "at")
    plus = _number(tree.text_at(*at, "initial_plus"))
    keys = [str(item[-1]) for item, _ in tree.items_at(*loc)]
    if keys == ["at"] and tree.at(at) is None:
        return None
    if keys == ["at"] and tree.text_at(*at) == "initial":
        return {}
    if keys == ["at"] and plus is not None and len(list(tree.items_at(*at))) == 1:
        return {"plus": plus}
    tree.refuse(loc, '{at: initial}, {at: {initial_plus: "100"}} or {at: null}')
    return None


def _profit(tree: Tree, loc: Loc) -> dict[str, object]:
    """`counts`, `{haircut: "0.4"}` or `{void_unless_age: PT5H}`."""
    keys = [str(item[-1]) for item, _ in tree.items_at(*loc)]
    if tree.text_at(*loc) == ProfitCounts.COUNTS:
        return {}
    if keys == [ProfitCounts.VOID_UNLESS_AGE]:
        return {"kind": keys[0], "age": _duration(tree, (*loc, keys[0]))}
    share = _number(tree.text_at(*loc, ProfitCounts.HAIRCUT))
    if keys == [ProfitCounts.HAIRCUT] and share is not None and ZERO <= share <= ONE:
        return {"kind": keys[0], "share": share}
    tree.refuse(loc, 'counts, {haircut: "0.4"} or {void_unless_age: PT5H}')
    return {}


def _equivalence(tree: Tree, loc: Loc) -> dict[str, object]:
    """`0.1 ES`: one lot counts as a tenth of a lot of ES."""
    number, _, product = (tree.text_at(*loc) or "").partition(" ")
    factor = _number(number)
    if factor is None or factor <= ZERO or not product:
        tree.refuse(loc, 'a number and a product, as "0.1 ES"')
        return {"factor": ONE, "product": product}
    return {"factor": factor, "product": product}


def _given(kind: Any) -> Any:
    if get_origin(kind) not in (Union, UnionType):
        return kind
    return next(member for member in get_args(kind) if member is not type(None))


_SHORT_FORMS: dict[Any, Callable[[Tree, Loc], object]] = {
    Duration: _duration,
    Lock: _lock,
    Profit: _profit,
    Equivalence: _equivalence,
}


# --- what a value must be ---------------------------------------------------------------------------------------------


def _is_date(value: Any) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == 10


def _is_share(value: Any) -> bool:
    return bool(ZERO < value <= ONE)


def _is_positive(value: Any) -> bool:
    return bool(value > 0)


def _are_positive(values: Any) -> bool:
    return all(value is None or value > 0 for value in values.values())


_SHARE = (_is_share, 'a share above 0, at most 1, as "0.05" for 5 %')
_POSITIVE = (_is_positive, "a number above 0")
_CLOCK_TIME = (lambda value: _CLOCK.fullmatch(value) is not None, 'a time of day such as "17:00"')
_ZONE = (is_zone, "a time zone such as Europe/Prague")
_DATE = (_is_date, "a date such as 2026-07-16")

_RULES: dict[tuple[type, str], tuple[Callable[[Any], bool], str]] = {
    (RuleSet, "id"): (lambda value: _ID.fullmatch(value) is not None, "an id such as example.2step.funded@2026-07"),
    (RuleSet, "phase"): (lambda value: len(value) > 0, "at least one phase"),
    (Provenance, "source_urls"): (lambda value: len(value) > 0, "at least one source"),
    (Provenance, "verified_on"): _DATE,
    (Effective, "from"): _DATE,
    (Effective, "to"): _DATE,
    (FirmDay, "reset_time"): _CLOCK_TIME,
    (FirmDay, "tz"): _ZONE,
    (FlatBy, "time"): _CLOCK_TIME,
    (FlatBy, "until"): _CLOCK_TIME,
    (FlatBy, "tz"): _ZONE,
    (WeekTime, "time"): _CLOCK_TIME,
    (WeekTime, "day"): (lambda value: value in WEEKDAYS, "a weekday: " + ", ".join(WEEKDAYS)),
    (WeekendHours, "tz"): _ZONE,
    (Amount, "pct"): _SHARE,
    (Amount, "abs"): _POSITIVE,
    (Buffers, "warn"): _SHARE,
    (Buffers, "reduce"): _SHARE,
    (Buffers, "no_new_risk"): _SHARE,
    (Buffers, "flatten"): _SHARE,
    (Consistency, "max"): _SHARE,
    (Size, "per_symbol"): (_are_positive, "lots above 0"),
    (Size, "total_lots"): _POSITIVE,
    (Size, "max_open_positions"): _POSITIVE,
    (Size, "max_risk_per_position"): _SHARE,
    (Size, "max_margin_use"): _SHARE,
    (Size, "stop_required_within"): _POSITIVE,
    (CopyRule, "by_phase"): (
        lambda value: all(_PAIR.fullmatch(pair) for pair in value),
        "pairs such as evaluation->funded or funded->*",
    ),
    (CopyRule, "max_total_initial"): _POSITIVE,
    (CopyRule, "max_accounts_same_strategy"): _POSITIVE,
}


def _check_across(tree: Tree, rules: RuleSet) -> None:
    """See that values which belong together agree."""
    names: set[str] = set()
    for index, limit in enumerate(rules.loss_limits):
        loc: Loc = ("loss_limits", index)
        _check_limit(tree, loc, limit)
        if limit.name in names:
            tree.refuse((*loc, "name"), "a name of its own")
        names.add(limit.name)
    stages = (rules.buffers.warn, rules.buffers.reduce, rules.buffers.no_new_risk, rules.buffers.flatten)
    if list(stages) != sorted(stages):
        tree.wrong(("buffers",), "wanted shares that rise from warn over reduce and no_new_risk to flatten")
    steps = [start for start, _ in rules.size.contracts_by_eod_balance]
    if steps != sorted(set(steps)):
        tree.wrong(("size", "contracts_by_eod_balance"), "wanted balances that rise")
    for index, news in enumerate(rules.news):
        _check_news(tree, ("news", index), news)
    end, start = rules.provenance.effective.to, rules.provenance.effective.from_
    if end is not None and end < start:
        tree.refuse(("provenance", "effective", "to"), f"no day before {start}")
    groups = read_product_groups()
    for name in rules.hedging.product_groups:
        if name not in groups:
            tree.wrong(("hedging", "product_groups"), f"{name} is {unknown(name, groups)}")


def _check_limit(tree: Tree, loc: Loc, limit: LossLimit) -> None:
    if (limit.amount.pct is None) is (limit.amount.abs is None):
        tree.refuse((*loc, "amount"), '{pct: "0.05", of: initial} or {abs: "2000"}')


def _check_news(tree: Tree, loc: Loc, news: NewsRule) -> None:
    if news.window[0] > news.window[1]:
        tree.wrong((*loc, "window"), "wanted the earlier end first, as [-PT2M, PT2M]")
