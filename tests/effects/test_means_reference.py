"""Effects from means, pairs, correlations and reported statistics beside those of R packages, study by study."""

import math
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from scipy import integrate, special

from metaan.effects import convert, recover
from metaan.effects.shared import covariance_matrix
from metaan.effects.sizes import effect_sizes
from metaan.effects.standardised import average
from metaan.terms.measures import MEASURES
from oracle import CLOSED, META, METAFOR, Differs, comparison, comparisons_of, failed, load, names, numbers


class Case(NamedTuple):
    name: str
    table: dict  # columns
    blocks: dict  # measure[variant] -> yi, vi
    meta: dict


def cases_of(*kinds: str):
    def cases() -> Iterator[Case]:
        for file in names():
            content = load(file)
            if content["kind"] in kinds:
                yield Case(file, columns(content["data"]), content["escalc"], content.get("meta", {}))
        if "cor" in kinds:
            for name, block in load("edge-single")["cor"].items():
                yield Case(f"edge-single {name}", columns(block["data"]), block["escalc"], {})

    return cases


def columns(data: dict) -> dict:
    return {role: numbers(values) for role, values in data.items() if role.endswith("i") and len(role) <= 4}


def ours(table: dict, measure: str, **options) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        frame = effect_sizes(table, measure, **options)
    return frame["yi"].to_numpy(), frame["vi"].to_numpy()


def variant(key: str) -> tuple[str, dict]:
    measure, _, option = key.rstrip("]").partition("[")
    name, _, value = option.partition("=")
    return measure, ({name: value == "TRUE" if value in ("TRUE", "FALSE") else value} if name else {})


def pairs(case: Case):
    for key, block in case.blocks.items():
        if failed(block):
            continue
        measure, options = variant(key)
        y, v = ours(case.table, measure, **options)
        theirs = {"yi": numbers(block["yi"]), "vi": numbers(block["vi"])}
        known = np.isfinite(theirs["yi"]) & np.isfinite(theirs["vi"])
        yield f"{key} yi", y, np.where(known, theirs["yi"], math.nan), np.sqrt(np.where(known, v, 0.0))
        yield f"{key} vi", v, np.where(known, theirs["vi"], math.nan)


@comparison("Differences and ratios of means, all variances", source=METAFOR, rel=CLOSED, cases=cases_of("cont"))
def two_means(case):
    yield from pairs(case)


GSL = "for even n and r near 0 their hypergeometric function is wrong in the fourth digit; Euler's integral gives ours"


def by_integration(r: float, n: float) -> float:
    """Unbiased correlation by Euler's integral, t = sin(angle)^2."""

    def density(angle: float) -> float:
        return math.cos(angle) ** (n - 4) / math.hypot(math.cos(angle), r * math.sin(angle))

    breaks = [math.pi / 2 - min(10 ** (step / 2), 1.5) * max(abs(r), 1e-6) for step in range(-4, 5)]
    points = sorted({0.0, math.pi / 2, *(at for at in breaks if 0 < at < math.pi / 2)})
    area = math.fsum(integrate.quad(density, a, b, epsrel=1e-12)[0] for a, b in pairwise(points))
    return 2 * r * area / special.beta(0.5, (n - 3) / 2)


def theirs_is_wrong(case: Case) -> np.ndarray:
    y, theirs = ours(case.table, "UCOR")[0], numbers(case.blocks["UCOR"]["yi"])
    wrong = np.abs(y - theirs) > 1e-9 * np.abs(theirs)
    for row in np.flatnonzero(wrong):
        r, n = (float(case.table[role][row]) for role in ("ri", "ni"))
        assert by_integration(r, n) == pytest.approx(float(y[row]), rel=1e-10)
    return wrong


