"""What the service manager is told: ready, status, reloading, stopping, and food for its watchdog."""
import re
import signal
import subprocess
import time

import pytest
from process import eventually
from scene import CONFIG, SERVICE4
from service_manager import ServiceManager, stopped, threads

WATCHDOG_S = 1.0


@pytest.fixture
def manage(tmp_path, monkeypatch):
    """Programs started from here on have a service manager of their own."""
    managers = []

    def start(name, watchdog_s=WATCHDOG_S):
        managers.append(ServiceManager(tmp_path / f"{name}.notify", watchdog_s))
        monkeypatch.delenv("WATCHDOG_USEC", raising=False)
        for variable, value in managers[-1].environment.items():
            monkeypatch.setenv(variable, value)
        return managers[-1]

    yield start
    for manager in managers:
        manager.close()


def is_fed(manager):
    return manager.feedings(WATCHDOG_S) >= 2


def test_control_is_ready_when_its_table_is_published_and_its_api_listens(scene, manage):
    manager = manage("control")
    scene.edge.start_control(wait=False)
    eventually(lambda: manager.is_told("READY"), 10, scene.edge.logs)
    assert scene.edge.is_answering()
    assert scene.edge.ctl_json("status")["table"]["published"]
    manager.shows("1 zones, 1 failover groups, 2 health checks; no dataplane runs")
    assert is_fed(manager)


def test_control_that_cannot_publish_asks_for_time_and_says_why(make_scene, manage, tmp_path):
    """Its shared memory is a file system too small for a table."""
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "us-tiny", tiny], check=True)
    try:
        scene = make_scene(shm_parent=tiny)
        manager = manage("control")
        scene.edge.start_control()
        manager.shows("no table is published yet; not published: cannot reserve")
        assert manager.fields("EXTEND_TIMEOUT_USEC") and not manager.is_told("READY")
        assert is_fed(manager), "it lives, and keeps up to date what is published"
        subprocess.run(["mount", "-o", "remount,size=16m", tiny], check=True)
        eventually(lambda: manager.is_told("READY"), 10, scene.edge.logs)
        scene.edge.control.kill()
    finally:
        subprocess.run(["umount", "-l", tiny], check=True)


def test_what_is_wrong_with_the_configuration_ends_control_with_2(scene, manage):
    manager = manage("control")
    scene.edge.configure(CONFIG.replace("interval", "x-interval"))
    assert scene.edge.start_control(wait=False).exit_code() == 2
    assert not manager.is_told("READY")


def test_control_says_that_it_reloads_and_that_it_ends(scene, manage):
    manager = manage("control")
    control = scene.edge.start_control()
    eventually(lambda: manager.is_told("READY"), 10, scene.edge.logs)
    for text in (CONFIG, "instance: edge1\nzones: 7\n"):  # a reload that fails is over as well
        scene.edge.configure(text)
        before = len(manager.fields("READY"))
        control.signal(signal.SIGHUP)
        eventually(lambda: len(manager.fields("READY")) > before, 5, manager.messages)
        assert len(manager.fields("RELOADING")) == before
        assert int(manager.fields("MONOTONIC_USEC")[-1]) <= time.monotonic_ns() // 1000
    assert control.terminate() == 0
    assert manager.is_told("STOPPING")


def test_control_with_a_loop_that_hangs_feeds_no_watchdog(scene, manage):
    manager = manage("control")
    control = scene.edge.start_control()
    assert is_fed(manager)
    with stopped(control.pid):  # the main thread's id is the process's
        assert manager.feedings(WATCHDOG_S) == 0
    assert is_fed(manager)


def test_the_dataplane_is_ready_when_it_answers_and_says_what_it_waits_for(scene, manage):
    manager = manage("dataplane")
    scene.edge.start_dataplane(*scene.port)
    eventually(lambda: manager.is_told("READY"), 5, scene.edge.logs)
    assert manager.status().startswith("Waiting for a table of control, SERVFAIL until then")
    assert "af_xdp:service0" in manager.status() and f"{SERVICE4}:53" in manager.status()
    manage("control")
    control = scene.edge.start_control()
    manager.shows("Answers from table 1:")
    control.kill()
    manager.shows("Answers from table 1, control is silent")
    scene.client.host.run("ip", "link", "set", "eth0", "down")
    scene.edge.host.run("ip", "link", "set", "service0", "down")
    manager.shows("af_xdp:service0: it is down")
    scene.edge.dataplane.signal(signal.SIGHUP)
    eventually(lambda: manager.is_told("RELOADING") and len(manager.fields("READY")) == 2, 5,
               manager.messages)
    assert scene.edge.dataplane.terminate() == 0
    assert manager.is_told("STOPPING")


def test_the_dataplane_feeds_its_watchdog_only_while_every_thread_moves(scene, manage):
    manager = manage("dataplane")
    dataplane = scene.edge.start_dataplane(*scene.port)
    assert is_fed(manager)
    workers = [thread for thread, name in threads(dataplane.pid).items()
               if re.match(r"rte-worker-|lcore-worker-", name)]
    listeners = [thread for thread, name in threads(dataplane.pid).items() if name == "listen"]
    assert workers and listeners, threads(dataplane.pid)
    for thread in (*workers, *listeners):
        with stopped(thread):
            manager.shows("does not move: ")
            assert manager.feedings(WATCHDOG_S) == 0
        eventually(lambda: "does not move" not in manager.status(), 5, manager.status)
        assert is_fed(manager)
    with stopped(dataplane.pid):
        assert manager.feedings(WATCHDOG_S) == 0
    assert "does not move: af_xdp:service0 q0; the watchdog is not fed" in dataplane.tail()


def test_a_service_manager_that_does_not_read_delays_nobody(scene, manage):
    """systemd that froze: the queue of its socket is full, and a send would wait for ever."""
    manager = manage("deaf", watchdog_s=0.1)
    scene.eu.start()
    scene.us.start()
    scene.edge.start_control()
    dataplane = scene.edge.start_dataplane(*scene.port)
    time.sleep(2)  # the queue takes net.unix.max_dgram_qlen messages
    scene.becomes("198.51.100.10")
    scene.eu.stop()
    scene.becomes("203.0.113.10")
    assert not scene.edge.inspect()["control"]["stale"]
    assert dataplane.terminate() == 0
    assert scene.edge.control.terminate() == 0
    assert manager.is_told("READY")


def test_without_a_service_manager_nothing_is_told(running):
    assert "sd_notify" not in running.edge.logs()
    assert "sd-notify" not in threads(running.edge.dataplane.pid).values()
