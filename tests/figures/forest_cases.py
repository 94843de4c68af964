"""Analyses as the statistics hand them to the figures, built from published numbers."""

import math
from dataclasses import dataclass

from metaan.terms.records import (
    Analysis,
    Beside,
    Difference,
    Effect,
    Estimate,
    Grade,
    Interval,
    Ledger,
    Pooled,
    RiskClass,
    Source,
    Synthesis,
)

T = {1: 12.706, 2: 4.303, 3: 3.182, 5: 2.571, 32: 2.037}  # 97.5 % points of Student's t; 2.2 stands for others
Z = 1.959964

# Hackshaw, Law and Wald 1997, BMJ 315:980, as in dat.hackshaw1998 of metadat: study, grade here, OR, limits, cases
COHORTS = (
    ("Garfinkel 1981", "B", 1.18, 0.9, 1.54, 153),
    ("Hirayama 1984", "B", 1.45, 1.02, 2.08, 200),
    ("Butler 1988", "B", 2.02, 0.48, 8.56, 8),
    ("Cardenas 1997", "A", 1.2, 0.8, 1.6, 150),
)
CASE_CONTROL = (
    ("Chan 1982", "D", 0.75, 0.43, 1.3, 84),
    ("Correa 1983", "D", 2.07, 0.81, 5.25, 22),
    ("Trichopolous 1983", "D", 2.13, 1.19, 3.83, 62),
    ("Buffler 1984", "D", 0.8, 0.34, 1.9, 41),
    ("Kabat 1984", "D", 0.79, 0.25, 2.45, 24),
    ("Lam 1985", "D", 2.01, 1.09, 3.72, 60),
    ("Garfinkel 1985", "C", 1.23, 0.81, 1.87, 134),
    ("Wu 1985", "D", 1.2, 0.5, 3.3, 29),
    ("Akiba 1986", "C", 1.52, 0.87, 2.63, 94),
    ("Lee 1986", "D", 1.03, 0.41, 2.55, 32),
    ("Koo 1987", "D", 1.55, 0.9, 2.67, 86),
    ("Pershagen 1987", "C", 1.03, 0.61, 1.74, 70),
    ("Humble 1987", "D", 2.34, 0.81, 6.75, 20),
    ("Lam 1987", "D", 1.65, 1.16, 2.35, 199),
    ("Gao 1987", "D", 1.19, 0.82, 1.73, 246),
    ("Brownson 1987", "D", 1.52, 0.39, 5.96, 19),
    ("Geng 1988", "D", 2.16, 1.08, 4.29, 54),
    ("Shimizu 1988", "D", 1.08, 0.64, 1.82, 90),
    ("Inoue 1988", "D", 2.55, 0.74, 8.78, 22),
    ("Kalandidi 1990", "D", 1.62, 0.9, 2.91, 90),
    ("Sobue 1990", "D", 1.06, 0.74, 1.52, 144),
    ("Wu-Williams 1990", "C", 0.79, 0.62, 1.02, 417),
    ("Liu 1991", "D", 0.74, 0.32, 1.69, 54),
    ("Jockel 1991", "D", 2.27, 0.75, 6.82, 23),
    ("Brownson 1992", "C", 0.97, 0.78, 1.21, 431),
    ("Stockwell 1992", "D", 1.6, 0.8, 3.0, 210),
    ("Du 1993", "D", 1.19, 0.66, 2.13, 75),
    ("Liu 1993", "D", 1.66, 0.73, 3.78, 38),
    ("Fontham 1994", "C", 1.26, 1.04, 1.54, 651),
    ("Kabat 1995", "D", 1.1, 0.62, 1.96, 67),
    ("Zaridze 1995", "D", 1.66, 1.12, 2.45, 162),
    ("Sun 1996", "D", 1.16, 0.8, 1.69, 230),
    ("Wang 1996", "D", 1.11, 0.67, 1.84, 135),
)

SOURCE = Source(
    workbook="extraction.xlsx",
    sheet="Effects",
    row=7,
    cells={},
    values={},
    kind="abstract",
    reference="abstract",
    quote="",
    doi="10.1000/x",
)


