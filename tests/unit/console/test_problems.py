"""What an error of ours is over HTTP: its status, and its words."""

from __future__ import annotations

import pytest

from syncd.console.problems import in_http_words, problem_of
from syncd.model.errors import BadUsage, Misunderstood


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (Misunderstood("nothing is asked for"), 422, "not-understood"),
        (BadUsage("it is paused; let it go on first"), 409, "cannot-be-done"),
    ],
)
def test_a_slip_is_told_apart_from_how_things_stand(trouble: BadUsage, status: int, code: str) -> None:
    """The same call may be done later in the second case, and never in the first."""
    problem = problem_of(trouble)
    assert (problem.status, problem.code) == (status, code)


@pytest.mark.parametrize(
    ("told", "over_http"),
    [
        ("say --where, --since or --side, or --all", "say `where`, `since` or `side`, or `everything`"),
        ("use --link or --apart", "use `link` or `apart`"),
        ("approve with `syncd sync --approve`", "approve with `syncd sync --approve`"),
        ("a dash -- and well-known-words stay", "a dash -- and well-known-words stay"),
    ],
)
def test_keys_are_named_and_no_options(told: str, over_http: str) -> None:
    """A program sends keys; a command line that is quoted whole is for whoever sits at the host."""
    assert in_http_words(told) == over_http
