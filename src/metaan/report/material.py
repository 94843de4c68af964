"""What every section of a report draws on: the results, the workbook's rows by their ids, and links between them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from metaan.report.content import Run, Text, join, link, words
from metaan.robustness.first import First
from metaan.robustness.repeats import Repeatability
from metaan.terms.believed import Believed
from metaan.terms.certainty import Certainty
from metaan.terms.finding import Finding
from metaan.terms.records import Analysis, Estimate, Grade, LeftOut, Synthesis
from metaan.workbook.citation import citation as citation_text
from metaan.workbook.columns import Layout
from metaan.workbook.forms import FORMS
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

#: columns that hold the numbers of the first group (event, high or treated) and of the second
_GROUP_1 = frozenset(
    [
        "a_high_event",
        "b_high_none",
        "events_high",
        "total_high",
        "high_event",
        "n_event",
        "n1",
        "m1",
        "sd1",
        "med1",
        "q1_1",
        "q3_1",
        "min1",
        "max1",
    ]
)
_GROUP_2 = frozenset(
    [
        "c_low_event",
        "d_low_none",
        "events_low",
        "total_low",
        "high_none",
        "n_none",
        "n2",
        "m2",
        "sd2",
        "med2",
        "q1_2",
        "q3_2",
        "min2",
        "max2",
    ]
)
_TABLE = frozenset(("a_high_event", "b_high_none", "c_low_event", "d_low_none"))

FIGURE_FOLDER = "../figures"  #: where the figures stand, seen from the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one analysis did with one row."""

    analysis: Analysis
    estimate: Estimate | None = None  #: where it was computed
    synthesis: Synthesis | None = None
    left_out: LeftOut | None = None

    @property
    def pooled(self) -> bool:
        """Whether the row is in a main pool."""
        return self.estimate is not None and self.left_out is None and self.estimate.weight is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything a report is made from."""

    protocol: Protocol
    layout: Layout
    extraction: Extraction
    grades: Mapping[str, Grade]  #: by design
    analyses: tuple[Analysis, ...]
    findings: tuple[Finding, ...]
    first: tuple[First, ...]  #: cells worth a second look, most worth it first
    figures: Mapping[str, Mapping[str, str]]  #: by analysis; those of the whole review under ""
    versions: Mapping[str, str]
    digests: Mapping[str, str]
    agreement: Mapping[str, Any] | None  #: of two extractors, as schemas/agreement.schema.json describes it
    effects: Mapping[str, Row]
    designs: Mapping[str, Row]
    studies: Mapping[str, Row]
    reports: Mapping[str, tuple[Row, ...]]  #: by study, the primary one first
    uses: Mapping[str, tuple[Use, ...]]  #: by row of the Effects sheet
    by_number: Mapping[int, str] = field(repr=False)  #: row of the Effects sheet -> effect_id
    certainty: Mapping[tuple[str, str], Certainty] = field(default_factory=dict)  #: by analysis and stratum
    repeatability: Repeatability | None = None  #: what the sheet Reliability says, and what it means
    between: Sequence[Mapping[str, Any]] = ()  #: how far designs can be believed, one an analysis, as plain data
    believed: Mapping[str, Believed] = field(default_factory=dict)  #: the same in words, by analysis
    cards: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: by analysis and method: SVG

    @property
    def people(self) -> str:
        """Plural of one person: "women"."""
        return self.protocol.people["many"]

    def label(self, name: str, word: str) -> str:
        """Return the label of a word of a list."""
        return self.layout.label(name, word)

    def word(self, row: Row, column: str) -> str:
        """Return a cell in words: the label of its word, "not reported" for NR, empty when blank."""
        text = row[column]
        if text == "NR":
            return "not reported"
        if text in ("", "NA"):
            return "" if not text else "does not apply"
        found = next((c for c in self.layout.sheet(row.sheet).columns if c.name == column), None)
        return self.label(found.words, text) if found is not None and found.kind == "word" else text

    def study(self, study_id: str) -> str:
        """Return the label of a study."""
        row = self.studies.get(study_id)
        return (row["label"] if row else "") or study_id

    def design_of(self, effect_id: str) -> Row | None:
        """Return the Design row of a row of the Effects sheet."""
        row = self.effects.get(effect_id)
        return self.designs.get(row["design_id"]) if row else None

    def study_of(self, effect_id: str) -> str:
        """Return the study a row of the Effects sheet belongs to."""
        design = self.design_of(effect_id)
        return design["study_id"] if design else ""

    def stratum_of(self, effect_id: str) -> str:
        """Return the stratum of a row of the Effects sheet; empty where its design was not graded."""
        row = self.effects.get(effect_id)
        grade = self.grades.get(row["design_id"]) if row else None
        return grade.stratum if grade else ""

    def files_of(self, name: str, analysis_id: str) -> Text:
        """Return links to a figure as files; `analysis_id` is empty for a figure of the whole review."""
        folder = f"{FIGURE_FOLDER}/{analysis_id}" if analysis_id else FIGURE_FOLDER
        kinds = self.figures.get(analysis_id, {}).get("files", "").split()
        runs = [Run(text=kind.upper(), href=f"{folder}/{name}.{kind}", title="beside this file") for kind in kinds]
        return tuple(part for run in runs for part in (run, Run(text=" ")))[:-1]

    def to_row(self, text: str, effect_id: str, columns: Iterable[str] = ()) -> Text:
        """Return text that leads to where the row's numbers come from, with its cells as title."""
        row = self.effects.get(effect_id)
        if row is None or not text:
            return words(text)
        return link(text, f"#{anchor(effect_id)}", f"{row.sheet}!{cells(row, columns)}")


