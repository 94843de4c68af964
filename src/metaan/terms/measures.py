"""Effect measures: scale, null, and the words that figures, tables and sentences use for them.

Names of measures are those of metafor's `escalc`, which the field knows.
"""

import math
from dataclasses import dataclass
from typing import Literal

Scale = Literal[
    "log",  #: natural logarithm
    "linear",  #: as printed
    "logit",  #: ln(p / (1 - p))
    "arcsine",  #: asin(sqrt(p))
    "double arcsine",  #: (asin(sqrt(n p / (n + 1))) + asin(sqrt((n p + 1) / (n + 1)))) / 2
    "square root",  #: sqrt(rate)
    "double square root",  #: (sqrt(rate) + sqrt(rate + 1 / t)) / 2
    "Fisher z",  #: atanh(r)
    "Fisher z of root",  #: atanh(sqrt(R2))
    "log complement",  #: -ln(1 - alpha)
    "cube root complement",  #: 1 - (1 - alpha)^(1/3)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One effect measure; effects are computed and pooled on its working scale."""

    name: str
    label: str  #: in a sentence: "risk ratio"
    scale: Scale  #: the way from what is printed to the working scale
    digits: int  #: decimals printed
    ticks: tuple[float, ...] = ()  #: preferred axis ticks on the printed scale
    ratio_of: str = ""  #: name of the contrast of two such effects: "ratio of odds ratios"
    compares: bool = True  #: whether it compares two groups or relates two variables: then there is a null

    @property
    def null(self) -> float:
        """Value of no difference on the printed scale; NaN for a measure that describes one group."""
        if not self.compares:
            return math.nan
        return 1.0 if self.scale == "log" else 0.0

    def printed(self, working: float, size: float | None = None) -> float:
        """Take a value from the working scale to the printed scale.

        Values beyond what a transformation can give (an angle below 0 or above a right one, a negative root) are
        printed as its end: a proportion of 0 or 1, a rate of 0.

        Parameters
        ----------
        working : float
        size : float, optional
            People (double arcsine) or person-time (double square root) of the study; of a pooled value the harmonic
            mean of those of its studies. Needed by these two scales only.

        Raises
        ------
        ValueError
            A scale that needs `size`, without it.
        """
        if math.isnan(working):
            return math.nan
        match self.scale:
            case "log":
                return math.exp(working)
            case "logit":
                return 1.0 / (1.0 + math.exp(-working)) if working >= 0 else _odds_share(math.exp(working))
            case "arcsine":
                return math.sin(min(max(working, 0.0), math.pi / 2)) ** 2
            case "double arcsine":
                return _from_double_arcsine(working, self._size(size))
            case "square root":
                return max(working, 0.0) ** 2
            case "double square root":
                return _from_double_root(working, self._size(size))
            case "Fisher z":
                return math.tanh(working)
            case "Fisher z of root":
                return math.tanh(max(working, 0.0)) ** 2
            case "log complement":
                return -math.expm1(-working)
            case "cube root complement":
                return 1.0 - (1.0 - working) ** 3
            case _:
                return working

    def working(self, printed: float, size: float | None = None) -> float:
        """Take a value from the printed scale to the working scale.

        Raises
        ------
        ValueError
            A value the scale has no place for, such as a ratio of 0, or a scale that needs `size`, without it.
        """
        match self.scale:
            case "log":
                return math.log(printed)
            case "logit":
                return math.log(printed / (1.0 - printed)) if printed != 1.0 else _no_place(printed, self.label)
            case "arcsine":
                return math.asin(math.sqrt(printed))
            case "double arcsine":
                n = self._size(size)
                first = math.asin(math.sqrt(n * printed / (n + 1)))
                return (first + math.asin(math.sqrt((n * printed + 1) / (n + 1)))) / 2
            case "square root":
                return math.sqrt(printed)
            case "double square root":
                return (math.sqrt(printed) + math.sqrt(printed + 1 / self._size(size))) / 2
            case "Fisher z":
                return math.atanh(printed)
            case "Fisher z of root":
                return math.atanh(math.sqrt(printed))
            case "log complement":
                return -math.log1p(-printed)
            case "cube root complement":
                return 1.0 - math.cbrt(1.0 - printed)
            case _:
                return printed

    def _size(self, size: float | None) -> float:
        if size is None or not size > 0:
            what = "people" if self.scale == "double arcsine" else "person-time"
            raise ValueError(
                f"{self.name} needs the {what} of the study, or their harmonic mean over several, to leave its scale"
            )
        return size


def _no_place(value: float, label: str) -> float:
    raise ValueError(f"a {label} of {value:g} has no place on the working scale")


def _odds_share(odds: float) -> float:
    return odds / (1.0 + odds)


def _from_double_arcsine(angle: float, n: float) -> float:
    """Invert the double arcsine of Freeman and Tukey (Miller 1978), in a form that keeps its digits near one half."""
    end = math.asin(math.sqrt(1.0 / (n + 1.0))) / 2.0
    if angle <= end:
        return 0.0
    if angle >= math.pi / 2 - end:
        return 1.0
    cosine, sine = math.cos(2.0 * angle), math.sin(2.0 * angle)
    spread = 1.0 + 2.0 / n - (cosine / (sine * n)) ** 2
    return min(max((1.0 - cosine * math.sqrt(max(spread, 0.0))) / 2.0, 0.0), 1.0)


def _from_double_root(value: float, t: float) -> float:
    """Invert the mean of sqrt(x/t) and sqrt((x+1)/t)."""
    return 0.0 if value <= 0.5 / math.sqrt(t) else (value - 0.25 / (t * value)) ** 2


#: measures an analysis of a review may pool
POOLED = ("OR", "RR", "HR", "RD", "MD", "SMD")

_RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def _ratio(name: str, label: str, plural: str = "") -> Measure:
    of = f"ratio of {plural or label + 's'}"
    return Measure(name=name, label=label, scale="log", digits=2, ticks=_RATIO_TICKS, ratio_of=of)


def _difference(name: str, label: str, digits: int = 2, plural: str = "", scale: Scale = "linear") -> Measure:
    of = f"difference between {plural or label + 's'}"
    return Measure(name=name, label=label, scale=scale, digits=digits, ratio_of=of)


def _one_group(name: str, label: str, scale: Scale, digits: int) -> Measure:
    return Measure(name=name, label=label, scale=scale, digits=digits, compares=False)


_SMD, _SMC, _R2 = "standardised mean difference", "standardised mean change", "coefficient of determination"
_ALPHA = "Cronbach’s alpha"

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        _ratio("OR", "odds ratio"),
        _ratio("RR", "risk ratio"),
        _ratio("HR", "hazard ratio"),
        _difference("RD", "risk difference", 3),
        _difference("MD", "mean difference"),
        _difference("SMD", _SMD),
        # two groups, counts
        _difference("AS", "arcsine risk difference", 3),
        _ratio("PETO", "Peto odds ratio"),
        _difference("PBIT", _SMD),
        _difference("OR2DL", _SMD),
        _difference("OR2DN", _SMD),
        _difference("PHI", "phi coefficient"),
        _difference("YUQ", "Yule’s Q", plural="values of Yule’s Q"),
        _difference("YUY", "Yule’s Y", plural="values of Yule’s Y"),
        _difference("RTET", "tetrachoric correlation"),
        # pairs, counts
        _ratio("MPRR", "risk ratio"),
        _ratio("MPOR", "odds ratio"),
        _difference("MPRD", "risk difference", 3),
        _ratio("MPORC", "conditional odds ratio"),
        _ratio("MPPETO", "conditional Peto odds ratio"),
        # two groups, events and person-time
        _ratio("IRR", "incidence rate ratio"),
        _difference("IRD", "incidence rate difference", 4),
        _difference("IRSD", "square-root incidence rate difference", 4),
        # two groups, means
        _difference("SMDH", _SMD),
        _difference("SMD1", _SMD),
        _difference("SMD1H", _SMD),
        _ratio("ROM", "ratio of means", "ratios of means"),
        _ratio("VR", "variability ratio"),
        _ratio("CVR", "ratio of coefficients of variation", "ratios of coefficients of variation"),
        _ratio("D2OR", "odds ratio"),
        _ratio("D2ORL", "odds ratio"),
        _ratio("D2ORN", "odds ratio"),
        _difference("RPB", "point-biserial correlation"),
        _difference("RBIS", "biserial correlation"),
        # change, or pairs
        _difference("MC", "mean change"),
        _difference("SMCC", _SMC),
        _difference("SMCR", _SMC),
        _difference("SMCRH", _SMC),
        _difference("SMCRP", _SMC),
        _difference("SMCRPH", _SMC),
        _ratio("ROMC", "ratio of means", "ratios of means"),
        _ratio("VRC", "variability ratio"),
        _ratio("CVRC", "ratio of coefficients of variation", "ratios of coefficients of variation"),
        # correlations
        _difference("COR", "correlation"),
        _difference("UCOR", "correlation"),
        _difference("ZCOR", "correlation", scale="Fisher z"),
        _difference("PCOR", "partial correlation"),
        _difference("ZPCOR", "partial correlation", scale="Fisher z"),
        _difference("SPCOR", "semi-partial correlation"),
        _difference("ZSPCOR", "semi-partial correlation", scale="Fisher z"),
        _difference("R2", _R2, plural="coefficients of determination"),
        _difference("ZR2", _R2, plural="coefficients of determination", scale="Fisher z of root"),
        # one group
        _one_group("PR", "proportion", "linear", 3),
        _one_group("PLN", "proportion", "log", 3),
        _one_group("PLO", "proportion", "logit", 3),
        _one_group("PAS", "proportion", "arcsine", 3),
        _one_group("PFT", "proportion", "double arcsine", 3),
        _one_group("IR", "incidence rate", "linear", 4),
        _one_group("IRLN", "incidence rate", "log", 4),
        _one_group("IRS", "incidence rate", "square root", 4),
        _one_group("IRFT", "incidence rate", "double square root", 4),
        _one_group("MN", "mean", "linear", 2),
        _one_group("MNLN", "mean", "log", 2),
        _one_group("SDLN", "standard deviation", "log", 2),
        _one_group("CVLN", "coefficient of variation", "log", 2),
        _one_group("ARAW", _ALPHA, "linear", 2),
        _one_group("AHW", _ALPHA, "cube root complement", 2),
        _one_group("ABT", _ALPHA, "log complement", 2),
        # any
        _difference("GEN", "effect"),
    )
}
