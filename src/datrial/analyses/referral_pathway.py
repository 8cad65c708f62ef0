"""Referrals to a service: how many, from where and when, how far each went and how it ended."""

from __future__ import annotations

from datrial.analyses.base import Analysis, Context
from datrial.analyses.referral_pathway_data import ReferralPathwayParameters, referrals_of
from datrial.analyses.referral_pathway_onward import monitoring_table, onward_table
from datrial.analyses.referral_pathway_sites import site_tables
from datrial.analyses.referral_pathway_stages import stage_tables
from datrial.results.cells import Table


def run(context: Context, parameters: ReferralPathwayParameters) -> list[Table]:
    """Return the pathway, its ends, referrals by site and period, and the accommodation pathway."""
    of = referrals_of(context, parameters)
    tables = [*stage_tables(of), onward_table(of, parameters), *site_tables(of, parameters)]
    if parameters.until:
        tables.append(monitoring_table(of, parameters, parameters.until))
    return tables


ANALYSIS = Analysis(
    id="referral_pathway",
    title="Referrals and how far they went",
    chapter="Referrals and activity",
    question="How many people were referred, from where and when, how far did each referral go, "
    "how did it end, and what followed?",
    population="All referrals of the study's sources; in the tables of people, everybody referred.",
    rules="A person referred several times is several referrals and one person, who counts with "
    "the furthest that any of them went. A stage is reached where its day or its answer is "
    "recorded; one of which nothing is recorded in a cohort is not available there, never zero. "
    "Ended: completed; engaged, then stopped; never engaged; not taken on; else open.",
    model="Counts, and shares with Wilson's 95% interval; between two cohorts the difference of "
    "the shares with Newcombe's. Stata: cii proportions n count, wilson. R: prop.test(x, n, "
    "correct = FALSE).",
    references=(
        "SafeLives (2022), Domestic Abuse Early Intervention and Accommodation Trial: Evaluation, "
        "profile of referrals; SCIE (2021), its interim evaluation, Table 1.",
        "RedQuadrant (2023), Evaluation of Restart, Tables 1 to 4 and 6, paragraphs 1.32, 8.28, "
        "8.29 and 10.11.",
        "Wilson (1927), JASA 22, 209-212; Newcombe (1998), Statistics in Medicine 17, 873-890.",
    ),
    limits=(
        "What a service did not write down counts as not reached where it wrote it down of "
        "others: the stages are at least what they say.",
        "The difference of a count of referrals and one of people says how many referrals are "
        "repeated ones; how often single people were referred is not told.",
        "Referrals that are still open may yet complete.",
    ),
    catalogue=("E-N1", "R-T1", "R-N1"),
    parameters=ReferralPathwayParameters,
    run=run,
)
