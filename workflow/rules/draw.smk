# requires: results/<review>/pooling/<analysis>
# puts out: results/<review>/figures/<analysis>


rule draw:
    message: "Draw the forest plot of {wildcards.analysis} of {wildcards.review}."
    input:
        digest=RUN.asked("draw"),
        result=lambda wildcards: RUN.input(rules.pool.output.result, "draw", **wildcards),
    output:
        **RUN.figure_files("results/{review}/figures/{analysis}"),
        done=RUN.done("draw"),
    script:
        "../scripts/draw.py"
