"""``syncd link`` as an operator types it: processes and exit codes, against stand-ins in a process of their own."""

from __future__ import annotations

import pytest

from tests.scenarios.processes import MAIL, Place, someone

pytestmark = pytest.mark.slow


def test_a_pair_is_shown_unlinked_listed_and_linked_again(place: Place) -> None:
    """Each command answers as its help says, and the sync after it carries it out."""
    contact, lead = someone(place)
    place.approve()
    (shown,) = place.run("link", "show", MAIL, "--json").json["links"]
    assert (shown["state"], shown["marketing"], shown["crm"]) == ("live", f"contacts/{contact}", f"Lead/{lead}")
    assert "nobody was unlinked" in place.run("link", "list").out
    said = place.run("link", "unlink", MAIL)
    assert said.code == 0
    assert "unlinked by the next cycle" in said.out
    assert place.run("link", "show", f"crm:Lead/{lead}", "--json").json["links"][0]["asked"] == "unlink"
    assert place.run("plan", "--json").json["kinds"]["person"]["unlinked"] == 1
    assert place.run("sync").code == 0
    (listed,) = place.run("link", "list", "--json").json["links"]
    assert (listed["link"], listed["state"]) == (shown["link"], "unlinked")
    assert "unlinked already" in place.run("link", "unlink", f"link:{shown['link']}").out
    told = place.run("link", "show", f"link:{shown['link']}").out
    assert "link relink" in told
    assert place.run("link", "relink", f"contacts/{contact}", f"Lead/{lead}").code == 0
    assert place.run("sync").code == 0
    assert place.run("link", "show", MAIL, "--json").json["links"][0]["state"] == "live"
    assert "linked already" in place.run("link", "relink", f"contacts/{contact}", f"Lead/{lead}").out


def test_what_is_meant_by_nobody_is_wrong_usage(place: Place) -> None:
    """Exit 2, with what to type instead; nothing is stored."""
    contact, _ = someone(place)
    place.approve()
    for words, told in (
        (("unlink", "ann"), "names no record"),
        (("unlink", "marketing:contacts/999"), "linked with nobody"),
        (("unlink", "marketing:contacts/abc"), "'abc' is no id of the marketing side, where an id is a number"),
        (("show", "crm:Lead/51"), "'51' is no id of the crm side, where an id is 15 or 18 letters"),
        (("relink", "contacts/5x", "Lead/00Q0000000000ZZAAA"), "'5x' is no id of the marketing side"),
        (("unlink", "link:none"), "linked with nobody"),
        (("relink", "contacts/999", "Lead/00Q0000000000ZZAAA"), "is not there"),
        (("relink", f"contacts/{contact}", f"marketing:contacts/{contact}"), "write the marketing record first"),
    ):
        said = place.run("link", *words)
        assert said.code == 2, words
        assert told in said.err, words
    assert place.run("link", "list", "--json").json == {"links": []}
