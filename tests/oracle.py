"""Our figures beside those of established R packages, one by one.

A module of comparisons registers generators and runs them in one test:

    @comparison("tau2 by REML", source=TIGHT, rel=1e-7, cases=effect_sets)
    def reml(case):
        yield "tau2", pool(case.y, case.v).tau2, case.tight["REML"]["tau2"], case.v.min()

    @pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
    def test_figures(each):
        each.run()

A generator yields ``key, ours, theirs`` and, where a figure may be zero, a fourth item: the scale its error is measured
on (the standard error of an estimate, the smallest sampling variance of a tau2). Arrays are compared item by item; None
and NaN mean "no such figure" and have to stand on both sides. What we do otherwise on purpose is yielded as
`Differs(key, ours, theirs, why)` and has to differ. `docs/validation.md` is made from what these runs record.
"""

import importlib
import json
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FOLDER = Path(__file__).parent / "reference" / "r"

#: sources, as they are named in docs/validation.md
METAFOR = "metafor 5.1-12"
TIGHT = "metafor 5.1-12, iterated to the end"
META = "meta 8.4-0"

CLOSED = 1e-9  #: relative tolerance of closed forms
ITERATED = 1e-7  #: of iterated figures against an iterated reference
EARLY = 1e-4  #: of iterated figures where only R's default, which stops early, exists


@cache
def load(name: str) -> dict[str, Any]:
    """Return one file of results: "dat.bcg", "tight", "bayes", ..."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@cache
def names(prefix: str = "dat.") -> tuple[str, ...]:
    """Return the names of the files that start with a prefix, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob(f"{prefix}*.json")))


class EffectSet(NamedTuple):
    """Effects of one published data set on one measure, with everything R made of them."""

    name: str  #: "dat.bcg RR"
    file: str  #: "dat.bcg"
    measure: str
    y: np.ndarray  #: shape (k,), rows without an effect or variance left out
    v: np.ndarray  #: shape (k,)
    rows: np.ndarray  #: their positions in the data, counted from 0
    fits: dict[str, Any]  #: block `fits.<measure>`
    primary: bool
    tight: dict[str, Any]  #: block of tight.json, or empty


@cache
def effect_sets() -> tuple[EffectSet, ...]:
    """Return every set of effects on which R fitted inverse-variance models."""
    found = []
    for file in names():
        content = load(file)
        for measure, block in content["fits"].items():
            if "rma.uni" not in block:
                continue
            effects = content["escalc"][measure]
            y, v = (np.array(effects[key], dtype=float) for key in ("yi", "vi"))
            kept = np.flatnonzero(np.isfinite(y) & np.isfinite(v) & (v > 0))
            tight = load("tight").get(file, {}).get(measure, {})
            primary = measure == content["primary"]
            found.append(EffectSet(f"{file} {measure}", file, measure, y[kept], v[kept], kept, block, primary, tight))
    return tuple(found)


def primary_sets() -> tuple[EffectSet, ...]:
    """Return the sets that got every method."""
    return tuple(each for each in effect_sets() if each.primary)


def holding(key: str) -> Callable[[], list[EffectSet]]:
    """Return a function that lists the sets for which R has a block: ``cases=holding("regtest")``."""

    def cases() -> list[EffectSet]:
        return [each for each in effect_sets() if key in each.fits and not failed(each.fits[key])]

    return cases


def failed(block: Any) -> bool:
    """Tell whether the call failed in R, which leaves {"error": message}."""
    return isinstance(block, dict) and "error" in block


class Differs(NamedTuple):
    """A figure in which we differ from R on purpose."""

    key: str
    ours: Any
    theirs: Any
    why: str


