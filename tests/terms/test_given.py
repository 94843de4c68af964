"""Numbers passed by callers: taken, or refused by a sentence that names what was found."""

import math

import numpy as np
import pandas as pd
import pytest

from metaan.terms.given import fraction, known_tau2, numbers


@pytest.mark.parametrize(
    "values", [[1, None, 2.5], (1.0, math.nan, 2.5), ["1", None, "2.5"], pd.Series([1, None, 2.5], dtype="Float64")]
)
def test_takes_numbers_and_leaves_blanks_as_nan(values):
    assert numbers("effects", values).tolist() == pytest.approx([1.0, math.nan, 2.5], nan_ok=True)


def test_takes_any_shape():
    assert numbers("effects", [[1, 2], [3, 4]]).shape == (2, 2)
    assert numbers("effects", 3).shape == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.1, "high", 0.3], r"effects must be numbers: at position 1 \('high'\)$"),
        (["a", "b"], r"at positions 0 \('a'\), 1 \('b'\)$"),
        ([["a", 1.0], [2.0, 3.0]], r"at position \(0, 0\) \('a'\)$"),
        ([1j, 2.0], r"at position 0 \(1j\)"),
        ([[1.0, 2.0], [3.0]], "effects must be numbers in rows of one length"),
        ({"a": 1}, "not dict"),
        ("abc", "not str"),
        (["x"] * 12, "and 2 more$"),
    ],
)
def test_names_what_is_no_number(values, words):
    with pytest.raises(ValueError, match=words):
        numbers("effects", values)


@pytest.mark.parametrize("value", [0, 1, 95, -0.1, math.nan, None, "0.95", [0.5, 0.6]])
def test_refuses_what_is_no_fraction(value):
    with pytest.raises(ValueError, match="level must lie between 0 and 1, not"):
        fraction("level", value)


def test_takes_a_fraction_and_a_known_tau2():
    fraction("level", np.float64(0.95))
    assert known_tau2(np.float64(0.0)) == 0.0
    assert known_tau2("0.5") == 0.5


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, None, [0.1, 0.2], "REML"])
def test_refuses_what_is_no_variance(value):
    with pytest.raises(ValueError, match="a known tau2 must be finite and not negative"):
        known_tau2(value)
