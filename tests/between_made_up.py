"""Made-up analyses for properties: few or many studies, equal or far apart, precise or hardly informative."""

import dataclasses
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from between_cases import made, synthesis

#: no row has counts that its effect was computed from
COUNTS = {"form": "two_by_two", "a_high_event": "3", "b_high_none": "17", "c_low_event": "2", "d_low_none": "30"}
#: labels and years that a figure must bear
NAMED = (("Sø & <b> 'x'", "NR"), ("Ng, in press", "in press"), ('A "B" 1999a', ""))


class Stratum(NamedTuple):
    """What the studies of a stratum are made from."""

    stratum: str
    k: int
    middle: float
    spread: float
    variance: float
    grade: str
    named: tuple[str, str]
    seed: int = 0


class MadeUp(NamedTuple):
    """What an analysis is made from; short, so that a failing example can be read."""

    measure: str
    strata: tuple[Stratum, ...]
    tau2: str
    interval: str
    kind: str

    def given(self):
        """Return the analysis with all that the methods draw on."""
        model = {"tau2": self.tau2, "interval": self.interval}
        found = []
        for each in self.strata:
            label, year = each.named
            y = each.middle + each.spread * np.random.default_rng(each.seed).standard_normal(each.k)
            v = each.variance * np.array([(1.0, 1.0, 3.0, 40.0)[i % 4] for i in range(each.k)])
            values = [COUNTS] * each.k
            one = synthesis(each.stratum, y, v, measure=self.measure, grades=each.grade, model=model, values=values)
            named = [dataclasses.replace(e, label=f"{label} {i}", year=year) for i, e in enumerate(one.estimates)]
            found.append(dataclasses.replace(one, estimates=tuple(named)))
        return made(*found, model=model, kind=self.kind)


_PLAIN = {"grade": "D", "named": NAMED[0]}
#: no study differs from another, for which plain HK gives a standard error of 0
EQUAL_EFFECTS = MadeUp(
    "OR",
    (Stratum("prospective", 4, 0.3, 0.0, 0.1, **_PLAIN), Stratum("case_control", 5, 0.0, 0.0, 0.1, **_PLAIN)),
    "REML",
    "HK",
    "exposure",
)
FAR_APART = MadeUp(
    "HR",
    (Stratum("prospective", 2, 9.0, 4.0, 60.0, **_PLAIN), Stratum("case_control", 3, -3.0, 9.0, 60.0, **_PLAIN)),
    "DL",
    "mKH",
    "exposure",
)
STAND = (
    ("prospective", "case_control"),
    ("trial", "treatment_cohort", "prospective", "case_control"),
    ("case_control",),
    ("prospective",),
    ("treatment_cohort", "case_control"),
)


def _strata(names):
    return st.tuples(
        *(
            st.builds(
                Stratum,
                st.just(name),
                st.sampled_from([1, 2, 3, 7, 20]),
                st.sampled_from([0.0, 0.3, -1.2, 4.0]),
                st.sampled_from([0.0, 0.1, 1.5]),
                st.sampled_from([1e-8, 1e-3, 0.05, 2.0, 60.0]),
                st.sampled_from("ABCD"),
                st.sampled_from(NAMED),
                st.integers(0, 999),
            )
            for name in names
        )
    )


MADE_UP = st.builds(
    MadeUp,
    st.sampled_from(["OR", "RR", "HR", "RD", "SMD", "MD"]),
    st.sampled_from(STAND).flatmap(_strata),
    st.sampled_from(["REML", "DL", "PM", "EE"]),
    st.sampled_from(["mKH", "HK", "Wald", "t"]),
    st.sampled_from(["exposure", "marker", "treatment"]),
)
