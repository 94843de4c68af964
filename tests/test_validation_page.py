"""docs/validation.md says what the comparisons with R found."""

import importlib.util
from pathlib import Path

import oracle

ROOT = Path(__file__).parents[1]


def table():
    spec = importlib.util.spec_from_file_location("validation_table", ROOT / "validation" / "table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_lists_every_comparison_with_its_count():
    made = table()
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    stale = []
    for each in oracle.everything():
        if not each.done:
            each.measure()
        line = "| " + " | ".join(made.row(each)) + " | "
        found = next((text for text in page.splitlines() if text.startswith(line)), None)
        if found is None:
            stale.append(line)
    assert not stale, "run `make validation`; not on the page:\n" + "\n".join(stale)


def test_the_page_has_no_line_too_many():
    made = table()
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    lines = [text for text in page.splitlines() if text.startswith("| ") and not text.startswith(("| method", "| ---"))]
    assert len(lines) == len(oracle.everything())
    assert f"{sum(each.compared for each in oracle.everything()):,} figures compared, 0 outside" in page
    assert made.power(3e-12) == "1e-11"


def test_at_least_ten_thousand_figures_are_compared():
    done = oracle.everything()
    for each in done:
        if not each.done:
            each.measure()
    assert sum(each.compared for each in done) >= 10_000
    assert [text for each in done for text in each.outside] == []
