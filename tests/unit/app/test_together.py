"""The screens that show accounts side by side."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coxswain.app.together import show_fairness
from coxswain.journal.store import Journal
from coxswain.messages.record import encode
from coxswain.model.vocabulary import JournalId
from tests.unit.core.desk import A, B, Desk, account, setup


def journal_of(desk: Desk, folder: Path) -> Path:
    path = folder / "trade.journal"
    with closing(Journal.create(path, JournalId("desk0000desk0000"))) as journal:
        journal.append([encode(record) for record in desk.records])
    return path


@pytest.mark.parametrize(("fields", "owes"), [({}, False), ({"quantity": 21}, True)])
def test_what_rounding_owes_is_shown_where_it_owes_anything(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], fields: dict[str, Any], owes: bool
) -> None:
    desk = Desk(setup(account(A), account(B)))
    desk.signal(stop_loss="95.00", **fields)
    assert show_fairness(journal_of(desk, tmp_path), as_json=False) == 0
    told = capfd.readouterr().out
    assert ("owed lots" in told) is owes
    assert ("rounding owes nobody anything" in told) is not owes
