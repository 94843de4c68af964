"""Words never outrun certainty: for every level, verdict, direction and design a sentence has its words."""

import dataclasses
import itertools
import re

import pytest
from sentence_cases import analysis as of_strata
from sentence_cases import label, source
from sentence_cases import synthesis as of_studies

from metaan.certainty import bank
from metaan.certainty.bank import DO_NOT_KNOW, DO_NOT_TELL, MODALITY, TOO_STRONG
from metaan.certainty.sentences import AFTER, MEASURED_AFTER, Verdict, bottom_line, verdict
from metaan.terms.certainty import DOMAINS, LEVELS, Absolute, Certainty, MissingEvidence, Step
from metaan.terms.designs import STRATA
from metaan.terms.records import Beside, Interval

WORDS = {
    "low": "fewer live births",
    "high": "more live births",
    "group1": "Drug",
    "group2": "Placebo",
    "people": "women",
}
TYPED = {"marker": "activity", "compartment": "blood", "intervention": "IVIG", "outcome": "birth"}

#: what only a trial can show, and stems of verbs that would say so
CAUSAL = re.compile(
    r"\b(chang\w*|caus\w*|lead\w*|led|increas\w*|reduc\w*|rais\w*|lower(s|ed|ing)|improv\w*|prevent\w*|help\w*|"
    r"affect\w*|effect\w*|work\w*|benefit\w*|harm\w*|protect\w*|result(s|ed|ing) in)\b"
)


def synthesis(stratum, k, low, high):
    return of_studies(stratum, k, low, high, **TYPED)


def analysis(*strata, kind, beside=(), withheld=""):
    return of_strata(*strata, kind=kind, beside=beside, withheld=withheld, outcome_good=True, words=WORDS)


def certainty(stratum, level, absolute=None):
    return Certainty(
        analysis_id="a",
        stratum=stratum,
        question="treatment",
        start="high",
        start_because="",
        steps=tuple(Step(domain=name, proposed=0, best=0, decided=0, because="") for name in DOMAINS),
        level=level,
        best=level,
        because="",
        absolute=absolute,
        no_absolute="",
        missing=MissingEvidence(pooled=0, pooled_people=None, unusable=(), judgement="", because=""),
    )


#: verdict and direction -> limits of the pooled interval on the log scale, and the number of studies
CASES = {
    ("more_than_small", "up"): (5, 0.4, 1.2),
    ("more_than_small", "down"): (5, -1.2, -0.4),
    ("some", "up"): (5, 0.05, 0.4),
    ("some", "down"): (5, -0.4, -0.05),
    ("little_or_none", "up"): (5, -0.05, 0.1),
    ("little_or_none", "down"): (5, -0.1, 0.05),
    ("not_told", "up"): (5, -0.1, 0.9),
    ("not_told", "down"): (5, -0.9, 0.1),
    ("one_study", "up"): (1, 0.4, 1.2),
    ("no_study", "up"): (0, 0.4, 1.2),
}
KINDS = ("marker", "exposure", "treatment")
EVERY = list(itertools.product(LEVELS, CASES, STRATA, KINDS))


def said(level, case, stratum, kind):
    """Return the sentence of one stratum; a trial or cohort stands beside, so that no difference can be spoken of."""
    k, low, high = CASES[case]
    best = "trial" if kind == "treatment" else "prospective"
    strata = [synthesis(stratum, k, low, high)]
    strata += [synthesis(best, 5, -0.05, 0.05)] if stratum != best else []
    found = analysis(*strata, kind=kind)
    assert verdict(found, strata[0]) == case[0]
    judged = {stratum: certainty(stratum, level)} if k else {}
    return bottom_line(found, label, certainty=judged).sentences[0]


def has(words, text):
    return re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE) is not None


CLAIMS = ("more_than_small", "some", "little_or_none")


