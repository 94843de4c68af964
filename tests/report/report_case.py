"""A small review with everything a report has to show, from workbook to results by the package's own stages."""

import io
from dataclasses import dataclass, field
from pathlib import Path

from metaan.certainty.grade import certainties
from metaan.design.grade import grade_all
from metaan.figures.between.told import told
from metaan.pooling.select import candidates, select
from metaan.pooling.strata import analyse
from metaan.report.assemble import assemble
from metaan.report.content import Report
from metaan.robustness.between.gather import BetweenDesigns, between_designs
from metaan.robustness.between.given import Given
from metaan.robustness.first import First
from metaan.robustness.recheck import ten
from metaan.robustness.repeats import Repeatability, repeatability
from metaan.terms.certainty import Certainty
from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin
from metaan.terms.records import Analysis, Grade
from metaan.workbook.protocol import Protocol, parse_protocol
from metaan.workbook.read import Extraction, read_workbook
from metaan.workbook.template import workbook_bytes

ATTACK = 'Loss was <script>alert("x")</script> & 5 < 6 "quoted"'

PROTOCOL = {
    "title": "Cells and loss",
    "question": "In women with earlier losses, does high cell activity come before the next loss, and do drugs help?",
    "as_of": "2026-11-22",
    "registered": "no",
    "people": {"one": "woman", "many": "women"},
    "limits": [
        "This is a worked example from abstracts and no finished review.",
        "No figure was checked against a full paper",
    ],
    "lists": {
        "outcome": {"next_loss": "loss of the next pregnancy", "loss_history": "earlier losses", "birth": "live birth"},
        "population": {"RM": "recurrent miscarriage", "RIF": "implantation failure"},
        "control_type": {"parous": "women who had given birth", "healthy": "healthy women, parity not stated"},
        "compartment": {"blood": "blood", "uterus": "the womb"},
        "marker": {"activity": "cell activity", "percent": "cell percentage"},
        "assay": {"release": "chromium release"},
        "unit": {"percent": "percent"},
    },
    "confounders": {"age": "age", "prior_losses": "earlier losses"},
    "required_confounders": {"default": ["age"]},
    "columns": ["parity_handling", "karyotype_used"],
    "analyses": [
        {
            "id": "activity",
            "title": "Cell activity in blood",
            "question": "Does cell activity in blood differ in women who lose a pregnancy?",
            "include": {"marker": ["activity"], "outcome": ["next_loss", "loss_history"]},
            "words": {"low": "less activity with loss", "high": "more activity with loss"},
            "strata": [
                {
                    "stratum": "prospective",
                    "measure": "RR",
                    "words": {"group1": "Loss, high", "group2": "Loss, low"},
                },
                {
                    "stratum": "case_control",
                    "measure": "SMD",
                    "words": {"group1": "Loss", "group2": "Control"},
                },
            ],
            "common_scale": {"studies": ["Alpha1995"], "measure": "SMD", "conversions": ["or_to_smd"]},
            "sensitivity": ["DL", {"label": "Without Gamma", "why": "may overlap", "without": ["Gamma2017"]}],
            "remarks": ["Two of the cut-offs look tuned"],
        },
        {
            "id": "percent-rif",
            "title": "Cell percentage in blood",
            "question": "Does the percentage differ after implantation failure?",
            "include": {"marker": ["percent"], "outcome": ["loss_history"]},
            "measure": "SMD",
            "strata": [{"stratum": "case_control", "conversions": ["mean_range_to_sd"]}],
        },
        {
            "id": "drug",
            "title": "Drug X against placebo",
            "question": "Are there more live births with drug X?",
            "include": {"intervention": ["drug X"]},
            "measure": "RR",
            "words": {
                "group1": "Treated",
                "group2": "Control",
                "low": "fewer live births",
                "high": "more live births",
            },
            "strata": [{"stratum": "trial"}, {"stratum": "treatment_cohort"}],
        },
        {
            "id": "drug-y",
            "title": "Drug Y against placebo",
            "question": "Are there more live births with drug Y?",
            "include": {"intervention": ["drug Y"]},
            "measure": "RR",
            "words": {"low": "fewer live births", "high": "more live births"},
            "strata": [{"stratum": "trial"}],
            "no_bottom_line": "two trials that contradict each other",
        },
    ],
}

