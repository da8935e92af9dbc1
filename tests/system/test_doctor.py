"""understudyctl doctor: what is wrong with a machine, and the printed command mends it."""
import json
import os
import pathlib
import signal
import subprocess

import pytest
from edge import CTL, DEGRADED, OK, REFUSED, USAGE
from process import eventually
from scene import EU4
from test_ports import whole_nic


def findings(edge, *options):
    """(exit code, findings) of the doctor on this host."""
    done = edge.host.run(CTL, "--shm-dir", edge.shm, "doctor", "--json", *options, check=False)
    return done.returncode, json.loads(done.stdout)["findings"]


def about(edge, check, *options):
    return [one for one in findings(edge, *options)[1] if one["check"] == check]


def worst(edge, check, *options):
    order = ["ok", "not applicable", "advice", "warning", "broken"]
    return max(about(edge, check, *options), key=lambda one: order.index(one["severity"]))


def mend(edge, finding):
    """Does what the doctor says, as its reader would."""
    edge.host.run("bash", "-c", finding["mend"])


def test_a_node_that_serves_is_looked_at_and_nothing_of_it_is_broken(running):
    code, found = findings(running.edge)
    assert code in (OK, REFUSED), found
    assert not [one for one in found if one["severity"] == "broken"], found
    subjects = {(one["check"], one["subject"]) for one in found}
    assert {("link", "service0"), ("queues", "service0"), ("mtu", "service0"),
            ("instance", "edge1")} <= subjects, "it finds the interface by itself"
    assert all(bool(one["mend"]) == bool(one["cost"]) for one in found)
    assert all(one["mend"] for one in found if one["severity"] in ("advice", "warning", "broken"))
    assert {one["severity"] for one in found if one["check"] == "governor"} <= {"ok", "not applicable",
                                                                                 "warning"}


def test_the_program_of_a_killed_dataplane_is_found_and_the_printed_command_removes_it(running):
    edge = running.edge
    assert worst(edge, "xdp leftovers")["severity"] == "ok", "while it is in use it is none"
    edge.dataplane.kill()
    left = worst(edge, "xdp leftovers")
    assert left["severity"] == "warning" and left["subject"] == "service0", left
    assert "prog/xdp" in edge.host.run("ip", "-d", "link", "show", "service0").stdout
    mend(edge, left)
    assert "prog/xdp" not in edge.host.run("ip", "-d", "link", "show", "service0").stdout
    assert worst(edge, "xdp leftovers")["severity"] == "ok"


def test_dead_processes_of_an_instance_are_told_apart(running):
    edge = running.edge
    edge.control.kill()
    assert "control does not run" in worst(edge, "instance")["what"]
    assert findings(edge)[0] == REFUSED, "a warning"
    edge.start_control()
    edge.dataplane.kill()
    assert "no dataplane runs" in worst(edge, "instance")["what"]
    assert findings(edge)[0] == DEGRADED, "broken"
    edge.control.kill()
    dead = worst(edge, "instance")
    assert "nothing of it lives: control and the dataplane died" in dead["what"]
    assert dead["severity"] == "warning" and dead["mend"].startswith("systemctl start"), dead


def test_a_node_that_never_served_is_not_taken_for_a_crash(scene):
    scene.edge.start_control()
    missing = worst(scene.edge, "instance")
    assert "or never served" in missing["what"] and "/etc/default" in missing["mend"], missing


def test_a_planned_stop_is_told_apart_and_nothing_is_cleared_away(running):
    edge = running.edge
    assert edge.dataplane.terminate() == 0
    assert "no dataplane runs: it was stopped" in worst(edge, "instance")["what"]
    assert edge.control.terminate() == 0
    stopped = worst(edge, "instance")
    assert "it was stopped" in stopped["what"] and stopped["severity"] == "advice", stopped
    assert not [one for one in findings(edge)[1] if str(edge.shm) in (one["mend"] or "")]
    edge.start_control()
    edge.start_dataplane()
    running.becomes(EU4)
    assert worst(edge, "instance")["severity"] == "ok"


def test_an_interface_that_is_down_or_too_small_is_mended_by_the_printed_command(scene):
    edge = scene.edge
    edge.host.run("ip", "link", "set", "service0", "down", "mtu", "1000")
    asked = ("--interface", "service0")
    assert findings(edge, *asked)[0] == DEGRADED
    for check in ("link", "mtu"):
        ill = worst(edge, check, *asked)
        assert ill["severity"] == "broken", ill
        mend(edge, ill)
        eventually(lambda: worst(edge, check, *asked)["severity"] == "ok", 3, ill["mend"])
    assert worst(edge, "link", "--interface", "eth77")["severity"] == "broken"


def test_queues_that_would_not_be_served_are_found(make_scene):
    edge = make_scene(queues=2).edge
    found = worst(edge, "queues", "--interface", "service0")
    assert found["severity"] == "broken" and "AF_XDP can serve 1" in found["what"], found


def test_a_tap_that_nobody_has_open_is_found_and_one_in_use_is_not(scene):
    edge = scene.edge
    edge.host.run("ip", "tuntap", "add", "dev", "us-tap7", "mode", "tap")
    left = worst(edge, "tap leftovers")
    assert left["subject"] == "us-tap7" and left["severity"] == "warning"
    mend(edge, left)
    whole_nic(scene)
    assert worst(edge, "tap leftovers")["severity"] == "ok"


def test_the_runtime_folder_of_a_killed_dataplane_is_advice(running):
    edge = running.edge
    edge.dataplane.signal(signal.SIGKILL)
    edge.dataplane.kill()
    folder = pathlib.Path("/run/dpdk", f"understudy-{edge.instance}")
    folder.mkdir(parents=True, exist_ok=True)
    left = worst(edge, "runtime folders")
    assert left["severity"] == "advice" and str(folder) in left["mend"], left


def test_text_names_cost_and_command_and_problems_can_be_had_alone(scene):
    asked = (CTL, "--shm-dir", scene.edge.shm, "doctor", "--interface", "eth77")
    text = scene.edge.host.run(*asked, check=False).stdout
    assert "BROKEN   link eth77" in text and "costs  no query" in text and "mend   ip -br link" in text
    short = scene.edge.host.run(*asked, "--problems", check=False).stdout
    assert "BROKEN" in short and "\nok " not in short and len(short) < len(text)
    assert short.splitlines()[-1].startswith("1 broken")


@pytest.mark.parametrize("options", [("--nonsense",), ("--interface",)])
def test_a_wrong_command_line_is_told_apart(scene, options):
    assert scene.edge.ctl("doctor", *options).returncode == USAGE


def test_it_needs_neither_control_nor_root(scene):
    done = subprocess.run([CTL, "--shm-dir", scene.edge.shm, "doctor", "--json"], user=65534, group=65534,
                          extra_groups=[], capture_output=True, text=True, timeout=20, check=False,
                          env={"PATH": os.environ["PATH"]})
    assert done.returncode in (OK, REFUSED, DEGRADED) and json.loads(done.stdout)["findings"], done
