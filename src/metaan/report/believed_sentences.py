"""The answer to whether weaker designs can be believed: at most six sentences, counted from what each method found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metaan.report.material import Material
from metaan.terms import phrases, wording
from metaan.terms.believed import Believed, Capped
from metaan.terms.designs import STRATA

MOST = 6
NONE = "No weaker design is pooled here, so there is none to question."
CEILING = 0.1  #: at which results are counted where there are several: at most 90 % certainty from one study


@dataclass(frozen=True, slots=True, kw_only=True)
class Questioned:
    """One analysis with a weaker design, and what is said of it."""

    title: str
    said: Believed


Found = Sequence[Questioned]


def sentences(m: Material) -> tuple[str, ...]:
    """Return the answer.

    What the designs say against each other comes first. What is left out where there would be more than six is said on
    the page, by figure.
    """
    found = [
        Questioned(title=analysis.title, said=m.believed[analysis.id])
        for analysis in m.analyses
        if analysis.id in m.believed and m.believed[analysis.id].weaker
    ]
    if not found:
        return (NONE,) if m.believed else ()
    said: dict[Callable[[Found], str], str] = {}
    for topic in _TOPICS:
        told = topic(found)
        if told and len(said) < MOST:
            said[topic] = wording.sentence(told)
    return tuple(said[topic] for topic in sorted(said, key=_ORDER.index))


def _joined(found: Found, told: Sequence[tuple[Questioned, str]], start: str = "") -> str:
    """Return clauses as one sentence, with the titles of their analyses where there are several."""
    if len(found) == 1:
        return "; ".join(said for _, said in told)
    return start + "; ".join(f"{each.title}, {said}" for each, said in told) if told else ""


def _against(found: Found) -> str:
    told = [(each, said) for each in found for said in each.said.against]
    return _joined(found, told, "Where designs can be set against each other as numbers: ")


def _not_tested(found: Found) -> str:
    """Say of which analyses the designs cannot be set against each other, and why."""
    reasons: dict[str, list[str]] = {}
    for each in found:
        if each.said.not_tested:
            reasons.setdefault(each.said.not_tested, []).append(each.title)
    if len(found) == 1:
        return "".join(f"no stronger design can test the weaker one, as {reason}" for reason in reasons)
    told = [f"in {wording.whole(len(titles))} {reason} ({'; '.join(titles)})" for reason, titles in reasons.items()]
    untested = sum(map(len, reasons.values()))
    of = f"In {wording.whole(untested)} of {wording.count(len(found), 'question')} with a weaker design"
    return f"{of} no stronger one can test it: {wording.listed(told)}" if told else ""


def _capped(found: Found) -> str:
    """Say which weaker results stand if no single study may be too sure."""
    told = [(each, capped) for each in found for capped in each.said.capped]
    if len(told) == 1:
        capped = told[0][1]
        start = f"the {phrases.result_of(capped.stratum)}"
        if capped.tipping is None:
            return f"the interval of the {phrases.result_of(capped.stratum)} includes no effect as it is"
        most = wording.percent(100 * (1 - capped.tipping))
        return (
            f"{start} leaves out no effect as long as single studies may give up to {most} certainty of a direction, "
            "and no longer if each may give less"
        )
    if not told:
        return ""
    leaves = [(_which(each, capped), capped.tipping) for each, capped in told if capped.tipping is not None]
    still = [name for name, tipping in leaves if tipping >= CEILING]
    ending = "none of them still does"
    if still:
        names = "; ".join(still)
        ending = f"{wording.whole(len(still))} still {'does' if len(still) == 1 else 'do'} ({names})"
    return (
        f"of {wording.count(len(told), 'result')} of weaker designs with three studies or more "
        f"{wording.whole(len(leaves))} {'leaves' if len(leaves) == 1 else 'leave'} out no effect, and if no single "
        f"study may give more than {wording.percent(100 * (1 - CEILING))} certainty of a direction, {ending}"
    )


def _which(each: Questioned, capped: Capped) -> str:
    """Return the name of a weaker result: its analysis, and its design where the analysis has several."""
    if len(each.said.capped) == 1:
        return each.title
    return f"{each.title}, {STRATA[capped.stratum].label.lower()}"


def _controls(found: Found) -> str:
    told = [(each, said) for each in found for said in each.said.controls]
    return _joined(found, told, "What the choice of controls would do by itself: ")


def _multiverse(found: Found) -> str:
    """Say how many of all reasonable analyses of each design leave out no effect."""
    told = [(each, wording.listed(each.said.multiverse)) for each in found if each.said.multiverse]
    if not told:
        return ""
    return f"The interval leaves out no effect in these shares of all reasonable analyses: {_joined(found, told)}"


def _information(found: Found) -> str:
    """Say how much of the information needed the stronger designs hold."""
    told = [(each, said) for each in found for said in each.said.information]
    if not told:
        return ""
    needed = "of the information needed to find the smallest effect that matters, "
    ending = "further studies of weaker designs add nothing to it"
    if len(found) == 1:
        return f"{needed}{wording.listed([said for _, said in told])}; {ending}"
    held = "; ".join(f"{said} ({each.title})" for each, said in told)
    return f"{needed}{held}; {ending}"


def _trust(found: Found) -> str:
    return _joined(found, [(each, said) for each in found for said in each.said.trust])


def _confounded(found: Found) -> str:
    return _joined(found, [(each, said) for each in found for said in each.said.confounded])


#: what is said, the most telling first
_TOPICS: tuple[Callable[[Found], str], ...] = (
    _against,
    _not_tested,
    _capped,
    _controls,
    _multiverse,
    _information,
    _trust,
    _confounded,
)
#: the order in which it is read
_ORDER = (_not_tested, _against, _trust, _capped, _confounded, _controls, _multiverse, _information)