@pytest.mark.parametrize(("level", "case", "stratum", "kind"), EVERY)
def test_a_sentence_holds_the_words_of_its_certainty_and_no_stronger_ones(level, case, stratum, kind):
    sentence = said(level, case, stratum, kind)
    text = " ".join((sentence.text, *sentence.then, sentence.risks)).strip()
    if case[0] == "no_study":
        assert text == f"No {bank_study(stratum)} with numbers that can be pooled."
        return
    assert sentence.level == level
    assert [word for word in TOO_STRONG[level] if has(word, text)] == []
    if level == "very_low":
        assert sentence.text.startswith(DO_NOT_KNOW.capitalize())
        assert sentence.then == ()
        assert "little or no" not in text
    elif case[0] in CLAIMS:
        assert any(has(words, text) for words in MODALITY[level])
        assert ("little or no difference" in text) == (case[0] == "little_or_none")
    elif case[0] == "not_told":
        assert DO_NOT_TELL in sentence.text
        assert not any(has(words, text) for name in ("moderate", "low") for words in MODALITY[name])
    if stratum != "trial":
        assert CAUSAL.findall(text) == []
    if stratum in AFTER:
        assert sentence.text.endswith(f", {AFTER[stratum]}.")
    if stratum == "case_control" and case[0] != "little_or_none" and (case[0] != "one_study" or level == "very_low"):
        assert "was associated with" in text
    if case[0] != "one_study":
        assert re.search(r"\b5 (trials|[a-z- ]+ (studies|cohorts)), risk ratio \d", text)
    assert "significan" not in text


def bank_study(stratum):
    return {
        "trial": "trial",
        "treatment_cohort": "treatment cohort",
        "prospective": "prospective study",
        "case_control": "case-control study",
        "cross_sectional": "cross-sectional study",
    }[stratum]


@pytest.mark.parametrize(("stratum", "kind"), list(itertools.product(STRATA, KINDS)))
@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("size", ["more_than_small", "some", "little_or_none"])
def test_each_certainty_has_a_sentence_of_its_own(stratum, kind, direction, size):
    texts = [said(level, (size, direction), stratum, kind).text for level in LEVELS]
    assert len(set(texts)) == len(LEVELS)
    if size != "little_or_none":
        other = said("low", (size, "down" if direction == "up" else "up"), stratum, kind).text
        assert re.sub(r"[\d.]+", "", texts[1]) != re.sub(r"[\d.]+", "", other)  # the direction is told in words


def test_the_sentences_read_as_fixed():
    expected = {
        ("high", "trial", "treatment"): "Treatment with IVIG will change live birth (more live births): 5 trials, ",
        ("moderate", "trial", "treatment"): "Treatment with IVIG probably changes live birth (more live births): 5 ",
        ("low", "trial", "treatment"): "Treatment with IVIG may change live birth (more live births): 5 trials, risk",
        ("very_low", "trial", "treatment"): "We do not know whether treatment with IVIG changed live birth: 5 trials",
        ("high", "prospective", "marker"): "A higher level of cell activity in blood predicts live birth: 5 prospec",
        ("moderate", "prospective", "exposure"): "IVIG probably comes before live birth more often: 5 prospective s",
        ("low", "prospective", "marker"): "A higher level of cell activity in blood may come before live birth more",
        ("low", "case_control", "marker"): (
            "It may be that a higher level of cell activity in blood was associated with live birth: 5 case-control "
        ),
        ("moderate", "treatment_cohort", "treatment"): (
            "Treatment with IVIG probably was associated with live birth (more live births): 5 treatment cohorts, "
        ),
    }
    for (level, stratum, kind), start in expected.items():
        assert said(level, ("more_than_small", "up"), stratum, kind).text.startswith(start)
    little = said("moderate", ("little_or_none", "up"), "trial", "treatment").text
    assert little.startswith("There is probably little or no difference in live birth by treatment with IVIG: 5 trials")


