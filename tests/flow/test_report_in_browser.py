"""The report as a reader sees it: in a browser, wide and narrow, on paper, without any network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
import results_fixture as given

from datrial.analyses.registry import ANALYSES
from datrial.report.build import write_report
from datrial.report.checks_page import write_checks_page
from datrial.results.cells import State, Table
from datrial.results.published import load_published, published_values
from datrial.results.store import write_run

WIDTHS = (390, 768, 1280, 1600)
#: A screen's and a phone's width, for what is slow.
TWO_WIDTHS = (390, 1280)

pytestmark = pytest.mark.browser


def _mixed() -> Table:
    """Return a table with every state, numbers of all kinds, two groups and two blocks of rows."""
    rows = {"first": "First", "second": "Second", "third": "Third", "fourth": "Fourth"}
    table = Table(
        "risk_score.mixed", "Every state", "Note.", (), rows,
        {"one": "One", "other": "Other"}, standing="exploratory",
    )  # fmt: skip
    for column in table.column_labels:
        for row, count in zip(rows, (9, 1204, 0), strict=False):
            table.add(row, column, "count", count)
            table.add(row, column, "share", count / 2408, n=2408)
        table.absent("fourth", column, "count", "small number", state=State.SUPPRESSED)
        table.absent("fourth", column, "share", "small number", state=State.SUPPRESSED)
    return table


def _wide() -> Table:
    """Return a table of columns of different kinds, which stands in parts."""
    columns = {"all": "All", "drive": "Drive", "control": "Control", "t": "Student's t-test"}
    table = Table("risk_score.wide", "Columns of all kinds", "", (), {"a": "A"}, columns)
    for column in ("all", "drive", "control"):
        for name in ("mean", "sd", "median", "minimum", "maximum"):
            table.add("a", column, name, 12.25)
    for name in ("difference", "ci_low", "ci_high", "p_value"):
        table.add("a", "t", name, 0.5)
    return table


CHECKS = {
    "tables": [
        {
            "table": "marac_case",
            "grain": "one row per case",
            "extracts": [
                {
                    "extract": "drive/marac_site_1@0123456789ab",
                    "received": 1010, "staged": 1000, "quarantined": 10,
                }
            ],
            "reasons": [{"reason": "blank row", "rows": 10, "stage": "load"}],
            "problems": [],
            "rules": [
                {
                    "rule": name, "description": "The age is plausible: nobody else is heard.",
                    "severity": "critical_row", "engine": "sql", "reads": "",
                    "looked_at": 1000, "failed": failed, "quarantined": failed,
                    "verdict": verdict, "message": f"{failed} of 1,000 fail." if failed else "",
                    "observed": None,
                }
                for name, failed, verdict in (("age", 0, "passed"), ("day", 5, "quarantined"))
            ],
        }
    ]
}  # fmt: skip


def _written(home: Path, tables: list[tuple[str, Table]]) -> Path:
    """Store a run with these tables and write its pages; return where its report is."""
    published = published_values(load_published("drive"), given.PARAMETERS)
    write_run(home, given.RUN_ID, given.manifest(), tables, published, CHECKS)
    write_checks_page(home, given.RUN_ID)
    return write_report(home, given.RUN_ID, list(ANALYSES.values()))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = [*given.tables(), ("risk_score", _mixed()), ("risk_score", _wide())]
    return _written(tmp_path_factory.mktemp("home"), tables)


@pytest.fixture(scope="module")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report that has each kind of part, but few of each: axe takes its time."""
    names = ("marac_follow_up.reappearance", "participant_flow.flow", "extracts_received.checks")
    tables = [entry for entry in given.tables() if entry[1].id in names]
    rules = {f"r{number}": f"Rule {number}" for number in range(45)}
    long = Table("extracts_received.long", "Many rules", "", (), rules, {"failed": "Rows failed"})
    for row in rules:
        long.add(row, "failed", "count", 0, note="warning" if row == "r7" else "passed")
    more = [("extracts_received", long), ("risk_score", _mixed()), ("risk_score", _wide())]
    return _written(tmp_path_factory.mktemp("small"), [*tables, *more])


