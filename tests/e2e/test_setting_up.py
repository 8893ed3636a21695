"""From nothing to a configuration that runs: `init`, `config check`, `config show`, `run`."""

import stat
from pathlib import Path

from tests.e2e.commands import coxswain
from tests.e2e.market import entry, lines_of, steady_quotes


def test_init_writes_a_configuration_that_checks_shows_and_runs(tmp_path: Path) -> None:
    written = coxswain("init", cwd=tmp_path)
    assert written.out.split() == ["coxswain.yaml", ".env"]
    assert written.err == "Next: coxswain config check\n"
    checked = coxswain("config", "check", cwd=tmp_path)
    assert checked.out == "coxswain.yaml: 6 accounts, 2 venues, 6 instruments\n"
    assert checked.err.startswith("warning: no key signs the journal: ")
    assert len(checked.err.splitlines()) == 1
    assert "max_daily_drawdown_pct" in coxswain("config", "show", cwd=tmp_path).out
    steady_quotes(tmp_path / "EURUSD.csv", 120)
    (tmp_path / "signals.jsonl").write_bytes(lines_of(entry("first", 2, stop_loss="1.08")))
    ran = coxswain("run", "--signals", "signals.jsonl", "--quotes", "EURUSD=EURUSD.csv", cwd=tmp_path)
    assert "signals: 1 received, 1 planned" in ran.out
    assert "reconciled: engine and venues agree" in ran.out
    assert "journal: coxswain.journal" in ran.out
    coxswain("audit", "verify", cwd=tmp_path)


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    coxswain("init", cwd=tmp_path)
    config = tmp_path / "coxswain.yaml"
    config.write_text("mine")
    done = coxswain("init", cwd=tmp_path, code=2)
    assert "coxswain.yaml and .env: there already; nothing was written" in done.err
    assert config.read_text() == "mine"


def test_init_keeps_secrets_private_and_never_overwrites_them(tmp_path: Path) -> None:
    coxswain("init", "desk", cwd=tmp_path)
    env = tmp_path / "desk" / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    env.write_text("KEY=1")
    coxswain("init", "desk", "--force", cwd=tmp_path)
    assert env.read_text() == "KEY=1"


def test_a_broken_file_is_reported_with_line_and_suggestion(tmp_path: Path) -> None:
    coxswain("init", cwd=tmp_path)
    config = tmp_path / "coxswain.yaml"
    lines = config.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if "min_confidence" in line)
    lines[at] = lines[at].replace("min_confidence: 0.5", "min_confidense: 0.5")
    other = next(number for number, line in enumerate(lines) if "risk_budget_pct" in line)
    lines[other] = "  risk_budget_pct: 500"
    config.write_text("\n".join(lines))
    done = coxswain("config", "check", cwd=tmp_path, code=4)
    assert done.out == ""
    assert f"coxswain.yaml line {at + 1}: settings.min_confidense: unknown; did you mean min_confidence?" in done.err
    assert f'coxswain.yaml line {other + 1}: limits.risk_budget_pct: found "500"; wanted' in done.err
    shown = coxswain("config", "check", "--json", cwd=tmp_path, code=4).json()
    assert shown["ok"] is False
    assert [problem["line"] for problem in shown["problems"]] == [at + 1, other + 1]


def test_no_command_runs_on_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "coxswain.yaml").write_text("mode: FULL_AUTO\naccounts: [\n")
    steady_quotes(tmp_path / "q.csv", 10)
    for command in (["config", "show"], ["run", "--quotes", "EURUSD=q.csv"]):
        done = coxswain(*command, cwd=tmp_path, code=4)
        assert "coxswain.yaml line" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coxswain.yaml", "q.csv"]


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    for command in (["config", "check"], ["config", "show"], ["run"]):
        assert "coxswain.yaml" in coxswain(*command, cwd=tmp_path, code=4).err
    assert "coxswain init" in coxswain("config", "check", cwd=tmp_path, code=4).err


def test_the_resolved_view_names_origins_and_hides_secrets(tmp_path: Path) -> None:
    coxswain("init", cwd=tmp_path)
    config = tmp_path / "coxswain.yaml"
    config.write_text(config.read_text().replace("latency_ms: 35", "latency_ms: ${LATENCY}"))
    (tmp_path / ".env").write_text("LATENCY=41\n")
    shown = coxswain("config", "show", "--json", cwd=tmp_path).json()
    found = {value["key"]: value for value in shown}
    assert found["settings.signal_ttl_s"]["value"] == "300"
    assert found["settings.signal_ttl_s"]["origin"].startswith("file line ")
    assert found["venues.paper-b.latency_ms"]["origin"] == "environment"
    assert "41" not in found["venues.paper-b.latency_ms"]["value"]
    assert "not set" in _without_env(tmp_path)


def _without_env(folder: Path) -> str:
    (folder / ".env").write_text("")
    return coxswain("config", "check", cwd=folder, code=4).err
