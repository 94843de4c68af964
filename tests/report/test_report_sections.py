"""What the report says: every sentence against the records it was made from."""

import dataclasses
import math
import re

import pytest
import report_case
from report_page import Page

from metaan.certainty.sentences import NOBODY_MEASURED_FIRST
from metaan.report import html
from metaan.report.content import Answer, Section
from metaan.report.content import plain as said
from metaan.report.ledger import balance
from metaan.terms import phrases, wording
from metaan.terms.designs import STRATA
from metaan.terms.finding import Finding, Level
from metaan.terms.measures import MEASURES
from metaan.terms.origin import Origin
from metaan.terms.records import Difference, Interval

NUMBERS = re.compile(r"(?<![\w.])[−-]?\d+(?:\.\d+)?")
EFFECT = re.compile(
    r"(?P<measure>odds ratio|risk ratio|standardised mean difference) (?P<estimate>[−\d.]+) "
    r"\(95 % CI (?P<low>[−\d.]+) to (?P<high>[−\d.]+)\)"
)


def value(text):
    return float(text.replace("−", "-"))


def answers(report):
    return [block for block in report.sections[0].blocks if isinstance(block, Answer)]


def result_of(synthesis):
    """Return estimate and interval on the printed scale, straight from the records."""
    m = MEASURES[synthesis.measure]
    only = synthesis.pooled or synthesis.estimates[0]
    estimate = only.estimate if synthesis.pooled else only.effect.y
    return m, [m.printed(x) for x in (estimate, only.ci.low, only.ci.high)]


def test_the_answer_stands_first_and_the_methods_after_the_results(report):
    order = [section.id for section in report.sections]
    assert order == [
        *("bottom-line", "designs", "certainty", "why", "analyses", "treatments", "missing", "studies", "grades"),
        *(
            "believed",
            "quality",
            "reliability",
            "queries",
            "context",
            "flow",
            "findings",
            "check-first",
            "methods",
            "ledger",
            "rows",
        ),
    ]


def test_numbers_of_the_bottom_line_are_those_of_the_records(report, case):
    checked = 0
    for answer, analysis in zip(answers(report), case.analyses, strict=True):
        by_stratum = {synthesis.stratum: synthesis for synthesis in analysis.strata}
        for stratum, text in answer.sentences:
            for found in EFFECT.finditer(said(text)):
                measure, expected = result_of(by_stratum[stratum])
                assert found["measure"] == measure.label
                printed = [value(found[name]) for name in ("estimate", "low", "high")]
                # printed with two decimals
                assert printed == pytest.approx(expected, abs=0.0051)
                checked += 1
            counted = re.search(r"(\d+) (?:prospective|case-control|trials|treatment)", said(text))
            if counted:
                assert int(counted[1]) == by_stratum[stratum].k
    assert checked == 5


def test_a_study_that_measured_first_on_another_question_is_not_denied(report):
    closing = answers(report)[1].sentences[-1][1]
    assert said(closing) == "Measured first, on other outcomes: Delta 2013 (loss of the next pregnancy: no difference)."
    assert [(run.text, run.href) for run in closing if run.href] == [("Delta 2013", "#row-Delta2013-pr-4")]


def test_what_measured_first_is_found_by_the_filters_of_the_question_not_by_the_rows_it_pools(case):
    alone = changed(case, "Delta2013-pr-4", compartment="uterus")
    protocol = with_filter(alone.protocol, "percent-rif", compartment=("blood",))
    closing = answers(dataclasses.replace(alone, protocol=protocol).report())[1].sentences[-1][1]
    assert said(closing) == NOBODY_MEASURED_FIRST
    wide = with_filter(alone.protocol, "percent-rif", compartment=("blood", "uterus"), marker=("percent", "activity"))
    closing = said(answers(dataclasses.replace(alone, protocol=wide).report())[1].sentences[-1][1])
    assert closing.startswith("Measured first, on other outcomes: Alpha 1995 (")
    assert "Beta 2003 (loss of the next pregnancy: RR 3.6 (1.6 to 8)); " in closing
    assert "Delta 2013 (" in closing
    assert "Zeta" not in closing
    asked = with_filter(alone.protocol, "percent-rif", outcome=("next_loss",))
    closing = said(answers(dataclasses.replace(alone, protocol=asked).report())[1].sentences[-1][1])
    assert closing.startswith("Measured first, outside this question: Delta 2013 (")


