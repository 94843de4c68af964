"""How cells are formatted, as far as it tells what was typed: number format and strike-through."""

import re
from dataclasses import dataclass

from metaan.workbook.archive import Archive
from metaan.workbook.parts import MAIN, parse

#: formats that have a number and no text in the file (ECMA-376 part 1, 18.8.30)
_BUILT_IN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    **dict.fromkeys((*range(14, 18), *range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys(range(18, 22), "hh:mm"),
    22: "yyyy-mm-dd hh:mm",
    **dict.fromkeys((37, 38), "#,##0"),
    **dict.fromkeys((39, 40), "#,##0.00"),
    **dict.fromkeys((45, 46, 47), "mm:ss"),
    48: "##0.0E+0",
    49: "@",
}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Style:
    """What the format of a cell says about its value."""

    code: str  #: number format of positive values, without literal text
    date: bool  #: the number is shown as a date or time
    struck: bool = False


GENERAL = Style("General", False)


def style(code: str, struck: bool = False) -> Style:
    """Return what a number format says."""
    bare = _LITERAL.sub("", code.split(";")[0])
    plain = bare.lower().replace("general", "")
    return Style(bare or "General", any(letter in plain for letter in "dmyhs"), struck)


def read_styles(archive: Archive, part: str) -> list[Style]:
    """Return the styles of a workbook, in the order cells refer to them."""
    codes: dict[int, str] = dict(_BUILT_IN)
    struck: list[bool] = []
    found: list[Style] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if not name.startswith(MAIN):
            inside.append("")
            return
        tag = name[len(MAIN) + 1 :]
        above = inside[-1] if inside else ""
        if tag == "numFmt" and above == "numFmts":
            codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "General")
        elif tag == "font" and above == "fonts":
            struck.append(False)
        elif tag == "strike" and above == "font" and struck:
            struck[-1] = attributes.get("val", "1").lower() not in ("0", "false")
        elif tag == "xf" and above == "cellXfs":
            font = _whole(attributes.get("fontId"))
            code = codes.get(_whole(attributes.get("numFmtId")), "General")
            found.append(style(code, 0 <= font < len(struck) and struck[font]))
        inside.append(tag)

    if part:
        parse(archive.chunks(part), start, lambda _: inside.pop())
    return found


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
