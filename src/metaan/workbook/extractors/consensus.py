"""Two workbooks and the decisions about them to the one both stand behind, with every change in its Log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Column, Layout, Sheet
from metaan.workbook.extractors.align import NOT_COMPARED, Aligned, Alignment
from metaan.workbook.extractors.answers import Answer, Verdict, answers, more_precise, translated
from metaan.workbook.extractors.sheet import ASK, NO_ROW, OTHER, SHEET, A, B, Decision, Discrepancy, extractor, people
from metaan.workbook.extractors.split import Rows, review_rows
from metaan.workbook.read import Extraction, Row

#: how a difference is settled: by the two extractors, with another person, by asking the authors, or by a rule (free
#: text, numbers the same but for rounding, rows of the lead's sheets)
WAYS = {
    "discussion": "by discussion",
    "third person": "with a third person",
    "authors": "by asking the authors",
    "rule": "by rule",
}

PROGRAM = "metaan"  #: who the Log names for what followed without a decision
NOBODY = Decision(row=Row("", "", 0, {}, {}), priority=3, choice="", final_value="", reason="", decided_by="", date="")

_WORDS_OF_RULE = {
    Verdict.ROUNDING: "the same but for rounding: the more precise of the two",
    Verdict.TEXT: "other words for the same answer: those of A kept",
}


@dataclass(frozen=True, slots=True)
class Consensus:
    """The agreed rows and what became of every row and every difference."""

    rows: Rows
    kept: Mapping[str, int]  #: sheet -> rows in the consensus, of the sheets that are compared
    left_out: tuple[tuple[str, str], ...]  #: sheet and name of rows that were decided away
    decided: Mapping[str, int]  #: way, of `WAYS` -> differences settled that way


def faults(
    found: Sequence[Discrepancy],
    typed: Mapping[tuple[str, str, str, str], Decision],
    layout: Layout,
    workbook: str,
    minor: str = "",
) -> Iterator[Finding]:
    """Yield what keeps the decisions from being used: open differences, and decisions that lack something.

    With `minor` (A or B) differences of priority 3 may stay undecided.
    """
    for each in found:
        decision = typed.get(each.place)
        if decision is None:
            yield Finding(
                id="S06",
                level=Level.ERROR,
                origin=Origin(workbook, SHEET.name),
                subject=_what(each),
                found="no row for this difference: A has " + _shown(each.value_a) + ", B has " + _shown(each.value_b),
                expected="one row a difference, as metaan compare wrote them",
                to_fix="run metaan compare again, and copy the decisions",
            )
            continue
        yield from _faults(each, decision, layout, minor)


def _faults(each: Discrepancy, decision: Decision, layout: Layout, minor: str) -> Iterator[Finding]:
    values = f"A has {_shown(each.value_a)}, B has {_shown(each.value_b)}"
    if not decision.choice:
        if needs_decision(each) and not (minor and each.priority == 3):
            yield _fault(
                decision,
                "decision",
                each,
                f"no decision: {values}; priority {each.priority}",
                "A, B, other or ask_author",
                "look it up in the paper together and decide",
            )
        return
    serious = each.priority < 3 or decision.choice == OTHER
    if serious and not decision.reason:
        yield _fault(decision, "reason", each, "no reason", "why, with the page of the paper", "write it")
    column = _column(each, layout)
    if decision.choice == OTHER and (column is None or not decision.final_value):
        expected = "A or B: the row is kept or left out" if column is None else "the answer, in final_value"
        cell = "decision" if column is None else "final_value"
        yield _fault(decision, cell, each, "other, without an answer that can be used", expected, "decide again")
    if decision.choice == ASK and column is not None and not column.nr:
        yield _fault(
            decision,
            "decision",
            each,
            "ask_author, for a cell in which NR is no answer",
            "A, B or other",
            "decide which it is until the authors answer",
        )


def needs_decision(each: Discrepancy) -> bool:
    """Whether somebody must decide: free text, and numbers the same but for rounding, seldom matter."""
    return each.priority < 3 or (each.scored and each.differs != Verdict.ROUNDING.value)


def _fault(decision: Decision, column: str, each: Discrepancy, found: str, expected: str, to_fix: str) -> Finding:
    return Finding(
        id="S06",
        level=Level.ERROR,
        origin=decision.row.origin(column),
        subject=_what(each),
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def _what(each: Discrepancy) -> str:
    return f"{each.sheet}, {each.row}" + (f", {each.column}" if each.column else ", the whole row")


def _shown(value: str) -> str:
    return value if value == NO_ROW else f'"{value}"' if value else "a blank cell"


def _column(each: Discrepancy, layout: Layout) -> Column | None:
    return layout.sheet(each.sheet).column(each.column) if each.column else None


@dataclass(slots=True)
class _Maker:
    """Builds the consensus sheet by sheet; rows of B get the names A gave them."""

    a: Extraction
    b: Extraction
    alignment: Alignment
    layout: Layout
    typed: Mapping[tuple[str, str, str, str], Decision]
    minor: str
    log: list[dict[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    decided: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))

    @property
    def marks(self) -> tuple[str, str]:
        return self.a.decimal_mark, self.b.decimal_mark

    @property
    def initials(self) -> tuple[str, str]:
        """Initials of both extractors."""
        return extractor(self.a, A), extractor(self.b, B)

    def decision(self, sheet: str, column: str, where_a: str, where_b: str) -> Decision:
        return self.typed.get((sheet, column, where_a, where_b), NOBODY)

    def note(self, decision: Decision, sheet: str, row: str, column: str, old: str, new: str, why: str) -> None:
        who = decision.decided_by or PROGRAM
        entry = {"date": decision.date or NOT_REPORTED, "who": who, "sheet": sheet, "row_id": row, "column": column}
        self.log.append({**entry, "old": old or "(blank)", "new": new or "(blank)", "why": why})
        self.decided[self._way(decision)] += 1

    def _way(self, decision: Decision) -> str:
        if decision.choice == ASK:
            return "authors"
        if not decision.choice:
            return "rule"
        extractors = {name for each in self.initials for name in people(each)}
        return "discussion" if set(people(decision.decided_by)) <= extractors else "third person"


def consensus(
    a: Extraction,
    b: Extraction,
    alignment: Alignment,
    layout: Layout,
    typed: Mapping[tuple[str, str, str, str], Decision],
    minor: str = "",
) -> Consensus:
    """Return the rows both extractors stand behind; `faults` must have found nothing.

    `minor` says whose answer stands in undecided differences of priority 3, A's unless it is B.
    """
    maker = _Maker(a, b, alignment, layout, typed, minor or A)
    differing: dict[tuple[str, int], list[Answer]] = {}
    for answer in answers(alignment, a, b, layout):
        if answer.verdict is not Verdict.SAME:
            differing.setdefault((answer.sheet, answer.a.number), []).append(answer)
    rows: Rows = {}
    for sheet in layout.sheets:
        aligned = alignment.sheets.get(sheet.name)
        if sheet.name in NOT_COMPARED or aligned is None:
            continue
        rows[sheet.name] = [
            *_of_a(maker, sheet, aligned, differing),
            *(made for row in aligned.only_b if (made := _of_b(maker, sheet, row)) is not None),
        ]
    kept = {name: len(found) for name, found in rows.items() if name != "Review"}
    review = {row["key"]: row.get("value", "") for row in rows.get("Review", ())}
    review |= {"workbook_role": "consensus", "extractor": "+".join(dict.fromkeys(maker.initials))}
    rows["Review"] = review_rows(review)
    for name in NOT_COMPARED:
        both = [dict(row.values) for book in (a, b) for row in book.sheet(name)]
        rows[name] = [row for i, row in enumerate(both) if row not in both[:i]]
    rows["Log"] += maker.log
    return Consensus(rows, kept, tuple(maker.left_out), maker.decided)


def _of_a(
    maker: _Maker, sheet: Sheet, aligned: Aligned, differing: Mapping[tuple[str, int], Sequence[Answer]]
) -> Iterator[dict[str, str]]:
    """Yield the rows that A has, in A's order."""
    partners = {one.number: two for one, two in aligned.pairs}
    for row in maker.a.sheet(sheet.name):
        partner = partners.get(row.number)
        if partner is not None:
            yield _settled(maker, sheet, row, partner, differing.get((sheet.name, row.number), ()))
            continue
        decision = maker.decision(sheet.name, "", f"row {row.number}", "")
        name = row[sheet.key] if sheet.key else f"row {row.number}"
        if decision.choice == B:
            maker.left_out.append((sheet.name, name))
            maker.note(decision, sheet.name, name, "", "row of A", "left out", decision.reason)
        else:
            made = dict(row.values)
            _asked(maker, sheet, made, decision, "only A has this row")
            maker.note(decision, sheet.name, name, "", "no row of B", "row of A kept", decision.reason or _EITHER)
            yield _seen_by(maker, sheet, made, [decision])


