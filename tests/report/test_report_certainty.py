"""How sure: the summary of findings, the footnotes and the profile against the records they were made from."""

import dataclasses
import re

import pytest
from report_page import Page

from metaan.certainty import sentences
from metaan.report import html
from metaan.report.certainty import HOW_TO_CHANGE, MOST_ROWS
from metaan.report.certainty_profile import NOBODY, NOBODY_AT_ALL, NOT_ASSESSED
from metaan.terms import phrases, wording
from metaan.terms.certainty import DOMAINS, NAMES, SYMBOLS, Absolute
from metaan.terms.designs import STRATA
from metaan.terms.records import Interval

RISKS = Absolute(
    baseline=0.1204,
    source="untreated women of one register, 2019",
    risk=0.0301,
    ci=Interval(0.0099, 0.1504),
    difference=-0.0903,
    difference_ci=Interval(-0.1105, 0.03),
)


def with_certainty(case, analysis_id, stratum, **changes):
    """Return the case with one certainty changed."""
    found = tuple(
        dataclasses.replace(c, **changes) if (c.analysis_id, c.stratum) == (analysis_id, stratum) else c
        for c in case.certainty
    )
    assert found != case.certainty
    return dataclasses.replace(case, certainty=found)


def decided(case, analysis_id, stratum, domain, **changes):
    """Return the case with one step changed."""
    certainty = next(c for c in case.certainty if (c.analysis_id, c.stratum) == (analysis_id, stratum))
    steps = tuple(dataclasses.replace(s, **changes) if s.domain == domain else s for s in certainty.steps)
    return with_certainty(case, analysis_id, stratum, steps=steps)


def paged(case):
    return Page(html.render(case.report()))


def rows_of(page, analysis):
    """Return the rows of the summary of findings, each with its notes."""
    found = []
    for row in page.section(f"summary-{analysis.id}").all("tbody")[0].all("tr"):
        if "note" in row.attributes.get("class", "").split():
            found[-1][1].append(row.text)
        else:
            found.append(([row.all("th")[0].text, *(cell.text for cell in row.all("td"))], []))
    return found


def by_stratum(case, analysis):
    return {c.stratum: c for c in case.certainty if c.analysis_id == analysis.id}


def test_every_stratum_of_every_analysis_has_its_row(page, case):
    for analysis in case.analyses:
        rows = rows_of(page, analysis)
        assert len(rows) == len(analysis.strata) <= MOST_ROWS
        for (cells, _), synthesis in zip(rows, analysis.strata, strict=True):
            assert cells[0].startswith(STRATA[synthesis.stratum].label)
            people = "not known" if synthesis.people is None else str(synthesis.people)
            assert cells[-2] == f"{people} ({synthesis.k})"
            certainty = by_stratum(case, analysis)[synthesis.stratum]
            assert cells[-1].startswith(f"{SYMBOLS[certainty.level]} {NAMES[certainty.level]}")
            at_best = f"({NAMES[certainty.best]} at best)"
            assert (at_best in cells[-1]) == (certainty.best != certainty.level)


def test_what_a_row_means_is_the_sentence_of_the_bottom_line(page, report, case):
    bottom = page.section("bottom-line").text
    checked = 0
    for analysis, line in zip(case.analyses, report.data["bottom_lines"], strict=True):
        for (_, notes), sentence in zip(rows_of(page, analysis), line["sentences"], strict=False):
            text = " ".join((sentence["text"], *sentence["then"]))
            assert f"What it means: {text}" in notes
            assert " ".join((text, sentence["risks"])).strip() in bottom
            checked += 1
        if line["withheld"]:
            assert not any("What it means" in note for _, notes in rows_of(page, analysis) for note in notes)
            assert line["withheld"] in page.section(f"certainty-{analysis.id}").text
    assert checked == 5


