"""Importing the models' front door costs nothing, and it leads everywhere it says."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import datrial.models
from datrial.models import (
    fit_latent_classes,
    fit_ordered_logit,
    fit_random_effects_poisson,
    fit_rate,
)


def test_the_package_loads_no_library():
    code = (
        "import sys, datrial.models; "
        "print(*{'numpy', 'pandas', 'scipy', 'statsmodels', 'stepmix'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


@pytest.mark.parametrize(("set_by_user", "used"), [(None, "1"), ("4", "4")])
def test_one_thread_for_the_same_digits_everywhere_unless_somebody_wants_more(set_by_user, used):
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    if set_by_user:
        environment["OPENBLAS_NUM_THREADS"] = set_by_user
    code = "import os, datrial.models; print(os.environ['OPENBLAS_NUM_THREADS'])"

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == used


@pytest.mark.parametrize("name", datrial.models.__all__)
def test_every_public_name_resolves(name):
    assert getattr(datrial.models, name).__doc__
    assert name in dir(datrial.models)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'fit_everything'"):
        datrial.models.fit_everything  # noqa: B018


def test_no_result_shows_a_row_when_it_is_printed():
    # A canary as a name, an index and a value; none may reach a log through a repr.
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {
            "level": rng.integers(0, 3, 60),
            "age": rng.normal(40, 5, 60),
            "person": [f"Canary {i}" for i in range(60)],
        },
        index=[f"Canary row {i}" for i in range(60)],
    )
    data.iloc[7, 1] = 77.125
    items = pd.DataFrame(rng.integers(0, 2, (60, 4)), index=data.index, columns=list("abcd"))

    results = [
        fit_ordered_logit("level ~ age", data, cluster="person"),
        fit_random_effects_poisson("level ~ age", data, group="person"),
        fit_rate("level ~ age", data, cluster="person"),
        fit_latent_classes(items, 2, n_starts=3),
    ]

    for result in results:
        assert "Canary" not in repr(result)
        assert "77.125" not in repr(result)
