"""The files around the code: lock, set-up, pages and house rules."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml

from metaan.terms import resources
from metaan.workbook.forms import FORMS
from metaan.workbook.layout import layout
from metaan.workbook.protocol import read_protocol

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_OURS = {".git", ".venv", ".snakemake", "results", "build", "dist", "__pycache__"}
#: Snakemake's notes, tool caches and the like, where the files are not listed by git
GENERATED = re.compile(r"(^|/)(\.[a-z_]+_cache|\.hypothesis|\.coverage|[^/]+\.egg-info)(/|$)")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def in_git(*paths):
    """Return the files git tracks; None where this is no clone."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return None
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.split("\0") if name] if listed.returncode == 0 else None


def text_files():
    """Yield every text file of the project: those git tracks, or all that are not generated."""
    names = in_git()
    if not names:
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        names = [p.as_posix() for p in found if not NOT_OURS & set(p.parts) and not GENERATED.search(p.as_posix())]
    for name in names:
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in data:
            yield name, data.decode("utf-8")


def lines_with(pattern, *, leave_out=()):
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in text_files()
        if name not in leave_out
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


# --- lock ---


def locked():
    """Return the requirements of the lock, each with its lines."""
    return re.split(r"\n(?=[a-zA-Z0-9])", read("requirements.lock").strip())


def test_every_package_in_the_lock_is_pinned_and_hashed():
    assert len(locked()) > 50
    for entry in locked():
        assert re.match(r"[a-z0-9.-]+==[^ ]+", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


def test_the_lock_holds_no_address():
    assert not re.search(r"://|index-url|find-links", read("requirements.lock"))


def test_the_lock_holds_every_dependency_within_its_range():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = {}
    for entry in locked():
        name, version = re.match(r"([a-z0-9.-]+)==([^ ]+)", entry).groups()
        pins.setdefault(canonicalize_name(name), []).append(version)
    asked = (
        PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"] + PROJECT["build-system"]["requires"]
    )
    for requirement in map(Requirement, asked):
        versions = pins.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement.name} is not in requirements.lock: make lock"
        assert all(requirement.specifier.contains(version) for version in versions), (requirement, versions)


# --- house rules ---


def test_no_machine_path_stands_in_any_file():
    assert lines_with(r"(^|[^A-Za-z.])/(work|root|home|Users)/") == []


def test_no_address_of_a_package_index_stands_in_any_file():
    assert lines_with(r"py[p]i[.]org|python[h]osted|index-url\s*=") == []


def test_nothing_is_left_open():
    assert lines_with(r"\bT[O]DO|\bFIX[M]E|raise NotImplemented[E]rror|pytest[.]skip[(]") == []


def test_results_and_locks_of_other_tools_are_not_tracked():
    tracked = in_git("results", "uv.lock")
    if tracked is None:  # an unpacked archive: what git would leave out is all there is to see
        ignored = read(".gitignore").split()
        assert {"results/*", "!results/README.md", "uv.lock"} <= set(ignored)
        return
    assert set(tracked) <= {"results/README.md"}


def test_imports_go_one_way():
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# --- set-up ---


def test_the_readme_names_both_commands_and_the_raw_steps_beside_them():
    commands = {line.strip() for line in read("README.md").splitlines() if line.startswith("    ")}
    assert {"make", "make test"} <= commands
    raw = "\n".join(sorted(commands))
    for step in (
        "-m venv .venv",
        "--require-hashes -r requirements.lock",
        "--no-deps",
        "snakemake",
        ".venv\\Scripts\\",
    ):
        assert step in raw


