"""From a tree to a pydantic model, or to flaws with file, line, column and advice.

``Section`` is the base of every model of a file a person wrote: unknown keys are errors, and the nearest known key is
suggested.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from syncd.settings.tree import Loc, RealNumber, Tree, WholeNumber

M = TypeVar("M", bound=BaseModel)
FEW: Final = 2
"""Keys by which it is told what belongs somewhere."""
_SHAPES: Final = {"model_type": "keys with values", "dict_type": "keys with values", "list_type": "a list"}
"""What pydantic wants where it would name a class of ours, or Python's word."""


class Section(BaseModel):
    """A part of a config file."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, validate_default=False)


def _as_written(value: Any) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(value, (WholeNumber, RealNumber)):
        return value.raw
    if isinstance(value, bool):
        raise ValueError("this is read as true or false; put it in quotes to make it a text")  # noqa: TRY004 - pydantic collects ValueError
    return value


Text = Annotated[str, BeforeValidator(_as_written, json_schema_input_type=str)]
"""A text; a number in its place is taken as it was written, so that ``64.0`` stays ``64.0``."""
SecretText = Annotated[SecretStr, BeforeValidator(_as_written, json_schema_input_type=str)]
"""The same, never shown."""


def validated(model: type[M], tree: Tree) -> M | None:
    """The model, or ``None`` with the flaws added to the tree."""
    if tree.value is None:
        if not tree.flaws:
            tree.flaw((), "the file is empty", f"it needs {', '.join(_required(model))}; see the example in config/")
        return None
    try:
        return model.model_validate(tree.value)
    except ValidationError as error:
        told: set[tuple[Loc, str]] = set()
        for each in error.errors(include_url=False):
            if not _of_no_use(each):
                _tell(model, tree, each, told)
        return None


def _of_no_use(error: Any) -> bool:  # noqa: ANN401 - a TypedDict of pydantic
    """Whether it is only that keys with values are no word such as ``all``: what is wrong with them is told beside."""
    place = error["loc"]
    return bool(place) and str(place[-1]).startswith("literal[") and isinstance(error["input"], dict)


def _tell(model: type[BaseModel], tree: Tree, error: Any, told: set[tuple[Loc, str]]) -> None:  # noqa: ANN401 - a TypedDict of pydantic
    loc = _real(tree, error["loc"])
    sort = error["type"]
    if (loc, sort) in told:
        return
    told.add((loc, sort))
    if sort == "extra_forbidden":
        known = sorted(_known(model, loc[:-1]))
        near = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.6)
        advice = f"did you mean {near[0]!r}?" if near else f"known keys here: {', '.join(known)}"
        tree.flaw(loc, f"unknown key {str(loc[-1])!r}", advice, key=True)
    elif sort == "missing":
        tree.flaw(loc, f"the key {str(error['loc'][-1])!r} is missing{_inside(loc)}", "add it; see docs/config.md")
    elif sort in _SHAPES:
        keys = _keys(model, loc) if sort == "model_type" else ""
        what = f"must be {_SHAPES[sort]}{keys}, and is {_shape(error['input'])}"
        tree.flaw(loc, f"{_name(loc)}: {what}", "see docs/config.md, and the example in config/")
    else:
        what, _, advice = error["msg"].removeprefix("Value error, ").partition("; ")
        what = f"{_name(loc)}: {what[:1].lower()}{what[1:]}"
        tree.flaw(loc, what, advice or _advice(error), key=error["loc"][-1:] == ("[key]",))


def _name(loc: Loc) -> str:
    return ".".join(str(part) for part in loc) or "the file"


def _keys(model: type[BaseModel], loc: Loc) -> str:
    """The first keys that must stand at a path, or may where none must: a person knows the place by them."""
    fields = [
        (each.alias or name, each.is_required())
        for found in _at(model, loc)
        for name, each in found.model_fields.items()
    ]
    names = [name for name, needed in fields if needed] or [name for name, _ in fields]
    more = ["..."] if len(names) > FEW else []
    return f" ({', '.join([*(f'`{name}:`' for name in names[:FEW]), *more])})"


def _shape(value: Any) -> str:  # noqa: ANN401 - any plain value
    """What stands there, as a person sees it in the file."""
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    return "true or false" if isinstance(value, bool) else "text" if isinstance(value, str) else "a number"


def _real(tree: Tree, loc: Loc) -> Loc:
    """The error's path without what pydantic puts in for unions, and without keys that are missing."""
    real: Loc = ()
    for part in loc:
        longer = (*real, part)
        if longer in tree.values or longer in tree.keys:
            real = longer
    return real


def _inside(loc: Loc) -> str:
    return f" in {'.'.join(str(part) for part in loc)}" if loc else ""


def _advice(error: Any) -> str:  # noqa: ANN401 - a TypedDict of pydantic
    context = error.get("ctx", {})
    if "expected" in context:
        return f"write one of {context['expected']}"
    given = error.get("input")
    if isinstance(given, dict | list) or given is None:
        return "see docs/config.md for what belongs here"
    return "correct the value; see docs/config.md"


def _required(model: type[BaseModel]) -> Iterator[str]:
    return (name for name, each in model.model_fields.items() if each.is_required())


def _known(model: type[BaseModel], loc: Loc) -> set[str]:
    """The keys a model knows at a path."""
    found = _at(model, loc)
    return {alias for each in found for alias in _names(each)}


def _names(model: type[BaseModel]) -> Iterator[str]:
    return (each.alias or name for name, each in model.model_fields.items())


def _at(annotation: Any, loc: Loc) -> list[type[BaseModel]]:  # noqa: ANN401 - any annotation
    origin = get_origin(annotation)
    if origin is Annotated:
        return _at(get_args(annotation)[0], loc)
    if origin in {Union, types.UnionType}:
        return [model for each in get_args(annotation) for model in _at(each, loc)]
    if origin in {dict, list, tuple}:
        inner = get_args(annotation)[-1 if origin is dict else 0]
        return _at(inner, loc[1:]) if loc else []
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return []
    if not loc:
        return [annotation]
    for name, each in annotation.model_fields.items():
        if loc[0] == (each.alias or name):
            return _at(each.annotation, loc[1:])
    return []
