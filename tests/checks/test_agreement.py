"""Agreement of two raters: published figures, and what must hold whatever was rated."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.checks.agreement import (
    chances,
    cohens_kappa,
    gwet_ac1,
    icc_2_1,
    intraclass,
    pooled_beyond_chance,
    wilson,
)

#: Shrout and Fleiss 1979, Psychol Bull 86:420-428, table 2: six targets, four judges
SHROUT_FLEISS = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))

words = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=2, max_size=40)
scores = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=40)
numbers = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=30)


def test_kappa_collapses_where_nearly_all_say_yes_and_ac1_does_not():
    """19 of 20 agree, nearly all yes: kappa 0.643, AC1 0.942 with standard error 0.061 (as irrCAC computes them)."""
    a, b = ["yes"] * 19 + ["no"], ["yes"] * 18 + ["no"] * 2
    kappa, ac1 = cohens_kappa(a, b), gwet_ac1(a, b)
    assert (kappa.value, ac1.value, ac1.se) == pytest.approx((0.643, 0.942, 0.061), abs=5e-4)  # three decimals given


def test_icc_of_shrout_and_fleiss():
    """ICC(2,1) = 0.29 in their table 4; limits 0.019 and 0.76 as the R package psych prints them for these data."""
    found = intraclass(SHROUT_FLEISS)
    assert found.value == pytest.approx(0.29, abs=5e-3)
    assert found.low == pytest.approx(0.019, abs=5e-4)
    assert found.high == pytest.approx(0.76, abs=5e-3)


def test_wilson_of_newcombe():
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, Stat Med 17:857-872, table I, method 3)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20)[0] == 0
    assert wilson(20, 20)[1] == 1


@given(st.integers(1, 200), st.data())
def test_wilson_solves_the_score_equation(n, data):
    agree = data.draw(st.integers(0, n))
    z2 = 1.959963984540054**2
    for limit in wilson(agree, n):
        assert (agree / n - limit) ** 2 == pytest.approx(z2 * limit * (1 - limit) / n, abs=1e-12)


@pytest.mark.parametrize(("agree", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_wilson_refuses_what_is_no_share(agree, n):
    with pytest.raises(ValueError, match="no share"):
        wilson(agree, n)


@given(words)
def test_kappa_is_what_its_definition_says(pairs):
    a, b = zip(*pairs, strict=True)
    observed, chance, _ = chances(a, b)
    found = cohens_kappa(a, b)
    if chance == 1:
        assert not found.defined
    else:
        assert found.value == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)
        assert found.low - 1e-12 <= found.value <= found.high + 1e-12


@given(scores)
def test_quadratic_weights_give_the_concordance_of_the_scores(pairs):
    """Quadratic-weighted kappa = 2 cov / (var + var + squared difference of means), moments over n."""
    a, b = zip(*pairs, strict=True)
    n = len(a)
    mean_a, mean_b = sum(a) / n, sum(b) / n
    apart = sum((x - mean_a) ** 2 + (y - mean_b) ** 2 for x, y in pairs) / n + (mean_a - mean_b) ** 2
    found = cohens_kappa(a, b, order=range(5))
    if apart == 0:
        assert not found.defined
    else:
        together = sum((x - mean_a) * (y - mean_b) for x, y in pairs) / n
        assert found.value == pytest.approx(2 * together / apart, abs=1e-9)


@given(words)
def test_ac1_against_its_variance_of_2008(pairs):
    """The closed form of Gwet 2008 for two raters, times n / (n - 1), equals the sum over things rated."""
    a, b = zip(*pairs, strict=True)
    n, found = len(a), gwet_ac1(a, b)
    chosen = sorted({*a, *b})
    q = len(chosen)
    if q < 2:
        assert (found.value, found.se) == (1, 0)
        return
    observed, _, chance = chances(a, b)
    assert found.value == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)
    share = {c: (a.count(c) + b.count(c)) / (2 * n) for c in chosen}
    both = sum(pairs.count((c, c)) / n * (1 - share[c]) for c in chosen) / (q - 1)
    cells = (
        sum(pairs.count((c, d)) / n * (1 - (share[c] + share[d]) / 2) ** 2 for c in chosen for d in chosen)
        / (q - 1) ** 2
    )
    gap = 1 - found.value
    variance = observed * (1 - observed) - 4 * gap * (both - observed * chance) + 4 * gap**2 * (cells - chance**2)
    assert found.se**2 == pytest.approx(variance / ((n - 1) * (1 - chance) ** 2), abs=1e-9)


@given(words)
def test_neither_the_order_of_raters_nor_the_names_of_categories_count(pairs):
    a, b = zip(*pairs, strict=True)
    renamed = dict(zip("abcd", ("north", "south", "east", "west"), strict=True))
    for coefficient in (cohens_kappa, gwet_ac1):
        found = coefficient(a, b)
        for other in (coefficient(b, a), coefficient([renamed[x] for x in a], [renamed[x] for x in b])):
            assert other.value == pytest.approx(found.value, abs=1e-12, nan_ok=True)
            assert other.se == pytest.approx(found.se, abs=1e-9, nan_ok=True)


@given(words)
def test_coefficients_stay_within_their_bounds(pairs):
    a, b = zip(*pairs, strict=True)
    for found in (cohens_kappa(a, b), gwet_ac1(a, b)):
        if found.defined:
            assert -1 - 1e-12 <= found.value <= 1 + 1e-12
            assert -1 <= found.low <= found.high <= 1


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=30).filter(lambda x: len(set(x)) > 1))
def test_perfect_agreement_is_one(same):
    assert cohens_kappa(same, same).value == pytest.approx(1)
    assert cohens_kappa(same, same, order="abc").value == pytest.approx(1)
    assert gwet_ac1(same, same).value == pytest.approx(1)


@given(numbers, st.integers(-20, 20), st.sampled_from([0.5, 2, -3, 1000]))
def test_icc_does_not_depend_on_unit_zero_point_or_order(pairs, zero, unit):
    a, b = zip(*pairs, strict=True)
    found = icc_2_1(a, b)
    for other in (icc_2_1(b, a), icc_2_1([unit * x + zero for x in a], [unit * x + zero for x in b])):
        assert (other.value, other.low, other.high) == pytest.approx(
            (found.value, found.low, found.high), rel=1e-6, abs=1e-6, nan_ok=True
        )
    if found.defined and math.isfinite(found.low):
        assert found.value <= 1 + 1e-12


def test_icc_of_equal_numbers_is_one_and_of_one_number_is_not_defined():
    assert icc_2_1([1, 2, 3], [1, 2, 3]).value == 1
    assert not icc_2_1([2, 2, 2], [2, 2, 2]).defined


def test_a_constant_difference_lowers_absolute_agreement():
    a = [10.0, 12.0, 15.0, 11.0, 18.0]
    values = [icc_2_1(a, [x + shift for x in a]).value for shift in (0, 1, 5)]
    assert values[0] == 1 > values[1] > values[2]


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1), st.floats(0, 0.9)), min_size=1, max_size=6))
def test_pooled_over_one_question_it_is_that_of_the_question(parts):
    _, observed, chance = parts[0]
    assert pooled_beyond_chance(parts[:1]) == pytest.approx((observed - chance) / (1 - chance), abs=1e-9)
    assert pooled_beyond_chance(parts + parts) == pytest.approx(pooled_beyond_chance(parts), abs=1e-9)
