"""results.json: everything the report says, at full precision, as its schema describes it."""

import dataclasses
import json
import re
import subprocess
import sys
import typing

import jsonschema
import pytest
import report_case

from metaan.certainty import sentences
from metaan.design.explanations import Explained
from metaan.design.queries import Query
from metaan.report import ledger, results
from metaan.robustness import reliability, repeats
from metaan.robustness.between.gather import BetweenDesigns
from metaan.robustness.first import First
from metaan.terms import appraisal, certainty, records, resources
from metaan.terms.finding import COLUMNS

SCHEMA = resources.schema("results")


@pytest.fixture(scope="module")
def written(report):
    return results.render(report)


def test_it_fits_its_schema(written):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(written), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_a_field_the_schema_does_not_know_is_refused(written):
    data = json.loads(written)
    data["analyses"][0]["strata"][0]["mood"] = "good"
    with pytest.raises(jsonschema.ValidationError, match="mood"):
        jsonschema.validate(data, SCHEMA, cls=jsonschema.Draft202012Validator)


def held(cls, found=None):
    """Return a record and every record it can hold, by the name it has in the schema."""
    found = {} if found is None else found
    module, snake = cls.__module__.rsplit(".", 1)[-1], re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
    whole = snake.startswith("between")
    found[snake if whole else f"between_{module}" if module == snake else f"between_{module}_{snake}"] = cls
    for hint in typing.get_type_hints(cls).values():
        for inner in inside(hint):
            if inner not in found.values() and inner is not records.Interval:
                held(inner, found)
    return found


def inside(hint):
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return [hint]
    return [found for argument in typing.get_args(hint) for found in inside(argument)]


RECORDS = {
    **held(BetweenDesigns),
    **{
        name: getattr(records, cls)
        for name, cls in {
            "analysis": "Analysis",
            "beside": "Beside",
            "difference": "Difference",
            "effect": "Effect",
            "estimate": "Estimate",
            "grade": "Grade",
            "interval": "Interval",
            "left_out": "LeftOut",
            "ledger": "Ledger",
            "on_common_scale": "OnCommonScale",
            "pooled": "Pooled",
            "risk_class": "RiskClass",
            "sensitivity": "Sensitivity",
            "source": "Source",
            "synthesis": "Synthesis",
        }.items()
    },
    "absolute": certainty.Absolute,
    "answer": appraisal.Answer,
    "appraisal": appraisal.Appraisal,
    "bottom_line": sentences.BottomLine,
    "certainty": certainty.Certainty,
    "first": First,
    "harm": certainty.Harm,
    "judged_domain": appraisal.JudgedDomain,
    "missing_evidence": certainty.MissingEvidence,
    "rating": certainty.Rating,
    "explained": Explained,
    "kappa_meaning": repeats.KappaMeaning,
    "meaning": reliability.Meaning,
    "pooled_repeats": repeats.PooledRepeats,
    "query": Query,
    "repeat": repeats.Repeat,
    "repeatability": repeats.Repeatability,
    "rung": repeats.Rung,
    "sentence": sentences.Sentence,
    "step": certainty.Step,
    "total": ledger.Total,
    "unusable": certainty.Unusable,
}


def test_the_schema_knows_every_record():
    objects = {name for name, schema in SCHEMA["$defs"].items() if schema.get("additionalProperties") is False}
    assert objects == {*RECORDS, "finding", "sheet"}


@pytest.mark.parametrize("name", RECORDS)
def test_the_schema_names_the_fields_of_the_record(name):
    fields = [field.name for field in dataclasses.fields(RECORDS[name])]
    schema = SCHEMA["$defs"][name]
    assert list(schema["properties"]) == fields == schema["required"]
    hints = typing.get_type_hints(RECORDS[name])
    for field in fields:
        kinds = {int: "integer", bool: "boolean", str: "string"}
        if hints[field] in kinds:
            assert schema["properties"][field]["type"] == kinds[hints[field]]


def test_the_schema_names_the_fields_of_a_finding():
    assert list(SCHEMA["$defs"]["finding"]["properties"]) == list(COLUMNS)


def test_the_records_come_back_unchanged(written, case):
    data = json.loads(written)
    assert tuple(records.Analysis.from_dict(item) for item in data["analyses"]) == case.analyses
    assert tuple(records.Grade.from_dict(item) for item in data["grades"]) == case.grades
    assert data["certainty"]
    assert data["certainty"] == [found.to_dict() for found in case.certainty]
    assert [certainty.Certainty.from_dict(item).to_dict() for item in data["certainty"]] == data["certainty"]
    assert (
        type(case.extraction).from_dict(
            {
                "workbook": case.extraction.workbook,
                "program": case.extraction.program,
                "columns": {name: sheet["columns"] for name, sheet in data["sheets"].items()},
                "rows": {
                    name: [[row["row"], row["values"]] for row in sheet["rows"]]
                    for name, sheet in data["sheets"].items()
                },
                "findings": [],
            }
        )
        == case.extraction
    )
    assert tuple(First.from_dict(item) for item in data["check_first"]) == case.first
    assert data["protocol"] == report_case.PROTOCOL
    assert data["versions"] == report_case.VERSIONS
    assert data["digests"] == report_case.DIGESTS


def test_page_and_file_say_the_same(written, page):
    data = json.loads(written)
    bottom = page.section("bottom-line").text
    for line in data["bottom_lines"]:
        for text in (line["withheld"], line["closing"], *(s["text"] for s in line["sentences"])):
            assert text in bottom
    why = page.section("why").text
    assert data["why"]
    assert all(text in why for text in data["why"])


def test_each_sentence_names_the_certainty_whose_words_it_uses(written):
    data = json.loads(written)
    judged = {(c["analysis_id"], c["stratum"]): c["level"] for c in data["certainty"]}
    told = [(line["analysis_id"], s["stratum"], s["level"]) for line in data["bottom_lines"] for s in line["sentences"]]
    assert told
    assert all(judged[analysis, stratum] == level for analysis, stratum, level in told)


def test_same_results_same_bytes(case, written):
    assert results.render(case.report()) == written


def test_the_report_needs_no_statistics_and_no_drawing():
    code = (
        "import sys; import metaan.report.assemble, metaan.report.html, metaan.report.results; "
        "print(sorted({'numpy', 'scipy', 'pandas', 'matplotlib', 'jsonschema', 'openpyxl'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
