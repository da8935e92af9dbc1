"""understudyctl: what people and scripts see, and what they are told when something is wrong."""
import json
import signal
import time

import dns.rcode
import pytest
from edge import CONTROL, DEGRADED, UNREACHABLE
from network import run
from process import eventually
from scene import CONFIG, EU4, US4, ZONE

VERBS = [("status",), ("groups",), ("checks",), ("show", "app.example.com"),
         ("explain", "app.example.com", "A"), ("events",), ("inspect",)]


@pytest.mark.parametrize("verb", VERBS, ids=[verb[0] for verb in VERBS])
def test_every_verb_speaks_to_people_and_to_programs(running, verb):
    people = running.edge.ctl(*verb)
    assert people.returncode == 0 and people.stdout and people.stderr == "", people
    programs = running.edge.ctl(*verb, "--json")
    assert programs.returncode == 0 and json.loads(programs.stdout), programs


def records(text):
    """"app.example.com. 30 IN A 192.0.2.1" lines as sets of fields."""
    return sorted(tuple(line.split()) for line in text if line)


@pytest.mark.parametrize("name, rdtype", [
    ("app.example.com", "A"), ("app.example.com", "AAAA"), ("app.example.com", "TXT"),
    ("chain.example.com", "AAAA"), ("any.wild.example.com", "A"), ("nothing.example.com", "A"),
    ("host.sub.example.com", "A"), ("host.moved.example.com", "A"), ("example.net", "A"),
    ("below.empty.example.com", "A")])
def test_explain_says_what_the_wire_says(running, name, rdtype):
    running.eu.stop()
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 5, "the secondary")
    wire = running.client.answer(name, rdtype)
    explained = running.edge.ctl_json("explain", name, rdtype)
    assert explained["rcode"] == dns.rcode.to_text(wire.rcode())
    on_wire = [line for record_set in wire.answer for line in record_set.to_text().splitlines()]
    assert records(explained["answer"]) == records(on_wire)


def test_explain_says_why(running):
    running.eu.stop()
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 5, "the secondary")
    text = running.edge.ctl("explain", "app.example.com", "A").stdout
    assert "203.0.113.10" in text and "secondary" in text
    assert "eu" in text and "refused" in text, "the check and its last failure"
    running.edge.ctl("force", "app", "primary", "--for", "5m", "--reason", "ticket 4711",
                     "--allow-unusable")
    text = running.edge.ctl("explain", "app.example.com", "A").stdout
    assert "forced" in text and "ticket 4711" in text


def test_events_tell_the_story(running):
    running.eu.stop()
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 5, "the secondary")
    running.eu.start()
    eventually(lambda: running.client.lookup("app.example.com") == [EU4], 5, "the primary")
    eventually(lambda: [event["kind"] for event in running.edge.events()]
               .count("selection_observed") >= 2, 2, "observed")
    story = [(event["kind"], event["subject"], event["to"]) for event in running.edge.events()]
    for earlier, later in [(("check_unhealthy", "eu"), ("group_changed", "app")),
                           (("check_healthy", "eu"), ("group_changed", "app"))]:
        assert any(step[:2] == earlier for step in story), story
        first = next(i for i, step in enumerate(story) if step[:2] == earlier)
        assert any(step[:2] == later for step in story[first:]), story
    observed = [event for event in running.edge.events() if event["kind"] == "selection_observed"]
    # Null: the workers were idle and held no selection at all.
    assert all((event["took_us"] or 0) < 100_000 for event in observed), observed


# {description, arguments, what the message must speak of}
MISTAKES = [
    ("no such verb", ("dance",), "there is no command 'dance'; there are: status, "),
    ("no such group", ("force", "nothing", "secondary", "--for", "1m", "--reason", "x"), "nothing"),
    ("no such side", ("force", "app", "third", "--for", "1m", "--reason", "x"), "third"),
    ("a duration that is none", ("force", "app", "secondary", "--for", "soon", "--reason", "x"),
     "soon"),
    ("a duration that is too long", ("drain", "app", "secondary", "--for", "9000h", "--reason", "x"),
     "from 1s to 8784h"),
    ("releasing a side there is not", ("release", "app", "third"), "it has: primary secondary"),
    ("no such type", ("explain", "app.example.com", "NONSENSE"), "NONSENSE"),
    ("a name that is none", ("show", "a..b"), "a..b"),
    ("releasing what is not forced", ("release", "app"), "app"),
]


