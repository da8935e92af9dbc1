"""A name fails over and back: real backends die, the packet path answers the other side."""
import time

import pytest
from backend import Backend
from client import Watcher
from process import eventually
from scene import CONFIG, EU4, EU6, US4, US6


def stays(scene, address, seconds):
    with Watcher(scene.client, "app.example.com", rate_hz=100) as watcher:
        time.sleep(seconds)
    assert watcher.answers() == {(address,)} and not watcher.lost()


def test_primary_secondary_primary(running):
    assert running.client.lookup("app.example.com") == [EU4]
    running.eu.stop()
    running.becomes(US4)
    running.eu.start()
    running.becomes(EU4)


def test_all_records_of_a_group_change_sides_together(running):
    running.eu.stop()
    running.becomes(US4)
    assert running.client.lookup("app.example.com", "AAAA") == [US6]
    assert running.client.lookup("app.example.com", "AAAA", family=6) == [US6]
    running.eu.start()
    running.becomes(EU4)
    assert running.client.lookup("app.example.com", "AAAA") == [EU6]


def test_apex_wildcard_and_cname_change_sides_like_any_name(running):
    running.eu.stop()
    running.becomes(US4)

    def answer(name, rdtype):
        return [line for record_set in running.client.answer(name, rdtype).answer
                for line in record_set.to_text().splitlines()]
    assert answer("example.com", "TXT") == ['example.com. 30 IN TXT "us"']
    assert answer("x.pop.example.com", "MX") == ["x.pop.example.com. 30 IN MX 10 us.example.net."]
    assert answer("move.example.com", "AAAA") == [
        "move.example.com. 30 IN CNAME chain.example.com.",
        "chain.example.com. 3600 IN CNAME alias.example.com.",
        "alias.example.com. 3600 IN CNAME www.example.com.",
        "www.example.com. 3600 IN AAAA 2001:db8::80"]
    assert answer("svc.example.com", "HTTPS") == ["svc.example.com. 30 IN HTTPS 0 app.example.com."]


def test_both_down_answers_the_primary(running):
    running.eu.stop()
    running.becomes(US4)
    running.us.stop()
    running.becomes(EU4)
    running.us.start()
    running.becomes(US4)


def test_a_dead_secondary_changes_nothing_while_the_primary_is_well(running):
    running.us.stop()
    stays(running, EU4, 1.5)
    running.eu.stop()
    stays(running, EU4, 1.5)


@pytest.mark.parametrize("behaviour", ["503", "404", "hang"])
def test_a_backend_that_answers_wrongly_or_never_is_unhealthy(running, behaviour):
    running.eu.answer(behaviour)
    running.becomes(US4)
    running.eu.answer("")
    running.becomes(EU4)


def test_a_redirect_is_healthy_and_not_followed(running):
    running.eu.answer("302")  # route53.md 2.3
    stays(running, EU4, 1)


def test_a_secondary_without_a_check_counts_as_healthy(scene):
    scene.edge.configure(CONFIG.replace("    secondary: {health_check: us}\n", ""))
    scene.eu.start()
    scene.edge.start_control()
    scene.edge.start_dataplane(*scene.port)
    scene.becomes(EU4)
    scene.eu.stop()  # us never ran
    scene.becomes(US4)
    stays(scene, US4, 1)


def test_failback_waits_for_the_hold_down(scene):
    scene.edge.configure(CONFIG.replace("    records:\n", "    failback: {hold_down: 2s}\n"
                                        "    records:\n"))
    scene.start()
    scene.eu.stop()
    scene.becomes(US4)
    scene.eu.start()
    stays(scene, US4, 1.5)
    scene.becomes(EU4, within_s=5)


def test_https_with_sni_and_string_match(scene):
    text = CONFIG.replace("type: http, address: 198.51.100.10, port: 80, path: /healthz,",
                          "type: https_str_match, address: 198.51.100.10, port: 443, "
                          "host: eu.example.com, search_string: hello from eu,")
    scene.edge.configure(text)
    tls = Backend(scene.eu.host, "eu", scene.edge.folder, port=443, tls=True).start()
    scene.us.start()
    scene.edge.start_control()
    scene.edge.start_dataplane(*scene.port)
    eventually(lambda: "200" in tls.log.read_text(), 5, "the check asks over TLS")
    assert "SNI eu.example.com" in tls.log.read_text()
    assert " eu.example.com " in tls.log.read_text()  # Host without a port on 443
    scene.becomes(EU4)
    tls.stop()
    scene.becomes(US4)


def test_a_string_that_is_missing_is_unhealthy(scene):
    scene.edge.configure(CONFIG.replace("type: http, ",
                                        "type: http_str_match, search_string: not on the page, "))
    scene.start()
    scene.becomes(US4)


def test_checks_over_ipv6(scene):
    scene.edge.configure(CONFIG.replace("type: http, address: 198.51.100.10",
                                        'type: http, address: "2001:db8:a::10"'))
    scene.start()
    scene.becomes(EU4)
    scene.eu.stop()
    scene.becomes(US4)


def test_an_operator_forces_and_releases(running):
    assert running.edge.ctl("force", "app", "secondary", "--for", "30m",
                            "--reason", "a test").returncode == 0
    running.becomes(US4, within_s=1)
    running.us.stop()  # forced means forced
    stays(running, US4, 1)
    assert running.edge.ctl("release", "app").returncode == 0
    running.becomes(EU4, within_s=1)


def test_a_forced_side_is_released_when_its_time_is_over(running):
    assert running.edge.ctl("force", "app", "secondary", "--for", "2s",
                            "--reason", "a test").returncode == 0
    running.becomes(US4, within_s=1)
    running.becomes(EU4, within_s=4)


def test_no_query_is_lost_and_every_answer_is_legal_while_sides_change(running):
    with Watcher(running.client, "app.example.com", rate_hz=1000) as watcher:
        for _ in range(2):
            running.eu.stop()
            running.becomes(US4)
            running.eu.start()
            running.becomes(EU4)
    assert watcher.lost() == [] and watcher.errors == []
    assert watcher.answers() == {(EU4,), (US4,)}
