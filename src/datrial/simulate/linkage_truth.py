"""The truth behind files in which agencies share no reference, to score a linkage with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from datrial.simulate import agencies, clerks, identities, name_tables
from datrial.simulate.agencies import AGENCIES
from datrial.simulate.linkage import Unlinked
from datrial.simulate.linkage_twice import ALLOCATED_TWICE
from datrial.simulate.truth import csv_file


def add_linkage_truth(truth: dict[str, bytes], unlinked: Unlinked) -> None:
    """Add to the truth whose every reference is, who people are, and how clerks err."""
    truth["links.csv"] = csv_file(
        ("of", "space", "reference", "true_reference"), unlinked.references.links()
    )
    truth["identities.csv"] = csv_file(
        ("of", "true_reference", "site", "given_name", "family_name", "date_of_birth",
         "postcode", "moved_on", "later_postcode", "canary"),
        _identities(unlinked),
    )  # fmt: skip
    truth["allocated_twice.csv"] = csv_file(
        ("true_reference", "reference", "site", "meeting_date", "arm", "stands"),
        (
            (pair[0].reference, each.reference, each.site, each.meeting_date, each.arm, stands)
            for pair in unlinked.twice
            for each, stands in zip(pair, ("yes", "no"), strict=True)
        ),
    )
    truth["parameters.yaml"] += _parameters()
    truth["README.md"] += README.encode()


def _identities(unlinked: Unlinked) -> Iterable[Sequence[object]]:
    written = {(of, true) for of, _, _, true in unlinked.references.links()}
    for of, people in unlinked.people.items():
        for row, reference in enumerate(people.reference):
            if (of, reference) not in written:
                continue
            moved = people.moved_on[row].item()
            yield (
                of,
                reference,
                people.site[row],
                people.given[row],
                people.family[row],
                people.born[row],
                people.postcode[row],
                moved or "",
                people.later_postcode[row] if moved else "",
                "yes" if people.is_canary[row] else "no",
            )


def _parameters() -> bytes:
    import yaml

    content = {
        "linkage": {
            "forenames": name_tables.FORENAMES,
            "surnames": name_tables.SURNAMES,
            "relatives": identities.RELATIVES,
            "namesakes": identities.NAMESAKES,
            "moved": identities.MOVED,
            "married": identities.MARRIED,
            "cohabiting": identities.COHABITING,
            "new_reference": agencies.NEW_REFERENCE,
            "allocated_twice": [
                {"first": first, "second": second, "people": number}
                for (first, second), number in ALLOCATED_TWICE.items()
            ],
            "second_nominal": agencies.SECOND_NOMINAL,
            "slips": clerks.SLIPS,
            "clerks": [
                {
                    "file": agency.layout.file,
                    "table": agency.layout.table,
                    "space": agency.space,
                    **agency.clerk.rates(),
                }
                for agency in AGENCIES.values()
            ],
        }
    }
    return yaml.safe_dump(content, sort_keys=False).encode()


README = """
# Where agencies share no reference

The events are those of the study `drive` with the same seed, person for person and day
for day. They are written down otherwise.

- The police of site 2 and of site 3 have nominal references of their own (spaces
  `police_site_2`, `police_site_3`), some people two of them. IDVA Insights has its own
  for clients and perpetrators (`insights`). They belong to the people of MARAC through
  names, dates of birth and postcodes only.
- MARAC of site 2 gave some perpetrators a new reference at a hearing after the index
  hearing (for those never allocated: after their first). It looks like those of the
  space that MARAC, the allocation list, case management and the police of site 1 share.
  Without linkage these hearings belong to nobody in the trial: re-appearances are too
  few, and the people heard are too many.
- A few perpetrators were referred at two sites under two references, and allocated under
  both; some of them to different arms. In truth they are one person: the second has the
  first's name, date of birth and home. Their victims-survivors are different people.
- Postcodes are of areas that do not exist (XA, XB, XC for sites 1 to 3).

`links.csv` has every reference of every space (empty: the shared one) and the true
reference behind it: two references are one person if their true references are the
same. `allocated_twice.csv` has those who were allocated under two references, and which
allocation stands: the first. `people.csv` lists their two references as two people.
`identities.csv` has who people are; `canary` marks the few whose names, dates of
birth and postcodes nobody wrote wrongly, so that a search for them finds every leak.
`parameters.yaml` has under `linkage` how often clerks slip, each time that they write
somebody down: at every meeting for MARAC, once for each reference elsewhere.
Relatives share surname and home, and some father and son the forename too.

MARAC margins hold for people as they were allocated: who was allocated twice counts
twice. The numbers of references are larger.
"""
