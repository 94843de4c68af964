"""Sentences that figures and report share."""

import math

import pytest

from metaan.terms import phrases, wording
from metaan.terms.records import Beside, Difference, Interval, Pooled, RiskClass, Source, Synthesis

SOURCE = Source(workbook="x.xlsx", sheet="Effects", row=2, cells={}, values={}, kind="abstract", reference="", quote="")


def pooled(**changes):
    values = {
        "k": 9,
        "estimate": math.log(1.5),
        "se": 0.1,
        "statistic": 4.05,
        "df": 8.0,
        "p": 0.004,
        "ci": Interval(math.log(1.2), math.log(1.9)),
        "prediction": Interval(math.log(0.41), math.log(3.2)),
        "tau2": 0.08,
        "tau2_ci": Interval(0.0, 0.3),
        "i2": 62.0,
        "i2_ci": Interval(20.0, 82.0),
        "h2": 2.6,
        "q": 21.1,
        "q_df": 8.0,
        "q_p": 0.007,
        "weights": (100 / 9,) * 9,
        "method": {"tau2": "REML", "interval": "mKH", "prediction": "same", "level": 0.95},
    }
    return Pooled(**{**values, **changes})


def test_heterogeneity():
    assert (
        phrases.heterogeneity(pooled()) == "k = 9; tau² 0.080 (tau 0.28); I² 62 % (20 to 82); Q 21.1, df 8, P = 0.007"
    )


def test_heterogeneity_without_interval_and_with_a_tiny_tau():
    text = phrases.heterogeneity(pooled(i2_ci=None, tau2=1e-6, q_p=0.0001))
    assert text == "k = 9; tau² <0.001 (tau <0.01); I² 62 %; Q 21.1, df 8, P < 0.001"


@pytest.mark.parametrize(
    ("method", "k", "expected"),
    [
        (
            {"tau2": "REML", "interval": "mKH", "prediction": "same", "level": 0.95},
            9,
            "Random-effects model, tau² by REML; 95 % interval: modified Knapp-Hartung (mKH), t on k − 1; "
            "prediction interval: t on k − 1, same standard error",
        ),
        (
            {"tau2": "REML", "interval": "Wald", "prediction": "same", "level": 0.95},
            2,
            "Random-effects model, tau² by REML; 95 % interval: Wald",
        ),
        (
            {"tau2": "DL", "interval": "HK", "prediction": "HTS", "level": 0.9},
            3,
            "Random-effects model, tau² by DerSimonian-Laird (DL); 90 % interval: Knapp-Hartung (HK), t on k − 1; "
            "prediction interval: t on k − 2 (Higgins-Thompson-Spiegelhalter)",
        ),
        (
            {"tau2": "EE", "interval": "Wald", "prediction": None, "level": 0.95},
            5,
            "Common-effect model; 95 % interval: Wald",
        ),
    ],
)
def test_model(method, k, expected):
    assert phrases.model(method, k) == expected


def test_prediction_is_marked_below_five_studies_and_absent_without_an_interval():
    assert phrases.prediction("OR", pooled()) == "95 % prediction: 0.41 to 3.20"
    assert phrases.prediction("OR", pooled(k=4)) == "95 % prediction (few studies): 0.41 to 3.20"
    assert phrases.prediction("OR", pooled(prediction=None)) == ""


def difference(**changes):
    values = {
        "stronger": "prospective",
        "weaker": "case_control",
        "measure": "OR",
        "tested": True,
        "reason": "common tau²",
        "estimate": math.log(0.971),
        "ci": Interval(math.log(0.737), math.log(1.278)),
        "p": 0.83,
    }
    return Difference(**{**values, **changes})


def test_difference_between_designs():
    # Hackshaw 1997: common tau2, REML, Wald
    expected = "Case-control ÷ prospective: ratio of odds ratios 0.97 (0.74 to 1.28), P = 0.83 (common tau²)"
    assert phrases.difference(difference()) == expected


def test_difference_on_a_linear_scale_is_a_difference():
    text = phrases.difference(difference(measure="SMD", estimate=0.2, ci=Interval(-0.1, 0.5), p=0.2))
    assert text == (
        "Case-control minus prospective: difference between standardised mean differences 0.20 (−0.10 to 0.50), "
        "P = 0.20 (common tau²)"
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("same women: difference not tested", "Case-control and prospective, same women: difference not tested"),
        ("the scales differ.", "Case-control and prospective, difference not tested; the scales differ"),
        ("", "Case-control and prospective, difference not tested"),
    ],
)
def test_difference_not_tested_gives_the_reason_and_no_number(reason, expected):
    assert phrases.difference(difference(tested=False, reason=reason, measure="")) == expected


def test_study_that_cannot_be_pooled():
    katano = Beside(
        study_id="Katano2013",
        label="Katano 2013",
        stratum="prospective",
        people=552,
        classes=(RiskClass(label="5–24 %", risk=28.1, cell="K9"), RiskClass(label="47–74 %", risk=20.7, cell="K12")),
        bounds=Interval(20.7 / 28.1, 20.7 / 17.9),
        source=SOURCE,
    )
    assert phrases.beside(katano, "women") == (
        "Not poolable: Katano 2013 (552 women): outcome in 28.1 % (5–24 %) and 20.7 % (47–74 %); "
        "whatever the class sizes, its ratio of the top class to the rest lies between 0.74 and 1.16"
    )
    bare = Beside(study_id="X", label="X 2000", stratum="trial", people=None, classes=(), bounds=None, source=SOURCE)
    assert phrases.beside(bare) == "Not poolable: X 2000"


def synthesis(k, fit):
    return Synthesis(
        stratum="case_control",
        measure="OR",
        k=k,
        people=None,
        estimates=(),
        others=(),
        pooled=fit,
        also={},
        remarks=(),
        sensitivity=(),
        small=None,
    )


def test_result_of_a_stratum():
    expected = "Case-control, 9 studies: odds ratio 1.50 (95 % CI 1.20 to 1.90)"
    assert phrases.result(synthesis(9, pooled()), 0.95) == expected
    assert phrases.result(synthesis(0, None), 0.95) == "Case-control, 0 studies: not pooled"


def test_size_and_further_interval():
    assert phrases.size(1, 50) == "1 study, 50 people"
    assert phrases.size(33, 12840, "women") == "33 studies, 12\u202f840 women"
    assert phrases.size(3, None) == "3 studies"
    limits = Interval(math.log(0.02), math.log(210))
    assert phrases.further("RR", "mKH", limits) == "Modified Knapp-Hartung (mKH) interval: 0.02 to 210"


def test_counts_get_thin_gaps_from_five_digits_on():
    assert [wording.whole(n) for n in (9999, 10_000, 1_234_567)] == ["9999", "10\u202f000", "1\u202f234\u202f567"]
