"""Linkage recovers a known truth: precision, recall, and weights that mean what they say.

Source: invented people (tests/invented_people.py) written down by two agencies with
errors of known frequency (4% typos in each name, 6% short forms, 5% wrong dates of birth,
20% moved, 4% and 15% missing). The tolerances are the project's own: a precision of .98
and a recall of .85 at the cut of the demonstration study's file, and probabilities that
lie within what 95% of binomial samples would show, widened by .05 for the model's
assumption that identifiers err independently.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from invented_people import identifiers, people, true_person

from datrial.config.mapping import load_mappings
from datrial.config.study import Linkage, load_study
from datrial.extracts.landing import land
from datrial.people.clusters import identities
from datrial.people.identifiers import read_identifiers
from datrial.people.linkage import Links, link_people
from datrial.people.linkage_truth import quality
from datrial.people.pseudonyms import load_pseudonymiser
from datrial.people.scoring import probability
from datrial.simulate import simulate

COUNT, SHARED = 2000, 1200  # 2,000 people in each file, 1,200 in both: 2,800 people
CUT = 6.6
SETTINGS = Linkage(match_weight=CUT, sensitivity_weights=(3.3, 10.0), review_from=0, review_to=6.6)


def two_files(seed: int, count: int = COUNT, shared: int = SHARED) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = people(2 * count - shared, rng)
    first, second = truth.iloc[:count], truth.iloc[count - shared :]
    return pd.concat([identifiers(first, None, rng), identifiers(second, "police", rng)])


@pytest.fixture(scope="module")
def linked() -> Iterator[list[Links]]:
    yield [link_people(two_files(seed), SETTINGS, seed) for seed in (1, 2)]


def truth_of(links: Links) -> pd.DataFrame:
    pairs = links.pairs
    return pairs.assign(
        right=true_person(pairs["left_id"]) == true_person(pairs["right_id"]),
        probability=probability(pairs["match_weight"]),
    )


@pytest.mark.parametrize("which", [0, 1])
def test_precision_and_recall_of_the_people_made(linked: list[Links], which: int) -> None:
    made = identities(linked[which], CUT).identity
    groups = made.assign(truth=true_person(made["reference_id"])).groupby("person_id")
    assert (groups.size() == 2).all()
    right = int((groups["truth"].nunique() == 1).sum())
    precision, recall = right / groups.ngroups, right / SHARED
    assert precision >= 0.98
    assert recall >= 0.85


@pytest.mark.parametrize("which", [0, 1])
def test_the_parameters_were_estimated_and_are_near_those_of_the_errors(
    linked: list[Links], which: int
) -> None:
    model = linked[which].models[0]
    assert model.trained
    m = {(comparison, level): value for comparison, level, value, _, _ in model.levels}
    u = {(comparison, level): value for comparison, level, _, value, _ in model.levels}
    # Both agencies write a family name without a typo in .96 squared of the cases (a typo
    # may leave a name as it was, and the two sides may swap it).
    assert m["family_name", "the same"] == pytest.approx(0.96**2, abs=0.03)
    # Both write the date right in (1 - .0059 - .025 - .01) squared: of swapped days only those
    # up to the 12th differ. Of strangers one pair in 18,628 days is born on one day.
    assert m["date_of_birth", "the same"] == pytest.approx(0.959**2, abs=0.03)
    assert u["date_of_birth", "the same"] == pytest.approx(1 / 18_628, rel=0.35)
    assert m["postcode", "the same"] == pytest.approx(0.8**2, abs=0.05)


def test_the_model_knows_how_many_pairs_are_right(linked: list[Links]) -> None:
    for links in linked:
        # Some true pairs agree in too little to be compared at all: never more than 4% here.
        assert 0.94 * SHARED <= links.models[0].expected_pairs <= 1.02 * SHARED


def test_a_weights_probability_is_the_share_of_right_pairs(linked: list[Links]) -> None:
    pairs = pd.concat([truth_of(links) for links in linked])
    looked_at = 0
    for low, high in ((-5, -2), (-2, 0), (0, 2), (2, 4), (4, 7), (7, 12), (12, 99)):
        band = pairs[pairs["match_weight"].between(low, high, inclusive="left")]
        if len(band) < 15:
            continue
        looked_at += 1
        expected, found = float(band["probability"].mean()), float(band["right"].mean())
        margin = 1.96 * float(np.sqrt(expected * (1 - expected) / len(band))) + 0.05
        assert abs(found - expected) <= margin, (low, high, len(band), found, expected)
    assert looked_at >= 5


def test_lower_cuts_find_more_and_err_more(linked: list[Links]) -> None:
    pairs = pd.concat([truth_of(links) for links in linked])
    recall, precision = [], []
    for cut in (-2.0, 3.3, 6.6, 10.0):
        above = pairs[pairs["match_weight"] >= cut]
        recall.append(float(above["right"].sum()) / (2 * SHARED))
        precision.append(float(above["right"].mean()))
    assert recall == sorted(recall, reverse=True)
    # One wrong pair among some thousand that a higher cut keeps moves it by less than .001.
    assert all(after > before - 0.001 for before, after in pairwise(precision))
    assert precision[-1] - precision[0] > 0.005
    assert recall[0] - recall[-1] > 0.02


def test_rare_names_weigh_more_than_common_ones(linked: list[Links]) -> None:
    rows = two_files(1).drop_duplicates("reference_id").set_index("reference_id")
    pairs = truth_of(linked[0])
    both = pairs[pairs["right"]].merge(rows, left_on="left_id", right_index=True)
    other = rows.loc[both["right_id"]].reset_index(drop=True)
    both = both.reset_index(drop=True)
    alike = both[
        (both[["given_name", "family_name", "date_of_birth", "postcode"]].to_numpy()
         == other[["given_name", "family_name", "date_of_birth", "postcode"]].to_numpy()).all(1)
    ]  # fmt: skip
    frequency = rows["family_name"].value_counts()
    counts = alike["family_name"].map(frequency)
    common, rare = counts >= counts.quantile(0.9), counts <= 2
    assert rare.sum() > 20
    assert common.sum() > 20
    gain = alike.loc[rare, "match_weight"].mean() - alike.loc[common, "match_weight"].mean()
    assert gain > 2


def test_within_a_space_an_agencys_new_references_are_found() -> None:
    """120 of an agency's 900 people come again under a new reference, written down anew."""
    rng = np.random.default_rng(7)
    truth = people(900, rng)
    again = truth.iloc[:120]
    second = identifiers(again, None, rng)
    second["reference_id"] = second["reference_id"] + "x"
    rows = pd.concat([identifiers(truth, None, rng), second])
    settings = SETTINGS.model_copy(update={"within_space": True})
    links = link_people(rows, settings, 7)
    made = identities(links, CUT).identity
    groups = made.assign(truth=true_person(made["reference_id"])).groupby("person_id")
    right = int((groups["truth"].nunique() == 1).sum())
    assert right / groups.ngroups >= 0.98
    assert right / 120 >= 0.85
    assert link_people(rows, SETTINGS, 7).pairs.empty  # without it nothing is compared


