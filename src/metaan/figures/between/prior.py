"""Card of the robust prior: what the weaker studies predict for the stronger ones, what was found, and both."""

from metaan.figures import style
from metaan.figures.between import as_they_stand
from metaan.figures.between.card import LABELS, WIDTH, Card, CardRow
from metaan.figures.layout import Layout
from metaan.robustness.between.given import plural
from metaan.robustness.between.prior import PriorPair, RobustPrior
from metaan.terms import wording
from metaan.terms.designs import STRATA
from metaan.terms.measures import MEASURES
from metaan.terms.records import Analysis

TITLE = "What the weaker studies would have predicted"
HOW = (
    "The prediction is where the mean of the stronger design would lie if it were one more study of the weaker ones; "
    "the bars show how much of the prior, the belief before looking, rests on that before and after the stronger "
    "studies are seen."
)

BAR, STEP = 9.0, 17.0  #: height of a bar, and of its row
GROUND = "#e4e8ec"  #: of a bar


def lay_out(found: RobustPrior, analysis: Analysis) -> Layout:
    """Return the card: strata as they are, prediction and posterior, and the weight of the prediction."""
    card = Card("prior", analysis, TITLE)
    for pair in found.pairs:
        _pair(card, analysis, pair)
    return card.layout(reading(found, analysis), found.assumption)


def reading(found: RobustPrior, analysis: Analysis) -> str:
    """Return what was predicted, what was found, and what both say, for every pair of designs."""
    return wording.sentence("; ".join(_says(pair) for pair in found.pairs))


def _says(pair: PriorPair) -> str:
    measure = MEASURES[pair.measure]
    stronger, weaker = plural(pair.stronger), plural(pair.weaker)
    found = wording.effect(pair.measure, pair.found, pair.found_ci)
    of_whom = (
        f"mean {measure.label} of the {stronger}" if pair.k_stronger > 1 else f"{measure.label} of the stronger study"
    )
    return (
        f"before looking, the {pair.k_weaker} {weaker} would have predicted "
        f"{wording.effect(pair.measure, pair.predicted, pair.prediction)} as the {of_whom}; found was {found}, "
        f"{wording.p_value(pair.p)} for a result at least as far off; the prediction as a cautious prior with "
        f"what was found gives "
        f"{wording.effect(pair.measure, pair.posterior, pair.posterior_ci)}"
    )


def _pair(card: Card, analysis: Analysis, pair: PriorPair) -> None:
    weaker = next(synthesis for synthesis in analysis.strata if synthesis.stratum == pair.weaker)
    rows = [row for row in as_they_stand.rows(analysis, pair.measure) if row.stratum in (pair.stronger, pair.weaker)]
    rows += [
        CardRow(
            label="Predicted",
            detail=f"by {plural(pair.weaker)}, before looking at the {plural(pair.stronger)}",
            estimate=pair.predicted,
            ci=pair.prediction,
            stratum=pair.weaker,
            pooled=False,
        ),
        CardRow(
            label="Both together",
            detail=f"{plural(pair.stronger)} with the prediction as a cautious prior",
            estimate=pair.posterior,
            ci=pair.posterior_ci,
            pooled=False,
        ),
    ]
    words = {**analysis.words, **weaker.words}
    ends = words.get("low", ""), words.get("high", "")
    card.measure(pair.measure)
    card.effects(pair.measure, rows, small=weaker.small, directions=ends)
    card.y += 4
    card.words("lead", f"How much the prior believes the {plural(pair.weaker)}", style.SMALL, bold=True)
    card.y += 4
    colour = STRATA[pair.weaker].colour
    for label, weight in (("before looking", pair.weight_before), ("after looking", pair.weight_after)):
        _bar(card, label, weight, colour)
    card.y += 2
    card.words(
        "conflict", f"Conflict: {_conflict(pair)}. {_worth(pair, analysis.words.get('people', 'people'))}.", style.SMALL
    )
    card.y += 6


def _bar(card: Card, label: str, weight: float, colour: str) -> None:
    left, right = LABELS + 4, WIDTH - 60
    card.canvas.text("weight-label", LABELS - 4, card.y + BAR, label, style.SMALL, anchor="end")
    card.canvas.box("ground", left, card.y, right - left, BAR, GROUND)
    if weight > 0:
        card.canvas.box("weight", left, card.y, (right - left) * weight, BAR, colour)
    card.canvas.text("weight", WIDTH, card.y + BAR, wording.percent(100 * weight), style.SMALL, anchor="end")
    card.y += STEP


def _conflict(pair: PriorPair) -> str:
    return f"{wording.p_value(pair.p)} for a result at least as far from the prediction"


def _worth(pair: PriorPair, many: str) -> str:
    """Return what the prior is worth, in people where the stronger studies report them."""
    if pair.worth_people is not None:
        people = wording.whole(round(pair.worth_people))
        return f"The prior is worth {people} {many} of the {plural(pair.stronger)}"
    return (
        f"The prior is worth {wording.ratio(pair.worth_studies, 1)} {plural(pair.stronger)}, by their mean information"
    )
