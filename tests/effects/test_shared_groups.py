"""Covariances of effects that share people, by simulation, by hand and by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.effects import binary, continuous, mean_ratios, rates
from metaan.effects.shared import covariance_matrix
from metaan.effects.shared_control import control_covariance, split_control

K, STUDY = 60_000, np.array(["A", "A"])


def covariance(one, two):
    return np.cov(one.y, two.y)[0, 1]


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_counts_share_what_simulated_trials_share(measure):
    random, n = np.random.default_rng(1), 200
    function = {"OR": binary.log_odds_ratio, "RR": binary.log_risk_ratio, "RD": binary.risk_difference}[measure]
    a, b, c = random.binomial(n, 0.35, K), random.binomial(n, 0.5, K), random.binomial(n, 0.4, K)
    expected = covariance(function(a, n - a, c, n - c), function(b, n - b, c, n - c))
    v = control_covariance(measure, [1.0, 1.0], STUDY, c=[80, 80], d=[120, 120])
    assert v[0, 1] == pytest.approx(expected, rel=0.05)


def test_rates_share_what_simulated_trials_share():
    random = np.random.default_rng(2)
    a, b, c = (random.poisson(mean, K) for mean in (90, 120, 100))
    for measure, function in (("IRR", rates.log_rate_ratio), ("IRD", rates.rate_difference)):
        expected = covariance(function(a, 50.0, c, 40.0), function(b, 50.0, c, 40.0))
        v = control_covariance(measure, [1.0, 1.0], STUDY, x2=[100, 100], t2=[40.0, 40.0])
        assert v[0, 1] == pytest.approx(expected, rel=0.05)


def test_means_share_what_simulated_trials_share():
    random, sizes, means = np.random.default_rng(3), (40, 60, 50), (10.0, 12.0, 8.0)
    groups = [random.normal(m, 3.0, (K // 2, n)) for n, m in zip(sizes, means, strict=True)]
    one, two, control = [(x.shape[1], x.mean(1), x.std(1, ddof=1)) for x in groups]
    shared = {"n2": [50, 50], "m2": [8.0, 8.0], "sd2": [3.0, 3.0]}
    for measure, function in (("MD", continuous.mean_difference), ("ROM", mean_ratios.log_ratio_of_means)):
        expected = covariance(function(*one, *control), function(*two, *control))
        assert control_covariance(measure, [9.0, 9.0], STUDY, **shared)[0, 1] == pytest.approx(expected, rel=0.05)
    d = {"yi": [2 / 3, 4 / 3], "n1": [40, 60], "n2": [50, 50]}
    function = continuous.standardised_mean_difference
    pairwise = covariance(function(*one, *control), function(*two, *control))
    assert control_covariance("SMD", [1.0, 1.0], STUDY, **d)[0, 1] == pytest.approx(pairwise, rel=0.05)
    pooled = np.sqrt(sum((n - 1) * s**2 for n, _, s in (one, two, control)) / 147)
    overall = np.cov((one[1] - control[1]) / pooled, (two[1] - control[1]) / pooled)[0, 1]
    assert control_covariance("SMD", [1.0, 1.0], STUDY, sd="all", **d)[0, 1] == pytest.approx(overall, rel=0.05)


def test_standardised_differences_by_hand():
    # Gleser and Olkin 2009: 1/n2 + d1 d2 / (2 N)
    v = control_covariance("SMD", [1, 1], STUDY, yi=[0.5, -0.2], n1=[20, 30], n2=[25, 25], sd="all")
    assert v[0, 1] == pytest.approx(1 / 25 - 0.1 / (2 * 75))


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=2, max_size=5),
    st.integers(0, 20),
    st.integers(1, 20),
)
def test_zero_cells_leave_the_matrix_positive_definite(arms, c, d):
    a, b = np.array(arms).T
    add = np.where((a == 0) | (c == 0), 0.5, 0.0)
    v = binary.log_odds_ratio(a, b, np.full(len(a), c), np.full(len(a), d)).v
    if np.isnan(v).any():
        return
    matrix = control_covariance("OR", v, ["x"] * len(a), c=np.full(len(a), c), d=np.full(len(a), d), add=add)
    assert np.linalg.eigvalsh(matrix)[0] > 0
    assert np.diagonal(matrix) == pytest.approx(v)


variances = st.lists(st.floats(0.01, 4), min_size=1, max_size=8)


@given(variances, st.floats(0, 0.99), st.sampled_from([1e-6, 1.0, 1e6]))
def test_assumed_correlations(v, rho, unit):
    v = np.array(v) * unit
    cluster = np.arange(v.size) // 3
    matrix = covariance_matrix(v, cluster, rho=rho)
    assert (matrix == matrix.T).all()
    assert (np.diagonal(matrix) == v).all()
    for i in range(v.size):
        for j in range(i):
            expected = rho * np.sqrt(v[i] * v[j]) if cluster[i] == cluster[j] else 0.0
            assert matrix[i, j] == pytest.approx(expected, rel=1e-12)
    order = np.random.default_rng(0).permutation(v.size)
    assert covariance_matrix(v[order], cluster[order], rho=rho) == pytest.approx(
        matrix[np.ix_(order, order)], rel=1e-12
    )
    blocks = covariance_matrix(v, cluster, rho=rho, blocks=True)
    assert [len(block) for block in blocks] == np.bincount(cluster).tolist()
    assert covariance_matrix(v, np.arange(v.size), rho=rho) == pytest.approx(np.diag(v))


def test_correlations_by_kind():
    v, study, kind = [1.0, 1.0, 1.0, 1.0], ["a", "a", "a", "b"], ["pain", "pain", "sleep", "sleep"]
    expected = [[1, 0.8, 0.5, 0], [0.8, 1, 0.5, 0], [0.5, 0.5, 1, 0], [0, 0, 0, 1]]
    assert covariance_matrix(v, study, rho=(0.8, 0.5), kind=kind) == pytest.approx(np.array(expected))
    named = {("pain", "pain"): 0.8, ("sleep", "pain"): 0.5, ("pain", "other"): 0.1}
    assert covariance_matrix(v, study, rho=named, kind=kind) == pytest.approx(np.array(expected))


def test_differences_of_groups_over_time():
    # two measurements, one unit apart, of the same two groups: the correlation is that of the measurements
    v = covariance_matrix(
        [1.0, 1.0], ["s", "s"], group1=["A", "A"], group2=["B", "B"], time=[1, 2], phi=0.7, n1=[10, 10], n2=[20, 20]
    )
    assert v[0, 1] == pytest.approx(0.7)
    # A against B and B against A
    v = covariance_matrix([1.0, 4.0], ["s", "s"], group1=["A", "B"], group2=["B", "C"])
    assert v[0, 1] == pytest.approx(-0.5 * 2)
    # change of A and change of B, with one control
    change = covariance_matrix(
        [1.0, 1.0], ["s", "s"], group1=["A", "B"], group2=["A", "B"], time=[1, 1], time2=[0, 0], phi=0.5
    )
    assert change == pytest.approx(np.eye(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: covariance_matrix([1, 1], ["a", "a"]), "say how"),
        (lambda: covariance_matrix([1, -1], ["a", "a"], rho=0.5), "negative: row 1"),
        (lambda: covariance_matrix([1, np.inf], ["a", "a"], rho=0.5), "finite"),
        (lambda: covariance_matrix([1, 1], ["a"], rho=0.5), "cluster must hold"),
        (lambda: covariance_matrix([1, 1], ["a", None], rho=0.5), "cluster must not be blank: row 1"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], rho=1.5), "between -1 and 1"),
        (lambda: covariance_matrix([1, 1, 1], ["s"] * 3, rho=-0.9), "negative eigenvalue.* cluster s"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], rho=(0.5, 0.2)), "need kind"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], rho={("x", "y"): 0.5}), "needs kind"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], rho={("x", "z"): 0.5}, kind=["x", "y"]), "rows 0 and 1"),
        (
            lambda: covariance_matrix([1, 1], ["a", "a"], rho={("x", "y"): 0.5, ("y", "x"): 0.4}, kind=["x", "y"]),
            "two cor",
        ),
        (lambda: covariance_matrix([1, 1], ["a", "a"], time=[0, 1]), "go together"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], time=[0, 1], phi=1.2), "phi"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], kind=["x", "y"], time=[0, 1], phi=0.5), "without rho"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], group1=["x", "y"]), "go together"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], rho=0.5, n1=[1, 2], n2=[1, 2]), "not given"),
        (lambda: covariance_matrix([1, 1], ["a", "a"], group1=["x", "y"], group2=["x", "z"]), "two groups, .*row 0"),
        (lambda: covariance_matrix([1, 1, 1], ["a", "b", "a"], rho=0.5, blocks=True), "sort the table"),
        (lambda: control_covariance("HR", [1, 1], STUDY), "one of OR"),
        (lambda: control_covariance("OR", [1, 1], STUDY, c=[4, 4]), "needs d"),
        (lambda: control_covariance("OR", [1, 1], STUDY, c=[4, 5], d=[4, 4]), "same c: row 1"),
        (lambda: control_covariance("OR", [1, 1], STUDY, c=[0, 0], d=[4, 4]), "a cell is 0"),
        (lambda: control_covariance("OR", [0.1, 0.1], STUDY, c=[4, 4], d=[4, 4]), "too small"),
        (lambda: control_covariance("SMD", [1, 1], STUDY, yi=[1, 1], n1=[4, 4], n2=[4, 4], sd="one"), "pair or all"),
        (lambda: split_control(["a", "a"], [-1, 4]), "counts must not"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_divided_controls_keep_their_risk_and_their_people():
    c, n = split_control(["A", "A", "A", "B"], [9, 9, 9, 4], [30, 30, 30, 20])
    assert c / n == pytest.approx([0.3, 0.3, 0.3, 0.2])
    assert (c.sum(), n.sum()) == (13.0, 50.0)


def test_many_clusters_come_as_blocks():
    blocks = covariance_matrix(np.full(10_000, 0.1), np.repeat(np.arange(2500), 4), rho=0.6, blocks=True)
    assert len(blocks) == 2500
    assert covariance_matrix([], [], rho=0.5).shape == (0, 0)
