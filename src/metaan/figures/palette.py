"""Looks of judgements: colour and sign of each level, and how a proposal differs from a reviewer's judgement.

Colours are told apart by people with any of the common deficiencies of colour vision, and a sign always stands with
them, so that colour never carries meaning alone.
"""

from typing import Final

from metaan.terms.appraisal import LEVELS

LEVEL_COLOURS: Final[dict[str, str]] = {
    "low": "#4393C3",
    "some": "#F4D35E",
    "high": "#D6604D",
    "critical": "#67001F",
    "none": "#BDBDBD",
}

#: for words beside a figure; figures draw the same signs as strokes
LEVEL_SIGNS: Final[dict[str, str]] = {"low": "+", "some": "−", "high": "×", "critical": "!", "none": "?"}

#: tools name their judgements differently; a key names the level they share
LEVEL_WORDS: Final[dict[str, str]] = {
    "low": "low risk",
    "some": "some concerns, moderate, unclear",
    "high": "high, serious",
    "critical": "very high, critical",
    "none": "no information, does not apply",
}

EDGE: Final = "#000000"  #: outline of every sign, since yellow hardly stands out from white
SIGN_INK: Final = "#000000"  #: 5.6 : 1 on its darkest ground; the ink of texts would have 4.4 : 1
SIGN_ON_DARK: Final = "#ffffff"
COUNTED: Final = "#e4e8ec"  #: ground of a number of stars, which is no judgement
RING: Final = "#8a939c"  #: outline of the empty ring: not assessed; 3.1 : 1 on white

DARK_LEVELS: Final = frozenset(["critical"])  #: their signs are white


def sign_ink(level: str, *, hollow: bool = False) -> str:
    """Return the colour of a sign on the ground of its level; a hollow ground is white inside."""
    if level not in LEVELS:
        raise KeyError(level)
    return SIGN_ON_DARK if level in DARK_LEVELS and not hollow else SIGN_INK
