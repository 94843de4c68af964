"""Extractions from and to other programs, and what differs between two of them."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metaan.cli.shared import fault, guarded, need, refuse_existing

if TYPE_CHECKING:
    from metaan.exchange.differences import Book, Change
    from metaan.exchange.intake import Imported, LeftOut
    from metaan.workbook.columns import Layout
    from metaan.workbook.protocol import Protocol
    from metaan.workbook.read import Extraction

OUT = ("csv", "revman", "metafor", "meta", "robvis", "prisma", "ris", "bib")
IN = ("csv", "revman", "rm5", "ris", "bib")
_MOST_SHOWN = 20


@click.command(name="export")
@click.argument("what", type=click.Choice(OUT))
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write into; SOURCE's folder/exports by default."
)
@click.option("--analysis", help="Only the rows of this analysis, on its measures (metafor, meta).")
@guarded
def export_(what: str, source: Path, out: Path | None, analysis: str | None) -> None:
    """Write an extraction for another program.

    SOURCE is the folder of a review, or a workbook with protocol.yaml beside it. WHAT: csv (one file a sheet, for git),
    revman (study data for RevMan), metafor and meta (tables for R), robvis (judgements of bias), prisma (counts of the
    flow diagram), ris and bib (references).
    """
    from metaan.files import write_atomically

    protocol, extraction = _read(source, checked=what in ("revman", "metafor", "meta", "robvis"))
    folder = (source if source.is_dir() else source.parent) / "exports"
    files, left_out = _exported(what, protocol, extraction, analysis, source)
    folder = out or (folder / what if what in ("csv", "revman") else folder)
    for name, text in files.items():
        write_atomically(folder / name, text)
        click.echo(f"written: {folder / name}")
    if not files:
        click.echo(f"nothing to write: the workbook holds nothing for {what}")
    _tell_left_out(left_out)


def _exported(
    what: str, protocol: "Protocol", extraction: "Extraction", analysis: str | None, source: Path
) -> "tuple[Mapping[str, str], Iterable[LeftOut]]":
    """Return the files by name, and what has no place in them."""
    from metaan.exchange.intake import LeftOut

    mark = extraction.decimal_mark
    if what == "csv":
        from metaan.exchange.csv_folder import to_files

        return to_files(extraction, protocol.layout, _kept(source, protocol.layout)), ()
    if what == "robvis":
        from metaan.exchange.quality import robvis_files

        return robvis_files(extraction, protocol)
    if what == "prisma":
        from metaan.exchange.prisma import prisma_csv

        text, unplaced = prisma_csv(extraction)
        return {"PRISMA.csv": text}, [LeftOut(key, "the diagram of PRISMA2020 has no box for it") for key in unplaced]
    if what in ("ris", "bib"):
        from metaan.exchange import bib, ris
        from metaan.exchange.references import reports

        rows = reports(extraction)
        return {f"references.{what}": ris.ris_text(rows) if what == "ris" else bib.bib_text(rows)}, ()
    from metaan.pooling.select import graded_candidates

    rows_ = graded_candidates(extraction, protocol)
    if what == "revman":
        from metaan.exchange.revman_out import to_revman

        made = to_revman(extraction, protocol.layout, rows_, mark, protocol.review)
        return made.files, made.left_out
    from metaan.exchange.effect_tables import meta_csv, metafor_csv

    plan = next((a for a in protocol.analyses if a.id == analysis), None)
    if analysis and plan is None:
        known = ", ".join(a.id for a in protocol.analyses)
        raise fault(source, "--analysis", f'no analysis "{analysis}"', f"one of {known}", "correct its name")
    table = metafor_csv if what == "metafor" else meta_csv
    return {f"effects_{what}{f'_{analysis}' if analysis else ''}.csv": table(rows_, mark, plan)}, ()


@click.command(name="import")
@click.argument("what", type=click.Choice(IN))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--into", type=click.Path(path_type=Path), help="Folder of the review whose protocol.yaml gives the layout."
)
@click.option("--out", type=click.Path(path_type=Path), help="Workbook to write; FOLDER/extraction.xlsx by default.")
@click.option(
    "--outcome", "outcomes", multiple=True, metavar="NAME=WORD", help="Word of the list for an outcome's name."
)
@click.option(
    "--control", "controls", multiple=True, help="Arm that is the control, for studies with three arms or more."
)
@guarded
def import_(
    what: str, file: Path, into: Path | None, out: Path | None, outcomes: tuple[str, ...], controls: tuple[str, ...]
) -> None:
    """Make a new workbook from the files of another program; an existing workbook is never touched.

    FILE is a folder of CSV files (csv, revman) or a file. What the source does not say stays blank, and `metaan check`
    asks for it.
    """
    from metaan.files import write_atomically
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.template import workbook_bytes

    if into is None and out is None:
        raise fault(file, "--into", "no place to write to", "--into FOLDER or --out NEW.xlsx", "name one of them")
    target = out or Path(str(into)) / "extraction.xlsx"
    refuse_existing(target)
    protocol = read_protocol((into or target.parent) / "protocol.yaml")
    made = _imported(what, file, protocol.layout, _pairs(outcomes, protocol.layout), controls)
    write_atomically(target, workbook_bytes(protocol, made.rows, made.kept))
    for remark in made.remarks:
        click.echo(f"note: {remark}")
    if made.unmapped:
        click.echo("no column for: " + ", ".join(made.unmapped))
    _tell_left_out(made.left_out)
    from metaan.terms.wording import count

    click.echo(f"{count(made.read, made.kind)} read: {made.written} written, {len(made.left_out)} left out")
    click.echo(f"written: {target}; next: metaan check {target}")


def _imported(
    what: str, file: Path, layout: "Layout", outcomes: Mapping[str, str], controls: Iterable[str]
) -> "Imported":
    if what in ("csv", "revman"):
        files = _folder(file)
        if what == "csv":
            from metaan.exchange.csv_folder import from_files

            return from_files(files, layout, str(file))
        from metaan.exchange.revman_in import import_revman

        return import_revman(files, str(file), layout, outcomes, tuple(controls))
    data, name = _bytes(file), file.name
    if what == "rm5":
        from metaan.exchange.rm5 import import_rm5

        return import_rm5(data, name, layout, outcomes)
    if what == "ris":
        from metaan.exchange.ris import import_ris

        return import_ris(data, name, layout)
    from metaan.exchange.bib import import_bib

    return import_bib(data, name, layout)


def _pairs(outcomes: Iterable[str], layout: "Layout") -> dict[str, str]:
    words = layout.lists.get("outcome", {})
    pairs = {}
    for text in outcomes:
        name, equals, word = text.rpartition("=")
        if not equals or word not in words:
            expected = "NAME=WORD with a word of the list: " + ", ".join(words)
            raise fault("--outcome", "", f'"{text}"', expected, "correct the word, or add it to protocol.yaml")
        pairs[name.strip()] = word
    return pairs


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--csv", "as_csv", type=click.Path(path_type=Path), help="Write the differences to this CSV file as well."
)
@click.option("--exit-code", is_flag=True, help="End with 1 when there are differences.")
@guarded
def diff(first: Path, second: Path, as_json: bool, as_csv: Path | None, exit_code: bool) -> None:
    """Say what differs between two workbooks, or folders of CSV files: rows by name, and cells.

    The layout comes from the protocol.yaml beside a workbook or CSV folder, or one folder above.
    """
    from metaan.exchange.differences import COLUMNS, differences
    from metaan.files import csv_text, to_json, write_atomically

    layout = _layout(first, second)
    a, b = _book(first, layout), _book(second, layout)
    changes = differences(a, b, layout)
    if as_csv:
        write_atomically(as_csv, csv_text(COLUMNS, (change.record() for change in changes)))
    if as_json:
        click.echo(to_json({"a": a.name, "b": b.name, "changes": [change.record() for change in changes]}), nl=False)
    else:
        _tell(changes, a, b)
    if exit_code and changes:
        sys.exit(1)


def _tell(changes: "tuple[Change, ...]", a: "Book", b: "Book") -> None:
    from metaan.exchange.differences import KINDS
    from metaan.terms.wording import count

    click.echo(f"A {a.name}\nB {b.name}")
    sheet = row = ""
    for change in changes:
        if change.sheet != sheet:
            sheet, row = change.sheet, ""
            click.echo(click.style(f"\n{sheet}", bold=True))
        where = " | ".join(dict.fromkeys(place for place in (change.cell_a, change.cell_b) if place))
        if change.kind == "cell":
            if change.row != row:
                row = change.row
                click.echo(f"  {row}")
            old, new = click.style(_short(change.old), fg="red"), click.style(_short(change.new), fg="green")
            click.echo(f"    {change.column} ({where}): {old} -> {new}")
            continue
        row = ""
        if change.kind == "row_renamed":
            click.echo(click.style(f"  {change.old} renamed to {change.new} ({where})", fg="yellow"))
        else:
            colour = "green" if change.kind.endswith("added") else "red"
            what = change.row or change.column or change.sheet
            click.echo(click.style(f"  {KINDS[change.kind]}: {what}{f' ({where})' if where else ''}", fg=colour))
    click.echo(f"\n{count(len(changes), 'difference')}" if changes else "no difference")


def _short(text: str) -> str:
    if not text:
        return "blank"
    shown = json.dumps(text, ensure_ascii=False)
    return shown if len(shown) <= 100 else shown[:97] + '..."'


def _layout(*sources: Path) -> "Layout":
    from metaan.workbook.layout import layout
    from metaan.workbook.protocol import read_protocol

    for source in sources:
        for folder in dict.fromkeys((source if source.is_dir() else source.parent, *source.parents)):
            if (folder / "protocol.yaml").exists():
                return read_protocol(folder / "protocol.yaml").layout
    return layout({}, {})


def _book(source: Path, layout: "Layout") -> "Book":
    from metaan.exchange.csv_text import read
    from metaan.exchange.differences import book_of_extraction, book_of_tables
    from metaan.files import unguard
    from metaan.workbook.read import read_workbook

    workbook = source / "extraction.xlsx" if (source / "extraction.xlsx").exists() else source
    if not workbook.is_dir():
        return book_of_extraction(read_workbook(workbook, layout), _kept(workbook, layout))
    tables = {}
    for name, data in _folder(source).items():
        header, rows = read(data, f"{source}/{name}")
        cells = [(line, {column: unguard(text) for column, text in row.items()}) for line, row in rows]
        tables[name.removesuffix(".csv")] = (header, cells)
    return book_of_tables(str(source), tables)


def _read(source: Path, *, checked: bool) -> "tuple[Protocol, Extraction]":
    """Read a review; with what the reader could not read, or with any error where rows must hang together, refuse."""
    from metaan.checks.check import check
    from metaan.terms.finding import BadInput, errors
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.read import read_workbook

    need(source)
    workbook = source / "extraction.xlsx" if source.is_dir() else source
    protocol = read_protocol(workbook.parent / "protocol.yaml")
    extraction = read_workbook(workbook, protocol.layout)
    faults = errors(check(extraction, protocol) if checked else extraction.findings)
    if faults:
        raise BadInput(faults)
    return protocol, extraction


def _kept(source: Path, layout: "Layout") -> "list[tuple[str, str, str, str]]":
    """Return the cells of a workbook that its layout has no place for."""
    from metaan.workbook.update import carry

    return carry(source / "extraction.xlsx" if source.is_dir() else source, layout).kept


def _folder(path: Path) -> dict[str, Any]:
    """Return the CSV files of a folder, of folders in it, or one file alone, by name."""
    if path.is_file():
        return {path.name: _bytes(path)}
    if not path.is_dir():
        raise fault(path, "", "no such folder", "a folder of CSV files", "correct its name")
    return {file.name: _bytes(file) for file in sorted(path.rglob("*.csv"))}


def _bytes(path: Path) -> bytes:
    from metaan.exchange.intake import MAX_BYTES

    try:
        if path.stat().st_size > MAX_BYTES:
            found = f"{path.stat().st_size // 2**20} MB"
            raise fault(path, "", found, f"at most {MAX_BYTES // 2**20} MB", "export less at a time")
        return path.read_bytes()
    except OSError as error:
        raise fault(path, "", (error.strerror or "not readable").lower(), "a file", "correct its name") from None


def _tell_left_out(left_out: "Iterable[LeftOut]") -> None:
    items = list(left_out)
    for item in items[:_MOST_SHOWN]:
        click.echo(f"left out: {item.record}: {item.reason}")
    if len(items) > _MOST_SHOWN:
        reasons: dict[str, int] = {}
        for item in items[_MOST_SHOWN:]:
            reasons[item.reason] = reasons.get(item.reason, 0) + 1
        for reason, number in reasons.items():
            click.echo(f"left out: {number} more: {reason}")