@dataclass(slots=True)
class Comparison:
    """One row of the validation table."""

    method: str
    source: str
    rel: float
    why: str  #: reason for a tolerance looser than `ITERATED`
    cases: Callable[[], Iterable[Any]]
    figures: Callable[[Any], Iterable[tuple[Any, ...]]]
    module: str
    compared: int = 0
    sets: int = 0
    on_purpose: int = 0
    reasons: set[str] = field(default_factory=set)
    worst: float = 0.0
    worst_at: str = ""
    outside: list[str] = field(default_factory=list)
    done: bool = False

    def __str__(self) -> str:
        return self.figures.__name__

    def run(self) -> None:
        """Compare every figure of every case, then fail if one lies outside the tolerance or none was compared."""
        if not self.done:
            self.measure()
        assert not self.outside, f"{len(self.outside)} of {self.compared} figures outside:\n" + "\n".join(
            self.outside[:40]
        )
        assert self.compared + self.on_purpose > 0, "nothing was compared"

    def measure(self) -> None:
        """Compare without judging."""
        for case in self.cases():
            self.sets += 1
            label = getattr(case, "name", case)
            for item in self.figures(case):
                if isinstance(item, Differs):
                    self._differs(f"{label} {item.key}", item)
                else:
                    key, ours, theirs, *scale = item
                    self._compare(f"{label} {key}", ours, theirs, scale[0] if scale else 0.0)
        self.done = True

    def _compare(self, where: str, ours: Any, theirs: Any, scale: Any) -> None:
        a, b = numbers(ours), numbers(theirs)
        if a.shape != b.shape:
            self.compared += max(1, b.size)
            self.outside.append(f"  {where}: ours has shape {a.shape}, theirs {b.shape}")
            return
        self.compared += b.size
        error = relative_error(a, b, np.broadcast_to(np.abs(numbers(scale)), b.shape))
        for place in np.argwhere(~(error <= self.rel)):
            at = tuple(int(i) for i in place)
            self.outside.append(f"  {where} {at or ''}: ours {a[at]!r}, theirs {b[at]!r}, error {error[at]:.2g}")
        worst = float(np.max(error, initial=0.0))
        if worst >= self.worst:
            self.worst, self.worst_at = worst, where

    def _differs(self, where: str, item: Differs) -> None:
        a, b = numbers(item.ours), numbers(item.theirs)
        if a.shape == b.shape and (relative_error(a, b, np.zeros(b.shape)) <= self.rel).all():
            self.outside.append(f"  {where}: said to differ ({item.why}), but ours and theirs are {a} and {b}")
        self.on_purpose += b.size
        self.reasons.add(item.why)


def relative_error(ours: np.ndarray, theirs: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return |ours - theirs| over the larger of |theirs| and scale; infinite where only one side has a number."""
    error = np.full(theirs.shape, math.inf)
    error[(np.isnan(ours) & np.isnan(theirs)) | (ours == theirs)] = 0.0
    finite = np.isfinite(ours) & np.isfinite(theirs) & (ours != theirs)
    size = np.maximum(np.abs(theirs), scale)[finite]
    distance = np.abs(ours[finite] - theirs[finite])
    error[finite] = np.divide(distance, size, out=np.where(distance <= 1e-15, 0.0, np.inf), where=size > 0)
    return error


def numbers(value: Any) -> np.ndarray:
    """Return an array of floats; None is NaN, "Inf" and "-Inf" are infinities."""
    if isinstance(value, (list, tuple)):
        return np.array([numbers(item) for item in value], dtype=float)
    if value is None:
        return np.array(math.nan)
    if isinstance(value, bool):
        return np.array(float(value))
    if isinstance(value, str):
        return np.array({"Inf": math.inf, "-Inf": -math.inf, "NA": math.nan, "NaN": math.nan}[value])
    return np.asarray(value, dtype=float)


REGISTRY: list[Comparison] = []


def comparison(
    method: str, *, source: str, rel: float, cases: Callable[[], Iterable[Any]] = effect_sets, why: str = ""
) -> Callable[[Callable[[Any], Iterable[tuple[Any, ...]]]], Comparison]:
    """Register a generator of figures.

    Parameters
    ----------
    method : str
        Row of the validation table, in the field's words.
    source : str
        Package and version the figures come from.
    rel : float
        Relative tolerance. Above `ITERATED` a reason has to be given in `why`.
    cases : callable
        Gives the cases; the generator is called once for each.
    why : str
    """
    if rel > ITERATED and not why:
        raise ValueError(f"{method}: a tolerance of {rel:g} needs a reason")

    def register(figures: Callable[[Any], Iterable[tuple[Any, ...]]]) -> Comparison:
        each = Comparison(method, source, rel, why, cases, figures, figures.__module__)
        REGISTRY.append(each)
        return each

    return register


def comparisons_of(module: str) -> list[Comparison]:
    """Return what a module registered."""
    return [each for each in REGISTRY if each.module == module]


def everything() -> list[Comparison]:
    """Import every module of comparisons and return all that they register, in the order of their files."""
    modules = sorted(
        path
        for path in Path(__file__).parent.glob("*/test_*.py")
        if "comparisons_of(" in path.read_text(encoding="utf-8")
    )
    for path in modules:
        if path.stem not in sys.modules:
            if str(path.parent) not in sys.path:  # as pytest does, for the helpers beside them
                sys.path.insert(0, str(path.parent))
            importlib.import_module(path.stem)
    order = [path.stem for path in modules]
    return sorted(REGISTRY, key=lambda each: order.index(each.module))
