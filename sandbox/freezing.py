"""Objects of a kernel as plain JSON and back: what ``sandbox.state`` writes its files with.

A picture holds everything that can be reached from one object. What is reached twice is written once and named by its
number afterwards (in the order of reaching), so that what was shared is shared again. Going back, what the kernel at
hand has already is filled where it stands, since closures and neighbours hold on to it; frozen values are made anew,
because the ones at hand may be constants of a module. Functions are wiring and are not written. Classes outside of the
stand-ins are refused both ways: a file can name data, never code.
"""

from __future__ import annotations

import base64
import inspect
import math
import random
import sys
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from importlib import import_module
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, TypeVar

_WIRING = (FunctionType, MethodType, BuiltinMethodType)
_LARGEST = 1 << 63
_PACKAGE = "sandbox."
Kind = TypeVar("Kind")


class Unfreezable(Exception):
    """Something cannot be written or was not written by this program; the text says where and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a picture leaves to its surroundings.

    ``outside`` are objects that are named and not written, such as the clock. ``left_out`` names, per class, attributes
    that are wiring or follow from others. ``filled`` are frozen classes whose objects are filled in place all the same.
    """

    outside: Mapping[str, object] = field(default_factory=dict)
    left_out: Mapping[type, Collection[str]] = field(default_factory=dict)
    filled: tuple[type, ...] = ()

    def omits(self, kind: type, name: str) -> bool:
        """Whether an attribute of this class is left out."""
        return any(name in self.left_out.get(each, ()) for each in kind.__mro__)


def attributes(thing: object) -> dict[str, Any]:
    """All attributes that an object of a class of ours has, in the order of their making."""
    found: dict[str, Any] = {}
    for kind in reversed(type(thing).__mro__):
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(thing, name):
                found[name] = getattr(thing, name)
    return found | getattr(thing, "__dict__", {})


