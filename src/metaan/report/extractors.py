"""Who extracted, how far two people agreed, and how their differences were settled."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metaan.checks.extractors import coefficient, limits, share
from metaan.report.content import Block, Cell, Details, Paragraph, Section, Table, TableRow, cell, heads, words
from metaan.report.material import Material
from metaan.terms import wording
from metaan.workbook.digest import rows_digest
from metaan.workbook.extractors.consensus import WAYS
from metaan.workbook.extractors.sheet import people
from metaan.workbook.extractors.split import AGREED_ON

_GROUPS = {
    "facts": "facts",
    "adjustment": "adjustment",
    "numbers": "numbers",
    "where from": "where the numbers stand",
    "override": "grades of the reviewers",
}

_RULES = " (other words for one answer, rounding, rows of the lead’s sheets)"


def section(m: Material) -> Section:
    """Return how the numbers were extracted."""
    together = m.extraction.review().get("workbook_role") == "consensus"
    said = _two(m) if together else _one(m)
    blocks: list[Block] = [Paragraph(text=words(" ".join(said)))]
    if together and m.agreement and m.agreement["agreement"]["groups"]:
        blocks.append(Details(summary=words("Agreement by kind of answer"), blocks=(_table(m.agreement),)))
    quality = m.agreement.get("quality", []) if together and m.agreement else []
    if quality:
        blocks.append(Details(summary=words("Agreement on quality tools, domain by domain"), blocks=(_tools(quality),)))
    return Section(id="extraction", title="Extraction", blocks=tuple(blocks))


def _one(m: Material) -> Iterator[str]:
    rows = m.extraction.sheet("Effects")
    named = list(dict.fromkeys(name for row in rows for name in people(row["extractor"])))
    who = f" ({wording.listed(named)})" if named else ""
    if len(named) > 1:
        yield f"Each result was extracted by one of {wording.number(len(named))} people{who}."
    else:
        yield f"One person extracted{who}."
    seen = [row for row in rows if _second_reader(row["checked_by"], row["extractor"])]
    if not rows:
        return
    if not seen:
        yield "No second person compared the results with the papers."
        return
    readers = list(dict.fromkeys(name for row in seen for name in people(row["checked_by"])))
    which = "all" if len(seen) == len(rows) else f"{wording.number(len(seen))} of"
    yield (
        f"A second person ({wording.listed(readers)}) compared {which} {wording.count(len(rows), 'result')} with the "
        f"papers ({share(len(seen), len(rows))})."
    )


def _second_reader(checked_by: str, extractor: str) -> bool:
    return bool(set(people(checked_by)) - set(people(extractor)))


def _two(m: Material) -> Iterator[str]:
    record = m.agreement
    named = record["extractors"] if record else people(m.extraction.review().get("extractor", ""))
    who = f" ({wording.listed(named)})" if named else ""
    yield f"Two people extracted independently{who}, compared what they had, and agreed on every row."
    if record is None:
        yield "How far they agreed before is not on record."
        return
    overall = record["agreement"]["overall"]
    if overall:
        yield _agreed(overall)
    missed = sum(counts["only_a"] + counts["only_b"] for counts in record["missed"].values())
    if missed:
        left_out = record["left_out"]
        gone = f"; {wording.count(left_out, 'of these was', 'of these were')} left out" if left_out else ""
        yield f"{wording.count(missed, 'row was missed by one of them', 'rows were missed by one of them')}{gone}."
    settled = {way: n for way, n in (record["settled"] or {}).items() if n}
    if settled:
        ways = wording.listed([f"{wording.number(n)} {WAYS[way]}" for way, n in settled.items()])
        ways += _RULES if "rule" in settled else ""
        yield f"{wording.count(sum(settled.values()), 'difference was', 'differences were')} settled: {ways}."
    if not record["rows"] or record["rows"] != rows_digest(m.extraction, AGREED_ON):
        yield (
            "The extraction has been changed since they agreed on it; these figures describe it as it was then, and "
            "the sheet Log of the workbook is where later changes belong."
        )


def _agreed(overall: Mapping[str, Any]) -> str:
    same = share(overall["agree"], overall["n"])
    text = (
        f"In the rows both had they gave the same answer, or the same but for rounding, to {same} "
        f"(95 % CI {limits(overall)}) of {wording.whole(overall['n'])} questions"
    )
    beyond = [
        f"{label} {wording.fixed(overall[name]['value'], 2)}"
        for name, label in (("kappa", "Cohen’s kappa"), ("ac1", "Gwet’s AC1"))
        if name in overall
    ]
    tail = f"; {wording.listed(beyond)}, pooled over the questions answered in words" if beyond else ""
    return f"{text}{tail}."


def _table(record: Mapping[str, Any]) -> Table:
    rows = []
    for group in record["agreement"]["groups"]:
        rows.append(
            TableRow(
                cells=(
                    cell(f"{group['sheet']}: {_GROUPS.get(group['name'], group['name'])}"),
                    cell(wording.whole(group["n"]), numeric=True, sort=group["n"]),
                    cell(share(group["agree"], group["n"]), numeric=True),
                    cell(limits(group), numeric=True),
                    *(
                        cell(wording.fixed(group[name]["value"], 2) if name in group else "", numeric=True)
                        for name in ("kappa", "ac1")
                    ),
                    cell(wording.whole(group["missing"]), numeric=True),
                )
            )
        )
    return Table(
        id="agreement-table",
        caption="Agreement of the two extractors before they settled their differences; one answer blank or not "
        "reported and the other given counts as a difference",
        heads=heads("Answers", "n#", "Agree#", "95 % CI#", "Kappa#", "AC1#", "Only one answered#"),
        rows=tuple(rows),
    )


def _tools(found: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of agreement on quality tools: a line a domain, and one for its questions."""
    rows = []
    for each in found:
        parts = [(f"{each['name']}: {each['label']}", each["judgements"])]
        if each.get("answers", {}).get("n"):
            parts.append((f"{each['name']}: questions of {each['label']}", each["answers"]))
        rows += [TableRow(cells=(cell(name), *_figures(said))) for name, said in parts]
    return Table(
        id="agreement-tools",
        caption="Agreement of the two assessors before they settled their differences: judgements of domains, typed or "
        "by the rules of the tool, and answers pooled over the questions of a domain (without interval). Kappa and AC1 "
        "from ten pairs on",
        heads=heads("Domain", "n#", "Agree#", "95 % CI#", "Kappa (95 % CI)#", "AC1 (95 % CI)#", "Only one judged#"),
        rows=tuple(rows),
    )


def _figures(said: Mapping[str, Any]) -> Iterator[Cell]:
    yield cell(wording.whole(said["n"]), numeric=True, sort=said["n"])
    yield cell(share(said["agree"], said["n"]) if said["n"] else "", numeric=True)
    yield cell(limits(said), numeric=True)
    for name in ("kappa", "ac1"):
        yield cell(coefficient(said.get(name)), numeric=True)
    yield cell(wording.whole(said["missing"]), numeric=True)
