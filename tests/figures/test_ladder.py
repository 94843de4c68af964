import pytest
from test_forest_layout import collisions, outside

from metaan.figures.draw import render
from metaan.figures.ladder import NOTHING, lay_out
from metaan.figures.layout import Mark
from metaan.robustness.repeats import Repeat, ladder
from metaan.terms.record import Interval

LABELS = {
    ("variation", "within_observer"): "one observer, twice",
    ("variation", "between_cycles"): "between two cycles of one person",
    ("marker", "long"): "a marker whose name is much longer than any column of a figure could ever hold in one line",
}


def label(name, word):
    return LABELS.get((name, word), word.replace("_", " "))


def repeat(rung, statistic, value, ci=None, people=None, marker="marker", says=""):
    return Repeat(
        rel_id=f"{rung}-{statistic}-{value}",
        study_id="Ames2001",
        label="Ames 2001",
        rung=rung,
        statistic=statistic,
        value=value,
        ci=ci,
        people=people,
        times=None,
        measured=(marker, "blood", ""),
        categories="",
        says=says,
        row=2,
        cell="M2",
    )


ROWS = (
    repeat("between_cycles", "ICC", 0.41, Interval(0.2, 0.6), 120),
    repeat("between_cycles", "pearson_r", -0.05, Interval(-0.3, 0.2), 40, "long"),
    repeat("within_observer", "kappa", 0.94),
    repeat("within_observer", "kappa", 1.0),
    repeat("between_days", "direction_only", None, says="fell"),
)


@pytest.fixture(params=[False, True], ids=["wide", "narrow"])
def narrow(request):
    return request.param


def test_nothing_overlaps_and_nothing_leaves_the_ladder(narrow):
    found = lay_out(ladder(ROWS), label, people="women", narrow=narrow)
    assert collisions(found) == []
    assert outside(found) == []


def test_rungs_and_results_stand_in_their_order(narrow):
    found = lay_out(ladder(ROWS), label, narrow=narrow)
    assert [text.text for text in found.of("rung")] == ["One observer, twice", "Between two cycles of one person"]
    assert [mark.row for mark in found.of("study")] == [
        "within_observer-kappa-1.0",
        "within_observer-kappa-0.94",
        "between_cycles-ICC-0.41",
        "between_cycles-pearson_r--0.05",
    ]


def test_marks_stand_at_their_values_and_never_left_of_nought(narrow):
    found = lay_out(ladder(ROWS), label, narrow=narrow)
    marks = [mark for mark in found.of("study") if isinstance(mark, Mark)]
    left, right = sorted(line.x0 for line in found.of("grid"))[0], sorted(line.x0 for line in found.of("grid"))[-1]
    shares = [(mark.x - left) / (right - left) for mark in marks]
    assert shares == pytest.approx([1.0, 0.94, 0.41, 0.0])
    assert [mark.shape for mark in marks] == ["o", "o", "s", "D"]


def test_results_in_words_are_counted_not_drawn(narrow):
    found = lay_out(ladder(ROWS), label, narrow=narrow)
    assert "1 result in words or other units is in the table only" in " ".join(t.text for t in found.of("note"))
    assert found.description == "One observer, twice: 0.94 to 1.00; between two cycles of one person: −0.05 to 0.41."


def test_without_an_agreement_the_figure_says_so(narrow):
    found = lay_out(ladder(ROWS[-1:]), label, narrow=narrow)
    assert found.description == NOTHING
    assert found.of("study") == ()
    assert collisions(found) == outside(found) == []


def test_same_rows_same_bytes():
    found = lay_out(ladder(ROWS), label)
    assert render(found, "svg") == render(found, "svg")
