"""The page about the controls says what the code says."""

from pathlib import Path

import pytest

from coxswain.app.controls_page import page

PAGE = Path(__file__).parents[2] / "docs" / "RISK_CONTROLS.md"


def test_the_page_of_controls_is_the_one_that_the_code_makes(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--rewrite-golden", default=False):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8").splitlines() == page().splitlines()
