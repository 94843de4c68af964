"""The forest plot as files: numbers read back out of the SVG, ids, and the same bytes every time."""

import io
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from collections import Counter

import forest_cases as cases
import pytest

from metaan.figures.draw import DPI, MARGIN, draw, render, render_all
from metaan.figures.forest import lay_out
from metaan.figures.layout import Item
from metaan.terms.measures import MEASURES

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"[−-]?\d[\d\u202f]*(?:\.\d+)?")


def numbers(text):
    return [float(found.replace("−", "-").replace("\u202f", "")) for found in NUMBER.findall(text)]


def texts(root, role):
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text") if element.get("class") == role]


def close(shown, true):
    """Whether a printed number is the true one rounded: to a hundredth, or to two digits where it is large."""
    return abs(shown - true) <= max(0.00501, 0.051 * (abs(true) >= 10), 0.51 * (abs(true) >= 100))


@pytest.mark.parametrize("name", ["passive_smoking", "natural_killer", "one_study", "trials_and_cohorts"])
@pytest.mark.parametrize("narrow", [False, True])
def test_numbers_in_the_svg_are_those_of_the_records(name, narrow):
    analysis = cases.CASES[name]()
    root = ET.fromstring(render(lay_out(analysis, narrow=narrow), "svg"))
    if narrow:
        shown = [numbers(text) for text in texts(root, "effect")]
        pooled = [numbers(text) for text in texts(root, "pooled-effect")]
    else:
        shown = [numbers(" ".join(pair)) for pair in zip(texts(root, "value"), texts(root, "limits"), strict=True)]
        pooled = [
            numbers(" ".join(pair))
            for pair in zip(texts(root, "pooled-value"), texts(root, "pooled-limits"), strict=True)
        ]
    expected, diamonds = [], []
    for synthesis in analysis.strata:
        printed = MEASURES[synthesis.measure].printed
        rows = sorted(synthesis.estimates, key=lambda e: (e.grade.grade, e.year, e.label))
        expected += [[printed(x) for x in (e.effect.y, e.ci.low, e.ci.high)] for e in rows]
        if synthesis.pooled:
            p = synthesis.pooled
            diamonds.append([printed(x) for x in (p.estimate, p.ci.low, p.ci.high)])
    assert len(shown) == len(expected)
    assert len(pooled) == len(diamonds)
    for line, truth in zip([*shown, *pooled], [*expected, *diamonds], strict=True):
        assert all(close(x, t) for x, t in zip(line, truth, strict=True)), (line, truth)


def test_weights_in_the_svg_sum_to_a_hundred():
    analysis = cases.trials_and_cohorts()
    root = ET.fromstring(render(lay_out(analysis), "svg"))
    weights = [float(text) for text in texts(root, "weight")]
    assert sum(weights[:6]) == pytest.approx(100, abs=0.3)  # six numbers of one decimal
    assert sum(weights[6:]) == pytest.approx(100, abs=0.15)


def test_svg_carries_title_and_description_and_fits_its_place(layout, analysis):
    root = ET.fromstring(render(layout, "svg"))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert (title.text, description.text) == (analysis.title, layout.description)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert "width:100%" in root.get("style")
    assert "height:auto" in root.get("style")
    wide, high = (float(part) for part in root.get("viewBox").split()[2:])
    assert (wide, high) == pytest.approx((layout.width + 2 * MARGIN, layout.height + 2 * MARGIN), abs=0.01)
    assert root.get("font-family").endswith("sans-serif")


def test_svg_keeps_text_as_text_in_the_order_of_the_layout(layout):
    root = ET.fromstring(render(layout, "svg"))
    assert ["".join(element.itertext()) for element in root.iter(f"{SVG}text")] == [t.text for t in layout.texts]


def test_svg_draws_every_shape_where_the_layout_has_it(layout):
    root = ET.fromstring(render(layout, "svg"))
    shapes = [element for element in root if element.tag in (f"{SVG}path", f"{SVG}circle")][1:]
    items = [item for item in layout.items if not hasattr(item, "text")]
    assert [element.get("class") for element in shapes] == [item.role for item in items]
    for element, item in zip(shapes, items, strict=True):
        left, top, right, bottom = item.box
        if element.tag == f"{SVG}circle":
            x, y, r = (float(element.get(name)) for name in ("cx", "cy", "r"))
            found = (x - r, y - r, x + r, y + r)
        else:
            points = [float(number) for number in re.findall(r"-?[\d.]+", element.get("d"))]
            found = min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])
        there = (left + MARGIN, top + MARGIN, right + MARGIN, bottom + MARGIN)
        assert found == pytest.approx(there, abs=0.011)  # two decimals are written
        paint = element.get("fill") if element.get("fill") != "none" else element.get("stroke")
        assert paint.lower() == item.colour.lower()


