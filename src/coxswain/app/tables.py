"""Tables and lines for people: how a number is written, how a table fits its terminal; never what they say.

Colours carry no meaning that the words do not; NO_COLOR is honoured.
"""

import os
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from coxswain.model.decimals import text
from coxswain.model.market import Instrument

WIDTH_WITHOUT_TERMINAL = 160
WORDS = ("decided by", "what", "why", "result", "value", "limit", "origin", "state", "story", "detail", "chosen")
"""Columns of words, that may be broken over lines where a space is. All others stay whole."""
WORDS_WIDTH = 24
"""Columns of words are not made narrower than this to keep another column."""
ROOMY, TIGHT = 3, 2
"""Between two columns."""
AROUND = 2
INDENT = "  "
LONG_FRACTION = re.compile(r"(?<![\w.])-?\d+\.\d{9,}(?![\w.]|-\w)")
"""More than eight places, which no tick and no lot step has; not a part of an id."""
UNITS = {"pct": "%", "bps": "bp", "pnl": "P&L"}
PLACES = 6
SIGNIFICANT = 4
"""What is smaller than that many places keeps this many digits."""
NS_PER_S = 1_000_000_000
STYLES = {"SEND": "green", "SKIP": "yellow", "ok": "green", "bad": "red", "quiet": "bright_black"}


def _width() -> int | None:
    """None leaves it to the terminal; COLUMNS counts before it, and also without one."""
    return None if _knows_width() else WIDTH_WITHOUT_TERMINAL


def _knows_width() -> bool:
    return sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()


out = Console(width=_width(), highlight=False, emoji=False)
wraps = _knows_width()
"""Prose is wrapped for a screen; in a pipe every sentence stays one line, which can be searched for."""


def say(line: str) -> None:
    """Talk, as opposed to data."""
    print(line, file=sys.stderr)


def heading(line: str) -> None:
    out.print()
    prose(line, "bold")


def line(words: str, style: str = "") -> None:
    """Print one line, unbroken whatever the width: a path or a command in it can be copied."""
    out.print(Text(words, style=style), soft_wrap=True)


def prose(words: str, style: str = "") -> None:
    """Print sentences, broken between words where the screen ends; what is indented stays indented."""
    for each in readable(words).splitlines():
        before = each[: len(each) - len(each.lstrip())]
        parts = _wrapped(each.strip(), before, before) if wraps else [each]
        for part in parts or [""]:
            line(part, style)


def _wrapped(words: str, first: str, after: str) -> list[str]:
    return textwrap.wrap(
        words,
        out.width,
        initial_indent=first,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )


# --- tables -----------------------------------------------------------------------------------------------------------


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    right: Sequence[str] = (),
    least: Sequence[str] = (),
) -> None:
    """Print a plain table; columns named in `right` are numbers.

    No number is ever broken. Where the table is too wide, columns of words are broken between words and columns stand
    closer; then those in `least` are left out, in that order, and a line names them. A column that is not in `least` is
    never left out: where the rest does not fit either, each row becomes a block of its own, with everything.
    """
    cells = [[shown(cell) for cell in row] for row in rows]
    columns = [_Column(heading, [row[at] for row in cells]) for at, heading in enumerate(headings)]
    chosen = _fitting(columns, least, out.width)
    if chosen is None:
        _show_blocks(headings, cells)
        return
    kept, between = chosen
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, between - 2, 0, 1))
    for column, width in kept:
        justify: JustifyMethod = "right" if column.heading in right else "left"
        grid.add_column(column.heading, justify=justify, overflow="fold", width=width)
    for at in range(len(cells)):
        grid.add_row(*(column.cells[at] for column, _ in kept))
    out.print(grid)
    stay = {column.heading for column, _ in kept}
    left_out = [heading for heading in headings if heading not in stay]
    if left_out:
        prose(f"left out: {', '.join(left_out)}; widen the terminal or use --json", STYLES["quiet"])


class _Column:
    def __init__(self, heading: str, cells: list[Text]) -> None:
        texts = [Text(heading), *cells]
        self.heading = heading
        self.cells = cells
        self.whole = max(len(part) for each in texts for part in each.plain.split("\n"))
        self.least = self.whole
        if heading in WORDS:
            longest_word = max((len(word) for each in texts for word in each.plain.split()), default=0)
            self.least = min(self.whole, max(longest_word, WORDS_WIDTH))


