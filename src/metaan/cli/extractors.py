"""Two extractors: split the lead's workbook, compare the two that come back, and make the consensus."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metaan.cli.agreement import show, show_differences
from metaan.cli.shared import fault, guarded, need, refuse_existing
from metaan.terms.finding import BadInput, Finding, Level, errors

if TYPE_CHECKING:
    from metaan.workbook.extractors.align import Alignment
    from metaan.workbook.extractors.sheet import Decision, Discrepancy
    from metaan.workbook.protocol import Protocol
    from metaan.workbook.read import Extraction

_PATH = click.Path(path_type=Path)
_PROTOCOL = click.option(
    "--protocol",
    "protocol_file",
    type=_PATH,
    help="The protocol of the review; protocol.yaml beside the workbook unless given.",
)
AGREEMENT = "agreement.json"
DISCREPANCIES = "discrepancies.xlsx"


@click.command()
@click.argument("lead", type=_PATH)
@click.option("--out", type=_PATH, help="Folder for the two workbooks; that of LEAD unless given.")
@_PROTOCOL
@guarded
def split(lead: Path, out: Path | None, protocol_file: Path | None) -> None:
    """Write two workbooks, A and B, for two people who extract apart from each other.

    Both start with the lead's sheets Review, Reports, Context, PRISMA and the like as they are. Of Studies, Design,
    Effects, Quality, Reliability and Harms they get only what identifies the rows the lead typed (names, contrast,
    outcome, marker and so on): the answers must come from the papers. LEAD is only read, and nothing is overwritten.
    """
    from metaan.design.tool_rows import offers
    from metaan.files import write_atomically
    from metaan.terms.wording import count
    from metaan.workbook.extractors import split as splitting
    from metaan.workbook.read import read_workbook
    from metaan.workbook.template import workbook_bytes

    need(lead)
    protocol, source = _protocol(lead, protocol_file)
    read = read_workbook(lead, protocol.layout)
    if found := errors(read.findings):
        raise BadInput(found)
    folder = out or lead.parent
    targets = {role: folder / f"{lead.stem}-{role}.xlsx" for role in ("A", "B")}
    beside = folder / "protocol.yaml"
    if beside.exists() and beside.read_bytes() != source.read_bytes():
        raise fault(beside, "", "another protocol than that of the lead", "the same protocol", "choose another folder")
    for target in targets.values():
        refuse_existing(target)
    both, held_back = splitting.split(read, protocol.layout)
    for role, target in targets.items():
        write_atomically(
            target, workbook_bytes(protocol, both[role], offers=offers(both[role].get("Quality", ()), protocol))
        )
        click.echo(f"written: {target}")
    if not beside.exists():
        write_atomically(beside, source.read_bytes())
        click.echo(f"written: {beside} (both need it to check their workbook)")
    if held_back:
        click.echo(f"held back: {count(held_back, 'answer')} of the lead, so that both start from the papers")
    click.echo("next: each types initials into extractor on the sheet Review; when both are done, metaan compare.")


@click.command()
@click.argument("a", type=_PATH)
@click.argument("b", type=_PATH)
@click.option("--out", type=_PATH, help="Folder for what is written; that of A unless given.")
@_PROTOCOL
@guarded
def compare(a: Path, b: Path, out: Path | None, protocol_file: Path | None) -> None:
    """Say how far two extractions agree, and write what they differ in to discrepancies.xlsx.

    Rows are brought together by what they mean, not by the names they were given. Rows that one of the two missed come
    first, then the differences that change a sign, a stratum, a grade or a conclusion. Decide them together in
    discrepancies.xlsx, then run metaan consensus. Both workbooks are only read.
    """
    from metaan.checks.extractors import record
    from metaan.files import to_json, write_atomically
    from metaan.workbook.extractors import sheet as page

    need(a, b)
    folder = out or a.parent
    target = folder / DISCREPANCIES
    refuse_existing(target)
    _refuse_agreed(folder / AGREEMENT)
    protocol, _ = _protocol(a, protocol_file)
    pair = _Pair(a, b, protocol)
    show(pair.alignment, pair.extractors, pair.agreement, pair.quality)
    show_differences(pair.differences)
    found = pair.differences
    summary = record(pair.agreement, pair.alignment, found, pair.extractors, quality=pair.quality)
    write_atomically(target, page.workbook_bytes(found, page.about(pair.a, pair.b), protocol.title))
    write_atomically(folder / AGREEMENT, to_json(summary))
    click.echo(f"\nwritten: {target} and {folder / AGREEMENT}")
    click.echo(f"next: decide the rows of {target}, then: metaan consensus {pair.paths[0]} {pair.paths[1]} {target}")


@click.command()
@click.argument("a", type=_PATH)
@click.argument("b", type=_PATH)
@click.argument("discrepancies", type=_PATH)
@click.option("--out", type=_PATH, help="Where to write it; consensus.xlsx beside DISCREPANCIES unless given.")
@click.option(
    "--minor",
    type=click.Choice(["A", "B"]),
    help="Whose answer stands in undecided differences of priority 3; unless given, these must be decided too.",
)
@_PROTOCOL
@guarded
def consensus(
    a: Path, b: Path, discrepancies: Path, out: Path | None, minor: str | None, protocol_file: Path | None
) -> None:
    """Write the workbook both extractors stand behind, from their two workbooks and the decisions.

    Nothing is written while a difference of priority 1 or 2 is open; those of priority 3 must be decided too unless
    --minor says whose answer stands. Free text needs no decision: A's is kept, and B's goes into the Log. Numbers that
    are the same but for rounding become the more precise one. ask_author leaves NR and marks the row query_author.
    Every change is added to the Log, with the day and the initials typed beside the decision.
    """
    from metaan.checks.check import check
    from metaan.checks.extractors import record
    from metaan.design.tool_rows import offers
    from metaan.files import to_json, write_atomically
    from metaan.terms.wording import count
    from metaan.workbook.digest import rows_digest
    from metaan.workbook.extractors import consensus as agreeing
    from metaan.workbook.extractors.split import AGREED_ON, EXTRACTED
    from metaan.workbook.template import workbook_bytes

    need(a, b, discrepancies)
    target = out or discrepancies.parent / "consensus.xlsx"
    refuse_existing(target)
    protocol, _ = _protocol(a, protocol_file)
    pair = _Pair(a, b, protocol)
    typed = _decisions(discrepancies, pair)
    layout, found = protocol.layout, pair.differences
    if open_ones := tuple(agreeing.faults(found, typed, layout, str(discrepancies), minor or "")):
        raise BadInput(open_ones)
    made = agreeing.consensus(pair.a, pair.b, pair.alignment, layout, typed, minor or "")
    if lost := tuple(agreeing.orphans(made, layout, str(discrepancies))):
        raise BadInput(lost)
    agreed = _as_read(made.rows, protocol, target)
    if wrong := errors(check(agreed, protocol)):
        hint = fault(
            discrepancies,
            "the workbook these decisions give; nothing was written",
            count(len(wrong), "cell that cannot stand", "cells that cannot stand") + ", each named above",
            "answers that go together, such as a form and its numbers",
            "change the decisions about these rows, or mend both workbooks and compare again",
        )
        raise BadInput([*wrong, *hint.findings])
    write_atomically(target, workbook_bytes(protocol, made.rows, offers=offers(made.rows.get("Quality", ()), protocol)))
    digest = rows_digest(agreed, AGREED_ON)
    left_out = len(made.left_out)
    summary = record(
        pair.agreement, pair.alignment, found, pair.extractors, made.decided, left_out, digest, pair.quality
    )
    write_atomically(target.parent / AGREEMENT, to_json(summary))
    for sheet in EXTRACTED:
        aligned = pair.alignment.sheets[sheet]
        apart, gone = len(aligned.only_a) + len(aligned.only_b), sum(name == sheet for name, _ in made.left_out)
        if made.kept[sheet] + gone != len(aligned.pairs) + apart:
            raise RuntimeError(f"{sheet}: rows in are not rows out and rows left out")  # a fault of ours
        if made.kept[sheet]:
            click.echo(f"{sheet:12}{count(made.kept[sheet], 'row')}, {count(gone, 'row')} decided away")
    ways = ", ".join(f"{n} {agreeing.WAYS[way]}" for way, n in made.decided.items() if n)
    click.echo(f"differences settled: {ways or 'none'}")
    click.echo(f"written: {target} and {target.parent / AGREEMENT}")
    click.echo("next: put both into the folder of the review, the workbook as extraction.xlsx; then snakemake.")


def _refuse_agreed(path: Path) -> None:
    """Raise BadInput where the record of a consensus stands, which a report quotes."""
    from metaan.workbook.extractors.record import read_agreement

    if path.exists() and (read_agreement(path) or {}).get("rows"):
        raise fault(
            path, "", "the record of a consensus", "a folder without one", "move it away, or choose another with --out"
        )


class _Pair:
    """Two extractions of one review, read, checked and brought side by side."""

    def __init__(self, a: Path, b: Path, protocol: "Protocol") -> None:
        from metaan.workbook.extractors.align import align

        self.protocol = protocol
        self.paths, (self.a, self.b) = _both(a, b, protocol)
        self.alignment: Alignment = align(self.a, self.b, protocol.layout)

    @property
    def extractors(self) -> list[str]:
        """Initials of both."""
        from metaan.workbook.extractors.sheet import extractor

        return [extractor(self.a, "A"), extractor(self.b, "B")]

    @cached_property
    def agreement(self) -> Any:
        from metaan.checks.extractors import agreement
        from metaan.workbook.extractors.answers import answers

        layout = self.protocol.layout
        return agreement(answers(self.alignment, self.a, self.b, layout), layout, self.a.decimal_mark)

    @cached_property
    def quality(self) -> list[dict[str, Any]]:
        """Agreement on quality tools, domain by domain."""
        from metaan.design.assessors import assessors

        return [each.to_dict() for each in assessors(self.a, self.b, self.alignment, self.protocol)]

    @cached_property
    def differences(self) -> "list[Discrepancy]":
        from metaan.robustness.disagreement import discrepancies

        return discrepancies(self.protocol, self.a, self.b, self.alignment)


def _protocol(workbook: Path, named: Path | None) -> "tuple[Protocol, Path]":
    from metaan.workbook.protocol import read_protocol

    path = named or workbook.parent / "protocol.yaml"
    if not path.exists():
        raise fault(
            path,
            "",
            "no such file",
            "the protocol of the review, beside the workbook",
            "copy it there, or name it: --protocol data/REVIEW/protocol.yaml",
        )
    return read_protocol(path), path


def _both(a: Path, b: Path, protocol: "Protocol") -> "tuple[tuple[Path, Path], tuple[Extraction, Extraction]]":
    """Return both workbooks, A first; errors of either refuse both.

    Raises
    ------
    BadInput
        One of them has errors, or the two are not those of two extractors.
    """
    from metaan.checks.check import check
    from metaan.design.quality_audit import audit_quality
    from metaan.terms.wording import count
    from metaan.workbook.read import read_workbook

    books: list[Extraction] = []
    found: list[Finding] = []
    for path in (a, b):
        read = read_workbook(path, protocol.layout)
        said = [each for each in (*check(read, protocol), *audit_quality(read, protocol)) if each.id != "S06"]
        tally = [count(sum(each.level is level for each in said), name) for level, name in _LEVELS]
        click.echo(f"{path}: {count(len(read.sheet('Effects')), 'comparison')}; {', '.join(tally)}")
        found += errors(said)
        books.append(read)
    if found:
        raise BadInput(found)
    roles = [book.review().get("workbook_role", "") for book in books]
    if a.resolve() == b.resolve() or (roles[0] == roles[1] and roles[0] in ("A", "B")):
        raise fault(
            b,
            "workbook_role on the sheet Review",
            "the same workbook twice" if a.resolve() == b.resolve() else f"both are the workbook of {roles[0]}",
            "the workbooks of two people, one A and one B",
            "name the other workbook, or correct workbook_role",
        )
    if roles == ["B", "A"]:
        return (b, a), (books[1], books[0])
    return (a, b), (books[0], books[1])


_LEVELS = ((Level.ERROR, "error"), (Level.WARNING, "warning"), (Level.NOTE, "note"))


def _decisions(path: Path, pair: _Pair) -> "dict[tuple[str, str, str, str], Decision]":
    """Return the decisions typed into a discrepancies workbook that belongs to these two workbooks.

    Raises
    ------
    BadInput
        It cannot be read, belongs to other workbooks, or a cell of it cannot stand.
    """
    from metaan.checks.cells import check_cells
    from metaan.workbook.extractors import sheet as page
    from metaan.workbook.read import read_workbook

    read = read_workbook(path, page.LAYOUT)
    found: list[Finding] = [*errors(read.findings)]
    if page.SHEET.name not in read.rows or page.ABOUT.name not in read.rows:
        raise fault(path, "", "no sheet Discrepancies", "the workbook that metaan compare wrote", "name that file")
    said = {row["key"]: row["value"] for row in read.sheet(page.ABOUT.name)}
    for key, value in page.about(pair.a, pair.b).items():
        if key.startswith("rows of") and said.get(key) != value:
            raise fault(
                path,
                f"workbook of {key[-1]}",
                "decisions about other rows: that workbook has changed since it was compared, or is another one",
                f"the workbooks this file was made from: {said.get('A', '')}; {said.get('B', '')}",
                "name those, or run metaan compare again in another folder and copy the decisions",
            )
    for row in read.sheet(page.SHEET.name):
        found += [each for each in check_cells(row, page.SHEET, page.LAYOUT, "point") if each.level is Level.ERROR]
    if found:
        raise BadInput(found)
    return page.decisions(read)


def _as_read(rows: Mapping[str, Sequence[Mapping[str, str]]], protocol: "Protocol", target: Path) -> "Extraction":
    """Return rows as the reader would give them once they are written."""
    import tempfile

    from metaan.workbook.read import read_workbook
    from metaan.workbook.template import workbook_bytes

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "extraction.xlsx"
        path.write_bytes(workbook_bytes(protocol, rows))
        read = read_workbook(path, protocol.layout)
    moved = {name: tuple(replace(row, workbook=str(target)) for row in found) for name, found in read.rows.items()}
    said = tuple(replace(each, origin=replace(each.origin, workbook=str(target))) for each in read.findings)
    return replace(read, workbook=str(target), rows=moved, findings=said)
