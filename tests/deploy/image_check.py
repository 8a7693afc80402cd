#!/usr/bin/env python3
"""The image, by `./dev package image`: built of deploy/Dockerfile by buildah, twice, over a Debian made by debootstrap,
and run as a runtime would: read-only, as its user. It takes minutes, needs root, and fetches Debian's packages."""

import contextlib
import hashlib
import json
import os
import stat
import subprocess

import systems
from ground import ROOT, gateway, harness, run_tool, system_tool, tool
from lib.harness import case, check, check_equal, main

BASE = "docker.io/library/debian:trixie-slim"
EPOCH = "1700000000"
MAX_BYTES = 30 * 1000 * 1000
USER = "65532:65532"
PROGRAM = "/usr/bin/postern"


class Builder:
    """buildah, with a store of its own. Nothing is fetched but Debian's packages: the base image is made here."""

    def __init__(self, folder):
        self.store = ["--root", f"{folder}/store", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
        self.program = system_tool("buildah")

    def do(self, *words, **more):
        done = subprocess.run(
            [self.program, *self.store, *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
            **more,
        )
        check(done.returncode == 0, f"buildah {words[0]}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout.strip()

    def make_base(self, folder):
        container = self.do("from", "scratch")
        self.do("add", "--quiet", container, systems.unpack_system(folder), "/")
        self.do("commit", "--quiet", "--rm", container, BASE)

    def build(self, tag):
        self.do(
            "bud", "--format", "docker", "--pull-never", "--network", "host", "--timestamp", EPOCH,
            "--build-arg", f"SOURCE_DATE_EPOCH={EPOCH}", "--file", "deploy/Dockerfile",
            "--ignorefile", "deploy/Dockerfile.dockerignore", "--tag", tag, ".", cwd=ROOT,
        )  # fmt: skip

    def mount(self, tag):
        return self.do("mount", self.do("from", "--pull-never", tag))

    def about(self, tag):
        return json.loads(self.do("inspect", "--type", "image", tag))


outcome = []


def built():
    """(builder, root of the first build, root of the second); tried once."""
    if not outcome:
        try:
            outcome.append(build_twice())
        except Exception as failure:
            outcome.append(failure)
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def build_twice():
    systems.need_mounts()
    folder = stack.enter_context(systems.scratch())
    builder = Builder(folder)
    harness.own(lambda: builder.do("rm", "--all"))
    base = os.path.join(folder, "base")
    os.mkdir(base)
    builder.make_base(base)
    for tag in ("postern:first", "postern:second"):
        builder.build(tag)
    return builder, builder.mount("postern:first"), builder.mount("postern:second")


def entries(root):
    """{path: what there is to say of it}: kind and mode, owner, time, and the bytes."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            about = os.lstat(path)
            said = [oct(about.st_mode), about.st_uid, about.st_gid, int(about.st_mtime)]
            if stat.S_ISLNK(about.st_mode):
                said.append(os.readlink(path))
            elif stat.S_ISREG(about.st_mode):
                with open(path, "rb") as file:
                    said.append(hashlib.sha256(file.read()).hexdigest())
            found[os.path.relpath(path, root)] = said
    return found


@case("two builds have the same bytes, and the same digest")
def reproducible():
    builder, first, second = built()
    one, other = entries(first), entries(second)
    check_equal([path for path in sorted({*one, *other}) if one.get(path) != other.get(path)], [])
    layers = [builder.about(tag)["OCIv1"]["rootfs"]["diff_ids"] for tag in ("postern:first", "postern:second")]
    check_equal(layers[0], layers[1])


@case("it is under 30 MB, with one program and no shell, and nothing is another's to write")
def contents():
    _, root, _ = built()
    total = 0
    programs = []
    for path in entries(root):
        about = os.lstat(os.path.join(root, path))
        total += about.st_size if stat.S_ISREG(about.st_mode) else 0
        if stat.S_ISREG(about.st_mode) and about.st_mode & 0o111:
            programs.append(path)
        check(stat.S_ISLNK(about.st_mode) or not about.st_mode & 0o7022, path)
    check(total < MAX_BYTES, f"{total} bytes")
    check_equal([path for path in programs if "/ld-linux" not in path], ["usr/bin/postern"])


@case("it says who runs what, and how it is asked for its health")
def configuration():
    builder, _, _ = built()
    config = builder.about("postern:first")["Docker"]["config"]
    check_equal(config["User"], USER)
    check_equal((config["Entrypoint"], config["Cmd"]), ([PROGRAM], ["serve"]))
    check_equal(config["Healthcheck"]["Test"], ["CMD", PROGRAM, "livez"])
    check_equal(config["Labels"]["org.opencontainers.image.licenses"], "MIT")
    _, version, _ = gateway.run("--version")
    check_equal(config["Labels"]["org.opencontainers.image.version"], version.split()[1])


@case("the bill of materials is valid SPDX, and names the package of each library")
def materials():
    _, root, _ = built()
    path = os.path.join(root, "usr/share/sbom/postern.spdx.json")
    with open(path, encoding="utf-8") as file:
        bill = json.load(file)
    names = {package["name"] for package in bill["packages"]}
    check({"postern", "ca-certificates", "libc6", "libssl3t64", "libmicrohttpd12t64"} <= names, sorted(names))
    check_equal(set(os.listdir(os.path.join(root, "usr/share/doc"))), names)
    [postern] = [package for package in bill["packages"] if package["name"] == "postern"]
    with open(root + PROGRAM, "rb") as file:
        check_equal(postern["checksums"][0]["checksumValue"], hashlib.sha256(file.read()).hexdigest())
    run_tool(tool("pyspdxtools"), "--infile", path)


@case("the loader finds every library, and each library is one that it finds")
def libraries():
    _, root, _ = built()
    [loader] = [path for path in entries(root) if "/ld-linux" in path]
    said = systems.must_run_in(root, f"/{loader}", "--list", PROGRAM, read_only=True)
    there = {os.path.basename(path) for path in entries(root) if ".so" in path}
    found = {os.path.basename(word) for word in said.split() if word.startswith("/")}
    check("not found" not in said, said)
    check_equal(found, there)


@case("it runs read-only as its user, sends a mail, answers its health check, and ends by SIGTERM")
def running():
    _, root, _ = built()
    port, admin, smtp = (gateway.free_port() for _ in range(3))
    options = {
        "POSTERN_LISTEN": f"127.0.0.1:{port}",
        "POSTERN_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        "POSTERN_SANDBOX_SMTP_LISTEN": f"127.0.0.1:{smtp}",
    }
    image = {"user": USER, "read_only": True, "environment": options}
    with systems.Service(root, PROGRAM, "sandbox", **image) as service:
        harness.eventually(lambda: "msg=listening" in service.said(), 20, "listening")
        check_equal(systems.send(port)["delivery"], "sent", service.said())
        check_equal(systems.run_in(root, PROGRAM, "livez", **image), (0, "ok\n"))
        check_equal(systems.run_in(root, PROGRAM, "readyz", **image), (0, "ok\n"))
        about = service.status()
        check_equal(about["Uid"].split(), ["65532"] * 4)
        check_equal((about["NoNewPrivs"], about["Seccomp"]), ("1", "2"))
        check("msg=confined" in service.said(), service.said())
    check("level=error" not in service.said(), service.said())


@case("a relay with a certificate of the public authorities could be verified: they are all there, by their hashes")
def authorities():
    _, root, _ = built()
    hashes = os.listdir(os.path.join(root, "etc/ssl/certs"))
    check(len(hashes) > 100 and all(name.split(".")[1].isdigit() for name in hashes), len(hashes))
    status, said = systems.run_in(
        root, PROGRAM, "check", user=USER, read_only=True, environment={"POSTERN_SMTP_URL": "smtps://127.0.0.1:1"}
    )
    check_equal(status, 69)
    check("refused" in said and "CA certificates" not in said, said)


if __name__ == "__main__":
    with contextlib.ExitStack() as stack:
        main(jobs=1)
