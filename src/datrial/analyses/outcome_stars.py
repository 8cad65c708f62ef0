"""Outcome Stars: the first against the last reading of each client, area by area."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from datrial.analyses.base import Analysis, Context, Parameters
from datrial.analyses.cohorts import cohorts, not_sent
from datrial.analyses.outcome_stars_limits import (
    ceiling,
    extremes,
    one_reading,
    regression,
    time_between,
)
from datrial.analyses.outcome_stars_readings import chosen, read_star
from datrial.analyses.outcome_stars_tables import (
    CATALOGUE,
    Stars,
    areas,
    changes,
    improved,
    ratios,
    readings,
)
from datrial.results.cells import Table


class OutcomeStarsParameters(Parameters):
    """Settings of the Outcome Stars.

    Attributes
    ----------
    instruments
        Keys of the study file's instruments; none: all whose table is star_reading.
    same_reading_days
        Days within which the scores of two raters are one reading; 0: the same day only.
    collaborative
        The rater (a term of the study) whose scores client and worker gave together.
    reliability
        Shares of the first readings' variance that are no error, for regression to the mean.
    population_mean
        Instrument -> mean of an area in the population that the clients come from.
    """

    instruments: tuple[str, ...] = ()
    same_reading_days: int = Field(default=0, ge=0, le=31)
    collaborative: str = "collaborative"
    reliability: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.6, 0.8, 0.9)
    population_mean: dict[str, float] = Field(default_factory=dict)


def run(context: Context, parameters: OutcomeStarsParameters) -> list[Table]:
    """Return readings, means, changes, ratios, who improved, and what the changes rest on."""
    wanted = chosen(context.study, "star_reading", parameters.instruments)
    chosen(context.study, "star_reading", parameters.population_mean)
    listed = [
        read_star(
            context.connection,
            key,
            about,
            within=parameters.same_reading_days,
            collaborative=parameters.collaborative,
        )
        for key, about in wanted.items()
    ]
    stars = Stars(cohorts(context.study), listed, not_sent(context, "star_reading"))
    return [
        readings(stars),
        areas(stars),
        changes(stars),
        ratios(stars),
        improved(stars),
        extremes(stars),
        time_between(stars),
        one_reading(stars),
        regression(stars, parameters.reliability, parameters.population_mean),
        ceiling(stars),
    ]


ANALYSIS = Analysis(
    id="outcome_stars",
    title="Outcome Stars",
    chapter="Outcomes of clients",
    question="How far did clients move between their first and their last Outcome Star, in which "
    "areas, and what besides the support may that rest on?",
    population="Referred clients with a reading; for changes, those with two or more.",
    rules="A reading is a client's scores of one day (parameter same_reading_days: of two raters "
    "on near days, too). A collaborative reading is taken as it is; where practitioner and client "
    "gave their scores apart, an area's score is the mean of those who gave one. A score outside "
    "the scale is set aside and counted. The first reading of a client is compared with the last "
    "one; readings between are not used. An area: clients with a score in it at both. The total, "
    "the sum of all areas: clients with a score in every area at both.",
    model="Mean change with Student's interval and, up to 30 clients, the exact one of the "
    "sign-flip test; ratio of the means (Bonett and Price); share with Wilson's interval; Pearson "
    "and Spearman correlations on Fisher's z scale; regression to the mean for given "
    "reliabilities. Stata: ttest last == first; ci proportions, wilson; spearman. R: "
    "t.test(last, first, paired = TRUE), statpsych::ci.ratio.mean.ps, prop.test(correct = FALSE).",
    references=(
        "Student (1908), Biometrika 6, 1-25.",
        "Bonett and Price (2020), Journal of Educational and Behavioral Statistics 45, 750-770.",
        "Wilson (1927), Journal of the American Statistical Association 22, 209-212.",
        "Bonett and Wright (2000), Psychometrika 65, 23-28.",
        "Davis (1976), American Journal of Epidemiology 104, 493-498.",
        "Oldham (1962), Journal of Chronic Diseases 15, 969-977.",
    ),
    limits=(
        "Clients with one reading only are not in any change, and those who leave early have one: "
        "the largest limit.",
        "There is nobody to compare with unless the study has another cohort: time, other help and "
        "regression to the mean change scores too.",
        "Longer support goes with having stayed: a correlation of change with time does not say "
        "that longer support brings more change.",
        "Scores are given by client and worker, who know of the support.",
        "A percentage of a score depends on where the scale begins, and whoever begins low can "
        "gain more per cent; the best end of the scale stops the rest.",
        "The last reading is the most recent one: some clients are still being supported.",
    ),
    catalogue=CATALOGUE,
    parameters=OutcomeStarsParameters,
    run=run,
)