@dataclass(frozen=True)
class Study:
    label: str
    grade: str
    y: float
    low: float
    high: float
    group1: str = ""
    group2: str = ""
    people: int | None = None
    best: str = ""
    converted: bool = False
    note: str = ""

    @property
    def v(self) -> float:
        return ((self.high - self.low) / (2 * Z)) ** 2


def ratio(label, grade, value, low, high, *rest, **more):
    return Study(label, grade, math.log(value), math.log(low), math.log(high), *rest, **more)


def risk_ratio(label, grade, a, n1, b, n2, **more):
    y, se = math.log(a * n2 / (b * n1)), math.sqrt(1 / a - 1 / n1 + 1 / b - 1 / n2)
    return Study(label, grade, y, y - Z * se, y + Z * se, f"{a}/{n1}", f"{b}/{n2}", n1 + n2, **more)


def means(label, grade, n1, m1, sd1, n2, m2, sd2, **more):
    sd = math.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))
    g = (1 - 3 / (4 * (n1 + n2) - 9)) * (m1 - m2) / sd
    se = math.sqrt(1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2)))
    cells = f"{n1}: {m1} ({sd1})", f"{n2}: {m2} ({sd2})"
    return Study(label, grade, g, g - Z * se, g + Z * se, *cells, n1 + n2, **more)


def pool(studies, interval="mKH", level=0.95):
    """DerSimonian-Laird and a textbook interval: a stand-in whose numbers hang together."""
    k = len(studies)
    w = [1 / s.v for s in studies]
    fixed = sum(wi * s.y for wi, s in zip(w, studies, strict=True)) / sum(w)
    q = sum(wi * (s.y - fixed) ** 2 for wi, s in zip(w, studies, strict=True))
    tau2 = max(0.0, (q - (k - 1)) / (sum(w) - sum(wi**2 for wi in w) / sum(w)))
    w = [1 / (s.v + tau2) for s in studies]
    estimate = sum(wi * s.y for wi, s in zip(w, studies, strict=True)) / sum(w)
    se = math.sqrt(1 / sum(w))
    t = Z if interval == "Wald" else T.get(k - 1, 2.2)
    i2 = max(0.0, 100 * (q - (k - 1)) / q) if q else 0.0
    wide = T.get(k - 1, 2.2) * math.sqrt(tau2 + se**2)
    return Pooled(
        k=k,
        estimate=estimate,
        se=se,
        statistic=estimate / se,
        df=math.inf if interval == "Wald" else k - 1,
        p=0.03,
        ci=Interval(estimate - t * se, estimate + t * se),
        prediction=Interval(estimate - wide, estimate + wide) if k >= 3 else None,
        tau2=tau2,
        tau2_ci=Interval(0.0, 4 * tau2 + 0.1),
        i2=i2,
        i2_ci=Interval(0.0, min(95.0, i2 + 30)),
        h2=1 / (1 - i2 / 100),
        q=q,
        q_df=k - 1,
        q_p=0.26,
        weights=tuple(100 * wi / sum(w) for wi in w),
        method={"tau2": "REML", "interval": interval, "prediction": "same", "level": level},
    )


def estimate(study, stratum, measure, weight, prefix=""):
    name, _, year = study.label.rpartition(" ")
    key = (prefix + study.label + study.note).replace(" ", "")
    grade = Grade(
        design_id=f"d{key}",
        study_id=key,
        stratum=stratum,
        grade=study.grade,
        best=study.best or study.grade,
        reason="chosen by outcome",
        met=(),
        not_met=(),
        not_reported=("blinding",) if study.best else (),
    )
    return Estimate(
        effect_id=f"e{key}",
        study_id=key,
        design_id=f"d{key}",
        label=study.label,
        year=year if name else "NR",
        note=study.note,
        grade=grade,
        group1=study.group1,
        group2=study.group2,
        people=study.people,
        effect=Effect(
            effect_id=f"e{key}", measure=measure, y=study.y, v=study.v, path=("as typed",), converted=study.converted
        ),
        ci=Interval(study.low, study.high),
        weight=weight,
        source=SOURCE,
    )


