"""What a picture of risk of bias says, before anything has a place: tools, domains, signs and shares."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from metaan.figures.signs import NO_SIGN, Sign, sign
from metaan.terms import phrases
from metaan.terms.appraisal import LEVELS, PROPOSED, TYPED, Appraisal, deciding
from metaan.terms.designs import STRATA, Stratum
from metaan.terms.records import Estimate, Synthesis

_RANK = {level: rank for rank, level in enumerate((*LEVELS, ""))}
OVERALL = "all"  #: head of the overall judgement; domains have numbers, since letters are those of grades


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainHead:
    """One column."""

    key: str
    head: str  #: "1", "2"; "a", "b" for applicability; `OVERALL`
    label: str
    apart: bool = False  #: stands off the columns before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One comparison and what its tool says of it."""

    estimate: Estimate
    signs: tuple[Sign, ...]  #: in the order of the heads
    by: str  #: TYPED where reviewers gave any judgement, PROPOSED where nothing but facts stands behind them


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a tool was used, and by whom its judgements are."""

    tool: str
    k: int
    typed: int  #: comparisons with a judgement of reviewers
    partly: int  #: among them those with some judgement open or proposed
    proposed: int  #: comparisons whose judgements follow from facts alone

    def said(self, noun: str = "comparison") -> str:
        """Return it in words."""
        return phrases.assessed(self.k, self.typed, self.proposed, partly=self.partly, noun=noun)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolBlock:
    """The comparisons of one stratum that one tool was used on."""

    stratum: Stratum
    tool: str
    heads: tuple[DomainHead, ...]
    rows: tuple[Judged, ...]  #: in the order of the synthesis

    @property
    def any_judged(self) -> bool:
        """Whether there is a judgement at all."""
        return any(row.by for row in self.rows)

    @property
    def tally(self) -> Tally:
        """Count the comparisons by whose judgements they have."""
        by = Counter(row.by for row in self.rows)
        partly = sum(row.by == TYPED and not all(each.by == TYPED for each in row.signs) for row in self.rows)
        return Tally(tool=self.tool, k=len(self.rows), typed=by[TYPED], partly=partly, proposed=by[PROPOSED])

    def of(self, effect_id: str) -> Judged | None:
        """Return the comparison of a row of the Effects sheet."""
        return next((row for row in self.rows if row.estimate.effect_id == effect_id), None)


def tool_blocks(synthesis: Synthesis) -> tuple[ToolBlock, ...]:
    """Return the main pool of a stratum by the tool that decides there; comparisons without a tool are left out."""
    found: dict[str, list[tuple[Estimate, Appraisal]]] = {}
    for estimate in synthesis.estimates:
        judged = deciding(estimate.grade.appraisals, estimate.effect_id)
        if judged is not None:
            found.setdefault(judged.tool, []).append((estimate, judged))
    return tuple(_block(STRATA[synthesis.stratum], rows) for rows in found.values())


def _block(stratum: Stratum, rows: Sequence[tuple[Estimate, Appraisal]]) -> ToolBlock:
    first = rows[0][1]
    heads = domain_heads(first)
    if any(judged.level for _, judged in rows):
        heads = (*heads, DomainHead(key="", head=OVERALL, label="overall judgement", apart=True))
    return ToolBlock(
        stratum=stratum,
        tool=first.name,
        heads=heads,
        rows=tuple(_judged(estimate, judged, heads) for estimate, judged in rows),
    )


def placed(heads: Sequence[DomainHead], left: float, pitch: float, apart: float) -> list[float]:
    """Return the middle of each column, the first cell beginning at `left`."""
    middles: list[float] = []
    x = left + pitch / 2
    for head in heads:
        x += apart if head.apart and middles else 0.0
        middles.append(x)
        x += pitch
    return middles


def deciding_tool(synthesis: Synthesis) -> ToolBlock | None:
    """Return the tool most comparisons of a stratum were judged with; None where no reviewer judged any.

    What facts propose is not enough: beside results it would look like a judgement.
    """
    found = [block for block in tool_blocks(synthesis) if any(row.by == TYPED for row in block.rows)]
    return max(found, key=lambda block: len(block.rows), default=None)


def domain_heads(judged: Appraisal) -> tuple[DomainHead, ...]:
    """Return a column for each domain, those of applicability last and lettered."""
    bias = [domain for domain in judged.domains if domain.kind == "bias"]
    others = [domain for domain in judged.domains if domain.kind != "bias"]
    return (
        *(
            DomainHead(key=domain.key, head=str(number), label=_label(domain.label, domain.most_stars))
            for number, domain in enumerate(bias, 1)
        ),
        *(
            DomainHead(key=domain.key, head=letter, label=f"applicability: {domain.label}", apart=letter == "a")
            for letter, domain in zip("abcdefghijklmnopqrstuvwxyz", others, strict=False)
        ),
    )


def _label(label: str, most_stars: int | None) -> str:
    return label if most_stars is None else f"{label} (stars, of {most_stars})"


def _judged(estimate: Estimate, judged: Appraisal, heads: Sequence[DomainHead]) -> Judged:
    domains = {domain.key: sign(domain) for domain in judged.domains}
    signs = tuple(domains.get(head.key, NO_SIGN) if head.key else sign(judged) for head in heads)
    behind = {each.by for each in signs if each.judged}
    by = TYPED if TYPED in behind else PROPOSED if behind else ""
    return Judged(estimate=estimate, signs=signs, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Part of a bar: comparisons with one judgement."""

    shown: Sign
    count: int
    weight: float  #: percent


def shares(block: ToolBlock, column: int) -> tuple[Share, ...]:
    """Return the parts of a domain's bar: by level, within it judged before proposed, not assessed last."""
    groups: dict[tuple[str, str], list[Judged]] = {}
    for row in block.rows:
        shown = row.signs[column]
        by = TYPED if shown.judged and not shown.hollow else PROPOSED if shown.judged else ""
        groups.setdefault((shown.level, by), []).append(row)
    ordered = sorted(groups, key=lambda item: (_RANK[item[0]], item[1] != TYPED))
    return tuple(
        Share(
            shown=Sign(level=level, by=by),
            count=len(groups[level, by]),
            weight=sum(row.estimate.weight or 0.0 for row in groups[level, by]),
        )
        for level, by in ordered
    )
