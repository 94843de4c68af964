"""A layout painted by matplotlib's renderers as SVG with real text, PDF or PNG: same layout, same bytes."""

import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from metaan.figures import draw_repeated, style
from metaan.figures.layout import OUTLINES, RADIUS, Box, Item, Layout, Line, Mark, Polygon, Text
from metaan.figures.repeated import REPEATED, Strokes
from metaan.figures.text import font_file

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase, RendererBase
    from matplotlib.figure import Figure
    from matplotlib.path import Path
    from matplotlib.transforms import Transform

Format = Literal["svg", "pdf", "png"]

MARGIN = 10.0  #: white edge on every side
DPI = 150
EDGED = 6.0  #: marks from this side on stand off their interval by a white edge
DOTS = (1.5, 2.5)  #: length of a dot and of the gap after it, in thicknesses of the line
_OWN = (Text, *REPEATED)  #: written by `_finish`; matplotlib draws the others
_SVG = "http://www.w3.org/2000/svg"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def draw(layout: Layout) -> "Figure":
    """Return a layout as a matplotlib figure; one layout unit is one point.

    Files are painted without one: importing `matplotlib.figure` takes longer than painting an SVG.
    """
    import matplotlib
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    class Picture(Artist):
        def draw(self, renderer: "RendererBase") -> None:
            with matplotlib.rc_context(style.SETTINGS):  # type: ignore[arg-type]
                _paint(layout, renderer, layout.items)

    wide, high = _size(layout)
    figure = Figure(figsize=(wide / 72, high / 72), dpi=72, facecolor=style.PAPER)
    figure.add_artist(Picture())
    return figure


def _size(layout: Layout) -> tuple[float, float]:
    """Return width and height of the paper in points."""
    return layout.width + 2 * MARGIN, layout.height + 2 * MARGIN


def _paper(layout: Layout) -> Box:
    wide, high = _size(layout)
    return Box(role="paper", colour=style.PAPER, x=-MARGIN, y=-MARGIN, width=wide, height=high)


def _paint(layout: Layout, renderer: "RendererBase", items: Iterable[Item]) -> None:
    """Paint items in their order; matplotlib measures from the lower edge of the paper."""
    from matplotlib.transforms import Affine2D

    scale = float(renderer.points_to_pixels(1))  # type: ignore[arg-type]
    place = Affine2D().translate(MARGIN, MARGIN - _size(layout)[1]).scale(scale, -scale)
    for item in items:
        context = renderer.new_gc()
        context.set_snap(False)
        if isinstance(item, Text):
            _paint_text(renderer, context, item, place)
        else:
            _paint_shape(renderer, context, item, place)
        context.restore()


def _paint_text(renderer: "RendererBase", context: "GraphicsContextBase", item: Text, place: "Transform") -> None:
    from matplotlib.font_manager import FontProperties

    # the very file that widths are measured in, not a font of that name found on the machine
    font = FontProperties(family=style.FONT, size=item.size, fname=font_file(item.bold))
    x, y = place.transform((item.x, item.y))
    if item.anchor != "start":
        wide, _, _ = renderer.get_text_width_height_descent(item.text, font, False)
        x -= wide if item.anchor == "end" else wide / 2
    if renderer.flipy():
        y = renderer.get_canvas_width_height()[1] - y
    context.set_foreground(item.colour)
    renderer.draw_text(context, x, y, item.text, font, 0)


def _paint_shape(renderer: "RendererBase", context: "GraphicsContextBase", item: Item, place: "Transform") -> None:
    from matplotlib.colors import to_rgb

    if isinstance(item, Line | Strokes):
        context.set_foreground(item.colour)
        context.set_linewidth(item.thickness)
        context.set_capstyle("butt")
        context.set_joinstyle("round")
        if isinstance(item, Line) and item.dotted:
            context.set_dashes(0, [length * item.thickness for length in DOTS])
        renderer.draw_path(context, _path(item), place)
        return
    edged = isinstance(item, Mark) and item.side >= EDGED
    context.set_foreground(style.PAPER)
    context.set_linewidth(0.6 if edged else 0.0)
    context.set_joinstyle("miter")
    renderer.draw_path(context, _path(item), place, to_rgb(item.colour))


