"""The command line: joins stages, computes nothing.

Exit codes: 0 clean, 1 warnings where ``--strict`` asks for it, 2 bad input, 3 a fault of the program.
"""

import csv
import io
import json
import math
import re
import sys
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin

BAD_INPUT = 2
INTERNAL = 3

#: options of `metaan pool`, as `pooling` names them (a test compares): listed here, so that help needs no import
TAU2 = ("REML", "ML", "EB", "PM", "PMM", "DL", "DLIT", "HE", "HS", "HSk", "SJ", "SJIT", "EE", "FE")
INTERVALS = ("mKH", "HK", "HK-ci", "HK-IQWiG6", "KR", "Wald", "t")
PREDICTIONS = ("same", "V", "HTS", "normal", "own", "riley", "simple", "HK", "HK-PR", "KR", "KR-PR", "S")


def _guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print bad input as it was found and end with 2; never a traceback for it."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BadInput as bad:
            click.echo(str(bad), err=True)
            sys.exit(BAD_INPUT)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Systematic reviews and meta-analysis from an extraction workbook."""


@main.command()
def version() -> None:
    """Print the version of metaan and of the libraries its numbers rest on."""
    from importlib import metadata

    for name in ("metaan", "numpy", "scipy", "openpyxl", "matplotlib", "snakemake"):
        click.echo(f"{name} {metadata.version(name)}")


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="End with 1 when there are warnings.")
@click.option("--csv", "as_csv", type=click.Path(path_type=Path), help="Write the findings to this CSV file as well.")
@_guarded
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
        sys.exit(1)


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


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; FOLDER/extraction.xlsx unless given.")
@_guarded
def template(folder: Path, out: Path | None) -> None:
    """Write a blank extraction workbook for the protocol in FOLDER; an existing file is never overwritten."""
    from metaan.files import write_atomically
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.template import workbook_bytes

    target = out or folder / "extraction.xlsx"
    _refuse_existing(target)
    write_atomically(target, workbook_bytes(read_protocol(folder / "protocol.yaml")))
    click.echo(f"written: {target}")


@main.command()
@click.argument("review")
@_guarded
def new(review: str) -> None:
    """Start a review: data/REVIEW with a protocol to edit and a blank workbook."""
    from metaan.files import write_atomically
    from metaan.terms.resources import text
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.template import workbook_bytes

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", review):
        raise _fault(
            review, "", f'the name "{review}"', "letters, digits, - and _", "choose a plain name for the folder"
        )
    folder = Path("data") / review
    protocol, workbook = folder / "protocol.yaml", folder / "extraction.xlsx"
    _refuse_existing(protocol)
    _refuse_existing(workbook)
    write_atomically(protocol, text("workbook", "new_protocol.yaml"))
    write_atomically(workbook, workbook_bytes(read_protocol(protocol)))
    click.echo(f"written: {protocol} and {workbook}")
    click.echo("next: edit the protocol; delete the workbook and run `metaan template` again if you change its lists.")


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise _fault(path, "", "a file that is already there", "a new name", "move it away, or choose another name")


def _fault(path: Path | str, subject: str, found: str, expected: str, to_fix: str) -> BadInput:
    return BadInput(
        [
            Finding(
                id="FILE",
                level=Level.ERROR,
                origin=Origin(str(path), ""),
                subject=subject,
                found=found,
                expected=expected,
                to_fix=to_fix,
            )
        ]
    )


def _columns(path: Path) -> dict[str, list[str]]:
    """Return a CSV file by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except OSError as error:
        raise _fault(path, "", error.strerror or "not readable", "a CSV file", "correct its name") from None
    except (UnicodeDecodeError, csv.Error):
        raise _fault(path, "", "a file that is no CSV text", "CSV in UTF-8", "save it again as CSV UTF-8") from None
    if not rows:
        raise _fault(path, "", "no rows", "a header and at least one row", "add the rows")
    return {str(name): [row[name] or "" for row in rows] for name in rows[0] if name is not None}


