"""A clean Debian 12 in a folder, under its own systemd: where packages are tried.

Used by: test_packages.py. The machine's own network and services are not touched: the root has a network
of its own, and packages come from where this machine's apt has them.
"""
import os
import pathlib
import shutil
import subprocess
import time

NOBODY = "65534"


def ended(*command, check=True, timeout_s=900, **options):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=timeout_s, **options)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-6000:]}"
    return done


def sources():
    """[(URI, suite)] of this machine's apt."""
    told = ended("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages")
    lines = sorted({tuple(line.split()) for line in told.stdout.splitlines()})
    assert lines, "apt of this machine knows no source"
    return lines


class CleanRoot:
    def __init__(self, folder):
        self.folder = folder
        self.name = f"us-{os.getpid()}"
        self._nspawn = None
        self._hosts = []
        found = sources()
        uri = next(uri for uri, suite in found if suite == "bookworm")
        ended("debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,iproute2,man-db",
              "bookworm", folder, uri)
        (folder / "etc/apt/sources.list").write_text(
            "".join(f"deb {uri} {suite} main\n" for uri, suite in found))
        self.chroot("apt-get", "update")

    def chroot(self, *command, **options):
        """In the root, with this machine's network: for apt's downloads."""
        shutil.copy("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        return ended("chroot", self.folder, *command,
                     env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                          "LC_ALL": "C"}, **options)

    # --- a running system

    def boot(self):
        self._nspawn = subprocess.Popen(
            ["systemd-nspawn", f"--directory={self.folder}", "--register=no", "--keep-unit", "--boot",
             "--private-network", f"--machine={self.name}", "--console=pipe",
             # What a dataplane may do on a host, which containers are usually denied.
             "--capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_BPF,CAP_PERFMON,CAP_IPC_LOCK",
             "--system-call-filter=bpf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        self.wait_until(lambda: self.leader() and self.inside("systemctl", "is-system-running", check=False)
                        .stdout.strip() in ("running", "degraded"), "the system runs")
        # All of /sys, as on a host (DPDK wants to see /sys/module), and the groups of the container in it.
        self.inside("sh", "-ec", "mkdir /run/groups; mount --rbind /sys/fs/cgroup /run/groups; "
                    "mount -t sysfs -o ro sysfs /sys; mount --rbind /run/groups /sys/fs/cgroup")

    def leader(self):
        """The process id of the root's systemd."""
        children = pathlib.Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text()
        return children.split()[0] if children.split() else None

    def inside(self, *command, user=None, **options):
        """A command in the running system."""
        as_user = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
        return ended("nsenter", "-t", self.leader(), "-m", "-u", "-i", "-n", "-p", "-C", *as_user, *command,
                     env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                          "DEBIAN_FRONTEND": "noninteractive"}, **options)

    def in_its_network(self, *command, **options):
        """A program of this machine, in the network of the root."""
        return ended("nsenter", "-t", self.leader(), "-n", *command, **options)

    def cable(self, interface, address, client_address):
        """A veth pair from a host of its own to the root; returns how to run a program on that host."""
        host = f"{self.name}-client"
        ended("ip", "netns", "add", host)
        self._hosts.append(host)
        ended("ip", "link", "add", "eth0", "netns", host, "type", "veth", "peer", "name", interface,
              "netns", self.leader())
        self.inside("ip", "address", "add", address, "dev", interface)
        self.inside("ip", "link", "set", interface, "up")
        ended("ip", "-n", host, "address", "add", client_address, "dev", "eth0")
        ended("ip", "-n", host, "link", "set", "eth0", "up")
        return lambda *command, **options: ended("ip", "netns", "exec", host, *command, **options)

    def is_active(self, service):
        return self.inside("systemctl", "is-active", service, check=False).stdout.strip()

    def journal(self, service):
        return self.inside("journalctl", "--no-pager", "-u", service, check=False).stdout[-6000:]

    @staticmethod
    def wait_until(condition, what, within_s=30):
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {within_s} s: {what() if callable(what) else what}"
            time.sleep(0.05)

    def remove(self):
        for host in self._hosts:
            ended("ip", "netns", "delete", host, check=False)
        if self._nspawn:
            self._nspawn.terminate()
            try:
                self._nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