def _fitting(columns: list[_Column], least: Sequence[str], width: int) -> tuple[list[tuple[_Column, int]], int] | None:
    """Choose the columns that fit, each with its width, and how close they stand; None where the key ones do not."""
    kept = list(columns)
    first_to_go = [column for name in least for column in columns if column.heading == name]
    while _needed(kept, TIGHT) > width:
        if not first_to_go:
            return None
        kept.remove(first_to_go.pop(0))
    between = ROOMY if _needed(kept, ROOMY) <= width else TIGHT
    spare = max(width - _needed(kept, between), 0)
    widths = []
    for column in kept:
        more = min(column.whole - column.least, spare)
        spare -= more
        widths.append((column, column.least + more))
    return widths, between


def _needed(columns: Sequence[_Column], between: int) -> int:
    return sum(column.least for column in columns) + between * (len(columns) - 1) + AROUND


def _show_blocks(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Each row under its first cell: as many `name: value` on a line as fit, none of them broken but words."""
    out.print()
    for row in rows:
        line(row[0].plain, "bold")
        told = [f"{name}: {cell.plain}" for name, cell in zip(headings[1:], row[1:], strict=True) if cell.plain != "-"]
        at = ""
        for each in told:
            if at and len(INDENT) + len(at) + ROOMY + len(each) > out.width:
                _show_part(at)
                at = ""
            at = f"{at}{' ' * ROOMY}{each}" if at else each
        _show_part(at)
    out.print()


def _show_part(told: str) -> None:
    for part in _wrapped(told, INDENT, INDENT * 2) if len(INDENT) + len(told) > out.width else [INDENT + told]:
        line(part)


def shown(cell: object) -> Text:
    """Write one cell. What comes from outside is never read as markup."""
    if cell is None:
        return Text("-", style=STYLES["quiet"])
    if isinstance(cell, Text):
        return cell
    return Text(readable(text(cell) if isinstance(cell, Decimal) else str(cell)))


# --- numbers and times ------------------------------------------------------------------------------------------------


def readable(words: str) -> str:
    """Shorten what a division left behind a point: no price, quantity or amount of ours means that many places."""
    return LONG_FRACTION.sub(lambda found: _shortened(Decimal(found[0])), words)


def _shortened(value: Decimal) -> str:
    digits = max(PLACES, -value.adjusted() + SIGNIFICANT - 1) if value else PLACES
    return text(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN).normalize() + 0)


def lots(value: Decimal | None, instrument: Instrument | None) -> str | None:
    """Write a quantity with the places of the instrument's lot step; one that has more is written in full."""
    return _placed(value, None if instrument is None else instrument.lot_step, 0, exact=True)


def price(value: Decimal | None, instrument: Instrument | None) -> str | None:
    """Write a price with the places of the instrument's tick; one that has more is written in full."""
    return _placed(value, None if instrument is None else instrument.tick, 0, exact=True)


def average(value: Decimal | None, instrument: Instrument | None) -> str | None:
    """Write an average price, rounded to one place more than the instrument's tick."""
    return _placed(value, None if instrument is None else instrument.tick, 1, exact=False)


def _placed(value: Decimal | None, step: Decimal | None, more: int, exact: bool) -> str | None:
    if value is None or step is None:
        return None if value is None else text(value)
    exponent = min(_exponent(step), 0) - more
    if exact and _exponent(value) < exponent:
        return text(value)
    return text(value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_EVEN))


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def money(value: Decimal | None) -> str | None:
    """Write an amount with cents and thousands."""
    return None if value is None else f"{value:,.2f}"


def percent(value: Decimal, places: int = 1) -> str:
    """Write a percentage to a place or so, without zeros that say nothing."""
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN).normalize() + 0
    return f"{text(rounded)} %"


def seconds(ms: int) -> str:
    return f"{Decimal(ms) / 1000:.1f} s"


def named(field: str) -> str:
    """Call a field of a document as people do: `fill_rate_pct` is `fill rate %`."""
    words = field.split("_")
    return " ".join(UNITS.get(word, word) for word in words)


def count(number: int, thing: str) -> str:
    """Write a number of things, one or several."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def moment(at_ns: int | None) -> str | None:
    """Write a time in UTC, to the millisecond."""
    if at_ns is None:
        return None
    at = datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ns % NS_PER_S // 1_000_000:03d}"


def short(value: object) -> object:
    """Write a figure to four places, for people; the JSON has all of it."""
    if not isinstance(value, str):
        return value
    number = Decimal(value)
    return text(number.quantize(Decimal("0.0001")).normalize() + 0) if number % 1 else value


def duration(ms: int) -> str:
    """Write how long, as days, hours, minutes and seconds."""
    seconds = ms // 1000
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    return (
        f"{days}d {hours:02d}:{minutes:02d}:{seconds % 60:02d}" if days else f"{hours}:{minutes:02d}:{seconds % 60:02d}"
    )
