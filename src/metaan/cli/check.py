"""Check a workbook and say what there is to mend."""

import csv
import io
import sys
from pathlib import Path
from typing import Any

import click

from metaan.cli.shared import BAD_INPUT, WARNINGS, guarded
from metaan.terms.finding import Level


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="End with 1 when there are warnings.")
@click.option("--csv", "as_csv", type=click.Path(path_type=Path), help="Write the findings to this CSV file as well.")
@guarded
def check(target: Path, strict: bool, as_csv: Path | None) -> None:
    """Check an extraction workbook, or the review in a folder, and list everything there is to mend.

    The workbook is only read. Its protocol.yaml must stand beside it.
    """
    from metaan import plan
    from metaan.terms.finding import COLUMNS

    loaded = _read(target)
    for finding in loaded.findings:
        click.echo(f"[{finding.level.value}] {finding.id}  {finding.text()}\n")
    if as_csv:
        from metaan.files import write_atomically

        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(finding.record() for finding in loaded.findings)
        write_atomically(as_csv, text.getvalue())
    click.echo(_summary(loaded))
    if isinstance(loaded, plan.Loaded) and loaded.refused:
        sys.exit(BAD_INPUT)
    if strict and any(finding.level is Level.WARNING for finding in loaded.findings):
        sys.exit(WARNINGS)


def _read(target: Path) -> Any:
    from metaan import plan
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.read import read_workbook

    if target.is_dir() or target.name == "extraction.xlsx":
        return plan.read(plan.Review(target if target.is_dir() else target.parent))
    from metaan.checks.check import check as run_checks

    protocol = read_protocol(target.parent / "protocol.yaml")
    extraction = read_workbook(target, protocol.layout)
    findings = run_checks(extraction, protocol.layout)
    return plan.Loaded(plan.Review(target.parent), protocol, extraction, findings)


def _summary(loaded: Any) -> str:
    from metaan.terms.wording import count

    counts = {level: sum(f.level is level for f in loaded.findings) for level in Level}
    parts = [
        count(counts[Level.ERROR], "error"),
        count(counts[Level.WARNING], "warning"),
        count(counts[Level.NOTE], "note"),
    ]
    said = ", ".join(parts)
    if loaded.extraction is None:
        return said
    rows = len(loaded.extraction.sheet("Effects"))
    return (
        f"{loaded.extraction.workbook}: {count(rows, 'comparison')} read (saved by {loaded.extraction.program}); {said}"
    )
