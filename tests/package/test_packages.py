"""Packages built, installed, upgraded, removed and purged in a clean root under its own systemd.

Only with --full: it builds a release. UNDERSTUDY_PACKAGES=FOLDER takes packages that are built already.
The tests are one story, told in order.
"""
import os
import pathlib
import re
import resource
import shutil
import subprocess

import pytest
from clean_root import NOBODY, CleanRoot, ended
from conftest import ROOT

SERVICES = ("understudy-control", "understudy-dataplane")
NAMES = ("understudy", "understudy-control", "understudy-dataplane", "understudy-load", "understudyctl")
OLDER = "0.0.1"
ON_LOOPBACK = "--instance edge1 --listen 127.0.0.1:53"
ON_A_CARD = f"{ON_LOOPBACK} --port af_xdp:service0 --address 192.0.2.53"
WITH_SOCKETS = f"{ON_A_CARD} --listen 192.0.2.53:53"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """{name: file} of what tools/package builds."""
    folder = pathlib.Path(os.environ.get("UNDERSTUDY_PACKAGES") or tmp_path_factory.mktemp("packages"))
    if "UNDERSTUDY_PACKAGES" not in os.environ:
        ended(ROOT / "tools/package", "--output", folder, timeout_s=4000)
    found = {file.name.split("_")[0]: file for file in folder.glob("*.deb") if "-dbgsym_" not in file.name}
    assert sorted(found) == sorted(NAMES)
    return found


def as_older(package, folder):
    """The same package with a lower version, and a default configuration that has changed since."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    ended("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"\b0\.1\.0\b", OLDER, control.read_text()))
    shipped = tree / "etc/understudy/understudy.yaml"
    if shipped.exists():
        shipped.write_text("# as it was shipped earlier\n" + shipped.read_text())
    ended("dpkg-deb", "--root-owner-group", "-b", tree, folder / f"{package.name.split('_')[0]}.deb")
    shutil.rmtree(tree)


@pytest.fixture(scope="module")
def root(packages, tmp_path_factory):
    """A clean root in which nothing of ours was ever installed; /new and /old hold the packages."""
    clean = CleanRoot(tmp_path_factory.mktemp("root") / "debian")
    try:
        for version in ("new", "old"):
            (clean.folder / version).mkdir()
        for package in packages.values():
            shutil.copy(package, clean.folder / f"new/{package.name.split('_')[0]}.deb")
            as_older(package, clean.folder / "old")
        # What they depend on comes first: the running system has no way out.
        told = clean.chroot("apt-get", "install", "--simulate", "--no-install-recommends",
                            *(f"/new/{name}.deb" for name in NAMES)).stdout
        clean.chroot("apt-get", "install", "--yes", "--no-install-recommends",
                     *sorted(set(re.findall(r"^Inst (\S+)", told, re.M)) - set(NAMES)))
        clean.boot()
        yield clean
    finally:
        clean.remove()


def traces(root):
    """Every path with our name in it, but for apt's own records of what it did; users and groups."""
    found = root.inside("find", "/", "-xdev", "-path", "/proc", "-prune", "-o", "-path", "/new", "-prune", "-o",
                        "-path", "/old", "-prune", "-o", "-path", "/var/log", "-prune", "-o",
                        "-path", "/var/cache", "-prune", "-o", "-iname", "*understudy*", "-print").stdout.split()
    # /run/groups holds the control groups of this machine (clean_root.py), which are nobody's files.
    found += root.inside("find", "/run", "/dev/shm", "-path", "/run/groups", "-prune", "-o",
                         "-iname", "*understudy*", "-print").stdout.split()
    found += re.findall(r"^understudy\S*", root.inside("getent", "passwd").stdout
                        + root.inside("getent", "group").stdout, re.M)
    return found


def install(root, folder, *options):
    root.inside("apt-get", "install", "--yes", "--no-install-recommends",
                "--allow-downgrades", *options, *(f"/{folder}/{name}.deb" for name in NAMES))


def answered(root, *question):
    return root.in_its_network("dig", "+short", "+time=1", "+tries=1", *question, check=False).stdout.strip()


def status(root):
    return root.inside("understudyctl", "status", check=False)


def test_an_installed_node_has_a_control_plane_that_serves_the_configuration_as_shipped(root):
    assert traces(root) == []
    install(root, "old")
    root.wait_until(lambda: status(root).returncode == 4, lambda: root.journal("understudy-control"))
    assert root.is_active("understudy-control") == "active"
    assert "no dataplane" in status(root).stdout.lower() or "dataplane" in status(root).stdout
    assert root.inside("understudyctl", "show", "example.invalid").returncode == 0


def test_the_dataplane_is_enabled_and_waits_until_it_is_told_what_to_serve(root):
    assert root.inside("systemctl", "is-enabled", "understudy-dataplane").stdout.strip() == "enabled"
    assert root.is_active("understudy-dataplane") == "inactive"
    assert root.inside("systemctl", "--failed", "--no-legend").stdout.strip() == ""