@comparison("Correlations, all variances", source=METAFOR, rel=CLOSED, cases=cases_of("cor"))
def correlations(case):
    wrong = theirs_is_wrong(case)
    for item in pairs(case):
        key, found, expected, *scale = item
        if key == "UCOR[vtype=AV] vi" and wrong.any():  # the mean takes in the wrong ones
            mean = average(numbers(case.blocks["UCOR"]["yi"]), case.table["ni"])
            yield f"{key} from their yi", (1 - mean**2) ** 2 / (case.table["ni"] - 1), expected
            yield Differs(key, found, expected, GSL)
        elif key.startswith("UCOR") and wrong.any():
            yield key, found[~wrong], expected[~wrong], *(each[~wrong] for each in scale)
            yield Differs(key, found[wrong], expected[wrong], GSL)
        else:
            yield item


@comparison("Cronbach's alpha and its transformations", source=METAFOR, rel=CLOSED, cases=cases_of("alpha"))
def alphas(case):
    yield from pairs(case)


@comparison("Effects as printed", source=METAFOR, rel=CLOSED, cases=cases_of("gen"))
def printed(case):
    yield from pairs(case)


def common(y: np.ndarray, v: np.ndarray) -> tuple[float, float, float, int]:
    known = np.isfinite(y) & np.isfinite(v)
    y, w = y[known], 1.0 / v[known]
    estimate = (w * y).sum() / w.sum()
    return estimate, w.sum() ** -0.5, (w * (y - estimate) ** 2).sum(), int(known.sum())


def cohen_with_exact_variance(table: dict) -> tuple[np.ndarray, np.ndarray]:
    return ours(table, "SMD", correct=False)[0], ours(table, "SMD", vtype="UB")[1]


CONVENTIONS = {
    "SMD.Hedges": lambda table: ours(table, "SMD", vtype="UB"),
    "SMD.Hedges.exact": lambda table: ours(table, "SMD", vtype="UB"),
    "SMD.Hedges.notexact": lambda table: ours(table, "SMD", vtype="RevMan", correct="approximate"),
    "SMD.Cohen": cohen_with_exact_variance,
    "SMD.Cohen.exact": cohen_with_exact_variance,
    "SMD.Cohen.notexact": lambda table: ours(table, "SMD", correct=False),
    "SMD.Glass": lambda table: ours(table, "SMD1", vtype="RevMan", correct=False),
    "SMD.Glass.exact": lambda table: ours(table, "SMD1", vtype="RevMan", correct=False),
    "SMD.Glass.notexact": lambda table: ours(table, "SMD1", vtype="RevMan", correct=False),
    "ROM": lambda table: ours(table, "ROM", correct=False),
    "MD": lambda table: ours(table, "MD"),
    "MD.pooledvar": lambda table: ours(table, "MD", vtype="HO"),
}


@comparison(
    "Conventions of meta for differences and ratios of means (common effect, its standard error, Q)",
    source=META,
    rel=CLOSED,
    cases=cases_of("cont"),
)
def conventions_of_meta(case):
    for key, effects in CONVENTIONS.items():
        block = case.meta.get(key, {"error": ""})
        if failed(block):
            continue
        estimate, se, q, k = common(*effects(case.table))
        yield f"{key} TE.common", estimate, block["TE.common"], se
        yield f"{key} seTE.common", se, block["seTE.common"]
        yield f"{key} Q", q, block["Q"]
        yield f"{key} k", k, block["k"]


@comparison("Changes and matched pairs", source=METAFOR, rel=CLOSED, cases=lambda: ["conversions"])
def changes(case):
    block = load(case)["pre_post"]
    yield from pairs(Case(case, columns(block["data"]), block["escalc"], {}))


