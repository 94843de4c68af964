"""What spreadsheets do to a workbook, beyond the zoo: mixtures, other programs, and what must not alarm."""

import io
import re
import zipfile

import openpyxl
import pytest

import damage
import small_review
from metaan.checks.hints import hint
from metaan.terms.finding import BadInput, Level
from metaan.workbook.read import read_workbook


def read_bytes(data, tmp_path):
    path = tmp_path / "extraction.xlsx"
    path.write_bytes(data)
    return read_workbook(path, small_review.protocol().layout)


@pytest.fixture
def clean(tmp_path):
    return small_review.write(tmp_path / "tea").read_bytes()


def sheet_part(data, sheet):
    import io

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    return f"xl/worksheets/sheet{book.sheetnames.index(sheet) + 1}.xml"


ROW = {"sheet": "Effects", "row": "Ames2001-pr-1"}


def test_one_note_a_column_for_untidy_cells(tmp_path):
    sheets = small_review.rows()
    for row in sheets["Effects"]:
        row["design_id"] += "\u00a0"
    sheets["Effects"][0]["notes"] = "free text with a\u00a0blank "
    path = small_review.write(tmp_path / "tea", sheets)
    (finding,) = read_workbook(path, small_review.protocol().layout).findings
    assert (finding.id, finding.level) == ("W06", Level.NOTE)
    assert finding.found.startswith(f"{len(sheets['Effects'])} cells")


def test_true_numbers_in_a_review_with_commas_are_read_with_its_mark(tmp_path):
    sheets = small_review.rows()
    next(row for row in sheets["Review"] if row["key"] == "decimal_mark")["value"] = "comma"
    data = small_review.write(tmp_path / "tea", sheets).read_bytes()
    data = damage.set_cell(data, **ROW, column="m1", kind="number", value="12.5")
    data = damage.set_cell(data, **ROW, column="m2", kind="number", value="12")
    row = read_bytes(data, tmp_path).sheet("Effects")[0]
    assert (row["m1"], row["m2"]) == ("12,5", "12,0")


def test_zeros_are_given_back_only_where_they_were_probably_lost(clean, tmp_path):
    for column, value in (("est", "3"), ("ci_low", "1.6"), ("ci_high", "5.8"), ("m1", "3"), ("m2", "1.23456")):
        clean = damage.set_cell(clean, **ROW, column=column, kind="number", value=value)
    read = read_bytes(clean, tmp_path)
    row = read.sheet("Effects")[0]
    assert (row["est"], row["ci_low"], row["m1"]) == ("3.0", "1.6", "3")
    assert [finding.id for finding in read.findings] == ["W05"]


def test_a_percentage_in_a_column_of_percent_is_read_as_shown(clean, tmp_path):
    for column, text in (("pct_1", "45"), ("p_value", "0.45")):
        data = damage.set_cell(clean, **ROW, column=column, kind="number", value="0.45", number_format="0%")
        read = read_bytes(data, tmp_path)
        assert read.sheet("Effects")[0][column] == text
        assert [finding.id for finding in read.findings] == ["W08"]


def test_the_date_of_a_macintosh_workbook_is_the_day_that_was_typed(clean, tmp_path):
    clean = damage.set_cell(damage.date1904(clean), **ROW, column="extracted_on", kind="date", value="2026-10-05")
    read = read_bytes(clean, tmp_path)
    assert read.sheet("Effects")[0]["extracted_on"] == "2026-10-05"
    assert [finding.id for finding in read.findings] == ["W09"]


def test_a_date_message_lists_what_was_perhaps_typed(clean, tmp_path):
    clean = damage.set_cell(clean, **ROW, column="m1", kind="date", value="2026-10-05")
    (finding,) = read_bytes(clean, tmp_path).findings
    assert "perhaps 5-10, 5/10 or 5.10 (day first), 10-5 or 10/5 (month first), into a date" in finding.to_fix


