"""One synthesis, or a batch of them, in one call."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from metaan.pooling import intervals, kernel
from metaan.pooling.kernel import Floats, Rows
from metaan.pooling.tau2 import ESTIMATORS, q_profile
from metaan.terms.records import Interval, Pooled


def pool(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    tau2: str = "REML",
    interval: str = "mKH",
    prediction: str = "same",
    level: float = 0.95,
    mask: ArrayLike | None = None,
) -> Pooled:
    """Pool effects by inverse variance.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale (natural logarithm for ratios) and their sampling variances. Leading axes are a
        batch: each row is a synthesis of its own.
    tau2 : {"REML", "PM", "DL", "EE"}
        Estimator of the variance between studies; ``"EE"`` is the equal-effects model, without any.
    interval : {"mKH", "HK", "HK-ci", "Wald", "t"}
        See `intervals.confidence`.
    prediction : {"same", "V", "HTS", "normal"}
        See `intervals.predict`.
    level : float
        Of all intervals, 0 < level < 1.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part; broadcast against `yi` and `vi`, so leave-one-out is a ``(k, k)`` mask.

    Returns
    -------
    Pooled
        Floats for one-dimensional input, otherwise arrays with the batch axes (`weights` with the axis of the studies
        as well; NaN stands for what a single synthesis gives as None). I2 and H2 are those of the fitted tau2 and the
        typical sampling variance, under ``"EE"`` those of Q.

        - One study: its effect with the Wald interval of `vi`, tau2 0; no tau2 interval, no prediction.
        - Two studies: no prediction interval.
        - ``"EE"``: no prediction interval, and no interval of tau2 or I2.
        - No study in a masked row: NaN throughout.

    Raises
    ------
    ValueError
        Unknown option, no studies, effects that are not finite, or variances that are not positive and finite; the
        positions are named.

    Examples
    --------
    >>> pool([-0.9, -1.6, -1.3], [0.33, 0.19, 0.42]).k
    3
    """
    _choice("tau2", tau2, tuple(ESTIMATORS))
    _choice("interval", interval, intervals.INTERVALS)
    _choice("prediction", prediction, intervals.PREDICTIONS)
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    batch = kernel.read(yi, vi, mask)
    parts = [_pool_rows(rows, tau2, interval, prediction, level) for rows in batch.chunks()]
    fields = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
    method = {"tau2": tau2, "interval": interval, "prediction": prediction, "level": level}
    return _record(fields, batch.axes, method)


def summarise(yi: ArrayLike, vi: ArrayLike, *, tau2: str = "REML", mask: ArrayLike | None = None) -> dict[str, Any]:
    """Pool a large batch without any interval: all subsets, permutations, simulations.

    Parameters
    ----------
    yi, vi, tau2, mask
        As in `pool`.

    Returns
    -------
    dict
        ``k``, ``estimate``, ``se`` (Wald), ``tau2``, ``i2`` (percent), ``q``, ``converged``: arrays with the batch
        axes, equal to those of `pool`.
    """
    _choice("tau2", tau2, tuple(ESTIMATORS))
    batch = kernel.read(yi, vi, mask)
    names = ("k", "estimate", "se", "tau2", "i2", "q", "converged")
    parts = [_fit(rows, tau2) for rows in batch.chunks()]
    return {name: np.concatenate([part[name] for part in parts]).reshape(batch.axes) for name in names}


def _choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")


def _fit(rows: Rows, estimator: str) -> dict[str, Any]:
    """Return what needs no reference distribution, for a piece of the batch."""
    some, several = rows.k > 0, rows.k > 1
    tau2, converged = ESTIMATORS[estimator](rows)
    tau2 = np.where(some, tau2, np.nan)
    at = kernel.mean(rows.y, rows.v, tau2)
    q = kernel.mean(rows.y, rows.v, np.zeros(len(rows.y))).q
    q_df = np.where(some, rows.k - 1.0, np.nan)
    typical = intervals.typical_variance(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.maximum(0.0, 1.0 - q_df / q) if estimator == "EE" else tau2 / (tau2 + typical)
        h2 = q / q_df if estimator == "EE" else 1.0 + tau2 / typical
        se = np.where(some, 1.0 / np.sqrt(at.weight), np.nan)
    single = np.where(some, 0.0, np.nan)
    return {
        "k": rows.k,
        "estimate": rows.centre + at.mean,
        "se": se,
        "tau2": tau2,
        "i2": np.where(several, 100.0 * np.where(q > 0, excess, 0.0), single),
        "h2": np.where(several, h2, single + 1.0),
        "q": np.where(some, q, np.nan),
        "q_df": q_df,
        "converged": converged,
        "typical": typical,
        "at": at,
    }


def _pool_rows(rows: Rows, estimator: str, interval: str, prediction: str, level: float) -> dict[str, Any]:
    """Return every field of `Pooled` for a piece of the batch, each an array of shape (n,), weights (n, k)."""
    fit = _fit(rows, estimator)
    at, typical, estimate = fit.pop("at"), fit.pop("typical"), fit["estimate"]
    ci = intervals.confidence(estimate, at, rows.k, interval, level)
    none = np.full(len(rows.y), np.nan)
    low, high, pi = none, none, (none, none)
    if estimator != "EE":
        low, high = q_profile(rows, level)
        pi = intervals.predict(estimate, at, ci, fit["tau2"], rows.k, prediction, level)
    several = rows.k > 1
    q_p = special.chdtrc(np.where(several, fit["q_df"], 1.0), fit["q"])
    with np.errstate(invalid="ignore"):
        weights = 100.0 * at.w / at.weight[:, None]
    return fit | {
        "se": ci.se,
        "statistic": ci.statistic,
        "df": np.where(rows.k > 0, ci.df, np.nan),
        "p": ci.p,
        "ci_low": ci.low,
        "ci_high": ci.high,
        "prediction_low": pi[0],
        "prediction_high": pi[1],
        "tau2_low": low,
        "tau2_high": high,
        "i2_low": intervals.i2(low, typical),
        "i2_high": intervals.i2(high, typical),
        "q_p": q_p,  # of a single study: Q is 0, hence 1
        "weights": weights,
    }


def _record(fields: dict[str, Floats], axes: tuple[int, ...], method: dict[str, Any]) -> Pooled:
    if axes:
        shaped: dict[str, Any] = {name: values.reshape(*axes, *values.shape[1:]) for name, values in fields.items()}
        equal = method["tau2"] == "EE"
        lacking = {"prediction": equal, "tau2": equal, "i2": equal}
    else:
        shaped = {name: values[0].item() for name, values in fields.items() if name != "weights"}
        shaped["weights"] = tuple(fields["weights"][0].tolist())
        lacking = {name: np.isnan(shaped[f"{name}_low"]) for name in ("prediction", "tau2", "i2")}
    limits = {
        name: None if lacking.get(name) else Interval(shaped.pop(f"{name}_low"), shaped.pop(f"{name}_high"))
        for name in ("ci", "prediction", "tau2", "i2")
    }
    for name in lacking:
        shaped.pop(f"{name}_low", None)
        shaped.pop(f"{name}_high", None)
    assert limits["ci"] is not None
    return Pooled(
        ci=limits["ci"],
        prediction=limits["prediction"],
        tau2_ci=limits["tau2"],
        i2_ci=limits["i2"],
        method=method,
        **shaped,
    )
