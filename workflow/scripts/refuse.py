"""Stop one review, leave its last good results as they are, and say why."""

import sys

from metaan.files import write_atomically


def refuse(message: str, log: str) -> None:
    """Write what has to be mended; what the terminal shows comes at the end of the run."""
    write_atomically(log, message + "\n")


if __name__ == "__main__":
    refuse(snakemake.params.message, snakemake.log[0])  # noqa: F821
    sys.exit(1)
