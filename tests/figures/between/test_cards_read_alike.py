"""What all cards share: the measure over every plot, captions that are one sentence, words a clinician knows."""

import re

import pytest

from between_cases import bundled
from metaan.figures.between.cards import FIGURES, NAMES, cards
from metaan.figures.between.told import told
from metaan.robustness.between.gather import METHODS, between_designs
from metaan.terms.measures import MEASURES

CASES = [
    ("passive-smoking", "lung-cancer"),
    ("nk-cells", "blood-activity"),
    ("nk-cells", "blood-percent-rm"),
    ("nk-cells", "uterine-rm"),
    ("nk-cells", "uterine-rif"),
    ("nk-cells", "ivig"),
    ("nk-cells", "corticosteroids"),
    ("nk-cells", "g-csf"),
]


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def drawn(request):
    given = bundled(*request.param)
    found = between_designs(given)[0]
    return found, given.analysis, cards(found, given.analysis)


def test_every_method_has_a_figure_and_a_name():
    assert list(FIGURES) == list(METHODS)
    assert list(NAMES) == list(METHODS)


def test_every_plot_of_effects_says_its_measure(drawn):
    _, analysis, layouts = drawn
    labels = {MEASURES[s.measure].label.capitalize() for s in analysis.strata if s.k}
    for name, layout in layouts.items():
        said = {item.text.capitalize() for item in layout.of("measure")}
        assert said <= labels
        assert said or name == "accuracy", name


def test_captions_are_one_sentence_with_one_full_stop(drawn):
    found, analysis, _ = drawn
    for said in told(found, analysis).methods:
        for words in (said.reading, said.how, said.assumption):
            if not words:
                continue
            assert words[0].isupper() or not words[0].isalpha(), words
            assert words.endswith(".")
            assert not re.search(r"\.\.|,,|;;|\.;|,\.|;\.|: :|  |\(\)|nan|inf\b", words), words
            assert not re.search(r"(?<![\w–-])-\d", words), words


def test_counts_stand_with_the_right_number(drawn):
    found, analysis, layouts = drawn
    words = [said.reading for said in told(found, analysis).methods]
    words += [item.text for layout in layouts.values() for item in layout.texts]
    for said in words:
        assert not re.search(r"(?<![\d.])1 (studies|figures|others|analyses)\b", said), said
