"""Rows of two workbooks brought side by side by what they mean, not by the names their extractors gave them.

Rows are compared only within the pair of rows they belong to (results within one study, say). Each possible pair gets
a score from 0 to 1, the share of identifying answers that agree; the pairs with the largest total are kept, and of
these only those that score at least half.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from metaan.workbook.columns import NOT_APPLICABLE, NOT_REPORTED, Layout
from metaan.workbook.read import Extraction, Row
from metaan.workbook.values import parse_number

#: sheets that are never compared: each extractor's own notes
NOT_COMPARED = ("Log", "Overrides")

ENOUGH = 0.5
_BEYOND_DOUBT = 0.8
_LONGEST = 40  #: letters of a name
_ONE_BLANK = 0.25  #: what a pair of answers is worth where one of the two is blank
_SAME_NAME = 0.01  #: breaks ties


@dataclass(frozen=True, slots=True)
class Meaning:
    """What identifies a row of one sheet, each column with its weight."""

    within: str = ""  #: sheet whose paired rows the rows must belong to
    words: Mapping[str, float] = field(default_factory=dict)  #: equal or not
    alike: Mapping[str, float] = field(default_factory=dict)  #: free text, by likeness
    refers: Mapping[str, float] = field(default_factory=dict)  #: names of rows that are paired or not
    group: str = ""  #: block of columns whose equal answers count as well
    weight: float = 0.0  #: of that block
    enough: float = ENOUGH


MEANINGS: dict[str, Meaning] = {
    "Review": Meaning(words={"key": 1.0}, enough=1.0),
    "Studies": Meaning(words={"study_id": 3, "year": 1}, alike={"label": 3}),
    "Reports": Meaning(words={"report_id": 1, "doi": 4, "pmid": 4, "type": 1, "year": 1}, alike={"title": 3}),
    "Design": Meaning("Studies", alike={"contrast": 3}, group="facts", weight=3),
    "Effects": Meaning(
        "Studies",
        words={
            **{"outcome": 3, "factor_kind": 1, "compartment": 3, "marker": 3, "assay": 1, "unit": 1, "form": 2},
            **{"priority": 1, "effect_kind": 0.5, "cutoff_value": 1},
        },
        alike={"intervention": 2, "comparator": 1, "timepoint": 2, "subgroup": 2},
        refers={"design_id": 3},
        group="numbers",
        weight=3,
    ),
    "Quality": Meaning(
        "Studies",
        words={"tool": 3, "domain": 3, "item": 3},
        refers={"design_id": 3, "effect_id": 2},
        enough=0.85,
    ),
    "Reliability": Meaning(
        "Studies",
        words={"source_of_variation": 3, "statistic": 2, "compartment": 1, "marker": 1, "assay": 1},
        alike={"interval": 1, "categories": 1},
        group="facts",
        weight=2,
    ),
    "Harms": Meaning(
        "Studies",
        words={"serious": 1},
        alike={"harm": 4, "intervention": 1, "comparator": 1},
        refers={"design_id": 2},
        group="facts",
        weight=1,
    ),
    "Certainty": Meaning(words={"analysis": 1, "outcome": 1, "stratum": 1, "domain": 1}, enough=0.99),
    "Bias": Meaning("Studies", words={"analysis": 1, "kind": 1}, alike={"bias": 2}),
    "Context": Meaning(words={"url": 3}, alike={"body": 2, "topic": 2, "statement": 1}),
    "PRISMA": Meaning(words={"key": 3}, alike={"reason": 2}, enough=0.75),
}


@dataclass(frozen=True, slots=True)
class Aligned:
    """The rows of one sheet, side by side."""

    sheet: str
    pairs: tuple[tuple[Row, Row], ...]  #: in the order of the first workbook
    only_a: tuple[Row, ...]
    only_b: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two workbooks, side by side."""

    sheets: Mapping[str, Aligned]
    keys: Mapping[str, Mapping[str, str]]  #: sheet -> name of a row in the second workbook -> name of its partner
    names: Mapping[str, Mapping[str, str]]  #: the same, and a name nobody has for rows without a partner

    def partner(self, sheet: str, name: str) -> str:
        """Return the name in the first workbook of a row named in the second; empty where it has no partner."""
        return self.keys.get(sheet, {}).get(name, "")

    def name(self, sheet: str, name: str) -> str:
        """Return what a row named in the second workbook is called where both stand together."""
        return self.names.get(sheet, {}).get(name, name)


