"""Sensitivity and specificity pooled together."""
