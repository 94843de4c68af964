"""Results of one analysis to its forest plot."""

from metaan.figures.draw import render, render_all
from metaan.figures.forest import lay_out
from metaan.files import write_atomically
from metaan.terms.records import Analysis
from stage import read_json, run


def draw(review: str, analysis: str, *, result: str, wide: str, narrow: str, **others: str) -> None:
    """Draw the forest plot of one analysis: SVG for wide and narrow screens, and the other formats asked for."""
    done = Analysis.from_dict(read_json(result))
    layout = lay_out(done)
    images = render_all(layout, ["svg", *others])
    write_atomically(wide, images.pop("svg"))
    for form, image in images.items():
        write_atomically(others[form], image)
    write_atomically(narrow, render(lay_out(done, narrow=True), "svg"))


if __name__ == "__main__":
    run(snakemake, draw)  # noqa: F821