def with_filter(protocol, name, **include):
    """Return a protocol in which one analysis asks for something else."""
    plans = []
    for plan in protocol.analyses:
        if plan.id == name:
            parts = [dataclasses.replace(part, include={**part.include, **include}) for part in plan.strata]
            plan = dataclasses.replace(plan, include={**plan.include, **include}, strata=tuple(parts))
        plans.append(plan)
    return dataclasses.replace(protocol, analyses=tuple(plans))


def changed(case, effect_id, **cells):
    """Return the case with other words in one row of the workbook; its results stay."""
    extraction = case.extraction.to_dict()
    for _, values in extraction["rows"]["Effects"]:
        if values["effect_id"] == effect_id:
            values.update(cells)
    return dataclasses.replace(case, extraction=type(case.extraction).from_dict(extraction))


def notes(answer):
    return [said(note) for note in answer.notes]


def test_numbers_on_another_scale_are_not_said_to_be_unusable(case):
    found = case.analysis("percent-rif")
    before = notes(answers(case.report())[1])
    assert not any("another scale" in note or "no usable numbers" in note for note in before)  # Zeta is pooled
    row = next(row for row in case.analysis("activity").left_out if row.effect_id.startswith("Delta"))
    for kind, sentence in (
        ("other_scale", "1 comparison gives numbers on another scale."),
        ("no_numbers", "1 known comparison of this question gives no usable numbers."),
        ("form", "1 known comparison of this question gives no usable numbers."),
        ("priority", ""),
    ):
        twice = (dataclasses.replace(row, kind=kind), dataclasses.replace(row, kind=kind, effect_id="Delta2013-pr-4"))
        ledger = dataclasses.replace(
            found.ledger,
            left_out={**found.ledger.left_out, kind: found.ledger.left_out.get(kind, 0) + 2},
            typed=found.ledger.typed + 2,
        )
        more = dataclasses.replace(found, left_out=(*found.left_out, *twice), ledger=ledger)
        analyses = tuple(more if a is found else a for a in case.analyses)
        told = dataclasses.replace(case, analyses=analyses).report()
        extra = [note for note in notes(answers(told)[1]) if note not in before]
        assert extra == ([sentence] if sentence else [])
        line = balance(more.ledger)
        assert ("numbers on another scale" in line) == (kind == "other_scale")


def checked_result(text, synthesis):
    """Compare "risk ratio 3.49 (95 % CI 1.32 to 9.21)" with the record it stands for."""
    found = EFFECT.match(text)
    measure, expected = result_of(synthesis)
    assert found["measure"] == measure.label
    assert [value(found[n]) for n in ("estimate", "low", "high")] == pytest.approx(expected, abs=0.0051)
    return 1


def rows_of(table):
    return {r.all("th")[0].text: [c.text for c in r.all("td")] for r in table.all("tr") if r.all("th") and r.all("td")}


def test_results_in_every_table_are_those_of_the_records(page, case):
    checked = 0
    for analysis in case.analyses:
        side_by_side = [r.all("td") for r in page.section(f"designs-{analysis.id}-table").all("tbody")[0].all("tr")]
        shown = [cells[2].text for cells in side_by_side if len(cells) == 5]
        pooled = rows_of(page.section(f"analysis-{analysis.id}-pooled"))
        for i, synthesis in enumerate(analysis.strata):
            lead = "no meaningful mean: " if analysis.no_bottom_line else ""
            for text in (shown[i], pooled["Result (95 % CI)"][i]):
                assert text.startswith(lead)
                checked += checked_result(text.removeprefix(lead), synthesis)
            assert pooled["Studies"][i] == str(synthesis.k)
            if synthesis.pooled is None:
                continue
            heterogeneity = {
                "I² (95 % CI)": (synthesis.pooled.i2, 0.51),
                "tau² (95 % CI)": (synthesis.pooled.tau2, 0.00051),
                "H²": (synthesis.pooled.h2, 0.0051),
                "Q": (synthesis.pooled.q, 0.051),
            }
            for name, (expected, half_a_digit) in heterogeneity.items():
                assert value(NUMBERS.search(pooled[name][i])[0]) == pytest.approx(expected, abs=half_a_digit)
    assert checked == 12


