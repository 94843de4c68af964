"""The traffic light of risk of bias: every judgement where it belongs, shares that add up, nothing on anything else."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import forest_cases
import numpy as np
import pytest
import quality_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st

from metaan.figures import palette
from metaan.figures.draw import MARGIN, draw, render
from metaan.figures.forest import lay_out as lay_out_forest
from metaan.figures.quality import lay_out
from metaan.figures.quality_bars import EDGE, WIDE
from metaan.figures.quality_content import deciding_tool, tool_blocks
from metaan.figures.repeated import REPEATED, Dots, Strokes, Tiles
from metaan.figures.signs import _STROKES
from metaan.terms import phrases
from metaan.terms.appraisal import LEVELS, deciding

SVG = "{http://www.w3.org/2000/svg}"
HAIR = 0.01


@pytest.fixture(params=sorted(cases.CASES))
def analysis(request):
    return cases.CASES[request.param]()


@pytest.fixture(params=["light", "wide", "narrow"])
def layout(request, analysis):
    if request.param == "light":
        return lay_out(analysis)
    return lay_out_forest(analysis, narrow=request.param == "narrow")


def solid(layout):
    """Extents of everything drawn that no text may touch, each sign and bar by itself."""
    for item in layout.items:
        if isinstance(item, REPEATED):
            yield from item.boxes
        elif item.role in ("interval", "study", "diamond", "arrow", "key", "prediction"):
            yield item.box


def touching(some, others):
    """Pairs of numbers of boxes that overlap."""
    one, other = np.reshape(some, (-1, 1, 4)), np.reshape(others, (1, -1, 4))
    apart = (one[..., :2] >= other[..., 2:] - HAIR) | (other[..., :2] >= one[..., 2:] - HAIR)
    return np.argwhere(~apart.any(axis=-1))


def collisions(layout):
    words = [item for item in layout.texts if item.role != "stars"]
    boxes = [item.box for item in words]
    found = [(words[i].text, words[j].text) for i, j in touching(boxes, boxes) if i < j]
    found += [(words[i].text, "drawn") for i, _ in touching(boxes, list(solid(layout)))]
    grades = touching(boxes, [item.box for item in layout.of("grade")])
    return found + [(words[i].text, "grade") for i, _ in grades if words[i].role != "grade-letter"]


def outside(layout):
    return [
        item
        for item in layout.items
        if item.box[0] < -HAIR
        or item.box[2] > layout.width + HAIR
        or item.box[1] < -HAIR
        or item.box[3] > layout.height + HAIR
    ]


def cells(layout):
    """Key -> (level or "", typed, proposed or nothing) as drawn."""
    found = {}
    for item in layout.items:
        if not isinstance(item, Dots) or item.role in ("edge", "inside"):
            continue
        level, _, by = item.role.partition(" ")
        for key in item.keys:
            if key != "key":
                assert key not in found
                found[key] = ("", "") if level == "ring" else ("" if level == "stars" else level, by)
    return found


def expected(analysis, *, kind):
    """Signs of the figure of quality, where anything was judged or proposed; of the strip, where a reviewer judged."""
    found = {}
    for synthesis in analysis.strata:
        for block in tool_blocks(synthesis):
            if not (block.any_judged if kind == "quality" else any(row.by == "typed" for row in block.rows)):
                continue
            for row in block.rows:
                shown = deciding(row.estimate.grade.appraisals, row.estimate.effect_id)
                wanted = [(d.level, d.by if d.level or d.stars is not None else "") for d in shown.domains]
                if any(head.key == "" for head in block.heads):
                    wanted.append((shown.level, shown.by))
                for number, (level, by) in enumerate(wanted):
                    word = {"typed": "judged", "proposed": "proposed"}.get(by, "")
                    found[f"{row.estimate.effect_id} {number}"] = (level, word)
    return found


def test_nothing_overlaps_and_nothing_leaves_the_page(layout):
    assert collisions(layout) == []
    assert outside(layout) == []


def test_every_judgement_stands_in_its_row_and_column_as_it_was_given(layout, analysis):
    assert cells(layout) == expected(analysis, kind=layout.kind.split()[0])
    rows = {item.row: item.box for item in layout.of("grade")}
    for item in layout.items:
        if isinstance(item, Dots):
            for key, (_, y) in zip(item.keys, item.centres, strict=True):
                if key != "key" and layout.kind == "quality":
                    _, top, _, bottom = rows[key.rpartition(" ")[0]]
                    assert y == pytest.approx((top + bottom) / 2)


def test_signs_are_strokes_of_their_level(layout, analysis):
    drawn = {}
    for item in layout.items:
        if isinstance(item, Strokes):
            for key in item.keys:
                drawn[key] = drawn.get(key, 0) + 1
    drawn.pop("key", None)
    stars = any(item.role == "stars" for item in layout.texts)
    wanted = {
        key: len(_STROKES[level])
        for key, (level, _) in expected(analysis, kind=layout.kind.split()[0]).items()
        if level
    }
    assert drawn == wanted or (stars and drawn.items() <= wanted.items())


def test_a_proposal_is_white_inside_and_a_judgement_is_not(layout, analysis):
    hollow = {key for item in layout.items if item.role == "inside" for key in item.keys} - {"key"}
    wanted = expected(analysis, kind=layout.kind.split()[0])
    assert hollow == {key for key, (level, by) in wanted.items() if by != "judged"}


def test_key_names_the_looks_in_use_and_no_other(layout, analysis):
    wanted = expected(analysis, kind=layout.kind.split()[0]).values()
    words = " ".join(item.text for item in layout.texts if item.role == "sign-key")
    for level in LEVELS:
        assert (palette.LEVEL_WORDS[level] in words) == any(level == found for found, _ in wanted)
    assert ("hollow: proposed from recorded facts" in words) == any(by == "proposed" for _, by in wanted)
    assert ("not assessed" in words) == any(not by for _, by in wanted)


def test_columns_are_explained(layout, analysis):
    said = " ".join(item.text for item in layout.texts)
    for synthesis in analysis.strata:
        block = deciding_tool(synthesis)
        for head in block.heads if block else ():
            for word in head.label.split():
                assert word in said or word.capitalize() in said
        if block:
            assert all(word in said for word in block.tool.split())


def test_shares_by_number_and_by_weight_are_those_of_the_records(analysis):
    layout = lay_out(analysis)
    drawn = {}
    for item in layout.items:
        if isinstance(item, Tiles) and item.role == "bar-edge":
            for key, (left, _, right, _) in zip(item.keys, item.boxes, strict=True):
                drawn.setdefault((item.stratum, *key.split(" ")), []).append((right - left) / WIDE)
    for synthesis in analysis.strata:
        for block in tool_blocks(synthesis):
            for column, head in enumerate(block.heads):
                counted = any(row.signs[column].stars for row in block.rows)
                if len(block.rows) < 2 or not block.any_judged or counted:
                    assert not any(key[:3] == (block.stratum.name, "number", head.head) for key in drawn)
                    continue
                total = sum(row.estimate.weight for row in block.rows)
                for name in ("number", "weight"):
                    wanted = {}
                    for row in block.rows:
                        shown = row.signs[column]
                        part = 1 / len(block.rows) if name == "number" else row.estimate.weight / total
                        key = (block.stratum.name, name, head.head, shown.level or "not", shown.by)
                        wanted[key] = wanted.get(key, 0.0) + part
                    got = {
                        key: sum(parts)
                        for key, parts in drawn.items()
                        if key[:3] == (block.stratum.name, name, head.head)
                    }
                    assert got == pytest.approx(wanted)
                    assert sum(got.values()) == pytest.approx(1)


def test_both_bars_are_labelled():
    layout = lay_out(cases.all_judged())
    labels = [item.text for item in layout.texts if item.role == "bar-label"]
    assert labels.count("number") == labels.count("weight") == 7 + 11
    parts = [item for item in layout.items if isinstance(item, Tiles) and item.role.startswith("bar ")]
    edges = [item for item in layout.items if isinstance(item, Tiles) and item.role == "bar-edge"]
    assert sum(len(item.boxes) for item in parts) == sum(len(item.boxes) for item in edges)
    whole = min(right - left for item in edges for left, _, right, _ in item.boxes)
    inner = min(right - left for item in parts for left, _, right, _ in item.boxes)
    assert inner == pytest.approx(whole - 2 * EDGE)


def test_it_is_said_who_judged():
    said = {
        name: " ".join(item.text for item in lay_out(make()).texts if item.role == "tally")
        for name, make in cases.CASES.items()
    }
    assert said["all_judged"] == (
        "All 4 comparisons have been judged by a reviewer. All 33 comparisons have been judged by a reviewer."
    )
    assert said["none_judged"].startswith("None of 4 comparisons has been judged by a reviewer. No recorded fact")
    assert said["all_proposed"].startswith(
        "None of 4 comparisons has been judged by a reviewer; for all, recorded facts"
    )
    assert said["trials"].startswith(
        "3 of 6 comparisons have been judged by a reviewer; for 2, recorded facts propose at least one judgement, "
        "which nobody has confirmed; 1 is not assessed."
    )
    assert said["one"] == "The one comparison has been judged by a reviewer."


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((1, 0, 0), "the one trial has not been judged by a reviewer"),
        ((2, 1, 0), "1 of 2 trials has been judged by a reviewer; 1 is not assessed"),
        ((5, 0, 0), "none of 5 trials has been judged by a reviewer"),
        ((2, 2, 0), "both trials have been judged by a reviewer"),
        (
            (2, 0, 2),
            "none of 2 trials has been judged by a reviewer; for both, recorded facts propose at least one judgement, "
            "which nobody has confirmed",
        ),
        (
            (1, 0, 1),
            "the one trial has not been judged by a reviewer; recorded facts propose at least one judgement, "
            "which nobody has confirmed",
        ),
    ],
)
def test_sentence_about_who_judged(counts, said):
    assert phrases.assessed(*counts, noun="trial") == said


def test_stars_are_shown_as_numbers():
    layout = lay_out(cases.trials())
    shown = [item.text for item in layout.texts if item.role == "stars"]
    wanted = [
        str(domain.stars)
        for estimate in cases.trials().strata[1].estimates
        for domain in estimate.grade.appraisals[0].domains
    ]
    assert sorted(shown) == sorted(wanted)
    assert any("of 4" in item.text for item in layout.texts)


def test_applicability_stands_apart_under_letters():
    layout = lay_out(cases.two_and_one())
    heads = [item for item in layout.texts if item.role == "head"][1:]
    assert [item.text for item in heads] == ["1", "2", "3", "4", "a", "b", "c"]
    gaps = [b.x - a.x for a, b in pairwise(heads)]
    assert gaps[3] > gaps[0]
    assert len(set(gaps)) == 2


def test_judgement_of_a_result_comes_before_that_of_its_comparison():
    analysis = cases.one()
    effect = analysis.strata[0].estimates[0].effect_id
    own = dataclasses.replace(cases.judged(cases.JBI, 0, levels=("critical",)), effect_id=effect)
    other = dataclasses.replace(cases.judged(cases.ROB2, 0, levels=("high",)), main=False)
    changed = cases.with_appraisals(analysis, lambda s, n, e: [cases.judged(cases.JBI, 0, levels=("low",)), own, other])
    assert set(cells(lay_out(changed)).values()) == {("critical", "judged")}


def test_two_tools_in_one_stratum_make_two_blocks_and_one_strip():
    analysis = cases.with_appraisals(
        forest_cases.trials_and_cohorts(),
        lambda s, n, e: [cases.judged(cases.ROB2 if n else cases.JBI, n)] if s == "trial" else [],
    )
    layout = lay_out(analysis)
    assert [item.text for item in layout.texts if item.role == "tool"] == [cases.JBI[0], cases.ROB2[0]]
    rows = {key.rpartition(" ")[0] for key in cells(lay_out_forest(analysis))}
    assert rows == {estimate.effect_id for estimate in analysis.strata[0].estimates[1:]}


def test_without_any_tool_the_picture_is_one_sentence():
    for make in forest_cases.CASES.values():
        layout = lay_out(make())
        assert layout.description == "No quality tool was used on a comparison of this question."
        assert " ".join(item.text for item in layout.items) == layout.description
        assert render(layout, "svg")


def test_without_a_judgement_the_forest_plot_is_the_one_without_tools():
    bare = forest_cases.passive_smoking()
    for narrow in (False, True):
        assert lay_out_forest(cases.none_judged(), narrow=narrow) == lay_out_forest(bare, narrow=narrow)


def test_nothing_judged_takes_no_table():
    layout = lay_out(cases.none_judged())
    assert not layout.of("grade")
    assert layout.height < 250


def test_picture_stays_small():
    assert len(render(lay_out(cases.all_judged()), "svg")) < 60_000
    assert len(render(lay_out(cases.trials()), "svg")) < 25_000


@pytest.mark.parametrize("format", ["svg", "pdf", "png"])
def test_same_layout_same_bytes(format):
    assert render(lay_out(cases.trials()), format) == render(lay_out(cases.trials()), format)


def places(d):
    """Starting points of the subpaths, each of whose steps is counted from where the last ended."""
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmhvlz])([^Mmhvlz]*)", d):
        values = [float(text) for text in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        if command in "Mm":
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
            start = (x, y)
            yield start
        elif command == "z":
            x, y = start
        else:
            x += values[0] if command in "hl" else 0.0
            y += values[-1] if command in "vl" else 0.0


def test_svg_draws_every_repeated_shape_where_the_layout_has_it(layout):
    root = ET.fromstring(render(layout, "svg"))
    items = [item for item in layout.items if isinstance(item, REPEATED)]
    roles = {item.role for item in items}
    drawn = [element for element in root if element.tag == f"{SVG}path" and element.get("class") in roles]
    assert len(drawn) == len(items)
    for element, item in zip(drawn, items, strict=True):
        assert element.get("class") == item.role
        found = list(places(element.get("d")))
        if isinstance(item, Dots):
            wanted, paint = item.centres, "stroke"
            assert float(element.get("stroke-width")) == pytest.approx(2 * item.radius, abs=0.006)
        elif isinstance(item, Tiles):
            wanted, paint = [(left, top) for left, top, _, _ in item.boxes], "fill"
        else:
            wanted, paint = [line[0] for line in item.lines], "stroke"
        assert element.get(paint) == item.colour
        assert len(found) == len(wanted)
        for (x, y), (wide, high) in zip(found, wanted, strict=True):
            assert (x, y) == pytest.approx((wide + MARGIN, high + MARGIN), abs=0.011)


def test_png_has_the_colours_of_the_levels():
    from io import BytesIO

    from PIL import Image

    image = Image.open(BytesIO(render(lay_out(cases.all_judged()), "png"))).convert("RGB")
    colours = {colour: count for count, colour in image.getcolors(1 << 16)}
    for colour in palette.LEVEL_COLOURS.values():
        assert colours[tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))] > 500


def test_a_matplotlib_figure_draws_it_too():
    assert draw(lay_out(cases.trials())).get_size_inches()[0] > 5


labels = st.text(st.sampled_from("abcdefghij WMé-/,"), min_size=1, max_size=50).map(lambda text: f"X{text}")


@settings(max_examples=25, deadline=None)
@given(
    names=st.lists(labels, min_size=1, max_size=16, unique=True),
    tool=labels,
    levels=st.lists(st.sampled_from(["", *LEVELS]), min_size=1, max_size=7),
    by=st.sampled_from(["typed", "proposed"]),
    count=st.integers(1, 5),
    data=st.data(),
)
def test_nothing_overlaps_whatever_is_judged(names, tool, levels, by, count, data):
    shown = [forest_cases.risk_ratio(f"{data.draw(labels)} {2000 + n}", "B", 3 + n, 40, 5, 41) for n in range(count)]
    bare = forest_cases.analysis("any", "Any", [forest_cases.synthesis("trial", "RR", shown)], words={})

    def made(stratum, number, estimate):
        domains = [
            cases.domain(
                f"D{i}", name, levels[(number + i) % len(levels)], by if levels[(number + i) % len(levels)] else ""
            )
            for i, name in enumerate(names)
        ]
        return [cases.appraisal(tool, domains, levels[number % len(levels)], by)]

    analysis = cases.with_appraisals(bare, made)
    for layout in (lay_out(analysis), lay_out_forest(analysis), lay_out_forest(analysis, narrow=True)):
        assert collisions(layout) == []
        assert outside(layout) == []
