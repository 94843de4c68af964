"""Generalised linear mixed models for tables, rates and single proportions."""