def align(a: Extraction, b: Extraction, layout: Layout) -> Alignment:
    """Bring the rows of two workbooks side by side; every row is in exactly one pair or stands alone."""
    sheets: dict[str, Aligned] = {}
    keys: dict[str, dict[str, str]] = {}
    for sheet in layout.sheets:
        meaning = MEANINGS.get(sheet.name)
        if meaning is None:
            continue
        one, two = a.sheet(sheet.name), b.sheet(sheet.name)
        score = _Score(sheet.name, meaning, layout, keys, (a.decimal_mark, b.decimal_mark))
        matched = {} if meaning.within else _named_alike(one, two, score)
        met = set(matched.values())
        for left, right in _blocks(one, two, meaning, (a, b), keys):
            left, right = [i for i in left if i not in matched], [j for j in right if j not in met]
            if left and right:
                matched.update(_best(left, right, one, two, score, meaning.enough))
        taken = set(matched.values())
        sheets[sheet.name] = Aligned(
            sheet.name,
            tuple((one[i], two[matched[i]]) for i in sorted(matched)),
            tuple(row for i, row in enumerate(one) if i not in matched),
            tuple(row for j, row in enumerate(two) if j not in taken),
        )
        if sheet.key:
            keys[sheet.name] = {two[j][sheet.key]: one[i][sheet.key] for i, j in matched.items()}
    names = {
        sheet: known | _new_names([row[layout.sheet(sheet).key] for row in sheets[sheet].only_b], a, layout, sheet)
        for sheet, known in keys.items()
    }
    return Alignment(sheets, keys, names)


def _new_names(names: Sequence[str], a: Extraction, layout: Layout, sheet: str) -> dict[str, str]:
    """Return a name for each row that only the second workbook has: its own, or with -B, -B2, ... after it."""
    taken = {row[layout.sheet(sheet).key].casefold() for row in a.sheet(sheet)}
    given: dict[str, str] = {}
    for name in names:
        found, i = name, 1
        while found.casefold() in taken:
            tail = "-B" if i == 1 else f"-B{i}"
            found, i = name[: _LONGEST - len(tail)] + tail, i + 1
        given[name] = found
        taken.add(found.casefold())
    return given


def _named_alike(one: Sequence[Row], two: Sequence[Row], score: "_Score") -> dict[int, int]:
    """Return rows of one name that mean the same beyond doubt, so that only the others need be tried on all."""
    places = {row[score.key].casefold(): j for j, row in enumerate(two) if score.key}
    named = ((i, places.get(row[score.key].casefold())) for i, row in enumerate(one) if score.key)
    return {i: j for i, j in named if j is not None and score(one[i], two[j]) >= _BEYOND_DOUBT}


def _blocks(
    one: Sequence[Row],
    two: Sequence[Row],
    meaning: Meaning,
    books: tuple[Extraction, Extraction],
    keys: Mapping[str, Mapping[str, str]],
) -> list[tuple[list[int], list[int]]]:
    """Return the rows that may be paired: all of them, or those of one pair of studies."""
    if not meaning.within:
        return [(list(range(len(one))), list(range(len(two))))] if one and two else []
    blocks: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, (rows, book) in enumerate(zip((one, two), books, strict=True)):
        of_design = {row["design_id"]: row["study_id"] for row in book.sheet("Design")}
        for i, row in enumerate(rows):
            study = row["study_id"] or of_design.get(row["design_id"], "")
            name = keys[meaning.within].get(study, "") if side else study
            if name:
                blocks[name][side].append(i)
    return [block for block in blocks.values() if all(block)]


