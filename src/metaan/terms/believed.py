"""What the methods that question designs say of one analysis, in words: what report and page are made from."""

from dataclasses import dataclass

from metaan.terms.record import Record

#: bias -> how many risk ratios can bound it
BOUNDED_BY = {"confounding": (2,), "selection": (2, 4), "misclassification": (1,)}
LEFT_OUT = "left out by the protocol"  #: reason of a method that is not wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSaid(Record):
    """What one method says."""

    method: str
    name: str  #: what methodologists call it
    title: str  #: of its figure
    reading: str  #: what it shows, one sentence; empty where it could not be done
    how: str  #: how to read the figure
    assumption: str  #: one sentence
    reason: str = ""  #: why it could not be done
    rows: tuple[str, ...] = ()  #: rows of Effects it names; the others are those of the pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped(Record):
    """How much certainty of single studies the result of a weaker design needs."""

    stratum: str
    #: largest chance of the other direction that every study may keep while the interval leaves out no effect; None
    #: where it includes no effect anyway
    tipping: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed(Record):
    """What is said of one analysis; the parts are clauses without full stop."""

    analysis_id: str
    weaker: bool  #: whether it holds a weaker design
    against: tuple[str, ...]  #: each pair of designs that could be set against each other
    not_tested: str  #: why none could; empty where one could
    trust: tuple[str, ...]
    capped: tuple[Capped, ...]
    confounded: tuple[str, ...]
    controls: tuple[str, ...]  #: what the choice of controls does by itself
    multiverse: tuple[str, ...]  #: share of all reasonable analyses, by stratum
    information: tuple[str, ...]  #: share of the information needed, by stronger stratum
    methods: tuple[MethodSaid, ...]  #: in the order of the page
