"""Widths of texts in the house font, and lines broken to a width."""

import re
from functools import cache
from pathlib import Path

from metaan.figures.style import SLACK

ASCENT, DESCENT = 0.76, 0.24  #: of the size: height of capitals and accents above, depth below the baseline
_UNITS = 1000
_BREAK = re.compile(r"(?<![=<]) +(?![=<%])")  #: "62 %" and "P = 0.03" stay whole


@cache
def font_file(bold: bool) -> Path:
    """Return the file of the house font, regular or bold, as matplotlib ships it."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@cache
def _font(bold: bool) -> object:
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(font_file(bold)))
    font.set_size(_UNITS, 72)
    return font


@cache
def _advance(character: str, bold: bool) -> float:
    font = _font(bold)
    glyph = font.load_char(ord(character))  # type: ignore[attr-defined]
    return glyph.linearHoriAdvance / 65536 / _UNITS


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line of text, slack for another font included.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size; the result has the same unit.
    bold : bool
        Measure the bold face.
    """
    return SLACK * size * sum(_advance(character, bold) for character in text)


def wrap(text: str, size: float, limit: float, *, bold: bool = False) -> tuple[str, ...]:
    """Break text into lines no wider than `limit`, at spaces where possible, inside a word where not.

    Returns
    -------
    tuple of str
        At least one line; words are never lost.
    """
    lines: list[str] = []
    line = ""
    for word in _BREAK.split(text.strip(" ")):
        joined = f"{line} {word}" if line else word
        if width(joined, size, bold=bold) <= limit:
            line = joined
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, size, limit, bold)
        lines.extend(whole)
    return (*lines, line) if line or not lines else tuple(lines)


def _pieces(word: str, size: float, limit: float, bold: bool) -> list[str]:
    """Cut a word that is wider than the limit; keep cuts after a slash or hyphen where there is one."""
    pieces = []
    while width(word, size, bold=bold) > limit and len(word) > 1:
        end = 1
        while end < len(word) and width(word[: end + 1], size, bold=bold) <= limit:
            end += 1
        soft = max(word.rfind(mark, 0, end) for mark in "/-–") + 1
        end = soft if soft > 1 else end
        pieces.append(word[:end])
        word = word[end:]
    return [*pieces, word]
