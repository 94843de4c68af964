"""Prepare the sheets Quality and Certainty: the rows still missing, with what facts and results propose."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metaan.cli.shared import fault, guarded, refuse_existing
from metaan.terms.finding import did_you_mean

if TYPE_CHECKING:
    from metaan.workbook.protocol import Protocol
    from metaan.workbook.read import Extraction
    from metaan.workbook.template import Offers
    from metaan.workbook.update import Carried


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--tool", "tools", multiple=True, metavar="ID", help="Use this tool, by id, instead of those planned.")
@click.option("--stratum", "strata", multiple=True, metavar="DESIGN", help="Only comparisons of this design.")
@click.option("--all", "everything", is_flag=True, help="All comparisons, also those that stand in no analysis.")
@click.option("--results", is_flag=True, help="Judge results one by one with tools made for single results (RoB 2).")
@click.option(
    "--certainty/--no-certainty", default=True, help="Fill the sheet Certainty, for which analyses are fitted."
)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; extraction-appraised.xlsx by default.")
@guarded
def appraise(
    folder: Path,
    tools: tuple[str, ...],
    strata: tuple[str, ...],
    everything: bool,
    results: bool,
    certainty: bool,
    out: Path | None,
) -> None:
    """Write a new workbook whose quality tools open half filled; nothing is ever overwritten.

    FOLDER is that of a review. The new workbook holds everything typed into extraction.xlsx, and on the sheet Quality
    the rows still missing: one a question of each tool, with the answer the recorded facts propose and the fact it
    comes from. The sheet Certainty gets a row for each step the results propose. A row somebody typed into stays as it
    is and where it is. Proposed answers count until an answer is typed, and are marked as proposed.
    """
    from metaan.files import write_atomically
    from metaan.plan import Review, read
    from metaan.terms.wording import count
    from metaan.workbook.template import workbook_bytes
    from metaan.workbook.update import carry

    review = Review(folder)
    target = out or review.workbook.with_name(f"{review.workbook.stem}-appraised.xlsx")
    refuse_existing(target)
    protocol, extraction = read(review).usable()
    named = _tools(tools, protocol)
    _known_strata(strata)
    carried = carry(review.workbook, protocol.layout)
    offers = _quality(carried, protocol, extraction, named, strata, everything, results)
    if certainty:
        _certainty(carried, protocol, extraction)
    write_atomically(target, workbook_bytes(protocol, carried.rows, carried.kept, offers))
    kept = f"; {count(len(carried.kept), 'cell')} on the sheet Kept" if carried.kept else ""
    click.echo(f"written: {target}. {review.workbook} is as it was{kept}.")
    click.echo(
        f"next: answer the rows, then put it in the place of {review.workbook.name} and run: metaan check {folder}"
    )


def _quality(
    carried: "Carried",
    protocol: "Protocol",
    extraction: "Extraction",
    tools: tuple[str, ...],
    strata: tuple[str, ...],
    everything: bool,
    results: bool,
) -> "Offers":
    """Put the missing rows on the sheet Quality; return the dropdowns of its rows."""
    from metaan.design.grade import grade_all
    from metaan.design.prefill import recorded
    from metaan.design.tool_rows import Wanted, offers, prepare
    from metaan.pooling.asked_for import asked_for
    from metaan.pooling.select import candidates
    from metaan.terms.wording import count

    grades = grade_all(extraction, protocol)
    rows = candidates(extraction, protocol.layout, {grade.design_id: grade for grade in grades})
    asked = asked_for(rows, protocol)
    facts = recorded(extraction, protocol)
    wanted = [
        Wanted(
            facts=facts[grade.design_id],
            stratum=grade.stratum,
            results=tuple(asked.get(grade.design_id, ())) if results else (),
        )
        for grade in grades
        if (everything or grade.design_id in asked) and (not strata or grade.stratum in strata)
    ]
    made = prepare(carried.rows.get("Quality", []), wanted, protocol, tools)
    carried.rows["Quality"] = list(made.rows)
    proposed = sum(bool(row.get("proposed")) for row in made.rows[len(made.rows) - made.added :])
    click.echo(
        f"Quality: {count(len(wanted), 'comparison')}, {count(made.added, 'row')} added, {proposed} of them with a "
        "proposed answer" + (f"; {count(made.renewed, 'proposal')} renewed" if made.renewed else "")
    )
    return offers(made.rows, protocol)


def _certainty(carried: "Carried", protocol: "Protocol", extraction: "Extraction") -> None:
    """Put the missing rows on the sheet Certainty."""
    from metaan.certainty.grade import certainties
    from metaan.certainty.rows import prepare
    from metaan.pooling.select import graded_candidates, select
    from metaan.pooling.strata import analyse
    from metaan.terms.wording import count

    rows = graded_candidates(extraction, protocol)
    found = [
        each
        for plan in protocol.analyses
        for each in certainties(analyse(select(rows, plan), plan, protocol), protocol, extraction)
    ]
    carried.rows["Certainty"], added = prepare(carried.rows.get("Certainty", []), found)
    click.echo(f"Certainty: {count(added, 'row')} added")


def _tools(named: tuple[str, ...], protocol: "Protocol") -> tuple[str, ...]:
    """Return the ids of tools that were asked for, however they were typed."""
    from metaan.design.appraise import tool_id
    from metaan.design.tool import known_tools

    found = []
    for name in named:
        known = tool_id(name, protocol)
        if not known:
            raise _unknown("--tool", name, known_tools(protocol))
        found.append(known)
    return tuple(dict.fromkeys(found))


def _known_strata(named: tuple[str, ...]) -> None:
    from metaan.terms.designs import STRATA

    for name in named:
        if name not in STRATA:
            raise _unknown("--stratum", name, STRATA)


def _unknown(option: str, name: str, known: Iterable[str]) -> Exception:
    words = list(known)
    hint = did_you_mean(name.casefold(), words, "choose one of these", least=0.4)
    return fault("metaan appraise", option, f'"{name}"', "one of " + ", ".join(words), hint)
