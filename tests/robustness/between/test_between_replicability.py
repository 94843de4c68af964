"""How many studies bear a result: published figures, and every subset tried one by one."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.robustness.between.leave_u_out import (
    all_subsets,
    combined_replicability,
    leave_u_out,
    truncated_product,
)
from metaan.robustness.between.replicability import Replicability, of
from oracle import load

EFFECTS = st.lists(st.floats(-1, 2), min_size=4, max_size=6)


def bcg():
    a, b, c, d = (np.array(load("dat.bcg")["data"][name], float) for name in ("ai", "bi", "ci", "di"))
    return np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def parts(k, size):
    return [list(part) for part in combinations(range(k), size)]


def fitted(y, v, part):
    return pool(y[part], v[part], interval="Wald" if len(part) == 2 else "mKH", prediction=None)


def side(fit):
    return (fit.ci.low > 0) - (fit.ci.high < 0)


def test_bcg_r2_is_the_largest_p_of_the_leave_one_out_table():  # spec: r(2) = .0004 (REML, Wald)
    found = leave_u_out(*bcg(), interval="Wald")
    assert found.r[1] == pytest.approx(0.0004, abs=5e-5)
    assert found.r[0] < found.r[1] < found.r[2]


def test_truncated_product_is_that_of_metarep():
    # truncatedPearson(c(0.001, 0.01, 0.1)) at 0.05 and at 1: dbinom, pgamma and pchisq of R
    assert truncated_product([0.001, 0.01, 0.1]) == pytest.approx(0.000280090448525552, rel=1e-12)
    assert truncated_product([0.001, 0.01, 0.1], 1.0) == pytest.approx(0.000110249676546575, rel=1e-12)
    assert truncated_product([0.2, 0.5]) == 1.0


@drawn(EFFECTS)
@settings(max_examples=15, deadline=None)
def test_r_values_are_the_worst_of_all_subsets(effects):
    y, v = np.array(effects), np.linspace(0.05, 0.2, len(effects))
    k = y.size
    found = leave_u_out(y, v, alpha=0.999999)
    last = 0.0
    for u, r in enumerate(found.r, 1):
        up = [f.p / 2 if f.estimate > 0 else 1 - f.p / 2 for f in (fitted(y, v, p) for p in parts(k, k - u + 1))]
        last = max(last, min(1.0, 2 * min(max(up), 1 - min(up))))
        assert r == pytest.approx(last)
    strict = leave_u_out(y, v)
    assert strict.complete
    assert strict.supported == sum(r <= 0.05 for r in strict.r) == strict.at_most


@drawn(EFFECTS)
@settings(max_examples=15, deadline=None)
def test_fewest_removals_and_shares_are_those_of_every_subset_tried(effects):
    y, v = np.array(effects), np.linspace(0.05, 0.2, len(effects))
    k, whole = y.size, fitted(y, v, list(range(y.size)))
    first = next((m for m in range(k - 1) if any(side(fitted(y, v, p)) != side(whole) for p in parts(k, k - m))), None)
    found = leave_u_out(y, v)
    assert found.fewest == first
    if first is not None:
        assert side(fitted(y, v, [i for i in range(k) if i not in found.enough])) != side(whole)
    fits = [fitted(y, v, part) for size in range(2, k + 1) for part in parts(k, size)]
    shares = all_subsets(y, v)
    assert (shares.subsets, shares.complete) == (len(fits), True)
    assert shares.changed == pytest.approx(np.mean([side(fit) != side(whole) for fit in fits]))
    assert shares.opposite == pytest.approx(np.mean([side(fit) * side(whole) < 0 for fit in fits]))
    assert shares.direction == pytest.approx(np.mean([fit.estimate * whole.estimate < 0 for fit in fits]))


@drawn(EFFECTS, st.sampled_from([0.05, 0.3, 1.0]))
@settings(max_examples=20, deadline=None)
def test_combined_r_values_are_the_worst_of_all_subsets(effects, truncation):
    from scipy.special import ndtr

    y, v = np.array(effects), np.linspace(0.02, 0.2, len(effects))
    found = combined_replicability(y, v, truncation=truncation)
    for p, ours in ((ndtr(-y / np.sqrt(v)), found.above), (ndtr(y / np.sqrt(v)), found.below)):
        worst = [
            max(truncated_product(p[part], truncation) for part in parts(y.size, y.size - u)) for u in range(y.size - 1)
        ]
        assert ours[:-1] == pytest.approx(np.maximum.accumulate(worst))
    assert (np.diff(found.r) >= 0).all()


def test_turning_all_effects_round_changes_nothing_but_the_direction():
    y, v = bcg()
    assert leave_u_out(y, v) == leave_u_out(-y, v)
    assert all_subsets(y, v) == all_subsets(-y, v)
    one, other = combined_replicability(y, v), combined_replicability(-y, v)
    assert (one.below == other.above).all()
    assert (one.r == other.r).all()


def test_with_less_work_only_bounds_are_claimed():
    y, v = bcg()
    whole, less = leave_u_out(y, v), leave_u_out(y, v, work=2000)
    assert whole.complete
    assert not less.complete
    assert less.supported < whole.supported <= less.at_most
    assert less.r == whole.r[: len(less.r)]
    assert less.tried < whole.fewest <= len(less.enough)
    assert less.fewest is None


def test_a_sample_of_subsets_comes_near_all_of_them():
    y, v = bcg()
    whole, some = all_subsets(y, v), all_subsets(y, v, work=20_000)
    assert (whole.complete, whole.subsets) == (True, 2**13 - 14)
    assert (some.complete, some.subsets) == (False, 1538)
    assert some.changed == pytest.approx(whole.changed, abs=0.04)
    assert all_subsets(y, v, work=20_000) == some


def test_passive_smoking_by_design():
    found = of(bundled("passive-smoking", "lung-cancer"))
    prospective, case_control = found.strata
    assert (prospective.supported, prospective.combined_supported, found.in_each) == (0, 0, 0)
    assert prospective.enough == ("Garfinkel 1981", "Butler 1988")
    assert (case_control.supported, case_control.exact, case_control.combined_supported) == (4, False, 3)
    assert case_control.r[0] == pytest.approx(bundled("passive-smoking", "lung-cancer").strata[1].pooled.p)
    assert not case_control.subsets.complete
    assert Replicability.from_dict(found.to_dict()) == found


def test_designs_count_together_only_if_they_point_one_way():
    strong = synthesis("prospective", [1.0, 1.1, 0.9, 1.2], [0.01] * 4)
    same, other = (synthesis("case_control", [s, 1.2 * s, 0.9 * s], [0.01] * 3) for s in (1, -1))
    assert of(made(strong, same)).in_each == 3
    assert of(made(strong, other)).in_each is None
    assert of(made(strong)).in_each is None


def test_one_study_counts_as_itself_and_alone_is_nothing_to_replicate():
    single = synthesis("prospective", [1.0], [0.01])
    assert of(made(single)) == "no design has two studies: nothing can be left out"
    found = of(made(single, synthesis("case_control", [1, 1.2, 0.9], [0.01] * 3)))
    assert (found.strata[0].supported, found.strata[0].fewest, found.strata[0].subsets, found.in_each) == (
        1,
        None,
        None,
        1,
    )


def test_the_level_is_that_of_the_review_or_of_the_settings():
    y, v = bcg()
    case = synthesis("case_control", y, v)
    plain, strict = (of(made(case, settings=s)).strata[0] for s in (None, {"replicability": {"alpha": 0.01}}))
    assert (plain.supported, strict.supported) == (4, 2)
    assert plain.fewest == strict.fewest


def test_studies_that_contradict_are_counted():
    y, v = np.array([1.0, 1.2, 0.9, -1.0, -1.1]), np.full(5, 0.01)
    (found,) = of(made(synthesis("case_control", y, v))).strata
    assert (found.supported, found.combined_supported, found.against) == (0, 3, 2)
