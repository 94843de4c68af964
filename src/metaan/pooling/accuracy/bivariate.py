"""Bivariate synthesis of sensitivity and specificity."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.accuracy import binomial as accuracy_binomial
from metaan.pooling.accuracy import normal as accuracy_normal
from metaan.pooling.accuracy.curve import area, hsroc, line, mean_height
from metaan.pooling.accuracy.records import Accuracy
from metaan.pooling.accuracy.tables import Tables, check_level, correct_zeros, logs, read, refuse
from metaan.pooling.kernel import Floats
from metaan.pooling.pool import pool
from metaan.terms.records import Interval, Pooled
from metaan.terms.special import special

METHODS = ("REML", "ML", "fixed")
LIKELIHOODS = ("normal", "binomial")
RATIOS = ("DOR", "LR+", "LR-")


def pool_accuracy(
    tp: ArrayLike,
    fn: ArrayLike,
    fp: ArrayLike,
    tn: ArrayLike,
    *,
    likelihood: str = "normal",
    method: str | None = None,
    correction: float = 0.5,
    correct: str = "all",
    nodes: int = 21,
    level: float = 0.95,
    mask: ArrayLike | None = None,
    labels: Any = None,
) -> Accuracy:
    """Pool sensitivity and specificity together in the bivariate model.

    Parameters
    ----------
    tp, fn, fp, tn : array_like of int, shape (..., k)
        True positives, false negatives, false positives, true negatives. Leading axes are a batch.
    likelihood : {"normal", "binomial"}
        Logits with normal errors [1]_, or the counts themselves, which need no correction of zero cells [2]_.
    method : {"REML", "ML", "fixed"}, optional
        Of the normal model, ``"REML"`` by default; ``"fixed"`` has no variation between studies. The binomial model is
        fitted by ``"ML"``.
    correction : float
        Added to the four cells of tables chosen by `correct`, normal model only.
    correct : {"all", "single", "none"}
        All tables if any has a zero cell; only tables with a zero cell; none.
    nodes : int
        Of the adaptive Gauss-Hermite quadrature in each dimension, binomial model only: 10 or more, or 1 for Laplace's
        approximation.
    level : float
        Of all intervals, normal reference, 0 < level < 1.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part; broadcast against the counts, so leave-one-out is a ``(k, k)`` mask.
    labels : sequence of str, length k, optional
        Names of the studies for messages.

    Returns
    -------
    Accuracy
        Floats for one-dimensional input, otherwise arrays with the batch axes. A single study is given without
        variation between studies. Where the highest likelihood lies at the boundary (variance 0, correlation -1 or 1)
        the estimate stands there.

    Raises
    ------
    ValueError
        Unknown option, counts that are not whole numbers of 0 or above, a study with nobody in a group, or zero cells
        that are left uncorrected; positions or labels are named.

    References
    ----------
    .. [1] Reitsma JB et al. J Clin Epidemiol 2005;58:982-990.
    .. [2] Chu H, Cole SR. J Clin Epidemiol 2006;59:1331-1332.

    Examples
    --------
    >>> pool_accuracy([40, 30, 45], [10, 10, 4], [5, 8, 12], [95, 72, 80]).k
    3
    """
    if likelihood not in LIKELIHOODS:
        raise ValueError(f"likelihood must be one of {', '.join(LIKELIHOODS)}, not {likelihood!r}")
    binomial = likelihood == "binomial"
    chosen = method or ("ML" if binomial else "REML")
    if chosen not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {chosen!r}")
    if binomial and chosen != "ML":
        raise ValueError(f'the binomial model is fitted by "ML", not {chosen!r}')
    if binomial and nodes != 1 and nodes < accuracy_binomial.LEAST:
        raise ValueError(f"nodes must be 1 (Laplace) or {accuracy_binomial.LEAST} and more, not {nodes}")
    check_level(level)
    tables = read(tp, fn, fp, tn, mask, labels)
    cells = correct_zeros(tables, correction, correct)
    if binomial:
        asked: dict[str, Any] = {"likelihood": likelihood, "method": chosen, "nodes": nodes, "level": level}
        fit = _binomial(tables, nodes)
        rates = np.full(len(fit.mean), np.nan)
    else:
        refuse(tables, (cells == 0).any(axis=0), 'a cell is 0, so logits do not exist: use correct="all" or "single"')
        asked = {"likelihood": likelihood, "method": chosen, "correction": correction, "correct": correct}
        asked["level"] = level
        logits = _logits(cells, tables)
        fit = accuracy_normal.fit(logits, chosen)
        steep = np.log1p(np.exp(-np.abs(logits.y))) * 2 + np.abs(logits.y)  # -log(p (1 - p))
        rates = fit.log_likelihood + np.where(tables.takes[:, :, None], steep, 0.0).sum(axis=(1, 2))
    fields = _fields(tables, fit, level) | {"log_likelihood_rates": rates}
    return _record(fields, tables.axes, asked)


def _logits(cells: Floats, tables: Tables) -> accuracy_normal.Logits:
    tp, fn, fp, tn = cells
    y = np.stack([np.log(tp) - np.log(fn), np.log(fp) - np.log(tn)], axis=-1)
    return accuracy_normal.Logits(y, np.stack([1 / tp + 1 / fn, 1 / fp + 1 / tn], axis=-1), tables.takes)


def _binomial(tables: Tables, nodes: int) -> accuracy_normal.Normal:
    """Fit every synthesis; signs turned from specificity to false-positive rate."""
    start = accuracy_normal.fit(_logits(correct_zeros(tables, 0.5, "single"), tables), "ML")
    found = []
    for row in range(len(tables.takes)):
        tp, fn, fp, tn = tables.cells[:, row, tables.takes[row]]
        counts = accuracy_binomial.Counts(np.stack([tp, fp], axis=1), np.stack([tp + fn, fp + tn], axis=1))
        found.append(accuracy_binomial.fit(counts, (start.mean[row], start.psi[row]), nodes))
    return accuracy_normal.Normal(*(np.array(column) for column in zip(*found, strict=True)))


def _fields(tables: Tables, fit: accuracy_normal.Normal, level: float) -> dict[str, Any]:
    _, _, fp, tn = tables.cells
    k = tables.takes.sum(axis=1)
    mean, psi, v = fit.mean, fit.psi, fit.covariance
    z = float(special.ndtri(0.5 + 0.5 * level))
    half = z * np.sqrt(np.stack([v[:, 0, 0], v[:, 1, 1]], axis=1))
    size = np.sqrt(psi[:, 0, 0] * psi[:, 1, 1])
    fields: dict[str, Any] = {
        "k": k,
        "sensitivity": special.expit(mean[:, 0]),
        "sensitivity_ci": (special.expit(mean[:, 0] - half[:, 0]), special.expit(mean[:, 0] + half[:, 0])),
        "specificity": special.expit(-mean[:, 1]),
        "specificity_ci": (special.expit(-mean[:, 1] - half[:, 1]), special.expit(-mean[:, 1] + half[:, 1])),
        "logit_sensitivity": mean[:, 0],
        "logit_fpr": mean[:, 1],
        "logit_sensitivity_variance": v[:, 0, 0],
        "logit_fpr_variance": v[:, 1, 1],
        "logit_covariance": v[:, 0, 1],
        "tau2_sensitivity": psi[:, 0, 0],
        "tau2_fpr": psi[:, 1, 1],
        "tau_covariance": psi[:, 0, 1],
        "correlation": np.divide(psi[:, 0, 1], size, out=np.full_like(size, np.nan), where=size > 0),
        "log_likelihood": fit.log_likelihood,
        "converged": fit.converged,
    }
    miss, clear = special.expit(-mean[:, 0]), special.expit(-mean[:, 1])
    hit, alarm = 1 - miss, 1 - clear
    for name, y, by in (
        ("positive_lr", special.log_expit(mean[:, 0]) - special.log_expit(mean[:, 1]), (miss, -clear)),
        ("negative_lr", special.log_expit(-mean[:, 0]) - special.log_expit(-mean[:, 1]), (-hit, alarm)),
        ("dor", mean[:, 0] - mean[:, 1], (np.ones(len(k)), -np.ones(len(k)))),
    ):
        variance = by[0] ** 2 * v[:, 0, 0] + 2 * by[0] * by[1] * v[:, 0, 1] + by[1] ** 2 * v[:, 1, 1]
        width = z * np.sqrt(np.maximum(variance, 0.0))
        fields |= {name: np.exp(y), f"{name}_ci": (np.exp(y - width), np.exp(y + width))}
    height, slope = line(mean, psi)
    rate = fp / (fp + tn)
    low = np.clip(np.where(tables.takes, rate, np.inf).min(axis=1), 0.01, 0.99)
    high = np.clip(np.where(tables.takes, rate, -np.inf).max(axis=1), 0.01, 0.99)
    return (
        fields
        | hsroc(mean, psi)
        | {
            "auc": area(height, slope),
            "partial_auc": mean_height(height, slope, low, high),
        }
    )


def _record(fields: dict[str, Any], axes: tuple[int, ...], method: dict[str, Any]) -> Accuracy:
    def shaped(values: Floats) -> Any:
        return values.reshape(axes) if axes else values.item(0)

    found: dict[str, Any] = {
        name: Interval(shaped(each[0]), shaped(each[1])) if isinstance(each, tuple) else shaped(each)
        for name, each in fields.items()
    }
    return Accuracy(**found, method=method)


def pool_accuracy_ratio(
    tp: ArrayLike,
    fn: ArrayLike,
    fp: ArrayLike,
    tn: ArrayLike,
    *,
    measure: str = "DOR",
    correction: float = 0.5,
    correct: str = "all",
    tau2: str | ArrayLike = "DL",
    interval: str = "Wald",
    prediction: str | None = "same",
    level: float = 0.95,
    mask: ArrayLike | None = None,
    tau2_interval: str | None = "QP",
    labels: Any = None,
) -> Pooled:
    """Pool one ratio of diagnostic accuracy on the log scale.

    A single ratio hides the threshold; sensitivity and specificity belong together (`pool_accuracy`).

    Parameters
    ----------
    tp, fn, fp, tn, correction, correct, mask, labels
        As in `pool_accuracy`.
    measure : {"DOR", "LR+", "LR-"}
        Diagnostic odds ratio, positive or negative likelihood ratio.
    tau2, interval, prediction, level, tau2_interval
        As in `pool`; random effects by DerSimonian and Laird with Wald intervals by default, as is usual here.

    Returns
    -------
    Pooled
        Natural logarithms.

    Raises
    ------
    ValueError
        As `pool_accuracy` and `pool`.
    """
    if measure not in RATIOS:
        raise ValueError(f"measure must be one of {', '.join(RATIOS)}, not {measure!r}")
    tables = read(tp, fn, fp, tn, mask, labels)
    cells = correct_zeros(tables, correction, correct)
    refuse(tables, (cells == 0).any(axis=0), 'a cell is 0, so log ratios do not exist: use correct="all" or "single"')
    y, v = (each.reshape(*tables.axes, -1) for each in logs(cells)[measure])
    takes = None if tables.takes.all() else tables.takes.reshape(*tables.axes, -1)
    return pool(
        y,
        v,
        tau2=tau2,
        interval=interval,
        prediction=prediction,
        level=level,
        mask=takes,
        tau2_interval=tau2_interval,
        labels=tables.labels,
    )
