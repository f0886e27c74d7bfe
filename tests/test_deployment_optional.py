"""What is shut, or left out, until somebody asks for it: components for Kubernetes, backups in compose and systemd.

And the image, built and run where there is a container engine; where there is none the skip says so.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from syncd.settings.main_file import outline
from syncd.settings.notify_sections import NotifySection
from tests.test_deployment import (
    COMPOSE,
    KUBERNETES,
    OVERLAYS,
    ROOT,
    UNIT,
    Tree,
    manifests,
    option_of,
)

OPTIONAL: Final = KUBERNETES / "optional"
OFFERED: Final = {
    "sqlite": ("backups", "mail", "traces", "webhooks"),
    "postgres": ("mail", "traces", "webhooks"),
}
DROP_IN: Final = ROOT / "deploy" / "syncd-backup.conf"
OVER: Final = ROOT / "deploy" / "compose.backup.yaml"
SHUT_OUT: Final = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7"}
KEY: Final = "0123456789abcdef0123456789abcdef"
IMAGE: Final = "syncd:made-by-a-test"


def opened(overlay: str) -> Tree:
    """The kustomization of an overlay as it is once the marks are taken away that its comments name."""
    text = (KUBERNETES / overlay / "kustomization.yaml").read_text(encoding="utf-8")
    found: Tree = yaml.safe_load(re.sub(r"^# (components:|- )", r"\1", text, flags=re.MULTILINE))
    return found


def component(name: str) -> Tree:
    """What a component says."""
    found: Tree = yaml.safe_load((OPTIONAL / name / "kustomization.yaml").read_text(encoding="utf-8"))
    return found


def parts(name: str) -> list[Tree]:
    """The manifests that a component adds."""
    files = component(name)["resources"]
    return [yaml.safe_load((OPTIONAL / name / each).read_text(encoding="utf-8")) for each in files]


def with_component(overlay: str, name: str) -> list[Tree]:
    """An overlay with a component, put together as kustomize would."""
    everything = copy.deepcopy(manifests(overlay)) + parts(name)
    for patch in component(name).get("patches", ()):
        kinds, named = patch["target"]["kind"], patch["target"]["name"]
        hit = [each for each in everything if re.fullmatch(kinds, each["kind"]) and each["metadata"]["name"] == named]
        assert len(hit) == 1, f"{name}: what is patched is not there"
        for step in yaml.safe_load(patch["patch"]):
            assert step["op"] == "add"
            *way, last = step["path"].removeprefix("/").split("/")
            place: Any = hit[0]
            for key in way:
                place = place[int(key)] if isinstance(place, list) else place[key]
            assert isinstance(place, list)
            assert last == "-"
            place.append(step["value"])
    return everything


def pod_with(overlay: str, name: str) -> Tree:
    """What a pod is made of, with a component."""
    (found,) = [each for each in with_component(overlay, name) if each["kind"] in ("StatefulSet", "Deployment")]
    spec: Tree = found["spec"]["template"]["spec"]
    return spec


def policy_of(name: str) -> Tree:
    """The network policy of a component, which is for the pods of the daemon alone."""
    (found,) = [each["spec"] for each in parts(name) if each["kind"] == "NetworkPolicy"]
    assert found["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "syncd"}}
    spec: Tree = found
    return spec


def secrets_of(spec: Tree) -> dict[str, str]:
    """Which secret comes as which file."""
    (config,) = [volume["projected"] for volume in spec["volumes"] if volume["name"] == "config"]
    (secret,) = [source["secret"] for source in config["sources"] if "secret" in source]
    return {item["key"]: item["path"] for item in secret["items"]}


CASES: Final = [(overlay, name) for overlay in OVERLAYS for name in OFFERED[overlay]]


# -- Kubernetes --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_offered_is_there_and_is_off(overlay: str) -> None:
    """As comments, which are all that it takes; backups where syncd makes them."""
    as_shipped = yaml.safe_load((KUBERNETES / overlay / "kustomization.yaml").read_text(encoding="utf-8"))
    assert "components" not in as_shipped
    assert opened(overlay)["components"] == [f"../optional/{name}" for name in OFFERED[overlay]]
    assert {each.name for each in OPTIONAL.iterdir()} == set(OFFERED["sqlite"])


def test_mail_may_leave_and_reaches_nothing_inside() -> None:
    """The two ports of submission, not the one between servers, and no private address."""
    policy = policy_of("mail")
    assert policy["policyTypes"] == ["Egress"]
    (rule,) = policy["egress"]
    assert {each["port"] for each in rule["ports"]} == {465, 587}
    assert {out for to in rule["to"] for out in to["ipBlock"]["except"]} >= SHUT_OUT
    assert "targets" in NotifySection.model_fields


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_traces_reach_the_collector_that_is_named(overlay: str) -> None:
    """The namespace that is opened is that of the address, at its port."""
    (container,) = pod_with(overlay, "traces")["containers"]
    (named,) = [each["value"] for each in container["env"] if each["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT"]
    found = re.fullmatch(r"http://[\w-]+\.([\w-]+):(\d+)", named)
    assert found is not None
    policy = policy_of("traces")
    assert policy["policyTypes"] == ["Egress"]
    (rule,) = policy["egress"]
    (to,) = rule["to"]
    assert to == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": found[1]}}}
    assert int(found[2]) in {each["port"] for each in rule["ports"]} == {4317, 4318}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_webhooks_come_in_by_the_ingress_alone(overlay: str) -> None:
    """The listener, the port, the service and the policy are about the same port; nothing else is opened."""
    spec = pod_with(overlay, "webhooks")
    (container,) = spec["containers"]
    assert option_of(container["args"], "--webhooks") == "0.0.0.0:9466"
    named = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert named == {"probes": 9465, "webhooks": 9466}
    (service,) = [each["spec"] for each in parts("webhooks") if each["kind"] == "Service"]
    assert service["type"] == "ClusterIP"
    assert [(each["port"], each["targetPort"]) for each in service["ports"]] == [(9466, "webhooks")]
    policy = policy_of("webhooks")
    assert policy["policyTypes"] == ["Ingress"]
    (rule,) = policy["ingress"]
    (come,) = rule["from"]
    assert set(come) == {"namespaceSelector"}
    assert [each["port"] for each in rule["ports"]] == [9466]
    assert secrets_of(spec)["hubspot_app_secret"] == "secrets/hubspot_app_secret"
    documented = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    assert "client_secret_file: secrets/hubspot_app_secret" in documented


def test_a_pod_has_its_backups_on_a_volume_of_their_own() -> None:
    """Mounted, written to nowhere else, sealed by a key that comes as a file."""
    spec = pod_with("sqlite", "backups")
    (container,) = spec["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    claims = {each["name"]: each.get("persistentVolumeClaim", {}).get("claimName") for each in spec["volumes"]}
    (claim,) = [each["metadata"]["name"] for each in parts("backups") if each["kind"] == "PersistentVolumeClaim"]
    assert claims["backups"] == claim
    assert Path(given["SYNCD_BACKUP__FOLDER"]).is_relative_to(mounts["backups"])
    assert not Path(given["SYNCD_BACKUP__FOLDER"]).is_relative_to(mounts["state"])
    assert given["SYNCD_BACKUP__KEY_FILE"] == f"{mounts['config']}/{secrets_of(spec)['backup_key']}"


@pytest.mark.parametrize(("overlay", "name"), CASES)
def test_kustomize_makes_the_same_of_a_component(overlay: str, name: str, tmp_path: Path) -> None:
    """By kubectl, where it is installed; it needs no cluster for that."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed; the components were put together and judged by the test")
    copied = tmp_path / "kubernetes"
    shutil.copytree(KUBERNETES, copied)
    asked = {**opened(overlay), "components": [f"../optional/{name}"]}
    (copied / overlay / "kustomization.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    words = [kubectl, "kustomize", str(copied / overlay)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr

    def named(all_of_it: list[Tree]) -> dict[str, Tree]:
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in all_of_it}

    assert named(list(yaml.safe_load_all(ended.stdout))) == named(with_component(overlay, name))