def test_sensitivity_results_are_those_of_the_records(page, case):
    checked = 0
    found = [variant for a in case.analyses for s in a.strata for variant in s.sensitivity]
    for analysis in case.analyses:
        if not any(synthesis.sensitivity for synthesis in analysis.strata):
            assert f"analysis-{analysis.id}-sensitivity" not in page.by_id
            continue
        bodies = page.section(f"analysis-{analysis.id}-sensitivity").all("tbody")
        for body, synthesis in zip(bodies, analysis.strata, strict=True):
            shown = rows_of(body)
            assert list(shown) == ["Main result", *(variant.label for variant in synthesis.sensitivity)]
            checked_result(shown["Main result"][1].removeprefix("no meaningful mean: "), synthesis)
            for variant in synthesis.sensitivity:
                k, result, why = shown[variant.label]
                assert int(k) == len(variant.estimates)
                assert why.startswith(variant.why)
                if variant.single is not None:
                    alone = tuple(e for e in synthesis.estimates if e.effect_id in variant.estimates)
                    only = dataclasses.replace(synthesis, k=1, estimates=alone, pooled=None)
                    checked += checked_result(result.removesuffix(", one study: no pooling"), only)
                    continue
                if not variant.estimates:
                    assert result == "no study is left"
                    continue
                if variant.pooled is None:
                    assert (result, why) == ("not pooled", f"{variant.why}; without Zeta 2023")
                    continue
                checked += checked_result(result, dataclasses.replace(synthesis, pooled=variant.pooled))
    assert checked == sum(variant.pooled is not None or variant.single is not None for variant in found) >= 4
    assert "without Gamma 2017" in page.section("analysis-activity-sensitivity").text


def test_no_analysis_without_a_bottom_line_shows_a_number_there(report, case):
    withheld = answers(report)[[a.id for a in case.analyses].index("drug-y")]
    assert [said(text) for _, text in withheld.sentences] == ["No bottom line: two trials that contradict each other."]


def test_words_follow_the_design(page, case):
    text = page.root.text.lower()
    assert "significan" not in text
    for sentence in re.findall(r"[^.]*\bchanged\b[^.]*\.", page.section("bottom-line").text):
        assert "trial" in sentence


def test_sentences_on_case_control_studies_end_with_the_order_of_events(report):
    found = [
        said(text) for answer in answers(report) for stratum, text in answer.sentences if stratum == "case_control"
    ]
    assert len(found) == 2
    assert all("measured after the outcome." in text for text in found)


def test_what_must_stand_beside_a_result_stands_wherever_it_stands(page, case):
    checked = 0
    for analysis in case.analyses:
        places = {
            "answer": next(e for e in page.root.with_class("answer") if e.all("h3")[0].text == analysis.title),
            "designs": page.section(f"designs-{analysis.id}"),
            "analysis": page.section(f"analysis-{analysis.id}"),
        }
        for synthesis in analysis.strata:
            wanted = [wording.sentence(remark) for remark in synthesis.remarks if synthesis.k]
            wanted += [phrases.further(synthesis.measure, *item) for item in synthesis.also.items()]
            for name, place in places.items():
                if name == "answer" and analysis.no_bottom_line:
                    continue
                for text in wanted:
                    assert text in place.text
                    checked += 1
        for text in analysis.remarks:
            assert all(text in place.text for place in places.values())
        for beside in analysis.beside:
            text = phrases.beside(beside, "women")
            assert all(text in place.text for place in places.values())
            checked += 1
    assert checked >= 12


def test_the_first_screen_says_what_the_review_is_not(page, case):
    header = page.all("header")[0].text
    assert "Not prespecified: the analyses were chosen after seeing the data." in header
    assert all(limit.rstrip(".") in header for limit in case.protocol.limits)
    assert "12 studies" in header
    assert "18 results typed" in header


def test_a_registered_review_names_its_number(case):
    protocol = dataclasses.replace(case.protocol, registered="CRD42026000001")
    assert dataclasses.replace(case, protocol=protocol).report().status == "Registered: CRD42026000001."


