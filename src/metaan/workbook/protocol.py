"""The only reader of protocol.yaml."""

import datetime
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metaan.terms import resources
from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin
from metaan.workbook.columns import Column, Layout
from metaan.workbook.layout import layout
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
    data = _load(path)
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
        data = _load(file, true_false=True)
        wrong = list(_schema_faults(data, str(file), "tool"))
        if not wrong:
            told = "write it as the question, answer or judgement is written elsewhere in this file"
            wrong = [_fault(str(file), *fault, told) for fault in tool_faults(data)]
        if not wrong and data["id"] != file.stem:
            wrong = [_fault(str(file), "id", repr(data["id"]), f"the name of the file, {file.stem}", "make them alike")]
        faults += wrong
        if not wrong:
            found[data["id"]] = data
    if faults:
        raise BadInput(faults)
    return found


def _load(path: Path, *, true_false: bool = False) -> Any:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(
            [_fault(str(path), "", "no such file", "a protocol", f"write {path.name}, see the docs")]
        ) from None
    except UnicodeDecodeError:
        fault = _fault(str(path), "", "not UTF-8 text", "a text file in UTF-8", "save it again as UTF-8")
        raise BadInput([fault]) from None
    try:
        return yaml.load(text, Loader=_plain_loader(true_false))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable as YAML"
        fault = _fault(
            str(path), where, str(problem), "YAML", "look at this line: a colon, a quote or the indent is off"
        )
        raise BadInput([fault]) from None


def _plain_loader(true_false: bool) -> Any:
    """Return a safe YAML loader that leaves dates and yes/no as the words they are, and refuses a key given twice.

    True and false are words too, unless `true_false` is set.
    """
    import re

    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag not in _LEFT_AS_TEXT]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is no word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return yaml.SafeLoader.construct_mapping(loader, node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    if true_false:
        Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])
    return Loader


_LEFT_AS_TEXT = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")


def _fault(path: str, where: str, found: str, expected: str, to_fix: str) -> Finding:
    return Finding(
        id="PROTOCOL",
        level=Level.ERROR,
        origin=Origin(path, "", ""),
        subject=where,
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def parse_protocol(data: Any, path: str, review: str, *, valid: bool = False) -> Protocol:
    """Validate plain data against the schema and fill in defaults.

    `valid` says that the data have been validated before, when they were read from the file.
    """
    for faults_of in () if valid else (_schema_faults, _meaning_faults):
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


def _place(path: Iterable[Any], data: Any) -> str:
    """Return where in the file a fault is, naming analyses by their id."""
    words: list[str] = []
    here = data
    for step in path:
        here = here[step]
        if isinstance(step, int):
            name = here.get("id") or here.get("stratum") if isinstance(here, Mapping) else None
            words.append(str(name) if name else f"item {step + 1}")
        else:
            words.append(str(step))
    return " > ".join(words)


def _schema_faults(data: Any, path: str, name: str = "protocol") -> Iterable[Finding]:
    import jsonschema

    schema = resources.schema(name)
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(data), key=lambda e: list(map(str, e.absolute_path))):
        where = _place(error.absolute_path, data)
        if error.validator == "additionalProperties" and error.validator_value is False:
            known = list(error.schema.get("properties", {}))
            for key in error.instance:
                if key not in known:
                    yield _unknown_key(path, where, str(key), known)
        elif error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            for key in missing:
                meaning = error.schema.get("properties", {}).get(key, {}).get("description", "")
                yield _fault(
                    path, where, f"no key {key!r}", meaning or f"a value for {key}", f"add the line  {key}: ..."
                )
        elif error.validator == "enum":
            known = [str(value) for value in error.validator_value]
            near = difflib.get_close_matches(str(error.instance), known, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else "choose one of these"
            yield _fault(path, where, repr(error.instance), "one of " + ", ".join(known), hint)
        elif error.validator in ("oneOf", "anyOf") and error.context:
            yield from _alternative_faults(error, path, where)
        else:
            wanted = error.schema.get("description") or f"{error.validator} {error.validator_value}"
            yield _fault(path, where, _short(error.instance), str(wanted), "correct this value")


def _alternative_faults(error: Any, path: str, where: str) -> Iterable[Finding]:
    """Explain a value that fits none of several shapes, by the shape it is nearest to."""
    schemas = error.validator_value
    if isinstance(error.instance, Mapping):
        shape: Mapping[str, Any] = next((s for s in schemas if s.get("type") == "object"), {})
        known = list(shape.get("properties", {}))
        unknown = [key for key in error.instance if key not in known]
        for key in unknown:
            yield _unknown_key(path, where, str(key), known)
        if not unknown:
            wanted = "label and why, and with or without" if known else "one of the shapes in the docs"
            yield _fault(path, where, _short(error.instance), wanted, "complete this entry")
        return
    words = [str(word) for s in schemas for word in s.get("enum", [])]
    near = difflib.get_close_matches(str(error.instance), words, 1, 0.5)
    yield _fault(
        path,
        where,
        _short(error.instance),
        "one of " + ", ".join(words) + ", or an entry with label, why, and with or without",
        f"did you mean {near[0]!r}?" if near else "choose one of these",
    )


def _unknown_key(path: str, where: str, key: str, known: list[str]) -> Finding:
    near = difflib.get_close_matches(key, known, 1, 0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
    return _fault(path, where, f"unknown key {key!r}", "a key of the protocol's schema", hint)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _meaning_faults(data: Mapping[str, Any], path: str) -> Iterable[Finding]:
    """Find what a schema cannot say: filters on columns and words that do not exist, ids given twice."""
    try:
        datetime.date.fromisoformat(data["as_of"])
    except ValueError:
        yield _fault(path, "as_of", repr(data["as_of"]), "a day of the calendar, YYYY-MM-DD", "correct the date")
    confounders = data.get("confounders", {})
    for population, names in data.get("required_confounders", {}).items():
        for name in names:
            if name not in confounders:
                yield _named(path, f"required_confounders > {population}", name, list(confounders), "confounders")
    merged = layout(data["lists"], confounders, data.get("columns", ()))
    columns = {c.name: c for sheet in ("Studies", "Design", "Effects") for c in merged.sheet(sheet).columns}
    yield from _appraisal_faults(data, path)
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
            yield _fault(path, f"analyses > {name}", "this id is given twice", "ids that differ", "rename one of them")
        seen.add(name)
        strata = [stratum["stratum"] for stratum in item["strata"]]
        if len(strata) != len(set(strata)):
            yield _fault(path, f"analyses > {name} > strata", "a stratum is given twice", "each once", "join them")
        for stratum in item["strata"]:
            if not (stratum.get("measure") or item.get("measure")):
                where = f"analyses > {name} > strata > {stratum['stratum']}"
                yield _fault(path, where, "no measure", "OR, RR, HR, RD, MD or SMD", "add the line  measure: ...")
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
    return _fault(path, where, repr(name), f"one of the {kind}: {', '.join(known)}", hint)
