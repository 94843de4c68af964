"""How sure a body of evidence is, as records: steps with their numbers, risks per 1000, and what is missing."""

from dataclasses import dataclass, field
from typing import Any

from metaan.terms.record import Interval, Record

#: from weak to strong, with the symbol row and the verb a sentence may use
LEVELS = ("very_low", "low", "moderate", "high")
NAMES = {"very_low": "very low", "low": "low", "moderate": "moderate", "high": "high"}
SYMBOLS = {level: "⊕" * (i + 1) + "◯" * (3 - i) for i, level in enumerate(LEVELS)}

DOWN = ("risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias")
UP = ("large_effect", "dose_response", "opposing_confounding")
DOMAINS = {
    "risk_of_bias": "risk of bias",
    "inconsistency": "inconsistency",
    "indirectness": "indirectness",
    "imprecision": "imprecision",
    "publication_bias": "publication bias",
    "large_effect": "large effect",
    "dose_response": "dose-response",
    "opposing_confounding": "opposing confounding",
}

QUESTIONS = {
    "prognostic": "does the level tell who will have the outcome?",
    "causal": "does the factor make a difference to the outcome?",
    "treatment": "does the treatment change the outcome?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Record):
    """One domain of GRADE: what the rules propose from the numbers, and what the reviewers decided."""

    domain: str  #: key of `DOMAINS`
    proposed: int | None  #: levels down (negative) or up; None: not assessable, counts as 0
    best: int | None  #: the same if every fact not reported were favourable
    decided: int  #: the reviewers' step, the proposed one where they left it
    because: str  #: the rule and its numbers, one sentence
    inputs: dict[str, Any] = field(default_factory=dict)  #: name -> number or word the rule looked at
    sentence: str = ""  #: the reviewers' reason
    who: str = ""  #: initials; empty where nobody has looked at the proposal
    cell: str = ""  #: where it was decided: "Certainty!F2"

    @property
    def changed(self) -> bool:
        """Whether the reviewers decided otherwise than proposed."""
        return self.decided != (self.proposed or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absolute(Record):
    """What a relative effect comes to in people, from a stated risk without the factor."""

    baseline: float  #: risk without the factor, a proportion
    source: str  #: where it comes from
    risk: float  #: risk with the factor
    ci: Interval
    difference: float  #: risk with minus risk without
    difference_ci: Interval
    per: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable(Record):
    """A known comparison of the question that gives no number the pool could take."""

    effect_id: str
    study_id: str
    label: str
    people: int | None
    says: str  #: what the source says: "no difference"
    why: str  #: why it is not in the pool
    selective: bool  #: the number seems to be missing because of what it was


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingEvidence(Record):
    """Results that are known to be missing from one pool, in the manner of ROB-ME."""

    pooled: int  #: studies in the pool
    pooled_people: int | None
    unusable: tuple[Unusable, ...]
    judgement: str  #: low, some, high; empty where it cannot be told
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty(Record):
    """How sure one stratum of one analysis makes us."""

    analysis_id: str
    stratum: str
    question: str  #: key of `QUESTIONS`
    start: str  #: of `LEVELS`
    start_because: str
    steps: tuple[Step, ...]  #: one a domain, in the order of `DOMAINS`
    level: str  #: of `LEVELS`; empty where no study was pooled or shown
    best: str  #: level if every fact not reported were favourable
    because: str  #: the largest step in one short phrase: "most weight from comparisons graded D"
    absolute: Absolute | None
    no_absolute: str  #: why there are no risks per 1000
    missing: MissingEvidence
    size: dict[str, Any] = field(default_factory=dict)  #: optimal information size: needed, have, share, formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm(Record):
    """One harm of a treatment in one comparison."""

    harm_id: str
    study_id: str
    design_id: str
    stratum: str
    intervention: str
    comparator: str
    harm: str
    serious: str  #: yes, no, or not reported
    how_sought: str
    group1: str  #: "3/20"
    group2: str
    measure: str  #: RR where both groups were counted, the scale of a ratio that is printed, else empty
    estimate: float
    ci: Interval | None
    says: str
    sheet: str
    row: int
    cells: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating(Record):
    """The class our rules suggest for a treatment; never the regulator's rating."""

    analysis_id: str
    suggested: str  #: green, yellow, grey, black, red; empty for a test
    because: str
    inputs: dict[str, Any] = field(default_factory=dict)
    note: str = ""  #: "no test-and-treat evidence" for a test
