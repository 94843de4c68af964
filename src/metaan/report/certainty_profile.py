"""The evidence profile of one question: every step of every stratum, proposed and decided, with its numbers."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from metaan.certainty.rows import SEEN, proposed_step
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
from metaan.terms.records import Analysis

Marks: TypeAlias = Mapping[tuple[str, str], int]  #: stratum and domain -> number of the footnote

NOBODY = "not looked at yet"
NOT_ASSESSED = "not assessable"
NOBODY_AT_ALL = "Nobody has looked at these proposals yet."


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
    """Return the evidence profile, folded: one line a stratum, then step by step, then the optimal information size."""
    blocks: list[Block] = [_matrix(analysis, judged, marks)]
    if not any(step.changed or step.who for found in judged.values() for step in found.steps):
        blocks.append(Paragraph(text=words(NOBODY_AT_ALL)))
    for found in judged.values():
        name = f"{STRATA[found.stratum].label}, step by step"
        facts = (*_steps(found, marks), *_size(found))
        blocks += [Paragraph(text=strong(name), role="group"), Facts(pairs=tuple(facts), role="steps")]
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
    """Yield each step: proposed and decided, by whom, and the rule with its numbers where no footnote gives them."""
    asked = QUESTIONS.get(found.question, "")
    why = f"{wording.sentence(found.start_because)}{f' Question: {asked}' if asked else ''}"
    yield "Start", (*_level(found.start), Run(text=f". {why}"))
    looked = any(step.changed or step.who for step in found.steps)
    for step in found.steps:
        number = marks.get((found.stratum, step.domain))
        noted = number is not None and not (step.changed and step.sentence)
        because = words(f"See footnote {number}.") if noted else words(wording.sentence(step.because))
        cell = (Run(text=" "), Run(text=step.cell, kind="code")) if step.cell else ()
        said = (*_decided(step, looked=looked), Run(text=" "), *because, *_reviewers(step), *cell)
        yield DOMAINS[step.domain].capitalize(), said


def _level(level: str) -> Text:
    if level not in NAMES:
        return muted(NONE)
    return (Run(text=SYMBOLS[level], kind="symbol"), Run(text=f" {NAMES[level]}"))


def _decided(step: Step, *, looked: bool) -> Text:
    """Return "−1 proposed (0 at best), −2 decided by JD."; that nobody looked, where others were looked at."""
    proposed = NOT_ASSESSED if step.proposed is None else f"{wording.signed(step.proposed)} proposed"
    best = step.best is not None and step.best != (step.proposed or 0)
    if best and step.best is not None:
        proposed += f" ({wording.signed(step.best)} at best)"
    by = f"{wording.signed(step.decided)} decided by {step.who}" if step.who else ""
    if not by and step.changed:
        by = f"{wording.signed(step.decided)} decided, nobody named"
    elif not by and looked:
        by = NOBODY
    after = (Run(text=", "), Run(text=by, kind="strong" if step.who else "muted")) if by else ()
    return (Run(text=proposed, kind="strong"), *after, Run(text="."))


def _reviewers(step: Step) -> Text:
    """Return the sentence the reviewers typed, if any."""
    said = (*strong(" Reviewers: "), Run(text=wording.sentence(step.sentence))) if step.sentence else ()
    return (*said, *_since(step))


def _since(step: Step) -> Text:
    """Return that reviewers decided in view of another proposal, if they did."""
    seen, _, _ = step.inputs.get(SEEN, "").partition(":")
    if not step.who or seen in ("", proposed_step(step)):
        return ()
    return (*strong(" Proposal changed since: "), Run(text=f"they saw {seen}."))


def _size(found: Certainty) -> Iterable[tuple[str, Text]]:
    """Yield the optimal information size with what it was computed from; nothing where there is none."""
    size = found.size
    if not size or size["needed"] is None:
        return
    inputs = ", ".join(f"{_INPUTS.get(name, name)} {wording.number(value)}" for name, value in size["inputs"].items())
    said = f"{wording.whole(size['needed'])} in all: {size['formula']}; {inputs} ({size['basis']})."
    if size["d2"] > 0:
        more = wording.whole(size["needed_with_heterogeneity"])
        said += f" Made larger for the differences between studies (D² {wording.number(size['d2'])}): {more}."
    yield "Optimal information size", words(said)


_INPUTS = {"alpha": "α", "power": "1 − β", "delta": "δ", "p1": "p1", "p2": "p2"}
