"""A new dataplane takes the place of the running one, and nobody who asks notices."""
import json
import random
import re
import shutil
import struct
import threading
import time

import dns.message
import pytest
from client import Watcher, addresses
from edge import DATAPLANE, OK
from load import Dnsperf
from process import Process, eventually
from scene import EU4, US4

EU = (EU4,)
RATE_HZ = 20_000
ROOT_VERSION_AT = 56  # RootSegment::version


def start_next(edge, *more):
    """Starts another dataplane as an upgrade does; where it will serve is for the caller to see."""
    log = edge.folder / f"dataplane.{time.monotonic_ns()}.log"
    return Process(edge.host, log, DATAPLANE, "--instance", edge.instance, "--shm-dir", edge.shm,
                   *edge.dataplane_arguments, "--take-over", *more)


def take_over(edge):
    before, edge.dataplane = edge.dataplane, start_next(edge)
    eventually(lambda: " ready: " in edge.dataplane.log.read_text(), 20, edge.dataplane.tail)
    assert before.exit_code() == 0, before.tail()


def counted(edge):
    """Messages received as /metrics shows them, over all lives."""
    text = edge.host.run("curl", "-s", "--unix-socket", edge.socket,
                         "http://localhost/metrics").stdout
    return next(int(float(line.split()[1])) for line in text.splitlines()
                if line.startswith("understudy_packets_received_total "))


def group_answers(edge):
    """Answers of the group's primary side, as /metrics shows them; None when it shows none."""
    text = edge.host.run("curl", "-s", "--unix-socket", edge.socket,
                         "http://localhost/metrics").stdout
    found = re.search(r'^understudy_group_answers_total{group="app",side="primary"} (\S+)$', text,
                      re.MULTILINE)
    return found and int(float(found[1]))


def ask(running, times):
    for _ in range(times):
        assert running.client.lookup("app.example.com") == [EU4]


def test_three_take_overs_under_load_lose_nothing(running, tmp_path):
    with Dnsperf(running.client, tmp_path, 5, RATE_HZ) as load:
        for _ in range(3):
            time.sleep(0.7)
            take_over(running.edge)
    assert load.lost == 0, load.text + running.edge.logs()
    assert load.sent > 3 * RATE_HZ, load.text
    assert set(load.rcodes) == {"NOERROR", "NXDOMAIN"}, load.text
    eventually(lambda: counted(running.edge) == load.sent, 3,
               lambda: f"every query is counted once: {counted(running.edge)} of {load.sent}")
    running.eu.stop()
    running.becomes(US4)


def kinds(edge):
    """Of the events about the dataplane itself, in order."""
    events = json.loads(edge.ctl("--json", "events", "--limit", "1000").stdout)["events"]
    return [event["kind"] for event in events if event["kind"].startswith("dataplane_")]


def test_control_tells_a_take_over_apart_from_a_death(running):
    edge = running.edge
    eventually(lambda: kinds(edge) == ["dataplane_appeared"], 5, edge.logs)
    before = edge.dataplane.pid
    take_over(edge)
    eventually(lambda: kinds(edge)[1:] == ["dataplane_taken_over"], 5, edge.logs)
    told = f"dataplane taken over from process {before} to process {edge.dataplane.pid}"
    assert told in edge.ctl("events").stdout
    edge.dataplane.kill()
    eventually(lambda: kinds(edge)[2:] == ["dataplane_vanished"], 5, edge.logs)
    edge.start_dataplane()
    eventually(lambda: kinds(edge)[3:] == ["dataplane_appeared"], 5, edge.logs)


def test_who_asks_whether_to_announce_is_never_told_no_during_a_take_over(running):
    ended, verdicts = threading.Event(), []

    def ask():
        while not ended.is_set():
            verdicts.append(running.edge.ctl("ready"))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(3):
            take_over(running.edge)
    finally:
        ended.set()
        asking.join()
    assert [done for done in verdicts if done.returncode != OK] == []


def test_a_tcp_connection_is_answered_what_it_asked_before_it_is_closed(running):
    query = dns.message.make_query("app.example.com", "A").to_wire()
    with running.client.stream() as sock:
        sock.sendall(struct.pack(">H", len(query)) + query)
        take_over(running.edge)
        received = b""
        while piece := sock.recv(65536):
            received += piece
    assert addresses(dns.message.from_wire(received[2:])) == [EU4]
    assert addresses(running.client.ask_tcp(dns.message.make_query("app.example.com", "A"))) == [EU4]


FAILURES = [
    (("--workers", "no"), 2),                                    # a wrong command line
    (("--listen", "192.0.2.99:53"), 1),                          # a socket that cannot be had
    (("--xdp-program", "/nowhere"), 1),                          # found when the port is opened
    (("--port", "af_xdp:nowhere"), 1),
]


@pytest.mark.parametrize("more, exit_code", FAILURES, ids=[" ".join(more) for more, _ in FAILURES])
def test_a_take_over_that_fails_leaves_the_old_one_serving(running, more, exit_code):
    with Watcher(running.client, "app.example.com") as watcher:
        failed = start_next(running.edge, *more)
        assert failed.exit_code() == exit_code, failed.tail()
        time.sleep(0.3)
    assert watcher.lost() == [] and watcher.answers() == {EU}, running.edge.logs()
    assert running.edge.dataplane.is_running()
    owner = running.edge.shm / running.edge.instance / "dataplane.lock"
    eventually(lambda: owner.read_text().strip() == str(running.edge.dataplane.pid), 5,
               owner.read_text)
    running.eu.stop()
    running.becomes(US4)


