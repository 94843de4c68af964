"""Answers of quality tools held against the tools' own rules and against the facts typed elsewhere.

What the rules make of the answers is asked of `appraise` itself, with what the reviewers judged left out: once with the
facts, once with typed answers alone, so that a finding can say whether answers or only facts speak against a judgement.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from metaan.design.appraise import OVERALL, TOTAL, Facts, answer_key, appraise
from metaan.design.grade import grade_all
from metaan.design.judge import stars_of
from metaan.design.prefill import contradicts, recorded, source
from metaan.design.quality_rows import Placed, counts, finding, placed, star_count
from metaan.design.tool import Judgement, Tool, known_tools, tool
from metaan.terms.appraisal import LEVELS, TYPED, Appraisal, JudgedDomain
from metaan.terms.designs import STRATA
from metaan.terms.finding import Finding, Level
from metaan.terms.records import Grade
from metaan.terms.wording import count, listed
from metaan.workbook.columns import Sheet
from metaan.workbook.protocol import Protocol
from metaan.workbook.read import Extraction, Row

_SHEET = "Quality"


def audit_quality(
    extraction: Extraction, protocol: Protocol, grades: Iterable[Grade] | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong with the answers of quality tools, in the order of their rows.

    Parameters
    ----------
    extraction, protocol : Extraction, Protocol
        A workbook, with or without errors, and its protocol.
    grades : iterable of Grade, optional
        Grades of its comparisons, where they are known already.
    """
    if not extraction.sheet(_SHEET):
        return ()
    sheet = protocol.layout.sheet(_SHEET)
    groups, found = placed(extraction, protocol, sheet)
    graded = {grade.design_id: grade for grade in (grade_all(extraction, protocol) if grades is None else grades)}
    facts = recorded(extraction, protocol)
    for target, rows in groups.items():
        found += _made_for(rows, graded.get(target[0]), sheet, protocol)
        used = rows[0].tool
        rule = not used.optional_overall or used.id in protocol.appraisal_overall
        applied = _Applied(rows, facts.get(target[0]), rule)
        found += _judgements(applied, sheet)
        found += _answers(applied, sheet)
        found += _sums(applied, sheet)
    wrong = {item.origin for item in found if item.level is Level.ERROR}
    worth_saying = [item for item in found if item.level is Level.ERROR or item.origin not in wrong]
    return tuple(sorted(worth_saying, key=lambda item: item.origin.row or 0))


def _made_for(rows: Sequence[Placed], grade: Grade | None, sheet: Sheet, protocol: Protocol) -> Iterator[Finding]:
    """Yield a tool that was not made for what it judges, at its first row."""
    row, chosen = rows[0].row, rows[0].tool
    reliability = chosen.purpose == "reliability"
    if bool(row["design_id"]) == reliability and (row["design_id"] or row["rel_id"]):
        what = "results on repeatability" if reliability else "comparisons"
        yield finding(
            "Q09",
            row,
            sheet,
            "tool",
            f"{chosen.name}, which judges {what}",
            "rel_id filled and design_id blank" if reliability else "design_id filled",
            "name what it judges, or use a tool that was made for it",
        )
    elif grade is not None and grade.stratum not in chosen.strata:
        known = [tool(name, protocol) for name in known_tools(protocol)]
        fit = [each.id for each in known if grade.stratum in each.strata and each.purpose == "bias"]
        label = STRATA[grade.stratum].label.lower()
        yield finding(
            "Q09",
            row,
            sheet,
            "tool",
            f"{chosen.name}, made for {chosen.made_for}; by its facts this comparison is {label}",
            f"a tool made for it: {', '.join(fit)}" if fit else "a tool made for it",
            "compare the facts on Design with the paper, or use another tool",
        )


