"""A row against its peers: standard errors among standard deviations, effects far from the rest, units mixed."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from metaan.checks.book import Book, Line, grouped
from metaan.checks.cells import finding
from metaan.checks.tables import tables
from metaan.terms.finding import Finding, Level
from metaan.terms.wording import count, listed, number

PEERS = 5  #: values of other studies that a comparison with peers needs
FLOOR = 0.15  #: of the robust spread of ln SD: studies of one quantity seldom agree better
FAR = 2.5
SCALES = 2.0  #: means this many times smaller or larger than those of peers speak for another scale


class Suspect(NamedTuple):
    """How one spread compares with those of other studies."""

    z: float  #: distance of ln SD from the median of its peers, in robust standard deviations; NaN without peers
    z_as_sd: float  #: the same after multiplying by the root of n, as if it were a standard error
    usual: float  #: median SD of the peers
    flagged: bool  #: far below its peers, as a standard error would be
    inflated: bool  #: far above them, as a standard deviation times the root of n would be


def suspects(
    log_sd: Sequence[float],
    n: Sequence[float],
    *,
    group: Sequence[Hashable],
    peer: Sequence[bool] | None = None,
    peers: int = PEERS,
) -> list[Suspect]:
    """Tell which spreads look like standard errors beside those of other studies.

    Each ln SD is set against the median of those of all other studies, in units of 1.4826 times their median absolute
    deviation (at least 0.15). It is flagged where it lies more than 2.5 below and adding ln(n) / 2, which turns a
    standard error into a standard deviation, brings it to half that distance or less. It is inflated where the same
    holds on the other side: more than 2.5 above, and subtracting ln(n) / 2 at least halves the distance.

    Parameters
    ----------
    log_sd : sequence of float, length k
        Natural logarithms of spreads of one quantity in one unit.
    n : sequence of float, length k
        Group sizes; NaN where not known: such a spread is a peer and is not judged.
    group : sequence, length k
        Study of each: spreads of one study are no peers of each other.
    peer : sequence of bool, length k
        Whether a spread is a peer of others; those that are not are only judged. All of them unless given.
    peers : int
        Spreads of other studies needed; with fewer, nothing is flagged.

    Returns
    -------
    list of Suspect, length k
    """
    counts = [True] * len(log_sd) if peer is None else list(peer)
    ordered = sorted(x for x, is_peer in zip(log_sd, counts, strict=True) if is_peer)
    own: dict[Hashable, list[float]] = {}
    for x, name, is_peer in zip(log_sd, group, counts, strict=True):
        if is_peer:
            own.setdefault(name, []).append(x)
    deviations: dict[float, list[float]] = {}
    found = []
    for x, size, name in zip(log_sd, n, group, strict=True):
        left_out = sorted(own.get(name, ()))
        if len(ordered) - len(left_out) < peers:
            found.append(Suspect(math.nan, math.nan, math.nan, False, False))
            continue
        middle = _median_without(ordered, left_out)
        if middle not in deviations:
            deviations[middle] = sorted(abs(value - middle) for value in ordered)
        spread = _median_without(deviations[middle], sorted(abs(value - middle) for value in left_out))
        scale = max(1.4826 * spread, FLOOR)
        z = (x - middle) / scale
        step = math.log(size) / 2 / scale if size > 0 else math.nan
        small, large = z < -FAR and abs(z + step) <= abs(z) / 2, z > FAR and abs(z - step) <= abs(z) / 2
        found.append(Suspect(z, z + step, math.exp(middle), small, large))
    return found


def _median_without(ordered: Sequence[float], left_out: Sequence[float]) -> float:
    """Return the median of sorted values without some of them, themselves sorted."""
    places: list[int] = []
    for value in left_out:
        place = bisect_left(ordered, value)
        places.append(max(place, places[-1] + 1) if places else place)
    size = len(ordered) - len(places)

    def at(rank: int) -> float:
        for place in places:
            rank += place <= rank
        return ordered[rank]

    low, high = at((size - 1) // 2), at(size // 2)
    return low if low == high else (low + high) / 2


def check_spreads(book: Book) -> Iterator[Finding]:
    """Yield spreads that look like standard errors, or like what the root of n made larger, beside others (M05)."""
    for lines in grouped(book.lines, _quantity):
        spreads = [
            (line, side, math.log(sd), size if size else math.nan)
            for line in lines
            for side in "12"
            if (sd := line.values.get(f"sd{side}")) and (size := line.values.get(f"n{side}")) != 0
        ]
        judged = suspects(
            [x for _, _, x, _ in spreads],
            [size for *_, size in spreads],
            group=[line.study_id for line, *_ in spreads],
            peer=[line["spread_type"] == "sd" for line, *_ in spreads],
        )
        accused: dict[int, list[tuple[Line, str, Suspect]]] = {}
        for (line, side, *_), suspect in zip(spreads, judged, strict=True):
            if (suspect.flagged and not _other_scale(line, lines)) or (
                suspect.inflated and line["spread_type"] == "sd" and not _larger_scale(line, lines)
            ):
                accused.setdefault(line.row.number, []).append((line, side, suspect))
        for sides in accused.values():
            small = [each for each in sides if each[2].flagged]
            yield _accused(book, small) if small else _inflated(book, sides)


def _quantity(line: Line) -> tuple[str, ...] | None:
    """Return what a spread is of: rows that agree on it are peers."""
    if line["spread_type"] not in ("sd", "unclear") or not line.study_id or line.row["flag"] == "exclude":
        return None
    where = ("compartment", "marker") if line["factor_kind"] == "marker" else ("outcome",)
    named = tuple(line[column] for column in (*where, "unit"))
    if line["factor_kind"] == "marker" and not all(named):
        return None
    return (line["factor_kind"], *named, line["value_kind"] or "final", line["scale_min"], line["scale_max"])


def _other_scale(line: Line, lines: Sequence[Line]) -> bool:
    """Whether the means are as small as the spread, where no unit says that all rows measure on one scale."""
    if line["unit"] or line["scale_max"]:
        return False
    own, usual = _typical(line), _typical_of_others(line, lines)
    return bool(own and usual) and own * SCALES < usual


def _larger_scale(line: Line, lines: Sequence[Line]) -> bool:
    """Whether the means are as large as the spread, as in a group with more of a skewed quantity."""
    usual = _typical_of_others(line, lines)
    return not usual or _typical(line) > usual * SCALES


def _typical_of_others(line: Line, lines: Sequence[Line]) -> float:
    others = sorted(size for other in lines if other.study_id != line.study_id and (size := _typical(other)))
    return _quantile(others, 0.5) if others else 0.0


def _typical(line: Line) -> float:
    means = line.numbers("m1", "m2")
    return (abs(means[0]) + abs(means[1])) / 2 if means else 0.0


def _accused(book: Book, sides: list[tuple[Line, str, Suspect]]) -> Finding:
    line, side, suspect = sides[0]
    sheet = book.layout.sheet("Effects")
    shown = listed([f"{line.row[f'sd{s}']} (n {line.row[f'n{s}']})" for _, s, _ in sides])
    would = listed([number(line.values[f"sd{s}"] * math.sqrt(line.values[f"n{s}"])) for _, s, _ in sides])
    usual = number(suspect.usual)
    if line["spread_type"] == "unclear":
        return finding(
            "M05",
            line.row,
            sheet,
            f"sd{side}",
            f"± {shown} without a name; other studies of this quantity have SDs of about {usual}, and times the root "
            f"of n it would be {would}: it fits a standard error",
            "the word the paper uses for ±",
            "look in the methods or ask the authors; if it is a standard error, set spread_type to se",
            Level.NOTE,
        )
    return finding(
        "M05",
        line.row,
        sheet,
        f"sd{side}",
        f"an SD of {shown}, where other studies of this quantity have about {usual}; times the root of n it would be "
        f"{would}: a standard error typed as a standard deviation?",
        f"a standard deviation of about {usual}",
        "compare with the paper; if ± is a standard error, set spread_type to se",
    )


def _inflated(book: Book, sides: list[tuple[Line, str, Suspect]]) -> Finding:
    line, side, suspect = sides[0]
    shown = listed([f"{line.row[f'sd{s}']} (n {line.row[f'n{s}']})" for _, s, _ in sides])
    would = listed([number(line.values[f"sd{s}"] / math.sqrt(line.values[f"n{s}"])) for _, s, _ in sides])
    usual = number(suspect.usual)
    return finding(
        "M05",
        line.row,
        book.layout.sheet("Effects"),
        f"sd{side}",
        f"an SD of {shown}, where other studies of this quantity have about {usual}; divided by the root of n it would "
        f"be {would}: a standard deviation taken for a standard error and multiplied, or a variance?",
        f"a standard deviation of about {usual}",
        "compare with the paper and type what it prints: its SD with spread_type sd, or its standard error with se",
    )


def check_effects(book: Book) -> Iterator[Finding]:
    """Yield effects that lie far from those of other studies (S10)."""
    sheet = book.layout.sheet("Effects")
    for lines in grouped(book.lines, _contrast):
        sized = [(line, size) for line in lines if (size := rough_size(line)) is not None]
        if len(sized) <= PEERS:
            continue
        ordered = sorted(size for _, size in sized)
        for line, size in sized:
            place = bisect_left(ordered, size)
            rest = ordered[:place] + ordered[place + 1 :]
            low, high = _quantile(rest, 0.25), _quantile(rest, 0.75)
            reach = 3 * max(high - low, FLOOR)
            if low - reach <= size <= high + reach:
                continue
            shown = math.exp if _kind(line) == "ratio" else float
            what = "ratio" if _kind(line) == "ratio" else "standardised difference"
            yield finding(
                "S10",
                line.row,
                sheet,
                _FIRST[line.row["form"]],
                f"a {what} of about {number(shown(size))}; half of the {len(rest)} rows like it lie between "
                f"{number(shown(low))} and {number(shown(high))}",
                "an effect in the reach of its peers, or a study that differs",
                "read the row again: swapped groups, a shifted decimal, another unit; if it is right, it stands",
            )


_FIRST = {"two_by_two": "a_high_event", "events_totals": "events_high", "means": "m1", "ratio": "est"}


def _kind(line: Line) -> str:
    return "difference" if line.row["form"] == "means" else "ratio"


def _contrast(line: Line) -> tuple[str, ...] | None:
    """Return what an effect is of: rows that agree on it are peers."""
    if not line.counted or line["priority"] != "main" or line.row["form"] not in _FIRST or line.design is None:
        return None
    named = ("outcome", "outcome_good", "factor_kind", "compartment", "marker", "intervention", "comparator")
    facts = tuple(line.design.answer(name) for name in ("randomised", "sampled_before_outcome"))
    scale = line["scale"] if line.row["form"] == "ratio" else ""
    per = line["per_unit"] if scale else ""
    return (_kind(line), *(line[name] for name in named), *facts, per)


def rough_size(line: Line) -> float | None:
    """Return a size to compare rows by, on the working scale; effects proper are computed in `metaan.effects`."""
    if line.row["form"] == "ratio":
        est = line.values.get("est")
        return math.log(est) if est is not None and est > 0 else None
    if line.row["form"] == "means":
        means, spreads = line.numbers("m1", "m2"), line.numbers("sd1", "sd2")
        if means is None or spreads is None or line["spread_type"] not in ("sd", "se"):
            return None
        if line["spread_type"] == "se":
            sizes = line.numbers("n1", "n2")
            if sizes is None:
                return None
            spreads = tuple(sd * math.sqrt(n) for sd, n in zip(spreads, sizes, strict=True))
        typical = math.hypot(*spreads) / math.sqrt(2)
        return (means[0] - means[1]) / typical if typical > 0 else None
    table = next(iter(tables(line.cells)), None)
    if table is None:
        return None
    a, b, c, d = (x + 0.5 if min(table.counts) == 0 else x for x in table.counts)
    return math.log(a * d / (b * c))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def check_units(book: Book) -> Iterator[Finding]:
    """Yield measurements whose numbers stand in several units (S11)."""
    sheet = book.layout.sheet("Effects")
    for lines in grouped(book.lines, _measurement):
        units = Counter(line["unit"] for line in lines)
        if len(units) < 2:
            continue
        (_, usual), *_ = sorted((-n, unit) for unit, n in units.items())
        odd = next(line for line in lines if line["unit"] != usual)
        said = listed([f"{unit} ({count(n, 'row')})" for unit, n in units.most_common()])
        names = ", ".join(odd[name] for name in ("marker", "compartment", "assay") if odd[name])
        yield finding(
            "S11",
            odd.row,
            sheet,
            "unit",
            f"{names} in several units: {said}",
            "one unit, or standardised differences only",
            "compare with the papers; bring the numbers to one unit where that can be done",
        )


def _measurement(line: Line) -> tuple[str, ...] | None:
    if not line.counted or line["priority"] != "main" or line.row["form"] not in ("means", "medians", "difference"):
        return None
    if not line["unit"]:
        return None
    return tuple(line[name] for name in ("marker", "compartment", "assay")) if line["marker"] else None
