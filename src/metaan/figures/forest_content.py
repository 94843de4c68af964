"""What a forest plot says, before anything has a place: panels, blocks and rows of strings."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from metaan.figures.quality_content import ToolBlock, deciding_tool
from metaan.terms import phrases, wording
from metaan.terms.designs import GRADES, STRATA, Stratum
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Estimate, Interval, Synthesis

DAGGER = "†"
DESCRIPTION_WORDS = 60  #: a screen reader's user cannot skim: the whole finding in no more words than these


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One study."""

    id: str
    label: str
    grade: str
    best: str  #: "C at best"; empty where the facts not reported could not move the grade
    group1: str
    group2: str
    weight: str
    value: str
    limits: str
    converted: bool
    y: float
    ci: Interval
    share: float | None  #: weight, percent of the stratum


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Diamond and prediction interval of a stratum."""

    label: str
    weight: str
    value: str
    limits: str
    y: float
    ci: Interval
    prediction: Interval | None
    prediction_label: str
    prediction_limits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence under a block or under the figure."""

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockContent:
    """One stratum."""

    stratum: Stratum
    size: str
    rows: tuple[Row, ...]
    summary: Summary | None
    no_summary: str  #: why there is no diamond
    said: tuple[Said, ...]
    small: Interval | None
    tool: ToolBlock | None = None  #: what the strip at the edge shows; None where nothing was judged


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelContent:
    """Strata on one scale."""

    measure: str
    heading: str  #: "Odds ratio"
    interval_heading: str  #: "(95 % CI)"
    threshold: str  #: what the dotted lines are; empty where there are none
    group1: str  #: column heads
    group2: str
    low: str  #: words under the axis
    high: str
    blocks: tuple[BlockContent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A whole forest plot in words and values."""

    title: str
    description: str
    panels: tuple[PanelContent, ...]
    loose: tuple[BlockContent, ...]  #: strata of which only studies that cannot be pooled are known
    notes: tuple[Said, ...]
    differences: tuple[Said, ...]


def content(analysis: Analysis) -> Content:
    """Put an analysis into rows and sentences; every number in them comes from the records."""
    measures = dict.fromkeys(synthesis.measure for synthesis in analysis.strata)
    panels = tuple(
        _panel(analysis, measure, [s for s in analysis.strata if s.measure == measure]) for measure in measures
    )
    present = {synthesis.stratum for synthesis in analysis.strata}
    loose = tuple(
        BlockContent(
            stratum=STRATA[name],
            size="",
            rows=(),
            summary=None,
            no_summary="",
            said=_beside(analysis, name),
            small=None,
        )
        for name in STRATA
        if name not in present and any(b.stratum == name for b in analysis.beside)
    )
    return Content(
        title=analysis.title,
        description=_description(analysis),
        panels=panels,
        loose=loose,
        notes=tuple(_notes(analysis)),
        differences=tuple(Said(role="difference", text=phrases.difference(d)) for d in analysis.differences),
    )


def _panel(analysis: Analysis, measure: str, syntheses: list[Synthesis]) -> PanelContent:
    label = MEASURES[measure].label
    thresholds = dict.fromkeys(
        wording.interval(measure, synthesis.small) for synthesis in syntheses if synthesis.small is not None
    )
    main = [estimate for synthesis in syntheses for estimate in synthesis.estimates]

    def words(key: str) -> str:
        """Join what the strata of a panel say, where they differ."""
        said = dict.fromkeys({**analysis.words, **synthesis.words}.get(key, "") for synthesis in syntheses)
        return " or ".join(text for text in said if text)

    return PanelContent(
        measure=measure,
        group1=words("group1") if any(e.group1 for e in main) else "",
        group2=words("group2") if any(e.group2 for e in main) else "",
        low=words("low"),
        high=words("high"),
        heading=label[:1].upper() + label[1:],
        interval_heading=f"({wording.percent(100 * analysis.level)} CI)",
        threshold=f"dotted: small effect, {wording.listed(list(thresholds))}" if thresholds else "",
        blocks=tuple(_block(analysis, synthesis) for synthesis in syntheses),
    )


def _block(analysis: Analysis, synthesis: Synthesis) -> BlockContent:
    stratum, measure, pooled = STRATA[synthesis.stratum], synthesis.measure, synthesis.pooled
    repeated = Counter(estimate.label for estimate in synthesis.estimates)
    said: list[Said] = []
    summary, no_summary = None, ""
    if pooled is not None and analysis.no_bottom_line:
        no_summary = "no meaningful mean: the studies are shown alone"
        said.append(Said(role="heterogeneity", text=phrases.heterogeneity(pooled)))
    elif pooled is None:
        no_summary = {0: "no study in the main pool", 1: phrases.NO_POOLING}.get(synthesis.k, "not pooled")
    else:
        summary = Summary(
            label=f"Pooled, k = {pooled.k}",
            weight=wording.number(100),
            value=wording.printed(measure, pooled.estimate),
            limits=f"({wording.interval(measure, pooled.ci)})",
            y=pooled.estimate,
            ci=pooled.ci,
            prediction=pooled.prediction,
            prediction_label=phrases.prediction_label(pooled),
            prediction_limits="" if pooled.prediction is None else f"({wording.interval(measure, pooled.prediction)})",
        )
        said.append(Said(role="heterogeneity", text=phrases.heterogeneity(pooled)))
    if summary is not None:
        said.extend(
            Said(role="further", text=phrases.further(measure, name, limits)) for name, limits in synthesis.also.items()
        )
        said.extend(Said(role="remark", text=wording.sentence(remark)) for remark in synthesis.remarks)
    said.extend(_beside(analysis, synthesis.stratum))
    return BlockContent(
        stratum=stratum,
        size=phrases.size(synthesis.k, synthesis.people, _people(analysis)),
        rows=tuple(
            _row(measure, estimate, repeated=repeated[estimate.label] > 1, alone=synthesis.k == 1)
            for estimate in sorted(synthesis.estimates, key=order)
        ),
        summary=summary,
        no_summary=no_summary,
        said=tuple(said),
        small=synthesis.small,
        tool=deciding_tool(synthesis),
    )


def order(estimate: Estimate) -> tuple[str, int, str, str]:
    """Return what rows are sorted by: grade, year, label."""
    year = int(estimate.year) if estimate.year.isdecimal() else 9999
    return estimate.grade.grade, year, estimate.label, estimate.effect_id


def named(estimate: Estimate, *, repeated: bool) -> str:
    """Return the label of a row: the study with its year, and what is compared where the study has several rows."""
    label = estimate.label
    if estimate.year.isdigit() and estimate.year not in label:
        label = f"{label} {estimate.year}"
    return f"{label}, {estimate.note}" if repeated and estimate.note else label


def _row(measure: str, estimate: Estimate, *, repeated: bool, alone: bool) -> Row:
    y, grade = estimate.effect.y, estimate.grade
    known = not math.isnan(y)
    return Row(
        id=estimate.effect_id,
        label=named(estimate, repeated=repeated),
        grade=grade.grade,
        best=f"{grade.best} at best" if grade.best != grade.grade else "",
        group1=estimate.group1,
        group2=estimate.group2,
        weight="" if alone else wording.weight(estimate.weight),
        value=wording.printed(measure, y) if known else "",
        limits=f"({wording.interval(measure, estimate.ci)})" if known else wording.printed(measure, y),
        converted=estimate.effect.converted,
        y=y,
        ci=estimate.ci,
        share=estimate.weight,
    )


def _beside(analysis: Analysis, stratum: str) -> tuple[Said, ...]:
    return tuple(
        Said(role="beside", text=wording.sentence(phrases.beside(b, _people(analysis))))
        for b in analysis.beside
        if b.stratum == stratum
    )


def _people(analysis: Analysis) -> str:
    return analysis.words.get("people", "people")


def _notes(analysis: Analysis) -> Iterable[Said]:
    models: dict[str, list[str]] = {}
    for synthesis in analysis.strata:
        if synthesis.pooled is not None:
            words = phrases.model(synthesis.pooled.method, synthesis.pooled.k)
            models.setdefault(words, []).append(STRATA[synthesis.stratum].label)
    for words, labels in models.items():
        said = words if len(models) == 1 else f"{wording.listed(labels)}: {words[:1].lower()}{words[1:]}"
        yield Said(role="model", text=wording.sentence(said))
    shown = [estimate for synthesis in analysis.strata for estimate in synthesis.estimates]
    if shown:
        grades = sorted({estimate.grade.grade for estimate in shown})
        legend = f"Grade: {'; '.join(f'{grade} {GRADES[grade]}' for grade in grades)}."
        if any(estimate.grade.best != estimate.grade.grade for estimate in shown):
            legend += " At best: if every fact not reported were favourable."
        yield Said(role="legend", text=f"{legend} Area of a mark: weight within its stratum." if models else legend)
    if any(estimate.effect.converted for estimate in shown):
        yield Said(role="footnote", text=f"{DAGGER} Converted: an assumption or another scale was needed.")
    if analysis.no_bottom_line:
        yield Said(role="no_bottom_line", text=wording.sentence(f"no bottom line: {analysis.no_bottom_line}"))


def _description(analysis: Analysis) -> str:
    """Return the finding, stratum by stratum, in at most `DESCRIPTION_WORDS` words."""
    last = "Designs are never pooled together." if len(analysis.strata) > 1 else ""
    sentences = [f"{phrases.result(synthesis, analysis.level)}." for synthesis in analysis.strata]
    room = DESCRIPTION_WORDS - len(last.split())
    kept = []
    for text in sentences:
        room -= len(text.split())
        if room >= 0:
            kept.append(text)
    return " ".join([*kept, last] if last else kept) or wording.sentence(analysis.title)