_STUDIES = {
    "Alpha1995": ("Alpha 1995", "RM", "68", "", {}),
    "Beta2003": ("Beta 2003", "RM", "113", "", {}),
    "Gamma2017": ("Gamma 2017", "RM", "NR", "", {"same_cohort_as": "Beta2003"}),
    "Delta2013": ("Delta 2013", "RM", "552", "", {}),
    "Epsilon2022": ("Epsilon 2022", "RM", "628", "", {}),
    "Zeta2023": ("Zeta 2023", "RIF", "164", "", {}),
    "Eta1999": ("Eta 1999", "RM", "80", "", {}),
    "Theta2001": ("Theta 2001", "RM", "120", "", {}),
    "Iota2005": ("Iota 2005", "RM", "200", "", {}),
    "Kappa2010": ("Kappa 2010", "RM", "94", "", {}),
    "Lambda2009": ("Lambda 2009", "RM", "68", "", {}),
    "Mu2019": ("Mu 2019", "RM", "150", "", {}),
}


def _study(study_id: str) -> dict[str, str]:
    label, population, n, _, more = _STUDIES[study_id]
    year = label.split()[1]
    return {
        "study_id": study_id,
        "label": label,
        "year": year,
        "country": "NR",
        "population": population,
        "n_enrolled": n,
        **more,
    }


def _report(study_id: str, **more: str) -> dict[str, str]:
    label = _STUDIES[study_id][0]
    return {
        "report_id": f"{study_id}-main",
        "study_id": study_id,
        "is_primary": "yes",
        "type": "article",
        "authors": f"{label.split()[0]} A, Other B",
        "year": label.split()[1],
        "title": f"Cells & losses, the {label.split()[0]} study",
        "journal": "J Example",
        "retracted": "not_checked",
        **more,
    }


def _design(design_id: str, contrast: str, **facts: str) -> dict[str, str]:
    study_id = design_id.split("-")[0]
    common = {"randomised": "no", "author_label": "NR", "index_outcome": "loss_history", "state_same": "NR"}
    return {
        "design_id": design_id,
        "study_id": study_id,
        "contrast": contrast,
        **common,
        "cohort_assembly": "NR",
        "control_type": "NR",
        "cutoff_source": "NR",
        "adj_age": "NR",
        "adj_prior_losses": "NR",
        **facts,
    }


def _before(design_id: str, **facts: str) -> dict[str, str]:
    told = {"sampled_before_outcome": "yes", "selected_on_outcome": "no", "assayed_before_outcome": "yes"}
    return _design(design_id, "high v low activity", **{**told, "index_outcome": "next_loss", **facts})


def _after(design_id: str, **facts: str) -> dict[str, str]:
    told = {"sampled_before_outcome": "no", "selected_on_outcome": "yes", "assayed_before_outcome": "no"}
    return _design(design_id, "women with losses v others", **{**told, "control_type": "parous", **facts})


def _arms(design_id: str, randomised: str) -> dict[str, str]:
    return _design(design_id, "treated v not", randomised=randomised, index_outcome="birth", author_label="RCT")


def _effect(effect_id: str, form: str, **more: str) -> dict[str, str]:
    common = {
        "outcome": "loss_history",
        "outcome_good": "no",
        "factor_kind": "marker",
        "effect_kind": "harm",
        "compartment": "blood",
        "marker": "activity",
        "assay": "release",
        "unit": "percent",
        "priority": "main",
        "adjusted": "no",
        "derived": "as_reported",
        "src_type": "abstract",
        "src_ref": "abstract",
        "quote": f"Words of {effect_id}.",
        "extractor": "MT",
        "extracted_on": "2026-11-22",
    }
    return {"effect_id": effect_id, "design_id": effect_id.rsplit("-", 1)[0], "form": form, **common, **more}


def _counts(effect_id: str, a: int, b: int, c: int, d: int, **more: str) -> dict[str, str]:
    names = ("a_high_event", "b_high_none", "c_low_event", "d_low_none")
    cells = dict(zip(names, map(str, (a, b, c, d)), strict=True))
    return _effect(effect_id, "two_by_two", **{"outcome": "next_loss", **cells, **more})


def _means(effect_id: str, *values: str, **more: str) -> dict[str, str]:
    cells = dict(zip(("n1", "m1", "sd1", "n2", "m2", "sd2"), values, strict=True))
    return _effect(effect_id, "means", **{**cells, "spread_type": "sd", **more})


def _births(effect_id: str, drug: str, *values: int) -> dict[str, str]:
    names = ("events_high", "total_high", "events_low", "total_low")
    cells = dict(zip(names, map(str, values), strict=True))
    blank = {"compartment": "", "marker": "", "assay": "", "unit": ""}
    about = {"outcome": "birth", "outcome_good": "yes", "factor_kind": "treatment", "effect_kind": "benefit"}
    arms = {"intervention": drug, "comparator": "placebo"}
    return _effect(effect_id, "events_totals", **{**about, **blank, **arms, **cells})


