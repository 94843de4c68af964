"""Time the statistical engine beside its peers, in one run on the same numbers.

python benchmarks/engine.py          # prints a table and writes it into benchmarks/README.md
python benchmarks/engine.py --print  # prints only

Peers are run where they are installed: metafor through Rscript, PyMARE, PyMetaAnalysis and statsmodels in the running
environment. Where a peer would take minutes it does part of the work, and its time is scaled; the table says so.
"""

import csv
import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import metaan
from metaan.pooling.kernel import processors
from metaan.pooling.pool import pool, summarise
from metaan.robustness.influence import influence
from metaan.robustness.permutation import permutation_test
from metaan.robustness.subsets import subsets

HERE = Path(__file__).parent
MARKS = ("<!-- engine -->", "<!-- /engine -->")
PART = 1000  #: syntheses a peer is given of the 10,000


class Row(NamedTuple):
    """One line of the table."""

    task: str
    ours: float  #: seconds
    peers: dict[str, float]  #: seconds for the same work
    note: str = ""


def seconds(work: Callable[[], Any], repeats: int = 3, enough: float = 1.0) -> float:
    """Return the shortest of several runs, which is what the work takes when nothing else does.

    Quick work is repeated for `enough` seconds, slow work at least `repeats` times.
    """
    taken: list[float] = []
    while len(taken) < repeats or sum(taken) < enough:
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def simulated(random: np.random.Generator, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Return effects and variances of studies with tau2 = 0.1."""
    v = random.uniform(0.02, 0.5, shape)
    return random.normal(0.3, np.sqrt(v + 0.1)), v


def import_seconds(module: str) -> float:
    """Return how long a fresh interpreter takes to import a module: the quickest of five."""
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    runs = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(5)]
    return min(float(run.stdout) for run in runs)


def metafor(data: dict[str, dict[str, Any]]) -> tuple[str, dict[str, tuple[float, float, int]]]:
    """Run engine.R; return its version, and for each task seconds, count and how many did not converge."""
    if shutil.which("Rscript") is None:
        return "not installed", {}
    with tempfile.TemporaryDirectory() as folder:
        for name, columns in data.items():
            with (Path(folder) / f"{name}.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(columns)
                writer.writerows(zip(*(np.asarray(values).tolist() for values in columns.values()), strict=True))
        done = subprocess.run(
            ["Rscript", "--vanilla", str(HERE / "engine.R"), folder], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return "not installed" if "no package" in done.stderr else "failed", {}
    version, found = "", {}
    for line in done.stdout.splitlines():
        name, *words = line.split()
        if name == "version":
            version = f"{words[0]} (R {words[1]}.{words[2]})"
        else:
            found[name] = (float(words[0]), float(words[1]), int(words[2]))
    return version, found


def installed(name: str) -> str:
    """Return the version of a Python package, or "not installed"."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def pymare_fit(y: np.ndarray, v: np.ndarray, method: str) -> None:
    """Fit one synthesis with PyMARE, confidence interval included."""
    estimators = importlib.import_module("pymare.estimators")
    if method == "REML":
        model = estimators.VarianceBasedLikelihoodEstimator(method="REML")
    else:
        model = estimators.DerSimonianLaird()
    column = np.ones((y.size, 1))
    model.fit(y=y[:, None], v=v[:, None], X=column).summary().get_fe_stats()


def pymetaanalysis_fit(y: np.ndarray, v: np.ndarray, method: str) -> None:
    """Fit one synthesis with PyMetaAnalysis, Hartung-Knapp interval included."""
    library = importlib.import_module("meta_analyze")
    library.meta_analysis(effect=y, variance=v, tau2_method=method, ci_method="HK")


def statsmodels_fit(y: np.ndarray, v: np.ndarray) -> None:
    """Fit one synthesis by DerSimonian-Laird with statsmodels."""
    meta = importlib.import_module("statsmodels.stats.meta_analysis")
    meta.combine_effects(y, v, method_re="dl").summary_frame()


def measure() -> tuple[list[Row], list[str]]:
    """Return the rows of the table, and the lines above it."""
    load = os.getloadavg()[0]
    random = np.random.default_rng(20260101)
    y, v = simulated(random, 10_000, 20)
    y100, v100 = simulated(random, 100)
    y1000, v1000 = simulated(random, 1000)
    y10000, v10000 = simulated(random, 10_000)
    moderator = random.normal(size=30)
    ym, vm = simulated(random, 30)
    ym = ym + 0.2 * moderator

    synthesis = np.repeat(np.arange(PART), 20)
    version, r = metafor(
        {
            "many": {"synthesis": synthesis, "yi": y[:PART].ravel(), "vi": v[:PART].ravel()},
            "k100": {"yi": y100, "vi": v100},
            "k1000": {"yi": y1000, "vi": v1000},
            "moderator": {"yi": ym, "vi": vm, "x": moderator},
        }
    )
    versions = {name: installed(name) for name in ("pymare", "PyMetaAnalysis", "statsmodels")}

    def of_metafor(task: str, times: float) -> dict[str, float]:
        if task not in r:
            return {}
        took, count, failed = r[task]
        if failed:
            lost.append(f"metafor did not converge in {failed} of {count:.0f} fits of {task}")
        return {"metafor": took / count * times}

    def of_python(times: int, method: str) -> dict[str, float]:
        found = {}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for name, fit in (("pymare", pymare_fit), ("PyMetaAnalysis", pymetaanalysis_fit)):
                if versions[name] != "not installed":
                    part = min(times, 200)
                    took = seconds(lambda fit=fit, part=part: [fit(y[i], v[i], method) for i in range(part)], 2)
                    found[name] = took / part * times
            if method == "DL" and versions["statsmodels"] != "not installed":
                part = min(times, 200)
                took = seconds(lambda part=part: [statsmodels_fit(y[i], v[i]) for i in range(part)], 2)
                found["statsmodels"] = took / part * times
        return found

    def slim(method: str) -> Callable[[], Any]:
        return lambda: pool(y, v, tau2=method, interval="HK", prediction=None, tau2_interval=None)

    lost: list[str] = []
    rows = []
    for method in ("REML", "DL"):
        rows.append(
            Row(
                f"10,000 syntheses of 20 studies, {method}, Hartung-Knapp",
                seconds(slim(method)),
                of_metafor(f"batch_{method}", 10_000) | of_python(10_000, method),
                f"peers in a loop; metafor {PART:,}, the others 200, scaled",
            )
        )
    every = "10,000 syntheses of 20 studies, REML, all that `pool` gives unasked"
    rows.append(Row(every, seconds(lambda: pool(y, v)), {}, "with Q-profile and prediction intervals"))
    rows.append(
        Row("10,000 syntheses of 20 studies, REML, no interval (`summarise`)", seconds(lambda: summarise(y, v)), {})
    )
    single = seconds(lambda: [pool(y[0], v[0]) for _ in range(200)]) / 200
    note = "ours with Q-profile and prediction intervals"
    rows.append(
        Row("one synthesis of 20 studies, REML", single, of_metafor("single_REML", 1) | of_python(1, "REML"), note)
    )
    for method in ("DL", "REML"):
        rows.append(
            Row(
                f"all 1,048,575 subsets of 20 studies, {method}",
                seconds(lambda method=method: subsets(y[0], v[0], tau2=method), 1),
                of_metafor(f"gosh_{method}", 2**20 - 1),
                "metafor 2,000 subsets, scaled",
            )
        )
    rows.append(
        Row(
            "permutation test, 1,000 draws, 30 studies, one moderator, REML",
            seconds(lambda: permutation_test(ym, vm, {"x": moderator}, interval="HK", draws=1000, exact=False)),
            of_metafor("permutation", 1000),
        )
    )
    rows.append(
        Row(
            "the same, 100,000 draws",
            seconds(lambda: permutation_test(ym, vm, {"x": moderator}, interval="HK", draws=100_000, exact=False), 1),
            {},
        )
    )
    rows.append(
        Row("influence of 100 studies, REML", seconds(lambda: influence(y100, v100)), of_metafor("influence_100", 1))
    )
    rows.append(Row("influence of 1,000 studies, REML", seconds(lambda: influence(y1000, v1000)), {}))
    rows.append(Row("influence of 10,000 studies, REML", seconds(lambda: influence(y10000, v10000), 1), {}))
    rows.append(
        Row("one synthesis of 1,000 studies, REML", seconds(lambda: pool(y1000, v1000)), of_metafor("single_1000", 1))
    )
    rows.append(
        Row(
            "one synthesis of 10,000 studies, REML",
            seconds(lambda: pool(y10000, v10000)),
            {},
            "metafor needs 10,000 x 10,000 matrices",
        )
    )
    rows.append(Row("import metaan", import_seconds("metaan"), {}))
    rows.append(Row("import metaan.pooling.pool", import_seconds("metaan.pooling.pool"), {}))

    peers = ", ".join([f"metafor {version}", *(f"{name} {number}" for name, number in versions.items())])
    about = [
        f"{processors()} cores, load {load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end; "
        f"metaan {metaan.__version__}; Python {platform.python_version()}; NumPy {np.__version__}; {peers}.",
        *lost,
    ]
    return rows, about


def shown(value: float) -> str:
    """Write seconds with a unit."""
    if value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} s" if value < 600 else f"{value / 60:.3g} min"


def table(rows: list[Row], about: list[str]) -> str:
    """Return markdown."""
    lines = [*about, "", "| task | metaan | peers (times as long) | note |", "|---|---|---|---|"]
    for row in rows:
        peers = "; ".join(f"{name} {shown(took)} ({took / row.ours:,.0f}x)" for name, took in row.peers.items())
        lines.append(f"| {row.task} | {shown(row.ours)} | {peers} | {row.note} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write between the marks of README.md."""
    text = table(*measure())
    print(text)
    if "--print" in sys.argv[1:]:
        return
    page = HERE / "README.md"
    before, rest = page.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
