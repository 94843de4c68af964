"""Compare a folder of figures made anew with the stored ones, block by block: python validation/compare.py FOLDER.

Prints, for each block, how many figures both have, how many differ by more than 1e-6 and the largest relative
difference; then the figures only one side has. An older version of an R package differs where its conventions do.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import oracle  # noqa: E402


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every number with its path; lists count item by item."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, (*path, str(i)))
    else:
        yield path, value


def block(path: tuple[str, ...]) -> str:
    """Return the block a figure belongs to: "fits rma.uni REML", "escalc OR"."""
    if path[0] != "fits":
        return " ".join(path[:2])
    return " ".join(("fits", *path[2 : 4 if path[1] not in ("rma.mh", "rma.glmm") and path[2] == "rma.uni" else 3]))


def main(folder: Path) -> None:
    """Print one line a block."""
    both: dict[str, list[float]] = defaultdict(list)
    lost: dict[str, int] = defaultdict(int)
    for path in sorted(folder.glob("*.json")):
        new = dict(leaves(json.loads(path.read_text(encoding="utf-8"))))
        for place, old in leaves(oracle.load(path.stem)):
            if place[0] not in ("escalc", "fits"):
                continue
            if place not in new:
                lost[block(place)] += 1
            elif not isinstance(old, bool) and (isinstance(old, (int, float)) or old in ("Inf", "-Inf")):
                try:
                    a, b = oracle.numbers(new[place]), oracle.numbers(old)
                except KeyError:
                    lost[block(place)] += 1
                    continue
                both[block(place)].append(float(oracle.relative_error(a, b, oracle.numbers(1e-9))))
    width = max(map(len, both), default=0)
    for name, errors in sorted(both.items()):
        off = sum(error > 1e-6 for error in errors)
        print(f"{name:<{width}}  {len(errors):>7,} figures, {off:>6,} differ, largest {max(errors):.1e}")
    for name, n in sorted(lost.items()):
        print(f"not made anew: {name}, {n:,} figures")
    print(f"{sum(map(len, both.values())):,} figures compared, {sum(lost.values()):,} not made anew")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
