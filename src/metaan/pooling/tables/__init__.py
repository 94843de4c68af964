"""Pooling of counts without inverse variances: Mantel-Haenszel, Peto, and their tests."""
