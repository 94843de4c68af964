# Reviews under data/ to reports under results/. Run: snakemake
import os
from pathlib import Path

from snakemake.utils import min_version

min_version("9.19")

from metaan import run


if Path("config.yaml").exists():
    configfile: "config.yaml"

RUN = run.prepare(config, main=workflow.is_main_process)

if RUN.cores:
    workflow.global_resources["_cores"] = min(RUN.cores, workflow.cores or RUN.cores)

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # jobs share the cores; threads for 40 numbers only cost time


wildcard_constraints:
    review=r"[^/]+",
    analysis=r"[^/]+",


include: "workflow/rules/ingest.smk"
include: "workflow/rules/grade.smk"
include: "workflow/rules/pool.smk"
include: "workflow/rules/draw.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/refuse.smk"


rule all:
    default_target: True
    message: "Every review is up to date."
    input:
        RUN.targets()


onsuccess:
    print(RUN.closing_words(), flush=True)


onerror:
    print(RUN.closing_words(), flush=True)
