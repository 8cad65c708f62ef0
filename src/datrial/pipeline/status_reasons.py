"""Why a snapshot, a run or an answer is not what the files lead to now, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from datrial.pipeline.code_parts import code_parts
from datrial.pipeline.identity import WAREHOUSE_ROOMS
from datrial.pipeline.inputs import arms_named_by_place, data_rules
from datrial.pipeline.reuse import differing
from datrial.results.difference_settings import differing_settings

if TYPE_CHECKING:
    from datrial.config.study import Study
    from datrial.results.manifest import Manifest

#: An extract as :func:`datrial.extracts.landing.expected_extracts` writes it.
_LINE = re.compile(r"(current|earlier):(\S+)@([0-9a-f]{64}) (\S+) (\S+)(?: (.*?))? #\d+")
#: What of the code makes a snapshot: rooms, and what lies beside them.
_OF_SNAPSHOTS = frozenset(
    {*WAREHOUSE_ROOMS, "sql", "expectations", "configs/tables.yaml", "requirements.lock"}
)
_MOST_NAMES = 8


def named_counts(counts: Mapping[str, int]) -> str:
    """Return counts by name: ``drive/cms: 1, drive/marac_site_1: 2``."""
    return ", ".join(f"{name}: {counts[name]}" for name in sorted(counts))


def current_extracts(lines: Iterable[str]) -> dict[tuple[str, ...], set[str]]:
    """Return (mapping, first day, last day, part) -> the hashes of the extracts that count."""
    found: dict[tuple[str, ...], set[str]] = {}
    for line in lines:
        parts = _LINE.fullmatch(line)
        if parts and parts[1] == "current":
            found.setdefault((parts[2], parts[4], parts[5], parts[6] or ""), set()).add(parts[3])
    return found


def why_another_snapshot(
    then: Mapping[str, Any], now: Mapping[str, Any], study: Study, last: Manifest | None
) -> list[str]:
    """Say what differs between what a snapshot was made of and what one would be made of now.

    Parameters
    ----------
    then, now
        See :func:`datrial.pipeline.inputs.made_of`.
    last
        A run on the snapshot, if there is one: it knows the rules and the code in parts.
    """
    if not then:
        return ["the snapshot does not say what it was made of: an earlier version built it"]
    changed = differing(then, now)
    said = {
        "extracts": _extracts(then.get("extracts", []), now["extracts"]),
        "ledger": ["the ledger: allocations, corrections or unblindings were entered"],
        "rules": [f"the study's rules for data{_names(_rules(last, study))}"],
        "mappings": [f"mappings{_names(changed.get('mappings', []))}"],
        "key": ["the pseudonym key is another"],
        "decisions": ["decisions of clerical review"],
        "code": [f"the code that builds snapshots{_names(_code(last) & _OF_SNAPSHOTS)}"],
    }
    return [line for part, lines in said.items() if part in changed for line in lines]


def why_another_run(last: Manifest, identity: Mapping[str, Any], study: Study) -> list[str]:
    """Say what differs between a stored run and the one that would be made on its snapshot."""
    said = []
    names = _settings(last, study)
    if names:
        said.append(f"the study file{_names(names)}")
    stored = last.model_extra or {}
    if stored.get("published") != identity["published"]:
        said.append("the published numbers that stand beside ours")
    if stored.get("disclosure_profile") != identity["disclosure_profile"]:
        said.append("the profile of disclosure protection")
    if last.code_version != identity["code_version"]:
        said.append(f"the code{_names(_code(last))}")
    if last.label != identity["label"]:
        said.append("its label")
    return said


def why_counted_again(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say what an analysis rests on and that has changed since its latest kept answer."""
    if not then:
        return "no answer of it is kept"
    changed = differing(then, now)
    said = {
        "snapshot": "another snapshot",
        "parameters": "its parameters changed",
        "study": "the study file changed in what it reads of it",
        "code": f"the code changed{_names(changed.get('code', []))}",
        "machine": f"another machine{_names(changed.get('machine', []))}",
        "reads": f"it reads other tables{_names(changed.get('reads', []))}",
    }
    reasons = [text for part, text in said.items() if part in changed]
    return "; ".join(reasons) or "its kept answer is damaged"


def _extracts(then: Iterable[str], now: Iterable[str]) -> list[str]:
    """Count the extracts that are new, changed or gone, by mapping."""
    old, new = current_extracts(then), current_extracts(now)
    counted: dict[str, Counter[str]] = {"new": Counter(), "changed": Counter(), "gone": Counter()}
    for key in {*old, *new}:
        before, after = old.get(key, set()), new.get(key, set())
        added, lost = len(after - before), len(before - after)
        both = min(added, lost)
        counted["changed"][key[0]] += both
        counted["new"][key[0]] += added - both
        counted["gone"][key[0]] += lost - both
    said = [
        f"extracts {kind}: {named_counts(found)}" for kind, counts in counted.items()
        if (found := {name: count for name, count in counts.items() if count})
    ]  # fmt: skip
    return said or ["the order in which extracts arrived, or which earlier ones they replaced"]


def _settings(last: Manifest | None, study: Study) -> list[str]:
    """Return the settings of the study file that are other than a run had them."""
    stored = last.further("resolved_study") if last else {}
    return list(differing_settings(stored, arms_named_by_place(study))) if stored else []


def _rules(last: Manifest | None, study: Study) -> list[str]:
    """Return those of them that decide a snapshot."""
    rules = data_rules(study)
    return [path for path in _settings(last, study) if path.partition(".")[0] in rules]


def _code(last: Manifest | None) -> set[str]:
    then = last.further("code_parts") if last else {}
    now = code_parts()
    return {part for part in {*then, *now} if then.get(part) != now.get(part)} if then else set()


def _names(names: Collection[str]) -> str:
    """Return names in brackets: the first few, and how many more."""
    if not names:
        return ""
    shown = sorted(names)[:_MOST_NAMES]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f" ({', '.join(shown)}{more})"
