"""Made-up strata and analyses that sentences are tried on."""

import math

from metaan.terms.records import (
    Analysis,
    Effect,
    Estimate,
    Grade,
    Interval,
    Ledger,
    Pooled,
    Source,
    Synthesis,
)

SMALL = Interval(-math.log(1.25), math.log(1.25))
LABELS = {
    ("marker", "activity"): "cell activity",
    ("compartment", "blood"): "blood",
    ("outcome", "loss"): "pregnancy loss",
    ("outcome", "birth"): "live birth",
}
WORDS = {"low": "fewer live births", "high": "more live births"}


def label(words, word):
    return LABELS.get((words, word), word)


def source(**values):
    return Source(
        workbook="x.xlsx", sheet="Effects", row=2, cells={}, values=values, kind="abstract", reference="", quote=""
    )


def estimate(study, stratum, y, ci, **values):
    grade = Grade(
        design_id=study,
        study_id=study,
        stratum=stratum,
        grade="C",
        best="C",
        reason="",
        met=(),
        not_met=(),
        not_reported=(),
    )
    return Estimate(
        effect_id=f"{study}-1",
        study_id=study,
        design_id=study,
        label=f"{study} 2001",
        year="2001",
        note="",
        grade=grade,
        group1="",
        group2="",
        people=10,
        effect=Effect(effect_id=f"{study}-1", measure="RR", y=y, v=0.1, path=()),
        ci=ci,
        weight=None,
        source=source(**values),
    )


def synthesis(stratum, k, low, high, *, measure="RR", small=SMALL, **values):
    """Return a stratum whose pooled interval runs from `low` to `high` on the working scale."""
    ci, middle = Interval(low, high), (low + high) / 2
    pooled = Pooled(
        k=k,
        estimate=middle,
        se=(high - low) / 4,
        statistic=1.0,
        df=math.inf,
        p=0.5,
        ci=ci,
        prediction=None,
        tau2=0.0,
        tau2_ci=None,
        i2=0.0,
        i2_ci=None,
        h2=1.0,
        q=1.0,
        q_df=max(k - 1, 1),
        q_p=0.5,
        weights=(),
        method={"tau2": "REML", "interval": "mKH", "prediction": "same", "level": 0.95},
    )
    return Synthesis(
        stratum=stratum,
        measure=measure,
        k=k,
        people=None,
        estimates=tuple(estimate(f"S{i}", stratum, middle, ci, **values) for i in range(k)),
        others=(),
        pooled=pooled if k > 1 else None,
        also={},
        remarks=(),
        sensitivity=(),
        small=small,
    )


def analysis(*strata, kind="marker", beside=(), left_out=(), withheld="", outcome_good=False, words=WORDS):
    """Return an analysis of these strata with nothing else to say."""
    return Analysis(
        review="r",
        id="a",
        title="A",
        question="?",
        factor_kind=kind,
        outcome_good=outcome_good,
        words=words,
        strata=strata,
        differences=(),
        common_scale=(),
        beside=beside,
        left_out=left_out,
        ledger=Ledger(typed=0, outside={}, left_out={}, pooled=0),
        no_bottom_line=withheld,
        level=0.95,
    )
