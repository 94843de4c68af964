import math

import pytest

import small_review
from metaan.effects.compute import compute
from metaan.exchange.rm5 import import_rm5
from metaan.terms.finding import BadInput
from metaan.workbook.read import read_workbook
from metaan.workbook.typed import typed

LAYOUT = small_review.protocol().layout

RM5 = """<?xml version="1.0" encoding="{encoding}"?>
<COCHRANE_REVIEW TITLE="x">
<COVER_SHEET><TITLE>Tea &eacute; &amp; headache &nbsp; R&D</TITLE></COVER_SHEET>
<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>
<STUDY DATA_SOURCE="PUB" ID="STD-M_x00fc_ller-2001" NAME="Müller 2001" YEAR="2001.">
 <REFERENCE PRIMARY="YES" TYPE="JOURNAL_ARTICLE"><AU>Müller A, Jones B</AU><TI>Tea &lt;trial&gt;</TI>
 <SO>Lancet</SO><YR>2001</YR><VL>3</VL><PG>1-9</PG>
 <IDENTIFIERS><IDENTIFIER TYPE="DOI" VALUE="10.1000/x1"/><IDENTIFIER TYPE="PUBMED" VALUE="123"/>
 </IDENTIFIERS></REFERENCE>
</STUDY>
<STUDY ID="STD-Smith-2002" NAME="Smith 2002" YEAR="2002"/>
<STUDY ID="STD-Unused-2003" NAME="Unused 2003" YEAR="2003"/>
</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>
<ANALYSES_AND_DATA>
<COMPARISON ID="CMP-001" NO="1"><NAME>Tea versus water</NAME>
 <DICH_OUTCOME EFFECT_MEASURE="RR" ID="CMP-001.01" NO="1" SUBGROUPS="YES"><NAME>Headache</NAME>
  <GROUP_LABEL_1>Tea</GROUP_LABEL_1><GROUP_LABEL_2>Water</GROUP_LABEL_2>
  <DICH_SUBGROUP ID="CMP-001.01.01" NO="1"><NAME>Adults</NAME>
   <DICH_DATA STUDY_ID="STD-M_x00fc_ller-2001" EVENTS_1="7" TOTAL_1="40" EVENTS_2="10" TOTAL_2="41">
   <FOOTNOTE>as treated</FOOTNOTE></DICH_DATA>
  </DICH_SUBGROUP>
  <DICH_SUBGROUP ID="CMP-001.01.02" NO="2"><NAME>Students</NAME>
   <DICH_DATA STUDY_ID="STD-Smith-2002" EVENTS_1="0" TOTAL_1="0" EVENTS_2="0" TOTAL_2="0"/>
  </DICH_SUBGROUP>
 </DICH_OUTCOME>
 <CONT_OUTCOME EFFECT_MEASURE="SMD" ID="CMP-001.02" NO="2"><NAME>Hours of pain</NAME>
  <CONT_DATA STUDY_ID="STD-Smith-2002" MEAN_1="3.5" SD_1="1.25" TOTAL_1="20" MEAN_2="4.5" SD_2="1.5" TOTAL_2="22"/>
  <CONT_DATA STUDY_ID="STD-M_x00fc_ller-2001"
   MEAN_1="0.0" SD_1="0.0" TOTAL_1="20" MEAN_2="0.0" SD_2="0.0" TOTAL_2="22"/>
 </CONT_OUTCOME>
 <IV_OUTCOME ID="CMP-001.03" NO="3"><NAME>Time to relief</NAME><EFFECT_MEASURE>Hazard Ratio</EFFECT_MEASURE>
  <IV_DATA STUDY_ID="STD-Smith-2002"
   ESTIMATE="-0.5" SE="0.2" EFFECT_SIZE="0.6065306597126334" TOTAL_1="20" TOTAL_2="22"/>
  <IV_DATA STUDY_ID="STD-M_x00fc_ller-2001" ESTIMATE="0.61" SE="0.2" EFFECT_SIZE="0.61" TOTAL_1="20" TOTAL_2="22"/>
 </IV_OUTCOME>
 <IPD_OUTCOME ID="CMP-001.04" NO="4"><NAME>Death</NAME><EFFECT_MEASURE>Hazard Ratio</EFFECT_MEASURE>
  <IPD_DATA STUDY_ID="STD-Smith-2002" O_E="-3.2" VAR="8" EVENTS_1="9" TOTAL_1="20" EVENTS_2="14" TOTAL_2="22"/>
 </IPD_OUTCOME>
 <OTHER_OUTCOME ID="CMP-001.05" NO="5"><NAME>In words</NAME><OTHER_DATA STUDY_ID="STD-Smith-2002"/></OTHER_OUTCOME>
</COMPARISON>
</ANALYSES_AND_DATA></COCHRANE_REVIEW>
"""