@pytest.mark.parametrize(("overlay", "name"), CASES)
def test_what_a_component_makes_fits_the_schema_of_kubernetes(overlay: str, name: str) -> None:
    """Strictly, where the library that carries the schemas is installed."""
    reason = "kubernetes-validate is not installed; the components were judged by the tests above alone"
    validate = pytest.importorskip("kubernetes_validate", reason=reason)
    for each in with_component(overlay, name):
        validate.validate(each, "1.34", strict=True)


# -- backups elsewhere -------------------------------------------------------------------------------------------------
def compose_backup() -> tuple[Mapping[str, str], str, str]:
    """What the file that is laid over compose.yaml adds: variables, the folder outside, the one inside."""
    (service,) = yaml.safe_load(OVER.read_text(encoding="utf-8"))["services"].values()
    (volume,) = service["volumes"]
    outside, _, inside = volume.rpartition(":")
    return service["environment"], outside, inside


def drop_in() -> Iterator[tuple[str, str]]:
    """The settings of the drop-in, in their order."""
    for line in DROP_IN.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def in_the_main_file() -> Tree:
    """The section that the drop-in's first lines tell to write."""
    (told,) = re.findall(r"^# +(backup: \{.*\})$", DROP_IN.read_text(encoding="utf-8"), re.MULTILINE)
    found: Tree = yaml.safe_load(told)["backup"]
    return found


