"""GRIM, GRIMMER and DEBIT on the examples of their authors, and on data that exist."""

import statistics

import honest
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaan.checks.whole_numbers import decimal, spread_possible, sums, yes_no_possible


@pytest.mark.parametrize(
    ("mean", "n", "possible"),
    # 5.19 of 28 is the example of Brown and Heathers 2017, p 364
    [("5.19", 28, False), ("3.48", 20, False), ("3.86", 27, False), ("5.93", 49, False), ("3.45", 20, True)],
)
def test_grim(mean, n, possible):
    assert bool(sums(decimal(mean), n)) is possible


@pytest.mark.parametrize(("sd", "possible"), [("0.48", True), ("0.18", False)])
def test_debit(sd, possible):
    assert yes_no_possible(decimal("0.35"), decimal(sd), 40) is possible


ANSWERS = st.lists(st.integers(-20, 40), min_size=2, max_size=40)
DIGITS, ROUNDING = st.integers(1, 3), st.sampled_from(honest.ROUNDING)


@given(ANSWERS, st.integers(1, 4), DIGITS, DIGITS, ROUNDING)
def test_whole_numbers_that_exist_pass_however_they_are_rounded(answers, items, digits, more, rounding):
    people = [answer / items for answer in answers]
    mean = decimal(honest.fixed(sum(answers) / items / len(people), digits, rounding))
    sd = decimal(honest.fixed(statistics.stdev(answers) / items, more, rounding))
    assert sum(answers) in sums(mean, len(people) * items)
    assert spread_possible(sd, sum(answers), len(people), items)


@given(st.lists(st.integers(0, 1), min_size=2, max_size=60), DIGITS, DIGITS, ROUNDING)
def test_yes_no_answers_that_exist_pass(answers, digits, more, rounding):
    mean = decimal(honest.fixed(statistics.fmean(answers), digits, rounding))
    sd = decimal(honest.fixed(statistics.stdev(answers), more, rounding))
    assert yes_no_possible(mean, sd, len(answers))


@given(st.integers(2, 6), st.integers(0, 3), st.integers(1, 300))
def test_grimmer_refuses_nothing_that_one_of_all_samples_has(n, most, hundredths):
    sd = f"{hundredths / 100:.2f}"
    spreads = {}
    for sample in _samples(n, most):
        spreads.setdefault(sum(sample), set()).add(sum(x * x for x in sample))
    interval = decimal(sd)
    for total, squares in spreads.items():
        found = any(
            interval.low**2 * (n - 1) <= square - total * total / n <= interval.high**2 * (n - 1) for square in squares
        )
        if found:
            assert spread_possible(interval, total, n)


def _samples(n, most, smallest=0):
    if n == 0:
        yield ()
        return
    for first in range(smallest, most + 1):
        for rest in _samples(n - 1, most, first):
            yield (first, *rest)


def test_large_groups_of_yes_no_answers_are_looked_at_by_their_ends():
    assert yes_no_possible(decimal("0.5"), decimal("0.50"), 100_000)
    assert not yes_no_possible(decimal("0.5"), decimal("0.30"), 100_000)


WHOLE = {
    **{"form": "means", "items": "1", "spread_type": "sd", "n1": "31", "m1": "11.42", "sd1": "4.48"},
    **{"n2": "28", "m2": "10.00", "sd2": "3.03"},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"m1": "11.40"}, [("M01", "m1")]),
        ({"m1": "11.4"}, []),  # one decimal of 31 answers says nothing
        ({"items": "4", "m1": "11.40"}, []),  # 124 answers and two decimals: any mean will do
        ({"items": ""}, []),
        ({"items": "", "m1": "11.40"}, []),
        ({"items": "1.5", "m1": "11.40"}, []),
        ({"n1": "11", "m1": "10.73", "sd1": "2.41"}, []),
        ({"n1": "11", "m1": "10.73", "sd1": "2.47"}, [("M02", "sd1")]),
        ({"n1": "11", "m1": "10.73", "sd1": "0.73", "spread_type": "se", "sd2": "0.57"}, []),
    ],
)
def test_only_where_the_row_says_that_whole_numbers_were_averaged(changes, expected):
    assert honest.said({**WHOLE, **changes}) == expected


def test_the_message_says_which_size_would_fit():
    (finding,) = honest.findings({**WHOLE, "m1": "11.40"})
    assert "with 30 people it would fit" in finding.to_fix
    assert "353/31 = 11.3871 and 354/31 = 11.4194" in finding.found


def test_a_decimal_comma_is_read_exactly():
    cells = {key: text.replace(".", ",") for key, text in WHOLE.items()}
    assert honest.said({**cells, "m1": "11,40"}, "comma") == [("M01", "m1")]
    assert honest.said(cells, "comma") == []
