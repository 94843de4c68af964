"""What the commands share: messages, tables in files, and never a traceback for bad input."""

import csv
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin

WARNINGS = 1  #: exit codes: warnings where --strict asks for it, bad input, a fault of the program
BAD_INPUT = 2
INTERNAL = 3


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print bad input as it was found and end with 2; never a traceback for it."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BadInput as bad:
            click.echo(str(bad), err=True)
            sys.exit(BAD_INPUT)

    return run


def refuse_existing(path: Path) -> None:
    """Raise BadInput where a file stands: no command overwrites what people typed."""
    if path.exists():
        raise fault(path, "", "a file that is already there", "a new name", "move it away, or choose another name")


def fault(path: Path | str, subject: str, found: str, expected: str, to_fix: str) -> BadInput:
    """Return bad input about a file or an argument, ready to be raised."""
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


def columns(path: Path) -> dict[str, list[str]]:
    """Return a CSV file by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except OSError as error:
        raise fault(path, "", error.strerror or "not readable", "a CSV file", "correct its name") from None
    except (UnicodeDecodeError, csv.Error):
        raise fault(path, "", "a file that is no CSV text", "CSV in UTF-8", "save it again as CSV UTF-8") from None
    if not rows:
        raise fault(path, "", "no rows", "a header and at least one row", "add the rows")
    return {str(name): [row[name] or "" for row in rows] for name in rows[0] if name is not None}


def numbers(path: Path, columns: dict[str, list[str]], name: str) -> list[float]:
    """Return a column of such a table as numbers."""
    import difflib

    if name not in columns:
        near = difflib.get_close_matches(name, columns, 1, 0.5)
        hint = f'did you mean "{near[0]}"?' if near else "name another column"
        raise fault(path, "header", f'no column "{name}"', "one of " + ", ".join(columns), hint)
    values = []
    for line, text in enumerate(columns[name], 2):
        try:
            values.append(float(text))
        except ValueError:
            found = f'"{text}"' if text else "a blank cell"
            raise fault(path, f"column {name}, line {line}", found, "a number", "correct or delete the row") from None
    return values
