"""Decisions beyond Route 53's table: further sides, all-down policies, failback, drains, self-doubt."""
import time

import pytest
from client import Watcher
from edge import OK, REFUSED
from process import eventually
from scene import CONFIG, EU4, US4

ASIA4 = "203.0.113.99"


def with_policy(*lines):
    """The configuration of most tests with more lines in its group."""
    text = "".join(f"    {line}\n" for line in lines)
    return CONFIG.replace("    records:\n", f"{text}    records:\n")


def start(scene, text):
    scene.edge.configure(text)
    return scene.start()


def group(scene, name="app"):
    groups = scene.edge.ctl_json("groups")["groups"]
    return next(one for one in groups if one["name"] == name)


def changes(scene):
    return [event for event in scene.edge.events() if event["kind"] == "group_changed"]


def both_die(scene):
    scene.us.stop()
    eventually(lambda: not scene.edge.checks()["us"]["healthy"], 5, "us is unhealthy")
    scene.eu.stop()
    eventually(lambda: group(scene)["cause"] == "all_down", 5, "all are down")


def test_a_further_side_stands_in_when_both_are_down(scene):
    text = with_policy("further: [{name: sorry}]").replace(
        "secondary: [203.0.113.10]}", f"secondary: [203.0.113.10], sorry: [{ASIA4}]}}")
    start(scene, text)
    scene.eu.stop()
    scene.becomes(US4)
    scene.us.stop()
    scene.becomes(ASIA4)
    assert group(scene)["answer"] == "sorry"
    explained = scene.edge.ctl_json("explain", "app.example.com", "A")
    assert explained["steps"][0]["side"] == "sorry"
    scene.us.start()
    scene.becomes(US4)
    scene.eu.start()
    scene.becomes(EU4)


@pytest.mark.parametrize("policy, rcode, addresses", [
    ("primary", "NOERROR", [EU4]), ("secondary", "NOERROR", [US4]),
    ("last_good", "NOERROR", [EU4]), ("all", "NOERROR", [EU4, US4]),
    ("servfail", "SERVFAIL", []), ("refused", "REFUSED", []), ("nodata", "NOERROR", [])])
def test_every_all_down_policy_is_on_the_wire(scene, policy, rcode, addresses):
    text = with_policy(f"all_down: {policy}").replace(
        "  - {name: move.example.com, type: CNAME", "  - {name: move.example.com, type: TXT").replace(
            "primary: app.example.com., secondary: chain.example.com.", "primary: a, secondary: b")
    start(scene, text)
    both_die(scene)
    eventually(lambda: scene.client.outcome("app.example.com") == (rcode, addresses), 5,
               lambda: f"{policy}: {scene.client.outcome('app.example.com')}")
    scene.us.start()
    scene.becomes(US4)


def test_a_manual_failback_waits_for_the_operator(scene):
    start(scene, with_policy("failback: {mode: manual}"))
    scene.eu.stop()
    scene.becomes(US4)
    scene.eu.start()
    eventually(lambda: group(scene)["cause"] == "manual_failback", 5, "the primary is back")
    assert scene.client.lookup("app.example.com") == [US4]
    assert "failback is manual" in group(scene)["because"]
    assert scene.edge.ctl("failback", "app", "--reason", "looked at it").returncode == OK
    scene.becomes(EU4)
    assert scene.edge.ctl("failback", "app").returncode == REFUSED


def test_a_flapping_backend_changes_the_answer_once(scene, full):
    start(scene, with_policy("failback: {mode: automatic, hold_down: 10s}"))
    ends = time.monotonic() + (60 if full else 15)
    while time.monotonic() < ends:
        scene.eu.stop()
        time.sleep(1)
        scene.eu.start()
        time.sleep(1)
    assert [event["to"] for event in changes(scene)] == ["secondary"]


def test_damping_alone_ends_the_flapping_after_the_first_round(scene):
    start(scene, CONFIG)
    for _ in range(6):
        scene.eu.stop()
        time.sleep(0.8)
        scene.eu.start()
        time.sleep(0.8)
    assert 1 <= len(changes(scene)) <= 3
    assert scene.edge.checks()["eu"]["healthy"] or group(scene)["answer"] == "secondary"


def test_a_drain_by_label_is_tried_dry_made_and_ends_by_itself(scene):
    text = CONFIG.replace("{health_check: eu}", "{health_check: eu, labels: {site: fra}}")
    start(scene, text)
    drain = ("drain", "--label", "site=fra", "--for", "3s", "--reason", "works")
    dry = scene.edge.ctl(*drain, "--dry-run")
    assert dry.returncode == OK and "primary -> secondary" in dry.stdout
    assert scene.client.lookup("app.example.com") == [EU4]
    assert scene.edge.ctl(*drain).returncode == OK
    scene.becomes(US4)
    assert group(scene)["cause"] == "drained"
    scene.edge.control.kill()
    scene.edge.start_control()
    assert scene.client.lookup("app.example.com") == [US4]
    scene.becomes(EU4)
    assert "override_expired" in [event["kind"] for event in scene.edge.events()]


def test_no_order_leaves_a_group_without_a_usable_side_unless_told(running):
    running.us.stop()
    eventually(lambda: not running.edge.checks()["us"]["healthy"], 5, "us is unhealthy")
    for order in (("drain", "app", "primary"), ("force", "*", "secondary")):
        refused = running.edge.ctl(*order, "--reason", "a mistake at night")
        assert refused.returncode == REFUSED
        assert "without a usable side" in refused.stderr, refused.stderr
    assert running.client.lookup("app.example.com") == [EU4]
    assert running.edge.ctl("force", "app", "secondary", "--reason", "meant",
                            "--allow-unusable").returncode == OK
    running.becomes(US4)


