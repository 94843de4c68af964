"""The Bayesian normal-normal model by deterministic integration."""
