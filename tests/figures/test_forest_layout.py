"""The forest plot as positions and strings: what stands where, and that nothing stands on anything else."""

import dataclasses
import math
import subprocess
import sys
from itertools import combinations

import forest_cases as cases
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.figures import forest_marks
from metaan.figures.axis import Axis
from metaan.figures.forest import lay_out
from metaan.figures.forest_marks import LARGEST, SMALLEST
from metaan.figures.layout import Box, Canvas, Line, Mark
from metaan.terms import phrases, wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Interval

DRAWN = {"interval", "prediction", "cap", "study", "diamond", "arrow", "key"}
HAIR = 0.01


def meet(one, other):
    return (
        one[0] < other[2] - HAIR and other[0] < one[2] - HAIR and one[1] < other[3] - HAIR and other[1] < one[3] - HAIR
    )


def collisions(layout):
    """Texts that overlap a text, or a mark of the plot, or a grade box that is not their own."""
    found = [(a.text, b.text) for a, b in combinations(layout.texts, 2) if meet(a.box, b.box)]
    solid = [item for item in layout.items if item.role in DRAWN]
    found += [(text.text, item.role) for text in layout.texts for item in solid if meet(text.box, item.box)]
    boxes = [item for item in layout.items if isinstance(item, Box) and item.role == "grade"]
    found += [
        (text.text, "grade box")
        for text in layout.texts
        for box in boxes
        if text.role != "grade-letter" and meet(text.box, box.box)
    ]
    return found


def outside(layout):
    return [
        item
        for item in layout.items
        if item.box[0] < -HAIR
        or item.box[2] > layout.width + HAIR
        or item.box[1] < -HAIR
        or item.box[3] > layout.height + HAIR
    ]


def synthesis_of(analysis, stratum):
    return next(s for s in analysis.strata if s.stratum == stratum)


def axis_of(layout, stratum):
    return next(panel.axis for panel in layout.panels if stratum in panel.strata)


def value_at(axis, x):
    return axis.low + (x - axis.x0) / (axis.x1 - axis.x0) * (axis.high - axis.low)


def test_nothing_overlaps_and_nothing_leaves_the_page(layout):
    assert collisions(layout) == []
    assert outside(layout) == []


def test_every_stratum_has_its_own_rows_and_no_item_spans_two(layout, analysis):
    assert [block.stratum for block in layout.blocks] == [s.stratum for s in analysis.strata]
    for above, below in zip(layout.blocks, layout.blocks[1:], strict=False):
        assert above.bottom < below.top
    extents = {block.stratum: (block.top, block.bottom) for block in layout.blocks}
    for item in layout.items:
        _, top, _, bottom = item.box
        if item.stratum:
            start, end = extents[item.stratum]
            assert start - HAIR <= top <= bottom <= end + HAIR, item
        else:
            assert all(bottom <= start + HAIR or top >= end - HAIR for start, end in extents.values()), item


def test_one_diamond_for_each_pooled_stratum_and_none_in_common(layout, analysis):
    summed = [s.stratum for s in analysis.strata if s.pooled and not analysis.no_bottom_line]
    assert [item.stratum for item in layout.of("diamond")] == summed


def test_without_a_meaningful_mean_the_studies_stand_alone():
    analysis = cases.long_and_wide()
    assert analysis.no_bottom_line
    assert any(s.pooled for s in analysis.strata)
    for narrow in (False, True):
        layout = lay_out(analysis, narrow=narrow)
        assert not layout.of("diamond")
        assert "no meaningful mean" in texts_of(layout, "no-pooling")


def test_one_panel_and_axis_for_each_scale(layout, analysis):
    assert [panel.measure for panel in layout.panels] == list(dict.fromkeys(s.measure for s in analysis.strata))
    assert len(layout.of("axis")) == len(layout.panels)
    for panel in layout.panels:
        assert list(panel.strata) == [s.stratum for s in analysis.strata if s.measure == panel.measure]
    for above, below in zip(layout.panels, layout.panels[1:], strict=False):
        assert above.bottom < below.top


