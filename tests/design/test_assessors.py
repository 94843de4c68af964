"""Two assessors: judgements compared as the tool's rules or the people have them, coefficients worked out by hand."""

import json

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import small_review
from metaan.cli import main
from metaan.design.appraise import Facts, appraise
from metaan.design.assessors import agreed, assessors
from metaan.design.tool import tool
from metaan.files import write_atomically
from metaan.terms import resources
from metaan.workbook.extractors.align import align
from metaan.workbook.read import Row, read_workbook
from metaan.workbook.template import workbook_bytes

PROTOCOL = small_review.protocol()
ROB_2 = tool("rob-2")


def judged(*rows):
    """Return RoB 2 as one person filled it, nothing proposed."""
    typed = [Row("x", "Quality", i, {"tool": "rob-2", **row}, {}) for i, row in enumerate(rows, 2)]
    design = Row("x", "Design", 2, {"design_id": "d", "study_id": "s"}, {})
    return appraise(ROB_2, typed, Facts(design=design, study=None, report=None, conditions={}))


def first(pairs):
    """Return agreement on the first domain, from judgements of it in pairs."""
    both = [tuple(judged({"domain": "D1", "judgement": each}) if each else None for each in pair) for pair in pairs]
    return agreed(both)[0]


TWENTY = (
    *[("low", "low")] * 9,
    *[("low", "some")] * 2,
    *[("some", "low")],
    *[("some", "some")] * 4,
    *[("some", "high")],
    *[("high", "some")],
    *[("high", "high")] * 2,
)


def test_judgements_of_twenty_results_by_hand():
    found = first(TWENTY)
    assert (found.tool, found.domain, found.label) == ("rob-2", "D1", ROB_2.domains[0].label)
    share = found.judgements
    assert (share.n, share.agree, share.missing) == (20, 15, 0)
    # margins of A: low 11, some 6, high 3; of B: low 10, some 7, high 3; kappa (0.75 - 161/400) / (1 - 161/400)
    assert share.kappa.value == pytest.approx((0.75 - 161 / 400) / (1 - 161 / 400), abs=1e-12)
    assert share.kappa.value == pytest.approx(0.58159, abs=5e-6)
    # shares of both: low 21/40, some 13/40, high 6/40; chance for AC1 0.59625 / (3 - 1)
    assert share.ac1.value == pytest.approx((0.75 - 0.298125) / (1 - 0.298125), abs=1e-12)
    assert share.ac1.value == pytest.approx(0.64381, abs=5e-6)
    # five pairs one step apart; by chance (11 * 7 + 6 * 10 + 6 * 3 + 3 * 7) / 400 one step and (11 * 3 + 3 * 10) two
    assert share.weighted.value == pytest.approx(1 - (5 / 20) / ((176 + 4 * 63) / 400), abs=1e-12)
    for each in (share.kappa, share.ac1):
        assert each.low < each.value < each.high
    assert share.interval == pytest.approx((0.5313, 0.8881), abs=5e-5)  # Wilson's formula for 15 of 20


def test_below_ten_pairs_only_the_share_is_given():
    share = first(TWENTY[:9]).judgements
    assert (share.n, share.agree, share.kappa, share.ac1, share.weighted) == (9, 9, None, None, None)
    assert first(TWENTY[:10]).judgements.ac1 is not None


def test_answers_are_pooled_over_the_questions_of_a_domain():
    def pair(one, two):
        return tuple(judged(*({"domain": "D1", "item": k, "answer": a} for k, a in each)) for each in (one, two))

    first_question = [("Y", "Y")] * 4 + [("Y", "N"), ("N", "N")]
    second_question = [("Y", "Y")] * 3 + [("N", "N")] * 3
    pairs = [
        pair((("1.1", a), ("1.2", c)), (("1.1", b), ("1.2", d)))
        for (a, b), (c, d) in zip(first_question, second_question, strict=True)
    ]
    share = agreed(pairs)[0].answers
    assert (share.n, share.agree, share.missing) == (12, 11, 0)
    # observed 5/6 and 1; chance for kappa 22/36 and 1/2: (11/12 - 5/9) / (4/9)
    assert share.kappa.value == pytest.approx(0.8125, abs=1e-12)
    # chance for AC1, five answers: 0.375/4 and 0.5/4: (11/12 - 0.109375) / (1 - 0.109375)
    assert share.ac1.value == pytest.approx((11 / 12 - 0.109375) / 0.890625, abs=1e-12)
    assert "low" not in share.to_dict()["kappa"]


