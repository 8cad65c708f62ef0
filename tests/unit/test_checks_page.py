"""The page of checks: every rule in counts, what changed since the last run, and no value."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import results_fixture as given
from checks_fixture import SUITES, cases, suite, warehouse

from datrial.checks.record import checks_of
from datrial.checks.run import run_checks
from datrial.errors import DatrialError, UsageError
from datrial.report.checks_page import write_checks_page
from datrial.report.checks_trend import percent, trend
from datrial.results.check_history import CHECKS, earlier_checks, read_checks
from datrial.results.store import write_run


def rule(**changes: Any) -> dict[str, Any]:
    """Return the result of a rule that passed."""
    return {
        "rule": "age_plausible",
        "description": "The age is between 10 and 110 years: nobody else is heard.",
        "severity": "critical_row",
        "engine": "great_expectations",
        "reads": "",
        "looked_at": 1000,
        "failed": 0,
        "quarantined": 0,
        "verdict": "passed",
        "message": "",
        "observed": None,
        **changes,
    }


FAILING = {"failed": 5, "quarantined": 5, "verdict": "quarantined", "message": "5 of 1,000 fail."}
MEAN = {"rule": "share", "severity": "warning", "description": "A band.", "observed": 0.25}


def checks(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return the checks of one table with an account of 1,010 rows."""
    return {
        "tables": [
            {
                "table": "marac_case",
                "grain": "one row per case",
                "extracts": [
                    {"extract": "drive/marac_site_1@0123456789ab", "received": 1010,
                     "staged": 1000, "quarantined": 10},
                    {"extract": "drive/marac_site_2@ba9876543210", "received": 7, "staged": 7,
                     "quarantined": 0},
                ],
                "reasons": [{"reason": "blank row", "stage": "staging", "rows": 10}],
                "problems": [{"column": "referral_agency", "problem": "unknown code", "rows": 3}],
                "rules": list(rules),
            }
        ]
    }  # fmt: skip


def store(home: Path, name: str, content: dict[str, Any] | None, **changes: Any) -> str:
    """Store a run with its checks; the name's number is the day on which it ended."""
    day = int(name.rpartition("-")[2])
    end = f"2026-10-{day:02d}T02:00:00+00:00"
    manifest = {**given.manifest(), "snapshot_id": f"snapshot{day}", "end": end, **changes}
    write_run(home, name, {**manifest, "run_id": name}, given.tables()[:1], {}, content)
    return name


def page_of(home: Path, run: str) -> str:
    return write_checks_page(home, run).read_text(encoding="utf-8")


def text_of(html: str) -> str:
    """Return what a reader sees, spaces made even."""
    seen: list[str] = []

    class Reader(HTMLParser):
        hidden = 0

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.hidden += tag == "style"

        def handle_endtag(self, tag: str) -> None:
            self.hidden -= tag == "style"

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                seen.append(data)

    Reader().feed(html)
    return " ".join(" ".join(seen).replace("\xad", "").split())


def test_the_page_holds_every_rule_and_the_account(tmp_path: Path) -> None:
    run = store(tmp_path, "run-1", checks(rule(**FAILING), rule(**MEAN)))
    path = write_checks_page(tmp_path, run)
    assert path == tmp_path / "reports" / run / "checks.html"
    seen = text_of(path.read_text(encoding="utf-8"))
    for words in (
        "2 rules in 1 table", "1 passed", "0 warned", "1 put rows into quarantine", "0 failed",
        "1,017 rows were received: 1,007 are staged for the analyses and 10 are in quarantine",
        "marac_site_1 (012345) 1,010 1,000 10", "marac_site_2 (ba9876) 7 7 0",
        "All extracts 1,017 1,007 10", "In quarantine: blank row (10).",
        "in rows that were kept: referral_agency, unknown code (3).",
        "The age is between 10 and 110 years. Nobody else is heard. 5 of 1,000 fail. "
        "age_plausible · Great Expectations Quarantines the row 1,000 5 0.5% 5 rows quarantined "
        "first run",
        "A band. share · Great Expectations Warns 1,000 mean 0.250 0 passed first run",
        "This is the first run of this study on other data",
    ):  # fmt: skip
        assert words in seen


