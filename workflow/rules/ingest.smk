# requires: data/<review>/extraction.xlsx and protocol.yaml
# puts out: results/<review>/workbook, results/<review>/checks


rule ingest:
    message: "Read and check the workbook of {wildcards.review}."
    input:
        digest=RUN.asked("ingest"),
        workbook=ancient("data/{review}/extraction.xlsx"),
        protocol=ancient("data/{review}/protocol.yaml"),
    output:
        extraction="results/{review}/workbook/extraction.json",
        protocol="results/{review}/workbook/protocol.json",
        cells="results/{review}/workbook/cells.csv",
        findings="results/{review}/checks/findings.csv",
        data="results/{review}/checks/findings.json",
        page="results/{review}/checks/check.html",
    script:
        "../scripts/ingest.py"
