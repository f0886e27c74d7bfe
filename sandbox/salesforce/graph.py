"""Composite graph: several Composites in one call, each of which is done as a whole or not at all.

At most 500 nodes in one payload, 75 graphs, and 15 kinds of nodes in a graph; after 14 graphs have failed, the rest is
not done (limits of the vendor's page on graphs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.salesforce.composite import HALTED, Dispatch, halted, refuse_equal_names, run_together, total
from sandbox.salesforce.errors import plain
from sandbox.salesforce.exchange import ApiCall, Reply
from sandbox.salesforce.limits import MAX_FAILED_GRAPHS, MAX_GRAPHS, MAX_NODE_KINDS, MAX_NODES
from sandbox.salesforce.org import Org

Entries = Sequence[Mapping[str, object]]


def graph(org: Org, call: ApiCall, dispatch: Dispatch) -> Reply:
    """``POST /composite/graph``."""
    told: list[dict[str, object]] = []
    done: list[Reply] = []
    failures = 0
    for name, entries in _graphs(call):
        if failures >= MAX_FAILED_GRAPHS:
            replies = [halted(HALTED) for _ in entries]
            answers: list[dict[str, object]] = [
                {"body": reply.payload, "httpHeaders": {}, "httpStatusCode": reply.status,
                 "referenceId": entry["referenceId"]}
                for reply, entry in zip(replies, entries, strict=True)
            ]  # fmt: skip
        else:
            answers, replies = run_together(org, call, entries, dispatch, all_or_none=True)
        successful = all(reply.status < 300 for reply in replies)
        failures += not successful
        told.append({"graphId": name, "graphResponse": {"compositeResponse": answers}, "isSuccessful": successful})
        done += replies
    return total(Reply(200, {"graphs": told}, "graph"), done)


def _graphs(call: ApiCall) -> list[tuple[str, Entries]]:
    """Name and nodes of each graph, or the refusal of what is too many."""
    graphs = call.json_object().get("graphs")
    if not isinstance(graphs, list) or not all(isinstance(each, dict) for each in graphs):
        raise plain("JSON_PARSER_ERROR", "graphs must be a list of objects with graphId and compositeRequest")
    found: list[tuple[str, Entries]] = []
    for each in graphs:
        name, entries = each.get("graphId"), each.get("compositeRequest")
        if not isinstance(name, str) or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise plain("JSON_PARSER_ERROR", "every graph needs graphId and compositeRequest")
        refuse_equal_names(entries)
        kinds = {_kind(str(entry.get("url", ""))) for entry in entries}
        if len(kinds) > MAX_NODE_KINDS:
            raise plain("LIMIT_EXCEEDED", f"graph {name} has more than {MAX_NODE_KINDS} kinds of nodes")
        found.append((name, entries))
    if len({name for name, _ in found}) < len(found):
        raise plain("INVALID_INPUT", "every graph needs a graphId of its own")
    if len(found) > MAX_GRAPHS or sum(len(entries) for _, entries in found) > MAX_NODES:
        raise plain("LIMIT_EXCEEDED", f"at most {MAX_GRAPHS} graphs and {MAX_NODES} nodes in one payload")
    return found


def _kind(url: str) -> str:
    """What a node is about: the resource and the object of its address."""
    return "/".join([part for part in url.partition("?")[0].split("/") if part][3:5])
