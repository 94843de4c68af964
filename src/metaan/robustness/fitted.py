"""Checks of pooled results: one study that decides, a result against its studies, an interval that is too narrow."""

from collections.abc import Iterator, Mapping

from metaan.pooling.select import Candidate
from metaan.robustness.influence import influence, leave_one_out
from metaan.robustness.slip_kinds import numbers_of
from metaan.robustness.standing import ENOUGH, in_words, standing
from metaan.terms import wording
from metaan.terms.checks import CHECKS
from metaan.terms.designs import STRATA
from metaan.terms.finding import Finding
from metaan.terms.measures import MEASURES
from metaan.terms.origin import Origin
from metaan.terms.records import Analysis, Estimate, Synthesis
from metaan.workbook.columns import Sheet

COOK = 1.0
HALF = 50.0  #: percent of the weight


def fitted(analysis: Analysis, rows: Mapping[str, Candidate], sheet: Sheet) -> Iterator[Finding]:
    """Yield what the pooled results of one analysis say of its rows (P01, P02, P03); strata of three studies or more.

    Parameters
    ----------
    analysis : Analysis
    rows : mapping
        effect_id -> row.
    sheet : Sheet
        Layout of the Effects sheet.
    """
    for synthesis in analysis.strata:
        if synthesis.pooled is not None and synthesis.k >= ENOUGH:
            yield from _decisive(analysis, synthesis, rows, sheet)
            yield from _against(analysis, synthesis, rows, sheet)
            yield from _narrow(analysis, synthesis, rows)


def _finding(check: str, origin: Origin, subject: str, found: str, expected: str, to_fix: str) -> Finding:
    level = CHECKS[check].levels[0]
    return Finding(id=check, level=level, origin=origin, subject=subject, found=found, expected=expected, to_fix=to_fix)


def _at(rows: Mapping[str, Candidate], effect_id: str, sheet: Sheet) -> Origin:
    """Return the cell of the first number behind an effect."""
    row = rows[effect_id]
    columns = numbers_of(row.row, sheet, row.values)
    first = next((name for name in ("est", "diff", "m1", "med1") if name in columns), columns[0] if columns else "form")
    return row.row.origin(first)


def _named(analysis: Analysis, synthesis: Synthesis, estimate: Estimate | None = None) -> str:
    stratum = f"{analysis.id}, {STRATA[synthesis.stratum].label.lower()}"
    return f"{estimate.label}; {stratum}" if estimate else stratum


def _decisive(
    analysis: Analysis, synthesis: Synthesis, rows: Mapping[str, Candidate], sheet: Sheet
) -> Iterator[Finding]:
    pooled = synthesis.pooled
    assert pooled is not None
    y = [estimate.effect.y for estimate in synthesis.estimates]
    v = [estimate.effect.v for estimate in synthesis.estimates]
    tau2, level = pooled.method["tau2"], pooled.method["level"]
    interval = "Wald" if synthesis.k == ENOUGH else pooled.method["interval"]  # what two studies get in any pool
    without = leave_one_out(y, v, tau2=tau2, interval=interval, level=level)
    cook = influence(y, v, tau2=tau2).cook
    whole = int(standing(pooled.ci.low, pooled.ci.high, None))
    for i, estimate in enumerate(synthesis.estimates):
        said = []
        then = int(standing(without.ci_low[i], without.ci_high[i], None))
        if then != whole:
            said.append(f"without it the interval {in_words(then)}, with it it {in_words(whole)}")
        if cook[i] > COOK:
            said.append(f"Cook’s distance {wording.fixed(cook[i], 1)}")
        if (estimate.weight or 0.0) > HALF:
            said.append(f"{wording.percent(estimate.weight or 0.0)} of the weight")
        if said:
            yield _finding(
                "P01",
                _at(rows, estimate.effect_id, sheet),
                _named(analysis, synthesis, estimate),
                "; ".join(said),
                "a result that does not hang on one study",
                "compare every number of this row with the paper; if they are right, say in the text that the result "
                "hangs on this study",
            )


def _against(
    analysis: Analysis, synthesis: Synthesis, rows: Mapping[str, Candidate], sheet: Sheet
) -> Iterator[Finding]:
    pooled = synthesis.pooled
    assert pooled is not None
    label = MEASURES[synthesis.measure].label
    result = f"pooled {label} {wording.effect(synthesis.measure, pooled.estimate, pooled.ci)}"
    other = [e for e in synthesis.estimates if e.effect.y * pooled.estimate < 0]
    agreeing = [e for e in synthesis.estimates if e not in other] or synthesis.estimates
    heaviest = max(agreeing, key=lambda e: e.weight or 0.0)
    if 2 * len(other) > synthesis.k:
        yield _finding(
            "P02",
            _at(rows, heaviest.effect_id, sheet),
            _named(analysis, synthesis, heaviest),
            f"{result}, while {len(other)} of {synthesis.k} studies point the other way; this one weighs most of those "
            "that agree",
            "a pooled result on the side of most of its studies",
            "compare this row with the paper, its direction first: which group is 1, and is the outcome a good one",
        )
        return
    kinds = {rows[e.effect_id].row["effect_kind"] for e in synthesis.estimates}
    harmful = pooled.ci.high < 0 if analysis.outcome_good else pooled.ci.low > 0
    if kinds == {"benefit"} and harmful:
        good = "a good event" if analysis.outcome_good else "a bad event"
        yield _finding(
            "P02",
            rows[heaviest.effect_id].row.origin("outcome_good"),
            _named(analysis, synthesis, heaviest),
            f"{result}: harm, in rows whose effect_kind is benefit; outcome_good says that the outcome is {good}",
            "a benefit, or an interval that includes no effect",
            "see that outcome_good and group 1 are the right way round; if they are, the treatment harms",
        )


def _narrow(analysis: Analysis, synthesis: Synthesis, rows: Mapping[str, Candidate]) -> Iterator[Finding]:
    plain, wald = synthesis.also.get("HK"), synthesis.also.get("Wald")
    if plain is None or wald is None:
        return
    row = rows[synthesis.estimates[0].effect_id].row
    said = [f"{name} {wording.interval(synthesis.measure, limits)}" for name, limits in (("HK", plain), ("Wald", wald))]
    yield _finding(
        "P03",
        Origin(row.workbook, row.sheet),
        _named(analysis, synthesis),
        f"the plain Hartung-Knapp interval is narrower than the normal one: {said[0]}, {said[1]}",
        "a Hartung-Knapp interval at least as wide as the normal one",
        "nothing in the workbook; quote the modified interval (mKH), and the plain one only beside it",
    )
