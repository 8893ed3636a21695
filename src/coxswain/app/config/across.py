"""Rules about several values of the configuration: names that must exist or be unique, pairs that must agree.

They look at what the file says, not at the checked result, so that they speak even where single values are wrong, and
every problem is reported at once. A value that cannot be read is none of theirs.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext

from coxswain.app.config.matrix import check_matrix
from coxswain.app.config.problems import unknown
from coxswain.app.config.tree import Loc, Tree
from coxswain.model.decimals import CONTEXT, ZERO, exact, is_multiple, is_short, text
from coxswain.model.keys import KEYS, LADDER

# The first may not be above the second.
_PAIRS = (
    ("min_timing_variance_ms", "max_timing_variance_ms"),
    ("min_size_variance_pct", "max_size_variance_pct"),
)


def check_across(tree: Tree) -> None:
    """Apply every rule, and tell the tree what is wrong."""
    _unique(tree, "accounts", "id")
    _unique(tree, "instruments", "symbol")
    _venues_exist(tree)
    _pairs_are_ordered(tree)
    for loc, _ in tree.items_at("instruments"):
        _minimum_is_a_multiple_of_the_step(tree, loc)
        _sessions_have_length(tree, loc)
    _lists_name_instruments(tree)
    _route_groups_have_one_owner(tree)
    _correlations_fit(tree)
    check_matrix(tree)
    _ladders_rise(tree)
    _caps_fit(tree)


def account_ids(tree: Tree) -> dict[str, Loc]:
    """Return where each account's id stands."""
    ids = ((*account, "id") for account, _ in tree.items_at("accounts"))
    return {name: loc for loc in ids if (name := tree.text_at(*loc)) is not None}


def all_ids_read(tree: Tree) -> bool:
    """Tell whether every account has its id; one that has not may be the one that is meant elsewhere."""
    return not any(tree.is_unread((*account, "id")) for account, _ in tree.items_at("accounts"))


def _unique(tree: Tree, part: str, field: str) -> None:
    first: dict[str, Loc] = {}
    for item, _ in tree.items_at(part):
        loc = (*item, field)
        name = tree.text_at(*loc)
        if name is None:
            continue
        # Symbols differ by more than their case; a signal's symbol is turned to upper case.
        earlier = first.setdefault(name.upper() if field == "symbol" else name, loc)
        if earlier != loc:
            tree.refuse(loc, f"a name of its own, this one is taken in line {tree.line(earlier)}")


def _venues_exist(tree: Tree) -> None:
    venues = {str(loc[-1]): loc for loc, _ in tree.items_at("venues")}
    for account, _ in tree.items_at("accounts"):
        _known(tree, (*account, "venue"), venues)
    for instrument, _ in tree.items_at("instruments"):
        for loc, _ in tree.items_at(*instrument, "venue_symbols"):
            if loc[-1] not in venues:
                tree.wrong(loc, f"the venue is {unknown(str(loc[-1]), venues)}")


def _known(tree: Tree, loc: Loc, names: Mapping[str, Loc]) -> None:
    name = tree.text_at(*loc)
    if name is not None and name not in names:
        tree.refuse_unknown(loc, names)


def _pairs_are_ordered(tree: Tree) -> None:
    for lower, upper in _PAIRS:
        low, high = _setting(tree, lower), _setting(tree, upper)
        if low <= high:
            continue
        if tree.is_given(("settings", lower)):
            tree.refuse(("settings", lower), f"no more than {upper}, which is {_origin(tree, upper)}")
        else:
            tree.refuse(("settings", upper), f"no less than {lower}, which is {_origin(tree, lower)}")


def _ladders_rise(tree: Tree) -> None:
    """See that no step of the ladder stands below the one before it, on any account."""
    _ladder_rises(tree, (("limits",),))
    for account, _ in tree.items_at("accounts"):
        if any(tree.is_given((*account, "limits", step)) for step in LADDER):
            _ladder_rises(tree, ((*account, "limits"), ("limits",)))


def _ladder_rises(tree: Tree, places: tuple[Loc, ...]) -> None:
    """Read each step where it is given first, and report the one that is given nearest."""
    found = [_step(tree, places, step) for step in LADDER]
    for (low, low_loc), (high, high_loc), lower, upper in zip(found, found[1:], LADDER, LADDER[1:], strict=False):
        if low <= high:
            continue
        if high_loc is not None and high_loc[:-1] == places[0]:
            tree.refuse(high_loc, f"no less than {lower}, which is {_step_shown(tree, low_loc, lower)}")
        elif low_loc is not None and low_loc[:-1] == places[0]:
            tree.refuse(low_loc, f"no more than {upper}, which is {_step_shown(tree, high_loc, upper)}")


def _step(tree: Tree, places: tuple[Loc, ...], name: str) -> tuple[Decimal, Loc | None]:
    for place in places:
        value = _number(tree, (*place, name))
        if value is not None:
            return value, (*place, name)
    return KEYS[name].default, None


