# requires: results/<review>/pooling/<analysis>
# puts out: results/<review>/figures/<analysis>


rule draw:
    message: "Draw the forest plot of {wildcards.analysis} of {wildcards.review}."
    input:
        result=lambda wildcards: RUN.input(rules.pool.output.result, "draw", **wildcards),
    output:
        **RUN.figure_files("results/{review}/figures/{analysis}"),
        digest=RUN.digest_file("draw"),
    params:
        digest=lambda wildcards: RUN.digest("draw", **wildcards),
    script:
        "../scripts/draw.py"
