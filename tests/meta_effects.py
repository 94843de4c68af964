"""Effects as package meta computes them by default, from the reference files: its conventions where they differ."""

from typing import NamedTuple

import numpy as np

from oracle import load, names


class MetaSet(NamedTuple):
    """Effects of one data set as meta sees them, and what meta made of them."""

    name: str
    measure: str
    y: np.ndarray
    v: np.ndarray
    tables: np.ndarray | None  #: shape (4, k)
    groups: np.ndarray | None  #: shape (2, k)
    theirs: dict  #: block `meta`
    left_out: int  #: rows of the data without an effect


def meta_sets():
    """Return every set for which meta ran its tests of small-study effects."""
    found = []
    for name in names():
        content = load(name)
        if "metabias" not in content.get("meta", {}):
            continue
        measure, data = content["primary"], content["data"]
        column = {key: np.array(data[key], dtype=float) for key in ("ai", "ci", "n1i", "n2i") if key in data}
        tables = groups = None
        if content["kind"] == "bin":
            a, c, n1, n2 = (column[key] for key in ("ai", "ci", "n1i", "n2i"))
            tables, groups = np.stack([a, n1 - a, c, n2 - c]), np.stack([n1, n2])
            y, v = _binary(measure, *tables)
        else:
            block = content["escalc"][{"SMD": "SMD[vtype=UB]", "ROM": "ROM[correct=FALSE]"}.get(measure, measure)]
            y, v = (np.array(block[key], dtype=float) for key in ("yi", "vi"))
            if content["kind"] == "cont":
                groups = np.stack([column["n1i"], column["n2i"]])
        some = np.isfinite(y) & np.isfinite(v)
        found.append(
            MetaSet(
                name,
                measure,
                y[some],
                v[some],
                None if tables is None else tables[:, some],
                None if groups is None else groups[:, some],
                content["meta"],
                int((~some).sum()),
            )
        )
    return found


def standardised_differences(name):
    """Return standardised mean differences of a set of means, and their unbiased variances, as meta has them."""
    block = load(name)["escalc"]["SMD[vtype=UB]"]
    y, v = (np.array(block[key], dtype=float) for key in ("yi", "vi"))
    data = load(name)["data"]
    groups = np.stack([np.array(data[key], dtype=float) for key in ("n1i", "n2i")])
    some = np.isfinite(y) & np.isfinite(v)
    return y[some], v[some], groups[:, some]


def _binary(measure, a, b, c, d):
    """Half is added to tables with a zero: for RR the totals grow by half only, for RD the variance alone changes."""
    n1, n2 = a + b, c + d
    add = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), 0.5, 0.0)
    with np.errstate(all="ignore"):
        if measure == "OR":
            y = np.log((a + add) * (d + add) / ((b + add) * (c + add)))
            v = 1 / (a + add) + 1 / (b + add) + 1 / (c + add) + 1 / (d + add)
            out = (a + c == 0) | (b + d == 0)
        elif measure == "RR":
            y = np.log((a + add) / (n1 + add) * (n2 + add) / (c + add))
            v = 1 / (a + add) - 1 / (n1 + add) + 1 / (c + add) - 1 / (n2 + add)
            out = a + c == 0
        else:
            y = a / n1 - c / n2
            v = (a + add) * (b + add) / (n1 + 2 * add) ** 3 + (c + add) * (d + add) / (n2 + 2 * add) ** 3
            out = np.zeros(a.shape, dtype=bool)
    out = out | (n1 == 0) | (n2 == 0)
    return np.where(out, np.nan, y), np.where(out, np.nan, v)
