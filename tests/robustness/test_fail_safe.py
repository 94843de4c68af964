"""Fail-safe N: figures of metafor, and the numbers checked by adding the studies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from metaan.pooling.pool import pool
from metaan.robustness.fail_safe import fail_safe_n
from oracle import CLOSED, METAFOR, Differs, comparison, comparisons_of, failed, holding


@comparison("Fail-safe N: Rosenthal, Orwin, Rosenberg", source=METAFOR, rel=CLOSED, cases=holding("fsn"))
def closed(case):
    block = case.fits["fsn"]
    ours, theirs = fail_safe_n(case.y, case.v, kind="Rosenthal"), block["Rosenthal"]
    yield "Rosenthal", ours.n, theirs["fsnum"]
    yield "Rosenthal p", ours.p, theirs["pval"]
    ours, theirs = fail_safe_n(case.y, case.v, kind="Rosenberg"), block["Rosenberg"]
    yield "Rosenberg", ours.n, theirs["fsnum"]
    yield "Rosenberg p", ours.p, theirs["pval"]
    yield "Rosenberg mean", ours.estimate, theirs["est"], case.v.min() ** 0.5
    for key in ("Orwin", "Orwin_weighted"):
        theirs = block[key]
        target = None if key == "Orwin" else theirs["target"]
        ours = fail_safe_n(case.y, case.v, kind="Orwin", target=target)
        yield key, ours.n, theirs["fsnum"]
        yield f"{key} mean", ours.estimate, theirs["meanes"], case.v.min() ** 0.5
        yield f"{key} target", ours.target, theirs["target"], case.v.min() ** 0.5


def with_null_studies(y, v, tau2, n):
    """Mean and p with n studies of the typical variance that average zero, tau2 as the notes of `fail_safe_n` say."""
    k = len(y)
    w = 1.0 / (v + tau2)
    mu = (w * y).sum() / w.sum()
    if n:
        effects = np.concatenate([np.full(k, mu), np.zeros(n)])
        within = (k - 1) * tau2 + (n - 1) * tau2
        tau2 = (within + ((effects - effects.mean()) ** 2).sum()) / (k + n - 1)
    both = 1.0 / (np.concatenate([v, np.full(n, k / (1.0 / v).sum())]) + tau2)
    mean = (both[:k] * y).sum() / both.sum()
    return mean, 2.0 * special.ndtr(-abs(mean) * math.sqrt(both.sum()))


@comparison("Fail-safe N, general method, at R's tau2", source=METAFOR, rel=1e-7, cases=holding("fsn"))
def general(case):
    theirs, fitted = case.fits["fsn"].get("General"), case.fits["rma.uni"].get("REML")
    if theirs is None or failed(theirs) or failed(fitted):
        return
    ours = fail_safe_n(case.y, case.v, kind="general", tau2=fitted["tau2"])
    yield "mean", ours.estimate, theirs["est"], case.v.min() ** 0.5
    yield "p", ours.p, theirs["pval"]
    mean, p = with_null_studies(case.y, case.v, fitted["tau2"], theirs["fsnum"])
    yield "mean with their n", mean, theirs["est.fsn"], case.v.min() ** 0.5
    yield "p with their n", p, theirs["pval.fsn"]
    if ours.n == theirs["fsnum"]:
        yield "n", ours.n, theirs["fsnum"]
        yield "mean with n", ours.estimate_with, theirs["est.fsn"], case.v.min() ** 0.5
        yield "p with n", ours.p_with, theirs["pval.fsn"]
    else:
        # ours is the smallest number that is enough
        yield "enough", ours.p_with > 0.05, True
        p_one_less = with_null_studies(case.y, case.v, fitted["tau2"], int(ours.n) - 1)[1]
        yield "one less is not", p_one_less <= 0.05, True
        yield "by one study", theirs["fsnum"] - ours.n, 1.0
        yield Differs("n", ours.n, theirs["fsnum"], "R's search may end one study above the smallest number")


@pytest.mark.parametrize("each", list(comparisons_of(__name__)), ids=str)
def test_figures(each):
    each.run()


rows = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=1, max_size=12)


@given(rows)
def test_the_numbers_are_enough_and_one_less_is_not(pairs):
    y, v = np.array(pairs).T
    k = len(y)
    total = abs((y / np.sqrt(v)).sum())
    n = fail_safe_n(y, v).n
    assert total / math.sqrt(k + n) <= 1.6448536269514722 * (1 + 1e-8)
    assert n == 0 or total / math.sqrt(k + n - 1) > 1.6448536269514722 * (1 - 1e-8)
    found = fail_safe_n(y, v, kind="Rosenberg")
    w = 1.0 / v

    def p(n):
        weight = w.sum() + n * w.mean()
        return 2.0 * special.ndtr(-abs((w * y).sum()) / math.sqrt(weight))

    assert p(found.n) >= 0.05 * (1 - 1e-7)
    assert found.n == 0 or p(found.n - 1) < 0.05 * (1 + 1e-7)


@given(rows, st.sampled_from([1e-6, 1e6]), st.sampled_from(["Rosenthal", "Rosenberg", "general"]))
def test_scale_and_sign_change_nothing(pairs, scale, kind):
    y, v = np.array(pairs).T
    plain = fail_safe_n(y, v, kind=kind)
    turned = fail_safe_n(-y * scale, v * scale**2, kind=kind)
    assert turned.n == plain.n or abs(turned.n - plain.n) <= 1 + 1e-9 * plain.n  # at a whole number but for rounding


def test_general_with_equal_effects_is_nearly_rosenberg():
    y, v = np.array([0.3, 0.5, 0.2, 0.6]), np.array([0.04, 0.02, 0.03, 0.05])
    general_n = fail_safe_n(y, v, kind="general", tau2=0.0).n
    rosenberg_n = fail_safe_n(y, v, kind="Rosenberg").n
    # the general method takes in the variance the added null studies bring, Rosenberg's does not
    assert general_n <= rosenberg_n


def test_general_aims_at_a_target():
    y, v = np.array([0.3, 0.5, 0.2, 0.6]), np.array([0.04, 0.02, 0.03, 0.05])
    found = fail_safe_n(y, v, kind="general", target=-0.1)
    assert found.target == 0.1
    assert found.estimate_with <= 0.1
    less = fail_safe_n(y, v, kind="general", target=found.estimate_with * 1.0000001)
    assert less.n == found.n


def test_orwin_with_plain_average():
    found = fail_safe_n([0.2, 0.6], [0.1, 0.3], kind="Orwin", target=0.1, weighted=False)
    assert (found.estimate, found.n) == (pytest.approx(0.4), 6.0)


def test_nothing_to_overturn():
    assert fail_safe_n([0.01, -0.02], [0.1, 0.1]).n == 0
    assert fail_safe_n([0.01, -0.02], [0.1, 0.1], kind="general").n == 0
    assert fail_safe_n([0.0, 0.0], [0.1, 0.1], kind="Orwin").n == 0
    assert fail_safe_n([0.01], [0.1], kind="Rosenberg").n == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "Orwen"}, "kind must be"),
        ({"alpha": 0.0}, "alpha"),
        ({"target": 0.1}, "target"),
        ({"kind": "Orwin", "target": 0.0}, "target"),
        ({"kind": "general", "tau2": -1.0}, "tau2"),
    ],
)
def test_refuses_wrong_options(options, words):
    with pytest.raises(ValueError, match=words):
        fail_safe_n([0.1, 0.2], [0.1, 0.1], **options)


def test_names_bad_rows():
    with pytest.raises(ValueError, match="position 1"):
        fail_safe_n([0.1, math.nan], [0.1, 0.1])
    with pytest.raises(ValueError, match="one synthesis"):
        fail_safe_n([[0.1, 0.2]], [[0.1, 0.1]])


def test_general_p_is_that_of_the_pool():
    y, v = np.array([0.3, 0.5, 0.2, 0.6]), np.array([0.04, 0.02, 0.03, 0.05])
    assert fail_safe_n(y, v, kind="general").p == pytest.approx(pool(y, v, interval="Wald").p, rel=1e-9)
