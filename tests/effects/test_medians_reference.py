"""Means and standard deviations from medians, quartiles and ranges beside those of R packages."""

import numpy as np
import pytest
from scipy import stats

from metaan.effects import medians, order_statistics, quantiles
from oracle import CLOSED, METAFOR, Differs, comparison, comparisons_of, load

NAMES = {"min": "minimum", "q1": "q1", "q3": "q3", "max": "maximum"}


def rows():
    data = load("conversions")["conv.fivenum"]["data"]
    for i, n in enumerate(data["n"]):
        yield (
            n,
            data["median"][i],
            {ours: data[theirs][i] for theirs, ours in NAMES.items() if data[theirs][i] is not None},
        )


def by_luo(n, median, given):
    low, high = (given.get(name) for name in ("minimum", "maximum"))
    if "q1" not in given:
        return medians.from_range(n, low, median, high)
    if low is None:
        return medians.from_quartiles(n, given["q1"], median, given["q3"])
    return medians.from_five_numbers(n, low, given["q1"], median, given["q3"], high)


@comparison("Mean and SD from medians under normality", source=METAFOR, rel=CLOSED, cases=lambda: ["conversions"])
def under_normality(case):
    block = load(case)["conv.fivenum"]
    for i, (n, median, given) in enumerate(rows()):
        range_only = (n, given.get("minimum"), median, given.get("maximum"))
        found = {"default.norm": by_luo(n, median, given), "luo/wan/shi.norm": by_luo(n, median, given)}
        found["wan2014.norm"] = medians.by_wan(n, median, **given)
        if len(given) == 4:
            found["bland2015.norm"] = medians.by_bland(
                n, given["minimum"], given["q1"], median, given["q3"], given["maximum"]
            )
        if "q1" not in given:
            found["hozo2005.norm"] = medians.by_hozo(*range_only)
            found["walter2007.norm"] = medians.by_walter(*range_only)
        for key, summary in found.items():
            yield f"{key} mean {i}", summary.mean, block[key]["mean"][i]
            yield f"{key} sd {i}", summary.sd, block[key]["sd"][i]


def distance(family, mean, sd, p, q):
    """Sum of squared distances of the distribution of a family that has this mean and standard deviation."""
    if family == "gamma":
        fitted = stats.gamma((mean / sd) ** 2, scale=sd**2 / mean)
    elif family == "log-normal":
        spread = np.sqrt(np.log1p((sd / mean) ** 2))
        fitted = stats.lognorm(spread, scale=mean * np.exp(-(spread**2) / 2))
    else:
        from scipy import optimize, special

        def cv(k):
            return np.sqrt(special.gamma(1 + 2 / k) / special.gamma(1 + 1 / k) ** 2 - 1) - sd / mean

        k = optimize.brentq(cv, 0.3, 50, xtol=1e-14)
        fitted = stats.weibull_min(k, scale=mean / special.gamma(1 + 1 / k))
    return ((fitted.ppf(p) - q) ** 2).sum()


@comparison(
    "Mean and SD from medians by quantile estimation",
    source="estmeansd 1.0.1",
    rel=1e-4,
    why="theirs is a general optimiser; the distance it leaves is never smaller than ours",
    cases=lambda: ["conversions"],
)
def by_quantiles(case):
    block = load(case)["conv.fivenum"]["qe.norm"]
    for i, (n, median, given) in enumerate(rows()):
        fit = quantiles.by_quantiles([n], [median], **{name: [value] for name, value in given.items()})
        yield f"mean {i}", fit.mean[0], block["mean"][i]
        yield f"sd {i}", fit.sd[0], block["sd"][i]
        p = [{"minimum": 1 / n, "q1": 0.25, "q3": 0.75, "maximum": 1 - 1 / n}[name] for name in given] + [0.5]
        p, q = np.sort(p), np.sort([*given.values(), median])
        family = fit.distribution[0]
        assert distance(family, fit.mean[0], fit.sd[0], p, q) == pytest.approx(fit.distance[0], rel=1e-6)
        assert fit.distance[0] <= distance(family, block["mean"][i], block["sd"][i], p, q) + 1e-12


@comparison(
    "Mean and SD from medians by the Box-Cox method",
    source="estmeansd 1.0.1",
    rel=CLOSED,
    cases=lambda: ["conversions"],
)
def by_power(case):
    block = load(case)["conv.fivenum"]["bc.norm"]
    for i, (n, median, given) in enumerate(rows()):
        fit = quantiles.by_power([n], [median], **{name: [value] for name, value in given.items()})
        assert fit.mean[0] == pytest.approx(block["mean"][i], rel=0.03)
        assert fit.sd[0] == pytest.approx(block["sd"][i], rel=0.12)
        why = "theirs are moments of random draws, ours integrals"
        yield Differs(f"mean {i}", fit.mean[0], block["mean"][i], why)
        yield Differs(f"sd {i}", fit.sd[0], block["sd"][i], why)


@comparison(
    "Mean and SD from medians by best linear unbiased estimation",
    source="metaBLUE 1.0.0",
    rel=CLOSED,
    cases=lambda: ["conversions"],
)
def best_linear(case):
    block = load(case)["conv.fivenum"]["blue.norm"]
    for i, (n, median, given) in enumerate(rows()):
        columns = {name: [value] for name, value in given.items()}
        fit = order_statistics.best_linear([n], [median], ranks="floor", **columns)
        assert fit.mean[0] == pytest.approx(block["mean"][i], rel=0.002)
        assert fit.sd[0] == pytest.approx(block["sd"][i], rel=0.004)
        why = "moments of order statistics are integrated here and approximated there"
        yield Differs(f"mean {i}", fit.mean[0], block["mean"][i], why)
        yield Differs(f"sd {i}", fit.sd[0], block["sd"][i], why)


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