def gather(
    protocol: Protocol,
    extraction: Extraction,
    grades: Sequence[Grade],
    analyses: Sequence[Analysis],
    findings: Sequence[Finding],
    figures: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
    digests: Mapping[str, str],
    first: Sequence[First] = (),
    agreement: Mapping[str, Any] | None = None,
    certainty: Sequence[Certainty] = (),
    repeatability: Repeatability | None = None,
    between: Sequence[Mapping[str, Any]] = (),
    believed: Sequence[Believed] = (),
    cards: Mapping[str, Mapping[str, str]] | None = None,
) -> Material:
    """Bring rows and results together by their ids."""
    effects = extraction.by_key("Effects", "effect_id")
    reports: dict[str, list[Row]] = defaultdict(list)
    for report in extraction.sheet("Reports"):
        reports[report["study_id"]].append(report)
    uses: dict[str, list[Use]] = defaultdict(list)
    for analysis in analyses:
        for effect_id, use in _uses(analysis):
            uses[effect_id].append(use)
    return Material(
        protocol=protocol,
        layout=protocol.layout,
        extraction=extraction,
        grades={grade.design_id: grade for grade in grades},
        analyses=tuple(analyses),
        findings=tuple(findings),
        first=tuple(first),
        figures=figures,
        versions=versions,
        digests=digests,
        agreement=agreement,
        effects=effects,
        designs=extraction.by_key("Design", "design_id"),
        studies=extraction.by_key("Studies", "study_id"),
        reports={
            study: tuple(sorted(found, key=lambda row: row["is_primary"] != "yes")) for study, found in reports.items()
        },
        uses={effect_id: tuple(found) for effect_id, found in uses.items()},
        by_number={row.number: effect_id for effect_id, row in effects.items()},
        certainty={(sure.analysis_id, sure.stratum): sure for sure in certainty},
        repeatability=repeatability,
        between=tuple(between),
        believed={said.analysis_id: said for said in believed},
        cards=cards or {},
    )


def _uses(analysis: Analysis) -> Iterable[tuple[str, Use]]:
    left_out = {row.effect_id: row for row in analysis.left_out}
    seen: set[str] = set()
    for synthesis in analysis.strata:
        for estimate in (*synthesis.estimates, *synthesis.others):
            seen.add(estimate.effect_id)
            yield (
                estimate.effect_id,
                Use(
                    analysis=analysis,
                    estimate=estimate,
                    synthesis=synthesis,
                    left_out=left_out.get(estimate.effect_id),
                ),
            )
    for effect_id, row in left_out.items():
        if effect_id not in seen:
            yield effect_id, Use(analysis=analysis, left_out=row)


def anchor(effect_id: str) -> str:
    """Return the id of the place in the report that tells where a row's numbers come from."""
    return f"row-{effect_id}"


def place(analysis: Analysis) -> str:
    """Return the id of an analysis' section."""
    return f"analysis-{analysis.id}"


def cells(row: Row, columns: Iterable[str] = ()) -> str:
    """Return the filled cells among `columns`, "AF12, AG12"; the first cell of the row where there are none."""
    found = [row.cell(column) for column in columns if row[column]]
    return ", ".join(found) if found else f"A{row.number}"


def numbers(row: Row) -> list[str]:
    """Return the filled columns that hold what the form of a row asks for, in the order of the sheet."""
    form = FORMS.get(row["form"])
    asked = form.columns if form else frozenset()
    return [column for column in row.values if column in asked]


def group_columns(row: Row, group: int) -> list[str]:
    """Return the filled columns behind the numbers of one group; a two-by-two table gives all four cells to both."""
    chosen = _GROUP_1 if group == 1 else _GROUP_2
    return [column for column in numbers(row) if column in chosen or column in _TABLE]


def doi(text: str) -> Text:
    """Return a link to a DOI."""
    return link(f"doi:{text}", f"https://doi.org/{quote(text, safe='/:;().-_')}") if text else ()


def pmid(text: str) -> Text:
    """Return a link to PubMed."""
    return link(f"PMID {text}", f"https://pubmed.ncbi.nlm.nih.gov/{quote(text, safe='')}/") if text else ()


def identifiers(report: Row) -> Text:
    """Return the public places of a report."""
    found = [doi(report.answer("doi")), pmid(report.answer("pmid"))]
    url = report.answer("url")
    if url.startswith(("https://", "http://")) and not any(found):
        found.append(link("page", url, url))
    return join(found, ", ")


def citation(report: Row) -> Text:
    """Return "Authors (2007) Title. Journal 19:2208" with its identifiers."""
    text = citation_text(report)
    found = identifiers(report)
    return (Run(text=text + " "), *found) if found else (Run(text=f"{text} No DOI or PubMed number."),)
