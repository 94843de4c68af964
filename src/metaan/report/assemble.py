"""Results to a report: ordered sections of plain data, the answer first and the methods last."""

from collections.abc import Mapping, Sequence
from typing import Any

from metaan.report import (
    believed,
    bottom_line,
    certainty,
    check_first,
    context,
    explanations,
    findings,
    ledger,
    methods,
    missing,
    one_by_one,
    quality,
    queries,
    reliability,
    results,
    side_by_side,
    sources,
    studies,
    treatments,
    what_designs_show,
    why,
)
from metaan.report.content import Report, Section
from metaan.report.material import Material, gather
from metaan.robustness.first import First
from metaan.robustness.repeats import Repeatability
from metaan.terms import wording
from metaan.terms.believed import Believed
from metaan.terms.certainty import Certainty
from metaan.terms.finding import Finding
from metaan.terms.records import Analysis, Grade
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction

NOT_PRESPECIFIED = "Not prespecified: the analyses were chosen after seeing the data."


def assemble(
    protocol: Protocol,
    extraction: Extraction,
    grades: Sequence[Grade],
    analyses: Sequence[Analysis],
    findings: Sequence[Finding],
    figures: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
    digests: Mapping[str, str],
    first: Sequence[First] = (),
    agreement: Mapping[str, Any] | None = None,
    certainty: Sequence[Certainty] = (),
    repeatability: Repeatability | None = None,
    between: Sequence[Mapping[str, Any]] = (),
    believed_of: Sequence[Believed] = (),
    cards: Mapping[str, Mapping[str, str]] | None = None,
) -> Report:
    """Return the report of a review.

    Parameters
    ----------
    protocol, extraction : Protocol, Extraction
        The review's settings and every row of its workbook.
    grades : sequence of Grade
        One a row of the Design sheet.
    analyses : sequence of Analysis
        In the order of the protocol.
    findings : sequence of Finding
        Of the checks, and those about pooled results.
    figures : mapping
        Analysis id -> {"wide": SVG text, "narrow": SVG text, ...} of its forest plot, the same with the name of the
        figure before it ("quality_wide") of others; under "" those of the whole review.
    versions, digests : mapping
        Name -> version of software, name -> SHA-256 of a file.
    first : sequence of First
        Cells worth a second look, most worth it first.
    agreement : mapping, optional
        Of two extractors, as schemas/agreement.schema.json describes it.
    certainty : sequence of Certainty
        One a stratum of an analysis; words of a stratum without one are those of its studies.
    repeatability : Repeatability, optional
        What the sheet Reliability says, and what it means.
    between : sequence of mapping
        One an analysis: how far its designs can be believed, as plain data.
    believed_of : sequence of Believed
        The same in words.
    cards : mapping, optional
        Analysis id -> method -> SVG text of its small figure.

    Raises
    ------
    ValueError
        A ledger does not balance, or a result names a row that the workbook does not hold.
    """
    return compose(
        gather(
            protocol,
            extraction,
            grades,
            analyses,
            findings,
            figures,
            versions,
            digests,
            first,
            agreement,
            certainty,
            repeatability,
            between,
            believed_of,
            cards,
        )
    )


def compose(m: Material) -> Report:
    """Put the sections in order."""
    counted = ledger.total(m)
    lines = bottom_line.bottom_lines(m)
    sections: list[Section | None] = [
        bottom_line.section(m, lines),
        side_by_side.section(m),
        certainty.section(m, lines),
        why.section(m),
        explanations.section(m),
        one_by_one.section(m, lines),
        treatments.section(m),
        missing.section(m),
        studies.studies(m),
        what_designs_show.section(m),
        believed.section(m),
        quality.section(m),
        reliability.section(m),
        queries.section(m),
        context.others(m),
        context.flow(m),
        findings.section(m),
        check_first.section(m),
        methods.section(m),
        ledger.section(m, counted),
        sources.section(m),
    ]
    version = m.versions.get("metaan", "")
    made = f"metaan {version}".strip()
    return Report(
        review=m.protocol.review,
        title=m.protocol.title,
        question=m.protocol.question,
        as_of=m.protocol.as_of,
        status=status(m.protocol),
        limits=tuple(wording.sentence(text.strip()) for text in m.protocol.limits),
        counts=_counts(m),
        citation=f"{m.protocol.title}. Report of a review, as of {m.protocol.as_of}. Made with {made}.",
        sections=tuple(section for section in sections if section is not None),
        page=believed.page(m),
        data=results.plain(m, lines, counted),
    )


def status(protocol: Protocol) -> str:
    """Return whether the analyses were fixed in advance."""
    registered = protocol.registered
    return NOT_PRESPECIFIED if registered.casefold() == "no" else f"Registered: {registered}."


def _counts(m: Material) -> tuple[tuple[str, str], ...]:
    numbers = (
        (len(m.studies), "study", "studies"),
        (len(m.designs), "comparison graded", "comparisons graded"),
        (len(m.effects), "result typed", "results typed"),
        (len(m.analyses), "question", "questions"),
    )
    return tuple((wording.number(n), one if n == 1 else many) for n, one, many in numbers)
