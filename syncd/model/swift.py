"""Frozen values of which a cycle makes many, made in a third of the time.

``dataclass(frozen=True)`` sets each field of a new value through ``object.__setattr__``, which looks the field up by
name: most of what such a value costs. Its slots can be set by the slots themselves. The values stay what they were:
frozen, compared and hashed by their fields, with the same parameters and defaults.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, Final, TypeVar

T = TypeVar("T")
_UNSET: Final = object()


def swift(cls: type[T]) -> type[T]:
    """Decorates a frozen dataclass with slots, no ``__post_init__`` and nothing but plain fields."""
    names = fields(cls)  # type: ignore[arg-type]  # it is a dataclass
    assert not hasattr(cls, "__post_init__")
    assert all(each.init and not each.kw_only for each in names)
    known: dict[str, Any] = {"_unset": _UNSET}
    for each in names:
        known[f"_set_{each.name}"] = cls.__dict__[each.name].__set__
        known[f"_default_{each.name}"] = each.default
        known[f"_make_{each.name}"] = each.default_factory
    given = ", ".join(map(_given, names))
    body = "\n".join(f"    _set_{each.name}(self, {_value(each)})" for each in names)
    exec(f"def __init__(self, {given}):\n{body}", known)  # noqa: S102 - of the names of fields alone, as dataclass does
    made = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    setattr(cls, "__init__", made)  # noqa: B010 - for the type checker it has the parameters that dataclass gave it
    return cls


def _given(field: Field[Any]) -> str:
    """A field as a parameter."""
    if field.default is not MISSING:
        return f"{field.name}=_default_{field.name}"
    return field.name if field.default_factory is MISSING else f"{field.name}=_unset"


def _value(field: Field[Any]) -> str:
    """What a field is set to."""
    if field.default_factory is MISSING:
        return field.name
    return f"_make_{field.name}() if {field.name} is _unset else {field.name}"
