"""What is in ``deploy/docker`` and ``deploy/kubernetes`` fits together, and fits our commands.

That the manifests are as Kubernetes wants them, ``./dev check`` holds to its schemas.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import Command, Option

from netdumplings import defaults

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deploy" / "docker"
KUBERNETES = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
OBJECTS = {
    f"{one['kind']} {one['metadata']['name']}": one
    for path in KUBERNETES
    for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))
}
PODS = {
    name: one["spec"]["template"]
    for name, one in OBJECTS.items()
    if "template" in one.get("spec", {})
}
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


def container(pod: dict[str, Any]) -> dict[str, Any]:
    [only] = pod["spec"]["containers"]
    found: dict[str, Any] = only
    return found


COMMAND_LINES = {
    **{name: container(pod)["command"] for name, pod in PODS.items()},
    **{f"compose {name}": one["command"] for name, one in COMPOSE["services"].items()},
}


@pytest.mark.parametrize("name", COMMAND_LINES)
def test_each_option_is_one_of_its_command(name: str) -> None:
    program, *arguments = COMMAND_LINES[name]
    command: Command = import_module(f"netdumplings.console.{program.removeprefix('nd-')}").main
    context = command.make_context(program, list(arguments), resilient_parsing=True)
    assert not context.args
    known = {option for parameter in command.params for option in parameter.opts}
    assert {each.partition("=")[0] for each in arguments if each.startswith("--")} <= known


def test_there_are_a_hub_and_kitchens() -> None:
    assert set(PODS) == {"Deployment nd-hub", "DaemonSet nd-kitchen"}
    assert set(COMPOSE["services"]) == {"hub", "kitchen"}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_do_nothing_but_a_kitchen_sniff(name: str) -> None:
    pod, inside = PODS[name]["spec"], container(PODS[name])["securityContext"]
    sniffs = name == "DaemonSet nd-kitchen"
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    assert inside["readOnlyRootFilesystem"]
    assert inside["capabilities"]["drop"] == ["ALL"]
    assert inside["capabilities"].get("add", []) == (["NET_RAW"] if sniffs else [])
    # Without it, the right that a program file brings is not given.
    assert inside["allowPrivilegeEscalation"] is sniffs
    assert pod.get("hostNetwork", False) is sniffs
    assert not {"hostPID", "hostIPC"} & pod.keys()
    assert "privileged" not in inside
    assert all("hostPath" not in volume for volume in pod["volumes"])
    assert "memory" in container(PODS[name])["resources"]["limits"]


@pytest.mark.parametrize("name", PODS)
def test_what_a_command_reads_is_mounted_and_what_is_mounted_is_there(name: str) -> None:
    only = container(PODS[name])
    mounted = {mount["mountPath"]: mount["name"] for mount in only["volumeMounts"]}
    assert set(mounted.values()) == {volume["name"] for volume in PODS[name]["spec"]["volumes"]}
    read = re.findall(r"=(/[^ ]+)", " ".join(only["command"]))
    assert read
    assert [path for path in read if not any(path.startswith(place) for place in mounted)] == []
    # Files of a secret are a group's, which we take in this directory only.
    [credentials] = [one["value"] for one in only["env"] if one["name"] == "CREDENTIALS_DIRECTORY"]
    secret = {volume["name"]: volume for volume in PODS[name]["spec"]["volumes"]}["credentials"]
    assert mounted[credentials] == "credentials"
    assert secret["secret"]["defaultMode"] == 0o440


def test_what_is_to_reach_the_hub_does() -> None:
    hub, service, policy = (
        OBJECTS[f"{kind} nd-hub"] for kind in ("Deployment", "Service", "NetworkPolicy")
    )
    labels = hub["spec"]["template"]["metadata"]["labels"]
    assert hub["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    assert policy["spec"]["podSelector"]["matchLabels"] == labels
    ports = {
        port["name"]: port["containerPort"] for port in container(hub["spec"]["template"])["ports"]
    }
    assert ports == {"kitchens": defaults.HUB_IN_PORT, "eaters": defaults.HUB_OUT_PORT}
    assert {port["targetPort"]: port["port"] for port in service["spec"]["ports"]} == ports
    open_ports = {port["port"] for one in policy["spec"]["ingress"] for port in one["ports"]}
    assert open_ports == set(ports.values())
    name = f"nd-hub.{hub['metadata']['namespace']}.svc"
    assert f"--allow-host={name}" in COMMAND_LINES["Deployment nd-hub"]
    assert f"--hub=wss://{name}:{defaults.HUB_IN_PORT}" in COMMAND_LINES["DaemonSet nd-kitchen"]
    for probe in ("readinessProbe", "livenessProbe"):
        asked = container(hub["spec"]["template"])[probe]["httpGet"]
        assert (asked["path"], asked["port"], asked["scheme"]) == ("/healthz", "eaters", "HTTPS")
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


def test_services_of_compose_are_confined() -> None:
    for name, one in COMPOSE["services"].items():
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert one.get("cap_add", []) == (["NET_RAW"] if name == "kitchen" else [])
    built = COMPOSE["services"]["hub"]["build"]
    assert (DOCKER / built["context"]).resolve() == ROOT
    assert (ROOT / built["dockerfile"]).is_file()


def test_the_image_is_made_of_what_there_is(pyproject: dict[str, Any]) -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)).split()
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {f"!{name}" for name in copied} == {line for line in ignored if line[0] == "!"}
    [extras] = re.findall(r"'\.\[(.*)\]'", text)
    assert set(extras.split(",")) <= pyproject["project"]["optional-dependencies"].keys()
    # The commands that sniff, and no others, have the Python that may.
    [sniffing] = re.findall(r"that-sniffs\|' (.*)$", text, re.MULTILINE)
    with_privileges = {
        name
        for name, target in pyproject["project"]["scripts"].items()
        if any(
            isinstance(option, Option) and option.name == "promiscuous"
            for option in import_module(target.partition(":")[0]).main.params
        )
    }
    assert set(sniffing.split()) == with_privileges == {"nd-sniff", "nd-up"}


@pytest.mark.parametrize("name", ["DaemonSet nd-kitchen", "compose kitchen"])
def test_chefs_have_less_memory_than_their_container(name: str) -> None:
    limits = {
        "DaemonSet nd-kitchen": container(PODS["DaemonSet nd-kitchen"])["resources"]["limits"][
            "memory"
        ],
        "compose kitchen": COMPOSE["services"]["kitchen"]["mem_limit"],
    }
    assert limits[name] in {"1Gi", "1g"}
    [size] = [one.partition("=")[2] for one in COMMAND_LINES[name] if "--chef-memory=" in one]
    assert int(size) < 2**30
