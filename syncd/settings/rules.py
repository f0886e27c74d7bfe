"""The rules of a mapping file: who matches whom, who of several is meant, who is made and who takes part.

Checks without a vendor that each names fields and objects there are, that its conditions compile and can ever be true,
and that none hides another; and turns them into the values that decisions are made with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.core.expressions import compile_expression
from syncd.core.meanings import Meaning, meanings_of
from syncd.core.sense import senseless
from syncd.model.mapping import Choice, CreateRule, FieldMapping, RecordTypeRule, Rule
from syncd.model.values import Pair, Side
from syncd.settings.mapping_file import CreateSection, CrmCreateSection, MappingFile, RecordTypeSection
from syncd.settings.sections import ScopeSection
from syncd.settings.tree import Loc, Tree

HUBSPOT_MAKES_IT_WITHIN = 300.0
"""Seconds without a change after which, by default, a company is made in HubSpot: it may make one by itself for a new
contact (a setting of the account), and then that one is linked.
"""


def choices(section: MappingFile) -> Pair[tuple[Choice, ...]]:
    """How one of several records is chosen, per side."""
    given = section.several.marketing, section.several.crm

    def read(rule: str, told: str) -> Choice:
        return Choice(Rule(rule), object=told) if rule == Rule.OBJECT else Choice(Rule(rule), told)

    return Pair(*(tuple(read(*each) for each in rules) for rules in given))


def create_rules(section: MappingFile) -> Pair[tuple[CreateRule, ...]]:
    """When records are made, by the side on which they are."""

    def read(side: Side, rule: CreateSection) -> CreateRule:
        waits = section.kind == "company" and side is Side.MARKETING
        after = (HUBSPOT_MAKES_IT_WITHIN if waits else 0.0) if rule.after is None else rule.after
        given = rule.record_type if isinstance(rule, CrmCreateSection) else []
        return CreateRule(rule.object, rule.when, after, tuple(RecordTypeRule(each.name, each.when) for each in given))

    return Pair(
        tuple(read(Side.MARKETING, each) for each in section.create.marketing),
        tuple(read(Side.CRM, each) for each in section.create.crm),
    )


def check_rules(
    section: MappingFile, objects: Pair[tuple[str, ...]], fields: Sequence[FieldMapping], *, tree: Tree
) -> None:
    """Match, choice, create, scope and native rules fit the fields and objects; flaws are noted in the tree."""
    _Checking(section, objects, fields, tree).run()


class _Checking:
    """The rules of one mapping file being checked."""

    def __init__(
        self, section: MappingFile, objects: Pair[tuple[str, ...]], fields: Sequence[FieldMapping], tree: Tree
    ) -> None:
        self.section = section
        self.objects = objects
        self.tree = tree
        self.derived = derived_in(section)
        self.meanings = meanings_of(field for field in fields if field.name not in self.derived)

    def run(self) -> None:
        """Each rule in turn."""
        for number, match in enumerate(self.section.match):
            used: list[tuple[Loc, str]] = [(("match", number, "field"), match.field)]
            used += [(("match", number, "also", place), name) for place, name in enumerate(match.also)]
            for where, name in used:
                if name not in self.meanings:
                    what = f"there is no shared field {name!r} to match by"
                    self.tree.flaw(where, what, f"use one of {', '.join(sorted(self.meanings))}")
        for property_name, object_name in self.section.native.items():
            if object_name not in self.objects.crm:
                self.tree.flaw(
                    ("native", property_name),
                    f"{object_name} is no CRM object of this kind",
                    f"use one of {', '.join(self.objects.crm)}",
                )
        for side, choices in ((Side.MARKETING, self.section.several.marketing), (Side.CRM, self.section.several.crm)):
            for number, (rule, told) in enumerate(choices):
                loc: Loc = ("several", side.value, number, rule)
                if rule == "when":
                    check_expression(told, self.meanings, tree=self.tree, loc=loc, derived=self.derived)
                elif rule == "object" and told not in self.objects.of(side):
                    known = ", ".join(self.objects.of(side))
                    self.tree.flaw(loc, f"{told} is no {side} object of this kind", f"use one of {known}")
        for side, rules in ((Side.MARKETING, self.section.create.marketing), (Side.CRM, self.section.create.crm)):
            self._create(side, rules)
        check_scope(self.section.scope, self.meanings, tree=self.tree, loc=("scope",), derived=self.derived)

    def _create(self, side: Side, rules: Sequence[CreateSection]) -> None:
        for number, rule in enumerate(rules):
            loc: Loc = ("create", side.value, number)
            if isinstance(rule, CrmCreateSection):
                self._conditions(rule.record_type, (*loc, "record_type"))
            if rule.object not in self.objects.of(side):
                self.tree.flaw(
                    (*loc, "object"),
                    f"{rule.object} is no {side} object of this kind",
                    f"use one of {', '.join(self.objects.of(side))}",
                )
        self._conditions(rules, ("create", side.value))

    def _conditions(self, rules: Sequence[CreateSection | RecordTypeSection], loc: Loc) -> None:
        """Of rules that are tried in order, each condition compiles and none can never be reached."""
        for number, rule in enumerate(rules):
            if rule.when is not None:
                where = (*loc, number, "when")
                check_expression(rule.when, self.meanings, tree=self.tree, loc=where, derived=self.derived)
            elif number < len(rules) - 1:
                self.tree.flaw((*loc, number), "a rule without `when` hides the rules below it", "put it last")


def derived_in(section: MappingFile) -> frozenset[str]:
    """The fields of a file that syncd computes; no condition may read them."""
    return frozenset(name for name, each in section.fields.items() if each.derive is not None)


def check_expression(
    text: str, meanings: Mapping[str, Meaning], *, tree: Tree, loc: Loc, derived: frozenset[str] = frozenset()
) -> None:
    """Compiles a condition and holds it against the fields it reads; a flaw stands where the expression does, in words
    that count inside it.

    :param meanings: what the names that it may read can hold.
    :param derived: fields that are computed from what conditions say, and so are nothing that one may read.
    """
    try:
        expression = compile_expression(text, frozenset(meanings) | derived)
    except ValueError as error:
        what, _, advice = str(error).partition("; ")
        tree.flaw(loc, f"CEL does not compile: {what}", advice or "mend the expression")
        return
    for name in expression.names:
        if name in derived and name not in meanings:
            what = f"the field {name} is derived: it follows from what conditions say, and none can follow from it"
            tree.flaw(loc, what, "read the fields that it follows from")
    for said in senseless(text, meanings):
        what, _, advice = said.partition("; ")
        tree.flaw(loc, f"this makes no sense: {what}", advice)


def check_scope(
    scope: ScopeSection, meanings: Mapping[str, Meaning], *, tree: Tree, loc: Loc, derived: frozenset[str] = frozenset()
) -> None:
    """Both sides' expressions compile."""
    for side, text in ((Side.MARKETING, scope.marketing), (Side.CRM, scope.crm)):
        if text is not None:
            check_expression(text, meanings, tree=tree, loc=(*loc, side.value), derived=derived)
