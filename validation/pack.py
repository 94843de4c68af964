"""Copy results of R packages into tests/reference/r, one data set a line: python validation/pack.py FOLDER.

FOLDER holds the JSON files that `validation/figures.R` writes. Numbers are carried over digit for digit; what only the
run itself needed (timings, counts) is left out.
"""

import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "tests" / "reference" / "r"
LEFT_OUT = {"split", "counts"}


def main(folder: Path) -> None:
    """Write every file again without spaces, keys in the order they came in."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.json")):
        # numbers stay text: no digit may change on the way
        results = json.loads(path.read_text(encoding="utf-8"), parse_float=_Digits, parse_int=_Digits)
        kept = {key: value for key, value in results.items() if key not in LEFT_OUT}
        (TARGET / path.name).write_text(_written(kept) + "\n", encoding="utf-8")


class _Digits(str):
    """A number as it was written."""


def _written(value: object) -> str:
    if isinstance(value, _Digits):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
