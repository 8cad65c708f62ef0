"""Answers of analyses, kept beside the snapshot they were counted from, and used again.

``snapshots/<study>/<snapshot>.analysed`` holds an analysis's tables as they were counted:
small counts are in them, so that they have the snapshot's lifetime and its owner alone reads
them. They go with their snapshot (retention), when a snapshot is built in its place, at the
next build after the code has changed, and when there are more than some of one analysis.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.config.study import Retention
from datrial.pipeline.identity import content_hash
from datrial.pipeline.reuse_code import deciding_code, deciding_machine
from datrial.results.files import write_atomically

if TYPE_CHECKING:
    from datrial.config.study import Study
    from datrial.warehouse.snapshots import SnapshotStore

Parts = dict[str, Any]
_ENDING = ".analysed"
_UNFINISHED = ".writing-"
_DAY = 86_400
#: Of one analysis on one snapshot, with other parameters, the latest so many are kept.
_MOST = 20


@dataclass(frozen=True)
class Answer:
    """What an analysis's tables follow from, and where they are kept once they are known.

    Attributes
    ----------
    parts
        What they follow from: ids and hashes, from which nothing can be read.
    folder
        Where the answers of the snapshot are kept.
    """

    analysis: str
    parts: Parts
    folder: Path

    @property
    def key(self) -> str:
        """The hash of all that the tables follow from."""
        return content_hash({"analysis": self.analysis, **self.parts}, 24)

    @property
    def path(self) -> Path:
        """The file of these tables."""
        return self.folder / f"{self.analysis}-{self.key}.json"

    def kept(self) -> str | None:
        """Return the tables, as a draft has them; none if they are not kept, or damaged."""
        try:
            head, _, text = self.path.read_text(encoding="utf-8").partition("\n")
            expected = json.loads(head)["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return text if _sha256(text) == expected else None

    def keep(self, text: str) -> None:
        """Keep the tables. What cannot be written is computed again: that stops no run."""
        head = {"analysis": self.analysis, "parts": self.parts, "sha256": _sha256(text)}
        content = f"{json.dumps(head, sort_keys=True)}\n{text}"
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            write_atomically(self.path, content.encode())
            for older in sorted(self.folder.glob(f"{self.analysis}-*.json"), key=_age)[_MOST:]:
                older.unlink(missing_ok=True)


def answer_folder(store: SnapshotStore, snapshot: str) -> Path:
    """Return where the answers counted from a snapshot are kept."""
    return store.path(snapshot).with_suffix(_ENDING)


def answers(
    store: SnapshotStore, snapshot: str, study: Study, shown: Study, done: Sequence[str] = ()
) -> dict[str, Answer]:
    """Return analysis -> what its answer follows from, for all analyses of a run.

    Parameters
    ----------
    study, shown
        The run's study, and the same with the arms that the snapshot shows.
    done
        The analyses that have tables, of which others may be made; a failed one has none.
    """
    from datrial.analyses.registry import ANALYSES

    folder = answer_folder(store, snapshot)
    common = {"snapshot": snapshot, "code": deciding_code(), "machine": deciding_machine()}
    found: dict[str, Answer] = {}
    for name in study.analyses:
        parts = {
            **common,
            "parameters": _ordered_hash(study.analyses[name]),
            "study": _ordered_hash(_seen(shown, name)),
        }
        if ANALYSES[name].reads_results:
            parts["reads"] = {other: found[other].key for other in found if other in done}
        found[name] = Answer(name, parts, folder)
    return found


def study_for(study: Study, analysis: str) -> Study:
    """Return what an analysis may see of its study: no more than its answer's key tells of."""
    from datrial.analyses.registry import ANALYSES

    chosen = ANALYSES[analysis]
    visible = {analysis, *chosen.reads_plan_of}
    return study.model_copy(
        update={
            "title": "",
            "analyses": {name: study.analyses[name] for name in study.analyses if name in visible},
            "primary_outcomes": (),
            "outcome_families": study.outcome_families if chosen.reads_results else {},
            "published": None,
            "disclosure": "",
            "plan": None,
            "nightly": False,
            "retention": Retention(),
        }
    )


def drop_answers(store: SnapshotStore, snapshot: str) -> None:
    """Remove the answers counted from a snapshot in whose place another file comes."""
    shutil.rmtree(answer_folder(store, snapshot), ignore_errors=True)


def drop_outdated(store: SnapshotStore) -> None:
    """Remove answers that no run can use: of snapshots that are gone, and of other code.

    Also what a killed process was writing. A run beside this one that loses an answer by it
    computes it again.
    """
    code = deciding_code()
    for folder in store.folder.glob(f"*{_ENDING}"):
        if not folder.with_suffix(".duckdb").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            continue
        for path, parts in _heads(folder):
            if parts.get("code") != code:
                path.unlink(missing_ok=True)
        for path in folder.glob(f"{_UNFINISHED}*"):
            if _age(path) > _DAY:
                path.unlink(missing_ok=True)


def latest_parts(store: SnapshotStore, snapshot: str, analysis: str) -> Parts:
    """Return what the latest kept answer of an analysis followed from; nothing without one."""
    folder = answer_folder(store, snapshot)
    kept = sorted(_heads(folder, f"{analysis}-*.json"), key=lambda found: _age(found[0]))
    return kept[0][1] if kept else {}


def differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return part -> what in it differs; an empty list where a part has no names in it."""
    found: dict[str, list[str]] = {}
    for part in sorted({*then, *now}):
        old, new = then.get(part), now.get(part)
        if isinstance(old, dict) and isinstance(new, dict):
            names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
            if names:
                found[part] = names
        elif old != new:
            found[part] = []
    return found


def _heads(folder: Path, names: str = "*.json") -> Iterator[tuple[Path, Parts]]:
    """Yield the files of kept answers with what each followed from; of damaged ones nothing."""
    for path in sorted(folder.glob(names)):
        try:
            with path.open(encoding="utf-8") as file:
                yield path, dict(json.loads(file.readline())["parts"])
        except (OSError, ValueError, KeyError, TypeError):
            yield path, {}


def _seen(shown: Study, analysis: str) -> dict[str, Any]:
    seen = study_for(shown, analysis).model_dump(mode="json")
    seen["analyses"].pop(analysis)
    return seen


def _ordered_hash(content: Any) -> str:
    """Return a hash in which order matters: the arms' and sites' order is that of the rows."""
    return _sha256(json.dumps(content, default=str))[:16]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
