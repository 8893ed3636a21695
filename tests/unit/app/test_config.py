"""The configuration: what a file resolves to, and what is said about one that is wrong."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from coxswain.app.config.advice import advice
from coxswain.app.config.load import ConfigError, Resolved, load
from coxswain.app.config.tree import Tree, read_tree
from coxswain.app.config.venue_params import read_params
from coxswain.model.keys import LIMITS, SETTINGS
from coxswain.model.market import Instrument, Session
from coxswain.model.setup import Correlation
from coxswain.model.vocabulary import AccountId, Mode, OrdType, Symbol, VenueId
from coxswain.venues import paper

GOOD = """\
mode: RESEARCH
seed: 7
settings:
  max_retries: 2
limits:
  max_open_positions: 5
  risk_per_trade_pct: 2
venues:
  paper-a:
    kind: paper
    latency_ms: 10
    faults:
      - {kind: reject, account: alpha, nth: 2}
accounts:
  - id: alpha
    venue: paper-a
    currency: USD
    initial_balance: 1000.50
    firm: none
    tz: America/New_York
    reset_time: 17:00
    limits: {risk_per_trade_pct: 0.50}
  - {id: beta, venue: paper-a, currency: EUR, initial_balance: 2000, firm: none, reserve: true}
instruments:
  - symbol: eurusd
    currency: USD
    base_currency: EUR
    tick: 0.00001
    lot_step: 0.01
    min_qty: 0.02
    contract_size: 1e5
    margin_rate: 0.0333
    sessions: [{tz: America/New_York, days: [fri, mon], opens: 09:30, closes: 16:00}]
    venue_symbols: {paper-a: EUR/USD}
correlations:
  - {accounts: [alpha, beta], rho: -0.80}
