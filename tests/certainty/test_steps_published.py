"""Steps on published data: the BCG trials, passive smoking, and the NK review that comes with the package."""

from functools import cache
from pathlib import Path

import pytest
from certainty_cases import analysis, bcg, extraction, protocol

from metaan.certainty.grade import STEPS, certainties, steps_rows
from metaan.pooling.select import graded_candidates, select
from metaan.pooling.strata import analyse
from metaan.terms.certainty import DOMAINS, Certainty
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook

DATA = Path(__file__).parents[2] / "data"


@cache
def loaded(review):
    of = read_protocol(DATA / review / "protocol.yaml")
    read = read_workbook(DATA / review / "extraction.xlsx", of.layout)
    return of, read, graded_candidates(read, of)


@cache
def graded(review, name):
    of, read, rows = loaded(review)
    plan = of.analysis(name)
    found = certainties(analyse(select(rows, plan), plan, of), of, read)
    return {each.stratum: each for each in found}


def steps(found):
    return {step.domain: step.proposed for step in found.steps}


def test_bcg():
    (found,) = certainties(analysis(bcg(), "trial", kind="treatment"), protocol("trial"), extraction())
    assert steps(found) == {
        "risk_of_bias": 0,
        "inconsistency": -2,  # I2 92 %, estimates on both sides, prediction interval across no effect
        "indirectness": None,  # nothing is named
        "imprecision": 0,  # interval below 0.80, and 357,347 people
        "publication_bias": 0,  # Egger P = 0.19
        "large_effect": 0,  # trials start high
        "dose_response": None,
        "opposing_confounding": None,
    }
    assert (found.start, found.level) == ("high", "low")
    by = {step.domain: step.inputs for step in found.steps}
    # metafor, dat.bcg: I2 92.22 (REML); Egger's regression (lm) t -1.4013, p 0.1887; trim and fill one study, -0.6571
    assert by["inconsistency"]["i2"] == pytest.approx(92.22, abs=0.005)
    assert by["publication_bias"]["p"] == pytest.approx(0.1887, abs=5e-5)
    assert by["publication_bias"]["filled"] == 1
    assert by["publication_bias"]["estimate_filled"] == pytest.approx(-0.6571, abs=5e-5)
    assert by["publication_bias"]["estimate"] == pytest.approx(-0.7145, abs=5e-5)


def test_passive_smoking_prospective():
    found = graded("passive-smoking", "lung-cancer")["prospective"]
    assert (found.question, found.start) == ("causal", "low")
    assert steps(found)["risk_of_bias"] == -1  # every fact but the order is not reported
    assert steps(found)["inconsistency"] == 0  # four studies: the prediction interval proposes nothing
    assert steps(found)["imprecision"] == -1  # 0.94 to 1.69 crosses no effect and 1.25
    assert found.level == "very_low"
    assert found.steps[0].best == 0


def test_passive_smoking_case_control():
    found = graded("passive-smoking", "lung-cancer")["case_control"]
    assert steps(found)["risk_of_bias"] == -2  # none of the other conditions is reported
    assert found.steps[0].best == 0
    assert steps(found)["inconsistency"] == -1  # prediction interval 0.86 to 1.81 across no effect, I2 34 %
    assert steps(found)["imprecision"] == -1  # 1.11 to 1.40 crosses 1.25
    bias = found.steps[4]
    assert (bias.proposed, bias.inputs["test"], bias.inputs["filled"]) == (-1, "egger", 5)
    assert bias.inputs["p"] < 0.1
    assert bias.inputs["visible"]
    assert found.absolute is None
    assert [step.proposed for step in found.steps[5:]] == [0, 0, 0]


def test_activity_in_blood_measured_first():
    found = graded("nk-cells", "blood-activity")["prospective"]
    assert (found.question, found.start, found.level) == ("prognostic", "high", "very_low")
    assert steps(found) == {
        "risk_of_bias": -1,  # Yamada and Ebina, 52 % of the weight, are graded C
        "inconsistency": 0,  # three ratios between 3.4 and 3.6
        "indirectness": 0,
        "imprecision": -2,  # 1.32 to 9.21; at most 313 of 2126 women
        "publication_bias": -1,  # Katano 2013: 552 women, no gradient
        "large_effect": 0,
        "dose_response": 0,  # Katano 2013: four classes, no gradient
        "opposing_confounding": None,
    }
    known = found.steps[4].inputs
    assert (known["missing_people_otherwise"], known["missing_people_pooled_at_most"]) == (552, 313)
    assert "Katano 2013 (552 women)" in found.steps[4].because
    assert [each.label for each in found.missing.unusable] == ["Katano 2013", "Morikawa 2001", "Yamada 2001"]
    assert found.missing.judgement == "high"


def test_every_analysis_of_the_nk_review():
    levels = {}
    of, _, _ = loaded("nk-cells")
    for plan in of.analyses:
        for stratum, found in graded("nk-cells", plan.id).items():
            levels[plan.id, stratum] = found.level
            assert tuple(step.domain for step in found.steps) == tuple(DOMAINS)
            assert all(not step.changed for step in found.steps)
            if stratum == "case_control":
                assert found.start == "low"
                assert found.absolute is None
    assert len(levels) == 13
    assert set(levels.values()) == {"very_low"}


def test_two_trials_without_bottom_line_are_named():
    found = graded("nk-cells", "g-csf")["trial"]
    assert "draws no bottom line" in found.steps[1].because
    assert (found.absolute, found.no_absolute) == (None, "no bottom line is drawn from this pool")


def test_records_and_table_survive_the_way_to_disk():
    found = tuple(graded("nk-cells", "ivig").values())
    for each in found:
        assert Certainty.from_dict(each.to_dict()) == each
    rows = steps_rows(found)
    assert len(rows) == len(found) * len(DOMAINS)
    assert {tuple(row) for row in rows} == {STEPS}
