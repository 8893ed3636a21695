"""The commands about firms' rules, as users run them."""

import json
from pathlib import Path

import pytest

from coxswain.app.commands import check_config
from coxswain.app.config.firms import read_folder
from coxswain.app.firms import check_account, list_firms, rule_sets_for, show_firm
from coxswain.app.init import write_starter


def test_the_rule_sets_are_listed_and_one_is_shown(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    config, _ = write_starter(tmp_path)
    assert list_firms(config, as_json=True) == 0
    listed = json.loads(capfdbinary.readouterr().out)["firms"]
    assert len(listed) == 8
    assert show_firm(config, listed[0]["id"], as_json=True) == 0
    shown = json.loads(capfdbinary.readouterr().out)
    assert shown["provenance"]["source_urls"]
    assert show_firm(config, "nobody.plan@2026-07", as_json=True) == 2


def test_an_account_is_checked_before_it_has_a_journal(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    config, _ = write_starter(tmp_path)
    text = config.read_text().replace("firm: none", "firm: ftmo.2step.funded@2026-07\n    owner: Ann Example", 1)
    config.write_text(text)
    journal = tmp_path / "none.journal"
    assert check_account(config, journal, "alpha", as_json=True) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert (found["firm"], found["phase"], found["rules"]) == ("ftmo.2step.funded@2026-07", "funded", [])
    assert check_account(config, journal, "nobody", as_json=True) == 2


def test_rules_about_news_without_a_calendar_are_warned_of(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    config, _ = write_starter(tmp_path)
    text = config.read_text().replace("firm: none", "firm: ftmo.2step.funded@2026-07\n    owner: Ann Example", 1)
    config.write_text(text)
    warning = (
        "account alpha is under ftmo.2step.funded@2026-07, which has rules about news, and there is no news_calendar: "
        "every entry on it will be refused (FIRM_NEWS)"
    )
    assert check_config(config, as_json=True) == 0
    assert warning in json.loads(capfdbinary.readouterr().out)["warnings"]
    assert check_account(config, tmp_path / "none.journal", "alpha", as_json=True) == 0
    assert json.loads(capfdbinary.readouterr().out)["warnings"] == [warning]
    (tmp_path / "news.csv").write_text("time,currency,impact,title\n2026-01-09T13:30:00Z,USD,high,Payrolls\n")
    config.write_text(f"{text}\nnews_calendar: news.csv\n")
    assert check_config(config, as_json=True) == 0
    assert warning not in json.loads(capfdbinary.readouterr().out)["warnings"]


def test_what_is_shown_to_a_person_is_what_the_loader_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "none.yaml"
    for name, rules in rule_sets_for(nowhere).items():
        assert show_firm(nowhere, name, as_json=False) == 0
        (tmp_path / f"{name}.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
        found, problems = read_folder(tmp_path)
        assert problems == []
        assert found[name] == rules
