"""Workbooks to fill in: a new review, a blank template."""

import re
from pathlib import Path

import click

from metaan.cli.shared import fault, guarded, refuse_existing


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; FOLDER/extraction.xlsx unless given.")
@guarded
def template(folder: Path, out: Path | None) -> None:
    """Write a blank extraction workbook for the protocol in FOLDER; an existing file is never overwritten."""
    from metaan.files import write_atomically
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.template import workbook_bytes

    target = out or folder / "extraction.xlsx"
    refuse_existing(target)
    write_atomically(target, workbook_bytes(read_protocol(folder / "protocol.yaml")))
    click.echo(f"written: {target}")


@click.command()
@click.argument("review")
@guarded
def new(review: str) -> None:
    """Start a review: data/REVIEW with a protocol to edit and a blank workbook."""
    from metaan.files import write_atomically
    from metaan.terms.resources import text
    from metaan.workbook.protocol import read_protocol
    from metaan.workbook.template import workbook_bytes

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", review):
        raise fault(
            review, "", f'the name "{review}"', "letters, digits, - and _", "choose a plain name for the folder"
        )
    folder = Path("data") / review
    protocol, workbook = folder / "protocol.yaml", folder / "extraction.xlsx"
    refuse_existing(protocol)
    refuse_existing(workbook)
    write_atomically(protocol, text("workbook", "new_protocol.yaml"))
    write_atomically(workbook, workbook_bytes(read_protocol(protocol)))
    click.echo(f"written: {protocol} and {workbook}")
    click.echo("next: edit the protocol; delete the workbook and run `metaan template` again if you change its lists.")