def test_strata_stand_side_by_side_and_never_pooled_together(page, case):
    for analysis in case.analyses:
        table = page.section(f"designs-{analysis.id}-table")
        heads = [row.all("th")[0].text for row in table.all("tbody")[0].all("tr") if row.all("th")]
        assert len(heads) == len(analysis.strata)
        for head, synthesis in zip(heads, analysis.strata, strict=True):
            assert head.startswith(STRATA[synthesis.stratum].label)
    assert "Same women: difference not tested" in page.section("designs-activity").text


def test_every_number_of_the_data_tables_leads_to_its_cells(page, case):
    cells = 0
    for analysis in case.analyses:
        table = page.section(f"analysis-{analysis.id}-data")
        estimates = [e for s in analysis.strata for e in (*s.estimates, *s.others)]
        links = [a for a in table.all("a") if a.attributes["href"].startswith("#row-")]
        assert {a.attributes["href"][5:] for a in links} == {e.effect_id for e in estimates}
        for link in links:
            row = case.extraction.by_key("Effects", "effect_id")[link.attributes["href"][5:]]
            sheet, _, named = link.attributes["title"].partition("!")
            assert sheet == "Effects"
            filled = {row.cell(column) for column in row.values}
            assert set(named.split(", ")) <= filled
            cells += 1
    assert cells > 25


def test_the_cells_named_for_a_group_hold_its_numbers(page, case):
    row = case.extraction.by_key("Effects", "effect_id")["Alpha1995-cc-1"]
    link = next(a for a in page.section("analysis-activity-data").all("a") if a.text == "39.4 (12.7), n 68")
    expected = [row.cell(column) for column in ("n1", "m1", "sd1")]
    assert link.attributes["title"] == f"Effects!{', '.join(expected)}"


def test_each_row_tells_cell_source_quote_and_use(page, case):
    for row in case.extraction.sheet("Effects"):
        entry = page.section(f"row-{row['effect_id']}")
        assert f"(Effects row {row.number})" in entry.all("h4")[0].text
        assert entry.all("blockquote")[0].text == row["quote"]
        codes = {code.text for code in entry.all("code")}
        assert row.cell("form") in codes
        assert {row.cell(c) for c in ("m1", "est", "a_high_event", "events_low") if row[c]} <= codes
        assert "used in" in entry.text
    assert "no analysis" in page.section("row-Zeta2023-cc-3").text
    assert "± taken as a standard error" in page.section("row-Epsilon2022-cc-1").text
    alpha = page.section("source-Alpha1995")
    addresses = [a.attributes["href"] for a in alpha.all("a") if a.attributes["href"].startswith("http")]
    assert addresses == [
        "https://doi.org/10.1000/alpha(95)%3C1%3E",
        "https://pubmed.ncbi.nlm.nih.gov/7612345/",
    ]


def test_what_was_not_pooled_is_named_with_its_reason(page, case):
    for analysis in case.analyses:
        place = page.section(f"analysis-{analysis.id}-left-out")
        rows = [row for row in place.all("tr") if row.all("td") and row.all("th")]
        if not analysis.left_out:
            assert place.text == "Every known comparison of this question is pooled."
            continue
        told = {row.all("a")[-1].attributes["href"]: row.text for row in rows if row.all("a")}
        for row in analysis.left_out:
            assert wording.sentence(row.reason) in told[f"#row-{row.effect_id}"]


def test_the_ledger_adds_up_in_print(page, case):
    for analysis in case.analyses:
        line = next(e.text for e in page.section(f"analysis-{analysis.id}").with_class("ledger"))
        typed, pooled, left_out, outside = (
            int(re.search(pattern, line)[1])
            for pattern in (r"(\d+) rows typed", r"= (\d+) pooled", r"\+ (\d+) left out", r"\+ (\d+) outside")
        )
        assert typed == pooled + left_out + outside == len(case.extraction.sheet("Effects"))
    line = next(e.text for e in page.section("ledger").with_class("ledger"))
    typed, inside, pooled, listed, nowhere = map(int, NUMBERS.findall(line))
    assert typed == inside + nowhere == 18
    assert inside == pooled + listed
    assert nowhere == 2
    listed_rows = page.section("rows-nowhere")
    assert "Zeta 2023" in listed_rows.text
    assert all("No difference." in row.text for row in listed_rows.all("tbody")[0].all("tr"))


