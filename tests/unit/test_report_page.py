"""The report: one self-contained page, made from a stored run and nothing else."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import results_fixture as given

from datrial.analyses.base import Analysis, Parameters
from datrial.analyses.registry import ANALYSES
from datrial.errors import UsageError
from datrial.report.build import write_report
from datrial.report.chapters import ORDER
from datrial.report.tables import table_view
from datrial.results.cells import State, Table
from datrial.results.published import load_published, published_values
from datrial.results.read import RunTable
from datrial.results.store import write_run

RISK = Analysis(
    id="risk_score",
    title="Change in risk",
    question="Does the score fall?",
    population="Service users <with> a form.",
    rules="Number of yes.",
    model="Random-effects Poisson regression.",
    chapter="Behaviour and risk",
    limits=("No control has <such> a form.",),
    references=("Hausman, Hall and Griliches (1984)",),
    catalogue=("D-TA3.2",),
    parameters=Parameters,
    run=lambda context, parameters: [],
)


def _page(home: Path, tables: list[tuple[str, Table]] | None = None, **changes: Any) -> str:
    published = published_values(load_published("drive"), given.PARAMETERS)
    made = given.tables() if tables is None else tables
    write_run(home, given.RUN_ID, given.manifest(**changes), made, published)
    return write_report(home, given.RUN_ID, [RISK]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _page(tmp_path_factory.mktemp("home"))


class _Reader(html.parser.HTMLParser):
    """Collects the tags with their attributes, and checks that they are closed in order."""

    VOID = frozenset({"meta", "input", "link", "br", "img", "path", "use", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def _tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    return reader.tags


def test_the_same_run_gives_the_same_bytes(page: str, tmp_path: Path) -> None:
    again = _page(tmp_path, start="another day", end="another night", who="another evaluator")
    assert again == page
    assert "nightly" not in page
    assert "2026-11-22" not in page


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    addresses = re.findall(r'(?:src|href|xlink:href)="([^"]*)"|url\(([^)]*)\)', page)
    used = {first or second for first, second in addresses}
    beside = {address for address in used if not address.startswith(("#", "data:"))}
    certificates = f"../../verification/{given.manifest()['code_version']}/index.html"
    assert beside == {"changes.html", "checks.html", "results.xlsx", "results.ods", certificates}
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_one_script_runs_and_its_hash_is_in_the_policy(page: str) -> None:
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in page
    assert "'unsafe-inline'" not in page.partition("script-src")[2].partition(";")[0]
    assert not re.search(r"\son[a-z]+=", page.partition("<script")[0])


def test_each_table_and_figure_has_its_numbers_in_full_to_take_along(
    page: str, tmp_path: Path
) -> None:
    links = [a for tag, a in _tags(page) if tag == "a" and a.get("download")]
    tables = {table.id for _, table in given.tables()}
    assert {a["download"] for a in links} == {f"{name}.csv" for name in tables}
    assert len(links) == len(tables) + page.count("<figure")
    _page(tmp_path)
    for link in links:
        kept = tmp_path / "results" / given.RUN_ID / "tables" / str(link["download"])
        head, _, content = str(link["href"]).partition(",")
        assert head == "data:text/csv;charset=utf-8"
        assert unquote(content) == kept.read_text(encoding="utf-8")


def test_head_tells_study_run_snapshot_and_the_data_s_own_date(page: str) -> None:
    head = page.partition("</header>")[0]
    for text in (given.manifest()["title"], given.RUN_ID, "7f3a9c21d0e4", "30 September 2019"):
        assert text in head
    assert '<html lang="en-GB">' in page


def test_simulated_extracts_are_announced_and_real_ones_are_not(page: str, tmp_path: Path) -> None:
    assert "Simulated extracts." in page
    assert "Simulated extracts." not in _page(tmp_path, [], simulated=False)


def test_summary_begins_with_the_primary_outcomes_and_leaves_open_what_is_open(page: str) -> None:
    summary = page.partition('id="summary"')[2].partition('id="extracts_received"')[0]
    names = ("marac_follow_up", "behaviour_change", "extracts_received", "risk_score")
    order = [summary.index(f'href="#{name}"') for name in names]
    assert order == sorted(order)
    assert "the interval includes 1, so the data do not settle" in summary
    assert "0-6 months after: the intervention arm appeared at MARAC at 0.66 times" in summary
    assert "43.7% at intake (95% interval 39.3% to 48.1%; published 45%)" in summary
    assert "not an effect of the allocation" in summary


def test_every_number_with_a_published_one_shows_it_and_the_difference(page: str) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    assert "0.83 ◇ published 0.82 difference (+0.01)" in text
    assert "< 0.001 ◇ published 0.00" in text.replace("&lt;", "<")
    assert "Published, but not a row" not in text


def test_flow_diagram_has_the_numbers_of_the_cells(page: str) -> None:
    drawing = page.partition('id="figure-participant-flow"')[2].partition("</figure>")[0]
    for number in ("2,731", "2,594", "509", "(509)", "2,085", "148", "(149)", "[z]"):
        assert f">{number}</text>" in drawing
    assert "heard outside recruitment" in drawing


def test_every_figure_has_a_title_and_the_same_in_words(page: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", page, flags=re.DOTALL)
    assert len(figures) == 13
    for figure in figures:
        assert re.search(r"<figcaption>[^<]{20,}</figcaption>", figure)
        assert re.search(r'role="img" aria-label="[^"]{60,}"', figure)


def test_every_table_has_a_caption_and_heads_with_a_scope(page: str) -> None:
    tags = _tags(page)
    names = Counter(tag for tag, _ in tags)
    assert names["table"] == names["caption"]
    results = [a for tag, a in tags if tag == "table" and "words" not in str(a.get("class"))]
    parts = sum(len(table_view(RunTable(a, t, {})).parts) for a, t in given.tables())
    assert len(results) == parts >= len(given.tables())
    assert all(attributes.get("scope") for tag, attributes in tags if tag == "th")


def test_no_id_is_used_twice_and_every_link_has_its_target(page: str) -> None:
    tags = _tags(page)
    ids = Counter(attributes["id"] for _, attributes in tags if "id" in attributes)
    assert [name for name, times in ids.items() if times > 1] == []
    links = {(a.get("href") or "") for tag, a in tags if tag in ("a", "use")}
    links |= {(a.get("xlink:href") or "") for tag, a in tags if tag == "use"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_methods_and_the_command_that_repeats_the_run_are_there(page: str, tmp_path: Path) -> None:
    assert "Random-effects Poisson regression." in page
    assert "Service users &lt;with&gt; a form." in page
    assert "datrial analyse --study drive --snapshot 7f3a9c21d0e4</code>" in page
    changed = _page(tmp_path, [], changes={"risk_score.formula": "time_point"}, label="a b")
    assert "--set risk_score.formula=time_point --label &#39;a b&#39;</code>" in changed


def test_a_failed_analysis_shows_the_gap_and_the_reason(tmp_path: Path) -> None:
    ends = [{"id": "risk_score", "state": "failed", "reason": "the model cannot be fitted"}]
    page = _page(tmp_path, [], analyses=ends)
    assert "1 of 1 analyses failed." in page
    section = page.partition('id="risk_score"')[2].partition("</section>")[0]
    assert "No result." in section
    assert "the model cannot be fitted" in section


def test_text_from_the_data_s_side_is_escaped(tmp_path: Path) -> None:
    table = Table("risk_score.rate_ratios", "A <b>title</b>", "<i>", (),
                  {"other": "<script>x</script>"}, {"estimate": "&"})  # fmt: skip
    table.add("other", "estimate", "rate_ratio", 0.9)
    page = _page(tmp_path, [("risk_score", table)])
    assert page.count("<script") == 1
    assert "<script>x" not in page
    assert "<b>title" not in page
    _tags(page)


def test_a_table_without_any_value_has_marks_and_no_figure(tmp_path: Path) -> None:
    table = Table("marac_follow_up.rate_ratios", "T", "", (), given.PERIODS, {"estimate": "E"})
    for period in given.PERIODS:
        table.absent(period, "estimate", "rate_ratio", "no data", state=State.NOT_AVAILABLE)
    page = _page(tmp_path, [("marac_follow_up", table)])
    assert "<figure" not in page
    assert page.partition("<tbody>")[2].count("[x]") == len(given.PERIODS)


def test_an_unknown_run_is_a_user_s_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no run 'abc'"):
        write_report(tmp_path, "abc")


STUDY = {
    "analyses": {"risk_score": {}},
    "disclosure": "counts_below_5",
    "allocation": {"method": "imported", "eligibility": {"minimum_age": 16}},
    "sites": {
        "site_1": {
            "label": "Site 1",
            "recruitment_start": "2016-04-01",
            "recruitment_end": "2018-10-31",
        }
    },
    "periods": [
        {
            "key": "before",
            "label": "Six months before",
            "after": {"anchor": "index", "months": -6},
            "until": {"anchor": "index", "months": 0},
            "including_start": True,
        },
        {
            "key": "after",
            "label": "After",
            "after": {"anchor": "end", "months": 6},
            "until": {"anchor": "data_end", "months": 0},
            "including_start": False,
        },
    ],
    "windows": [0, 6, 12],
    "end_of_intervention": {"rule": "mean_intervention_duration", "days": None},
    "definitions": {"beside": {"marac_repeat": [2]}},
    "scoring": {"dash_items": 20, "dash_max_not_known": 10},
    "quarantine_limit": 0.05,
}


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def _section(page: str, name: str) -> str:
    """Return what stands from a section's begin to the next chapter's."""
    begun = page.partition(f'<section id="{name}"')[2]
    return _text("<" + re.split(r'<section id="', begun)[0])


def test_every_analysis_stands_in_a_chapter_that_is_in_the_order() -> None:
    assert {analysis.chapter for analysis in ANALYSES.values()} == set(ORDER)


def test_chapters_come_in_their_order_with_the_appended_ones_after_them(tmp_path: Path) -> None:
    home = tmp_path
    write_run(home, given.RUN_ID, given.manifest(), given.tables(), {})
    page = write_report(home, given.RUN_ID, list(ANALYSES.values())).read_text(encoding="utf-8")
    heads = [
        _text(head).strip()
        for head in re.findall(r"<h2 id=[^>]*>(.*?)</h2>", page, flags=re.DOTALL)
    ]
    middle = [head for head in heads if head in ORDER]
    assert heads[0] == "Summary"
    assert middle == [title for title in ORDER if title in middle]
    assert len(middle) == 5
    last = ["Limits", "Definitions used", "Methods", "Appendix: the published report"]
    assert heads[-5:] == [*last, "How to repeat this run"]


#: What a run records of its plan (pipeline.planned.plan_record).
PLAN = {
    "locked": "2026-09-01",
    "hash": "5f" * 32,
    "amendments": [
        {"date": "2026-10-01", "reason": "two more sites", "changed": ["sites"], "hash": "6f" * 32}
    ],
    "planned": ["risk_score"],
    "planned_in_all": 20,
}


def test_the_head_tells_the_rules_under_which_the_run_was_made(tmp_path: Path) -> None:
    page = _page(
        tmp_path, [], resolved_study=STUDY, only=["risk_score"], label="draft two",
        disclosure={"profile": "counts_below_5", "hidden": {"primary": 3}},
        plan=PLAN,
    )  # fmt: skip
    head = _text(page.partition("<header>")[2].partition("</header>")[0])
    assert "Small numbers profile counts below 5" in head
    assert "Analysis plan locked on 1 September 2026, amended 1 time since" in head
    assert "Selection only 1 of the study" in head
    assert "draft two" in head
    assert "No count of 1 to 4 people" in _section(page, "definitions-used")
    unlocked = _text(_page(tmp_path / "other", [], resolved_study=STUDY))
    assert "Analysis plan not locked" in unlocked
    assert "Small numbers" not in unlocked  # the study names a profile; this run was not protected


def test_definitions_are_said_in_words_with_their_first_and_last_days(tmp_path: Path) -> None:
    page = _page(
        tmp_path, [], resolved_study=STUDY, arms={"arm_a": "Arm A", "arm_b": "Arm B"},
        parameters={"risk_score": {"dont_know": "missing"}},
        analyses=[{"id": "risk_score", "state": "done"}],
    )  # fmt: skip
    said = _section(page, "definitions-used")
    for text in (
        "Arm A and Arm B, each person as allocated",
        "Site 1: recruited from 1 April 2016 to 31 October 2018.",
        "Six months before: from 6 months before the index date, that day included, to the day "
        "before the index date.",
        "After: from the day after 6 months after the end of the intervention to the last day of "
        "the data, that day included.",
        "0-6, 6-12 months from the index date",
        "Version 2, shown beside it: the same pair heard again",
        "Counts as a missing answer in: Change in risk.",
        "more than 5% of an extract",
    ):
        assert text in said, text


def test_limits_are_those_of_the_run_and_of_its_analyses(tmp_path: Path) -> None:
    table = Table("risk_score.means", "Means", "", (), {"a": "A", "b": "B", "c": "C"}, {"x": "X"})
    table.add("a", "x", "mean", 1.0, warning="7 of 12 people left out")
    table.add("b", "x", "mean", 2.0, warning="1,204 of 5 people left out")
    table.absent("c", "x", "mean", "small <number>", state=State.SUPPRESSED)
    for row in ("a", "b"):
        table.absent(row, "x", "share", "no form", state=State.NOT_AVAILABLE)
    page = _page(
        tmp_path, [("risk_score", table)], resolved_study=STUDY, only=["risk_score"],
        plan=PLAN, exploratory={"risk_score": "effect was changed"},
        analyses=[
            {"id": "risk_score", "state": "done"},
            {"id": "balance", "state": "failed", "reason": "no arms"},
        ],
    )  # fmt: skip
    said = _section(page, "limits")
    for text in (
        "The extracts are simulated",
        "These analyses failed and have no result: Balance.",
        "The analysis plan was locked on 1 September 2026",
        "Amended on 1 October 2026 (sites): two more sites.",
        "This run is a selection: it has 0 of the 20 planned analyses.",
        "marked so in every table: risk_score (effect was changed).",
        "No control has &lt;such&gt; a form.",
        "2 numbers are not available, for 1 reason",
        "no form 2",
        "2 numbers have a warning; 1 kind of warning",
        "… of … people left out 2",
        "Numbers kept back, by analysis",
    ):
        assert text in said, text
    assert "Exploratory: effect was changed. It may suggest a question" in _text(page)


def test_an_exploratory_table_says_so_at_its_head_and_in_the_contents(tmp_path: Path) -> None:
    table = Table(
        "risk_score.means", "Means", "", (), {"a": "A"}, {"x": "X"}, standing="exploratory"
    )
    table.add("a", "x", "mean", 1.0)
    page = _page(tmp_path, [("risk_score", table)])
    assert "Exploratory: not planned as it was run." in page
    contents = _text(page.partition("<nav")[2].partition("</nav>")[0])
    assert "Change in risk exploratory" in contents
    assert "exploratory" not in _text(_page(tmp_path / "other", []))


def test_a_suppressed_number_is_in_no_part_of_the_page(tmp_path: Path) -> None:
    table = Table("risk_score.means", "Means", "", (), {"a": "A", "b": "B"}, {"x": "X"})
    table.absent("a", "x", "count", "below five", state=State.SUPPRESSED, n=431)
    table.add("b", "x", "count", 977)
    page = _page(tmp_path, [("risk_score", table)])
    assert "977" in page
    assert "431" not in _text(page.partition("<main")[2].partition("</main>")[0])
    assert "a,A,suppressed" in unquote(page)
