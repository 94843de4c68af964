"""The cards of one analysis: one a method that gave a result."""

from collections.abc import Mapping
from types import ModuleType

from metaan.figures.between import (
    accuracy,
    bias,
    ceilings,
    confounding,
    dilution,
    discount,
    information,
    ladder,
    meaningful,
    misclassified,
    multiverse,
    prior,
    replicability,
    shifts,
    value,
)
from metaan.figures.layout import Layout
from metaan.robustness.between.gather import BetweenDesigns
from metaan.terms.records import Analysis

#: method -> module with TITLE, HOW, `lay_out` and `reading`
FIGURES: Mapping[str, ModuleType] = {
    "ladder": ladder,
    "meaningful": meaningful,
    "ceilings": ceilings,
    "confounding": confounding,
    "bias": bias,
    "discount": discount,
    "prior": prior,
    "dilution": dilution,
    "misclassified": misclassified,
    "shifts": shifts,
    "information": information,
    "value": value,
    "multiverse": multiverse,
    "accuracy": accuracy,
    "replicability": replicability,
}

#: what methodologists call them
NAMES: Mapping[str, str] = {
    "ladder": "ratio between designs",
    "meaningful": "share of meaningful effects",
    "ceilings": "credibility ceilings",
    "confounding": "E-values and confounding",
    "bias": "bias-adjusted pooling",
    "discount": "power prior",
    "prior": "robust prior",
    "dilution": "regression dilution",
    "misclassified": "misclassification",
    "shifts": "reverse causation and choice of controls",
    "information": "required information size",
    "value": "value of one more study",
    "multiverse": "multiverse",
    "accuracy": "accuracy at a cut-off",
    "replicability": "replicability",
}


def cards(found: BetweenDesigns, analysis: Analysis) -> dict[str, Layout]:
    """Return the figure of every method that gave a result."""
    return {name: FIGURES[name].lay_out(result, analysis) for name, result in found.done().items()}
