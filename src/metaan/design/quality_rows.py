"""Rows of the Quality sheet one by one: is there such a tool, such a question, such an answer."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from metaan.checks import cells
from metaan.checks.cells import nearest
from metaan.design.appraise import OVERALL, TOTAL, answer_key, place_of, tool_id
from metaan.design.tool import Domain, Item, Judgement, Tool, known_tools, tool
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import count
from metaan.workbook.columns import Sheet
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

_NO_ANSWER = ("NR", "NA")
_STARS = re.compile(r"(\d{1,2})(?:\s*/\s*\d{1,2})?|([*★]{1,20})")

Target = tuple[str, str, str, str]  #: comparison, result, result on repeatability, id of the tool


@dataclass(frozen=True, slots=True)
class Placed:
    """A row of the Quality sheet and the question of a tool it is about."""

    row: Row
    tool: Tool
    domain: str  #: its key, or `OVERALL`
    item: str  #: its key, `TOTAL`, or empty for the row that judges a domain

    @property
    def target(self) -> Target:
        """What is judged, and by which tool."""
        design = self.row["design_id"]
        return design, self.row["effect_id"], "" if design else self.row["rel_id"], self.tool.id

    @property
    def question(self) -> Item | None:
        """The question; None for rows that judge or count."""
        held = self.tool.domain(self.domain)
        return next((item for item in held.items if item.key == self.item), None) if held and self.item else None


def finding(
    check: str, row: Row, sheet: Sheet, column: str, found: str, expected: str, to_fix: str, level: Level | None = None
) -> Finding:
    """Return a finding about one cell of the sheet, its subject the tool, the question and what is judged."""
    said = cells.finding(check, row, sheet, column, found, expected, to_fix, level)
    question = " ".join(filter(None, (row["tool"], row["domain"], row["item"])))
    judged = row["effect_id"] or row["design_id"] or row["rel_id"]
    return replace(said, subject="; ".join(filter(None, (question, judged))))


def placed(
    extraction: Extraction, protocol: Protocol, sheet: Sheet
) -> tuple[dict[Target, list[Placed]], list[Finding]]:
    """Return the rows of the Quality sheet by what they judge, and what is wrong with single rows.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        A workbook, and the review it belongs to.
    sheet : Sheet
        Layout of the sheet Quality.
    """
    groups: dict[Target, list[Placed]] = {}
    found: list[Finding] = []
    for row in extraction.sheet(sheet.name):
        if not row["design_id"] and not row["rel_id"]:
            found.append(_about_nothing(row, sheet))
        place, faults = _place(row, sheet, protocol)
        found += faults
        if place is not None:
            groups.setdefault(place.target, []).append(place)
            found += _contents(place, sheet)
    for rows in groups.values():
        found += _twice(rows, sheet)
    return groups, found


def _about_nothing(row: Row, sheet: Sheet) -> Finding:
    return finding(
        "Q09",
        row,
        sheet,
        "design_id",
        "neither a comparison nor a result on repeatability: this row is not read",
        "design_id, or rel_id for a tool that judges repeatability",
        "name what was judged",
        Level.ERROR,
    )


def _place(row: Row, sheet: Sheet, protocol: Protocol) -> tuple[Placed | None, list[Finding]]:
    """Return where a row belongs, or the finding that says why nowhere."""
    if not row["tool"]:
        return None, []  # checks.cells has said so
    name = tool_id(row["tool"], protocol)
    if not name:
        known = known_tools(protocol)
        names = {**{tool(each, protocol).name: each for each in known}, **{each: each for each in known}}
        return None, [_unknown(row, sheet, "tool", names, "one of " + ", ".join(known), "or add it as a tool")]
    chosen = tool(name, protocol)
    place = place_of(chosen, row)
    if place is not None:
        domain = chosen.domain(place[0])
        if place == (OVERALL, TOTAL) and not counts(chosen):
            return None, [_unknown(row, sheet, "item", {}, f"no item here: {chosen.name} counts no stars")]
        if place[1] == "" and domain is not None and row["answer"] and domain.most_stars is None:
            return None, [_without_item(row, sheet, chosen, domain)]
        return Placed(row, chosen, *place), []
    domain = chosen.domain(row["domain"])
    if domain is None:
        if not row["domain"]:
            return None, []
        labels = {**{each.key: each.key for each in chosen.domains}, **{d.label: d.label for d in chosen.domains}}
        expected = f"a domain of {chosen.name}: " + ", ".join(f"{d.key} ({d.label})" for d in chosen.domains)
        return None, [_unknown(row, sheet, "domain", {**labels, OVERALL: OVERALL}, f"{expected}, {OVERALL}")]
    keys = ", ".join(item.key for item in domain.items)
    expected = f"an item of {domain.label}: {keys}; blank in the row that judges the domain"
    return None, [_unknown(row, sheet, "item", {}, expected)]


def _unknown(
    row: Row, sheet: Sheet, column: str, known: Mapping[str, str], expected: str, otherwise: str = ""
) -> Finding:
    near = nearest(row[column], tuple(known))
    to_fix = f'did you mean "{known[near]}"?' if near else "correct it" + (f", {otherwise}" if otherwise else "")
    return finding("Q01", row, sheet, column, f'"{row[column]}": the row is not read', expected, to_fix)


def _without_item(row: Row, sheet: Sheet, chosen: Tool, domain: Domain) -> Finding:
    if answer_key(row["answer"], labels_of(chosen.judgements)) and not row["judgement"]:
        to_fix = "move it to the column judgement, if it judges the domain; else name the item"
    else:
        to_fix = "name the item"
    found = f'a blank cell beside the answer "{row["answer"]}": the row is not read'
    expected = "the item that is answered: " + ", ".join(item.key for item in domain.items)
    return finding("Q01", row, sheet, "item", found, expected, to_fix)


def _contents(place: Placed, sheet: Sheet) -> Iterator[Finding]:
    """Yield what is wrong with the answer and the judgement in one row."""
    row, chosen = place.row, place.tool
    question = place.question
    if question is not None:
        yield from _answer(row, sheet, question)
        if row.answer("judgement"):
            yield finding(
                "Q04",
                row,
                sheet,
                "judgement",
                f'"{row["judgement"]}" in the row of a question, where no judgement is read',
                "a judgement in the row of the domain that has no item",
                "move it to a row with this tool and domain, and a blank item",
                Level.ERROR,
            )
        return
    if row["answer"]:
        yield from _count(place, sheet)
    judgements = chosen.overall_judgements if place.domain == OVERALL else chosen.judgements
    if row.answer("judgement") and not answer_key(row["judgement"], labels_of(judgements)):
        near = nearest(row["judgement"], (*judgements, *(each.label for each in judgements.values())))
        yield finding(
            "Q04",
            row,
            sheet,
            "judgement",
            f'"{row["judgement"]}", which is no judgement of {chosen.name}',
            "one of " + ", ".join(judgements) if judgements else f"no judgement: {chosen.name} has none",
            f'did you mean "{near}"?' if near else "choose one of these",
            Level.ERROR,
        )


def _answer(row: Row, sheet: Sheet, question: Item) -> Iterator[Finding]:
    text = row["answer"]
    if not text or text in _NO_ANSWER or answer_key(text, question.answers):
        return  # quality_audit speaks of NR and NA, once it is known what is asked
    given, most = star_count(text), max(question.stars.values(), default=0)
    expected = "one of " + listed(question.answers)
    if given is not None and given > most > 0:
        at_most = f"at most {count(most, 'star')}: {expected}"
        yield finding("Q03", row, sheet, "answer", count(given, "star"), at_most, "compare with the tool", Level.ERROR)
        return
    near = nearest(text, (*question.answers, *question.answers.values()), 0.6)
    to_fix = f'did you mean "{answer_key(near, question.answers)}"?' if near else "choose one of these"
    yield finding("Q02", row, sheet, "answer", f'"{text}"', expected, to_fix)


def _count(place: Placed, sheet: Sheet) -> Iterator[Finding]:
    """Yield what is wrong with a number of stars, and with an answer where none is read."""
    row, chosen = place.row, place.tool
    domain = chosen.domain(place.domain)
    if domain is None and place.item != TOTAL:
        yield finding(
            "Q02",
            row,
            sheet,
            "answer",
            f'"{row["answer"]}" in the row of the overall judgement, where no answer is read',
            f"the judgement in the column judgement; or {TOTAL} as the item, for a sum of stars",
            "move it",
        )
        return
    given, most = star_count(row["answer"]), domain.most_stars if domain is not None else counts(chosen)
    if given is None and row["answer"] not in _NO_ANSWER:
        yield finding("Q02", row, sheet, "answer", f'"{row["answer"]}"', "a number of stars", "type the number")
    elif given is not None and most is not None and given > most:
        whose = chosen.name if domain is None else domain.label
        expected = f"at most {most} stars in {whose}"
        yield finding("Q03", row, sheet, "answer", count(given, "star"), expected, "compare with the tool", Level.ERROR)


def _twice(rows: Iterable[Placed], sheet: Sheet) -> Iterator[Finding]:
    """Yield rows that answer a question again."""
    first: dict[tuple[str, str], Placed] = {}
    for place in rows:
        said = _said(place)
        if not any(said):
            continue
        earlier = first.setdefault((place.domain, place.item), place)
        if earlier is place:
            continue
        same = _said(earlier) == said
        column = "answer" if place.row["answer"] else "judgement"
        other = earlier.row["answer"] or earlier.row["judgement"]
        yield finding(
            "Q07",
            place.row,
            sheet,
            column,
            f'"{place.row[column]}"; row {earlier.row.number} answers this too, "{other}"; the last row counts',
            "each question of a tool once",
            "delete one of the rows; two people who assess apart use the workbooks A and B",
            Level.NOTE if same else Level.WARNING,
        )


def _said(place: Placed) -> tuple[str, str]:
    question = place.question
    answers = question.answers if question else {}
    judgements = place.tool.overall_judgements if place.domain == OVERALL else place.tool.judgements
    row = place.row
    return (
        answer_key(row["answer"], answers) or row["answer"],
        answer_key(row["judgement"], labels_of(judgements)) or row["judgement"],
    )


def labels_of(judgements: Mapping[str, Judgement]) -> dict[str, str]:
    """Return judgement -> label."""
    return {key: judgement.label for key, judgement in judgements.items()}


def listed(answers: Mapping[str, str]) -> str:
    """Return answers with their labels, as a reviewer may type them."""
    return ", ".join(
        key if label.casefold() == key.casefold() else f"{key} ({label})" for key, label in answers.items()
    )


def counts(chosen: Tool) -> int:
    """Return the most stars a tool can give; 0 for one that counts none."""
    return sum(domain.most_stars or 0 for domain in chosen.domains)


def star_count(text: str) -> int | None:
    """Return a number of stars typed as a number or as stars; None where it is neither."""
    found = _STARS.fullmatch(text.strip())
    if found is None:
        return None
    return int(found[1]) if found[1] else len(found[2])
