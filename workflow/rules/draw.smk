# requires: results/<review>/pooling/<analysis>, results/<review>/design
# puts out: results/<review>/figures


rule draw:
    message: "Draw the figures of {wildcards.analysis} of {wildcards.review}."
    input:
        digest=RUN.asked("draw"),
        result=lambda wildcards: RUN.input(rules.pool.output.result, "draw", **wildcards),
        between=lambda wildcards: RUN.input(rules.pool.output.between, "draw", **wildcards),
    output:
        **RUN.figure_files("results/{review}/figures/{analysis}", run.OF_ANALYSIS),
        cards=directory(run.CARDS),
        told="results/{review}/robustness/{analysis}/told.json",
        done=RUN.done("draw"),
    script:
        "../scripts/draw.py"


rule draw_review:
    message: "Draw what the designs of {wildcards.review} can show."
    input:
        digest=RUN.asked("draw_review"),
        extraction=lambda wildcards: RUN.input(rules.ingest.output.extraction, "draw_review", **wildcards),
        protocol=lambda wildcards: RUN.input(rules.ingest.output.protocol, "draw_review", **wildcards),
        grades=lambda wildcards: RUN.input(rules.grade.output.records, "draw_review", **wildcards),
    output:
        **RUN.figure_files("results/{review}/figures", run.OF_REVIEW),
        repeats="results/{review}/robustness/repeatability.json",
        done=RUN.done("draw_review"),
    script:
        "../scripts/draw_review.py"
