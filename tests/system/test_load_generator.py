"""understudy-load against the running system: what it sends is answered, and what is wrong it tells."""
import json

from edge import BUILD
from scene import EU4, US4

LOAD = BUILD / "tools/understudy-load/understudy-load"


def load(scene, *arguments, timeout_s=60):
    """(exit code, result)."""
    done = scene.client.host.run(LOAD, "--port", "af_xdp:eth0", "--json", "--no-huge", *arguments,
                                 check=False, timeout_s=timeout_s)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def test_every_query_at_a_steady_rate_is_answered_right_over_a_failover(running, tmp_path):
    (tmp_path / "names").write_text("app.example.com A\napp.example.com AAAA\n"
                                    "www.example.com A\nnothing.example.com A NXDOMAIN\n")
    running.eu.stop()
    code, result = load(running, "--server", running.client.server4, "--names", tmp_path / "names",
                        "--rate", "5000", "--seconds", "3", "--edns", "0.5", "--random-case")
    assert code == 0, result
    assert result["sent"] == result["received"] == result["checked"] > 10_000
    assert result["lost"] == result["wrong"] == result["unexpected"] == 0
    running.becomes(US4)


def test_a_trickle_is_measured_apart_from_the_load(running):
    code, result = load(running, "--server", running.client.server4, "--pattern", "app.example.com",
                        "--window", "64", "--trickle", "200", "--seconds", "2")
    trickle = result["trickle"]
    assert code == 0 and result["sent"] > 10 * trickle["sent"], result
    # Each when it is due, whatever the load does.
    assert 380 <= trickle["sent"] <= 401 and trickle["received"] == trickle["sent"]
    assert 0 < trickle["latency_us"]["p50"] <= trickle["latency_us"]["max"]


def test_it_loads_over_ipv6(running):
    mac = running.edge.host.mac("service0")
    code, result = load(running, "--server", running.client.server6, "--destination-mac", mac,
                        "--pattern", "app.example.com", "--type", "AAAA", "--queries", "2000")
    assert code == 0 and result["sent"] == 2000, result


def test_the_kernel_keeps_what_is_not_an_answer_to_the_load(running):
    code, result = load(running, "--server", running.client.server4, "--pattern", "app.example.com",
                        "--rate", "1000", "--seconds", "1")
    assert code == 0 and result["foreign"] == 0, result
    assert running.client.lookup("app.example.com") == [EU4]


def test_wrong_answers_are_counted_and_the_exit_code_says_so(running):
    code, result = load(running, "--server", running.client.server4,
                        "--pattern", "nothing#.example.com", "--queries", "500")
    assert code == 1
    assert result["wrong"] == result["verdicts"]["wrong_rcode"] == 500


def test_what_is_not_answered_is_lost(running):
    mac = running.edge.host.mac("service0")
    code, result = load(running, "--server", "192.0.2.77", "--destination-mac", mac,
                        "--pattern", "app.example.com", "--rate", "1000", "--seconds", "0.5")
    assert code == 1
    assert result["received"] == 0 and result["lost"] == result["sent"] > 400


def test_a_port_that_cannot_be_opened_is_a_sentence(running):
    done = running.client.host.run(LOAD, "--port", "af_xdp:nothere", "--server", "192.0.2.53",
                                   "--pattern", "a.test", check=False)
    assert done.returncode == 3
    assert "nothere" in done.stderr and done.stdout == ""
