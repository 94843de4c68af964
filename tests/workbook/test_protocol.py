from copy import deepcopy

import pytest

import small_review
from metaan.terms.finding import BadInput
from metaan.workbook.protocol import parse_protocol, read_protocol


def refused(change):
    data = deepcopy(small_review.PROTOCOL)
    change(data)
    with pytest.raises(BadInput) as caught:
        parse_protocol(data, "data/tea/protocol.yaml", "tea")
    return caught.value.findings


def test_defaults_are_filled_in():
    protocol = small_review.protocol()
    plan = protocol.analysis("tea-headache")
    assert plan.model == {"tau2": "REML", "interval": "mKH", "prediction": "same"}
    assert (protocol.level, protocol.thresholds["ratio"]) == (0.95, 1.25)
    assert [stratum.measure for stratum in plan.strata] == ["OR", "OR"]
    assert plan.sensitivity[0].model == {"tau2": "DL", "interval": "Wald"}


def test_an_unknown_key_is_refused_with_the_nearest_known_one():
    (finding,) = refused(lambda data: data["analyses"][0].update(mesure="OR"))
    assert finding.subject == "analyses > tea-headache"
    assert "'mesure'" in finding.found
    assert finding.to_fix == "did you mean 'measure'?"


def test_every_fault_is_named_at_once():
    def change(data):
        del data["question"]
        data["analyses"][0]["measure"] = "ORs"
        data["analyses"][1]["strata"][0]["stratum"] = "trials"

    found = {finding.found: finding.to_fix for finding in refused(change)}
    assert "no key 'question'" in found
    assert found["'ORs'"] == "did you mean 'OR'?"
    assert found["'trials'"] == "did you mean 'trial'?"


@pytest.mark.parametrize(
    ("change", "found", "fix"),
    [
        (lambda d: d["analyses"][0]["include"].update(outcom=["x"]), "'outcom'", "did you mean 'outcome'?"),
        (lambda d: d["analyses"][0]["include"].update(outcome=["hedache"]), "'hedache'", "did you mean 'headache'?"),
        (lambda d: d["analyses"][1].update(id="tea-headache"), "this id is given twice", "rename one of them"),
        (lambda d: d["analyses"][0].pop("measure"), "no measure", "add the line  measure: ..."),
        (lambda d: d["required_confounders"].update(default=["aeg"]), "'aeg'", "did you mean 'age'?"),
        (lambda d: d["analyses"][0].update(sensitivity=["Dl"]), "'Dl'", "did you mean 'DL'?"),
        (
            lambda d: d["analyses"][0].update(sensitivity=[{"label": "x", "why": "y", "witout": ["a"]}]),
            "unknown key 'witout'",
            "did you mean 'without'?",
        ),
        (
            lambda d: d["analyses"][0]["strata"].append({"stratum": "prospective"}),
            "a stratum is given twice",
            "join them",
        ),
    ],
)
def test_what_a_schema_cannot_say(change, found, fix):
    (finding, *_) = refused(change)
    assert (finding.found, finding.to_fix) == (found, fix)


def test_yes_and_no_and_dates_stay_words(tmp_path):
    path = small_review.write(tmp_path / "tea").parent / "protocol.yaml"
    path.write_text(
        path.read_text().replace("'2026-01-01'", "2026-01-01").replace("registered: 'no'", "registered: no")
    )
    protocol = read_protocol(path)
    assert (protocol.as_of, protocol.registered, protocol.review) == ("2026-01-01", "no", "tea")


@pytest.mark.parametrize(
    ("text", "words"),
    [("title: [", "line"), ("title: a\ntitle: b\n", "given twice"), (None, "no such file"), (b"\xff\xfe\x00", "UTF-8")],
)
def test_what_is_no_yaml_is_named_by_line(tmp_path, text, words):
    path = tmp_path / "protocol.yaml"
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text is not None:
        path.write_text(text)
    with pytest.raises(BadInput, match=words):
        read_protocol(path)


def test_the_protocol_a_new_review_starts_with_is_valid(tmp_path):
    from metaan.terms.resources import text

    path = tmp_path / "protocol.yaml"
    path.write_text(text("workbook", "new_protocol.yaml"))
    assert read_protocol(path).analyses[0].id == "main-question"