def _class(effect_id: str, risk: str, low: str, label: str) -> dict[str, str]:
    told = {"outcome": "next_loss", "risk_pct": risk, "class_low": low, "class_label": label, "n_analysed": "552"}
    return _effect(effect_id, "risk_only", **told)


ROWS = {
    "Review": [{"key": "workbook_role", "value": "single"}, {"key": "decimal_mark", "value": "point"}],
    "Reports": [
        _report("Alpha1995", doi="10.1000/alpha(95)<1>", pmid="7612345"),
        *(_report(name, doi=f"10.1000/{name.lower()}") for name in list(_STUDIES)[1:-1]),
        _report("Mu2019", retracted="yes", retraction_checked_on="2026-11-01"),
    ],
    "Studies": [_study(name) for name in _STUDIES],
    "Design": [
        _before("Alpha1995-pr", cutoff_source="control_percentile", n_at_risk="68", n_outcome_known="68"),
        _after("Alpha1995-cc", author_label="prospective"),
        _before("Beta2003-pr", cutoff_source="roc_same_data", karyotype_used="excluded_abnormal", adj_age="adjusted"),
        _before("Gamma2017-pr", cutoff_source="roc_same_data", karyotype_used="excluded_abnormal"),
        _before("Delta2013-pr", adj_age="adjusted"),
        _after("Epsilon2022-cc", control_type="healthy", control_same_source="no"),
        _after("Zeta2023-cc"),
        *(_arms(f"{name}-tr", "yes") for name in ("Eta1999", "Theta2001", "Iota2005", "Lambda2009", "Mu2019")),
        *(_arms(f"{name}-nr", "no") for name in ("Kappa2010",)),
    ],
    "Effects": [
        _counts("Alpha1995-pr-1", 17, 7, 9, 35, dependency_group="alpha", quote=ATTACK),
        _means("Alpha1995-cc-1", "68", "39.4", "12.7", "47", "29.0", "12.8", dependency_group="alpha"),
        _effect(
            "Beta2003-pr-1",
            "ratio",
            outcome="next_loss",
            est="3.6",
            scale="RR",
            ci_low="1.6",
            ci_high="8.0",
            ci_level="95",
        ),
        _effect(
            "Gamma2017-pr-1",
            "ratio",
            outcome="next_loss",
            est="3.4",
            scale="RR",
            ci_low="1.3",
            ci_high="8.7",
            ci_level="95",
        ),
        _class("Delta2013-pr-1", "28.1", "0", "0-15 %"),
        _class("Delta2013-pr-2", "17.9", "15", "15-25 %"),
        _class("Delta2013-pr-3", "20.7", "25", "25 % and more"),
        _effect("Delta2013-pr-4", "direction_only", outcome="next_loss", marker="percent", sign="no_difference"),
        _means(
            "Epsilon2022-cc-1",
            *("604", "17.9", "0.3", "24", "11.0", "1.2"),
            spread_type="se",
            derived="converted",
            derivation_note="± taken as a standard error",
        ),
        _effect(
            "Zeta2023-cc-1",
            "means",
            marker="percent",
            **{"n1": "82", "m1": "12.6", "min1": "2.1", "max1": "26.0"},
            **{"n2": "82", "m2": "11.9", "min2": "1.9", "max2": "24.5"},
        ),
        _effect("Zeta2023-cc-2", "p_only", marker="percent", p_value="0.038", p_cmp="=", sign="lower_in_event"),
        _effect("Zeta2023-cc-3", "direction_only", outcome="birth", marker="activity", sign="no_difference"),
        _births("Eta1999-tr-1", "drug X", 24, 40, 10, 40),
        _births("Theta2001-tr-1", "drug X", 35, 60, 30, 60),
        _births("Iota2005-tr-1", "drug X", 55, 100, 54, 100),
        _births("Kappa2010-nr-1", "drug X", 38, 44, 21, 50),
        _births("Lambda2009-tr-1", "drug Y", 29, 35, 16, 33),
        _births("Mu2019-tr-1", "drug Y", 45, 76, 48, 74),
    ],
    "Reliability": [
        {
            "rel_id": "Epsilon-cycles",
            "study_id": "Epsilon2022",
            "source_of_variation": "between_cycles",
            "compartment": "uterus",
            "n_women": "NR",
            "statistic": "kappa",
            "value": "0.348",
            "src_type": "abstract",
            "src_ref": "abstract",
            "extractor": "MT",
            "extracted_on": "2026-11-22",
        }
    ],
    "Context": [
        {
            "body": "A regulator",
            "topic": "drug X",
            "statement": "No trial shows more births.",
            "rating": "red",
            "seen_on": "2026-11-22",
            "seen_by": "MT",
        }
    ],
    "PRISMA": [{"key": "records_screened"}, {"key": "new_studies"}],
}