def test_marks_and_intervals_stand_at_their_values(layout, analysis):
    for synthesis in analysis.strata:
        axis = axis_of(layout, synthesis.stratum)
        marks = {item.row: item for item in layout.of("study")}
        bars = {item.row: item for item in layout.of("interval")}
        arrows = [item for item in layout.of("arrow") if item.stratum == synthesis.stratum]
        for estimate in synthesis.estimates:
            y, ci, bar = estimate.effect.y, estimate.ci, bars[estimate.effect_id]
            assert (estimate.effect_id in marks) == (axis.low <= y <= axis.high)
            if estimate.effect_id in marks:
                assert value_at(axis, marks[estimate.effect_id].x) == pytest.approx(y, abs=1e-9)
            assert value_at(axis, bar.x0) == pytest.approx(max(ci.low, axis.low), abs=1e-9)
            assert value_at(axis, bar.x1) == pytest.approx(min(ci.high, axis.high), abs=1e-9)
            heads = sum(arrow.row == estimate.effect_id for arrow in arrows)
            assert heads == (ci.low < axis.low) + (ci.high > axis.high)


def test_area_of_a_mark_is_proportional_to_weight(layout, analysis):
    for synthesis in analysis.strata:
        weights = {e.effect_id: e.weight for e in synthesis.estimates}
        sides = {item.row: item.side for item in layout.of("study") if item.stratum == synthesis.stratum}
        top = max(weights.values())
        for row, side in sides.items():
            assert SMALLEST <= side <= LARGEST
            if side > SMALLEST:
                assert side**2 / LARGEST**2 == pytest.approx(weights[row] / top, rel=1e-9)
            else:
                assert weights[row] / top <= (SMALLEST / LARGEST) ** 2 + 1e-12


def test_shape_and_colour_of_a_mark_are_those_of_its_stratum(layout):
    for mark in (*layout.of("study"), *layout.of("key")):
        stratum = STRATA[mark.stratum]
        assert (mark.shape, mark.colour) == (stratum.marker, stratum.colour)


@pytest.mark.parametrize("shape", ["o", "s", "D", "^", "P"])
def test_every_shape_has_the_area_of_its_square(shape):
    from metaan.figures.layout import OUTLINES, RADIUS

    if shape == "o":
        area = math.pi * RADIUS**2
    else:
        points = OUTLINES[shape]
        pairs = zip(points, (*points[1:], points[0]), strict=True)
        area = abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2
    assert area == pytest.approx(1.0, rel=1e-12)


def test_rows_are_sorted_by_grade_then_year(layout, analysis):
    for synthesis in analysis.strata:
        shown = [item.row for item in layout.of("grade") if item.stratum == synthesis.stratum]
        facts = {e.effect_id: (e.grade.grade, e.year) for e in synthesis.estimates}
        assert sorted(shown) == sorted(facts)
        assert [facts[row] for row in shown] == sorted(facts[row] for row in shown)
        tops = [item.y for item in layout.of("grade") if item.stratum == synthesis.stratum]
        assert tops == sorted(tops)


def test_reference_lines_stand_at_null_and_thresholds(layout, analysis):
    for synthesis in analysis.strata:
        axis = axis_of(layout, synthesis.stratum)
        nulls = [item for item in layout.of("null") if item.stratum == synthesis.stratum]
        assert nulls
        assert [value_at(axis, line.x0) for line in nulls] == pytest.approx([0.0] * len(nulls), abs=1e-9)
        dotted = [item for item in layout.items if isinstance(item, Line) and item.dotted]
        places = {round(value_at(axis, line.x0), 9) for line in dotted if line.stratum == synthesis.stratum}
        assert places == {round(synthesis.small.low, 9), round(synthesis.small.high, 9)}


def texts_of(layout, role):
    return " ".join(item.text for item in layout.texts if item.role == role)


