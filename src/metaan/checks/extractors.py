"""Two extractors: how far they agree, by column and by group of columns, and whether a workbook is the agreed one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from metaan.checks.agreement import (
    FEW,
    UNDEFINED,
    Coefficient,
    chances,
    cohens_kappa,
    gwet_ac1,
    icc_2_1,
    pooled_beyond_chance,
    wilson,
)
from metaan.checks.book import Book
from metaan.checks.cells import finding
from metaan.terms import wording
from metaan.terms.finding import Finding, Level
from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Layout
from metaan.workbook.extractors.align import Alignment
from metaan.workbook.extractors.answers import WORDS_AS_TEXT, Answer, Verdict
from metaan.workbook.extractors.consensus import needs_decision
from metaan.workbook.extractors.sheet import Discrepancy, people
from metaan.workbook.extractors.split import EXTRACTED
from metaan.workbook.values import parse_number

#: lists whose words have an order, lowest first; NR and NA stand outside it
ORDERED: Mapping[str, tuple[str, ...]] = {
    "yes_no_partly": ("no", "partly", "yes"),
    "yes_no_mixed": ("no", "mixed", "yes"),
    "randomised": ("no", "quasi", "yes"),
    "grade": ("D", "C", "B", "A"),
    "certainty_step": ("-3", "-2", "-1", "0", "+1", "+2"),
}

#: judgements of quality tools, each from best to worst
_JUDGED = (
    ("low", "some_concerns", "high"),
    ("low", "moderate", "high"),
    ("low", "moderate", "serious", "critical"),
)

_AGREED_FILE = "extraction.xlsx"  #: what a run pools


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Agreement of one column, of a group of columns, or of everything."""

    sheet: str
    name: str  #: column, or group of columns
    kind: str  #: words, numbers, group
    n: int  #: answers that at least one of the two gave, in rows both have
    agree: int
    interval: tuple[float, float]  #: of the share that agrees, by Wilson
    missing: int  #: answers that only one of the two gave
    kappa: Coefficient | None = None  #: None below ten pairs
    weighted: Coefficient | None = None
    ac1: Coefficient | None = None
    exact: int = 0  #: of numbers that both gave
    rounding: int = 0
    one_percent: int = 0
    beyond: int = 0
    icc: Coefficient | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; what is not defined or rests on too few pairs is null."""
        found: dict[str, Any] = {
            **{"sheet": self.sheet, "name": self.name, "kind": self.kind, "n": self.n, "agree": self.agree},
            **{"low": self.interval[0], "high": self.interval[1], "missing": self.missing},
        }
        if self.kind != "words":
            numbers = ("exact", "rounding", "one_percent", "beyond")
            found |= {name: getattr(self, name) for name in numbers}
        for name in ("kappa", "weighted", "ac1", "icc"):
            each: Coefficient | None = getattr(self, name)
            if each is not None and each.defined:
                found[name] = each.to_dict()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two extractors."""

    overall: Agreed | None  #: None where the two have no row in common
    groups: tuple[Agreed, ...]
    columns: tuple[Agreed, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "overall": self.overall.to_dict() if self.overall else None,
            "groups": [each.to_dict() for each in self.groups],
            "columns": [each.to_dict() for each in self.columns],
        }


def agreement(given: Iterable[Answer], layout: Layout, decimal_mark: str = "point") -> Agreement:
    """Return how far two extractors agree.

    Free text is not scored, nor are the sheets of the lead and the answers that identify a row: by these rows are
    matched.
    """
    by_column: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for answer in given:
        if answer.scored and answer.sheet in EXTRACTED and answer.column.group != "identity":
            by_column[answer.sheet, answer.column.name].append(answer)
    columns = {key: _column(found, decimal_mark) for key, found in by_column.items()}
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for sheet, name in columns:
        groups[sheet, layout.sheet(sheet).column(name).group].append((sheet, name))
    return Agreement(
        overall=_together("", "all", columns, by_column) if columns else None,
        groups=tuple(
            _together(sheet, group, {key: columns[key] for key in keys}, by_column)
            for (sheet, group), keys in groups.items()
        ),
        columns=tuple(columns.values()),
    )


