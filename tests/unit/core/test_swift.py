"""Values that are made quickly are the frozen dataclasses they look like."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest

from syncd.model.swift import swift


@swift
@dataclass(frozen=True, slots=True)
class Swift:
    """One of each sort of field."""

    needed: int
    given: str = "usual"
    made: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plain:
    """The same without."""

    needed: int
    given: str = "usual"
    made: dict[str, int] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("args", "named"),
    [((1,), {}), ((1, "x"), {}), ((), {"needed": 1, "made": {"a": 1}}), ((1, "x", {"b": 2}), {})],
)
def test_parameters_and_defaults_are_those_of_the_dataclass(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    """In their order or by name."""
    one, other = Swift(*args, **named), Plain(*args, **named)
    assert (one.needed, one.given, one.made) == (other.needed, other.given, other.made)
    assert repr(one) == repr(other).replace("Plain", "Swift")


@pytest.mark.parametrize(("args", "named"), [((), {}), ((1, "x", {}, 4), {}), ((1,), {"other": 2})])
def test_what_is_no_parameter_is_refused(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    """As by any function."""
    with pytest.raises(TypeError):
        Swift(*args, **named)


def test_a_default_that_is_made_is_made_anew() -> None:
    """Nobody shares it."""
    assert Swift(1).made is not Swift(1).made


def test_they_stay_frozen_and_compare_by_their_fields() -> None:
    """Nothing can be set afterwards; a changed one is another one."""
    one = Swift(1, "x")
    with pytest.raises(FrozenInstanceError):
        one.needed = 2  # type: ignore[misc]
    assert one == Swift(1, "x")
    assert replace(one, needed=2) == Swift(2, "x")
    assert one.needed == 1
