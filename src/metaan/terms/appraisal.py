"""What a quality tool says of one comparison or result: answers, judgements of domains, and the overall one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from metaan.terms.record import Record

#: how bad a judgement is, whatever its tool calls it: the colours and symbols of every figure follow these
LEVELS = ("low", "some", "high", "critical", "none")

TYPED = "typed"  #: a reviewer gave it
PROPOSED = "proposed"  #: it follows from facts of the Design sheet; nobody has confirmed it
UNANSWERED = ""  #: neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """One question of a tool and its answer."""

    item: str  #: key within the tool, which holds its words: "1.1"
    answer: str  #: key among the tool's answers; empty where nobody answered
    by: str  #: TYPED, PROPOSED, or UNANSWERED
    cell: str = ""  #: where it was typed, or the fact it is proposed from: "Quality!G12", "Design!E4"
    support: str = ""  #: what supports it, in the reviewers' words
    proposed: str = ""  #: answer the facts propose; may differ from the one typed
    asked: bool = True  #: False where earlier answers lead past this question


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDomain(Record):
    """One domain of a tool and its judgement."""

    key: str
    label: str
    kind: str  #: bias, applicability
    judgement: str  #: key among the tool's judgements, the reviewers' where they gave one; empty: not assessed
    level: str  #: of `LEVELS`; empty: not assessed
    derived: str  #: by the tool's algorithm from the answers; empty where they leave it open
    possible: tuple[str, ...]  #: judgements that open answers could still lead to, in the tool's order
    by: str  #: TYPED, PROPOSED (nothing but facts behind it), or UNANSWERED
    reason: str  #: why the reviewers judged otherwise than the algorithm
    answers: tuple[Answer, ...]
    stars: int | None = None  #: of a tool that counts
    most_stars: int | None = None
    decide: str = ""  #: what the tool leaves to the reviewers here
    cell: str = ""  #: where a judgement was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal(Record):
    """One tool applied to one comparison, or to one of its results."""

    tool: str  #: id of the tool
    name: str  #: "RoB 2"
    design_id: str
    effect_id: str  #: empty: the whole comparison
    study_id: str
    main: bool  #: whether it is the tool that decides here; others stand beside it
    domains: tuple[JudgedDomain, ...]
    judgement: str  #: overall; empty: not assessed, or the tool has no overall judgement
    level: str  #: of `LEVELS`; empty as `judgement`
    derived: str
    possible: tuple[str, ...]
    by: str
    reason: str = ""
    decide: str = ""  #: what the tool leaves to the reviewers
    cell: str = ""

    def only_answered(self) -> "Appraisal":
        """Return it without the questions nobody answered and no fact proposes an answer to."""
        kept = (tuple(answer for answer in domain.answers if answer.answer) for domain in self.domains)
        return replace(
            self,
            domains=tuple(replace(domain, answers=answers) for domain, answers in zip(self.domains, kept, strict=True)),
        )

    def without_answers(self) -> "Appraisal":
        """Return the judgements alone, for what is pooled and drawn."""
        return replace(self, domains=tuple(replace(domain, answers=()) for domain in self.domains))

    @property
    def assessed(self) -> bool:
        """Whether reviewers, not facts alone, stand behind the overall judgement."""
        return bool(self.judgement) and self.by == TYPED


def deciding(appraisals: Iterable[Appraisal], effect_id: str) -> Appraisal | None:
    """Return what the main tool says of one result: judged by itself, or else with its whole comparison."""
    main = {each.effect_id: each for each in appraisals if each.main}
    return main.get(effect_id) or main.get("")
