"""Treatments with their harms, statements and class, and what is missing from each pool."""

import dataclasses

import pytest

from metaan.report import context, missing, treatments
from metaan.report.assemble import gather
from metaan.report.content import Bullets, Details, Facts, Paragraph, Table, plain
from metaan.report.html import render
from metaan.report.results import plain as results_of
from metaan.terms.certainty import SYMBOLS, Certainty, MissingEvidence, Unusable
from metaan.workbook.read import Extraction

HARM = {
    **{"harm_id": "Eta-h1", "design_id": "Eta1999-tr", "intervention": "Drug X", "comparator": "placebo"},
    **{"harm": "headache", "serious": "yes", "how_sought": "systematic", "events_high": "6", "total_high": "40"},
    **{"events_low": "3", "total_low": "40", "src_type": "abstract", "src_ref": "p 2", "quote": "six of forty"},
}
NOTHING_MISSING = MissingEvidence(pooled=3, pooled_people=120, unusable=(), judgement="low", because="none is known")


def sure(analysis_id, stratum, level="low", lacking=NOTHING_MISSING):
    return Certainty(
        analysis_id=analysis_id,
        stratum=stratum,
        question="treatment",
        start="high",
        start_because="",
        steps=(),
        level=level,
        best=level,
        because="",
        absolute=None,
        no_absolute="",
        missing=lacking,
        size={"share": 0.5},
    )


@pytest.fixture
def material(case):
    def build(*, harms=(), context_rows=None, effects=None, certainty=()):
        data = case.extraction.to_dict()
        letters = {name: chr(65 + i) for i, name in enumerate(HARM)}
        data["columns"]["Harms"] = letters
        data["rows"]["Harms"] = [[i, dict(values)] for i, values in enumerate(harms, start=2)]
        if context_rows is not None:
            data["rows"]["Context"] = [[i, dict(values)] for i, values in enumerate(context_rows, start=2)]
        for _, values in data["rows"]["Effects"]:
            values.update((effects or {}).get(values["effect_id"], {}))
        extraction = Extraction.from_dict(data)
        return gather(
            case.protocol, extraction, case.grades, case.analyses, (), case.figures, {}, {}, certainty=certainty
        )

    return build


def block(m, name):
    return next(b for b in treatments.section(m).blocks if getattr(b, "id", "") == name)


def words_of(section):
    return [plain(b.text) for b in section.blocks if isinstance(b, Paragraph)]


def table(section, ending):
    return next(b for b in section.blocks if isinstance(b, Table) and b.id.endswith(ending))


def cells_of(row):
    return [plain(cell.text) for cell in row.cells]


def test_each_treatment_has_a_block_with_its_designs_apart_and_their_certainty(material):
    m = material(certainty=(sure("drug", "trial"), sure("drug", "treatment_cohort", "very_low")))
    assert [b.id for b in treatments.section(m).blocks[1:]] == ["treatment-drug", "treatment-drug-y", "treatment-test"]
    rows = [cells_of(row) for row in table(block(m, "treatment-drug"), "-benefit").rows]
    assert [row[0] for row in rows] == ["Trials", "Treatment cohorts"]
    assert [row[2] for row in rows] == ["3", "1"]
    assert [row[3] for row in rows] == ["400", "94"]
    assert [row[5] for row in rows] == [f"{SYMBOLS['low']} low", f"{SYMBOLS['very_low']} very\N{NO-BREAK SPACE}low"]
    assert rows[0][1].startswith("risk ratio ")
    unsure = table(block(material(), "treatment-drug"), "-benefit")
    assert cells_of(unsure.rows[0])[5] == "not judged"


def test_harms_stand_with_their_counts_ratio_words_and_source(material):
    m = material(harms=(HARM, {**HARM, "harm_id": "Kappa-h1", "design_id": "Kappa2010-nr", "serious": "NR"}))
    section = block(m, "treatment-drug")
    assert words_of(section)[0].startswith("Harms are mentioned in 1 of 3 trials and in the only treatment cohort")
    found = table(section, "-harms")
    assert [head.text for head in found.heads] == ["Study", "Harm", "Treated", "Control", "Ratio (95 % CI)", "Where"]
    assert [row.group for row in found.rows] == ["Trials", "Treatment cohorts"]
    study, harm, treated, control, ratio, where = cells_of(found.rows[0])
    assert (study, treated, control, ratio) == ("Eta 1999", "6/40", "3/40", "2.00 (0.54 to 7.45)")
    assert harm == "headache (serious; asked for or measured in all)"
    assert where == "abstract, p 2: “six of forty” E2"
    assert cells_of(found.rows[1])[1] == "headache (asked for or measured in all)"


def test_harms_typed_on_effects_lead_to_their_row(material):
    about = {"intervention": "drug X", "factor_kind": "treatment", "effect_kind": "harm"}
    found = table(block(material(effects={"Zeta2023-cc-3": about}), "treatment-drug"), "-harms")
    (row,) = found.rows
    assert cells_of(row)[:2] == ["Zeta 2023", "live birth"]
    assert "No difference." in cells_of(row)
    assert row.cells[-1].text[0].href == "#row-Zeta2023-cc-3"


def test_silence_on_harms_is_counted_and_never_called_safety(material):
    section = block(material(), "treatment-drug")
    said = words_of(section)[0]
    assert said.startswith("Harms are mentioned in none of 3 trials and not in the only treatment cohort known here")
    assert said.endswith("Where a source mentions none, that does not say that there was none.")
    assert not any(isinstance(b, Table) and b.id.endswith("-harms") for b in section.blocks)


