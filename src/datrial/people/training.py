"""Estimate the linkage's parameters from the records themselves, with splink.

u comes from random pairs, m from expectation-maximisation among pairs with the
same date of birth and among pairs with the same names (Fellegi and Sunter, 1969,
Journal of the American Statistical Association 64(328), 1183-1210; Winkler, 2000).
Where there are few people, random pairs hold a noticeable share of true pairs:
their part is taken out of u. Where the records do not tell, the fixed values of
``people.comparisons`` stand, and the result says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datrial.people.comparisons import (
    COMPARISONS,
    LEVELS,
    Parameters,
    fixed_parameters,
    splink_comparisons,
)

if TYPE_CHECKING:
    import duckdb

#: With fewer references than this nothing is estimated.
FEWEST_REFERENCES = 50
#: Nor with fewer pairs that agree in name and date of birth.
FEWEST_PAIRS = 30
_RANDOM_PAIRS = 1.5e6
_MOST_TRAINING_PAIRS = 5e6
_ITERATIONS = 200
_LEAST = 1e-6  # of an estimated m or u: nothing is impossible
_LEAST_DIFFERENT = 0.002  # of the m of "different": people marry, move, and have two names
_SAME_BIRTH = "l.date_of_birth = r.date_of_birth"
_SAME_NAMES = "l.given_name = r.given_name and l.family_name = r.family_name"


@dataclass(frozen=True)
class Trained:
    """The parameters, and whether they were estimated; if not, why not."""

    parameters: Parameters
    trained: bool
    reason: str


def train(
    connection: duckdb.DuckDBPyConnection,
    make_linker: Callable[[str, dict[str, Any]], Any],
    references: int,
    seed: int,
) -> Trained:
    """Return estimated parameters, or the fixed ones with the reason.

    Parameters
    ----------
    connection
        Holds the table ``person``: one record per reference.
    make_linker
        Table name and settings -> a splink linker.
    references
        The number of rows of ``person``.
    seed
        Chooses the random pairs.
    """
    if references < FEWEST_REFERENCES:
        return _fixed(f"fewer than {FEWEST_REFERENCES} references")
    agreeing = _agreeing_pairs(connection)
    if agreeing < FEWEST_PAIRS:
        return _fixed(f"fewer than {FEWEST_PAIRS} pairs agree in name and date of birth")
    linker = make_linker(
        "person",
        {
            "comparisons": splink_comparisons(fixed_parameters(), frequencies=False, fixed=False),
            "probability_two_random_records_match": min(0.5, 1.5 * agreeing / _pairs(references)),
            "max_iterations": _ITERATIONS,
        },
    )
    linker.training.estimate_u_using_random_sampling(
        max_pairs=_RANDOM_PAIRS, seed=seed, min_count_per_level=None, num_chunks=4
    )
    for rule in (_SAME_BIRTH, _SAME_NAMES):
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=_MOST_TRAINING_PAIRS
        )
        # The history starts with the values before the first iteration.
        if len(session._core_model_settings_history) > _ITERATIONS:
            return _fixed(f"the estimation did not converge in {_ITERATIONS} iterations")
    estimated = _read(linker.misc.save_model_to_json())
    for name in ("given_name", "family_name", "date_of_birth"):
        m, u = estimated[name][0]
        if m < 0.3 or m < 10 * u:
            return _fixed(f"the estimates are implausible: true pairs share a {name} in {m:.0%}")
    matching = min(0.5, agreeing / _expected_recall(connection, estimated) / _pairs(references))
    return Trained(_without_true_pairs(estimated, matching), True, "")


def _fixed(reason: str) -> Trained:
    return Trained(fixed_parameters(), False, reason)


def _pairs(count: int) -> float:
    return count * (count - 1) / 2


def _agreeing_pairs(connection: duckdb.DuckDBPyConnection) -> int:
    return int(
        connection.execute(
            "select coalesce(sum(people * (people - 1) / 2), 0) from ("
            "select count(*) as people from person where given_name is not null "
            "and family_name is not null and date_of_birth is not null "
            "group by given_name, family_name, date_of_birth)"
        ).fetchall()[0][0]
    )


def _expected_recall(connection: duckdb.DuckDBPyConnection, estimated: Parameters) -> float:
    """Return the share of true pairs that agree in given name, family name and date of birth."""
    complete = connection.execute(
        "select avg(cast(given_name is not null and family_name is not null "
        "and date_of_birth is not null as double)) from person"
    ).fetchall()[0][0]
    share = float(complete) ** 2
    for name in ("given_name", "family_name", "date_of_birth"):
        share *= estimated[name][0][0]
    return max(share, 0.05)


def _read(model: dict[str, Any]) -> dict[str, tuple[tuple[float, float], ...]]:
    """Return splink's estimates; a level that was never seen keeps its fixed value."""
    made = {}
    for comparison in model["comparisons"]:
        name = comparison["output_column_name"]
        levels = [v for v in comparison["comparison_levels"] if not v.get("is_null_level")]
        made[name] = tuple(
            (
                max(
                    _LEAST_DIFFERENT if level.condition == "ELSE" else _LEAST,
                    _number(found.get("m_probability"), level.m),
                ),
                max(_LEAST, _number(found.get("u_probability"), level.u)),
            )
            for found, level in zip(levels, LEVELS[name], strict=True)
        )
    return {name: made[name] for name in COMPARISONS}


def _number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def _without_true_pairs(estimated: Parameters, matching: float) -> Parameters:
    """Take the true pairs' part out of u, which random pairs were counted for.

    A share ``matching`` of random pairs are true: observed = matching * m +
    (1 - matching) * u. Not less than a twentieth is left: the difference of two
    near numbers is not known well.
    """
    return {
        name: tuple(
            (m, max((observed - matching * m) / (1 - matching), observed / 20))
            for m, observed in levels
        )
        for name, levels in estimated.items()
    }