def test_pictures_of_one_page_share_no_id_and_no_reference():
    pictures = [
        render(lay_out(make(), narrow=narrow), "svg").decode()
        for make in cases.CASES.values()
        for narrow in (False, True)
    ]
    ids = [name for picture in pictures for name in re.findall(r'\bid="([^"]*)"', picture)]
    assert max(Counter(ids).values()) == 1
    assert len(ids) == 3 * len(pictures)
    for picture in pictures:
        assert not re.search(r"url\(|href|<style|<script|<\?xml|<!DOCTYPE|<metadata", picture)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in ids)


@pytest.mark.parametrize("format", ["svg", "pdf", "png"])
def test_same_layout_same_bytes(format):
    analysis = cases.long_and_wide()
    first, second = (render(lay_out(analysis), format) for _ in range(2))
    assert first == second
    assert render_all(lay_out(analysis), ("svg", "pdf", "png"))[format] == first


def test_same_bytes_in_another_process():
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import forest_cases\n"
        "from metaan.figures.draw import render_all\nfrom metaan.figures.forest import lay_out\n"
        "made = render_all(lay_out(forest_cases.natural_killer()), ('svg', 'pdf', 'png'))\n"
        "print([hashlib.sha256(data).hexdigest() for data in made.values()])\n"
    )
    folder = str(cases.__file__).rsplit("/", 1)[0]
    printed = {
        subprocess.run(
            [sys.executable, "-c", code, folder],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def test_files_tell_neither_date_nor_version():
    made = render_all(lay_out(cases.one_study()), ("svg", "pdf", "png"))
    for data in made.values():
        assert not re.search(rb"CreationDate|ModDate|dc:date|[Mm]atplotlib", data)


def test_png_has_the_size_asked_for_and_exact_flat_colours():
    from PIL import Image

    layout = lay_out(cases.trials_and_cohorts())
    image = Image.open(io.BytesIO(render(layout, "png")))
    assert image.size[0] == pytest.approx((layout.width + 2 * MARGIN) * DPI / 72, abs=1)
    assert image.info["Title"] == "Intravenous immunoglobulin and live birth"
    colours = {colour: count for count, colour in image.convert("RGB").getcolors(256)}
    for flat in ("#ffffff", "#f3f5f7", "#08519c", "#009e73", "#cc79a7"):
        assert colours[tuple(int(flat[i : i + 2], 16) for i in (1, 3, 5))] > 1000
    assert max(colours, key=colours.get) == (255, 255, 255)


def test_words_of_markup_come_through():
    root = ET.fromstring(render(lay_out(cases.long_and_wide()), "svg"))
    assert root.find(f"{SVG}title").text == "Prednisolone & “immune” therapy <any> and live birth"
    assert root.get("id") == "9-wide-ranges-forest-wide"


def test_svg_stays_small():
    assert len(render(lay_out(cases.passive_smoking()), "svg")) < 60_000
    assert len(render(lay_out(cases.trials_and_cohorts()), "svg")) < 25_000


def test_item_nobody_can_draw_is_refused():
    layout = lay_out(cases.one_study())
    strange = type(layout)(
        name="x",
        kind="x",
        title="x",
        description="x",
        width=10,
        height=10,
        items=(Item(role="strange", colour="#000000"),),
    )
    for format in ("svg", "pdf", "png"):
        with pytest.raises(TypeError, match="nothing draws"):
            render(strange, format)


def test_a_matplotlib_figure_of_a_layout_is_the_picture_of_its_file():
    from PIL import Image, ImageChops

    layout = lay_out(cases.natural_killer())
    buffer = io.BytesIO()
    draw(layout).savefig(buffer, format="png", dpi=DPI)
    file = Image.open(io.BytesIO(render(layout, "png")))
    figure = Image.open(buffer).convert("RGB").quantize(palette=file, dither=Image.Dither.NONE)
    assert ImageChops.difference(figure.convert("RGB"), file.convert("RGB")).getbbox() is None


def test_pdf_holds_every_text_as_text():
    layout = lay_out(cases.natural_killer())
    pdf = render(layout, "pdf")
    streams = [
        zlib.decompressobj().decompress(pdf[start.end() :])
        for start in re.finditer(rb"/FlateDecode[^>]*>>\s*stream\r?\n", pdf)
    ]
    page = next(stream for stream in streams if b" Tf" in stream)
    assert len(re.findall(rb"\bBT\b", page)) >= len(layout.texts)  # a line is one text object or more
    assert b"/ToUnicode" in pdf


def test_svg_and_png_need_no_matplotlib_figure():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import forest_cases\n"
        "from metaan.figures.draw import render_all\nfrom metaan.figures.forest import lay_out\n"
        "render_all(lay_out(forest_cases.one_study()), ('svg', 'png'))\n"
        "print([m for m in ('matplotlib.figure', 'matplotlib.pyplot', 'fontTools.subset') if m in sys.modules])\n"
    )
    folder = str(cases.__file__).rsplit("/", 1)[0]
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
