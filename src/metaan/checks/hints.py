"""How to mend a cell whose text is not exactly one number: each way of typing it has its own answer."""

import re

from metaan.workbook.columns import Column
from metaan.workbook.values import clean, plain_signs

_NUMBER = r"[+-]?\d+(?:[.,·]\d+)?"
_NOTHING = {
    *("n/a", "n.a.", "na", "nr", "n.r.", "n/r", "nd", "n.d.", "none", "null", "nan", "#n/a", "missing", "unknown"),
    *("not reported", "not given", "not stated", "-", "--", "–", "—", "?", ".", "x"),
}
_MONTHS = re.compile(r"\b(jan|feb|mar|mär|apr|ma[yi]|jun|jul|aug|sept?|o[ck]t|nov|de[cz])[a-zé]*\b", re.IGNORECASE)
_ONE = "one number in one cell: "


def hint(text: str, column: Column, decimal_mark: str) -> str:
    """Return what to do about text that is not one number."""
    plain = plain_signs(clean(text))
    if plain.casefold() in _NOTHING:
        return "NR if you looked and the source does not say, NA if it cannot apply"
    return (
        _several(plain)
        or _sign(plain, column)
        or _range(plain, column)
        or _marks(plain, decimal_mark)
        or "type only the number, or NR if the source does not give it"
    )


def _several(text: str) -> str:
    if "±" in text or "+/-" in text or re.search(r"\d\s*\+-\s*\d", text):
        return _ONE + "put the mean and the spread into their own columns, and say in spread_type what the spread is"
    if re.match(rf"{_NUMBER}\s*\(\s*{_NUMBER}\s*%\s*\)", text) or re.match(rf"{_NUMBER}\s*%\s*\(", text):
        return _ONE + "the count here; the percentage has a column of its own (pct_1, pct_2)"
    if "(" in text or "[" in text:
        return _ONE + "put the estimate, the limits, the spread and the count into their own columns"
    if re.fullmatch(rf"{_NUMBER}\s*(/|of|out of)\s*{_NUMBER}", text):
        return _ONE + "the events into one column and the total into the next"
    if "%" in text:
        return "type the number without the percent sign"
    return ""


def _sign(text: str, column: Column) -> str:
    if text.startswith(("<", ">", "≤", "≥", "=")):
        if column.name == "p_value":
            return "type the number here and the sign into p_cmp"
        return "a bound is no value: type NR here, and what the source says into notes"
    if re.match(r"(~|≈|ca\.?\s|c\.\s|about\s|approx)", text, re.IGNORECASE):
        return "type the number alone; if it was read off a figure, choose figure_digitised as src_type"
    if re.match(r"[–—‐‑]\s*[\d.,]", text):
        return "a dash stands in place of the minus sign: type - and the number"
    return ""


def _range(text: str, column: Column) -> str:
    if _MONTHS.search(text) and re.search(r"\d", text) and column.kind != "date":
        return "a spreadsheet turned what was typed into a day: look it up in the source and type it again"
    if re.search(r"\d\s*([-–—‐‑…]|\.\.\.?|to|bis)\s*[-+]?\d", text):
        return _ONE + "put the two ends into their own columns (min and max, quartiles, or the limits)"
    return ""


def _marks(text: str, decimal_mark: str) -> str:
    thousands, decimal = (",", "a point") if decimal_mark == "point" else (".", "a comma")
    if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", text):
        whole = text.replace(thousands, "")
        return f"{whole}, or a number with decimals? type it without the mark, or with {decimal} before the decimals"
    if re.fullmatch(r"[+-]?\d{1,3}(?:['’ ]\d{3})+(?:[.,]\d+)?", text):
        return "type it without the blanks or marks between the thousands"
    if re.fullmatch(r"[+-]?[\d.]*,[\d.,]*", text) and decimal_mark == "point":
        return "use a point, or set decimal_mark to comma on the sheet Review"
    if re.fullmatch(r"[+-]?[\d,]*\.[\d.,]*", text) and decimal_mark == "comma":
        return "this review uses the comma as decimal mark (sheet Review, decimal_mark)"
    if re.fullmatch(r"[+-]?[\d.,]+([eE][+-]?\d+)?", text):
        if not text.isascii():
            return "type the digits 0 to 9"
        return "compare with the source: no count or measurement is like that"
    if re.match(rf"{_NUMBER}\s*[^\d\s.,]+", text):
        return "type the number without its unit or words; they belong into unit or notes"
    return ""