def test_prediction_interval_is_drawn_and_marked_when_studies_are_few(layout, analysis):
    with_prediction = [s for s in analysis.strata if s.pooled and s.pooled.prediction and not analysis.no_bottom_line]
    assert [item.stratum for item in layout.of("prediction")] == [s.stratum for s in with_prediction]
    labels = [item.text for item in layout.texts if item.role == "prediction-label"]
    assert labels == [f"95 % prediction{' (few studies)' if s.k < 5 else ''}" for s in with_prediction]


def test_two_studies_bring_the_second_interval_and_the_sentence_once():
    analysis = cases.natural_killer()
    for narrow in (False, True):
        layout = lay_out(analysis, narrow=narrow)
        assert texts_of(layout, "further") == "Modified Knapp-Hartung (mKH) interval: −2.41 to 3.96"
        whole = " ".join(item.text for item in layout.texts)
        assert whole.count("no method gives a trustworthy interval") == 1


def test_one_study_has_no_diamond_but_a_sentence():
    layout = lay_out(cases.one_study())
    assert layout.of("diamond") == ()
    assert texts_of(layout, "no-pooling") == "one study: no pooling"
    assert texts_of(layout, "model") == ""


def test_study_that_cannot_be_pooled_stands_in_its_block():
    analysis = cases.natural_killer()
    for narrow in (False, True):
        layout = lay_out(analysis, narrow=narrow)
        lines = [item for item in layout.texts if item.role == "beside"]
        assert {line.stratum for line in lines} == {"prospective"}
        assert " ".join(line.text for line in lines).startswith("Not poolable: Katano 2013 (552 women)")
        assert "between 0.74 and 1.16" in " ".join(line.text for line in lines)


def test_study_that_cannot_be_pooled_gets_a_block_where_its_stratum_has_no_other():
    analysis = dataclasses.replace(cases.one_study(), beside=(cases.KATANO,))
    for narrow in (False, True):
        layout = lay_out(analysis, narrow=narrow)
        assert [block.stratum for block in layout.blocks] == ["case_control", "prospective"]
        assert {item.stratum for item in layout.texts if item.role == "beside"} == {"prospective"}
        assert collisions(layout) == []


def test_analysis_of_nothing_but_a_study_that_cannot_be_pooled():
    analysis = dataclasses.replace(cases.one_study(), strata=(), beside=(cases.KATANO,))
    for narrow in (False, True):
        layout = lay_out(analysis, narrow=narrow)
        assert layout.panels == ()
        assert "Katano 2013" in texts_of(layout, "beside")


def test_last_line_is_the_difference(layout, analysis):
    if analysis.differences:
        last = max(layout.texts, key=lambda item: item.y)
        assert last.role == "difference"
        assert texts_of(layout, "difference") == " ".join(phrases.difference(d) for d in analysis.differences)
    else:
        assert layout.of("difference") == ()


def test_sensitivity_rows_are_not_drawn():
    analysis = cases.trials_and_cohorts()
    first = analysis.strata[0]
    aside = dataclasses.replace(
        first, others=(cases.estimate(cases.risk_ratio("Aside 2020", "A", 5, 20, 4, 20), "trial", "RR", None),)
    )
    layout = lay_out(dataclasses.replace(analysis, strata=(aside, *analysis.strata[1:])))
    assert layout == lay_out(analysis)


def test_converted_rows_carry_a_dagger_with_a_footnote(layout, analysis):
    converted = {e.effect_id for s in analysis.strata for e in s.estimates if e.effect.converted}
    assert {item.row for item in layout.of("dagger")} == converted
    assert ("†" in texts_of(layout, "footnote")) == bool(converted)


