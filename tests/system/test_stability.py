"""Static stability: either process may die or hang at any instant, and answers go on."""
import os
import random
import signal
import time

import dns.rcode
import pytest
from client import Watcher
from edge import HEARTBEAT_S
from process import eventually
from scene import EU4, US4

EU, US = (EU4,), (US4,)


def is_stale(scene):
    return scene.edge.inspect()["control"]["stale"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_answers_go_on_when_control_is_gone_and_say_stale_within_two_heartbeats(running, number):
    assert not is_stale(running)
    with Watcher(running.client, "app.example.com") as watcher:
        running.edge.control.signal(number)
        gone = time.monotonic()
        eventually(lambda: is_stale(running), 2 * HEARTBEAT_S, "inspect says stale")
        took = time.monotonic() - gone
        running.eu.stop()  # nobody decides now: frozen
        time.sleep(1)
    assert took < 2 * HEARTBEAT_S
    assert watcher.lost() == [] and watcher.answers() == {EU}


def test_a_stopped_control_goes_on_where_it_was(running):
    running.edge.control.signal(signal.SIGSTOP)
    eventually(lambda: is_stale(running), 2, "inspect says stale")
    running.eu.stop()
    running.edge.control.signal(signal.SIGCONT)
    running.becomes(US4)
    eventually(lambda: not is_stale(running), 2, "inspect says fresh")


def test_a_restart_of_control_changes_no_answer(running):
    running.eu.stop()
    running.becomes(US4)
    with Watcher(running.client, "app.example.com") as watcher:
        for _ in range(3):
            running.edge.control.kill()
            running.edge.start_control()
            time.sleep(0.5)
    assert watcher.lost() == [] and watcher.answers() == {US}
    running.eu.start()
    running.becomes(EU4)


def test_a_planned_end_of_control_changes_no_answer(running):
    running.eu.stop()
    running.becomes(US4)
    with Watcher(running.client, "app.example.com") as watcher:
        assert running.edge.control.terminate() == 0
        time.sleep(1)
        running.edge.start_control()
        time.sleep(0.5)
    assert watcher.lost() == [] and watcher.answers() == {US}


def test_control_follows_health_that_changed_while_it_was_dead(running):
    running.edge.control.kill()
    running.eu.stop()
    time.sleep(0.3)
    assert running.client.lookup("app.example.com") == [EU4]
    running.edge.start_control()
    running.becomes(US4)


def test_an_override_survives_a_kill_of_control(running):
    assert running.edge.ctl("force", "app", "secondary", "--for", "30m",
                            "--reason", "maintenance").returncode == 0
    running.becomes(US4)
    running.edge.control.kill()
    running.edge.start_control()
    time.sleep(1)
    assert running.client.lookup("app.example.com") == [US4]
    assert "maintenance" in running.edge.ctl("groups").stdout
    assert running.edge.ctl("release", "app").returncode == 0
    running.becomes(EU4)


def test_a_killed_dataplane_serves_again_within_a_second_of_its_start(running):
    running.edge.dataplane.kill()
    assert running.client.lookup_once("app.example.com", timeout_s=0.3) == []
    started = time.monotonic()
    running.edge.start_dataplane(wait=False)
    eventually(lambda: running.client.lookup_once("app.example.com", 0.02) == [EU4], 5,
               lambda: f"answers\n{running.edge.logs()}")
    took = time.monotonic() - started
    assert took < 1.0, running.edge.logs()
    running.eu.stop()
    running.becomes(US4)


def test_the_dataplane_restarted_without_control_serves_the_current_table(running):
    running.eu.stop()
    running.becomes(US4)
    running.edge.control.kill()
    assert running.edge.dataplane.terminate() == 0
    running.edge.start_dataplane()
    assert running.client.lookup("app.example.com") == [US4]


def test_the_dataplane_may_be_started_first(scene):
    scene.edge.start_dataplane(*scene.port)
    answer = scene.client.answer("app.example.com")
    assert answer.rcode() == dns.rcode.SERVFAIL  # no table yet
    scene.eu.start()
    scene.edge.start_control()
    scene.becomes(EU4)


def test_a_second_dataplane_or_control_of_the_same_instance_is_refused(running):
    first, log = running.edge.dataplane, running.edge.dataplane_log.read_text()
    second = running.edge.start_dataplane(wait=False)
    assert second.exit_code() == 1
    assert str(first.pid) in second.tail(), "it says who has the instance"
    running.edge.dataplane = first
    first_control = running.edge.control
    second = running.edge.start_control(wait=False)
    assert second.exit_code() == 3 and str(first_control.pid) in second.tail()
    running.edge.control = first_control
    assert running.client.lookup("app.example.com") == [EU4], log


def test_a_peer_that_stops_the_dataplane_delays_nobody_else(running):
    """SIGSTOP of the dataplane: control goes on deciding, and the flip is there after SIGCONT."""
    running.edge.dataplane.signal(signal.SIGSTOP)
    running.eu.stop()
    eventually(lambda: not running.edge.checks()["eu"]["healthy"], 3, "control still checks")
    time.sleep(0.5)
    running.edge.dataplane.signal(signal.SIGCONT)
    running.becomes(US4, within_s=1)


def test_random_kills_of_either_side_never_give_a_wrong_answer(undamped, full):
    """Every answer is one of the two legal ones; lost queries only while the dataplane is dead."""
    rounds, deadline = (1000, 3600) if full else (150, 60)
    random.seed(20240101)
    begin, done = time.monotonic(), 0
    with Watcher(undamped.client, "app.example.com", rate_hz=500, timeout_s=1) as watcher:
        for done in range(1, rounds + 1):
            if time.monotonic() - begin > deadline:
                break
            time.sleep(random.random() * 0.3)
            victim = random.choice(["control", "dataplane"])
            getattr(undamped.edge, victim).kill()
            if random.random() < 0.3:  # a side changes while it is dead
                undamped.eu.answer(random.choice(["", "503"]))
            if victim == "control":
                undamped.edge.start_control(wait=random.random() < 0.5)
            else:
                undamped.edge.start_dataplane(wait=random.random() < 0.5)
        undamped.eu.answer("")
        for process, start in ((undamped.edge.control, undamped.edge.start_control),
                               (undamped.edge.dataplane, undamped.edge.start_dataplane)):
            if not process.is_running():
                start()
        undamped.becomes(EU4, within_s=10)
    assert done >= 30, f"only {done} kills in {deadline} s"
    assert watcher.answers() <= {EU, US}, watcher.answers()
    answered = len(watcher.exchanges) - len(watcher.lost())
    assert answered > len(watcher.exchanges) / 4


def test_shared_memory_that_is_full_keeps_the_old_table(make_scene, tmp_path):
    """A tmpfs of 1 MiB: the small configuration fits, the large one does not; control says so."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    assert os.system(f"mount -t tmpfs -o size=1m tmpfs {mount}") == 0
    try:
        scene = make_scene(shm_parent=mount)
        scene.start()
        zone = scene.edge.folder / "example.com.zone"
        small = zone.read_text()
        zone.write_text(small + "".join(f"host{n} IN A 192.0.2.1\n" for n in range(50_000)))
        done = scene.edge.ctl("reload")
        assert done.returncode != 0
        assert "No space left" in done.stdout + done.stderr, done
        assert scene.client.lookup("app.example.com") == [EU4]
        scene.eu.stop()
        scene.becomes(US4)  # health changes go on
        zone.write_text(small + "new IN A 192.0.2.77\n")
        assert scene.edge.ctl("reload").returncode == 0
        eventually(lambda: scene.client.lookup("new.example.com") == ["192.0.2.77"], 2,
                   "a configuration that fits is served")
        scene.remove()
    finally:
        os.system(f"umount -l {mount}")
