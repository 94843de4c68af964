"""Credibility ceilings: strata as they stand, then each weaker one with less and less certainty from a study."""

from metaan.figures import style
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.ceilings import CAUTION, ELSEWHERE, CeilingFit, Ceilings, StratumCeilings
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis

TITLE = "If no single study can be sure of the direction"
HOW = (
    "Each row lets every single study be less sure of the direction of its effect, by widening the intervals of "
    "those that are surer, and pools again; where the interval reaches no effect, the result rested on more certainty "
    f"than that. For comparison, {ELSEWHERE[0].lower()}{ELSEWHERE[1:]}."
)


def lay_out(found: Ceilings, analysis: Analysis) -> Layout:
    """Draw the unadjusted strata, then a row a ceiling for each weaker one, and the tipping ceiling in words."""
    card = Card("ceilings", analysis, TITLE)
    for measure in dict.fromkeys(s.measure for s in found.strata):
        some = [s for s in found.strata if s.measure == measure]
        as_they_stand.add(card, analysis, measure, [row for s in some for row in _rows(s)])
    for stratum in found.strata:
        card.words("tipping", wording.sentence(_tips(stratum)), style.SMALL, bold=True)
    card.words("caution", wording.sentence(f"Standing under a ceiling {CAUTION}"), style.SMALL)
    return card.layout(reading(found, analysis), found.assumption)


def _rows(stratum: StratumCeilings) -> list[CardRow]:
    return [
        CardRow(
            label=f"at most {_certainty(fit.ceiling)} sure" if fit.ceiling else "no ceiling",
            detail=_widened(fit, stratum.k),
            heading=STRATA[stratum.stratum].label if fit is stratum.fits[0] else "",
            estimate=fit.estimate,
            ci=fit.ci,
            stratum=stratum.stratum,
            pooled=False,
        )
        for fit in stratum.fits
    ]


def _widened(fit: CeilingFit, k: int) -> str:
    """Return how many intervals a ceiling widens; without one, that all rows have Wald intervals."""
    return f"{fit.raised} of {k} studies widened" if fit.ceiling else "Wald interval, as below it"


def _certainty(ceiling: float) -> str:
    """Return the most certainty a ceiling allows: "84.3 %", "80 %"."""
    percent = round(1000 - 1000 * ceiling) / 10
    return wording.percent(percent, 0 if percent == int(percent) else 1)


def _tips(stratum: StratumCeilings) -> str:
    """Return how little certainty of single studies the result can bear."""
    name = f"{STRATA[stratum.stratum].label}, {wording.count(stratum.k, 'study', 'studies')}"
    if stratum.tipping is None:
        free = stratum.fits[0].ci
        wald = free.low > 0 or free.high < 0
        drawn = " (of its Wald intervals, drawn here, the first leaves it out, but they are too narrow)" if wald else ""
        return f"{name}: the pooled interval includes no effect without any ceiling{drawn}"
    if stratum.tipping == 0:
        return f"{name}: the interval leaves out no effect only if single studies may be fully sure of the direction"
    below = [fit.ceiling for fit in stratum.fits if fit.ceiling > stratum.tipping]
    later = f", but not at {_certainty(below[0])}" if below else ""
    return (
        f"{name}: the interval still leaves out no effect if no single study may give more than "
        f"{_certainty(stratum.tipping)} certainty of the direction{later}"
    )


def reading(found: Ceilings, analysis: Analysis) -> str:
    """Return how much certainty of single studies each weaker result needs, in one sentence."""
    return wording.sentence(f"{'; '.join(map(_tips, found.strata))}; standing under a ceiling {CAUTION}")
