"""Adjusted p-values against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from datrial.models import adjust_benjamini_hochberg, adjust_holm


@pytest.mark.parametrize(
    ("adjust", "method"), [(adjust_holm, "holm"), (adjust_benjamini_hochberg, "fdr_bh")]
)
@pytest.mark.parametrize("n", [1, 2, 48])
def test_adjusted_p_values_are_those_of_statsmodels(adjust, method, n):
    p = np.random.default_rng(n).beta(0.4, 1.5, n).round(2)  # rounded: with ties

    np.testing.assert_allclose(adjust(p), multipletests(p, method=method)[1], rtol=1e-12)


@pytest.mark.parametrize("adjust", [adjust_holm, adjust_benjamini_hochberg])
def test_a_missing_p_value_is_no_test(adjust):
    p = [0.03, np.nan, 0.01, 0.5]

    adjusted = adjust(p)

    assert np.isnan(adjusted[1])
    np.testing.assert_allclose(adjusted[[0, 2, 3]], adjust([0.03, 0.01, 0.5]))
    assert np.isnan(adjust([np.nan])).all()
    assert len(adjust([])) == 0


@pytest.mark.parametrize("bad", [[0.5, 1.2], [-0.1], [[0.1, 0.2]]])
def test_what_is_no_list_of_p_values_is_refused(bad):
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjust_holm(bad)