def test_an_analysis_nobody_typed_a_row_for_does_not_say_that_all_are_pooled(case):
    found = case.analysis("drug")
    ledger = dataclasses.replace(found.ledger, pooled=0, outside={"intervention": found.ledger.typed})
    strata = [dataclasses.replace(s, k=0, estimates=(), others=(), pooled=None, sensitivity=()) for s in found.strata]
    bare = dataclasses.replace(found, strata=tuple(strata), left_out=(), ledger=ledger)
    analyses = tuple(bare if a is found else a for a in case.analyses)
    page = Page(html.render(dataclasses.replace(case, analyses=analyses).report()))
    assert page.section("analysis-drug-left-out").text == "No row of the workbook answers this question."


def test_other_outcomes_of_a_treatment_stand_under_it_as_typed(case):
    other = changed(case, "Zeta2023-cc-3", intervention="drug X", factor_kind="treatment", effect_kind="benefit")
    page = Page(html.render(other.report()))
    assert "Zeta 2023" in page.section("analysis-drug-others").text
    assert "analysis-drug-y-others" not in page.by_id
    harmful = changed(case, "Zeta2023-cc-3", intervention="drug X", factor_kind="treatment", effect_kind="harm")
    assert "analysis-drug-others" not in Page(html.render(harmful.report())).by_id


def test_a_mean_without_meaning_stands_back_and_says_so(page, case):
    pooled = wording.full_effect(
        "RR", *[getattr(case.analysis("drug-y").strata[0].pooled, n) for n in ("estimate", "ci")]
    )
    for name in ("designs-drug-y-table", "analysis-drug-y-pooled"):
        shown = [span for span in page.section(name).all("i") if pooled in span.text]
        assert [span.text for span in shown] == [f"no meaningful mean: {pooled}"]
        assert page.section(name).text.count(pooled) == 1
    assert "no meaningful mean" not in page.section("designs-drug").text
    assert "diamond" not in page.section("figure-drug-y").text
    assert "diamond" in page.section("figure-drug").text


def test_a_tested_difference_says_once_how_it_was_tested(case):
    found = case.analysis("drug")
    reason = "each stratum with its own variance between studies, normal reference"
    tested = Difference(
        stronger="trial",
        weaker="treatment_cohort",
        measure="RR",
        tested=True,
        reason=reason,
        estimate=0.1,
        ci=Interval(-0.2, 0.4),
        p=0.5,
    )
    analyses = tuple(dataclasses.replace(a, differences=(tested,)) if a is found else a for a in case.analyses)
    page = Page(html.render(dataclasses.replace(case, analyses=analyses).report()))
    for name in ("designs-drug", "analysis-drug"):
        assert page.section(name).text.count(reason) == 1
        assert "1.11 (0.82 to 1.49)" in page.section(name).text


def test_a_ledger_that_does_not_add_up_stops_the_report(case):
    first = case.analyses[0]
    wrong = dataclasses.replace(first, ledger=dataclasses.replace(first.ledger, pooled=first.ledger.pooled + 1))
    with pytest.raises(ValueError, match="does not balance"):
        dataclasses.replace(case, analyses=(wrong, *case.analyses[1:])).report()


def test_two_rows_of_one_id_stop_the_report(case):
    extraction = case.extraction.to_dict()
    number, values = extraction["rows"]["Effects"][-1]
    extraction["rows"]["Effects"].append([number + 1, values])
    doubled = type(case.extraction).from_dict(extraction)
    with pytest.raises(ValueError, match="19 rows are typed, 18 have an id"):
        dataclasses.replace(case, extraction=doubled).report()


def test_a_result_of_a_row_nobody_typed_stops_the_report(case):
    first = case.analyses[0]
    stranger = dataclasses.replace(first.left_out[0], effect_id="Nobody-1")
    wrong = dataclasses.replace(first, left_out=(stranger, *first.left_out[1:]))
    with pytest.raises(ValueError, match="Nobody-1"):
        dataclasses.replace(case, analyses=(wrong, *case.analyses[1:])).report()


