"""Resyncs in pages: what one costs is said first, it is asked for, seen while it goes on, and cancelled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.engine.resync import asked_for
from syncd.model.operator import Role
from syncd.model.resync import Resync
from syncd.model.run import Pause, Run, RunState
from tests.browser.sites import HARM
from tests.furnished import furnished
from tests.unit.console.reading import PLAIN, Found, text_of
from tests.visits import Caller, House


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Both stand-ins with people in step."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, _):
        yield made


@pytest.fixture
def operator(made: House) -> Caller:
    """A browser without a script."""
    return made.as_role(Role.OPERATOR, "ana")


def test_what_it_costs_is_said_before_it_is_asked_for(made: House, operator: Caller) -> None:
    """By the words of the form; nothing is stored by that, and a viewer has no button."""
    told = text_of(operator.get("/resyncs?what=all&kind=person").text)
    assert "records compared, about 6" in told
    assert "calls to read crm 1" in told
    assert "Compare them" in told
    assert "Compare them" not in made.as_role(Role.VIEWER).get("/resyncs?what=all").text
    assert asked_for(made.store) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("what=records", "nothing is asked for"),
        ("what=records&records=nobody%40example.com", "nobody@example.com"),
        ("what=since&since=yesterday", "is no time"),
        ("what=where&where=height+%3E+3", "--where"),
        ("what=since", "nothing is asked for"),
        ("what=all&kind=planet", "there is no kind"),
    ],
)
def test_words_that_cannot_be_meant_are_told(operator: Caller, words: str, told: str) -> None:
    """In the form, to be mended."""
    page = operator.get(f"/resyncs?{words}")
    assert (page.status, told in text_of(page.text)) == (200, True)
    assert "What it costs" not in page.text


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"what": "all", "kind": "person", "field": "title"}, Resync(("person",), fields=("title",))),
        ({"what": "where", "where": "title == 'Engineer'", "since": "2h"}, "where"),
        ({"what": "since", "since": "2h", "side": "crm", "records": "left@over.com"}, "since"),
    ],
)
def test_it_is_asked_for_seen_and_cancelled(
    made: House, operator: Caller, words: dict[str, str], wanted: Resync | str
) -> None:
    """Words of another choice do not count; the page of runs shows how far it is."""
    done = operator.form("/resyncs?connection=main", words)
    assert done.headers["location"] == "/runs?connection=main&done=asked"
    (request,) = asked_for(made.store)
    asked = Resync.read(request.argument)
    if isinstance(wanted, Resync):
        assert (asked.kinds, asked.fields, asked.records) == (wanted.kinds, wanted.fields, ())
    else:
        assert bool(asked.where) == (wanted == "where")
        assert (asked.since is not None) == (wanted == "since")
    for path in ("/runs", "/runs/live"):
        assert f"Resync {request.id} by ana" in text_of(operator.get(path).text)
    assert "Cancel" not in made.as_role(Role.VIEWER).get("/runs").text
    assert operator.form(f"/resyncs/{request.id}/cancel?connection=main").status == 303
    assert asked_for(made.store) == []


def test_a_paused_connection_is_let_go_on_first(made: House, operator: Caller) -> None:
    """And what cannot be asked for is told in the form, with its words."""
    now = made.clock.now()
    made.desk.roster.pause("main", Pause("ana", now), now)
    refused = operator.form("/resyncs?connection=main", {"what": "all", "kind": "person"})
    made.desk.roster.pause("main", None, now)
    assert (refused.status, "was paused by ana" in refused.text) == (409, True)
    assert "<option selected>person" in refused.text
    assert asked_for(made.store) == []


@pytest.mark.parametrize("harm", HARM, ids=range(len(HARM)))
def test_words_and_names_are_text(made: House, operator: Caller, harm: str) -> None:
    """What somebody typed comes back as they typed it; who runs something is a name."""
    refused = operator.form("/resyncs?connection=main", dict.fromkeys(("records", "where", "since"), harm[:3000]))
    made.store.save_run(Run("zz", "main", harm[:50], harm[:90], made.clock.now(), state=RunState.RUNNING))
    for page in (refused.text, operator.get("/runs/live").text):
        found = Found()
        found.feed(page)
        assert found.run == []
        assert found.elements <= PLAIN, found.elements - PLAIN
