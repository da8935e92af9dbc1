"""What a user's own resolver makes of our answers: Unbound resolves through the edge node."""
import pytest
from client import Client
from process import Process, eventually
from scene import EU4, SERVICE4, US4

PORT = 5353

CONFIG = f"""\
server:
  interface: 127.0.0.1
  port: {PORT}
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "{{folder}}"
  pidfile: "{{folder}}/unbound.pid"
  module-config: "iterator"
  do-ip6: no
  num-threads: 1
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  qname-minimisation: yes
  use-caps-for-id: yes
  harden-below-nxdomain: yes
  harden-referral-path: no
  local-zone: "test." transparent
stub-zone:
  name: "example.com"
  stub-addr: {SERVICE4}
remote-control:
  control-enable: no
"""


@pytest.fixture
def resolver(running, tmp_path):
    """A client of Unbound, which keeps nothing, mixes the case of names and minimises them."""
    (tmp_path / "unbound.conf").write_text(CONFIG.format(folder=tmp_path))
    host = running.client.host
    unbound = Process(host, tmp_path / "unbound.log", "unbound", "-d", "-c", tmp_path / "unbound.conf")
    resolver = Client(host, "127.0.0.1", port=PORT)
    try:
        eventually(lambda: resolver.lookup_once("www.example.com", 0.5), 20,
                   lambda: f"unbound resolves\n{unbound.tail()}")
        yield resolver
    finally:
        unbound.kill()


# {name, type, rcode, what the answer holds}
RESOLVED = [
    ("app.example.com", "A", "NOERROR", [EU4]),
    ("alias.example.com", "A", "NOERROR", ["192.0.2.80", "192.0.2.81"]),
    ("chain.example.com", "AAAA", "NOERROR", ["2001:db8::80"]),
    ("any.thing.wild.example.com", "A", "NOERROR", ["192.0.2.99"]),
    ("deep.below.empty.example.com", "A", "NOERROR", ["192.0.2.97"]),
    ("below.empty.example.com", "A", "NOERROR", []),
    ("host.moved.example.com", "A", "NOERROR", ["192.0.2.96"]),
    ("dangling.example.com", "A", "NXDOMAIN", []),
    ("nothing.example.com", "A", "NXDOMAIN", []),
    ("big.example.com", "TXT", "NOERROR", []),
]


def test_every_kind_of_answer_is_resolved(resolver):
    for name, rdtype, rcode, wanted in RESOLVED:
        answer = resolver.answer(name, rdtype, use_edns=True, payload=4096)
        got = sorted(record.address for records in answer.answer for record in records
                     if hasattr(record, "address"))
        assert (rcode, wanted) == (answer.rcode().name, got), f"{name} {rdtype}\n{answer}"
    assert resolver.answer("big.example.com", "TXT", use_edns=True, payload=4096).answer


def test_a_failover_is_seen_through_a_resolver(running, resolver):
    running.eu.stop()
    eventually(lambda: resolver.lookup("app.example.com") == [US4], 5, "the secondary is resolved")
    running.eu.start()
    eventually(lambda: resolver.lookup("app.example.com") == [EU4], 5, "the primary is resolved")
