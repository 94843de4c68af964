"""Facts of a whole review to its figures: the designs, the conditions of each comparison, how measurements repeat."""

from metaan.design.matrix import matrix
from metaan.design.placed import place
from metaan.figures import grade_matrix, ladder, schematic
from metaan.pooling.select import candidates, standing
from metaan.robustness.repeats import repeatability
from metaan.terms.records import Grade
from stage import read_extraction, read_json, read_protocol, run, write_figure, write_json


def draw_review(review: str, *, extraction: str, protocol: str, grades: str, repeats: str, **files: str) -> None:
    """Draw the figures of one review, and say what its repeated measurements mean."""
    read = read_extraction(extraction)
    plan = read_protocol(protocol, review)
    graded = [Grade.from_dict(record) for record in read_json(grades)]
    rows = candidates(read, plan.layout, {grade.design_id: grade for grade in graded})
    used = standing(rows, plan.analyses)
    repeated = repeatability(read, plan, rows)
    write_json(repeats, repeated.to_dict() if repeated else None)
    placed, blocks, rungs = (
        place(read, plan, graded, used),
        matrix(read, graded, used),
        repeated.ladder if repeated else (),
    )
    people, label = plan.people, plan.layout.label
    drawn = {
        "schematic": [schematic.lay_out(placed, people, review=review, narrow=narrow) for narrow in (False, True)],
        "grades": [grade_matrix.lay_out(blocks, review=review, narrow=narrow) for narrow in (False, True)],
        "reliability": [ladder.lay_out(rungs, label, people=people["many"], narrow=narrow) for narrow in (False, True)],
    }
    for name, (wide, narrow) in drawn.items():
        write_figure(name, files, wide, narrow)


if __name__ == "__main__":
    run(snakemake, draw_review)  # noqa: F821
