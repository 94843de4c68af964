"""Measured widths and broken lines."""

from hypothesis import given
from hypothesis import strategies as st

from metaan.figures.style import SLACK
from metaan.figures.text import width, wrap

words = st.text(st.sampled_from("abcXYZ0123456789.-/()é²− "), max_size=80)


def test_width_agrees_with_the_outline_of_the_text():
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    for bold in (False, True):
        properties = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
        text = "Hirayama 1984: 1.45 (1.02 to 2.08)"
        box = TextPath((0, 0), text, size=100, prop=properties).get_extents()
        # side bearings of first and last letter: a few hundredths of the size
        assert abs(width(text, 100, bold=bold) / SLACK - (box.x1 + box.x0)) < 12


def test_width_grows_in_proportion_to_size():
    assert width("0.98 (0.35 to 1.62)", 20) == 2 * width("0.98 (0.35 to 1.62)", 10)


def test_digits_are_tabular():
    assert len({width(digit, 10) for digit in "0123456789"}) == 1


@given(words, st.floats(12, 200))
def test_wrapped_lines_lose_nothing_and_fit(text, limit):
    lines = wrap(text, 10, limit)
    assert lines
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line, 10) <= limit or len(line) == 1 for line in lines)


def test_lines_break_at_spaces_first_then_inside_words():
    assert wrap("one two three", 10, width("one two", 10)) == ("one two", "three")
    assert wrap("Heuvel-Eibrink", 10, width("Heuvel-Eib", 10)) == ("Heuvel-", "Eibrink")


def test_sign_stays_with_its_number():
    assert wrap("I² 62 %", 10, width("I² 62 ", 10)) == ("I²", "62 %")
    assert wrap("df 2, P = 0.03", 10, width("df 2, P =", 10)) == ("df 2,", "P = 0.03")
