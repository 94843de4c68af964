import csv
import io
import math

import pytest

import review
import small_review
from metaan.design.tool import tool
from metaan.effects.compute import compute
from metaan.effects.sizes import effect_sizes
from metaan.exchange.effect_tables import meta_csv, metafor_csv
from metaan.exchange.prisma import COLUMNS, prisma_csv
from metaan.exchange.quality import robvis_files
from metaan.pooling.select import graded_candidates
from metaan.workbook.read import read_workbook


def rows_of(protocol, path):
    extraction = read_workbook(path, protocol.layout)
    return graded_candidates(extraction, protocol)


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def zoo(tmp_path):
    protocol = review.protocol()
    return protocol, rows_of(protocol, small_review.write(tmp_path, review.rows(), protocol))


def test_one_row_a_comparison_with_the_effects_computed_here(zoo):
    _, rows = zoo
    for line, row in zip(table(metafor_csv(rows, "point")), rows, strict=True):
        assert line["effect_id"] == row.row["effect_id"]
        effect = compute(row.values, line["measure"], allowed=("p_to_effect",))
        if effect.missing:
            assert line["missing"]
            assert line["yi"] == ""
        else:
            assert (float(line["yi"]), float(line["vi"])) == (effect.y, effect.v)


def test_the_numbers_give_the_effects_again_by_metafors_names(zoo):
    import pandas

    _, rows = zoo
    for measure, names in (("OR", ["ai", "bi", "ci", "di"]), ("SMD", ["n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i"])):
        lines = [line for line in table(metafor_csv(rows, "point")) if line["measure"] == measure and line["yi"]]
        lines = [line for line in lines if all(line[name] for name in names)]
        assert lines
        given = pandas.DataFrame([{name: float(line[name]) for name in names} for line in lines])
        found = effect_sizes(given, measure=measure)
        assert list(found["yi"]) == pytest.approx([float(line["yi"]) for line in lines], abs=1e-12)
        assert list(found["vi"]) == pytest.approx([float(line["vi"]) for line in lines], abs=1e-12)


def test_an_analysis_gives_its_rows_on_its_measures(zoo):
    protocol, rows = zoo
    lines = table(metafor_csv(rows, "point", protocol.analysis("tea-tiredness")))
    assert [(line["effect_id"], line["measure"], line["stratum"]) for line in lines] == [
        ("Frey2006-tr-1", "RR", "trial")
    ]
    assert float(lines[0]["yi"]) == pytest.approx(math.log((7 / 40) / (10 / 41)))


def test_meta_has_the_same_effects_under_its_own_names(zoo):
    _, rows = zoo
    for here, there in zip(table(metafor_csv(rows, "point")), table(meta_csv(rows, "point")), strict=True):
        assert here["yi"] == there["TE"]
        assert (here["vi"] == "") == (there["seTE"] == "")
        if here["vi"]:
            assert float(there["seTE"]) ** 2 == pytest.approx(float(here["vi"]))
        if here["ai"]:
            pairs = [("ai", "event.e"), ("n1i", "n.e"), ("ci", "event.c"), ("n2i", "n.c")]
            assert [here[a] for a, _ in pairs] == [there[b] for _, b in pairs]


def test_decimal_commas_become_points(tmp_path):
    sheets = small_review.rows()
    sheets["Review"][2]["value"] = "comma"
    sheets["Effects"][0] |= {
        "form": "means",
        "n1": "20",
        "m1": "12,40",
        "sd1": "3,1",
        "n2": "21",
        "m2": "\N{MINUS SIGN}1,5",
        "sd2": "2,9",
    }
    sheets["Effects"][0] |= {"spread_type": "sd"} | dict.fromkeys(
        ("a_high_event", "b_high_none", "c_low_event", "d_low_none"), ""
    )
    protocol = small_review.protocol()
    line = table(metafor_csv(rows_of(protocol, small_review.write(tmp_path, sheets)), "comma"))[0]
    assert (line["m1i"], line["sd1i"], line["m2i"], line["sd2i"]) == ("12.40", "3.1", "-1.5", "2.9")
    assert line["yi"]


def test_counts_typed_by_outcome_are_turned_and_standard_errors_are_no_sd(tmp_path):
    sheets = small_review.rows()
    blank = dict.fromkeys(("a_high_event", "b_high_none", "c_low_event", "d_low_none"), "")
    by_outcome = {"form": "events_totals", "high_event": "12", "n_event": "20", "high_none": "88", "n_none": "180"}
    means = {"form": "means", "n1": "20", "m1": "5", "sd1": "1", "n2": "21", "m2": "4", "sd2": "1", "spread_type": "se"}
    sheets["Effects"][0] |= blank | by_outcome
    sheets["Effects"][1] |= blank | means
    protocol = small_review.protocol()
    counted, measured = table(metafor_csv(rows_of(protocol, small_review.write(tmp_path, sheets)), "point"))[:2]
    assert [counted[name] for name in ("ai", "bi", "ci", "di")] == ["12", "88", "8", "92"]
    assert float(counted["yi"]) == pytest.approx(math.log(12 * 92 / (88 * 8)))
    assert (measured["m1i"], measured["sd1i"]) == ("5", "")
    assert measured["yi"]


