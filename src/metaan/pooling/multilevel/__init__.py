"""Multilevel and multivariate models, and sandwich variances by cluster."""
