"""understudyctl top: for scripts, and on a terminal."""
import json
import re
import signal

import pytest
from edge import OK, USAGE
from process import eventually
from scene import US4
from terminal import Terminal


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


@pytest.fixture
def terminal():
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


@pytest.mark.parametrize("arguments, word", [(("--interval", "1ms"), "100ms"),
                                             (("--once", "--batch", "2"), "--batch")])
def test_a_wrong_command_line_of_top_is_told(served, arguments, word):
    done = served.edge.ctl("top", *arguments)
    assert done.returncode == USAGE and word in done.stderr and done.stdout == "", done
