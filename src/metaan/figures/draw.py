"""A layout drawn with matplotlib and written as SVG with real text, PDF or PNG: same layout, same bytes."""

import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from metaan.figures import style
from metaan.figures.layout import OUTLINES, RADIUS, Box, Item, Layout, Line, Mark, Polygon, Text

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.path import Path
    from matplotlib.transforms import Transform

Format = Literal["svg", "pdf", "png"]

MARGIN = 10.0  #: white edge on every side
DPI = 200
EDGED = 6.0  #: marks from this side on stand off their interval by a white edge
_SVG = "http://www.w3.org/2000/svg"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def draw(layout: Layout) -> "Figure":
    """Draw a layout as a matplotlib figure; one layout unit is one point."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    wide, high = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    with matplotlib.rc_context(style.SETTINGS):  # type: ignore[arg-type]
        figure = Figure(figsize=(wide / 72, high / 72), dpi=72, facecolor=style.PAPER)
        place = Affine2D().translate(MARGIN, MARGIN).scale(1 / 72, -1 / 72).translate(0, high / 72)
        transform = place + figure.dpi_scale_trans
        for order, item in enumerate(layout.items):
            artist = _artist(figure, item, transform)
            artist.set_zorder(order)
    return figure


def _artist(figure: "Figure", item: Item, transform: "Transform") -> "Artist":
    from matplotlib.lines import Line2D
    from matplotlib.patches import PathPatch

    if isinstance(item, Text):
        return figure.text(
            item.x,
            item.y,
            item.text,
            transform=transform,
            fontsize=item.size,
            color=item.colour,
            family=style.FONT,
            weight="bold" if item.bold else "normal",
            ha={"start": "left", "middle": "center", "end": "right"}[item.anchor],
            va="baseline",
            parse_math=False,
        )
    if isinstance(item, Line):
        line = Line2D(
            (item.x0, item.x1),
            (item.y0, item.y1),
            transform=transform,
            color=item.colour,
            linewidth=item.thickness,
            linestyle=(0, (1.5, 2.5)) if item.dotted else "-",
            solid_capstyle="butt",
            dash_capstyle="butt",
        )
        return figure.add_artist(line)
    if not isinstance(item, Box | Mark | Polygon):
        raise TypeError(f"nothing draws a {type(item).__name__}")
    patch = PathPatch(
        _path(item),
        transform=transform,
        facecolor=item.colour,
        edgecolor=style.PAPER if isinstance(item, Mark) else "none",
        linewidth=0.6 if isinstance(item, Mark) and item.side >= EDGED else 0.0,
        joinstyle="miter",
    )
    return figure.add_artist(patch)


def _path(item: Box | Mark | Polygon) -> "Path":
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    if isinstance(item, Mark):
        spread = Affine2D().scale(item.side).translate(item.x, item.y)
        if item.shape == "o":
            return Affine2D().scale(RADIUS).transform_path(Path.unit_circle()).transformed(spread)
        return _closed(OUTLINES[item.shape]).transformed(spread)
    if isinstance(item, Polygon):
        return _closed(item.points)
    left, top, right, bottom = item.box
    if not item.radius:
        return _closed(((left, top), (right, top), (right, bottom), (left, bottom)))
    r = item.radius
    corners = (
        ((right - r, top), (right, top), (right, top + r)),
        ((right, bottom - r), (right, bottom), (right - r, bottom)),
        ((left + r, bottom), (left, bottom), (left, bottom - r)),
        ((left, top + r), (left, top), (left + r, top)),
    )
    points, codes = [(left + r, top)], [Path.MOVETO]
    for corner in corners:
        points += corner
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*points, points[0]], [*codes, Path.CLOSEPOLY])


def _closed(points: Iterable[tuple[float, float]]) -> "Path":
    from matplotlib.path import Path

    vertices = list(points)
    return Path([*vertices, vertices[0]], closed=True)


def render(layout: Layout, format: Format, *, dpi: int = DPI) -> bytes:
    """Return a layout as the bytes of a file; see `render_all`."""
    return render_all(layout, (format,), dpi=dpi)[format]


def render_all(layout: Layout, formats: Iterable[Format], *, dpi: int = DPI) -> dict[Format, bytes]:
    """Draw a layout once and return it in several formats.

    Parameters
    ----------
    layout : Layout
        What to draw.
    formats : iterable of {"svg", "pdf", "png"}
        What to write. The SVG is one element without prolog, ready to stand inside an HTML page; its text is text.
    dpi : int
        Resolution of the PNG.

    Returns
    -------
    dict
        Format -> bytes, free of dates and versions.
    """
    import matplotlib

    metadata: dict[Format, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": layout.title},
    }
    figure = draw(layout)
    written: dict[Format, bytes] = {}
    for name in formats:
        buffer = io.BytesIO()
        with matplotlib.rc_context(style.SETTINGS):  # type: ignore[arg-type]
            for text in figure.texts:
                text.set_visible(name != "svg")  # `_finish` writes them
            if name == "png":
                written[name] = _png(figure, layout, dpi)
                continue
            figure.savefig(buffer, format=name, dpi=72, metadata=metadata[name])
        written[name] = _finish(buffer.getvalue(), layout) if name == "svg" else buffer.getvalue()
    return written


def _png(figure: "Figure", layout: Layout, dpi: int) -> bytes:
    """Return the figure with a palette of its own colours and their shades towards white: a quarter of the size."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, PngImagePlugin

    before = figure.dpi
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    figure.set_dpi(before)
    palette = Image.new("P", (1, 1))
    palette.putpalette(_palette(item.colour for item in layout.items))
    words = PngImagePlugin.PngInfo()
    words.add_itxt("Title", layout.title)
    words.add_itxt("Description", layout.description)
    buffer = io.BytesIO()
    flat = image.quantize(palette=palette, dither=Image.Dither.NONE)
    flat.save(buffer, format="png", dpi=(dpi, dpi), pnginfo=words, compress_level=6)
    return buffer.getvalue()


