"""The card: one small figure, 360 units wide so that it suits every screen, with its assumption at its foot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metaan.figures import forest_marks as marks
from metaan.figures import style, text
from metaan.figures.axis import Axis, build
from metaan.figures.layout import Canvas, Layout
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis, Interval

WIDTH = 360.0
LABELS, RESULTS = 124.0, 92.0  #: room for labels left of the plot and for results right of it
TITLE = 12.5
PITCH = 1.35  #: of a line, in units of its size
ROW = 20.0  #: height of a row with a label of one line
HEADING = 19.0
DOT = 7.0  #: side of a point's mark
SENSITIVITY = "Sensitivity analysis."


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """One effect on a card."""

    label: str
    estimate: float  #: working scale
    ci: Interval | None
    stratum: str = ""  #: gives colour and shape; empty: black
    detail: str = ""  #: small grey line under the label
    heading: str = ""  #: stands over the row, where a new group begins
    pooled: bool = True  #: a diamond; a point with its interval otherwise
    said: str = ""  #: in place of the effect in figures
    colour: str = ""  #: in place of that of the stratum


class Card:
    """A canvas filled from top to bottom.

    Parameters
    ----------
    method : str
        Name of the method: start of the ids in the SVG.
    analysis : Analysis
        Whose figure it is.
    title : str
        What the figure shows, wrapped.
    """

    def __init__(self, method: str, analysis: Analysis, title: str) -> None:
        self.canvas = Canvas()
        self.method, self.analysis, self.title = method, analysis, title
        self.y = 2.0
        self.words("title", title, TITLE, bold=True)
        self.y += 4

    def words(
        self,
        role: str,
        words: str,
        size: float = style.SMALL,
        *,
        colour: str = style.INK,
        bold: bool = False,
        x: float = 0.0,
        right: float = WIDTH,
    ) -> None:
        """Place a paragraph between `x` and `right`, wrapped, and move below it."""
        wrapped = text.wrap(words, size, right - x, bold=bold) if words else ()
        first = self.y + size
        self.canvas.lines(role, x, first, wrapped, size, PITCH * size, colour=colour, bold=bold)
        self.y += PITCH * size * len(wrapped)

    def measure(self, measure: str) -> None:
        """Say over the plot which measure its axis has."""
        label = MEASURES[measure].label
        self.words("measure", label[0].upper() + label[1:], style.TINY, colour=style.GREY, x=LABELS + 4)

    def effects(
        self,
        measure: str,
        rows: Sequence[CardRow],
        *,
        small: Interval | None = None,
        directions: tuple[str, str] = ("", ""),
        points: Iterable[float] = (),
    ) -> Axis:
        """Draw effects with their intervals on one axis, labels left and figures right; return the axis.

        Parameters
        ----------
        measure : str
            Key of `terms.measures.MEASURES`.
        rows : sequence of CardRow
            From top to bottom.
        small : Interval, optional
            Thresholds of a small effect, dotted.
        directions : pair of str
            Words under the axis, left and right of no effect.
        points : iterable of float
            Further working-scale values that must lie on the axis.
        """
        limits = [row.ci for row in rows if row.ci]
        near = [small] if small else []
        values = [*(row.estimate for row in rows), *points]
        axis = build(measure, values, [], limits, near, LABELS + 4, WIDTH - RESULTS - 6, style.SMALL)
        top, behind = self.y, len(self.canvas.items)
        for row in rows:
            self._effect(axis, measure, row)
        end = len(self.canvas.items)
        marks.grid(self.canvas, axis, top, self.y)
        marks.references(self.canvas, axis, top, self.y, small)
        self.canvas.items[behind:] = [*self.canvas.items[end:], *self.canvas.items[behind:end]]
        self.y = marks.foot(self.canvas, axis, self.y + 4, directions, (0.0, WIDTH), style.SMALL) + 4
        return axis

    def _effect(self, axis: Axis, measure: str, row: CardRow) -> None:
        stratum = STRATA.get(row.stratum)
        colour = row.colour or (stratum.colour if stratum else style.INK)
        self.canvas.stratum = row.stratum
        if row.heading:
            self.canvas.text("heading", 0, self.y + 13, row.heading, style.SMALL, bold=True, colour=colour)
            self.y += HEADING
        labels = text.wrap(row.label, style.SMALL, LABELS - 6)
        details = text.wrap(row.detail, style.TINY, LABELS - 6) if row.detail else ()
        said = row.said or (wording.printed(measure, row.estimate) if row.ci is None else "")
        results = text.wrap(said, style.SMALL, RESULTS) if said else self._figures(measure, row)
        high = max(13.0 * len(labels) + 11.0 * len(details), 13.0 * len(results)) + (ROW - 13.0)
        middle = self.y + high / 2
        first = middle - (13.0 * len(labels) + 11.0 * len(details)) / 2 + 9.6
        after = self.canvas.lines("label", 0, first, labels, style.SMALL, 13.0)
        self.canvas.lines("detail", 0, after - 1.5, details, style.TINY, 11.0, colour=style.GREY)
        self.canvas.lines("result", WIDTH, middle - 6.5 * len(results) + 9.6, results, style.SMALL, 13.0, anchor="end")
        if row.ci is not None and row.pooled:
            marks.diamond(self.canvas, axis, middle, row.estimate, row.ci, colour)
        elif row.ci is not None and stratum:
            marks.study(self.canvas, axis, middle, row.estimate, row.ci, DOT, stratum)
        elif row.ci is not None:
            marks.prediction(self.canvas, axis, middle, row.ci, colour)
            self.canvas.mark("point", axis.at(row.estimate), middle, DOT, "o", colour)
        else:
            self.canvas.mark("point", axis.at(row.estimate), middle, DOT, stratum.marker if stratum else "o", colour)
        self.canvas.stratum = ""
        self.y += high

    @staticmethod
    def _figures(measure: str, row: CardRow) -> tuple[str, ...]:
        """Return estimate and limits on one line where they fit, else on two or more."""
        whole = wording.effect(measure, row.estimate, row.ci) if row.ci else wording.printed(measure, row.estimate)
        if row.ci is None or text.width(whole, style.SMALL) <= RESULTS:
            return (whole,)
        limits = text.wrap(f"({wording.interval(measure, row.ci)})", style.SMALL, RESULTS)
        return wording.printed(measure, row.estimate), *limits

    def layout(self, description: str, assumption: str) -> Layout:
        """Return the figure with what it assumes at its foot.

        Parameters
        ----------
        description : str
            What the figure shows, in words, for those who cannot see it.
        assumption : str
            One sentence.
        """
        self.y += 4
        self.words("note", f"{SENSITIVITY} {wording.sentence(assumption)}", style.SMALL, colour=style.GREY)
        return Layout(
            name=f"{self.method}-{self.analysis.id}",
            kind=f"card card-{self.method}",
            title=self.title,
            description=description,
            width=WIDTH,
            height=self.y + 4,
            items=tuple(self.canvas.items),
        )
