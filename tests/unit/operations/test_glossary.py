"""The glossary: it answers what both teams ask, shows nothing that is not in the files, and no text becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from syncd.model.lifecycle import Amendment, FirstLink, Lifecycle, Reason, Stage, Team, Teams, Undeclared
from syncd.model.mapping import KindMapping
from syncd.model.values import Pair
from syncd.operations.glossary import glossary
from syncd.operations.page import Code, Page, Paragraph, Section, Table
from syncd.operations.page_html import html
from syncd.operations.page_markdown import markdown
from syncd.settings.loading import load
from tests import worlds

SECRETS = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "token",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "secret",
}
SYSTEMS = Pair("HubSpot", "Salesforce")
NASTY = "<img src=x onerror=alert(1)> & \"quotes\" 'ticks' `code` | *bold* _low_ [a](http://x) # 1. \\ ~"


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lifecycle, Teams, KindMapping]:
    """What both teams have agreed on in ``tests/agreed``."""
    config = worlds.agreed(tmp_path_factory.mktemp("agreed"))
    settings = load(config, SECRETS).connection("main")
    assert settings.lifecycle is not None
    assert settings.teams is not None
    return settings.lifecycle, settings.teams, next(each for each in settings.connection.kinds if each.kind == "person")


def made(agreed: tuple[Lifecycle, Teams, KindMapping], *, more: tuple[Section, ...] = (), **changes: Any) -> Page:
    """The page of the example, with some keys of the lifecycle changed."""
    lifecycle, teams, kind = agreed
    return glossary(replace(lifecycle, **changes), teams, kind, systems=SYSTEMS, more=more)


def card(text: str, name: str) -> str:
    """What the Markdown says about one stage."""
    return text.partition(f"### {name}\n")[2].partition("\n#")[0]


def test_it_answers_what_is_an_mql(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """What it is, what must be known, who may say so, what it looks like, who acts and when, what comes next."""
    told = card(markdown(made(agreed)), "Marketing qualified lead (MQL)")
    for line in (
        "`mql` · Sales",
        "showed interest within 30 days",
        "`last_name`: `lastname` in HubSpot, `LastName` in Salesforce",
        "The e-mail address is a company's. `!freemail(domain(email))`",
        "Marketing or automation, after Lead",
        "Marketing, after Disqualified, as a new cycle",
        "contacts: `lifecyclestage` = `marketingqualifiedlead`, `hs_lead_status` = `NEW`",
        "Lead: `Status` = `Open - Not Contacted`",
        "Grade A: Sales within 1 business hour",
        "Everybody else: Sales within 2 business days",
        "Disqualified: by Sales, with a reason (rejected)",
    ):
        assert line in told, line


def test_what_is_never_written_or_has_no_value_says_so(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """The table's `never_written`, and a side without a form."""
    text = markdown(made(agreed))
    assert "Lead, read, and never written by syncd: `Status` = `Closed - Converted`" in card(text, "Opportunity")
    assert "**In Salesforce:** Has no value of its own here" in card(text, "Subscriber")
    assert "**What comes next:** Nothing: this is where it ends" in card(text, "Evangelist")
    assert "Marketing; no time is set" in card(text, "Lead")


@pytest.mark.parametrize("undeclared", Undeclared)
@pytest.mark.parametrize("first", FirstLink)
def test_every_policy_has_its_words(
    agreed: tuple[Lifecycle, Teams, KindMapping], undeclared: Undeclared, first: FirstLink
) -> None:
    """Each choice reads differently, and none leaves a gap."""
    text = markdown(made(agreed, undeclared=undeclared, first_link=first))
    others = {markdown(made(agreed, undeclared=each, first_link=first)) for each in Undeclared}
    assert len(others) == len(Undeclared)
    assert "{" not in text