_EITHER = "only one of the two has this row of the lead's sheets: kept"


def _of_b(maker: _Maker, sheet: Sheet, row: Row) -> dict[str, str] | None:
    """Return a row that only B has, named and written as in A's workbook; None where it was decided away."""
    decision = maker.decision(sheet.name, "", "", f"row {row.number}")
    name = maker.alignment.name(sheet.name, row[sheet.key]) if sheet.key else f"row {row.number} of B"
    if decision.choice == A:
        maker.left_out.append((sheet.name, name))
        maker.note(decision, sheet.name, name, "", "row of B", "left out", decision.reason)
        return None
    made: dict[str, str] = {}
    for column in sheet.columns:
        text = translated(row[column.name], column, maker.alignment, maker.marks)
        if column.kind == "id":
            text = name
        if text:
            made[column.name] = text
    _asked(maker, sheet, made, decision, "only B has this row")
    maker.note(decision, sheet.name, name, "", "no row of A", "row of B kept", decision.reason or _EITHER)
    return _seen_by(maker, sheet, made, [decision])


def _settled(maker: _Maker, sheet: Sheet, row: Row, partner: Row, found: Sequence[Answer]) -> dict[str, str]:
    """Return a row both have, with what was decided about its answers."""
    made = dict(row.values)
    made_by = []
    name = row[sheet.key] if sheet.key else f"row {row.number}"
    for answer in found:
        column = answer.column
        where = (answer.a.cell(column.name), answer.b.cell(column.name))
        decision = maker.decision(sheet.name, column.name, *where)
        made_by.append(decision)
        typed = f"A {_shown(answer.text_a)}, B {_shown(answer.text_b)}"
        new = _answer(maker, answer, decision)
        minor = f"of priority 3, not decided: the answer of {maker.minor} kept"
        by_rule = _WORDS_OF_RULE.get(answer.verdict, minor)
        if answer.verdict is Verdict.TEXT and (answer.text_a in _NOTHING or answer.text_b in _NOTHING):
            by_rule = f"only {B if answer.text_a in _NOTHING else A} wrote something: kept"
        why = decision.reason or (f"decided for {decision.choice}" if decision.choice else by_rule)
        made[column.name] = new
        if decision.choice == ASK:
            _asked(maker, sheet, made, decision, f"{column.name}: {typed}")
        maker.note(decision, sheet.name, name, column.name, answer.text_a, new, f"{why} ({typed})")
    return _seen_by(maker, sheet, {k: v for k, v in made.items() if v}, made_by, partner)


