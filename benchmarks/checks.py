"""How many seeded errors the checks find, and how often they fire on honest numbers.

python benchmarks/checks.py          # prints the tables and writes them into benchmarks/README.md
python benchmarks/checks.py --print  # prints only

Three tables: the interval check (C01 with C02) on the 37 studies of passive smoking with one injected error at a time;
standard errors typed as standard deviations beside other studies (M05); every check of a row on simulated honest rows,
where rounding alone must never fire one. Seeds are fixed.
"""

import functools
import json
import math
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from metaan.checks.peers import suspects
from metaan.checks.rows import check_effect
from metaan.checks.tables import Table, p_values
from metaan.files import write_atomically
from metaan.workbook.layout import layout
from metaan.workbook.read import Row
from metaan.workbook.typed import typed

HERE = Path(__file__).parent
MARKS = ("<!-- checks -->", "<!-- /checks -->")
HACKSHAW = HERE.parent / "tests" / "reference" / "r" / "dat.hackshaw1998.json"
INJECTIONS = 200  #: a kind and study
RUNS = 2000  #: simulated sets of studies, and honest rows of each kind

Cells = dict[str, str]


@functools.cache
def effects_sheet() -> Any:
    return layout({}, {}).sheet("Effects")


def found(cells: Cells) -> set[str]:
    """Return the ids the checks raise on one row."""
    sheet = effects_sheet()
    row = Row("simulated", "Effects", 2, cells, {column.name: "A" for column in sheet.columns})
    return {item.id for item in check_effect(row, sheet, typed(row, sheet))}


# the interval check


def one_digit(rng: np.random.Generator, values: list[str]) -> list[str] | None:
    which = rng.integers(3)
    text = values[which]
    place = rng.choice([i for i, letter in enumerate(text) if letter.isdigit()])
    digit = rng.choice([d for d in "0123456789" if d != text[place]])
    return _with(values, which, text[:place] + digit + text[place + 1 :])


def transposed(rng: np.random.Generator, values: list[str]) -> list[str] | None:
    which = rng.integers(3)
    text = values[which]
    places = [i for i, letter in enumerate(text) if letter.isdigit()]
    pairs = [(i, j) for i, j in pairwise(places) if text[i] != text[j]]
    if not pairs:
        return None
    i, j = pairs[rng.integers(len(pairs))]
    letters = list(text)
    letters[i], letters[j] = letters[j], letters[i]
    return _with(values, which, "".join(letters))


def shifted(rng: np.random.Generator, values: list[str]) -> list[str] | None:
    which = rng.integers(3)
    decimals = len(values[which].partition(".")[2])
    factor, more = (10.0, -1) if rng.random() < 0.5 else (0.1, 1)
    return _with(values, which, f"{float(values[which]) * factor:.{max(decimals + more, 0)}f}")


def exchanged(rng: np.random.Generator, values: list[str]) -> list[str] | None:
    which = 1 + rng.integers(2)
    changed = list(values)
    changed[0], changed[which] = changed[which], changed[0]
    return changed


def inverted(rng: np.random.Generator, values: list[str]) -> list[str] | None:
    return _with(values, 0, f"{1.0 / float(values[0]):.2f}")


def _with(values: list[str], which: int, text: str) -> list[str] | None:
    changed = list(values)
    changed[which] = text
    return None if [float(v) for v in changed] == [float(v) for v in values] else changed


KINDS: dict[str, Callable[[np.random.Generator, list[str]], list[str] | None]] = {
    "one wrong digit": one_digit,
    "two digits exchanged": transposed,
    "decimal shift": shifted,
    "estimate and a limit exchanged": exchanged,
    "estimate turned round without its limits": inverted,
}


def interval_table() -> Iterator[str]:
    data = json.loads(HACKSHAW.read_text(encoding="utf-8"))["data"]
    studies = [
        [f"{value:g}" for value in values] for values in zip(data["or"], data["or.lb"], data["or.ub"], strict=True)
    ]
    base = {"form": "ratio", "scale": "OR", "ci_level": "95"}
    names = ("est", "ci_low", "ci_high")
    raised = functools.cache(lambda *values: found({**base, **dict(zip(names, values, strict=True))}))
    alarms = sum(bool(raised(*values)) for values in studies)
    yield f"False alarms on the {len(studies)} intervals as printed: {alarms}."
    yield ""
    yield "| injected error | injections | C01 or C02 | any check |"
    yield "|---|---|---|---|"
    rng = np.random.default_rng(1998)
    for kind, inject in KINDS.items():
        tried = interval = caught = 0
        for values in studies:
            for _ in range(INJECTIONS):
                changed = inject(rng, values)
                if changed is None:
                    continue
                ids = raised(*changed)
                tried += 1
                interval += bool(ids & {"C01", "C02"})
                caught += bool(ids)
        yield f"| {kind} | {tried:,} | {interval / tried:.1%} | {caught / tried:.1%} |"


