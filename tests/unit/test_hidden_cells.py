"""Hidden cells in figures and sentences: they have their mark, and nothing gives them back."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from run_tables_fixture import stored_run, with_states

from datrial.pipeline.headline import headline
from datrial.report.absent import HIDDEN
from datrial.report.drawing import Figure
from datrial.report.figures import _FIGURES, _FIGURES_OF_TWO, figure_for
from datrial.report.numbers import style_of, write_number
from datrial.report.summary import findings
from datrial.results.cells import Cell, State, Table
from datrial.results.read import Run, RunTable
from datrial.results.store import write_run
from datrial.results.wide import statistics_of

#: Every table that has a figure; the older flow is drawn only where the newer is not.
DRAWN = sorted({*_FIGURES, *_FIGURES_OF_TWO} - {"participant_flow.flow"})
#: Made of published numbers or draws, of which none is ever hidden.
OF_NOBODY = {
    "cost_model.acceptability", "cost_model.items", "cost_model.one_way", "cost_model.plane",
}  # fmt: skip
#: Tables whose hidden numbers could be worked out from the others by adding up.
ADDITIVE = [
    "extracts_received.rows", "participant_flow.perpetrators", "participant_flow.victims",
    "needs.number", "needs.engagement_by_need", "behaviours.severity", "behaviours.change",
    "behaviours.transitions", "interventions.work", "interventions.duration_bands",
    "victim_behaviours.severity", "victim_risk.change", "victim_risk.sustainability",
]  # fmt: skip
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def some(seed: int, share: float, state: State = State.SUPPRESSED) -> Callable[..., State | None]:
    """Hide a share of all cells, each table in its own way."""
    chance = random.Random(seed)

    def pick(entry: RunTable, cell: Cell) -> State | None:
        return state if chance.random() < share else None

    return pick


def several_states(seed: int) -> Callable[..., State | None]:
    """Hide single cells, whole rows, whole columns and single ends of intervals."""
    states = (State.SUPPRESSED, State.NOT_AVAILABLE, State.NOT_APPLICABLE)

    def chance(*key: str) -> random.Random:
        return random.Random("/".join((str(seed), *key)))

    def pick(entry: RunTable, cell: Cell) -> State | None:
        for key, share in (
            ((entry.table.id, "row", cell.row), 0.15),
            ((entry.table.id, "column", cell.column), 0.1),
            ((entry.table.id, "statistic", cell.statistic), 0.05),
            ((entry.table.id, cell.row, cell.column, cell.statistic), 0.2),
        ):
            found = chance(*key)
            if found.random() < share:
                return found.choice(states)
        return None

    return pick


@cache
def half_hidden() -> Run:
    return with_states(some(1, 0.5))


@cache
def in_several_states(seed: int) -> Run:
    return with_states(several_states(seed))


def drawn(run: Run, table_id: str) -> Figure | None:
    entry = run.table(table_id)
    assert entry is not None
    return figure_for(run, entry)


def texts(figure: Figure) -> str:
    """Return all that can be read in a figure."""
    inside = re.findall(r"<(?:text|tspan|title|desc)[^>]*>(.*?)</", figure.svg, re.DOTALL)
    comments = re.findall(r"<!--(.*?)-->", figure.svg, re.DOTALL)
    return "\n".join([figure.title, figure.alt, figure.caption, *inside, *comments])


def written(entry: RunTable, cell: Cell) -> str:
    """Return a cell's number as a sentence or an alternative text has it."""
    assert cell.value is not None
    beside = statistics_of(entry.table)[cell.column]
    return write_number(cell.value, style_of(cell.statistic, cell.column, beside))


def sentences(run: Run) -> Iterator[str]:
    for found in findings(run, {}):
        yield from found.sentences


def test_the_fixture_has_every_table_of_a_figure() -> None:
    assert set(DRAWN) <= {entry.table.id for entry in stored_run().tables}


@pytest.mark.parametrize("table_id", [each for each in DRAWN if each not in OF_NOBODY])
def test_a_figure_with_hidden_cells_says_so_in_itself_its_words_and_its_caption(
    table_id: str,
) -> None:
    figure = drawn(half_hidden(), table_id)
    assert figure is not None
    assert "[c]" in texts(replace(figure, alt="", caption="", title=""))
    assert f"{HIDDEN} [c]" in figure.alt
    assert f"[c]: {HIDDEN}" in figure.caption
    assert "nan" not in re.sub(r"[a-z]*nan[a-z]+|[a-z]+nan", "", texts(figure).lower())


