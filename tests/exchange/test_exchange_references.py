import pytest
from hypothesis import given
from hypothesis import strategies as st

import small_review
from metaan.exchange.bib import bib_text, import_bib
from metaan.exchange.ris import import_ris, ris_text
from metaan.terms.finding import BadInput
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook
from metaan.workbook.values import clean

LAYOUT = small_review.protocol().layout
FORMATS = [(ris_text, import_ris), (bib_text, import_bib)]
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"), include_characters="\n"), min_size=1, max_size=40
)
CELL = st.one_of(
    TEXT, st.sampled_from(["NR", "{", "}", "a {b", "50% & more_", "TY  - JOUR", "@article{x,", "\\", "%", "a--b"])
).filter(lambda text: clean(text) == text)
COLUMNS = (
    "authors",
    "title",
    "journal",
    "volume",
    "pages",
    "doi",
    "pmid",
    "url",
    "language",
    "type",
    "retracted",
    "notes",
)


@pytest.mark.parametrize(("write", "read"), FORMATS)
@pytest.mark.parametrize("review", ["nk-cells", "passive-smoking"])
def test_reports_of_the_bundled_reviews_come_back(write, read, review):
    from metaan.exchange.references import reports

    layout = read_protocol(f"data/{review}/protocol.yaml").layout
    rows = reports(read_workbook(f"data/{review}/extraction.xlsx", layout))
    made = read(write(rows).encode(), "x", layout)
    assert made.rows["Reports"] == list(rows)
    assert made.read == made.written == len(rows)
    assert {row["study_id"] for row in made.rows["Studies"]} == {row["study_id"] for row in rows}


@pytest.mark.parametrize(("write", "read"), FORMATS)
@given(rows=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, CELL)), min_size=1, max_size=4))
def test_any_report_comes_back(write, read, rows):
    rows = [{**row, "report_id": f"Ames200{i}-r1", "study_id": "Ames2001"} for i, row in enumerate(rows)]
    assert read(write(rows).encode(), "x", LAYOUT).rows["Reports"] == rows


RIS = """1.
TY - JOUR
AU - Smith, J.
AU  - Müller, Ä
T1  - A trial of
 tea
JA  - Lancet
Y1  - 2001/03/02
SP  - 12
EP  - 19
DO  - https://doi.org/10.1000/abc.1
AN  - 12345678
KW  - tea
KW  - headache
UR  - https://example.org/a

TY  - THES
A1  - Jones B
PY  - 1999
TI  - Thesis
ER  -
TY  - JOUR
TI  - Again
DO  - 10.1000/ABC.1
ER  -
"""


@pytest.mark.parametrize(
    "data", [RIS.encode(), RIS.replace("\n", "\r\n").encode("utf-8-sig"), RIS.encode("cp1252"), RIS.encode("utf-16")]
)
def test_ris_as_it_comes(data):
    made = import_ris(data, "refs.ris", LAYOUT)
    assert (made.read, made.written) == (3, 2)
    assert "the same DOI" in made.left_out[0].reason
    first, second = made.rows["Reports"]
    assert first == {
        "report_id": "Smith2001-r1",
        "study_id": "Smith2001",
        "type": "article",
        "authors": "Smith J., Müller Ä",
        "year": "2001",
        "title": "A trial of tea",
        "journal": "Lancet",
        "pages": "12-19",
        "doi": "10.1000/abc.1",
        "pmid": "12345678",
        "url": "https://example.org/a",
        "retracted": "not_checked",
        "notes": "keywords: tea; headache",
    }
    assert second["type"] == "thesis"
    assert "is_primary" not in first
    assert made.unmapped == ("keywords",)
    assert made.rows["Studies"][0] == {"study_id": "Smith2001", "label": "Smith 2001", "year": "2001"}


BIB = r"""@string{lan = "Lancet"}
@comment{not an entry}
@article{smith01,
  author = {Smith, John and M{\"u}ller, {\AA}sa}, title = {{T}ea \& {CRP}: 50\% less},
  journal = lan, year = 2001, pages = {12--19}, doi = {10.1000/abc_1}, keywords = {tea}
}
@misc{broken, title = {never closed
@Article{smith01b, author = {Smith, John}, title = {Other}, year = {2001}}
"""


def test_bib_as_it_comes():
    made = import_bib(BIB.encode(), "refs.bib", LAYOUT)
    assert made.read == 3
    assert [left.record for left in made.left_out] == ["entry 2"]
    first, second = made.rows["Reports"]
    assert first["authors"] == "Smith John, Müller Åsa"
    assert first["title"] == "Tea & CRP: 50% less"
    assert first["journal"] == "Lancet"
    assert first["pages"] == "12-19"
    assert first["report_id"] == "smith01"
    assert first["notes"] == "keywords: tea"
    assert [row["study_id"] for row in made.rows["Reports"]] == ["Smith2001", "Smith2001-2"]
    assert second["title"] == "Other"


@pytest.mark.parametrize(
    ("read", "data"), [(import_ris, b"nothing here"), (import_bib, b"nothing"), (import_ris, b"PMID- 12\nTI  - x")]
)
def test_no_reference_is_refused(read, data):
    with pytest.raises(BadInput):
        read(data, "x", LAYOUT)


def test_what_a_reference_does_not_say_stays_blank():
    made = import_ris(b"TY  - BOOK\nER  - \n", "x.ris", LAYOUT)
    assert made.rows["Reports"] == [
        {"report_id": "Report-r1", "study_id": "Report", "retracted": "not_checked", "notes": "type_of_reference: BOOK"}
    ]
