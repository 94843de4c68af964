"""What the bundled reviews say once the whole workflow has run: numbers, honesty, accounts.

The ranges for NK cells (two decimals, REML with Wald or the interval named) were computed apart from this code, from
the same published figures; they catch slips of extraction, orientation and measure.
"""

import csv
import json
import math
import re

import jsonschema
import pytest

from metaan.pooling.pool import pool
from metaan.terms.resources import schema

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def results(bundled):
    return {
        name: json.loads((bundled / "results" / name / "report" / "results.json").read_text(encoding="utf-8"))
        for name in ("nk-cells", "passive-smoking")
    }


def stratum(results, analysis, name, review="nk-cells"):
    found = next(a for a in results[review]["analyses"] if a["id"] == analysis)
    return next(s for s in found["strata"] if s["stratum"] == name)


def refitted(synthesis, interval, ids=None):
    """Pool the printed effects of a stratum again, with another interval."""
    rows = [e for e in (*synthesis["estimates"], *synthesis["others"]) if ids is None or e["effect_id"] in ids]
    rows = rows if ids is not None else synthesis["estimates"]
    fitted = pool([e["effect"]["y"] for e in rows], [e["effect"]["v"] for e in rows], interval=interval)
    return fitted.estimate, fitted.ci.low, fitted.ci.high


def printed(synthesis, values):
    back = math.exp if synthesis["measure"] in ("OR", "RR") else float
    return tuple(round(back(value), 2) for value in values)


@pytest.mark.parametrize(
    ("analysis", "name", "k", "interval", "expected"),
    [
        ("blood-activity", "prospective", 3, "Wald", (3.49, 2.24, 5.43)),
        ("blood-activity", "prospective", 3, "HK", (3.49, 3.27, 3.73)),
        ("blood-activity", "case_control", 2, "Wald", (1.09, 0.53, 1.65)),
        ("uterine-rm", "case_control", 2, "Wald", (0.76, 0.35, 1.18)),
        ("ivig", "trial", 6, "Wald", (1.13, 0.91, 1.41)),
        ("ivig", "treatment_cohort", 3, "Wald", (2.04, 1.62, 2.58)),
        ("corticosteroids", "trial", 3, "Wald", (1.08, 0.91, 1.27)),
        ("corticosteroids", "treatment_cohort", 3, "Wald", (1.55, 1.12, 2.15)),
        ("lipid-emulsion", "trial", 2, "Wald", (1.62, 0.67, 3.91)),
    ],
)
def test_nk_sets_fall_where_they_were_expected(results, analysis, name, k, interval, expected):
    synthesis = stratum(results, analysis, name)
    assert synthesis["k"] == k
    assert printed(synthesis, refitted(synthesis, interval)) == expected


@pytest.mark.parametrize(
    ("analysis", "name", "expected"),
    [
        ("blood-percent-rm", "case_control", (0.98, 0.35, 1.62)),
        ("blood-percent-rif", "case_control", (0.16, -0.14, 0.47)),
        ("uterine-rm", "prospective", (-0.42, -0.99, 0.15)),
    ],
)
def test_a_single_study_stands_alone(results, analysis, name, expected):
    synthesis = stratum(results, analysis, name)
    (only,) = synthesis["estimates"]
    assert synthesis["pooled"] is None
    assert printed(synthesis, (only["effect"]["y"], only["ci"]["low"], only["ci"]["high"])) == expected


def test_the_headline_is_the_modified_interval(results):
    pooled = stratum(results, "blood-activity", "prospective")["pooled"]
    low, high = math.exp(pooled["ci"]["low"]), math.exp(pooled["ci"]["high"])
    assert pooled["method"]["interval"] == "mKH"
    assert (round(low, 2), round(high, 1)) == (1.32, 9.2)


@pytest.mark.parametrize(
    ("analysis", "name", "label", "expected"),
    [
        ("uterine-rif", "case_control", "Tuckerman 2010", 0.33),
        ("ivig", "trial", "Christiansen 2002", 1.11),
        ("lipid-emulsion", "trial", "P577", 1.24),
    ],
)
def test_sensitivity_sets(results, analysis, name, label, expected):
    synthesis = stratum(results, analysis, name)
    (entry,) = [s for s in synthesis["sensitivity"] if label in s["label"]]
    assert printed(synthesis, [entry["estimate"]]) == (expected,)


