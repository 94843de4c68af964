"""Published average bias taken out of the weaker studies: the figures of passive smoking, and what may be said."""

import math

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from between_cases import bundled, made, synthesis
from metaan.pooling.pool import pool
from metaan.robustness.between import bias
from metaan.robustness.between.bias import BiasAdjusted, without_design_bias
from metaan.robustness.between.given import arrays
from metaan.robustness.between.published import published

STRONG, WEAK = (
    synthesis("prospective", [0.1, 0.2, 0.3], [0.02, 0.03, 0.04]),
    synthesis("case_control", [0.2, 0.4, 0.5, 0.1], [0.05, 0.06, 0.04, 0.08]),
)
OWN = {"weaker": "case_control", "stronger": "prospective", "ratio": 1.5, "low": 1.2, "high": 1.875, "source": "ours"}


@pytest.fixture(scope="module")
def smoking():
    given = bundled("passive-smoking", "lung-cancer")
    (y0, v0), (y1, v1) = map(arrays, given.strata)
    return np.concatenate([y0, y1]), np.concatenate([v0, v1]), np.arange(37) >= 4


def printed(found):
    return tuple(round(math.exp(x), 3) for x in (found.estimate, found.ci.low, found.ci.high))


# Golder, Loke and Bland 2013 (PLoS ONE 8:e71813) print cohort ÷ case-control, 0.94 (0.87 to 1.01)
@pytest.mark.parametrize(
    ("tau2", "between", "expected"),
    [
        ("DL", 0.0, (1.177, 1.052, 1.318)),
        ("DL", 0.2, (1.203, 1.076, 1.345)),
        ("REML", 0.0, (1.182, 1.052, 1.329)),
    ],
)
def test_passive_smoking_with_the_published_bias_of_case_control_studies(smoking, tau2, between, expected):
    (golder, *_) = published("prospective", "case_control")
    found, share = without_design_bias(
        *smoking, golder.estimate, golder.se, between=between, tau2=tau2, interval="Wald"
    )
    assert printed(found) == expected
    assert 0.7 < share < 0.85


def test_the_ratio_turned_round_would_give_more_than_no_adjustment(smoking):
    found, _ = without_design_bias(*smoking, math.log(0.94), tau2="DL", interval="Wald")
    assert printed(found)[0] == 1.304


def test_the_shared_error_is_added_once(smoking):
    y, v, weaker = smoking
    exact, share = without_design_bias(y, v, weaker, 0.06, tau2="DL", interval="Wald")
    found, same = without_design_bias(y, v, weaker, 0.06, 0.04, tau2="DL", interval="Wald")
    own = pool(y - 0.06 * weaker, v, tau2="DL", interval="Wald")
    assert (exact.estimate, exact.se) == pytest.approx((own.estimate, own.se), rel=1e-12)
    assert (found.estimate, same) == (exact.estimate, share)
    assert share == pytest.approx(sum(np.array(own.weights)[weaker]) / 100, rel=1e-12)
    assert found.se**2 - exact.se**2 == pytest.approx((share * 0.04) ** 2, rel=1e-9)
    assert found.ci.high - found.estimate == pytest.approx(1.959963984540054 * found.se, rel=1e-12)


def test_a_batch_is_its_syntheses_one_by_one(smoking):
    means, errors = np.array([0.0, 0.06, 0.2]), np.array([0.0, 0.04, 0.1])
    batch, shares = without_design_bias(*smoking, means, errors, between=0.1)
    for i in range(3):
        one, share = without_design_bias(*smoking, means[i], errors[i], between=0.1)
        assert (batch.estimate[i], batch.se[i], batch.ci.low[i], batch.ci.high[i], shares[i]) == pytest.approx(
            (one.estimate, one.se, one.ci.low, one.ci.high, share), rel=1e-9
        )


@settings(max_examples=25, deadline=None)
@drawn(st.floats(-1, 1), st.lists(st.floats(-2, 2), min_size=1, max_size=6))
def test_a_stratum_alone_moves_by_the_bias_and_keeps_its_width(mean, y):
    v = np.linspace(0.02, 0.2, len(y))
    every = np.ones(len(y), dtype=bool)
    interval = "Wald" if len(y) < 3 else "mKH"
    none, share = without_design_bias(y, v, every, 0.0, interval=interval)
    found, _ = without_design_bias(y, v, every, mean, interval=interval)
    assert share == pytest.approx(1)
    assert found.estimate == pytest.approx(none.estimate - mean, abs=1e-4)
    assert found.se == pytest.approx(none.se, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [((math.nan,), {}), ((0.1, -0.1), {}), ((0.1, math.inf), {}), ((0.1,), {"between": -0.2})],
)
def test_a_bias_that_is_no_number_is_refused(arguments, options):
    with pytest.raises(ValueError, match=r"bias|between"):
        without_design_bias([0.1, 0.2], [0.1, 0.1], [True, False], *arguments, **options)