def _palette(colours: Iterable[str]) -> list[int]:
    """Return at most 256 colours as red, green, blue in turn: those given, and even steps from white to each.

    Pillow looks colours up in cells four units wide, so a shade that close to a colour in use would take its place.
    """
    used = {tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in (*colours, style.PAPER)}
    flat = sorted(used, reverse=True)
    steps = (256 - len(flat)) // len(flat)
    shades = {
        tuple(255 + (value - 255) * step // (steps + 1) for value in rgb)
        for rgb in flat
        for step in range(1, steps + 1)
    }
    apart = [shade for shade in sorted(shades) if all(math.dist(shade, rgb) > 12 for rgb in flat)]
    return [value for rgb in (*flat, *apart) for value in rgb]


def _finish(svg: bytes, layout: Layout) -> bytes:
    """Turn the shapes matplotlib drew into an SVG that may stand in a page beside others.

    Groups, generated ids, the style sheet and metadata go, so nothing can clash with the page; every element keeps the
    role of its item as class; texts come from the layout as text; title and description come first.
    """
    drawn = ET.fromstring(svg)
    view = drawn.get("viewBox", "")
    wide, high = view.split()[2:]
    title, description = f"{layout.name}-title", f"{layout.name}-desc"
    root = ET.Element(
        "svg",
        {
            "xmlns": _SVG,
            "id": layout.name,
            "class": layout.kind,
            "viewBox": view,
            "width": wide,
            "height": high,
            "style": f"width:100%;max-width:{_short(1.25 * float(wide))}px;height:auto",
            "role": "img",
            "aria-labelledby": f"{title} {description}",
            "font-family": style.FALLBACK,
            "stroke-linejoin": "miter",
        },
    )
    ET.SubElement(root, "title", {"id": title}).text = layout.title
    ET.SubElement(root, "desc", {"id": description}).text = layout.description
    background, *shapes = (
        element for group in drawn.iter(f"{{{_SVG}}}g") for element in group if element.tag == f"{{{_SVG}}}path"
    )
    _shape(root, background, "paper")
    expected = len(layout.items) - len(layout.texts)
    if len(shapes) != expected:
        raise RuntimeError(f"{expected} shapes were laid out and {len(shapes)} drawn")
    drawn_shapes = iter(shapes)
    for item in layout.items:
        if isinstance(item, Text):
            _text(root, item)
        elif isinstance(item, Mark) and item.shape == "o":
            _circle(root, next(drawn_shapes), item)
        else:
            _shape(root, next(drawn_shapes), item.role)
    ET.indent(root, "")
    return ET.tostring(root, encoding="utf-8") + b"\n"


def _text(root: ET.Element, item: Text) -> None:
    attributes = {
        "class": item.role,
        "x": _short(item.x + MARGIN),
        "y": _short(item.y + MARGIN),
        "font-size": _short(item.size),
        "fill": item.colour,
    }
    if item.anchor != "start":
        attributes["text-anchor"] = item.anchor
    if item.bold:
        attributes["font-weight"] = "bold"
    ET.SubElement(root, "text", attributes).text = item.text


def _shape(root: ET.Element, element: ET.Element, role: str) -> None:
    outline = " ".join(element.get("d", "").split())
    d = _LONG_NUMBER.sub(lambda match: _short(float(match[0])), outline)
    ET.SubElement(root, "path", {"class": role, "d": d, **_paint(element)})


def _circle(root: ET.Element, element: ET.Element, item: Mark) -> None:
    place = {"cx": _short(item.x + MARGIN), "cy": _short(item.y + MARGIN), "r": _short(RADIUS * item.side)}
    ET.SubElement(root, "circle", {"class": item.role, **place, **_paint(element)})


def _paint(element: ET.Element) -> dict[str, str]:
    """Return the style of a drawn element as attributes."""
    attributes = {}
    for declaration in element.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if value and declaration.strip() != "stroke-linejoin: miter":
            attributes[name.strip()] = value.strip()
    return attributes


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
