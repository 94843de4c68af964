"""The cells of a review that are most worth a second look, for the terminal."""

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metaan.plan import Loaded

HEAD = "Check these cells first: worth a second look in the source; nothing says that they are wrong"
NOTHING = "Check these cells first: nothing is pooled yet, so no cell weighs more than another."


def lines(loaded: "Loaded", width: int = 100) -> list[str]:
    """Return the cells in words, a few lines each; none for a review that is refused."""
    if loaded.refused or loaded.protocol is None or loaded.extraction is None:
        return []
    from metaan.robustness.recheck import ten

    cells = ten(loaded.protocol, loaded.extraction, loaded.findings)
    if not cells:
        return [NOTHING]
    said = [HEAD]
    for cell in cells:
        said.append(f"{cell.rank:>2}  {cell.place}  {cell.column} of {cell.label}: {cell.text}  ({cell.title})")
        for text in (cell.sentence, "; ".join(cell.reasons)):
            said += textwrap.wrap(text, width, initial_indent="      ", subsequent_indent="      ")
    return said
