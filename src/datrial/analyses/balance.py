"""Balance: the arms at the meeting of the allocation, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datrial.analyses.arms import is_coded, reference_arm
from datrial.analyses.balance_rows import BalanceRows, against_reference
from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.received import Received, received
from datrial.config.tables import staging_tables
from datrial.results.cells import Table

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = {"age": "Age (years)", "children": "Children"}
_CODES = {"referral_agency": "Referral agency", "repeat_case": "Repeat case"}
_NO_SEX = "MARAC case lists do not tell the sex; case management knows its service users' only"


_NOTE = (
    "Everyone allocated, as allocated; from the cases heard at the index meeting: the lowest known "
    "age, the most children, repeat if one case was, of several referral agencies the first in the "
    "alphabet. Means are of known values; shares are of everyone in the arm, and don't know and "
    "missing are rows of their own. SMD: the standardised mean difference from the controls. Its "
    "plain form is not weighted: where places differ between meetings, so do the chances of an "
    "arm, and arms may differ by site and time without any fault of the draw. The forms within "
    "sites and within meetings compare only those who were drawn together."
)


class BalanceParameters(Parameters):
    """The balance table has no parameters."""


def run(context: Context, parameters: BalanceParameters) -> list[Table]:
    """Return the characteristics by arm, with standardised mean differences."""
    del parameters
    arms = {key: about.label for key, about in context.study.arms.items()}
    reference = reference_arm(context.study)
    means = Table("balance.means", "Age and children at the index meeting, by arm", _NOTE)
    shares = Table("balance.shares", "Who was allocated: characteristics by arm", _NOTE)
    for table in (means, shares):
        for arm, label in arms.items():
            table.column(arm, label)
        for arm in arms:
            if reference and arm != reference:
                against = arms[reference] if is_coded(context.study) else arms[reference].lower()
                table.column(against_reference(arm), f"{arms[arm]} against {against}")
    marac = received(context, "marac")
    people = _people(context)
    filler = BalanceRows(means, shares, people, list(arms), reference, marac.warning())
    filler.people()
    for name, label in _NUMBERS.items():
        # An age can be known from a date of birth that another agency sent.
        filler.number(name, label, marac.reason() if people[name].isna().all() else "")
    _add_sex(filler, received(context, "cms"))
    for name, label in _CODES.items():
        codes = staging_tables()["marac_case"].columns[name].codes or ()
        filler.codes(name, label, list(codes), nothing=marac.reason())
    sites = {key: about.label for key, about in context.study.sites.items()}
    filler.codes("site", "Site", list(sites), labels=sites, within=False)
    return [means, shares]


def _add_sex(filler: BalanceRows, sent: Received) -> None:
    marac, cms = (staging_tables()[name].columns for name in ("marac_case", "cms_service_user"))
    if "sex" in marac:
        filler.codes("sex", "Sex", list(marac["sex"].codes or ()))
    else:
        filler.codes_of_some("sex", "Sex", list(cms["sex"].codes or ()), sent.reason() or _NO_SEX)


def _people(context: Context) -> pd.DataFrame:
    """Return everyone allocated, with what was known of him at his index meeting."""
    in_marac = "sex" in staging_tables()["marac_case"].columns
    sex = "min(heard.sex)" if in_marac else "any_value(service_user.sex)"
    return context.connection.execute(
        f"""
        select
            member.person_id, member.arm, member.site,
            concat(member.site, '|', member.index_date) as meeting,
            cast(any_value(member.age_at_index) as double) as age,
            cast(max(heard.children_count) as double) as children,
            min(heard.referral_agency) as referral_agency,
            case
                when bool_or(heard.repeat_case = 'yes') then 'yes'
                when bool_or(heard.repeat_case = 'no') then 'no'
                else min(heard.repeat_case)
            end as repeat_case,
            {sex} as sex
        from cohort.member as member
        left join staging.marac_case as heard
            on heard.perpetrator_id = member.person_id
            and heard.hearing_date = member.index_date
        left join staging.cms_service_user as service_user
            on service_user.perpetrator_id = member.person_id
        group by member.person_id, member.arm, member.site, member.index_date
        order by member.person_id
        """  # noqa: S608 (the column's name is ours)
    ).df()


ANALYSIS = Analysis(
    id="balance",
    title="Balance of the arms",
    chapter="The trial",
    question="Were the arms alike at the meeting of the allocation?",
    population="Every allocated perpetrator, as allocated.",
    rules="What was known at the index meeting, and nothing later. Missing and don't know are "
    "rows of their own; means and their differences rest on known values. No test is made: a "
    "difference between randomised arms is chance by construction, and what matters is its size.",
    model="Standardised mean differences: the difference of means or shares over the root of the "
    "arms' mean variance; beyond about .1 a difference is worth a look. Within sites and within "
    "meetings: the differences of the strata, weighted by n1 n0 / (n1 + n0), over the same root. "
    "R: tableone, cobalt::bal.tab. Stata: stddiff.",
    references=(
        "Austin (2009), Statistics in Medicine 28(25), 3083-3107.",
        "Senn (1994), Statistics in Medicine 13(17), 1715-1726.",
    ),
    limits=(
        "Only what was recorded at the index meeting can be compared; the arms may differ in "
        "what nobody recorded.",
    ),
    catalogue=(),
    parameters=BalanceParameters,
    run=run,
)
