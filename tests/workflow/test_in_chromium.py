"""The bundled reports as a reader sees them: wide, narrow, printed; nothing asked of any network."""

import subprocess

import pytest

from browser import browser

pytestmark = pytest.mark.chromium

REVIEWS = ("nk-cells", "passive-smoking")


@pytest.fixture(scope="module")
def page(need, tmp_path_factory):
    with browser(need("chromium"), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def report(bundled, name):
    return bundled / "results" / name / "report" / "report.html"


@pytest.mark.parametrize("name", REVIEWS)
@pytest.mark.parametrize("width", [320, 380, 768, 1280])
def test_nothing_is_wider_than_the_screen_and_nothing_is_fetched(page, bundled, name, width):
    page.open(report(bundled, name), width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.requests() == [report(bundled, name).resolve().as_uri()]
    assert page.complaints() == []


@pytest.mark.parametrize(("width", "shown", "hidden"), [(1280, "wide", "narrow"), (380, "narrow", "wide")])
def test_the_drawing_fits_the_screen(page, bundled, width, shown, hidden):
    page.open(report(bundled, "nk-cells"), width)
    visible = "[...document.querySelectorAll('svg.forest-{}')].map(e => e.getBoundingClientRect().width)"
    assert all(w > 250 for w in page.evaluate(visible.format(shown)))
    assert set(page.evaluate(visible.format(hidden))) == {0}


OVERLAPS = """
[...document.querySelectorAll('svg.forest-%s')].flatMap(svg => {
  const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  const out = [];
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, p] = boxes[i], [b, q] = boxes[j];
    const w = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const h = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (w > 1 && h > 0.35 * Math.min(p.height, q.height)) out.push(a + ' | ' + b);
  }
  return out;
})
"""


@pytest.mark.parametrize("name", REVIEWS)
@pytest.mark.parametrize(("width", "kind"), [(1280, "wide"), (380, "narrow")])
def test_no_two_texts_of_a_figure_lie_on_each_other(page, bundled, name, width, kind):
    page.open(report(bundled, name), width)
    assert page.evaluate(OVERLAPS % kind) == []


def test_every_link_within_the_page_leads_somewhere(page, bundled):
    page.open(report(bundled, "nk-cells"), 1280)
    lost = "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
    lost += ".filter(id => id && !document.getElementById(id))"
    assert page.evaluate(lost) == []


@pytest.mark.parametrize("name", REVIEWS)
def test_it_prints_to_pages_with_its_words(page, bundled, need, tmp_path, name):
    page.open(report(bundled, name), 1280)
    page.pdf(tmp_path / "report.pdf")
    done = subprocess.run(
        [need("pdftotext"), "-layout", str(tmp_path / "report.pdf"), "-"], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\f") >= 3
    title = page.evaluate("document.querySelector('h1').textContent").strip()
    assert " ".join(title.split()) in " ".join(done.stdout.split())
