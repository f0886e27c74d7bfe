"""What is shipped to run syncd with is sound: the systemd unit, the compose file, the manifests for Kubernetes.

What a machine without a container engine cannot run is read and judged here; each tool that would judge more is used
where it is installed, and the skip says which.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.console.probes import read_address
from syncd.settings.sections import StoreSection

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "deploy" / "syncd.service"
COMPOSE = ROOT / "deploy" / "compose.yaml"
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("sqlite", "postgres")
EXPOSURE = 15
"""Tenths of systemd's own mark, 100 for a service that may do everything."""

Tree = dict[str, Any]


def directives() -> dict[str, str]:
    """The unit's settings; of one that is given twice the last."""
    lines = UNIT.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def option_of(words: list[str], option: str) -> str:
    """The value of an option of ``syncd run``."""
    return words[words.index(option) + 1]


# -- systemd -----------------------------------------------------------------------------------------------------------
def test_the_unit_leaves_time_to_stop_and_does_not_insist() -> None:
    """Ten seconds are the daemon's; a refused configuration is not tried again; SIGHUP is a reload."""
    lines = directives()
    assert int(lines["TimeoutStopSec"]) > 10
    assert lines["RestartPreventExitStatus"] == "2"
    assert lines["ExecReload"].endswith("-HUP $MAINPID")
    assert lines["UMask"] == "0077"


