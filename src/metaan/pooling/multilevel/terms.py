"""Random-effects terms: which rows share an effect, from what a caller writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Floats
from metaan.pooling.multilevel.blocks import Blocks, Integers, same_group
from metaan.pooling.multilevel.structures import Structure, structure
from metaan.terms.given import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Random:
    """One random-effects term.

    Without `inner`, rows of one level of `outer` share one effect. With `inner`, rows of one level of `outer` have one
    effect for each level of `inner`, and `struct` is the covariance matrix of these effects.
    """

    outer: ArrayLike  #: shape (k,), labels
    inner: ArrayLike | None = None  #: shape (k,), labels
    struct: str = "CS"  #: CS, HCS, UN, DIAG, ID, AR, HAR; read only with `inner`
    name: str = ""


class Term(NamedTuple):
    """A random-effects term, its levels numbered."""

    name: str
    outer: Integers  #: shape (k,)
    inner: Integers  #: shape (k,), zero without inner levels
    outer_levels: tuple[str, ...]
    inner_levels: tuple[str, ...]  #: one empty text without inner levels
    structure: Structure

    @property
    def n(self) -> int:
        """Return the number of inner levels."""
        return len(self.inner_levels)

    @property
    def structured(self) -> bool:
        """Tell whether the term has an inner variable."""
        return self.inner_levels != ("",)


class Pattern(NamedTuple):
    """Entries of the marginal covariance matrix that a term adds to."""

    entry: Integers  #: flat places
    code: Integers  #: entry of the term's matrix G, flattened, that is added there


def read_terms(
    random: str | Random | Sequence[str | Random], data: Mapping[str, Any] | None, struct: str, k: int
) -> tuple[Term, ...]:
    """Number the levels of all terms.

    Raises
    ------
    ValueError
        Unknown column or structure, labels missing, a grouping of a single level, or two terms that group alike.
    """
    wanted: list[Any] = list(random) if isinstance(random, (list, tuple)) else [random]
    if not wanted or not all(isinstance(each, (str, Random)) for each in wanted):
        raise ValueError(f"random must name at least one term, such as 'study/effect', not {random!r}")
    terms: list[Term] = []
    for each in wanted:
        terms += _from_text(each, data, struct, k) if isinstance(each, str) else [_from_record(each, k)]
    _check(terms, k)
    return tuple(terms)


def pattern(term: Term, blocks: Blocks) -> Pattern:
    """Return where a term adds to the marginal covariance matrix."""
    i, j = same_group(term.outer)
    if term.structured and term.structure.label in ("ID", "DIAG"):
        equal = term.inner[i] == term.inner[j]
        i, j = i[equal], j[equal]
    return Pattern(blocks.flat(i, j), term.inner[i] * term.n + term.inner[j])


def start_values(terms: Sequence[Term], variances: Sequence[ArrayLike], rho: float) -> Floats:
    """Return starting values from a correlation and a variance for each term, or for each of its inner levels."""
    return np.concatenate(
        [
            np.array(term.structure.begin(np.broadcast_to(np.asarray(v, dtype=float), term.n), rho), dtype=float)
            for term, v in zip(terms, variances, strict=True)
        ]
    )


def number(labels: ArrayLike, k: int, name: str) -> tuple[Integers, tuple[str, ...]]:
    """Number labels in their order: numbers by size, texts by alphabet."""
    given = np.asarray(labels)
    if given.shape != (k,):
        raise ValueError(f"{name} must hold one label for each of the {k} effects; its shape is {given.shape}")
    missing = [i for i, value in enumerate(given.tolist()) if _missing(value)]
    if missing:
        raise ValueError(
            f"{name} must hold a label for every effect; none at position {named([str(place) for place in missing])}"
        )
    if given.dtype == object:
        numeric = all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in given.tolist())
        given = given.astype(float) if numeric else given.astype(str)
    levels, codes = np.unique(given, return_inverse=True)
    return codes.astype(np.int64), tuple(_text(level) for level in levels.tolist())


def _missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas' NA has no truth value
        return True


def _text(level: Any) -> str:
    return str(int(level)) if isinstance(level, float) and level.is_integer() else str(level)


def _column(data: Mapping[str, Any] | None, name: str) -> Any:
    if data is None:
        raise ValueError(f"random names the column {name!r}, so data must hold it; or give Random(outer=...)")
    if name not in data:
        raise ValueError(f"data has no column {name!r}; it has {', '.join(str(column) for column in data)}")
    return data[name]


def _from_text(text: str, data: Mapping[str, Any] | None, struct: str, k: int) -> list[Term]:
    spec = text.replace("~", " ").strip()
    inner, bar, outer = (part.strip() for part in spec.partition("|"))
    if not bar:
        inner, outer = "1", spec
    names = [part.strip() for part in outer.split("/")]
    if not all(names):
        raise ValueError(f"random must look like 'study', 'study/effect' or 'inner | outer', not {text!r}")
    if inner != "1" and len(names) > 1:
        raise ValueError(f"{text!r}: with an inner variable only one outer variable is possible")
    terms: list[Term] = []
    codes: Integers = np.zeros(k, dtype=np.int64)
    labels: tuple[str, ...] = ("",)
    for depth, name in enumerate(names):
        own, levels = number(_column(data, name), k, name)
        used, codes = np.unique(codes * len(levels) + own, return_inverse=True)
        labels = tuple(
            f"{labels[u // len(levels)]}/{levels[u % len(levels)]}" if depth else levels[u % len(levels)]
            for u in used.tolist()
        )
        title = "/".join(names[: depth + 1])
        if inner == "1":
            terms.append(Term(title, codes, np.zeros(k, np.int64), labels, ("",), structure("ID", 1)))
    if inner != "1":
        within, levels = number(_column(data, inner), k, inner)
        terms.append(Term(f"{inner} | {names[0]}", codes, within, labels, levels, structure(struct, len(levels))))
    return terms


def _from_record(each: Random, k: int) -> Term:
    name = each.name or "outer"
    outer, labels = number(each.outer, k, name)
    if each.inner is None:
        return Term(name, outer, np.zeros(k, np.int64), labels, ("",), structure("ID", 1))
    inner, levels = number(each.inner, k, f"{name}, inner")
    return Term(name, outer, inner, labels, levels, structure(each.struct, len(levels)))


def _check(terms: Sequence[Term], k: int) -> None:
    seen: dict[tuple[int, ...], str] = {}
    for term in terms:
        if not term.structured:
            if len(term.outer_levels) == 1:
                raise ValueError(
                    f"{term.name} has a single level, so its variance cannot be told from the mean; leave it out"
                )
            _, first = np.unique(term.outer, return_index=True)
            key = tuple(np.argsort(np.argsort(first))[term.outer].tolist())
            if key in seen:
                raise ValueError(f"{seen[key]} and {term.name} group the effects alike; keep one of them")
            seen[key] = term.name
            continue
        paired = len(np.unique(term.outer * term.n + term.inner)) > len(term.outer_levels)
        if term.structure.label not in ("ID", "DIAG") and not paired:
            raise ValueError(
                f"{term.name}: no level of the outer variable holds two levels of the inner one, so no correlation "
                "can be estimated; use struct='DIAG' or 'ID'"
            )
