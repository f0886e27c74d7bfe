"""The configuration as others may see it: its keys, its numbers and the words of its own language.

For a support bundle. A text is shown if it is a word that the configuration's language has, or a version; every other
one (an address, a host, a name, an expression, a secret) is told by its length alone. Keys are shown if the language
has them; names that a person has chosen (of connections and targets) are told by their place. Of the other files only
size and digest are told, and their names if they are the usual ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from syncd.model.errors import BadConfig
from syncd.settings.main_file import main_path, main_tree
from syncd.settings.sections import SyncdFile

_WORDS: Final = frozenset(
    {
        *("live", "shadow", "hubspot", "salesforce", "client_credentials", "jwt_bearer"),
        *("debug", "info", "warning", "error", "crm", "marketing"),
    }
)
_VERSION: Final = re.compile(r"\d{1,4}([.-]\d{1,4}){0,2}")
_USUAL: Final = frozenset(
    {
        *("syncd", "schema", "cases", "env", "person", "company", "deal", "activity", "campaign_member"),
        *("lifecycle", "personas", "rating", "routing", "signals", "calendars", "teams"),
    }
)
"""Names of files and folders that say nothing of anybody."""


@cache
def _language() -> frozenset[str]:
    """Every key that syncd.yaml can have."""
    schema = SyncdFile.model_json_schema()
    sections = (schema, *schema.get("$defs", {}).values())
    return frozenset(name for section in sections for name in section.get("properties", {}))


def shown(path: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """``syncd.yaml`` with its overlay and the environment, and what files there are.

    :raises BadConfig: never for a flaw in it; they are counted by their place.
    """
    main = main_path(path)
    found: dict[str, Any] = {"variables": sorted(_variables(environ)), "files": dict(_files(main.parent))}
    try:
        tree, _ = main_tree(main, environ)
    except BadConfig as trouble:
        return {**found, "flaws": [{"line": each.line, "column": each.column} for each in trouble.flaws]}
    flaws = [{"line": each.line, "column": each.column} for each in tree.flaws]
    return {**found, "syncd.yaml": _shown(tree.value), "flaws": flaws}


def _variables(environ: Mapping[str, str]) -> Iterator[str]:
    """The names of our variables that are set, without the parts that a person has chosen."""
    for name in environ:
        if name.startswith("SYNCD_"):
            parts = name.removeprefix("SYNCD_").split("__")
            yield "SYNCD_" + "__".join(part if part.lower() in _language() else "*" for part in parts)


def _files(folder: Path) -> Iterator[tuple[str, Any]]:
    for file in sorted(folder.rglob("*.yaml")):
        try:
            content = file.read_bytes()
        except OSError as trouble:
            yield _name(file, folder), type(trouble).__name__
            continue
        yield _name(file, folder), {"bytes": len(content), "digest": _digest(content)}


def _name(file: Path, folder: Path) -> str:
    """A path whose parts are the usual ones; another part is told by its digest."""
    parts = file.relative_to(folder).with_suffix("").parts
    return "/".join(part if part in _USUAL else _digest(part.encode()) for part in parts) + ".yaml"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def _shown(value: Any) -> Any:  # noqa: ANN401 - YAML is any shape
    if isinstance(value, Mapping):
        names = (str(key) if key in _language() else f"({number})" for number, key in enumerate(value, 1))
        return {name: _shown(each) for name, each in zip(names, value.values(), strict=True)}
    if isinstance(value, list):
        return [_shown(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    text = str(value)
    return text if text in _WORDS or _VERSION.fullmatch(text) else f"(text, {len(text):,} characters)"