def _numbers(path: Path, columns: dict[str, list[str]], name: str) -> list[float]:
    import difflib

    if name not in columns:
        near = difflib.get_close_matches(name, columns, 1, 0.5)
        hint = f'did you mean "{near[0]}"?' if near else "name another column"
        raise _fault(path, "header", f'no column "{name}"', "one of " + ", ".join(columns), hint)
    values = []
    for line, text in enumerate(columns[name], 2):
        try:
            values.append(float(text))
        except ValueError:
            found = f'"{text}"' if text else "a blank cell"
            raise _fault(path, f"column {name}, line {line}", found, "a number", "correct or delete the row") from None
    return values


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yi", default="yi", show_default=True, help="Column of effects on the working scale.")
@click.option("--vi", default="vi", show_default=True, help="Column of sampling variances.")
@click.option("--by", help="Column of groups; one synthesis each.")
@click.option("--tau2", default="REML", show_default=True, type=click.Choice(TAU2))
@click.option("--interval", default="mKH", show_default=True, type=click.Choice(INTERVALS))
@click.option("--prediction", default="same", show_default=True, type=click.Choice(PREDICTIONS))
@click.option("--level", default=0.95, show_default=True, type=click.FloatRange(0.5, 1, min_open=True, max_open=True))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_guarded
def pool(
    file: Path, yi: str, vi: str, by: str | None, tau2: str, interval: str, prediction: str, level: float, as_json: bool
) -> None:
    """Pool the effects in a CSV file, one synthesis a group."""
    from metaan.pooling.groups import pool_groups
    from metaan.terms import wording

    columns = _columns(file)
    y, v = _numbers(file, columns, yi), _numbers(file, columns, vi)
    for line, (effect, variance) in enumerate(zip(y, v, strict=True), 2):
        if not (math.isfinite(effect) and math.isfinite(variance) and variance > 0):
            found = f"{yi} {effect}, {vi} {variance}"
            raise _fault(file, f"line {line}", found, "a finite effect and a variance above 0", "correct the row")
    if by is not None and by not in columns:
        raise _fault(file, "header", f'no column "{by}"', "one of " + ", ".join(columns), "name another column")
    labels = columns[by] if by else [""] * len(y)
    results = pool_groups(y, v, labels, tau2=tau2, interval=interval, prediction=prediction, level=level)
    if as_json:
        each = [{"group": group, **pooled.to_dict()} for group, pooled in results.items()]
        click.echo(json.dumps(each if by else each[0], indent=1))
        return
    for group, pooled in results.items():
        head = f"{group}: " if by else ""
        click.echo(
            f"{head}{wording.fixed(pooled.estimate, 4)} "
            f"({wording.fixed(pooled.ci.low, 4)} to {wording.fixed(pooled.ci.high, 4)}), "
            f"k = {pooled.k}, tau2 {wording.tau2(pooled.tau2)}"
        )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--measure", required=True, help="OR, RR, RD, MD, SMD, IRR, ZCOR, PLO, ...; all of them in docs/python.md."
)
@_guarded
def effects(file: Path, measure: str) -> None:
    """Add yi and vi to a CSV file with metafor's column names (ai bi ci di, m1i sd1i n1i, ...) and print it."""
    import pandas

    from metaan.effects.sizes import effect_sizes, recipes

    columns = _columns(file)
    inputs = recipes()[measure].inputs if measure in recipes() else ()
    numeric = {role for one in inputs for role in (*one.roles, *one.optional)}
    table = pandas.DataFrame(
        {name: _numbers(file, columns, name) if name in numeric else values for name, values in columns.items()}
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            result = effect_sizes(table, measure=measure)
        except ValueError as error:
            raise _fault(file, "", str(error), f"columns for {measure}", "correct the columns") from None
    for warning in said:
        click.echo(str(warning.message), err=True)
    click.echo(result.to_csv(index=False, lineterminator="\n"), nl=False)


def entry() -> None:
    """Run the command line; a fault of the program ends with 3 and says so in one sentence."""
    try:
        main()
    except Exception as error:  # the last resort: everything foreseen has its own message
        click.echo(f"A fault in metaan itself: {type(error).__name__}: {error}", err=True)
        click.echo("Please report it, with the command you ran.", err=True)
        sys.exit(INTERNAL)


if __name__ == "__main__":
    entry()
