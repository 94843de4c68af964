"""Seed one slip into honest reviews: how often is its cell among the ten to check first, against random order?

The slips are those `metaan` knows, drawn with their rates; what a check stops outright never reaches the list and is
counted apart. The same seed draws the same slips.
    python benchmarks/recheck.py [slips a review]
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "robustness")]

import recheck_cases  # noqa: E402 - lies in the tests

from metaan.checks.check import check  # noqa: E402
from metaan.pooling.select import graded_candidates  # noqa: E402
from metaan.pooling.strata import analyse  # noqa: E402
from metaan.robustness import recheck  # noqa: E402
from metaan.robustness.first import SHOWN, rank  # noqa: E402
from metaan.robustness.slip_kinds import Slip, slips  # noqa: E402
from metaan.terms.finding import Level, errors  # noqa: E402
from metaan.workbook.protocol import Protocol, read_protocol  # noqa: E402
from metaan.workbook.read import Extraction, Row, read_workbook  # noqa: E402
from metaan.workbook.typed import typed  # noqa: E402

MATTERS = 0.25  #: half widths of the interval by which a slip must move the pooled result to matter


def reviews() -> Iterator[tuple[str, Protocol, Extraction]]:
    """Yield honest reviews: ratios with intervals, 2x2 tables, means with standard deviations."""
    folder = ROOT / "data" / "passive-smoking"
    protocol = read_protocol(folder / "protocol.yaml")
    yield "passive smoking, 37 ratios", protocol, read_workbook(folder / "extraction.xlsx", protocol.layout)
    names = {"ai": "a_high_event", "bi": "b_high_none", "ci": "c_low_event", "di": "d_low_none"}
    yield "BCG, 13 tables", *recheck_cases.meta(list(_published("dat.bcg", names, {"form": "two_by_two"})), "OR")
    names = {name: name.removesuffix("i") for name in ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")}
    means = _published("dat.normand1999", names, {"form": "means", "spread_type": "sd"})
    yield "stroke care, 9 pairs of means", *recheck_cases.meta(list(means), "SMD")


def _published(name: str, columns: dict[str, str], more: dict[str, str]) -> Iterator[dict[str, str]]:
    data: dict[str, Any] = json.loads((ROOT / "tests/reference/r" / f"{name}.json").read_text(encoding="utf-8"))["data"]
    for i in range(len(data[next(iter(columns))])):
        yield {**more, **{ours: f"{data[theirs][i]:g}" for theirs, ours in columns.items()}}


def main(n: int) -> None:
    """Print the table."""
    print(
        "| review | slips | stopped by a check | listed | its cell in the ten | at random | its row in the ten | "
        f"of those that move the result by {MATTERS} half widths: n | its cell | its row | no check warns: n | "
        "its cell |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, protocol, extraction in reviews():
        counts = _count(protocol, extraction, n)
        reached, moved, silent = counts["reached"], counts["moved"], counts["silent"]
        cells = [
            *(name, n, counts["stopped"], reached, _share(counts["cell"], reached)),
            *(_share(counts["random"] / 1000, reached), _share(counts["row"], reached)),
            *(moved, _share(counts["moved cell"], moved), _share(counts["moved row"], moved)),
            *(silent, _share(counts["silent cell"], silent)),
        ]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


def _share(part: float, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _count(protocol: Protocol, extraction: Extraction, n: int) -> Counter[str]:
    draw = random.Random(20260101)
    sheet, mark = protocol.layout.sheet("Effects"), extraction.decimal_mark
    everything = [
        (row, slip)
        for row in extraction.sheet("Effects")
        if row["priority"] == "main"
        for slip in slips(row, sheet, typed(row, sheet, mark), mark)
    ]
    before = _pooled(protocol, extraction)
    assert not errors(check(extraction, protocol)), "an honest review stops nothing"
    counts: Counter[str] = Counter()
    for row, slip in draw.choices(everything, [slip.rate for _, slip in everything], k=n):
        _seed(protocol, extraction, row, slip, before, counts)
    return counts


def _seed(
    protocol: Protocol,
    extraction: Extraction,
    row: Row,
    slip: Slip,
    before: dict[tuple[str, str], tuple[float, float]],
    counts: Counter[str],
) -> None:
    wrong = replace(row, values={**row.values, **slip.texts})
    rows = tuple(wrong if old.number == row.number else old for old in extraction.sheet("Effects"))
    read = replace(extraction, rows={**extraction.rows, "Effects": rows})
    findings = check(read, protocol)
    if errors(findings):
        counts["stopped"] += 1
        return
    counts["reached"] += 1
    candidates = graded_candidates(read, protocol)
    cells = [
        cell
        for analysis in recheck._analyses(protocol, candidates)
        for cell in recheck.cells_of(analysis, protocol, candidates, read.decimal_mark)
    ]
    ordered = rank(cells, read, findings, {}, shown=None)
    first = ordered[:SHOWN]
    cell = any((each.effect_id, each.column) == (row["effect_id"], slip.column) for each in first)
    in_row = any(each.effect_id == row["effect_id"] for each in first)
    after = _pooled(protocol, read)
    moved = any(
        abs(after[key][0] - estimate) > MATTERS * half for key, (estimate, half) in before.items() if key in after
    )
    own = {wrong.cell(column) for column in wrong.letters}
    warned = any(f.level is Level.WARNING and f.origin.sheet == "Effects" and f.origin.cell in own for f in findings)
    counts["cell"] += cell
    counts["row"] += in_row
    counts["random"] += round(1000 * min(1.0, SHOWN / max(len({(c.effect_id, c.column) for c in cells}), 1)))
    if moved:
        counts["moved"] += 1
        counts["moved cell"] += cell
        counts["moved row"] += in_row
    if not warned:
        counts["silent"] += 1
        counts["silent cell"] += cell


def _pooled(protocol: Protocol, extraction: Extraction) -> dict[tuple[str, str], tuple[float, float]]:
    candidates = graded_candidates(extraction, protocol)
    found = {}
    for plan in protocol.analyses:
        done = analyse(recheck.select(candidates, plan), plan, protocol)
        for synthesis in done.strata:
            if synthesis.pooled is not None:
                ci = synthesis.pooled.ci
                found[plan.id, synthesis.stratum] = (synthesis.pooled.estimate, (ci.high - ci.low) / 2)
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