def test_an_operator_says_where_to_listen_and_it_answers(root):
    serve(root, ON_LOOPBACK)
    root.inside("systemctl", "start", "understudy-dataplane", check=False)
    question = ("@127.0.0.1", "example.invalid", "TXT")
    root.wait_until(lambda: "served by understudy" in answered(root, *question),
                    lambda: root.journal("understudy-dataplane"))
    assert "served by understudy" in answered(root, "+tcp", *question)
    root.wait_until(lambda: status(root).returncode == 0, lambda: status(root).stdout)


def serve(root, options):
    """The operator's hand: what the dataplane serves on."""
    default = root.folder / "etc/default/understudy-dataplane"
    default.write_text(re.sub(r'^UNDERSTUDY_DATAPLANE_OPTIONS=.*$', f'UNDERSTUDY_DATAPLANE_OPTIONS="{options}"',
                              default.read_text(), flags=re.M))


def test_it_answers_on_a_network_interface_without_being_root(root):
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[1] != resource.RLIM_INFINITY:
        # Where even root may not lift the limit of locked memory, LimitMEMLOCK= cannot either.
        drop_in = root.folder / "etc/systemd/system/understudy-dataplane.service.d/memory.conf"
        drop_in.parent.mkdir()
        drop_in.write_text("[Service]\nAmbientCapabilities=CAP_IPC_LOCK\nCapabilityBoundingSet=CAP_IPC_LOCK\n")
        root.inside("systemctl", "daemon-reload")
    on_client = root.cable("service0", "192.0.2.53/24", "192.0.2.1/24")
    serve(root, ON_A_CARD)
    root.inside("systemctl", "restart", "understudy-dataplane", check=False)

    def is_answered():
        return "served by" in on_client("dig", "+short", "+time=1", "+tries=1", "@192.0.2.53",
                                        "example.invalid", "TXT", check=False).stdout
    root.wait_until(is_answered, lambda: root.journal("understudy-dataplane"))
    # By the packet path: nothing listens on that address.
    assert "af_xdp:service0" in root.journal("understudy-dataplane")
    pid = root.inside("systemctl", "show", "--property=MainPID", "--value", "understudy-dataplane").stdout.strip()
    assert root.inside("stat", "--format=%U", f"/proc/{pid}").stdout.strip() == "understudy-dataplane"


def test_each_process_runs_as_its_own_user_and_owns_what_it_writes(root):
    for service in SERVICES:
        pid = root.inside("systemctl", "show", "--property=MainPID", "--value", service).stdout.strip()
        user = root.inside("stat", "--format=%U", f"/proc/{pid}").stdout.strip()
        assert user == service
        ours = root.inside("find", "/dev/shm/understudy/edge1", "-type", "f", "-user", service).stdout.split()
        assert ours != [], f"{service} wrote nothing"
    modes = root.inside("find", "/dev/shm/understudy/edge1", "-type", "f", "-printf", "%m %g\n").stdout
    assert set(modes.splitlines()) <= {"640 understudy", "600 understudy", "660 understudy"}, modes


def test_nobody_else_reads_or_writes_memory_state_or_socket(root):
    # Folders may be passed to reach the socket; nothing in them opens.
    for access in ("-readable", "-writable"):
        found = root.inside("find", "/dev/shm/understudy", "/var/lib/understudy", "/run/understudy",
                            "/run/understudy-dataplane", access, "-not", "-path", "/run/understudy",
                            user=NOBODY, check=False).stdout
        opened = [path for path in found.splitlines() if not path.startswith("find:")]
        assert opened == [], opened
    assert root.inside("understudyctl", "status", user=NOBODY, check=False).returncode == 3


def test_a_member_of_the_operators_group_drives_it_without_being_root(root):
    root.inside("useradd", "--groups", "understudy-admin", "ann")
    done = root.inside("runuser", "-u", "ann", "--", "understudyctl", "status", check=False)
    root.inside("userdel", "ann")
    assert done.returncode == 0, done.stdout


def test_every_page_and_every_file_named_in_them_is_there(root):
    for page in ("understudy-dataplane", "understudy-control", "understudyctl", "understudy-load",
                 "understudy.yaml"):
        # Small roots leave manual pages out when packages are unpacked: asked is what the packages hold.
        held = "".join(root.inside("dpkg", "-L", name).stdout for name in NAMES)
        assert re.search(rf"/man/man\d/{re.escape(page)}\.\d\.gz$", held, re.M)
    text = "".join(file.read_text() for file in ROOT.glob("**/*.8.scd") if "build" not in file.parts[-3])
    named = set(re.findall(r"/usr/(?:share|lib)/understudy/[\w./-]*\w", text.replace("\\", "")))
    named |= set(re.findall(r"/usr/share/doc/[\w./-]*\w", text))
    named = {path.rstrip("_") for path in named}  # which ends what is underlined
    assert len(named) >= 3 and named - set(held.split()) == set()


