"""The page of a verification in a browser: it fits, asks for nothing, and breaks no axe rule."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
import verification_fixture as given

from datrial.verification.page import write_verification

pytestmark = pytest.mark.browser


@pytest.fixture(params=[True, False], ids=["failing", "agreeing"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_verification(tmp_path, given.record(failing=request.param))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_window_and_asks_for_nothing(
    browser: Any, written: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(written.as_uri(), wait_until="networkidle")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Signed off").click()
    page.wait_for_function("location.hash === '#signature'")
    assert page.get_by_text("Hash of this page").is_visible()
    page.close()


def test_the_page_breaks_no_rule_of_axe(browser: Any, written: Path) -> None:
    """The page's own policy forbids scripts: for axe, and here alone, it is set aside."""
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(written.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    # A rule of axe is broken on purpose: so it did look.
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [each["id"] for each in Axe().run(page).response["violations"]] == ["html-has-lang"]
    context.close()