def test_page_one_tells_how_sure_and_the_largest_reason(page, case):
    answers = page.section("bottom-line").with_class("answer")
    for answer, analysis in zip(answers, case.analyses, strict=True):
        told = [e.text for e in answer.with_class("sure")]
        if analysis.no_bottom_line:
            assert told == []
            continue
        found = by_stratum(case, analysis)
        assert len(told) == len(analysis.strata)
        for text, synthesis in zip(told, analysis.strata, strict=True):
            certainty = found[synthesis.stratum]
            assert text.startswith(f"{SYMBOLS[certainty.level]} {NAMES[certainty.level]} certainty")
            assert text.endswith(f": {certainty.because}.")


def test_the_words_of_page_one_follow_a_changed_decision(case):
    for level, start in (("high", "Treatment with drug X will change"), ("low", "Treatment with drug X may change")):
        analysis = case.analysis("drug")
        strong = dataclasses.replace(
            analysis, strata=tuple(_narrowed(s) if s.stratum == "trial" else s for s in analysis.strata)
        )
        analyses = tuple(strong if a.id == "drug" else a for a in case.analyses)
        changed = with_certainty(dataclasses.replace(case, analyses=analyses), "drug", "trial", level=level, best=level)
        page = paged(changed)
        assert start in page.section("bottom-line").text
        assert start in page.section("summary-drug").text
        assert start in page.section("figure-drug").text


def _narrowed(synthesis):
    ci = Interval(0.4, 0.8)
    return dataclasses.replace(synthesis, pooled=dataclasses.replace(synthesis.pooled, estimate=0.6, ci=ci))


def test_risks_stand_per_1000_with_their_source(case):
    analysis = case.analysis("drug")
    page = paged(with_certainty(case, "drug", "trial", absolute=RISKS, no_absolute=""))
    (trial, notes), *others = rows_of(page, analysis)
    assert trial[1:3] == ["120", "30 (9.9 to 150)"]
    assert "Per 1000: 90 fewer (110 fewer to 30 more). Risk without: Untreated women of one register, 2019." in notes
    (only,) = [
        e for e in page.section("bottom-line").with_class("answer")[2].all("p") if "marked" in str(e.attributes)
    ][:1]
    assert "live birth per 100 women: Control 12, Treated 3 (0.99 to 15)." in only.text
    for (cells, said), synthesis in zip(others, analysis.strata[1:], strict=True):
        found = by_stratum(case, analysis)[synthesis.stratum]
        assert (cells[1] == "–") == (found.absolute is None)
        assert any(f"No risks per 1000: {found.no_absolute}" in note for note in said) == (found.absolute is None)


def test_risks_take_no_columns_where_no_design_gives_any(case):
    bare = case
    for stratum in ("trial", "treatment_cohort"):
        bare = with_certainty(bare, "drug", stratum, absolute=None, no_absolute="no baseline is known")
    page = paged(bare)
    heads = [head.text for head in page.section("summary-drug").all("thead")[0].all("th")]
    assert heads == ["Outcome and design", "Effect (95 % CI)", "Women (studies)", "Certainty"]
    assert "No risks per 1000: no baseline is known." in page.section("summary-drug").text


def test_footnotes_give_each_step_that_counts_and_its_number(page, case):
    for analysis in case.analyses:
        found = by_stratum(case, analysis)
        steps = [(c, s) for c in found.values() for s in c.steps if s.decided]
        notes = [item.text for item in page.section(f"certainty-{analysis.id}").with_class("footnotes")[0].all("li")]
        assert len(notes) == len(steps) > 0
        for number, (note, (certainty, step)) in enumerate(zip(notes, steps, strict=True), 1):
            name = f"{number}{STRATA[certainty.stratum].label}, {DOMAINS[step.domain]} {wording.signed(step.decided)}: "
            assert note == name + wording.sentence(step.because)
        marks = [row[0][-1].rsplit(" ", 1)[-1] for row in rows_of(page, analysis)]
        numbers = [int(n) for row in rows_of(page, analysis) for n in re.findall(r"\d+", row[0][-1])]
        assert numbers == list(range(1, len(steps) + 1)), marks