def test_the_page_needs_no_network_and_no_script_and_is_the_same_each_time(tmp_path: Path) -> None:
    store(tmp_path, "run-1", checks(rule()))
    run = store(tmp_path, "run-2", checks(rule(**FAILING)))
    html = page_of(tmp_path, run)
    assert "<script" not in html
    assert "http://" not in html
    assert "https://" not in html
    assert html == page_of(tmp_path, run)


def test_what_a_suite_says_is_escaped(tmp_path: Path) -> None:
    run = store(tmp_path, "run-1", checks(rule(description="<script>alert(1)</script> & more")))
    html = page_of(tmp_path, run)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html


def test_the_page_says_what_changed_since_the_last_run(tmp_path: Path) -> None:
    worse, better = rule(rule="worse"), rule(rule="better", **FAILING)
    store(tmp_path, "run-1", checks(worse, better, rule(rule="gone"), rule(rule="same")))
    run = store(
        tmp_path,
        "run-4",
        checks({**worse, **FAILING}, rule(rule="better"), rule(rule="same"), rule(rule="added")),
    )
    seen = text_of(page_of(tmp_path, run))
    since = seen[seen.index("Since the run of 1 October 2026") : seen.index("How to read")]
    headline = "MARAC case: The age is between 10 and 110 years."
    assert f"1 went worse: {headline} 5 of 1,000 fail. 1 went better: {headline} 1 is new:" in since
    assert "MARAC case: gone." in since


def test_earlier_runs_are_those_of_the_study_each_snapshot_once(tmp_path: Path) -> None:
    for day in range(1, 15):
        store(tmp_path, f"run-{day}", checks(rule(failed=day)))
    store(tmp_path, "again-7", checks(rule(failed=99)), snapshot_id="snapshot6")
    store(tmp_path, "other-8", checks(rule(failed=99)), study="restart", snapshot_id="x8")
    store(tmp_path, "real-9", checks(rule(failed=99)), simulated=False, snapshot_id="x9")
    store(tmp_path, "without-10", None, snapshot_id="x10")
    store(tmp_path, "broken-11", checks(rule(failed=99)), snapshot_id="x11")
    (tmp_path / "results" / "broken-11" / CHECKS).write_text("{")
    store(tmp_path, "later-15", checks(rule(failed=99)))
    run = read_checks(tmp_path, "run-14")
    found = earlier_checks(tmp_path, run)
    assert [other.manifest.run_id for other in found] == [f"run-{day}" for day in range(3, 14)]
    assert earlier_checks(tmp_path, run, most=0) == []
    assert earlier_checks(tmp_path, read_checks(tmp_path, "run-1")) == []


def test_a_run_without_checks_or_with_broken_ones_says_so(tmp_path: Path) -> None:
    run = store(tmp_path, "run-1", None)
    with pytest.raises(UsageError, match="was stored without its checks"):
        write_checks_page(tmp_path, run)
    (tmp_path / "results" / run / CHECKS).write_text('{"tables": 3}')
    with pytest.raises(DatrialError, match=r"checks.json cannot be read"):
        write_checks_page(tmp_path, run)
    with pytest.raises(UsageError, match="There is no run"):
        write_checks_page(tmp_path, "nothing-1")


def test_checks_are_stored_as_they_were_given(tmp_path: Path) -> None:
    connection = warehouse("marac_case", *cases(perpetrator_age=5))
    run_checks(connection, SUITES, ["marac_case"])
    content = checks_of(connection)
    run = store(tmp_path, "run-1", content)
    assert list(read_checks(tmp_path, run).tables) == content["tables"]
    (table,) = content["tables"]
    (moved,) = (r for r in table["rules"] if r["rule"] == "perpetrator_age_plausible")
    assert (moved["failed"], moved["quarantined"], moved["verdict"]) == (1, 1, "quarantined")
    assert table["reasons"] == [
        {"reason": "perpetrator_age_plausible", "stage": "check", "rows": 1}
    ]
    assert table["extracts"] == [{"extract": "x@1", "received": 45, "staged": 44, "quarantined": 1}]
    order = [entry["meta"]["id"] for entry in json.loads(
        (SUITES / "marac_case.json").read_text())["expectations"]]  # fmt: skip
    assert [r["rule"] for r in table["rules"]] == order


