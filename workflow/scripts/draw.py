"""Results of one analysis to its figures: the forest plot, and what quality tools say of its comparisons."""

from metaan.figures import forest, quality
from metaan.terms.records import Analysis
from stage import read_json, run, write_figure


def draw(review: str, analysis: str, *, result: str, **files: str) -> None:
    """Draw the figures of one analysis: SVG for wide and narrow screens, and the other formats asked for."""
    done = Analysis.from_dict(read_json(result))
    write_figure("forest", files, forest.lay_out(done), forest.lay_out(done, narrow=True))
    write_figure("quality", files, quality.lay_out(done))


if __name__ == "__main__":
    run(snakemake, draw)  # noqa: F821
