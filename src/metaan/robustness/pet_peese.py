"""PET-PEESE: the effect of a study without sampling error, from a line in standard errors or in variances."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metaan.pooling.kernel import Floats
from metaan.robustness.small_study import SmallStudyTest, small_study_test
from metaan.terms.records import Interval, Result
from metaan.terms.special import special


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PetPeese(Result):
    """Precision-effect estimates; arrays where the input had batch axes. NaN with a reason where `refused`."""

    k: int
    chosen: str  #: "PET" or "PEESE"
    estimate: float  #: intercept of the line chosen
    se: float
    ci: Interval | None
    p: float  #: of no effect, by the line chosen
    pet: float  #: intercept of effects on standard errors
    pet_se: float
    pet_p: float  #: decides: PEESE where it lies below `method["alpha"]`
    peese: float  #: intercept of effects on variances
    peese_se: float
    peese_p: float
    refused: str  #: why there is no result; empty where there is one
    method: dict[str, Any]


def pet_peese(
    yi: ArrayLike,
    vi: ArrayLike | None = None,
    *,
    model: str = "lm",
    tau2: str | ArrayLike | None = None,
    interval: str | None = None,
    alpha: float = 0.10,
    level: float = 0.95,
    mask: ArrayLike | None = None,
    force: bool = False,
) -> PetPeese:
    """Estimate the effect that remains when standard errors go to zero.

    PET is the intercept of a weighted regression of effects on standard errors, PEESE that on variances [1]_. The
    conditional estimate is PEESE where the two-sided p of PET's intercept lies below `alpha`, otherwise PET: without
    an effect PEESE is biased away from zero, with one PET is biased towards it.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects on the working scale and their sampling variances.
    model, tau2, interval
        As in `small_study_test`: "lm" (weights 1 / v, error variance estimated, t on k - 2) or "rma" (variance between
        studies).
    alpha : float
        Level of the rule; 0.10 two-sided is 0.05 one-sided.
    level : float
        Of the interval.
    mask : array_like of bool, shape (..., k), optional
    force : bool
        Estimate from fewer than ten studies, too.

    Returns
    -------
    PetPeese

    Raises
    ------
    ValueError
        As in `small_study_test`.

    References
    ----------
    .. [1] Stanley TD, Doucouliagos H. Res Synth Methods 2014;5:60-78.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha!r}")

    def line(predictor: str) -> SmallStudyTest:
        return small_study_test(
            yi, vi, kind="egger", predictor=predictor, model=model, tau2=tau2, interval=interval, level=level,
            mask=mask, force=force,
        )  # fmt: skip

    pet, peese = line("sei"), line("vi")
    pet_p, peese_p = _p(pet), _p(peese)
    refused = np.asarray(pet.refused)
    second = pet_p < alpha
    method = {name: value for name, value in pet.method.items() if name != "predictor"} | {"alpha": alpha}
    fields: dict[str, Any] = {
        "chosen": np.where(refused != "", "", np.where(second, "PEESE", "PET")),
        "estimate": np.where(second, peese.limit, pet.limit),
        "se": np.where(second, peese.limit_se, pet.limit_se),
        "p": np.where(second, peese_p, pet_p),
        "pet_p": pet_p,
        "peese_p": peese_p,
    }
    pet_ci, peese_ci = (each.limit_ci or Interval(np.nan, np.nan) for each in (pet, peese))
    low, high = np.where(second, peese_ci.low, pet_ci.low), np.where(second, peese_ci.high, pet_ci.high)
    if low.ndim == 0:
        fields = {name: np.asarray(value).item() for name, value in fields.items()}
        ci = None if np.isnan(low) else Interval(low.item(), high.item())
    else:
        ci = Interval(low, high)  # type: ignore[arg-type]
    return PetPeese(
        k=pet.k,
        ci=ci,
        pet=pet.limit,
        pet_se=pet.limit_se,
        peese=peese.limit,
        peese_se=peese.limit_se,
        refused=pet.refused,
        method=method,
        **fields,
    )


def _p(line: SmallStudyTest) -> Floats:
    """Two-sided p of the intercept."""
    se, df = np.asarray(line.limit_se), np.asarray(line.df)
    distance = -np.abs(np.divide(line.limit, se, out=np.full(se.shape, np.nan), where=se > 0))
    normal = np.isinf(df)
    return 2.0 * np.where(normal, special.ndtr(distance), special.stdtr(np.where(normal, 1.0, df), distance))