@pytest.mark.parametrize("arguments, word", [row[1:] for row in MISTAKES],
                         ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_told_in_words_and_by_exit_code(served, arguments, word):
    done = served.edge.ctl(*arguments)
    assert done.returncode != 0
    assert word in done.stderr, done
    assert done.stdout == ""


def test_without_control_the_message_says_what_to_do_and_inspect_works(running):
    running.edge.control.kill()
    done = running.edge.ctl("status")
    assert done.returncode == UNREACHABLE and str(running.edge.socket) in done.stderr, done
    assert "understudy-control" in done.stderr
    inspected = running.edge.ctl("inspect")
    assert inspected.returncode == DEGRADED and "app" in inspected.stdout
    assert "control is dead" in inspected.stdout


def test_a_control_that_hangs_does_not_hang_the_cli(running):
    running.edge.control.signal(signal.SIGSTOP)
    begin = time.monotonic()
    done = running.edge.ctl("status", timeout_s=60)
    assert done.returncode == UNREACHABLE and done.stderr
    assert time.monotonic() - begin < 30
    assert running.edge.ctl("inspect").returncode == DEGRADED


# --- configuration and reload

def reload_ways(edge):
    return {"cli": lambda: edge.ctl("reload"),
            "sighup": lambda: edge.control.signal(signal.SIGHUP)}


@pytest.mark.parametrize("way", ["cli", "sighup"])
def test_a_reload_serves_the_new_configuration(running, way):
    running.edge.configure(CONFIG.replace("secondary: [203.0.113.10]", "secondary: [203.0.113.11]")
                           .replace("primary: [198.51.100.10]", "primary: [198.51.100.11]"))
    reload_ways(running.edge)[way]()
    eventually(lambda: running.client.lookup("app.example.com") == ["198.51.100.11"], 5,
               lambda: f"the new address\n{running.edge.logs()}")


@pytest.mark.parametrize("way", ["cli", "sighup"])
def test_a_bad_reload_changes_nothing_and_tells_all_errors_with_their_lines(running, way):
    bad = CONFIG.replace("interval: 100ms", "interval: 1ms", 1) \
        .replace("secondary: {health_check: us}", "secondary: {health_check: nobody}") \
        .replace("ttl: 30", "tttl: 30", 1)
    running.edge.configure(bad)
    done = reload_ways(running.edge)[way]()
    lines = bad.splitlines()
    expected = {number + 1 for number, line in enumerate(lines)
                if "interval: 1ms" in line or "nobody" in line or "tttl" in line}
    assert len(expected) == 3

    def told():
        text = done.stderr if way == "cli" else running.edge.control_log.read_text()
        return all(f"understudy.yaml:{number}:" in text for number in expected)
    eventually(told, 5, lambda: f"errors at lines {expected}: {done}\n{running.edge.logs()}")
    assert way == "sighup" or done.returncode != 0
    assert running.client.lookup("app.example.com") == [EU4]
    running.eu.stop()
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 5, "it still fails over")


def test_a_reload_keeps_the_history_of_checks_that_did_not_change(running):
    running.eu.stop()
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 5, "the secondary")
    before = running.edge.checks()
    running.edge.configure(CONFIG.replace("ttl: 30", "ttl: 20"))
    assert running.edge.ctl("reload").returncode == 0
    after = running.edge.checks()
    assert not after["eu"]["healthy"] and after["eu"]["changed_at"] == before["eu"]["changed_at"]
    assert after["us"]["successes"] >= before["us"]["successes"] > 0
    assert running.client.answer("app.example.com").answer[0].ttl == 20
    assert running.client.lookup("app.example.com") == [US4]


# {description, change of the configuration, what the message must speak of}
REFUSED = [
    ("a primary without a check", ("    primary:   {health_check: eu}\n", ""), "health_check"),
    ("an unknown key", ("instance: edge1", "instance: edge1\nzone: []"), "zone"),
    ("a number without a unit", ("interval: 100ms", "interval: 100"), "interval"),
    ("no YAML at all", ("instance: edge1", "instance: [edge1"), "understudy.yaml:"),
    ("a zone file that is missing", ("file: example.com.zone", "file: nothing.zone"),
     "nothing.zone"),
    ("an address that is none", ("primary: [198.51.100.10]", "primary: [198.51.100.300]"),
     "198.51.100.300"),
    ("a CNAME beside other data", ("type: A, ttl: 30, primary: [198.51.100.10], "
                                   "secondary: [203.0.113.10]",
                                   "type: CNAME, ttl: 30, primary: [a.example.net.], "
                                   "secondary: [b.example.net.]"), "CNAME"),
]


