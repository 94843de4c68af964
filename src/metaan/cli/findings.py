"""Findings as the terminal shows them: a table to look over, then each in its four lines."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from metaan.terms import wording
from metaan.terms.finding import MEANING, NAMES, Finding, Level, counts
from metaan.workbook.named import Names, name_at

_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "blue"}
_LIMITS = (8, 18, 22)  #: widest check, place and row of the table; what was found takes the rest
_NARROW, _WIDE = 60, 140


def width() -> int:
    """Return the columns of the terminal; 80 where there is none."""
    columns = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80
    return min(max(columns, _NARROW), _WIDE)


def coloured() -> bool:
    """Whether colour is wanted: on a terminal, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(findings: Iterable[Finding], names: Names, *, columns: int, colour: bool) -> Iterator[str]:
    """Yield the lines of a table of findings, errors first, none wider than `columns`."""
    found = tuple(findings)
    cells = {id(finding): (finding.id, _place(finding), _row(finding, names)) for finding in found}
    widths = [min(max((len(row[i]) for row in cells.values()), default=0), limit) for i, limit in enumerate(_LIMITS)]
    rest = columns - 2 - sum(widths) - 2 * len(widths)
    for level, number in counts(found).items():
        if not number:
            continue
        head = f"{wording.count(number, *NAMES[level])}: {MEANING[level]}"
        yield click.style(head, fg=_COLOURS[level], bold=True) if colour else head
        for finding in found:
            if finding.level is level:
                texts = (*cells[id(finding)], finding.found)
                yield "  " + _line(texts, [*widths, rest])
        yield ""


def messages(findings: Iterable[Finding], *, colour: bool) -> Iterator[str]:
    """Yield each finding in its four lines."""
    for finding in findings:
        level = f"[{finding.level.value}] {finding.id}"
        yield f"{click.style(level, fg=_COLOURS[finding.level], bold=True) if colour else level}  {finding.text()}\n"


def folded(findings: Iterable[Finding]) -> str:
    """Return findings that are not listed as one line: how many of each check."""
    found = tuple(findings)
    by_check = Counter(finding.id for finding in found)
    levels = [wording.count(n, *NAMES[level]) for level, n in counts(found).items() if n]
    each = ", ".join(f"{check} {number}" for check, number in sorted(by_check.items()))
    return f"{wording.listed(levels)} not listed (--all lists them): {each}"


def said(findings: Iterable[Finding]) -> str:
    """Return how many findings there are: "1 error, 0 warnings, 3 notes"."""
    return ", ".join(wording.count(number, *NAMES[level]) for level, number in counts(findings).items())


def _place(finding: Finding) -> str:
    origin = finding.origin
    if not origin.sheet:
        return Path(origin.workbook).name
    return f"{origin.sheet}!{origin.cell}" if origin.cell else origin.sheet


def _row(finding: Finding, names: Names) -> str:
    """Return whose cell it is: the name of its row, or what the finding is about."""
    return name_at(finding.origin, names) or finding.subject


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    cells = [_short(text, width).ljust(width) for text, width in zip(texts, widths, strict=True)]
    return "  ".join(cells).rstrip()


def _short(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