@pytest.mark.parametrize("more", [more for more, exit_code in FAILURES if exit_code == 1],
                         ids=lambda more: " ".join(more))
def test_counts_go_on_after_a_take_over_that_failed(running, more):
    """Before the new one opened its ports, and after control saw its report."""
    edge = running.edge
    ask(running, 20)
    eventually(lambda: (group_answers(edge) or 0) >= 20, 3, lambda: group_answers(edge))
    received, answered = counted(edge), group_answers(edge)
    for _ in range(2):
        failed = start_next(edge, *more)
        assert failed.exit_code() == 1, failed.tail()
        eventually(lambda: "going on" in edge.dataplane.tail(), 5, edge.dataplane.tail)
        ask(running, 10)
        received, answered = received + 10, answered + 10
        eventually(lambda: (counted(edge), group_answers(edge)) == (received, answered), 3,
                   lambda: f"each once: {counted(edge)} {group_answers(edge)}, not {received} {answered}")
    left = [path.name for path in (edge.shm / edge.instance).glob("counts.*")]
    assert len(left) == 1, left
    edge.control.kill()
    edge.start_control()  # begins at what the table has counted, in the file that is still there
    eventually(lambda: group_answers(edge) == answered, 3, lambda: group_answers(edge))
    ask(running, 10)
    eventually(lambda: group_answers(edge) == answered + 10, 3, lambda: group_answers(edge))


def test_kills_at_random_instants_of_a_take_over_leave_somebody_who_serves(running, full):
    """Killed before it serves, the old one goes on and nothing is lost; later it is the old one's heir."""
    random.seed(20261121)
    edge, went_on = running.edge, 0
    for _ in range(100 if full else 6):
        with Watcher(running.client, "app.example.com") as watcher:
            following = start_next(edge)
            time.sleep(random.uniform(0.05, 0.45))
            following.kill()
            time.sleep(0.5)
        if "has taken over" in edge.dataplane.tail():
            edge.dataplane.exit_code()
        if edge.dataplane.is_running():
            went_on += 1
            assert watcher.lost() == [], edge.logs() + following.tail()
            assert watcher.answers() == {EU}
            running.becomes(EU4)
        else:
            assert "has taken over" in edge.dataplane.tail(), edge.logs() + following.tail()
            edge.start_dataplane()
            running.becomes(EU4)
    assert went_on > 0
    take_over(edge)
    running.becomes(EU4)


def test_the_old_one_killed_while_it_hands_over_leaves_the_port_to_the_next(running):
    edge = running.edge
    before, edge.dataplane = edge.dataplane, start_next(edge)
    eventually(lambda: "takes over" in before.log.read_text(), 10, before.tail)
    before.kill()
    eventually(lambda: " ready: " in edge.dataplane.log.read_text(), 20, edge.dataplane.tail)
    running.becomes(EU4)


def test_without_a_predecessor_it_starts_as_ever(scene):
    scene.start()
    assert scene.edge.dataplane.terminate() == 0
    scene.edge.start_dataplane(*scene.port, "--take-over")
    scene.becomes(EU4)
    scene.edge.dataplane.kill()
    scene.edge.start_dataplane()
    scene.becomes(EU4)


def test_without_the_rights_of_root_a_killed_one_is_followed_and_taken_over(scene):
    """A program can be looked at by its number with CAP_SYS_ADMIN only, which the units do not give."""
    scene.eu.start()
    scene.edge.start_control()

    def start(*more):
        log = scene.edge.folder / f"dataplane.{time.monotonic_ns()}.log"
        process = Process(scene.edge.host, log, "setpriv", "--bounding-set=-sys_admin", DATAPLANE,
                          "--instance", scene.edge.instance, "--shm-dir", scene.edge.shm,
                          *scene.port, *more)
        eventually(lambda: " ready: " in log.read_text() or not process.is_running(), 20,
                   process.tail)
        assert process.is_running(), process.tail()
        return process

    first = start()
    first.kill()
    second = start()
    scene.becomes(EU4)
    third = start("--take-over")
    assert second.exit_code() == 0, second.tail()
    scene.becomes(EU4)
    assert third.terminate() == 0


def of_another_layout(root):
    """As control of another version would leave it: a new file with another version word."""
    changed = bytearray(root.read_bytes())
    struct.pack_into("=Q", changed, ROOT_VERSION_AT, 99)
    aside = root.with_suffix(".other")
    aside.write_bytes(changed)
    shutil.copymode(root, aside)
    aside.rename(root)


def test_control_and_dataplane_are_upgraded_one_after_the_other(running):
    """Shared memory of a layout that only the other one reads: the old dataplane keeps its table."""
    edge = running.edge
    with Watcher(running.client, "app.example.com") as watcher:
        edge.control.kill()
        of_another_layout(edge.shm / edge.instance / "root")
        too_early = start_next(edge)
        assert too_early.exit_code() == 1
        assert "control of this version first" in too_early.tail()
        edge.start_control()  # which makes a root of its own layout
        take_over(edge)
        time.sleep(0.3)
    assert watcher.lost() == [] and watcher.answers() == {EU}, edge.logs()
    running.eu.stop()
    running.becomes(US4)
