"""Multilevel models that R fitted, fitted by ours: the data, the call, and what R says of it."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import oracle
from metaan.pooling.multilevel import mixed as ml


class Case(NamedTuple):
    """One model of R's `rma.mv`."""

    name: str
    theirs: dict[str, Any]
    call: Callable[[], ml.Multilevel]
    robust: dict[str, Any] | None  #: its cluster-robust tests
    cluster: np.ndarray | None

    def ours(self) -> ml.Multilevel:
        return _fit(self.name)

    def given(self, interval: str = "Wald") -> ml.Multilevel:
        """Return our figures at R's variance components."""
        model = self.ours()._model
        values = []
        variances = list(self.theirs.get("sigma2", self.theirs.get("tau2")))
        for term in model.terms:
            powers = term.structure.power(term.n)
            for power in powers:
                value = variances.pop(0) if power else self.theirs["rho"][0]
                values.append(value**0.5 if power == 1 else value)
        assert not variances
        return ml.summarise_model(model._replace(parameters=np.array(values)), interval, 0.95)


@cache
def _fit(name: str) -> ml.Multilevel:
    return next(case for case in cases() if case.name == name).call()


def content(file: str, measure: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray, dict[str, Any]]:
    whole = oracle.load(file)
    effects = whole["escalc"][measure]
    y, v = (np.array(effects[key], dtype=float) for key in ("yi", "vi"))
    return whole["data"], y, v, whole["fits"][measure]["rma.mv"]


def correlated(v: np.ndarray, cluster: Any, r: Any) -> np.ndarray:
    """Sampling covariances for an assumed correlation within clusters."""
    cluster = np.asarray(cluster)
    matrix = np.where(cluster[:, None] == cluster, r * np.sqrt(np.outer(v, v)), 0.0)
    np.fill_diagonal(matrix, v)
    return matrix


def shared_groups(data: dict[str, Any], v: np.ndarray) -> np.ndarray:
    """Comparisons of one study that share a group; different tasks of the same people correlate by 0.4."""
    n1, n2 = (np.array(data[key], dtype=float) for key in ("n_sz", "n_hc"))

    def same(key: str) -> np.ndarray:
        values = np.array(data[key])
        return values[:, None] == values

    overlap = same("group1") * np.sqrt(np.outer(1 / n1, 1 / n1)) + same("group2") * np.sqrt(np.outer(1 / n2, 1 / n2))
    overlap /= np.sqrt(np.outer(1 / n1 + 1 / n2, 1 / n1 + 1 / n2))
    return correlated(v, data["study"], overlap * np.where(same("task"), 1.0, 0.4))