def test_the_profile_shows_every_step_proposed_and_decided(page, case):
    for analysis in case.analyses:
        table = page.section(f"profile-{analysis.id}-table")
        heads = [head.text for head in table.all("thead")[0].all("th")]
        assert heads == ["Design", "Start", *(name[0].upper() + name[1:] for name in DOMAINS.values()), "Certainty"]
        lists = page.section(f"profile-{analysis.id}").with_class("steps")
        for row, certainty, steps in zip(
            table.all("tbody")[0].all("tr"), by_stratum(case, analysis).values(), lists, strict=False
        ):
            cells = [cell.text for cell in row.all("td")]
            assert cells[0] == NAMES[certainty.start]
            assert cells[-1] == f"{SYMBOLS[certainty.level]} {NAMES[certainty.level]}"
            told = {e.all("dt")[0].text: e.all("dd")[0].text for e in steps.all("div")}
            assert wording.sentence(certainty.start_because) in told["Start"]
            for cell, step in zip(cells[1:-1], certainty.steps, strict=True):
                expected = NOT_ASSESSED if step.proposed is None else wording.signed(step.decided)
                assert cell.startswith(expected)
                line = told[DOMAINS[step.domain].capitalize()]
                assert (wording.sentence(step.because) in line) == (not step.decided)
                assert ("See footnote " in line) == bool(step.decided)
                assert NOBODY not in line
                if step.proposed is not None:
                    assert f"{wording.signed(step.proposed)} proposed" in line
        assert NOBODY_AT_ALL in page.section(f"profile-{analysis.id}").text


def test_a_changed_step_shows_who_decided_why_and_where(case):
    changed = decided(
        *(case, "activity", "case_control", "indirectness"),
        **{
            "proposed": -1,
            "decided": -2,
            "best": 0,
            "sentence": "two kinds of controls",
            "who": "JD",
            "cell": "Certainty!G7",
        },
    )
    page = paged(changed)
    lists = page.section("profile-activity").with_class("steps")
    line = next(e for e in lists[1].all("div") if e.all("dt")[0].text == "Indirectness").all("dd")[0].text
    assert "−1 proposed (0 at best), −2 decided by JD." in line
    assert "Reviewers: Two kinds of controls." in line
    told = {e.all("dt")[0].text: e.all("dd")[0].text for e in lists[1].all("div")}
    others = [told[name.capitalize()] for domain, name in DOMAINS.items() if domain != "indirectness"]
    assert all(NOBODY in other for other in others)
    assert NOBODY_AT_ALL not in page.section("profile-activity").text
    assert "Certainty!G7" in line
    notes = page.section("certainty-activity").with_class("footnotes")[0].text
    assert "Case-control, indirectness −2 (decided by the reviewers): Two kinds of controls." in notes


def test_a_step_the_reviewers_took_back_keeps_its_footnote(case):
    certainty = next(c for c in case.certainty if (c.analysis_id, c.stratum) == ("activity", "case_control"))
    step = next(s for s in certainty.steps if s.proposed)
    page = paged(decided(case, "activity", "case_control", step.domain, decided=0, sentence="all alike", who="JD"))
    notes = page.section("certainty-activity").with_class("footnotes")[0].text
    assert f"Case-control, {DOMAINS[step.domain]} 0 (decided by the reviewers): All alike." in notes


def test_the_optimal_information_size_is_printed_with_what_it_was_computed_from(case):
    size = {
        **{"have": 40, "have_at_most": 40, "needed": 194, "share": 0.2, "share_at_most": 0.2, "formula": "f(p1, p2)"},
        **{"inputs": {"p1": 0.4, "p2": 0.6, "alpha": 0.05, "power": 0.8}, "basis": "risk of 40 % without the factor"},
        **{"d2": 0.25, "needed_with_heterogeneity": 259},
    }
    text = paged(with_certainty(case, "activity", "prospective", size=size)).section("profile-activity").text
    assert (
        "194 in all: f(p1, p2); p1 0.4, p2 0.6, α 0.05, 1 − β 0.8 (risk of 40 % without the factor). "
        "Made larger for the differences between studies (D² 0.25): 259."
    ) in text
    alike = with_certainty(case, "activity", "prospective", size=size | {"d2": 0.0})
    assert "Made larger" not in paged(alike).section("profile-activity").with_class("steps")[0].text


