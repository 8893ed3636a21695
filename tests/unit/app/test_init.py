"""The starter files: they load, they say the defaults, and they destroy nothing."""

import re
import stat
from pathlib import Path

import pytest

from coxswain.app.config.load import Resolved, load
from coxswain.app.init import starter_config, write_starter
from coxswain.model.decimals import text
from coxswain.model.keys import KEYS, LIMITS, SETTINGS


@pytest.fixture
def starter(tmp_path: Path) -> Resolved:
    config, _ = write_starter(tmp_path / "new")
    return load(config, {})


def test_the_starter_has_six_accounts_at_two_venues_that_differ(starter: Resolved) -> None:
    setup = starter.setup
    assert len(setup.accounts) == 6
    assert len({account.venue for account in setup.accounts}) == len(setup.venues) == 2
    assert {account.currency for account in setup.accounts} == {"USD", "EUR"}
    assert [account.reserve for account in setup.accounts].count(True) == 1
    assert len({text for account in setup.accounts if (text := str(sorted(account.limits.items())))}) > 2
    assert {"EURUSD", "IBM"} < {instrument.symbol for instrument in setup.instruments}
    assert setup.correlations


def test_the_starter_says_every_default(starter: Resolved) -> None:
    assert starter.setup.settings == {key.name: key.default for key in SETTINGS}
    shown = {value.key: value for value in starter.shown}
    for name, keys in (("settings", SETTINGS), ("limits", LIMITS)):
        for key in keys:
            value = shown[f"{name}.{key.name}"]
            assert value.value == text(key.default)
            assert value.origin.startswith("file line")


def test_each_default_stands_beside_its_unit_and_comment() -> None:
    lines = re.findall(r"^  (\w+): \S+ +# (.*)$", starter_config(), re.MULTILINE)
    explained = {name: comment for name, comment in lines if name in KEYS}
    assert explained.keys() == KEYS.keys()
    for name, comment in explained.items():
        assert KEYS[name].comment in comment
        assert comment.endswith("(not enforced yet)") is not KEYS[name].enforced


def test_the_starter_fits_a_screen_in_width() -> None:
    assert max(map(len, starter_config().splitlines())) <= 120


def test_the_env_file_is_private_and_holds_no_value(tmp_path: Path) -> None:
    _, env = write_starter(tmp_path)
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert all(line.startswith("#") for line in env.read_text().splitlines())
    assert not re.search(r"^# \w+=.+", env.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", ["coxswain.yaml", ".env"])
def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError, match=re.escape(f"{name}: there already; nothing was written")):
        write_starter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_force_overwrites_the_configuration_and_never_the_secrets(tmp_path: Path) -> None:
    (tmp_path / "coxswain.yaml").write_text("mine")
    (tmp_path / ".env").write_text("KEY=1")
    assert write_starter(tmp_path, force=True) == [tmp_path / "coxswain.yaml"]
    assert (tmp_path / "coxswain.yaml").read_text() == starter_config()
    assert (tmp_path / ".env").read_text() == "KEY=1"