def _step_shown(tree: Tree, loc: Loc | None, name: str) -> str:
    return f"{text(KEYS[name].default)} by default" if loc is None else tree.shown(loc)


def _setting(tree: Tree, name: str) -> Decimal:
    value = _number(tree, ("settings", name))
    return KEYS[name].default if value is None else value


def _origin(tree: Tree, name: str) -> str:
    loc = ("settings", name)
    return tree.shown(loc) if tree.is_given(loc) else f"{text(KEYS[name].default)} by default"


def _minimum_is_a_multiple_of_the_step(tree: Tree, instrument: Loc) -> None:
    loc = (*instrument, "min_qty")
    min_qty, lot_step = _number(tree, loc), _number(tree, (*instrument, "lot_step"))
    if min_qty is None or lot_step is None or lot_step <= ZERO:
        return
    with localcontext(CONTEXT):
        if not is_multiple(min_qty, lot_step):
            tree.refuse(loc, f"a multiple of the lot_step, {tree.shown((*instrument, 'lot_step'))}")


def _sessions_have_length(tree: Tree, instrument: Loc) -> None:
    for session, _ in tree.items_at(*instrument, "sessions"):
        opens = tree.text_at(*session, "opens")
        if opens is not None and opens == tree.text_at(*session, "closes"):
            tree.refuse((*session, "closes"), "another time than it opens")


def _lists_name_instruments(tree: Tree) -> None:
    """A list that names an instrument wrongly would restrict nothing."""
    symbols = {
        name.upper(): loc
        for loc, _ in tree.items_at("instruments")
        if (name := tree.text_at(*loc, "symbol")) is not None
    }
    for owner in ((), *(account for account, _ in tree.items_at("accounts"))):
        for field in ("restricted", "allowed"):
            for loc, written in tree.items_at(*owner, field):
                if isinstance(written, str) and written.upper() not in symbols:
                    tree.refuse_unknown(loc, symbols)


def _route_groups_have_one_owner(tree: Tree) -> None:
    """Accounts that stand for one another are one person's, at different venues; else an order is another's."""
    first: dict[str, Loc] = {}
    venues: dict[tuple[str, str], Loc] = {}
    for account, _ in tree.items_at("accounts"):
        group, venue = tree.text_at(*account, "route_group"), tree.text_at(*account, "venue")
        if not group:
            continue
        owner = tree.text_at(*account, "owner")
        wanted = tree.text_at(*first.setdefault(group, account), "owner")
        if not owner:
            tree.wrong(
                (*account, "route_group"), f"{group} needs an owner of this account; wanted the one of its group"
            )
        elif owner != wanted:
            tree.wrong((*account, "owner"), f"found {owner}; wanted {wanted}, who owns route_group {group}")
        elif venue is not None and venues.setdefault((group, venue), account) != account:
            tree.wrong((*account, "route_group"), f"{group} has another account at {venue}; wanted one at each venue")


def _correlations_fit(tree: Tree) -> None:
    accounts = account_ids(tree)
    all_read = all_ids_read(tree)
    first: dict[tuple[str, ...], Loc] = {}
    for correlation, _ in tree.items_at("correlations"):
        loc = (*correlation, "accounts")
        names = []
        for member, written in tree.items_at(*loc):
            if all_read:
                _known(tree, member, accounts)
            if isinstance(written, str):
                names.append(written)
        if len(names) == 2:
            _pair_is_new(tree, loc, names, first)


def _caps_fit(tree: Tree) -> None:
    _unique(tree, "caps", "name")
    accounts, all_read = account_ids(tree), all_ids_read(tree)
    symbols = {str(tree.text_at(*loc, "symbol")).upper() for loc, _ in tree.items_at("instruments")}
    for cap, _ in tree.items_at("caps"):
        for member, _ in tree.items_at(*cap, "accounts"):
            if all_read:
                _known(tree, member, accounts)
        for loc, symbol in tree.items_at(*cap, "symbols"):
            if isinstance(symbol, str) and symbol.upper() not in symbols:
                tree.wrong(loc, f"found {tree.shown(loc)}, which is {unknown(symbol, sorted(symbols))}")
        if not tree.is_given((*cap, "share_pct")) and not tree.is_given((*cap, "lots")):
            tree.wrong(cap, "found no bound; wanted share_pct, lots or both")


def _pair_is_new(tree: Tree, loc: Loc, names: list[str], first: dict[tuple[str, ...], Loc]) -> None:
    if names[0] == names[1]:
        tree.wrong(loc, "found one account twice; wanted two accounts")
        return
    # A correlation has no direction: a pair turned round is the same pair.
    earlier = first.setdefault(tuple(sorted(names)), loc)
    if earlier != loc:
        tree.wrong(loc, f"the pair is set in line {tree.line(earlier)} already; wanted each pair once")


def _number(tree: Tree, loc: Loc) -> Decimal | None:
    written = tree.text_at(*loc)
    value = None if written is None else exact(written)
    return value if value is not None and is_short(value) else None
