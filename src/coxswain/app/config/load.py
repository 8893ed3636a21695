"""Load the configuration: read, check everything, report all problems at once, resolve.

What comes out is all that the rest of Coxswain ever learns of the file. Secrets may stand in the parameters of venues;
they must never reach the `Setup`, which is journaled, nor a message.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from coxswain.app.alerting import AlertChoice
from coxswain.app.config.across import account_ids, check_across
from coxswain.app.config.caps import read_caps
from coxswain.app.config.environment import read_env_file
from coxswain.app.config.membership import news_of, phase_of, product_groups_of, read_calendar, read_firms, rule_set_of
from coxswain.app.config.policy_params import read_allocation
from coxswain.app.config.problems import ConfigError, Problem
from coxswain.app.config.schema import DAYS, AccountEntry, AccountMode, ConfigFile, Entry, InstrumentEntry, read_shape
from coxswain.app.config.shown import ShownValue, shown_values
from coxswain.app.config.tree import Loc, Tree, read_tree
from coxswain.app.config.venue_params import (
    FILLED_IN,
    VenueModule,
    capabilities_of,
    find_module,
    lacking,
    read_params,
    simulation_of,
)
from coxswain.app.refreshing import RefreshChoice, has_analytics
from coxswain.model.control import stricter_mode
from coxswain.model.decimals import ZERO
from coxswain.model.firm import NewsEvent, RuleSet
from coxswain.model.keys import KEYS, LIMITS, SETTINGS, Key, Scope, general, of_strategy
from coxswain.model.market import Instrument, Session
from coxswain.model.setup import AccountSpec, AllocationSpec, Capabilities, CapSpec, Correlation, Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, Mode, Symbol, VenueId
from coxswain.runtime.refresh import RefreshTime

__all__ = ["ConfigError", "Problem", "Resolved", "VenueChoice", "load"]


NOBODY: Mapping[str, object] = {"currency": "", "initial_balance": ZERO}
"""An account of which the name alone could be read."""


@dataclass(frozen=True)
class VenueChoice:
    """Which adapter a venue is, and what its `Params` are made from."""

    kind: str
    params: Mapping[str, object] = field(repr=False)
    """Plain values, for `msgspec.convert`. Secrets may be among them."""
    simulated: str = ""
    """What the venue invents instead of taking it from the market."""


@dataclass(frozen=True)
class Resolved:
    """A configuration without a problem."""

    path: Path
    seed: int
    setup: Setup
    venues: Mapping[VenueId, VenueChoice]
    shown: tuple[ShownValue, ...]
    alerts: AlertChoice
    refresh: RefreshChoice | None = None
    checkpoint_key: Path | None = None
    """None where the file names none: then the user's own counts, if there is one."""
    lease_dir: Path | None = None

    @property
    def origins(self) -> dict[str, str]:
        """By dotted key: `file line N`, `default` or `environment`."""
        return {value.key: value.origin for value in self.shown}


def load(path: Path, env: Mapping[str, str]) -> Resolved:
    """Read the file at `path` and the `.env` beside it; `env` counts before `.env`. Raises `ConfigError`."""
    if path.is_dir():
        raise ConfigError([Problem(0, "", "is a directory; wanted a file, as coxswain init writes one", str(path))])
    from_file, problems = read_env_file(path.with_name(".env"))
    tree = read_tree(path, {**from_file, **env})
    if isinstance(tree, Problem):
        raise ConfigError([*problems, tree])
    config = read_shape(tree)
    check_across(tree)
    declared, venues = _read_venues(tree, config)
    allocation = read_allocation(tree)
    rule_sets, faults = read_firms(tree, path.parent)
    events, news_faults = read_calendar(tree, path.parent)
    if tree.is_given(("correlation", "refresh")) and not has_analytics():
        tree.wrong(("correlation", "refresh"), "needs numpy; wanted pip install 'coxswain[analytics]'")
    problems += [*tree.problems(), *faults, *news_faults]
    if problems or config is None:
        raise ConfigError(problems)
    groups = product_groups_of(config, rule_sets)
    caps = read_caps(tree, config, groups)
    if tree.problems():
        raise ConfigError(tree.problems())
    shown = shown_values(tree, _content(config, venues))
    setup = _setup(config, declared, venues, rule_sets, events, allocation, caps, groups)
    key = None if config.checkpoints.key is None else path.parent / Path(config.checkpoints.key).expanduser()
    lease_dir = None if config.lease_dir is None else path.parent / config.lease_dir
    alerts, refresh = _alerts(config, path), _refresh(config)
    return Resolved(path, config.seed, setup, venues, shown, alerts, refresh, key, lease_dir)