def test_ci_runs_the_commands_of_the_readme_with_nothing_skipped():
    lines = [line.strip() for line in read(".ci/run").splitlines()]
    assert {"make test", "make lint", "export METAAN_REQUIRE_ALL=1", "set -euo pipefail"} <= set(lines)
    assert lines.index("export METAAN_REQUIRE_ALL=1") < lines.index("make test")
    if os.name != "nt":
        assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_links_between_pages_lead_somewhere():
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md")]
    pages += [*(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    assert len(links) > 10
    assert [(str(page), target) for page, target in links if not (page.parent / target).exists()] == []


@pytest.fixture
def makefile(tmp_path):
    """A folder with nothing but the Makefile and what its stamp depends on."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(program, folder, *arguments):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_make_says_plainly_that_the_python_is_too_old(need, makefile):
    old = makefile / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    code, said = make(need("make"), makefile, f"PYTHON={old}")
    assert code != 0
    assert "3.11, 3.12 or 3.13" in said
    assert "is Python 3.9.2" in said
    assert not (makefile / ".venv").exists()


def test_make_says_plainly_that_there_is_no_python(need, makefile):
    code, said = make(need("make"), makefile, "PYTHON=no-such-python")
    assert code != 0
    assert "'no-such-python' is not there" in said
    assert "Traceback" not in said


def test_a_finished_set_up_is_not_repeated_and_a_moved_one_is(need, makefile):
    (makefile / ".venv").mkdir()
    stamp = makefile / ".venv" / ".installed"
    stamp.write_text(f"{makefile}\n")
    code, _ = make(need("make"), makefile, "--question", "setup")
    assert code == 0
    stamp.write_text("/somewhere/else\n")
    code, _ = make(need("make"), makefile, "--question", "setup")
    assert code == 1


@pytest.mark.parametrize(("all_required", "code"), [("", 0), ("1", 1)])
def test_what_would_skip_fails_where_everything_is_required(tmp_path, all_required, code):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    chromium: a browser\n")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n@pytest.mark.chromium\ndef test_browser():\n    pass\n\n"
        "def test_other(need):\n    need('no-such-program')\n\n"
        "@pytest.mark.xfail\ndef test_known():\n    assert False\n\n"
        "def test_plain():\n    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": str(tmp_path), "METAAN_REQUIRE_ALL": all_required},
    )
    assert done.returncode == code, done.stdout
    assert "needs chromium, which is not installed" in done.stdout
    assert "needs no-such-program, which is not installed" in done.stdout
    counts = "1 failed, 1 passed, 1 xfailed, 1 error" if all_required else "1 passed, 2 skipped, 1 xfailed"
    assert counts in done.stdout


# --- pages ---


def refresh():
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["protocol", "workbook", "python", "checks", "quality-tools"])
def test_what_is_made_on_a_page_is_current(page):
    text = read(f"docs/{page}.md")
    assert "<!-- made:" in text
    assert refresh().refreshed(text, f"{page}.md") == text, "run: make docs"


def test_the_page_of_checks_counts_every_case_of_the_zoo():
    """The zoo itself is run by tests/zoo; here the table must be the one of these cases."""
    table = re.search(r"<!-- made: zoo -->(.*?)<!-- end -->", read("docs/checks.md"), re.DOTALL)[1]
    rows = dict(re.findall(r"^\| \[?(\w+)\]?(?:\(#\w+\))? \| (\d+ \| \d+ \| \d+) \|$", table, re.MULTILINE))
    cases = Counter(
        yaml.safe_load(path.read_text(encoding="utf-8"))["id"] for path in (ROOT / "tests" / "zoo").glob("*.yaml")
    )
    expected = {check: f"{number} | {number} | 0" for check, number in cases.items()}
    total = sum(cases.values())
    assert rows == {**expected, "all": f"{total} | {total} | 0"}, "run: make docs"


def keys_of(schema):
    """Yield every key of a schema, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys_of(part)


def test_the_protocol_page_lists_every_key():
    keys = set(keys_of(json.loads(resources.text("schemas", "protocol.schema.json"))))
    rows = set(re.findall(r"^\| `(\w+)` \|", read("docs/protocol.md"), re.MULTILINE))
    assert {"title", "strata", "tau2", "without"} <= keys
    assert keys - rows == set()


def test_the_workbook_page_names_every_sheet_and_form():
    text = read("docs/workbook.md")
    assert [sheet.name for sheet in layout({}, {}).sheets if f"| {sheet.name} |" not in text] == []
    assert [form for form in FORMS if f"| `{form}` |" not in text] == []


@pytest.mark.parametrize("page", ["protocol", "first-review"])
def test_protocols_on_the_pages_are_valid(page, tmp_path):
    first, *parts = re.findall(r"^```yaml\n(.*?)^```", read(f"docs/{page}.md"), re.MULTILINE | re.DOTALL)
    whole = yaml.safe_load(first)
    for part in map(yaml.safe_load, parts):
        added = {each["id"]: each for each in part.pop("analyses", ())}
        assert added.keys() <= {each["id"] for each in whole["analyses"]}
        whole |= part
        whole["analyses"] = [{**each, **added.get(each["id"], {})} for each in whole["analyses"]]
    for name, text in (("first", first), ("whole", yaml.safe_dump(whole, sort_keys=False))):
        path = tmp_path / name / "protocol.yaml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        assert read_protocol(path).analyses


def test_every_command_of_the_readme_exists():
    import click

    from metaan.cli import main

    named = set(re.findall(r"\bmetaan ([a-z]+)\b", read("README.md"))) & set(
        re.findall(r"^\| `metaan ([a-z]+)", read("README.md"), re.MULTILINE)
    )
    assert named == set(main.list_commands(click.Context(main)))


def test_the_python_example_of_the_readme_runs():
    (example,) = re.findall(r"^```python\n(.*?)^```", read("README.md"), re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "prediction" in done.stdout
    assert "LeaveOneOut" in done.stdout


def test_citation_names_the_version_and_licence_of_the_package():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)  # required by the format
    assert all("name" in author or "family-names" in author for author in citation["authors"])
    assert str(citation["version"]) == PROJECT["project"]["version"]
    assert citation["license"] == PROJECT["project"]["license"]
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", citation["date-released"])


def test_the_changelog_names_the_version():
    versions = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert versions[1] == PROJECT["project"]["version"]
