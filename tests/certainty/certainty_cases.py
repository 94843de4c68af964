"""Bodies of evidence to be graded: a plain one that nothing speaks against, in which tests change one thing."""

import json
import math
from dataclasses import replace
from pathlib import Path

from metaan.pooling.pool import pool
from metaan.terms.records import Analysis, Effect, Estimate, Grade, Interval, Ledger, LeftOut, Source, Synthesis
from metaan.workbook.protocol import parse_protocol
from metaan.workbook.read import Extraction, Row

RATIO, DIFFERENCE = math.log(1.25), 0.2  #: limits of a small effect
CONDITIONS = ("source", "state", "parity", "blind")


def protocol(stratum="prospective", measure="RR", **changes):
    """Return a protocol with one analysis, "one", of one stratum; `analysis` changes its keys."""
    analysis = {
        "id": "one",
        "title": "One",
        "question": "Does it?",
        "include": {"outcome": ["loss", "birth"]},
        "measure": measure,
        "strata": [{"stratum": stratum}],
        **changes.pop("analysis", {}),
    }
    data = {
        "title": "Tea and loss",
        "question": "Does tea come before loss?",
        "as_of": "2026-01-01",
        "registered": "no",
        "people": {"one": "woman", "many": "women"},
        "lists": {
            "outcome": {"loss": "loss", "birth": "birth", "history": "history"},
            "population": {"RM": "RM", "IVF": "IVF"},
            "control_type": {"none": "none"},
        },
        "analyses": [analysis],
        **changes,
    }
    return parse_protocol(data, "data/t/protocol.yaml", "t")


def row(sheet, number, **values):
    """Return a row of a sheet that has just these columns."""
    return Row("t.xlsx", sheet, number, values, {name: chr(65 + i) for i, name in enumerate(values)})


def extraction(decisions=(), **rows):
    """Return what was read: rows of the Certainty sheet, and of others by name."""
    columns = ("analysis", "outcome", "stratum", "domain", "proposed", "decision", "sentence", "who")
    typed = [
        row("Certainty", i + 2, **{name: given.get(name, "") for name in columns}) for i, given in enumerate(decisions)
    ]
    return Extraction("t.xlsx", {"Certainty": tuple(typed), **rows}, {})


def decided(domain, decision, stratum="prospective", **more):
    """Return one row of the Certainty sheet."""
    return {
        **{"analysis": "one", "stratum": stratum, "domain": domain, "decision": decision},
        **{"sentence": "We looked.", "who": "AR"},
        **more,
    }


def grade(i=0, stratum="prospective", letter="A", best="A", **more):
    """Return a grade."""
    answers = dict.fromkeys(CONDITIONS, "yes") if stratum == "case_control" else {}
    facts = {"reason": "", "met": (), "not_met": (), "not_reported": (), "answers": answers}
    return Grade(
        **{"design_id": f"d{i}", "study_id": f"s{i}", "stratum": stratum, "grade": letter, "best": best} | facts | more
    )


def estimate(i, y, v, measure="RR", given=None, people=1000, **values):
    """Return one study."""
    half = 1.959963984540054 * math.sqrt(v)
    source = Source(
        workbook="t.xlsx",
        sheet="Effects",
        row=i + 2,
        cells={},
        values={"outcome": "loss", "design_id": f"d{i}", **values},
        kind="table",
        reference="",
        quote="",
    )
    return Estimate(
        effect_id=f"e{i}",
        study_id=f"s{i}",
        design_id=f"d{i}",
        label=f"Study {i}",
        year="2001",
        note="",
        grade=given or grade(i),
        group1="",
        group2="",
        people=people,
        effect=Effect(effect_id=f"e{i}", measure=measure, y=y, v=v, path=()),
        ci=Interval(y - half, y + half),
        weight=None,
        source=source,
    )


def analysis(
    estimates, stratum="prospective", measure="RR", kind="marker", interval="mKH", left_out=(), beside=(), **more
):
    """Return an analysis with one stratum, pooled by REML."""
    small = DIFFERENCE if measure == "SMD" else RATIO
    k = len(estimates)
    pooled = None
    if k > 1:
        chosen = "Wald" if k == 2 else interval
        pooled = pool([e.effect.y for e in estimates], [e.effect.v for e in estimates], interval=chosen)
    weights = pooled.weights if pooled else [100.0] * k
    counts = [e.people for e in estimates]
    synthesis = Synthesis(
        stratum=stratum,
        measure=measure,
        k=k,
        people=sum(counts) if counts and None not in counts else None,
        estimates=tuple(replace(e, weight=w) for e, w in zip(estimates, weights, strict=True)),
        others=(),
        pooled=pooled,
        also={},
        remarks=(),
        sensitivity=(),
        small=Interval(-small, small),
    )
    return Analysis(
        review="t",
        id="one",
        title="One",
        question="Does it?",
        factor_kind=kind,
        outcome_good=False,
        words={},
        strata=(synthesis,),
        differences=(),
        common_scale=(),
        beside=tuple(beside),
        left_out=tuple(left_out),
        ledger=Ledger(typed=k, outside={}, left_out={}, pooled=k),
        level=0.95,
        **{"no_bottom_line": "", **more},
    )


def missing(study, people=None, kind="form", form="direction_only", source="abstract", stratum="prospective", **values):
    """Return a row without a usable number."""
    typed = {"form": form, **({"n_analysed": str(people)} if people is not None else {}), **values}
    return LeftOut(
        effect_id=f"{study}-1",
        study_id=study,
        label=study,
        stratum=stratum,
        kind=kind,
        reason="only a direction",
        source=Source(
            workbook="t.xlsx", sheet="Effects", row=9, cells={}, values=typed, kind=source, reference="", quote=""
        ),
        says="",
    )


#: six precise prospective studies that agree: nothing to lower
PLAIN = (0.50, 0.55, 0.45, 0.52, 0.48, 0.50)


def plain(y=PLAIN, v=0.004, **more):
    """Return the estimates of the plain body."""
    return [estimate(i, each, v, **more) for i, each in enumerate(y)]


def bcg():
    """Return the 13 BCG trials with their tables, on the risk ratio (Colditz 1994, dat.bcg of metadat)."""
    path = Path(__file__).parents[1] / "reference" / "r" / "dat.bcg.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for i, (a, b, c, d) in enumerate(zip(*(data["data"][name] for name in ("ai", "bi", "ci", "di")), strict=True)):
        y, v = data["escalc"]["RR"]["yi"][i], data["escalc"]["RR"]["vi"][i]
        table = {"a_high_event": a, "b_high_none": b, "c_low_event": c, "d_low_none": d}
        found.append(
            estimate(
                i,
                y,
                v,
                given=grade(i, "trial"),
                people=a + b + c + d,
                **{name: str(count) for name, count in table.items()},
            )
        )
    return found
