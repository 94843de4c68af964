"""Every method between designs at once: what is done and what is not, and what is kept of it."""

import dataclasses
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings

from between_cases import DATA, bundled, made, synthesis
from between_made_up import EQUAL_EFFECTS, FAR_APART, MADE_UP
from metaan.figures.between.cards import FIGURES
from metaan.robustness.between import gather
from metaan.robustness.between.gather import METHODS, NO_NUMBERS, BetweenDesigns, between_designs
from metaan.robustness.between.multiverse import COLUMNS
from metaan.terms.believed import LEFT_OUT
from metaan.terms.record import Interval, Record
from metaan.workbook.protocol import read_protocol

ORDER = (
    *("ladder", "meaningful", "ceilings", "confounding", "bias", "discount", "prior", "dilution", "misclassified"),
    *("shifts", "information", "value", "multiverse", "accuracy", "replicability"),
)
REVIEWS = [
    (review, plan.id)
    for review in ("passive-smoking", "nk-cells")
    for plan in read_protocol(DATA / review / "protocol.yaml").analyses
]
WORDS_OF_NUMBERS = re.compile(r"\b(nan|inf|infinity)\b|\d+e[+-]?\d+", re.IGNORECASE)


def plain(found):
    return json.loads(json.dumps(found.to_dict(), allow_nan=False))


def test_methods_stand_in_the_order_in_which_they_are_shown_each_with_its_field_and_its_figure():
    fields = [field.name for field in dataclasses.fields(BetweenDesigns)]
    assert tuple(METHODS) == ORDER
    assert tuple(FIGURES) == ORDER
    assert fields == ["analysis_id", *ORDER, "not_done"]


def test_the_schema_of_the_protocol_knows_every_method():
    schema = json.loads((DATA.parent / "src/metaan/schemas/protocol.schema.json").read_text(encoding="utf-8"))
    between = schema["$defs"]["between"]["properties"]
    assert set(between) == {"leave_out", *ORDER}
    assert between["leave_out"]["items"]["enum"] == list(ORDER)


@pytest.mark.parametrize(("review", "analysis"), REVIEWS)
def test_bundled_reviews_give_a_result_or_a_reason_for_every_method_and_read_back(review, analysis):
    where = bundled(review, analysis)
    found, rows = between_designs(where)
    assert found.analysis_id == analysis
    assert set(found.done()).isdisjoint(found.not_done)
    assert [name for name in ORDER if name in found.done() or name in found.not_done] == list(ORDER)
    assert list(found.not_done) == [name for name in ORDER if name in found.not_done]
    assert BetweenDesigns.from_dict(plain(found)).to_dict() == found.to_dict()
    assert bool(rows) == (found.multiverse is not None)
    assert all(tuple(row) == COLUMNS for row in rows)


def test_passive_smoking_does_what_its_data_allow():
    found, rows = between_designs(bundled("passive-smoking", "lung-cancer"))
    assert set(found.not_done) == {"dilution", "misclassified", "shifts", "accuracy"}
    assert len(rows) >= 1000


def differing(one, other, at=""):
    """Places at which two records differ; no number is equal to no number, and a list to a tuple is not."""
    if isinstance(one, Record) and type(one) is type(other):
        return [
            p
            for f in dataclasses.fields(one)
            for p in differing(getattr(one, f.name), getattr(other, f.name), f"{at}.{f.name}")
        ]
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return [p for i, pair in enumerate(zip(one, other, strict=True)) for p in differing(*pair, f"{at}[{i}]")]
    return [] if type(one) is type(other) and (one == other or (one != one and other != other)) else [at]


@pytest.mark.parametrize(("review", "analysis"), REVIEWS)
def test_what_is_read_back_is_what_was_written_value_by_value(review, analysis):
    found, _ = between_designs(bundled(review, analysis))
    assert differing(found, BetweenDesigns.from_dict(plain(found))) == []


def test_infinities_and_what_is_not_known_are_read_back():
    where = made(synthesis("prospective", [0.2], [0.04]), synthesis("case_control", [0.5, 0.5, 0.5], [1e-8, 0.1, 4.0]))
    found, _ = between_designs(where)
    curve = found.discount.curves[0]
    endless = dataclasses.replace(curve, low=(-np.inf, *curve.low[1:]), high=(np.inf, *curve.high[1:]), by_grade=None)
    found = dataclasses.replace(found, discount=dataclasses.replace(found.discount, curves=(endless,)), bias=None)
    again = BetweenDesigns.from_dict(plain(found))
    assert again.discount.curves[0].low[0] == -np.inf
    assert again.discount.curves[0].high[0] == np.inf
    assert again.discount.curves[0].by_grade is None
    assert again.bias is None
    assert differing(found, again) == []


