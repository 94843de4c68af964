"""A workbook that LibreOffice has opened and saved says the same."""

import shutil
import subprocess
from pathlib import Path

import pytest

import small_review
from metaan import plan
from metaan.digests import digests

pytestmark = pytest.mark.libreoffice

ROOT = Path(__file__).parents[2]


def saved_by_libreoffice(soffice, workbook, folder):
    """Return a copy that LibreOffice has opened and saved."""
    command = [soffice, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", folder, workbook], check=True, capture_output=True, timeout=180)
    return folder / workbook.name


@pytest.mark.parametrize("name", ["nk-cells", "passive-smoking"])
def test_the_same_rows_findings_and_digests(need, tmp_path, name):
    source = plan.Review(ROOT / "data" / name)
    (tmp_path / "saved").mkdir()
    copy = saved_by_libreoffice(need("libreoffice"), source.workbook, tmp_path / "saved")
    here = tmp_path / "data" / name
    here.mkdir(parents=True)
    shutil.copy(source.protocol, here)
    shutil.copy(source.workbook, here)
    before = plan.read(plan.Review(here))
    shutil.copy(copy, here / "extraction.xlsx")
    after = plan.read(plan.Review(here))
    assert "LibreOffice" in after.extraction.program
    assert {sheet: [dict(row.values) for row in rows] for sheet, rows in after.extraction.rows.items()} == {
        sheet: [dict(row.values) for row in rows] for sheet, rows in before.extraction.rows.items()
    }
    assert after.findings == before.findings
    assert digests(*after.usable()) == digests(*before.usable())


def test_typed_text_stays_text_in_a_workbook_libreoffice_has_saved(need, tmp_path):
    import openpyxl

    source = ROOT / "data" / "passive-smoking" / "extraction.xlsx"
    (tmp_path / "saved").mkdir()
    book = openpyxl.load_workbook(saved_by_libreoffice(need("libreoffice"), source, tmp_path / "saved"))
    assert book["Lists"].sheet_state == "hidden"
    assert book["Effects"].protection.sheet
    cells = [cell for row in book["Effects"].iter_rows(min_row=2, max_row=5) for cell in row if cell.value is not None]
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}
    assert any(v.type == "list" for v in book["Effects"].data_validations.dataValidation)


def facts(path):
    """Return what helps the typist in a workbook: validations, conditional formats, names, groups of columns."""
    import openpyxl

    book = openpyxl.load_workbook(path)
    validations = {
        (sheet.title, str(v.sqref), v.formula1 if v.type == "list" else "", v.promptTitle, v.prompt, v.error)
        for sheet in book
        for v in sheet.data_validations.dataValidation
    }
    colours = {
        (sheet.title, str(found.sqref), i, rule.formula[0])
        for sheet in book
        for found in sheet.conditional_formatting
        for i, rule in enumerate(sorted(found.rules, key=lambda rule: rule.priority))
    }
    names = {name: defined.attr_text for name, defined in book.defined_names.items()}
    locks = {(sheet.title, sheet.protection.sheet, sheet.protection.deleteRows, sheet.sheet_state) for sheet in book}
    return {"validations": validations, "colours": colours, "names": names, "locks": locks}


def test_help_colours_dropdowns_and_locks_survive(need, tmp_path):
    made = small_review.write(tmp_path / "tea")
    (tmp_path / "saved").mkdir()
    before, after = facts(made), facts(saved_by_libreoffice(need("libreoffice"), made, tmp_path / "saved"))
    for kind in before:
        assert after[kind] == before[kind], kind
    assert len(before["colours"]) > 500