@pytest.mark.parametrize("table_id", DRAWN)
def test_a_figure_bears_any_states(table_id: str) -> None:
    figure = drawn(in_several_states(7), table_id)
    if figure is not None:
        for mark in ("[c]", "[x]", "[z]"):
            assert (mark in texts(replace(figure, caption=""))) <= (f"{mark}: " in figure.caption)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("table_id", DRAWN)
def test_a_figure_bears_any_states_however_they_fall(table_id: str, seed: int) -> None:
    figure = drawn(in_several_states(100 + seed), table_id)
    if figure is not None and "[c]" in figure.alt:
        assert f"[c]: {HIDDEN}" in figure.caption


@pytest.mark.parametrize("state", [State.SUPPRESSED, State.NOT_AVAILABLE, State.NOT_APPLICABLE])
def test_nothing_at_all_gives_no_figure_and_no_failure(state: State) -> None:
    run = with_states(lambda entry, cell: state)
    flows = ("participant_flow.perpetrators", "participant_flow.victims")
    for name in DRAWN:
        figure = drawn(run, name)
        if name in (*flows, "extracts_received.coverage"):
            assert figure is not None
        else:
            assert figure is None, name
    assert list(sentences(run))


@pytest.mark.parametrize("table_id", ADDITIVE)
def test_no_hidden_number_is_worked_out_from_those_that_add_up_to_it(table_id: str) -> None:
    """Every hidden count and share is planted whole in the tables: none may be read anywhere."""
    before = stored_run().table(table_id)
    assert before is not None
    canaries = set()
    for seed in range(2):
        run = with_states(some(20 + seed, 0.3))
        entry = run.table(table_id)
        assert entry is not None
        told = {written(entry, cell) for cell in entry.table.cells if cell.value is not None}
        hidden = {
            text
            for was, now in zip(before.table.cells, entry.table.cells, strict=True)
            if was.value is not None and now.state is State.SUPPRESSED
            and (text := written(before, was)) not in told and len(text) > 2
        }  # fmt: skip
        figure = drawn(run, table_id)
        assert figure is not None
        ticks = {"0.0%", "20.0%", "100.0%"}
        read = set(_NUMBER.findall(texts(figure)))
        said = set(_NUMBER.findall(" ".join(sentences(run))))
        numbers = {text.rstrip("%") for text in hidden - ticks}
        ns = {f"{cell.n:,}" for each in run.tables for cell in each.table.cells if cell.n}
        all_told = {
            written(each, cell).rstrip("%")
            for each in run.tables
            for cell in each.table.cells
            if cell.value is not None
        }
        canaries |= numbers
        assert not (numbers - ns) & (read - all_told)
        assert not (numbers - ns) & (said - all_told)
    assert len(canaries) > 4


@pytest.mark.parametrize("seed", range(6))
def test_sentences_bear_any_states_and_say_what_is_hidden(seed: int) -> None:
    told = list(sentences(in_several_states(seed)))
    assert told
    assert not [text for text in told if "None" in text or " nan" in text or "State." in text]
    assert not [text for text in told if re.search(r"  |\(\)| ,|\( | ;|: \.|: ;", text)]
    assert sum(text.startswith("[c]: ") for text in told) == 1


@pytest.mark.parametrize("seed", range(4))
def test_no_sentence_holds_a_number_that_no_cell_has(seed: int) -> None:
    """What is said with half of the cells hidden is made of what is left, not of the hidden."""
    pick = some(seed, 0.4)
    whole, hidden = (
        stored_run(),
        with_states(lambda e, c: None if e.analysis == "extracts_received" else pick(e, c)),
    )
    left = {
        written(entry, cell)
        for entry in hidden.tables
        for cell in entry.table.cells
        if cell.value is not None
    }
    gone = {
        written(before, was)
        for before, after in zip(whole.tables, hidden.tables, strict=True)
        for was, now in zip(before.table.cells, after.table.cells, strict=True)
        if was.value is not None and now.value is None
    } - left
    canaries = {text for text in gone if len(text) >= 5}
    assert len(canaries) > 200
    said = " ".join(sentences(hidden))
    found = {text for text in canaries if re.search(rf"(?<![\d.,]){re.escape(text)}(?![\d])", said)}
    ns = {f"{cell.n:,}" for entry in hidden.tables for cell in entry.table.cells if cell.n}
    assert found - ns == set()


def stack(shares: dict[str, float | None], state: State) -> RunTable:
    """Return a bar of four severities, some of them in a state."""
    levels = {"none": "None", "standard": "Standard", "moderate": "Moderate", "high": "High"}
    table = Table("behaviours.severity", "T", "N", (), {"physical__intake": "P: intake"}, levels)
    for level in levels:
        value = shares[level]
        if value is None:
            table.absent("physical__intake", level, "share", "a reason", state=state)
        else:
            table.add("physical__intake", level, "share", value, n=200)
    return RunTable("behaviours", table, {})


