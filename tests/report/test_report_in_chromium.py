"""The page in a browser: nothing wider than the screen, nothing fetched, and what its script does."""

import pytest

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(source, encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [320, 380, 768, 1280])
def test_nothing_is_wider_than_the_screen_and_nothing_is_fetched(tab, file, width):
    tab.open(file, width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.requests() == [file.resolve().as_uri()]
    assert tab.complaints() == []


def test_a_link_opens_what_folds_its_target_away(tab, file):
    tab.open(file, 1280)
    box = "document.getElementById('rows-nowhere')"
    assert tab.evaluate(f"{box}.open") is False
    tab.evaluate("location.hash = '#nowhere-table'")
    tab.evaluate("dispatchEvent(new HashChangeEvent('hashchange'))")  # the browser's own may come later
    assert tab.evaluate(f"{box}.open") is True


def test_a_table_sorts_by_the_column_whose_head_is_pressed(tab, file):
    tab.open(file, 1280)
    years = "[...document.querySelectorAll('#studies-table tbody tr')].map(r => Number(r.cells[1].textContent))"
    press = "document.querySelectorAll('#studies-table thead button')[1].click()"
    before = tab.evaluate(years)
    tab.evaluate(press)
    assert tab.evaluate(years) == sorted(before) != before
    tab.evaluate(press)
    assert tab.evaluate(years) == sorted(before, reverse=True)
    state = "document.querySelectorAll('#studies-table thead th')[1].getAttribute('aria-sort')"
    assert tab.evaluate(state) == "descending"


def test_sorting_keeps_designs_apart(tab, file):
    tab.open(file, 1280)
    tab.evaluate("document.querySelectorAll('#analysis-activity-data thead button')[6].click()")
    groups = "[...document.querySelectorAll('#analysis-activity-data tbody')].map(b => b.rows.length)"
    assert tab.evaluate(groups) == [4, 3]
    first = "[...document.querySelectorAll('#analysis-activity-data tbody')].every(b => b.rows[0].matches('.group'))"
    assert tab.evaluate(first) is True


def test_print_shows_what_is_folded_away(tab, file):
    tab.open(file, 1280)
    closed = "document.querySelectorAll('details:not([open])').length"
    before = tab.evaluate(closed)
    assert before > 0
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(closed) == 0
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(closed) == before


def test_a_figure_is_shown_once_in_the_width_of_the_screen(tab, file):
    shown = "[...document.querySelectorAll('figure svg[role=img]')].map(e => e.getBoundingClientRect().width > 0)"
    tab.open(file, 1280)
    assert tab.evaluate(shown) == [True, False] * 4
    tab.open(file, 380)
    assert tab.evaluate(shown) == [False, True] * 4
