"""`datrial verify`: what a certificate is, which there are, and that each of them can fail."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from datrial import models
from datrial.config.project import project_root
from datrial.errors import UsageError
from datrial.verification import literal_tables
from datrial.verification.certificate import Certificate, Comparison, Kind, each, near, same
from datrial.verification.registry import CHAPTERS, NOT_COVERED, certificates, chosen
from datrial.verification.running import Outcome, run_certificate, run_certificates

ALL = certificates()
VERIFIED = sorted({name for certificate in ALL for name in certificate.verifies})
#: Comparisons whose tolerance is wide for a reason that the certificate states.
WIDE = {
    "allocation.blocks", "missing.regression_imputation", "classes.stepmix",
    "classes.stepmix_zero_class", "classes.stepmix_missing",
}  # fmt: skip


def certificate(work: Callable[[], Any], **changes: Any) -> Certificate:
    plain = Certificate(
        "chapter.name", "A title", ("kaplan_meier",), Kind.HAND_COUNT, "A source", "Data", "Exact.",
        work,
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)


@pytest.mark.parametrize(
    ("expected", "computed", "tolerance", "agrees"),
    [
        (1.0, 1.0, 0.0, True),
        (1.0, 1.1, 0.2, True),
        (1.0, 1.1, 0.05, False),
        (1.0, math.nan, 9.0, False),
        (math.nan, math.nan, 9.0, False),
        (math.inf, math.inf, 0.0, True),
        (math.inf, 5.0, 9.0, False),
        (3, 3, 0.0, True),
        ("yes", "yes", 0.0, True),
        ("yes", "no", 9.0, False),
        ("3", 3, 9.0, False),
    ],
)
def test_numbers_agree_within_their_tolerance_and_nothing_else_does(
    expected: Any, computed: Any, tolerance: float, agrees: bool
) -> None:
    assert Comparison("x", expected, computed, tolerance).agrees is agrees


def test_comparisons_are_plain_numbers_and_texts() -> None:
    import datetime as dt

    import numpy as np

    assert near("x", np.float64(1.5), 2, relative=0.1) == Comparison("x", 2.0, 1.5, 0.2)
    assert near("x", 1, np.float64(2), within=np.float64(0.5)).agrees is False
    assert [c.name for c in each("row", [1, 2], [1, 2])] == ["row 1", "row 2"]
    assert same("x", np.bool_(True), True) == Comparison("x", "yes", "yes")
    assert same("x", None, dt.date(2020, 1, 2)) == Comparison("x", "2020-01-02", "none")
    assert isinstance(same("x", np.int64(3), 3.0).computed, int)
    with pytest.raises(ValueError, match=r"shorter|longer"):
        list(each("row", [1, 2], [1, 2, 3]))


def test_what_cannot_run_compares_nothing_or_is_off_has_failed() -> None:
    def missing_library() -> Iterator[Comparison]:
        yield same("first", 1, 1)
        import_module("no_such_library")

    def of_a_place() -> Iterator[Comparison]:
        raise FileNotFoundError("/nowhere/at/all is not there")
        yield

    outcome = run_certificate(certificate(missing_library))
    assert (outcome.agrees, len(outcome.comparisons)) == (False, 1)
    assert outcome.fault == "ModuleNotFoundError: No module named 'no_such_library'"
    assert run_certificate(certificate(of_a_place)).fault == "FileNotFoundError"
    assert not run_certificate(certificate(lambda: [])).agrees
    assert not run_certificate(certificate(lambda: [same("x", 1, 1), same("y", 1, 2)])).agrees
    assert run_certificate(certificate(lambda: [same("x", 1, 1)])).agrees


def test_the_certificates_have_names_sources_and_tolerances() -> None:
    ids = [each.id for each in ALL]
    assert len(set(ids)) == len(ids) > 60
    assert len({chapter.id for chapter in CHAPTERS}) == len(CHAPTERS)
    assert set(Kind) == {each.kind for each in ALL}
    for each_one in ALL:
        assert each_one.verifies
        for text in (each_one.title, each_one.source, each_one.data, each_one.tolerance):
            assert len(text) > 5, each_one.id
    published = [each for each in ALL if each.kind is Kind.PUBLISHED]
    assert len(published) > 25


def test_every_public_function_of_the_models_is_covered_or_it_is_said_why_not() -> None:
    covered = set(VERIFIED) & set(models.__all__)
    assert covered | set(NOT_COVERED) == set(models.__all__)
    assert not covered & set(NOT_COVERED)
    assert all(NOT_COVERED.values())


@pytest.mark.parametrize("name", VERIFIED)
def test_what_is_verified_exists(name: str) -> None:
    if name.startswith("sql/"):
        assert (project_root() / name).is_file()
    elif "." in name:
        module, _, member = name.rpartition(".")
        assert callable(getattr(import_module(module), member))
    else:
        assert name in models.__all__


def nudged(comparison: Comparison) -> Comparison:
    """Return a comparison whose expected value lies a little beyond what is allowed."""
    if isinstance(comparison.expected, str):
        return dataclasses.replace(comparison, expected=f"{comparison.expected} or not")
    step = 2.01 * comparison.tolerance + 1e-9 * max(1.0, abs(comparison.expected))
    return dataclasses.replace(comparison, expected=comparison.expected + step)


def test_all_of_them_agree_here_and_a_changed_expectation_fails_each() -> None:
    """Processor time: other programs on the machine do not lengthen it."""
    begun = time.process_time()
    outcomes = run_certificates(ALL)
    assert time.process_time() - begun < 60
    off = {o.certificate.id: o.fault or [c for c in o.comparisons if not c.agrees]
           for o in outcomes if not o.agrees}  # fmt: skip
    assert off == {}
    for outcome in outcomes:
        for place, comparison in enumerate(outcome.comparisons):
            changed = list(outcome.comparisons)
            changed[place] = nudged(comparison)
            failed = dataclasses.replace(outcome, comparisons=tuple(changed))
            assert not failed.agrees, (outcome.certificate.id, comparison)
        check_tolerances(outcome)


def check_tolerances(outcome: Outcome) -> None:
    """Hold every tolerance to what can tell a wrong number from a right one."""
    if outcome.certificate.id in WIDE:
        return
    for comparison in outcome.comparisons:
        if not isinstance(comparison.expected, str):
            assert comparison.tolerance <= 0.02 * max(abs(comparison.expected), 0.3), (
                outcome.certificate.id, comparison,
            )  # fmt: skip


def broken(*given: Any, **options: Any) -> Any:
    raise ArithmeticError("this function was taken away")


@pytest.mark.parametrize("name", VERIFIED)
def test_without_the_function_that_they_verify_certificates_fail(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So the numbers come from it, and no certificate passes whatever it does."""
    if name.startswith("sql/"):
        shutil.copytree(project_root() / "sql", tmp_path / "sql")
        (tmp_path / name).write_text("select error('this file was taken away') as nothing")
        monkeypatch.setattr(literal_tables, "project_root", lambda: tmp_path)
    elif "." in name:
        monkeypatch.setattr(name, broken)
    else:
        monkeypatch.setattr(models, name, broken)
    for each_one in ALL:
        if name in each_one.verifies:
            assert not run_certificate(each_one).agrees, each_one.id


def test_patterns_choose_by_id_and_by_function() -> None:
    assert [each.id for each in chosen(["villages"])] == ["randomisation.villages"]
    assert {each.id.partition(".")[0] for each in chosen(["survival.*"])} == {"survival"}
    assert {"survival.cox", "survival.cox_entry"} <= {each.id for each in chosen(["fit_cox"])}
    assert chosen([]) == ALL
    both = chosen(["three_steps", "binary.logit"])
    assert [each.id for each in both] == sorted(
        (each.id for each in both), key=[each.id for each in ALL].index
    )
    with pytest.raises(UsageError, match=r"No certificate is named 'no_such'.*--list"):
        chosen(["villages", "no_such"])
