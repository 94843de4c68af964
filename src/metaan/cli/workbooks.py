"""Workbooks to fill in: a new review, a blank template, an older workbook brought up to date."""

import datetime
import re
from pathlib import Path

import click

from metaan.cli.shared import fault, guarded, need, refuse_existing
from metaan.terms.finding import Finding

#: findings on how an old workbook is made, which a new one made from its text cannot show any more
_OF_THE_FILE = ("W01", "W03", "W04", "W07", "W08", "W09")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--update", "old", type=click.Path(path_type=Path), help="Carry over everything from this workbook.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it.")
@guarded
def template(folder: Path | None, old: Path | None, out: Path | None) -> None:
    """Write an extraction workbook for the protocol in FOLDER; no file is ever overwritten.

    Without --update it is blank and written to FOLDER/extraction.xlsx. With --update OLD.xlsx it holds everything
    typed into OLD.xlsx and is written beside it, as OLD-updated.xlsx; the protocol is the one beside OLD.xlsx unless
    FOLDER is given. Use it after the lists or confounders in protocol.yaml have changed, or after a new version of
    metaan.
    """
    if old is not None:
        _update(folder or old.parent, old, out or old.with_name(f"{old.stem}-updated.xlsx"))
        return
    if folder is None:
        raise fault(
            "metaan template",
            "",
            "no folder",
            "the folder of a review, or --update with a workbook",
            "for example: metaan template data/tea",
        )
    target = out or folder / "extraction.xlsx"
    if target.exists():
        raise fault(
            target,
            "",
            "a workbook that is already there",
            "a new name: what people typed is never overwritten",
            f"to bring it up to date: metaan template --update {target}; for a blank one: add --out NAME.xlsx",
        )
    _write(target, folder)
    click.echo(f"written: {target}")


def _write(target: Path, folder: Path) -> None:
    from metaan.files import write_atomically
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.template import workbook_bytes

    write_atomically(target, workbook_bytes(read_protocol(folder / "protocol.yaml")))


def _update(folder: Path, old: Path, target: Path) -> None:
    from metaan.design.tool_rows import offers
    from metaan.files import write_atomically
    from metaan.terms.wording import count
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.read import read_workbook
    from metaan.workbook.template import workbook_bytes
    from metaan.workbook.update import carry

    need(old)
    refuse_existing(target)
    protocol = read_protocol(folder / "protocol.yaml")
    before = read_workbook(old, protocol.layout)
    carried = carry(old, protocol.layout)
    write_atomically(
        target, workbook_bytes(protocol, carried.rows, carried.kept, offers(carried.rows.get("Quality", ()), protocol))
    )
    _say_oddities([finding for finding in before.findings if finding.id in _OF_THE_FILE])
    for hint in carried.hints:
        click.echo(f"not part of the layout: {hint}")
    kept = f", {len(carried.kept)} on the sheet Kept" if carried.kept else ""
    click.echo(f"{count(carried.found, 'filled cell')} found in {old}: {carried.placed} in their place{kept}.")
    click.echo(f"written: {target}. {old} is as it was. Colours and pictures are not carried over.")
    click.echo(f"next: metaan check {target}; then put it in the place of the old one.")


def _say_oddities(findings: list[Finding]) -> None:
    if findings:
        click.echo("The new workbook holds the text of these cells and not what is odd about them. Look at each:\n")
    for finding in findings:
        click.echo(f"[{finding.level.value}] {finding.id}  {finding.text()}\n")


def today() -> datetime.date:
    """Return the day a new review starts; the one place of the commands that looks at a clock."""
    return datetime.date.today()


@click.command()
@click.argument("review")
@guarded
def new(review: str) -> None:
    """Start a review: data/REVIEW with a protocol to edit and a workbook to type into."""
    from metaan.files import write_atomically
    from metaan.terms.resources import text

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", review):
        raise fault(
            review, "", f'the name "{review}"', "letters, digits, - and _", "choose a plain name for the folder"
        )
    folder = Path("data") / review
    protocol, workbook = folder / "protocol.yaml", folder / "extraction.xlsx"
    refuse_existing(protocol)
    refuse_existing(workbook)
    started = re.sub(r'(?m)^as_of: "[^"]*"', f'as_of: "{today()}"', text("workbook", "new_protocol.yaml"))
    write_atomically(protocol, started)
    _write(workbook, folder)
    click.echo(f"written: {protocol} and {workbook}")
    click.echo(f"1. Edit {protocol}: question, lists of words, analyses.")
    click.echo(f"   After a change of lists or confounders: metaan template --update {workbook}")
    click.echo(f"2. Type studies into {workbook}; its sheet README shows how.")
    click.echo(f"3. metaan check {folder}, mend what it names, then: snakemake")
