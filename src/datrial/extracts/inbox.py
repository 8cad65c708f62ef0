"""What lies in the incoming folder: which file is whose, for which days, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datrial.config.mapping import SourceMapping
from datrial.errors import DataError
from datrial.extracts.files import file_hash, matching_files, visible_files
from datrial.extracts.periods import Days, days_of, part_of
from datrial.extracts.receipts import extract_id
from datrial.extracts.replaced import Extract, rivals

#: The file that `datrial simulate` leaves beside the extracts; it is none itself.
SIMULATED_MARK = "SIMULATED"


@dataclass(frozen=True)
class Delivery:
    """A file in the inbox that a mapping names."""

    mapping: SourceMapping
    path: Path
    sha256: str
    days: Days
    part: str | None

    @property
    def id(self) -> str:
        """The id of the extract that the file is."""
        named = self.days if self.mapping.period_in_name else None
        return extract_id(self.mapping.key, self.sha256, named)


def deliveries(
    mappings: Iterable[SourceMapping], inbox: Path
) -> tuple[list[Delivery], list[Delivery], list[str]]:
    """Return what the inbox holds, each content once; every file; and what names tell wrongly.

    The order is that in which new files are numbered: by mapping, part and days.

    Raises
    ------
    DataError
        If the inbox does not exist or a file cannot be read.
    """
    every, problems = [], []
    for mapping in mappings:
        for path in matching_files(mapping, inbox):
            try:
                days = days_of(mapping, path.name)
            except DataError as error:
                problems.append(str(error))
                continue
            part = part_of(mapping, path.name)
            every.append(Delivery(mapping, path, file_hash(path), days, part))
    distinct = {each.id: each for each in reversed(every)}
    ordered = sorted(
        distinct.values(),
        key=lambda each: (each.mapping.key, each.part or "", each.days, each.sha256),
    )
    return ordered, every, problems


def unread_files(mappings: Iterable[SourceMapping], inbox: Path) -> list[str]:
    """Return the names of files in the inbox that no mapping names, so that a person can look.

    Raises
    ------
    DataError
        If the inbox does not exist.
    """
    named = {path for mapping in mappings for path in matching_files(mapping, inbox)}
    return sorted(
        path.name
        for path in visible_files(inbox)
        if path not in named and path.name != SIMULATED_MARK
    )


def absent(mappings: Iterable[SourceMapping], inbox: Path) -> list[str]:
    """Return a sentence for each mapping without any file that is not optional."""
    return [
        f"There is no file {mapping.file!r} in the incoming folder ({mapping.source}"
        f"{', ' + mapping.site if mapping.site else ''}). Ask the agency for it, or correct "
        f"`file` in configs/sources/{mapping.key}.yaml."
        for mapping in mappings
        if not mapping.optional and not matching_files(mapping, inbox)
    ]


def same_content(every: Sequence[Delivery], rows: Mapping[str, int]) -> list[str]:
    """Refuse one content under two mappings, or for days that have nothing in common.

    A site's rows would count for another site too, or March sent again would
    pass for April. Contents without a row are alike wherever nothing happened.

    Parameters
    ----------
    rows
        Extract id -> its rows.
    """
    by_content: dict[str, list[Delivery]] = {}
    for delivery in every:
        by_content.setdefault(delivery.sha256, []).append(delivery)
    problems = []
    for same in by_content.values():
        keys = sorted({each.mapping.key for each in same})
        names = ", ".join(sorted({each.path.name for each in same}))
        one_file = len({each.path for each in same}) < len(same)
        has_rows = any(rows.get(each.id) for each in same)
        if len(keys) > 1 and (has_rows or one_file) and same[0].path.stat().st_size:
            problems.append(
                f"{names}: the same content is read by {len(keys)} mappings "
                f"({', '.join(keys)}). Ask the agency which one it belongs to, or make the `file` "
                "patterns distinct."
            )
        elif has_rows and not all(one.days.touches(other.days) for one in same for other in same):
            problems.append(
                f"{names}: the same content under names that tell of different days. Ask the "
                "agency for the file that is missing, and remove the name that is wrong."
            )
    return problems


def together(new: Iterable[Delivery]) -> list[str]:
    """Refuse two new files of which one must replace the other: nobody can know which."""
    by_id = {each.id: each for each in new}
    extracts = [Extract(d.id, d.mapping.key, d.part, d.days, 0, d.sha256) for d in by_id.values()]
    return [
        f"{', '.join(sorted(by_id[each.id].path.name for each in pair))}: both are new, and the "
        "days of one lie within those of the other, so nobody can know which corrects which. "
        "Leave only the one that counts in the incoming folder; parts of one delivery are told "
        f"apart by {{part}} in `file` of configs/sources/{pair[0].mapping}.yaml."
        for pair in rivals(extracts)
    ]
