"""The page of a verification, its hashes, and the command that writes and checks it."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import verification_fixture as given
from typer.testing import CliRunner, Result

from datrial.cli import app
from datrial.errors import DataError, UsageError
from datrial.pipeline.identity import code_version
from datrial.verification.certificate import Certificate, Kind, same
from datrial.verification.environment import SHOWN, environment
from datrial.verification.page import PAGE, RESULTS, check_page, render, write_verification
from datrial.verification.record import comparison_of, is_consistent, record_bytes
from datrial.verification.views import moment, number, small


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return write_verification(tmp_path, given.record(signed_by="Trial office"))


def text_of(page: Path) -> str:
    """Return what a reader sees."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.parts: list[str] = []
            self.hidden = 0

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.hidden += tag == "style"

        def handle_endtag(self, tag: str) -> None:
            self.hidden -= tag == "style"

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                self.parts.append(data)

    reader = Reader()
    reader.feed(page.read_text())
    return " ".join(" ".join(reader.parts).split())


def test_the_page_tells_every_number_and_its_verdict(page: Path) -> None:
    said = text_of(page)
    assert page.parent.name == code_version()
    for part in (
        "3 certificates were run", "1 agree", "2 fail", "10 numbers were compared",
        "Not everything agrees.", "4 March 2026, 12:30 UTC", "Signed off by Trial office",
        "Heinze and Schemper (2002)", "datrial.models.fit_logit", "a text <b>", "1.5000001",
        "could not run", "does not agree", "It could not run to its end: ModuleNotFoundError",
        code_version(), "inf", "exact",
    ):  # fmt: skip
        assert part in said, part
    assert "Every certificate agrees." not in said
    assert "Every certificate agrees." in render(record_bytes(given.record(failing=False)))


def test_the_page_needs_no_network_and_names_no_machine(page: Path) -> None:
    html, results = page.read_text(), (page.parent / RESULTS).read_text()
    assert 'lang="en-GB"' in html
    assert "default-src 'none'" in html
    assert "<script" not in html
    # The only link that leaves the page leads to the results beside it.
    links = set(re.findall(r'(?:href|src)="([^"#]+)', html))
    assert links == {"data:,", RESULTS}
    for secret in {platform.node(), str(Path.cwd()), str(Path.home()), str(page.parent.parent)}:
        assert len(secret) < 6 or secret not in html + results


def test_the_environment_is_told_in_versions() -> None:
    told = environment()
    assert set(told["libraries"]) == set(SHOWN)
    assert all(re.match(r"\d+\.\d", version) for version in told["libraries"].values())
    assert re.fullmatch(r"[0-9a-f]{64}", told["lock"]["sha256"])
    assert told["lock"]["packages"] > 50
    assert [each["package"] for each in told["lock"]["other"] if each["package"] in SHOWN] == []


def test_both_hashes_are_those_of_the_files(page: Path) -> None:
    html, results = page.read_text(), (page.parent / RESULTS).read_bytes()
    of_results = hashlib.sha256(results).hexdigest()
    assert html.count(of_results) == 2
    (of_page,) = re.findall(r'page-sha256" content="([0-9a-f]{64})"', html)
    assert hashlib.sha256(html.replace(of_page, "0" * 64).encode()).hexdigest() == of_page
    assert render(results) == html


@pytest.mark.parametrize("which", ["page", "results", "folder"])
def test_an_unaltered_page_is_told_so(page: Path, which: str) -> None:
    places = {"page": page, "results": page.parent / RESULTS, "folder": page.parent}
    found = check_page(places[which])
    assert (found.agree, found.certificates, found.signed_by) == (1, 3, "Trial office")
    assert found.code_version == code_version()


def test_a_page_without_its_results_is_checked_by_itself(page: Path) -> None:
    (page.parent / RESULTS).unlink()
    found = check_page(page)
    assert (found.agree, found.certificates) == (None, None)
    assert (found.code_version, found.signed_by) == (code_version(), "Trial office")
    assert found.verified_at == "4 March 2026, 12:30 UTC"


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def forge(page: Path) -> None:
    """Say that all agrees, and compute every hash anew."""
    results = page.parent / RESULTS
    record = json.loads(results.read_bytes())
    for chapter in record["chapters"]:
        for each in chapter["certificates"]:
            each["agrees"] = True
    record["agree"] = record["certificates"]
    results.write_bytes(record_bytes(record))
    page.write_text(render(results.read_bytes()))


CHANGES: list[tuple[str, Callable[[Path], None], str]] = [
    (
        "a verdict on the page",
        lambda page: rewrite(page, "does not agree", "agrees"),
        "was changed",
    ),
    ("the name on the page", lambda page: rewrite(page, "Trial office", "Nobody"), "was changed"),
    (
        "a number in the results",
        lambda page: rewrite(page.parent / RESULTS, "1.5000001", "1.5000002"),
        "is not the file that",
    ),
    ("the verdicts everywhere", forge, "do not follow from its numbers"),
]


@pytest.mark.parametrize(
    ("change", "said"), [row[1:] for row in CHANGES], ids=[r[0] for r in CHANGES]
)
def test_what_was_changed_is_found(page: Path, change: Callable[[Path], None], said: str) -> None:
    change(page)
    with pytest.raises(DataError, match=said):
        check_page(page)


