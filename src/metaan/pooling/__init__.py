"""Inverse-variance synthesis over arrays with batch axes."""
