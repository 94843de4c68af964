"""From moderators and a formula to the columns of a design: factors in treatment coding, numbers as they are."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from metaan.pooling.kernel import Floats
from metaan.pooling.regression.least_squares import RANK, orthogonal
from metaan.terms.records import Record

INTERCEPT = "intercept"

Term = tuple[str, ...]  #: moderators multiplied with one another; () is the intercept

_TOKEN = re.compile(r"\s*(?:`([^`]+)`|([^\W\d][\w.]*|\.[\w.]+)|([01](?![\w.]))|([-+:*()]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Design(Record):
    """How moderators become columns: enough to code new data in the same way."""

    terms: tuple[Term, ...]  #: the intercept first, where there is one, then by number of moderators
    levels: dict[str, tuple[str, ...]]  #: factor -> its levels, the reference level first
    names: tuple[str, ...]  #: of the columns: "dose", "design[cohort]", "dose:design[cohort]"
    assign: tuple[int, ...]  #: term of each column, counted from 0

    @property
    def variables(self) -> tuple[str, ...]:
        """Return the moderators in use, in the order of the formula."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term))

    def columns(self, moderators: Mapping[str, Sequence[Any]]) -> Floats:
        """Code moderators that lack nothing.

        Returns
        -------
        ndarray, shape (k, p)

        Raises
        ------
        ValueError
            A moderator is not there, its values are not numbers, or a level was not seen when the design was made.
        """
        k = 1
        for name in self.variables:
            if name not in moderators:
                raise ValueError(f"moderator {name!r} is not among the columns: {', '.join(map(str, moderators))}")
            k = len(moderators[name])
        coded = {}
        for name in self.variables:
            values = moderators[name]
            if name not in self.levels:
                coded[name] = _as_numbers(name, values)[:, None]
                continue
            levels = self.levels[name]
            texts = [_level(value) for value in values]
            unknown = sorted(set(texts) - set(levels))
            if unknown:
                raise ValueError(f"moderator {name!r} has no level {unknown[0]!r}; its levels are {', '.join(levels)}")
            coded[name] = np.array([[text == level for level in levels] for text in texts], dtype=float)
        present = {frozenset(term) for term in self.terms}
        blocks = []
        for term in self.terms:
            block = np.ones((k, 1))
            for name in term:
                part = coded[name]
                if name in self.levels and frozenset(term) - {name} in present:
                    part = part[:, 1:]  # treatment coding; all levels where nothing else carries the mean
                block = (block[:, :, None] * part[:, None, :]).reshape(k, -1)
            blocks.append(block)
        return np.hstack(blocks)


def read_moderators(moderators: Any, k: int) -> dict[str, list[Any]]:
    """Return moderators by name, each a list of k values.

    Parameters
    ----------
    moderators : mapping, pandas.DataFrame, or array_like of shape (k,) or (k, q)
        Columns of an array are called x1, x2, ... (x, if it is one); a pandas Series keeps its name.
    k : int
        Number of studies.

    Raises
    ------
    ValueError
        No moderators, or not one value for each study.
    """
    if hasattr(moderators, "columns") and hasattr(moderators, "loc"):
        columns = {str(name): list(moderators[name]) for name in moderators.columns}
    elif isinstance(moderators, Mapping):
        if single := [name for name, values in moderators.items() if not hasattr(values, "__len__")]:
            raise ValueError(f"moderator {str(single[0])!r} must have one value for each of {k} studies, not just one")
        columns = {str(name): list(values) for name, values in moderators.items()}
    elif hasattr(moderators, "dtype") and hasattr(moderators, "name"):  # one pandas column
        columns = {_column_name(moderators): list(moderators)}
    else:
        array = np.asarray(moderators)
        if array.ndim not in (1, 2):
            raise ValueError(f"moderators must be columns by name, or an array of shape ({k}, q), not {array.shape}")
        flat = array.reshape(len(array), -1)
        names = ["x"] if flat.shape[1] == 1 else [f"x{j + 1}" for j in range(flat.shape[1])]
        columns = {name: flat[:, j].tolist() for j, name in enumerate(names)}
    if not columns:
        raise ValueError("there are no moderators")
    for name, values in columns.items():
        if len(values) != k:
            raise ValueError(f"moderator {name!r} must have one value for each of {k} studies; it has {len(values)}")
    return columns