def long_form(data: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Effects at up to four times of the studies that have the first; y, v, study, time."""
    rows = [
        (data[y][i], data[v][i], i, time)
        for i in range(len(data["yi"]))
        if data["yi"][i] is not None
        for time, (y, v) in enumerate((("yi", "vi"), ("y2i", "v2i"), ("y3i", "v3i"), ("y4i", "v4i")), 1)
        if data[y][i] is not None
    ]
    return tuple(np.array(column) for column in zip(*rows, strict=True))


@cache
def cases() -> tuple[Case, ...]:
    found: list[Case] = []

    def add(name: str, theirs: dict, robust: dict | None, cluster: Any, *args: Any, **options: Any) -> None:
        call = lambda: ml.pool_multilevel(*args, **({"interval": "Wald"} | options))  # noqa: E731
        found.append(Case(name, theirs, call, robust, None if cluster is None else np.asarray(cluster)))

    d, y, v, r = content("dat.konstantopoulos2011", "GEN")
    nested = {"random": "district/school", "data": d}
    year = np.array(d["year"], dtype=float)
    centred = np.column_stack([np.ones(y.size), year - year.mean()])
    add(
        "dat.konstantopoulos2011 REML",
        r["REML ~1|district/school"],
        r["robust_by_district"],
        d["district"],
        y,
        v,
        **nested,
    )
    add("dat.konstantopoulos2011 ML", r["ML ~1|district/school"], None, None, y, v, method="ML", **nested)
    add(
        "dat.konstantopoulos2011 CS",
        r["REML CS ~school|district"],
        None,
        None,
        y,
        v,
        random="school | district",
        data=d,
    )
    contain = {"interval": "contain"}
    add("dat.konstantopoulos2011 contain", r["REML t, dfs=contain"], None, None, y, v, **nested, **contain)
    add(
        "dat.konstantopoulos2011 year",
        r["~year centred"],
        r["robust_year"],
        d["district"],
        y,
        v,
        moderators=centred,
        **nested,
    )

    d, y, v, r = content("dat.berkey1998", "GEN")
    al = np.array(d["outcome"]) == "AL"
    x = np.column_stack([al, ~al]).astype(float)
    both = np.column_stack([x, x * (np.array(d["year"]) - 1983.0)[:, None]])
    pair = {"random": "outcome | trial", "data": d}
    for method, struct in (("REML", "UN"), ("ML", "UN"), ("REML", "CS"), ("REML", "HCS")):
        robust = (r["robust"], d["trial"]) if (method, struct) == ("REML", "UN") else (None, None)
        name = f"{method} {struct}"
        add(f"dat.berkey1998 {name}", r[name], *robust, y, r["V"], struct=struct, method=method, moderators=x, **pair)
    year = r["ML UN ~outcome*year"]
    add("dat.berkey1998 year", year, None, None, y, r["V"], struct="UN", method="ML", moderators=both, **pair)

    d, y, v, r = content("dat.bourassa1996", "OR")
    sex = np.array(d["sex"])
    x = np.column_stack([np.ones(y.size), sex == "female", sex == "male"])
    d = d | {"es.id": range(y.size)}
    add("dat.bourassa1996", r["~1|samp"], r["robust ~1|samp"], d["samp"], y, v, random="samp", data=d)
    add("dat.bourassa1996 sex", r["~sex, ~1|samp/es.id"], None, None, y, v, random="samp/es.id", data=d, moderators=x)

    d, y, v, r = content("dat.curtis1998", "ROM")
    add("dat.curtis1998", r["~1|study/id"], r["robust by study"], d["study"], y, v, random="study/id", data=d)

    d, _, _, r = content("dat.ishak2007", "GEN")
    y, v, study, time = long_form(d)
    x = (time[:, None] == np.arange(1, 5)).astype(float)
    matrix = correlated(v, study, 0.97 ** np.abs(np.subtract.outer(time, time)))
    for struct in ("HAR", "AR"):
        robust = (r["robust_AR"], study) if struct == "AR" else (None, None)
        options = {"random": "time | study", "data": {"time": time, "study": study}, "struct": struct, "moderators": x}
        add(f"dat.ishak2007 {struct}", r[f"REML {struct}"], *robust, y, matrix, **options)

    d, y, v, r = content("dat.knapp2017", "GEN")
    key = "vcalc grp1/grp2 w1/w2 rho=0.4 ~1|study/comp"
    add("dat.knapp2017", r[key], r["robust"], d["study"], y, shared_groups(d, v), random="study/comp", data=d)

    d, y, v, r = content("dat.riley2003", "GEN")
    dfs = np.array(d["outcome"]) == "DFS"
    options = {"random": "outcome | study", "data": d, "struct": "UN"}
    options["moderators"] = np.column_stack([dfs, ~dfs])
    matrix = correlated(v, d["study"], r["rho"])
    add("dat.riley2003", r["vcalc rho=0.5 REML UN"], r["robust"], d["study"], y, matrix, **options)

    d, y, v, r = content("dat.roever2022", "PLO")
    options = {"random": "study/es.id", "data": d | {"es.id": range(y.size)}}
    options["moderators"] = np.column_stack([np.ones(y.size), np.log(d["dose"])])
    add("dat.roever2022", r["~log(dose), ~1|study/es.id"], r["robust by study"], d["study"], y, v, **options)

    d, y, v, r = content("dat.tannersmith2016", "GEN")
    options = {"random": "studyid/esid", "data": d | {"esid": range(y.size)}}
    matrix = correlated(v, d["studyid"], 0.6)
    x = np.column_stack([np.ones(y.size), d["aget1"], d["propmale"]])
    add("dat.tannersmith2016", r["vcalc rho=0.6, ~1|studyid/esid"], r["robust"], d["studyid"], y, matrix, **options)
    mods = (r["~aget1+propmale"], r["robust ~aget1+propmale"])
    add("dat.tannersmith2016 moderators", *mods, d["studyid"], y, matrix, moderators=x, **options)

    d, y, v, r = content("dat.white2020", "ZCOR")
    add("dat.white2020", r["~1|study/obs"], r["robust by study"], d["study"], y, v, random="study/obs", data=d)
    return tuple(found)
