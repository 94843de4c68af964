import zipfile

import openpyxl
import pytest

import small_review
from metaan.terms.finding import BadInput, Level
from metaan.workbook.read import read_workbook


def layout():
    return small_review.protocol().layout


def change(path, sheet, cell, value, number_format=None):
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    if number_format:
        book[sheet][cell].number_format = number_format
    book.save(path)
    return path


def cell_of(path, sheet, column, row=2):
    read = read_workbook(path, layout())
    return f"{read.columns[sheet][column]}{row}"


def test_what_was_written_is_read_back_with_its_place(tmp_path):
    path = small_review.write(tmp_path / "tea")
    read = read_workbook(path, layout())
    rows = small_review.rows()
    assert not read.findings
    assert [dict(row.values) for row in read.sheet("Effects")] == rows["Effects"]
    first = read.sheet("Effects")[0]
    column = read.columns["Effects"]["a_high_event"]
    assert (first["a_high_event"], str(first.origin("a_high_event"))) == (
        "12",
        f'{path} > sheet "Effects" > cell {column}2',
    )


def test_reading_leaves_the_file_as_it_was(tmp_path):
    path = small_review.write(tmp_path / "tea")
    before = path.read_bytes()
    read_workbook(path, layout())
    assert path.read_bytes() == before


def test_columns_may_stand_in_any_order_and_unknown_ones_are_named(tmp_path):
    path = small_review.write(tmp_path / "tea")
    book = openpyxl.load_workbook(path)
    sheet = book["Effects"]
    sheet.insert_cols(1)
    sheet["A1"] = "my own remarks"
    book.save(path)
    read = read_workbook(path, layout())
    assert [f.level for f in read.findings] == [Level.NOTE]
    assert "my own remarks" in read.findings[0].found
    assert dict(read.sheet("Effects")[0].values) == small_review.rows()["Effects"][0]


def test_a_renamed_column_is_named_with_the_nearest_header(tmp_path):
    path = small_review.write(tmp_path / "tea")
    cell = cell_of(path, "Effects", "outcome", row=1)
    change(path, "Effects", cell, "Outcomes")
    (finding,) = [f for f in read_workbook(path, layout()).findings if f.level is Level.ERROR]
    assert finding.origin.cell == cell
    assert 'no column "outcome", but one named "Outcomes"' in finding.found
    assert finding.to_fix == 'rename "Outcomes" to "outcome"'


def test_a_second_column_of_the_same_name_is_an_error(tmp_path):
    path = small_review.write(tmp_path / "tea")
    book = openpyxl.load_workbook(path)
    sheet = book["Studies"]
    sheet.cell(1, sheet.max_column + 1, "label")
    book.save(path)
    assert any('a second column "label"' in f.found for f in read_workbook(path, layout()).findings)


def test_a_missing_sheet_is_named_with_its_likeness(tmp_path):
    path = small_review.write(tmp_path / "tea")
    book = openpyxl.load_workbook(path)
    book["Effects"].title = "Effect"
    book.save(path)
    (finding,) = [f for f in read_workbook(path, layout()).findings if f.level is Level.ERROR]
    assert (finding.origin.sheet, finding.to_fix) == ("Effects", 'rename "Effect" to "Effects"')


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (5.0, "5"), (0.1, "0.1"), (12.5, "12.5"), (1e-7, "0.0000001"), ("\u00a0 7 ", "7"), ("29.0", "29.0")],
)
def test_true_numbers_and_untidy_text_are_read_as_meant(tmp_path, value, text):
    path = small_review.write(tmp_path / "tea")
    cell = cell_of(path, "Effects", "a_high_event")
    change(path, "Effects", cell, value)
    assert read_workbook(path, layout()).sheet("Effects")[0]["a_high_event"] == text


def test_decimals_shown_by_a_format_are_kept(tmp_path):
    path = small_review.write(tmp_path / "tea")
    cell = cell_of(path, "Effects", "m1")
    change(path, "Effects", cell, 5.1, "0.00")
    assert read_workbook(path, layout()).sheet("Effects")[0]["m1"] == "5.10"


def test_a_date_in_a_number_cell_is_an_error_at_that_cell(tmp_path):
    import datetime

    path = small_review.write(tmp_path / "tea")
    cell = cell_of(path, "Effects", "m1")
    change(path, "Effects", cell, datetime.datetime(2026, 10, 5))
    (finding,) = read_workbook(path, layout()).findings
    assert (finding.id, finding.level, finding.origin.cell) == ("W01", Level.ERROR, cell)
    assert "2026-10-05" in finding.found


def test_a_date_in_a_date_column_is_a_date(tmp_path):
    import datetime

    path = small_review.write(tmp_path / "tea")
    cell = cell_of(path, "Effects", "extracted_on")
    change(path, "Effects", cell, datetime.datetime(2026, 10, 5))
    read = read_workbook(path, layout())
    assert not read.findings
    assert read.sheet("Effects")[0]["extracted_on"] == "2026-10-05"


def test_a_formula_without_stored_result_is_an_error(tmp_path):
    path = small_review.write(tmp_path / "tea")
    cell = cell_of(path, "Effects", "a_high_event")
    change(path, "Effects", cell, "=6+6")
    (finding,) = read_workbook(path, layout()).findings
    assert (finding.level, finding.origin.cell) == (Level.ERROR, cell)
    assert "=6+6" in finding.found


def test_a_truth_value_is_an_error(tmp_path):
    path = small_review.write(tmp_path / "tea")
    change(path, "Effects", cell_of(path, "Effects", "adjusted"), True)
    assert "TRUE" in read_workbook(path, layout()).findings[0].found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"study,n\nAmes,5\n", "plain text"),
        (b"<html><table></table></html>", "web page"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600, "old Excel file"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "no workbook"),
    ],
)
def test_what_is_no_workbook_is_called_by_its_name(tmp_path, content, words):
    path = tmp_path / "extraction.xlsx"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        read_workbook(path, layout())


def test_a_truncated_workbook_is_called_damaged(tmp_path):
    path = small_review.write(tmp_path / "tea")
    data = path.read_bytes()
    for length in (200, len(data) // 2, len(data) - 30):
        path.write_bytes(data[:length])
        with pytest.raises(BadInput, match="damaged"):
            read_workbook(path, layout())


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_workbook(tmp_path / "extraction.xlsx", layout())
    with pytest.raises(BadInput, match="a folder"):
        read_workbook(tmp_path, layout())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "extraction.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (3 * 2**20))
    with pytest.raises(BadInput, match="packed more tightly"):
        read_workbook(path, layout())


def test_another_zip_is_not_taken_for_a_workbook(tmp_path):
    path = tmp_path / "extraction.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(BadInput, match="OpenDocument"):
        read_workbook(path, layout())


def test_entities_in_a_sheet_are_refused(tmp_path):
    path = small_review.write(tmp_path / "tea")
    bad = tmp_path / "bad.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "xl/sharedStrings.xml":
                head, rest = data.split(b"?>", 1)
                data = head + b'?><!DOCTYPE x [<!ENTITY e "boom">]>' + rest
            new.writestr(item, data)
    with pytest.raises(BadInput, match="damaged"):
        read_workbook(bad, layout())


def test_plain_data_and_back(tmp_path):
    from metaan.workbook.read import Extraction

    read = read_workbook(small_review.write(tmp_path / "tea"), layout())
    assert Extraction.from_dict(read.to_dict()) == read
