"""The report as a reader sees it: in a browser, wide and narrow, without any network."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
import results_fixture as given

from datrial.report.build import write_report
from datrial.results.published import load_published, published_values
from datrial.results.store import write_run

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    published = published_values(load_published("drive"), given.PARAMETERS)
    write_run(home, given.RUN_ID, given.manifest(), given.tables(), published)
    return write_report(home, given.RUN_ID)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_fits_the_window_and_asks_for_nothing(
    browser: Any, report: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri(), wait_until="networkidle")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for text in ("Simulated extracts.", "How to read the tables", "Methods"):
        assert page.get_by_text(text, exact=True).first.is_visible()
    assert page.locator("figure svg").count() == 13
    page.close()


def test_on_a_wide_window_no_table_is_cut_off(browser: Any, report: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(report.as_uri())
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        ".map(e => e.getAttribute('aria-label').slice(0, 60))"
    )
    assert cut == []
    page.close()


def test_the_contents_lead_to_their_sections(browser: Any, report: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(report.as_uri())
    page.get_by_role("navigation").get_by_text("Methods").click()
    page.wait_for_function("location.hash === '#methods'")
    assert page.locator("#methods").is_visible()
    page.close()
