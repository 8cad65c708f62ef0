"""Latent classes: how far they lie apart, and how well people are told apart."""

from __future__ import annotations

from collections.abc import Iterator

from datrial import models
from datrial.verification import published_data as data
from datrial.verification.certificate import Chapter, Comparison, Kind, each, near, same
from datrial.verification.certificates.classes import NEEDS, READERS, needs

CHAPTER = Chapter("classification", "Who is in which latent class")


@CHAPTER.certificate(
    "separation",
    "How far two classes lie apart",
    verifies="class_separation",
    kind=Kind.HAND_COUNT,
    source="The definitions, over the eight patterns of answers: items whose odds ratio is beyond "
    "1/5 to 5, the differences of probabilities, and the total variation distance.",
    data=READERS,
    tolerance="1e-10: the same sums; rounding only.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    fit = models.fit_latent_classes(data.readers(), 2, weights=data.READINGS, n_starts=20)
    one, two = fit.item_probabilities.to_numpy()
    ratio = one / (1 - one) / (two / (1 - two))
    (row,) = models.class_separation(fit).to_dict("records")
    apart = int(((ratio > 5) | (ratio < 0.2)).sum())
    yield same("items that separate", row["separating_items"], apart)
    yield near("mean difference", row["mean_difference"], np.abs(one - two).mean(), within=1e-10)
    largest = np.abs(one - two).max()
    yield near("largest difference", row["largest_difference"], largest, within=1e-10)
    cells = data.readers().to_numpy()
    first, second = (np.where(cells == 1, p, 1 - p).prod(axis=1) for p in (one, two))
    distance = np.abs(first - second).sum() / 2
    yield near("total variation", row["total_variation"], distance, within=1e-10)


@CHAPTER.certificate(
    "classification",
    "Average posteriors and errors of assignment",
    verifies="classification_table classification_errors",
    kind=Kind.HAND_COUNT,
    source="Bolck, Croon and Hagenaars (2004), Political Analysis 12, 3-27: the definitions, "
    "summed person by person over posteriors that Bayes' rule gives from sizes and probabilities.",
    data=f"{NEEDS} 15% of the answers are missing.",
    tolerance="1e-9: the same sums; rounding only.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    items = needs(0.15)
    fit = models.fit_latent_classes(items, 3, zero_class=True, n_starts=15)
    x = items.to_numpy()[items.notna().any(axis=1)]
    joint = np.tile(fit.class_sizes.to_numpy(), (len(x), 1))
    for k, p in enumerate(fit.item_probabilities.to_numpy()):
        given = np.where(np.isnan(x), 1.0, np.where(x == 1, p, 1 - p))
        joint[:, k] *= given.prod(axis=1)
    posterior = joint / joint.sum(axis=1, keepdims=True)
    modal, names = posterior.argmax(axis=1), list(fit.class_sizes.index)
    average, errors = models.classification_table(fit), models.classification_errors(fit)
    for j, assigned in enumerate(names):
        yield same(f"people in {assigned}", average.loc[assigned, "n"], (modal == j).sum())
        for k, true in enumerate(names):
            mean = posterior[modal == j, k].mean()
            label = f"average posterior of {true} in {assigned}"
            yield near(label, average.loc[assigned, true], mean, within=1e-9)
            chance = posterior[modal == j, k].sum() / posterior[:, k].sum()
            label = f"assigned to {assigned}, of {true}"
            yield near(label, errors.loc[true, assigned], chance, within=1e-9)


@CHAPTER.certificate(
    "mplus_errors",
    "Errors of assignment from average posteriors",
    verifies="datrial.models.latent_class.classification.classify",
    kind=Kind.PUBLISHED,
    source="Mplus 8.11, output of the four-class model of Nylund-Gibson, Grimm and Masyn (2019), "
    "Structural Equation Modeling 26, 967-985, in the IMMERSE project's Introduction to LCA.",
    data="Printed people by likeliest class, and their average posteriors.",
    tolerance=".0025: what three printed decimals of the posteriors leave.",
)
def _() -> Iterator[Comparison]:
    import numpy as np

    from datrial.models.latent_class.classification import classify

    posterior = np.array(data.FOUR_CLASSES_POSTERIOR)
    printed = data.FOUR_CLASSES_ERRORS
    found = classify(posterior, np.array(data.FOUR_CLASSES_ASSIGNED, dtype=float)).errors
    for row in range(4):
        names = [f"class {row + 1} assigned to {column + 1}" for column in range(4)]
        yield from each(names, found[row], printed[row], within=0.0025)
