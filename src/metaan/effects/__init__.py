"""Effect sizes and their sampling variances: pure functions of arrays, and one workbook row at a time."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Effects(NamedTuple):
    """Effects of several studies."""

    y: "NDArray[np.float64]"  #: on the working scale (natural logarithm for ratios); NaN where not estimable
    v: "NDArray[np.float64]"  #: sampling variance; NaN where not estimable