def _best(
    left: list[int], right: list[int], one: Sequence[Row], two: Sequence[Row], score: "_Score", enough: float
) -> dict[int, int]:
    """Return the pairs with the largest total score, without those that score too little."""
    scores = [[score(one[i], two[j]) for j in right] for i in left]
    if len(left) == 1 or len(right) == 1:
        flat = [(scores[i][j], -i, -j) for i in range(len(left)) for j in range(len(right))]
        found = [(-max(flat)[1], -max(flat)[2])]
    else:
        from scipy.optimize import linear_sum_assignment

        found = list(zip(*(side.tolist() for side in linear_sum_assignment(scores, maximize=True)), strict=True))
    return {left[i]: right[j] for i, j in found if scores[i][j] >= enough}


class _Score:
    """How much two rows of a sheet mean the same, from 0 to 1."""

    def __init__(
        self,
        sheet: str,
        meaning: Meaning,
        layout: Layout,
        keys: Mapping[str, Mapping[str, str]],
        marks: tuple[str, str],
    ) -> None:
        self.meaning = meaning
        self.keys = keys
        self.marks = marks
        self.key = layout.sheet(sheet).key
        columns = layout.sheet(sheet).columns
        self.refers = {column.name: column.refers_to for column in columns}
        named = {*meaning.words, *meaning.alike, *meaning.refers, self.key}
        in_block = [c for c in columns if meaning.group and c.group == meaning.group and c.name not in named]
        self.numbers = [c.name for c in in_block if c.kind in ("integer", "number")]
        self.facts = [c.name for c in in_block if c.kind == "word"]

    def __call__(self, a: Row, b: Row) -> float:
        parts: list[tuple[float, float]] = []
        for column, weight in self.meaning.words.items():
            self._add(parts, weight, a[column], b[column], 1.0 if a[column].casefold() == b[column].casefold() else 0)
        for column, weight in self.meaning.alike.items():
            self._add(parts, weight, a[column], b[column], likeness(a[column], b[column]))
        for column, weight in self.meaning.refers.items():
            same = self.keys.get(self.refers[column], {}).get(b[column], "") == a[column]
            self._add(parts, weight, a[column], b[column], 1.0 if same else 0.0)
        shares = [self._same_number(a[c], b[c]) for c in self.numbers if a.answer(c) and b.answer(c)]
        shares += [a[c] == b[c] for c in self.facts if a[c] and b[c]]
        if shares:
            parts.append((self.meaning.weight, sum(shares) / len(shares)))
        total = sum(weight for weight, _ in parts)
        found = sum(weight * value for weight, value in parts) / total if total else 0.0
        same_name = bool(self.key) and a[self.key].casefold() == b[self.key].casefold()
        return found + (_SAME_NAME if same_name and found < 1 else 0.0)

    @staticmethod
    def _add(parts: list[tuple[float, float]], weight: float, a: str, b: str, value: float) -> None:
        if a in _NOTHING and b in _NOTHING:
            return
        parts.append((weight, _ONE_BLANK if a in _NOTHING or b in _NOTHING else value))

    def _same_number(self, a: str, b: str) -> bool:
        one, two = parse_number(a, self.marks[0]), parse_number(b, self.marks[1])
        return one is not None and two is not None and one.value == two.value


_NOTHING = ("", NOT_REPORTED, NOT_APPLICABLE)


def likeness(a: str, b: str) -> float:
    """Return how alike two texts are, from 0 to 1; capitals and punctuation do not count."""
    one, two = _plain(a), _plain(b)
    if one == two:
        return 1.0
    matcher = difflib.SequenceMatcher(a=min(one, two), b=max(one, two), autojunk=False)
    letters = matcher.ratio() if matcher.quick_ratio() > ENOUGH else matcher.quick_ratio() / 2
    left, right = set(one.split()), set(two.split())
    return max(letters, len(left & right) / len(left | right) if left | right else 0.0)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