def test_row_that_cannot_be_estimated_is_listed_and_not_drawn():
    analysis = cases.trials_and_cohorts()
    first = analysis.strata[0]
    effect = dataclasses.replace(first.estimates[0].effect, y=math.nan, v=math.nan)
    lost = dataclasses.replace(first.estimates[0], effect=effect, ci=Interval(math.nan, math.nan), weight=None)
    changed = dataclasses.replace(first, estimates=(lost, *first.estimates[1:]))
    for narrow in (False, True):
        layout = lay_out(dataclasses.replace(analysis, strata=(changed, *analysis.strata[1:])), narrow=narrow)
        row = [item for item in layout.items if item.row == lost.effect_id]
        assert not [item for item in row if isinstance(item, Mark) or item.role == "interval"]
        assert any("not estimable" in item.text for item in layout.texts if item.row == lost.effect_id)


def test_estimate_far_from_all_others_does_not_flatten_them():
    layout = lay_out(cases.long_and_wide())
    axis = layout.panels[0].axis
    assert axis.high < math.log(20)
    assert "Beyond the axis: van den Heuvel-Eibrink-Papadopoulos 2011." in texts_of(layout, "footnote")


def test_diamond_cut_at_the_edge_keeps_its_slope_and_gets_an_arrow():
    analysis = cases.natural_killer()
    first = analysis.strata[0]
    wide = dataclasses.replace(first.pooled, ci=Interval(first.pooled.estimate - 9, first.pooled.estimate + 9))
    layout = lay_out(
        dataclasses.replace(analysis, strata=(dataclasses.replace(first, pooled=wide), *analysis.strata[1:]))
    )
    diamond = next(item for item in layout.of("diamond") if item.stratum == first.stratum)
    axis = layout.panels[0].axis
    left, top, right, bottom = diamond.box
    assert (left, right) == (axis.x0, axis.x1)
    edge = [y for x, y in diamond.points if x == axis.x1]
    share = (wide.ci.high - axis.high) / (wide.ci.high - wide.estimate)
    assert (max(edge) - min(edge)) / (bottom - top) == pytest.approx(share)
    heads = [item for item in layout.of("arrow") if item.stratum == first.stratum and not item.row]
    assert len([head for head in heads if top - HAIR <= head.box[1] and head.box[3] <= bottom + HAIR]) == 2


@pytest.mark.parametrize(
    ("value", "ci", "points", "arrows"),
    [
        (3.0, Interval(0.0, 6.0), [(100, -1 / 3), (100, 1 / 3), (50, 0)], 1),  # its middle beyond the right end
        (-3.0, Interval(-6.0, 0.0), [(0, -1 / 3), (50, 0), (0, 1 / 3)], 1),
        (3.0, Interval(-6.0, 4.0), [(100, -7 / 9), (100, 7 / 9), (0, 5 / 9), (0, -5 / 9)], 2),
        (5.0, Interval(2.0, 8.0), [], 1),  # all of it beyond
        (5.0, Interval(-math.inf, math.inf), [(100, -1), (100, 1), (0, 1), (0, -1)], 2),
        (0.0, Interval(-0.5, 0.5), [(50, -1), (75, 0), (50, 1), (25, 0)], 0),
    ],
)
def test_a_diamond_is_cut_at_both_ends_of_the_axis_wherever_its_middle_is(value, ci, points, arrows):
    axis = Axis(measure="SMD", low=-1.0, high=1.0, x0=0.0, x1=100.0, ticks=())
    canvas = Canvas()
    forest_marks.diamond(canvas, axis, 0.0, value, ci, "#000000")
    drawn = [item.points for item in canvas.items if item.role == "diamond"]
    assert len(drawn) == bool(points)
    for found in drawn:
        assert [(x, y / forest_marks.DIAMOND) for x, y in found] == [pytest.approx(point) for point in points]
    assert len([item for item in canvas.items if item.role == "arrow"]) == arrows


def test_description_gives_the_finding_in_sixty_words(layout, analysis):
    assert 0 < len(layout.description.split()) <= 60
    first = next((s for s in analysis.strata if s.pooled), None)
    if first:
        assert wording.effect(first.measure, first.pooled.estimate, first.pooled.ci).split(" ")[0] in layout.description


