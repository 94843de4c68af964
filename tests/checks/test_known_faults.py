"""Faults that the sources of the NK review are known to have are found once nobody has settled them."""

from pathlib import Path

import pytest

from checked_rows import extraction
from metaan.checks.check import check
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook

FOLDER = Path(__file__).parents[2] / "data" / "nk-cells"
SETTLES = {
    "Effects": ("dependency_group", "shared_rule"),
    "Studies": ("same_cohort_as", "independent_of"),
}


@pytest.fixture(scope="module")
def found():
    protocol = read_protocol(FOLDER / "protocol.yaml")
    read = read_workbook(FOLDER / "extraction.xlsx", protocol.layout)
    sheets = {
        name: [{k: v for k, v in row.values.items() if k not in SETTLES.get(name, ())} for row in rows]
        for name, rows in read.rows.items()
        if name != "Overrides"
    }
    names = {
        (sheet, number): row[key]
        for sheet, key in (("Effects", "effect_id"), ("Studies", "study_id"))
        for number, row in enumerate(sheets[sheet], 2)
    }
    said = check(extraction(sheets, protocol), protocol)
    return {(f.id, names.get((f.origin.sheet, f.origin.row), "")): f for f in said}


@pytest.mark.parametrize(
    ("check_id", "row", "what"),
    [
        ("S02", "ChenC2017CN-ccb-1", "ChenC2017CN-cca-1"),  # one control group, two groups of cases
        ("S02", "NKC2022-ccb-1", "NKC2022-cca-1"),
        ("S04", "LujanIrastorza_RIF-cc-1", "m2 9.5, sd2 0.6"),  # the same control value in two papers
        ("S03", "Yazd2004", "Hadinedoushan2007"),  # series that overlap
        ("S03", "KimIVIG2022", "UlsanThesis_IVIG"),
        ("S08", "Stephenson1998-tr-2", "37 at risk"),  # women enrolled used as pregnancies
    ],
)
def test_a_known_fault_is_found(found, check_id, row, what):
    assert what in found[check_id, row].found
