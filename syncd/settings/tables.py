"""Value tables: rows of a file made into ``TableRow`` values that read one way and write one way.

A form that several rows share on a side must say which row it is read as (``way_back``); the others are written there
and never read. A value that must travel to a side needs a form there, or says that it is never written on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from syncd.model.mapping import Direction, TableRow
from syncd.model.values import Pair, Side, Wire
from syncd.settings.mapping_file import ANY, FieldSection, ValueSection
from syncd.settings.tree import Loc, Tree

Form = tuple[Wire, ...]


def table_of(
    section: FieldSection, direction: Direction, *, widths: Pair[int], tree: Tree, loc: Loc
) -> tuple[TableRow, ...]:
    """The rows of a field; what is wrong with them is noted in the tree.

    :param widths: how many vendor fields a form has on each side.
    :param loc: path of the field in the tree.
    """
    for value, row in section.values.items():
        _check_row(value, row, direction, widths=widths, tree=tree, loc=(*loc, "values", value))
    reads = Pair(*(_reads(section.values, side, direction, tree=tree, loc=(*loc, "values")) for side in Side))
    return tuple(
        TableRow(
            value=value,
            reads=reads.map(lambda found, value=value: tuple(found[value])),  # type: ignore[misc]
            writes=Pair(*(_written(row, side) for side in Side)),
        )
        for value, row in section.values.items()
    )


def _of(row: ValueSection, side: Side) -> Form | None:
    form = row.marketing if side is Side.MARKETING else row.crm
    return None if form is None else _form(form)


def _also(row: ValueSection, side: Side) -> list[Form]:
    forms = row.also.marketing if side is Side.MARKETING else row.also.crm
    return [_form(form) for form in forms]


def _form(parts: Form) -> Form:
    """``"*"`` is anything (``None`` in the model); an empty value is ``""``, however the file writes it."""
    return tuple(None if part == ANY else "" if part is None else part for part in parts)


def _written(row: ValueSection, side: Side) -> Form | None:
    return None if side in row.never_written else _of(row, side)


def _check_row(value: str, row: ValueSection, direction: Direction, *, widths: Pair[int], tree: Tree, loc: Loc) -> None:
    for side in Side:
        width = widths.of(side)
        for form in (*([_of(row, side)] if _of(row, side) else []), *_also(row, side)):
            if form is not None and len(form) != width:
                tree.flaw(
                    (*loc, side.value),
                    f"{value!r} has {len(form)} {'part' if len(form) == 1 else 'parts'} on the {side} side, but the "
                    f"field has {width} {'vendor field' if width == 1 else 'vendor fields'}",
                    'write one part per vendor field; "*" is any',
                )
        if direction.flows_to(side) and _of(row, side) is None and side not in row.never_written:
            tree.flaw(
                loc,
                f"the value {value!r} cannot be written on the {side} side",
                f"give its form under `{side}:`, or say `never_written: [{side}]`",
                key=True,
            )
        written = _written(row, side)
        if direction.flows_to(side) and written is not None and set(written) <= {None, ""}:
            tree.flaw((*loc, side.value), f"the value {value!r} has no form to write", "name at least one value")
    if not any(_of(row, side) or _also(row, side) for side in Side if direction.flows_to(side.other)):
        tree.flaw(
            loc,
            f"the value {value!r} can never be read from the side it comes from",
            "give its form there, or remove the row",
            key=True,
        )


def _reads(
    rows: Mapping[str, ValueSection], side: Side, direction: Direction, *, tree: Tree, loc: Loc
) -> dict[str, list[Form]]:
    """Per value the forms that are read as it on one side; each form belongs to one value."""
    claims: dict[Form, list[str]] = defaultdict(list)
    for value, row in rows.items():
        own = _of(row, side)
        for form in ([] if own is None else [own]) + _also(row, side):
            if value not in claims[form]:
                claims[form].append(value)
    reads: dict[str, list[Form]] = {value: [] for value in rows}
    for form, values in claims.items():
        backs = [value for value in values if side in rows[value].way_back]
        if len(values) > 1 and len(backs) != 1 and direction.flows_to(side.other):
            shown = ", ".join(ANY if part is None else str(part) for part in form)
            tree.flaw(
                (*loc, values[1]),
                f"the table has no way back: on the {side} side {shown!r} stands for {' and '.join(values)}",
                f"say `way_back: [{side}]` in the one row that it is to be read as",
                key=True,
            )
        reads[(backs or values)[0]].append(form)
    return reads
