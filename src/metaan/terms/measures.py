"""Effect measures: scale, null, and the words that figures, tables and sentences use for them."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One effect measure; effects are computed and pooled on its working scale."""

    name: str
    label: str  #: in a sentence: "risk ratio"
    scale: Literal["log", "linear"]  #: log: the working scale is the natural logarithm of what is printed
    digits: int  #: decimals printed
    ticks: tuple[float, ...] = ()  #: preferred axis ticks on the printed scale
    ratio_of: str = ""  #: name of the contrast of two such effects: "ratio of odds ratios"

    @property
    def null(self) -> float:
        """Value of no difference on the printed scale."""
        return 1.0 if self.scale == "log" else 0.0

    def printed(self, working: float) -> float:
        """Take a value from the working scale to the printed scale."""
        return math.exp(working) if self.scale == "log" else working

    def working(self, printed: float) -> float:
        """Take a value from the printed scale to the working scale."""
        return math.log(printed) if self.scale == "log" else printed


_RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            name="OR", label="odds ratio", scale="log", digits=2, ticks=_RATIO_TICKS, ratio_of="ratio of odds ratios"
        ),
        Measure(
            name="RR", label="risk ratio", scale="log", digits=2, ticks=_RATIO_TICKS, ratio_of="ratio of risk ratios"
        ),
        Measure(
            name="HR",
            label="hazard ratio",
            scale="log",
            digits=2,
            ticks=_RATIO_TICKS,
            ratio_of="ratio of hazard ratios",
        ),
        Measure(
            name="RD",
            label="risk difference",
            scale="linear",
            digits=3,
            ratio_of="difference between risk differences",
        ),
        Measure(
            name="MD",
            label="mean difference",
            scale="linear",
            digits=2,
            ratio_of="difference between mean differences",
        ),
        Measure(
            name="SMD",
            label="standardised mean difference",
            scale="linear",
            digits=2,
            ratio_of="difference between standardised mean differences",
        ),
    )
}
