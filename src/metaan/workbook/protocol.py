"""The only reader of protocol.yaml."""

import datetime
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metaan.terms import resources
from metaan.terms.finding import BadInput, Finding
from metaan.workbook.between_faults import between_faults
from metaan.workbook.columns import Column, Layout
from metaan.workbook.layout import layout
from metaan.workbook.settings import fault, load, schema_faults
from metaan.workbook.tool_faults import tool_faults

DEFAULT_MODEL = {"tau2": "REML", "interval": "mKH", "prediction": "same"}
TOOLS = "tools"  #: folder beside the protocol with a team's own quality tools
DEFAULT_THRESHOLDS = {"ratio": 1.25, "smd": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumPlan:
    """What one analysis pools in one stratum."""

    stratum: str
    measure: str
    conversions: tuple[str, ...]
    include: Mapping[str, tuple[str, ...]]  #: the analysis' filter and the stratum's own, merged
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityPlan:
    """One further synthesis of every stratum it changes."""

    label: str
    why: str
    model: Mapping[str, str] = field(default_factory=dict)  #: settings that differ from the analysis' model
    added: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonScalePlan:
    """Studies whose contrasts are brought to one measure."""

    studies: tuple[str, ...]
    measure: str
    conversions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indirect:
    """What makes rows an indirect answer: the facts that all of them have."""

    label: str
    facts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What else could explain a difference, and how a comparison shows that it dealt with it."""

    id: str
    label: str
    why: str
    handled: Mapping[str, tuple[str, ...]]  #: column -> words; one is enough
    open: Mapping[str, tuple[str, ...]]
    open_says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisPlan:
    """One analysis as the protocol asks for it."""

    id: str
    title: str
    question: str
    include: Mapping[str, tuple[str, ...]]
    model: Mapping[str, str]
    words: Mapping[str, str]
    small: float | None
    strata: tuple[StratumPlan, ...]
    sensitivity: tuple[SensitivityPlan, ...]
    common_scale: CommonScalePlan | None
    no_bottom_line: str
    remarks: tuple[str, ...]
    question_kind: str  #: prognostic, causal, treatment; empty: by the kind of factor
    indirect: tuple[Indirect, ...]
    baseline_risk: Mapping[str, Any]  #: value and source; empty: that of the review
    between: Mapping[str, Any]  #: settings of the methods that question weaker designs, over those of the review
    settings: Mapping[str, Any]  #: the analysis as typed, for digests


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A review's protocol, validated, with defaults filled in."""

    path: str
    review: str  #: name of the folder
    title: str
    question: str
    as_of: str
    registered: str
    people: Mapping[str, str]
    limits: tuple[str, ...]
    level: float
    thresholds: Mapping[str, float]
    baseline_risk: Mapping[str, Any]
    lists: Mapping[str, Mapping[str, str]]
    confounders: Mapping[str, str]
    required_confounders: Mapping[str, tuple[str, ...]]
    columns: tuple[str, ...]
    analyses: tuple[AnalysisPlan, ...]
    appraisal_tools: Mapping[str, tuple[str, ...]]  #: design -> ids of quality tools, where the review names its own
    appraisal_overall: tuple[str, ...]  #: tools whose common overall rule is used
    tools: Mapping[str, Mapping[str, Any]]  #: a team's own quality tools, by id, as `schemas/tool.schema.json` has them
    explanations: tuple[Explanation, ...]
    repeatability: Mapping[str, Any]
    between: Mapping[str, Any]  #: settings of the methods that question weaker designs
    layout: Layout  #: workbook layout of this review
    raw: Mapping[str, Any]

    def analysis(self, name: str) -> AnalysisPlan:
        """Return the analysis of that id."""
        return next(a for a in self.analyses if a.id == name)


def read_protocol(path: str | Path) -> Protocol:
    """Read and validate a protocol.

    Raises
    ------
    BadInput
        The file is missing, is no YAML, or does not fit the schema; every fault is named with its place.
    """
    path = Path(path)
    data = load(path)
    own = own_tools(path.parent / TOOLS)
    if own and isinstance(data, dict):
        data = {**data, "own_tools": {**data.get("own_tools", {}), **own}}
    return parse_protocol(data, str(path), path.resolve().parent.name)


def own_tool_files(folder: Path) -> list[Path]:
    """Return the files of a team's own quality tools, in the order of their names."""
    return sorted(folder.glob("*.yaml"))


def own_tools(folder: Path) -> dict[str, Any]:
    """Return a team's own quality tools by id, as plain data that fits `schemas/tool.schema.json`.

    Raises
    ------
    BadInput
        A file is no YAML, does not fit the schema, or names what it does not define; every fault has its place.
    """
    found: dict[str, Any] = {}
    faults: list[Finding] = []
    for file in own_tool_files(folder):
        data = load(file, true_false=True)
        wrong = list(schema_faults(data, str(file), "tool"))
        if not wrong:
            told = "write it as the question, answer or judgement is written elsewhere in this file"
            wrong = [fault(str(file), *each, told) for each in tool_faults(data)]
        if not wrong and data["id"] != file.stem:
            wrong = [fault(str(file), "id", repr(data["id"]), f"the name of the file, {file.stem}", "make them alike")]
        faults += wrong
        if not wrong:
            found[data["id"]] = data
    if faults:
        raise BadInput(faults)
    return found


def parse_protocol(data: Any, path: str, review: str, *, valid: bool = False) -> Protocol:
    """Validate plain data against the schema and fill in defaults.

    `valid` says that the data have been validated before, when they were read from the file.
    """
    for faults_of in () if valid else (schema_faults, _meaning_faults):
        faults = list(faults_of(data, path))
        if faults:
            raise BadInput(faults)
    thresholds = {**DEFAULT_THRESHOLDS, **data.get("thresholds", {})}
    return Protocol(
        path=path,
        review=review,
        title=data["title"].strip(),
        question=data["question"].strip(),
        as_of=data["as_of"],
        registered=data["registered"].strip(),
        people={"one": "person", "many": "people", **data.get("people", {})},
        limits=tuple(data.get("limits", ())),
        level=float(data.get("level", 0.95)),
        thresholds=thresholds,
        baseline_risk=data.get("baseline_risk", {}),
        lists=data["lists"],
        confounders=data.get("confounders", {}),
        required_confounders={key: tuple(value) for key, value in data.get("required_confounders", {}).items()},
        columns=tuple(data.get("columns", ())),
        analyses=tuple(_analysis(item) for item in data["analyses"]),
        appraisal_tools={key: tuple(value) for key, value in data.get("appraisal", {}).get("tools", {}).items()},
        appraisal_overall=tuple(data.get("appraisal", {}).get("overall", ())),
        tools=data.get("own_tools", {}),
        explanations=tuple(_explanation(item) for item in data.get("explanations", ())),
        repeatability=data.get("repeatability", {}),
        between=data.get("between_designs", {}),
        layout=layout(data["lists"], data.get("confounders", {}), data.get("columns", ())),
        raw=data,
    )


def _filter(*parts: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    merged: dict[str, tuple[str, ...]] = {}
    for part in parts:
        merged.update({column: tuple(words) for column, words in part.items()})
    return merged


def _explanation(item: Mapping[str, Any]) -> Explanation:
    return Explanation(
        id=item["id"],
        label=item["label"],
        why=item["why"],
        handled=_filter(item["handled"]),
        open=_filter(item.get("open", {})),
        open_says=item.get("open_says", ""),
    )


def _analysis(item: Mapping[str, Any]) -> AnalysisPlan:
    include = item["include"]
    strata = tuple(
        StratumPlan(
            stratum=stratum["stratum"],
            measure=stratum.get("measure") or item["measure"],
            conversions=tuple(stratum.get("conversions", item.get("conversions", ()))),
            include=_filter(include, stratum.get("include", {})),
            words={**item.get("words", {}), **stratum.get("words", {})},
        )
        for stratum in item["strata"]
    )
    common = item.get("common_scale")
    return AnalysisPlan(
        id=item["id"],
        title=item["title"],
        question=item["question"],
        include=_filter(include),
        model={**DEFAULT_MODEL, **item.get("model", {})},
        words=item.get("words", {}),
        small=item.get("small"),
        strata=strata,
        sensitivity=tuple(_sensitivity(entry) for entry in item.get("sensitivity", ())),
        common_scale=CommonScalePlan(
            studies=tuple(common["studies"]),
            measure=common["measure"],
            conversions=tuple(common["conversions"]),
        )
        if common
        else None,
        no_bottom_line=item.get("no_bottom_line", ""),
        remarks=tuple(item.get("remarks", ())),
        question_kind=item.get("question_kind", ""),
        indirect=tuple(
            Indirect(label=each["label"], facts=_filter(each["facts"])) for each in item.get("indirect", ())
        ),
        baseline_risk=item.get("baseline_risk", {}),
        between=item.get("between_designs", {}),
        settings=item,
    )


_OTHER_TAU2 = "another estimator of the variance between studies"
_KENWARD_ROGER = {"tau2": "REML", "interval": "KR"}

_NAMED_SENSITIVITY = {
    "DL": SensitivityPlan(
        label="DerSimonian-Laird",
        why="older standard for the variance between studies, Wald interval",
        model={"tau2": "DL", "interval": "Wald"},
    ),
    "PM": SensitivityPlan(label="Paule-Mandel", why=_OTHER_TAU2, model={"tau2": "PM"}),
    "REML": SensitivityPlan(label="REML", why="restricted maximum likelihood", model={"tau2": "REML"}),
    "ML": SensitivityPlan(label="ML", why="maximum likelihood: tends to a smaller variance", model={"tau2": "ML"}),
    "EB": SensitivityPlan(label="Empirical Bayes", why=_OTHER_TAU2, model={"tau2": "EB"}),
    "PMM": SensitivityPlan(label="Paule-Mandel, median-unbiased", why=_OTHER_TAU2, model={"tau2": "PMM"}),
    "HE": SensitivityPlan(label="Hedges-Olkin", why=_OTHER_TAU2, model={"tau2": "HE"}),
    "HS": SensitivityPlan(label="Hunter-Schmidt", why=_OTHER_TAU2, model={"tau2": "HS"}),
    "SJ": SensitivityPlan(label="Sidik-Jonkman", why=_OTHER_TAU2, model={"tau2": "SJ"}),
    "KR": SensitivityPlan(label="Kenward-Roger", why="REML with another small-sample interval", model=_KENWARD_ROGER),
    "EE": SensitivityPlan(
        label="Equal effects",
        why="as if every study estimated the same effect",
        model={"tau2": "EE", "interval": "Wald"},
    ),
    "HK": SensitivityPlan(label="Hartung-Knapp", why="interval without the floor", model={"interval": "HK"}),
    "Wald": SensitivityPlan(
        label="Wald", why="normal interval, too narrow for few studies", model={"interval": "Wald"}
    ),
}


def _sensitivity(entry: str | Mapping[str, Any]) -> SensitivityPlan:
    if isinstance(entry, str):
        return _NAMED_SENSITIVITY[entry]
    return SensitivityPlan(
        label=entry["label"],
        why=entry["why"],
        added=tuple(entry.get("with", ())),
        left_out=tuple(entry.get("without", ())),
    )


def _meaning_faults(data: Mapping[str, Any], path: str) -> Iterable[Finding]:
    """Find what a schema cannot say: filters on columns and words that do not exist, ids given twice."""
    try:
        datetime.date.fromisoformat(data["as_of"])
    except ValueError:
        yield fault(path, "as_of", repr(data["as_of"]), "a day of the calendar, YYYY-MM-DD", "correct the date")
    confounders = data.get("confounders", {})
    for population, names in data.get("required_confounders", {}).items():
        for name in names:
            if name not in confounders:
                yield _named(path, f"required_confounders > {population}", name, list(confounders), "confounders")
    merged = layout(data["lists"], confounders, data.get("columns", ()))
    columns = {c.name: c for sheet in ("Studies", "Design", "Effects") for c in merged.sheet(sheet).columns}
    yield from _appraisal_faults(data, path)
    yield from between_faults(data, path)
    for item in data.get("explanations", ()):
        for part in ("handled", "open"):
            where = f"explanations > {item['id']} > {part}"
            yield from _filter_faults(path, where, item.get(part, {}), columns, merged)
    seen: set[str] = set()
    for item in data["analyses"]:
        name = item["id"]
        for each in item.get("indirect", ()):
            yield from _filter_faults(path, f"analyses > {name} > indirect", each["facts"], columns, merged)
        if name in seen:
            yield fault(path, f"analyses > {name}", "this id is given twice", "ids that differ", "rename one of them")
        seen.add(name)
        strata = [stratum["stratum"] for stratum in item["strata"]]
        if len(strata) != len(set(strata)):
            yield fault(path, f"analyses > {name} > strata", "a stratum is given twice", "each once", "join them")
        for stratum in item["strata"]:
            if not (stratum.get("measure") or item.get("measure")):
                where = f"analyses > {name} > strata > {stratum['stratum']}"
                yield fault(path, where, "no measure", "OR, RR, HR, RD, MD or SMD", "add the line  measure: ...")
        filters = [("include", item["include"])]
        filters += [(f"strata > {s['stratum']} > include", s["include"]) for s in item["strata"] if "include" in s]
        for where, chosen in filters:
            yield from _filter_faults(path, f"analyses > {name} > {where}", chosen, columns, merged)


def _filter_faults(
    path: str, place: str, chosen: Mapping[str, Iterable[str]], columns: Mapping[str, Column], merged: Layout
) -> Iterable[Finding]:
    """Find columns and words of a filter that the workbook cannot have."""
    for column, words in chosen.items():
        if column not in columns:
            yield _named(path, place, column, list(columns), "columns of Effects, Design or Studies")
            continue
        listed = merged.lists.get(columns[column].words, {}) if columns[column].kind == "word" else {}
        for word in words:
            if listed and word not in listed and word != "NR":
                kind = f"words of the list {columns[column].words}"
                yield _named(path, f"{place} > {column}", word, list(listed), kind)


def _appraisal_faults(data: Mapping[str, Any], path: str) -> Iterable[Finding]:
    known = [*resources.tool_names(), *data.get("own_tools", {})]
    named = data.get("appraisal", {})
    lists = {f"tools > {stratum}": names for stratum, names in named.get("tools", {}).items()}
    for where, names in {**lists, "overall": named.get("overall", ())}.items():
        for name in names:
            if name not in known:
                yield _named(path, f"appraisal > {where}", name, known, "quality tools")


def _named(path: str, where: str, name: str, known: list[str], kind: str) -> Finding:
    near = difflib.get_close_matches(name, known, 1, 0.4)
    hint = f"did you mean {near[0]!r}?" if near else "choose one of them"
    return fault(path, where, repr(name), f"one of the {kind}: {', '.join(known)}", hint)
