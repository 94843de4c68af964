"""Design strata and grades: their order, names and what may be said about each."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """A kind of design whose comparisons may share a synthesis; two strata never share a diamond."""

    name: str
    label: str
    order: str  #: order of events in words, printed in headers
    strength: int  #: 1 is strongest within its question (treatment, or marker and exposure)
    verb: str  #: the strongest verb a sentence about this stratum may use
    pooled: bool = True
    marker: Literal["o", "s", "D", "^", "P"]  #: matplotlib marker, so that colour never carries meaning alone
    colour: str


STRATA: dict[str, Stratum] = {
    stratum.name: stratum
    for stratum in (
        Stratum(
            name="trial",
            label="Trials",
            order="treatment assigned at random, outcome awaited",
            strength=1,
            verb="changed",
            marker="D",
            colour="#009E73",
        ),
        Stratum(
            name="treatment_cohort",
            label="Treatment cohorts",
            order="treated and untreated, not assigned at random",
            strength=2,
            verb="was associated with",
            marker="P",
            colour="#CC79A7",
        ),
        Stratum(
            name="prospective",
            label="Prospective",
            order="measured before the outcome",
            strength=1,
            verb="came before",
            marker="o",
            colour="#0072B2",
        ),
        Stratum(
            name="case_control",
            label="Case-control",
            order="chosen by outcome, measured after it",
            strength=2,
            verb="was associated with",
            marker="s",
            colour="#D55E00",
        ),
        Stratum(
            name="cross_sectional",
            label="Cross-sectional",
            order="measured at the same time",
            strength=3,
            verb="went along with",
            pooled=False,
            marker="^",
            colour="#444444",
        ),
    )
}

GRADES: dict[str, str] = {
    "A": "could change practice if repeated",
    "B": "useful, some doubt",
    "C": "can raise or lower suspicion",
    "D": "cannot tell cause from consequence",
}

GRADE_COLOURS: dict[str, str] = {"A": "#08519C", "B": "#6BAED6", "C": "#FDAE61", "D": "#A63603"}
