"""Evidence known to be missing from a pool, in the manner of ROB-ME: what is known, what it says, and how much it is.

ROB-ME (Page et al. 2023, BMJ 383:e076754) defines each synthesis, lists the studies whose results are missing from it,
considers studies that nobody knows of, and asks whether what is missing is missing because of what it was. The list and
a proposal come from the rows of the workbook; whether whole studies were never published cannot be told from them.

- high: what says otherwise than the pool comes from at least as many people as are pooled (studies, where people are
  not known), or numbers seem to be kept back because of what they were and half or more is without usable numbers;
- some: a tenth or more is without usable numbers, something says otherwise, or numbers seem to be kept back;
- low: less than a tenth, and none of these.

A result says otherwise if it has another direction, or none, where the interval of the pool leaves out no effect; or if
it leaves out no effect itself where that of the pool does not. Numbers seem to be kept back where a source that was
read in full gives no more than "no difference" or a large p-value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metaan.certainty.steps.body import Body, of_people
from metaan.pooling.counted import whole
from metaan.terms import wording
from metaan.terms.certainty import MissingEvidence, Unusable
from metaan.terms.records import Beside, LeftOut, Source
from metaan.workbook.values import parse_number

KINDS = ("no_numbers", "form", "other_scale")  #: of rows left out, those without a usable number
NO_COMPARISON = ("single_group",)  #: forms that compare nothing
IN_FULL = ("full_text", "text", "table", "figure_digitised", "author_data", "registry")  #: sources read in full
NO_NUMBERS = ("direction_only", "p_only")
SMALL_P = 0.05
A_TENTH, HALF = 0.1, 0.5

_UP, _DOWN, _NONE = "up", "down", "none"
_SIGNS = {"higher_in_event": _UP, "lower_in_event": _DOWN, "no_difference": _NONE}
_GROUPS = (("n1", "n2"), ("n_event", "n_none"), ("total_high", "total_low"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """Missing evidence with the numbers its judgement rests on."""

    evidence: MissingEvidence
    proposes: bool  #: whether what says otherwise is as much as what is pooled
    inputs: dict[str, Any]
    otherwise: tuple[Unusable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    unusable: Unusable
    otherwise: frozenset[str]  #: where results point that say otherwise than the pool; empty where none does


def weigh(body: Body) -> Weighed:
    """Return what is known to be missing from one pool, and a proposal on how much it matters."""
    known = _known(body)
    people, at_most = body.people(), body.people_at_most()
    otherwise = [each.unusable for each in known if each.otherwise]
    share, by = _share([each.unusable for each in known], people, body.k)
    against, against_by = _against(otherwise, at_most, body.k)
    selective = [each.unusable for each in known if each.unusable.selective]
    proposes = body.k > 0 and bool(otherwise) and against >= 1
    if not body.k:
        judgement = ""
    elif proposes or (selective and share >= HALF):
        judgement = "high"
    elif otherwise or selective or share >= A_TENTH:
        judgement = "some"
    else:
        judgement = "low"
    inputs = {
        "studies_pooled": body.k,
        "people_pooled": people,
        "people_pooled_at_most": at_most,
        "studies_without_numbers": len(known),
        "people_without_numbers": _sum([each.unusable for each in known]),
        "share_without_numbers": share,
        "share_by": by,
        "studies_otherwise": len(otherwise),
        "people_otherwise": _sum(otherwise),
        "otherwise_to_pooled": against,
        "otherwise_by": against_by,
        "kept_back": len(selective),
        "judgement": judgement,
    }
    evidence = MissingEvidence(
        pooled=body.k,
        pooled_people=people,
        unusable=tuple(each.unusable for each in known),
        judgement=judgement,
        because=_because(body, inputs, otherwise, frozenset().union(*(each.otherwise for each in known))),
    )
    return Weighed(evidence=evidence, proposes=proposes, inputs=inputs, otherwise=tuple(otherwise))


def _known(body: Body) -> list[_Known]:
    """Return known studies of the stratum without a usable number, one entry a study, in the order of the rows."""
    stratum = body.synthesis.stratum
    there = {e.study_id for e in (*body.synthesis.estimates, *body.synthesis.others)}
    rows: dict[str, list[LeftOut]] = {}
    for row in body.analysis.left_out:
        form = row.source.values.get("form", "")
        if row.stratum == stratum and row.kind in KINDS and row.study_id not in there and form not in NO_COMPARISON:
            rows.setdefault(row.study_id, []).append(row)
    beside = {b.study_id: b for b in body.analysis.beside if b.stratum == stratum}
    return [_one(body, found, beside.get(study)) for study, found in rows.items()]


def _one(body: Body, rows: Sequence[LeftOut], beside: Beside | None) -> _Known:
    first = rows[0]
    counts = [n for row in rows if (n := _people(body, row)) is not None]
    said = list(dict.fromkeys(row.says for row in rows if row.says and row.source.values.get("form") != "risk_only"))
    if beside is not None:
        said.append(_classes(beside))
    return _Known(
        unusable=Unusable(
            effect_id=first.effect_id,
            study_id=first.study_id,
            label=first.label,
            people=max(counts, default=None),
            says="; ".join(dict.fromkeys(said)),
            why="; ".join(dict.fromkeys(row.reason for row in rows)),
            selective=any(_kept_back(row.source) for row in rows) and not any(_has_values(row.source) for row in rows),
        ),
        otherwise=frozenset(_direction(row.source) for row in rows if _otherwise(body, row.source)),
    )


def _classes(beside: Beside) -> str:
    risks = wording.listed([f"{wording.percent(risk.risk, 1)} ({risk.label})" for risk in beside.classes])
    return f"outcome in {risks}"


def _people(body: Body, row: LeftOut) -> int | None:
    values = row.source.values
    if not of_people(row.source):
        return None
    n = whole(values.get("n_analysed", ""))
    if n is not None:
        return n
    for names in _GROUPS:
        counts = [whole(values.get(name, "")) for name in names]
        if None not in counts:
            return sum(count for count in counts if count is not None)
    effect = body.rows["Effects"].get(row.effect_id)
    design = body.rows["Design"].get(effect["design_id"]) if effect is not None else None
    if design is None:
        return None
    known = (whole(design[column]) for column in ("n_outcome_known", "n_at_risk"))
    return next((n for n in known if n is not None), None)


def _number(source: Source, column: str) -> float | None:
    text = source.values.get(column, "")
    found = parse_number(text, "comma" if "," in text else "point") if text else None
    return found.value if found is not None else None


def _direction(source: Source) -> str:
    """Return where a result points: up (more of the outcome with the factor), down, none; empty where unsaid."""
    sign = source.values.get("sign", "") or source.values.get("stated_direction", "")
    if sign in _SIGNS:
        return _SIGNS[sign]
    ratio = _number(source, "est")
    if ratio is not None and ratio > 0 and ratio != 1:
        return _UP if ratio > 1 else _DOWN
    return ""


def _leaves_out_none(source: Source) -> bool:
    """Whether a result says by its p-value or limits that it leaves out no effect."""
    low, high = _number(source, "ci_low"), _number(source, "ci_high")
    if low is not None and high is not None:
        return low > 1 or high < 1
    p = _number(source, "p_value")
    return p is not None and source.values.get("p_cmp", "=") in ("=", "<") and p <= SMALL_P and p < 1


def _otherwise(body: Body, source: Source) -> bool:
    if not body.k:
        return False
    if _open(body):
        return _leaves_out_none(source)
    return _direction(source) in (_NONE, _DOWN if body.ci.low > 0 else _UP)


def _open(body: Body) -> bool:
    """Whether the interval of the pool holds no effect."""
    return body.ci.low <= 0 <= body.ci.high


def _kept_back(source: Source) -> bool:
    p = _number(source, "p_value")
    large = p is not None and source.values.get("p_cmp", "=") in ("=", ">") and p >= SMALL_P
    bare = source.values.get("form", "") in NO_NUMBERS and (_direction(source) == _NONE or large)
    return bare and source.kind in IN_FULL


def _has_values(source: Source) -> bool:
    return any(
        source.values.get(name, "") not in ("", "NR", "NA") for name in ("m1", "med1", "risk_pct", "est", "diff")
    )


def _sum(of: Sequence[Unusable]) -> int | None:
    counts = [each.people for each in of]
    return sum(n for n in counts if n is not None) if None not in counts else None


def _share(of: Sequence[Unusable], people: int | None, k: int) -> tuple[float, str]:
    """Return the share of known people without usable numbers; of studies, where people are not known."""
    theirs = _sum(of)
    if of and theirs is not None and people is not None and people + theirs:
        return theirs / (people + theirs), "people"
    return (len(of) / (k + len(of)) if of else 0.0), "studies"


def _against(of: Sequence[Unusable], people: int | None, k: int) -> tuple[float, str]:
    """Return what says otherwise over what is pooled, by people where known, else by studies.

    People known of some suffice where they are already as many; `people` may be more than were analysed, never fewer.
    """
    theirs = sum(each.people or 0 for each in of)
    if people and (theirs >= people or all(each.people is not None for each in of)):
        return theirs / people, "people"
    return (len(of) / k if k else 0.0), "studies"


def _because(body: Body, inputs: dict[str, Any], otherwise: Sequence[Unusable], points: frozenset[str]) -> str:
    many = body.protocol.people["many"]
    n = inputs["studies_without_numbers"]
    if not n:
        return f"No study is known that belongs here and gives no usable number{UNKNOWN}."
    of = wording.percent(100 * inputs["share_without_numbers"])
    said = f"{wording.count(n, 'known study gives', 'known studies give')} no usable number"
    said += f" ({of} of {many if inputs['share_by'] == 'people' else 'studies'})"
    if body.k and otherwise:
        names = wording.listed([_with_people(each, many) for each in otherwise])
        said += f"; {names} {_otherwise_says(body, len(otherwise), points)}, against {_pooled(inputs, many)}"
    elif body.k and _open(body):
        said += "; none tells of a difference by its p-value or interval"
    elif body.k:
        said += "; none says that there is no difference, or points the other way"
    if inputs["kept_back"]:
        said += f"; of {wording.count(inputs['kept_back'], 'study', 'studies')} the numbers seem to be kept back"
    return wording.sentence(said + UNKNOWN)


def _otherwise_says(body: Body, studies: int, points: frozenset[str]) -> str:
    s = "s" if studies == 1 else ""
    if _open(body):
        return f"tell{s} of a difference (by p-value or interval), which the pool leaves open"
    if points == {_NONE}:
        return f"report{s} no difference"
    other = f"point{s} the other way"
    return f"report{s} no difference or {other}" if _NONE in points else other


UNKNOWN = "; whether others were never published cannot be told from this"


def _with_people(each: Unusable, many: str) -> str:
    return each.label if each.people is None else f"{each.label} ({wording.whole(each.people)} {many})"


def _pooled(inputs: dict[str, Any], many: str) -> str:
    people, most = inputs["people_pooled"], inputs["people_pooled_at_most"]
    studies = f"{wording.count(inputs['studies_pooled'], 'study', 'studies')} pooled"
    if people is not None:
        return f"{studies} ({wording.whole(people)} {many})"
    return f"{studies} (at most {wording.whole(most)} {many})" if most is not None else studies
