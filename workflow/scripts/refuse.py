"""Stop one review, leave its last good results as they are, and say why."""

import sys
from pathlib import Path

from metaan import plan
from metaan.files import write_atomically
from metaan.report.check_page import render


def refuse(folder: str, message: str, said: str, page: str) -> None:
    """Write what has to be mended, as text and as a page; what the terminal shows comes at the end of the run."""
    write_atomically(said, message + "\n")
    try:
        loaded = plan.load(plan.Review(Path(folder)))
    except Exception:  # a fault of metaan itself: the message names it, there is no finding to show
        return
    write_atomically(page, render(loaded.checked()))


if __name__ == "__main__":
    refuse(f"data/{snakemake.wildcards.review}", snakemake.params.message, **dict(snakemake.log.items()))  # noqa: F821
    sys.exit(1)