def test_what_is_no_page_is_told_apart(tmp_path: Path) -> None:
    other = tmp_path / "other.html"
    with pytest.raises(UsageError, match=r"no page of a verification at other\.html"):
        check_page(other)
    for content in (b"<html></html>", b"\xff\xfe\x00"):
        other.write_bytes(content)
        with pytest.raises(UsageError, match="not a page that `datrial verify` wrote"):
            check_page(other)


def test_a_name_is_escaped_and_left_out_unless_given(tmp_path: Path) -> None:
    named = render(record_bytes(given.record(signed_by=" <script>alert(1)</script> ")))
    assert "<script>" not in named
    assert "&lt;script&gt;" in named
    page = write_verification(tmp_path, given.record())
    assert check_page(page).signed_by == ""
    assert 'id="by" class="line"></dd>' in page.read_text()


def test_a_record_holds_what_json_cannot_and_its_verdicts_follow() -> None:
    record = given.record()
    told = record["chapters"][0]["certificates"][0]["comparisons"][2]
    assert told["expected"] == {"number": "inf"}
    assert comparison_of(json.loads(json.dumps(told))).agrees
    assert is_consistent(record)
    for change in ({"agree": 3}, {"certificates": 4}):
        assert not is_consistent({**record, **change})
    told["agrees"] = False
    assert not is_consistent(record)


def test_numbers_are_written_for_people() -> None:
    minus = "\N{MINUS SIGN}"
    assert [number(v) for v in (0.1 + 0.2, -1.5, 32768, "text", None)] == [
        "0.3", f"{minus}1.5", "32,768", "text", "",
    ]  # fmt: skip
    assert [small(v) for v in (0.0, None, -1.234e-7)] == ["0", "", f"{minus}1.2e{minus}7"]
    assert moment("2026-03-04T00:05:59Z") == "4 March 2026, 00:05 UTC"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATRIAL_HOME", str(tmp_path))
    return tmp_path


def ask(*words: str) -> Result:
    return CliRunner().invoke(app, ["verify", *words], catch_exceptions=False)


def test_in_part_it_tells_and_writes_no_page(home: Path) -> None:
    told = ask("--only", "villages", "--only", "honey")
    assert told.exit_code == 0
    assert "1/2  randomisation.villages  agrees" in told.output
    assert "2 of 2 certificates agree" in told.output
    assert "no page was written" in told.output
    assert list(home.iterdir()) == []


def alone(monkeypatch: pytest.MonkeyPatch, computed: int) -> None:
    """Let there be one certificate."""
    only = Certificate(
        "tables.one", "One", ("weighted_kappa",), Kind.HAND_COUNT, "Source", "Data", "Exact.",
        lambda: [same("count", computed, 1)],
    )  # fmt: skip
    from datrial.verification import registry

    monkeypatch.setattr(registry, "certificates", lambda: (only,))
    chapter = next(each for each in registry.CHAPTERS if each.id == "tables")
    monkeypatch.setattr(chapter, "certificates", [only])


@pytest.mark.parametrize(("computed", "code"), [(1, 0), (2, 1)])
def test_the_exit_code_says_whether_all_agree_and_the_page_is_written_either_way(
    home: Path, monkeypatch: pytest.MonkeyPatch, computed: int, code: int
) -> None:
    alone(monkeypatch, computed)
    told = ask("--signed-by", "Trial office")
    assert told.exit_code == code
    assert f"Page: {home}/verification/{code_version()}/{PAGE}" in told.output
    assert ("count: expected 1, computed 2" in told.output) is (code == 1)
    folder = home / "verification" / code_version()
    assert sorted(each.name for each in folder.iterdir()) == [RESULTS, PAGE]
    checked = ask("--check", str(folder / PAGE))
    assert checked.exit_code == 0
    assert "is as it was written" in checked.output
    assert f"{1 - code} of 1 certificates agree." in checked.output
    assert "Signed off by Trial office." in checked.output


def test_machines_are_answered_in_json(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = json.loads(ask("--list", "--json").stdout)
    assert {"certificate", "kind", "verifies", "title"} == set(listed[0])
    assert len(listed) > 60
    alone(monkeypatch, 1)
    told = json.loads(ask("--json").stdout)
    assert (told["agree"], told["certificates"], told["signed_by"]) == (1, 1, "")
    assert told["page"].endswith(PAGE)
    checked = json.loads(
        ask("--check", str(home / "verification" / code_version()), "--json").stdout
    )
    assert (checked["agree"], checked["code_version"]) == (1, code_version())


def test_the_list_names_every_certificate() -> None:
    told = ask("--list")
    assert told.exit_code == 0
    assert "randomisation.vitamin_a" in told.output
    assert "complier_average_effect" in told.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--check", "x.html", "--list"], "--check stands alone"),
        (["--signed-by", "A", "--only", "cox"], "leave out --only"),
        (["--only", "no_such_function"], "No certificate is named"),
    ],
)
def test_wrong_use_is_said(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ask(*words)
