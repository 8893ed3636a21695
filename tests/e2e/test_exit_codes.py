"""What went wrong decides the exit code, whatever the command: one table over all of them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coxswain.app.cli import app
from tests.e2e.journals import Demo, copied
from tests.e2e.market import config_file, steady_quotes

LOOKING = (
    *("status", "accounts", "orders", "positions", "fills", "breaks", "stats", "limits", "fairness", "correlations"),
    *("explain x", "audit log", "replay", "correlations estimate"),
)
TELLING = (
    *("pause ann", "freeze ann", "halt ann", "resume ann", "set-mode MANUAL --everything", "reject x", "cancel x"),
    *("limits set max_order_qty=5", "limits approve 1", "limits withdraw 1", "override withdraw x"),
    *("modify x ann=1", "resolve ann:balance adopt", "breaker close ann LOSS", "override propose 13 ann x"),
    *("replace-order x --price 1", "settle x lost"),
)
USAGE = (
    "explain nobody",
    "limits --account nobody",
    "stats --by nothing",
    "orders --nothing",
    "audit log --last 0",
    "explain demo-1 --last none",
    "correlations estimate --method guess",
    "firms show nobody",
    "demo --scenario nobody",
    "demo --seed -1",
    "pause --reason x",
    "pause nobody --reason x",
    "pause alder",
    "pause alder --everything --reason x",
    "pause --venue nowhere --reason x",
    "halt --order nobody --reason x",
    "halt --everything --reason x",
    "set-mode AUTO --everything --reason x",
    "set-mode MANUAL --reason x",
    "cancel --reason x",
    "cancel nobody --reason x",
    "replace-order --reason x",
    "replace-order nobody --reason x",
    "replace-order nobody --price 1 --reason x",
    "replace-order nobody --price much --reason x",
    "reject nobody --reason x",
    "modify nobody alder --reason x",
    "modify nobody alder=many --reason x",
    "resolve nobody adopt --reason x",
    "settle nobody lost --reason x",
    "settle nobody gone --reason x",
    "settle nobody lost",
    "resolve alder:balance adopt --reason x",
    "limits set max_nonsense=1 --reason x",
    "limits set max_order_qty --reason x",
    "limits set max_order_qty=many --reason x",
    "limits set max_order_qty=-1 --reason x",
    "limits set max_order_qty=1 --account nobody --reason x",
    "limits approve 9 --reason x",
    "limits approve nine --reason x",
    "limits withdraw 9 --reason x",
    "override propose 99 alder x --reason x",
    "override approve nobody --reason x",
    "breaker close alder LOSS --reason x",
    "breaker close alder NOTHING --reason x",
    "breaker close nobody LOSS --reason x",
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def journal(demo: Demo, here: Path) -> Path:
    """A copy: what is refused is journaled as well."""
    return copied(demo.journal, here)


def done(words: str, *more: str) -> Result:
    """Run a command within this process, which takes no time to start."""
    return CliRunner().invoke(app, [*words.split(), *more])


@pytest.mark.parametrize("words", USAGE)
def test_words_that_are_wrong_are_a_usage_error(journal: Path, words: str) -> None:
    by_journal = () if words.startswith(("demo", "firms")) else ("--journal", str(journal))
    found = done(words, *by_journal)
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr


@pytest.mark.parametrize("words", [*LOOKING, *(f"{each} --reason x" for each in TELLING)])
def test_a_journal_that_is_not_there_is_an_error(here: Path, words: str) -> None:
    found = done(words, "--journal", "gone")
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr == "coxswain: gone: there is no such file\n"


@pytest.mark.parametrize(
    "words",
    ["config check", "config show", "firms check ann", "run --quotes EURUSD=q.csv", "venue paper-a", "alerts test"],
)
@pytest.mark.parametrize("wrong", [None, "accounts: [", "nonsense: 1\n", "- a list\n", ""])
def test_a_configuration_that_is_wrong_is_exit_code_4(here: Path, words: str, wrong: str | None) -> None:
    steady_quotes(here / "q.csv", 10)
    if wrong is not None:
        (here / "coxswain.yaml").write_text(wrong)
    found = done(words)
    assert (found.exit_code, found.stdout) == (4, "")
    assert "coxswain.yaml" in found.stderr


def test_an_account_that_is_not_configured_is_a_usage_error(here: Path) -> None:
    config_file(here / "coxswain.yaml", ["ann"])
    found = done("firms check bob")
    assert found.exit_code == 2
    assert "wanted one of ann" in found.stderr


def test_what_a_check_refuses_is_exit_code_6(journal: Path) -> None:
    found = done("override propose 3 alder demo-1 --reason x", "--journal", str(journal))
    assert found.exit_code == 6
    assert "CONTROL_NOT_SOFT" in found.stderr