def test_passive_smoking_as_shown():
    given = bundled("passive-smoking", "lung-cancer")
    found = bias.of(given)
    (design,) = found.designs
    assert (design.stratum, design.against, design.k, design.between) == ("case_control", "prospective", 33, 0.2)
    assert design.before == given.strata[1].pooled.estimate
    assert design.before_ci == given.strata[1].pooled.ci
    at = {each.name: each for each in design.assumed}
    assert list(at) == ["published", "none", "low", "high", "twice"]
    assert [round(each.ratio, 3) for each in design.assumed] == [1.064, 1.0, 0.99, 1.149, 1.132]
    assert at["published"].estimate == pytest.approx(at["none"].estimate + math.log(0.94), abs=1e-4)
    assert at["high"].estimate < at["twice"].estimate < at["published"].estimate < at["none"].estimate
    widths = {name: each.ci.high - each.ci.low for name, each in at.items()}
    assert widths["published"] > widths["none"]  # the published average is uncertain itself
    assert printed(design.together) == (1.203, 1.072, 1.351)  # REML, mKH
    assert design.share == pytest.approx(0.7014, abs=5e-5)
    assert not design.not_together
    assert BiasAdjusted.from_dict(found.to_dict()) == found


def test_designs_that_still_differ_are_not_put_together():
    (design,) = bias.of(bundled("nk-cells", "ivig")).designs
    assert design.together is None
    assert math.isnan(design.share)
    assert design.not_together == "treatment cohorts and trials still differ after adjustment"


def test_designs_with_the_same_people_are_not_put_together():
    alike = synthesis("case_control", [0.2, 0.4, 0.5], [0.05, 0.06, 0.04], prefix="Pr")
    (design,) = bias.of(made(STRONG, alike)).designs
    assert design.not_together == "same adults"


def test_a_weaker_design_without_a_stronger_one_is_adjusted_alone():
    (design,) = bias.of(made(WEAK)).designs
    assert (design.against, design.together) == ("prospective", None)
    assert design.not_together == "no prospective studies to put them together with"


def test_one_weaker_study_keeps_its_own_variance_beside_that_of_the_bias():
    one = synthesis("case_control", [0.5], [0.04])
    (design,) = bias.of(made(STRONG, one)).designs
    (golder, *_) = published("prospective", "case_control")
    at = design.assumed[0]
    assert at.estimate == pytest.approx(0.5 - golder.estimate)
    assert at.ci.high - at.estimate == pytest.approx(1.959964 * math.sqrt(0.04 + 0.2**2 + golder.se**2), rel=1e-6)


def test_the_protocol_comes_first_and_an_analysis_before_the_review():
    found = bias.of(made(STRONG, WEAK, settings={"bias": {"published": [OWN], "between": 0.1}}))
    (design,) = found.designs
    assert (design.published.source, design.published.ratio, design.between) == ("ours", 1.5, 0.1)
    assert "ratio 1.50, 1.20 to 1.88" in found.assumption
    again = bias.of(made(STRONG, WEAK, settings={"bias": {"between": 0.1}}, for_analysis={"bias": {"between": 0}}))
    assert again.designs[0].between == 0
    assert again.settings["between"] == 0


def test_differences_have_no_published_bias():
    found = bias.of(made(synthesis("case_control", [0.2, 0.4, 0.9], [0.05, 0.06, 0.04], measure="SMD")))
    assert found.designs == ()
    assert found.notes == (
        "published biases are ratios, and effects of case-control studies are standardised mean differences here",
    )
    few = bias.of(made(synthesis("case_control", [0.2, 0.4], [0.05, 0.06], measure="SMD")))
    assert few.endswith("; fewer than three case-control studies: other weights not tried; no bias typed")


def test_nothing_to_question():
    assert bias.of(made(STRONG)) == "no study of a weaker design, and no bias typed"
