"""Read a calendar of publications that markets wait for: iCalendar, or CSV with `time,currency,impact,title`.

What is read here goes into the `Setup` of a start; nobody reads the file again after that.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from coxswain.app.config.problems import Problem
from coxswain.model.firm import Impact, NewsEvent

EVENTS_MAX = 5000
"""The calendar is journaled at each start: a year of important publications, and not a library."""
COLUMNS = ["time", "currency", "impact", "title"]

_CURRENCY = re.compile(r"\b([A-Z]{3})\b")


class _Unreadable(Exception):
    """Names the line, and what is wrong with it."""


def read_news(path: Path) -> tuple[tuple[NewsEvent, ...], list[Problem]]:
    """Read a calendar, in order of time. The second part says what is wrong; then the first is empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = list(_from_ics(text) if path.suffix.lower() == ".ics" else _from_csv(text))
    except OSError as error:
        return (), [Problem(0, "", f"cannot be read: {error.strerror}", str(path))]
    except UnicodeDecodeError:
        return (), [Problem(0, "", "cannot be read: not UTF-8 text", str(path))]
    except _Unreadable as error:
        line, message = error.args
        return (), [Problem(line, "", message, str(path))]
    if not found:
        return (), [Problem(0, "", "found no publication; wanted at least one", str(path))]
    if len(found) > EVENTS_MAX:
        return (), [Problem(0, "", f"found {len(found)} publications; wanted at most {EVENTS_MAX}", str(path))]
    return tuple(sorted(found, key=lambda event: (event.time_ns, event.currency, event.title))), []


def _from_csv(text: str) -> Iterator[NewsEvent]:
    rows = csv.reader(text.splitlines())
    header = next(rows, [])
    if [name.strip().lower() for name in header] != COLUMNS:
        raise _Unreadable(1, f"found the columns {','.join(header)}; wanted {','.join(COLUMNS)}")
    for line, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(COLUMNS):
            raise _Unreadable(line, f"found {len(row)} columns; wanted {len(COLUMNS)}")
        at, currency, impact, title = (cell.strip() for cell in row)
        yield NewsEvent(_time(line, at), _currency(line, currency), _impact(line, impact.lower()), title)


def _from_ics(text: str) -> Iterator[NewsEvent]:
    """Categories, or else the title, say currency and impact: `USD`, `high`."""
    from icalendar import Calendar

    try:
        events = list(Calendar.from_ical(text).walk("VEVENT"))
    except ValueError as error:
        raise _Unreadable(0, f"is no calendar: {error}") from None
    for number, event in enumerate(events, start=1):
        title = str(event.get("SUMMARY", ""))
        words = [*_categories(event), title]
        if "DTSTART" not in event:
            raise _Unreadable(0, f"publication {number}, {title}: has no start")
        at = _instant(event.decoded("DTSTART"), number, title)
        currency = next((match.group(1) for word in words if (match := _CURRENCY.search(word))), "")
        impact = next((level for word in words for level in Impact if level in word.lower().split()), "")
        if not currency or not impact:
            wanted = "wanted a currency and low, medium or high among its categories"
            raise _Unreadable(0, f"publication {number}, {title}: {wanted}")
        yield NewsEvent(at, currency, Impact(impact), title)


def _categories(event: Any) -> Iterable[str]:
    found = event.get("CATEGORIES", [])
    for part in found if isinstance(found, list) else [found]:
        yield from (str(category) for category in part.cats)


def _instant(value: object, number: int, title: str) -> int:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _ns(value)
    what = "a day" if isinstance(value, date) and not isinstance(value, datetime) else "a time without a zone"
    raise _Unreadable(0, f"publication {number}, {title}: found {what}; wanted a time with a zone")


def _time(line: int, written: str) -> int:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise _Unreadable(line, f"found time {written}; wanted one such as 2026-01-09T13:30:00Z") from None
    if at.tzinfo is None:
        raise _Unreadable(line, f"found time {written} without a zone; wanted one such as 2026-01-09T13:30:00Z")
    return _ns(at)


def _ns(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp()) * 1_000_000_000


def _currency(line: int, written: str) -> str:
    if _CURRENCY.fullmatch(written) is None:
        raise _Unreadable(line, f"found currency {written}; wanted one such as USD")
    return written


def _impact(line: int, written: str) -> Impact:
    if written not in list(Impact):
        raise _Unreadable(line, f"found impact {written}; wanted one of {', '.join(Impact)}")
    return Impact(written)
