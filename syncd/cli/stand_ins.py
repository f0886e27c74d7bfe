"""``syncd sandbox``: both vendors as local stand-ins, filled, exported, and a configuration that points at them."""

from __future__ import annotations

import shlex
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncd.cli import exports, faulty, keeping, replaying
from syncd.cli.call import Call
from syncd.model.errors import BadUsage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.certificates import Authority
    from sandbox.server import RunningSandbox

HORIZON: Final = 2
TRIAL: Final = 1_000_000
"""How many records a trial may change before the brake holds the rest."""
"""Seconds after which a write without an answer may be sent again: a stand-in carries nothing out later than that."""


def sandbox(
    context: typer.Context,
    *,
    hubspot_port: Annotated[int, typer.Option("--hubspot-port", metavar="P", help="0 takes a free one.")] = 0,
    salesforce_port: Annotated[int, typer.Option("--salesforce-port", metavar="P", help="0 takes a free one.")] = 0,
    load: Annotated[
        Path | None, typer.Option("--load", metavar="FOLDER", help="Fill them with the Olist funnel's two CSV files.")
    ] = None,
    people: Annotated[
        int,
        typer.Option(
            "--people",
            metavar="[N]",
            min=0,
            help="Make N people on both sides. Without N: the people of the funnel of --load work, replayed.",
        ),
    ] = 0,
    play: Annotated[bool, typer.Option(replaying.PLAY, hidden=True)] = False,
    leads: Annotated[
        int, typer.Option("--leads", metavar="N", min=0, help="Replay the first N leads of the funnel; 0 for all.")
    ] = 0,
    companies: Annotated[int, typer.Option("--companies", metavar="N", min=0, help="And N companies.")] = 0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed makes the same records.")] = 1,
    daily_calls: Annotated[
        int, typer.Option("--daily-calls", metavar="N", min=1, help="Salesforce's API calls a day.")
    ] = 100_000,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="DIR",
            help="Write all records of both as JSON, mode 0600. With both ports: of stand-ins that run there, at once. "
            "Without: of these, when they stop.",
        ),
    ] = None,
    bare: Annotated[
        bool,
        typer.Option(
            "--bare",
            help="As accounts are before anybody set syncd up: none of its fields, too few rights; an administrator's "
            "credentials beside the daemon's.",
        ),
    ] = False,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls",
            help="Speak HTTPS, with certificates of a certificate authority of their own that is written beside the "
            "configuration or the state.",
        ),
    ] = False,
    write_config: Annotated[
        Path | None,
        typer.Option("--write-config", metavar="DIR", help="Write a configuration for them, with the mapping in use."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME[=PROBABILITY]",
            help="Let them fail like this from the start; may be given several times. `--fault list` shows all faults.",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Go on from what is kept there, and keep it there at the end."),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            metavar="CONNECTION",
            help="With the fields, lists, pipelines and record types of this connection's accounts; reads no record.",
        ),
    ] = None,
) -> None:
    """Runs both vendors as stand-ins on 127.0.0.1 until interrupted, and prints how to reach them.

    In another shell, with what was printed: syncd check, plan, sync.
    """
    call: Call = context.obj
    wanted = fault or []
    if "list" in wanted:
        faulty.show()
        return
    chosen = faulty.read(wanted)
    if export is not None and hubspot_port and salesforce_port and exports.running_there(hubspot_port, salesforce_port):
        exports.export_running(export, hubspot_port, salesforce_port)
        return
    if play:
        ports = hubspot_port, salesforce_port
        replaying.replay(call, load, folder=write_config, ports=ports, seed=seed, leads=leads, stop_signal=_stop_signal)
        return
    if like is not None:
        call = replace(call, connection=like)
    authority = keeping.authority() if tls else None
    running = _start(hubspot_port, salesforce_port, seed=seed, daily_calls=daily_calls, bare=bare, authority=authority)
    stopped = _stop_signal()
    try:
        kept = state is not None and keeping.load(running, state)
        if like is not None and not kept:
            keeping.imitate(running, call, like)
        if not kept:
            with keeping.refusals_told():
                _fill(running, load=load, people=people, companies=companies, seed=seed)
        environment = stand_in_environment(running.hubspot_url, running.salesforce_url, everyone=load is not None)
        if authority is not None:
            environment["SYNCD_HTTP__CA_FILE"] = str(keeping.trusted(authority, write_config or state))
        if write_config is not None:
            _write_config(write_config, call, environment)
        admin = (_scopes_words(running.hubspot_url), *_admin_words(write_config)) if bare else ()
        faulty.arm(running, chosen)
        _print(running, environment, write_config, admin)
        stopped.wait()
        if export is not None:
            exports.save_exports(
                export, {"hubspot": running.hubspot.export(), "salesforce": running.salesforce.export()}
            )
        if state is not None:
            keeping.save(running, state)
    finally:
        from syncd.observe.log import emit

        running.stop()
        for vendor, kernel in (("hubspot", running.hubspot), ("salesforce", running.salesforce)):
            emit("sandbox.stopped", vendor=vendor, calls=len(kernel.calls))