def test_a_node_that_lost_its_own_network_changes_nothing_and_says_so(scene):
    text = CONFIG + "self_doubt: {mass_failure_percent: 50, at_least: 2, release_after: 3s}\n"
    start(scene, text.replace("interval: 100ms, timeout: 300ms}",
                              "interval: 100ms, timeout: 300ms, failure_threshold: 4}"))
    scene.edge.host.run("ip", "link", "set", "eu0", "down")
    scene.edge.host.run("ip", "link", "set", "us0", "down")
    eventually(lambda: scene.edge.ctl_json("status")["frozen"], 5, "health is frozen")
    with Watcher(scene.client, "app.example.com", rate_hz=100) as watcher:
        time.sleep(1)
    assert watcher.answers() == {(EU4,)} and not watcher.lost()
    assert not changes(scene)
    kinds = [event["kind"] for event in scene.edge.events()]
    assert "frozen" in kinds
    # It lasts: believed after all, which here means that all are down.
    eventually(lambda: group(scene)["cause"] == "all_down", 6, "the outage is believed")


def hold(scene):
    scene.eu.stop()
    scene.becomes(US4)
    scene.eu.start()
    eventually(lambda: group(scene)["cause"] == "hold_down", 5, "the primary is back and held")


def fail_back_by_hand(scene):
    scene.eu.stop()
    scene.becomes(US4)
    scene.eu.start()
    eventually(lambda: group(scene)["cause"] == "manual_failback", 5, "the primary is back")


def fail_over(scene):
    scene.eu.stop()
    scene.becomes(US4)


def force(scene):
    assert scene.edge.ctl("force", "app", "secondary", "--reason", "r").returncode == OK


def drain(scene):
    assert scene.edge.ctl("drain", "app", "primary", "--reason", "r").returncode == OK


def freeze(scene):
    assert scene.edge.ctl("freeze", "--reason", "r").returncode == OK
    scene.eu.stop()
    eventually(lambda: not scene.edge.checks()["eu"]["by_results"], 5, "its results say dead")


# name: (lines of the policy, what brings it about, the cause, what is answered)
STATES = {
    "primary": ((), lambda scene: None, "primary_healthy", (EU4,)),
    "secondary": ((), fail_over, "primary_unhealthy", (US4,)),
    "holding down": (("failback: {hold_down: 1h}",), hold, "hold_down", (US4,)),
    "manual failback": (("failback: {mode: manual}",), fail_back_by_hand, "manual_failback", (US4,)),
    "all down, last good": (("all_down: last_good",), both_die, "all_down", (EU4,)),
    "all down, servfail": (("all_down: servfail",), both_die, "all_down", ("SERVFAIL",)),
    "all down, nodata": (("all_down: nodata",), both_die, "all_down", ("NOERROR",)),
    "forced": ((), force, "forced", (US4,)),
    "drained": ((), drain, "drained", (US4,)),
    "frozen": ((), freeze, "primary_healthy", (EU4,)),
}


@pytest.mark.parametrize("state", STATES)
def test_a_killed_and_restarted_control_changes_no_answer_in_any_state(scene, state):
    lines, bring_about, cause, answered = STATES[state]
    start(scene, with_policy(*lines))
    bring_about(scene)
    eventually(lambda: group(scene)["cause"] == cause, 5, lambda: f"{state}: {group(scene)}")
    before = len(changes(scene))
    time.sleep(1.2)  # what is not acknowledged is written every second
    with Watcher(scene.client, "app.example.com", rate_hz=500) as watcher:
        for _ in range(3):
            scene.edge.control.kill()
            time.sleep(0.2)
            scene.edge.start_control()
            time.sleep(0.6)
    assert watcher.answers() == {answered} and not watcher.lost()
    assert group(scene)["cause"] == cause
    assert len(changes(scene)) == before


def with_further(*names):
    """Each with an address of its own, by the length of its name."""
    sides = "".join(f"{{name: {name}}}, " for name in names)
    values = "".join(f", {name}: [198.51.100.{100 + len(name)}]" for name in names)
    return with_policy(f"further: [{sides}]").replace(
        "secondary: [203.0.113.10]}", f"secondary: [203.0.113.10]{values}}}")


def test_a_force_is_for_the_side_of_its_name_whatever_stands_in_its_place_after_a_restart(scene):
    start(scene, with_further("sorry"))
    sorry = f"198.51.100.{100 + len('sorry')}"
    assert scene.edge.ctl("force", "app", "sorry", "--reason", "drill").returncode == OK
    scene.becomes(sorry)
    with Watcher(scene.client, "app.example.com") as watcher:
        scene.edge.control.kill()
        scene.edge.configure(with_further("lab", "sorry"))
        scene.edge.start_control()
        eventually(lambda: scene.edge.inspect()["dataplane"]["table_adopted"] >= 2, 5, "the table with both")
        assert group(scene)["answer"] == "sorry"
        scene.becomes(sorry)
    assert watcher.answers() == {(sorry,)}, "never the one that stands where sorry stood"
    scene.edge.control.kill()
    scene.edge.configure(with_further("lab"))
    scene.edge.start_control()
    scene.becomes(EU4)
    ended = [event for event in scene.edge.events() if event["kind"] == "override_dropped"]
    assert len(ended) == 1 and "sorry" in ended[0]["detail"], ended


def test_what_if_tells_what_then_happens(running):
    supposed = running.edge.ctl_json("explain", "app.example.com", "A", "--if", "eu=down")
    assert supposed["answer"] == [f"app.example.com. 30 IN A {US4}"]
    assert running.client.lookup("app.example.com") == [EU4]
    running.eu.stop()
    running.becomes(US4)
