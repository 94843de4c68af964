"""Check a workbook and say what there is to mend."""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from metaan.cli import findings as shown
from metaan.cli.shared import BAD_INPUT, WARNINGS, fault, guarded
from metaan.terms.finding import Finding, Level, did_you_mean

if TYPE_CHECKING:
    from metaan.plan import Loaded, Review

_PATH = click.Path(path_type=Path)
_PIPE = Path("-")  #: standard output, where the name of a file is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """Files that were asked for; they always hold every finding."""

    csv: Path | None
    json: Path | None
    html: Path | None
    copy: Path | None


@click.command()
@click.argument("target", type=_PATH)
@click.option("--protocol", type=_PATH, help="The review's protocol, where it does not stand beside the workbook.")
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    help="List findings of this level and above: W unless given, N with --only. Files always hold all.",
)
@click.option("--all", "everything", is_flag=True, help="List notes as well; the same as --level N.")
@click.option("--only", multiple=True, metavar="ID", help="List the findings of these checks alone: --only C02,M05.")
@click.option("--quiet", is_flag=True, help="Print the last line only.")
@click.option("--strict", is_flag=True, help="End with 1 when there are warnings.")
@click.option("--out", type=_PATH, metavar="FOLDER", help="Write findings.csv, findings.json, check.html and the copy.")
@click.option("--csv", "as_csv", type=_PATH, help="Write the findings as a table; - prints it.")
@click.option("--json", "as_json", type=_PATH, help="Write the findings as JSON; - prints it.")
@click.option("--html", "as_html", type=_PATH, help="Write the findings as a page to open in a browser.")
@click.option("--copy", type=_PATH, help="Write a copy of the workbook with a sheet Problems and a mark at each cell.")
@click.option("--first", is_flag=True, help="List the ten cells that are most worth a second look as well.")
@click.option("--watch", is_flag=True, help="Check again whenever the workbook is saved, until Ctrl-C.")
@guarded
def check(
    target: Path,
    protocol: Path | None,
    level: str | None,
    everything: bool,
    only: tuple[str, ...],
    quiet: bool,
    strict: bool,
    out: Path | None,
    as_csv: Path | None,
    as_json: Path | None,
    as_html: Path | None,
    copy: Path | None,
    first: bool,
    watch: bool,
) -> None:
    """Check an extraction workbook, or the review in a folder, and list everything there is to mend.

    The workbook is only read. Its protocol.yaml must stand beside it, or be named.
    """
    review = _review(target, protocol)
    checks = _checks(only)
    lowest = Level.NOTE if everything or (checks and not level) else Level(level or Level.WARNING)
    wanted = _listed(lowest, checks)
    files = _files(review, out, as_csv, as_json, as_html, copy)

    def once() -> int:
        printed = sys.stdout
        with contextlib.redirect_stdout(sys.stderr) if _PIPE in (files.csv, files.json) else contextlib.nullcontext():
            return look(printed)

    def look(printed: TextIO) -> int:
        from metaan import plan

        loaded = plan.read(review)
        if not quiet:
            _print(loaded, wanted, fold=not checks)
        _write(loaded, files, printed)
        if first:
            from metaan.cli.first import lines

            click.echo("\n".join([*lines(loaded), ""]))
        click.echo(_summary(loaded))
        if loaded.refused:
            return BAD_INPUT
        return WARNINGS if strict and any(f.level is Level.WARNING for f in loaded.findings) else 0

    sys.exit(_watched(review, once) if watch else once())


def _watched(review: "Review", once: Callable[[], int]) -> int:
    """Check whenever a file of the review is saved; return the code of the last check once Ctrl-C is pressed."""
    from metaan.cli.watch import changes

    code = 0
    try:
        for number in changes((review.workbook, review.protocol)):
            click.echo(f"--- check {number} ---")
            code = once()
            click.echo("waiting for the next save; Ctrl-C ends\n")
    except KeyboardInterrupt:
        click.echo("")
    return code


def _review(target: Path, protocol: Path | None) -> "Review":
    """Return where workbook and protocol stand.

    Raises
    ------
    BadInput
        There is no such file or folder, or no protocol with it.
    """
    from metaan.plan import Review

    if not target.exists() and not target.parent.is_dir():
        raise fault(target, "", "no such file or folder", "a workbook, or the folder of a review", "correct its name")
    folder, file = (target, None) if target.is_dir() else (target.parent, target)
    found = Review(folder, file if file is not None and file.name != "extraction.xlsx" else None, protocol)
    if not target.exists() and not found.protocol.exists():
        raise fault(target, "", "no such file or folder", "a workbook, or the folder of a review", "correct its name")
    if not found.protocol.exists():
        beside = "no such file" if protocol else f"no protocol.yaml {'in it' if file is None else 'beside it'}"
        raise fault(
            protocol or target,
            "",
            beside,
            "the protocol of the review: it holds the lists of words and the analyses",
            f"name it: metaan check {target} --protocol data/REVIEW/protocol.yaml",
        )
    return found


