"""What the scripts of the workflow share: records and tables from files and into files."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from metaan.files import csv_text, to_json, write_atomically
from metaan.workbook.protocol import Protocol, parse_protocol
from metaan.workbook.read import Extraction


def read_json(path: str | Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(path: str | Path, data: Any) -> None:
    """Write plain data."""
    write_atomically(path, to_json(data))


def write_table(path: str | Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a CSV table; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    write_atomically(path, csv_text(columns, rows))


def read_protocol(path: str | Path, review: str) -> Protocol:
    """Return the protocol as ingest validated it."""
    return parse_protocol(read_json(path), f"data/{review}/protocol.yaml", review, valid=True)


def read_extraction(path: str | Path) -> Extraction:
    """Return the workbook as ingest read it."""
    return Extraction.from_dict(read_json(path))


def write_figure(name: str, files: Mapping[str, str], wide: Any, narrow: Any = None) -> None:
    """Write one figure: SVG for wide and narrow screens, and the other formats among `files`.

    Parameters
    ----------
    name : str
        Name of the figure; its files are `<name>_wide`, `<name>_narrow`, `<name>_pdf`, ...
    files : mapping
        Name -> path, as `metaan.run.Run.figure_files` gives them.
    wide : Layout
        Layout of the figure.
    narrow : Layout, optional
        That for a narrow screen, where the figure has one of its own.
    """
    from metaan.figures.draw import render, render_all

    wanted = {key.removeprefix(f"{name}_"): path for key, path in files.items() if key.startswith(f"{name}_")}
    images = render_all(wide, ["svg", *(form for form in wanted if form not in ("wide", "narrow"))])
    write_atomically(wanted["wide"], images.pop("svg"))
    if narrow is not None:
        write_atomically(wanted["narrow"], render(narrow, "svg"))
    for form, image in images.items():
        write_atomically(wanted[form], image)


def listed(given: str | Sequence[str]) -> list[str]:
    """Return a list of files where Snakemake gives one file as itself."""
    return [given] if isinstance(given, str) else list(given)


def run(job: Any, stage: Callable[..., None]) -> None:
    """Run one stage with the files of a Snakemake job, then note the digest it was run for."""
    files = {**dict(job.input.items()), **dict(job.output.items())}
    asked, done = files.pop("digest"), files.pop("done")
    stage(**dict(job.wildcards.items()), **files)
    write_atomically(done, Path(asked).read_bytes())
