# requires: every folder before it under results/<review>
# puts out: results/<review>/report, results/<review>/robustness


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
        wide=lambda wildcards: RUN.inputs(rules.draw.output.wide, "report", **wildcards),
        narrow=lambda wildcards: RUN.inputs(rules.draw.output.narrow, "report", **wildcards),
        plates=lambda wildcards: RUN.plates(**wildcards),
        agreement=lambda wildcards: RUN.agreement(**wildcards),
    output:
        html="results/{review}/report/report.html",
        json="results/{review}/report/results.json",
        first="results/{review}/robustness/check-first.csv",
        fitted="results/{review}/robustness/findings.csv",
        done=RUN.done("report"),
    script:
        "../scripts/report.py"
