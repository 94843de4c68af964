"""Tests of small-study effects: regression of effects on a measure of study size, and their kin."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling import kernel
from metaan.pooling.intervals import quantile
from metaan.pooling.kernel import Booleans, Floats
from metaan.pooling.regression.moderators import fit
from metaan.robustness import rank, tables_2x2
from metaan.robustness.small_study_input import Studies, read
from metaan.terms.given import fraction
from metaan.terms.records import Interval, Result
from metaan.terms.special import special

KINDS = (
    "egger", "egger-mixed", "thompson", "macaskill", "harbord", "peters", "deeks", "pustejovsky", "begg", "schwarzer",
)  # fmt: skip
PREDICTORS = ("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv")
INTERVALS = ("Wald", "t", "HK")
ENOUGH = 10  #: studies from which tests are made without being forced (Cochrane Handbook, section 13.3.5)
_FROM_TABLES = ("harbord", "peters", "deeks", "schwarzer")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SmallStudyTest(Result):
    """Test of funnel plot asymmetry; arrays where the input had batch axes. NaN with a reason where `refused`."""

    kind: str
    k: int  #: studies used
    statistic: float  #: bias / bias_se
    df: float  #: of the t reference; inf means normal
    p: float
    bias: float  #: slope on the predictor; for rank tests concordant minus discordant pairs
    bias_se: float
    limit: float  #: expected effect of a study of infinite size; NaN where the predictor has no such value
    limit_se: float
    limit_ci: Interval | None  #: None where `limit` is NaN
    tau2: float  #: residual variance between studies; zero for model "lm", NaN for rank tests
    dispersion: float  #: factor the variances were multiplied by; 1 where none was
    refused: str  #: why there is no test; empty where there is one
    converged: bool
    method: dict[str, Any]  #: model, predictor, tau2, interval, level


def small_study_test(
    yi: ArrayLike | None = None,
    vi: ArrayLike | None = None,
    *,
    kind: str = "auto",
    measure: str = "",
    n: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    tables: ArrayLike | None = None,
    predictor: str | None = None,
    model: str | None = None,
    tau2: str | ArrayLike | None = None,
    interval: str | None = None,
    level: float = 0.95,
    mask: ArrayLike | None = None,
    force: bool = False,
) -> SmallStudyTest:
    """Test whether small studies show other effects than large ones.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale and their sampling variances. They may be left out where `tables` are given: log
        odds ratios are then used.
    kind : str
        - ``"auto"``: chosen by `measure`, see Notes.
        - ``"egger"``: effects on their standard errors, weights 1 / v, error variance estimated (model "lm"), t on
          k - 2 [1]_.
        - ``"egger-mixed"``: the same with a variance between studies (model "rma"), normal [2]_.
        - ``"thompson"``: the same with tau2 by moments, t on k - 2 (method 3a of [3]_).
        - ``"macaskill"``: effects on sample sizes, weights 1 / v [4]_.
        - ``"harbord"``: score over information on the root of one over information, from the tables [5]_ [6]_.
        - ``"peters"``: effects on one over sample size, weights events times non-events over sample size, from the
          tables [7]_.
        - ``"deeks"``: effects on one over the root of the effective sample size 4 n1 n2 / n, which is also the weight
          [8]_. For diagnostic accuracy the groups are people with and without the disease: a, b, c, d are true
          positives, false negatives, false positives, true negatives.
        - ``"pustejovsky"``: standardised mean differences on sqrt(1/n1 + 1/n2), weights 1 / v [9]_.
        - ``"begg"``: rank correlation, normal distribution; `rank.rank_test` has the exact one.
        - ``"schwarzer"``: rank correlation of standardised cell counts, from the tables [10]_.
    measure : str
        "OR", "RR", "DOR", "SMD", ...: decides under "auto", and whether "harbord" uses the score of the odds ratio or
        of the risk ratio.
    n : array_like, shape (..., k), optional
        People in each study, for predictors made of them; taken from `groups` or `tables` where those are given.
    groups : array_like, shape (2, ..., k), optional
        People in each group.
    tables : array_like, shape (4, ..., k), optional
        Events and no events in group 1, events and no events in group 2. Tables without any event, without any
        non-event, or without people in a group take no part in tests made from them.
    predictor : {"sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"}, optional
        For Egger's kinds: standard error, variance, sample size and its functions.
    model : {"lm", "rma"}, optional
        For Egger's kinds: multiplicative or additive heterogeneity.
    tau2 : str or array_like, optional
        For model "rma": estimator (REML, for "thompson" DL) or known values.
    interval : {"Wald", "t", "HK"}, optional
        For model "rma": normal, t on k - 2, or t with Hartung and Knapp's factor.
    level : float
        Of the limit's interval.
    mask : array_like of bool, shape (..., k), optional
        True where a study takes part.
    force : bool
        Test fewer than ten studies, too.

    Returns
    -------
    SmallStudyTest
        Without ``force`` fewer than ten studies are not tested: `refused` says so. It also gives the reason where a
        test cannot be made: fewer than three studies, all of one size, or effects that leave no scatter.

    Raises
    ------
    ValueError
        Unknown options, options that the kind does not have, or values that cannot be used; positions are named.

    Notes
    -----
    Kind "auto" follows the advice for the measure: odds ratio "harbord" (log odds ratios and their standard errors
    depend on each other, so that Egger's test is positive too often [5]_; Cochrane Handbook, section 13.3.5), "peters"
    standing beside it on demand; diagnostic odds ratio "deeks"; standardised mean difference "pustejovsky"; any other
    "egger", also wherever a predictor or model is given. Where the tables or group sizes needed are not given, the test
    is refused, not replaced.

    The tests of Debray, Moons and Riley (Res Synth Methods 2018;9:41-50) for time-to-event outcomes are left out: their
    models could not be proven from the publication, and no figures of another program were at hand.

    References
    ----------
    .. [1] Egger M et al. BMJ 1997;315:629-634.
    .. [2] Sterne JAC, Egger M. In: Publication Bias in Meta-Analysis. Chichester: Wiley, 2005:99-110.
    .. [3] Thompson SG, Sharp SJ. Stat Med 1999;18:2693-2708.
    .. [4] Macaskill P, Walter SD, Irwig L. Stat Med 2001;20:641-654.
    .. [5] Harbord RM, Egger M, Sterne JAC. Stat Med 2006;25:3443-3457.
    .. [6] Harbord RM, Harris RJ, Sterne JAC. Stata J 2009;9:197-210.
    .. [7] Peters JL et al. JAMA 2006;295:676-680.
    .. [8] Deeks JJ, Macaskill P, Irwig L. J Clin Epidemiol 2005;58:882-893.
    .. [9] Pustejovsky JE, Rodgers MA. Res Synth Methods 2019;10:57-71.
    .. [10] Schwarzer G, Antes G, Schumacher M. Stat Med 2007;26:721-733.
    """
    fraction("level", level)
    if not isinstance(measure, str):
        raise ValueError(f"measure must be a name such as OR, not {measure!r}")
    if kind != "auto" and kind not in KINDS:
        raise ValueError(f"kind must be auto or one of {', '.join(KINDS)}, not {kind!r}")
    data = read(yi, vi, n, groups, tables, mask)
    if kind == "auto":
        kind = _advised(measure.upper(), predictor is not None or model is not None)
        lacking = _lacking(kind, data)
        if lacking:
            return _refused(data, kind, f"the test for this measure ({kind}) needs {lacking}")
    elif lacking := _lacking(kind, data):
        raise ValueError(f"kind {kind!r} needs {lacking}")
    method = _method(kind, predictor, model, tau2, interval, data) | {"level": level}
    if kind in ("begg", "schwarzer"):
        fields = _ranks(kind, data)
    else:
        fields = _regression(kind, data, method, tau2, measure.upper(), level)
    k = fields["k"]
    reason = np.where(
        k < (2 if kind in ("begg", "schwarzer") else 3), "too few studies for any test", fields.pop("refused")
    )
    if not force:
        few = f"fewer than {ENOUGH} studies: such a test has little power to tell chance from asymmetry"
        reason = np.where(k < ENOUGH, few, reason)
    return _record(fields, kind, reason, data.axes, method)


def _advised(measure: str, own: bool) -> str:
    """Return the kind the measure asks for; a predictor or model given means one of Egger's."""
    if own:
        return "egger"
    return {"OR": "harbord", "PETO": "harbord", "DOR": "deeks", "SMD": "pustejovsky"}.get(measure, "egger")


def _lacking(kind: str, data: Studies) -> str:
    if kind == "deeks" and data.groups is not None:
        return ""
    if kind in _FROM_TABLES and data.tables is None:
        return "the 2x2 tables" + (" or the group sizes" if kind == "deeks" else "")
    if kind == "pustejovsky" and data.groups is None:
        return "the sizes of both groups"
    if kind == "macaskill" and data.people is None:
        return "sample sizes"
    return ""


def _method(
    kind: str, predictor: str | None, model: str | None, tau2: Any, interval: str | None, data: Studies
) -> dict[str, Any]:
    """Return what will be done, after refusing options that the kind does not have."""
    fixed = kind not in ("egger", "egger-mixed", "thompson")
    if fixed and (predictor is not None or model is not None or tau2 is not None or interval is not None):
        raise ValueError(f"kind {kind!r} has no choice of predictor, model, tau2 or interval")
    if predictor is not None and predictor not in PREDICTORS:
        raise ValueError(f"predictor must be one of {', '.join(PREDICTORS)}, not {predictor!r}")
    if model is not None and model not in ("lm", "rma"):
        raise ValueError(f"model must be lm or rma, not {model!r}")
    model = model or {"egger-mixed": "rma", "thompson": "rma"}.get(kind, "lm")
    if model == "lm" and (tau2 is not None or interval is not None):
        raise ValueError("model lm estimates no tau2, and its interval is always t; use model='rma'")
    if interval is not None and interval not in INTERVALS:
        raise ValueError(f"interval must be one of {', '.join(INTERVALS)}, not {interval!r}")
    if predictor is not None and predictor not in ("sei", "vi") and data.people is None:
        raise ValueError(f"predictor {predictor!r} needs sample sizes: give n, groups or tables")
    if kind in ("begg", "schwarzer"):
        return {"model": "rank"}
    own = {"macaskill": "ni", "peters": "ninv", "deeks": "sqrtninv of the effective size"}
    own |= {"pustejovsky": "sqrt(1/n1 + 1/n2)", "harbord": "1/sqrt(information)"}
    estimator = (
        {} if model == "lm" else {"tau2": tau2 if isinstance(tau2, str) else ("known" if tau2 is not None else "")}
    )
    if model == "rma" and not estimator["tau2"]:
        estimator["tau2"] = "DL" if kind == "thompson" else "REML"
    default = "t" if model == "lm" or kind == "thompson" else "Wald"
    return {"model": model, "predictor": own.get(kind, predictor or "sei"), "interval": interval or default} | estimator


def _predictor(name: str, v: Floats, n: Floats | None) -> Floats:
    if name == "sei":
        return np.sqrt(v)
    if name == "vi":
        return v
    assert n is not None
    return {"ni": n, "ninv": 1.0 / n, "sqrtni": np.sqrt(n), "sqrtninv": 1.0 / np.sqrt(n)}[name]


def _design(kind: str, data: Studies, method: dict[str, Any], measure: str) -> tuple[Floats, Floats, Floats, Booleans]:
    """Return effects, variances (one over the weights), predictor, and the studies that take part; shape (n, k)."""
    y, v, some = data.y, data.v, data.mask
    if kind in ("harbord", "peters"):
        assert data.tables is not None
        some = some & data.tables.informative
        if kind == "harbord":
            z, information = tables_2x2.score(data.tables, measure)
            information = np.where(some, information, 1.0)
            return z / information, 1.0 / information, 1.0 / np.sqrt(information), some
        events, people = data.tables.events, np.where(some, data.tables.n, 1.0)
        return y, people / np.where(some, events * (people - events), 1.0), 1.0 / people, some
    if kind in ("deeks", "pustejovsky"):
        assert data.groups is not None
        some = some & (data.groups[0] > 0) & (data.groups[1] > 0)
        n1, n2 = np.where(some, data.groups[0], 1.0), np.where(some, data.groups[1], 1.0)
        inverse = 1.0 / n1 + 1.0 / n2
        return (y, inverse / 4.0, np.sqrt(inverse / 4.0), some) if kind == "deeks" else (y, v, np.sqrt(inverse), some)
    sizes = None if data.people is None else np.where(some, data.people, 1.0)
    return y, v, _predictor(method["predictor"], np.where(some, v, 1.0), sizes), some


def _regression(
    kind: str, data: Studies, method: dict[str, Any], tau2: Any, measure: str, level: float
) -> dict[str, Any]:
    y, v, x, some = _design(kind, data, method, measure)
    estimator = "EE" if method["model"] == "lm" else (method["tau2"] if method["tau2"] != "known" else tau2)
    known = not isinstance(estimator, str)
    if known:
        estimator = np.broadcast_to(np.asarray(estimator, dtype=float), data.axes).reshape(-1)
    v = np.where(some, v, np.inf)
    y, x = np.where(some, y, 0.0), np.where(some, x, 0.0)
    parts = []
    step = max(1, kernel.CHUNK // y.shape[1])
    for start in range(0, len(y), step):
        i = slice(start, start + step)
        parts.append(_fit(y[i], v[i], x[i], estimator[i] if known else estimator, method, level))
    fields = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if method["predictor"] in ("ni", "sqrtni"):
        for name in ("limit", "limit_se", "low", "high"):
            fields[name] = np.full(len(y), np.nan)
    return fields


def _fit(y: Floats, v: Floats, x: Floats, estimator: Any, method: dict[str, Any], level: float) -> dict[str, Any]:
    """Regress each row on its predictor; arrays of shape ``(n, k)``."""
    with np.errstate(invalid="ignore"):  # the standard error of tau2, not used here, may be lost to rounding
        found = fit(y, v, np.stack([np.ones(x.shape), x], axis=2), tau2=estimator)
    k = np.isfinite(v).sum(axis=1)
    df = np.maximum(k - 2.0, 0.0)
    usable = found.rank_ok & (k > 2)
    factor = np.ones(len(y))
    if method["model"] == "lm" or method["interval"] == "HK":
        factor = np.divide(found.q_tau2, df, out=np.full(len(y), np.nan), where=usable)
    se = np.sqrt(factor[:, None] * np.diagonal(found.covariance, axis1=1, axis2=2))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(usable & (se[:, 1] > 0), found.beta[:, 1] / se[:, 1], np.nan)
    normal = method["interval"] == "Wald"
    reference = np.full(len(y), np.inf) if normal else df
    p = 2.0 * (special.ndtr(-np.abs(statistic)) if normal else special.stdtr(np.maximum(df, 1.0), -np.abs(statistic)))
    half = quantile(level, reference) * se[:, 0]
    reason = np.where(found.rank_ok, "", "all studies have the same size: no trend can be seen")
    reason = np.where(usable & ~(se[:, 1] > 0), "the effects leave no scatter about the line", reason)
    return {
        "k": k,
        "statistic": statistic,
        "df": reference,
        "p": p,
        "bias": found.beta[:, 1],
        "bias_se": se[:, 1],
        "limit": found.beta[:, 0],
        "limit_se": se[:, 0],
        "low": found.beta[:, 0] - half,
        "high": found.beta[:, 0] + half,
        "tau2": found.tau2,
        "dispersion": factor,
        "converged": found.converged,
        "refused": reason,
    }


def _ranks(kind: str, data: Studies) -> dict[str, Any]:
    if kind == "begg":
        rows = kernel.arrange(data.y, data.v, data.mask)
        z, size, some = rank.standardised(rows), np.where(data.mask, data.v, 0.0), data.mask
    else:
        assert data.tables is not None
        z, size, some = tables_2x2.cell_z(data.tables)
        some = some & data.mask
    found = rank.kendall(z, size, some)
    k = some.sum(axis=1)
    usable = ~np.isnan(found.tau) & (k > 1)
    statistic = np.divide(found.score, found.se, out=np.full(len(k), np.nan), where=usable & (found.se > 0))
    nothing = np.full(len(k), np.nan)
    return {
        "k": k,
        "statistic": statistic,
        "df": np.full(len(k), np.inf),
        "p": 2.0 * special.ndtr(-np.abs(statistic)),
        "bias": found.score,
        "bias_se": found.se,
        "limit": nothing,
        "limit_se": nothing,
        "low": nothing,
        "high": nothing,
        "tau2": nothing,
        "dispersion": np.ones(len(k)),
        "converged": np.ones(len(k), dtype=bool),
        "refused": np.where(usable, "", "effects or sizes are all equal"),
    }


def _refused(data: Studies, kind: str, reason: str) -> SmallStudyTest:
    """Return a result without a test."""
    k = data.mask.sum(axis=1)
    names = ("statistic", "df", "p", "bias", "bias_se", "limit", "limit_se", "low", "high", "tau2", "dispersion")
    fields: dict[str, Any] = {name: np.full(len(k), np.nan) for name in names}
    fields |= {"k": k, "converged": np.ones(len(k), dtype=bool)}
    return _record(fields, kind, np.full(len(k), reason), data.axes, {})


def _record(
    fields: dict[str, Any], kind: str, reason: Any, axes: tuple[int, ...], method: dict[str, Any]
) -> SmallStudyTest:
    fields = fields | {"refused": reason}
    none = reason != ""
    for name, values in fields.items():
        if name not in ("k", "refused", "converged"):
            fields[name] = np.where(none, np.nan, values)
    low, high = fields.pop("low"), fields.pop("high")
    if axes:
        shaped: dict[str, Any] = {name: np.asarray(values).reshape(axes) for name, values in fields.items()}
        ci: Interval | None = Interval(low.reshape(axes), high.reshape(axes))
    else:
        shaped = {name: np.asarray(values)[0].item() for name, values in fields.items()}
        ci = None if np.isnan(low[0]) else Interval(low[0].item(), high[0].item())
    return SmallStudyTest(kind=kind, limit_ci=ci, method=method, **shaped)
