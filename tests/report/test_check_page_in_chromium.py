"""The page of the checks in a browser: it fits the screen, it fetches nothing, and its filter hides what it should."""

import pytest
from test_check_page import checked, source  # noqa: F401 - fixtures

pytestmark = pytest.mark.chromium

VISIBLE = "[...document.querySelectorAll('div.found')].filter(e => !e.hidden).map(e => e.dataset.id)"


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):  # noqa: F811
    path = tmp_path_factory.mktemp("page") / "check.html"
    path.write_text(source, encoding="utf-8")
    return path


def choose(tab, **fields):
    """Set fields of the form as a reader does."""
    for name, value in fields.items():
        if name == "check":
            tab.evaluate(f"document.forms[0].elements.check.value = {value!r}")
        else:
            box = f"document.querySelector('input[value={name}]')"
            tab.evaluate(f"{box}.checked = {str(value).lower()}")
    tab.evaluate("document.forms[0].dispatchEvent(new Event('input', {bubbles: true}))")


@pytest.mark.parametrize("width", [320, 380, 768, 1280])
def test_nothing_is_wider_than_the_screen_and_nothing_is_fetched(tab, file, width):
    tab.open(file, width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.requests() == [file.resolve().as_uri()]
    assert tab.complaints() == []


def test_levels_can_be_hidden_with_the_headings_that_are_left_empty(tab, file):
    tab.open(file, 1280)
    before = tab.evaluate(VISIBLE)
    assert {"WORD", "B01", "B02", "SOURCE"} <= set(before)
    choose(tab, E="false", N="false")
    assert set(tab.evaluate(VISIBLE)) == {"B02"}
    empty = "[...document.querySelectorAll('section.part')].filter(e => e.checkVisibility()).length"
    assert tab.evaluate(empty) == 1
    assert "1 of " in tab.evaluate("document.querySelector('output').textContent")
    choose(tab, E="true", N="true")
    assert tab.evaluate(VISIBLE) == before
    assert tab.evaluate("document.querySelector('output').textContent") == ""


def test_one_check_can_be_chosen_and_is_unfolded(tab, file):
    tab.open(file, 1280)
    choose(tab, check="SOURCE")
    assert set(tab.evaluate(VISIBLE)) == {"SOURCE"}
    assert tab.evaluate("document.querySelector('div.found:not([hidden])').checkVisibility()") is True


def test_print_shows_what_is_folded_away(tab, file):
    tab.open(file, 1280)
    closed = "document.querySelectorAll('main details:not([open])').length"
    assert tab.evaluate(closed) > 0
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(closed) == 0