@comparison(
    "Standardised differences from t, d and p; point-biserial and biserial correlations; log odds ratios from means",
    source=METAFOR,
    rel=CLOSED,
    cases=lambda: ["conversions"],
)
def from_tests_and_groups(case):
    block = load(case)["smd_from_t_or_d"]
    table = columns(block["data"]) | {"pi": np.array([0.03, -0.6, 0.0002])}  # the p-values behind the third figure
    for role in ("ti", "di", "pi"):
        kept = {name: column for name, column in table.items() if name in (role, "n1i", "n2i")}
        y, v = ours(kept, "SMD")
        yield f"SMD from {role} yi", y, block[f"SMD_from_{role}"]["yi"]
        yield f"SMD from {role} vi", v, block[f"SMD_from_{role}"]["vi"]
    block = load(case)["point_biserial"]
    for measure in ("RPB", "RBIS", "D2ORL", "D2ORN"):
        yield from pairs(Case(case, columns(block["data"]), {measure: block[measure]}, {}))


@comparison("Partial correlations and R2", source=METAFOR, rel=CLOSED, cases=lambda: ["conversions"])
def partial_correlations(case):
    block = load(case)["partial_cor"]
    measures = {name: block[name] for name in ("PCOR", "ZPCOR", "SPCOR", "R2", "ZR2")}
    yield from pairs(Case(case, columns(block["data"]), measures, {}))


@comparison(
    "Standard errors from intervals and p-values; delta method; transformations of effects",
    source=METAFOR,
    rel=CLOSED,
    cases=lambda: ["conversions"],
)
def reported_statistics(case):
    wald = load(case)["conv.wald"]
    data = {name: numbers(column) for name, column in wald["data"].items()}
    y1, v1 = ours({"yi": data["out"][:2], "lowi": data["lb"][:2], "highi": data["ub"][:2]}, "GEN", ratio=True)
    y2, v2 = ours({"yi": data["out"][2:], "pi": data["pv"][2:]}, "GEN", ratio=True)
    yield "ratios yi", [*y1, *y2], wald["yi"]
    yield "ratios vi", [*v1, *v2], wald["vi"]
    mean = wald["t_based_n20"]
    y, v = ours({"yi": [mean["out"]], "lowi": [mean["lb"]], "highi": [mean["ub"]]}, "GEN")
    yield "mean", [*y, *v], [mean["yi"], mean["vi"]]
    on_t = recover.se_from_ci(mean["lb"], mean["ub"], df=19) ** 2
    yield Differs("mean of 20, interval by t", on_t, mean["vi"], "their figure rests on the normal quantile")
    delta = load(case)["conv.delta"]
    moved = convert.delta_method([0.3, 0.5], [0.01, 0.02], np.arctanh)
    yield "delta yi", moved.y, delta["yi"]
    yield "delta vi", moved.v, delta["vi"]
    transforms, d = load(case)["transforms"], [0.2, 0.8]
    yield "superiority", convert.superiority(d), transforms["dtocles"]
    yield "U3", convert.below_mean_of_other(d), transforms["dtou3"]
    yield "overlap", convert.overlap(d), transforms["dtoovl"]
    yield "log OR to d", convert.log_or_to_smd([0.4, 1.1], [1.0, 1.0]).y, transforms["lnortod_logistic"]
    yield "Fisher z", [MEASURES["ZCOR"].printed(x) for x in transforms["x"]], transforms["ztor"]


@comparison("Covariance matrices of dependent effects", source=METAFOR, rel=CLOSED, cases=lambda: ["conversions"])
def covariances(case):
    blocks = load(case)["vcalc"]
    data = blocks["CS_rho0.6"]["data"]
    yield "rho", covariance_matrix(data["vi"], data["cl"], rho=0.6), blocks["CS_rho0.6"]["V"]
    data = blocks["AR_phi0.9"]["data"]
    yield "phi", covariance_matrix(data["vi"], data["cl"], phi=0.9, time=data["t"]), blocks["AR_phi0.9"]["V"]
    data = blocks["shared_control"]["data"]
    groups = {"group1": data["g1"], "group2": data["g2"], "n1": data["n1"], "n2": data["n2"]}
    yield "groups", covariance_matrix(data["vi"], data["cl"], **groups), blocks["shared_control"]["V"]


@pytest.mark.parametrize("each", comparisons_of(__name__), ids=str)
def test_figures(each):
    each.run()