def stand_in_environment(hubspot_url: str, salesforce_url: str, *, everyone: bool) -> dict[str, str]:
    """The environment that points the connection ``main`` at stand-ins. ``everyone``: every record is in scope."""
    import json

    from sandbox.hubspot.kernel import DEFAULT_TOKEN
    from sandbox.salesforce.oauth import ConnectedApp
    from syncd.settings.brake import raised

    app, prefix = ConnectedApp(), "SYNCD_CONNECTIONS__MAIN__"
    environment = {
        f"{prefix}MARKETING__BASE_URL": hubspot_url,
        f"{prefix}MARKETING__ACCESS_TOKEN": DEFAULT_TOKEN,
        f"{prefix}CRM__LOGIN_URL": salesforce_url,
        f"{prefix}CRM__CLIENT_ID": app.client_id,
        f"{prefix}CRM__CLIENT_SECRET": app.client_secret,
        f"{prefix}HORIZON__MARKETING": str(HORIZON),
        f"{prefix}HORIZON__CRM": str(HORIZON),
        f"{prefix}BRAKE": json.dumps(raised(TRIAL)),
    }
    return environment | ({f"{prefix}SCOPE": "all"} if everyone else {})


def _scopes_words(hubspot_url: str) -> str:
    """What a person clicks at HubSpot for the daemon's key, as a call of bare stand-ins."""
    import json

    from sandbox.hubspot.kernel import DEFAULT_TOKEN
    from syncd.lab.practice import SCOPES

    body = json.dumps({"action": "issue_token", "token": DEFAULT_TOKEN, "scopes": SCOPES}, separators=(",", ":"))
    return f"curl -s {hubspot_url}/_sandbox/do -d '{body}'"


def _admin_words(folder: Path | None) -> tuple[str, ...]:
    """How to reach bare stand-ins as an administrator: a call of ``setup`` with secrets in files of the configuration's
    folder; where there is none, the secrets themselves, which are none.
    """
    from sandbox.hubspot.kernel import ADMIN_TOKEN
    from sandbox.salesforce.oauth import ADMIN_APP

    if folder is None:
        return (f"token {ADMIN_TOKEN}", f"client id {ADMIN_APP.client_id}", f"client secret {ADMIN_APP.client_secret}")
    kept = folder / "admin"
    try:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, secret in (("marketing_token", ADMIN_TOKEN), ("crm_client_secret", ADMIN_APP.client_secret)):
            file = kept / name
            file.touch(mode=0o600)
            file.write_text(secret + "\n", encoding="utf-8")
    except OSError as error:
        raise BadUsage(f"{kept} cannot be written ({error.strerror}); name a folder of yours") from error
    words = ("syncd", "--config", str(folder), "setup", "--marketing-token-file", str(kept / "marketing_token"))
    more = ("--crm-client-id", ADMIN_APP.client_id, "--crm-client-secret-file", str(kept / "crm_client_secret"))
    return (shlex.join([*words, *more]),)


def _start(
    hubspot_port: int, salesforce_port: int, *, seed: int, daily_calls: int, bare: bool, authority: Authority | None
) -> RunningSandbox:
    from sandbox.server import RunningSandbox

    try:
        return RunningSandbox.start(
            hubspot_port, salesforce_port, seed=seed, salesforce_daily=daily_calls, bare=bare, authority=authority
        )
    except OSError as error:
        raise BadUsage(str(error.strerror or error)) from error


