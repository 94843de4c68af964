"""What the studies of a generalised linear mixed model observed: likelihoods of one linear predictor."""

from typing import Protocol

import numpy as np

from metaan.pooling.glmm.noncentral import NoncentralHypergeometric
from metaan.pooling.kernel import Floats
from metaan.terms.special import special


class Family(Protocol):
    """Log-likelihood of one part of each study, its slope and its curvature (positive) in the predictor."""

    def __call__(self, eta: Floats, rows: slice) -> tuple[Floats, Floats, Floats]:
        """Evaluate studies `rows` at predictors of shape ``(k, n)``."""


class Binomial:
    """Events `x` of `n` people, logit link; a group of nobody says nothing."""

    def __init__(self, x: Floats, n: Floats) -> None:
        self.x, self.n = x[:, None], n[:, None]
        self.constant = -np.log(self.n + 1.0) - special.betaln(self.x + 1.0, self.n - self.x + 1.0)

    def __call__(self, eta: Floats, rows: slice) -> tuple[Floats, Floats, Floats]:
        """See `Family`."""
        x, n = self.x[rows], self.n[rows]
        p, q = special.expit(eta), special.expit(-eta)
        height = self.constant[rows] - x * np.logaddexp(0.0, -eta) - (n - x) * np.logaddexp(0.0, eta)
        return height, x * q - (n - x) * p, n * p * q


class Poisson:
    """Events `x`, log link; person-time is part of the offset."""

    def __init__(self, x: Floats) -> None:
        self.x = x[:, None]
        self.constant = -special.gammaln(self.x + 1.0)

    def __call__(self, eta: Floats, rows: slice) -> tuple[Floats, Floats, Floats]:
        """See `Family`."""
        eta = np.minimum(eta, 700.0)
        expected = np.exp(eta)
        return self.constant[rows] + self.x[rows] * eta - expected, self.x[rows] - expected, expected


class Conditional:
    """Events of group 1 given all margins; the predictor is the log odds ratio."""

    def __init__(self, tables: NoncentralHypergeometric) -> None:
        self.tables = tables

    def __call__(self, eta: Floats, rows: slice) -> tuple[Floats, Floats, Floats]:
        """See `Family`."""
        at = self.tables.moments(eta, rows)
        return at.log_probability, self.tables.a[rows][:, None] - at.mean, at.variance
