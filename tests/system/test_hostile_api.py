"""Clients of the Unix socket that hang, dribble, hang up half way or never read: by the thousand, and failover
goes on in time. Those of the TCP side are in test_api.py."""
import resource
import socket
import time

import pytest
from network import run
from process import eventually
from scene import EU4, US4

CONNECTIONS = 2000
# What a client sends before it falls silent, and whether it hangs up half way.
MANNERS = [
    (b"", False),
    (b"GET /v1/st", False),
    (b"GET /v1/status HTTP/1.1\r\nX: " + b"a" * 16_000, False),  # just within the header's limit
    (b"POST /v1/configuration/plan HTTP/1.1\r\nHost: x\r\nContent-Length: 300000000\r\n\r\n{", False),
    (b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n", False),
    (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50, False),  # and takes none of the answers
    (b"GET /v1/events?wait=60s&after=1000000 HTTP/1.1\r\nHost: x\r\n\r\n", True),
    (b"\x00\xff" * 500, True),
    (b"", True),
]


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * CONNECTIONS), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def hang(path, number):
    """A connection that misbehaves, left open; None when there was no place even to wait."""
    sent, half_closed = MANNERS[number % len(MANNERS)]
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    try:
        client.connect(str(path))
        client.send(sent)
        if half_closed:
            client.shutdown(socket.SHUT_WR)
    except BlockingIOError:  # the listener's queue is full
        client.close()
        return None
    except (BrokenPipeError, ConnectionResetError, OSError):
        pass  # it was sent away at once: as good as any
    return client


def test_two_thousand_hanging_connections_delay_no_failover_and_let_the_operator_in(running, many_descriptors):
    edge = running.edge
    clients = []
    try:
        while len(clients) < CONNECTIONS:
            client = hang(edge.socket, len(clients))
            if client is None:
                time.sleep(0.01)
            else:
                clients.append(client)
        began = time.monotonic()
        running.eu.stop()
        running.becomes(US4)
        assert time.monotonic() - began < 2, "three probes at 100 ms, each of at most 300 ms"
        # Most of them have asked nothing, and make room; those that have are closed after 10 s.
        eventually(lambda: edge.ctl("status").returncode == 0, 15, "the operator gets in")
        assert edge.ctl("checks").returncode == 0
        running.eu.start()
        running.becomes(EU4)
        assert edge.inspect()["control"]["stale"] is False
        open_files = len(run("ls", f"/proc/{edge.control.pid}/fd").stdout.split())
        assert open_files < 200, f"{open_files} descriptors: each connection of {CONNECTIONS} has kept one"
    finally:
        for client in clients:
            client.close()
    assert edge.ctl("groups").returncode == 0
