from copy import deepcopy

import pytest

import small_review
from metaan import plan
from metaan.terms.finding import Level


def audited(folder, sheets=None, change=None):
    """Return what is found beyond the checks of cells, rows and sheets."""
    analyses = deepcopy(small_review.PROTOCOL["analyses"])
    if change:
        change(analyses[0])
    path = small_review.write(folder / "tea", sheets, small_review.protocol(analyses=analyses))
    return tuple(f for f in plan.read(plan.Review(path.parent)).findings if f.id in ("POOL", "PROTOCOL"))


def test_a_sound_review_raises_nothing(tmp_path):
    assert audited(tmp_path) == ()


@pytest.mark.parametrize(("column", "word"), [("outcome_good", "yes"), ("effect_kind", "benefit")])
def test_outcomes_of_opposite_meaning_are_never_pooled(tmp_path, column, word):
    sheets = small_review.rows()
    sheets["Effects"][1][column] = word
    (finding,) = audited(tmp_path, sheets)
    assert (finding.id, finding.level, finding.origin.sheet) == ("POOL", Level.ERROR, "Effects")
    assert finding.origin.cell.endswith("3")
    assert f'{column} "{word}"' in finding.found


def test_the_same_people_do_not_count_twice(tmp_path):
    sheets = small_review.rows()
    sheets["Effects"].append({**sheets["Effects"][0], "effect_id": "Ames2001-pr-2", "timepoint": "later"})
    (finding,) = audited(tmp_path, sheets)
    assert (finding.id, finding.level) == ("POOL", Level.ERROR)
    assert "Ames2001-pr-1 is the first" in finding.found


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.update(sensitivity=[{"label": "x", "why": "y", "without": ["Ames2002"]}]),
        lambda item: item.update(sensitivity=[{"label": "x", "why": "y", "with": ["Ames2002"]}]),
        lambda item: item.update(common_scale={"studies": ["Ames2002"], "measure": "OR", "conversions": []}),
    ],
)
def test_a_study_the_protocol_misspells_is_an_error(tmp_path, change):
    (finding,) = audited(tmp_path, change=change)
    assert (finding.id, finding.level, finding.to_fix) == ("PROTOCOL", Level.ERROR, 'did you mean "Ames2001"?')


def test_a_filter_word_that_no_row_has_is_told(tmp_path):
    found = audited(tmp_path, change=lambda item: item["include"].update(subgroup=["women"]))
    assert {f.level for f in found} == {Level.WARNING}
    assert any('"women", which no row has' in f.found for f in found)
    assert sum("no row of the workbook is a" in f.found for f in found) == 2