def synthesis(stratum, measure, studies, *, interval="mKH", small=None, remarks=(), also=None, people=None):
    pooled = pool(studies, interval) if len(studies) > 1 else None
    weights = pooled.weights if pooled else (100.0,) * len(studies)
    return Synthesis(
        stratum=stratum,
        measure=measure,
        k=len(studies),
        people=people or sum(s.people or 0 for s in studies) or None,
        estimates=tuple(estimate(s, stratum, measure, w, stratum) for s, w in zip(studies, weights, strict=True)),
        others=(),
        pooled=pooled,
        also=also or {},
        remarks=tuple(remarks),
        sensitivity=(),
        small=small,
    )


def analysis(identity, title, strata, *, words, differences=(), beside=(), no_bottom_line="", kind="exposure"):
    return Analysis(
        review="test",
        id=identity,
        title=title,
        question=title + "?",
        factor_kind=kind,
        outcome_good=False,
        words=words,
        strata=tuple(strata),
        differences=tuple(differences),
        common_scale=(),
        beside=tuple(beside),
        left_out=(),
        ledger=Ledger(typed=40, outside={}, left_out={}, pooled=sum(s.k for s in strata)),
        no_bottom_line=no_bottom_line,
        level=0.95,
    )


KATANO = Beside(
    study_id="Katano2013",
    label="Katano 2013",
    stratum="prospective",
    people=552,
    classes=tuple(
        RiskClass(label=f"activity {label} %", risk=risk, cell=cell)
        for label, risk, cell in (
            ("5–24", 28.1, "K9"),
            ("25–34", 17.9, "K10"),
            ("35–46", 22.6, "K11"),
            ("47–74", 20.7, "K12"),
        )
    ),
    bounds=Interval(20.7 / 28.1, 20.7 / 17.9),
    source=SOURCE,
)


def passive_smoking():
    small = Interval(-math.log(1.25), math.log(1.25))
    cohorts = [ratio(s, g, o, lo, hi, str(n)) for s, g, o, lo, hi, n in COHORTS]
    controls = [
        ratio(s, g, o, lo, hi, str(n), best="C" if g == "D" and n < 30 else "") for s, g, o, lo, hi, n in CASE_CONTROL
    ]
    return analysis(
        "lung-cancer",
        "Husband's smoking and lung cancer in women who never smoked",
        [
            synthesis("prospective", "OR", cohorts, small=small, people=510_000),
            synthesis("case_control", "OR", controls, small=small, people=12_840),
        ],
        words={
            "group1": "Lung cancers",
            "group2": "",
            "low": "less lung cancer in exposed women",
            "high": "more lung cancer in exposed women",
            "people": "women",
        },
        differences=[
            Difference(
                stronger="prospective",
                weaker="case_control",
                measure="OR",
                tested=True,
                reason="common tau2, REML, Wald",
                estimate=math.log(0.971),
                ci=Interval(math.log(0.737), math.log(1.278)),
                p=0.834,
            )
        ],
    )


def natural_killer():
    case_control = [
        means("Aoki 1995", "D", 68, 39.4, 12.7, 47, 29.0, 12.8),
        means("Kyiv 2022", "D", 604, 16.4, 7.4, 24, 12.1, 4.9, best="C"),
    ]
    prospective = [
        risk_ratio("Aoki 1995", "B", 17, 24, 9, 44),
        risk_ratio("Yamada 2003", "B", 13, 20, 12, 65),
        risk_ratio("Ebina 2017", "C", 11, 24, 8, 59, best="B"),
    ]
    return analysis(
        "blood-activity-next-loss",
        "Natural killer cell activity in blood and pregnancy loss",
        [
            synthesis("prospective", "RR", prospective, small=Interval(-math.log(1.25), math.log(1.25))),
            synthesis(
                "case_control",
                "SMD",
                case_control,
                interval="Wald",
                small=Interval(-0.2, 0.2),
                also={"mKH": Interval(-2.41, 3.96)},
                remarks=["two studies: no method gives a trustworthy interval"],
            ),
        ],
        words={
            "group1": "High activity or with loss",
            "group2": "Low activity or without loss",
            "low": "lower activity goes with loss",
            "high": "higher activity goes with loss",
            "people": "women",
        },
        differences=[
            Difference(
                stronger="prospective",
                weaker="case_control",
                measure="",
                tested=False,
                reason="same women: difference not tested",
            )
        ],
        beside=[KATANO],
        kind="marker",
    )