def _column(found: Sequence[Answer], decimal_mark: str) -> Agreed:
    first = found[0]
    numeric = first.column.kind in ("integer", "number")
    agree = sum(answer.agreed for answer in found)
    counted = {verdict: sum(answer.verdict is verdict for answer in found) for verdict in Verdict}
    more: dict[str, Any] = {}
    if numeric:
        both = [pair for answer in found if (pair := _numbers(answer, decimal_mark))]
        exact = sum(one == two for one, two in both)
        more = {"exact": exact, "rounding": counted[Verdict.ROUNDING], "beyond": counted[Verdict.BEYOND]}
        more["one_percent"] = counted[Verdict.ONE_PERCENT]
        if len(both) >= FEW:
            more["icc"] = icc_2_1([one for one, _ in both], [two for _, two in both])
    elif first.column.kind not in ("date", "ref") and len(found) >= FEW:
        a, b = _ratings(found)
        more = {"kappa": cohens_kappa(a, b), "ac1": gwet_ac1(a, b), "weighted": _weighted(first, a, b)}
    return Agreed(
        sheet=first.sheet,
        name=first.column.name,
        kind="numbers" if numeric else "words",
        n=len(found),
        agree=agree,
        interval=wilson(agree, len(found)),
        missing=counted[Verdict.MISSING],
        **more,
    )


def _numbers(answer: Answer, decimal_mark: str) -> tuple[float, float] | None:
    one, two = parse_number(answer.text_a, decimal_mark), parse_number(answer.text_b, decimal_mark)
    return (one.value, two.value) if one is not None and two is not None else None


def _ratings(found: Iterable[Answer]) -> tuple[list[str], list[str]]:
    """Return the words of both; a blank is a category of its own, and so are NR and NA."""
    pairs = [(answer.text_a.casefold(), answer.text_b.casefold()) for answer in found]
    return [one for one, _ in pairs], [two for _, two in pairs]


def _weighted(answer: Answer, a: Sequence[str], b: Sequence[str]) -> Coefficient | None:
    """Return weighted kappa where the words have an order; pairs with NR, NA or a blank are left out of it."""
    outside = {"", NOT_REPORTED.casefold(), NOT_APPLICABLE.casefold()}
    pairs = [(one, two) for one, two in zip(a, b, strict=True) if not {one, two} & outside]
    if len(pairs) < FEW:
        return None
    used = {word for pair in pairs for word in pair}
    choices = (
        _JUDGED if (answer.sheet, answer.column.name) in WORDS_AS_TEXT else (ORDERED.get(answer.column.words, ()),)
    )
    for order in choices:
        folded = [word.casefold() for word in order]
        if used <= set(folded):
            return cohens_kappa([one for one, _ in pairs], [two for _, two in pairs], folded)
    return None


def _together(
    sheet: str,
    name: str,
    columns: Mapping[tuple[str, str], Agreed],
    by_column: Mapping[tuple[str, str], Sequence[Answer]],
) -> Agreed:
    """Return agreement over several columns; coefficients are pooled over questions, without an interval."""
    n, agree = sum(each.n for each in columns.values()), sum(each.agree for each in columns.values())
    words = [
        (each.n, *chances(*_ratings(by_column[key])))
        for key, each in columns.items()
        if each.kind == "words" and by_column[key][0].column.kind not in ("date", "ref")
    ]
    more: dict[str, Coefficient] = {}
    if sum(part[0] for part in words) >= FEW:
        for which, coefficient in ((2, "kappa"), (3, "ac1")):
            value = pooled_beyond_chance([(part[0], part[1], part[which]) for part in words])
            more[coefficient] = Coefficient(value, UNDEFINED.se, UNDEFINED.low, UNDEFINED.high)
    totals = {
        count: sum(getattr(each, count) for each in columns.values())
        for count in ("missing", "exact", "rounding", "one_percent", "beyond")
    }
    return Agreed(
        sheet=sheet,
        name=name,
        kind="group",
        n=n,
        agree=agree,
        interval=wilson(agree, n),
        **totals,
        **more,  # type: ignore[arg-type]
    )


