"""Time many DerSimonian-Laird syntheses against a loop over statsmodels, in one run on the same numbers.

python benchmarks/pooling.py [syntheses]
"""

import sys
import time
import warnings

import numpy as np
from statsmodels.stats.meta_analysis import combine_effects

from metaan.pooling.pool import pool

STUDIES = 13


def main(syntheses: int) -> None:
    """Print both times and their ratio, after seeing that both give the same estimates."""
    random = np.random.default_rng(20260101)
    v = random.uniform(0.02, 0.5, (syntheses, STUDIES))
    y = random.normal(0.3, np.sqrt(v + 0.1))
    start = time.perf_counter()
    ours = pool(y, v, tau2="DL", interval="Wald", prediction="normal")
    between = time.perf_counter()
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [combine_effects(a, b, method_re="dl").mean_effect_re for a, b in zip(y, v, strict=True)]
    end = time.perf_counter()
    known = np.asarray(ours.tau2) > 0  # the peer lets tau2 fall below 0, so only the others can be compared
    np.testing.assert_allclose(np.asarray(ours.estimate)[known], np.asarray(theirs)[known], rtol=1e-9)
    mine, peer = between - start, end - between
    print(f"{syntheses} syntheses of {STUDIES} studies: one batch {mine:.3f} s, statsmodels in a loop {peer:.3f} s")
    print(f"ratio {peer / mine:.0f} (ours also gives intervals of tau2 and I2, prediction, and Q)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
