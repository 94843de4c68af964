"""Analyses whose comparisons carry judgements of quality tools, made by hand."""

import dataclasses

import forest_cases

from metaan.terms.appraisal import Appraisal, JudgedDomain

#: name, domains, levels of its judgements
ROB2 = (
    "RoB 2",
    ("Randomisation", "Deviations from the intended treatment", "Missing outcomes", "Measurement", "Report"),
)
QUIPS = (
    "QUIPS",
    (
        "Participation",
        "Attrition",
        "Factor measurement",
        "Outcome measurement",
        "Confounding",
        "Analysis and reporting",
    ),
)
JBI = (
    "JBI checklist for case-control studies",
    (
        *("Groups alike apart from the disease", "Matching", "Same criteria for both", "Exposure measured soundly"),
        *("Exposure measured alike in both", "Confounders named", "Confounders dealt with", "Outcome assessed soundly"),
        *("Exposure period long enough", "Statistics"),
    ),
)
NOS = ("Newcastle-Ottawa", ("Selection", "Comparability", "Outcome"))
ALL = ("low", "some", "high", "critical", "none")


def domain(key, label, level="", by="", *, kind="bias", stars=None, most_stars=None, **more):
    return JudgedDomain(
        key=key,
        label=label,
        kind=kind,
        judgement=level,
        level=level,
        derived=level,
        possible=(level,) if level else (),
        by=by,
        reason=more.pop("reason", ""),
        answers=more.pop("answers", ()),
        stars=stars,
        most_stars=most_stars,
        **more,
    )


def appraisal(tool, domains, level="", by="", *, main=True, effect_id="", **more):
    return Appraisal(
        tool=tool.lower().replace(" ", "-"),
        name=tool,
        design_id="d",
        effect_id=effect_id,
        study_id="s",
        main=main,
        domains=tuple(domains),
        judgement=level,
        level=level,
        derived=level,
        possible=(level,) if level else (),
        by=by if level else "",
        **more,
    )


def judged(tool, number, *, levels=ALL, by="typed", overall=True):
    """Judge one comparison in a pattern that runs through all levels."""
    name, labels = tool
    domains = [
        domain(f"D{i}", label, levels[(number * 3 + i * i) % len(levels)], by) for i, label in enumerate(labels, 1)
    ]
    worst = max((each.level for each in domains), key=ALL.index)
    return appraisal(name, domains, worst if overall else "", by)


def unjudged(tool):
    return appraisal(tool[0], [domain(f"D{i}", label) for i, label in enumerate(tool[1], 1)])


def partly(tool, number):
    """Propose some domains, leave the others open."""
    name, labels = tool
    domains = [
        domain(f"D{i}", label, ("low", "high", "some")[(number + i) % 3], "proposed")
        if (number + i) % 4
        else domain(f"D{i}", label)
        for i, label in enumerate(labels, 1)
    ]
    return appraisal(name, domains)


def stars(number, by="typed"):
    most = (4, 2, 3)
    domains = [
        domain(f"S{i}", label, by=by, stars=(number + i) % (limit + 1), most_stars=limit)
        for i, (label, limit) in enumerate(zip(NOS[1], most, strict=True))
    ]
    return appraisal(NOS[0], domains, ("low", "some", "high")[number % 3], by)


def quadas(number):
    labels = ("Patient selection", "Index test", "Reference standard", "Flow and timing")
    domains = [
        domain(f"{kind[0]}{i}", label, ("low", "high", "none")[(number + i) % 3], "typed", kind=kind)
        for kind, some in (("bias", labels), ("applicability", labels[:3]))
        for i, label in enumerate(some)
    ]
    return appraisal("QUADAS-2", domains)


def with_appraisals(analysis, made):
    """Give each comparison the appraisals that `made(stratum, number, estimate)` returns."""
    strata = tuple(
        dataclasses.replace(
            synthesis,
            estimates=tuple(
                dataclasses.replace(
                    estimate,
                    grade=dataclasses.replace(
                        estimate.grade, appraisals=tuple(made(synthesis.stratum, number, estimate))
                    ),
                )
                for number, estimate in enumerate(synthesis.estimates)
            ),
        )
        for synthesis in analysis.strata
    )
    return dataclasses.replace(analysis, strata=strata)


def all_judged():
    """37 comparisons, every one judged: the biggest table."""
    tools = {"prospective": QUIPS, "case_control": JBI}
    return with_appraisals(forest_cases.passive_smoking(), lambda s, n, e: [judged(tools[s], n)])


def all_proposed():
    tools = {"prospective": QUIPS, "case_control": JBI}
    return with_appraisals(forest_cases.passive_smoking(), lambda s, n, e: [partly(tools[s], n)])


def none_judged():
    tools = {"prospective": QUIPS, "case_control": JBI}
    return with_appraisals(forest_cases.passive_smoking(), lambda s, n, e: [unjudged(tools[s])])


def trials():
    """Some trials judged, some proposed, some neither; cohorts by a tool that counts stars."""

    def made(stratum, number, estimate):
        if stratum != "trial":
            return [stars(number, "typed" if number else "proposed")]
        if number < 3:
            return [judged(ROB2, number, levels=("low", "some", "high"))]
        if number == 3:
            return [judged(ROB2, number, levels=("low", "some"), by="proposed")]
        return [partly(ROB2, number)] if number == 4 else [unjudged(ROB2)]

    return with_appraisals(forest_cases.trials_and_cohorts(), made)


def two_and_one():
    """Three prospective comparisons judged for applicability too, two of case and control without any judgement."""
    return with_appraisals(
        forest_cases.natural_killer(), lambda s, n, e: [quadas(n) if s == "prospective" else unjudged(JBI)]
    )


def one():
    return with_appraisals(forest_cases.one_study(), lambda s, n, e: [judged(JBI, n)])


def long_names():
    return with_appraisals(
        forest_cases.long_and_wide(),
        lambda s, n, e: [judged(("A tool of our own for cohorts of treatments " * 2, ROB2[1]), n)],
    )


CASES = {
    "all_judged": all_judged,
    "all_proposed": all_proposed,
    "none_judged": none_judged,
    "trials": trials,
    "two_and_one": two_and_one,
    "one": one,
    "long_names": long_names,
}
