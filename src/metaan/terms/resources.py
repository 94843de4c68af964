"""Read data files that are part of the package."""

import json
from functools import cache
from importlib import resources
from typing import Any


def text(folder: str, name: str) -> str:
    """Return the text of a package data file, for example ``text("schemas", "protocol.schema.json")``."""
    return (resources.files("metaan") / folder / name).read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the JSON schema ``schemas/<name>.schema.json``."""
    return json.loads(text("schemas", f"{name}.schema.json"))
