"""Studies whose people may be the same: place, years, authors and size of each pair, scored."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from metaan.checks.authors import Author, authors, in_common, plain_letters, same_first
from metaan.checks.book import Book
from metaan.checks.cells import finding
from metaan.terms.finding import Finding
from metaan.workbook.read import Row

#: points of a pair from which it is reported
ENOUGH = 4
_SHOWN = 4  #: studies in one finding
_MANY = 20  #: people: from here on two studies of one size are remarkable
_NEAR = 3  #: years between two papers on one series
_APART = 10  #: years between papers that are seldom on one series
#: words of centres that say nothing about the place
_COMMON = frozenset(
    (
        *("and", "at", "for", "in", "of", "the", "university", "universidad", "universite", "universitat"),
        *("center", "centre", "centro", "clinic", "clinica", "department", "hospital", "institute", "faculty"),
        *("medical", "medicine", "general", "national", "research", "school", "college", "city", "women", "fertility"),
    )
)


@dataclass(frozen=True, slots=True)
class _Study:
    row: Row
    country: str
    centre: frozenset[str]
    authors: tuple[Author, ...]
    papers: frozenset[str]  #: DOIs and PubMed numbers
    recruited: tuple[int, int] | None  #: first and last month, counted from year 0
    year: int | None
    people: int | None
    population: str
    cohort: str  #: first study of its chain of same_cohort_as
    independent: frozenset[str]  #: studies it is said to be independent of

    @property
    def name(self) -> str:
        return self.row["study_id"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """What speaks for two studies having people in common."""

    points: int
    reasons: tuple[str, ...]


def check_overlap(book: Book) -> Iterator[Finding]:
    """Yield studies whose people may be those of studies before them (S03)."""
    if not book.has("Studies", "study_id", "same_cohort_as"):
        return
    studies = _studies(book)
    alike_to: dict[str, list[tuple[_Study, Overlap]]] = {}
    told: set[frozenset[str]] = set()
    for one, other in _candidates(studies):
        cohorts = frozenset((one.cohort, other.cohort))
        if len(cohorts) == 1 or cohorts in told or other.name in one.independent or one.name in other.independent:
            continue
        overlap = _score(one, other)
        if overlap.points >= ENOUGH:
            told.add(cohorts)
            alike_to.setdefault(other.name, []).append((one, overlap))
    sheet = book.layout.sheet("Studies")
    for study in studies:
        pairs = alike_to.get(study.name, [])
        if not pairs:
            continue
        said = "; or of ".join(f"{one.name} ({', '.join(overlap.reasons)})" for one, overlap in pairs[:_SHOWN])
        more = f"; or of {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        yield finding(
            "S03",
            study.row,
            sheet,
            "same_cohort_as",
            f"{study.name} may hold people of {said}{more}",
            "people counted once",
            "look at places and years in the papers: name the study in same_cohort_as if people overlap, in "
            "independent_of if they do not",
        )


def independent_of(row: Row) -> tuple[str, ...]:
    """Return the studies that a study is said to be independent of."""
    return tuple(name for part in row.answer("independent_of").split(";") if (name := part.strip()))


class Kin:
    """Which studies share a country, and authors or a centre."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[tuple[str, str], bool] = {}

    @cached_property
    def _studies(self) -> dict[str, _Study]:
        return {study.name: study for study in _studies(self._book)}

    def __call__(self, one: str, other: str) -> bool:
        """Whether these two do."""
        pair = (one, other)
        if pair not in self._known:
            self._known[pair] = self._akin(self._studies[one], self._studies[other])
        return self._known[pair]

    @staticmethod
    def _akin(one: _Study, other: _Study) -> bool:
        if not one.country or one.country != other.country:
            return False
        return _one_centre(one, other) or in_common(one.authors, other.authors).weight >= 2


def _studies(book: Book) -> tuple[_Study, ...]:
    papers: dict[str, set[str]] = {}
    written: dict[str, str] = {}
    for report in book.extraction.sheet("Reports"):
        name = report["study_id"]
        numbers = (report.answer("doi"), report.answer("pmid"))
        papers.setdefault(name, set()).update(number.casefold() for number in numbers if number)
        if report.answer("authors") and (name not in written or report["is_primary"] == "yes"):
            written[name] = report["authors"]
    return tuple(
        _study(row, written.get(name, ""), frozenset(papers.get(name, ())), book.cohorts[name])
        for name, row in book.studies.items()
    )