def test_no_value_of_a_row_is_in_the_checks_or_on_the_page(tmp_path: Path) -> None:
    """Canaries stand in a reference, in a derived column, and in a code column."""
    rows = [{**row, "victim_id": f"CANARY {n}"} for n, row in enumerate(cases())]
    rows[0]["referral_agency"] = "CANARY"
    connection = warehouse("marac_case", *rows)
    known = ("expect_column_values_to_be_in_set", {"column": "made", "value_set": ["x"]})
    code = (
        "expect_column_values_to_be_in_set",
        {"column": "referral_agency", "value_set": ["police"]},
    )
    suite(tmp_path, "marac_case", (*known, "known", "warning"), (*code, "code", "critical_row"),
          columns={"made": "'CANNED ' || staged.victim_id"})  # fmt: skip
    run_checks(connection, tmp_path, ["marac_case"])
    run = store(tmp_path, "run-1", checks_of(connection))
    page_of(tmp_path, run)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {CHECKS, "checks.html"}
    for path in written:
        if path.suffix in (".json", ".html") and path.name != "marac_case.json":
            content = path.read_text(encoding="utf-8")
            assert "CANARY" not in content
            assert "CANNED" not in content


TRENDS: list[tuple[list[dict[str, Any] | None], str, str]] = [
    ([rule(), rule()], "", "0% in all 2 runs"),
    ([None, rule()], "new", "no earlier figure"),
    ([rule(), rule(**FAILING)], "worse", "0%, 0.5%"),
    ([rule(**FAILING), rule()], "better", "0.5%, 0%"),
    ([rule(**FAILING), rule(**{**FAILING, "failed": 6})], "worse", "0.5%, 0.6%"),
    ([rule(**FAILING), None, rule(**FAILING)], "", "0.5%, –, 0.5%"),
    ([rule(failed=1), rule(failed=2)], "", "0.1%, 0.2%"),
    ([rule(**MEAN), rule(**{**MEAN, "observed": 0.3})], "", "0.250, 0.300"),
    ([rule(looked_at=0, verdict="warned"), rule()], "better", "no earlier figure"),
]


@pytest.mark.parametrize(("results", "change", "words"), TRENDS)
def test_the_trend_of_a_rule(results: list[dict[str, Any] | None], change: str, words: str) -> None:
    found = trend(results, is_first_run=False)
    assert (found.change, found.words) == (change, words)
    if found.svg:
        drawn = ET.fromstring(found.svg)
        points = [float(y) for pair in drawn[0].attrib["points"].split() for y in pair.split(",")]
        assert min(points) >= 0
        assert max(points) <= 96
        assert len(points) == 2 * sum(result is not None for result in results)


def test_nothing_is_new_in_a_first_run() -> None:
    assert trend([rule()], is_first_run=True).change == ""


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (0.0001, "<0.1%"), (0.5, "50.0%"), (0.99999, "99.9%"), (1, "100%")],
)
def test_shares_are_never_rounded_to_none_or_all(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_window_and_asks_for_nothing(
    browser: Any, tmp_path: Path, width: int
) -> None:
    store(tmp_path, "run-1", checks(rule(), rule(**MEAN)))
    run = store(tmp_path, "run-2", checks(rule(**FAILING), rule(**MEAN)))
    path = write_checks_page(tmp_path, run)
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri(), wait_until="networkidle")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    page.get_by_text("1 rule passed").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cells = page.get_by_role("cell", name="rows quarantined worse")
    assert cells.first.is_visible()
    assert page.locator("svg.spark").count() == 2
    assert page.locator("svg.spark").nth(1).is_visible()
    page.get_by_role("navigation").get_by_text("MARAC case").click()
    page.wait_for_function("location.hash === '#marac_case'")
    page.close()
