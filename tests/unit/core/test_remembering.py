"""Conditions with a memory: the same answers as without one, worked out once, and nobody's values kept."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.expressions import Expression, Unclear, compile_expression
from syncd.core.remembering import MOST, remembering
from syncd.model.values import Canonical

TEXT = "title.matches(r'(?i)head') && size != 1"
NAMES = frozenset({"title", "size"})
values = st.sampled_from([None, "Head", "head of x", "Buyer", 1, 0, True, False, "1", ("Head",), ("Head", "1"), ""])


@given(st.lists(st.fixed_dictionaries({"title": values, "size": values}), max_size=12))
def test_it_answers_as_if_it_remembered_nothing(asked: list[dict[str, Canonical]]) -> None:
    """Values that Python calls equal and CEL does not (1 and true) are two; so are a text and a set of it."""
    plain, with_memory = compile_expression(TEXT, NAMES), remembering(compile_expression(TEXT, NAMES))
    for each in [*asked, *asked]:
        assert with_memory.holds(each) == plain.holds(each)


def test_only_what_is_slow_remembers() -> None:
    """Anything without a regular expression is asked each time: that is quicker."""
    plain = compile_expression("title == 'Head'", NAMES)
    assert remembering(plain) is plain
    assert remembering(compile_expression(TEXT, NAMES)).names == ("size", "title")


def test_what_has_few_values_is_worked_out_once_for_each() -> None:
    """And so is what gives no answer; whatever reads another field beside it is asked each time."""
    names, few = frozenset({"persona", "title"}), frozenset({"persona"})
    asked = remembering(compile_expression("persona.startsWith('lead')", names), few=few)
    plain = compile_expression("persona.startsWith('lead')", names)
    for persona in ("lead", "buyer", None, "lead", None):
        assert asked.holds({"persona": persona}) == plain.holds({"persona": persona})
    assert isinstance(asked.holds({}), Unclear)
    beside = compile_expression("persona == 'lead' && title != null", names)
    assert remembering(beside, few=few) is beside
    without = compile_expression("true", names)
    assert remembering(without, few=few) is without


def test_it_is_worked_out_once_and_the_oldest_is_forgotten() -> None:
    """By what the condition reads, and by nothing else of the person."""
    asked: list[object] = []

    class Counting:
        names = ("title",)
        text = "title.matches('x')"

        def holds(self, values: Mapping[str, Canonical]) -> bool | Unclear:
            asked.append(values["title"])
            return True

    with_memory = remembering(Counting())  # type: ignore[arg-type]
    assert not isinstance(with_memory, (Expression, Counting))
    for number in (1, 2, 1):
        assert with_memory.holds({"title": "Head", "email": f"{number}@example.com"}) is True
    assert asked == ["Head"]
    for number in range(MOST):
        with_memory.holds({"title": str(number)})
    with_memory.holds({"title": "Head"})
    assert asked.count("Head") == 2
    assert b"Head" not in repr(vars(with_memory)).encode()
