"""How surprising an estimate is under what a prior had predicted for it."""

import numpy as np

from metaan.pooling.bayes.mixtures import NormalMixture
from metaan.terms.special import special


def conflict(prior: NormalMixture, estimate: float, se: float) -> float:
    """Prior-predictive p value of an estimate, two-sided.

    Parameters
    ----------
    prior : NormalMixture
        Of the true effect, without a vague part.
    estimate, se : float
        What was found, with a normal error.

    Returns
    -------
    float
        Twice the smaller tail that the prediction for the estimate, error included, has beyond it: small where the
        prior had not expected it. 1 where it stands at the median of the prediction.

    References
    ----------
    .. [1] Box GEP. J R Stat Soc A 1980;143:383-430.
    .. [2] Evans M, Moshonov H. Bayesian Anal 2006;1:893-914.
    """
    w, m, s = (np.asarray(part) for part in (prior.weights, prior.means, prior.sds))
    below = (estimate - m) / np.hypot(s, se)
    return float(2.0 * min(w @ special.ndtr(below), w @ special.ndtr(-below), 0.5))
