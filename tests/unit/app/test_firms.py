"""Rule sets of firms: the package's own load, a wrong one is told line by line, and an account must say its own."""

from decimal import Decimal
from pathlib import Path

import pytest

from coxswain.app.config.firms import PACKAGE, read_folder, read_rule_sets
from coxswain.app.config.load import ConfigError, Resolved, load
from coxswain.model.firm import Confidence, Duration, Impact, Lock, Phase, ProfitCounts
from tests.unit.app.test_config import GOOD

RULES = """\
id: example.2step.funded@2026-07
provenance:
  source_urls: [example.com/rules]
  verified_on: 2026-07-16
  confidence: verified
  effective: {from: 2026-07-01, to: null}
phase: funded
day: {reset_time: "00:00", tz: "Europe/Prague", trade_date: calendar}
loss_limits:
  - {name: daily, window: day, amount: {pct: "0.05", of: anchor}, anchor: max_of_both, breach_on: below}
  - {name: max, window: lifetime, amount: {abs: "2000"}, trail: equity_peak, lock: {at: {initial_plus: "100"}}}
buffers: {warn: 0.60, reduce: 0.75, no_new_risk: 0.85, flatten: 0.95}
consistency: [{kind: best_day_share, max: "0.5", effect: delays_payout}]
size:
  per_symbol: {EURUSD: "5"}
  contracts_by_eod_balance: [[0, 2], [1500, 3]]
  equivalence: {MES: "0.1 ES"}
  max_risk_per_position: "0.02"
  stop_required_within: PT3M
sessions: {flat_by: {time: "16:59", tz: America/New_York}, weekend: flat, overnight: true}
news:
  - {impact: high, window: [-PT2M, PT2M], actions: {open: forbid, profit: {haircut: "0.4"}}, phases: [funded]}
  - {impact: high, window: [-PT5M, PT5M], actions: {profit: {void_unless_age: PT5H}}}
hedging: {same_account: allow, cross_account: forbid, cross_firm: forbid, product_groups: us_index}
copy: {own_accounts: allow, by_phase: {"evaluation->evaluation": allow, "funded->*": forbid}}
automation: {mode: allow, hosting: [personal_device], min_hold: PT0S, max_orders_per_day: 20}
platform_limits: read_back
unknown_policy: refuse
"""


def read(folder: Path, text: str) -> list[str]:
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    return [str(problem) for problem in read_folder(folder)[1]]


def test_every_rule_set_of_the_package_loads_and_says_where_it_comes_from() -> None:
    found, problems = read_rule_sets(None)
    assert problems == []
    assert len(found) == len(list(PACKAGE.glob("*.yaml"))) == 8
    for rules in found.values():
        assert rules.provenance.source_urls
        assert rules.provenance.verified_on == "2026-07-16"


def test_what_sources_disagree_on_is_closed_in_the_package() -> None:
    found, _ = read_rule_sets(None)
    apex = found["apex.legacy-50k@2026-07"]
    assert (apex.copy.own_accounts, apex.automation.mode) == ("forbid", "forbid")
    assert apex.provenance.confidence is Confidence.ASSUMED
    assert found["topstep.50k@2026-07"].loss_limits[1].trail == "equity_peak"


