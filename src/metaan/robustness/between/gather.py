"""Every way to question the designs of one analysis, each done or with the reason why not."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from metaan.robustness.between import (
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
from metaan.robustness.between.accuracy import CutOffAccuracy
from metaan.robustness.between.bias import BiasAdjusted
from metaan.robustness.between.ceilings import Ceilings
from metaan.robustness.between.confounding import Confounding
from metaan.robustness.between.dilution import Dilution
from metaan.robustness.between.discount import Discount
from metaan.robustness.between.given import Given
from metaan.robustness.between.information import Information
from metaan.robustness.between.ladder import Ladder
from metaan.robustness.between.meaningful import Meaningful
from metaan.robustness.between.misclassified import Misclassified
from metaan.robustness.between.multiverse import Multiverse
from metaan.robustness.between.prior import RobustPrior
from metaan.robustness.between.replicability import Replicability
from metaan.robustness.between.shifts import Shifts
from metaan.robustness.between.value import Value
from metaan.terms.believed import LEFT_OUT
from metaan.terms.records import Record

#: why a method is not done that broke down on its numbers, as on a division by zero; a warning tells on which
NO_NUMBERS = "it cannot be computed from the numbers of these studies"

#: why a method is not done where the protocol draws no sentence from pooled figures, and methods that need none
MEANS_NOTHING = "no sentence may be drawn from these pooled figures"
WITHOUT_POOL = frozenset(["shifts", "accuracy"])

#: method -> what does it, in the order in which they are shown
METHODS: Mapping[str, Callable[[Given], Any]] = {
    "ladder": ladder.of,
    "meaningful": meaningful.of,
    "ceilings": ceilings.of,
    "confounding": confounding.of,
    "bias": bias.of,
    "discount": discount.of,
    "prior": prior.of,
    "dilution": dilution.of,
    "misclassified": misclassified.of,
    "shifts": shifts.of,
    "information": information.of,
    "value": value.of,
    "multiverse": multiverse.of,
    "accuracy": accuracy.of,
    "replicability": replicability.of,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenDesigns(Record):
    """How far the designs of one analysis can be believed: sensitivity analyses, none of which replaces a stratum."""

    analysis_id: str
    ladder: Ladder | None = None
    meaningful: Meaningful | None = None
    ceilings: Ceilings | None = None
    confounding: Confounding | None = None
    bias: BiasAdjusted | None = None
    discount: Discount | None = None
    prior: RobustPrior | None = None
    dilution: Dilution | None = None
    misclassified: Misclassified | None = None
    shifts: Shifts | None = None
    information: Information | None = None
    value: Value | None = None
    multiverse: Multiverse | None = None
    accuracy: CutOffAccuracy | None = None
    replicability: Replicability | None = None
    not_done: dict[str, str] = field(default_factory=dict)  #: method -> why

    def done(self) -> dict[str, Any]:
        """Return the methods that gave a result, in their order."""
        found = {name: getattr(self, name) for name in METHODS}
        return {name: result for name, result in found.items() if result is not None}


def between_designs(given: Given) -> tuple[BetweenDesigns, list[dict[str, Any]]]:
    """Question the designs of one analysis in every way that its data and its protocol allow.

    Parameters
    ----------
    given : Given
        The analysis, its rows and its settings.

    Returns
    -------
    found : BetweenDesigns
        For each method its result, or in `not_done` the reason why there is none. A method that breaks down on extreme
        numbers gives a reason too, and a warning, lest one sensitivity analysis keep a whole review from its report.
    specifications : list of dict
        Every analysis of the multiverse as a row with `multiverse.COLUMNS`.
    """
    done: dict[str, Any] = {}
    not_done: dict[str, str] = {}
    specifications: list[dict[str, Any]] = []
    for name, method in METHODS.items():
        found: Any = _refused(given, name)
        try:
            if not found and name == "multiverse":
                found, specifications = multiverse.with_table(given)
            elif not found:
                found = method(given)
        except (ArithmeticError, ValueError) as problem:  # LinAlgError is one; other faults are metaan's own
            warnings.warn(f"{given.analysis.id}, {name}: {problem!r}", RuntimeWarning, stacklevel=2)
            found = NO_NUMBERS
        (not_done if isinstance(found, str) else done)[name] = found
    return BetweenDesigns(analysis_id=given.analysis.id, **done, not_done=not_done), specifications


def _refused(given: Given, method: str) -> str:
    """Return why a method is not even tried; empty where it is."""
    if not given.wanted(method):
        return LEFT_OUT
    return MEANS_NOTHING if given.analysis.no_bottom_line and method not in WITHOUT_POOL else ""