def _read_venues(
    tree: Tree, config: ConfigFile | None
) -> tuple[dict[VenueId, Capabilities], dict[VenueId, VenueChoice]]:
    declared: dict[VenueId, Capabilities] = {}
    venues: dict[VenueId, VenueChoice] = {}
    for venue, _ in tree.items_at("venues"):
        venue_id = VenueId(str(venue[-1]))
        module = find_module(tree, venue)
        if module is None:
            continue
        names = {name: loc for name, loc in account_ids(tree).items() if tree.text_at(*loc[:-1], "venue") == venue_id}
        if config is None:  # nothing comes of it, but whose name stands where is to be told
            accounts: dict[str, Mapping[str, object]] = dict.fromkeys(names, NOBODY)
        else:
            accounts = {
                account.id: {"currency": account.currency, "initial_balance": account.initial_balance}
                for account in config.accounts
                if account.venue == venue_id
            }
        _check_money(tree, venue_id, module, names)
        params = read_params(tree, venue, module, names, accounts)
        if params is not None:
            kind = tree.text_at(*venue, "kind") or ""
            venues[venue_id] = VenueChoice(kind, params, simulation_of(module, params))
            declared[venue_id] = _declared(tree, venue, module, params)
    return declared, venues


def _declared(tree: Tree, venue: Loc, module: VenueModule, params: Mapping[str, object]) -> Capabilities:
    can = capabilities_of(module, params)
    missing = lacking(can)
    if missing:
        tree.wrong(venue, missing)
    return can


def _check_money(tree: Tree, venue_id: VenueId, module: VenueModule, names: Mapping[str, Loc]) -> None:
    """Refuse an account whose mode is not that of its venue: whether money is real is said twice."""
    for loc in names.values():
        mode = (*loc[:-1], "mode")
        if (tree.text_at(*mode) == AccountMode.LIVE) is not module.IS_LIVE:
            wanted = "live, as" if module.IS_LIVE else "paper, because this version has no live adapter and"
            tree.refuse(mode, f"{wanted} venue {venue_id} trades {'real' if module.IS_LIVE else 'simulated'} money")


# --- resolving --------------------------------------------------------------------------------------------------------


def _setup(
    config: ConfigFile,
    declared: Mapping[VenueId, Capabilities],
    venues: Mapping[VenueId, VenueChoice],
    rule_sets: Mapping[str, RuleSet],
    events: tuple[NewsEvent, ...],
    allocation: AllocationSpec,
    caps: tuple[CapSpec, ...],
    product_groups: dict[str, str],
) -> Setup:
    limits = {**_values(LIMITS, config.limits), **_of_strategies(config.strategies, Scope.ACCOUNT)}
    return Setup(
        mode=config.mode if config.auto_execute else stricter_mode(config.mode, Mode.MANUAL),
        accounts=tuple(_account(account, limits, rule_sets) for account in config.accounts),
        venues=tuple(
            VenueSpec(venue_id, can, **_commission(venues.get(venue_id)), simulated=_simulated(venues.get(venue_id)))
            for venue_id, can in declared.items()
        ),
        instruments=tuple(_instrument(instrument) for instrument in config.instruments),
        correlations=tuple(
            Correlation(AccountId(pair.accounts[0]), AccountId(pair.accounts[1]), pair.rho)
            for pair in config.correlations
        ),
        settings={**_values(SETTINGS, config.settings), **_of_strategies(config.strategies, Scope.DESK)},
        firms=tuple(
            {rules.id: rules for entry in config.accounts if (rules := rule_set_of(entry, rule_sets))}.values()
        ),
        product_groups=product_groups,
        news=news_of(config, events),
        currency=config.currency or "",
        restricted=_symbols(config.restricted),
        allowed=_symbols(config.allowed),
        self_match=config.self_match,
        allocation=allocation,
        caps=caps,
    )


def _refresh(config: ConfigFile) -> RefreshChoice | None:
    refresh = config.correlation.refresh
    if refresh is None:
        return None
    return RefreshChoice(RefreshTime(refresh.at, refresh.tz, int(refresh.days_min)), refresh.method)


