"""Rows on parts of the people against the row on all of them: a part holds no more than the whole (B02)."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from metaan.checks.book import Book, Line, grouped
from metaan.checks.cells import finding
from metaan.checks.tables import BY_CELL, BY_FACTOR, BY_OUTCOME
from metaan.checks.twins import IDENTITY
from metaan.terms.finding import Finding
from metaan.terms.wording import listed

_LAYOUTS = (BY_CELL, BY_FACTOR, BY_OUTCOME)
_COUNTS = (*dict.fromkeys(name for names in _LAYOUTS for name in names), "n1", "n2", "n_events", "n_analysed")
_SAME = tuple(name for name in IDENTITY if name != "subgroup")
_MANY = 6  #: subgroups up to which each choice of them is tried; more of them only all together
_LARGE = 10_000  #: product of three counts that subgroups which overlap would seldom meet by chance


def check_subgroups(book: Book) -> Iterator[Finding]:
    """Yield rows on everybody with fewer people or events than rows on subgroups of them (B02).

    A single subgroup larger than the whole is certain. Several together may well be, where they overlap: they are held
    to exclude each other only where all their counts but one add up to those of the whole.
    """
    for lines in grouped(book.lines, _comparison):
        wholes = [line for line in lines if not line["subgroup"]]
        parts = [line for line in lines if line["subgroup"]]
        names = {line["subgroup"].casefold() for line in parts}
        if len(wholes) != 1 or len(names) != len(parts):
            continue
        larger = next(_larger(book, wholes[0], parts), None) or next(_too_many(book, wholes[0], parts), None)
        if larger is not None:
            yield larger


def _comparison(line: Line) -> tuple[str, ...] | None:
    """Return what is compared; None for rows left out, and for those cut at a value that each subgroup has anew."""
    if line.design is None or line["flag"] == "exclude":
        return None
    if line.design["cutoff_source"] in ("roc_same_data", "median_same_data", "control_percentile"):
        return None
    return (line.row["design_id"], line["outcome_good"], *(line[name].casefold() for name in _SAME))


def _larger(book: Book, whole: Line, parts: Sequence[Line]) -> Iterator[Finding]:
    """Yield counts of the whole that one subgroup exceeds."""
    for name in _COUNTS:
        limit = whole.values.get(name)
        over = [part for part in parts if limit is not None and part.values.get(name, limit) > limit]
        if over:
            shown = listed([_shown(part, name) for part in over[:4]])
            yield finding(
                "B02",
                whole.row,
                book.layout.sheet("Effects"),
                name,
                f"{limit:g} in the whole, but more in a subgroup of it: {shown}",
                "no subgroup with more people or events than the whole",
                "compare both rows with the paper: a slip in one of them, two cells exchanged, or people who are no "
                "part of the whole (then say so in timepoint, or in a design of their own)",
            )


def _too_many(book: Book, whole: Line, parts: Sequence[Line]) -> Iterator[Finding]:
    """Yield a count of the whole that subgroups exceed together, while the other counts of their tables add up to it.

    Subgroups that do add up are a division of their own, and are left aside.
    """
    names = next((names for names in _LAYOUTS if all(line.numbers(*names) for line in (whole, *parts))), None)
    if names is None:
        return
    beyond = [(some, [sum(p.values[n] for p in some) - whole.values[n] for n in names]) for some in _choices(parts)]
    settled = {part.row.number for some, over in beyond if not any(over) for part in some}
    for some, over in beyond:
        odd = [(name, more) for name, more in zip(names, over, strict=True) if more]
        if len(odd) != 1 or odd[0][1] < 0 or any(part.row.number in settled for part in some):
            continue
        name, more = odd[0]
        if math.prod(whole.values[other] for other in names if other != name) < _LARGE:
            continue
        yield finding(
            "B02",
            whole.row,
            book.layout.sheet("Effects"),
            name,
            f"{whole.values[name]:g} in the whole, but {whole.values[name] + more:g} in its subgroups together: "
            f"{listed([_shown(part, name) for part in some])}; their other counts add up to the whole",
            "subgroups that exclude each other cannot hold more than the whole",
            "compare these rows with the paper: a slip in one of them; nothing is wrong if the subgroups overlap",
        )


def _choices(parts: Sequence[Line]) -> Iterator[tuple[Line, ...]]:
    """Yield subgroups to add up: each choice of a few, or all of many."""
    for size in range(len(parts), 1 if len(parts) <= _MANY else max(1, len(parts) - 1), -1):
        yield from combinations(parts, size)


def _shown(part: Line, name: str) -> str:
    return f'{part.values[name]:g} in "{part["subgroup"]}" ({part.row["effect_id"]}, {part.row.cell(name)})'
