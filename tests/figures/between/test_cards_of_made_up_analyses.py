"""Every card of analyses with few or many studies, equal effects, hardly any information, odd labels and years."""

import re

from boxes import collisions, outside
from hypothesis import example, given, settings

from between_made_up import EQUAL_EFFECTS, FAR_APART, MADE_UP
from metaan.figures.between.cards import FIGURES, cards
from metaan.robustness.between.gather import between_designs

#: what a number that is none, or one with an exponent, leaves in a text
NO_WORDS = re.compile(r"\b(nan|inf|infinity)\b|\d+e[+-]?\d+", re.IGNORECASE)


@settings(max_examples=12, deadline=None)
@given(MADE_UP)
@example(EQUAL_EFFECTS)
@example(FAR_APART)
def test_no_text_overlaps_leaves_the_card_or_holds_what_is_no_number(made_up):
    where = made_up.given()
    found, _ = between_designs(where)
    drawn = cards(found, where.analysis)
    assert list(drawn) == list(found.done())
    for name, layout in drawn.items():
        assert outside(layout) == [], name
        assert collisions(layout) == [], name
        reading = FIGURES[name].reading(found.done()[name], where.analysis)
        texts = [*(text.text for text in layout.texts), layout.description, reading]
        assert [words for words in texts if NO_WORDS.search(words)] == [], name
