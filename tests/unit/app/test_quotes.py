"""The quote files of one command: what must stand beside what."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from coxswain.app.quotes import open_feeds
from coxswain.feeds import FeedError
from tests.unit.core.desk import setup

ROW = {"Quote": "34200000,1836100,300,1836200,100,Q,1,0\n", "Trade": "34200000,1836100,900,P,0,0\n"}


def archive(folder: Path, kind: str) -> str:
    path = folder / f"{kind.lower()}.zip"
    with ZipFile(path, "w") as made:
        made.writestr(f"20131007_ibm_{kind}_Tick.csv", ROW[kind])
    return str(path)


def test_trades_want_the_quotes_of_their_instrument_beside_them(tmp_path: Path) -> None:
    symbol = setup().instruments[0].symbol
    trades, quotes = f"{symbol}={archive(tmp_path, 'Trade')}", f"{symbol}={archive(tmp_path, 'Quote')}"
    with pytest.raises(FeedError, match=f"holds only trades of {symbol}, wanted its quotes beside it"):
        open_feeds([trades], None, setup())
    assert [feed.is_trades for feed in open_feeds([trades, quotes], None, setup())] == [True, False]
