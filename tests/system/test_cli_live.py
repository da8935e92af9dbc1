"""understudyctl watch, history, time-to-failover: what a person on call looks at at night."""
import time

import pytest
from edge import REFUSED, UNREACHABLE, USAGE
from process import eventually
from scene import EU4, US4


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