def test_a_formula_that_agrees_with_its_parts_is_used_and_a_stale_one_is_not(clean, tmp_path):
    for formula, result, level in (("6+6", "12", Level.WARNING), ("6+7", "12", Level.ERROR)):
        data = damage.stored(clean, **ROW, column="a_high_event", formula=formula, result=result)
        read = read_bytes(data, tmp_path)
        (finding,) = read.findings
        assert (finding.id, finding.level) == ("W03", level)
        assert (read.sheet("Effects")[0]["a_high_event"] == "12") == (level is Level.WARNING)


def test_a_truth_value_rewritten_as_a_formula_is_still_a_truth_value(clean, tmp_path):
    data = damage.stored(clean, **ROW, column="adjusted", formula="TRUE()", result="1", kind="b")
    (finding,) = read_bytes(data, tmp_path).findings
    assert (finding.id, finding.level) == ("W01", Level.ERROR)
    assert "TRUE" in finding.found


def test_folded_columns_of_the_template_do_not_alarm(clean, tmp_path):
    part = sheet_part(clean, "Effects")

    def fold(xml):
        plain = re.sub(rb' (outlineLevel|hidden|collapsed)="[^"]*"', b"", xml)
        return plain.replace(b"<col ", b'<col hidden="1" outlineLevel="1" ')

    changed = damage.repacked(clean, {part: fold})
    assert not read_bytes(changed, tmp_path).findings


def test_a_format_on_the_last_row_costs_nothing(clean, tmp_path):
    part = sheet_part(clean, "Effects")
    last = b'<row r="1048576"><c r="A1048576" s="1"/></row></sheetData>'
    changed = damage.repacked(clean, {part: lambda xml: xml.replace(b"</sheetData>", last)})
    read = read_bytes(changed, tmp_path)
    assert not read.findings
    assert len(read.sheet("Effects")) == len(small_review.rows()["Effects"])


def test_prefixes_inline_strings_and_cells_without_places_are_read(clean, tmp_path):
    part = sheet_part(clean, "Studies")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    heads = [column.name for column in small_review.protocol().layout.sheet("Studies").columns][:3]
    rows = [
        heads,
        ["Ames2001", "<x:r><x:t>Ames </x:t></x:r><x:r><x:t>2001</x:t></x:r><x:rPh><x:t>no</x:t></x:rPh>", "2001"],
    ]
    cells = "".join(
        "<x:row>"
        + "".join(
            f'<x:c t="inlineStr"><x:is>{text if text[0] == "<" else f"<x:t>{text}</x:t>"}</x:is></x:c>' for text in row
        )
        + "</x:row>"
        for row in rows
    )
    sheet = f'<x:worksheet xmlns:x="{main}"><x:sheetData>{cells}</x:sheetData></x:worksheet>'
    read = read_bytes(damage.repacked(clean, {part: sheet.encode()}), tmp_path)
    assert [dict(row.values) for row in read.sheet("Studies")] == [
        {"study_id": "Ames2001", "label": "Ames 2001", "year": "2001"}
    ]


@pytest.mark.parametrize(
    ("part", "program"),
    [
        (b"<Properties><Application>LibreOffice/7.4.7.2$Linux</Application></Properties>", "LibreOffice/7.4.7.2$Linux"),
        (b"<Properties/>", "not stated"),
        (b"<Properties", "not stated"),
        (None, "not stated (Google Sheets states none)"),
    ],
)
def test_the_program_that_saved_the_file_is_told(clean, tmp_path, part, program):
    assert read_bytes(damage.repacked(clean, {"docProps/app.xml": part}), tmp_path).program == program