def test_father_and_son_of_one_name_and_home_are_two_people() -> None:
    """One person in twenty has a relative of the same name and address in the other file.

    The project's own rule: where both dates of birth are known, none of a hundred such
    pairs is linked. Where one is missing, nothing tells them apart.
    """
    rng = np.random.default_rng(11)
    truth = people(2000, rng)
    fathers = truth.iloc[:100].reset_index(drop=True)
    sons = fathers.assign(
        date_of_birth=[f"{int(day[:4]) + 23}-{1 + i % 9:02d}-{10 + i % 18}"
                       for i, day in enumerate(fathers["date_of_birth"])]
    )  # fmt: skip
    sons.index = pd.RangeIndex(5000, 5100)
    rows = pd.concat(
        [
            identifiers(truth.iloc[:1400], None, rng),
            identifiers(pd.concat([sons, truth.iloc[800:]]), "police", rng),
        ]
    )
    links = link_people(rows, SETTINGS, 11)
    assert links.models[0].trained
    made = identities(links, CUT).identity
    groups = made.assign(truth=true_person(made["reference_id"]).astype(int)).groupby("person_id")
    mixed = groups["truth"].agg(["min", "max"])
    linked = mixed[(mixed["min"] < 100) & (mixed["max"] >= 5000)]
    born = rows.set_index("reference_id")["date_of_birth"].notna()
    both_known = [
        born[f"shared_{father:07d}"] and born[f"police_{son:07d}"]
        for father, son in linked[["min", "max"]].itertuples(index=False)
    ]
    assert not any(both_known)
    assert len(both_known) < 15
    assert (groups["truth"].nunique() == 1).mean() >= 0.98


def test_a_date_of_birth_that_one_form_lacks_does_not_hide_a_contradiction() -> None:
    """The son's forms: one without a date of birth, one with his own."""
    father = ("JORRICK", "HULVERDYKE", "1951-02-03", "XA12BC")
    son = ("JORRICK", "HULVERDYKE", "1977-10-24", "XA12BC")
    nothing = ("JORRICK", "HULVERDYKE", None, "XA12BC")
    names = ["given_name", "family_name", "date_of_birth", "postcode"]
    planted = [
        ("shared_f", None, father),
        ("police_s", "police", son),
        ("police_s", "police", nothing),
    ]
    more = pd.DataFrame(
        [("perpetrator", reference, space, "x", *who) for reference, space, who in planted],
        columns=["of", "reference_id", "space", "source", *names],
        dtype=object,
    )
    pairs = link_people(pd.concat([two_files(12, 300, 200), more]), SETTINGS, 1).pairs
    found = pairs[(pairs["left_id"] == "police_s") & (pairs["right_id"] == "shared_f")]
    assert (found["match_weight"] < CUT).all()


@pytest.mark.long
def test_the_simulated_agencies_that_share_no_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demonstration study's extracts against the truth that was simulated with them."""
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    study = load_study("drive_linkage")
    assert study.linkage is not None
    simulate(study, tmp_path / "inbox", seed=1)
    mappings = load_mappings(study.sources)
    landed = land(mappings, tmp_path / "inbox", tmp_path / "landing")
    hashing = load_pseudonymiser(demonstration=True)
    found = read_identifiers(landed.current, mappings, tmp_path / "landing", hashing)
    links = link_people(found, study.linkage, study.seed)
    truth = {}
    with (tmp_path / "inbox" / "truth" / "links.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            own = hashing.pseudonym(row["of"], row["reference"], row["space"] or None)
            truth[row["of"], own] = hashing.pseudonym(row["of"], row["true_reference"])
    references = list(zip(links.references["of"], links.references["reference_id"], strict=True))
    assert set(references) <= set(truth)
    made = identities(links, study.linkage.match_weight).identity
    for each in quality(made, references, truth).values():
        assert each.precision is not None
        assert each.recall is not None
        assert each.precision >= 0.98
        assert each.recall >= 0.85
