"""One synthesis, or a batch of them, in one call."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import estimators, intervals, kernel
from metaan.pooling.estimators import EQUAL, ESTIMATORS
from metaan.pooling.kernel import Floats, Mean, Rows
from metaan.pooling.tau2 import SHARING, dersimonian_laird, q_profile
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Pooled
from metaan.terms.special import special

TAU2_INTERVALS = ("QP", "PL", "J", "BJ", "GENQ")


class Plan(NamedTuple):
    """What was asked for."""

    tau2: str  #: key of `ESTIMATORS`, "GENQ", or "given"
    interval: str
    prediction: str | None
    level: float
    tau2_interval: str | None
    i2: str


def pool(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    tau2: str | ArrayLike = "REML",
    interval: str = "mKH",
    prediction: str | None = "same",
    level: float = 0.95,
    mask: ArrayLike | None = None,
    tau2_interval: str | None = "QP",
    i2: str = "tau2",
    weights: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> Pooled:
    """Pool effects by inverse variance.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale (natural logarithm for ratios) and their sampling variances. Leading axes are a
        batch: each row is a synthesis of its own. `yi` alone may be a table with columns ``yi`` and ``vi``, as
        `effect_sizes` returns it; its column ``study`` or ``slab`` then names rows in messages.
    tau2 : str or array_like
        Estimator of the variance between studies: ``"REML"``, ``"ML"``, ``"DL"`` (DerSimonian-Laird), ``"PM"``
        (Paule-Mandel), ``"PMM"`` (its median-unbiased version), ``"EB"`` (empirical Bayes), ``"HE"`` (Hedges-Olkin),
        ``"HS"`` (Hunter-Schmidt), ``"HSk"`` (corrected for small samples), ``"SJ"`` (Sidik-Jonkman), ``"DLIT"`` and
        ``"SJIT"`` (DL and SJ iterated), ``"GENQ"`` (method of moments with `weights`). ``"EE"`` is the equal-effects
        model, without any, and ``"FE"`` the same figures read as those of the studies at hand. Numbers are taken as
        tau2 itself, one for all or one a synthesis.
    interval : {"mKH", "HK", "HK-ci", "Wald", "t", "HK-IQWiG6", "KR"}
        See `intervals.confidence`.
    prediction : {"same", "V", "HTS", "normal", "own", "riley", "simple", "HK", "HK-PR", "KR", "KR-PR", "S"} or None
        See `intervals.predict`; None leaves it out.
    level : float
        Of all intervals, 0 < level < 1.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part; broadcast against `yi` and `vi`, so leave-one-out is a ``(k, k)`` mask.
    tau2_interval : {"QP", "PL", "J", "BJ", "GENQ"} or None
        Interval of tau2: Q-profile; profile likelihood (for ML and REML); exact distribution of the weighted sum of
        squares with weights 1 / sqrt(v) (Jackson), 1 / v (Biggerstaff-Jackson), or `weights`. None leaves it out.
    i2 : {"tau2", "Q"}
        I2 and H2 from the fitted tau2, with the interval of tau2, or from Q with the test-based interval.
    weights : array_like, shape (..., k), optional
        Weights of the mean in place of the inverse variances, zero or above. Only ``"Wald"`` and ``"t"`` intervals
        stand on such weights.
    labels : sequence of str, length k, optional
        Names of the studies for messages.

    Returns
    -------
    Pooled
        Floats for one-dimensional input, otherwise arrays with the batch axes (`weights` with the axis of the studies
        as well; NaN stands for what a single synthesis gives as None). Under ``"EE"`` I2 and H2 are those of Q.

        - One study: its effect with the Wald interval of `vi`, tau2 0; no tau2 interval, no prediction.
        - Two studies: no prediction interval.
        - ``"EE"``, ``"FE"``: no prediction interval, and no interval of tau2.
        - A given tau2: no standard error and no interval of it.
        - No study in a masked row: NaN throughout.

    Raises
    ------
    ValueError
        Unknown option, options that do not fit, no studies, effects that are not finite, or variances that are not
        positive and finite; the positions or labels are named.

    Examples
    --------
    >>> pool([-0.9, -1.6, -1.3], [0.33, 0.19, 0.42]).k
    3
    """
    y, v, names = kernel.tidy(yi, vi, labels)
    plan = Plan(estimator_of(tau2), interval, prediction, level, tau2_interval, i2)
    _check(plan, weights is not None)
    batch = kernel.read(y, v, mask, names)
    given = tau2_values(tau2, batch.axes)
    own = None if weights is None else _read_weights(weights, batch, names)
    parts = batch.each(
        lambda rows, piece: _pool_rows(
            rows, plan, None if own is None else own[piece], None if given is None else given[piece]
        )
    )
    fields = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if len(parts) > 1 else parts[0]
    return _record(fields, batch.axes, plan, weights is not None)


def summarise(
    yi: ArrayLike, vi: ArrayLike | None = None, *, tau2: str | ArrayLike = "REML", mask: ArrayLike | None = None
) -> dict[str, Any]:
    """Pool a large batch without any interval: all subsets, permutations, simulations.

    Parameters
    ----------
    yi, vi, tau2, mask
        As in `pool`; ``"GENQ"`` apart.

    Returns
    -------
    dict
        ``k``, ``estimate``, ``se`` (Wald), ``tau2``, ``i2`` (percent), ``q``, ``converged``: arrays with the batch
        axes, equal to those of `pool`.
    """
    batch = kernel.read(yi, vi, mask)
    given = tau2_values(tau2, batch.axes)
    plan = Plan(estimator_of(tau2, tuple(ESTIMATORS)), "Wald", None, 0.95, None, "tau2")
    names = ("k", "estimate", "se", "tau2", "i2", "q", "converged")
    parts = batch.each(lambda rows, piece: _fit(rows, plan, None, None if given is None else given[piece])[0])
    return {name: np.concatenate([part[name] for part in parts]).reshape(batch.axes) for name in names}


def choose(name: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse an option that does not exist."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")


def estimator_of(tau2: Any, known: tuple[str, ...] = estimators.NAMES) -> str:
    """Return the estimator that is named, "given" where tau2 is given as numbers."""
    if not isinstance(tau2, str):
        return "given"
    choose("tau2", tau2, known)
    return tau2


def tau2_values(tau2: Any, axes: tuple[int, ...]) -> Floats | None:
    """Return given values of tau2, one a synthesis, or None where an estimator is named."""
    if isinstance(tau2, str):
        return None
    values = np.asarray(tau2, dtype=float)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError("a given tau2 must be finite and not negative")
    try:
        return np.broadcast_to(values, axes).reshape(-1)
    except ValueError:
        raise ValueError(f"tau2 must be one number or one a synthesis: shape {axes}, not {values.shape}") from None


def _check(plan: Plan, weighted: bool) -> None:
    choose("interval", plan.interval, intervals.INTERVALS)
    if plan.prediction is not None:
        choose("prediction", plan.prediction, intervals.PREDICTIONS)
    if plan.tau2_interval is not None:
        choose("tau2_interval", plan.tau2_interval, TAU2_INTERVALS)
    choose("i2", plan.i2, ("tau2", "Q"))
    fraction("level", plan.level)
    if plan.tau2_interval == "PL" and plan.tau2 not in ("ML", "REML"):
        raise ValueError(f"the profile likelihood interval needs tau2 by ML or REML, not {plan.tau2}")
    if not weighted and "GENQ" in (plan.tau2, plan.tau2_interval):
        raise ValueError("GENQ needs weights, one a study")
    if weighted:
        if plan.interval not in ("Wald", "t"):
            raise ValueError(f'with weights of your own interval must be "Wald" or "t", not {plan.interval!r}')
        if plan.prediction in ("HK", "HK-PR", "KR", "KR-PR"):
            raise ValueError(f"with weights of your own prediction cannot be {plan.prediction!r}")


def _read_weights(weights: ArrayLike, batch: kernel.Batch, names: list[str] | None) -> Floats:
    values = np.asarray(weights, dtype=float)
    shape = (*batch.axes, batch.y.shape[1])
    try:
        flat = np.broadcast_to(values, shape).reshape(batch.y.shape)
    except ValueError:
        raise ValueError(f"weights must be one a study: shape {shape}, not {values.shape}") from None
    takes = np.ones(flat.shape, dtype=bool) if batch.mask is None else batch.mask
    bad = takes & ~(np.isfinite(flat) & (flat >= 0))
    if bad.any():
        places = [int(place) for place in np.flatnonzero(bad.any(axis=0))[:10]]
        shown = ", ".join(str(place) if names is None else f'"{names[place]}"' for place in places)
        raise ValueError(
            f"weights must be finite and not negative: at {'position' if names is None else 'study'} {shown}"
        )
    flat = np.where(takes, flat, 0.0)
    if (takes.any(axis=1) & ~flat.any(axis=1)).any():
        raise ValueError("weights are zero for every study: one at least must be above zero")
    return flat


def _fit(rows: Rows, plan: Plan, weights: Floats | None, given: Floats | None) -> tuple[dict[str, Any], Mean, Floats]:
    """Return what needs no reference distribution, the means at tau2, and the typical variance."""
    n = len(rows.y)
    estimator = plan.tau2
    fixed = kernel.mean(rows.y, rows.v, np.zeros(n))
    if given is not None:
        tau2, converged = given, np.ones(n, dtype=bool)
    elif estimator == "GENQ":
        assert weights is not None
        tau2, converged = estimators.moment(rows, weights)
    elif estimator in SHARING:  # start from the means at tau2 = 0, which are needed in any case
        tau2, converged = SHARING[estimator](rows, fixed)
    else:
        tau2, converged = ESTIMATORS[estimator](rows)
    at = fixed if estimator in EQUAL else kernel.mean(rows.y, rows.v, tau2)
    typical = intervals.typical_variance(rows, fixed)
    df = rows.k - 1.0
    several = rows.k > 1
    h2 = np.ones(n)
    if estimator in EQUAL or plan.i2 == "Q":
        np.divide(fixed.q, df, out=h2, where=several)
        i2 = intervals.share(np.maximum(1.0, h2))
        if plan.i2 == "Q":
            h2 = np.maximum(1.0, h2)
    else:
        ratio = np.divide(tau2, typical, out=np.zeros(n), where=several)
        h2, i2 = 1.0 + ratio, 100.0 * (ratio / (1.0 + ratio))
    estimate, se, q = rows.centre + at.mean, intervals.wald(at, rows.k), fixed.q
    if weights is not None:
        total = weights.sum(axis=1)
        shift = np.divide((weights * rows.y).sum(axis=1), total, out=np.full(n, np.nan), where=total > 0)
        estimate, se = rows.centre + shift, intervals.weighted_se(weights, rows.v, tau2)
    if not rows.k.all():
        empty = rows.k == 0
        tau2, h2, i2, q, df = (np.where(empty, np.nan, a) for a in (tau2, h2, i2, q, df))
    found = {"k": rows.k, "estimate": estimate, "se": se, "tau2": tau2, "i2": i2, "h2": h2, "q": q, "q_df": df}
    return found | {"converged": converged}, at, typical


def _pool_rows(rows: Rows, plan: Plan, weights: Floats | None, given: Floats | None) -> dict[str, Any]:
    """Return every field of `Pooled` for a piece of the batch, each an array of shape (n,), weights (n, k)."""
    fit, at, typical = _fit(rows, plan, weights, given)
    estimate, tau2 = fit["estimate"], fit["tau2"]
    plain = fit["se"]
    dl_se = None
    if plan.interval == "HK-IQWiG6":
        dl_se = intervals.wald(kernel.mean(rows.y, rows.v, dersimonian_laird(rows)[0]), rows.k)
    own = None if weights is None else plain
    ci = intervals.confidence(estimate, at, rows.k, plan.interval, plan.level, se=own, dl_se=dl_se)
    none = np.full(len(rows.y), np.nan)
    pi, h2_ci, tau2_ci = (none, none), (none, none), (none, none)
    if plan.tau2 not in EQUAL:
        if plan.prediction is not None:
            pi = intervals.predict(estimate, at, ci, tau2, rows.k, plan.prediction, plan.level, se=own)
        if plan.tau2_interval is not None and given is None:
            low, high, settled = _tau2_interval(rows, plan, tau2, fit["q"], weights)
            tau2_ci = (low, high)
            fit["converged"] = fit["converged"] & settled
    if plan.i2 == "Q":
        h2_ci = intervals.h2_from_test(fit["q"], rows.k, plan.level)
        i2_ci = (intervals.share(h2_ci[0]), intervals.share(h2_ci[1]))
    elif tau2_ci[0] is none:
        i2_ci = (none, none)
    else:
        h2_ci = (1.0 + tau2_ci[0] / typical, 1.0 + tau2_ci[1] / typical)
        i2_ci = (intervals.i2(tau2_ci[0], typical), intervals.i2(tau2_ci[1], typical))
    total = at.weight if weights is None else weights.sum(axis=1)
    factor = (100.0 / np.where(total > 0, total, np.nan))[:, None]
    return fit | {
        "se": ci.se,
        "statistic": ci.statistic,
        "df": np.where(rows.k > 0, ci.df, np.nan),
        "p": ci.p,
        "ci_low": ci.low,
        "ci_high": ci.high,
        "prediction_low": pi[0],
        "prediction_high": pi[1],
        "tau2_low": tau2_ci[0],
        "tau2_high": tau2_ci[1],
        "se_tau2": estimators.standard_error(rows, tau2, plan.tau2, weights, at.w),
        "i2_low": i2_ci[0],
        "i2_high": i2_ci[1],
        "h2_low": h2_ci[0],
        "h2_high": h2_ci[1],
        "q_p": special.chdtrc(np.where(rows.k > 1, fit["q_df"], 1.0), fit["q"]),  # of a single study: Q is 0, hence 1
        "weights": np.multiply(at.w, factor, out=at.w) if weights is None else weights * factor,
    }


def _tau2_interval(
    rows: Rows, plan: Plan, tau2: Floats, q: Floats, weights: Floats | None
) -> tuple[Floats, Floats, Any]:
    if plan.tau2_interval == "QP":
        low, high = q_profile(rows, plan.level, q)
        return low, high, True
    if plan.tau2_interval == "PL":
        from metaan.pooling.likelihood import profile

        return profile(rows, tau2, plan.tau2 == "REML", plan.level)
    from metaan.pooling.quadratic import generalised_q

    if plan.tau2_interval == "GENQ":
        assert weights is not None
        a = weights
    else:
        a = 1.0 / rows.v if plan.tau2_interval == "BJ" else 1.0 / np.sqrt(rows.v)
    return generalised_q(rows, a, plan.level)


_LIMITS = ("ci", "prediction", "tau2", "i2", "h2")


def _record(fields: dict[str, Floats], axes: tuple[int, ...], plan: Plan, weighted: bool) -> Pooled:
    shaped: dict[str, Any]
    lacking = set()
    if axes:
        shaped = {name: values.reshape(*axes, *values.shape[1:]) for name, values in fields.items()}
        equal = plan.tau2 in EQUAL
        if equal or plan.prediction is None:
            lacking.add("prediction")
        if equal or plan.tau2 == "given" or plan.tau2_interval is None:
            lacking |= {"tau2"} if plan.i2 == "Q" else {"tau2", "i2", "h2"}
    else:
        shaped = {name: values.item(0) for name, values in fields.items() if name != "weights"}
        shaped["weights"] = tuple(fields["weights"][0].tolist())
        for name in _LIMITS[1:]:
            if shaped[f"{name}_low"] != shaped[f"{name}_low"]:
                lacking.add(name)
    limits = {}
    for name in _LIMITS:
        low, high = shaped.pop(f"{name}_low"), shaped.pop(f"{name}_high")
        limits[name] = None if name in lacking else Interval(low, high)
    method: dict[str, Any] = {
        "tau2": plan.tau2,
        "interval": plan.interval,
        "prediction": plan.prediction or "none",
        "level": plan.level,
        "tau2_interval": plan.tau2_interval or "none",
        "i2": plan.i2,
    }
    if weighted:
        method["weights"] = "given"
    ci = limits["ci"]
    assert ci is not None
    return Pooled(
        ci=ci,
        prediction=limits["prediction"],
        tau2_ci=limits["tau2"],
        i2_ci=limits["i2"],
        h2_ci=limits["h2"],
        method=method,
        **shaped,
    )