def test_what_was_written_here_is_told_from_what_a_spreadsheet_program_saved(clean, tmp_path):
    assert read_bytes(clean, tmp_path).program == "metaan"
    with zipfile.ZipFile(io.BytesIO(clean)) as book:
        core = book.read("docProps/core.xml")
    saved = core.replace(b"<cp:lastModifiedBy>metaan<", b"<cp:lastModifiedBy>A. Reviewer<")
    assert saved != core
    assert read_bytes(damage.repacked(clean, {"docProps/core.xml": saved}), tmp_path).program == "Microsoft Excel"


def test_wps_is_known_by_its_property(clean, tmp_path):
    custom = b'<Properties><property name="KSOProductBuildVer"/></Properties>'
    assert read_bytes(damage.repacked(clean, {"docProps/custom.xml": custom}), tmp_path).program == "WPS Office"


def test_a_column_that_some_row_needs_is_an_error_and_one_that_none_needs_a_warning(clean, tmp_path):
    for column, level in (("a_high_event", Level.ERROR), ("adjusted_for", Level.WARNING), ("med1", Level.WARNING)):
        read = read_bytes(damage.drop_column(clean, "Effects", column), tmp_path)
        (finding,) = read.findings
        assert (finding.id, finding.level) == ("HEADER", level)
        assert column in finding.found


def test_an_optional_column_with_a_changed_name_is_a_warning(clean, tmp_path):
    read = read_bytes(damage.rename_column(clean, "Studies", "recruit_start", "Recruit start"), tmp_path)
    (finding,) = read.findings
    assert (finding.level, finding.to_fix) == (Level.WARNING, 'rename "Recruit start" to "recruit_start"')


def test_rows_below_title_rows_keep_their_place(clean, tmp_path):
    read = read_bytes(damage.titles(clean, "Effects"), tmp_path)
    assert [dict(row.values) for row in read.sheet("Effects")] == small_review.rows()["Effects"]
    assert read.sheet("Effects")[0].number == 5


def test_totals_and_repeated_headers_are_no_rows(clean, tmp_path):
    for data in (damage.totals(clean, "Effects", "n1"), damage.header_again(clean, "Effects", "Bell2002-pr-1")):
        read = read_bytes(data, tmp_path)
        assert [row["effect_id"] for row in read.sheet("Effects")] == [
            row["effect_id"] for row in small_review.rows()["Effects"]
        ]
        assert [finding.id for finding in read.findings] == ["W10"]


def test_a_device_or_a_pipe_is_not_opened(tmp_path):
    import os

    os.mkfifo(tmp_path / "extraction.xlsx")
    with pytest.raises(BadInput, match="no ordinary file"):
        read_workbook(tmp_path / "extraction.xlsx", small_review.protocol().layout)


def test_text_that_is_no_character_does_not_come_through(clean, tmp_path):
    data = damage.set_cell(clean, **ROW, column="notes", kind="text", value="a_xD800_b_x0007_c_x0041_")
    assert read_bytes(data, tmp_path).sheet("Effects")[0]["notes"] == "abcA"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("12,4", "use a point"),
        ("1,234", "1234, or a number with decimals"),
        ("5-10", "two ends"),
        ("1–3", "two ends"),
        ("<0.001", "a bound is no value"),
        ("12±3", "mean and the spread"),
        ("7/20", "events into one column"),
        ("12 (60%)", "the count here"),
        ("~5", "figure_digitised"),
        ("45%", "without the percent sign"),
        ("–3.1", "in place of the minus sign"),
        ("5-Oct", "turned what was typed into a day"),
        ("12 mg", "without its unit"),
        ("1 234", "between the thousands"),
        ("n/a", "NR if you looked"),
        ("٣", "digits 0 to 9"),
        ("twelve", "type only the number"),
    ],
)
def test_each_way_of_typing_no_number_has_its_own_answer(text, words):
    column = small_review.protocol().layout.sheet("Effects").column("m1")
    assert words in hint(text, column, "point")


def test_a_sign_before_p_has_a_column_of_its_own():
    column = small_review.protocol().layout.sheet("Effects").column("p_value")
    assert "p_cmp" in hint("<0.001", column, "point")
