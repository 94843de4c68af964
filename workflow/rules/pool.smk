# requires: results/<review>/workbook, results/<review>/design
# puts out: pooling/<analysis>, certainty/<analysis> and robustness/<analysis> under results/<review>


rule pool:
    message: "Compute, pool, question and rate {wildcards.analysis} of {wildcards.review}, each design apart."
    input:
        digest=RUN.asked("pool"),
        extraction=lambda wildcards: RUN.input(rules.ingest.output.extraction, "pool", **wildcards),
        protocol=lambda wildcards: RUN.input(rules.ingest.output.protocol, "pool", **wildcards),
        grades=lambda wildcards: RUN.input(rules.grade.output.records, "pool", **wildcards),
    output:
        result="results/{review}/pooling/{analysis}/result.json",
        effects="results/{review}/pooling/{analysis}/effects.csv",
        pooled="results/{review}/pooling/{analysis}/pooled.csv",
        ledger="results/{review}/pooling/{analysis}/ledger.csv",
        certainty="results/{review}/certainty/{analysis}/certainty.json",
        steps="results/{review}/certainty/{analysis}/steps.csv",
        recheck="results/{review}/pooling/{analysis}/recheck.json",
        between="results/{review}/robustness/{analysis}/between-designs.json",
        specifications="results/{review}/robustness/{analysis}/specifications.csv",
        done=RUN.done("pool"),
    script:
        "../scripts/pool.py"
