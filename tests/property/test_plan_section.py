"""Any text of a study file: the plan section is put into it, and nothing else changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datrial.config.load import parse
from datrial.config.plan import Amendment, Plan
from datrial.config.plan_file import plan_yaml, with_plan
from datrial.config.plan_lock import plan_hash
from datrial.config.study import Study, load_study

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
#: What a person can write into a file or behind --reason.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
REASONS = TEXTS.map(lambda text: " ".join(text.split())).filter(lambda text: len(text) >= 3)
HASHES = st.integers(0, 16**64 - 1).map(lambda number: f"{number:064x}")
NAMES = st.sampled_from([f"{first}_{second}" for first in "abcd" for second in "wxyz"])
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    days = sorted(draw(st.lists(DAYS, min_size=1, max_size=3)))
    parts = draw(st.dictionaries(NAMES, HASHES.map(lambda code: code[:8]), max_size=12))
    changed = st.lists(NAMES, max_size=6).map(tuple)
    amendments = tuple(
        Amendment(date=day, reason=draw(REASONS), hash=draw(HASHES), changed=draw(changed))
        for day in days[1:]
    )
    exploratory = tuple(draw(st.lists(NAMES, unique=True, max_size=6)))
    return Plan(
        locked=days[0], hash=draw(HASHES), parts=parts, amendments=amendments,
        exploratory=exploratory,
    )  # fmt: skip


@few
@given(plans())
def test_a_plan_section_reads_back_as_it_was(plan: Plan) -> None:
    assert parse(Plan, yaml.safe_load(plan_yaml(plan))["plan"], "plan") == plan


@few
@given(
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=4),
    st.dictionaries(NAMES, VALUES, max_size=3),
    st.none() | plans(),
    plans(),
    st.booleans(),
)
def test_a_plan_section_is_put_into_any_file_and_all_else_stays(
    above: dict[str, Any], below: dict[str, Any], old: Plan | None, new: Plan, unicode: bool
) -> None:
    below = {name: value for name, value in below.items() if name not in above}
    parts = [yaml.safe_dump(some, allow_unicode=unicode) if some else "" for some in (above, below)]
    text = f"# Head\n{parts[0]}# Over it\n{plan_yaml(old) if old else ''}# Under it\n{parts[1]}"
    changed = with_plan(text, new)
    found = yaml.safe_load(changed)
    assert parse(Plan, found.pop("plan"), "plan") == new
    before = yaml.safe_load(text)  # PyYAML does not read back every character that it writes
    assert found == {name: value for name, value in before.items() if name != "plan"}
    for comment in ("# Head\n", "# Over it\n", "# Under it\n"):
        assert changed.count(comment) == 1
    assert with_plan(changed, new) == changed


@few
@given(st.permutations(sorted(load_study("drive").analyses)), st.permutations(range(4)))
def test_the_order_of_what_has_none_does_not_change_the_hash(
    names: list[str], places: list[int]
) -> None:
    study = load_study("drive")
    families = list(study.outcome_families.items())
    turned: Study = study.model_copy(
        update={
            "analyses": {name: study.analyses[name] for name in names},
            "outcome_families": dict(families[place] for place in places),
        }
    )
    assert plan_hash(turned) == plan_hash(study)