def _stop_signal() -> threading.Event:
    """Set by Ctrl-C and by a plain kill, so that both end the stand-ins in order."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _fill(running: RunningSandbox, *, load: Path | None, people: int, companies: int, seed: int) -> None:
    from sandbox.names import MissingFaker
    from syncd.observe.log import emit

    with running.hubspot_server.lock, running.salesforce_server.lock:
        try:
            if load is not None:
                from sandbox.olist import load_olist
                from sandbox.olist_files import OlistFlaw

                try:
                    load_olist(load, running.hubspot, running.salesforce, seed=seed)
                except OlistFlaw as flaw:
                    raise BadUsage(f"--load: {flaw}") from flaw
            if people or companies:
                from sandbox.population import populate

                populate(running.hubspot, running.salesforce, people=people, companies=companies, seed=seed)
        except MissingFaker as missing:
            raise BadUsage(str(missing)) from missing
        for vendor, kernel in (("hubspot", running.hubspot), ("salesforce", running.salesforce)):
            emit("sandbox.loaded", vendor=vendor, records=sum(kernel.sizes().values()))


def _print(
    running: RunningSandbox, environment: Mapping[str, str], write_config: Path | None, admin: Sequence[str]
) -> None:
    from syncd.observe.log import emit

    for vendor, server in (("hubspot", running.hubspot_server), ("salesforce", running.salesforce_server)):
        emit("sandbox.started", vendor=vendor, port=server.server_address[1])
        with server.lock:
            objects = server.kernel.sizes()  # type: ignore[attr-defined]
        filled = ", ".join(f"{number:,} {name}" for name, number in objects.items() if number) or "empty"
        typer.echo(f"# {vendor}: {server.url} ({filled})")
    for name, value in environment.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if write_config is not None:
        steps = "the scopes, then setup, then doctor" if admin else "check, then plan, then sync"
        typer.echo(f"# in another shell: syncd --config {write_config} {steps}")
    if admin:
        scopes, *words = admin
        typer.echo(f"# the scopes of the daemon's key (docs/first-steps.md): {scopes}")
        typer.echo(f"# an administrator: {', '.join(words)}")
    typer.echo("# runs until interrupted")


def _write_config(folder: Path, call: Call, environment: Mapping[str, str]) -> None:
    """A configuration of its own: the mapping of the one in use, and a syncd.yaml for the stand-ins."""
    from syncd.settings.copying import copy_mapping

    loaded, _ = call.loaded_without_secrets()
    settings = loaded.connection(call.connection)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.resolve() == settings.directory.resolve():
            raise BadUsage(f"{folder} holds the configuration in use; name another folder for --write-config")
        copy_mapping(settings.directory, folder)
        file = folder / "syncd.yaml"
        file.touch(mode=0o600)
        file.write_text(_syncd_yaml(folder, environment), encoding="utf-8")
    except OSError as error:
        raise BadUsage(f"{folder} cannot be written ({error.strerror}); name a folder of yours") from error


def _syncd_yaml(folder: Path, environment: Mapping[str, str]) -> str:
    import json

    given = {name.split("__", 2)[-1]: value for name, value in environment.items()}

    def quoted(name: str) -> str:
        return json.dumps(given[name])  # JSON strings are YAML strings

    store = f"sqlite:///{folder.resolve() / 'syncd.db'}"
    scope = "    scope: all\n" if "SCOPE" in given else ""
    http = f"http: {{ca_file: {quoted('CA_FILE')}}}\n" if "CA_FILE" in given else ""
    return (
        "# Points at local stand-ins, whose credentials are no secrets.\n"
        "version: 1\n"
        f"store: {{url: {json.dumps(store)}}}\n"
        f"{http}"
        "connections:\n"
        "  main:\n"
        f"{scope}"
        "    # A trial changes much at once; without this key the brake holds what is more than usual.\n"
        f"    brake: {given['BRAKE']}\n"
        f"    horizon: {{marketing: {given['HORIZON__MARKETING']}, crm: {given['HORIZON__CRM']}}}\n"
        "    marketing:\n"
        f"      base_url: {quoted('MARKETING__BASE_URL')}\n"
        f"      access_token: {quoted('MARKETING__ACCESS_TOKEN')}\n"
        "    crm:\n"
        f"      login_url: {quoted('CRM__LOGIN_URL')}\n"
        f"      client_id: {quoted('CRM__CLIENT_ID')}\n"
        f"      client_secret: {quoted('CRM__CLIENT_SECRET')}\n"
    )
