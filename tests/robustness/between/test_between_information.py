"""Monitoring boundaries and required information against published figures, and how they must behave."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from between_cases import bundled, made, synthesis
from metaan.robustness.between.boundaries import boundaries, spent
from metaan.robustness.between.information import (
    UNKNOWN,
    Information,
    further_studies,
    looks,
    of,
    required_information,
    spread_for,
)
from metaan.robustness.information import diversity, two_risks


@pytest.mark.parametrize(
    ("fractions", "published"),
    [
        # five looks as R's RTSA gives them: boundaries(timing = (1:5)/5, alpha = 0.05, side = 2, es_alpha = "esOF")
        ([0.2, 0.4, 0.6, 0.8, 1], [4.877, 3.357, 2.680, 2.290, 2.031]),
        # equal looks as R's ldbounds (programs of Reboussin et al. 2000) and gsDesign (sfLDOF) give them
        ([0.25, 0.5, 0.75, 1], [4.333, 2.963, 2.359, 2.014]),
        ([1 / 3, 2 / 3, 1], [3.710, 2.511, 1.993]),
        ([0.5, 1], [2.963, 1.969]),
        # Zhu and Hu 2010 (Ann Stat 38:2218-2241), unequal looks
        ([0.2, 0.5, 1], [4.877, 2.963, 1.969]),
    ],
)
def test_lan_demets_boundaries_of_the_obrien_fleming_type(fractions, published):
    assert boundaries(fractions) == pytest.approx(published, abs=5.1e-4)


def test_ten_percent_two_sided_is_five_percent_one_sided():
    # README of SeqBounds.jl: one-sided 0.05 at 0.25, 0.5, 0.75, 1; its step of 0.05 costs it the fifth digit
    published = [3.74955, 2.53993, 2.01604, 1.72014]
    assert boundaries([0.25, 0.5, 0.75, 1], 0.10) == pytest.approx(published, abs=5e-5)


def test_one_look_at_the_end_is_an_ordinary_test():
    assert boundaries([1.0]) == pytest.approx([1.959963985], abs=1e-8)
    assert boundaries([1.7], 0.01) == pytest.approx([2.575829304], abs=1e-8)


def test_a_look_far_too_early_spends_nothing():
    found = boundaries([0.01, 1.0])
    assert math.isinf(found[0])
    assert found[1] == pytest.approx(1.959963985, abs=1e-8)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.floats(0.02, 1.0), min_size=1, max_size=6), st.sampled_from([0.01, 0.05, 0.2]))
def test_all_looks_together_spend_alpha(steps, alpha):
    """Paths of Brownian motion, on a plain fine grid, leave the boundaries as often as was spent."""
    t = np.cumsum(steps) / sum(steps)
    t[-1] = 1.0
    edges = np.minimum(boundaries(t, alpha), 12.0) * np.sqrt(t)
    grid = np.linspace(-6, 6, 1201)
    width = grid[1] - grid[0]
    mass, crossed, before = (np.abs(grid) < width / 2).astype(float), 0.0, 0.0
    for now, edge in zip(t, edges, strict=True):
        step = math.sqrt(now - before)
        moved = np.exp(-0.5 * ((grid[:, None] - grid) / step) ** 2) * width / (step * math.sqrt(2 * math.pi)) @ mass
        inside = np.clip((edge - np.abs(grid)) / width + 0.5, 0.0, 1.0)
        crossed += float((moved * (1 - inside)).sum())
        mass, before = moved * inside, now
    assert crossed == pytest.approx(alpha, rel=0.01)


def test_half_of_alpha_is_spent_on_each_side():
    assert spent(0.2) == pytest.approx(4 * special.ndtr(-2.241402728 / math.sqrt(0.2)), rel=1e-6)
    assert spent([1.0, 3.0]) == pytest.approx([0.05, 0.05])


@pytest.mark.parametrize("wrong", [[], [0.0, 1.0], [0.5, 0.5], [0.5, 1.0, 1.2], [0.5, math.nan]])
def test_fractions_that_are_no_looks_are_refused(wrong):
    with pytest.raises(ValueError, match="information"):
        boundaries(wrong)


def test_required_size_of_the_tsa_paper():
    """Control risk 5 %, 25 % less, alpha 1 %, beta 10 %, D2 20 %: 19,920 (PMC2943189, figure 4)."""
    size = two_risks(0.05, 0.0375, alpha=0.01, power=0.9, average=True)
    assert size.total == pytest.approx(15935.8, abs=0.05)
    case = made(
        synthesis("prospective", [-0.3, -0.25, -0.28], [0.02, 0.03, 0.025], measure="RR"),
        settings={"information": {"alpha": 0.01, "power": 0.9, "effect": 0.75, "control_risk": 0.05, "diversity": 0.2}},
    )
    assert of(case).strata[0].people_needed == 19920


@pytest.mark.parametrize(
    ("risk", "ratio", "alpha", "power", "d2", "people"),
    [  # worked examples of the manual of the TSA software, section 5
        (0.14, 1.2, 0.05, 0.8, 0.0, 5218),  # 5.2, smoking cessation
        (0.05, 0.75, 0.05, 0.8, 0.2, 10508),  # 5.5, tuberculosis
    ],
)
def test_required_sizes_of_the_tsa_manual(risk, ratio, alpha, power, d2, people):
    told = {"alpha": alpha, "power": power, "effect": ratio, "control_risk": risk, "diversity": d2}
    case = made(
        synthesis("trial", [0.1, 0.2], [0.02, 0.03], measure="RR"), settings={"information": told}, kind="treatment"
    )
    assert of(case).strata[0].people_needed == people


def test_atrial_fibrillation_of_the_tsa_manual():
    # section 5.3: control risk 27.6 %, 20 % less, alpha 1 %, beta 10 %, D2 49 %: 7150, rounded down there
    size = two_risks(0.276, 0.276 * 0.8, alpha=0.01, power=0.9, average=True)
    assert size.adjusted(0.49) == pytest.approx(7150, abs=1)


def test_required_information_by_hand():
    # (1.959964 + 1.281552)^2 / ln(1.25)^2
    assert required_information(math.log(1.25)) == pytest.approx((3.241516 / 0.2231436) ** 2, rel=1e-5)
    assert required_information(-0.2) == required_information(0.2)


def test_further_studies_by_hand():
    # tau2 0.05, risk ratio 0.9, power 80 %: 0.05 x (2.801585 / 0.1053605)^2 = 35.35, so 36 however large
    assert further_studies(math.log(0.9), 0.05, power=0.8) == 36
    # a present mean with standard error 0.1 holds 100 of the 707.04 needed: 30.4, so 31
    assert further_studies(math.log(0.9), 0.05, have=100.0, power=0.8) == 31
    assert further_studies(math.log(0.9), 0.05, have=708.0, power=0.8) == 0
    assert further_studies(math.log(0.9), 0.0, power=0.8) == 1
    # with a sampling variance of 0.05 each: twice 35.35
    assert further_studies(math.log(0.9), 0.05, v=0.05, power=0.8) == 71


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=8), st.floats(0, 0.99))
def test_the_spread_for_a_diversity_has_it(v, d2):
    assert diversity(v, spread_for(v, d2)) == pytest.approx(d2, abs=1e-9)


def test_the_fewest_further_studies_reach_the_information_and_one_fewer_does_not():
    needed, tau2, have = required_information(0.2), 0.04, 50.0
    n = further_studies(0.2, tau2, have=have)
    assert have + n / tau2 > needed >= have + (n - 1) / tau2


def test_passive_smoking():
    found = of(bundled("passive-smoking", "lung-cancer"))
    prospective, case_control = found.strata
    assert (found.alpha, found.power) == (0.05, 0.9)
    # precision of the four prospective studies 1 / 0.0923^2 against 211.0; no heterogeneity
    assert prospective.share == pytest.approx(100 / 0.0923**2 / 211.0, rel=2e-3)
    assert prospective.d2 == 0
    assert prospective.crossed_in == prospective.complete_in == ""
    assert (case_control.crossed_in, case_control.complete_in) == ("1987", "1992")
    # the last Z is the pooled Wald Z: REML 0.2204 with se 0.0567
    pooled = bundled("passive-smoking", "lung-cancer").strata[1].pooled
    assert case_control.looks[-1].z == pytest.approx(pooled.estimate / pooled.se, rel=1e-6)
    assert case_control.people is None
    assert case_control.people_basis == "people are not counted in every study"
    assert case_control.share_ci.low < 100 < case_control.share < case_control.share_ci.high


def test_the_share_is_the_precision_of_the_random_effects_mean():
    for case in (bundled("passive-smoking", "lung-cancer"), bundled("nk-cells", "ivig")):
        for one in of(case).strata:
            assert one.looks[-1].share == pytest.approx(one.share)
            assert one.share == pytest.approx(100 * one.accrued * (1 - one.d2) / one.required)


def test_looks_past_complete_information_have_no_boundary():
    case_control = of(bundled("passive-smoking", "lung-cancer")).strata[1]
    complete = [look.share >= 100 for look in case_control.looks]
    first = complete.index(True)
    assert [look.boundary is None for look in case_control.looks] == [i > first for i in range(len(complete))]
    assert not any(look.crossed for look in case_control.looks[first + 1 :])
    assert case_control.next_boundary is None


def test_studies_of_one_year_enter_together_and_those_without_a_year_last():
    y, v = np.array([0.1, 0.3, 0.2, 0.4]), np.array([0.02, 0.03, 0.04, 0.05])
    one, _ = looks(["2001", "NR", "1999", "2001"], y, v, 0.01, 400.0, 0.05)
    other, _ = looks(["2001", "1999", "2001", "NR"], y[[3, 2, 0, 1]], v[[3, 2, 0, 1]], 0.01, 400.0, 0.05)
    assert [(look.year, look.k) for look in one] == [("1999", 1), ("2001", 3), (UNKNOWN, 4)]
    assert [look.z for look in one] == pytest.approx([look.z for look in other])


def test_a_look_that_adds_too_little_joins_the_next():
    y, v = np.array([0.1, 0.3, 0.2]), np.array([0.02, 5.0, 0.04])
    found, _ = looks(["1999", "2000", "2001"], y, v, 0.0, 100.0, 0.05)
    assert [look.k for look in found] == [1, 3]
    found, _ = looks(["1999", "2000", "2001"], y[[0, 2, 1]], v[[0, 2, 1]], 0.0, 100.0, 0.05)
    assert [look.k for look in found] == [1, 3]


def test_one_study_is_one_look_and_shows_no_spread():
    found = of(made(synthesis("prospective", [0.4], [0.05], people=[200])))
    (one,) = found.strata
    assert len(one.looks) == 1
    assert (one.d2, one.d2_source) == (0.0, "none: one study shows no spread")
    # 1 / 0.05 = 20 of 211.03 needed: 200 people become 2111
    assert one.people_needed == math.ceil(200 * one.required / 20)
    assert one.if_d2["0.5"] == pytest.approx(one.if_d2["0"] / 2)


def test_a_diversity_of_the_protocol_takes_the_place_of_that_of_the_studies():
    strata = synthesis("prospective", [0.1, 0.5, 0.3], [0.02, 0.03, 0.04])
    found = of(made(strata, settings={"information": {"diversity": 0.5, "source": "agreed beforehand"}}))
    one = found.strata[0]
    assert (one.d2, one.d2_source, one.share_ci) == (0.5, "given in the protocol", None)
    assert one.share == pytest.approx(one.if_d2["0.5"])
    assert found.source == "agreed beforehand"


def test_an_effect_of_the_protocol_is_for_the_measure_of_the_first_stratum():
    found = of(
        made(
            synthesis("prospective", [0.1, 0.5, 0.3], [0.02, 0.03, 0.04], measure="RR"),
            synthesis("case_control", [0.6, 0.5], [0.05, 0.06], measure="SMD"),
            settings={"information": {"effect": 0.8}},
        )
    )
    assert [one.effect for one in found.strata] == pytest.approx([math.log(0.8), 0.2])
    assert [one.effect_source for one in found.strata] == ["given in the protocol", "smallest effect that matters"]


def test_no_effect_cannot_be_looked_for():
    ratio = synthesis("prospective", [0.1, 0.5], [0.02, 0.03], measure="OR")
    other = synthesis("case_control", [0.1, 0.5], [0.02, 0.03], measure="SMD")
    found = of(made(ratio, other, settings={"information": {"effect": -2}}))  # possible on the second measure
    assert isinstance(found, Information)
    assert found.left_out == {"prospective": "odds ratio −2 cannot be an effect to be found"}


def test_it_goes_to_plain_data_and_back():
    for case in (bundled("passive-smoking", "lung-cancer"), bundled("nk-cells", "blood-activity")):
        found = of(case)
        assert Information.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    "analysis", ["blood-activity", "uterine-rif", "uterine-rm", "ivig", "corticosteroids", "lipid-emulsion", "g-csf"]
)
def test_nk_cells_claim_no_more_than_is_there(analysis):
    found = of(bundled("nk-cells", analysis))
    assert all(one.share < 100 and not one.complete_in for one in found.strata)
    assert "not bias" in found.assumption