def _checks(only: tuple[str, ...]) -> frozenset[str]:
    """Return the ids of checks that were asked for, however they were typed."""
    from metaan.terms.checks import CHECKS

    asked = [name.upper() for part in only for name in part.replace(",", " ").split()]
    for name in asked:
        if name not in CHECKS:
            hint = did_you_mean(name, CHECKS, "correct it", least=0.4)
            raise fault("--only", "", f'a check "{name}"', "ids as docs/checks.md lists them", hint)
    return frozenset(asked)


def _listed(lowest: Level, only: frozenset[str]) -> Callable[[Finding], bool]:
    order = tuple(Level)
    return lambda finding: order.index(finding.level) <= order.index(lowest) and (not only or finding.id in only)


def _print(loaded: "Loaded", wanted: Callable[[Finding], bool], *, fold: bool) -> None:
    colour = shown.coloured()
    found = sorted(loaded.findings, key=lambda finding: tuple(Level).index(finding.level))
    listed = [finding for finding in found if wanted(finding)]
    rest = [finding for finding in found if not wanted(finding)]
    if len(listed) > 1:
        for line in shown.table(listed, loaded.checked().names(), columns=shown.width(), colour=colour):
            click.echo(line)
    for text in shown.messages(listed, colour=colour):
        click.echo(text)
    if rest and fold:
        click.echo(shown.folded(rest))


def _files(
    review: "Review",
    out: Path | None,
    as_csv: Path | None,
    as_json: Path | None,
    as_html: Path | None,
    copy: Path | None,
) -> _Files:
    """Return what to write.

    Raises
    ------
    BadInput
        A file that people typed would be overwritten.
    """
    name = f"{review.workbook.stem}-checked.xlsx"
    files = _Files(
        csv=as_csv or (out and out / "findings.csv"),
        json=as_json or (out and out / "findings.json"),
        html=as_html or (out and out / "check.html"),
        copy=copy or (out and out / name),
    )
    if files.csv == files.json == _PIPE or _PIPE in (files.html, files.copy, out):
        fix = "name a file for the others"
        raise fault("-", "", "more than one file, or one that cannot be printed", "--json - or --csv - alone", fix)
    for path in (files.csv, files.json, files.html):
        if path is not None and path.exists() and path.suffix.lower() in (".xlsx", ".xlsm", ".yaml", ".yml"):
            raise fault(path, "", "a workbook or a protocol", "a new name", "choose another name")
    if files.copy is not None and files.copy.exists():
        from metaan.workbook.annotate import is_copy

        if not is_copy(files.copy):
            fix = "choose another name: only a copy that metaan made is replaced"
            raise fault(files.copy, "", "a file that is already there", "a new name", fix)
    return files


def _write(loaded: "Loaded", files: _Files, printed: TextIO) -> None:
    from metaan.files import to_json, write_atomically

    checked = loaded.checked()
    written = []
    if files.csv or files.json:
        from metaan.report import checked as data

        for path, content in (
            (files.csv, lambda: data.table(checked)),
            (files.json, lambda: to_json(data.plain(checked))),
        ):
            if path == _PIPE:
                printed.write(content())
            elif path is not None:
                write_atomically(path, content())
                written.append(path)
    if files.html:
        from metaan.report.check_page import render

        write_atomically(files.html, render(checked))
        written.append(files.html)
    if files.copy and loaded.protocol is not None and loaded.extraction is not None:
        from metaan.workbook.annotate import annotated_bytes

        write_atomically(files.copy, annotated_bytes(loaded.protocol, loaded.extraction, loaded.findings))
        written.append(files.copy)
    elif files.copy:
        click.echo("no copy: the workbook or its protocol cannot be used")
    if written:
        click.echo("written: " + ", ".join(str(path) for path in written))


def _summary(loaded: "Loaded") -> str:
    from metaan.terms.wording import count

    said = shown.said(loaded.findings)
    if loaded.extraction is None:
        return said
    rows = len(loaded.extraction.sheet("Effects"))
    read = loaded.extraction
    return f"{read.workbook}: {count(rows, 'comparison')} read (saved by {read.program}); {said}"