def make_design(
    moderators: Mapping[str, Sequence[Any]],
    formula: str | None = None,
    *,
    reference: Mapping[str, Any] | None = None,
    factors: Sequence[str] = (),
    ordered: Mapping[str, Sequence[Any]] | None = None,
) -> Design:
    """Decide how moderators are coded, from the values of the studies in use.

    Parameters
    ----------
    moderators : mapping
        Name -> values, missing ones left out.
    formula : str, optional
        ``"a + b"``, ``"a * b"`` (= ``a + b + a:b``), ``"a:b"``, ``"a - 1"`` (no intercept); names with other signs
        than letters, digits, ``_`` and ``.`` stand in backticks. All moderators and an intercept, when not given.
    reference : mapping, optional
        Factor -> reference level; else the first.
    factors : sequence of str
        Moderators whose numbers are names of groups.
    ordered : mapping, optional
        Factor -> its levels in order, when this is not the alphabetical one.

    Raises
    ------
    ValueError
        The formula cannot be read, or names a moderator or level that is not there.
    """
    if reference is not None and not isinstance(reference, Mapping):
        raise ValueError(f"reference must be a mapping from factor to level, not {reference!r}")
    if isinstance(factors, str):
        factors = (factors,)
    terms = parse(formula) if formula is not None else ((), *((name,) for name in moderators))
    used = dict.fromkeys(name for term in terms for name in term)
    wanted = [*used, *(reference or {}), *factors]
    for name in wanted:
        if name not in moderators:
            raise ValueError(f"moderator {name!r} is not among the columns: {', '.join(moderators)}")
    levels = {}
    for name in used:
        values = moderators[name]
        if name not in factors and all(_is_number(value) for value in values):
            if reference and name in reference:
                raise ValueError(f"moderator {name!r} holds numbers: name it in `factors` to give it a reference level")
            continue
        levels[name] = _levels(name, values, (ordered or {}).get(name), (reference or {}).get(name))
    present = {frozenset(term) for term in terms}
    names, assign = [], []
    for number, term in enumerate(terms):
        parts = []
        for name in term:
            if name not in levels:
                parts.append([name])
            else:
                shown = levels[name][1:] if frozenset(term) - {name} in present else levels[name]
                parts.append([f"{name}[{level}]" for level in shown])
        columns = [":".join(each) for each in product(*parts)] if term else [INTERCEPT]
        names += columns
        assign += [number] * len(columns)
    return Design(terms=tuple(terms), levels=levels, names=tuple(names), assign=tuple(assign))


def parse(formula: str) -> tuple[Term, ...]:
    """Read a formula into its terms, the intercept first, then by number of moderators (as R orders them)."""
    if not isinstance(formula, str):
        raise ValueError(f"formula must be text such as 'dose + design', not {formula!r}")
    text = formula.strip().removeprefix("~")
    tokens: list[tuple[str, str]] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if not found:
            raise ValueError(f"formula {formula!r} cannot be read from {text[place:].strip()!r} on")
        quoted, name, number, sign = found.groups()
        tokens.append(("name", quoted or name) if quoted or name else ("number", number) if number else ("sign", sign))
        place = found.end()
    reader = _Reader(formula, [*tokens, ("end", "")])
    terms = reader.sum(dict.fromkeys([()]))
    reader.expect("end")
    if not terms:
        raise ValueError(f"formula {formula!r} leaves nothing to be estimated")
    return tuple(sorted(terms, key=len))