@pytest.fixture
def opened(browser: Any, report: Path, tmp_path: Path) -> Iterator[Any]:
    """Open the report at a width; a picture of what is wrong is kept if the test fails."""
    pages = []

    def at(width: int, *, script: bool = True, file: Path | None = None) -> Any:
        page = browser.new_page(
            viewport={"width": width, "height": 900}, java_script_enabled=script
        )
        pages.append(page)
        page.goto((file or report).as_uri())
        return page

    yield at
    for page in pages:
        page.close()


def _picture(page: Any, folder: Path, name: str) -> str:
    """Save a picture of the page, for whoever mends what a test found; return where."""
    place = folder / f"{name}.png"
    page.screenshot(path=str(place), full_page=True)
    return str(place)


@pytest.mark.parametrize("width", TWO_WIDTHS)
def test_the_report_fits_the_window_and_asks_for_nothing(
    browser: Any, report: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri(), wait_until="networkidle")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    for text in ("Simulated extracts.", "How to read the tables", "Limits", "Definitions used"):
        assert page.get_by_text(text, exact=True).last.is_visible()
    assert page.locator("figure svg").count() == 13
    page.close()


#: What is wrong with the layout, in words; nothing if nothing is. No pixel is compared.
MEASURE = """() => {
  const wrong = [];
  const box = e => e.getBoundingClientRect();
  const name = e => `${e.id || e.getAttribute('aria-label') || e.className || e.tagName}`;
  const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
  const shown = e => e.checkVisibility();
  const wide = e => e.scrollWidth > e.clientWidth + 1;
  const words = e => e.textContent.trim().slice(0, 40);
  const columns = row => [...row.cells].filter(shown).reduce((n, c) => n + c.colSpan, 0);
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) wrong.push('the page is wider than the window');
  const nav = box(document.querySelector('nav')), main = box(document.querySelector('main'));
  const beside = nav.right <= main.left || nav.left >= main.right;
  if (!beside && nav.bottom > main.top && nav.top < main.bottom)
    wrong.push('the contents lie over the report');
  for (const svg of all('figure svg')) {
    const inner = box(svg), outer = box(svg.closest('figure')), id = svg.closest('figure').id;
    if (inner.width < 100 || inner.height < 30) wrong.push('no size: ' + id);
    if (inner.left < outer.left - 1 || inner.bottom > outer.bottom + 1)
      wrong.push('outside of its figure: ' + id);
    if (inner.right > outer.right + 1 && !wide(svg.parentElement)) wrong.push('cut off: ' + id);
  }
  for (const cell of all('main td, main th'))
    if (shown(cell) && wide(cell)) wrong.push('cell too small: ' + words(cell));
  for (const table of all('main table').filter(shown)) {
    const outer = table.closest('.scroll');
    const widths = new Set([...table.tBodies].flatMap(b => [...b.rows]).map(columns));
    widths.add(columns(table.tHead.rows[0]));
    if (widths.size > 1) wrong.push(`columns do not match: ${name(outer)} ${[...widths]}`);
    if (table.scrollWidth > outer.clientWidth + 1 && getComputedStyle(outer).overflowX !== 'auto')
      wrong.push('table cut off: ' + name(outer));
  }
  for (const text of all('main :is(p, li, dd, h2, h3, h4), nav li'))
    if (shown(text) && !text.closest('.scroll') && wide(text)) {
      if (getComputedStyle(text).display !== 'inline') wrong.push('text too wide: ' + words(text));
    }
  return wrong;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_the_layout_holds(opened: Any, tmp_path: Path, width: int) -> None:
    page = opened(width)
    for state in ("as it opens", "with everything open", "shares", "counts"):
        if state == "with everything open":
            page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        elif state in ("shares", "counts"):
            page.locator(f"input[value={state}]").check()
        wrong = page.evaluate(MEASURE)
        assert wrong == [], f"{state}: see {_picture(page, tmp_path, 'layout')}"


def test_the_measure_sees_a_broken_layout(opened: Any) -> None:
    breaks = {
        "main{margin-left:-12rem}": "the contents lie over the report",
        "main h2{width:130vw}": "the page is wider than the window",
        "figure svg{display:none}": "no size",
        "table{table-layout:fixed;width:5rem;min-width:0}": "cell too small",
        "tbody td:nth-child(2){display:none}": "columns do not match",
    }
    for style, word in breaks.items():
        page = opened(1280)
        page.add_style_tag(content=style)
        assert any(word in entry for entry in page.evaluate(MEASURE)), style


def test_on_a_wide_window_no_table_is_cut_off(opened: Any) -> None:
    page = opened(1280)
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        ".map(e => e.getAttribute('aria-label').slice(0, 60))"
    )
    assert cut == []


AXE = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]},
    "resultTypes": ["violations"],
}


@pytest.mark.parametrize("width", TWO_WIDTHS)
@pytest.mark.parametrize("name", ["index.html", "checks.html"])
def test_axe_finds_nothing(
    opened: Any, small_report: Path, tmp_path: Path, width: int, name: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    page = opened(width, file=small_report.with_name(name))
    # Drawings are hidden from readers of text, and their words are the figure's label. As it
    # opens, the report is the same with less of it: only what is around it is looked at.
    for leave_out in ("main", "figure svg"):
        found = Axe().run(page, context={"exclude": [[leave_out]]}, options=AXE).response
        wrong = [
            f"{entry['id']}: {node['target']} {node['failureSummary']}"
            for entry in found["violations"]
            for node in entry["nodes"]
        ]
        assert wrong == [], _picture(page, tmp_path, "axe")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def test_axe_is_no_yes_sayer(opened: Any, small_report: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(1280, file=small_report)
    page.evaluate("document.querySelector('h2').style.color = '#ddd'")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    found = Axe().run(page, context={"exclude": [["table"], ["svg"]]}, options=AXE).response
    assert {entry["id"] for entry in found["violations"]} >= {"color-contrast", "html-has-lang"}


def test_the_contents_lead_to_their_sections_and_mark_the_one_that_is_read(opened: Any) -> None:
    page = opened(1280)
    contents = page.get_by_role("navigation")
    contents.get_by_text("Methods", exact=True).click()
    page.wait_for_url("**#methods")
    page.locator("nav a[href='#methods'][aria-current=location]").wait_for()
    assert contents.locator("[aria-current]").count() == 1
    # The contents stay in sight, however far down the reader is.
    box = contents.bounding_box()
    assert box is not None
    assert -1 <= box["y"] < 20
    assert contents.locator("[aria-current]").is_visible()


def test_on_a_phone_the_contents_are_folded_and_open_by_hand(opened: Any) -> None:
    page = opened(390)
    link = page.get_by_role("navigation").get_by_role("link", name="Limits")
    assert not link.is_visible()
    page.get_by_text("Contents", exact=True).click()
    link.click()
    page.wait_for_url("**#limits")
    assert not link.is_visible()


def test_tables_sort_by_keyboard_numbers_as_numbers_and_what_is_absent_last(opened: Any) -> None:
    page = opened(1280)
    table = page.locator("table.data").filter(has_text="Every state")
    head = table.locator("th[data-column]").first
    button = head.get_by_role("button")
    orders = {"none": ["First", "Second", "Third", "Fourth"],
              "descending": ["Second", "First", "Third", "Fourth"],
              "ascending": ["Third", "First", "Second", "Fourth"]}  # fmt: skip
    for state in ("none", "descending", "ascending", "none"):
        assert head.get_attribute("aria-sort") == state
        assert table.locator("tbody th").all_inner_texts() == orders[state]
        button.focus()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
    other = table.locator("th[data-column]").nth(2)
    other.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert other.get_attribute("aria-sort") == "descending"


def test_rows_stay_within_their_block_when_sorted(opened: Any) -> None:
    page = opened(1280)
    table = page.locator("table.data:has(tr.block)").first

    def labels() -> list[list[str]]:
        blocks = table.locator("tbody").all()
        return [block.locator("th[scope=row]").all_inner_texts() for block in blocks]

    before = labels()
    table.locator("th[data-column] button").first.click()
    after = labels()
    assert len(before) == len(after) > 1
    assert before != after
    assert list(map(sorted, before)) == list(map(sorted, after))
    for body in table.locator("tbody").all():
        assert "block" in (body.locator("tr").first.get_attribute("class") or "")


def test_the_switch_shows_counts_or_shares_where_a_table_has_both(opened: Any) -> None:
    page = opened(1280)
    table = page.locator("table.data").filter(has_text="Every state")

    def words() -> str:
        return str(table.locator("tbody").inner_text())

    assert "1,204" in words()
    assert "50.0%" in words()
    page.get_by_role("radio", name="percentages", exact=True).check()
    assert "1,204" not in words()
    assert "50.0%" in words()
    page.get_by_role("radio", name="numbers", exact=True).check()
    assert "1,204" in words()
    assert "50.0%" not in words()
    # A table that has the one kind only is left as it is.
    alone = page.locator("table.data:not(.both)").first
    assert alone.locator("tbody td").first.is_visible()


def test_the_numbers_of_a_table_can_be_taken_along(opened: Any, report: Path) -> None:
    page = opened(1280)
    with page.expect_download() as begun:
        page.locator("a[download='risk_score.mixed.csv']").first.click()
    kept = report.parents[2] / "results" / given.RUN_ID / "tables" / "risk_score.mixed.csv"
    assert begun.value.suggested_filename == "risk_score.mixed.csv"
    assert Path(begun.value.path()).read_bytes() == kept.read_bytes()


def test_without_a_script_everything_can_be_read(opened: Any) -> None:
    page = opened(1280, script=False)
    assert page.get_by_text("Contents", exact=True).is_visible()
    assert page.get_by_role("link", name="Definitions used").is_visible()
    assert not page.get_by_text("Tables show").is_visible()  # nothing that would do nothing
    assert page.locator("button").count() == 0
    table = page.locator("table.data").filter(has_text="Every state")
    assert "1,204" in table.inner_text()
    assert "50.0%" in table.inner_text()


def test_the_first_tab_leads_past_the_contents(opened: Any) -> None:
    page = opened(1280)
    page.keyboard.press("Tab")
    skip = page.get_by_text("Skip to the report")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    page.locator("main:focus").wait_for()


def test_on_paper_nothing_is_cut_off_and_nothing_is_there_to_click(
    opened: Any, tmp_path: Path
) -> None:
    page = opened(680)  # about the width of a page of A4 within its margins
    page.emulate_media(media="print")
    for text in ("Contents", "Tables show", "Data of this table (CSV)", "Skip to the report"):
        assert not page.get_by_text(text).first.is_visible(), text
    # A head that holds a box of its own (a button) is not repeated on the next page.
    assert page.evaluate("getComputedStyle(document.querySelector('.sort')).display") == "contents"
    cut = page.evaluate(
        "[...document.querySelectorAll('main .scroll > *')]"
        ".filter(e => e.checkVisibility())"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.parentElement.getAttribute('aria-label').slice(0, 60))"
    )
    assert cut == [], _picture(page, tmp_path, "print")
    printed = page.pdf(format="A4", path=str(tmp_path / "report.pdf"))
    assert printed[:5] == b"%PDF-"
    height = page.evaluate(
        "Math.max(...[...document.querySelectorAll('figure')].map(e => e.offsetHeight))"
    )
    assert height < 950  # no figure is higher than a page
