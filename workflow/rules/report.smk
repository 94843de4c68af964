# requires: every folder before it under results/<review>
# puts out: results/<review>/report, results/<review>/robustness, questions to authors


rule report:
    message: "Write the report of {wildcards.review}."
    input:
        digest=RUN.asked("report"),
        extraction=lambda wildcards: RUN.input(rules.ingest.output.extraction, "report", **wildcards),
        protocol=lambda wildcards: RUN.input(rules.ingest.output.protocol, "report", **wildcards),
        findings=lambda wildcards: RUN.input(rules.ingest.output.findings, "report", **wildcards),
        grades=lambda wildcards: RUN.input(rules.grade.output.records, "report", **wildcards),
        results=lambda wildcards: RUN.inputs(rules.pool.output.result, "report", **wildcards),
        rechecks=lambda wildcards: RUN.inputs(rules.pool.output.recheck, "report", **wildcards),
        certainties=lambda wildcards: RUN.inputs(rules.pool.output.certainty, "report", **wildcards),
        repeats=lambda wildcards: RUN.input(rules.draw_review.output.repeats, "report", **wildcards),
        between=lambda wildcards: RUN.inputs(rules.pool.output.between, "report", **wildcards),
        figures=lambda wildcards: RUN.drawn(**wildcards),
        told=lambda wildcards: RUN.inputs(rules.draw.output.told, "report", **wildcards),
        cards=lambda wildcards: RUN.inputs(run.CARDS, "report", **wildcards),
        agreement=lambda wildcards: RUN.agreement(**wildcards),
    output:
        html="results/{review}/report/report.html",
        believed="results/{review}/report/believed.html",
        json="results/{review}/report/results.json",
        first="results/{review}/robustness/check-first.csv",
        queries="results/{review}/design/author-queries.csv",
        fitted="results/{review}/robustness/findings.csv",
        done=RUN.done("report"),
    script:
        "../scripts/report.py"
