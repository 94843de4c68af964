import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import small_review
from metaan.exchange import csv_text
from metaan.exchange.csv_folder import from_files, to_files
from metaan.files import csv_lines, guard, unguard
from metaan.terms.finding import BadInput
from metaan.workbook.read import read_workbook
from metaan.workbook.template import workbook_bytes
from metaan.workbook.values import clean, parse_number

ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
#: text as it comes out of a cell
CELL = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"), include_characters="\n"), max_size=40).filter(
    lambda text: clean(text) == text
)
RISKY = ("=1+1", "+3 weeks", "-", "@home", "\tx", "'=x", "''-y", "'-5", "-5 to 3", "=HYPERLINK(0)", "+", "-0,5x")


def read_back(path, protocol):
    extraction = read_workbook(path, protocol.layout)
    return {sheet: [dict(row.values) for row in rows] for sheet, rows in extraction.rows.items()}, extraction


@given(ANY)
def test_guard_is_undone_exactly(text):
    assert unguard(guard(text)) == text


@given(
    st.one_of(ANY, st.sampled_from(RISKY), st.sampled_from(["=", "+", "-", "@"]).flatmap(lambda s: ANY.map(s.__add__)))
)
def test_no_guarded_text_begins_like_a_formula(text):
    guarded = guard(text)
    if guarded[:1] in tuple("=+-@\t\r"):
        assert parse_number(guarded) or parse_number(guarded, "comma")


def test_numbers_and_words_of_a_list_are_left_alone():
    for text in ("-5", "+0.3", "-1,5", "5", "a=b", "", "NR"):
        assert guard(text) == text
    assert guard("=", ("=", "<")) == "="
    assert guard("=") == "'="


@given(st.lists(st.lists(ANY, min_size=3, max_size=3).filter(any), max_size=5))
def test_csv_text_reads_back_as_written(rows):
    _, found = csv_text.read(csv_lines(("a", "b", "c"), rows), "x.csv")
    assert [list(cells.values()) for _, cells in found] == rows


@pytest.mark.parametrize(
    "data", ["a,b\n1,2\n", "a;b\r\n1;2\r\n", b"\xef\xbb\xbfa,b\n1,2\n", "a,b\n1,2\n".encode("utf-16")]
)
def test_dialects_a_spreadsheet_saves(data):
    assert csv_text.read(data, "x.csv")[1] == [(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no header"),
        ("a,a\n1,2\n", 'the column "a" twice'),
        ("a,b\n1,2,3\n", "3 cells in line 2"),
        ('a\n"x', "no CSV"),
    ],
)
def test_broken_csv_is_refused(text, said):
    with pytest.raises(BadInput, match=said):
        csv_text.read(text, "x.csv")


def test_a_workbook_goes_to_files_and_back_unchanged(tmp_path):
    protocol = small_review.protocol()
    sheets = small_review.rows()
    sheets["Effects"][0]["notes"] = "=SUM(A1)"
    sheets["Effects"][1]["quote"] = 'two lines,\nand "quotes"'
    sheets["Effects"][6]["p_cmp"] = "="
    before, extraction = read_back(small_review.write(tmp_path / "a", sheets), protocol)
    files = to_files(extraction, protocol.layout)
    assert set(files) == {f"{sheet.name}.csv" for sheet in protocol.layout.sheets}
    assert "'=SUM(A1)" in files["Effects.csv"]
    made = from_files(files, protocol.layout, "folder")
    assert made.read == made.written == sum(len(rows) for rows in before.values())
    after, second = read_back(small_review.write(tmp_path / "b", made.rows), protocol)
    assert after == before
    assert to_files(second, protocol.layout) == files


@settings(max_examples=6, deadline=None)  # each writes and reads two workbooks
@given(texts=st.lists(st.one_of(CELL, st.sampled_from([r for r in RISKY if clean(r) == r])), min_size=4, max_size=4))
def test_any_text_of_a_cell_survives(tmp_path_factory, texts):
    protocol = small_review.protocol()
    sheets = small_review.rows()
    for effect, text in zip(sheets["Effects"], texts, strict=False):
        effect |= {"notes": text, "timepoint": text}
    folder = tmp_path_factory.mktemp("cells")
    before, extraction = read_back(small_review.write(folder / "a", sheets), protocol)
    made = from_files(to_files(extraction, protocol.layout), protocol.layout, "folder")
    after, _ = read_back(small_review.write(folder / "b", made.rows), protocol)
    assert after == before


def test_cells_outside_the_layout_are_kept(tmp_path):
    protocol = small_review.protocol()
    _, extraction = read_back(small_review.write(tmp_path / "a"), protocol)
    kept = [("Effects", "Ames2001-pr-1", "my column", "=mine"), ("Review", "my key", "value", "x")]
    files = to_files(extraction, protocol.layout, kept)
    assert from_files(files, protocol.layout, "folder").kept == (kept[0],)  # keys of Review stand in Review.csv
    files["Review.csv"] += "my key,x,\n"
    made = from_files(files, protocol.layout, "folder")
    assert made.kept == (kept[1], kept[0])
    assert workbook_bytes(protocol, made.rows, made.kept)


def test_a_folder_that_does_not_fit_is_refused():
    layout = small_review.protocol().layout
    with pytest.raises(BadInput, match='rename it to "outcome"'):
        from_files({"Effects.csv": "effect_id,outcom\nx1x,headache\n"}, layout, "folder")
    with pytest.raises(BadInput, match="no file of a sheet"):
        from_files({"other.csv": "a\n1\n"}, layout, "folder")
    with pytest.raises(BadInput, match="40000 characters in column notes, line 2"):
        from_files({"Effects.csv": "effect_id,notes\nx1x," + "a" * 40000 + "\n"}, layout, "folder")
    made = from_files({"Effects.csv": "effect_id\nx1x\n", "extra.csv": "a\n1\n"}, layout, "folder")
    assert made.unmapped == ("file extra.csv",)