# standard errors typed as standard deviations


def peers_table() -> Iterator[str]:
    """Yield how often one of k studies that typed standard errors, in both groups, is found by one group at least."""
    yield "| studies | SD of ln SD between studies | people a group | caught | false alarms among the others |"
    yield "|---|---|---|---|---|"
    rng = np.random.default_rng(2023)
    for k in (5, 8, 15):
        for tau in (0.20, 0.35):
            for n in (15, 30, 60):
                caught = alarms = others = 0
                for _ in range(RUNS):
                    spreads, sizes, groups = _spreads(rng, k, tau, n)
                    log_sd = np.log(spreads)
                    log_sd[:2] -= 0.5 * np.log(sizes[:2])
                    flags = [s.flagged for s in suspects(list(log_sd), list(sizes), group=groups)]
                    caught += flags[0] or flags[1]
                    alarms += sum(flags[i] or flags[i + 1] for i in range(2, 2 * k, 2))
                    others += k - 1
                yield f"| {k} | {tau:.2f} | {n} | {caught / RUNS:.1%} | {alarms / others:.2%} |"


def _spreads(rng: np.random.Generator, k: int, tau: float, n: int) -> tuple[Any, Any, list[int]]:
    """Return observed SDs, group sizes (n on average) and study of the two groups of each study."""
    sizes = np.maximum(5, np.round(n * np.exp(rng.normal(0.0, 0.25, 2 * k))))
    true = 4.0 * np.exp(np.repeat(rng.normal(0.0, tau, k), 2))
    observed = true * np.sqrt(rng.chisquare(sizes - 1) / (sizes - 1))
    return observed, sizes, [i // 2 for i in range(2 * k)]


# honest rows


def honest_counts(rng: np.random.Generator) -> Cells:
    high, low = (int(rng.integers(20, 400)) for _ in range(2))
    a = int(np.clip(rng.binomial(high, rng.uniform(0.05, 0.7)), 1, high - 1))
    c = int(np.clip(rng.binomial(low, rng.uniform(0.05, 0.7)), 1, low - 1))
    b, d = high - a, low - c
    est, se = a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    p = rng.choice(sorted(p_values(Table(a, b, c, d, ("", "", "", ""))).values()))
    return {
        **{"form": "events_totals", "events_high": str(a), "total_high": str(high), "events_low": str(c)},
        **{"total_low": str(low), "pct_1": f"{100 * a / high:.1f}", "pct_2": f"{100 * c / low:.1f}"},
        **{"crude_scale": "OR", **_interval("crude_est", "crude_low", "crude_high", est, se), **_p(p)},
    }


def honest_ratio(rng: np.random.Generator) -> Cells:
    theta, se = rng.normal(0.2, 0.5), rng.uniform(0.1, 0.8)
    p = math.erfc(abs(theta) / se / math.sqrt(2.0))
    cells = {"form": "ratio", "scale": "RR", "ci_level": "95", "se_log": f"{se:.2f}", **_p(p)}
    return cells | _interval("est", "ci_low", "ci_high", math.exp(theta), se)


def honest_hazard(rng: np.random.Generator) -> Cells:
    n1, n2, theta = int(rng.integers(40, 300)), int(rng.integers(40, 300)), rng.normal(0.0, 0.4)
    time = np.concatenate([rng.exponential(1.0 / math.exp(theta), n1), rng.exponential(1.0, n2)])
    event = time < rng.uniform(0.3, 2.0)
    first, second = int(event[:n1].sum()), int(event[n1:].sum())
    if min(first, second) < 5:
        return honest_hazard(rng)
    cells = {"form": "ratio", "scale": "HR", "ci_level": "95", "n_events": str(first + second)}
    cells |= {"n1": str(n1), "n2": str(n2)}
    return cells | _interval("est", "ci_low", "ci_high", math.exp(theta), math.sqrt(1 / first + 1 / second))


def honest_means(rng: np.random.Generator) -> Cells:
    """Normal data of two groups, with everything a t test prints."""
    one, two = (rng.normal(rng.uniform(10, 14), rng.uniform(3.0, 4.5), rng.integers(12, 150)) for _ in range(2))
    n1, n2, s1, s2 = len(one), len(two), one.std(ddof=1), two.std(ddof=1)
    pooled = math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
    se, df = pooled * math.sqrt(1 / n1 + 1 / n2), n1 + n2 - 2
    diff = one.mean() - two.mean()
    q = special.stdtrit(df, 0.975) * se
    numbers = {"m1": one.mean(), "sd1": s1, "m2": two.mean(), "sd2": s2, "diff": diff, "diff_low": diff - q}
    numbers |= {"diff_high": diff + q, "min1": one.min(), "max1": one.max(), "min2": two.min(), "max2": two.max()}
    cells = {name: f"{value:.1f}" for name, value in numbers.items()}
    cells |= {"form": "means", "spread_type": "sd", "n1": str(n1), "n2": str(n2), "ci_level": "95"}
    cells |= {"t": f"{diff / se:.2f}", "df": str(df), "test": "t_test"}
    return cells | _p(2.0 * float(special.stdtr(df, -abs(diff / se))))


def honest_scores(rng: np.random.Generator) -> Cells:
    """Whole-number answers on a scale from 0 to 20, or yes and no."""
    yes_no = rng.random() < 0.5
    samples = [
        rng.binomial(1, rng.uniform(0.2, 0.8), n) if yes_no else rng.binomial(20, rng.uniform(0.35, 0.65), n)
        for n in rng.integers(8, 90, 2)
    ]
    cells = {"form": "means", "spread_type": "sd", "items": "1", "scale_min": "0", "scale_max": "1" if yes_no else "20"}
    for which, sample in zip("12", samples, strict=True):
        values = [int(value) for value in sample]
        cells |= {f"n{which}": str(len(values)), f"m{which}": f"{statistics.fmean(values):.2f}"}
        cells |= {f"sd{which}": f"{statistics.stdev(values):.2f}"}
    return cells if float(cells["sd1"]) * float(cells["sd2"]) > 0 else honest_scores(rng)


def honest_medians(rng: np.random.Generator) -> Cells:
    cells = {"form": "medians"}
    for which in "12":
        sample = rng.normal(30.0, 6.0, rng.integers(12, 150))
        low, q1, median, q3, high = np.quantile(sample, (0, 0.25, 0.5, 0.75, 1), method="weibull")
        numbers = {f"min{which}": low, f"q1_{which}": q1, f"med{which}": median, f"q3_{which}": q3, f"max{which}": high}
        cells |= {name: f"{value:.1f}" for name, value in numbers.items()} | {f"n{which}": str(len(sample))}
    return cells


def _interval(est: str, low: str, high: str, value: float, se: float) -> Cells:
    return {
        est: f"{value:.2f}",
        low: f"{value * math.exp(-1.959964 * se):.2f}",
        high: f"{value * math.exp(1.959964 * se):.2f}",
    }


def _p(p: float) -> Cells:
    return {"p_value": "0.001", "p_cmp": "<"} if p < 0.001 else {"p_value": f"{p:.3f}", "p_cmp": "="}


HONEST: dict[str, tuple[Callable[[np.random.Generator], Cells], str]] = {
    "counts, percentages, OR, p": (honest_counts, "B01 B02 B03 B04 C01 C02"),
    "ratio, interval, SE, p": (honest_ratio, "C01 C02 C03 C05"),
    "hazard ratio of exponential times": (honest_hazard, "C01 C02"),
    "means, t, p, interval, range": (honest_means, "M04 M07"),
    "scores and yes-no answers": (honest_scores, "M01 M02 M03 M04"),
    "medians of normal samples": (honest_medians, "M04"),
}


def honest_table() -> Iterator[str]:
    yield "| honest rows | rows | alarms of checks that rounding must not fire | alarms of the others |"
    yield "|---|---|---|---|"
    rng = np.random.default_rng(2017)
    for kind, (make, exact) in HONEST.items():
        ids: Counter[str] = Counter()
        for _run in range(RUNS):
            cells = make(rng)
            if all(float(cells.get(name, "1")) > 0 for name in ("ci_low", "crude_low")):
                ids.update(found(cells))
        proven = exact.split()
        others = ", ".join(f"{name} {n / RUNS:.1%}" for name, n in sorted(ids.items()) if name not in proven) or "none"
        yield f"| {kind} | {RUNS:,} | {sum(ids[name] for name in proven)} ({', '.join(proven)}) | {others} |"


def main() -> None:
    """Print the tables, and write them into the page unless told not to."""
    parts = (
        ("### Estimate and interval (C01, C02)", interval_table),
        ("### A standard error typed as a standard deviation, beside other studies (M05)", peers_table),
        ("### Honest rows", honest_table),
    )
    lines = []
    for title, table in parts:
        lines += [title, "", *table(), ""]
    text = "\n".join(lines).rstrip()
    print(text)
    if "--print" in sys.argv:
        return
    page = HERE / "README.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    if not rest:
        before = before.rstrip() + (
            "\n\n## The checks\n\n`checks.py` seeds errors and simulates honest rows, and writes these tables.\n\n"
        )
        after = "\n"
    write_atomically(page, f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