class _Reader:
    """Recursive descent over the tokens of a formula; a term is a tuple of names without repetition."""

    def __init__(self, formula: str, tokens: list[tuple[str, str]]) -> None:
        self.formula, self.tokens = formula, tokens
        self.order = {text: i for i, text in reversed(list(enumerate(text for _, text in tokens)))}

    def expect(self, kind: str, text: str = "") -> str:
        if self.tokens[0][0] != kind or (text and self.tokens[0][1] != text):
            found = repr(self.tokens[0][1]) if self.tokens[0][1] else "its end"
            raise ValueError(f"formula {self.formula!r} cannot be read: {found} is not expected where it stands")
        return self.tokens.pop(0)[1]

    def sign(self, signs: str) -> str:
        kind, text = self.tokens[0]
        return self.tokens.pop(0)[1] if kind == "sign" and text in signs else ""

    def sum(self, terms: dict[Term, None]) -> dict[Term, None]:
        operation = self.sign("-+") or "+"
        while operation:
            if self.tokens[0][0] == "number":
                keep = (self.expect("number") == "1") == (operation == "+")
                other: dict[Term, None] = {(): None}
            else:
                keep, other = operation == "+", self.product()
            if keep:
                terms |= other
            else:
                for term in other:
                    terms.pop(term, None)
            operation = self.sign("-+")
        return terms

    def product(self) -> dict[Term, None]:
        terms = self.interaction()
        while self.sign("*"):
            other = self.interaction()
            terms = terms | other | self.crossed(terms, other)
        return terms

    def interaction(self) -> dict[Term, None]:
        terms = self.atom()
        while self.sign(":"):
            terms = self.crossed(terms, self.atom())
        return terms

    def atom(self) -> dict[Term, None]:
        if self.sign("("):
            terms = self.sum({})
            self.expect("sign", ")")
            return terms
        return {(self.expect("name"),): None}

    def crossed(self, one: dict[Term, None], other: dict[Term, None]) -> dict[Term, None]:
        return {tuple(sorted({*a, *b}, key=self.order.__getitem__)): None for a in one for b in other}


def redundant(x: Floats, names: Sequence[str]) -> list[str]:
    """Return the columns of a design, shape (k, p), that are combinations of those before them."""
    size = np.abs(x).max(axis=0, initial=0.0)
    scaled = x / np.where(size > 0, size, 1.0)
    _, _, d, _, _, _ = orthogonal(np.ones((1, len(x))), list(scaled.T), None, 2)
    return [name for j, name in enumerate(names) if d[j, 0] <= RANK**2 * (scaled[:, j] ** 2).sum()]


def is_missing(value: Any) -> bool:
    """Tell whether a moderator is not known: None, not-a-number, empty text, pandas' NA."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    return type(value).__name__ in ("NAType", "NaTType")


def level_order(moderators: Any) -> dict[str, list[Any]]:
    """Return the order of levels that pandas columns of categories carry."""
    if not hasattr(moderators, "dtypes"):
        return {}
    if not hasattr(moderators, "columns"):
        moderators = {_column_name(moderators): moderators}
    return {
        str(name): list(moderators[name].cat.categories)
        for name in moderators
        if type(moderators[name].dtype).__name__ == "CategoricalDtype"
    }


def _column_name(column: Any) -> str:
    return "x" if column.name is None else str(column.name)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating, np.bool_))


def _as_numbers(name: str, values: Sequence[Any]) -> Floats:
    bad = [i for i, value in enumerate(values) if not _is_number(value) or not math.isfinite(value)]
    if bad:
        raise ValueError(f"moderator {name!r} must hold finite numbers: at position {bad[0]} ({values[bad[0]]!r})")
    return np.array(values, dtype=float)


def _level(value: Any) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _levels(name: str, values: Sequence[Any], order: Sequence[Any] | None, reference: Any) -> tuple[str, ...]:
    there = {_level(value): value for value in values}
    if order is not None:
        levels = [_level(value) for value in order if _level(value) in there]
    elif all(_is_number(value) for value in there.values()):
        levels = sorted(there, key=lambda level: there[level])
    else:
        levels = sorted(there, key=lambda level: (level.casefold(), level))
    if reference is not None:
        first = _level(reference)
        if first not in levels:
            raise ValueError(f"moderator {name!r} has no level {first!r}; its levels are {', '.join(levels)}")
        levels = [first, *(level for level in levels if level != first)]
    if len(levels) < 2:
        raise ValueError(
            f"moderator {name!r} has the same value, {levels[0]!r}, in all studies: it cannot be a moderator"
        )
    return tuple(levels)