def widths(figure: Figure) -> list[float]:
    """Return the widths of the bars drawn, as shares of the axis."""
    from datrial.report.figures_behaviours import SEVERITY_LOOKS

    paths = re.findall(
        r'<path d="M ([\d.]+) [\d.]+ \nL ([\d.]+) [\d.]+ \nL [^"]*"[^>]*style="fill: (#\w+)',
        figure.svg,
    )
    colours = {colour for colour, _ in SEVERITY_LOOKS.values()}
    return [abs(float(b) - float(a)) for a, b, colour in paths if colour in colours]


def test_one_hidden_part_leaves_no_bar_whose_gap_would_give_it_back() -> None:
    shares: dict[str, float | None] = {
        "none": 0.40, "standard": 0.25, "moderate": 0.313, "high": None,
    }  # fmt: skip
    entry = stack(shares, State.SUPPRESSED)
    figure = figure_for(run_of(entry), entry)
    assert figure is not None
    assert max(widths(figure), default=0) < 30  # the legend's keys only
    assert "3.7%" not in texts(figure) and "4%" not in texts(figure).replace("40", "")
    assert "[c]" in figure.svg and "xatch" not in figure.caption


def test_two_hidden_parts_are_one_hatched_rest() -> None:
    shares: dict[str, float | None] = {
        "none": 0.40, "standard": 0.25, "moderate": None, "high": None,
    }  # fmt: skip
    entry = stack(shares, State.SUPPRESSED)
    figure = figure_for(run_of(entry), entry)
    assert figure is not None
    assert len([width for width in widths(figure) if width > 30]) == 2
    assert "Hatched: the parts that are hidden, all together." in figure.caption
    assert "pattern" in figure.svg and "35" not in texts(figure)


def test_a_part_that_is_not_available_leaves_its_mark_beside_the_others() -> None:
    shares: dict[str, float | None] = {
        "none": 0.40, "standard": 0.25, "moderate": None, "high": 0.1,
    }  # fmt: skip
    entry = stack(shares, State.NOT_AVAILABLE)
    figure = figure_for(run_of(entry), entry)
    assert figure is not None
    assert len([width for width in widths(figure) if width > 30]) == 3
    assert "[x]: not available" in figure.caption and "pattern" not in figure.svg


def test_zero_hidden_not_available_and_not_applicable_look_different() -> None:
    looks = set()
    for state in (None, State.SUPPRESSED, State.NOT_AVAILABLE, State.NOT_APPLICABLE):
        rows = {"before": "Six months before", "during": "During"}
        arms = {"intervention": "Drive", "control": "Control"}
        table = Table("marac_follow_up.reappearance", "T", "N", (), rows, arms)
        for row in rows:
            for arm in arms:
                if (row, arm) != ("during", "control"):
                    table.add(row, arm, "share", 0.3, n=100)
                elif state is None:
                    table.add(row, arm, "share", 0.0, n=100)
                else:
                    table.absent(row, arm, "share", "a reason", state=state)
        entry = RunTable("marac_follow_up", table, {})
        figure = figure_for(run_of(entry), entry)
        assert figure is not None
        looks.add((figure.alt, texts(replace(figure, alt="", caption=""))))
    assert len({alt for alt, _ in looks}) == len({svg for _, svg in looks}) == 4


def run_of(entry: RunTable) -> Run:
    return replace(stored_run(), tables=(entry,))


def test_a_hidden_number_of_the_headline_has_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table("risk_score.rate_ratios", "T", "N", (), {}, {"estimate": "Rate ratio"})
    for row, label in (("midpoint", "Midpoint"), ("closure", "Case closure"), ("x", "Not fitted")):
        table.row(row, label)
        for statistic, value in (("rate_ratio", 0.91), ("ci_low", 0.86), ("ci_high", 0.95)):
            hides = row == "closure" and statistic == "ci_high"
            if row == "x" or hides:
                state = State.SUPPRESSED if hides else State.NOT_AVAILABLE
                table.absent(row, "estimate", statistic, "a reason", state=state)
            else:
                table.add(row, "estimate", statistic, value)
    write_run(
        tmp_path, "0123456789ab", {"study": "s", "snapshot_id": "t"}, [("risk_score", table)], {}
    )
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    lines = headline("0123456789ab").splitlines()
    assert [line[:12].strip() for line in lines[1:]] == ["Midpoint", "Case closure"]
    assert "0.91 (0.86-0.95)" in lines[1]
    assert "[c] hidden" in lines[2] and "0.9" not in lines[2] and "0.86" not in lines[2]
