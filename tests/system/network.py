"""Network namespaces and the veth links between them: the hosts of a system test.

Everything a test makes lives inside namespaces named us-<pid of pytest>-<number>-<host>; the network of the
machine itself is never touched. What a killed run left behind is removed by the next one.
"""
import contextlib
import ctypes
import itertools
import os
import re
import signal
import socket
import subprocess

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_COUNT = itertools.count(1)
_OURS = re.compile(r"^us-(\d+)-")


def run(*command, check=True, timeout_s=60, **options):
    """Runs a command to its end; its output is in the error when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout_s, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done


class Namespace:
    """A host: its own interfaces, addresses, routes and processes."""

    def __init__(self, host):
        self.name = f"us-{os.getpid()}-{next(_COUNT)}-{host}"
        run("ip", "netns", "add", self.name)
        self.run("ip", "link", "set", "lo", "up")
        # Addresses are ours alone: no waiting for duplicate address detection.
        self.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0",
                 "net.ipv6.conf.all.accept_dad=0")

    def command(self, *command):
        return ("ip", "netns", "exec", self.name, *map(str, command))

    def run(self, *command, **options):
        return run(*self.command(*command), **options)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is on this host; sockets it makes now stay there."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.name}", "rb") as there:
            _set_namespace(there)
            try:
                yield
            finally:
                _set_namespace(home)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM, protocol=0):
        with self.entered():
            return socket.socket(family, kind, protocol)

    def address(self, interface, *addresses):
        for address in addresses:
            family = "-6" if ":" in address else "-4"
            self.run("ip", family, "address", "add", address, "dev", interface)

    def mac(self, interface):
        return self.run("cat", f"/sys/class/net/{interface}/address").stdout.strip()

    def remove(self):
        remove(self.name)


def _set_namespace(file):
    if _LIBC.setns(file.fileno(), _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def connect(left, left_interface, right, right_interface, queues=1):
    """A cable: a veth pair whose ends exist only inside the two namespaces."""
    count = ("numrxqueues", str(queues), "numtxqueues", str(queues))
    run("ip", "link", "add", left_interface, "netns", left.name, *count, "type", "veth",
        "peer", "name", right_interface, "netns", right.name, *count)
    for host, interface in ((left, left_interface), (right, right_interface)):
        host.run("ip", "link", "set", interface, "up")


def remove(name):
    """Ends every process of a namespace, and the namespace."""
    for pid in run("ip", "netns", "pids", name, check=False).stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    run("ip", "netns", "delete", name, check=False)


def remove_leftovers():
    """Removes the namespaces of test runs that are not alive any more."""
    for line in run("ip", "netns", "list").stdout.splitlines():
        match = _OURS.match(line)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            remove(line.split()[0])