ROB_2 = (
    "Study,Randomisation,Deviations from the intended treatment,Missing outcome data,Measurement of the outcome,"
    "Selection of the reported result,Overall,Weight\n"
)


def robvis(tmp_path, *judged):
    sheets = small_review.rows()
    sheets["Quality"] = [{"design_id": "Frey2006-tr", "tool": "RoB 2", **row} for row in judged]
    protocol = small_review.protocol()
    return robvis_files(read_workbook(small_review.write(tmp_path, sheets), protocol.layout), protocol)


def test_robvis_has_a_row_a_comparison_and_a_column_a_domain_in_the_order_of_the_tool(tmp_path):
    files, left_out = robvis(
        tmp_path,
        {"domain": "Overall", "judgement": "high"},
        {"domain": "D3", "judgement": "some_concerns"},
        {"domain": "D3", "judgement": ""},  # a further row of the domain
        {"domain": "D1", "judgement": "low"},
        {"domain": "D2", "judgement": "NR"},
    )
    assert files == {"robvis-rob-2.csv": ROB_2 + "Frey 2006,Low,,Some concerns,,,High,1\n"}
    assert left_out == ()


def test_robvis_has_what_the_rules_of_the_tool_make_of_the_answers(tmp_path):
    answered = [{"domain": "D1", "item": item, "answer": text} for item, text in (("1.1", "Y"), ("1.2", "NI"))]
    files, _ = robvis(tmp_path, *answered, {"domain": "D1", "item": "1.3", "answer": "PN"})
    assert files == {"robvis-rob-2.csv": ROB_2 + "Frey 2006,Some concerns,,,,,,1\n"}


def test_robvis_shows_results_apart_and_tells_what_it_leaves_out(tmp_path):
    files, left_out = robvis(
        tmp_path,
        {"effect_id": "Frey2006-tr-1", "domain": "D1", "judgement": "high"},
        {"domain": "D1", "judgement": "low"},
        {"domain": "D9", "judgement": "low"},
    )
    lines = files["robvis-rob-2.csv"].splitlines()[1:]
    assert lines == ["Frey 2006 (Frey2006-tr),Low,,,,,,1", "Frey 2006 (Frey2006-tr-1),High,,,,,High,1"]
    assert [each.reason for each in left_out] == ['"D9": the row is not read']


def test_robvis_leaves_blank_what_no_reviewer_answered(tmp_path):
    jbi = {"design_id": "Dunn2004-cc", "tool": "jbi-case-control"}
    files, left_out = robvis(tmp_path, {**jbi, "domain": "Q1", "judgement": "no"})
    (line,) = files["robvis-jbi-case-control.csv"].splitlines()[1:]
    assert line.split(",")[1] == "No"
    assert set(line.split(",")[2:-1]) == {""}
    assert {each.reason for each in left_out} == {"no reviewer has answered it"}


def test_robvis_has_applicability_in_a_file_of_its_own(tmp_path):
    of_quadas = {"design_id": "Dunn2004-cc", "tool": "quadas-2", "judgement": "high"}
    applicable = next(domain for domain in tool("quadas-2").domains if domain.kind == "applicability")
    files, _ = robvis(tmp_path, {**of_quadas, "domain": applicable.key}, {**of_quadas, "domain": "D1"})
    assert files["robvis-quadas-2.csv"].splitlines()[1].startswith("Dunn 2004,High,")
    (row,) = table(files["robvis-quadas-2-applicability.csv"])
    assert row[applicable.label] == "High"
    assert "Overall" not in row


def test_prisma_sums_databases_and_lists_reasons(tmp_path):
    sheets = small_review.rows()
    sheets["PRISMA"] = [
        {"key": "database_results", "n": "30", "reason": "MEDLINE"},
        {"key": "database_results", "n": "12", "reason": "Embase"},
        {"key": "records_screened", "n": "42"},
        {"key": "dbr_excluded", "n": "3", "reason": "no controls, no data"},
        {"key": "dbr_excluded", "n": "2"},
        {"key": "total_studies_ma", "n": "5"},
    ]
    extraction = read_workbook(small_review.write(tmp_path, sheets), small_review.protocol().layout)
    text, unplaced = prisma_csv(extraction)
    lines = table(text)
    assert tuple(lines[0]) == COLUMNS
    n = {line["data"]: line["n"] for line in lines}
    assert n["database_results"] == "42"
    assert n["database_specific_results"] == "MEDLINE, 30; Embase, 12"
    assert n["dbr_excluded"] == "no controls no data, 3; not stated, 2"
    assert (n["records_screened"], n["records_excluded"]) == ("42", "NA")
    assert unplaced == ("total_studies_ma",)
    assert len({line["node"] for line in lines} - {"NA"}) == 22
