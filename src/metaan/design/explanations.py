"""Other explanations of a difference: which comparison dealt with which, by the facts the protocol names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metaan.terms.record import Record
from metaan.terms.records import Grade
from metaan.workbook.protocol import Explanation, Protocol
from metaan.workbook.read import Extraction, Row

HANDLED, OPEN, NOT_REPORTED, BLANK = "handled", "open", "not reported", "no fact"
STATES = (HANDLED, OPEN, NOT_REPORTED, BLANK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained(Record):
    """How the comparisons of a review stand to one explanation."""

    id: str
    label: str
    why: str
    open_says: str
    states: dict[str, str]  #: comparison -> one of `STATES`
    behind: dict[str, str]  #: comparison -> the cell that shows it: "Design!V12"; handled and open only

    def counted(self, designs: Iterable[str]) -> dict[str, int]:
        """Return state -> how many of these comparisons are in it."""
        found = dict.fromkeys(STATES, 0)
        for design in designs:
            found[self.states[design]] += 1
        return found


def explain(extraction: Extraction, protocol: Protocol, grades: Iterable[Grade]) -> tuple[Explained, ...]:
    """Hold every comparison against every explanation of the protocol.

    A fact that shows an explanation was dealt with counts before one that shows it was not: controls who had given
    birth leave parity open unless it was adjusted for. A comparison with neither is not reported where any of the
    facts is NR; where none is, the facts do not apply or were left blank.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        The review.
    grades : iterable of Grade
        Of the comparisons to hold against the explanations.
    """
    effects: dict[str, list[Row]] = {}
    for row in extraction.sheet("Effects"):
        effects.setdefault(row["design_id"], []).append(row)
    designs = extraction.by_key("Design", "design_id")
    studies = extraction.by_key("Studies", "study_id")
    rows = {
        grade.design_id: [
            designs[grade.design_id],
            *effects.get(grade.design_id, ()),
            *([studies[grade.study_id]] if grade.study_id in studies else ()),
        ]
        for grade in grades
    }
    return tuple(_explained(item, rows) for item in protocol.explanations)


def _explained(item: Explanation, rows: Mapping[str, list[Row]]) -> Explained:
    found = {design: _state(item, of) for design, of in rows.items()}
    return Explained(
        id=item.id,
        label=item.label,
        why=item.why,
        open_says=item.open_says,
        states={design: state for design, (state, _) in found.items()},
        behind={design: cell for design, (_, cell) in found.items() if cell},
    )


def _state(item: Explanation, rows: list[Row]) -> tuple[str, str]:
    for state, facts in ((HANDLED, item.handled), (OPEN, item.open)):
        for column, words in facts.items():
            for row in rows:
                if column in row.letters and row[column] in words and row[column] != "NR":
                    return state, f"{row.sheet}!{row.cell(column)}"
    named = {*item.handled, *item.open}
    silent = any(row[column] == "NR" for row in rows for column in named if column in row.letters)
    return (NOT_REPORTED if silent else BLANK), ""


def claimed(explanations: Iterable[Explanation]) -> set[tuple[str, str]]:
    """Return the facts, as column and word, whose sentence an explanation of the protocol says in its own words."""
    return {
        (column, word)
        for item in explanations
        if item.open_says
        for column, words in item.open.items()
        for word in words
    }
