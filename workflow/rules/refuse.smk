# requires: a workbook or protocol that cannot be used
# puts out: nothing; the last good results of the review stay as they are, those of other reviews go on


rule refuse:
    message: "{wildcards.review} cannot be used as it is; its last good report is kept."
    output:
        "results/{review}/checks/refused",
    log:
        said="results/{review}/checks/refused.txt",
        page="results/{review}/checks/refused.html",
    params:
        message=lambda wildcards: RUN.message(wildcards.review),
    script:
        "../scripts/refuse.py"
