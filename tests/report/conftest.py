import pytest
import report_case
from report_page import Page

from browser import browser
from metaan.report import html


@pytest.fixture(scope="module")
def tab(need, tmp_path_factory):
    with browser(need("chromium"), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def case(tmp_path_factory):
    return report_case.build(tmp_path_factory.mktemp("review"))


@pytest.fixture(scope="session")
def report(case):
    return case.report()


@pytest.fixture(scope="session")
def source(report):
    return html.render(report)


@pytest.fixture(scope="session")
def page(source):
    return Page(source)
