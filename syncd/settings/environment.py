"""Settings from the environment: ``SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET`` and so on.

A variable lies over the same key of the files. Values are read by the rules of the files, so that a secret made of
digits stays a text; a map or list is written as JSON. A ``SYNCD_`` variable that names no key is a flaw: a misspelt
name must not be silently without effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from syncd.settings.main_file import NO_SETTINGS
from syncd.settings.sections import SyncdFile
from syncd.settings.tree import Mark, Tree, leaves, scalar

PREFIX: Final = "SYNCD_"
TESTS: Final = "SYNCD_TEST_"


class _Known(BaseSettings):
    """Only tells pydantic-settings the prefix and the sign between parts."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__")


for _name, _field in SyncdFile.model_fields.items():
    _Known.model_fields[_name] = _field
_Known.model_rebuild(force=True)


class _Given(EnvSettingsSource):
    """Reads the variables it was given instead of those of the process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(_Known)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401
        """JSON for maps and lists; everything else is a scalar as in the files."""
        return json.loads(value) if value.lstrip()[:1] in {"{", "["} else scalar(value)


def environment_tree(environ: Mapping[str, str]) -> Tree:
    """The settings that the environment holds, as a tree whose places are the variables."""
    tree = Tree("environment")
    given = {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in NO_SETTINGS and not name.startswith(TESTS)
    }
    read: dict[str, Any] = {}
    for name, value in given.items():
        try:
            found = _Given({name: value})()
        except ValueError:
            tree.values[()] = Mark(f"environment variable {name}")
            tree.flaw((), f"{name} is no JSON", "write a map or a list as JSON, everything else as it is")
            continue
        if not found:
            tree.values[()] = Mark(f"environment variable {name}")
            known = ", ".join(f"{PREFIX}{each.upper()}" for each in SyncdFile.model_fields)
            tree.flaw((), f"{name} names no setting", f"names begin with one of {known}; parts are joined with two _")
            continue
        under = Tree(name, read)
        over = Tree(name, found)
        read = under.overlaid(over).value
        for loc, _ in leaves(found):
            for length in range(1, len(loc) + 1):
                tree.values[loc[:length]] = tree.keys[loc[:length]] = Mark(f"environment variable {name}")
    tree.values.pop((), None)
    tree.value = read or None
    return tree
