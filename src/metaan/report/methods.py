"""How the results were reached, written from the settings that were used, and from nothing else."""

from collections.abc import Iterable

from metaan.report import extractors
from metaan.report.content import (
    Block,
    Bullets,
    Details,
    Facts,
    Paragraph,
    Section,
    Table,
    TableRow,
    Text,
    cell,
    heads,
    words,
)
from metaan.report.material import Material
from metaan.report.references import BETWEEN, REFERENCES
from metaan.terms import phrases, wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Effect, Pooled
from metaan.workbook.forms import FORMS

CONVERSIONS = {
    "or_to_smd": "log odds ratio to standardised mean difference, times √3/π",
    "smd_to_or": "standardised mean difference to log odds ratio, times π/√3",
    "medians_to_means": "medians with quartiles or range to means and standard deviations",
    "mean_range_to_sd": "smallest and largest value to a standard deviation, symmetry assumed",
    "p_to_effect": "exact p of a two-sample t test to a standardised mean difference",
    "hr_as_rr": "hazard ratio taken as a risk ratio",
}

_MEASURES = {
    "OR": "computed as its natural logarithm, variance by Woolf.",
    "RR": "computed as its natural logarithm, variance by the delta method; never from the counts of a "
    "case-control study.",
    "HR": "its natural logarithm, as reported.",
    "RD": "binomial variance.",
    "MD": "variances not assumed equal.",
    "SMD": "Hedges’ g with the exact small-sample correction.",
}


def section(m: Material) -> Section:
    """Return the methods of this report."""
    items: list[Text] = [words(text) for text in (*_design(m), *_models(m), *_rules(m))]
    blocks: list[Block] = [
        Bullets(items=tuple(items)),
        extractors.section(m),
        Section(
            id="effect-sizes",
            title="Effect sizes and conversions",
            blocks=(Bullets(items=tuple(words(text) for text in _effect_sizes(m))), *_converted(m)),
        ),
        Section(id="references", title="References of the methods", blocks=(_references(m),)),
        Section(id="versions", title="Data and software", blocks=(_versions(m),)),
    ]
    return Section(id="methods", title="Methods", blocks=tuple(blocks))


def _pools(m: Material) -> list[Pooled]:
    return [s.pooled for analysis in m.analyses for s in analysis.strata if s.pooled is not None]


def _computed(m: Material) -> dict[tuple[str, str], Effect]:
    """Return every effect size that was computed for an analysis, once a row and measure."""
    return {
        (estimate.effect_id, synthesis.measure): estimate.effect
        for analysis in m.analyses
        for synthesis in analysis.strata
        for estimate in (*synthesis.estimates, *synthesis.others)
    }


def _design(m: Material) -> Iterable[str]:
    names = wording.listed([f"{s.label.lower()} ({s.order})" for s in STRATA.values()])
    yield (
        "The unit that is judged and pooled is a comparison, not a paper. Its design is derived from facts (was the "
        "factor assigned at random, was it recorded before the outcome, were people chosen by outcome), never from "
        f"what a paper calls itself: {names}."
    )
    yield (
        "Each comparison has a grade from A to D, derived from its facts; facts that are not reported count as not "
        "met, and the best case is printed beside. Grades weigh nothing in a pool."
    )
    yield (
        "One synthesis a design. The difference between two designs is tested only where no study stands in both; "
        "a ratio between designs is that of the weaker design divided by that of the stronger."
    )
    if str(m.protocol.registered).casefold() == "no":
        yield "No protocol was registered; the analyses were chosen after seeing the data."
    else:
        yield f"Registration: {m.protocol.registered}."


def _models(m: Material) -> Iterable[str]:
    models: dict[str, list[str]] = {}
    for analysis in m.analyses:
        for synthesis in analysis.strata:
            if synthesis.pooled is not None:
                said = phrases.model(synthesis.pooled.method, synthesis.pooled.k)
                models.setdefault(said, []).append(f"{analysis.title} ({STRATA[synthesis.stratum].label.lower()})")
    for said, where in models.items():
        tail = "" if len(models) == 1 else f" Used for: {'; '.join(where)}."
        yield wording.sentence(said) + tail