def record(
    found: Agreement,
    alignment: Alignment,
    differences: Sequence[Discrepancy],
    extractors: Sequence[str],
    settled: Mapping[str, int] | None = None,
    left_out: int = 0,
    rows: str = "",
    quality: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what agreement.json says: how far two people agree, what they differ in, and how that was settled.

    `rows` is the digest of the rows agreed on, empty before the consensus; a report quotes the rest only beside them.
    `quality` is the agreement on quality tools, domain by domain (`design.assessors`).
    """
    missed = {
        sheet: {"only_a": len(aligned.only_a), "only_b": len(aligned.only_b), "both": len(aligned.pairs)}
        for sheet, aligned in alignment.sheets.items()
        if sheet in EXTRACTED
    }
    return {
        "extractors": list(extractors),
        "rows": rows,
        "missed": missed,
        "differences": {str(level): sum(each.priority == level for each in differences) for level in (1, 2, 3)},
        "to_decide": sum(needs_decision(each) for each in differences),
        "settled": dict(settled) if settled is not None else None,
        "left_out": left_out,
        "agreement": found.to_dict(),
        "quality": list(quality),
    }


def share(agree: int, n: int) -> str:
    """Return a share in percent; with a decimal where rounding would make it all or none."""
    rounded = wording.percent(100 * agree / n)
    return wording.percent(100 * agree / n, 1) if rounded in ("0 %", "100 %") and 0 < agree < n else rounded


def limits(said: Mapping[str, Any]) -> str:
    """Return the interval of a share of agreement.json in percent, without the sign; empty where there is none."""
    if "low" not in said:
        return ""
    return f"{wording.fixed(100 * said['low'], 0)} to {wording.fixed(100 * said['high'], 0)}"


def coefficient(said: Mapping[str, float] | None) -> str:
    """Return a coefficient of agreement.json with its interval; empty where it is not given."""
    if said is None:
        return ""
    value = wording.fixed(said["value"], 2)
    if "low" not in said:
        return value
    return f"{value} ({wording.fixed(said['low'], 2)} to {wording.fixed(said['high'], 2)})"


def check_roles(book: Book) -> Iterator[Finding]:
    """Yield what the role of a workbook says about answers that two people have not agreed on."""
    extraction, sheet = book.extraction, book.layout.sheet("Review")
    rows = {row["key"]: row for row in extraction.sheet("Review")}
    role, extractor = rows.get("workbook_role"), rows.get("extractor")
    if role is None:
        return
    if role["value"] in ("A", "B"):
        pooled = PurePath(extraction.workbook).name == _AGREED_FILE
        yield finding(
            "S06",
            role,
            sheet,
            "value",
            f'"{role["value"]}": the workbook of one of two extractors, whose differences nobody has decided',
            "single, or consensus, in the workbook that is pooled",
            "run metaan compare on the workbooks of A and B, decide what they differ in, then run metaan consensus"
            + ("; put the consensus in place of this file" if pooled else ""),
            Level.ERROR if pooled else Level.NOTE,
        )
    elif role["value"] == "consensus" and len(people(extractor["value"] if extractor else "")) < 2:
        yield finding(
            "S06",
            extractor or role,
            sheet,
            "value",
            f'"{extractor["value"]}"' if extractor and extractor["value"] else "nobody named as extractor",
            "the initials of both people who extracted, as JD+AB: this workbook says that two people agreed",
            "name both, or set workbook_role to single",
            Level.WARNING,
        )
