"""Card of the marker as a test."""

import pytest
from boxes import collisions, outside

from between_cases import bundled
from cutoff_cases import marker
from metaan.figures.between.accuracy import lay_out, reading
from metaan.figures.draw import render
from metaan.robustness.between.accuracy import of

TABLES = [
    ("Ames", "prospective", "10", 40, 10, 20, 80),
    ("Ames", "prospective", "20", 25, 25, 8, 92),
    ("Bell", "prospective", "10", 30, 8, 25, 60),
    ("Bell", "prospective", "15", 24, 14, 12, 73),
    ("Cole", "prospective", "20", 10, 12, 3, 50),
    ("Dunn", "case_control", "12", 45, 5, 6, 44),
    ("Earl", "case_control", "12", 50, 0, 6, 44),
    ("Ford", "case_control", "12", 30, 20, 6, 44),
]
LONG = [(f"A very long name of a study number {i}", "prospective", "10", 1000, 0, 0, 100000) for i in range(6)]
RISKS = {
    "baseline_risks": [{"value": 0.0001, "source": "a register of all births"}, {"value": 0.9, "source": "clinic"}]
}
CASES = {
    "blood activity": lambda: bundled("nk-cells", "blood-activity"),
    "several": lambda: marker(TABLES),
    "apart": lambda: marker(TABLES[:3] + TABLES[5:], settings={"accuracy": RISKS}),
    "long": lambda: marker(LONG),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_overlaps_or_leaves_the_page(name):
    review = CASES[name]()
    layout = lay_out(of(review), review.analysis)
    assert (collisions(layout), outside(layout)) == ([], [])
    assert len(render(layout, "svg")) < 17_000


def test_blood_activity_reads_in_women_out_of_a_hundred():
    review = CASES["blood activity"]()
    assert reading(of(review), review.analysis) == (
        "In Aoki 1995 at the cut-off ≥ 42.0, starting from 38 of 100 women with the outcome (Aoki 1995 itself, 26 of "
        "68), 71 (54 to 83) of 100 women with a high test have it, and 20 (13 to 31) of 100 with a low one."
    )


def test_shares_stand_where_the_axis_says():
    review = CASES["blood activity"]()
    found = of(review)
    layout = lay_out(found, review.analysis)
    ticks = {item.text: item.x for item in layout.texts if item.role == "tick" and "%" not in item.text}
    (dotted,) = layout.of("before")[:1]
    share = (dotted.x0 - ticks["0"]) / (ticks["100"] - ticks["0"])
    assert share == pytest.approx(26 / 68)
    points = sorted(layout.of("point"), key=lambda point: point.y)
    shares = [(point.x - ticks["0"]) / (ticks["100"] - ticks["0"]) for point in points]
    assert shares == pytest.approx([17 / 26, 35 / 42, 17 / 24, 9 / 44])


def test_studies_without_counts_are_named():
    review = CASES["blood activity"]()
    words = " ".join(item.text for item in lay_out(of(review), review.analysis).texts)
    assert "5 prospective studies give no counts at a cut-off" in words
    assert "Katano 2013" in words


def test_case_control_studies_stand_apart_with_their_penalty():
    review = CASES["several"]()
    layout = lay_out(of(review), review.analysis)
    words = [item.text for item in layout.texts]
    assert words.count("divided by 3.0") == 2
    assert "1 more study not drawn." in words
    assert "as such designs overstated other tests (Lijmer 1999)" in reading(of(review), review.analysis)
    marked = [item.shape for item in layout.of("study")]
    assert marked == ["s"] * 4


def test_what_is_not_drawn_is_said():
    review = CASES["apart"]()
    words = [item.text for item in lay_out(of(review), review.analysis).texts]
    assert "1 more study or risk not drawn." in words
