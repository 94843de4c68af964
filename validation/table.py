"""Write docs/validation.md: every figure of R that the tests compare, by method. Takes some minutes.

python validation/table.py
"""

import math
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import oracle  # noqa: E402

PAGE = ROOT / "docs" / "validation.md"
BETWEEN = ROOT / "validation" / "between-designs.md"  #: written by hand: published figures without a peer to run
AREAS = {"effects": "Effect sizes", "pooling": "Pooling", "robustness": "Robustness"}

OPENING = """# Validation

Every figure below was computed with established R packages on published data sets and is compared with ours each time
the tests run. The figures stand in `tests/reference/r/`, one file a data set with its citation; where they come from,
and how to make them again, says [validation/README.md](../validation/README.md).

A difference is relative: |ours - theirs| over |theirs|, or over the natural unit of the figure where it may be zero
(the standard error of an estimate, the smallest sampling variance of a tau2). The table gives the power of ten that the
largest one stays below. Closed forms are held to 1e-9, iterated figures to 1e-7 where R was iterated to the end; a
looser tolerance has a reason, given below the tables. Where we do otherwise on purpose, the tests hold that we differ,
and the reason stands at the end.
"""


def power(error: float) -> str:
    """Return the power of ten an error stays below: 3e-12 gives 1e-11."""
    return "0" if error == 0 else f"1e{math.ceil(math.log10(error) + 1e-12):+03d}"


def area(each: oracle.Comparison) -> str:
    """Return the folder of tests a comparison stands in."""
    return Path(sys.modules[each.module].__file__ or "").parent.name


def row(each: oracle.Comparison) -> tuple[str, ...]:
    """Return one line of the table without the measured difference, which may change in its last digits."""
    return (
        each.method,
        each.source,
        f"{each.sets:,}",
        f"{each.compared:,}",
        f"{each.rel:.0e}",
        f"{each.on_purpose:,}" if each.on_purpose else "",
    )


def page(done: Iterable[oracle.Comparison]) -> str:
    """Return the page for comparisons that have been measured."""
    done = list(done)
    compared, outside = sum(each.compared for each in done), sum(len(each.outside) for each in done)
    parts = [OPENING, f"**{compared:,} figures compared, {outside} outside their tolerance.**\n"]
    heads = ("method", "reference", "sets", "figures", "tolerance", "differ on purpose", "largest difference below")
    for folder, title in AREAS.items():
        rows = [(*row(each), power(each.worst)) for each in done if area(each) == folder]
        lines = (heads, tuple("---" for _ in heads), *rows)
        parts.append(f"## {title}\n\n" + "".join("| " + " | ".join(cells) + " |\n" for cells in lines))
    loose: dict[str, list[str]] = {}
    for each in done:
        if each.why:
            loose.setdefault(each.why, []).append(each.method)
    reasons = "".join(f"- {', '.join(dict.fromkeys(methods))}: {why}\n" for why, methods in loose.items())
    parts.append(f"## Why a tolerance is what it is\n\n{reasons}")
    differing: dict[str, list[str]] = {}
    for each in done:
        for why in sorted(each.reasons):
            differing.setdefault(why, []).append(each.method)
    said = "".join(f"- {', '.join(dict.fromkeys(methods))}: {why}\n" for why, methods in differing.items())
    parts.append(f"## Where we differ on purpose\n\n{said or 'Nowhere.'}")
    return "\n".join([*parts, BETWEEN.read_text(encoding="utf-8")])


if __name__ == "__main__":
    from metaan.files import write_atomically

    found = oracle.everything()
    for one in found:
        if not one.done:
            one.measure()
            print(f"{one.method}: {one.compared} figures, {len(one.outside)} outside", flush=True)
    write_atomically(PAGE, page(found))
