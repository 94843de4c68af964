"""Figures as RevMan keeps them, brought to a form of the workbook; or the reason why no form holds them."""

import math

from metaan.exchange.arms import exact
from metaan.exchange.comparisons import Figures
from metaan.workbook.values import parse_number


class NoForm(Exception):  # noqa: N818 - says what is the case
    """The workbook has no form for the figures; the message says why."""


_MEASURES = {
    "odds ratio": "OR",
    "peto odds ratio": "OR",
    "peto or": "OR",
    "or": "OR",
    "risk ratio": "RR",
    "relative risk": "RR",
    "rr": "RR",
    "hazard ratio": "HR",
    "hr": "HR",
    "mean difference": "MD",
    "md": "MD",
    "std mean difference": "SMD",
    "standardised mean difference": "SMD",
    "standardized mean difference": "SMD",
    "smd": "SMD",
    "risk difference": "RD",
    "rd": "RD",
}
_RATIOS = ("OR", "RR", "HR")


def measure_of(text: str) -> str:
    """Return OR, RR, HR, MD, SMD or RD; empty where the name is none of them."""
    return _MEASURES.get(" ".join(text.replace("_", " ").replace(".", " ").casefold().split()), "")


def counts(events_1: str, total_1: str, events_2: str, total_2: str) -> Figures:
    """Return events and totals of the experimental and the control group."""
    names = ("events_high", "total_high", "events_low", "total_low")
    cells = {name: _whole(text, name) for name, text in zip(names, (events_1, total_1, events_2, total_2), strict=True)}
    if int(cells["total_high"]) == 0 and int(cells["total_low"]) == 0:
        raise NoForm("nobody in either group")
    return Figures({"form": "events_totals", **cells})


def means(n1: str, mean1: str, spread1: str, n2: str, mean2: str, spread2: str, kind: str = "sd") -> Figures:
    """Return means of the experimental (1) and the control group (2) with SD or SE."""
    cells = {"n1": _whole(n1, "n1"), "m1": _number(mean1, "mean 1"), "sd1": _number(spread1, f"{kind} 1")}
    cells |= {"n2": _whole(n2, "n2"), "m2": _number(mean2, "mean 2"), "sd2": _number(spread2, f"{kind} 2")}
    if all(float(text) == 0 for name, text in cells.items() if name not in ("n1", "n2")):
        raise NoForm("means and spreads are all 0: RevMan writes so what was never entered")
    return Figures({"form": "means", **cells, "spread_type": kind})


def log_estimate(measure: str, estimate: str, se: str, *, shown: str = "") -> Figures:
    """Return a generic inverse-variance result: log ratio or mean difference, and its standard error.

    `shown` is the ratio the source displays beside a log ratio; where the two do not agree, nothing is taken.
    """
    value, error = float(_number(estimate, "estimate")), float(_number(se, "SE"))
    if error <= 0:
        raise NoForm("a standard error that is not above 0")
    if measure == "MD":
        return Figures({"form": "difference", "diff": _number(estimate, "estimate"), "diff_se": _number(se, "SE")})
    if measure not in _RATIOS:
        raise NoForm(_no_form(measure))
    if abs(value) > 20:
        raise NoForm(f"a log ratio of {estimate}")
    ratio = math.exp(value)
    given = parse_number(shown)
    if given is not None and given.value > 0 and abs(math.log(given.value) - value) > 0.02 + 0.02 * abs(value):
        raise NoForm(
            f"a log ratio of {estimate}, but a ratio of {shown} beside it: one of them is not what it is named"
        )
    note = f"ratio = exp({estimate}); the source gives the logarithm and its standard error"
    return Figures(
        {"form": "ratio", "est": exact(ratio), "scale": measure, "se_log": _number(se, "SE")}, "converted", note
    )


def ratio_with_interval(measure: str, estimate: str, low: str, high: str, level: str) -> Figures:
    """Return a ratio or difference with its interval, as the source displays it."""
    percent = level.strip().removesuffix("%").strip() or "95"
    cells = [_number(text, name) for text, name in ((estimate, "estimate"), (low, "CI start"), (high, "CI end"))]
    if measure == "MD":
        names = ("diff", "diff_low", "diff_high")
        return Figures({"form": "difference", **dict(zip(names, cells, strict=True)), "ci_level": percent})
    if measure not in _RATIOS:
        raise NoForm(_no_form(measure))
    names = ("est", "ci_low", "ci_high")
    return Figures({"form": "ratio", "scale": measure, **dict(zip(names, cells, strict=True)), "ci_level": percent})


def observed_minus_expected(difference: str, variance: str, events: tuple[str, str], *, measure: str) -> Figures:
    """Return a ratio from O-E and its variance: log ratio (O-E)/V with standard error 1/sqrt(V).

    Yusuf et al. (1985) Prog Cardiovasc Dis 27:335-371; Cochrane Handbook 6, section 10.4.2.
    """
    o_e, v = float(_number(difference, "O-E")), float(_number(variance, "variance"))
    if v <= 0:
        raise NoForm("a variance of O-E that is not above 0")
    scale = measure if measure in _RATIOS else "HR"
    note = f"ratio = exp((O-E)/V), SE of the logarithm = 1/sqrt(V), with O-E {difference} and V {variance}"
    cells = {"form": "ratio", "est": exact(math.exp(o_e / v)), "scale": scale, "se_log": exact(1 / math.sqrt(v))}
    happened = [parse_number(text) for text in events]
    if scale == "HR" and all(number is not None and number.value.is_integer() for number in happened):
        total = sum(int(number.value) for number in happened if number is not None)
        cells |= {"n_events": str(total)} if total else {}
    return Figures(cells, "converted", note)


def _no_form(measure: str) -> str:
    if measure == "SMD":
        return "a standardised mean difference without means: the workbook has no form for it"
    if measure == "RD":
        return "a risk difference without counts: the workbook has no form for it"
    return "an effect measure that is not named, or that the workbook has no form for"


def _number(text: str, what: str) -> str:
    number = parse_number(text)
    if number is None:
        raise NoForm(f"no {what}" if not text.strip() else f'{what} is "{text.strip()}", which is no number')
    return text.strip()


def _whole(text: str, what: str) -> str:
    value = float(_number(text, what.replace("_", " ")))
    if not value.is_integer() or value < 0:
        raise NoForm(f"{what.replace('_', ' ')} is {text.strip()}, no whole number")
    return str(int(value))
