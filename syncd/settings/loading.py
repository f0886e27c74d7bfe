"""From files and environment to frozen settings, or to every flaw at once.

``syncd.yaml``, then the overlay ``env/NAME.yaml`` that ``SYNCD_ENV`` names, then the environment; then the mapping
files, cases, lifecycle and teams of each connection's directory. Nothing here reaches a vendor or the store.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from syncd.core.meanings import Meaning, Sort, meaning_of
from syncd.model.errors import BadConfig, Flaw, NeedsOperator
from syncd.model.mapping import Connection, FieldMapping, KindMapping
from syncd.model.values import Pair, Side
from syncd.settings.accounts import (
    ConnectionSettings,
    ConsoleSettings,
    Loaded,
    Secret,
    WebhookSettings,
)
from syncd.settings.brake import limits
from syncd.settings.cases import Case, CasesFile, cases_of
from syncd.settings.declared import PERSON, declared, handoff_between
from syncd.settings.derived_fields import Origins, with_definitions
from syncd.settings.kinds import MappingSource, ReadOnly, kind_mapping
from syncd.settings.lifecycle_fields import with_agreed
from syncd.settings.lifecycle_rules import read_agreed
from syncd.settings.main_file import (
    address_of,
    authorities,
    backing_up,
    kept,
    main_path,
    main_section,
    main_tree,
    ordered,
    secret_of,
)
from syncd.settings.mapping_file import MappingFile
from syncd.settings.notify import notify_settings
from syncd.settings.outcome_rules import dealing, with_outcome
from syncd.settings.reaching import hubspot_account, place_of, salesforce_account
from syncd.settings.routing_rules import with_routing
from syncd.settings.rules import check_expression
from syncd.settings.sections import ConnectionSection, MarketingSection, ScopeSection
from syncd.settings.tree import Loc, Tree, read_tree
from syncd.settings.validate import Section, validated
from syncd.settings.webhooks import hooks_apart


def load(path: Path, environ: Mapping[str, str], *, read_only: ReadOnly | None = None) -> Loaded:
    """Reads and checks the whole configuration.

    :param path: ``syncd.yaml``, or the folder it is in.
    :param environ: environment variables.
    :param read_only: vendor fields that cannot be written, per side as patterns with advice.
    :raises BadConfig: with every flaw found.
    """
    return _Loading(path, environ, read_only or {}).run()


class _Loading:
    """One loading of a configuration."""

    def __init__(self, path: Path, environ: Mapping[str, str], read_only: ReadOnly) -> None:
        self.path = main_path(path)
        self.folder = self.path.parent
        self.environ = environ
        self.read_only = read_only
        self.files: list[Path] = []
        self.flaws: list[Flaw] = []
        self.tree = Tree(str(self.path))

    def run(self) -> Loaded:
        """Everything, or every flaw."""
        self.tree, self.files = main_tree(self.path, self.environ)
        section = main_section(self.tree)
        self.flaws += self.tree.flaws
        self.tree.flaws.clear()
        if section is None:
            raise BadConfig(ordered(self.flaws))
        store_url = address_of(section.store, ("store",), tree=self.tree, folder=self.folder)
        jobs_url = address_of(section.jobs, ("jobs",), tree=self.tree, folder=self.folder)
        backup = backing_up(section.backup, tree=self.tree, folder=self.folder)
        ca_file = authorities(section.http, tree=self.tree, folder=self.folder)
        connections = {
            name: self._connection(name, each, ca_file=ca_file) for name, each in section.connections.items()
        }
        self._accounts_apart(connections)
        hooks_apart(connections, self.tree)
        notify = notify_settings(section.notify, tree=self.tree, folder=self.folder, connections=connections.keys())
        self.flaws += self.tree.flaws
        if self.flaws:
            raise BadConfig(ordered(self.flaws))
        assert store_url is not None
        keep = kept(section.keep)
        sound = {name: replace(each, keep=keep) for name, each in connections.items() if each is not None}
        return Loaded(
            store_url=store_url,
            jobs_url=jobs_url,
            threads=section.jobs.threads,
            log_level=section.log.level,
            connections=sound,
            files=tuple(self.files),
            hash=digest([each.connection.config_hash for each in sound.values()]),
            notify=notify,
            backup=backup,
            console=ConsoleSettings(section.console.public_url or "", tuple(section.console.trusted_proxies)),
        )

    # -- connections -------------------------------------------------------------------------------------------------
    def _connection(self, name: str, section: ConnectionSection, *, ca_file: str | None) -> ConnectionSettings | None:
        loc: Loc = ("connections", name)
        directory = self.folder / section.directory
        token = self._secret(section.marketing, "access_token", (*loc, "marketing"))
        client_secret = self._secret(section.crm, "client_secret", (*loc, "crm"))
        private_key = self._secret(section.crm, "private_key", (*loc, "crm"))
        hooks = self._hooks(section.marketing, (*loc, "marketing", "webhooks"))
        sources, refused = self._sources(directory, loc)
        kinds = self._in_order(sources, refused)
        kinds = self._scoped(kinds, section.scope, (*loc, "scope"))
        told = declared(directory, {name: source.kind for name, source in sources.items()}, self._read)
        for tree in told.trees:
            self._collect(tree)
        cases = self._cases(directory)
        groups = told.groups if PERSON in sources else None
        lifecycle, teams, flaws = read_agreed(directory, sources, read=self._read, groups=groups, refused=refused)
        kinds, routing = with_routing(with_agreed(kinds, lifecycle, teams), directory, told, teams, read=self._read)
        if routing is not None:
            self._collect(routing)
        outcome = next((each.file.outcome for each in sources.values() if each.file.outcome is not None), None)
        origins = Origins(directory, told.sound, told.personas, told.rating, lifecycle, outcome, told.calendars)
        kinds, more = with_definitions(kinds, sources, origins)
        kinds, unread = with_outcome(kinds, sources, lifecycle, sound=not flaws)
        self.flaws += (*flaws, *more, *unread)
        kinds = tuple(
            _rehashed(kind) if kind.agreed or kind.routing or kind.definitions or kind.outcome else kind
            for kind in kinds
        )
        if token is None:
            return None
        connection = Connection(
            name=name,
            kinds=kinds,
            horizon=Pair(section.horizon.marketing, section.horizon.crm),
            mode=section.mode,
            allow_billable=section.allow_billable,
            precondition_rows=section.precondition_rows,
            brake=limits(section.brake),
            handoff=dealing(handoff_between(kinds, told), kinds),
            signals=told.signals,
        )
        return ConnectionSettings(
            connection=replace(connection, config_hash=digest(asdict(connection))),
            marketing=hubspot_account(section.marketing, token, hooks),
            crm=salesforce_account(section.crm, client_secret, private_key),
            directory=directory,
            poll=section.poll,
            sources={each.kind: replace(sources[each.kind], kind=each) for each in kinds},
            cases=cases,
            ca_file=ca_file,
            lifecycle=lifecycle,
            teams=teams,
            personas=told.personas,
            rating=told.rating,
            calendars=told.calendars,
        )

    def _hooks(self, section: MarketingSection, loc: Loc) -> WebhookSettings | None:
        if section.webhooks is None:
            return None
        secret = self._secret(section.webhooks, "client_secret", loc)
        assert secret is not None
        return WebhookSettings(section.webhooks.url, secret, section.webhooks.calls)

    def _secret(self, section: Section, name: str, loc: Loc) -> Secret | None:
        return secret_of(section, name, loc, tree=self.tree, folder=self.folder)

    def _read(self, path: Path) -> Tree:
        self.files.append(path)
        return read_tree(path)

    def _sources(self, directory: Path, loc: Loc) -> tuple[dict[str, MappingSource], frozenset[str]]:
        """The mapping files by kind, and the kinds of those that cannot be read: nobody is told that these lack one."""
        sources: dict[str, MappingSource] = {}
        refused: set[str] = set()
        paths = sorted((directory / "schema").glob("*.yaml"))
        if not paths:
            self.tree.flaw(
                (*loc, "directory"), f"{directory / 'schema'} holds no mapping files", "add schema/person.yaml"
            )
        for path in paths:
            tree = self._read(path)
            section = validated(MappingFile, tree)
            if section is not None:
                kind = kind_mapping(section, tree, read_only=self.read_only)
                if kind.kind in sources:
                    first = sources[kind.kind].tree.file
                    tree.flaw(("kind",), f"the kind {kind.kind} is mapped in {first} already", "keep one of the files")
                else:
                    sources[kind.kind] = MappingSource(replace(kind, hash=digest(asdict(kind))), section, tree)
            else:
                refused |= {path.stem, str(tree.get(("kind",)))}
            self._collect(tree)
        return sources, frozenset(refused)

    def _in_order(self, sources: Mapping[str, MappingSource], refused: Collection[str]) -> tuple[KindMapping, ...]:
        """Kinds with those first that others refer to."""
        waiting = {name: source.kind for name, source in sorted(sources.items())}
        pointing: dict[str, set[str]] = {}
        for name, source in sources.items():
            pointing[name] = set()
            for each in source.kind.fields:
                if each.kind is not None and each.kind not in {*sources, *refused}:
                    loc = ("fields", each.name, "kind")
                    source.tree.flaw(
                        loc, f"there is no mapping of the kind {each.kind!r}", f"add schema/{each.kind}.yaml"
                    )
                elif each.kind is not None and each.kind in sources and each.kind != name:
                    pointing[name].add(each.kind)
            self._collect(source.tree)
        ordered: list[KindMapping] = []
        while waiting:
            ready = [name for name in waiting if not pointing[name] & waiting.keys()]
            if not ready:
                tree = sources[next(iter(waiting))].tree
                tree.flaw(("kind",), f"the kinds {', '.join(waiting)} refer to each other", "remove one reference")
                self._collect(tree)
                ready = list(waiting)
            ordered += [waiting.pop(name) for name in ready]
        return tuple(ordered)

    def _scoped(self, kinds: tuple[KindMapping, ...], scope: Any, loc: Loc) -> tuple[KindMapping, ...]:  # noqa: ANN401
        """The mapping files' scope, taken away (``all``) or narrowed by the connection's."""
        if scope == "all":
            return tuple(_rehashed(replace(kind, scope=Pair(None, None))) for kind in kinds)
        if not isinstance(scope, ScopeSection) or not kinds:
            return kinds
        computed = frozenset(each.name for kind in kinds for each in kind.fields if each.derive is not None)
        every = _meanings(each for kind in kinds for each in kind.fields if each.name not in computed)
        for side, text in ((Side.MARKETING, scope.marketing), (Side.CRM, scope.crm)):
            if text is None:
                continue
            before = len(self.tree.flaws)
            check_expression(text, every, tree=self.tree, loc=(*loc, side.value), derived=computed)
            if len(self.tree.flaws) > before:
                continue
            fitting = [kind.kind for kind in kinds if _compiles(text, kind)]
            if not fitting:
                self.tree.flaw(
                    (*loc, side.value), "no kind has all the fields of this scope", "name fields of one kind"
                )
            kinds = tuple(_narrowed(kind, side, text) if kind.kind in fitting else kind for kind in kinds)
        return kinds

    def _cases(self, directory: Path) -> tuple[Case, ...]:
        cases: list[Case] = []
        for path in sorted((directory / "cases").glob("*.yaml")):
            tree = self._read(path)
            section = validated(CasesFile, tree)
            if section is not None:
                cases += cases_of(section, tree)
            self._collect(tree)
        return tuple(cases)

    def _accounts_apart(self, connections: Mapping[str, ConnectionSettings | None]) -> None:
        """Two connections to one account would undo each other's work. Credentials count by what they say, wherever
        they stand: in a file, in two files, in the environment.
        """
        seen: dict[tuple[str, ...], str] = {}
        for name, each in connections.items():
            if each is None:
                continue
            for side, account in (
                ("marketing", (place_of(each.marketing.base_url), _told(each.marketing.access_token))),
                ("crm", (place_of(each.crm.login_url), each.crm.client_id, each.crm.username or "")),
            ):
                first = seen.setdefault((side, *account), name)
                if first != name:
                    self.tree.flaw(
                        ("connections", name, side),
                        f"this is the account of the connection {first}",
                        "an account belongs to one connection; remove one of them",
                    )

    def _collect(self, tree: Tree) -> None:
        self.flaws += tree.flaws
        tree.flaws.clear()


def digest(value: object) -> str:
    """A short digest of plain values, stable between processes."""
    plain = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return blake2b(plain.encode(), digest_size=8).hexdigest()


def _rehashed(kind: KindMapping) -> KindMapping:
    return replace(kind, hash=digest(asdict(replace(kind, hash=""))))


def _narrowed(kind: KindMapping, side: Side, text: str) -> KindMapping:
    own = kind.scope.of(side)
    both = text if own is None else f"({own}) && ({text})"
    return _rehashed(replace(kind, scope=kind.scope.replacing(side, both)))


def _meanings(fields: Iterable[FieldMapping]) -> dict[str, Meaning]:
    """What the fields of several kinds hold; one that holds something else in each can hold anything."""
    found: dict[str, Meaning] = {}
    for name, meaning in ((field.name, meaning_of(field)) for field in fields):
        same = found.setdefault(name, meaning) == meaning
        found[name] = meaning if same else replace(meaning, sort=Sort.ANY, values=None)
    return found


def _compiles(text: str, kind: KindMapping) -> bool:
    probe = Tree("")
    check_expression(text, {each.name: Meaning(Sort.ANY, each.type) for each in kind.fields}, tree=probe, loc=())
    return not probe.flaws


def _told(secret: Secret) -> str:
    """What a credential says now, to compare and never to show; its name where it cannot be read."""
    try:
        return secret().get_secret_value()
    except NeedsOperator:
        return f"unread {secret.name}"
