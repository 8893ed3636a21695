"""The table of limits and settings."""

import pytest

from coxswain.model.decimals import plain
from coxswain.model.keys import GROUPS, TABLE, Key, Unit

SUFFIXES = {Unit.PERCENT: "_pct", Unit.SECONDS: "_s", Unit.MILLISECONDS: "_ms"}


def test_no_name_stands_in_the_table_twice() -> None:
    assert len({key.name for key in TABLE}) == len(TABLE)


def test_a_group_is_of_one_scope() -> None:
    assert all(len({key.scope for key in keys}) == 1 for _, keys in GROUPS)


@pytest.mark.parametrize("key", TABLE, ids=lambda key: key.name)
def test_a_name_ends_in_its_unit(key: Key) -> None:
    suffix = SUFFIXES.get(key.unit)
    assert key.name.endswith(suffix) if suffix else not key.name.endswith(("_pct", "_ms"))
    assert str(plain(key.default)) == str(key.default)
