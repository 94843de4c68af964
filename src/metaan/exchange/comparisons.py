"""Results of another program's review as rows of a workbook: what the source says, and nothing else.

Facts that the source does not give (design, direction of the outcome, priority, who extracted) stay blank, so that
`metaan check` asks for them. Each row says that it comes from the table of a review and quotes the figures it was
made from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from metaan.exchange.intake import Imported, LeftOut, Names, Rows, fitting, word_of
from metaan.workbook.columns import ID_PATTERN, Layout

#: what metaan writes into the footnotes of an export, to know its rows again
OURS = re.compile(rf"metaan effect (?P<effect>{ID_PATTERN}) design (?P<design>{ID_PATTERN}) outcome (?P<outcome>\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study as the source names it."""

    name: str  #: "Smith 2001"
    year: str = ""
    reports: tuple[Mapping[str, str], ...] = ()  #: columns of Reports
    says: Mapping[str, str] = field(default_factory=dict)  #: characteristics in words, by their heading


class Figures(NamedTuple):
    """Cells of the Effects sheet made from the figures of one result."""

    cells: Mapping[str, str]  #: form and its numbers
    derived: str = "as_reported"
    derivation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One result of one study: two groups, one outcome."""

    study: str
    outcome: str
    experimental: str
    control: str
    figures: Figures
    place: str  #: in the source: "study-results.csv, lines 3 and 4"
    quote: str  #: the figures as they stand there
    subgroup: str = ""
    footnotes: str = ""


def imported(
    comparisons: Iterable[Comparison],
    studies: Sequence[Study],
    layout: Layout,
    source: str,
    *,
    left_out: Iterable[LeftOut] = (),
    unmapped: Iterable[str] = (),
    outcomes: Mapping[str, str] | None = None,
) -> Imported:
    """Return comparisons as rows of Studies, Reports, Design and Effects.

    Parameters
    ----------
    outcomes : mapping, optional
        Outcome in the source -> word of the review's list; without it an outcome is found by word or label.
    """
    rows: Rows = {"Studies": [], "Reports": [], "Design": [], "Effects": []}
    study_ids, reports, designs, effects = Names(), Names(), Names(), Names()
    ids: dict[str, str] = {}
    for study in studies:
        ids[study.name] = _study(rows, study, study_ids, reports)
    placed: dict[tuple[str, str, str], str] = {}
    unknown: dict[str, None] = {}
    count = 0
    for each in comparisons:
        count += 1
        if each.study not in ids:
            ids[each.study] = _study(rows, Study(name=each.study), study_ids, reports)
        ours = OURS.search(each.footnotes)
        study_id = ids[each.study]
        key = (study_id, each.experimental, each.control) if not ours else ("", ours["design"], "")
        if key not in placed:
            placed[key] = ours["design"] if ours and designs.keep(ours["design"]) else designs.new(study_id, "-d1")
            contrast = f"{each.experimental} against {each.control}"
            rows["Design"].append({"design_id": placed[key], "study_id": study_id, "contrast": contrast})
        named = ours["outcome"] if ours else each.outcome
        word = (outcomes or {}).get(each.outcome) or word_of(layout, "outcome", named)
        if not word:
            unknown[each.outcome] = None
        effect_id = ours["effect"] if ours and effects.keep(ours["effect"]) else effects.new(placed[key], "-1")
        rows["Effects"].append(_effect(each, placed[key], effect_id, word, source))
    skipped = tuple(left_out)
    return Imported(
        rows=fitting(rows, layout),
        kind="result",
        read=count + len(skipped),
        written=len(rows["Effects"]),
        left_out=skipped,
        unmapped=tuple(dict.fromkeys(unmapped)),
        remarks=_remarks(unknown, rows),
    )


def _remarks(unknown: Iterable[str], rows: Rows) -> tuple[str, ...]:
    remarks = [
        f'the outcome "{name}" is no word of the list; its cells are blank (name its word with --outcome "{name}=word")'
        for name in unknown
    ]
    if any(row["form"] == "means" for row in rows["Effects"]):
        remarks.append("means: group 1 is the experimental group, group 2 the control group")
    return tuple(remarks)


def _study(rows: Rows, study: Study, names: Names, reports: Names) -> str:
    year = study.year or next(iter(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", study.name)), "")
    study_id = names.new(study.name)
    notes = "; ".join(f"{head}: {text}" for head, text in study.says.items() if text)
    rows["Studies"].append({"study_id": study_id, "label": study.name, "year": year, "notes": notes})
    for report in study.reports:
        report_id = reports.new(study_id, "-r1")
        rows["Reports"].append({**report, "report_id": report_id, "study_id": study_id, "retracted": "not_checked"})
    return study_id


def _effect(each: Comparison, design: str, effect: str, outcome: str, source: str) -> dict[str, str]:
    notes = [f"outcome in the source: {each.outcome}"]
    if each.footnotes:
        notes.append(f"footnotes: {each.footnotes}")
    return {
        "effect_id": effect,
        "design_id": design,
        "outcome": outcome,
        "intervention": each.experimental,
        "comparator": each.control,
        "subgroup": each.subgroup,
        **each.figures.cells,
        "derived": each.figures.derived,
        "derivation_note": each.figures.derivation,
        "src_type": "review_table",
        "src_ref": f"{source}: {each.place}",
        "quote": each.quote,
        "notes": "; ".join(notes),
    }