@dataclass(frozen=True)
class _Applied:
    """One tool applied to one thing, and what its rules make of the answers alone."""

    rows: Sequence[Placed]
    recorded: Facts | None  #: None for a result on repeatability
    overall_rule: bool  #: whether the review uses the tool's rule for the overall judgement

    @cached_property
    def tool(self) -> Tool:
        return replace(self.rows[0].tool, optional_overall=False)

    @cached_property
    def facts(self) -> Facts:
        return self.recorded or self._without(self.rows[0].row)

    @staticmethod
    def _without(design: Row) -> Facts:
        names = {name: design[name] for name in ("design_id", "study_id")}
        return Facts(design=replace(design, values=names, letters={}), study=None, report=None, conditions={})

    @cached_property
    def whole(self) -> Appraisal:
        """The tool with everything typed."""
        return self._judged(lambda place: place.row)

    @cached_property
    def by_answers(self) -> Appraisal:
        """Domains by the answers, typed or proposed."""
        return self._judged(lambda place: _unjudged(place.row))

    @cached_property
    def by_typed(self) -> Appraisal:
        """Domains by typed answers alone."""
        return self._judged(lambda place: _unjudged(place.row), self._without(self.facts.design))

    @cached_property
    def by_domains(self) -> Appraisal:
        """The overall judgement by the domains."""
        return self._judged(lambda place: _unjudged(place.row) if place.domain == OVERALL else place.row)

    def _judged(self, kept: Callable[[Placed], Row], facts: Facts | None = None) -> Appraisal:
        return appraise(self.tool, [kept(place) for place in self.rows], facts or self.facts)

    def place(self, domain: str, item: str = "", column: str = "judgement") -> Row | None:
        """Return the row of a question, a domain or the whole: the last one whose cell is filled."""
        found = [p.row for p in self.rows if (p.domain, p.item) == (domain, item) and p.row[column]]
        return found[-1] if found else None


def _unjudged(row: Row) -> Row:
    return replace(row, values={name: text for name, text in row.values.items() if name != "judgement"})


def _judgements(applied: _Applied, sheet: Sheet) -> Iterator[Finding]:
    """Yield judgements that the rules do not give."""
    chosen = applied.tool
    for given, by_answers, by_typed in zip(
        applied.whole.domains, applied.by_answers.domains, applied.by_typed.domains, strict=True
    ):
        row = applied.place(given.key)
        if row is None:
            yield from _open(applied, given, sheet)
            continue
        if not given.cell or row.answer("override_reason"):
            continue
        if _against(given.judgement, by_typed):
            said = _said(by_typed.possible, chosen.judgements)
            yield _differs(row, sheet, given.judgement, f"{said}, by the answers typed to {given.label}")
        elif _against(given.judgement, by_answers):
            said = f"{_said(by_answers.possible, chosen.judgements)}, by the answers to {given.label}"
            yield _differs(row, sheet, given.judgement, f"{said}, some of them proposed from facts", Level.NOTE)
    yield from _overall(applied, sheet)


def _open(applied: _Applied, given: JudgedDomain, sheet: Sheet) -> Iterator[Finding]:
    """Yield a domain whose questions are all answered by reviewers, and whose judgement the tool leaves to them."""
    asked = [answer for answer in given.answers if answer.asked]
    if given.judgement or not given.decide or any(answer.by != TYPED for answer in asked):
        return
    rows = [place.row for place in applied.rows if place.domain == given.key and not place.item]
    rows = rows or [place.row for place in applied.rows if place.domain == given.key]
    expected = f"{_said(given.possible, applied.tool.judgements)}: {applied.tool.name} leaves {given.label} to you"
    to_fix = f"choose one in the row of the domain that has no item ({given.decide})"
    yield finding(
        "Q04", rows[-1], sheet, "judgement", "a blank cell, though every question is answered", expected, to_fix
    )


def _against(judgement: str, found: JudgedDomain | Appraisal) -> bool:
    """Whether the rules exclude a judgement; one that they only propose excludes none."""
    only_proposed = len(found.possible) == 1 and found.decide
    return bool(found.possible) and judgement not in found.possible and not only_proposed


def _overall(applied: _Applied, sheet: Sheet) -> Iterator[Finding]:
    whole, derived, words = applied.whole, applied.by_domains, applied.tool.overall_judgements
    row = applied.place(OVERALL)
    if row is None or not whole.cell:
        return
    worst = max((LEVELS.index(d.level) for d in whole.domains if d.kind == "bias" and _bad(d.level)), default=-1)
    if _bad(whole.level) and LEVELS.index(whole.level) < worst and whole.judgement not in derived.possible:
        worse = listed([d.label for d in whole.domains if d.kind == "bias" and d.level == LEVELS[worst]])
        expected = f"nothing better than the worst domain: {worse}"
        yield _differs(row, sheet, whole.judgement, expected, to_fix="compare with the domains")
    elif applied.overall_rule and not row.answer("override_reason") and _against(whole.judgement, derived):
        yield _differs(row, sheet, whole.judgement, f"{_said(derived.possible, words)}, by the domains")


def _bad(level: str) -> bool:
    return level in LEVELS and level != "none"


def _said(possible: Sequence[str], words: Mapping[str, Judgement]) -> str:
    return " or ".join(key for key in words if key in possible)


def _differs(
    row: Row, sheet: Sheet, judgement: str, expected: str, level: Level = Level.WARNING, *, to_fix: str = ""
) -> Finding:
    fix = to_fix or "compare with the answers; if the judgement stands, say why in override_reason"
    return finding("Q04", row, sheet, "judgement", f'"{judgement}"', expected, fix, level)


