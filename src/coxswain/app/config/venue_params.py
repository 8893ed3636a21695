"""What a venue is configured with: checked against its own `Params`, key by key, so that every problem has its line.

No venue is named here. The kind in the file is the name of a module in `coxswain.venues`; its accounts come from the
`accounts` of the file.
"""

import importlib
import pkgutil
from collections.abc import Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import Any, Protocol, Union, cast, get_args, get_origin

import msgspec

import coxswain.venues
from coxswain.app.config.across import all_ids_read
from coxswain.app.config.problems import unknown
from coxswain.app.config.tree import Loc, Tree, Value
from coxswain.model.decimals import DIGITS_WANTED, ONE, exact, is_short, is_too_long
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import AccountId, OrdType, Symbol

# Filled from the accounts of the file.
FILLED_IN = frozenset({"accounts"})
_NOT_KINDS = frozenset({"base", "remote"})


class VenueModule(Protocol):
    """What a module in `coxswain.venues` exports for its configuration."""

    CAPABILITIES: Capabilities
    IS_LIVE: bool
    """It moves real money. A paper account never has such a venue, and a live account has no other."""
    Params: type[msgspec.Struct]


def kinds() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(coxswain.venues.__path__)]
    return sorted(name for name in names if name not in _NOT_KINDS and not name.startswith("_"))


def find_module(tree: Tree, venue: Loc) -> VenueModule | None:
    """Return the module of the venue at `venue`, or tell the tree that there is none."""
    loc = (*venue, "kind")
    kind = tree.text_at(*loc)
    if kind is None:
        return None
    if kind not in kinds():
        tree.wrong(loc, f"found {tree.shown(loc)}, which is {unknown(kind, kinds())}")
        return None
    return cast(VenueModule, importlib.import_module(f"coxswain.venues.{kind}"))


def capabilities_of(module: VenueModule, params: Mapping[str, object]) -> Capabilities:
    """Return what a venue declares, which may depend on how it is configured."""
    declare = getattr(module, "capabilities_of", None)
    if declare is None:
        return module.CAPABILITIES
    return cast(Capabilities, declare(msgspec.convert(params, module.Params)))


def simulation_of(module: VenueModule, params: Mapping[str, object]) -> str:
    """Say what a venue with these parameters invents instead of taking it from the market; empty if nothing."""
    tell = getattr(module, "simulation_of", None)
    return "" if tell is None else str(tell(msgspec.convert(params, module.Params)))


def lacking(capabilities: Capabilities) -> str:
    """Say what no emulation can stand in for; empty if nothing is missing."""
    return "" if OrdType.MARKET in capabilities.ord_types else "takes no market orders, and an exit needs them"


def read_params(
    tree: Tree, venue: Loc, module: VenueModule, names: Mapping[str, Loc], accounts: Mapping[str, Mapping[str, object]]
) -> dict[str, object] | None:
    """Read one venue's keys, with the defaults of its `Params`; None if the tree was told of a problem.

    `names` says where the accounts at the venue are named, `accounts` what is known of them. The answer is plain:
    texts, numbers, lists and mappings, which `msgspec.convert` turns into the `Params` again.
    """
    before = tree.problem_count()
    found = read_struct(tree, venue, module.Params, names, FILLED_IN, "kind")
    if tree.problem_count() > before or tree.is_unread(venue):
        return None
    filled = {"accounts": accounts} if "accounts" in module.Params.__struct_fields__ else {}
    try:
        params = msgspec.convert({**found, **filled}, module.Params)
    except msgspec.ValidationError as error:
        report_params(tree, venue, str(error))
        return None
    return cast(dict[str, object], msgspec.to_builtins(params, builtin_types=(Decimal,)))


def report_params(tree: Tree, venue: Loc, message: str) -> None:
    """Tell the tree what a `Params` says about itself; it names the key first."""
    key, colon, rest = message.partition(" - at `$")[0].partition(": ")
    loc = (*venue, key)
    if colon and tree.is_from_environment(loc):
        tree.refuse(loc, "another one")  # the sentence may quote what must stay hidden
    elif colon and tree.is_given(loc):
        tree.wrong(loc, rest)
    else:
        tree.wrong(venue, message)


def read_struct(
    tree: Tree,
    loc: Loc,
    kind: type[msgspec.Struct],
    accounts: Mapping[str, Loc],
    filled_in: Collection[str] = (),
    named_by: str = "",
) -> dict[str, object]:
    """Read the keys of one `Params`, each against its type. `named_by` is the key that chose them."""
    if not isinstance(tree.at(loc), dict):
        tree.refuse(loc, "keys and values")
        return {}
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind) if field.name not in filled_in}
    for at, _ in tree.items_at(*loc):
        if at[-1] not in fields and at[-1] != named_by:
            tree.wrong(at, unknown(str(at[-1]), fields))
    values: dict[str, object] = {}
    for name, field in fields.items():
        at = (*loc, name)
        if tree.at(at) is not None:
            values[name] = _read_value(tree, at, field.type, accounts)
        elif field.required or (tree.is_empty(at) and get_origin(_given(field.type)) is not tuple):
            tree.refuse(at, _wanted(field.type))
    return values


def _read_value(tree: Tree, loc: Loc, kind: Any, accounts: Mapping[str, Loc]) -> object:
    kind = _given(kind)
    value = tree.at(loc)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return read_struct(tree, loc, kind, accounts)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            tree.refuse(loc, "a list")
            return []
        return [_read_value(tree, at, get_args(kind)[0], accounts) for at, _ in tree.items_at(*loc)]
    if kind is AccountId and isinstance(value, str) and value not in accounts:
        if not all_ids_read(tree):
            return value
        tree.refuse_unknown(loc, accounts)
        return value
    if kind is Symbol and isinstance(value, str):
        return _read_symbol(tree, loc, value)
    try:
        return msgspec.convert(_number(value, kind), kind, strict=False)
    except msgspec.ValidationError:
        too_long = kind in (int, Decimal) and isinstance(value, str) and is_too_long(value)
        tree.refuse(loc, f"{_wanted(kind)}, {DIGITS_WANTED}" if too_long else _wanted(kind))
        return None


def _read_symbol(tree: Tree, loc: Loc, value: str) -> str:
    """Read the name of an instrument, which must be one of the file."""
    written = [tree.text_at(*at, "symbol") for at, _ in tree.items_at("instruments")]
    known = {symbol.upper(): () for symbol in written if symbol is not None}
    if value.upper() not in known and None not in written:
        tree.refuse_unknown(loc, known)
    return value.upper()


def _number(value: Value, kind: Any) -> object:
    """Read a number by our own rules, which know no NaN and round nothing; leave everything else to msgspec."""
    if kind not in (int, Decimal) or not isinstance(value, str):
        return value
    number = exact(value)
    if number is None or not is_short(number) or (kind is int and number % ONE):
        return None
    return int(number) if kind is int else number


def _given(kind: Any) -> Any:
    """Return what a field holds where it holds something."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    return next(member for member in get_args(kind) if member is not type(None))


def _wanted(kind: Any) -> str:
    kind = _given(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "one of " + ", ".join(kind)
    return {int: "a whole number", Decimal: "a number", bool: "true or false"}.get(kind, "text")
