"""The slips people make when they copy a number, and how often.

Every slip is told backwards: a cell says 14.3, the paper may say 13.4. What the paper may say is listed with the rate
of the slip that would lead from there to what was typed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from metaan.checks.slips import one_digit, transposed
from metaan.terms import wording
from metaan.workbook.columns import Sheet
from metaan.workbook.forms import FORMS
from metaan.workbook.read import Row
from metaan.workbook.values import MINUS_SIGNS, clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of slip."""

    name: str
    rate: float  #: chance that a number, or for the last four a row, carries it
    meaning: str


#: Xu 2022, BMJ 377:e069155: 17.0 % of trial entries of 2x2 data could not be reproduced, 49.2 % of the errors were
#: numerical; an entry has four numbers
NUMBER = 0.170 * 0.492 / 4

#: Verhoeff 1969, Error detecting decimal codes: 79 % of copying errors change one digit, 10 % exchange two neighbours.
#: The share of shifts is an assumption. Kadlec 2023, Sports Med 53:313-325: 45 % of reviews of means took a standard
#: error for a standard deviation at least once; 3 % of studies if a review has about 20 (assumption). No rate was found
#: for the other way round, for exchanged groups and for ratios turned over (Xu 2022 and Gotzsche 2007, JAMA
#: 298:430-437, name swaps and signs as causes): all three are assumptions.
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="digit", rate=0.79 * NUMBER, meaning="one digit wrong"),
        Kind(name="exchanged", rate=0.10 * NUMBER, meaning="two digits exchanged"),
        Kind(name="shift", rate=0.05 * NUMBER, meaning="the decimal point one place off"),
        Kind(name="length", rate=0.05 * NUMBER, meaning="a digit too many or too few"),
        Kind(name="se_for_sd", rate=0.03, meaning="standard errors typed as standard deviations"),
        Kind(name="sd_for_se", rate=0.005, meaning="standard deviations typed as standard errors"),
        Kind(name="groups", rate=0.005, meaning="the two groups exchanged"),
        Kind(name="inverted", rate=0.005, meaning="the ratio turned over"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What the paper may say instead of what was typed."""

    kind: str  #: key of `KINDS`
    column: str  #: the cell to look at
    texts: Mapping[str, str]  #: column -> what the paper may say
    values: Mapping[str, object]  #: the same, typed
    rate: float


#: cells that change places when the groups do
_GROUPS = {
    "two_by_two": (("a_high_event", "c_low_event"), ("b_high_none", "d_low_none")),
    "events_totals": (
        ("events_high", "events_low"),
        ("total_high", "total_low"),
        ("high_event", "high_none"),
        ("n_event", "n_none"),
    ),
    "means": (("n1", "n2"), ("m1", "m2"), ("sd1", "sd2"), ("min1", "min2"), ("max1", "max2")),
    "medians": (("n1", "n2"), ("med1", "med2"), ("q1_1", "q1_2"), ("q3_1", "q3_2"), ("min1", "min2"), ("max1", "max2")),
}
_SIGN = {"higher_in_event": "lower_in_event", "lower_in_event": "higher_in_event"}


def numbers_of(row: Row, sheet: Sheet, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the columns whose numbers give the effect of a row, in the order of its form."""
    form = FORMS.get(row["form"])
    if form is None:
        return ()
    asked = [*form.required]
    for group in form.one_of:
        if all(values.get(name) is not None for name in group):
            asked += group
    kinds = {column.name: column.kind for column in sheet.columns}
    wanted = dict.fromkeys(name for name in asked if kinds.get(name) in ("integer", "number") and name != "ci_level")
    return tuple(name for name in wanted if values.get(name) is not None)


def slips(row: Row, sheet: Sheet, values: Mapping[str, object], decimal_mark: str = "point") -> Iterator[Slip]:
    """Yield what the paper may say instead, for every number behind the effect of a row.

    Parameters
    ----------
    row, sheet : Row, Sheet
        A row of Effects and its layout.
    values : mapping
        The typed row.
    decimal_mark : {"point", "comma"}
    """
    columns = numbers_of(row, sheet, values)
    whole = {column.name for column in sheet.columns if column.kind == "integer"}
    for column in columns:
        for kind, text, rate in _texts(_plain(row[column]), column in whole):
            number = float(text.replace(",", "."))
            value: object = int(number) if column in whole else number
            yield Slip(kind=kind, column=column, texts={column: text}, values={column: value}, rate=rate)
    yield from _spread(row, values)
    yield from _exchanged_groups(row, values, columns)
    yield from _turned(row, values, decimal_mark)


def _plain(text: str) -> str:
    return clean(text).translate(MINUS_SIGNS).replace("\N{MIDDLE DOT}", ".")


def _texts(text: str, whole: bool) -> Iterator[tuple[str, str, float]]:
    """Yield kind, other text and rate for one number; the rate of a kind is shared among its texts."""
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    mark = next((place for place, letter in enumerate(text) if letter in ".,"), None)
    end = len(text) if mark is None else mark
    first = digits[0] if digits else 0
    lone_zero = bool(digits) and text[first] == "0" and end == first + 1 and len(digits) > 1
    yield from _shared(
        "digit",
        [
            other
            for other in one_digit(text)
            if other[first] == text[first] or not (lone_zero or (other[first] == "0" and end > first + 1))
        ],
    )
    yield from _shared(
        "exchanged", [other for other in transposed(text) if other[first] == text[first] or other[first] != "0"]
    )
    if whole or mark is None:
        body = [text + "0"] + ([text[:-1]] if len(digits) > 1 else [])
        yield from _shared("length", body)
    else:
        yield from _shared("shift", _shifted(text, mark))


def _shifted(text: str, mark: int) -> list[str]:
    sign, point = ("-", text[mark]) if text[0] == "-" else ("", text[mark])
    before, after = text[len(sign) : mark], text[mark + 1 :]
    up = f"{(before + after[:1]).lstrip('0') or '0'}{point + after[1:] if after[1:] else ''}" if after else ""
    down = f"{before[:-1] or '0'}{point}{before[-1:]}{after}"
    return [sign + found for found in (up, down) if found]


def _shared(kind: str, texts: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    rate = KINDS[kind].rate / max(len(texts), 1)
    return ((kind, text, rate) for text in texts)


def _spread(row: Row, values: Mapping[str, object]) -> Iterator[Slip]:
    """Yield the other reading of a spread."""
    if row["form"] != "means" or values.get("sd1") is None or values.get("sd2") is None:
        return
    other = {"sd": "se", "se": "sd"}.get(row["spread_type"])
    if other:
        kind = "se_for_sd" if other == "se" else "sd_for_se"
        yield Slip(
            kind=kind,
            column="sd1",
            texts={"spread_type": other},
            values={"spread_type": other},
            rate=KINDS[kind].rate,
        )


def _exchanged_groups(row: Row, values: Mapping[str, object], columns: Sequence[str]) -> Iterator[Slip]:
    texts: dict[str, str] = {}
    for one, two in _GROUPS.get(row["form"], ()):
        if row[one] != row[two]:
            texts |= {one: row[two], two: row[one]}
    if texts and columns:
        given = {name: values.get(other) for pair in _GROUPS[row["form"]] for name, other in (pair, pair[::-1])}
        means = ("m1", "med1")
        place = next((name for name in means if name in texts), next(name for name in columns if name in texts))
        yield Slip(
            kind="groups",
            column=place,
            texts=texts,
            values={name: given[name] for name in texts},
            rate=KINDS["groups"].rate,
        )


def _turned(row: Row, values: Mapping[str, object], decimal_mark: str) -> Iterator[Slip]:
    """Yield a ratio turned over, a difference or a test statistic of the other sign."""
    match row["form"]:
        case "ratio":
            pairs = [("est", "est"), ("ci_low", "ci_high"), ("ci_high", "ci_low")]
            found = {to: _reciprocal(values.get(of)) for to, of in pairs if _reciprocal(values.get(of)) is not None}
            kind, place = "inverted", "est"
        case "difference":
            pairs = [("diff", "diff"), ("diff_low", "diff_high"), ("diff_high", "diff_low")]
            found = {to: -value for to, of in pairs if isinstance(value := values.get(of), (int, float))}
            kind, place = "groups", "diff"
        case "t_stat" | "p_only":
            sign = _SIGN.get(row["sign"])
            place = next((name for name in ("t", "f1", "p_value") if values.get(name) is not None), "")
            if sign and place:
                texts = {"sign": sign}
                yield Slip(kind="groups", column=place, texts=texts, values=texts, rate=KINDS["groups"].rate)
            return
        case _:
            return
    if place in found:
        shown = {name: _typed_as(value, decimal_mark) for name, value in found.items() if value is not None}
        yield Slip(kind=kind, column=place, texts=shown, values=found, rate=KINDS[kind].rate)


def _reciprocal(value: object) -> float | None:
    return 1.0 / value if isinstance(value, (int, float)) and value > 0 else None


def _typed_as(value: float, decimal_mark: str) -> str:
    text = wording.number(value).translate(MINUS_SIGNS)
    return text.replace(".", ",") if decimal_mark == "comma" else text
