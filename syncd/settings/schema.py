"""JSON Schemas of the config files, for editors; ``syncd config schema`` prints or writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from syncd.settings.calendars_file import CalendarsFile
from syncd.settings.cases import CasesFile
from syncd.settings.lifecycle_file import LifecycleFile, TeamsFile
from syncd.settings.mapping_file import MappingFile
from syncd.settings.personas_file import PersonasFile
from syncd.settings.rating_file import RatingFile
from syncd.settings.routing_file import RoutingFile
from syncd.settings.sections import SyncdFile
from syncd.settings.signals_file import SignalsFile

FILES: Final[Mapping[str, type[BaseModel]]] = {
    "schema.json": SyncdFile,
    "mapping.schema.json": MappingFile,
    "cases.schema.json": CasesFile,
    "lifecycle.schema.json": LifecycleFile,
    "teams.schema.json": TeamsFile,
    "personas.schema.json": PersonasFile,
    "rating.schema.json": RatingFile,
    "routing.schema.json": RoutingFile,
    "calendars.schema.json": CalendarsFile,
    "signals.schema.json": SignalsFile,
}
"""Files in ``config/`` and the models they are made from."""


def json_schema(model: type[BaseModel] = SyncdFile) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of config file."""
    schema = model.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_files() -> dict[str, str]:
    """Text of every schema file by name."""
    return {name: json.dumps(json_schema(model), indent=2, ensure_ascii=False) + "\n" for name, model in FILES.items()}


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Writes the schema files; the paths of those that were not current."""
    stale = stale_schemas(folder)
    for path in stale:
        path.write_text(schema_files()[path.name], encoding="utf-8")
    return stale


def stale_schemas(folder: Path) -> tuple[Path, ...]:
    """Schema files in a folder that are missing or not what the models say."""
    return tuple(
        folder / name
        for name, text in schema_files().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    )
