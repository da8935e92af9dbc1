"""understudyctl ready: whether the service addresses should be announced."""
import contextlib
import ctypes
import json
import os
import pathlib
import signal
import statistics
import subprocess
import time

import pytest
from edge import CTL, OK, REFUSED, USAGE
from process import eventually

# <sys/ptrace.h>
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def standing_still(pid, name):
    """One thread of a process stops, as if it hung; the others go on."""
    tid = next(int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
               if (task / "comm").read_text().startswith(name))
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if _LIBC.ptrace(request, tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(tid, 0x40000000)  # __WALL
    try:
        yield
    finally:
        _LIBC.ptrace(PTRACE_DETACH, tid, None, None)


def ready(edge, *options):
    done = edge.ctl("ready", *options)
    return done.returncode, done.stdout.strip()


def test_a_node_that_answers_is_ready_also_without_control(running):
    edge = running.edge
    assert ready(edge) == (OK, "ready")
    assert ready(edge, "--quiet") == (OK, "")
    edge.control.kill()
    eventually(lambda: "control is silent" in ready(edge)[1], 3, lambda: ready(edge)[1])
    assert ready(edge)[0] == OK
    code, text = ready(edge, "--max-stale", "500ms")
    assert code == REFUSED and "--max-stale" in text


def test_a_dataplane_that_is_killed_or_stopped_is_not_ready(running):
    edge = running.edge
    assert ready(edge)[0] == OK
    edge.dataplane.signal(signal.SIGKILL)
    code, text = ready(edge)
    assert code == REFUSED and text.startswith("not ready: no dataplane is running"), text
    edge.dataplane.kill()
    assert ready(edge) == (REFUSED, "not ready: no dataplane is running")
    edge.start_dataplane()
    assert ready(edge, "--wait", "5s") == (OK, "ready")
    edge.dataplane.signal(signal.SIGSTOP)
    eventually(lambda: ready(edge)[0] == REFUSED, 3, "a dataplane that hangs is not ready")
    assert ready(edge, "--max-age", "1h")[0] == OK
    assert "no heartbeat" in ready(edge)[1]
    edge.dataplane.signal(signal.SIGCONT)
    eventually(lambda: ready(edge)[0] == OK, 2, lambda: ready(edge)[1])
    assert edge.dataplane.terminate() == 0
    assert ready(edge)[0] == REFUSED


def test_a_dataplane_one_of_whose_workers_hangs_is_not_ready(running):
    edge = running.edge
    with standing_still(edge.dataplane.pid, "rte-worker"):
        eventually(lambda: ready(edge)[0] == REFUSED, 4, lambda: ready(edge)[1])
        assert "worker 1 (af_xdp:service0 q0) stands still" in ready(edge)[1]
        assert any("stands still" in problem for problem in edge.inspect()["problems"])
    eventually(lambda: ready(edge) == (OK, "ready"), 2, lambda: ready(edge)[1])


def test_without_a_table_or_an_instance_nothing_is_ready(scene):
    assert ready(scene.edge) == (REFUSED, "not ready: no dataplane is running")
    scene.edge.start_dataplane(*scene.port)
    assert ready(scene.edge) == (REFUSED, "not ready: the dataplane has no table yet")
    code, text = ready(scene.edge, "--json")
    assert code == REFUSED and json.loads(text)["ready"] is False
    scene.edge.start_control()
    assert ready(scene.edge, "--wait", "5s") == (OK, "ready")
    done = scene.edge.ctl("ready", "--json")
    assert json.loads(done.stdout)["table"] >= 1


def test_answers_that_become_servfail_without_control_are_not_announced(scene):
    edge = scene.edge
    edge.configure(edge.config.read_text() + "stale_policy: servfail\n")
    scene.start()
    assert ready(edge)[0] == OK
    edge.control.kill()
    eventually(lambda: ready(edge)[0] == REFUSED, 2, lambda: ready(edge)[1])
    assert "SERVFAIL" in ready(edge)[1]


def test_follow_tells_each_change_within_a_second(running, follow):
    edge = running.edge
    follower = follow(edge, "ready", "--follow")
    eventually(lambda: follower.lines() == ["ready"], 2, follower.lines)
    edge.dataplane.signal(signal.SIGKILL)
    eventually(lambda: follower.lines()[1:2] and "no dataplane is running" in follower.lines()[1], 1,
               follower.lines)
    edge.dataplane.kill()
    edge.start_dataplane()
    eventually(lambda: follower.lines()[-1] == "ready", 2, follower.lines)


def test_whoever_may_read_the_shared_memory_may_ask(running):
    """The routing daemon's health script is not root."""
    edge = running.edge
    nobody = 65534
    group = os.stat(edge.shm / edge.instance / "report").st_gid
    for folder in (edge.shm, edge.shm / edge.instance):
        os.chmod(folder, 0o755)
        os.chown(folder, -1, group)

    def as_nobody(groups):
        return subprocess.run([CTL, "--shm-dir", edge.shm, "--instance", edge.instance, "ready"],
                              user=nobody, group=nobody, extra_groups=groups, text=True, timeout=10,
                              capture_output=True, check=False)

    assert (as_nobody([group]).returncode, as_nobody([group]).stdout) == (OK, "ready\n")
    assert as_nobody([]).returncode == REFUSED, "modes are what they were"


def test_it_takes_milliseconds(running):
    took = []
    for _ in range(9):
        start = time.monotonic()
        assert ready(running.edge, "-q")[0] == OK
        took.append(time.monotonic() - start)
    print(f"ready: median {statistics.median(took) * 1000:.1f} ms, with the start of the process")
    assert statistics.median(took) < 0.1


@pytest.mark.parametrize("options", [("--max-age", "x"), ("--wait", "0s"), ("--max-stale", "-1s"),
                                     ("--follow", "--wait", "1s"), ("--nonsense",)])
def test_a_wrong_command_line_is_told_apart(scene, options):
    assert scene.edge.ctl("ready", *options).returncode == USAGE
