"""Average ratios between designs that others found on other topics, beside which ours are shown."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from metaan.terms import resources
from metaan.terms.records import Interval, Record

EFFECTS, ACCURACY = "effects", "accuracy"
NORMAL = 1.959963984540054  #: half a 95 % interval in standard errors; published ratios: on the log scale


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRatio(Record):
    """Published average ratio between two designs, weaker ÷ stronger: above 1, the weaker give larger effects."""

    label: str  #: "Golder 2013"; of an entry of the protocol its source
    weaker: str
    stronger: str
    kind: str  #: effects, or accuracy (diagnostic odds ratios)
    ratio: float
    low: float  #: 95 % limits
    high: float
    topics: int | None  #: meta-analyses it is the mean of; None where not reported
    what: str  #: what was compared, in words
    source: str
    printed: str  #: as the source prints it: which way round, with its figures

    @property
    def estimate(self) -> float:
        """Natural logarithm of the ratio."""
        return math.log(self.ratio)

    @property
    def ci(self) -> Interval:
        """Limits on the log scale."""
        return Interval(math.log(self.low), math.log(self.high))

    def away_from(self, effect: float) -> "PublishedRatio":
        """Return the ratio for effects on the side of `effect` (working scale): larger means further from no effect.

        The sources count effects above 1; for effects below 1 a larger effect is a smaller ratio, so the inverse is
        what is to be expected.
        """
        if effect >= 0:
            return self
        turned = f"{self.printed}; turned round, for effects below 1"
        return replace(self, ratio=1.0 / self.ratio, low=1.0 / self.high, high=1.0 / self.low, printed=turned)

    @property
    def se(self) -> float:
        """Standard error of the log ratio, from the limits."""
        return (self.ci.high - self.ci.low) / (2.0 * NORMAL)


def published(
    stronger: str, weaker: str, kind: str = EFFECTS, own: Iterable[Mapping[str, Any]] = ()
) -> tuple[PublishedRatio, ...]:
    """Return published average ratios between two designs, those of the protocol first.

    Parameters
    ----------
    stronger, weaker : str
        Keys of `terms.designs.STRATA`.
    kind : {"effects", "accuracy"}
        Ratio of effects, or of diagnostic odds ratios.
    own : iterable of mapping
        Entries of the protocol (`published_ratio` of its schema), already weaker ÷ stronger.

    Returns
    -------
    tuple of PublishedRatio
        All weaker ÷ stronger; where a source prints the inverse, its ratio and limits are inverted here.
    """
    entries = (*(_own(entry, kind) for entry in own), *_known())
    return tuple(e for e in entries if (e.stronger, e.weaker, e.kind) == (stronger, weaker, kind))


@cache
def _known() -> tuple[PublishedRatio, ...]:
    return tuple(_entry(**entry) for entry in json.loads(resources.text("robustness/between", "published.json")))


def _own(entry: Mapping[str, Any], kind: str) -> PublishedRatio:
    rest = {
        "label": entry["source"],
        "topics": entry.get("topics"),
        "what": entry.get("what", ""),
        "printed": "as the protocol gives it",
    }
    return _entry(**{**entry, **rest}, kind=kind, inverted=False)


def _entry(ratio: float, low: float, high: float, inverted: bool, printed: str, **rest: Any) -> PublishedRatio:
    if not 0.0 < low <= ratio <= high:
        raise ValueError(f"a ratio must lie between its limits, all above 0: {ratio} ({low} to {high})")
    way = f"{printed}, {ratio:g} ({low:g} to {high:g})"
    if inverted:
        ratio, low, high = 1.0 / ratio, 1.0 / high, 1.0 / low
    return PublishedRatio(ratio=float(ratio), low=float(low), high=float(high), printed=way, **rest)
