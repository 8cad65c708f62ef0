"""How to repeat a run: its commands, and the page of the certificates of its code."""

from __future__ import annotations

import shlex

from datrial.results.manifest import Manifest


def repeat_commands(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """Return commands with what they do; the first two make this very run again."""
    again = ["datrial", "analyse", "--study", manifest.study, "--snapshot", manifest.snapshot_id]
    of_snapshot = [*again]
    for name in manifest.only or ():
        again += ["--only", name]
    for name, value in manifest.changes.items():
        again += ["--set", f"{name}={value}"]
    if manifest.label:
        again += ["--label", manifest.label]
    run = manifest.run_id
    return (
        (
            f"datrial rerun {run}",
            "Repeats this run from what is stored, and proves that every number is the same or "
            "lists those that differ.",
        ),
        (shlex.join(again), "The same analyses on the same snapshot: same inputs, same numbers."),
        (
            shlex.join([*of_snapshot, "--set"]) + " ANALYSIS.PARAMETER=VALUE",
            "The same snapshot with a changed parameter; the methods chapter names them.",
        ),
        (
            f"datrial diff {run} OTHER_RUN",
            "Compares this run with another one, number by number, by what caused a difference.",
        ),
        (f"datrial run --study {manifest.study}", "Read what arrived since; the whole road."),
        (
            "datrial verify",
            "Computes the published examples, and what second programs give, on this machine.",
        ),
        ("datrial explain ANALYSIS", "An analysis's question, population, rules and model."),
        ("datrial runs", "The stored runs."),
    )


def certificates_page(manifest: Manifest) -> str:
    """Return where the page of `datrial verify` lies, seen from the report; empty if unknown."""
    if not manifest.code_version:
        return ""
    return f"../../verification/{manifest.code_version}/index.html"
