import math

from hypothesis import given
from hypothesis import strategies as st

from metaan.terms.finding import Finding, Level
from metaan.terms.origin import Origin
from metaan.terms.records import Effect, Interval, Sensitivity

NUMBERS = st.floats(allow_nan=False)


@given(NUMBERS, st.floats(min_value=0, allow_nan=False), st.lists(st.text()), st.booleans())
def test_an_effect_survives_plain_data(y, v, path, converted):
    effect = Effect(effect_id="x", measure="OR", y=y, v=v, path=tuple(path), converted=converted)
    assert Effect.from_dict(effect.to_dict()) == effect


def test_numbers_json_cannot_hold_survive():
    plain = Sensitivity(label="", why="", estimates=(), pooled=None, single=Interval(-math.inf, math.inf)).to_dict()
    assert plain["single"] == {"low": "-Inf", "high": "Inf"}
    assert plain["estimate"] is None
    back = Sensitivity.from_dict(plain)
    assert math.isnan(back.estimate)
    assert back.single == Interval(-math.inf, math.inf)


def test_a_finding_survives_plain_data():
    finding = Finding(
        id="B01",
        level=Level.ERROR,
        origin=Origin("a.xlsx", "Effects", "E7"),
        subject="Events",
        found="140",
        expected="less",
        to_fix="compare",
    )
    assert Finding.from_record(finding.record()) == finding