def one_study():
    return analysis(
        "blood-percent",
        "Natural killer cells, percent of lymphocytes, and recurrent miscarriage",
        [
            synthesis(
                "case_control",
                "SMD",
                [means("Choi 2010", "D", 35, 15.8, 6.2, 15, 10.1, 4.1)],
                small=Interval(-0.2, 0.2),
            )
        ],
        words={
            "group1": "Women with losses",
            "group2": "Women without",
            "low": "fewer cells with loss",
            "high": "more cells with loss",
        },
        kind="marker",
    )


def long_and_wide():
    studies = [
        risk_ratio("Hadinedoushan, Mirahmadian and Aflatounian 2007", "C", 12, 20, 8, 20, converted=True),
        risk_ratio("van den Heuvel-Eibrink-Papadopoulos 2011", "B", 1, 2044, 0.02, 3120),
        risk_ratio("Li 2014", "D", 38, 144, 46, 152, best="C"),
        ratio(
            "Reznikoff-Etiévant 1999",
            "D",
            0.6,
            0.05,
            7.9,
            "1204: 39.41 (12.70) per mm²",
            "998: 45.38 (14.12) per mm²",
            converted=True,
        ),
        ratio("Li 2014", "D", 1.5, 0.9, 2.6, "11/40", "9/44", note="second cycle"),
        risk_ratio("O 2001", "A", 30, 90, 20, 92),
    ]
    return analysis(
        "9 wide/ranges",
        "Prednisolone & “immune” therapy <any> and live birth",
        [synthesis("treatment_cohort", "RR", studies, small=Interval(-math.log(1.1), math.log(1.1)))],
        words={
            "group1": "Prednisolone with low-dose aspirin: events/women",
            "group2": "No immunological treatment: events/women",
            "low": "fewer live births with prednisolone, aspirin and heparin together",
            "high": "more live births with prednisolone, aspirin and heparin together",
        },
        no_bottom_line="two studies contradict each other",
        kind="treatment",
    )


def trials_and_cohorts():
    trials = [
        risk_ratio("Christiansen 2015", "A", 23, 42, 20, 40),
        risk_ratio("Stephenson 2010", "A", 16, 23, 15, 24, converted=True),
        risk_ratio("Yamada 2022", "A", 31, 50, 17, 49),
        risk_ratio("Christiansen 1995", "B", 9, 17, 5, 17),
        risk_ratio("Perino 1997", "B", 16, 22, 19, 24),
        risk_ratio("Jablonowska 1999", "C", 14, 22, 15, 19, best="A"),
    ]
    cohorts = [
        risk_ratio("Ahmadi 2017", "D", 38, 44, 21, 50, best="B"),
        risk_ratio("Winger 2011", "D", 36, 62, 6, 27, best="B"),
        risk_ratio("Moraru 2012", "D", 33, 40, 3, 24, converted=True),
    ]
    small = Interval(-math.log(1.1), math.log(1.1))
    return analysis(
        "ivig",
        "Intravenous immunoglobulin and live birth",
        [
            synthesis("trial", "RR", trials, small=small),
            synthesis("treatment_cohort", "RR", cohorts, small=small),
        ],
        words={
            "group1": "IVIG, births/women",
            "group2": "None, births/women",
            "low": "fewer births",
            "high": "more births",
            "people": "women",
        },
        differences=[
            Difference(
                stronger="trial",
                weaker="treatment_cohort",
                measure="RR",
                tested=True,
                reason="separate tau2",
                estimate=math.log(1.86),
                ci=Interval(math.log(1.21), math.log(2.84)),
                p=0.0046,
            )
        ],
        kind="treatment",
    )


CASES = {
    "passive_smoking": passive_smoking,
    "natural_killer": natural_killer,
    "one_study": one_study,
    "long_and_wide": long_and_wide,
    "trials_and_cohorts": trials_and_cohorts,
}
