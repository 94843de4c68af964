"""What the commands share: messages, tables in files, and never a traceback for bad input."""

import csv
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from metaan.terms.finding import BadInput, bad_file, did_you_mean

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
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.filename is None:
                raise
            click.echo(str(_unusable(error)), err=True)
        sys.exit(BAD_INPUT)

    return run


def _unusable(error: OSError) -> BadInput:
    """Return a file or folder that the system keeps from being read or written, as bad input."""
    return fault(
        error.filename2 or error.filename,
        "",
        (error.strerror or "an error of the system").lower(),
        "a file or folder that can be read and written",
        "correct the name, close it in other programs, or choose another place",
    )


def refuse_existing(path: Path) -> None:
    """Raise BadInput where a file stands: no command overwrites what people typed."""
    if path.exists():
        raise fault(path, "", "a file that is already there", "a new name", "move it away, or choose another name")


def need(*paths: Path) -> None:
    """Raise BadInput where a file that was named is missing."""
    for path in paths:
        if not path.exists():
            raise fault(path, "", "no such file or folder", "the name of one that is there", "correct its name")


def fault(path: Path | str, subject: str, found: str, expected: str, to_fix: str) -> BadInput:
    """Return bad input about a file or an argument, ready to be raised."""
    return bad_file(str(path), found, expected, to_fix, subject=subject)


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
    if name not in columns:
        hint = did_you_mean(name, columns, "name another column")
        raise fault(path, "header", f'no column "{name}"', "one of " + ", ".join(columns), hint)
    values = []
    for line, text in enumerate(columns[name], 2):
        try:
            values.append(float(text))
        except ValueError:
            found = f'"{text}"' if text else "a blank cell"
            raise fault(path, f"column {name}, line {line}", found, "a number", "correct or delete the row") from None
    return values