def test_a_rule_set_becomes_data(tmp_path: Path) -> None:
    assert read(tmp_path, RULES) == []
    rules = read_folder(tmp_path)[0]["example.2step.funded@2026-07"]
    assert rules.phase == (Phase.FUNDED,)
    assert rules.loss_limits[1].lock == Lock(Decimal(100))
    assert rules.size.contracts_by_eod_balance == ((Decimal(0), Decimal(2)), (Decimal(1500), Decimal(3)))
    assert rules.size.equivalence["MES"].factor == Decimal("0.1")
    assert rules.size.stop_required_within == 180 * 10**9
    assert rules.news[0].window == (Duration(-120 * 10**9), Duration(120 * 10**9))
    assert rules.news[0].impact is Impact.HIGH
    assert (rules.news[0].actions.profit.kind, rules.news[0].actions.profit.share) == ("haircut", Decimal("0.4"))
    assert rules.news[1].actions.profit.kind is ProfitCounts.VOID_UNLESS_AGE
    assert rules.hedging.product_groups == ("us_index",)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("breach_on: below", "breach_at: below", "line 10: loss_limits[0].breach_at: unknown; did you mean breach_on?"),
        (
            "breach_on: below",
            "breach_on: blow",
            'line 10: loss_limits[0].breach_on: found "blow", which is unknown; did',
        ),
        ('{abs: "2000"}', '{abs: "2000", pct: "0.1"}', "line 11: loss_limits[1].amount: found keys and values; wanted"),
        ("name: max", "name: daily", 'line 11: loss_limits[1].name: found "daily"; wanted a name of its own'),
        ('pct: "0.05"', 'pct: "5"', 'line 10: loss_limits[0].amount.pct: found "5"; wanted a share above 0, at most 1'),
        ("Europe/Prague", "Europe/Prag", "line 8: day.tz: found"),
        ("warn: 0.60", "warn: 0.80", "line 12: buffers: wanted shares that rise"),
        ("PT3M", "3 minutes", 'line 19: size.stop_required_within: found "3 minutes"; wanted a duration such as PT2M'),
        ("0.1 ES", "ES", "line 17: size.equivalence.MES: found"),
        ("PT3M", f"PT{'9' * 5000}S", f'line 19: size.stop_required_within: found "PT{"9" * 58}...'),
        (
            "PT3M",
            "P999999999D",
            'line 19: size.stop_required_within: found "P999999999D"; wanted a duration of at most',
        ),
        (
            'max_risk_per_position: "0.02"',
            'max_risk_per_position: "1e400"',
            'line 18: size.max_risk_per_position: found "1e400"; wanted',
        ),
        (
            "max_orders_per_day: 20",
            f"max_orders_per_day: {'9' * 5000}",
            f'line 26: automation.max_orders_per_day: found "{"9" * 60}..."; wanted a whole number',
        ),
        ("[-PT2M, PT2M]", "[PT2M, -PT2M]", "line 22: news[0].window: wanted the earlier end first"),
        ("funded->*", "fundet->*", "line 25: copy.by_phase: found keys and values; wanted pairs such as"),
        ("us_index}", "us_indices}", "line 24: hedging.product_groups: us_indices is unknown; did you mean us_index?"),
        ("id: example", "id: Example", "line 1: id: found"),
        ("lock: {at: {initial_plus", "lock: {at: {initial_minus", "line 11: loss_limits[1].lock: found keys"),
        ("unknown_policy: refuse", "unknown_policy: allow", "line 28: unknown_policy: found"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    assert old in RULES
    (problem,) = read(tmp_path, RULES.replace(old, new, 1))
    assert problem.startswith(f"own.yaml {wanted}")


def test_a_rule_set_without_its_sources_is_refused(tmp_path: Path) -> None:
    text = RULES.replace("  source_urls: [example.com/rules]\n", "")
    assert read(tmp_path, text) == [
        "own.yaml line 2: provenance.source_urls: missing; wanted one; every rule set says it"
    ]
    (problem,) = read(tmp_path, RULES.replace("[example.com/rules]", "[]"))
    assert problem.endswith("provenance.source_urls: found a list of 0; wanted at least one source")


# --- the account ------------------------------------------------------------------------------------------------------

UNDER = "firm: ftmo.2step.funded@2026-07\n    owner: Ann Example"


def resolve(folder: Path, text: str) -> Resolved:
    path = folder / "coxswain.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(folder, text)
    return str(caught.value)


def test_an_account_that_names_no_rule_set_must_say_so(tmp_path: Path) -> None:
    message = refused(tmp_path, GOOD.replace("    firm: none\n", ""))
    assert message.endswith(
        "accounts[alpha].firm: missing; wanted none, or the id of a rule set as coxswain firms list shows them"
    )


def test_an_unknown_rule_set_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    message = refused(tmp_path, GOOD.replace("firm: none\n", "firm: ftmo.2step.fundet@2026-07\n", 1))
    assert "which is unknown; did you mean ftmo.2step.funded@2026-07?" in message


def test_an_account_under_a_firm_has_an_owner_and_one_of_its_phases(tmp_path: Path) -> None:
    assert "accounts[alpha].owner: missing; wanted the legal owner" in refused(
        tmp_path, GOOD.replace("firm: none\n", "firm: ftmo.2step.funded@2026-07\n", 1)
    )
    several = "firm: fundednext.stellar-2step@2026-07\n    owner: Ann Example"
    assert "accounts[alpha].firm_phase: missing; wanted the account's phase, one of evaluation" in refused(
        tmp_path, GOOD.replace("firm: none", several, 1)
    )
    assert 'firm_phase: found "evaluation"; wanted one that ftmo.2step.funded@2026-07 is for: funded' in refused(
        tmp_path, GOOD.replace("firm: none", f"{UNDER}\n    firm_phase: evaluation", 1)
    )


def test_the_setup_holds_the_rule_sets_in_use_and_no_other(tmp_path: Path) -> None:
    setup = resolve(tmp_path, GOOD.replace("firm: none", UNDER, 1)).setup
    alpha, beta = setup.accounts
    assert [rules.id for rules in setup.firms] == [alpha.firm] == ["ftmo.2step.funded@2026-07"]
    assert (alpha.firm_phase, alpha.owner, alpha.initial_balance) == (Phase.FUNDED, "Ann Example", Decimal("1000.5"))
    assert (beta.firm, beta.firm_phase) == ("", Phase.LIVE)


def test_a_users_folder_adds_rule_sets_and_groups_are_given_to_instruments(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.yaml").write_text(RULES, encoding="utf-8")
    text = GOOD.replace("firm: none", "firm: example.2step.funded@2026-07\n    owner: Ann", 1)
    setup = resolve(tmp_path, text + "firms_dir: mine\nproduct_groups: {euro: [EURUSD, GBPUSD]}\n").setup
    assert [rules.id for rules in setup.firms] == ["example.2step.funded@2026-07"]
    assert setup.product_groups == {"EURUSD": "euro"}


# --- the news calendar ------------------------------------------------------------------------------------------------

CSV = "time,currency,impact,title\n2026-01-09T13:30:00Z,USD,high,Payrolls\n2026-01-08T12:00:00+01:00,EUR,low,Sales\n"
ICS = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
BEGIN:VEVENT
UID:1
DTSTART:20260109T133000Z
SUMMARY:Payrolls
CATEGORIES:USD,High
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(("name", "text", "count"), [("news.csv", CSV, 2), ("news.ics", ICS, 1)])
def test_a_calendar_is_read_into_the_setup_in_order_of_time(tmp_path: Path, name: str, text: str, count: int) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    news = resolve(tmp_path, GOOD + f"news_calendar: {name}\nnews_currencies: {{EURUSD: [USD]}}\n").setup.news
    assert news is not None
    assert len(news.events) == count
    assert news.events[-1].time_ns == news.known_until_ns == 1_767_965_400 * 10**9
    assert (news.events[-1].currency, news.events[-1].impact, news.events[-1].title) == ("USD", "high", "Payrolls")
    assert news.currencies == {"EURUSD": ("USD",)}


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("news.csv", CSV.replace("high", "huge"), "line 2: found impact huge; wanted one of low, medium, high"),
        ("news.csv", CSV.replace("Z,", ","), "line 2: found time 2026-01-09T13:30:00 without a zone; wanted"),
        ("news.csv", "time,title\n", "line 1: found the columns time,title; wanted time,currency,impact,title"),
        ("news.csv", "time,currency,impact,title\n", "found no publication; wanted at least one"),
        ("news.ics", ICS.replace("USD,High", "USD"), "publication 1, Payrolls: wanted a currency and low, medium"),
        ("news.ics", ICS.replace("T133000Z", ""), "publication 1, Payrolls: found a day; wanted a time with a zone"),
    ],
)
def test_a_calendar_that_cannot_be_read_is_told(tmp_path: Path, name: str, text: str, wanted: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert wanted in refused(tmp_path, GOOD + f"news_calendar: {name}\n")