def _alerts(config: ConfigFile, path: Path) -> AlertChoice:
    """A file is beside the configuration, unless it says where it is."""
    alerts = config.alerts
    file = None if alerts.file is None else path.parent / alerts.file
    return AlertChoice(alerts.stderr, file, tuple(alerts.urls), alerts.window_s, alerts.levels)


def _symbols(names: Iterable[str]) -> tuple[Symbol, ...]:
    return tuple(Symbol(name.upper()) for name in names)


def _commission(venue: VenueChoice | None) -> dict[str, Decimal]:
    """Return what a venue is configured to charge, which the router compares venues by."""
    params = {} if venue is None else venue.params
    return {name: Decimal(str(params[name])) for name in ("commission_per_lot", "commission_pct") if params.get(name)}


def _simulated(venue: VenueChoice | None) -> str:
    return "" if venue is None else venue.simulated


def _values(keys: Iterable[Key], part: Entry) -> dict[str, Decimal]:
    """Return a value for every key: the one in the file, or the default."""
    return {key.name: key.default for key in keys} | _given(part)


def _given(part: Entry) -> dict[str, Decimal]:
    return part.model_dump(exclude_none=True)


def _of_strategies(strategies: Mapping[str, Entry], scope: Scope) -> dict[str, Decimal]:
    """Return the limits of single strategies, each under a name of its own."""
    return {
        of_strategy(key, strategy): value
        for strategy, part in strategies.items()
        for key, value in _given(part).items()
        if KEYS[key].scope is scope
    }


def _own_limits(account: AccountEntry, limits: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Let an account's own limits take precedence, also the general one over those of strategies of all accounts."""
    own = _given(account.limits)
    kept = {name: value for name, value in limits.items() if general(name) == name or general(name) not in own}
    return {**kept, **own, **_of_strategies(account.strategies, Scope.ACCOUNT)}


def _account(account: AccountEntry, limits: Mapping[str, Decimal], rule_sets: Mapping[str, RuleSet]) -> AccountSpec:
    rules = rule_set_of(account, rule_sets)
    return AccountSpec(
        id=AccountId(account.id),
        venue=VenueId(account.venue),
        currency=account.currency,
        limits=_own_limits(account, limits),
        reserve=account.reserve,
        tz=account.tz,
        reset_time=account.reset_time,
        day_loss_release=account.day_loss_release,
        firm="" if rules is None else rules.id,
        firm_phase=phase_of(account, rules),
        owner=account.owner,
        initial_balance=ZERO if rules is None else account.initial_balance,
        firm_high_water=account.firm_high_water or ZERO,
        restricted=_symbols(account.restricted),
        allowed=_symbols(account.allowed),
        short_selling=account.short_selling,
        mode=account.trading_mode,
        route_group=account.route_group,
        stop_merge=account.stop_merge,
        protection_policy=account.protection_policy,
        live=account.mode is AccountMode.LIVE,
    )


def _instrument(instrument: InstrumentEntry) -> Instrument:
    return Instrument(
        symbol=Symbol(instrument.symbol.upper()),
        currency=instrument.currency,
        tick=instrument.tick,
        lot_step=instrument.lot_step,
        min_qty=instrument.min_qty,
        contract_size=instrument.contract_size,
        margin_rate=instrument.margin_rate,
        base_currency=instrument.base_currency,
        sessions=tuple(
            Session(session.tz, tuple(sorted({DAYS.index(day) for day in session.days})), session.opens, session.closes)
            for session in instrument.sessions
        ),
        venue_symbols=dict(instrument.venue_symbols),
        volume_curve=tuple(instrument.volume_curve),
        stop_gap_pct=instrument.stop_gap_pct,
        max_qty=instrument.max_qty,
        group=instrument.group or "",
        daily_volume=instrument.daily_volume,
    )


def _content(config: ConfigFile, venues: Mapping[VenueId, VenueChoice]) -> dict[str, object]:
    """Return everything that was resolved, in the shape of the file."""
    return {
        **config.model_dump(),
        "settings": _values(SETTINGS, config.settings),
        "limits": _values(LIMITS, config.limits),
        "venues": {
            venue_id: {
                "kind": venue.kind,
                **{name: value for name, value in venue.params.items() if name not in FILLED_IN},
            }
            for venue_id, venue in venues.items()
        },
    }