def effects_of(made, tmp_path):
    extraction = read_workbook(small_review.write(tmp_path / "in", made.rows), LAYOUT)
    sheet = LAYOUT.sheet("Effects")
    return [typed(row, sheet) for row in extraction.sheet("Effects")]


def test_every_kind_of_outcome_and_an_account_of_each(tmp_path):
    made = import_rm5(RM5.format(encoding="UTF-8").encode(), "tea.rm5", LAYOUT)
    assert (made.read, made.written, len(made.left_out)) == (8, 4, 4)
    reasons = " | ".join(left.reason for left in made.left_out)
    for said in ("nobody in either group", "never entered", "a ratio of 0.61 beside it", "in words"):
        assert said in reasons
    table, means, hazard, expected = effects_of(made, tmp_path)
    assert [table[n] for n in ("events_high", "total_high", "events_low", "total_low")] == [7, 40, 10, 41]
    assert (table["outcome"], table["subgroup"], table["intervention"], table["comparator"]) == (
        "headache",
        "Adults",
        "Tea",
        "Water",
    )
    assert table["derived"] == "as_reported"
    assert table["src_type"] == "review_table"
    assert table["quote"] == "EVENTS_1=7 TOTAL_1=40 EVENTS_2=10 TOTAL_2=41"
    assert "as treated" in table["notes"]
    assert (means["outcome"], means["intervention"], means["comparator"]) == (None, "Tea", "water")
    smd = compute(means, "SMD")
    assert smd.y < 0
    hr = compute(hazard, "HR")
    assert (hr.y, math.sqrt(hr.v)) == pytest.approx((-0.5, 0.2), abs=1e-12)
    assert hazard["derived"] == "converted"
    peto = compute(expected, "HR")
    assert (peto.y, peto.v) == pytest.approx((-3.2 / 8, 1 / 8), abs=1e-12)
    assert expected["n_events"] == 23


def test_a_generic_effect_without_its_estimate_is_taken_as_displayed(tmp_path):
    text = RM5.format(encoding="UTF-8").replace('ESTIMATE="-0.5" SE="0.2" EFFECT_SIZE="0.6065306597126334"', "{}")
    shown = 'EFFECT_SIZE="0.61" CI_START="0.44" CI_END="0.84"'
    text = text.replace("{}", shown).replace('<IV_OUTCOME ID="CMP-001.03"', '<IV_OUTCOME CI_STUDY="90" ID="CMP-001.03"')
    hazard = effects_of(import_rm5(text.encode(), "tea.rm5", LAYOUT), tmp_path)[2]
    said = [hazard[name] for name in ("est", "ci_low", "ci_high", "ci_level", "scale", "derived")]
    assert said == [0.61, 0.44, 0.84, 90, "HR", "as_reported"]


def test_outcomes_analysed_by_those_without_the_event_are_told():
    plain = RM5.format(encoding="UTF-8")
    swapped = plain.replace('<DICH_OUTCOME EFFECT_MEASURE="RR"', '<DICH_OUTCOME SWAP_EVENTS="YES" EFFECT_MEASURE="RR"')
    one, two = (import_rm5(text.encode(), "tea.rm5", LAYOUT) for text in (plain, swapped))
    assert one.rows == two.rows
    assert not [remark for remark in one.remarks if "without the event" in remark]
    assert [remark for remark in two.remarks if remark.startswith("1 outcome analysed by those without the event")]