def test_a_judgement_is_compared_as_the_rules_of_the_tool_derive_it():
    answered = (("1.1", "Y"), ("1.2", "PY"), ("1.3", "N"))
    rows = ({"domain": "D1", "item": item, "answer": text} for item, text in answered)
    (found,) = agreed([(judged(*rows), judged({"domain": "D1", "judgement": "low"}))])
    assert (found.judgements.n, found.judgements.agree) == (1, 1)
    assert (found.answers.n, found.answers.missing) == (0, 3)
    assert "low" not in found.answers.to_dict()


def test_one_assessor_alone_counts_as_missing():
    found = first([("low", ""), ("low", "low")])
    assert (found.judgements.n, found.judgements.missing) == (1, 1)
    assert agreed([(None, None)]) == ()


@given(st.lists(st.tuples(*[st.sampled_from(["low", "some", "high"])] * 2), min_size=1, max_size=25))
def test_who_is_a_and_who_is_b_makes_no_difference(pairs):
    one, two = first(pairs).judgements, first([(b, a) for a, b in pairs]).judgements
    assert (one.n, one.agree, one.interval) == (two.n, two.agree, two.interval)
    for name in ("kappa", "weighted", "ac1"):
        here, there = getattr(one, name), getattr(two, name)
        assert (here is None) == (there is None)
        if here is not None and here.defined:
            assert (here.value, here.low) == pytest.approx((there.value, there.low), abs=1e-12)


def write(path, role, rows, rename=False):
    sheets = small_review.rows()
    next(each for each in sheets["Review"] if each["key"] == "workbook_role")["value"] = role
    sheets["Review"].append({"key": "extractor", "value": {"A": "JD", "B": "AB"}[role]})
    if rename:
        for sheet in ("Design", "Effects"):
            for each in sheets[sheet]:
                each["design_id"] = f"{each['design_id']}-mine"
    sheets["Quality"] = [dict(row) for row in rows]
    write_atomically(path, workbook_bytes(PROTOCOL, sheets))
    return read_workbook(path, PROTOCOL.layout)


def of_trial(tail="", **domains):
    return [
        {"design_id": f"Frey2006-tr{tail}", "tool": "RoB 2", "domain": domain, "judgement": text}
        for domain, text in domains.items()
    ]


def test_comparisons_are_brought_together_whatever_they_are_called(tmp_path):
    a = write(tmp_path / "A.xlsx", "A", of_trial(D1="low", D2="some", D3="low"))
    b = write(tmp_path / "B.xlsx", "B", of_trial("-mine", D1="low", D2="high", overall="high"), rename=True)
    found = {each.domain: each.judgements for each in assessors(a, b, align(a, b, PROTOCOL.layout), PROTOCOL)}
    counts = {domain: (share.n, share.agree, share.missing) for domain, share in found.items()}
    assert counts == {"D1": (1, 1, 0), "D2": (1, 0, 0), "D3": (0, 0, 1), "overall": (0, 0, 1)}


def test_compare_prints_it_and_the_record_holds_it(tmp_path):
    small_review.write(tmp_path)
    (tmp_path / "extraction.xlsx").unlink()
    write(tmp_path / "A.xlsx", "A", of_trial(D1="low", D2="some"))
    write(tmp_path / "B.xlsx", "B", of_trial(D1="low", D2="high"))
    done = CliRunner().invoke(main, ["compare", str(tmp_path / "A.xlsx"), str(tmp_path / "B.xlsx")])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("rob-2: Randomisation")]
    assert line.split()[2:] == ["1", "100", "%", "21", "to", "100"]
    record = json.loads((tmp_path / "agreement.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, resources.schema("agreement"))
    assert [(each["domain"], each["judgements"]["agree"]) for each in record["quality"]] == [
        *(("D1", 1), ("D2", 0), ("overall", 0))
    ]


def test_a_row_that_cannot_be_read_refuses_both_workbooks(tmp_path):
    small_review.write(tmp_path)
    (tmp_path / "extraction.xlsx").unlink()
    write(tmp_path / "A.xlsx", "A", of_trial(D1="low"))
    write(tmp_path / "B.xlsx", "B", of_trial(D1="serious"))
    done = CliRunner().invoke(main, ["compare", str(tmp_path / "A.xlsx"), str(tmp_path / "B.xlsx")])
    assert done.exit_code == 2
    assert '"serious", which is no judgement of RoB 2' in done.output
