"""``docs/config.md``: every key with type, default, environment variable and meaning, made from the models."""

from __future__ import annotations

import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from syncd.core.transforms import BUILT_IN
from syncd.settings.calendars_file import CalendarsFile
from syncd.settings.cases import CasesFile
from syncd.settings.lifecycle_file import LifecycleFile, TeamsFile
from syncd.settings.mapping_file import MappingFile
from syncd.settings.personas_file import PersonasFile
from syncd.settings.rating_file import RatingFile
from syncd.settings.routing_file import RoutingFile
from syncd.settings.sections import SyncdFile
from syncd.settings.signals_file import SignalsFile

_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", SecretStr: "secret text"}


def config_reference() -> str:
    """The whole page as Markdown."""
    lines = [
        "# Configuration",
        "",
        "`syncd.yaml` says what is connected; `schema/KIND.yaml` what the two sides share; `cases/*.yaml` test it.",
        "`lifecycle.yaml` and `teams.yaml` say what both teams agreed on ([docs/lifecycle.md](lifecycle.md)).",
        "`syncd check` reads all of it without a network and names every mistake with file, line and advice.",
        "",
        "- YAML 1.2: `NO` and `on` are texts. A key given twice, tags, anchors and unknown keys are errors.",
        "- Every key of `syncd.yaml` may come from the environment: `SYNCD_`, then the path in capitals, parts joined",
        "  with two underscores; maps and lists as JSON. Environment over overlay over file.",
        "- `SYNCD_ENV=NAME` lays `env/NAME.yaml` (beside `syncd.yaml`) over `syncd.yaml`.",
        "- A key that ends in `_file` names a file that holds the secret; relative to the folder of `syncd.yaml`, read",
        "  again at every use, refused if everybody can read it.",
        "- `${VAR}` is not replaced. Values that others must not see belong in a file or in the environment.",
        "- `version` says of which format all these files are; only `syncd.yaml` has it. A newer one is refused, and",
        "  so is an older one until `syncd config migrate` has shown and, with `--write`, written what becomes of them",
        "  ([upgrading.md](upgrading.md#a-configuration-of-an-older-version)). There is one version so far: 1.",
        "",
    ]
    for title, model, environment in (
        ("syncd.yaml", SyncdFile, "SYNCD_"),
        ("schema/KIND.yaml", MappingFile, None),
        ("personas.yaml", PersonasFile, None),
        ("rating.yaml", RatingFile, None),
        ("routing.yaml", RoutingFile, None),
        ("calendars.yaml", CalendarsFile, None),
        ("cases/*.yaml", CasesFile, None),
        ("lifecycle.yaml", LifecycleFile, None),
        ("teams.yaml", TeamsFile, None),
        ("signals.yaml", SignalsFile, None),
    ):
        lines += [f"## {title}", "", *_table(model, environment), ""]
    lines += [
        "## Transforms",
        "",
        "By name in `transform`; with an argument as `NAME: ARGUMENT`.",
        "",
        "| name | what comes out | argument |",
        "|---|---|---|",
        *(f"| `{name}` | {each.meaning} | {each.argument or ''} |" for name, each in BUILT_IN.items()),
        "",
    ]
    return "\n".join(lines)


def _table(model: type[BaseModel], environment: str | None) -> Iterator[str]:
    variable = " environment variable |" if environment else ""
    yield f"| key | type | default |{variable} meaning |"
    yield "|---|---|---|" + ("---|" if environment else "") + "---|"
    for path, field, default in _keys(model, ""):
        name = f" `{environment}{path.replace('.', '__').upper()}` |" if environment else ""
        yield f"| `{path}` | {_type(field)} | {default} |{name} {_cell(field.description or '')} |"


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo, str]]:
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        yield path, field, _default(field)
        for inner, step in _models(field.annotation):
            yield from _keys(inner, f"{path}{step}.")


def _models(annotation: Any, step: str = "") -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401 - any annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _models(arguments[0], step)
    elif origin in {Union, types.UnionType}:
        for each in arguments:
            yield from _models(each, step)
    elif origin is dict:
        yield from _models(arguments[1], f"{step}.NAME")
    elif origin is list:
        yield from _models(arguments[0], f"{step}.N")
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, step


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None or field.default is None:
        return ""
    value = field.default.value if isinstance(field.default, Enum) else field.default
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(field: FieldInfo) -> str:
    return _cell(_word(field.annotation))


def _word(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _word(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in arguments)
    if origin in {Union, types.UnionType}:
        return " or ".join(dict.fromkeys(_word(each) for each in arguments if each is not type(None)))
    if origin is dict:
        return f"map of {_word(arguments[1])}"
    if origin is list:
        return f"list of {_word(arguments[0])}"
    if origin is tuple:
        return "text or list of texts"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{each.value}`" for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return _WORDS.get(annotation, str(getattr(annotation, "__name__", annotation)))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
