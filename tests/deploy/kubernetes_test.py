#!/usr/bin/env python3
"""The manifests: the published schemas take them, and the restricted pod security standard, the program variables."""

import itertools

import yaml
from ground import DEPLOY, effective_options, is_secret_file, run_tool, tool
from lib.harness import case, check, check_equal, main

FILES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
OLDEST, NEWEST = "1.29", "1.37"  # since sidecars are on by default; what the pinned package knows


def documents():
    for path in FILES:
        yield from yaml.safe_load_all(path.read_text())


def of_kind(kind):
    return [document for document in documents() if document["kind"] == kind]


def pods():
    for deployment in of_kind("Deployment"):
        yield deployment["metadata"]["name"], deployment["spec"]["template"]["spec"]


def containers(pod):
    return [*pod.get("initContainers", []), *pod["containers"]]


def posterns():
    """(pod, container) of each Postern."""
    return [(pod, one) for _, pod in pods() for one in containers(pod) if one["name"] == "postern"]


def variables(container):
    return {one["name"]: one["value"] for one in container.get("env", [])}


@case("the schemas of the oldest and the newest Kubernetes take every file, and no unknown field is in one")
def schemas():
    for version in (OLDEST, NEWEST):
        said = run_tool(tool("kubernetes-validate"), "--strict", "-k", version, *FILES)
        check_equal(said.count(" passed "), len(list(documents())), said)


@case("every pod is one that the restricted standard takes")
def restricted():
    for name, pod in pods():
        check(pod["automountServiceAccountToken"] is False, name)
        check(not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name)
        check_equal(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"}, name)
        check(pod["securityContext"]["runAsNonRoot"] is True, name)
        check_equal({next(iter(set(volume) - {"name"})) for volume in pod["volumes"]}, {"secret"}, name)
        for container in containers(pod):
            rights = container["securityContext"]
            check(rights["allowPrivilegeEscalation"] is False, container["name"])
            check_equal(rights["capabilities"], {"drop": ["ALL"]}, container["name"])


@case("Postern runs as the image's user, on a file system that it cannot write to")
def confined():
    for pod, container in posterns():
        rights = {**pod["securityContext"], **container["securityContext"]}
        check_equal((rights["runAsUser"], rights["readOnlyRootFilesystem"]), (65532, True))


@case("the program takes every variable, and none comes from a Service")
def options():
    check_equal(len(posterns()), 2, "Posterns")
    for pod, container in posterns():
        effective_options(variables(container))
        check(pod["enableServiceLinks"] is False, "variables of a Service would stop the start")


@case("secrets are files, and each that is named is in the Secret")
def secrets():
    [secret] = of_kind("Secret")
    for pod, container in posterns():
        [mount] = container["volumeMounts"]
        check(mount["readOnly"], "the Secret's mount")
        [volume] = [one for one in pod["volumes"] if one["name"] == mount["name"]]
        check_equal(volume["secret"]["secretName"], secret["metadata"]["name"])
        for name, value in variables(container).items():
            if value.startswith(mount["mountPath"] + "/"):
                check(value.rsplit("/", 1)[1] in secret["stringData"], value)
            check(is_secret_file(name) or "PASSWORD" not in name, name)
            check("smtp" not in value or ":" not in value.split("//")[-1].split("@")[0], f"{name} has a password")


@case("what is being sent has its time before the pod is killed")
def grace():
    for pod, container in posterns():
        options = effective_options(variables(container))
        needed_ms = sum(int(options[name].removesuffix("ms")) for name in ("drain_delay", "timeout_shutdown"))
        check(pod["terminationGracePeriodSeconds"] * 1000 > needed_ms, f"{needed_ms} ms")


@case("probes ask where the admin listener is")
def probes():
    for _, container in posterns():
        options = effective_options(variables(container))
        port = int(options["admin_listen"].rsplit(":", 1)[1])
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = container.get(kind, {})
            if "exec" in probe:
                check(probe["exec"]["command"] in (["/usr/bin/postern", "livez"], ["/usr/bin/postern", "readyz"]), kind)
            elif probe:
                [named] = [one for one in container["ports"] if one["name"] == probe["httpGet"]["port"]]
                check_equal(named["containerPort"], port)
                check(not options["admin_listen"].startswith("127."), "kubelet does not reach loopback")
                check(probe["httpGet"]["path"] in ("/livez", "/readyz"), kind)


@case("memory has room for what the options let in")
def memory():
    kib_a_connection, rest_mib = 33, 64  # as README.md says
    for _, container in posterns():
        options = effective_options(variables(container))
        needed = int(options["max_in_flight_bytes"]) + int(options["max_http_connections"]) * kib_a_connection * 1024
        limit = container["resources"]["limits"]["memory"]
        check(needed + (rest_mib << 20) <= int(limit.removesuffix("Mi")) << 20, limit)


@case("Service, policy and budget are about the pods that stand alone, and their ports")
def stand_alone():
    [deployment] = [one for one in of_kind("Deployment") if one["metadata"]["name"] == "postern"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    [service], [policy], [budget] = map(of_kind, ("Service", "NetworkPolicy", "PodDisruptionBudget"))
    for selector in (
        service["spec"]["selector"],
        policy["spec"]["podSelector"]["matchLabels"],
        budget["spec"]["selector"]["matchLabels"],
        deployment["spec"]["selector"]["matchLabels"],
    ):
        check_equal(selector, labels)
    names = {one["name"] for one in posterns_of(deployment)["ports"]}
    asked = [port["targetPort"] for port in service["spec"]["ports"]]
    asked += [port["port"] for port in itertools.chain(*[rule["ports"] for rule in policy["spec"]["ingress"]])]
    check_equal(set(asked), names)


def posterns_of(deployment):
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return container


if __name__ == "__main__":
    main()