def test_the_header_tells_who_was_studied_and_what_was_compared(page, case):
    header = page.section("certainty-drug").with_class("header")[0].text
    assert header == ("Population: recurrent miscarriage. Treatment: drug X. Compared with: placebo. As of: 2026-11-22")
    header = page.section("certainty-activity").with_class("header")[0].text
    assert "Factor: cell activity in blood. Compared with: loss, low and control." in header


def test_an_exposure_nobody_named_takes_the_name_of_its_group(case):
    analysis = case.analysis("drug")
    strata = tuple(
        dataclasses.replace(s, estimates=tuple(without(e, "intervention", "comparator") for e in s.estimates))
        for s in analysis.strata
    )
    exposed = dataclasses.replace(analysis, factor_kind="exposure", strata=strata)
    analyses = tuple(exposed if a is analysis else a for a in case.analyses)
    header = paged(dataclasses.replace(case, analyses=analyses)).section("certainty-drug").with_class("header")[0].text
    assert "Factor: treated. Compared with: control. " in header


def without(estimate, *columns):
    values = {name: text for name, text in estimate.source.values.items() if name not in columns}
    return dataclasses.replace(estimate, source=dataclasses.replace(estimate.source, values=values))


def test_results_of_a_withheld_analysis_are_set_back(page, case):
    ((cells, _),) = rows_of(page, case.analysis("drug-y"))
    assert any(cell.startswith("no meaningful mean: ") for cell in cells)


def test_how_a_step_is_changed_is_told(page):
    assert HOW_TO_CHANGE in page.section("certainty").text


def test_without_certainty_there_is_no_section_and_the_studies_speak(case):
    page = paged(dataclasses.replace(case, certainty=()))
    assert "certainty" not in page.by_id
    assert page.root.with_class("sure") == []
    assert sentences.DO_NOT_TELL in page.section("bottom-line").text


def test_a_stratum_without_certainty_is_not_judged(case):
    left = tuple(c for c in case.certainty if (c.analysis_id, c.stratum) != ("drug", "trial"))
    page = paged(dataclasses.replace(case, certainty=left))
    (cells, _), *_ = rows_of(page, case.analysis("drug"))
    assert cells[-1] == "not judged"


def test_a_difference_in_units_needs_one_good_study(case):
    analysis = case.analysis("activity")
    synthesis = next(s for s in analysis.strata if s.stratum == "case_control")
    assert "Not turned into a unit: no study graded A or B" in paged(case).section("summary-activity").text
    graded = tuple(
        dataclasses.replace(e, grade=dataclasses.replace(e.grade, grade="B")) if e.effect_id == "Alpha1995-cc-1" else e
        for e in synthesis.estimates
    )
    better = dataclasses.replace(synthesis, estimates=graded)
    strata = tuple(better if s is synthesis else s for s in analysis.strata)
    analyses = tuple(dataclasses.replace(a, strata=strata) if a is analysis else a for a in case.analyses)
    text = paged(dataclasses.replace(case, analyses=analyses)).section("summary-activity").text
    sd = ((67 * 12.7**2 + 46 * 12.8**2) / 113) ** 0.5  # Alpha 1995: 68 with SD 12.7, 47 with SD 12.8
    pooled = synthesis.pooled
    shown = wording.effect("MD", pooled.estimate * sd, Interval(pooled.ci.low * sd, pooled.ci.high * sd))
    assert f"In percent: {shown}, taking the standard deviation of Alpha 1995, 12.74." in text


@pytest.mark.parametrize(
    ("share", "per", "text"),
    [
        *((0.441, 1000, "441"), (0.441, 100, "44"), (0.0301, 100, "3"), (0.0012, 100, "0.12"), (0.0, 100, "0")),
        *((1.0, 100, "100"), (0.0996, 100, "10"), (0.0994, 100, "9.9"), (-0.05, 100, "−5")),
    ],
)
def test_people_out_of_a_number_keep_two_digits(share, per, text):
    assert wording.out_of(share, per) == text


def test_no_difference_in_people_is_said_in_words():
    none = dataclasses.replace(RISKS, difference=0.0)
    assert phrases.risk_difference(none, 1000) == "no more and no fewer (110 fewer to 30 more)"
