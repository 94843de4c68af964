"""The evidence profile of one question: every step of every stratum, proposed and decided, with its numbers."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from metaan.report.content import (
    Block,
    Details,
    Facts,
    Paragraph,
    Run,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    muted,
    strong,
    words,
)
from metaan.report.parts import NONE, stratum
from metaan.terms import wording
from metaan.terms.certainty import DOMAINS, NAMES, QUESTIONS, SYMBOLS, Certainty, Step
from metaan.terms.designs import STRATA
from metaan.terms.records import Analysis, Record

Marks: TypeAlias = Mapping[tuple[str, str], int]  #: stratum and domain -> number of the footnote

NOBODY = "not looked at yet"
NOT_ASSESSED = "not assessable"


def marked(judged: Iterable[Certainty]) -> Marks:
    """Return the numbers of the steps that moved a certainty, or that the reviewers changed."""
    steps = [(found.stratum, step.domain) for found in judged for step in found.steps if step.decided or step.changed]
    return {key: number for number, key in enumerate(steps, 1)}


def moved(judged: Iterable[Certainty], marks: Marks) -> Iterable[tuple[Certainty, Step, int]]:
    """Yield each numbered step with its certainty."""
    for found in judged:
        for step in found.steps:
            if (found.stratum, step.domain) in marks:
                yield found, step, marks[found.stratum, step.domain]


def profile(analysis: Analysis, judged: Mapping[str, Certainty], marks: Marks) -> Details:
    """Return the evidence profile, folded: one line a stratum, then step by step, then what each step looked at."""
    blocks: list[Block] = [_matrix(analysis, judged, marks)]
    for found in judged.values():
        name = f"{STRATA[found.stratum].label}, step by step"
        blocks += [Paragraph(text=strong(name), role="group"), Facts(pairs=tuple(_steps(found, marks)), role="steps")]
    looked = [pair for found in judged.values() for pair in _inputs(found, alone=len(judged) == 1)]
    if looked:
        folded = Facts(pairs=tuple(looked), role="steps")
        blocks.append(Details(summary=words("The numbers each step looked at"), blocks=(folded,)))
    return Details(
        summary=words("Evidence profile: every step, its reason and its numbers"),
        blocks=tuple(blocks),
        id=f"profile-{analysis.id}",
    )


def _matrix(analysis: Analysis, judged: Mapping[str, Certainty], marks: Marks) -> Table:
    names = (name[0].upper() + name[1:] for name in DOMAINS.values())
    return Table(
        id=f"profile-{analysis.id}-table",
        caption=f"{analysis.title}: evidence profile",
        heads=heads("Design", "Start", *names, "Certainty"),
        rows=tuple(
            TableRow(
                cells=(
                    cell(stratum(found.stratum)),
                    cell(NAMES.get(found.start, NONE)),
                    *(cell(_step(found, domain, marks)) for domain in DOMAINS),
                    cell(_level(found.level)),
                )
            )
            for found in judged.values()
        ),
    )


def _step(found: Certainty, domain: str, marks: Marks) -> Text:
    step = next((step for step in found.steps if step.domain == domain), None)
    if step is None:
        return muted(NONE)
    if step.proposed is None and not step.changed:
        return muted(NOT_ASSESSED)
    number = marks.get((found.stratum, domain))
    shown = words(wording.signed(step.decided)) if step.decided else muted("0")
    return (*shown, Run(text=f" {number}", kind="mark")) if number else shown


def _steps(found: Certainty, marks: Marks) -> Iterable[tuple[str, Text]]:
    """Yield each step: proposed and decided, by whom, the rule with its numbers, the reviewers' sentence, the cell."""
    asked = QUESTIONS.get(found.question, "")
    why = f"{wording.sentence(found.start_because)}{f' Question: {asked}' if asked else ''}"
    yield "Start", (*_level(found.start), Run(text=f". {why}"))
    for step in found.steps:
        number = marks.get((found.stratum, step.domain))
        mark = (Run(text=str(number), kind="mark"), Run(text=" ")) if number else ()
        cell = (Run(text=" "), Run(text=f"Certainty!{step.cell}", kind="code")) if step.cell else ()
        yield DOMAINS[step.domain].capitalize(), (*mark, *_decided(step), Run(text=" "), *_because(step), *cell)


def _level(level: str) -> Text:
    if level not in NAMES:
        return muted(NONE)
    return (Run(text=SYMBOLS[level], kind="symbol"), Run(text=f" {NAMES[level]}"))


def _decided(step: Step) -> Text:
    """Return "−1 proposed (0 at best), −2 decided by JD." or that nobody has looked at the proposal."""
    proposed = NOT_ASSESSED if step.proposed is None else f"{wording.signed(step.proposed)} proposed"
    best = step.best is not None and step.best != (step.proposed or 0)
    if best and step.best is not None:
        proposed += f" ({wording.signed(step.best)} at best)"
    by = f"{wording.signed(step.decided)} decided by {step.who}" if step.who else ""
    if not by:
        by = f"{wording.signed(step.decided)} decided, nobody named" if step.changed else NOBODY
    return (
        Run(text=proposed, kind="strong"),
        Run(text=", "),
        Run(text=by, kind="strong" if step.who else "muted"),
        Run(text="."),
    )


def _because(step: Step) -> Text:
    said = words(wording.sentence(step.because))
    if not step.sentence:
        return said
    return (*said, *strong(" Reviewers: "), Run(text=wording.sentence(step.sentence)))


def _inputs(found: Certainty, *, alone: bool) -> Iterable[tuple[str, Text]]:
    looked = [(DOMAINS[step.domain], step.inputs) for step in found.steps if step.inputs]
    looked += [("information size", found.size)] if found.size else []
    for name, inputs in looked:
        whole = name if alone else f"{STRATA[found.stratum].label}, {name}"
        yield whole[0].upper() + whole[1:], words(_listed(inputs))


def _listed(inputs: Mapping[str, Any]) -> str:
    return "; ".join(f"{_name(name)} {_value(value)}" for name, value in inputs.items())


def _name(key: str) -> str:
    return key.replace("_", " ")


def _value(value: Any) -> str:
    """Return an input of a rule in words: a number, a word, yes or no, or several of these."""
    if value is None or value == "":
        return "not known"
    if isinstance(value, (Mapping, list, tuple)) and not value:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return wording.number(value)
    if isinstance(value, Record):
        value = value.to_dict()
    if isinstance(value, Mapping):
        if set(value) == {"low", "high"}:
            return f"{_value(value['low'])} to {_value(value['high'])}"
        return f"({', '.join(f'{_name(key)} {_value(item)}' for key, item in value.items())})"
    if isinstance(value, (list, tuple)):
        return wording.listed([_value(item) for item in value])
    return str(value)
