"""A file of settings in YAML: read as plain words, and held against its schema, every fault with its place."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from metaan.terms import resources
from metaan.terms.finding import BadInput, Finding, Level
from metaan.terms.origin import Origin


def load(path: Path, *, true_false: bool = False) -> Any:
    """Return the content of a file.

    Parameters
    ----------
    path : Path
    true_false : bool
        Read true and false as such; they are words otherwise.

    Raises
    ------
    BadInput
        There is no such file, or it is no YAML.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(
            [fault(str(path), "", "no such file", "a protocol", f"write {path.name}, see the docs")]
        ) from None
    except UnicodeDecodeError:
        raise BadInput(
            [fault(str(path), "", "not UTF-8 text", "a text file in UTF-8", "save it again as UTF-8")]
        ) from None
    try:
        return yaml.load(text, Loader=_plain_loader(true_false))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not readable as YAML"
        to_fix = "look at this line: a colon, a quote or the indent is off"
        raise BadInput([fault(str(path), where, str(problem), "YAML", to_fix)]) from None


def _plain_loader(true_false: bool) -> Any:
    """Return a safe YAML loader that leaves dates and yes/no as the words they are, and refuses a key given twice.

    True and false are words too, unless `true_false` is set.
    """
    import re

    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag not in _LEFT_AS_TEXT]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is no word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return yaml.SafeLoader.construct_mapping(loader, node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    if true_false:
        Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])
    return Loader


_LEFT_AS_TEXT = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")


def fault(path: str, where: str, found: str, expected: str, to_fix: str, level: Level = Level.ERROR) -> Finding:
    """Return a fault in a file of settings."""
    return Finding(
        id="PROTOCOL",
        level=level,
        origin=Origin(path, ""),
        subject=where,
        found=found,
        expected=expected,
        to_fix=to_fix,
    )


def _place(path: Iterable[Any], data: Any) -> str:
    """Return where in the file a fault is, naming analyses by their id."""
    words: list[str] = []
    here = data
    for step in path:
        here = here[step]
        if isinstance(step, int):
            name = here.get("id") or here.get("stratum") if isinstance(here, Mapping) else None
            words.append(str(name) if name else f"item {step + 1}")
        else:
            words.append(str(step))
    return " > ".join(words)


def schema_faults(data: Any, path: str, name: str = "protocol") -> Iterable[Finding]:
    """Yield what does not fit the schema of that name.

    Parameters
    ----------
    data : any
        Content of a file, as `load` gives it.
    path : str
        The file, as it is named in findings.
    name : str
        Its schema, "protocol" or "tool".
    """
    import jsonschema

    schema = resources.schema(name)
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(data), key=lambda e: list(map(str, e.absolute_path))):
        where = _place(error.absolute_path, data)
        if error.validator == "additionalProperties" and error.validator_value is False:
            known = list(error.schema.get("properties", {}))
            for key in error.instance:
                if key not in known:
                    yield _unknown_key(path, where, str(key), known)
        elif error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            for key in missing:
                meaning = error.schema.get("properties", {}).get(key, {}).get("description", "")
                yield fault(
                    path, where, f"no key {key!r}", meaning or f"a value for {key}", f"add the line  {key}: ..."
                )
        elif error.validator == "enum":
            known = [str(value) for value in error.validator_value]
            near = difflib.get_close_matches(str(error.instance), known, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else "choose one of these"
            yield fault(path, where, repr(error.instance), "one of " + ", ".join(known), hint)
        elif error.validator in ("oneOf", "anyOf") and error.context:
            yield from _alternative_faults(error, path, where)
        else:
            wanted = error.schema.get("description") or f"{error.validator} {error.validator_value}"
            yield fault(path, where, _short(error.instance), str(wanted), "correct this value")


def _alternative_faults(error: Any, path: str, where: str) -> Iterable[Finding]:
    """Explain a value that fits none of several shapes, by the shape it is nearest to."""
    schemas = error.validator_value
    if isinstance(error.instance, Mapping):
        shape: Mapping[str, Any] = next((s for s in schemas if s.get("type") == "object"), {})
        known = list(shape.get("properties", {}))
        unknown = [key for key in error.instance if key not in known]
        for key in unknown:
            yield _unknown_key(path, where, str(key), known)
        if not unknown:
            wanted = "label and why, and with or without" if known else "one of the shapes in the docs"
            yield fault(path, where, _short(error.instance), wanted, "complete this entry")
        return
    words = [str(word) for s in schemas for word in s.get("enum", [])]
    near = difflib.get_close_matches(str(error.instance), words, 1, 0.5)
    yield fault(
        path,
        where,
        _short(error.instance),
        "one of " + ", ".join(words) + ", or an entry with label, why, and with or without",
        f"did you mean {near[0]!r}?" if near else "choose one of these",
    )


def _unknown_key(path: str, where: str, key: str, known: list[str]) -> Finding:
    near = difflib.get_close_matches(key, known, 1, 0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
    return fault(path, where, f"unknown key {key!r}", "a key of the protocol's schema", hint)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
