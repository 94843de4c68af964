# requires: results/<review>/workbook
# puts out: results/<review>/design


rule grade:
    message: "Grade the design of every comparison of {wildcards.review}."
    input:
        digest=RUN.asked("grade"),
        extraction=lambda wildcards: RUN.input(rules.ingest.output.extraction, "grade", **wildcards),
        protocol=lambda wildcards: RUN.input(rules.ingest.output.protocol, "grade", **wildcards),
    output:
        records="results/{review}/design/grades.json",
        table="results/{review}/design/grades.csv",
        done=RUN.done("grade"),
    script:
        "../scripts/grade.py"