def test_the_unit_can_do_what_it_needs_and_no_more() -> None:
    """Every directive that shuts something the daemon does not use."""
    lines = directives()
    assert lines["CapabilityBoundingSet"] == lines["AmbientCapabilities"] == ""
    protected = ("Home", "Clock", "Hostname", "KernelLogs", "KernelModules", "KernelTunables", "ControlGroups")
    shut = [f"Protect{each}" for each in protected]
    shut += [f"Restrict{each}" for each in ("Namespaces", "Realtime", "SUIDSGID")]
    shut += ["NoNewPrivileges", "PrivateTmp", "PrivateDevices", "PrivateUsers"]
    shut += ["LockPersonality", "MemoryDenyWriteExecute", "RemoveIPC"]
    assert {name: lines.get(name) for name in shut} == dict.fromkeys(shut, "yes")
    assert lines["ProtectSystem"] == "strict"
    assert lines["RestrictAddressFamilies"] == "AF_INET AF_INET6 AF_UNIX"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Verified, and marked by systemd itself, where it is there."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here to verify the unit with; its directives were read")
    unit = tmp_path / "syncd.service"
    unit.write_text(UNIT.read_text().replace("/opt/syncd/bin/syncd", "/bin/true"))
    ended = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")
    marked = subprocess.run(
        [analyze, "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE}", str(unit)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "unrecognized option" in marked.stderr:
        pytest.skip("this systemd marks no files (it is older than 250); the unit was verified")
    assert marked.returncode == 0, marked.stdout + marked.stderr


# -- compose -----------------------------------------------------------------------------------------------------------
def services() -> Tree:
    """The services of the compose file."""
    found: Tree = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def test_the_compose_file_runs_the_image_as_the_documentation_says() -> None:
    """One daemon on SQLite; by profile two workers on PostgreSQL, Prometheus and Grafana."""
    named = services()
    assert set(named) == {"syncd", "worker", "postgres", "prometheus", "grafana"}
    assert named["worker"]["deploy"]["replicas"] == 2
    assert named["worker"]["profiles"] == named["postgres"]["profiles"] == ["postgres"]
    assert named["prometheus"]["profiles"] == named["grafana"]["profiles"] == ["monitoring"]
    given = {**named["syncd"]["environment"], **named["worker"]["environment"]}
    section = {name.removeprefix("SYNCD_STORE__").lower() for name in given}
    assert section == {"url", "url_file"}
    assert section <= set(StoreSection.model_fields)
    for name in ("syncd", "worker"):
        assert int(named[name]["stop_grace_period"].rstrip("s")) > 10
        assert option_of(named[name]["command"], "--http").startswith("127.0.0.1:")
        assert read_address(option_of(named[name]["command"], "--probes")) == ("0.0.0.0", 9465)


def test_no_container_can_do_more_than_it_needs() -> None:
    """Nobody writes outside of a volume, gains rights, or is reached from another machine."""
    for name, service in services().items():
        assert not service.get("privileged"), name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port} to the network"
        if name == "postgres":  # its own image changes user at the start
            continue
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "mem_limit" in service, name
        assert "pids_limit" in service, name
    for name in ("syncd", "worker", "postgres"):
        assert "ports" not in services()[name], name


def test_no_secret_stands_in_the_compose_file() -> None:
    """Files alone; each is one that the file tells to make."""
    composed = yaml.safe_load(COMPOSE.read_text())
    assert all(set(each) == {"file"} for each in composed["secrets"].values())
    for name, service in services().items():
        for key, value in service.get("environment", {}).items():
            secret = re.search(r"PASSWORD|TOKEN|SECRET|STORE__URL", key)
            assert not secret or key.upper().endswith("FILE") or str(value).startswith("sqlite:"), f"{name}: {key}"
        assert set(service.get("secrets", [])) <= set(composed["secrets"]), name


def test_the_monitoring_sees_the_daemons_and_keeps_what_the_goal_needs() -> None:
    """Prometheus looks for services that exist, at the port of the probes, and keeps more than 28 days."""
    settings = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yaml").read_text())
    (scraped,) = settings["scrape_configs"]
    (names,) = scraped["dns_sd_configs"]
    assert set(names["names"]) == {"syncd", "worker"} <= set(services())
    assert names["port"] == read_address(option_of(services()["worker"]["command"], "--probes"))[1]
    (kept,) = [each for each in services()["prometheus"]["command"] if "retention.time" in each]
    assert int(kept.partition("=")[2].removesuffix("d")) > 28
    for name in ("prometheus", "grafana"):
        for volume in services()[name]["volumes"]:
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (COMPOSE.parent / source).is_dir(), source
                assert volume.endswith(":ro"), volume


def test_compose_takes_the_file() -> None:
    """Read by compose itself, where it is installed."""
    docker = shutil.which("docker")
    if docker and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        profiles = ["--profile", "postgres", "--profile", "monitoring"]
        words = [docker, "compose", "-f", str(COMPOSE), *profiles, "config", "--quiet"]
        ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode == 0, ended.stderr
        return
    pytest.skip("docker compose is not installed; the file was read and judged, and not run")


# -- Kubernetes --------------------------------------------------------------------------------------------------------
def manifests(overlay: str) -> list[Tree]:
    """Everything of an overlay, put together as kustomize would: what its files and folders hold."""

    def of(folder: Path) -> list[Tree]:
        found: list[Tree] = []
        for each in yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]:
            path = folder / each
            found += of(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
        return found

    return of(KUBERNETES / overlay)


def one(overlay: str, *kinds: str) -> Tree:
    """The one manifest of these kinds."""
    (found,) = [each for each in manifests(overlay) if each["kind"] in kinds]
    return found


def pod(overlay: str) -> Tree:
    """What a pod is made of."""
    found: Tree = one(overlay, "StatefulSet", "Deployment")["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_can_do_what_it_needs_and_no_more(overlay: str) -> None:
    """No root, no rights, no token of the cluster, nothing written outside of a volume."""
    spec = pod(overlay)
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == 10001
    assert f"USER {spec['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text()
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["terminationGracePeriodSeconds"] > 10
    (container,) = spec["containers"]
    rights = container["securityContext"]
    assert (rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"]) == (False, True)
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container["resources"]["limits"]
    assert not any("hostPath" in volume for volume in spec["volumes"])
    mounts = {each["name"]: each for each in container["volumeMounts"]}
    assert mounts["config"]["readOnly"] is True


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_come_as_files(overlay: str) -> None:
    """None in a variable; each where the example configuration, or a variable, looks for it."""
    (container,) = pod(overlay)["containers"]
    assert "envFrom" not in container
    for each in container["env"]:
        assert "valueFrom" not in each
    (config,) = [volume["projected"] for volume in pod(overlay)["volumes"] if volume["name"] == "config"]
    assert config["defaultMode"] == 0o440
    (secret,) = [source["secret"] for source in config["sources"] if "secret" in source]
    given = {item["path"] for item in secret["items"]}
    example = (ROOT / "config" / "syncd.yaml").read_text()
    asked = set(re.findall(r"^ *\w+_file: (secrets/\w+)", example, re.MULTILINE))
    variables = {each["name"]: each["value"] for each in container["env"]}
    if "SYNCD_STORE__URL_FILE" in variables:
        asked.add(variables["SYNCD_STORE__URL_FILE"].removeprefix("/etc/syncd/"))
    assert given == asked


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_whole_example_configuration_arrives(overlay: str) -> None:
    """Every file of it, under the key that the documented command gives it."""
    (config,) = [volume["projected"] for volume in pod(overlay)["volumes"] if volume["name"] == "config"]
    (files,) = [source["configMap"] for source in config["sources"] if "configMap" in source]
    example = ROOT / "config"
    wanted = {path.relative_to(example).as_posix() for path in (*example.glob("*.yaml"), *example.glob("[cs]*/*.yaml"))}
    assert {item["path"] for item in files["items"]} == wanted
    assert all(item["key"] == item["path"].replace("/", ".") for item in files["items"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_the_listener_that_holds_no_data(overlay: str) -> None:
    """Alive is the process alone; ready may fail while a vendor is down; the console stays on loopback."""
    (container,) = pod(overlay)["containers"]
    assert option_of(container["args"], "--http").startswith("127.0.0.1:")
    address, port = read_address(option_of(container["args"], "--probes"))
    (named,) = container["ports"]
    assert (address, port) == ("0.0.0.0", named["containerPort"])
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": named["name"]}
    (service,) = one(overlay, "Service")["spec"]["ports"]
    assert (service["port"], service["targetPort"]) == (port, named["name"])
    (rule,) = one(overlay, "NetworkPolicy")["spec"]["ingress"]
    assert [each["port"] for each in rule["ports"]] == [port]


def test_a_store_on_a_volume_bears_one_pod() -> None:
    """SQLite: one replica of a set that ends the old pod first, on a volume that one pod alone mounts."""
    alone = one("sqlite", "StatefulSet")["spec"]
    assert alone["replicas"] == 1
    (volume,) = alone["volumeClaimTemplates"]
    assert volume["spec"]["accessModes"] == ["ReadWriteOncePod"]
    (container,) = pod("sqlite")["containers"]
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}[volume["metadata"]["name"]]
    assert {each["name"]: each["value"] for each in container["env"]}[
        "SYNCD_STORE__URL"
    ] == f"sqlite:///{mounted}/syncd.db"
    several = one("postgres", "Deployment")["spec"]
    assert several["replicas"] >= 2
    assert several["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert one("postgres", "PodDisruptionBudget")["spec"]["minAvailable"] == 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_network_lets_through_what_is_needed(overlay: str) -> None:
    """In: one port from one namespace. Out: names, the internet's 443 and nothing inside, the database."""
    policy = one(overlay, "NetworkPolicy")["spec"]
    labels = one(overlay, "StatefulSet", "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert all(each.get("to") for each in policy["egress"]), "a rule without an end is open to all"
    ports = sorted({each["port"] for rule in policy["egress"] for each in rule["ports"]})
    assert ports == [53, 443, 5432]
    blocks = [to["ipBlock"] for rule in policy["egress"] for to in rule["to"] if "ipBlock" in to]
    kept_out = {each for block in blocks for each in block["except"]}
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7"} <= kept_out


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_makes_the_same_of_it(overlay: str) -> None:
    """By kubectl, where it is installed; it needs no cluster for that."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed; the manifests were put together and judged by the test")
    ended = subprocess.run(
        [kubectl, "kustomize", str(KUBERNETES / overlay)], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr

    def named(all_of_it: list[Tree]) -> dict[str, Tree]:
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in all_of_it}

    assert named(list(yaml.safe_load_all(ended.stdout))) == named(manifests(overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", ["1.29", "1.34"])
def test_every_manifest_fits_the_schema_of_kubernetes(overlay: str, version: str) -> None:
    """Strictly, so that a misspelt key fails, too, where the library that carries the schemas is installed."""
    reason = "kubernetes-validate is not installed; the manifests were judged by the tests above alone"
    validate = pytest.importorskip("kubernetes_validate", reason=reason)
    for each in manifests(overlay):
        validate.validate(each, version, strict=True)
