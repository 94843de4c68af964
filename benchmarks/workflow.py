"""Time the whole workflow in a copy of the project: cold, nothing to do, one mean edited.

Machines differ, so each figure stands beside its ratio to a run that does nothing, which is Snakemake's own start:
    python benchmarks/workflow.py [repeats]
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook
from metaan.workbook.template import workbook_bytes

ROOT = Path(__file__).parents[1]
ROW, COLUMN = "Choi2010-cc-1", "m1"


def seconds(project: Path) -> float:
    """Run Snakemake once and return how long it took."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "snakemake"], cwd=project, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def edit(project: Path, value: str) -> None:
    """Change one mean in the NK workbook, as a spreadsheet would when it saves the whole file."""
    folder = project / "data" / "nk-cells"
    protocol = read_protocol(folder / "protocol.yaml")
    read = read_workbook(folder / "extraction.xlsx", protocol.layout)
    rows = {sheet: [dict(row.values) for row in found] for sheet, found in read.rows.items()}
    next(row for row in rows["Effects"] if row["effect_id"] == ROW)[COLUMN] = value
    (folder / "extraction.xlsx").write_bytes(workbook_bytes(protocol, rows))


def main(repeats: int) -> None:
    """Print medians and ratios."""
    times: dict[str, list[float]] = {"cold": [], "nothing to do": [], "one mean edited": []}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        project.mkdir()
        for name in ("data", "workflow", "profiles"):
            shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Snakefile", project)
        for i in range(repeats):
            for made in ("results", ".snakemake"):
                shutil.rmtree(project / made, ignore_errors=True)
            times["cold"].append(seconds(project))
            times["nothing to do"].append(seconds(project))
            edit(project, f"14.{i + 3}")
            times["one mean edited"].append(seconds(project))
    idle = statistics.median(times["nothing to do"])
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, repeats {repeats}")
    for name, found in times.items():
        middle = statistics.median(found)
        print(
            f"{name:16} median {middle:5.1f} s ({min(found):.1f} to {max(found):.1f}), {middle / idle:4.1f} x nothing"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
