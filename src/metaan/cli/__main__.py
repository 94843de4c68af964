"""Run the command line as ``python -m metaan.cli``."""

from metaan.cli import entry

entry()
