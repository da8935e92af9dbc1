"""Failing over under a steady load: nothing lost, nothing malformed, nothing old after the flip."""
import datetime
import time

from client import Watcher
from load import Dnsperf, kxdpgun
from process import eventually
from scene import CONFIG, EU4, US4

RATE_HZ = 5000  # what two cores hold beside the generator


def change_sides(scene, until):
    """The primary's backend dies and returns, again and again. Returns how many changes there were."""
    changes = 0
    while time.monotonic() < until:
        scene.eu.stop()
        scene.becomes(US4)
        scene.eu.start()
        scene.becomes(EU4)
        changes += 2
    return changes


def test_dnsperf_loses_nothing_while_sides_change(undamped, tmp_path, full):
    seconds = 60 if full else 8
    with Dnsperf(undamped.client, tmp_path, seconds, RATE_HZ) as load:
        assert change_sides(undamped, time.monotonic() + seconds - 3) >= 4
    assert load.lost == 0 and load.sent == load.completed > seconds * RATE_HZ / 2, load.text
    assert load.warnings == []
    assert set(load.rcodes) == {"NOERROR", "NXDOMAIN"}, load.text


def test_kxdpgun_loses_nothing_while_a_side_changes(running, tmp_path):
    running.eu.stop()
    sent, received, rcodes = kxdpgun(running.client.host, "eth0", tmp_path, 3, RATE_HZ,
                                     running.client.server4)
    assert sent == received > 3 * RATE_HZ / 2
    assert set(rcodes) == {"NOERROR", "NXDOMAIN"}
    running.becomes(US4)


def test_after_a_flip_was_reported_as_observed_the_old_side_is_never_answered(running):
    edge = running.edge
    with Watcher(running.client, "app.example.com", rate_hz=2000) as watcher:
        for _ in range(10):
            assert edge.ctl("force", "app", "secondary", "--for", "1m",
                            "--reason", "a test").returncode == 0
            time.sleep(0.1)
            assert edge.ctl("release", "app").returncode == 0
            time.sleep(0.1)
    assert watcher.lost() == [] and watcher.errors == []
    flips = reported_flips(edge)
    assert len(flips) == 20
    offset = time.time() - time.monotonic()
    checked = 0
    for flip, following in zip(flips, [*flips[1:], None]):
        # Event times are in whole milliseconds, rounded down.
        begin = flip["observed"] - offset + 0.001
        end = following["changed"] - offset if following else float("inf")
        for sent, received, seen in watcher.exchanges:
            if begin < sent and received < end:
                checked += 1
                assert seen == (flip["address"],), f"sent {sent - begin:.6f} s after {flip}"
    assert checked > 1000


def reported_flips(edge):
    """Changes of sides in order: when decided, when every worker was seen to answer from it."""
    flips = {}
    for event in edge.events():
        at = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
        if event["kind"] == "group_changed":
            flips[event["selection"]] = {"changed": at,
                                         "address": US4 if event["to"] == "secondary" else EU4}
        elif event["kind"] == "selection_observed":
            flips[event["selection"]]["observed"] = at
    return [flips[selection] for selection in sorted(flips)]


def large_zone(names):
    """A zone of so many names, with a few answers that are the same before and after."""
    head = "$ORIGIN large.example.\n$TTL 300\n@ IN SOA ns1 hostmaster 1 2 3 4 5\n@ IN NS ns1\n" \
           "ns1 IN A 192.0.2.53\n"
    return head + "".join(f"n{number} A 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\n"
                          for number in range(names))


def test_a_million_names_are_published_while_queries_run_and_none_is_lost(running, tmp_path):
    edge = running.edge
    with Dnsperf(running.client, tmp_path, 600, RATE_HZ) as load:
        try:
            time.sleep(1)
            edge.configure(CONFIG.replace("zones:\n", "zones:\n  - {name: large.example, "
                                          "file: large.example.zone}\n"),
                           large_example_zone=large_zone(1_000_000))
            done = edge.ctl("reload", timeout_s=300)
            assert done.returncode == 0, done
            eventually(lambda: running.client.lookup("n999999.large.example") == ["10.15.66.63"],
                       10, lambda: f"the last name is answered\n{edge.logs()}")
            running.eu.stop()
            running.becomes(US4)
            running.eu.start()
            running.becomes(EU4)
            time.sleep(1)
        finally:
            load.end()
    assert load.lost == 0 and load.sent == load.completed + load.interrupted, load.text
    assert load.warnings == [] and set(load.rcodes) == {"NOERROR", "NXDOMAIN"}
    for number in (0, 1, 499_999, 999_998):
        expected = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        assert running.client.lookup(f"n{number}.large.example") == [expected]
    assert running.client.lookup("n1000000.large.example") == []


def test_reloads_under_load_lose_nothing(running, tmp_path):
    zone = running.edge.folder / "example.com.zone"
    text = zone.read_text()
    with Dnsperf(running.client, tmp_path, 6, RATE_HZ) as load:
        for number in range(20):
            zone.write_text(f"{text}round IN TXT \"{number}\"\n")
            assert running.edge.ctl("reload").returncode == 0
        # The reload says that the table is published; it is adopted within milliseconds of that.
        def last():
            return running.client.answer("round.example.com", "TXT").answer[0][0].strings
        eventually(lambda: last() == (b"19",), 2,
                   lambda: f"the last table is answered from\n{running.edge.logs()}")
    assert load.lost == 0 and load.warnings == [], load.text