def _answer(maker: _Maker, answer: Answer, decision: Decision) -> str:
    """Return the answer that stands."""
    if decision.choice:
        chosen = {A: answer.text_a, B: answer.text_b, OTHER: decision.final_value, ASK: NOT_REPORTED}
        return chosen[decision.choice]
    if answer.verdict is Verdict.ROUNDING:
        return more_precise(answer, maker.marks[0])
    if not answer.scored:
        return answer.text_b if answer.text_a in _NOTHING else answer.text_a
    return answer.text_b if maker.minor == B else answer.text_a


_NOTHING = ("", NOT_REPORTED, NOT_APPLICABLE)


def _asked(maker: _Maker, sheet: Sheet, made: dict[str, str], decision: Decision, what: str) -> None:
    """Mark a row whose authors are asked, where its sheet has a place for that."""
    if decision.choice != ASK:
        return
    names = {column.name for column in sheet.columns}
    if "flag" in names:
        before = made.get("flag_reason", "") if made.get("flag") == "query_author" else ""
        made["flag"] = "query_author"
        made["flag_reason"] = "; ".join(part for part in (before, f"authors asked about {what}") if part)


def _seen_by(
    maker: _Maker, sheet: Sheet, made: dict[str, str], decided: Iterable[Decision], partner: Row | None = None
) -> dict[str, str]:
    """Name both extractors in a row, and who checked it last."""
    names = {column.name for column in sheet.columns}
    decided = [decision for decision in decided if decision.choice]
    if "extractor" in names and partner is not None:
        both = [made.get("extractor", ""), partner["extractor"]]
        made["extractor"] = "+".join(dict.fromkeys(name for name in both if name)) or NOT_REPORTED
    if "checked_by" in names and (decided or partner is not None):
        last = max(decided, key=lambda decision: decision.date, default=None)
        made["checked_by"] = last.decided_by if last else (partner["extractor"] if partner else "")
        made["checked_on"] = last.date if last else (partner["extracted_on"] if partner else "")
    return {column: text for column, text in made.items() if text}


def orphans(made: Consensus, layout: Layout, workbook: str) -> Iterator[Finding]:
    """Yield rows that were kept while the row they belong to was decided away."""
    gone = set(made.left_out)
    for sheet in layout.sheets:
        for row in made.rows.get(sheet.name, ()):
            for column in sheet.columns:
                name = row.get(column.name, "")
                if column.kind == "ref" and (column.refers_to, name) in gone:
                    whose = row.get(sheet.key, "") if sheet.key else name
                    yield Finding(
                        id="S06",
                        level=Level.ERROR,
                        origin=Origin(workbook, SHEET.name),
                        subject=f"{sheet.name}, {whose}",
                        found=f'a row that is kept, of "{name}" on the sheet {column.refers_to}, which was left out',
                        expected="a row and the row it belongs to, both kept or both left out",
                        to_fix=f"change the decision about {whose}, or about {name}",
                    )