VERSIONS = {"metaan": "0.1.0", "Python": "3.11.9", "numpy": "2.1.0"}
DIGESTS = {"extraction.xlsx": "a" * 64, "protocol.yaml": "b" * 64}

FINDINGS = (
    Finding(
        id="T04",
        level=Level.WARNING,
        origin=Origin("extraction.xlsx", "Effects", "AG9"),
        subject="spread; study Epsilon 2022",
        found="0.3 with 604 women",
        expected="a standard deviation <b>of</b> a usual size",
        to_fix="look whether it is a standard error",
    ),
    Finding(
        id="N02",
        level=Level.NOTE,
        origin=Origin("extraction.xlsx", "PRISMA", ""),
        subject="",
        found="no counts",
        expected="counts",
        to_fix="type them",
    ),
)


SIZES = {"wide": 960, "narrow": 360}


def drawing(name: str, width: int) -> str:
    """Return a stand-in for a figure, as the figures stage writes them."""
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 60" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">Forest plot</title>'
        f'<desc id="{name}-desc">What it shows</desc><text x="4" y="30">Alpha 1995</text></svg>\n'
    )


@dataclass(frozen=True)
class Case:
    """Everything `assemble` takes, and what it makes of it."""

    protocol: Protocol
    extraction: Extraction
    grades: tuple[Grade, ...]
    analyses: tuple[Analysis, ...]
    figures: dict[str, dict[str, str]]
    findings: tuple[Finding, ...] = FINDINGS
    first: tuple[First, ...] = ()
    certainty: tuple[Certainty, ...] = ()
    repeatability: Repeatability | None = None
    between: tuple[BetweenDesigns, ...] = ()
    cards: dict[str, dict[str, str]] = field(default_factory=dict)

    def report(self) -> Report:
        return assemble(
            self.protocol,
            self.extraction,
            self.grades,
            self.analyses,
            self.findings,
            self.figures,
            VERSIONS,
            DIGESTS,
            self.first,
            certainty=self.certainty,
            repeatability=self.repeatability,
            between=[found.to_dict() for found in self.between],
            believed_of=[told(found, self.analysis(found.analysis_id)) for found in self.between],
            cards=self.cards,
        )

    def analysis(self, name: str) -> Analysis:
        return next(analysis for analysis in self.analyses if analysis.id == name)


def build(folder: Path) -> Case:
    protocol = parse_protocol(PROTOCOL, "data/cells/protocol.yaml", "cells")
    target = folder / "extraction.xlsx"
    target.write_bytes(io.BytesIO(workbook_bytes(protocol, ROWS)).getvalue())
    extraction = read_workbook(target, protocol.layout)
    assert not extraction.findings, [finding.text() for finding in extraction.findings]
    grades = grade_all(extraction, protocol)
    rows = candidates(extraction, protocol.layout, {grade.design_id: grade for grade in grades})
    selections = {plan.id: select(rows, plan) for plan in protocol.analyses}
    analyses = tuple(analyse(selections[plan.id], plan, protocol) for plan in protocol.analyses)
    between = tuple(
        between_designs(
            Given(
                analysis=analysis,
                plan=plan,
                protocol=protocol,
                extraction=extraction,
                selection=selections[plan.id],
                rows=rows,
            )
        )[0]
        for plan, analysis in zip(protocol.analyses, analyses, strict=True)
    )
    figures = {
        analysis.id: {
            **{f"forest_{kind}": drawing(f"{analysis.id}-{kind}", width) for kind, width in SIZES.items()},
            "files": "svg pdf png",
        }
        for analysis in analyses
    }
    return Case(
        protocol,
        extraction,
        grades,
        analyses,
        figures,
        first=ten(protocol, extraction, FINDINGS),
        certainty=tuple(found for analysis in analyses for found in certainties(analysis, protocol, extraction)),
        repeatability=repeatability(extraction, protocol, rows),
        between=between,
        cards={
            found.analysis_id: {name: drawing(f"{name}-{found.analysis_id}", 360) for name in found.done()}
            for found in between
        },
    )