STATEMENT = {
    **{"body": "A regulator", "country": "UK", "topic": "drug X", "statement": "No trial shows more births"},
    **{"rating": "red", "page_dated": "NR", "seen_on": "2026-11-01", "intervention": "Drug X; test"},
}


def test_a_statement_stands_with_its_treatment_and_test_with_its_days_and_not_at_length_again(material):
    m = material(context_rows=(STATEMENT, {**STATEMENT, "topic": "tea", "intervention": ""}))
    expected = (
        "A regulator (UK) on drug X: No trial shows more births. Rating: red (scale not noted). "
        "Page dated: day not noted; seen: 2026-11-01."
    )
    for name in ("treatment-drug", "treatment-test"):
        (listed,) = [b for b in block(m, name).blocks if isinstance(b, Bullets)]
        assert [plain(item) for item in listed.items] == [expected]
    assert "No statement of a regulator" in " ".join(words_of(block(m, "treatment-drug-y")))
    section = context.others(m)
    (kept,) = [b for b in section.blocks if isinstance(b, Table)]
    assert [cells_of(row)[1] for row in kept.rows] == ["tea"]
    (elsewhere,) = [b for b in section.blocks if isinstance(b, Bullets)]
    assert [plain(item) for item in elsewhere.items] == [
        "A regulator (UK) on drug X: Drug X against placebo, the test itself"
    ]


def test_the_class_is_called_ours_and_shows_what_the_rule_looked_at(material):
    m = material(context_rows=({**STATEMENT, "serious_safety": "yes"},), certainty=(sure("drug", "trial"),))
    section = block(m, "treatment-drug")
    said = words_of(section)[-1]
    assert said == (
        "Our class: red (a named serious risk, or good evidence that it makes things worse), because a serious risk of "
        "the treatment is named (A regulator). On the trials alone it would be grey, because certainty is low and the "
        "information is 50 % of the optimal size. Our rule, not the regulator's rating."
    )
    (folded,) = [b for b in section.blocks if isinstance(b, Details)]
    (inputs,) = folded.blocks
    assert isinstance(inputs, Facts)
    shown = {name: plain(text) for name, text in inputs.pairs}
    assert shown["certainty"] == "low"
    assert shown["named serious risk"] == "A regulator on drug X"


def test_markers_share_one_block_that_says_no_trial_tried_the_test(material):
    said = words_of(block(material(), "treatment-test"))[0]
    assert said == (
        "No test-and-treat evidence: no trial in this review gave the test to some people and not to others; no class "
        "is suggested. Asked about: Cell activity in blood; Cell percentage in blood."
    )


def test_a_trial_of_the_test_is_named(material):
    about = {"intervention": "test", "factor_kind": "treatment", "marker": "activity"}
    said = words_of(block(material(effects={"Eta1999-tr-1": about}), "treatment-test"))
    assert any("a trial of the test is held by this review, outside this question: Eta 1999" in text for text in said)
    assert any(text.startswith("No test-and-treat evidence") and "percentage" in text for text in said)


LACKING = MissingEvidence(
    pooled=3,
    pooled_people=400,
    unusable=(
        Unusable(
            effect_id="Delta2013-pr-4",
            study_id="Delta2013",
            label="Delta 2013",
            people=552,
            says="no difference",
            why="only a direction",
            selective=True,
        ),
    ),
    judgement="high",
    because="1 known study gives no usable number",
)


def test_what_is_missing_is_listed_with_the_judgement_and_a_link_to_all_rows_not_pooled(material):
    m = material(certainty=(sure("drug", "trial", lacking=LACKING), sure("drug-y", "trial")))
    section = missing.section(m)
    assert words_of(section)[1] == "Nothing is known to be missing: Drug Y against placebo."
    (found,) = [b for b in section.blocks if b.type == "section"]
    assert words_of(found)[0] == (
        "Trials: risk of bias from missing results, proposed: high risk: 1 known study gives no usable number. 1 of 1 "
        "seems to be missing because of what was found."
    )
    (shown,) = [b for b in found.blocks if isinstance(b, Table)]
    assert cells_of(shown.rows[0]) == [
        "Delta 2013",
        "552",
        "No difference.",
        "Only a direction. Seems to be missing because of what was found.",
    ]
    assert found.blocks[-1].text[0].href == "#analysis-drug-left-out"


def test_long_lists_of_what_is_missing_are_folded(material):
    for count, kind in ((missing.LONG - 1, Table), (missing.LONG, Details)):
        lacking = dataclasses.replace(LACKING, unusable=LACKING.unusable * count)
        section = missing.section(material(certainty=(sure("drug-y", "trial", lacking=lacking),)))
        found = next(b for b in section.blocks if b.type == "section")
        assert [type(b) for b in found.blocks] == [Paragraph, kind, Paragraph]


def test_nothing_is_said_of_what_is_missing_where_nobody_judged(material):
    assert missing.section(material()) is None


def test_results_hold_every_rating_and_harm(material, case):
    from metaan.report import ledger

    m = material(harms=(HARM,), certainty=(sure("drug", "trial"),))
    data = results_of(m, (), ledger.total(m))
    assert [rating["analysis_id"] for rating in data["ratings"]] == [analysis.id for analysis in case.analyses]
    assert [rating["suggested"] for rating in data["ratings"]] == ["", "", "grey", "grey"]
    assert [(harm["harm_id"], harm["group1"], harm["measure"]) for harm in data["harms"]] == [("Eta-h1", "6/40", "RR")]


def test_the_page_holds_the_sections(material, report):
    m = material(harms=(HARM,), certainty=(sure("drug", "trial", lacking=LACKING),))
    page = render(dataclasses.replace(report, sections=(treatments.section(m), missing.section(m))))
    assert 'id="treatment-drug-harms"' in page
    assert 'id="missing-drug-trial"' in page
