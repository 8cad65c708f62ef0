"""A study need not be a trial: its arms, vocabularies and assessment tools, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from given import Warehouse
from typer.testing import CliRunner

from datrial.cli import app
from datrial.config.load import parse
from datrial.config.mapping import SourceMapping
from datrial.config.plan_lock import plan_content, plan_hash
from datrial.config.study import Study, load_study
from datrial.config.tables import Column, staging_tables, vocabularies
from datrial.errors import UsageError
from datrial.pipeline.inputs import data_rules, unnamed_terms

STARS: dict[str, Any] = {
    "label": "Star", "table": "star_reading", "lowest": 1, "highest": 5,
    "items": {"safety": "Safety", "home": "Home"},
}  # fmt: skip
SERVICE: dict[str, Any] = {
    "study": "harbour", "title": "Harbour", "design": "single_arm", "seed": 1,
    "arms": {"intervention": {"label": "Harbour", "role": "intervention"}},
    "sites": {"town": {"label": "Town", "recruitment_start": "2022-01-01",
                       "recruitment_end": "2022-12-31"}},
    "sources": ["harbour/referrals"], "quarantine_limit": 0.1, "analyses": {},
}  # fmt: skip
COMPARED: dict[str, Any] = {
    "design": "cohort_comparison",
    "arms": SERVICE["arms"]
    | {"others": {"label": "Others", "role": "control", "sources": ["harbour/others"]}},
    "sources": ["harbour/referrals", "harbour/others"],
}


def service(**changes: Any) -> Study:
    return parse(Study, SERVICE | changes, "study.yaml")


def faults(**changes: Any) -> str:
    with pytest.raises(UsageError) as told:
        service(**changes)
    return str(told.value)


def test_a_single_arm_study_needs_nothing_of_a_trial() -> None:
    study = service()
    assert (study.allocation, study.periods, study.scoring, study.is_blinded) == (
        None, (), None, False,
    )  # fmt: skip
    with pytest.raises(UsageError, match="Study harbour allocates nobody: its design is"):
        _ = study.randomisation


@pytest.mark.parametrize("missing", ["allocation", "periods", "scoring"])
def test_a_randomised_trial_needs_what_belongs_to_it(missing: str) -> None:
    content = load_study("drive").model_dump(mode="json")
    del content[missing]
    with pytest.raises(UsageError, match=f"a randomised trial needs `{missing}`"):
        parse(Study, content, "study.yaml")


def test_what_a_design_has_no_use_for_is_told() -> None:
    allocation = load_study("drive").model_dump(mode="json")["allocation"]
    assert "`allocation` belongs to a randomised trial" in faults(allocation=allocation)
    assert "a single-arm study has one arm" in faults(arms=COMPARED["arms"])
    assert "one arm of intervention and one of control" in faults(design="cohort_comparison")
    twice = {key: arm | {"sources": ["harbour/others"]} for key, arm in COMPARED["arms"].items()}
    assert "'harbour/others' stands in two arms" in faults(**COMPARED | {"arms": twice})
    assert "not one of the sources" in faults(**COMPARED | {"sources": ["harbour/referrals"]})
    neither = {key: {**arm, "sources": []} for key, arm in COMPARED["arms"].items()}
    assert "all arms but one need them" in faults(**COMPARED | {"arms": neither})
    drive = load_study("drive").model_dump(mode="json")
    drive["arms"]["control"]["sources"] = ["drive/cms"]
    with pytest.raises(UsageError, match="no meaning where people are allocated"):
        parse(Study, drive, "study.yaml")


def test_a_tool_fits_its_table() -> None:
    assert service(instruments={"star": STARS}).instruments["star"].item_column("home") == "item_2"
    no_scale = {key: value for key, value in STARS.items() if key != "highest"}
    assert "are the ends of its scale" in faults(instruments={"star": no_scale})
    assert "it has no scale" in faults(instruments={"star": STARS | {"table": "checklist"}})
    lost = STARS | {"domains": {"all": {"label": "All", "items": ["safety", "money"]}}}
    assert "domain 'all' names no items of it: money" in faults(instruments={"star": lost})
    long = STARS | {"items": {f"area_{n}": f"Area {n}" for n in range(13)}}
    assert "has room for 12 items" in faults(instruments={"star": long})
    assert "no vocabulary 'colours'" in faults(terms={"colours": {"red": "Red"}})
    assert "strand" in vocabularies()


def test_a_code_has_codes_or_a_vocabulary_and_never_both() -> None:
    with pytest.raises(ValueError, match="either `codes` or `terms`"):
        Column(kind="code")
    with pytest.raises(ValueError, match="either `codes` or `terms`"):
        Column(kind="code", codes=("a",), terms="strand")
    with pytest.raises(ValueError, match="either `codes` or `terms`"):
        Column(kind="date", terms="strand")
    strand = staging_tables()["referral"].columns["strand"]
    assert strand.codes_in(["mothers"]) == ("mothers", "dont_know", "not_applicable")
    sex = staging_tables()["referral"].columns["sex"]
    assert sex.codes_in(["mothers"]) == sex.codes


def mapping(**changes: Any) -> SourceMapping:
    table = {
        "table": "referral", "columns": {"client_id": "Ref", "referred_on": "Day", "area": "Town"},
        "values": {"area": {"harwich": ["Harwich"]}}, "constants": {"strand": "mothers"},
    }  # fmt: skip
    content = {
        "source": "service", "site": "town", "file": "r.csv", "format": "csv", "key": "harbour/r",
        "covers": {"start": "2022-01-01", "end": "2022-12-31"}, "tables": [table | changes],
    }  # fmt: skip
    return parse(SourceMapping, content, "configs/sources/harbour/r.yaml")


def test_a_mappings_own_codes_have_names_in_the_study_file() -> None:
    named = {"area": {"harwich": "Harwich"}, "strand": {"fathers": "Fathers"}}
    assert unnamed_terms(service(terms=named), [mapping()]) == [
        "configs/sources/harbour/r.yaml: strand has the code 'mothers', which the study file has "
        "no name for (terms: strand)."
    ]
    assert unnamed_terms(service(), [mapping()]) == []  # its codes are read as words
    with pytest.raises(UsageError, match="'North End'; a code has small letters"):
        mapping(values={"area": {"North End": ["North End"]}})
    with pytest.raises(UsageError, match="'Mothers'; a code has small letters"):
        mapping(constants={"strand": "Mothers"})


def test_a_plan_fixes_who_is_in_which_cohort_and_the_tools_but_no_labels() -> None:
    plain, compared = service(), service(**COMPARED)
    assert "arms_of_sources" not in plain_design(plain)
    assert plain_design(compared)["arms_of_sources"] == {"others": ["harbour/others"]}
    with_star = service(instruments={"star": STARS})
    assert plan_hash(plain) != plan_hash(with_star)
    renamed = service(instruments={"star": STARS | {"label": "Another name"}})
    assert plan_hash(with_star) == plan_hash(renamed)
    turned = STARS | {"items": dict(reversed(STARS["items"].items()))}
    assert plan_hash(with_star) != plan_hash(service(instruments={"star": turned}))


def plain_design(study: Study) -> dict[str, Any]:
    design: dict[str, Any] = plan_content(study)["design"]
    return design


def test_what_things_are_called_decides_no_snapshot_and_what_is_measured_does() -> None:
    named = service(terms={"area": {"harwich": "Harwich"}})
    assert data_rules(service()) == data_rules(named)
    assert data_rules(service()) != data_rules(service(instruments={"star": STARS}))


def test_nobody_is_allocated_and_the_commands_of_allocation_say_so(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    folder = tmp_path / "inbox" / "early_intervention"
    folder.mkdir(parents=True)
    (folder / "SIMULATED").touch()
    told = CliRunner().invoke(app, ["allocation", "simulate", "--study", "early_intervention"])
    assert isinstance(told.exception, UsageError)
    assert "allocates nobody" in str(told.exception)
    assert not (tmp_path / "ledger.sqlite").exists()


def clients(study: Study) -> Warehouse:
    house = Warehouse(study)
    house.rows("study.arm_extract", "extract_id, arm", ("x2", "others"))
    columns = "extract_id, site, client_id, referred_on, strand, age, area"
    house.rows(
        "staging.referral", columns,
        ("x1", "town", "p1", "2022-03-01", None, 30, "harwich"),
        ("x1", "town", "p1", "2022-01-01", "mothers", None, "clacton"),
        ("x2", "town", "p2", "2022-05-01", "fathers", 41, None),
        ("x2", "town", "p3", "2022-02-01", None, 20, None),
        ("x1", "town", "p3", "2022-06-01", None, 21, None),
    )  # fmt: skip
    house.build()
    return house


def test_a_person_referred_again_is_one_client_as_first_told() -> None:
    house = clients(service(**COMPARED))
    found = house.get(
        "person_id, arm, index_date, referrals, strand, age, area, in_other_arm", "cohort.client"
    )
    assert found == [
        ("p1", "intervention", "2022-01-01", 2, "mothers", 30, "clacton", False),
        ("p2", "others", "2022-05-01", 1, "fathers", 41, None, False),
        ("p3", "others", "2022-02-01", 2, None, 20, None, True),
    ]


def test_an_item_is_read_by_its_place_and_only_within_its_scale() -> None:
    study = service(instruments={
        "star": STARS,
        "form": {"label": "Form", "table": "outcome_rating", "items": {"calm": "Calm"}},
        "list": {"label": "List", "table": "checklist", "items": {"debt": "Debt"}},
    })  # fmt: skip
    house = Warehouse(study)
    house.rows("staging.referral", "client_id, referred_on, site", ("p1", "2022-01-01", "town"))
    columns = "client_id, instrument, read_on, rater, item_1, item_2, item_3"
    house.rows(
        "staging.star_reading", columns,
        ("p1", "star", "2022-02-01", "worker", 5, 6, 1),
        ("p9", "star", "2022-02-01", "worker", 1, None, None),
    )  # fmt: skip
    house.rows(
        "staging.outcome_rating", "client_id, instrument, rated_on, rater, item_1, item_2",
        ("p1", "form", "2022-02-02", "worker", "slight_deterioration", "no_change"),
        ("p1", "form", "2022-02-03", "worker", "dont_know", None),
    )  # fmt: skip
    house.rows(
        "staging.checklist", "client_id, instrument, assessed_on, item_1",
        ("p1", "list", "2022-02-04", "yes"), ("p1", "unknown_tool", "2022-02-04", "yes"),
    )  # fmt: skip
    house.build()
    columns = "person_id, arm, instrument, item, read_on, score, answer, is_off_scale"
    assert house.get(columns, "marts.instrument_reading") == [
        ("p1", "intervention", "form", "calm", "2022-02-02", -1, "slight_deterioration", False),
        ("p1", "intervention", "form", "calm", "2022-02-03", None, "dont_know", False),
        ("p1", "intervention", "list", "debt", "2022-02-04", None, "yes", False),
        ("p1", "intervention", "star", "home", "2022-02-01", None, None, True),
        ("p1", "intervention", "star", "safety", "2022-02-01", 5, None, False),
        ("p9", None, "star", "home", "2022-02-01", None, None, False),
        ("p9", None, "star", "safety", "2022-02-01", 1, None, False),
    ]
