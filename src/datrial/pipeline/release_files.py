"""The files of a release: those of a run that may leave the house, and no others."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.config.study import Study
from datrial.results.cells import Table
from datrial.results.files import sha256, sync_folder, write_synced
from datrial.results.folder import CELLS, MANIFEST
from datrial.results.releases import UNFINISHED

if TYPE_CHECKING:
    from datrial.results.manifest import Manifest

#: What of a manifest is for the house: of which files a snapshot was made, and a label, in
#: which people write what they like. Id and files are written anew.
_FOR_THE_HOUSE = ("made_of", "run_id", "files", "label")


def write_release(
    folder: Path,
    scratch: Path,
    manifest: Manifest,
    study: Study,
    tables: Sequence[tuple[str, Table]],
    further: dict[str, Any],
) -> None:
    """Write a release's folder, whole or not at all.

    Parameters
    ----------
    scratch
        A folder for what is made on the way; the caller removes it.
    manifest
        The manifest of the run that is released.
    tables
        Its tables, protected.
    further
        What the released manifest says besides, or otherwise than the run's.
    """
    from datrial.analyses.registry import ANALYSES
    from datrial.report.build import render
    from datrial.report.workbook import write_workbooks
    from datrial.results.published import load_published, published_values
    from datrial.results.read import read_run
    from datrial.results.store import write_run

    run = manifest.run_id
    told = manifest.model_dump(mode="json", exclude=set(_FOR_THE_HOUSE)) | further
    printed = load_published(study.published) if study.published else ()
    stored = write_run(scratch, run, told, tables, published_values(printed, study.analyses))
    methods = [ANALYSES[ended.id] for ended in manifest.analyses if ended.id in ANALYSES]
    page = render(read_run(scratch, run), methods, released=True)
    unfinished = folder.with_name(f"{UNFINISHED}{folder.name}-{os.getpid()}-{secrets.token_hex(4)}")
    unfinished.mkdir(parents=True)
    try:
        (unfinished / "tables").mkdir()
        kept = [stored / CELLS, *sorted((stored / "tables").iterdir())]
        for path in kept:
            write_synced(unfinished / path.relative_to(stored), path.read_bytes())
        for path in write_workbooks(scratch, run):
            write_synced(unfinished / path.name, path.read_bytes())
        write_synced(unfinished / "index.html", page.encode())
        content = json.loads((stored / MANIFEST).read_text(encoding="utf-8"))
        content["files"] = {
            str(path.relative_to(unfinished)): sha256(path)
            for path in sorted(unfinished.rglob("*"))
            if path.is_file()
        }
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        write_synced(unfinished / MANIFEST, f"{text}\n".encode())
        for each in (unfinished / "tables", unfinished):
            sync_folder(each)
        unfinished.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
