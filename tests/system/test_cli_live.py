"""understudyctl top, watch, history, time-to-failover: what a person on call looks at at night."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
import pytest
from edge import CTL, DEGRADED, OK, REFUSED, UNREACHABLE, USAGE
from process import eventually
from scene import CONFIG, EU4, US4


def ctl_command(edge, *arguments):
    return [str(CTL), "--socket", str(edge.socket), "--shm-dir", str(edge.shm), "--instance",
            edge.instance, *map(str, arguments)]


class Follower:
    """A command that goes on; its lines as they come."""

    def __init__(self, edge, *arguments):
        self.out = edge.folder / "follower.out"
        self.err = edge.folder / "follower.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(ctl_command(edge, *arguments), stdout=out, stderr=err,
                                            stdin=subprocess.DEVNULL)

    def lines(self):
        return [line for line in self.out.read_text().split("\n")[:-1] if line]

    def events(self):
        return [json.loads(line) for line in self.lines()]

    def complaints(self):
        return self.err.read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def follow(request):
    followers = []

    def start(*arguments):
        followers.append(Follower(*arguments))
        return followers[-1]

    yield start
    for follower in followers:
        follower.stop()


# --- watch

def kinds_of(follower):
    return [(event["kind"], event["subject"]) for event in follower.events()]


def test_watch_tells_events_as_they_happen(running, follow):
    watch = follow(running.edge, "watch", "--json", "--since", "1h")
    eventually(watch.lines, 5, watch.complaints)
    running.edge.ctl("force", "app", "secondary", "--for", "1m", "--reason", "is it on?")
    eventually(lambda: ("group_changed", "app") in kinds_of(watch), 2, watch.complaints)
    assert watch.complaints() == ""


def test_watch_of_a_group_tells_of_it_and_its_checks_alone(running, follow):
    running.edge.ctl("force", "app", "primary", "--for", "1m", "--reason", "so that it has a past")
    running.edge.ctl("release", "app")
    watch = follow(running.edge, "watch", "app", "--since", "1h")
    eventually(watch.lines, 5, watch.complaints)
    running.edge.ctl("reload")
    running.eu.stop()
    eventually(lambda: any("group app changed side" in line for line in watch.lines()), 5,
               lambda: f"the change: {watch.lines()}")
    assert any("check eu became unhealthy" in line for line in watch.lines()), watch.lines()
    assert not any("table" in line or "selection 2 seen" in line for line in watch.lines())


def test_watch_goes_on_over_restarts_of_control_without_losing_or_repeating_an_event(
        running, follow):
    edge = running.edge
    watch = follow(edge, "watch", "--json", "--since", "1h")
    eventually(watch.lines, 5, watch.complaints)
    for round_number in range(3):
        edge.ctl("force", "app", "secondary", "--for", "1m", "--reason", f"round {round_number}")
        edge.ctl("release", "app")
        edge.control.kill()
        edge.start_control()
        eventually(lambda: watch.complaints().count("control answers again") == round_number + 1, 5,
                   watch.complaints)
    edge.ctl("force", "app", "secondary", "--for", "1m", "--reason", "the end")

    def caught_up():
        return any(event["reason"] == "the end" and event["kind"] == "forced"
                   for event in watch.events())
    eventually(caught_up, 10, lambda: f"{watch.lines()[-3:]}{watch.complaints()}")
    told = [(event["id"], event["time"], event["text"]) for event in watch.events()]
    assert len(told) == len(set(told)), "an event was told twice"
    kept = {(event["id"], event["time"], event["text"]) for event in edge.events()}
    last = max(event[0] for event in told)
    assert {event for event in kept if event[0] <= last} <= set(told), "an event was lost"
    assert watch.complaints().count("waiting for it") == 3, watch.complaints()


def test_watch_of_nothing_we_know_is_refused(served):
    done = served.edge.ctl("watch", "nothing")
    assert done.returncode == REFUSED and "nothing" in done.stderr


def test_watch_without_control_does_not_wait_for_it(scene):
    done = scene.edge.ctl("watch")
    assert done.returncode == UNREACHABLE and "control" in done.stderr, done


# --- history

def test_history_adds_up_the_time_on_each_side(running):
    running.eu.stop()
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 5, "the secondary")
    running.eu.start()
    eventually(lambda: running.client.lookup("app.example.com") == [EU4], 5, "the primary")
    history = running.edge.ctl_json("history", "app", "--since", "1h")
    assert [span["state"] for span in history["spans"]] == ["primary", "secondary", "primary"]
    for earlier, later in zip(history["spans"], history["spans"][1:]):
        assert earlier["until"] == later["since"]
    assert sum(total["share"] for total in history["totals"]) == pytest.approx(1)
    assert 0 < history["availability"] < 1
    check = running.edge.ctl_json("history", "eu")
    assert [span["state"] for span in check["spans"]] == ["healthy", "unhealthy", "healthy"]
    text = running.edge.ctl("history", "app").stdout
    assert "primary_unhealthy" in text and "2 changes" in text and "on the primary" in text


def test_history_outlives_control(running):
    edge = running.edge
    edge.ctl("force", "app", "secondary", "--for", "1m", "--reason", "drill")
    edge.control.terminate()
    edge.start_control()
    history = edge.ctl_json("history", "app")
    assert history["spans"][-1]["state"] == "secondary"
    assert any("drill" in remark["text"] for remark in history["remarks"])


@pytest.mark.parametrize("arguments, code, word", [
    (("history", "nothing"), REFUSED, "nothing"),
    (("history", "app", "--since", "yesterday"), USAGE, "yesterday"),
    (("history", "app", "--since", "2999-01-01T00:00:00Z"), USAGE, "2999"),
    (("history",), USAGE, "GROUP_OR_CHECK"),
    (("time-to-failover", "nothing"), REFUSED, "nothing"),
    (("top", "--interval", "1ms"), USAGE, "100ms"),
    (("top", "--once", "--batch", "2"), USAGE, "--batch"),
])
def test_what_cannot_be_shown_is_told(served, arguments, code, word):
    done = served.edge.ctl(*arguments)
    assert done.returncode == code and word in done.stderr, done
    assert done.stdout == ""


# --- time-to-failover

def test_time_to_failover_says_each_term_and_keeps_its_word(running):
    time_json = running.edge.ctl_json("time-to-failover", "app")
    loss = time_json["loss"][0]
    assert loss["side"] == "primary" and loss["check"] == "eu"
    # 3 x (100 ms + 300 ms + 2 x 300 ms), scene.py.
    assert loss["terms"][0]["takes_s"] == pytest.approx(3.0)
    assert {ttl["type"]: ttl["ttl_s"] for ttl in loss["ttls"]}["A"] == 30
    assert loss["total_s"] == pytest.approx(loss["at_the_source_s"] + 30)
    begin = time.monotonic()
    running.eu.answer("hang")
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 10, "the secondary")
    assert time.monotonic() - begin < loss["at_the_source_s"] + 0.5
    text = running.edge.ctl("time-to-failover", "app").stdout
    assert "3 failures x (interval 100ms" in text and "kept by resolvers" in text


# --- top

def test_top_prints_a_page_for_scripts(running):
    for _ in range(20):
        running.client.lookup("app.example.com")
    page = running.edge.ctl("top", "--once", "--interval", "200ms")
    assert page.returncode == OK and "queries/s" in page.stdout and "\x1b" not in page.stdout
    pages = running.edge.ctl("top", "--batch", "2", "--interval", "100ms", "--json").stdout
    moments = [json.loads(line) for line in pages.splitlines()]
    assert len(moments) == 2 and moments[0]["control"]["alive"], moments
    assert moments[0]["groups"] == {"total": 1, "not_on_primary": 0}
    assert moments[0]["status"]["checks"]["total"] == 2


def test_top_counts_what_is_asked(running, follow):
    top = follow(running.edge, "top", "--batch", "1", "--interval", "1s", "--json")
    while top.process.poll() is None:
        running.client.lookup("app.example.com")
    assert top.process.returncode == OK
    moment = json.loads(top.lines()[0])
    assert moment["queries_per_s"] > 0 and moment["answered_by_per_s"]["primary"] > 0
    assert moment["outcomes_per_s"]["positive"] > 0


def test_top_shows_trouble_and_works_while_control_is_dead(running):
    running.eu.stop()
    eventually(lambda: running.client.lookup("app.example.com") == [US4], 5, "the secondary")
    text = running.edge.ctl("top", "--once", "--interval", "100ms").stdout
    assert "1 not on their primary" in text and "primary_unhealthy" in text, text
    assert "connection refused" in text, text
    running.edge.control.kill()
    text = running.edge.ctl("top", "--once", "--interval", "100ms").stdout
    assert re.search(r"control +DEAD", text) and "app    secondary" in text, text


def test_top_without_a_dataplane_says_so(scene):
    scene.edge.start_control()
    moment = scene.edge.ctl_json("top", "--once", "--interval", "100ms")
    assert not moment["dataplane"]["alive"] and moment["queries_per_s"] is None


class Terminal:
    """A real terminal with understudyctl top on it."""

    def __init__(self, edge, *arguments, term="xterm-256color"):
        self.master, slave = pty.openpty()
        self.resize(24, 80)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.bytes = b""
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.process = subprocess.Popen(
            ctl_command(edge, "top", *arguments), stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": term}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if hasattr(self, "screen"):
            self.screen.resize(rows, columns)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def read(self):
        """What stands on the screen."""
        while select.select([self.master], [], [], 0)[0]:
            more = os.read(self.master, 65536)
            self.bytes += more
            self._stream.feed(more)
        return "\n".join(self.screen.display)

    def shows(self, text, within_s=5):
        eventually(lambda: text in self.read(), within_s, lambda: f"{text}:\n{self.read()}")

    def ends(self, code):
        def ended():
            self.read()
            return self.process.poll() is not None
        eventually(ended, 5, lambda: f"it goes on:\n{self.read()}")
        assert self.process.returncode == code, self.bytes[-500:]

    def is_as_before(self):
        """Modes as they were, and the other screen (smcup) was left (rmcup)."""
        self.read()
        return (termios.tcgetattr(self.slave) == self.before and
                self.bytes.count(b"\x1b[?1049h") == self.bytes.count(b"\x1b[?1049l") == 1)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(request):
    terminals = []

    def open_one(*arguments, **options):
        terminals.append(Terminal(*arguments, **options))
        return terminals[-1]

    yield open_one
    for one in terminals:
        one.close()


def test_top_on_a_terminal_obeys_its_keys_and_gives_the_terminal_back(served, terminal):
    top = terminal(served.edge, "--interval", "200ms")
    top.shows("queries/s")
    top.shows("q quit")
    top.type(" ")
    top.shows("PAUSED")
    top.type("s")
    top.shows("by name")
    top.type("+")
    top.shows("500ms")
    top.resize(10, 40)
    top.shows("more lines")
    top.type("q")
    top.ends(OK)
    assert top.is_as_before()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_top_gives_the_terminal_back_when_it_is_interrupted(served, terminal, number):
    top = terminal(served.edge)
    top.shows("queries/s")
    top.process.send_signal(number)
    top.ends(-number)
    assert top.is_as_before()


def test_top_prints_pages_where_the_terminal_is_unknown(served, terminal):
    top = terminal(served.edge, "--interval", "100ms", term="no-such-terminal")
    eventually(lambda: top.read() and top.bytes.count(b"queries/s") >= 2, 5, lambda: top.bytes)
    assert b"\x1b" not in top.bytes
    top.process.terminate()
