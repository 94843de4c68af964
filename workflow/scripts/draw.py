"""Results of one analysis to its figures: forest plot, judged quality, and a card for each way to question designs."""

from pathlib import Path

from metaan.figures import forest, quality
from metaan.figures.between.cards import cards as cards_of
from metaan.figures.between.told import told as told_of
from metaan.figures.draw import render_all
from metaan.files import write_atomically
from metaan.robustness.between.gather import BetweenDesigns
from metaan.terms.records import Analysis
from stage import read_json, run, write_figure, write_json

CARD_FORMATS = ("svg",)  #: small figures for the screen; what goes into papers is drawn in every format asked for


def draw(review: str, analysis: str, *, result: str, between: str, cards: str, told: str, **files: str) -> None:
    """Draw the figures of one analysis: SVG for wide and narrow screens, and the other formats asked for."""
    done = Analysis.from_dict(read_json(result))
    write_figure("forest", files, forest.lay_out(done), forest.lay_out(done, narrow=True))
    write_figure("quality", files, quality.lay_out(done))
    found = BetweenDesigns.from_dict(read_json(between))
    write_json(told, told_of(found, done).to_dict())
    Path(cards).mkdir(parents=True, exist_ok=True)
    for name, layout in cards_of(found, done).items():
        for form, image in render_all(layout, CARD_FORMATS).items():
            write_atomically(Path(cards) / f"{name}.{form}", image)


if __name__ == "__main__":
    run(snakemake, draw)  # noqa: F821
