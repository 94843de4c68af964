"""Read data files that are part of the package."""

import json
import re
from functools import cache
from importlib import resources
from typing import Any, ClassVar

_TOOLS = "design/tools"


def text(folder: str, name: str) -> str:
    """Return the text of a package data file, for example ``text("schemas", "protocol.schema.json")``."""
    return (resources.files("metaan") / folder / name).read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the JSON schema ``schemas/<name>.schema.json``."""
    return json.loads(text("schemas", f"{name}.schema.json"))


@cache
def tool_names() -> tuple[str, ...]:
    """Return the ids of the quality tools of the package: the files of `design/tools`."""
    names = (file.name for file in (resources.files("metaan") / _TOOLS).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def tool(name: str) -> dict[str, Any]:
    """Return a quality tool of the package as plain data, as `schemas/tool.schema.json` describes it."""
    return plain_yaml(text(_TOOLS, f"{name}.yaml"))


def plain_yaml(source: str) -> Any:
    """Return YAML as plain data; yes, no and dates stay words, true and false do not."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    words = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool")

    class Loader(base):  # type: ignore[misc, valid-type]
        yaml_implicit_resolvers: ClassVar = {
            letter: [pair for pair in pairs if pair[0] not in words]
            for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])
    return yaml.load(source, Loader=Loader)
