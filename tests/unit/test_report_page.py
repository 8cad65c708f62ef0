"""The report: one self-contained page, made from a stored run and nothing else."""

from __future__ import annotations

import html.parser
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import results_fixture as given

from datrial.analyses.base import Analysis, Parameters
from datrial.errors import UsageError
from datrial.report.build import write_report
from datrial.results.cells import State, Table
from datrial.results.published import load_published, published_values
from datrial.results.store import write_run

RISK = Analysis(
    id="risk_score",
    title="Change in risk",
    question="Does the score fall?",
    population="Service users <with> a form.",
    rules="Number of yes.",
    model="Random-effects Poisson regression.",
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

    VOID = frozenset({"meta", "link", "br", "img", "path", "use", "rect"})

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
    assert all(address.startswith(("#", "data:")) for address in used)
    assert "<script" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


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
    assert names["table"] == names["caption"] == len(given.tables())
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
    assert "<script" not in page
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
