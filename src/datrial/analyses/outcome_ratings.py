"""Outcomes as practitioners rated them at the end: which cases improved, and by how much."""

from __future__ import annotations

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.cohorts import cohorts, not_sent
from datrial.analyses.outcome_ratings_cases import Forms, read_ratings
from datrial.analyses.outcome_ratings_tables import (
    CATALOGUE,
    Ratings,
    cases,
    distribution,
    improved,
    index,
    items,
    mixture,
)
from datrial.analyses.outcome_stars_readings import chosen
from datrial.results.cells import Table


class OutcomeRatingsParameters(Parameters):
    """Settings of the rated outcomes.

    Attributes
    ----------
    instruments
        Keys of the study file's instruments; none: all whose table is outcome_rating.
    improved_at
        The least average of a case that counts as improved; 1 is a slight improvement.
    forms
        Whether all answers about a case are averaged, or only those of its last day.
    """

    instruments: tuple[str, ...] = ()
    improved_at: float = Field(default=1.0, gt=0, le=2)
    forms: Forms = "all"


def run(context: Context, parameters: OutcomeRatingsParameters) -> list[Table]:
    """Return cases, who improved, the index, its mixture and distribution, and the items."""
    wanted = chosen(context.study, "outcome_rating", parameters.instruments)
    ratings = Ratings(
        cohorts(context.study),
        [
            read_ratings(context.connection, key, about, parameters.forms)
            for key, about in wanted.items()
        ],
        parameters.improved_at,
        not_sent(context, "outcome_rating"),
    )
    return [
        cases(ratings),
        improved(ratings),
        index(ratings),
        mixture(ratings),
        distribution(ratings),
        items(ratings),
    ]


ANALYSIS = Analysis(
    id="outcome_ratings",
    title="Rated outcomes",
    chapter="Outcomes of clients",
    question="In which share of cases did practitioners see an improvement at the end of the "
    "support, in which areas of outcome, and by how much?",
    population="Referred cases with an outcome form; for shares and means, those with a rating.",
    rules="Ratings are scored from -2 (significant deterioration) to 2 (significant improvement). "
    "A case's score in an area is the mean of its ratings there; don't know and not applicable "
    "are left out (parameter forms: of all forms of the case, or of its last day only). Improved: "
    "a mean of 1 or above (parameter improved_at). Beside it stand the share with any item "
    "improved, and the share with those of whom only don't know was said in the denominator.",
    model="Share with Wilson's interval; mean with Student's interval; with a second cohort "
    "Newcombe's and Welch's intervals of the differences. Stata: ci proportions, wilson; ci "
    "means. R: prop.test(correct = FALSE); t.test.",
    references=(
        "Likert (1932), Archives of Psychology 140, 1-55.",
        "Joshi, Kale, Chandel and Pal (2015), British Journal of Applied Science & Technology "
        "7(4), 396-403.",
        "Wilson (1927), Journal of the American Statistical Association 22, 209-212.",
        "Newcombe (1998), Statistics in Medicine 17, 873-890.",
    ),
    limits=(
        "The practitioner who gave the support rates its outcome, once and looking back: there is "
        "no reading before.",
        "Few cases have a form, and who has none may have fared otherwise.",
        "Cases with only don't know are left out of the main share: with them in the denominator "
        "it is lower.",
        "A mean of ratings takes their order for distances.",
        "A printed share need not be a whole number of the printed cases: 75% of 18 would be 13.5 "
        "of them. It can be 12 of 16 with a rating in the area, as n differs by area; 84% and 81% "
        "of 31 are 26 and 25.",
    ),
    catalogue=CATALOGUE,
    parameters=OutcomeRatingsParameters,
    run=run,
)
