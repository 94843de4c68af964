"""Figures: each is laid out from results as plain positions and strings, then drawn."""
