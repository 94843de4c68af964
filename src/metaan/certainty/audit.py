"""The Certainty sheet against the protocol and the rules of each domain."""

from collections.abc import Iterator

from metaan.certainty.decisions import NEVER_RAISED, allowed, analysis_of, answers, planned, step_of
from metaan.terms import wording
from metaan.terms.certainty import DOMAINS, UP
from metaan.terms.checks import CHECKS
from metaan.terms.designs import STRATA
from metaan.terms.finding import Finding, did_you_mean
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row


def audit_certainty(extraction: Extraction, protocol: Protocol) -> tuple[Finding, ...]:
    """Return what makes a decision on certainty count for nothing, or for what it must not."""
    found: list[Finding] = []
    first: dict[tuple[str, str, str], Row] = {}
    for row in extraction.sheet("Certainty"):
        nowhere = list(_nowhere(row, protocol))
        found += nowhere
        if nowhere:
            continue
        found += _not_allowed(row)
        name = (row["analysis"], row["stratum"], row["domain"])
        earlier = first.setdefault(name, row)
        if earlier is not row:
            found.append(_twice(row, earlier))
    return tuple(found)


def _finding(check: str, row: Row, column: str, found: str, expected: str, to_fix: str) -> Finding:
    domain = DOMAINS.get(row["domain"], row["domain"])
    return Finding(
        id=check,
        level=CHECKS[check].levels[0],
        origin=row.origin(column),
        subject=f"certainty of {row['analysis']}, {row['stratum']}: {domain}",
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def _nowhere(row: Row, protocol: Protocol) -> Iterator[Finding]:
    """Yield why a row matches no body of evidence."""
    if row["stratum"] not in STRATA or row["domain"] not in DOMAINS or not row["analysis"]:
        return  # a word or a blank that other checks name
    plan = analysis_of(row, protocol)
    if plan is None:
        known = [each.id for each in protocol.analyses]
        yield _finding(
            "G01",
            row,
            "analysis",
            f'"{row["analysis"]}", which is no analysis of this review',
            f"one of {', '.join(known)}",
            did_you_mean(row["analysis"], known, "correct it, or delete the row"),
        )
        return
    pooled = wording.listed([stratum.stratum for stratum in plan.strata])
    stratum = planned(plan, row["stratum"])
    if stratum is None:
        yield _finding(
            "G01",
            row,
            "stratum",
            f'"{row["stratum"]}", which this analysis does not pool',
            f"a design it pools: {pooled}",
            "correct it, or delete the row",
        )
    elif not answers(row, plan, row["stratum"]):
        yield _finding(
            "G01",
            row,
            "outcome",
            f'"{row["outcome"]}", which this analysis does not pool',
            f"an outcome it pools: {', '.join(stratum.include['outcome'])}; or blank",
            "correct it, or leave the cell blank",
        )


def _not_allowed(row: Row) -> Iterator[Finding]:
    """Yield a step that the domain cannot have."""
    if row["domain"] not in DOMAINS or row["stratum"] not in STRATA:
        return
    try:
        step = step_of(row)
    except ValueError:
        return  # no word of the list, which another check names
    if allowed(step, row["domain"], row["stratum"]):
        return
    if row["domain"] not in UP:
        expected = "0 or a step down: this domain is a reason to lower"
    elif row["stratum"] == NEVER_RAISED:
        expected = "0: evidence from people chosen by outcome is never raised"
    else:
        expected = "0 or a step up: this domain is a reason to raise"
    to_fix = "correct the decision, or the domain"
    yield _finding("G02", row, "decision", row["decision"], expected, to_fix)


def _twice(row: Row, earlier: Row) -> Finding:
    return _finding(
        "G03",
        row,
        "domain",
        f"a second row on the same domain (the first is row {earlier.number})",
        "one row a domain of each analysis and design",
        "delete one of the two; the first counts",
    )