def test_facts_are_counted_from_the_design_sheet(report, case):
    facts = next(section for section in report.sections if section.id == "why")
    items = [said(item) for block in facts.blocks if block.type == "bullets" for item in block.items]
    strata = {grade.design_id: grade.stratum for grade in case.grades}
    rows = case.extraction.sheet("Design")
    tuned = sum(r["cutoff_source"] == "roc_same_data" and strata[r["design_id"]] == "prospective" for r in rows)
    total = sum(s == "prospective" for s in strata.values())
    assert any(
        item.startswith(f"In {tuned} of {total} prospective comparisons the cut-off was chosen") for item in items
    )
    assert any("outcome-dependent exclusion" in item and item.startswith("In 2 of 4") for item in items)
    assert any("women who had given birth in 2" in item for item in items)
    assert (
        "1 study is marked as perhaps holding people of another: Gamma 2017 with Beta 2003, "
        "both in the pool of Cell activity in blood (prospective)."
    ) in items
    assert "1 group of rows is marked as sharing people or controls; no pool holds two rows of one group." in items
    assert not any("knew the outcome" in item for item in items)  # no source says so


def test_blank_and_not_reported_are_told_apart(report, case):
    facts = next(section for section in report.sections if section.id == "why")
    items = [said(item) for block in facts.blocks if block.type == "bullets" for item in block.items]
    strata = {grade.design_id: grade.stratum for grade in case.grades}
    rows = [r for r in case.extraction.sheet("Design") if strata[r["design_id"]] == "prospective"]
    blank = sum(r["karyotype_used"] == "" for r in rows)
    assert (blank, any(r["karyotype_used"] == "NR" for r in rows)) == (2, False)
    (exclusion,) = [item for item in items if "outcome-dependent exclusion" in item]
    assert f"; left blank in {blank} –" in exclusion
    assert "not reported" not in exclusion
    (tuned,) = [item for item in items if "the cut-off was chosen" in item]
    assert "; not reported in 1 –" in tuned
    (unknown,) = [item for item in items if item.startswith("Not known in prospective comparisons")]
    assert "people whose outcome is known (left blank 3 of 4)" in unknown


def test_people_of_one_group_twice_in_a_pool_are_told(case):
    twice = changed(changed(case, "Beta2003-pr-1", dependency_group="b"), "Gamma2017-pr-1", dependency_group="b")
    facts = next(section for section in twice.report().sections if section.id == "why")
    items = [said(item) for block in facts.blocks if block.type == "bullets" for item in block.items]
    assert (
        "2 groups of rows are marked as sharing people or controls; two rows of one group stand together in 1 pool."
    ) in items


def test_grades_stand_with_best_case_and_reason(page, case):
    for grade in case.grades:
        row = page.section(f"design-{grade.design_id}").text
        assert grade.reason in row
        assert (f"{grade.best} at best" in row) == (grade.best != grade.grade)
        assert all(wording.sentence(flag) in row for flag in grade.flags)


def test_retraction_is_plain_to_see(page):
    assert page.section("study-Mu2019").all("strong")[0].text == "retracted (looked up 2026-11-01)"


def test_nobody_counted_and_the_report_says_so(page):
    assert "Nobody counted the records" in page.section("flow").text
    assert "abstract 18" in page.section("flow").text


def test_counted_records_stand_in_a_table(case):
    extraction = case.extraction.to_dict()
    extraction["rows"]["PRISMA"] = [[2, {"key": "records_screened", "n": "120"}]]
    counted = dataclasses.replace(case, extraction=type(case.extraction).from_dict(extraction)).report()
    flow = next(section for section in counted.sections if section.id == "flow")
    assert [said(c.text) for c in flow.blocks[0].rows[0].cells[:2]] == ["records screened", "120"]


def test_a_review_without_context_has_no_such_sections(case):
    extraction = case.extraction.to_dict()
    for name in ("Reliability", "Context"):
        del extraction["rows"][name]
    without = type(case.extraction).from_dict(extraction)
    bare = dataclasses.replace(case, extraction=without, findings=(), repeatability=None).report()
    assert {"reliability", "context"} & {section.id for section in bare.sections} == set()
    checks = next(section for section in bare.sections if section.id == "findings")
    assert said(checks.blocks[0].text) == "The checks found nothing in the workbook."