def _rules(m: Material) -> Iterable[str]:
    sizes = {s.k for analysis in m.analyses for s in analysis.strata}
    yield (
        f"Intervals are at {wording.percent(100 * m.protocol.level)}. I² is computed from tau² and the typical "
        "variance within studies; intervals of tau² and I² by the Q-profile method. The interval of one study, and "
        "the test of a difference between designs, take the normal distribution as reference."
    )
    if 1 in sizes:
        yield "One study stands alone and is not pooled."
    if 2 in sizes:
        yield (
            "Two studies are pooled and drawn with the normal (Wald) interval; the modified Knapp-Hartung interval "
            "stands beside it, because no method gives a trustworthy interval from two studies."
        )
    if any(k >= 3 for k in sizes):
        yield "Prediction intervals are given from three studies on, and marked below five."
    yield (
        "Not built in this version are checks that compare numbers for what cannot be true: standard errors typed as "
        "standard deviations, one control group used twice, percentages that fit no denominator. That the checks "
        "found nothing of the kind says nothing."
    )
    thresholds = m.protocol.thresholds
    shown = []
    if "ratio" in thresholds:
        t = thresholds["ratio"]
        shown.append(f"ratios {wording.ratio(1 / t)} to {wording.ratio(t)}")
    if "smd" in thresholds:
        limits = wording.fixed(thresholds["smd"], 2)
        shown.append(f"standardised mean differences of up to {limits} either way")
    if "risk_difference" in thresholds:
        shown.append(f"risk differences of up to {wording.number(thresholds['risk_difference'])} either way")
    if "mean_difference" in thresholds:
        shown.append(f"mean differences of up to {wording.number(thresholds['mean_difference'])} either way")
    yield f"An effect is called small inside these thresholds: {wording.listed(shown)}."
    yield (
        "A sentence says “little or no difference” only if the whole interval lies inside the thresholds and at least "
        "three studies of the stronger design stand behind it; it names a direction only if the interval leaves out "
        "no difference, at least three studies are pooled, and no study beside them says otherwise. Everything else "
        "reads “the studies do not tell us”."
    )
    risk = m.protocol.baseline_risk
    if risk:
        yield f"Risk without the factor: {wording.percent(100 * float(risk['value']), 1)} ({risk['source']})."


def _effect_sizes(m: Material) -> Iterable[str]:
    measures = dict.fromkeys(s.measure for analysis in m.analyses for s in analysis.strata)
    for name in measures:
        yield f"{MEASURES[name].label.capitalize()}: {_MEASURES[name]}"
    if {"OR", "RR"} & set(measures):
        yield (
            "Where a table has an empty cell, 0.5 is added to all four cells of that table. A table without an event "
            "in either group gives no ratio and is listed as not estimable."
        )
    if "SMD" in measures:
        yield "Standard errors are taken to standard deviations by the square root of the group’s size."
    allowed = dict.fromkeys(
        name for plan in m.protocol.analyses for stratum in plan.strata for name in stratum.conversions
    )
    for plan in m.protocol.analyses:
        if plan.common_scale:
            allowed.update(dict.fromkeys(plan.common_scale.conversions))
    if allowed:
        named = [CONVERSIONS.get(name, name.replace("_", " ")) for name in allowed]
        yield f"Conversions the protocol allows: {'; '.join(named)}. Nothing else is converted."
    else:
        yield "The protocol allows no conversion between scales, and none was made."


def _converted(m: Material) -> list[Block]:
    """Return every effect that rests on a conversion, with its path."""
    found = {key: effect for key, effect in _computed(m).items() if effect.converted}
    if not found:
        return []
    rows = []
    for (effect_id, measure), effect in found.items():
        row = m.effects.get(effect_id)
        form = FORMS[row["form"]].name.replace("_", " ") if row and row["form"] in FORMS else ""
        rows.append(
            TableRow(
                cells=(
                    cell(m.to_row(m.study(m.study_of(effect_id)), effect_id)),
                    cell(form),
                    cell(MEASURES[measure].label),
                    cell(" → ".join(effect.path)),
                )
            )
        )
    table = Table(
        id="conversions-table",
        caption="Effects that rest on a conversion or an assumption",
        heads=heads("Study", "Reported as", "Measure", "Path"),
        stacked=True,
        rows=tuple(rows),
    )
    count = wording.count(len(rows), "effect rests on a conversion", "effects rest on a conversion")
    return [
        Paragraph(text=words(wording.sentence(count))),
        Details(summary=words("Each with its path"), blocks=(table,)),
    ]


def _references(m: Material) -> Bullets:
    used: dict[str, None] = {}
    for pooled in _pools(m):
        for name in (str(pooled.method["tau2"]), str(pooled.method["interval"]), str(pooled.method["prediction"])):
            used[name] = None
    used["i2"] = used["q_profile"] = None
    for analysis in m.analyses:
        for synthesis in analysis.strata:
            used[synthesis.measure] = None
            used.update(dict.fromkeys(synthesis.also))
            for variant in synthesis.sensitivity:
                if variant.pooled is not None:
                    used[str(variant.pooled.method["tau2"])] = None
                    used[str(variant.pooled.method["interval"])] = None
    for plan in m.protocol.analyses:
        for stratum in plan.strata:
            used.update(dict.fromkeys(stratum.conversions))
        if plan.common_scale:
            used.update(dict.fromkeys(plan.common_scale.conversions))
    if m.agreement:
        used["agreement"] = None
    listed = dict.fromkeys(text for name in used for text in REFERENCES.get(name, ()))
    done = {said.method for each in m.believed.values() for said in each.methods if said.reading}
    listed.update(dict.fromkeys(text for name in BETWEEN if name in done for text in BETWEEN[name]))
    return Bullets(items=tuple(words(text) for text in sorted(listed)), role="references")


def _versions(m: Material) -> Facts:
    pairs: list[tuple[str, Text]] = [(name, words(version)) for name, version in m.versions.items()]
    pairs += [(f"Contents of the {name}, SHA-256", words(digest, "code")) for name, digest in m.digests.items()]
    return Facts(pairs=tuple(pairs), role="versions")
