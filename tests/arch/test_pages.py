"""The generated parts of the pages are what the code says now; `make docs` writes them."""

from pathlib import Path

import pytest

from coxswain.app.config.schema import SHAPES, Entry
from tools.pages import DOCS, MADE, MARKS, PARTS, filled_in

PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_says_what_the_code_says(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert filled_in(page) == page, "make docs"


def test_every_part_that_can_be_generated_is_on_a_page() -> None:
    shown = {found[2] for path in PAGES for found in MARKS.finditer(path.read_text(encoding="utf-8"))}
    assert shown == set(PARTS)


@pytest.mark.parametrize("part", [part for part in SHAPES.values() if part not in MADE], ids=lambda part: part.__name__)
def test_every_key_of_the_configuration_says_what_it_is(part: type[Entry]) -> None:
    assert [name for name, field in part.model_fields.items() if not field.description] == []
