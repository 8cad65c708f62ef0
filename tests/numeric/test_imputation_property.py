"""Whatever the columns hold, imputation fills the gaps, changes nothing else, or says why not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from datrial.models import ModelDataError, ModelUsageError, multiple_imputation

KINDS = ("boolean", "ordered", "unordered", "text", "number", "whole")


def column(kind, codes):
    """Return codes -1..3 as a column of a kind, -1 missing."""
    missing = codes < 0
    if kind == "boolean":
        return pd.Series(np.where(codes > 1, True, False)).astype("boolean").mask(missing)
    if kind in ("ordered", "unordered"):
        return pd.Series(pd.Categorical.from_codes(codes, list("dcba"), ordered=kind == "ordered"))
    if kind == "text":
        return pd.Series(np.array(list("wxyz"))[codes]).astype("str").mask(missing)
    numbers = pd.Series(codes * 1.0).mask(missing)
    return numbers * 1.7 if kind == "number" else numbers.astype("Int64")


@st.composite
def frames(draw):
    n = draw(st.integers(4, 40))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=2, max_size=5))
    codes = draw(
        st.lists(
            st.lists(st.integers(-1, 3), min_size=n, max_size=n),
            min_size=len(kinds),
            max_size=len(kinds),
        )
    )
    return pd.DataFrame(
        {
            f"{kind}{j}": column(kind, np.array(row))
            for j, (kind, row) in enumerate(zip(kinds, codes, strict=True))
        }
    )


@settings(max_examples=40, deadline=None)
@given(frames())
def test_gaps_are_filled_and_nothing_else_changes(data):
    try:
        imputations = multiple_imputation(data, m=2, iterations=2, seed=1)
    except ModelDataError as error:
        # Only for what no method can do: no answer, one value with gaps, or fewer answers than
        # predictors of a number.
        assert any(s in str(error) for s in ("no answer", "single value", "fewer columns"))
        return

    for frame in imputations.datasets():
        assert frame.notna().all().all()
        assert (frame.dtypes == data.dtypes).all()
        for name in data.columns:
            answered = data[name].notna()
            assert (frame.loc[answered, name] == data.loc[answered, name]).all()
            assert set(frame[name]) <= set(data[name].dropna())
    assert np.isfinite(imputations.trace.to_numpy()).all()


@settings(max_examples=25, deadline=None)
@given(frames(), st.text(max_size=8), st.integers(-2, 2))
def test_wrong_use_never_ends_in_a_fault_of_ours(data, method, m):
    name = str(data.columns[0])
    try:
        multiple_imputation(data, m=m, iterations=1, seed=1, methods={name: method})
    except (ModelUsageError, ModelDataError) as error:
        assert str(error)
    else:
        assert method in ("logit", "multinomial", "ordered", "pmm", "normal") and m > 0
