"""Everything a review says to its report, the page that questions weaker designs, and one data file."""

import csv
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from metaan.checks.book import Book
from metaan.checks.overrides import confirmed
from metaan.design import queries as design_queries
from metaan.files import digest, write_atomically
from metaan.report import html as page
from metaan.report import results as data
from metaan.report.assemble import assemble
from metaan.robustness.first import SHOWN, First, Weighed, rank
from metaan.robustness.repeats import Repeatability
from metaan.terms.believed import Believed
from metaan.terms.certainty import Certainty
from metaan.terms.finding import COLUMNS, Finding
from metaan.terms.records import Analysis, Grade
from metaan.workbook.digest import rows_digest
from metaan.workbook.extractors.record import read_agreement
from stage import listed, read_extraction, read_json, read_protocol, run, write_table

FIRST = (
    *("rank", "place", "label", "effect_id", "column", "text", "slip", "analysis", "stratum", "measure"),
    *("estimate", "ci_low", "ci_high", "moved", "moved_low", "moved_high", "changes", "score", "reasons"),
)
LIBRARIES = ("metaan", "numpy", "scipy", "matplotlib", "openpyxl", "snakemake")


def report(
    review: str,
    *,
    extraction: str,
    protocol: str,
    findings: str,
    grades: str,
    results: str | Sequence[str],
    rechecks: str | Sequence[str],
    certainties: str | Sequence[str],
    repeats: str,
    between: str | Sequence[str],
    figures: str | Sequence[str],
    cards: str | Sequence[str],
    told: str | Sequence[str],
    agreement: str | Sequence[str],
    html: str,
    believed: str,
    json: str,
    first: str,
    queries: str,
    fitted: str,
) -> None:
    """Write the report of a review and its results.json."""
    read = read_extraction(extraction)
    plan = read_protocol(protocol, review)
    analyses = [Analysis.from_dict(read_json(path)) for path in listed(results)]
    with Path(findings).open(encoding="utf-8", newline="") as handle:
        found = [Finding.from_record(row) for row in csv.DictReader(handle)]
    cells, about_results = _rechecked(listed(rechecks))
    about_results = list(confirmed(about_results, Book(read, plan, plan.layout)))[: len(about_results)]
    ranked = rank(cells, read, found, {analysis.id: analysis.title for analysis in analyses}, shown=None)
    graded = [Grade.from_dict(record) for record in read_json(grades)]
    done = assemble(
        plan,
        read,
        graded,
        analyses,
        [*found, *about_results],
        _drawn(listed(figures)),
        {"Python": platform.python_version(), **{name: metadata.version(name) for name in LIBRARIES}},
        {
            "workbook": rows_digest(read),
            "protocol": digest(plan.raw, 64),
        },
        ranked[:SHOWN],
        next((read_agreement(Path(path)) for path in listed(agreement)), None),
        [Certainty.from_dict(each) for path in listed(certainties) for each in read_json(path)],
        Repeatability.from_dict(repeated) if (repeated := read_json(repeats)) else None,
        [read_json(path) for path in listed(between)],
        [Believed.from_dict(read_json(path)) for path in listed(told)],
        {Path(folder).parent.name: _cards(folder) for folder in listed(cards)},
    )
    write_table(first, FIRST, map(_line, ranked))
    asked = design_queries.rows(design_queries.queries(read, plan, graded, analyses))
    write_table(queries, design_queries.COLUMNS, asked)
    write_table(fitted, COLUMNS, (item.record() for item in about_results))
    write_atomically(html, page.render(done))
    write_atomically(believed, page.render_page(done))
    write_atomically(json, data.render(done))


def _drawn(paths: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the SVG of every figure by analysis ("" for the whole review), and the formats drawn."""
    found: dict[str, dict[str, str]] = {}
    for path in map(Path, paths):
        analysis = path.parent.name if path.parent.parent.name == "figures" else ""
        drawn = found.setdefault(analysis, {"files": "svg"})
        if path.suffix != ".svg":
            kind = path.suffix[1:]
            drawn["files"] += f" {kind}" if kind not in drawn["files"].split() else ""
            continue
        name, narrow = path.stem.removesuffix("-narrow"), path.stem.endswith("-narrow")
        drawn[f"{name}_{'narrow' if narrow else 'wide'}"] = path.read_text(encoding="utf-8")
    return found


def _cards(folder: str) -> dict[str, str]:
    """Return the SVG of every card of an analysis, by method."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.svg"))}


def _rechecked(paths: Sequence[str]) -> tuple[list[Weighed], list[Finding]]:
    """Return the cells behind pooled results, weighed, and the findings about these results, of all analyses."""
    read = [read_json(path) for path in paths]
    cells = [Weighed.from_dict(cell) for one in read for cell in one["cells"]]
    return cells, [Finding.from_record(item) for one in read for item in one["findings"]]


def _line(cell: First) -> dict[str, Any]:
    kept = {name: getattr(cell, name) for name in FIRST if hasattr(cell, name)}
    limits = {"ci_low": cell.ci.low, "ci_high": cell.ci.high}
    limits |= {"moved_low": cell.moved_ci.low, "moved_high": cell.moved_ci.high}
    return kept | limits | {"changes": "yes" if cell.changes else "no", "reasons": "; ".join(cell.reasons)}


if __name__ == "__main__":
    run(snakemake, report)  # noqa: F821
