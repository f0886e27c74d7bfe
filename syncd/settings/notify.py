"""``notify`` of syncd.yaml: who is told of which events. Unknown events and connections are flaws; so is an address
that stands in a YAML file, because files of a configuration are shared and addresses hold credentials.

Whether an address can be read is for ``unreadable``, which is given the library's judgement: most commands send
nothing and need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from syncd.model.errors import Flaw, NeedsOperator
from syncd.model.notice import Target, Telling
from syncd.observe.events import EVENTS, TELLABLE, USUAL
from syncd.settings.accounts import NotifySettings, Secret
from syncd.settings.main_file import secret_of
from syncd.settings.sections import NotifySection, TargetSection
from syncd.settings.tree import Loc, Mark, Tree

_FROM_ENVIRONMENT: Final = "environment variable "


def notify_settings(
    section: NotifySection, *, tree: Tree, folder: Path, connections: Collection[str]
) -> NotifySettings:
    """Who is told of what; flaws are noted in the tree."""
    targets: list[Target] = []
    urls: dict[str, Secret] = {}
    places: dict[str, Mark] = {}
    for name, each in section.targets.items():
        loc: Loc = ("notify", "targets", name)
        _not_in_yaml(each, loc, tree)
        url = secret_of(each, "url", loc, tree=tree, folder=folder)
        places[name] = tree.at((*loc, "url" if each.url_file is None else "url_file"))
        if url is not None:
            urls[name] = url
        events = USUAL if each.events is None else frozenset(_known(each.events, (*loc, "events"), tree))
        only = frozenset(each.connections or ())
        for number, stray in enumerate(each.connections or ()):
            if stray not in connections:
                advice = f"use one of {', '.join(sorted(connections))}"
                tree.flaw((*loc, "connections", number), f"there is no connection {stray!r}", advice)
        targets.append(Target(name, events, only))
    return NotifySettings(Telling(tuple(targets), section.repeat, section.dead_letters), urls, places)


def _not_in_yaml(section: TargetSection, loc: Loc, tree: Tree) -> None:
    place = (*loc, "url")
    if section.url is not None and not tree.at(place).file.startswith(_FROM_ENVIRONMENT):
        variable = "SYNCD_" + "__".join(str(part).upper() for part in place)
        tree.flaw(
            place,
            f"{'.'.join(str(part) for part in place)}: an address holds credentials, which do not belong in this file",
            f"write it into a file that only syncd's user can read and name that as url_file, or set {variable}",
        )


def _known(events: Collection[str], loc: Loc, tree: Tree) -> Iterator[str]:
    for number, name in enumerate(events):
        if name in TELLABLE:
            yield name
            continue
        near = get_close_matches(name, TELLABLE, n=1, cutoff=0.6)
        advice = f"did you mean {near[0]!r}?" if near else "docs/logs.md lists those that can be told"
        if name in EVENTS:
            what, advice = f"the event {name!r} is for the log alone", "docs/logs.md lists those for people"
        else:
            what = f"there is no event {name!r}"
        tree.flaw((*loc, number), what, advice)


def unreadable(settings: NotifySettings, trouble_with: Callable[[str], str | None], advice: str) -> Iterator[Flaw]:
    """A flaw for each address that cannot be used; what it says is not told."""
    for name, url in settings.urls.items():
        try:
            wrong = trouble_with(url().get_secret_value())
        except NeedsOperator as trouble:
            wrong = str(trouble)
        if wrong is not None:
            place = settings.places[name]
            yield Flaw(place.file, place.line, place.column, f"notify.targets.{name}: {wrong}", advice)