def _study(row: Row, written: str, papers: frozenset[str], cohort: str) -> _Study:
    start, end = _month(row.answer("recruit_start"), 1), _month(row.answer("recruit_end"), 12)
    country = plain_letters(row.answer("country"))
    words = {plain_letters(word) for word in re.split(r"[\s,;/()-]+", row.answer("centre"))}
    return _Study(
        row=row,
        country="" if country == "multi" else country,
        centre=frozenset(word for word in words - _COMMON - {country} if len(word) > 2),
        authors=authors(written),
        papers=papers,
        recruited=(start, end) if start is not None and end is not None else None,
        year=_whole(row["year"]),
        people=_whole(row["n_enrolled"]),
        population=row.answer("population"),
        cohort=cohort,
        independent=frozenset(independent_of(row)),
    )


def _month(text: str, blank: int) -> int | None:
    match = re.match(r"(\d{4})(?:-(\d{2}))?", text)
    return int(match[1]) * 12 + int(match[2] or blank) if match else None


def _candidates(studies: tuple[_Study, ...]) -> list[tuple[_Study, _Study]]:
    """Return pairs that share an author, a paper, a centre, or country and size, each in the order of the sheet."""
    places: dict[object, list[int]] = {}
    for i, study in enumerate(studies):
        keys: set[object] = {("paper", paper) for paper in study.papers}
        keys |= {("centre", word) for word in study.centre}
        keys |= {("author", author.surname, author.initials[0]) for author in study.authors if author.initials}
        keys |= {("first", author.surname) for author in study.authors[:1]}
        if study.people is not None and study.people >= _MANY:
            keys.add(("size", study.country, study.people))
        for key in keys:
            places.setdefault(key, []).append(i)
    pairs = {pair for found in places.values() if len(found) > 1 for pair in combinations(found, 2)}
    return [(studies[i], studies[j]) for i, j in sorted(pairs)]


def _score(one: _Study, other: _Study) -> Overlap:
    """Return the points of a pair; places or years that exclude each other settle it, unless one paper reports both."""
    if shared := one.papers & other.papers:
        return Overlap(ENOUGH, (f"one paper ({sorted(shared)[0]})",))
    if one.country and other.country and one.country != other.country:
        return Overlap(0, ())
    if one.recruited and other.recruited and not _meet(one.recruited, other.recruited):
        return Overlap(0, ())
    found = [*_places(one, other), *_people(one, other), *_years(one, other), *_sizes(one, other)]
    return Overlap(sum(points for points, _ in found), tuple(reason for _, reason in found if reason))


Points = Iterator[tuple[int, str]]


def _one_centre(one: _Study, other: _Study) -> bool:
    """Whether more than half of the words of the shorter name stand in the other."""
    return 2 * len(one.centre & other.centre) > min(len(one.centre), len(other.centre))


def _places(one: _Study, other: _Study) -> Points:
    if _one_centre(one, other):
        yield 3, f"the same centre ({one.row['centre']})"
    if one.country and one.country == other.country:
        yield 1, one.row["country"]


def _people(one: _Study, other: _Study) -> Points:
    shared = in_common(one.authors, other.authors)
    named = min(sum(bool(author.initials) for author in study.authors) for study in (one, other))
    if shared.weight >= 2:
        yield (3 if shared.names * 2 >= named or shared.weight >= 4 else 2), f"{shared.names} authors in common"
    elif shared.weight >= 1 and same_first(one.authors, other.authors):
        yield 2, "the same first author"
    elif same_first(one.authors, other.authors):
        yield 1, "first authors of one name"
    if len({one.population, other.population} - {"", "mixed"}) == 2:
        yield -1, ""


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _years(one: _Study, other: _Study) -> Points:
    if one.recruited and other.recruited:
        yield 2, "recruited in the same years"
    elif one.year is not None and other.year is not None:
        apart = abs(one.year - other.year)
        if apart <= _NEAR:
            yield 1, "published within three years" if apart else "published in one year"
        elif apart > _APART:
            yield -2, ""


def _sizes(one: _Study, other: _Study) -> Points:
    if one.people is None or other.people is None or min(one.people, other.people) < _MANY:
        return
    if one.people == other.people:
        yield 2, f"{one.people} people in both"
    elif min(one.people, other.people) >= 0.95 * max(one.people, other.people):
        yield 1, f"{one.people} and {other.people} people"


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= 15 else None