def test_findings_are_counted_and_stand_in_four_lines(page):
    section = page.section("findings")
    assert "1 warning and 1 note" in section.text
    finding = section.with_class("finding")[0]
    assert [e.text for e in finding.all("dt")] == ["where", "found", "expected", "to fix"]
    assert finding.all("dd")[0].text == "Effects > AG9 (spread; study Epsilon 2022)"


def test_notes_that_say_the_same_share_a_table(case):
    notes = tuple(
        Finding(
            id="SOURCE",
            level=Level.NOTE,
            origin=Origin("extraction.xlsx", "Studies", f"A{row.number}"),
            subject=f"study {row['study_id']}",
            found=f"{row['study_id']}: no DOI",
            expected="a DOI",
            to_fix="look it up",
        )
        for row in case.extraction.sheet("Studies")
    )
    page = Page(html.render(dataclasses.replace(case, findings=(*report_case.FINDINGS, *notes)).report()))
    rows = page.section("notes-SOURCE-1").all("tbody")[0].all("tr")
    assert [row.all("td")[-1].text for row in rows] == [note.found for note in notes]
    assert [row.all("a")[0].attributes["href"] for row in rows] == [
        f"#study-{row['study_id']}" for row in case.extraction.sheet("Studies")
    ]
    section = page.section("findings")
    assert section.text.count("look it up") == 1
    wheres = [e.all("dd")[0].text for e in section.with_class("finding")]
    assert wheres == ["Effects > AG9 (spread; study Epsilon 2022)", "PRISMA", "a DOI"]


def test_alike_warnings_keep_their_four_lines(case):
    first = report_case.FINDINGS[0]
    again = dataclasses.replace(first, origin=Origin("extraction.xlsx", "Effects", "AG10"))
    page = Page(html.render(dataclasses.replace(case, findings=(first, again)).report()))
    assert [len(e.all("dt")) for e in page.section("findings").with_class("finding")] == [4, 4]


def test_a_report_without_identifiers_reads_well_whatever_is_missing(case):
    extraction = case.extraction.to_dict()
    for _, values in extraction["rows"]["Reports"]:
        if values["study_id"] == "Mu2019":
            values["year"] = "NR"
    bare = dataclasses.replace(case, extraction=type(case.extraction).from_dict(extraction))
    row = Page(html.render(bare.report())).section("study-Mu2019").text
    assert " ," not in row
    assert "article, no DOI or PubMed number" in row


def test_methods_say_which_checks_are_not_built(page):
    text = page.section("methods").text
    assert "Not built in this version are checks that compare numbers" in text
    assert "take the normal distribution as reference" in text


def test_methods_name_what_was_used(page, case):
    text = page.section("methods").text
    assert "modified Knapp-Hartung (mKH)" in text
    assert "DerSimonian R, Laird N" in text  # asked for as a sensitivity analysis
    assert "Paule RC" not in text
    assert "log odds ratio to standardised mean difference" in text
    for name, version in report_case.VERSIONS.items():
        assert name in text
        assert version in text
    assert "a" * 64 in text
    assert "1 effect rests on a conversion" in text
    assert [a.text for a in page.section("conversions-table").all("a")] == ["Zeta 2023"]
    assert "Wan X" in text


def test_sections_hold_no_id_twice(report):
    def ids(blocks):
        for block in blocks:
            if getattr(block, "id", ""):
                yield block.id
            if isinstance(block, Section):
                yield from ids(block.blocks)

    found = list(ids(report.sections))
    assert len(found) == len(set(found))


def test_prediction_intervals_are_those_of_the_records(page, case):
    for analysis in case.analyses:
        rows = page.section(f"designs-{analysis.id}-table").all("tr")
        shown = [row.all("td")[3].text for row in rows if len(row.all("td")) == 5]
        for text, synthesis in zip(shown, analysis.strata, strict=True):
            pooled = synthesis.pooled
            if pooled is None or pooled.prediction is None:
                assert text == "none below 3 studies"
                continue
            printed = [math.exp(x) for x in (pooled.prediction.low, pooled.prediction.high)]
            assert [value(n) for n in NUMBERS.findall(text)] == pytest.approx(printed, abs=0.0051)
            assert ("few studies" in text) == (pooled.k < 5)