@pytest.mark.parametrize("change, word", [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])
def test_a_configuration_that_is_wrong_is_refused_at_start(scene, change, word):
    old, new = change
    assert old in CONFIG
    scene.edge.configure(CONFIG.replace(old, new, 1))
    control = scene.edge.start_control(wait=False)
    assert control.exit_code() != 0
    assert word in control.tail(), control.tail()


def test_a_configuration_that_is_not_there_is_the_only_thing_told():
    done = run(CONTROL, "--config", "/nonexistent/edge1.yaml", check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "/nonexistent/edge1.yaml: cannot be opened: No such file or directory",
        "1 error: nothing is started"]


def test_a_zone_file_error_names_file_and_line(scene):
    scene.edge.configure(CONFIG, example_com_zone="$ORIGIN example.com.\n$TTL 60\n"
                         "@ IN SOA ns1 hostmaster 1 2 3 4 5\n@ IN NS ns1\n"
                         "ns1 IN A 192.0.2.300\nwww IN AAAA 192.0.2.1\n")
    control = scene.edge.start_control(wait=False)
    assert control.exit_code() != 0
    text = control.tail()
    assert "example.com.zone:5:" in text and "example.com.zone:6:" in text, text


WARNED = ("      - {name: half.example.com, type: A, ttl: 30, primary: 198.51.100.10}\n",
          "group app answers its secondary, half.example.com. has no A record (NODATA)")
# Two errors, one of each file, and the word of each.
WRONG = [("      - {name: a.sub.example.com, type: A, ttl: 30, primary: 192.0.2.1, secondary: "
          "192.0.2.2}\n", "at or below the NS of sub.example.com. ("),
         ("double IN CNAME www\ndouble IN A 192.0.2.1\n", "double.example.com. A stands beside")]


def test_a_configuration_is_checked_without_being_served(scene):
    good = scene.edge.configure(CONFIG + WARNED[0]).check()
    assert good.returncode == 0 and "good: 1 zones, 1 failover groups" in good.stdout, good
    assert WARNED[1] in good.stderr and "warning: " in good.stderr
    bad = scene.edge.configure(CONFIG + WARNED[0] + WRONG[0][0],
                               example_com_zone=ZONE + WRONG[1][0]).check()
    assert bad.returncode == 2 and "2 errors" in bad.stderr, bad
    assert all(word in bad.stderr for word in (WARNED[1], WRONG[0][1], WRONG[1][1]))
    assert f"example.com.zone:{len(ZONE.splitlines()) + 2}: " in bad.stderr
    assert not list(scene.edge.shm.iterdir()), "nothing was published"


def test_warnings_are_told_at_start_and_at_every_reload(scene):
    edge = scene.edge.configure(CONFIG + WARNED[0])
    edge.start_control()
    assert WARNED[1] in edge.control_log.read_text()
    edge.configure(CONFIG + WARNED[0].replace("half", "halved"))
    done = edge.ctl("reload")
    assert done.returncode == 0 and "halved.example.com. has no A record" in done.stdout, done
    eventually(lambda: "halved.example.com." in edge.control_log.read_text(), 5, "it is logged too")


def test_a_zone_that_is_wrong_never_replaces_a_good_one(running):
    running.edge.configure(CONFIG, example_com_zone=ZONE + "new IN A 192.0.2.77\n" + WRONG[1][0])
    done = running.edge.ctl("reload")
    assert done.returncode != 0 and WRONG[1][1] in done.stderr, done
    assert running.client.answer("new.example.com").rcode() == dns.rcode.NXDOMAIN
    assert running.client.lookup("app.example.com") == [EU4]
    running.edge.configure(CONFIG, example_com_zone=ZONE + "new IN A 192.0.2.77\n")
    assert running.edge.ctl("reload").returncode == 0
    eventually(lambda: running.client.lookup("new.example.com") == ["192.0.2.77"], 5, "the new name")
