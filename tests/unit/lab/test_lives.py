"""Every method of the store that writes is an effect of the simulation, at which a process may be killed.

Which methods write is read off the code of the store: whoever begins a writing transaction, or runs a kept statement
that is no question, or calls somebody of the store's who does. So a method that is new cannot be forgotten.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Select

from syncd.lab.lives import WRITES
from syncd.store import SqlStore, open_store
from syncd.store.database import Database
from tests.fakes import FakeChance, FakeClock

Function = Callable[..., Any]


class Reading:
    """The code of a store, read: which of its methods write."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.known: dict[Function, bool] = {}

    def methods(self) -> set[str]:
        """Those that anybody may call."""
        named = dict(inspect.getmembers(type(self.store), inspect.isfunction))
        return {
            name for name, each in named.items() if not name.startswith("_") and self.writes(each, type(self.store))
        }

    def writes(self, function: Function, of: type | None) -> bool:
        """Whether a function, or method ``of`` a class, begins a writing transaction, or calls one that does."""
        if function not in self.known:
            self.known[function] = False  # whoever calls itself is told by its other calls
            self.known[function] = any(self._begins(function, of, each) for each in _calls(function))
        return self.known[function]

    def _begins(self, function: Function, of: type | None, call: ast.Call) -> bool:
        match call.func:
            case ast.Attribute(attr=Database.writing.__name__):
                return True
            case ast.Attribute(attr=Database.once.__name__):
                return not _asks(function, call.args[1])
            case ast.Name(id=name):
                return self._theirs(function.__globals__.get(name), None)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return of is not None and self._theirs(getattr(of, name, None), of)
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=part), attr=name):
                its: type = type(getattr(self.store, part, None))
                return self._theirs(getattr(its, name, None), its)
            case ast.Attribute(value=ast.Call(func=ast.Name(id=made)), attr=name):
                kind = function.__globals__.get(made)
                return isinstance(kind, type) and self._theirs(getattr(kind, name, None), kind)
        return False

    def _theirs(self, called: object, of: type | None) -> bool:
        """Whether that is a function of the store's which writes; the database's own are known by their names."""
        if not inspect.isfunction(called) or not called.__module__.startswith("syncd.store."):
            return False
        return of is not Database and self.writes(called, of)


def _calls(function: Function) -> Iterator[ast.Call]:
    code = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return (node for node in ast.walk(code) if isinstance(node, ast.Call))


def _asks(function: Function, statement: ast.expr) -> bool:
    """Whether a kept statement only asks: a ``SELECT`` of the module, or a parameter that can be nothing else."""
    if not isinstance(statement, ast.Name):
        return False
    annotation = str(function.__annotations__.get(statement.id, ""))
    return annotation.startswith(Select.__name__) or isinstance(function.__globals__.get(statement.id), Select)


def test_every_method_that_writes_is_an_effect(clock: FakeClock) -> None:
    """And none that only reads: each would be two points at which nothing has happened."""
    store = open_store("sqlite://", "main", clock=clock, chance=FakeChance())
    assert Reading(store).methods() == WRITES
    store.close()
