"""agreement.json: how far two extractors agreed, kept beside the workbook they agreed on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metaan.terms import resources
from metaan.terms.finding import BadInput, bad_file


def read_agreement(path: Path) -> Mapping[str, Any] | None:
    """Return what agreement.json says; None where there is no such file.

    Raises
    ------
    BadInput
        The file is not what metaan compare or metaan consensus wrote.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise _fault(path, "", "a file that cannot be read") from None
    import jsonschema

    wrong = jsonschema.Draft202012Validator(resources.schema("agreement")).iter_errors(data)
    first = next(iter(wrong), None)
    if first is not None:
        place = ".".join(map(str, first.absolute_path))
        raise _fault(path, place, first.message[:120])
    found: Mapping[str, Any] = data
    return found


def _fault(path: Path, place: str, found: str) -> BadInput:
    return bad_file(
        str(path),
        found,
        "the file that metaan consensus wrote beside the workbook",
        "put that file back, or delete this one: the report then says that agreement is not on record",
        subject=place,
    )
