"""Which way an effect points: its numbers, the column sign, the paper's own words (M11)."""

import re
from collections.abc import Iterator

from metaan.checks.counts import crude_from_counts
from metaan.checks.printed import CONFIRM, Printed
from metaan.terms.finding import Finding

_HIGHER, _LOWER = "higher_in_event", "lower_in_event"
_SAID = {_HIGHER: "higher, or more often, with the outcome", _LOWER: "lower, or less often, with the outcome"}

_DIRECTION = re.compile(
    r"\b(?P<up>higher|greater|increased|elevated|raised)\b|\b(?P<down>lower|decreased|reduced|diminished)\b", re.I
)
#: words that turn a sentence round, hedge it, or compare more than two things
_UNSURE = re.compile(
    r"\b(no|not|nor|neither|without|non-?significant|n\.?s\.?|similar|did|but|whereas|while|however|except|respectively)\b"
    r"|n't",
    re.I,
)
_IN = re.compile(
    r"^\W*(?:\w+\W+){0,3}?(?:in|among)\s+(?:the\s+)?(?P<who>[^.;:()]{3,60}?)(?=\s+(?:than|compared|vs|versus"
    r"|relative)\b)",
    re.I,
)
_WITHOUT = re.compile(r"\b(controls?|healthy|fertile|normal|parous|donors?|untreated|placebo)\b", re.I)
_WITH = re.compile(
    r"\b(patients?|cases?|affected|recurrent|repeated|failures?|losses|aborters?|miscarriages?|infertile|RM|RPL|RSA|RIF)\b",
    re.I,
)


def check_direction(cells: Printed) -> Iterator[Finding]:
    """Yield directions that contradict each other: numbers, sign, stated_direction, and the quote."""
    if cells["cutoff_direction"] == "below":
        return  # row 1 is then the low side, and the words of a paper may mean either
    numbers = direction_of_numbers(cells)
    stated = cells["stated_direction"] if cells["stated_direction"] in _SAID else None
    sign = cells["sign"] if cells["sign"] in _SAID else None
    sources = (("stated_direction", stated), ("sign", sign))
    for column, said in sources:
        if numbers is not None and said is not None and said != numbers[0]:
            yield _contradiction(cells, column, said, numbers)
            return
    if stated and sign and stated != sign:
        yield cells.finding(
            "M11",
            "stated_direction",
            f'"{cells.text("stated_direction")}" beside sign "{cells.text("sign")}"',
            "one direction in a row",
            "read the sentence of the paper again, and which group is the first",
        )
        return
    own = (numbers[0] if numbers is not None else None) or sign
    words = quoted(cells)
    if own and words and words != own:
        yield cells.finding(
            "M11",
            "quote",
            f"words that say {_SAID[words]}, but the row says {_SAID[own]}",
            "a quote and numbers that point the same way",
            f"look whether the groups were exchanged (group 1 is with the outcome); {CONFIRM}",
        )


def _contradiction(cells: Printed, column: str, said: str, numbers: tuple[str, str]) -> Finding:
    direction, source = numbers
    return cells.finding(
        "M11",
        column,
        f'"{said}", but {source} say {_SAID[direction]}',
        "a direction that agrees with the numbers of the row",
        "look whether the two groups were exchanged, or a ratio compares the other way round (group 1 is with the "
        f"outcome, row 1 with the factor); {CONFIRM}",
    )


def direction_of_numbers(cells: Printed) -> tuple[str, str] | None:
    """Return where the numbers of a row point and which they are; None where rounding leaves it open."""
    for first, second, what in (("m1", "m2", "the means"), ("med1", "med2", "the medians")):
        if cells.has(first, second):
            if cells.range(first, second).meets(cells.range(second, first)):
                return None
            return (_HIGHER if cells[first] > cells[second] else _LOWER), what
    if cells.has("diff"):
        return _against(cells["diff"], 0.0, "the difference and its sign")
    if cells.has("est") and cells["est"] > 0:
        return _against(cells["est"], 1.0, "the ratio and its side of 1")
    counted = crude_from_counts(cells, "OR")
    if counted is not None:
        return _against(counted[0].middle, 1.0, "the counts")
    return None


def _against(value: float, null: float, what: str) -> tuple[str, str] | None:
    return None if value == null else ((_HIGHER if value > null else _LOWER), what)


def quoted(cells: Printed) -> str | None:
    """Return the direction in an English quote about a level: only "higher in X than ..." with X plainly one group."""
    text = cells.text("quote")
    if cells["factor_kind"] == "treatment" or not (cells.has("m1", "m2") or cells.has("med1", "med2") or cells["sign"]):
        return None
    found = list(_DIRECTION.finditer(text))
    if len(found) != 1 or _UNSURE.search(text):
        return None
    match = _IN.match(text[found[0].end() :])
    if match is None:
        return None
    who = match["who"]
    without, with_it = bool(_WITHOUT.search(who)), bool(_WITH.search(who))
    if without == with_it:
        return None
    return _HIGHER if bool(found[0]["up"]) == with_it else _LOWER
