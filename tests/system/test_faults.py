"""Things that happen to an edge node: each ends in service, or in a sentence that says what to do."""
import datetime
import mmap
import pathlib
import re
import signal
import socket
import time

import dns.message
import pytest
from client import Watcher
from edge import DATAPLANE
from network import connect, run
from process import Process, eventually
from scene import EU4, SERVICE4, SERVICE6, US4, UNDAMPED

MAP_HUGETLB = 0x40000  # mmap(2); this Python does not name it
LIBFAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def burst(scene, count):
    """Sends so many queries while the dataplane is stopped; returns the socket they went out of."""
    sock = scene.client.host.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.settimeout(1)
    sock.connect((SERVICE4, 53))
    scene.edge.dataplane.signal(signal.SIGSTOP)
    for number in range(count):
        query = dns.message.make_query("app.example.com", "A")
        query.id = number
        sock.send(query.to_wire())
    return sock


def answered(sock):
    seen = set()
    try:
        while True:
            seen.add(sock.recv(4096)[:2])
    except (TimeoutError, ConnectionRefusedError):
        return len(seen)


@pytest.mark.parametrize("way", ["port", "kernel sockets"])
def test_what_was_received_before_sigterm_is_answered(scene, way):
    scene.eu.start()
    scene.us.start()
    scene.edge.start_control()
    scene.edge.start_dataplane(*(scene.port if way == "port" else ("--listen", f"{SERVICE4}:53")))
    scene.becomes(EU4)
    with burst(scene, 1000) as sock:
        scene.edge.dataplane.signal(signal.SIGTERM)
        scene.edge.dataplane.signal(signal.SIGCONT)
        assert scene.edge.dataplane.exit_code() == 0
        assert answered(sock) == 1000


def down_and_up(scene):
    scene.edge.host.run("ip", "link", "set", "service0", "down")
    eventually(lambda: "it is down" in scene.edge.dataplane.tail(), 5, scene.edge.dataplane.tail)
    scene.edge.host.run("ip", "link", "set", "service0", "up")
    scene.edge.host.address("service0", f"{SERVICE6}/64")  # which went with the link


def removed_and_made_anew(scene):
    scene.edge.host.run("ip", "link", "delete", "service0")
    eventually(lambda: "there is no interface" in scene.edge.dataplane.tail(), 5,
               scene.edge.dataplane.tail)
    connect(scene.edge.host, "service0", scene.client.host, "eth0")
    scene.edge.host.address("service0", f"{SERVICE4}/24", f"{SERVICE6}/64")
    scene.client.host.address("eth0", "192.0.2.1/24", "2001:db8:53::1/64")
    eventually(lambda: "opened again" in scene.edge.dataplane.tail(), 10, scene.edge.dataplane.tail)


def another_mac(scene):
    scene.edge.host.run("ip", "link", "set", "service0", "address", "02:00:00:00:00:53")
    scene.client.host.run("ip", "neigh", "flush", "all")


def another_mtu(scene):
    scene.edge.host.run("ip", "link", "set", "service0", "mtu", "1400")


@pytest.mark.parametrize("fault", [down_and_up, removed_and_made_anew, another_mac, another_mtu])
def test_it_serves_after(running, fault):
    fault(running)
    running.becomes(EU4)
    before = running.edge.outcomes()["positive"]
    for family in (4, 6):
        assert running.client.lookup("app.example.com", family=family) == [EU4]
    eventually(lambda: running.edge.outcomes()["positive"] >= before + 2, 3,
               lambda: f"through the port, not the kernel: {running.edge.outcomes()}")
    running.eu.stop()
    running.becomes(US4)


def test_more_receive_queues_are_said_and_every_query_is_answered(make_scene):
    scene = make_scene(queues=2)
    host, client = scene.edge.host, scene.client.host
    client.run("ethtool", "-L", "eth0", "tx", "1")  # a veth's other end sends to as many
    host.run("ethtool", "-L", "service0", "rx", "1")
    scene.start()
    host.run("ethtool", "-L", "service0", "rx", "2")
    client.run("ethtool", "-L", "eth0", "tx", "2")
    eventually(lambda: "on 2 queues now" in scene.edge.dataplane.tail(), 5,
               scene.edge.dataplane.tail)
    for number in range(100):  # another source port each time
        assert scene.client.lookup("app.example.com", family=(4, 6)[number % 2]) == [EU4]
    client.run("ethtool", "-L", "eth0", "tx", "1")
    host.run("ethtool", "-L", "service0", "rx", "1")
    eventually(lambda: "receives again" in scene.edge.dataplane.tail(), 5,
               scene.edge.dataplane.tail)


