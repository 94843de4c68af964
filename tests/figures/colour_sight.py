"""Colours as people with a deficiency of colour vision see them, and how far apart two are.

Simulation: Machado, Oliveira and Fernandes 2009, IEEE Trans Vis Comput Graph 15:1291-1298, matrices of severity 1.0 as
the authors publish them, applied to linear sRGB. Distance: CIE 1976 L*a*b*, white D65. Contrast: WCAG 2.2, 1.4.3.
"""

import math
from itertools import combinations

SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)


def linear(colour):
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def _times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def seen(colour, sight):
    """L*a*b* of a colour as it is seen."""
    rgb = [min(max(part, 0.0), 1.0) for part in _times(SIGHT[sight], linear(colour))]
    x, y, z = (
        t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29
        for t in (value / white for value, white in zip(_times(_TO_XYZ, rgb), _WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def closest(colours, sight):
    """Smallest distance of any two colours, and the names of the two."""
    return min(
        (math.dist(seen(colours[one], sight), seen(colours[other], sight)), {one, other})
        for one, other in combinations(colours, 2)
    )


def weakest(colours):
    """Smallest distance whatever the sight, the two colours, and the sight."""
    return min((*closest(colours, sight), sight) for sight in SIGHT)


def contrast(one, other):
    low, high = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(linear, (one, other)))
    return (high + 0.05) / (low + 0.05)