def test_nothing_may_be_claimed_of_very_low_certainty():
    with pytest.raises(KeyError):
        bank.claim("trial", "very_low", marker=False, subject="x", event="y")
    with pytest.raises(KeyError):
        bank.little("trial", "very_low", "little or no difference")


def test_without_a_certainty_the_sentence_tells_what_the_studies_found():
    found = analysis(synthesis("trial", 5, 0.4, 1.2), kind="treatment")
    for judged in (None, {}, {"case_control": certainty("case_control", "high")}, {"trial": certainty("trial", "")}):
        (sentence,) = bottom_line(found, label, certainty=judged).sentences
        assert sentence.text.startswith("In 5 trials, treatment with IVIG changed live birth (more live births): ")
        assert sentence.level == ""


def test_high_certainty_gives_no_claim_that_the_interval_does_not():
    for k, low, high in ((2, 0.4, 1.2), (5, -0.4, 1.2)):
        found = analysis(synthesis("trial", k, low, high), kind="treatment")
        (sentence,) = bottom_line(found, label, certainty={"trial": certainty("trial", "high")}).sentences
        assert DO_NOT_TELL in sentence.text
        assert " will " not in sentence.text


def test_a_study_beside_is_told_whatever_the_certainty():
    beside = Beside(
        **{"study_id": "K", "label": "Katano 2013", "stratum": "prospective", "people": 552, "classes": ()},
        **{"bounds": Interval(0.74, 1.16), "source": source()},
    )
    found = analysis(synthesis("prospective", 3, 0.3, 2.2), kind="marker", beside=(beside,))
    for level in LEVELS:
        judged = {"prospective": certainty("prospective", level)}
        (sentence,) = bottom_line(found, label, certainty=judged).sentences
        assert sentence.then == ("A study that cannot be pooled does not show it: Katano 2013.",)
        assert "predicts" not in sentence.text


def test_no_bottom_line_holds_whatever_the_certainty():
    found = analysis(synthesis("trial", 5, 0.4, 1.2), kind="treatment", withheld="two trials that contradict")
    line = bottom_line(found, label, certainty={"trial": certainty("trial", "high")})
    assert (line.withheld, line.sentences) == ("No bottom line: two trials that contradict.", ())


RISKS = Absolute(
    baseline=0.4406,
    source="placebo groups",
    risk=0.6212,
    ci=Interval(0.5071, 0.7449),
    difference=0.1806,
    difference_ci=Interval(0.0665, 0.3043),
)


@pytest.mark.parametrize("level", LEVELS)
def test_people_stand_beside_a_ratio(level):
    judged = {"trial": certainty("trial", level, RISKS)}
    found = analysis(synthesis("trial", 5, 0.4, 1.2), kind="treatment")
    (sentence,) = bottom_line(found, label, certainty=judged).sentences
    held = "If this risk ratio held, live" if level in ("low", "very_low") else "Live"
    assert sentence.risks == f"{held} birth per 100 women: Placebo 44, Drug 62 (51 to 74)."
    unnamed = dataclasses.replace(found, words={})
    (sentence,) = bottom_line(unnamed, label, certainty=judged).sentences
    assert sentence.risks == f"{held} birth per 100 people: without 44, with 62 (51 to 74)."


@pytest.mark.parametrize("stratum", ["case_control", "treatment_cohort"])
def test_the_order_of_events_stays_the_last_word(stratum):
    found = analysis(synthesis(stratum, 5, 0.4, 1.2), kind="marker")
    (sentence,) = bottom_line(found, label, certainty={stratum: certainty(stratum, "low", RISKS)}).sentences
    assert (sentence.then, sentence.risks) == ((), "")
    assert sentence.text.endswith(f", {AFTER[stratum]}.")
    assert AFTER["case_control"] == MEASURED_AFTER


def test_every_verdict_was_tried():
    assert {case[0] for case in CASES} == set(Verdict)