def test_compose_has_a_folder_for_backups() -> None:
    """Of the daemon on SQLite, whose folder somebody must name; the key is among the secrets of the configuration."""
    over = yaml.safe_load(OVER.read_text(encoding="utf-8"))
    assert set(over) == {"services"}
    assert set(over["services"]) == {"syncd"}
    variables, outside, inside = compose_backup()
    assert variables["SYNCD_BACKUP__FOLDER"] == inside
    assert re.fullmatch(r"\$\{SYNCD_BACKUPS:\?[^}]+\}", outside)
    mounted = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["syncd"]["volumes"]
    (config,) = [each.split(":")[1] for each in mounted if each.startswith("../config:")]
    assert Path(variables["SYNCD_BACKUP__KEY_FILE"]).parent == Path(config) / "secrets"
    assert inside not in {each.split(":")[1] for each in mounted}


def test_compose_takes_both_files(tmp_path: Path) -> None:
    """One laid over the other by compose itself, where it is installed."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed; the file for backups was read and judged, and not run")
    words = [docker, "compose", "-f", str(COMPOSE), "-f", str(OVER), "config", "--format", "json"]
    environ = {**os.environ, "SYNCD_BACKUPS": str(tmp_path)}
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert ended.returncode == 0, ended.stderr
    volumes = json.loads(ended.stdout)["services"]["syncd"]["volumes"]
    assert str(tmp_path) in {each["source"] for each in volumes}


def test_the_unit_may_write_to_the_folder_of_backups() -> None:
    """Which is all that the drop-in lets it do; it waits for the disk, and says what to write into syncd.yaml."""
    folder = in_the_main_file()["folder"]
    assert dict(drop_in()) == {"RequiresMountsFor": folder, "ReadWritePaths": folder}
    assert f"install -d -m 0700 -o syncd -g syncd {folder} " in DROP_IN.read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["kubernetes", "compose", "systemd"])
def test_syncd_reads_what_it_is_given(way: str, tmp_path: Path) -> None:
    """What each way sets are keys of syncd.yaml, and where they point is where backups go."""
    (container,) = pod_with("sqlite", "backups")["containers"]
    asked = {
        "kubernetes": {each["name"]: each["value"] for each in container["env"]},
        "compose": dict(compose_backup()[0]),
        "systemd": {f"SYNCD_BACKUP__{name.upper()}": value for name, value in in_the_main_file().items()},
    }[way]
    given = {name: value for name, value in asked.items() if name.startswith("SYNCD_BACKUP__")}
    assert set(given) == {"SYNCD_BACKUP__FOLDER", "SYNCD_BACKUP__KEY_FILE"}
    key = tmp_path / "backup_key"
    key.write_text(KEY, encoding="utf-8")
    key.chmod(0o600)
    found = outline(ROOT / "config", {**given, "SYNCD_BACKUP__KEY_FILE": str(key)}).backup
    assert found is not None
    assert str(found.folder) == given["SYNCD_BACKUP__FOLDER"]
    assert found.key().get_secret_value() == KEY


def test_systemd_takes_the_drop_in(tmp_path: Path) -> None:
    """With the unit, verified by systemd, where it is there."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here to verify the drop-in with; it was read")
    unit = tmp_path / "syncd.service"
    unit.write_text(UNIT.read_text().replace("/opt/syncd/bin/syncd", "/bin/true"))
    (tmp_path / "syncd.service.d").mkdir()
    shutil.copy(DROP_IN, tmp_path / "syncd.service.d" / "backup.conf")
    ended = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


# -- the image ---------------------------------------------------------------------------------------------------------
def engine() -> str:
    """A container engine that answers; without one the test is skipped."""
    lacking = []
    for name in ("docker", "podman"):
        found = shutil.which(name)
        if found is None:
            lacking.append(f"{name} is not installed")
            continue
        asked = subprocess.run([found, "info"], capture_output=True, text=True, check=False, timeout=60)
        if not asked.returncode:
            return found
        lacking.append(f"{name} is installed and its engine does not answer")
    return pytest.skip(f"the image was linted and not built: {', '.join(lacking)}")


@pytest.mark.slow
def test_the_image_is_built_and_says_its_version() -> None:
    """By whichever engine is there, from the base that it can get; as nobody, on a root that nothing writes to."""
    docker = engine()

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([docker, *words], capture_output=True, text=True, check=False, timeout=1800)

    (base,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    if call("image", "inspect", base).returncode and call("pull", base).returncode:
        pytest.skip(f"the image was linted and not built: there is no {base} here, and none can be fetched")
    built = call("build", "--tag", IMAGE, str(ROOT))
    assert built.returncode == 0, built.stderr[-4000:]
    try:
        shut = ("run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL")
        said = call(*shut, IMAGE, "--version")
        assert (said.returncode, bool(re.fullmatch(r"syncd \d+\.\d+\.\d+\S*\n", said.stdout))) == (0, True), said.stderr
        who = call(*shut, "--entrypoint", "python", IMAGE, "-c", "import os; print([os.getuid(), os.getgid()])")
        assert json.loads(who.stdout) == [10001, 10001]
        called = call(*shut, IMAGE, "config", "schema")
        assert json.loads(called.stdout)["title"] == "SyncdFile"
    finally:
        call("image", "rm", "--force", IMAGE)
