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
from syncd.observe.events import EVENTS, PAGES, TELLABLE, USUAL
from syncd.settings.accounts import Heartbeat, NotifySettings, Secret
from syncd.settings.main_file import secret_of
from syncd.settings.notify_sections import HeartbeatSection, NotifySection, TargetSection
from syncd.settings.resting import clock, planned, window
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
        _known_connections(each.connections, (*loc, "connections"), connections, tree)
        quiet = tuple(window(part, each.zone) for part in each.quiet)
        digest = tuple(clock(part) for part in each.digest or ())
        targets.append(Target(name, events, only, quiet=quiet, digest=digest, zone=each.zone, incidents=each.incidents))
    for number, work in enumerate(section.maintenance):
        _known_connections(work.connections, ("notify", "maintenance", number, "connections"), connections, tree)
    beats = _heartbeats(section, tree=tree, folder=folder, connections=connections)
    telling = Telling(
        tuple(targets),
        section.repeat,
        section.dead_letters,
        PAGES if section.pages is None else frozenset(_known(section.pages, ("notify", "pages"), tree)),
        tuple(planned(each) for each in section.maintenance),
    )
    return NotifySettings(telling, urls, places, beats)


def _heartbeats(
    section: NotifySection, *, tree: Tree, folder: Path, connections: Collection[str]
) -> tuple[Heartbeat, ...]:
    found: list[Heartbeat] = []
    for name, each in section.heartbeats.items():
        loc: Loc = ("notify", "heartbeats", name)
        _not_in_yaml(each, loc, tree)
        url = secret_of(each, "url", loc, tree=tree, folder=folder)
        _known_connections(each.connections, (*loc, "connections"), connections, tree)
        if url is not None:
            place = tree.at((*loc, "url" if each.url_file is None else "url_file"))
            only = frozenset(each.connections or connections)
            found.append(Heartbeat(name, url, only, each.every, private=each.private, place=place))
    return tuple(found)


def _known_connections(names: Collection[str] | None, loc: Loc, connections: Collection[str], tree: Tree) -> None:
    for number, stray in enumerate(names or ()):
        if stray not in connections:
            advice = f"use one of {', '.join(sorted(connections))}"
            tree.flaw((*loc, number), f"there is no connection {stray!r}", advice)


def _not_in_yaml(section: TargetSection | HeartbeatSection, loc: Loc, tree: Tree) -> None:
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


def unusable(beats: Collection[Heartbeat], trouble_with: Callable[[str], str | None]) -> Iterator[Flaw]:
    """A flaw for each heartbeat whose address may not be called as it stands; what it says is not told."""
    for each in beats:
        try:
            wrong = trouble_with(each.url().get_secret_value())
        except NeedsOperator as trouble:
            wrong = str(trouble)
        if wrong is not None:
            at, advice = each.place, "write the address that the service gave you, https://HOST/PATH"
            yield Flaw(at.file, at.line, at.column, f"notify.heartbeats.{each.name}: {wrong}", advice)
