"""Copies of the project that Snakemake may run in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Snakemake = Callable[..., tuple[int, str]]


@pytest.fixture(scope="session")
def snakemake() -> Snakemake:
    """Return a function that runs Snakemake in a project and gives its exit code and everything it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(project: Path, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "PATH": path},
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory) -> Callable[[str], Path]:
    """Return a function that makes a copy of the workflow without any review."""

    def copy(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        for part in ("workflow", "profiles"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Snakefile", folder)
        return folder

    return copy


@pytest.fixture(scope="session")
def bundled(empty_project, snakemake) -> Path:
    """A copy of the project with the bundled reviews, run once."""
    folder = empty_project("bundled")
    shutil.copytree(ROOT / "data", folder / "data")
    code, said = snakemake(folder)
    assert code == 0, said
    return folder
