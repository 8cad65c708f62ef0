"""Write ``verification/<code version>/index.html``, and check a page that was handed on.

The page carries two hashes. That of the results is the SHA-256 of ``certificates.json``.
That of the page is the SHA-256 of the page itself with zeros in this hash's place. Both
show that nothing was changed since; they cannot show who made the page.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datrial.errors import DataError, UsageError
from datrial.results.files import write_atomically
from datrial.verification.record import is_consistent, record_bytes
from datrial.verification.views import moment, number, small, words_of

if TYPE_CHECKING:
    from jinja2 import Template

PAGE, RESULTS = "index.html", "certificates.json"
_ZEROS = "0" * 64
_SHOWN = {
    "results": re.compile(r'<meta name="datrial-results-sha256" content="([0-9a-f]{64})">'),
    "page": re.compile(r'<meta name="datrial-page-sha256" content="([0-9a-f]{64})">'),
}


@dataclass(frozen=True)
class Checked:
    """A page or a file of results that is as it was written.

    Attributes
    ----------
    agree, certificates
        How many certificates agreed, of how many; none where the results are not there.
    """

    code_version: str
    verified_at: str
    signed_by: str
    agree: int | None
    certificates: int | None


def write_verification(home: Path, record: dict[str, Any]) -> Path:
    """Write the results and the page of a verification; return the page.

    The page is written last: where it stands, its results stand too.
    """
    folder = home / "verification" / str(record["code_version"])
    content = record_bytes(record)
    write_atomically(folder / RESULTS, content)
    write_atomically(folder / PAGE, render(content).encode())
    return folder / PAGE


def render(content: bytes) -> str:
    """Return the page of the results in ``certificates.json``."""
    record = json.loads(content)
    certificates = [each for chapter in record["chapters"] for each in chapter["certificates"]]
    page = _template().render(
        record=record,
        failed=[each for each in certificates if not each["agrees"]],
        results_hash=hashlib.sha256(content).hexdigest(),
        page_hash=_ZEROS,
        css=_asset("datrial.report", "report.css") + _asset("datrial.verification", "page.css"),
    )
    return page.replace(_ZEROS, hashlib.sha256(page.encode()).hexdigest())


def check_page(path: Path) -> Checked:
    """Check a page, or its results, or the folder of both.

    Raises
    ------
    UsageError
        If there is no such file, or if it is neither.
    DataError
        If it was changed since it was written.
    """
    folder = path if path.is_dir() else path.parent
    page = folder / PAGE if path.is_dir() or path.name == RESULTS else path
    results = folder / RESULTS
    if not page.is_file():
        raise UsageError(f"There is no page of a verification at {page.name}.")
    text = _read(page)
    shown = {name: found[1] for name, mark in _SHOWN.items() if (found := mark.search(text))}
    if len(shown) != len(_SHOWN):
        raise UsageError(f"{page.name} is not a page that `datrial verify` wrote.")
    blank = text.replace(shown["page"], _ZEROS)
    if hashlib.sha256(blank.encode()).hexdigest() != shown["page"]:
        raise DataError(
            f"{page.name} was changed since it was written: its hash is not the one it shows."
        )
    if not results.is_file():
        return Checked(_told(text, "code"), _told(text, "at"), _told(text, "by"), None, None)
    content = results.read_bytes()
    if hashlib.sha256(content).hexdigest() != shown["results"]:
        raise DataError(
            f"{RESULTS} is not the file that {page.name} was made from: its hash is another."
        )
    record = json.loads(content)
    if not is_consistent(record):
        raise DataError(f"The verdicts in {RESULTS} do not follow from its numbers.")
    return Checked(
        record["code_version"],
        moment(record["verified_at"]),
        record["signed_by"],
        record["agree"],
        record["certificates"],
    )


def _read(page: Path) -> str:
    try:
        return page.read_bytes().decode()
    except UnicodeDecodeError:
        raise UsageError(f"{page.name} is not a page that `datrial verify` wrote.") from None


def _told(text: str, name: str) -> str:
    from html import unescape

    found = re.search(f'<dd id="{name}">(?:<code>)?([^<]*)', text)
    return unescape(found[1]).strip() if found else ""


def _asset(package: str, name: str) -> str:
    return (files(package) / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # Only our own stylesheet is let through unescaped.
    environment.filters["ours"] = Markup
    environment.filters["number"] = number
    environment.filters["words"] = words_of
    environment.filters["small"] = small
    environment.filters["moment"] = moment
    return environment.from_string(_asset("datrial.verification", "page.html.j2"))