def _path(item: Item) -> "Path":
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    if isinstance(item, REPEATED):
        return draw_repeated.path(item)
    if isinstance(item, Mark):
        spread = Affine2D().scale(item.side).translate(item.x, item.y)
        if item.shape == "o":
            return Affine2D().scale(RADIUS).transform_path(Path.unit_circle()).transformed(spread)
        return _closed(OUTLINES[item.shape]).transformed(spread)
    if isinstance(item, Line):
        return Path([(item.x0, item.y0), (item.x1, item.y1)])
    if isinstance(item, Polygon):
        return _closed(item.points)
    if not isinstance(item, Box):
        raise TypeError(f"nothing draws a {type(item).__name__}")
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

    paint = {"svg": _svg, "pdf": _pdf, "png": lambda layout: _png(layout, dpi)}
    with matplotlib.rc_context(style.SETTINGS):  # type: ignore[arg-type]
        return {name: paint[name](layout) for name in formats}


def _svg(layout: Layout) -> bytes:
    from matplotlib.backends.backend_svg import RendererSVG

    drawn = io.StringIO()
    renderer = RendererSVG(*_size(layout), drawn, metadata={"Date": None, "Creator": None})
    _paint(layout, renderer, (item for item in (_paper(layout), *layout.items) if not isinstance(item, _OWN)))
    renderer.finalize()
    return _finish(drawn.getvalue(), layout)


def _pdf(layout: Layout) -> bytes:
    from matplotlib.backends.backend_pdf import PdfFile, RendererPdf

    wide, high = (side / 72 for side in _size(layout))
    buffer = io.BytesIO()
    metadata = {"CreationDate": None, "Creator": None, "Producer": None, "Title": layout.title}
    file = PdfFile(buffer, metadata=metadata)
    file.newPage(wide, high)
    renderer = RendererPdf(file, 72, high, wide)
    _paint(layout, renderer, (_paper(layout), *layout.items))
    renderer.finalize()
    file.finalize()
    file.close()
    return buffer.getvalue()


def _png(layout: Layout, dpi: int) -> bytes:
    """Return the picture with a palette of its own colours and their shades towards white: a quarter of the size."""
    from matplotlib.backends.backend_agg import RendererAgg
    from PIL import Image, PngImagePlugin

    wide, high = (int(side * dpi / 72) for side in _size(layout))
    renderer = RendererAgg(wide, high, dpi)
    _paint(layout, renderer, (_paper(layout), *layout.items))
    image = Image.frombuffer("RGBA", (wide, high), renderer.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
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


def _finish(svg: str, layout: Layout) -> bytes:
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
    background, *shapes = drawn.iter(f"{{{_SVG}}}path")
    _shape(root, background, "paper")
    expected = sum(not isinstance(item, _OWN) for item in layout.items)
    if len(shapes) != expected:
        raise RuntimeError(f"{expected} shapes were laid out and {len(shapes)} drawn")
    drawn_shapes = iter(shapes)
    for item in layout.items:
        if isinstance(item, Text):
            _text(root, item)
        elif isinstance(item, REPEATED):
            ET.SubElement(root, "path", draw_repeated.attributes(item, MARGIN))
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
    ET.SubElement(root, "path", {"class": role, "d": d, **_style(element)})


def _circle(root: ET.Element, element: ET.Element, item: Mark) -> None:
    place = {"cx": _short(item.x + MARGIN), "cy": _short(item.y + MARGIN), "r": _short(RADIUS * item.side)}
    ET.SubElement(root, "circle", {"class": item.role, **place, **_style(element)})


def _style(element: ET.Element) -> dict[str, str]:
    """Return the style of a drawn element as attributes."""
    attributes = {}
    for declaration in element.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if value and declaration.strip() != "stroke-linejoin: miter":
            attributes[name.strip()] = value.strip()
    return attributes


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
