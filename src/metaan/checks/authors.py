"""Names of authors as reports print them, and how many two lists share."""

import difflib
import re
import unicodedata
from dataclasses import dataclass

_ET_AL = re.compile(r"\b(et\s+al\.?|and\s+others|u\.?\s?a\.)", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[A-ZÀ-Þ][.\-]?){1,4}[aeu]?$")  #: JE, T.C., TYu
_SHORT = 5  #: letters of a surname that many people have, or that another spelling makes another name
_ALIKE = 0.85  #: of two surnames spelled differently: Sayenko and Saienko


@dataclass(frozen=True, slots=True)
class Author:
    """One author."""

    surname: str  #: small letters without accents and punctuation
    initials: str  #: small letters; of a given name written out only the first; empty where none is printed


def authors(text: str) -> tuple[Author, ...]:
    """Return the authors in the order printed; none where they are not reported.

    Surname first, as PubMed, RIS and BibTeX have it: "Li TC, Laird SM", "Li, Tin Chiu; Laird, Susan".
    """
    plain = _ET_AL.sub("", text).strip(" ,;.")
    if not plain or plain in ("NR", "NA"):
        return ()
    apart = r"[;|]|\s+and\s+"
    names = re.split(apart if re.search(apart, plain) else ",", plain)
    found = (_author(name) for name in names)
    return tuple(author for author in found if author.surname)


def _author(name: str) -> Author:
    surname, _, given = name.strip().partition(",")
    if not given:
        words = surname.split()
        if len(words) > 1 and _INITIALS.match(words[-1]):
            return Author(plain_letters(" ".join(words[:-1])), plain_letters(words[-1]))
        if len(words) > 1:
            surname, given = words[0], words[1]
    initials = given if _INITIALS.match(given.strip()) else given.strip()[:1]
    return Author(plain_letters(surname), plain_letters(initials))


def plain_letters(text: str) -> str:
    """Return a text in small letters, without accents, blanks and punctuation."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if letter.isalnum())
    return bare.casefold()


@dataclass(frozen=True, slots=True)
class Common:
    """Authors who stand in two lists."""

    names: int
    weight: float  #: common names count half: a short surname with one initial, like Li Y


def in_common(one: tuple[Author, ...], other: tuple[Author, ...]) -> Common:
    """Return who stands in both lists; small differences of spelling are allowed, names without initials left out."""
    rest = [author for author in other if author.initials]
    names, weight = 0, 0.0
    for author in one:
        match = next((x for x in rest if _same(author, x)), None) if author.initials else None
        if match is not None:
            rest.remove(match)
            names += 1
            rare = len(author.surname) > _SHORT or min(len(author.initials), len(match.initials)) > 1
            weight += 1.0 if rare else 0.5
    return Common(names, weight)


def _same(one: Author, other: Author) -> bool:
    """Whether two names may be one person's: initials that go together, surnames equal or nearly so."""
    shorter = min(len(one.initials), len(other.initials))
    if one.initials[:shorter] != other.initials[:shorter]:
        return False
    if one.surname == other.surname:
        return True
    if min(len(one.surname), len(other.surname)) < _SHORT:
        return False
    matcher = difflib.SequenceMatcher(None, one.surname, other.surname, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def same_first(one: tuple[Author, ...], other: tuple[Author, ...]) -> bool:
    """Whether the first authors may be one person: the same surname, and no initials that differ."""
    if not one or not other or one[0].surname != other[0].surname:
        return False
    shorter = min(len(one[0].initials), len(other[0].initials))
    return one[0].initials[:shorter] == other[0].initials[:shorter]
