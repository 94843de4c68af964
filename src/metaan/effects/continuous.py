"""Differences of two means, as they are and standardised."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metaan.effects import Effects
from metaan.effects.recipe import Inputs, Recipe, estimable
from metaan.effects.standardised import (
    COX,
    LOGISTIC,
    correction,
    f_to_g,
    groups,
    one_of,
    p_to_g,
    pooled_variance,
    standardised,
    t_to_g,
)

Floats = NDArray[np.float64]


def mean_difference(
    n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike, *, vtype: str = "LS"
) -> Effects:
    """Difference m1 - m2 of two means.

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (..., k)
        Sizes, means and standard deviations; group 1 has the outcome, so that positive means more of the factor goes
        with it.
    vtype : {"LS", "HO"}
        Variance sd1^2/n1 + sd2^2/n2; or with the pooled variance in place of both, which assumes them equal. Names here
        and below are those of metafor.

    Returns
    -------
    Effects
        Shape (..., k).

    Raises
    ------
    ValueError
        Negative standard deviations, groups of less than one, or an unknown `vtype`.
    """
    n1, m1, sd1, n2, m2, sd2 = groups(n1, m1, sd1, n2, m2, sd2)
    one_of("vtype", vtype, ("LS", "HO"))
    if vtype == "LS":
        return estimable(m1 - m2, sd1**2 / n1 + sd2**2 / n2)
    return estimable(m1 - m2, pooled_variance(n1, sd1, n2, sd2) * (1 / n1 + 1 / n2))


def standardised_mean_difference(
    n1: ArrayLike,
    m1: ArrayLike,
    sd1: ArrayLike,
    n2: ArrayLike,
    m2: ArrayLike,
    sd2: ArrayLike,
    *,
    vtype: str = "LS",
    correct: bool | str = True,
) -> Effects:
    """Hedges' g: the mean difference in units of the pooled standard deviation, freed of small-sample bias.

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (..., k)
        As for `mean_difference`.
    vtype, correct
        As for `standardised`.

    Returns
    -------
    Effects
        Shape (..., k); NaN where the pooled standard deviation is zero or there are not more than two people.

    Raises
    ------
    ValueError
        As for `mean_difference`.

    References
    ----------
    .. [1] Hedges LV. J Educ Stat 1981;6:107-128.
    """
    n1, m1, sd1, n2, m2, sd2 = groups(n1, m1, sd1, n2, m2, sd2)
    return standardised(_in_units(m1 - m2, pooled_variance(n1, sd1, n2, sd2)), n1, n2, vtype=vtype, correct=correct)


def separate_mean_difference(
    n1: ArrayLike,
    m1: ArrayLike,
    sd1: ArrayLike,
    n2: ArrayLike,
    m2: ArrayLike,
    sd2: ArrayLike,
    *,
    correct: bool | str = True,
) -> Effects:
    """Standardised mean difference without equal variances: (m1 - m2) / sqrt((sd1^2 + sd2^2) / 2).

    Parameters
    ----------
    n1, m1, sd1, n2, m2, sd2 : array_like, shape (..., k)
    correct : bool or "approximate"
        Correction with n1 + n2 - 2 degrees of freedom, as for `standardised`.

    Returns
    -------
    Effects
        Shape (..., k); NaN where both standard deviations are zero or a group has one person.

    Raises
    ------
    ValueError
        As for `mean_difference`.

    References
    ----------
    .. [1] Bonett DG. Psychol Methods 2008;13:99-109.
    """
    n1, m1, sd1, n2, m2, sd2 = groups(n1, m1, sd1, n2, m2, sd2)
    square = (sd1**2 + sd2**2) / 2.0
    y = correction(n1 + n2 - 2.0, correct) * _in_units(m1 - m2, square)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (sd1**4 / (n1 - 1.0) + sd2**4 / (n2 - 1.0)) / (8.0 * square**2)
        return estimable(y, y**2 * spread + (sd1**2 / (n1 - 1.0) + sd2**2 / (n2 - 1.0)) / square)


def control_standardised(
    n1: ArrayLike,
    m1: ArrayLike,
    n2: ArrayLike,
    m2: ArrayLike,
    sd2: ArrayLike,
    *,
    vtype: str = "LS",
    correct: bool | str = True,
) -> Effects:
    """Glass's delta: the mean difference in units of the standard deviation of group 2, the controls.

    Parameters
    ----------
    n1, m1, n2, m2, sd2 : array_like, shape (..., k)
    vtype : {"LS", "RevMan"}
        1/n1 + 1/n2 + y^2 / (2 n2), which takes the variances as equal; the last term over 2 (n2 - 1).
    correct : bool or "approximate"
        Correction with n2 - 1 degrees of freedom, as for `standardised`.

    Returns
    -------
    Effects
        Shape (..., k); NaN where the controls have no standard deviation above 0.

    Raises
    ------
    ValueError
        As for `mean_difference`.

    References
    ----------
    .. [1] Glass GV. Educ Res 1976;5(10):3-8.
    .. [2] Becker BJ. Br J Math Stat Psychol 1988;41:257-278.
    """
    n1, m1, _, n2, m2, sd2 = groups(n1, m1, 0.0, n2, m2, sd2)
    one_of("vtype", vtype, ("LS", "RevMan"))
    with np.errstate(invalid="ignore", divide="ignore"):
        y = np.where(n2 > 1, correction(n2 - 1.0, correct) * _in_units(m1 - m2, sd2**2), np.nan)
        return estimable(y, 1.0 / n1 + 1.0 / n2 + y**2 / (2.0 * (n2 if vtype == "LS" else n2 - 1.0)))


def separate_control_standardised(
    n1: ArrayLike,
    m1: ArrayLike,
    sd1: ArrayLike,
    n2: ArrayLike,
    m2: ArrayLike,
    sd2: ArrayLike,
    *,
    correct: bool | str = True,
) -> Effects:
    """Glass's delta with a variance that does not take those of the groups as equal.

    The variance is sd1^2 / (sd2^2 (n1 - 1)) + 1 / (n2 - 1) + y^2 / (2 (n2 - 1)), by the delta method for normal
    outcomes; else as `control_standardised`.
    """
    n1, m1, sd1, n2, m2, sd2 = groups(n1, m1, sd1, n2, m2, sd2)
    with np.errstate(invalid="ignore", divide="ignore"):
        y = np.where(n2 > 1, correction(n2 - 1.0, correct) * _in_units(m1 - m2, sd2**2), np.nan)
        return estimable(y, (sd1 / sd2) ** 2 / (n1 - 1.0) + (1.0 + y**2 / 2.0) / (n2 - 1.0))


def logistic_log_odds_ratio(
    n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike
) -> Effects:
    """Log odds ratio that Cohen's d means if the outcome is logistic and cut in two: d pi / sqrt(3).

    Parameters, missing values and errors are those of `standardised_mean_difference`.

    References
    ----------
    .. [1] Hasselblad V, Hedges LV. Psychol Bull 1995;117:167-178.
    """
    return _times(LOGISTIC, standardised_mean_difference(n1, m1, sd1, n2, m2, sd2, correct=False))


def normal_log_odds_ratio(
    n1: ArrayLike, m1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, m2: ArrayLike, sd2: ArrayLike
) -> Effects:
    """Log odds ratio that Cohen's d means if the outcome is normal and cut in two: 1.65 d.

    Parameters, missing values and errors are those of `standardised_mean_difference`.

    References
    ----------
    .. [1] Sánchez-Meca J, Marín-Martínez F, Chacón-Moscoso S. Psychol Methods 2003;8:448-467 (factor of Cox).
    """
    return _times(COX, standardised_mean_difference(n1, m1, sd1, n2, m2, sd2, correct=False))


def _in_units(difference: Floats, square: Floats) -> Floats:
    return difference / np.sqrt(np.where(square > 0, square, np.nan))


def _times(factor: float, effects: Effects) -> Effects:
    return Effects(factor * effects.y, factor**2 * effects.v)


_GROUPS = ("n1i", "m1i", "sd1i", "n2i", "m2i", "sd2i")
_NO_SPREAD = "the standard deviation it is divided by is zero, or rests on too few people"

RECIPES: tuple[Recipe, ...] = (
    Recipe(name="MD", inputs=(Inputs(_GROUPS, mean_difference),), options=("vtype",)),
    Recipe(
        name="SMD",
        inputs=(
            Inputs(_GROUPS, standardised_mean_difference),
            Inputs(("di", "n1i", "n2i"), standardised),
            Inputs(("ti", "n1i", "n2i"), t_to_g),
            Inputs(("fi", "signi", "n1i", "n2i"), f_to_g),
            Inputs(("pi", "n1i", "n2i"), p_to_g),
        ),
        options=("vtype", "correct"),
        undefined="the pooled standard deviation is zero, or there are not more than two people",
    ),
    Recipe(
        name="SMDH", inputs=(Inputs(_GROUPS, separate_mean_difference),), options=("correct",), undefined=_NO_SPREAD
    ),
    Recipe(
        name="SMD1",
        inputs=(Inputs(("n1i", "m1i", "n2i", "m2i", "sd2i"), control_standardised),),
        options=("vtype", "correct"),
        undefined=_NO_SPREAD,
    ),
    Recipe(
        name="SMD1H",
        inputs=(Inputs(_GROUPS, separate_control_standardised),),
        options=("correct",),
        undefined=_NO_SPREAD,
    ),
    Recipe(name="D2OR", inputs=(Inputs(_GROUPS, logistic_log_odds_ratio),), undefined=_NO_SPREAD),
    Recipe(name="D2ORL", inputs=(Inputs(_GROUPS, logistic_log_odds_ratio),), undefined=_NO_SPREAD),
    Recipe(name="D2ORN", inputs=(Inputs(_GROUPS, normal_log_odds_ratio),), undefined=_NO_SPREAD),
)