def test_a_killed_service_is_back_at_once(root):
    for service in SERVICES:
        before = root.inside("systemctl", "show", "--property=MainPID", "--value", service).stdout
        root.inside("systemctl", "kill", "--signal=KILL", service)
        root.wait_until(lambda: root.is_active(service) == "active" and before != root.inside(
            "systemctl", "show", "--property=MainPID", "--value", service).stdout,
            lambda: root.journal(service))
    root.wait_until(lambda: status(root).returncode == 0, lambda: status(root).stdout)


def test_an_upgrade_keeps_what_the_operator_wrote_and_takes_what_is_new_elsewhere(root):
    config = root.folder / "etc/understudy/understudy.yaml"
    root.inside("understudyctl", "freeze", "--reason", "upgrade")
    install(root, "new", "--option=Dpkg::Options::=--force-confold")
    assert root.inside("dpkg-query", "-W", "-f", "${Version}", "understudy-control").stdout == "0.1.0"
    assert "earlier" not in config.read_text()  # nobody had changed it: the new one
    assert ON_A_CARD in (root.folder / "etc/default/understudy-dataplane").read_text()
    root.wait_until(lambda: "served by understudy" in answered(root, "@127.0.0.1", "example.invalid", "TXT"),
                    lambda: root.journal("understudy-dataplane"))
    root.wait_until(lambda: all(root.is_active(service) == "active" for service in SERVICES),
                    lambda: root.journal("understudy-control"))
    assert "frozen" in status(root).stdout.lower()  # what an operator ordered went on
    root.inside("understudyctl", "thaw", check=False)


def main_pid(root, service):
    return root.inside("systemctl", "show", "--property=MainPID", "--value", service).stdout.strip()


def test_no_query_is_lost_while_the_packages_are_upgraded(root, tmp_path):
    (tmp_path / "questions").write_text("example.invalid TXT\n")
    # Between the ports of the two the kernel's sockets answer: dataplane/README.md, "Upgrade".
    serve(root, WITH_SOCKETS)
    root.inside("systemctl", "reload", "understudy-dataplane")
    before = main_pid(root, "understudy-dataplane")
    load = subprocess.Popen(["ip", "netns", "exec", f"{root.name}-client", "dnsperf", "-s", "192.0.2.53", "-d",
                             tmp_path / "questions", "-Q", "2000", "-l", "20", "-t", "2"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    install(root, "new", "--reinstall", "--option=Dpkg::Options::=--force-confold")
    said = load.communicate(timeout=60)[0]
    assert main_pid(root, "understudy-dataplane") not in (before, "0"), root.journal("understudy-dataplane")
    assert int(re.search(r"Queries sent: +(\d+)", said).group(1)) > 20000, said
    assert int(re.search(r"Queries lost: +(\d+)", said).group(1)) == 0, said
    assert root.is_active("understudy-dataplane") == "active"


def test_a_reload_whose_options_are_wrong_leaves_the_running_one(root):
    before = main_pid(root, "understudy-dataplane")
    serve(root, f"{WITH_SOCKETS} --no-such-option")
    assert root.inside("systemctl", "reload", "understudy-dataplane", check=False).returncode != 0
    assert main_pid(root, "understudy-dataplane") == before
    assert root.is_active("understudy-dataplane") == "active"
    assert "served by understudy" in answered(root, "@127.0.0.1", "example.invalid", "TXT")
    serve(root, WITH_SOCKETS)


def test_a_downgrade_works_as_well(root):
    install(root, "old", "--option=Dpkg::Options::=--force-confold")
    root.wait_until(lambda: status(root).returncode == 0, lambda: root.journal("understudy-control"))


def test_removed_packages_leave_configuration_and_state_and_serve_nothing(root):
    root.inside("apt-get", "remove", "--yes", *NAMES)
    assert answered(root, "@127.0.0.1", "example.invalid", "TXT").startswith(";;")
    left = traces(root)
    assert (root.folder / "etc/understudy/understudy.yaml").exists()
    assert (root.folder / "var/lib/understudy/edge1.db").exists()
    assert not [path for path in left if path.startswith(("/usr/bin", "/usr/sbin", "/usr/lib/systemd"))]


def test_after_a_purge_nothing_of_ours_is_left(root):
    # The others have no configuration: a removed one is gone.
    root.inside("apt-get", "purge", "--yes", *SERVICES)
    shutil.rmtree(root.folder / "etc/systemd/system/understudy-dataplane.service.d", ignore_errors=True)
    assert traces(root) == []
    assert root.inside("systemctl", "--failed", "--no-legend").stdout.strip() == ""
