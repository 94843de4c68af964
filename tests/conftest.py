"""What every test shares: programs that may be missing, and quiet property tests.

Tests marked `chromium` or `libreoffice` skip, with the reason, where that program is not installed; a test may ask for
another one with the fixture `need`. Where METAAN_REQUIRE_ALL is set, a test that would skip fails instead.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

# marker -> names the program may have; one line is all that a further marker needs (and its line in pyproject.toml)
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "libreoffice": ("soffice", "libreoffice"),
}

hypothesis.settings.register_profile("metaan", deadline=None, derandomize=bool(os.environ.get("METAAN_REQUIRE_ALL")))
hypothesis.settings.load_profile("metaan")


def _find(program: str) -> str | None:
    """Return the path of a program under any of its names."""
    return next((path for name in PROGRAMS.get(program, (program,)) if (path := shutil.which(name))), None)


def _missing(program: str) -> str:
    return f"needs {program}, which is not installed"


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """Return a function that gives the path of a program, or skips the test where it is missing."""

    def path_of(program: str) -> str:
        path = _find(program)
        if path is None:
            raise pytest.skip.Exception(_missing(program))
        return path

    return path_of


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests of one file in one process, and all that share what `oracle` has measured."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            shared = test.startswith("test_figures") or file.endswith("test_validation_page.py")
            return "reference figures" if shared else file

    return Scheduler(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip marked tests whose program is missing."""
    for program in PROGRAMS:
        if _find(program) is None:
            for item in items:
                if item.get_closest_marker(program):
                    item.add_marker(pytest.mark.skip(reason=_missing(program)))


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("METAAN_REQUIRE_ALL") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nMETAAN_REQUIRE_ALL is set: nothing may be skipped."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Do the same for a whole file that skips itself."""
    report = yield
    _fail_if_skipped(report)
    return report


def _figures() -> tuple[int, int]:
    """Return how many figures this process compared, and how many lay outside their tolerance."""
    oracle = sys.modules.get("oracle")  # only where a test compared
    done = [each for each in oracle.REGISTRY if each.done] if oracle else []
    return sum(each.compared for each in done), sum(len(each.outside) for each in done)


_of_workers: list[tuple[int, int]] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts from a worker to the process that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = _figures()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the counts of a worker."""
    _of_workers.append(getattr(node, "workeroutput", {}).get("figures", (0, 0)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many figures of R were compared."""
    compared, outside = (sum(counts) for counts in zip(_figures(), *_of_workers, strict=True))
    if compared:
        terminalreporter.write_line(f"reference figures compared: {compared:,}, outside tolerance: {outside:,}")
