"""``signals.yaml``: read whole, each mistake told where it stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncd.model.signal import NO_SIGNALS, ActivityRule, ActivitySort, Campaign, CampaignRule, ListRule, Signals
from syncd.model.values import Side
from tests.unit.settings.conftest import Folder

SOUND = """\
campaign_members:
  per_day: 50
  campaigns:
    - key: webinar
      campaign: Spring Webinar
      statuses: [Sent, Registered]
      rules:
        - property: webinar_status
          values: {registered: Registered, "*": Sent}
        - {list: 42, status: Sent}
activities:
  to_marketing:
    sorts: {call: call, task: note}
    per_person: 2
    per_day: 20
    since: 2026-02-01
    bodies: true
"""


def test_it_is_read_whole(folder: Folder) -> None:
    """Every key."""
    folder.write("signals.yaml", SOUND)
    assert folder.load().connection(None).connection.signals == Signals(
        campaigns=(
            Campaign(
                "webinar",
                "Spring Webinar",
                ("Sent", "Registered"),
                (CampaignRule("webinar_status", {"registered": "Registered", "*": "Sent"}),),
                (ListRule("42", "Sent"),),
            ),
        ),
        per_day=50,
        activities=(
            ActivityRule(
                side=Side.CRM,
                sorts={ActivitySort.CALL: ActivitySort.CALL, ActivitySort.TASK: ActivitySort.NOTE},
                per_person=2,
                per_day=20,
                since=datetime(2026, 2, 1, tzinfo=UTC),
                bodies=True,
            ),
        ),
    )


def test_without_the_file_nothing_is_added(folder: Folder) -> None:
    """Signals are opted into."""
    assert folder.load().connection(None).connection.signals == NO_SIGNALS


def test_the_defaults_of_activities_are_calls_and_meetings_without_texts(folder: Folder) -> None:
    """An empty section is enough."""
    folder.write("signals.yaml", "activities: {to_marketing: {}}\n")
    (rule,) = folder.load().connection(None).connection.signals.activities
    assert dict(rule.sorts) == {sort: sort for sort in (ActivitySort.CALL, ActivitySort.MEETING)}
    assert (rule.per_person, rule.bodies, rule.since) == (5, False, None)


TWICE = "    - {key: webinar, campaign: X, statuses: [A], rules: [{property: p, values: {a: A}}]}\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('Registered, "*"', 'Registerd, "*"', 9, "'Registerd' is none of this campaign's"),
        ("[Sent, Registered]", "[Sent, Registered, Sent]", 6, "stands there twice"),
        ("activities:\n", f"{TWICE}activities:\n", 11, "the key 'webinar' is that of the campaign in line 4"),
        ("task: note", "task: email", 13, "nothing becomes an e-mail"),
        ("task: note", "task: letter", 13, "'note'"),
        ("per_person: 2", "per_person: 0", 14, "per_person"),
        ("status: Sent", "status: Gone", 10, "'Gone' is none of this campaign's"),
        (", status: Sent", "", 10, "this rule is not whole"),
        ("list: 42", "list: people", 10, "list"),
        ("property: webinar_status", "propertie: webinar_status", 8, "did you mean 'property'"),
    ],
)
def test_mistakes_are_told_with_their_line(folder: Folder, old: str, new: str, line: int, words: str) -> None:
    """File, line and what to do."""
    folder.write("signals.yaml", SOUND.replace(old, new, 1))
    (flaw,) = [flaw for flaw in folder.flaws() if words in flaw]
    assert flaw.startswith(f"signals.yaml:{line}:")
