"""Journals as the tests of them need them: read, copied, and changed behind their back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from coxswain.journal.store import Reader
from coxswain.messages.record import Record, decode
from tests.e2e.commands import Done


class Demo(NamedTuple):
    folder: Path
    journal: Path
    done: Done


def read_records(journal: Path) -> list[Record]:
    with Reader(journal) as reader:
        return [decode(body) for _, body in reader.read()]


def copied(journal: Path, folder: Path) -> Path:
    """Copy a journal and every file beside it that bears its name; who trades its accounts stays behind."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in journal.parent.glob(f"{journal.name}*"):
        if file.is_file():  # a killed engine leaves its socket behind
            shutil.copy(file, folder)
    return folder / journal.name


def change(journal: Path, *statements: str) -> None:
    """Change a journal's database as somebody does who has the file."""
    with closing(sqlite3.connect(journal)) as db, db:
        for statement in statements:
            db.execute(statement)
