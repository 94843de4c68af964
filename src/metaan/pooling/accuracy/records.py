"""Records of what the synthesis of diagnostic accuracy found.

Fields are floats; where counts came with batch axes they are arrays with those axes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from metaan.pooling.kernel import Floats
from metaan.terms.records import Interval, Result
from metaan.terms.special import special


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Accuracy(Result):
    """Summary sensitivity and specificity of one test, pooled together."""

    k: int  #: studies
    sensitivity: float  #: at the mean logit, 0 to 1
    sensitivity_ci: Interval
    specificity: float
    specificity_ci: Interval
    logit_sensitivity: float  #: mean logit sensitivity
    logit_fpr: float  #: mean logit false-positive rate, minus the mean logit specificity
    logit_sensitivity_variance: float  #: sampling variance of the mean
    logit_fpr_variance: float
    logit_covariance: float  #: of the two means
    tau2_sensitivity: float  #: variance between studies of the logit sensitivity
    tau2_fpr: float  #: variance between studies of the logit false-positive rate
    tau_covariance: float  #: covariance between studies of the two
    correlation: float  #: between studies; positive where studies trade one for the other; NaN if a variance is 0
    positive_lr: float  #: likelihood ratio of a positive result at the summary point
    positive_lr_ci: Interval  #: delta method on the log scale, as those that follow
    negative_lr: float
    negative_lr_ci: Interval
    dor: float  #: diagnostic odds ratio at the summary point
    dor_ci: Interval
    accuracy: float  #: HSROC Lambda, mean accuracy; NaN, as those that follow, if a variance between studies is 0
    threshold: float  #: HSROC Theta, mean threshold
    shape: float  #: HSROC beta, log ratio of the standard deviations: 0 is a symmetric curve
    accuracy_variance: float  #: HSROC sigma2 alpha
    threshold_variance: float  #: HSROC sigma2 theta
    auc: float  #: area under the summary curve, false-positive rates 0 to 1
    partial_auc: float  #: mean height of the curve over the false-positive rates observed, kept within 0.01 to 0.99
    log_likelihood: float  #: of the logits, or of the counts (binomial)
    log_likelihood_rates: float  #: normal model as a density of the rates themselves; NaN for the binomial model
    converged: bool
    method: dict[str, Any]  #: likelihood, method, correction, correct, nodes, level as asked for

    @property
    def mean(self) -> Floats:
        """Mean logits of sensitivity and false-positive rate, shape (..., 2)."""
        return np.stack([self.logit_sensitivity, self.logit_fpr], axis=-1)

    @property
    def covariance(self) -> Floats:
        """Covariance matrix of the mean logits, shape (..., 2, 2)."""
        return matrix(self.logit_sensitivity_variance, self.logit_covariance, self.logit_fpr_variance)

    @property
    def psi(self) -> Floats:
        """Covariance matrix between studies, shape (..., 2, 2)."""
        return matrix(self.tau2_sensitivity, self.tau_covariance, self.tau2_fpr)

    def coefficients(self) -> Floats:
        """Return estimate, standard error, z, two-sided p and limits of both logits, shape (..., 2, 6)."""
        se = np.stack([np.sqrt(self.logit_sensitivity_variance), np.sqrt(self.logit_fpr_variance)], axis=-1)
        half = float(special.ndtri(0.5 + 0.5 * self.method["level"])) * se
        z = self.mean / se
        return np.stack([self.mean, se, z, 2.0 * special.ndtr(-np.abs(z)), self.mean - half, self.mean + half], -1)


def matrix(first: Any, cross: Any, second: Any) -> Floats:
    """Return symmetric two by two matrices, shape (..., 2, 2)."""
    return np.stack([np.stack([first, cross], axis=-1), np.stack([cross, second], axis=-1)], axis=-2)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StudyAccuracy(Result):
    """Accuracy in each study; columns have one item a study."""

    sensitivity: tuple[float, ...]
    sensitivity_low: tuple[float, ...]  #: Wilson limits, as those of the specificity
    sensitivity_high: tuple[float, ...]
    specificity: tuple[float, ...]
    specificity_low: tuple[float, ...]
    specificity_high: tuple[float, ...]
    dor: tuple[float, ...]  #: diagnostic odds ratio
    dor_low: tuple[float, ...]  #: normal limits on the log scale, as those of the likelihood ratios
    dor_high: tuple[float, ...]
    positive_lr: tuple[float, ...]
    positive_lr_low: tuple[float, ...]
    positive_lr_high: tuple[float, ...]
    negative_lr: tuple[float, ...]
    negative_lr_low: tuple[float, ...]
    negative_lr_high: tuple[float, ...]
    sensitivity_chi2: float  #: Pearson's test that all sensitivities are equal
    sensitivity_p: float
    specificity_chi2: float
    specificity_p: float
    test_df: float  #: degrees of freedom of both tests, studies - 1
    correlation: float  #: Pearson's, of sensitivity and false-positive rate; NaN for fewer than two studies
    method: dict[str, Any]  #: correction, correct, level


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProportionalHazards(Result):
    """Lehmann curve of one test: sensitivity = (false-positive rate) ** theta in each study, theta ~ N(mean, tau2)."""

    k: int
    theta: float  #: mean; 0 is a perfect test, 1 a useless one
    se: float  #: of theta, from the observed information
    ci: Interval
    tau2: float  #: variance of theta between studies
    auc: float  #: 1 / (1 + theta)
    log_likelihood: float  #: of the estimates of theta, without the constant k/2 log(2 pi)
    i2: float  #: percent, from Q of log theta, as the five that follow; NaN for fewer than two studies
    i2_harmonic: float  #: from tau2 (DL) of log theta and the harmonic mean of the sampling variances
    i2_mean: float  #: from tau2 and their arithmetic mean
    i2_adjusted: float  #: sampling variances of one person a group; otherwise as `i2`
    i2_adjusted_harmonic: float
    i2_adjusted_mean: float
    converged: bool
    method: dict[str, Any]  #: correction, correct, level
