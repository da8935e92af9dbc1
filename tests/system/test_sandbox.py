"""What the threads of a dataplane may still do once it serves, and that it serves all the same."""
import os
import pathlib
import re
import socket
import stat
import subprocess

import dns.message
import pytest
from client import addresses
from edge import BUILD, DATAPLANE
from process import Process, eventually
from scene import EU4, SERVICE4, SERVICE6, US4

NET_BIND_SERVICE, NET_ADMIN, NET_RAW, IPC_LOCK, PERFMON, BPF = 10, 12, 13, 14, 38, 39  # linux/capability.h
NOBODY = 65534


def facts(pid):
    """Of each thread, what /proc says: {"Name": ..., "CapPrm": ..., "Seccomp": ...}"""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        text = pathlib.Path(f"/proc/{pid}/task/{thread}/status").read_text(encoding="utf-8")
        found[int(thread)] = dict(re.findall(r"^(\w+):\t(.*)$", text, re.MULTILINE))
    return found


def capabilities(thread):
    """Those in any of its sets that could come into use."""
    held = 0
    for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        held |= int(thread[name], 16)
    return {number for number in range(64) if held >> number & 1}


def is_worker(thread):
    return re.match(r"rte-worker-|lcore-worker-|listen$", thread["Name"]) is not None


def is_confined(thread, keeps):
    # One filter for all threads, and one more for those that read what strangers send.
    return (capabilities(thread) <= keeps | {IPC_LOCK} and thread["NoNewPrivs"] == "1" and
            thread["Seccomp"] == "2" and
            thread["Seccomp_filters"] == ("2" if is_worker(thread) else "1"))


def expect_confined(pid, main_keeps, workers=2):
    """Every thread, by its own account; so many answer queries.

    Each confines itself before its first query, which may be after the program said that it is ready.
    """
    def loose():
        threads = facts(pid)
        if sum(map(is_worker, threads.values())) != workers:
            return threads
        return {number: thread for number, thread in threads.items()
                if not is_confined(thread, main_keeps if number == pid else set())}
    eventually(lambda: not loose(), 5, loose)


def test_over_af_xdp_only_the_main_thread_keeps_what_its_port_needs(running):
    dataplane = running.edge.dataplane
    expect_confined(dataplane.pid, {NET_ADMIN, NET_RAW, PERFMON, BPF})
    assert "the main thread keeps cap_net_admin cap_net_raw" in dataplane.tail()
    assert running.client.lookup("app.example.com", "AAAA", family=6)
    query = dns.message.make_query("app.example.com", "A")
    assert addresses(running.client.ask_tcp(query)) == [EU4]
    running.eu.stop()
    running.becomes(US4)
    assert dataplane.terminate() == 0, "it can take its program off the interface"
    assert "xdp" not in running.edge.host.run("ip", "link", "show", "dev", "service0").stdout


def test_kernel_sockets_alone_keep_nothing(scene):
    scene.eu.start()
    scene.edge.start_control()
    scene.edge.start_dataplane("--listen", f"{SERVICE4}:53", "--listen", f"[{SERVICE6}]:53")
    expect_confined(scene.edge.dataplane.pid, set(), workers=1)
    for _ in range(100):
        assert scene.client.lookup("app.example.com") == [EU4]
    query = dns.message.make_query("app.example.com", "A")
    assert addresses(scene.client.ask_tcp(query)) == [EU4]


def test_without_the_sandbox_everything_stays(scene):
    scene.edge.start_dataplane("--listen", f"{SERVICE4}:53", "--no-sandbox")
    threads = facts(scene.edge.dataplane.pid)
    assert {thread["Seccomp"] for thread in threads.values()} == {"0"}
    assert all(NET_ADMIN in capabilities(thread) for thread in threads.values())
    assert "--no-sandbox" in scene.edge.dataplane.tail()


def test_memory_is_locked_or_the_log_says_what_helps(scene, tmp_path):
    scene.edge.start_dataplane(*scene.port)
    assert "memory is locked" in scene.edge.dataplane.tail()
    threads = facts(scene.edge.dataplane.pid)
    assert int(threads[scene.edge.dataplane.pid]["VmLck"].split()[0]) > 50_000
    scene.edge.dataplane.terminate()
    poor = Process(scene.edge.host, tmp_path / "poor.log", "setpriv", "--bounding-set", "-ipc_lock",
                   "prlimit", "--memlock=65536:65536", DATAPLANE, "--instance", "poor",
                   "--shm-dir", scene.edge.shm, "--listen", "127.0.0.1:5353")
    eventually(lambda: " ready: " in poor.tail(), 10, poor.tail)
    assert "LimitMEMLOCK=infinity" in poor.tail()
    assert poor.terminate() == 0