def test_every_move_and_reason_is_in_a_table(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """One row a move, in the order of the stages, and each reason in both sides' words."""
    text = markdown(made(agreed))
    rows = text.partition("## Allowed moves")[2].partition("##")[0].count("\n| ") - 1
    assert rows == len(agreed[0].transitions)
    assert "| `no_contact` | Could not be reached | No contact |" in text
    assert "| Disqualified | Marketing qualified lead (MQL) | Marketing |  | begins a new cycle |" in text


def test_changes_are_dated_newest_first_and_stand_with_their_stage(
    agreed: tuple[Lifecycle, Teams, KindMapping],
) -> None:
    """Without any there is no such section: nothing makes up a date."""
    changed = (
        Amendment(date(2026, 1, 31), "Began", "Kim"),
        Amendment(date(2026, 3, 2), "Wants a company address", "Kim and Pat", ("mql",)),
    )
    text = markdown(made(agreed, changed=changed))
    assert "**Changed 2026-03-02:** Wants a company address (Kim and Pat)" in card(
        text, "Marketing qualified lead (MQL)"
    )
    assert text.index("| 2026-03-02 |") < text.index("| 2026-01-31 |")
    plain = made(agreed)
    assert not re.search(r"[0-9]{4}-[0-9]{2}", markdown(plain) + html(plain))


def test_other_sections_stand_after_the_stages(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """Personas and the rating come in by the same door, and only if there are any."""
    more = (Section("Personas", (Paragraph(("Who we sell to: ", Code("head_of_sales"))),)),)
    page = made(agreed, more=more)
    titles = [section.title for section in page.sections]
    assert titles[1:4] == ["The stages", "Personas", "Allowed moves"]
    assert "Who we sell to: `head_of_sales`" in markdown(page)
    assert '<section id="personas">' in html(page)
    assert "Personas" not in markdown(made(agreed))


def test_people_named_one_by_one_are_counted(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """The page is passed on, so it holds nobody's address."""
    lifecycle, _, kind = agreed
    teams = Teams(
        (
            Team("marketing", "M", users=("kim@example.com",)),
            Team("sales", "S", users=("a@x.de", "b@x.de"), roles=("R",)),
        )
    )
    text = markdown(glossary(lifecycle, teams, kind, systems=SYSTEMS))
    assert "@" not in text
    assert "| M | 1 person by name |" in text
    assert "| S | role R, 2 people by name |" in text


# -- no text becomes markup --------------------------------------------------------------------------------------------
class Seen(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in {"meta", "rect", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(text: str) -> Seen:
    """A page as a browser sees it, each element closed where it must be."""
    parser = Seen()
    parser.feed(text)
    assert parser.open == []
    return parser


def nasty(agreed: tuple[Lifecycle, Teams, KindMapping]) -> Page:
    """The example with markup wherever a person may write words."""
    lifecycle, teams, kind = agreed
    stages = tuple(
        replace(each, name=NASTY, definition=NASTY, entry=replace(each.entry, when="'<b>`|' == ''", words=NASTY))
        for each in lifecycle.stages
    )
    reasons = {name: (Reason("r", Pair(NASTY, NASTY)),) for name in lifecycle.reasons}
    changed = (Amendment(date(2026, 3, 2), NASTY, NASTY, ("mql",)),)
    teams = replace(teams, teams=tuple(replace(each, name=NASTY, roles=(NASTY,)) for each in teams.teams))
    changes = replace(lifecycle, stages=stages, reasons=reasons, changed=changed)
    return glossary(changes, teams, kind, systems=Pair(NASTY, NASTY))


def test_html_is_escaped_and_needs_nothing_else(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """The same elements whatever people write; no script, no request, every link leads to a place on the page."""
    plain, hurt = seen(html(made(agreed))), seen(html(nasty(agreed)))
    assert hurt.tags == plain.tags
    assert {name for name, _ in hurt.attributes} == {name for name, _ in plain.attributes}
    assert plain.tags.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert NASTY in hurt.text
    for page in (plain, hurt):
        names = {name for name, _ in page.attributes}
        assert not [name for name in names if name.startswith("on") or name in {"src", "srcset"}]
        ids = [value for name, value in page.attributes if name == "id"]
        links = [value for name, value in page.attributes if name == "href"]
        assert len(set(ids)) == len(ids)
        assert links
        assert {link.removeprefix("#") for link in links} <= set(ids)
        assert all(link.startswith("#") for link in links)
    assert "prefers-color-scheme: dark" in html(made(agreed))
    assert "url(http" not in html(nasty(agreed))


def test_letters_that_act_are_told_by_name(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """One that turns the line around would turn the rest of a table's row, too."""
    lifecycle, teams, kind = agreed
    stages = tuple(replace(each, name="A\u202eB\u2066C", definition="D\u0007E") for each in lifecycle.stages)
    text = markdown(glossary(replace(lifecycle, stages=stages), teams, kind, systems=SYSTEMS))
    assert "A(U+202E)B(U+2066)C" in text
    assert "D(U+0007)E" in text
    assert text.replace("\n", "").isprintable()


def test_the_foot_names_every_file(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """Whoever wants to change a persona reads where."""
    lifecycle, teams, kind = agreed
    text = markdown(glossary(lifecycle, teams, kind, systems=SYSTEMS, files=("personas.yaml", "rating.yaml")))
    foot = text.rpartition("---")[2]
    assert "from lifecycle.yaml, teams.yaml, personas.yaml, rating.yaml and schema/person.yaml." in foot


def test_markdown_is_escaped(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """Tables keep their columns, and nothing but our own marks is left unescaped."""
    text = markdown(nasty(agreed))
    tables = [line for line in text.splitlines() if line.startswith("|")]
    columns = [len(re.findall(r"(?<!\\)\|", line)) for line in tables]
    heads = [number for number, line in enumerate(tables) if line.startswith("|---")]
    for number, head in enumerate(heads):
        end = heads[number + 1] - 1 if number + 1 < len(heads) else len(tables)
        assert set(columns[head - 1 : end]) == {columns[head]}
    outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", re.sub(r"\\.", "", text))
    assert "<" not in outside_code
    assert "](" not in outside_code


def test_a_paragraph_is_no_list() -> None:
    """A definition that begins like a list or a heading stays a sentence."""
    for words, expected in (("1. First", "1\\. First"), ("- x", "\\- x"), ("# x", "\\# x"), ("2 days", "2 days")):
        page = Page("t", (), (Section("s", (Paragraph((words,)),)),), ())
        assert f"\n{expected}\n" in markdown(page)


def test_a_bar_in_code_ends_no_cell() -> None:
    """Markdown ends a cell at a bar even inside of code."""
    page = Page("t", (), (Section("s", (Table(("a",), (((Code("x || y"),),),)),)),), ())
    assert "\n| `x \\|\\| y` |\n" in markdown(page)


def test_the_same_files_make_the_same_page(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """It can be kept beside them, and compared."""
    assert html(made(agreed)) == html(made(agreed))
    assert markdown(made(agreed)) == markdown(made(agreed))


def test_a_stage_without_owner_and_limit(agreed: tuple[Lifecycle, Teams, KindMapping]) -> None:
    """What nobody said is not on the page."""
    lifecycle = agreed[0]
    bare = tuple(Stage(each.key, each.name, each.definition, final=each.final) for each in lifecycle.stages)
    told = card(markdown(made(agreed, stages=bare)), "Lead")
    assert "Who acts" not in told
    assert "What must be known" not in told
