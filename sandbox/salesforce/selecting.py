"""What a query selects beside single fields: FIELDS(ALL), FIELDS(STANDARD), FIELDS(CUSTOM), and child subqueries.

FIELDS of what may be any number of fields, ALL and CUSTOM, needs a LIMIT of 200 at most. A child subquery names the
relationship, and its rows are nested under that name in the shape of a query's answer, or null where there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sandbox.salesforce.definitions import Row
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import plain
from sandbox.salesforce.org import Org
from sandbox.salesforce.relationships import child_relationship
from sandbox.salesforce.showing import Shown, projection
from sandbox.salesforce.soql_eval import Meaning
from sandbox.salesforce.soql_run import entity_of, run
from sandbox.salesforce.soql_tree import Both, Comparison, Function, Literal, Path, Query, Selected
from sandbox.salesforce.soql_words import located, malformed

MOST_ROWS = 200
_UNBOUNDED = ("all", "custom")
_SORTS = (*_UNBOUNDED, "standard")


def spelled_out(org: Org, query: Query) -> Query:
    """The query with every FIELDS() replaced by the fields it stands for."""
    if not query.functions:
        return query
    selected = tuple(each for one in query.selected for each in _fields(entity_of(org, query), query, one))
    names = [each.what.parts[0].lower() for each in selected if isinstance(each.what, Path)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise plain("INVALID_FIELD", located(query.text, query.object_at, f"duplicate field selected: {twice}"))
    return replace(query, selected=selected)


def _fields(entity: Entity, query: Query, one: Selected) -> Iterator[Selected]:
    if not isinstance(one.what, Function):
        yield one
        return
    at, sort = one.what.path.at, ".".join(one.what.path.parts).lower()
    if sort not in _SORTS:
        raise malformed(query.text, at, f"unexpected token: '{sort}' (FIELDS takes ALL, CUSTOM or STANDARD)")
    if sort in _UNBOUNDED and (query.limit is None or query.limit > MOST_ROWS):
        raise malformed(query.text, at, f"The SOQL FIELDS function must have a LIMIT of at most {MOST_ROWS}")
    for field in entity.visible_fields():
        if sort == "all" or field.custom == (sort == "custom"):
            yield Selected(Path((field.name,), at))


def view_of(meaning: Meaning, query: Query, *, root: str, with_deleted: bool) -> Callable[[Row], Shown]:
    """A function that shows a row of a query with its children."""
    plainly = projection(meaning, query.paths, root=root)
    children = [_children(meaning, child, root=root, with_deleted=with_deleted) for child in query.children]
    if not children:
        return plainly
    return lambda row: plainly(row) | {name: find(row) for name, find in children}


def _children(
    meaning: Meaning, child: Query, *, root: str, with_deleted: bool
) -> tuple[str, Callable[[Row], Shown | None]]:
    """The name of the relationship, and a function that finds a row's children."""
    org, asked = meaning.org, child.object_name.lower()
    for object_name, field in meaning.entity.children:
        name = child_relationship(object_name, field)
        if name is not None and name.lower() == asked and org.schema.find(object_name) is not None:
            break
    else:
        message = (
            f"Didn't understand relationship '{child.object_name}' in FROM part of query call. If you are attempting "
            "to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
            "reference your WSDL or the describe call for the appropriate names."
        )
        raise plain("INVALID_TYPE", located(child.text, child.object_at, message))
    query = replace(child, object_name=object_name)
    view = projection(Meaning(org, entity_of(org, query), child.text), child.paths, root=root)

    def find(row: Row) -> Shown | None:
        theirs = Comparison(Path((field,), child.object_at), "=", (Literal("string", str(row["Id"])),))
        where = theirs if query.where is None else Both((theirs, query.where))
        _, rows = run(org, replace(query, where=where), with_deleted=with_deleted)
        return {"totalSize": len(rows), "done": True, "records": [view(each) for each in rows]} if rows else None

    return name, find