@settings(max_examples=12, deadline=None)
@given(MADE_UP)
@example(EQUAL_EFFECTS)
@example(FAR_APART)
def test_made_up_analyses_give_a_result_or_a_reason_for_every_method(made_up):
    where = made_up.given()
    found, _ = between_designs(where)
    assert NO_NUMBERS not in found.not_done.values()
    assert [name for name in ORDER if name in found.done() or name in found.not_done] == list(ORDER)
    assert differing(found, BetweenDesigns.from_dict(plain(found))) == []
    for reason in found.not_done.values():
        assert reason
        assert not reason.endswith(".")
        assert not WORDS_OF_NUMBERS.search(reason)
    assert all(one_sentence(result.assumption) for result in found.done().values())


def one_sentence(assumption):
    return bool(assumption.strip()) and not re.search(r"[.!?](\s|$)", assumption.removesuffix("."))


@pytest.mark.parametrize(("review", "analysis"), REVIEWS)
def test_every_result_states_what_it_assumes_in_one_sentence_that_stands_on_its_card(review, analysis):
    where = bundled(review, analysis)
    found, _ = between_designs(where)
    for name, result in found.done().items():
        assert one_sentence(result.assumption), name
        words = " ".join(
            text.text for text in FIGURES[name].lay_out(result, where.analysis).texts if text.role == "note"
        )
        foot = words.partition("Sensitivity analysis. ")[2]
        assert foot.rstrip(".").casefold() == result.assumption.rstrip(".").casefold(), name


def two(**how):
    return made(
        synthesis("prospective", [0.1, 0.2, 0.4], [0.02, 0.05, 0.04]),
        synthesis("case_control", [0.5, 0.9, 0.7], [0.03, 0.05, 0.02]),
        **how,
    )


def test_a_method_left_out_by_review_or_analysis_is_not_run(monkeypatch):
    monkeypatch.setattr(gather, "METHODS", {**METHODS, "ceilings": None, "bias": None})  # would fail if called
    found, _ = between_designs(two(settings={"leave_out": ["ceilings"]}, for_analysis={"leave_out": ["bias"]}))
    assert (found.not_done["ceilings"], found.not_done["bias"]) == (LEFT_OUT, LEFT_OUT)
    assert "ceilings" not in found.done()
    assert "ladder" in found.done()


def test_the_multiverse_left_out_leaves_no_table():
    found, rows = between_designs(two(settings={"leave_out": ["multiverse"]}))
    assert found.not_done["multiverse"] == LEFT_OUT
    assert rows == []


def test_settings_of_the_analysis_stand_over_those_of_the_review_key_by_key():
    review = {"ceilings": {"shares": [0.1, 0.3]}, "bias": {"between": 0.5, "quality": {"D": 0.3}}}
    found, _ = between_designs(
        two(settings=review, for_analysis={"ceilings": {"shares": [0.2]}, "bias": {"between": 0.0}})
    )
    assert two(settings=review, for_analysis={"bias": {"between": 0.0}}).settings("bias") == {
        "between": 0.0,
        "quality": {"D": 0.3},
    }
    assert found.bias.settings["between"] == 0.0
    assert found.bias.settings["quality D"] == 0.3
    assert [fit.ceiling for fit in found.ceilings.strata[0].fits] == [0.0, 0.2]


@pytest.mark.parametrize(
    "problem", [ZeroDivisionError("x"), OverflowError("x"), ValueError("nan"), np.linalg.LinAlgError("x")]
)
@pytest.mark.parametrize("method", ["discount", "multiverse"])
def test_numbers_on_which_a_method_breaks_down_give_a_reason_and_a_warning(monkeypatch, method, problem):
    def breaks(given):
        raise problem

    monkeypatch.setattr(gather, "METHODS", {**METHODS, method: breaks})
    monkeypatch.setattr(gather, "multiverse", SimpleNamespace(with_table=breaks))
    with pytest.warns(RuntimeWarning, match=f"tea-headache, {method}: {type(problem).__name__}"):
        found, rows = between_designs(two(settings={"leave_out": [] if method == "multiverse" else ["multiverse"]}))
    assert found.not_done[method] == NO_NUMBERS
    assert rows == []
    assert "ladder" in found.done()


@pytest.mark.parametrize("problem", [TypeError, KeyError, AttributeError, IndexError, AssertionError])
def test_faults_of_the_program_are_not_taken_for_extreme_numbers(monkeypatch, problem):
    def breaks(given):
        raise problem

    monkeypatch.setattr(gather, "METHODS", {**METHODS, "discount": breaks})
    with pytest.raises(problem):
        between_designs(two())


def test_records_hold_intervals_of_two_ends():
    found, _ = between_designs(two())

    def held(value):
        if isinstance(value, Interval):
            yield value
        elif isinstance(value, Record):
            for field in dataclasses.fields(value):
                yield from held(getattr(value, field.name))
        elif isinstance(value, tuple):
            for item in value:
                yield from held(item)

    intervals = list(held(found))
    assert len(intervals) > 20
    assert all(one.low <= one.high for one in intervals)