class Freezer:
    """Makes one picture; use it once."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._outside = {id(thing): name for name, thing in frame.outside.items()}
        self._numbers: dict[int, int] = {}
        self._kept: list[object] = []

    def freeze(self, thing: Any, path: str = "") -> Any:
        """The JSON form. ``path`` is where the object was found, for errors. Raises ``Unfreezable``."""
        kind = type(thing)
        if thing is None or kind is str or kind is bool:
            return thing
        if kind is int:
            return thing if -_LARGEST <= thing < _LARGEST else {"$int": str(thing)}
        if kind is float:
            return thing if math.isfinite(thing) else {"$float": repr(thing)}
        if kind in _VALUES:
            mark, written = _VALUES[kind]
            return {mark: written(thing)}
        if kind is tuple:
            return {"$tuple": [self.freeze(each, path) for each in thing]}
        if kind is frozenset:
            return {"$frozen": _in_order(self.freeze(each, path) for each in thing)}
        if id(thing) in self._outside:
            return {"$outside": self._outside[id(thing)]}
        number = self._numbers.get(id(thing))
        if number is not None:
            return {"$again": number}
        self._numbers[id(thing)] = len(self._kept)
        self._kept.append(thing)  # keeps its id from being given to another object meanwhile
        return self._container(thing, path)

    def _container(self, thing: Any, path: str) -> Any:
        kind = type(thing)
        if kind is list:
            return [self.freeze(each, f"{path}[]") for each in thing]
        if kind is dict:
            if all(type(name) is str and not name.startswith("$") for name in thing):
                return {name: self.freeze(each, f"{path}.{name}") for name, each in thing.items()}
            return {"$map": self._pairs(thing, path)}
        if kind is Counter:
            return {"$counter": self._pairs(thing, path)}
        if kind is set:
            return {"$set": _in_order(self.freeze(each, path) for each in thing)}
        if kind is deque:
            return {"$queue": [self.freeze(each, path) for each in thing]}
        if kind is random.Random:
            version, words, pending = thing.getstate()
            return {"$chance": [version, list(words), pending]}
        return self._object(thing, path)

    def _pairs(self, thing: Mapping[Any, Any], path: str) -> list[list[Any]]:
        return [[self.freeze(key, path), self.freeze(each, f"{path}.{key}")] for key, each in thing.items()]

    def _object(self, thing: Any, path: str) -> dict[str, Any]:
        kind = type(thing)
        if not kind.__module__.startswith(_PACKAGE) or "<" in kind.__qualname__ or isinstance(thing, type):
            raise Unfreezable(f"{path}: a {kind.__module__}.{kind.__qualname__} cannot be written")
        body: dict[str, Any] = {"$": f"{kind.__module__.removeprefix(_PACKAGE)}:{kind.__qualname__}"}
        for name, each in attributes(thing).items():
            if not (self._frame.omits(kind, name) or isinstance(each, _WIRING)):
                body[name] = self.freeze(each, f"{path}.{name}")
        return body


class Thawer:
    """Reads one picture back; use it once."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._known: list[Any] = []
        self._kinds: dict[str, type] = {}

    def known(self, kind: type[Kind]) -> list[Kind]:
        """All objects of a class that were read so far."""
        return [each for each in self._known if type(each) is kind]

    def thaw(self, told: Any, present: Any = None, path: str = "") -> Any:
        """The object of a JSON form: ``present``, filled, if it is of that kind. Raises ``Unfreezable``."""
        kind = type(told)
        if kind is list:
            target = present if type(present) is list else []
            self._known.append(target)
            items = [self.thaw(each, None, f"{path}[]") for each in told]
            target[:] = items
            return target
        if kind is not dict:
            return told
        mark = next(iter(told), "")
        if not mark.startswith("$"):
            return self._dict(told.items(), present, path)
        if mark == "$":
            return self._object(told, present, path)
        content = told[mark]
        if mark == "$again":
            return self._known[content]
        if mark == "$outside":
            return self._frame.outside[content]
        if mark in _READ:
            return _READ[mark](content)
        return self._container(mark, content, present, path)

    def _container(self, mark: str, content: Any, present: Any, path: str) -> Any:
        match mark:
            case "$tuple":
                return tuple([self.thaw(each, None, path) for each in content])
            case "$frozen":
                return frozenset([self.thaw(each, None, path) for each in content])
            case "$map":
                return self._dict(content, present, path, keyed=True)
            case "$counter":
                target = present if type(present) is Counter else Counter()
                self._known.append(target)
                pairs = [(self.thaw(key), self.thaw(each)) for key, each in content]
                target.clear()
                target.update(dict(pairs))
                return target
            case "$set" | "$queue":
                wanted: type = set if mark == "$set" else deque
                collection: Any = present if type(present) is wanted else wanted()
                self._known.append(collection)
                items = [self.thaw(each, None, path) for each in content]
                collection.clear()
                collection.update(items) if wanted is set else collection.extend(items)
                return collection
            case "$chance":
                chance = present if type(present) is random.Random else random.Random(0)
                self._known.append(chance)
                chance.setstate((content[0], tuple(content[1]), content[2]))
                return chance
        raise Unfreezable(f"{path}: {mark} means nothing here")

    def _dict(self, pairs: Iterable[Any], present: Any, path: str, *, keyed: bool = False) -> dict[Any, Any]:
        target: dict[Any, Any] = present if type(present) is dict else {}
        self._known.append(target)
        made: dict[Any, Any] = {}
        for key, each in pairs:
            name = self.thaw(key) if keyed else key
            old = target.get(name) if type(each) is dict and "$" in each else None
            made[name] = self.thaw(each, old, f"{path}.{name}")
        target.clear()
        target.update(made)
        return target

    def _object(self, told: Mapping[str, Any], present: Any, path: str) -> Any:
        kind = self._kind(str(told["$"]), path)
        given = told.keys() - {"$"}
        frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        if type(present) is kind and (not frozen or kind in self._frame.filled):
            target = present
            own = attributes(target)
            wanted = {name for name in own if not isinstance(own[name], _WIRING)}
        else:
            target, own = object.__new__(kind), {}
            wanted = {each.name for each in fields(kind)} if is_dataclass(kind) else set(_slots(kind))
        self._known.append(target)
        wanted = {name for name in wanted if not self._frame.omits(kind, name)}
        unknown = {name for name in given - wanted if not _declares(kind, name)}
        if unknown or wanted - given:
            odd = ", ".join(sorted(unknown | (wanted - given)))
            raise Unfreezable(f"{path}: a {kind.__name__} of another make of this program ({odd})")
        for name, each in told.items():
            if name != "$":
                object.__setattr__(target, name, self.thaw(each, own.get(name), f"{path}.{name}"))
        return target

    def _kind(self, name: str, path: str) -> type:
        if name not in self._kinds:
            module, _, words = name.partition(":")
            try:
                found: Any = sys.modules.get(_PACKAGE + module) or import_module(_PACKAGE + module)
                for word in words.split("."):
                    found = getattr(found, word)
            except (ImportError, AttributeError, ValueError):
                found = None
            if not isinstance(found, type) or not found.__module__.startswith(_PACKAGE):
                raise Unfreezable(f"{path}: there is no {name} in this make of the program")
            self._kinds[name] = found
        return self._kinds[name]


def _slots(kind: type) -> Iterator[str]:
    for each in kind.__mro__:
        slots = each.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


def _declares(kind: type, name: str) -> bool:
    """Whether the class knows an attribute that its fresh objects do not have yet."""
    return hasattr(kind, name) or any(name in inspect.get_annotations(each) for each in kind.__mro__)


def _in_order(items: Iterable[Any]) -> list[Any]:
    return sorted(items, key=lambda each: (type(each).__name__, each if isinstance(each, str | int) else repr(each)))


_VALUES: Mapping[type, tuple[str, Callable[[Any], str]]] = {
    datetime: ("$at", lambda at: at.astimezone(UTC).isoformat()),
    bytes: ("$bytes", lambda text: base64.b64encode(text).decode()),
}
"""Values that cannot be shared: their mark and how they are written."""
_READ: Mapping[str, Callable[[Any], Any]] = {
    "$at": datetime.fromisoformat,
    "$bytes": base64.b64decode,
    "$int": int,
    "$float": float,
}