def test_what_a_review_does_not_say_stays_blank():
    made = import_rm5(RM5.format(encoding="UTF-8").encode(), "tea.rm5", LAYOUT, {"Death": "headache_history"})
    for row in made.rows["Effects"]:
        assert not {"priority", "outcome_good", "factor_kind", "extractor", "extracted_on", "adjusted"} & set(row)
    assert made.rows["Effects"][3]["outcome"] == "headache_history"
    assert set(made.rows["Design"][0]) == {"design_id", "study_id", "contrast"}
    assert [row["label"] for row in made.rows["Studies"]] == ["Müller 2001", "Smith 2002"]
    assert made.rows["Studies"][0] == {"study_id": "Muller2001", "label": "Müller 2001", "year": "2001"}
    assert made.rows["Reports"] == [
        {
            **{"report_id": "Muller2001-r1", "study_id": "Muller2001", "is_primary": "yes", "type": "article"},
            **{
                "authors": "Müller A, Jones B",
                "title": "Tea <trial>",
                "journal": "Lancet",
                "year": "2001",
                "volume": "3",
            },
            **{"pages": "1-9", "doi": "10.1000/x1", "pmid": "123", "retracted": "not_checked"},
        }
    ]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("UTF-8", "cp1252"), ("ISO-8859-1", "latin-1"), ("UTF-16", "utf-16"), ("latin9x", "utf-8")],
)
def test_encodings_that_are_not_what_they_say(declared, encoding):
    made = import_rm5(RM5.format(encoding=declared).encode(encoding), "tea.rm5", LAYOUT)
    assert made.rows["Studies"][0]["label"] == "Müller 2001"


def test_signs_that_xml_does_not_allow():
    text = RM5.format(encoding="UTF-8").replace("Hours of pain", "Hours\x02 of &#11; pain &bogus; &#x1F; & more")
    made = import_rm5(text.encode(), "tea.rm5", LAYOUT)
    assert "outcome in the source: Hours of pain &bogus; & more" in made.rows["Effects"][1]["notes"]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><COCHRANE_REVIEW>&b;</COCHRANE_REVIEW>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no XML"),
        (b"PK\x03\x04", "no XML"),
        (RM5.format(encoding="UTF-8")[:1500].encode(), "no XML or is cut off"),
        (b"<html></html>", "first element is html"),
        (b"<COCHRANE_REVIEW/>", "without results"),
        (BOMB.encode(), "declares entities"),
        (
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><COCHRANE_REVIEW>&a;</COCHRANE_REVIEW>',
            "declares entities",
        ),
    ],
)
def test_what_is_no_review_is_refused(data, said):
    with pytest.raises(BadInput, match=said):
        import_rm5(data, "tea.rm5", LAYOUT)


def test_a_file_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("metaan.exchange.rm5.MAX_BYTES", 100)
    with pytest.raises(BadInput, match="at most"):
        import_rm5(b"<" * 200, "tea.rm5", LAYOUT)


@pytest.mark.parametrize("tag", ["DICH_DATA", "COMPARISON", "STUDY", "GROUP_LABEL_1"])
def test_a_file_with_elements_renamed_still_balances(tag):
    made_or_refused = RM5.format(encoding="UTF-8").replace(f"<{tag}", "<GONE").replace(f"</{tag}", "</GONE")
    try:
        made = import_rm5(made_or_refused.encode(), "tea.rm5", LAYOUT)
    except BadInput:
        return
    assert made.read == made.written + len(made.left_out)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("<NAME>Headache</NAME>", "<NAME>Head<B>ache</NAME>"),
        ("</DICH_SUBGROUP>", "</DICH_SUBGROUP></P>"),
        ("<NAME>Death</NAME>", "<NAME>Death <5 years</NAME>"),
        ('EFFECT_MEASURE="SMD"', "EFFECT_MEASURE=SMD"),
    ],
)
def test_tags_that_do_not_match(was, becomes):
    text = RM5.format(encoding="UTF-8")
    whole = import_rm5(text.encode(), "tea.rm5", LAYOUT)
    assert not any("tags" in remark for remark in whole.remarks)
    broken = import_rm5(text.replace(was, becomes, 1).encode(), "tea.rm5", LAYOUT)
    assert "tags of this file do not match" in broken.remarks[0]
    assert (broken.read, broken.written) == (whole.read, whole.written)
    numbers = [[row.get(c) for c in ("events_high", "m1", "est", "se_log")] for row in broken.rows["Effects"]]
    assert numbers == [[row.get(c) for c in ("events_high", "m1", "est", "se_log")] for row in whole.rows["Effects"]]