"""


PAID = "venue: paper-a, currency: USD, initial_balance: 1, firm: none, route_group: g"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def resolve(folder: Path, text: str = GOOD, env: dict[str, str] | None = None, env_file: str | None = None) -> Resolved:
    if env_file is not None:
        (folder / ".env").write_text(env_file, encoding="utf-8")
    path = folder / "coxswain.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, env or {})


def problems(folder: Path, text: str, env: dict[str, str] | None = None, env_file: str | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        resolve(folder, text, env, env_file)
    assert str(caught.value) == "\n".join(map(str, caught.value.errors))
    return [str(problem).removeprefix("coxswain.yaml ") for problem in caught.value.errors]


# --- what a file resolves to ------------------------------------------------------------------------------------------


def test_a_file_becomes_a_setup(folder: Path) -> None:
    resolved = resolve(folder)
    setup = resolved.setup
    assert (resolved.seed, setup.mode) == (7, Mode.RESEARCH)
    assert [spec.id for spec in setup.venues] == ["paper-a"]
    assert setup.venues[0].capabilities == paper.CAPABILITIES
    assert setup.instruments == (
        Instrument(
            symbol=Symbol("EURUSD"),
            currency="USD",
            tick=Decimal("0.00001"),
            lot_step=Decimal("0.01"),
            min_qty=Decimal("0.02"),
            contract_size=Decimal(100_000),
            margin_rate=Decimal("0.0333"),
            base_currency="EUR",
            sessions=(Session("America/New_York", (0, 4), "09:30", "16:00"),),
            venue_symbols={"paper-a": "EUR/USD"},
        ),
    )
    assert setup.correlations == (Correlation(AccountId("alpha"), AccountId("beta"), Decimal("-0.8")),)
    alpha, beta = setup.accounts
    assert (alpha.tz, alpha.reset_time, alpha.reserve) == ("America/New_York", "17:00", False)
    assert (beta.tz, beta.reset_time, beta.reserve) == ("UTC", "00:00", True)


def test_an_account_has_its_own_limits_before_those_of_all_before_the_defaults(folder: Path) -> None:
    alpha, beta = resolve(folder).setup.accounts
    keys = ("risk_per_trade_pct", "max_open_positions", "max_open_orders")
    assert [alpha.limits[key] for key in keys] == [Decimal("0.5"), Decimal(5), Decimal(20)]
    assert [beta.limits[key] for key in keys] == [Decimal(2), Decimal(5), Decimal(20)]


def test_every_key_has_a_value(folder: Path) -> None:
    setup = resolve(folder).setup
    assert list(setup.settings) == [key.name for key in SETTINGS]
    assert setup.settings["max_retries"] == 2
    for account in setup.accounts:
        assert list(account.limits) == [key.name for key in LIMITS]


def test_a_venue_gets_what_its_own_params_are_made_from(folder: Path) -> None:
    venue = resolve(folder).venues[VenueId("paper-a")]
    assert venue.kind == "paper"
    params = msgspec.convert(venue.params, paper.Params)
    assert params.latency_ms == 10
    assert params.accounts == {
        "alpha": paper.AccountParams("USD", Decimal("1000.5")),
        "beta": paper.AccountParams("EUR", Decimal(2000)),
    }
    assert params.faults == (paper.Fault(paper.FaultKind.REJECT, AccountId("alpha"), 2),)


def test_a_setup_can_be_journaled(folder: Path) -> None:
    setup = resolve(folder).setup
    assert msgspec.json.decode(msgspec.json.encode(setup), type=type(setup)) == setup


def test_a_list_or_a_part_with_nothing_in_it_counts_as_left_out(folder: Path) -> None:
    text = GOOD[: GOOD.index("correlations:")] if "correlations:" in GOOD else GOOD
    resolved = resolve(folder, f"{text}correlations:\n")
    assert resolved.setup.correlations == ()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("max_retries: 2", "max_retries:", "settings.max_retries"),
        ("    latency_ms: 10\n", "    latency_ms:\n", "venues.paper-a.latency_ms"),
        ("seed: 7", "seed: ~", "seed"),
    ],
)
def test_a_key_without_a_value_is_an_error(folder: Path, old: str, new: str, key: str) -> None:
    assert old in GOOD
    (problem,) = problems(folder, GOOD.replace(old, new, 1))
    assert f": {key}: missing; wanted " in problem


# --- where each value comes from --------------------------------------------------------------------------------------


def test_every_value_is_shown_with_its_origin(folder: Path) -> None:
    shown = {value.key: (value.value, value.origin) for value in resolve(folder).shown}
    assert shown["mode"] == ("RESEARCH", "file line 1")
    assert shown["settings.max_retries"] == ("2", "file line 4")
    assert shown["settings.min_confidence"] == ("0.5", "default")
    assert shown["venues.paper-a.latency_ms"] == ("10", "file line 11")
    assert shown["venues.paper-a.commission_pct"] == ("0", "default")
    assert shown["venues.paper-a.faults[0].nth"] == ("2", "file line 13")
    assert shown["accounts[alpha].initial_balance"] == ("1000.5", "file line 18")
    assert shown["accounts[alpha].limits.risk_per_trade_pct"] == ("0.5", "file line 22")
    assert shown["accounts[alpha].mode"] == ("paper", "default")
    assert shown["accounts[beta].reserve"] == ("true", "file line 23")
    assert shown["instruments[eurusd].contract_size"] == ("100000", "file line 31")
    assert shown["instruments[eurusd].sessions[0].days"] == ("fri, mon", "file line 33")
    assert shown["correlations[0].accounts"] == ("alpha, beta", "file line 36")
    assert "accounts[beta].limits.risk_per_trade_pct" not in shown


def test_origins_can_be_looked_up_by_key(folder: Path) -> None:
    origins = resolve(folder).origins
    assert (origins["seed"], origins["settings.min_confidence"]) == ("file line 2", "default")


def test_the_environment_counts_before_the_env_file_and_neither_is_shown(folder: Path) -> None:
    text = (
        GOOD.replace("initial_balance: 1000.50", "initial_balance: ${BALANCE}")
        .replace("initial_balance: 2000", "initial_balance: '${OTHER}00'")
        .replace("[alpha, beta]", "[alpha, '${NAME}']")
    )
    resolved = resolve(folder, text, {"BALANCE": "777"}, "BALANCE=1\nOTHER=42 # comment\nexport NAME = 'beta'\n")
    accounts = resolved.venues[VenueId("paper-a")].params["accounts"]
    assert isinstance(accounts, dict)
    assert [account["initial_balance"] for account in accounts.values()] == [777, 4200]
    shown = {value.key: (value.value, value.origin) for value in resolved.shown}
    assert shown["accounts[alpha].initial_balance"] == ("********", "environment")
    assert shown["accounts[beta].initial_balance"] == ("********", "environment")
    assert shown["correlations[0].accounts"] == ("********", "environment")
    assert "777" not in repr(resolved)


def test_a_value_whose_key_sounds_secret_is_hidden(folder: Path) -> None:
    text = GOOD.replace("venue_symbols: {paper-a: EUR/USD}", "venue_symbols: {api_key: x1}").replace(
        "paper-a", "api_key"
    )
    shown = {value.key: value.value for value in resolve(folder, text).shown}
    assert shown["instruments[eurusd].venue_symbols.api_key"] == "********"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  export A = b  ", "b"),
        ('A="b # c" # d', "b # c"),
        ("A='b' ", "b"),
        ("A=b#c # d", "b#c"),
        ("A=", ""),
        ("A=# all comment", ""),
        ("# A=1\n\nA=${B}", "${B}"),
    ],
)
def test_a_line_of_the_env_file_is_read(folder: Path, line: str, value: str) -> None:
    text = GOOD.replace("EUR/USD", "'x${A}'")
    assert resolve(folder, text, env_file=line + "\n").setup.instruments[0].venue_symbols == {"paper-a": f"x{value}"}


# --- what is wrong with one value -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mode: RESEARCH", "mode: MANUALLY", 'mode: found "MANUALLY"; wanted one of FULL_AUTO, SEMI_AUTO, MANUAL'),
        ("seed: 7", "seed: -1", 'seed: found "-1"; wanted a whole number from 0 to 9223372036854775807'),
        ("seed: 7", "sed: 7", "sed: unknown; did you mean seed?"),
        ("seed: 7", "seed: [7]", "seed: found a list of 1; wanted a whole number"),
        ("seed: 7", "seed: {a: 7}", "seed: found keys and values; wanted a whole number"),
        ("  max_retries: 2", "  - 2", "settings: found a list of 1; wanted keys and values"),
        ("max_retries: 2", "max_retries: 2.5", 'settings.max_retries: found "2.5"; wanted a whole number of 0 or more'),
        ("max_retries: 2", "max_retrys: 2", "settings.max_retrys: unknown; did you mean max_retries?"),
        ("max_retries: 2", "max_open_orders: 2", "settings.max_open_orders: unknown here; wanted under limits"),
        ("max_retries: 2", "min_confidence: 1.1", 'settings.min_confidence: found "1.1"; wanted a number from 0 to 1'),
        ("max_retries: 2", "quote_stale_s: 0", 'settings.quote_stale_s: found "0"; wanted a whole number of seconds'),
        ("max_retries: 2", "quote_interval_ms: .5", 'settings.quote_interval_ms: found ".5"; wanted a whole number of'),
        (
            "max_open_positions: 5",
            "max_orders_per_day: x",
            'limits.max_orders_per_day: found "x"; wanted a whole number',
        ),
        ("max_open_positions: 5", "max_leverage: -1", 'limits.max_leverage: found "-1"; wanted a number of 0 or more'),
        ("max_open_positions: 5", "max_leverage: .nan", 'limits.max_leverage: found ".nan"; wanted a number of 0 or'),
        ("max_open_positions: 5", "max_leverage: 1e21", 'limits.max_leverage: found "1e21"; wanted a number of 0 or'),
        ("max_open_positions: 5", "min_confidence: 0", "limits.min_confidence: unknown here; wanted under settings"),
        ("_pct: 0.50", "_pct: 101", 'accounts[alpha].limits.risk_per_trade_pct: found "101"; wanted a number from 0'),
        ("  - id: alpha\n", "  - id: al pha\n", 'accounts[al pha].id: found "al pha"; wanted 1 to 19 letters, digits'),
        ("  - id: alpha\n", f"  - id: {'a' * 20}\n", f'accounts[{"a" * 20}].id: found "{"a" * 20}"; wanted 1 to 19'),
        ("currency: EUR, ", "currency: eur, ", 'accounts[beta].currency: found "eur"; wanted a currency such as USD'),
        ("currency: EUR, ", "", "accounts[beta].currency: missing; wanted a currency such as USD"),
        ("currency: EUR, ", "curency: EUR, currency: EUR, ", "accounts[beta].curency: unknown; did you mean currency?"),
        ("initial_balance: 2000", "initial_balance: 0", 'accounts[beta].initial_balance: found "0"; wanted a number'),
        ("reserve: true", "reserve: yes", 'accounts[beta].reserve: found "yes"; wanted true or false'),
        ("reserve: true", "mode: live", 'accounts[beta].mode: found "live"; wanted paper, because this version has no'),
        (
            "reserve: true",
            "tz: Europe/Berln",
            'accounts[beta].tz: found "Europe/Berln"; wanted a time zone such as UTC',
        ),
        ("reserve: true", "tz: ../etc", 'accounts[beta].tz: found "../etc"; wanted a time zone such as UTC or'),
        (
            "reserve: true",
            "tz: [UTC]",
            "accounts[beta].tz: found a list of 1; wanted a time zone such as UTC or Europe",
        ),
        ("reserve: true", "reset_time: 7:00", 'accounts[beta].reset_time: found "7:00"; wanted a time of day such as'),
        ("reserve: true", "max_leverage: 3", "accounts[beta].max_leverage: unknown here; wanted under limits"),
        ("tick: 0.00001", "tick: 0", 'instruments[eurusd].tick: found "0"; wanted a number above 0'),
        ("symbol: eurusd", "symbol: EUR USD", 'instruments[EUR USD].symbol: found "EUR USD"; wanted 1 to 64 letters'),
        ("[fri, mon]", "[fri, monday]", 'instruments[eurusd].sessions[0].days[1]: found "monday"; wanted a weekday:'),
        ("[fri, mon]", "[]", "instruments[eurusd].sessions[0].days: found a list of 0; wanted at least 1"),
        ("[fri, mon]", "mon", 'instruments[eurusd].sessions[0].days: found "mon"; wanted a list'),
        ("opens: 09:30", "open: 09:30, opens: 09:30", "instruments[eurusd].sessions[0].open: unknown; did you mean op"),
        ("rho: -0.80", "rho: 1.01", 'correlations[0].rho: found "1.01"; wanted a number from -1 to 1'),
        ("[alpha, beta]", "[alpha]", "correlations[0].accounts: found a list of 1; wanted at least 2"),
        ("[alpha, beta]", "[alpha, beta, alpha]", "correlations[0].accounts: found a list of 3; wanted at most 2"),
        ("lot_step: 0.01", "lot_step: 0", 'instruments[eurusd].lot_step: found "0"; wanted a number above 0'),
        ("  - id: alpha\n    venue", "  - venue", "accounts[0].id: missing; wanted 1 to 19 letters, digits or any of"),
        ("venues:\n  paper-a", "venues:\n  pap er", "venues.pap er: cannot be a name; wanted 1 to 64 letters"),
        ("[alpha, beta]", "[alpha, [beta]]", "correlations[0].accounts[1]: found a list of 1; wanted 1 to 19 letters"),
        ("kind: paper", "kind: papr", 'venues.paper-a.kind: found "papr", which is unknown; did you mean paper?'),
        ("kind: paper", "knd: paper", "venues.paper-a.kind: missing; wanted text"),
        ("latency_ms: 10", "latency: 10", "venues.paper-a.latency: unknown; did you mean latency_ms?"),
        ("latency_ms: 10", "latency_ms: 1.5", 'venues.paper-a.latency_ms: found "1.5"; wanted a whole number'),
        ("latency_ms: 10", "latency_ms: -1", "venues.paper-a.latency_ms: -1, wanted 0 or more"),
        ("latency_ms: 10", "commission_pct: NaN", 'venues.paper-a.commission_pct: found "NaN"; wanted a number'),
        ("latency_ms: 10", "accounts: {}", "venues.paper-a.accounts: unknown; wanted one of"),
        ("kind: reject", "kind: rejct", 'venues.paper-a.faults[0].kind: found "rejct"; wanted one of reject, partial'),
        (
            "account: alpha",
            "account: alfa",
            'venues.paper-a.faults[0].account: found "alfa", which is unknown; did you',
        ),
        ("nth: 2", "nt: 2, nth: 2", "venues.paper-a.faults[0].nt: unknown; did you mean nth?"),
        (", nth: 2", "", "venues.paper-a.faults[0].nth: missing; wanted a whole number"),
        ("nth: 2}", "nth: 2}\n      - 3", 'venues.paper-a.faults[1]: found "3"; wanted keys and values'),
        (
            "nth: 2}",
            "nth: 2}\n      - {kind: reject, account: alpha, nth: 2}",
            "venues.paper-a.faults: two for order 2",
        ),
        (
            "faults:\n      - {kind: reject, account: alpha, nth: 2}",
            "faults: x",
            'venues.paper-a.faults: found "x"; wanted a',
        ),
        ("nth: 2", "nth: 0", "venues.paper-a.faults: nth 0 on account alpha, wanted 1 or more"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_found_and_wanted(folder: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    found = problems(folder, GOOD.replace(old, new, 1))
    assert any(problem.partition(": ")[2].startswith(message) for problem in found), found


DIGITS = "of at most 20 digits before and 18 after the point"
ABSURD = ("1e400", "1e30", "1e-400", "-1e30", "NaN", ".nan", "Infinity", "-.inf", "1e999999999999", "0x10", "1" * 5000)


NUMBERS = (
    "seed: 7",
    "max_retries: 2",
    "max_open_positions: 5",
    "initial_balance: 2000",
    "tick: 0.00001",
    "lot_step: 0.01",
    "rho: -0.80",
    "latency_ms: 10",
    "nth: 2",
)


@pytest.mark.parametrize("written", ABSURD)
def test_a_number_that_no_account_ever_has_is_an_error_with_field_value_and_what_is_wanted(
    folder: Path, written: str
) -> None:
    text = GOOD
    for old in NUMBERS:
        assert old in text
        text = text.replace(old, f"{old.partition(':')[0]}: {written}", 1)
    found = [problem.partition(": found ") for problem in problems(folder, text)]
    fields = sorted(field.partition(": ")[2].rpartition(".")[2] for field, _, _ in found)
    assert fields == sorted(old.partition(":")[0] for old in NUMBERS)
    for _, _, said in found:
        assert said.startswith(f'"{written[:60]}')
        assert "; wanted a " in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("initial_balance: 2000", "initial_balance: 1e400", f"a number above 0, {DIGITS}"),
        ("initial_balance: 2000", "initial_balance: 1e20", f"a number above 0, {DIGITS}"),
        ("initial_balance: 2000", "initial_balance: 1e-19", f"a number above 0, {DIGITS}"),
        ("initial_balance: 2000", "initial_balance: -1e400", "a number above 0"),
        ("initial_balance: 2000", "initial_balance: NaN", "a number above 0"),
        ("max_retries: 2", "max_retries: 1e400", f"a whole number of 0 or more, {DIGITS}"),
        ("max_retries: 2", "query_timeout_s: 1e400", "a whole number of seconds from 1 to 2592000"),
        ("latency_ms: 10", "latency_ms: 1e400", f"a whole number, {DIGITS}"),
        ("latency_ms: 10", "latency_ms: 1e-400", f"a whole number, {DIGITS}"),
        ("latency_ms: 10", "commission_pct: 1e400", f"a number, {DIGITS}"),
    ],
)
def test_where_only_its_digits_are_too_many_the_message_says_so(folder: Path, old: str, new: str, said: str) -> None:
    (found,) = problems(folder, GOOD.replace(old, new, 1))
    assert found.partition("; wanted ")[2] == said


@pytest.mark.parametrize("written", ["1e19", "1e-18", "99999999999999999999"])
def test_the_largest_and_the_smallest_number_that_may_be_written_are_read(folder: Path, written: str) -> None:
    text = GOOD.replace("initial_balance: 2000", f"initial_balance: {written}", 1)
    (venue,) = resolve(folder, text).venues.values()
    accounts = venue.params["accounts"]
    assert isinstance(accounts, dict)
    assert accounts["beta"]["initial_balance"] == Decimal(written)


def test_times_of_a_paper_venue_end_where_a_journal_could_not_count_them(folder: Path) -> None:
    for old, new, said in (
        ("latency_ms: 10", "latency_ms: 86400001", "latency_ms: 86400001, wanted at most 86400000"),
        ("latency_ms: 10", "quote_stale_s: 2592001", "quote_stale_s: 2592001, wanted at most 2592000"),
        (
            "latency_ms: 10",
            "outages: [{from_s: 1, until_s: 1e19}]",
            "outages: number 1: until_s: 10000000000000000000, wanted at most 316224000",
        ),
        (
            "latency_ms: 10",
            "cash: [{account: alpha, kind: fee, amount: -1, at_s: 316224001}]",
            "cash: number 1: at_s: 316224001, wanted at most 316224000",
        ),
        ("latency_ms: 10", "simulated: {fill_delay_ms: 86400001}", "fill_delay_ms: 86400001, wanted at most 86400000"),
    ):
        (found,) = problems(folder, GOOD.replace(old, new, 1))
        assert found.endswith(said)


def test_a_wrong_value_elsewhere_says_nothing_of_a_script_that_is_right(folder: Path) -> None:
    text = GOOD.replace("latency_ms: 10", "cash: [{account: alpha, kind: deposit, amount: 5, at_s: 1}]", 1)
    assert resolve(folder, text).venues
    (found,) = problems(folder, text.replace("initial_balance: 2000", "initial_balance: 1e400", 1))
    assert "initial_balance" in found


@pytest.mark.parametrize("part", ["venues", "accounts", "instruments"])
def test_a_part_that_nothing_works_without_is_missed(folder: Path, part: str) -> None:
    found = problems(folder, f"{part}:\n")
    assert any(problem.startswith(f"line 1: {part}: missing; wanted") for problem in found), found
    assert len([problem for problem in found if "missing" in problem]) == 3


# --- what is wrong between values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "instruments:",
            "  - {id: beta, venue: paper-a, currency: USD, initial_balance: 1, firm: none}\ninstruments:",
            'accounts[beta].id: found "beta"; wanted a name of its own, this one is taken in line 23',
        ),
        (
            "{id: beta, venue: paper-a",
            "{id: beta, venue: papier",
            'accounts[beta].venue: found "papier", which is unkn',
        ),
        (
            "firm: none, reserve: true}",
            "firm: none, reserve: true, route_group: g}",
            "accounts[beta].route_group: g needs an owner of this account; wanted the one of its group",
        ),
        (
            "instruments:",
            f"  - {{id: c, {PAID}, owner: me}}\n  - {{id: d, {PAID}, owner: me}}\ninstruments:",
            "accounts[d].route_group: g has another account at paper-a; wanted one at each venue",
        ),
        (
            "instruments:",
            f"  - {{id: c, {PAID}, owner: me}}\n  - {{id: d, {PAID}, owner: you}}\ninstruments:",
            "accounts[d].owner: found you; wanted me, who owns route_group g",
        ),
        (
            "[alpha, beta]",
            "[alpha, bta]",
            'correlations[0].accounts[1]: found "bta", which is unknown; did you mean beta',
        ),
        ("[alpha, beta]", "[alpha, alpha]", "correlations[0].accounts: found one account twice; wanted two accounts"),
        (
            "rho: -0.80}",
            "rho: -0.80}\n  - {accounts: [beta, alpha], rho: 0.1}",
            "correlations[1].accounts: the pair is set in line 36 already; wanted each pair once",
        ),
        ("min_qty: 0.02", "min_qty: 0.025", 'instruments[eurusd].min_qty: found "0.025"; wanted a multiple of the lot'),
        ("closes: 16:00", "closes: 09:30", 'instruments[eurusd].sessions[0].closes: found "09:30"; wanted another tim'),
        (
            "{paper-a: EUR/USD}",
            "{paper: X}",
            "instruments[eurusd].venue_symbols.paper: the venue is unknown; did you m",
        ),
        (
            "correlations:",
            "  - {symbol: EURUSD, currency: USD, tick: 1, lot_step: 1, min_qty: 1}\ncorrelations:",
            'instruments[EURUSD].symbol: found "EURUSD"; wanted a name of its own, this one is taken in line 25',
        ),
        (
            "max_retries: 2",
            "min_size_variance_pct: 20",
            'settings.min_size_variance_pct: found "20"; wanted no more than max_size_variance_pct, which is 15',
        ),
        (
            "max_retries: 2",
            "max_timing_variance_ms: 0",
            'settings.max_timing_variance_ms: found "0"; wanted no less than min_timing_variance_ms, which is 1000',
        ),
        (
            "max_retries: 2",
            "min_timing_variance_ms: 9\n  max_timing_variance_ms: 8",
            'settings.min_timing_variance_ms: found "9"; wanted no more than max_timing_variance_ms, which is "8"',
        ),
    ],
)
def test_values_that_do_not_fit_together_are_named(folder: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    (problem,) = problems(folder, GOOD.replace(old, new))
    assert problem.partition(": ")[2].startswith(message), problem


@pytest.mark.parametrize("written", ["1.0001", "2", "0", "-1"])
def test_a_margin_rate_is_a_share(folder: Path, written: str) -> None:
    (problem,) = problems(folder, GOOD.replace("margin_rate: 0.0333", f"margin_rate: {written}"))
    assert f'margin_rate: found "{written}"; wanted a number above 0, at most 1' in problem
    assert resolve(folder, GOOD.replace("margin_rate: 0.0333", "margin_rate: 1")).setup.instruments[0].margin_rate == 1


def test_an_account_whose_money_no_pair_converts_is_named_with_the_instrument(folder: Path) -> None:
    assert advice(resolve(folder).setup) == []
    yen = GOOD.replace("currency: EUR, initial", "currency: JPY, initial")
    assert advice(resolve(folder, yen).setup) == [
        "account beta is kept in JPY and no instrument converts USD into it: it cannot take EURUSD (NO_FX_RATE)"
    ]


def test_stagger_and_variation_can_be_turned_off(folder: Path) -> None:
    off = (
        "min_timing_variance_ms: 0\n  max_timing_variance_ms: 0\n  min_size_variance_pct: 0\n  max_size_variance_pct: 0"
    )
    settings = resolve(folder, GOOD.replace("max_retries: 2", off)).setup.settings
    assert [settings[name] for name in ("max_timing_variance_ms", "max_size_variance_pct")] == [0, 0]


def test_a_ratio_of_too_many_digits_is_no_crash(folder: Path) -> None:
    text = GOOD.replace("lot_step: 0.01", "lot_step: 0.000000000003").replace("min_qty: 0.02", f"min_qty: {'9' * 20}")
    assert resolve(folder, text).setup.instruments[0].min_qty == Decimal("9" * 20)


# --- what a venue says about itself -----------------------------------------------------------------------------------


class Keyed(msgspec.Struct, frozen=True):
    """Parameters of a venue that keeps no accounts of its own."""

    api_key: str
    rate: Decimal | None = None

    def __post_init__(self) -> None:
        if len(self.api_key) < 3:
            raise ValueError("the key is too short")


class KeyedVenue:
    CAPABILITIES = paper.CAPABILITIES
    IS_LIVE: bool = False
    Params: type[msgspec.Struct] = Keyed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("api_key: abc", {"api_key": "abc", "rate": None}),
        ("api_key: abc\n    rate: 1.50", {"api_key": "abc", "rate": Decimal("1.5")}),
        ("api_key: abc\n    rate: NaN", 'line 4: venues.v.rate: found "NaN"; wanted a number'),
        ("api_key: ab", "line 2: venues.v: the key is too short"),
        ("rate: 1", "line 2: venues.v.api_key: missing; wanted text"),
    ],
)
def test_any_venue_is_checked_by_its_own_params(folder: Path, text: str, expected: object) -> None:
    path = folder / "c.yaml"
    path.write_text(f"venues:\n  v:\n    {text}\n", encoding="utf-8")
    tree = read_tree(path, {})
    assert isinstance(tree, Tree)
    params = read_params(tree, ("venues", "v"), KeyedVenue(), {}, {})
    said = [str(problem).removeprefix("c.yaml ") for problem in tree.problems()]
    assert params == expected if params is not None else said == [expected]


def test_what_a_venue_is_told_not_to_do_is_what_it_declares(folder: Path) -> None:
    text = GOOD.replace("    kind: paper\n", "    kind: paper\n    native_oco: false\n    takes_no: [STOP_LIMIT]\n", 1)
    can = resolve(folder, text).setup.venues[0].capabilities
    assert (can.native_oco, can.native_replace) == (False, True)
    assert can.ord_types == (OrdType.MARKET, OrdType.LIMIT, OrdType.STOP)


def test_a_venue_without_market_orders_is_refused_because_nothing_stands_in_for_them(folder: Path) -> None:
    text = GOOD.replace("    kind: paper\n", "    kind: paper\n    takes_no: [MARKET]\n", 1)
    assert problems(folder, text) == ["line 9: venues.paper-a: takes no market orders, and an exit needs them"]


# --- what is wrong with the file --------------------------------------------------------------------------------------


def test_all_problems_are_reported_at_once_and_in_order(folder: Path) -> None:
    text = (
        GOOD.replace("seed: 7", "sed: 7")
        .replace("max_retries: 2", "max_retries: x")
        .replace("kind: paper", "kind: papr")
        .replace("venue: paper-a, ", "venue: paper-b, ")
        .replace("rho: -0.80", "rho: '${RHO}'")
    )
    found = problems(folder, text, env_file="oops\n")
    assert [": ".join(problem.split(": ")[:2]) for problem in found] == [
        ".env line 1: cannot be read; wanted NAME=value, or a comment",
        "line 2: sed",
        "line 4: settings.max_retries",
        "line 10: venues.paper-a.kind",
        "line 23: accounts[beta].venue",
        "line 36: correlations[0].rho",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: found no keys; wanted a configuration, as coxswain init writes one"),
        ("- a\n", "line 1: found no keys; wanted"),
        ("a: [1\nb: 2\n", "line 2: is not YAML:"),
        ("a: 1\n\tb: 2\n", "line 2: is not YAML:"),
        ("a: \x07\n", "coxswain.yaml: is not YAML: found a character that YAML does not allow"),
        ("a: 1\n---\nb: 2\n", "line 2: is not YAML:"),
        (
            "a: 1\nb: {c: ${D}}\n",
            "line 2: is not YAML: expected ',' or '}', but got '{'; inside { } and [ ] wanted quo",
        ),
        ("[" * 5_000, "coxswain.yaml: cannot be read: nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_problem(folder: Path, text: str, message: str) -> None:
    (problem,) = problems(folder, text)
    assert problem.startswith(message)


def test_a_file_that_is_not_there_or_no_text_is_one_problem(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^other\.yaml: not found; coxswain init writes one$"):
        load(folder / "other.yaml", {})
    with pytest.raises(ConfigError, match="is a directory; wanted a file"):
        load(folder, {})
    (folder / "latin.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(ConfigError, match="cannot be read: not UTF-8 text"):
        load(folder / "latin.yaml", {})


def test_a_key_written_twice_is_named_with_both_lines(folder: Path) -> None:
    (problem,) = problems(
        folder, GOOD.replace("    currency: USD\n    initial", "    venue: b\n    currency: USD\n    initial")
    )
    assert problem == "line 17: accounts[alpha].venue: written twice, first in line 16; wanted once"


def test_anchors_aliases_and_merge_keys_are_refused(folder: Path) -> None:
    text = GOOD.replace("limits: {risk", "limits: &tight {risk").replace("reserve: true", "limits: *tight")
    assert problems(folder, text) == [
        "line 22: accounts[alpha].limits: found an anchor or an alias (& or *); wanted the value itself",
        "line 23: accounts[beta].limits: found an anchor or an alias (& or *); wanted the value itself",
    ]
    assert problems(folder, "a: &a [*a]\n")[0].startswith("line 1: a: found an anchor")


def test_a_key_that_is_no_text_is_refused(folder: Path) -> None:
    (problem,) = problems(folder, GOOD + "? [a]\n: b\n")
    assert problem == "line 37: found a list or keys as a key; wanted text"


# --- the environment --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", ["latency_ms: 10", "seed: 7", "max_retries: 2", "id: alpha"])
def test_a_reference_to_nothing_is_reported_once_wherever_it_stands(folder: Path, old: str) -> None:
    assert old in GOOD
    (problem,) = problems(folder, GOOD.replace(old, f"{old.partition(':')[0]}: ${{GONE}}", 1))
    assert "${GONE} is not set" in problem


def test_a_reference_to_nothing_is_one_problem(folder: Path) -> None:
    text = GOOD.replace("initial_balance: 2000", "initial_balance: '${NONE}'").replace("EUR/USD", "'a${'")
    assert problems(folder, text) == [
        "line 23: accounts[beta].initial_balance: ${NONE} is not set; wanted it in the environment or in .env",
        "line 34: instruments[eurusd].venue_symbols.paper-a: holds ${ without a name; wanted ${NAME}",
    ]


def test_no_message_quotes_what_came_from_the_environment(folder: Path) -> None:
    text = (
        GOOD.replace("2000", "'${V}'").replace("kind: paper", "kind: ${V}").replace("[alpha, beta]", "['${V}', '${V}']")
    )
    text = text.replace("max_retries: 2", "max_timing_variance_ms: ${N}").replace("id: alpha\n", "id: ${V}\n")
    found = problems(folder, text, {"V": "s3cret", "N": "777"})
    assert len(found) == 4
    known = GOOD.replace("id: alpha\n", "id: ${V}\n").replace("reserve: true", "venue: ${V}")
    found += problems(folder, known, {"V": "alpha-s3cret"})
    found += problems(folder, GOOD.replace("latency_ms: 10", "latency_ms: ${N}"), {"N": "-777"})
    assert not any("s3cret" in problem or "777" in problem for problem in found), found


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("A=1\nB\n", ".env line 2: cannot be read; wanted NAME=value, or a comment"),
        ("A='x\n", ".env line 1: cannot be read; wanted NAME=value, or a comment"),
        ("A=1\nA=2\n", ".env line 2: A: set twice; wanted once"),
    ],
)
def test_a_wrong_line_of_the_env_file_is_named_but_not_quoted(folder: Path, content: str, problem: str) -> None:
    assert problems(folder, GOOD, env_file=content) == [problem]


def test_an_env_file_that_is_no_text_is_a_problem(folder: Path) -> None:
    (folder / ".env").write_bytes(b"A=\xff\n")
    assert problems(folder, GOOD) == [".env: cannot be read: not UTF-8 text"]


# --- the paper venue's scripts and inventions -------------------------------------------------------------------------

SCRIPTED = GOOD.replace(
    "    faults:\n",
    """\
    queue: none
    outages:
      - {from_s: 10, until_s: 20.5, kind: silent}
    halts:
      - {symbol: eurusd, from: 2026-01-05T10:00:00Z, until: 2026-01-05T10:05:00Z, orders: reject}
    simulated: {slippage_pct: 0.05, reject_rate: 0.1}
    faults:
""",
)


def test_outages_halts_and_what_is_simulated_are_read(folder: Path) -> None:
    resolved = resolve(folder, SCRIPTED)
    params = msgspec.convert(resolved.venues[VenueId("paper-a")].params, paper.Params)
    assert params.queue is paper.QueuePlace.NONE
    assert params.outages == (paper.Outage(from_s=Decimal(10), until_s=Decimal("20.5"), kind=paper.OutageKind.SILENT),)
    (halt,) = params.halts
    assert (halt.symbol, halt.orders, halt.span(0).ends_ns) == ("EURUSD", "reject", 1_767_607_500_000_000_000)


def test_a_venue_that_invents_something_is_labelled(folder: Path) -> None:
    resolved = resolve(folder, SCRIPTED)
    assert [venue.simulated for venue in resolved.setup.venues] == ["slippage_pct 0.05, reject_rate 0.1"]
    assert advice(resolved.setup)[0].startswith("venue paper-a is SIMULATED")
    assert [venue.simulated for venue in resolve(folder).setup.venues] == [""]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("reject_rate: 0.1", "reject_rate: 2", "venues.paper-a.simulated: reject_rate: 2, wanted 0 to 1"),
        (
            "symbol: eurusd, from:",
            "symbol: eurusb, from:",
            'venues.paper-a.halts[eurusb].symbol: found "eurusb", which is',
        ),
        ("from_s: 10, ", "", "venues.paper-a.outages: number 1: wanted from and until, or from_s and until_s"),
        ("from: 2026-01-05T10:00:00Z, ", "frm: 1, ", "venues.paper-a.halts[eurusd].frm: unknown; did you mean from?"),
        ("queue: none", "queue: front", 'venues.paper-a.queue: found "front"; wanted one of back, none'),
    ],
)
def test_a_script_that_is_wrong_is_named_with_what_is_wanted(folder: Path, old: str, new: str, said: str) -> None:
    assert any(said in problem for problem in problems(folder, SCRIPTED.replace(old, new)))


def test_a_strategy_may_have_limits_of_its_own(tmp_path: Path) -> None:
    text = GOOD.replace(
        "limits:\n  max_open",
        "strategies:\n  trend: {max_strategy_position_qty: 7, max_strategy_exposure: 900}\nlimits:\n  max_open",
        1,
    ).replace(
        "reserve: true}",
        "reserve: true, limits: {max_strategy_position_qty: 3}, strategies: {carry: {max_strategy_position_qty: 2}}}",
    )
    path = tmp_path / "coxswain.yaml"
    path.write_text(text)
    setup = load(path, {}).setup
    assert setup.settings["max_strategy_exposure:trend"] == Decimal(900)
    assert setup.accounts[0].limits["max_strategy_position_qty:trend"] == Decimal(7)
    assert "max_strategy_position_qty:trend" not in setup.accounts[1].limits, "its own general value takes precedence"
    assert setup.accounts[1].limits["max_strategy_position_qty:carry"] == Decimal(2)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            "strategies: {trend: {max_order_qty: 7}}",
            "strategies.trend.max_order_qty: unknown here; wanted under limits",
        ),
        ("strategies: {trend: {max_strategy_exposre: 7}}", "did you mean max_strategy_exposure?"),
        ("strategies: {trend: {max_strategy_exposure: -1}}", 'found "-1"; wanted a number of 0 or more'),
    ],
)
def test_a_limit_that_no_strategy_can_have_is_named(tmp_path: Path, part: str, said: str) -> None:
    path = tmp_path / "coxswain.yaml"
    path.write_text(f"{GOOD}{part}\n")
    with pytest.raises(ConfigError) as error:
        load(path, {})
    assert said in str(error.value)


def test_correlations_are_refreshed_each_day_where_the_file_says_when(tmp_path: Path) -> None:
    path = tmp_path / "coxswain.yaml"
    path.write_text(GOOD)
    assert load(path, {}).refresh is None
    path.write_text(f'{GOOD}correlation: {{refresh: {{at: "00:10", tz: Europe/Berlin, method: ewma, days_min: 30}}}}\n')
    found = load(path, {}).refresh
    assert found is not None
    assert (tuple(found.when), found.method) == (("00:10", "Europe/Berlin", 30), "ewma")


@pytest.mark.parametrize(
    ("refresh", "said"),
    [
        ("{tz: UTC}", "correlation.refresh.at: missing; wanted a time of day such as 17:00"),
        ("{at: 00:10, method: pearson}", 'found "pearson"; wanted one of ledoit-wolf, ewma'),
        ("{at: 00:10, days_min: 1}", 'found "1"; wanted a whole number of days, 2 or more'),
        ("{at: 00:10, every: day}", "correlation.refresh.every: unknown"),
    ],
)
def test_a_refresh_that_cannot_be_is_named(tmp_path: Path, refresh: str, said: str) -> None:
    path = tmp_path / "coxswain.yaml"
    path.write_text(f"{GOOD}correlation: {{refresh: {refresh}}}\n")
    with pytest.raises(ConfigError) as error:
        load(path, {})
    assert said in str(error.value)


def test_a_refresh_without_the_extra_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coxswain.app.config.load.has_analytics", lambda: False)
    path = tmp_path / "coxswain.yaml"
    path.write_text(f"{GOOD}correlation: {{refresh: {{at: 00:10}}}}\n")
    with pytest.raises(ConfigError, match=r"pip install 'coxswain\[analytics\]'"):
        load(path, {})
