"""The scene of most tests: an edge node between a client and two backend hosts.

    client 192.0.2.1 ------- service0 192.0.2.53 edge --- 198.51.100.10 eu (primary's backend)
    2001:db8:53::1           2001:db8:53::53          \\-- 203.0.113.10  us (secondary's backend)
"""
import pathlib
import shutil

from backend import Backend
from client import Client
from edge import Edge
from network import Namespace, connect
from process import eventually

SERVICE4, SERVICE6 = "192.0.2.53", "2001:db8:53::53"
EU4, US4 = "198.51.100.10", "203.0.113.10"
EU6, US6 = "2001:db8:a::10", "2001:db8:b::10"
ZONE = (pathlib.Path(__file__).parent / "example.com.zone").read_text()

# A detection of 3 * 100 ms, so that a test of a failover takes half a second.
CONFIG = """\
instance: edge1
zones:
  - {name: example.com, file: example.com.zone}
health_checks:
  eu: {type: http, address: 198.51.100.10, port: 80, path: /healthz, interval: 100ms, timeout: 300ms,
       failure_threshold: 3, success_threshold: 3}
  us: {type: tcp, address: 203.0.113.10, port: 80, interval: 100ms, timeout: 300ms}
failover_groups:
  app:
    primary:   {health_check: eu}
    secondary: {health_check: us}
    records:
      - {name: app.example.com, type: A, ttl: 30, primary: [198.51.100.10], secondary: [203.0.113.10]}
      - {name: app.example.com, type: AAAA, ttl: 30,
         primary: ["2001:db8:a::10"], secondary: ["2001:db8:b::10"]}
      - {name: example.com, type: TXT, ttl: 30, primary: '"eu" "site"', secondary: '"us"'}
      - {name: "*.pop.example.com", type: MX, ttl: 30,
         primary: [10 eu1.example.net., 20 eu2.example.net.], secondary: 10 us.example.net.}
      - {name: move.example.com, type: CNAME, ttl: 30,
         primary: app.example.com., secondary: chain.example.com.}
      - {name: svc.example.com, type: HTTPS, ttl: 30,
         primary: "1 . alpn=h2,h3 ipv4hint=198.51.100.10", secondary: 0 app.example.com.}
"""

# For tests that change sides again and again, which damping is there to prevent.
UNDAMPED = CONFIG.replace("    records:\n", "    failback: {damping: {max: 0s}}\n    records:\n")


class Scene:
    """Hosts and cables are there at once; programs are started by the test."""

    def __init__(self, folder, queues=1, shm_parent="/dev/shm"):
        self._hosts = [Namespace(host) for host in ("edge", "client", "eu", "us")]
        edge, client, eu, us = self._hosts
        connect(edge, "service0", client, "eth0", queues)
        connect(edge, "eu0", eu, "eth0")
        connect(edge, "us0", us, "eth0")
        edge.address("service0", f"{SERVICE4}/24", f"{SERVICE6}/64")
        client.address("eth0", "192.0.2.1/24", "2001:db8:53::1/64")
        edge.address("eu0", "198.51.100.1/24", "2001:db8:a::1/64")
        eu.address("eth0", f"{EU4}/24", f"{EU6}/64")
        edge.address("us0", "203.0.113.1/24", "2001:db8:b::1/64")
        us.address("eth0", f"{US4}/24", f"{US6}/64")
        self.edge = Edge(edge, folder, shm_parent).configure(CONFIG, example_com_zone=ZONE)
        self.client = Client(client, SERVICE4, SERVICE6)
        self.eu = Backend(eu, "eu", folder)
        self.us = Backend(us, "us", folder)

    # The port that most tests use, and the kernel's TCP beside it.
    port = ("--port", "af_xdp:service0", "--address", SERVICE4, "--address", SERVICE6,
            "--listen", f"{SERVICE4}:53", "--listen", f"[{SERVICE6}]:53")

    def start(self):
        """Everything up and seen by each other, the primary answered."""
        self.eu.start()
        self.us.start()
        self.edge.start_control()
        self.edge.start_dataplane(*self.port)
        self.edge.control_sees_dataplane()
        return self

    def becomes(self, address, within_s=5):
        """Waits until app.example.com is answered with this address alone."""
        def answered():
            return self.client.lookup_once("app.example.com", 1)
        eventually(lambda: answered() == [address], within_s,
                   lambda: f"app.example.com is {address}; it is {answered()}\n{self.edge.logs()}")

    def resolver(self, address):
        """The edge's programs resolve names there (`ip netns exec` mounts it over /etc)."""
        folder = pathlib.Path("/etc/netns", self.edge.host.name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {address}\n")

    def remove(self):
        self.edge.remove()
        shutil.rmtree(pathlib.Path("/etc/netns", self.edge.host.name), ignore_errors=True)
        for host in self._hosts:
            host.remove()
