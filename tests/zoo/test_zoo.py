"""Every seeded error is found at its very cell, and its clean twin raises nothing."""

import pytest

import zoo
from metaan.terms.checks import CHECKS

#: the protocol and the settings are no cells of a workbook: tests/workbook/test_protocol.py and tests/workflow
ELSEWHERE = {"PROTOCOL", "CONFIG", "POOL"}


@pytest.mark.parametrize("case", zoo.cases(), ids=lambda case: case.name)
def test_the_error_is_caught_at_its_cell_and_the_twin_is_clean(case, tmp_path):
    outcome = zoo.run(case, tmp_path)
    assert [finding.text() for finding in outcome.alarms] == []
    assert outcome.caught, "\n".join(f"[{f.level.value}] {f.id} {f.text()}" for f in outcome.findings)
    for finding in outcome.findings:
        assert finding.level in CHECKS[finding.id].levels


def test_every_check_has_its_case():
    assert set(CHECKS) - {case.id for case in zoo.cases()} == ELSEWHERE
