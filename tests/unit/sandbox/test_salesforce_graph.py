"""Composite graphs: each graph as a whole or not at all, and their limits."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.salesforce_client import ROOT, Client

Node = dict[str, object]


@pytest.fixture
def org() -> Client:
    """An empty org."""
    return Client()


def node(name: str, fields: dict[str, object], kind: str = "Account") -> Node:
    """One create."""
    return {"referenceId": name, "method": "POST", "url": f"{ROOT}/sobjects/{kind}", "body": fields}


def graphs(*nodes: list[Node]) -> dict[str, object]:
    """A payload of graphs named by their place."""
    return {"graphs": [{"graphId": str(place), "compositeRequest": each} for place, each in enumerate(nodes)]}


@pytest.mark.fact("salesforce 5.13")
def test_each_graph_is_whole_or_nothing(org: Client) -> None:
    """A failed node undoes its graph and no other; references hold within a graph; all is one call."""
    good = [node("acc", {"Name": "A"}), node("con", {"LastName": "X", "AccountId": "@{acc.id}"}, "Contact")]
    bad = [node("acc", {"Name": "B"}), node("no", {}, "Contact")]
    status, answer = org.call("POST", "/composite/graph", graphs(good, bad))
    assert status == 200
    assert [each["isSuccessful"] for each in answer["graphs"]] == [True, False]
    inner = answer["graphs"][1]["graphResponse"]["compositeResponse"]
    assert [each["body"][0]["errorCode"] for each in inner] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert org.column("SELECT Name FROM Account", "Name") == ["A"]
    assert [(call.operation, call.cost) for call in org.kernel.calls] == [("graph", 1), ("query", 1)]


@pytest.mark.fact("salesforce 5.13")
@pytest.mark.parametrize(("count", "nodes", "status"), [(75, 1, 200), (76, 1, 400), (2, 250, 200), (2, 251, 400)])
def test_graphs_and_nodes_of_a_payload(org: Client, count: int, nodes: int, status: int) -> None:
    """75 graphs, 500 nodes."""
    each = [node(f"n{number}", {"Name": "A"}) for number in range(nodes)]
    assert org.call("POST", "/composite/graph", graphs(*[each] * count))[0] == status


@pytest.mark.fact("salesforce 5.13")
@pytest.mark.parametrize(("kinds", "status"), [(15, 200), (16, 400)])
def test_kinds_of_nodes(org: Client, kinds: int, status: int) -> None:
    """15 in a graph, whether or not they are known."""
    each = [node(f"n{number}", {}, f"Kind{number}__c") for number in range(kinds)]
    assert org.call("POST", "/composite/graph", graphs(each))[0] == status


@pytest.mark.fact("salesforce 5.13")
def test_after_so_many_failures_the_rest_is_not_done(org: Client) -> None:
    """14 failed graphs end the work; a good one behind them is not done."""
    bad, good = [node("no", {})], [node("acc", {"Name": "A"})]
    answer = org.call("POST", "/composite/graph", graphs(*[bad] * 13, good, bad, good))[1]
    assert [each["isSuccessful"] for each in answer["graphs"]] == [False] * 13 + [True, False, False]
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 1


def test_a_payload_that_is_none(org: Client) -> None:
    """Graphs and nodes have names of their own."""
    twice = {"graphs": [{"graphId": "a", "compositeRequest": []}] * 2}
    same = graphs([node("a", {"Name": "A"}), node("a", {"Name": "A"})])
    for payload in ({}, {"graphs": [1]}, {"graphs": [{"graphId": "a"}]}, twice, same):
        assert org.call("POST", "/composite/graph", payload)[0] == 400
