"""Everything a review says to one page and one data file."""

import csv
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from metaan.files import digest, write_atomically
from metaan.report import html as page
from metaan.report import results as data
from metaan.report.assemble import assemble
from metaan.terms.finding import Finding
from metaan.terms.records import Analysis, Grade
from stage import listed, read_extraction, read_json, read_protocol, run

LIBRARIES = ("metaan", "numpy", "scipy", "matplotlib", "openpyxl", "snakemake")


def report(
    review: str,
    *,
    extraction: str,
    protocol: str,
    findings: str,
    grades: str,
    results: str | Sequence[str],
    wide: str | Sequence[str],
    narrow: str | Sequence[str],
    plates: str | Sequence[str],
    html: str,
    json: str,
) -> None:
    """Write the report of a review and its results.json."""
    read = read_extraction(extraction)
    plan = read_protocol(protocol, review)
    analyses = [Analysis.from_dict(read_json(path)) for path in listed(results)]
    with Path(findings).open(encoding="utf-8", newline="") as handle:
        found = [Finding.from_record(row) for row in csv.DictReader(handle)]
    formats = " ".join(dict.fromkeys(["svg", *(Path(path).suffix[1:] for path in listed(plates))]))
    figures = {
        analysis.id: {"wide": _text(broad), "narrow": _text(slim), "files": formats}
        for analysis, broad, slim in zip(analyses, listed(wide), listed(narrow), strict=True)
    }
    done = assemble(
        plan,
        read,
        [Grade.from_dict(record) for record in read_json(grades)],
        analyses,
        found,
        figures,
        {"Python": platform.python_version(), **{name: metadata.version(name) for name in LIBRARIES}},
        {
            "workbook": digest({sheet: [dict(row.values) for row in rows] for sheet, rows in read.rows.items()}, 64),
            "protocol": digest(plan.raw, 64),
        },
    )
    write_atomically(html, page.render(done))
    write_atomically(json, data.render(done))


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


if __name__ == "__main__":
    run(snakemake, report)  # noqa: F821