@pytest.fixture
def hugepages():
    """Says how many hugepages of 2 MB are free; the machine has as many as before afterwards."""
    total = pathlib.Path("/proc/sys/vm/nr_hugepages")
    before = total.read_text()

    def offer(count):
        pages = dict(re.findall(r"HugePages_(\w+): +(\d+)", pathlib.Path("/proc/meminfo").read_text()))
        wanted = count and count + int(pages["Total"]) - int(pages["Free"])
        run("sysctl", "-q", "vm.drop_caches=1", "vm.compact_memory=1")  # room in one piece
        total.write_text(str(wanted))
        assert int(total.read_text()) == wanted, "this machine has no memory for so many"

    yield offer
    total.write_text(before)


ENOUGH = 128  # more than twice what a port with one queue takes


@pytest.mark.parametrize("free", [0, 8])
def test_without_enough_hugepages_it_says_so_and_serves(scene, hugepages, free):
    hugepages(free)
    scene.start()
    assert f"without hugepages: only {2 * free} MB of them are free" in scene.edge.dataplane.tail()
    scene.becomes(EU4)


def test_hugepages_that_another_program_has_reserved_are_not_counted_on(scene, hugepages):
    """They count as free in the kernel until they are touched."""
    hugepages(ENOUGH)
    with mmap.mmap(-1, ENOUGH << 21, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_HUGETLB):
        scene.start()
        assert "without hugepages: only 0 MB of them are free" in scene.edge.dataplane.tail()
        scene.becomes(EU4)


def test_hugepages_are_used_without_a_mount_and_may_be_taken_away(scene, hugepages):
    hugepages(ENOUGH)
    scene.eu.start()
    scene.edge.start_control()
    scene.edge.dataplane = Process(
        scene.edge.host, scene.edge.dataplane_log, "unshare", "--mount", "sh", "-c",
        'umount -a -t hugetlbfs; exec "$0" "$@"', DATAPLANE, "--instance", scene.edge.instance,
        "--shm-dir", scene.edge.shm, *scene.port)
    eventually(scene.edge.is_ready, 20, scene.edge.logs)
    assert "in hugepages" in scene.edge.dataplane.tail()
    scene.becomes(EU4)
    hugepages(0)
    scene.becomes(EU4)
    scene.edge.dataplane.kill()
    scene.edge.start_dataplane(*scene.port)
    assert "without hugepages: only 0 MB of them are free" in scene.edge.dataplane.tail()
    scene.becomes(EU4)


@pytest.fixture
def tiny(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=64k", "us-tiny", place)
    yield place
    run("umount", "-l", place)


def test_shared_memory_without_room_is_a_sentence(scene, tiny):
    scene.edge.shm.rmdir()
    scene.edge.shm = tiny
    (tiny / "filler").write_bytes(b"x" * 40_000)
    dataplane = scene.edge.start_dataplane(*scene.port, wait=False)
    assert dataplane.exit_code() == 1
    assert "No space left" in dataplane.tail() and str(tiny) in dataplane.tail()


@pytest.mark.parametrize("options", ["size=1k", "ro"], ids=["full", "read-only"])
def test_a_state_directory_that_cannot_be_written_is_said_and_stops_nothing(scene, options):
    place = scene.edge.folder / "state"
    place.mkdir()
    run("mount", "-t", "tmpfs", "-o", options, "us-state", place)
    try:
        scene.start()
        log = scene.edge.control_log.read_text()
        assert "not durable" in log and str(place) in log, log
        scene.becomes(EU4)
        scene.eu.stop()
        scene.becomes(US4)
    finally:
        scene.edge.control.kill()
        run("umount", "-l", place)


@pytest.mark.parametrize("step", ["+3600", "-3600"])
def test_a_step_of_the_clock_by_an_hour_changes_no_answer(scene, monkeypatch, step):
    """Control alone sees the step (libfaketime): the clock of probes and heartbeats has no steps."""
    clock = scene.edge.folder / "clock"
    clock.write_text("+0")
    scene.edge.configure(UNDAMPED)
    scene.eu.start()
    scene.us.start()
    with monkeypatch.context() as environment:
        environment.setenv("LD_PRELOAD", LIBFAKETIME)
        environment.setenv("FAKETIME_TIMESTAMP_FILE", str(clock))
        environment.setenv("FAKETIME_NO_CACHE", "1")
        environment.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        scene.edge.start_control()
    scene.edge.start_dataplane(*scene.port)
    scene.becomes(EU4)
    with Watcher(scene.client, "app.example.com") as watcher:
        clock.write_text(step)
        time.sleep(3)  # absl::Now() asks the kernel every 2.1 s, and counts cycles between
    assert watcher.lost() == [] and watcher.answers() == {(EU4,)}
    assert not scene.edge.inspect()["control"]["stale"]
    now = datetime.datetime.now(datetime.timezone.utc)
    scene.eu.stop()
    scene.becomes(US4)
    told = datetime.datetime.fromisoformat(scene.edge.events()[-1]["time"].replace("Z", "+00:00"))
    assert abs((told - now).total_seconds() - int(step)) < 60, "it did see the step"
    scene.eu.start()
    scene.becomes(EU4)
    scene.edge.control.kill()
    for left in pathlib.Path("/dev/shm").glob(f"*faketime*_{scene.edge.control.pid}"):
        left.unlink()
