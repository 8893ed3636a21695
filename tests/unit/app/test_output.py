"""The document of a run is written in pieces, and reads as if it had been written whole."""

import msgspec
import pytest

from coxswain.app.output import print_run, run_in_a_line
from coxswain.model.vocabulary import SignalKind
from coxswain.views.summary import Audit, PlanDoc, Summary

PLANS = [PlanDoc(f"s{number}", SignalKind.ENTRY, "EURUSD", None, 'it says "plans":[]', (), ()) for number in range(3)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_written_in_pieces_is_what_would_be_written_whole(
    count: int, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    document = Summary().document("cd" * 32, Audit(verified=True, records=1, head="ab" * 32))
    whole = msgspec.json.encode(msgspec.structs.replace(document, plans=tuple(PLANS[:count])))
    assert b"".join(run_in_a_line(document, PLANS[:count])) == whole
    print_run(document, PLANS[:count])
    assert capsysbinary.readouterr().out == msgspec.json.format(whole) + b"\n"