def test_the_one_cohort_with_both_contrasts_is_shown_on_one_scale_and_not_tested(results):
    analysis = next(a for a in results["nk-cells"]["analyses"] if a["id"] == "blood-activity")
    (aoki,) = analysis["common_scale"]
    found = {
        name: tuple(round(x, 2) for x in (e["y"], i["low"], i["high"]))
        for name, e, i in zip(aoki["strata"], aoki["effects"], aoki["intervals"], strict=True)
    }
    assert found == {"prospective": (1.24, 0.61, 1.87), "case_control": (0.81, 0.42, 1.2)}
    assert aoki["remark"] == "Same women: difference not tested."


def test_katano_stands_beside_the_pooled_figure_wherever_it_stands(bundled):
    page = (bundled / "results/nk-cells/report/report.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    places = [match.start() for match in re.finditer(r"3\.49 \((?:95 % CI )?1\.32 to 9\.21\)", text)]
    assert places
    for place in places:
        assert "Katano 2013" in text[place : place + 6000], text[place - 80 : place + 80]
    assert "whatever the class sizes, its ratio of the top class to the rest lies between 0.74 and 1.16" in text


def test_the_example_says_what_it_is_not(bundled, results):
    page = (bundled / "results/nk-cells/report/report.html").read_text(encoding="utf-8")
    head = page[: page.index("Bottom line</h2>")]
    assert "Not prespecified" in head
    assert "not a finished systematic review" in head
    assert "abstracts" in head
    own_words = re.sub(r"<(blockquote|q)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert "significan" not in own_words[: own_words.index("Studies</h2>")]
    lines = {line["analysis_id"]: line for line in results["nk-cells"]["bottom_lines"]}
    assert lines["g-csf"]["withheld"]
    assert lines["uterine-rif"]["withheld"]


def test_every_row_typed_is_accounted_for(bundled, results):
    for name, found in results.items():
        typed = len(found["sheets"]["Effects"]["rows"])
        assert typed == {"nk-cells": 167, "passive-smoking": 37}[name] == found["ledger"]["typed"]
        for analysis in found["analyses"]:
            path = bundled / "results" / name / "pooling" / analysis["id"] / "ledger.csv"
            rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
            assert len(rows) == len({row["effect_id"] for row in rows}) == typed
            assert all(row["reason"] for row in rows if row["fate"] not in ("pooled", "shown alone"))


def test_passive_smoking_agrees_with_the_published_synthesis(results):
    """DerSimonian-Laird: 1.24 (1.13 to 1.36) over all in Hackshaw 1997, BMJ 315:980; by design from metafor 5.1."""
    strata = {s["stratum"]: s for s in results["passive-smoking"]["analyses"][0]["strata"]}
    assert {name: s["k"] for name, s in strata.items()} == {"prospective": 4, "case_control": 33}
    rows = [e for s in strata.values() for e in s["estimates"]]
    every = pool([e["effect"]["y"] for e in rows], [e["effect"]["v"] for e in rows], tau2="DL", interval="Wald")
    assert [round(math.exp(x), 3) for x in (every.estimate, every.ci.low, every.ci.high)] == [1.238, 1.129, 1.358]
    expected = {"case_control": [1.242, 1.115, 1.382], "prospective": [1.261, 1.052, 1.511]}
    for name, values in expected.items():
        (entry,) = [s for s in strata[name]["sensitivity"] if s["label"] == "DerSimonian-Laird"]
        limits = entry["pooled"]["ci"]
        found = [round(math.exp(x), 3) for x in (entry["estimate"], limits["low"], limits["high"])]
        assert found == values
        assert strata[name]["pooled"]["method"] == {
            **{"tau2": "REML", "interval": "mKH", "prediction": "same", "level": 0.95},
            **{"tau2_interval": "QP", "i2": "tau2"},
        }


def test_results_fit_their_schema(results):
    for found in results.values():
        jsonschema.Draft202012Validator(schema("results")).validate(found)


def test_the_report_stays_small(bundled):
    for path in bundled.glob("results/*/report/report.html"):
        assert path.stat().st_size < 1_500_000


def test_a_workbook_is_never_written_to(bundled):
    from pathlib import Path

    for path in (Path(__file__).parents[2] / "data").glob("*/extraction.xlsx"):
        copy = bundled / "data" / path.parent.name / "extraction.xlsx"
        assert copy.read_bytes() == path.read_bytes()
