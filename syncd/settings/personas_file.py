"""What may stand in ``personas.yaml``, and the personas it makes once it is sound.

Found without a vendor: two personas of one key or name, a condition that does not compile or reads an unmapped field,
one that reads what follows from it (``persona``, ``grade``), and a persona that hides those below it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from syncd.core.meanings import Meaning
from syncd.model.persona import GRADE, PERSONA, Persona
from syncd.settings.names import Name
from syncd.settings.rules import check_expression
from syncd.settings.tree import Loc, Tree
from syncd.settings.validate import Section, Text

ALWAYS = "true"


class PersonaSection(Section):
    """One persona."""

    key: Name = Field(description="Key by which rules and vendors know it; lower case, kept for good.")
    name: Text = Field(min_length=1, description="Name that both teams use.")
    definition: Text = Field(min_length=1, description="Whom it means, in words that settle an argument.")
    when: Text = Field(
        description="CEL over the shared fields of a person. The first persona that holds is the person's."
    )
    owner: Text = Field(min_length=1, description="Who answers for the definition and is asked before it changes.")


class PersonasFile(Section):
    """A file ``personas.yaml``."""

    personas: list[PersonaSection] = Field(min_length=1, description="The personas, in the order they are tried.")


def personas_of(
    section: PersonasFile, tree: Tree, *, meanings: Mapping[str, Meaning], derived: frozenset[str] = frozenset()
) -> tuple[Persona, ...]:
    """The personas of a file, in its order; what is wrong is noted in the tree.

    :param meanings: what the shared fields of a person hold.
    :param derived: those that syncd computes, in part from personas.
    """
    readable = {name: each for name, each in meanings.items() if name not in {PERSONA, GRADE}}
    for number, each in enumerate(section.personas):
        loc: Loc = ("personas", number)
        for key in ("key", "name"):
            _once(section, number, key, tree)
        check_expression(each.when, readable, tree=tree, loc=(*loc, "when"), derived=derived)
        if each.when.strip() == ALWAYS and number < len(section.personas) - 1:
            tree.flaw((*loc, "when"), "this persona hides the personas below it", "put it last")
    return tuple(Persona(each.key, each.name, each.definition, each.when, each.owner) for each in section.personas)


def _once(section: PersonasFile, number: int, key: str, tree: Tree) -> None:
    given = [getattr(each, key) for each in section.personas]
    first = given.index(given[number])
    if first != number:
        line = tree.at(("personas", first, key)).line
        tree.flaw(
            ("personas", number, key),
            f"the {key} {given[number]!r} is that of the persona in line {line}",
            "give each persona its own; the order says which is tried first",
        )
