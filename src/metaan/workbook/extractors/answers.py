"""The answers of two extractors to the same question, and in what way they differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Column, Layout, Sheet
from metaan.workbook.extractors.align import Alignment
from metaan.workbook.read import Extraction, Row
from metaan.workbook.sheets import REVIEW_KEYS
from metaan.workbook.values import Number, parse_number

#: columns that tell who typed a row and when, or that a program fills
_WHO = frozenset({"extractor", "extracted_on", "checked_by", "checked_on", "pdf_sha256", "who", "initials", "seen_by"})
_REVIEW_OWN = frozenset({"workbook_role", "extractor", "decimal_mark"})

#: answers to tools are words, though their column takes any text
WORDS_AS_TEXT = frozenset({("Quality", "answer"), ("Quality", "judgement")})

ONE_PERCENT = 0.01


class Verdict(StrEnum):
    """How two answers compare."""

    SAME = "same"
    ROUNDING = "within rounding"  #: half a unit of the last decimal of the coarser entry
    ONE_PERCENT = "within 1 %"
    BEYOND = "differs"  #: numbers more than 1 % apart, other words, other dates
    MISSING = "one has no answer"  #: NR, NA or blank against a value, or two of these that differ
    TEXT = "other words"  #: free text: shown, never scored


@dataclass(frozen=True, slots=True)
class Answer:
    """One cell that at least one of two extractors filled, in a row that both have."""

    sheet: str
    column: Column
    a: Row
    b: Row
    text_a: str
    text_b: str  #: in the decimal mark, and with the names of rows, of the first workbook
    verdict: Verdict

    @property
    def scored(self) -> bool:
        """Whether the answer counts in the agreement: free text does not."""
        return is_scored(self.sheet, self.column)

    @property
    def agreed(self) -> bool:
        """Whether nobody has to decide: the same, or the same but for rounding."""
        return self.verdict in (Verdict.SAME, Verdict.ROUNDING)


def is_scored(sheet: str, column: Column) -> bool:
    """Whether answers of a column are counted; free text is only shown."""
    return column.kind != "text" or (sheet, column.name) in WORDS_AS_TEXT


def answers(alignment: Alignment, a: Extraction, b: Extraction, layout: Layout) -> Iterator[Answer]:
    """Yield every answer of the rows that both extractors have, in the order of sheets, rows and columns."""
    marks = (a.decimal_mark, b.decimal_mark)
    for sheet in layout.sheets:
        aligned = alignment.sheets.get(sheet.name)
        for one, two in aligned.pairs if aligned else ():
            for column in compared(sheet, one):
                text_a, text_b = one[column.name], translated(two[column.name], column, alignment, marks)
                if text_a or text_b:
                    verdict = compare(text_a, text_b, column, sheet.name, marks[0])
                    yield Answer(sheet.name, column, one, two, text_a, text_b, verdict)


def compared(sheet: Sheet, row: Row) -> list[Column]:
    """Return the columns of a row whose answers are compared."""
    if sheet.name == "Review":
        locked = REVIEW_KEYS.get(row["key"], ("", True))[1]
        return [] if locked or row["key"] in _REVIEW_OWN else [sheet.column("value")]
    return [column for column in sheet.columns if column.kind != "id" and column.name not in _WHO]


def translated(text: str, column: Column, alignment: Alignment, marks: tuple[str, str]) -> str:
    """Return a text of the second workbook as the first would have it: its decimal mark, its names of rows."""
    if column.kind == "ref":
        return alignment.name(column.refers_to, text)
    if column.kind in ("integer", "number") and marks[0] != marks[1] and parse_number(text, marks[1]):
        return text.replace(",", ".") if marks[1] == "comma" else text.replace(".", ",")
    return text


def compare(a: str, b: str, column: Column, sheet: str, decimal_mark: str = "point") -> Verdict:
    """Return how two answers to one question compare."""
    if a == b:
        return Verdict.SAME
    if not is_scored(sheet, column):
        return Verdict.SAME if " ".join(a.casefold().split()) == " ".join(b.casefold().split()) else Verdict.TEXT
    if any(text in ("", NOT_REPORTED, NOT_APPLICABLE) for text in (a, b)):
        return Verdict.MISSING
    if column.kind in ("integer", "number"):
        one, two = parse_number(a, decimal_mark), parse_number(b, decimal_mark)
        if one is not None and two is not None:
            return compare_numbers(one, two)
    if column.kind == "date" and (a.startswith(b) or b.startswith(a)):
        return Verdict.ROUNDING
    return Verdict.SAME if a.casefold() == b.casefold() else Verdict.BEYOND


def compare_numbers(a: Number, b: Number) -> Verdict:
    """Return how two numbers compare, each with the decimals it was typed with."""
    apart = abs(a.value - b.value)
    if apart == 0:
        return Verdict.SAME
    largest = max(abs(a.value), abs(b.value))
    decimals = min(a.decimals, b.decimals)
    if a.decimals != b.decimals and apart <= 0.5 * 10.0**-decimals + 1e-9 * largest:
        return Verdict.ROUNDING
    return Verdict.ONE_PERCENT if apart <= ONE_PERCENT * largest * (1 + 1e-9) else Verdict.BEYOND


def more_precise(answer: Answer, decimal_mark: str = "point") -> str:
    """Return the one of two answers within rounding that says more: more decimals, or a day instead of a month."""
    if answer.column.kind == "date":
        return max(answer.text_a, answer.text_b, key=len)
    one, two = parse_number(answer.text_a, decimal_mark), parse_number(answer.text_b, decimal_mark)
    if one is None or two is None:
        return answer.text_a
    return answer.text_b if two.decimals > one.decimals else answer.text_a