def test_layout_needs_no_drawing():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import forest_cases\n"
        "from metaan.figures.forest import lay_out\n"
        "lay_out(forest_cases.one_study())\n"
        "print([m for m in ('matplotlib.figure', 'matplotlib.pyplot', 'scipy', 'pandas') if m in sys.modules])\n"
    )
    folder = str(cases.__file__).rsplit("/", 1)[0]
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


labels = st.text(st.sampled_from("abcdefghij WMé-/,."), min_size=1, max_size=60).map(lambda text: f"X{text} 2001")
cells = st.one_of(
    st.just(""),
    st.builds("{}/{}".format, st.integers(0, 20_000), st.integers(1, 99_999)),
    st.builds("{}: {:.2f} ({:.2f})".format, st.integers(1, 9_999), st.floats(-999, 999), st.floats(0.01, 999)),
)


@st.composite
def studies(draw, largest):
    spread = draw(st.sampled_from([0.05, 0.4, 3.0]))
    count = draw(st.integers(1, largest))
    made = []
    for number in range(count):
        y = draw(st.floats(-1, 1)) * spread
        half = draw(st.floats(0.01, 3))
        made.append(
            cases.Study(
                f"{draw(labels)[:50]} {number}",
                draw(st.sampled_from("ABCD")),
                y,
                y - half,
                y + half,
                draw(cells),
                draw(cells),
                best=draw(st.sampled_from(["", "A"])),
                converted=draw(st.booleans()),
            )
        )
    return made


@settings(max_examples=30, deadline=None)
@given(
    first=studies(12),
    second=studies(4),
    measure=st.sampled_from(["OR", "RR", "SMD", "MD", "RD"]),
    words=st.sampled_from([("", ""), ("fewer", "more"), ("far fewer events among those who had it",) * 2]),
    heads=st.sampled_from([("", ""), ("Cases", "Controls"), ("Exposed to smoke: events/women", "Not exposed")]),
    narrow=st.booleans(),
)
def test_nothing_overlaps_whatever_is_laid_out(first, second, measure, words, heads, narrow):
    strata = [
        cases.synthesis("prospective", measure, first, small=Interval(-0.1, 0.1)),
        cases.synthesis("case_control", measure, second, remarks=["a remark " * 12]),
    ]
    named = {"group1": heads[0], "group2": heads[1], "low": words[0], "high": words[1]}
    layout = lay_out(cases.analysis("any", "Any", strata, words=named), narrow=narrow)
    assert collisions(layout) == []
    assert outside(layout) == []


@pytest.mark.parametrize("count", [1, 2, 40])
def test_height_grows_with_the_number_of_studies(count):
    some = [cases.ratio(f"S{n} 2000", "B", 1 + n / 50, 0.5, 2 + n / 10, "9/99", "8/88") for n in range(count)]
    heights = [
        lay_out(cases.analysis("n", "N", [cases.synthesis("trial", "RR", part)], words={})).height
        for part in (some, [*some, cases.ratio("Z 2001", "B", 1.2, 0.6, 2.4, "9/99", "8/88")])
    ]
    assert heights[1] >= heights[0] + 20


def test_a_panel_has_the_words_of_its_own_strata():
    analysis = cases.natural_killer()
    own = {"group1": "Lost", "group2": "Born", "high": "more of it with loss"}
    strata = tuple(dataclasses.replace(s, words=own if s.stratum == "prospective" else {}) for s in analysis.strata)
    first, second = lay_out(dataclasses.replace(analysis, strata=strata)).panels, lay_out(analysis).panels
    assert len(first) == len(second) == 2
    said = [item.text for item in lay_out(dataclasses.replace(analysis, strata=strata)).items if hasattr(item, "text")]
    assert {"Lost", "Born"} <= set(said)
    assert any("more of it with loss" in text for text in said)
    assert analysis.words["group1"].split()[0] in " ".join(said)
