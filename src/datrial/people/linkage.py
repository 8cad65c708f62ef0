"""Find the references that may be one person, with a match weight for each pair (splink).

Perpetrators and victims are linked separately. All work is done in the memory of
one DuckDB connection that cannot reach a file; only pseudonyms, weights, counts
and parameters come out. Equal input gives equal output: one thread, a fixed seed,
rows in a fixed order.

A pair's weight is the base-2 logarithm of the odds that it is one person: the
levels' weights, and the prior odds, chosen so that the pairs' probabilities
together say how many pairs are true (maximum likelihood of the mixing share, for
pairs within one space and between two by themselves).
Two references with several records each (agencies write people down anew) have
the weight of the two records that agree best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datrial.errors import DatrialError
from datrial.people.comparisons import COMPARISONS, LEVELS, Parameters
from datrial.people.records import FIELDS, one_each, prepared
from datrial.people.scoring import possible_pairs, prior_odds, probability, score

if TYPE_CHECKING:
    import pandas as pd

    from datrial.config.study import Linkage

Decision = Literal["same", "different", "unsure"]
#: (of, smaller reference, larger reference) -> what a person decided.
Decisions = Mapping[tuple[str, str, str], Decision]
PAIR_COLUMNS = ("of", "left_id", "right_id", "match_weight", "decision")
#: Where the parameters are fixed, pairs are judged as if among so many: few pairs cannot
#: tell the prior odds, and a father and son of one name and address would be one person.
_FEWEST_STRANGERS = 1_000_000
_BELOW = 4.0  # bits below the lowest cut down to which pairs are listed


@dataclass(frozen=True)
class Model:
    """How one kind of person was linked.

    Attributes
    ----------
    trained, reason
        Whether the parameters were estimated from the records; if not, why not.
    references, records
        How many there were to link, and how many different ways of writing them.
    pairs_possible, pairs_compared
        Pairs of references that may be linked at all, and those that agreed
        enough to be compared.
    expected_pairs
        How many pairs are one person, as the model has it.
    levels
        (comparison, level, m, u, weight in bits).
    """

    of: str
    trained: bool
    reason: str
    references: int
    records: int
    pairs_possible: int
    pairs_compared: int
    expected_pairs: float
    levels: tuple[tuple[str, str, float, float, float], ...]


@dataclass(frozen=True)
class Links:
    """Pairs of references with their weights, and what they were found with.

    Attributes
    ----------
    pairs
        ``of, left_id, right_id, match_weight, decision``, by of and ids, ``left_id``
        the smaller: every pair down to four bits below the lowest cut, and those
        that a person decided (whose weight may be missing).
    references
        ``of, reference_id, space`` and ``has_<identifier>``, one row per reference.
    models
        One for perpetrators, one for victims, where there are any.
    decisions_unused
        Clerical decisions about references that no longer exist.
    """

    pairs: pd.DataFrame
    references: pd.DataFrame
    models: tuple[Model, ...]
    settings: Linkage
    decisions_unused: int = 0


def link_people(
    identifiers: pd.DataFrame,
    settings: Linkage,
    seed: int,
    *,
    decisions: Decisions | None = None,
) -> Links:
    """Return the pairs of references that may be one person.

    Parameters
    ----------
    identifiers
        As :func:`datrial.people.identifiers.read_identifiers` gives them.
    settings
        The study file's ``linkage``. Two references of one space are compared only
        if ``within_space``.
    seed
        Chooses the random pairs that u is estimated from.
    decisions
        What clerical review decided.

    Raises
    ------
    DatrialError
        If splink fails; its own text, which could quote a value, is not passed on.
    """
    import pandas as pd

    ready = prepared(identifiers)
    made, models = [], []
    for of in sorted(set(ready["of"])):
        pairs, model = _link(ready[ready["of"] == of].reset_index(drop=True), of, settings, seed)
        made.append(pairs)
        models.append(model)
    references = one_each(ready)
    pairs, unused = _decided(
        pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=list(PAIR_COLUMNS)),
        references,
        decisions or {},
    )
    listed = references[["of", "reference_id", "space"]].copy()
    for field in FIELDS:
        listed[f"has_{field}"] = references[f"any_{field}"]
    return Links(pairs, listed, tuple(models), settings, unused)


def _link(
    records: pd.DataFrame, of: str, settings: Linkage, seed: int
) -> tuple[pd.DataFrame, Model]:
    """Link one kind of people."""
    references = one_each(records)
    between, within = possible_pairs(references["space"])
    try:
        scored, trained = score(records, references, seed, within_space=settings.within_space)
    except Exception as error:
        # splink's and DuckDB's texts hold SQL and could quote a row's value.
        raise DatrialError(
            f"Linkage of {of}s failed ({type(error).__name__}). Run it again; if it fails again, "
            "report it with the number of references, never with the extracts."
        ) from None
    weight = scored["evidence"].to_numpy(dtype=float, copy=True)
    inside = scored["inside"].to_numpy(dtype=bool)
    least = 0 if trained.trained else _FEWEST_STRANGERS
    weight[inside] += prior_odds(weight[inside], max(within, least))
    weight[~inside] += prior_odds(weight[~inside], max(between, least))
    possible = between + (within if settings.within_space else 0)
    model = Model(
        of, trained.trained, trained.reason, len(references), len(records), possible, len(scored),
        float(probability(weight).sum()), _levels(trained.parameters),
    )  # fmt: skip
    pairs = scored[["left_id", "right_id"]].assign(of=of, match_weight=weight.round(4), decision="")
    lowest = min(settings.review_from, settings.match_weight, *settings.sensitivity_weights)
    pairs = pairs.loc[pairs["match_weight"] >= lowest - _BELOW, list(PAIR_COLUMNS)]
    return pairs.sort_values(["left_id", "right_id"], ignore_index=True), model


def _levels(parameters: Parameters) -> tuple[tuple[str, str, float, float, float], ...]:
    return tuple(
        (name, level.label, m, u, math.log2(m / u))
        for name in COMPARISONS
        for level, (m, u) in zip(LEVELS[name], parameters[name], strict=True)
    )


def _decided(
    pairs: pd.DataFrame, references: pd.DataFrame, decisions: Decisions
) -> tuple[pd.DataFrame, int]:
    """Enter clerical decisions; return the pairs and how many decisions found no references."""
    import pandas as pd

    known = set(zip(references["of"], references["reference_id"], strict=True))
    usable = {
        key: decision
        for key, decision in decisions.items()
        if (key[0], key[1]) in known and (key[0], key[2]) in known
    }
    keys = list(zip(pairs["of"], pairs["left_id"], pairs["right_id"], strict=True))
    pairs = pairs.assign(decision=[usable.get(key, "") for key in keys])
    added = [
        (*key, float("nan"), decision)
        for key, decision in sorted(usable.items())
        if key not in set(keys) and decision != "unsure"
    ]
    if added:
        more = pd.DataFrame(added, columns=list(PAIR_COLUMNS))
        pairs = pd.concat([pairs, more], ignore_index=True)
    return (
        pairs.sort_values(["of", "left_id", "right_id"], ignore_index=True),
        len(decisions) - len(usable),
    )