def _answers(applied: _Applied, sheet: Sheet) -> Iterator[Finding]:
    """Yield answers nobody asked for, answers that are none, and answers against a fact."""
    for domain, judged in zip(applied.tool.domains, applied.whole.domains, strict=True):
        for item, answer in zip(domain.items, judged.answers, strict=True):
            row = applied.place(domain.key, item.key, "answer")
            if row is None:
                continue
            text, typed = row["answer"], answer_key(row["answer"], item.answers)
            if not typed:
                if text == "NR" or (text == "NA" and answer.asked):
                    words = ", ".join(item.answers)
                    yield finding(
                        "Q02",
                        row,
                        sheet,
                        "answer",
                        f'"{text}", which is no answer here: the question counts as not answered',
                        f"one of {words}",
                        "choose the answer of the tool that says so, or leave it blank",
                        Level.NOTE,
                    )
            elif not answer.asked:
                yield finding(
                    "Q05",
                    row,
                    sheet,
                    "answer",
                    f'"{text}", though earlier answers to {domain.label} lead past this question: it does not count',
                    "a blank cell",
                    "compare with the earlier answers of the domain, or clear the cell",
                )
            elif answer.by == TYPED and contradicts(domain, item, typed, applied.facts):
                explained = bool(row.answer("override_reason"))
                yield finding(
                    "Q08",
                    row,
                    sheet,
                    "answer",
                    f'"{text}", while "{answer.proposed}" follows from {source(item, applied.facts)}',
                    "an answer that goes with the facts recorded",
                    "the reason is given in override_reason"
                    if explained
                    else "compare both cells with the paper; if both are right, say why in override_reason",
                    Level.NOTE if explained else Level.WARNING,
                )


def _sums(applied: _Applied, sheet: Sheet) -> Iterator[Finding]:
    """Yield stars typed for a domain, or in all, that are not the sum of the questions' stars."""
    if not counts(applied.tool):
        return
    with_facts, typed = _range(applied, applied.whole), _range(applied, applied.by_typed)
    for domain in applied.tool.domains:
        if domain.most_stars is None:
            continue
        yield from _too_many(applied, domain.key, sheet)
        row = applied.place(domain.key, "", "answer")
        yield from _unlike(row, sheet, typed[domain.key], with_facts[domain.key], domain.label)
    total = applied.place(OVERALL, TOTAL, "answer")
    yield from _unlike(total, sheet, _added(typed), _added(with_facts), "all questions")


Range = tuple[int, int]  #: fewest and most stars there can be


def _range(applied: _Applied, found: Appraisal) -> dict[str, Range]:
    return {
        domain.key: stars_of(domain, {answer.item: answer.answer for answer in judged.answers if answer.asked})
        for domain, judged in zip(applied.tool.domains, found.domains, strict=True)
        if domain.most_stars is not None
    }


def _added(ranges: Mapping[str, Range]) -> Range:
    return sum(low for low, _ in ranges.values()), sum(high for _, high in ranges.values())


def _unlike(row: Row | None, sheet: Sheet, typed: Range, with_facts: Range, what: str) -> Iterator[Finding]:
    given = star_count(row["answer"]) if row is not None else None
    if row is None or given is None:
        return
    for (low, high), level in ((typed, Level.WARNING), (with_facts, Level.NOTE)):
        if not low <= given <= high:
            stars = str(low) if low == high else f"{low} to {high}"
            proposed = "" if level is Level.WARNING else ", some of them proposed from facts"
            expected = f"{stars}: the stars of {what}, by their answers{proposed}"
            yield finding(
                "Q06", row, sheet, "answer", count(given, "star"), expected, "compare with the answers", level
            )
            return


def _too_many(applied: _Applied, key: str, sheet: Sheet) -> Iterator[Finding]:
    """Yield a domain whose questions together have more stars than it allows, at the last of them."""
    domain = applied.tool.domain(key)
    judged = next(each for each in applied.whole.domains if each.key == key)
    if domain is None or domain.most_stars is None:
        return
    stars = {item.key: item.stars for item in domain.items}
    starred = [a for a in judged.answers if a.by == TYPED and a.asked and stars[a.item].get(a.answer, 0)]
    given = sum(stars[answer.item][answer.answer] for answer in starred)
    row = applied.place(key, starred[-1].item, "answer") if starred else None
    if given > domain.most_stars and row is not None:
        found = f"{count(given, 'star')} in {domain.label} with this one; {domain.most_stars} count"
        expected = f"at most {domain.most_stars} in this domain"
        yield finding("Q03", row, sheet, "answer", found, expected, "compare with the tool", Level.WARNING)
