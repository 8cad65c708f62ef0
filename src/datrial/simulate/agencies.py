"""Agencies that share no reference: their files with identifiers (configs/sources/drive_linkage).

The other files of the world are as in ``layouts``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from datrial.simulate import layouts
from datrial.simulate.clerks import Clerk
from datrial.simulate.layouts import Layout

#: Of the perpetrators of site 2 who are heard again: with a new reference from then on.
NEW_REFERENCE = 0.30
#: Of the people the police know: with two nominal records.
SECOND_NOMINAL = 0.03


@dataclass(frozen=True)
class Agency:
    """One sheet of an agency: how it looks, how people are written down, whose references it has.

    Attributes
    ----------
    layout
        Columns ``perpetrator_<identifier>`` and ``victim_<identifier>`` are identifiers.
    space
        The name of the agency's own references; none where they are the shared ones.
    prefixes
        Of the agency's own references, by the kind of person.
    second_reference
        Share of people to whom the agency gave two of its own references.
    new_reference
        Share of the perpetrators heard again who get a new reference.
    """

    layout: Layout
    clerk: Clerk
    space: str | None = None
    prefixes: dict[str, str] = field(default_factory=dict)
    second_reference: float = 0.0
    new_reference: float = 0.0


def _with_identifiers(
    base: Layout, without: tuple[str, ...], identifiers: dict[str, str]
) -> Layout:
    """Return a layout whose names and dates of birth are identifiers, after the references."""
    columns: dict[str, str] = {}
    for name, theirs in base.columns.items():
        if name not in without:
            columns[name] = theirs
        if name == "perpetrator_id":
            columns |= identifiers
    return replace(base, columns=columns)


def _with_address(layout: Layout, name: str) -> Layout:
    """Return a layout with the reference of the address of a case as its last column."""
    return replace(layout, columns={**layout.columns, "household_id": name})


_WITHHELD = ("withheld_name", "date_of_birth")
_MARAC_CLERK = Clerk(no_date_of_birth=0.06, no_postcode=0.12, anew=True)
_POLICE_CLERK = Clerk(no_date_of_birth=0.02, no_postcode=0.08)

_MARAC_1 = _with_identifiers(layouts.MARAC["site_1"], _WITHHELD, {
    "perpetrator_full_name": "Perpetrator name", "perpetrator_date_of_birth": "Perpetrator DOB",
    "perpetrator_postcode": "Perpetrator postcode", "victim_full_name": "Victim name",
    "victim_date_of_birth": "Victim DOB", "victim_postcode": "Victim postcode",
})  # fmt: skip
_MARAC_2 = _with_identifiers(layouts.MARAC["site_2"], _WITHHELD, {
    "perpetrator_full_name": "Perpetrator (surname, forename)",
    "perpetrator_date_of_birth": "Date of birth", "perpetrator_postcode": "Home postcode",
    "victim_full_name": "Victim (surname, forename)",
    "victim_date_of_birth": "Victim date of birth", "victim_postcode": "Victim home postcode",
})  # fmt: skip
_MARAC_3 = _with_identifiers(layouts.MARAC["site_3"], _WITHHELD, {
    "perpetrator_given_name": "PerpForename", "perpetrator_family_name": "PerpSurname",
    "perpetrator_date_of_birth": "PerpDOB", "perpetrator_postcode": "PerpPostcode",
    "victim_given_name": "VicForename", "victim_family_name": "VicSurname",
    "victim_date_of_birth": "VicDOB", "victim_postcode": "VicPostcode",
})  # fmt: skip
_POLICE_2 = _with_identifiers(layouts.POLICE["site_2"], _WITHHELD, {
    "perpetrator_full_name": "Person", "perpetrator_date_of_birth": "Person DOB",
    "perpetrator_postcode": "Person postcode",
})  # fmt: skip
_POLICE_3 = _with_identifiers(layouts.POLICE["site_3"], _WITHHELD, {
    "perpetrator_family_name": "Suspect surname", "perpetrator_given_name": "Suspect forename",
    "perpetrator_date_of_birth": "Suspect DOB", "perpetrator_postcode": "Suspect postcode",
})  # fmt: skip
_INSIGHTS = _with_identifiers(layouts.INSIGHTS_INTAKE, _WITHHELD, {
    "perpetrator_full_name": "Perpetrator name", "perpetrator_date_of_birth": "Perpetrator DOB",
    "victim_full_name": "Client name", "victim_date_of_birth": "Client DOB",
    "victim_postcode": "Client postcode",
})  # fmt: skip
_OF_INSIGHTS = {"victim": "IC-", "perpetrator": "IP-"}

AGENCIES = {
    (agency.layout.file, agency.layout.table): agency
    for agency in (
        Agency(_with_address(_MARAC_1, "Address ref"), _MARAC_CLERK),
        Agency(_with_address(_MARAC_2, "Address reference"),
               replace(_MARAC_CLERK, surname_first=True),
               prefixes={"perpetrator": "S2-P"}, new_reference=NEW_REFERENCE),
        Agency(_with_address(_MARAC_3, "AddressURN"), _MARAC_CLERK),
        Agency(layouts.POLICE["site_1"], _POLICE_CLERK),
        Agency(_POLICE_2, replace(_POLICE_CLERK, surname_first=True), "police_site_2",
               {"perpetrator": "N2/"}, SECOND_NOMINAL),
        Agency(_POLICE_3, _POLICE_CLERK, "police_site_3", {"perpetrator": "PNC"}, SECOND_NOMINAL),
        # Clients tell of themselves and of the perpetrator, whose home is not asked for.
        Agency(_INSIGHTS, Clerk(no_date_of_birth=0.12, no_postcode=0.15), "insights", _OF_INSIGHTS),
        Agency(layouts.INSIGHTS_EXIT, Clerk(), "insights", _OF_INSIGHTS),
        Agency(layouts.CMS_SERVICE_USER, Clerk()),
    )
}  # fmt: skip
