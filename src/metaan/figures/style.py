"""House style: colours, sizes and fonts of every figure, in points (one point is one unit of the SVG)."""

from typing import Final

INK: Final = "#1b1f24"
GREY: Final = "#59636e"  # 6 : 1 on white, 5.6 : 1 on BAND
RULE: Final = "#d5d9de"
GRID: Final = "#eceff2"
AXIS: Final = "#7d8590"
BAND: Final = "#f3f5f7"
PAPER: Final = "#ffffff"

BODY: Final = 11.5
SMALL: Final = 10.0
TINY: Final = 8.5

FONT: Final = "DejaVu Sans"  #: ships with matplotlib; every width is measured in it
FALLBACK: Final = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
SLACK: Final = 1.04  #: room for a browser font that runs wider than the one measured

DARK_GRADES: Final = frozenset("AD")  #: grades whose box takes white text

SETTINGS: Final[dict[str, object]] = {  # those matplotlib's renderers read
    "svg.hashsalt": "metaan",
    "pdf.fonttype": 3,
    "pdf.compression": 6,
    "path.simplify": False,
    "text.hinting": "no_hinting",
}
