"""The page of differences in a browser: it fits, asks for nothing, and passes axe-core."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
import two_runs as given

from datrial.report.differences_page import write_changes_page, write_differences_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a page of differences of every kind, one of changes, and one without a run before."""
    home = tmp_path_factory.mktemp("home")
    many = range(100, 190)
    safety = "marac_follow_up.ratios"
    old = given.counts(487, 7, *many)
    new = given.counts(488, None, *(2 * value for value in many))
    new.note = "Everybody who was allocated, 488."
    given.store(
        home, "one", old, given.ratios((0.9, 0.8, 1.1, 0.06), table_id=safety),
        given.counts(50, table_id="risk_score.people"),
        given.counts(50, table_id="risk_score.lost"), simulated=True,
    )  # fmt: skip
    given.store(
        home, "two", new, given.ratios((1.2, 1.1, 1.3, 0.01), table_id=safety),
        given.counts(90, table_id="risk_score.people"), simulated=True,
        snapshot_id="s2", code_version="c2", end="2026-11-04T02:00:00+00:00",
        parameters=given.PARAMETERS | {"risk_score": {"effect": "normal"}},
    )  # fmt: skip
    given.store(home, "three", given.counts(9), end="2026-11-05T02:00:00+00:00", study="restart")
    given.store(home, "four", given.counts(8), end="2026-11-06T02:00:00+00:00", study="restart")
    return {
        "differences": write_differences_page(home, "one", "two", home / "page.html", texts=True),
        "changes": write_changes_page(home, "two"),
        "unexplained": write_changes_page(home, "four"),
        "alone": write_changes_page(home, "one"),
    }


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["differences", "changes", "unexplained", "alone"])
def test_the_page_fits_asks_for_nothing_and_is_accessible(
    browser: Any, pages: dict[str, Path], name: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(pages[name].as_uri(), wait_until="networkidle")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 20
    page.close()


def test_a_reader_opens_a_table_and_finds_its_greatest_change(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(pages["differences"].as_uri())
    page.get_by_role("navigation").get_by_text("Data or parameters or code").click()
    page.wait_for_function("location.hash === '#because-data-or-parameters-or-code'")
    table = page.locator('[id="because-data-or-parameters-or-code-risk_score.people"]')
    row = table.get_by_role("row", name="Row 0")
    assert not row.is_visible()
    table.locator("summary").click()
    assert row.is_visible()
    assert row.get_by_role("cell").all_inner_texts()[:3] == ["50", "90", "+40"]
    page.close()


def test_what_crossed_a_line_in_a_primary_outcome_stands_open(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(pages["changes"].as_uri())
    assert page.get_by_text("changed its direction", exact=True).is_visible()
    assert page.get_by_text("Not for release.").is_visible()
    assert not page.get_by_text("488").count()
    page.close()
