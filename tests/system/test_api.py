"""The API over the network: tokens and TLS, metrics that Prometheus understands, and hostile clients."""
import hashlib
import json
import pathlib
import subprocess

import pytest
from network import run
from process import eventually
from prometheus_client.parser import text_string_to_metric_families
from scene import EU4, SERVICE4, US4

FLOOD = pathlib.Path(__file__).with_name("api_flood.py")
PORT = 8443
TOKENS = {"ci": ("of-ci", "write"), "prometheus": ("of-prometheus", "read")}


class Remote:
    """The scene's control with a TCP side, and curl on the client host."""

    def __init__(self, scene, folder):
        self.scene, self.certificate, self.tokens = scene, folder / "api.crt", folder / "tokens"
        key = folder / "api.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", "/CN=edge1", "-addext",
            f"subjectAltName=IP:{SERVICE4}", "-out", self.certificate, "-keyout", key)
        key.chmod(0o600)
        self.write_tokens(TOKENS)
        scene.edge.control_arguments = (
            "--api-listen", f"{SERVICE4}:{PORT}", "--api-certificate", self.certificate,
            "--api-key", key, "--api-tokens", self.tokens)

    def write_tokens(self, tokens):
        self.tokens.write_text("".join(
            f"{name} sha256:{hashlib.sha256(token.encode()).hexdigest()} {role}\n"
            for name, (token, role) in tokens.items()))
        self.tokens.chmod(0o600)

    def ask(self, path, token=None, *arguments):
        """Status and body, from the client host."""
        header = ("-H", f"Authorization: Bearer {token}") if token else ()
        done = run(*self.scene.client.host.command(
            "curl", "-sS", "--max-time", "20", "--cacert", self.certificate, "-w", "\n%{http_code}",
            *header, *arguments, f"https://{SERVICE4}:{PORT}{path}"), check=False)
        assert done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body


@pytest.fixture
def remote(scene, tmp_path):
    remote = Remote(scene, tmp_path)
    scene.start()
    return remote


def test_tokens_decide_over_tls_and_the_audit_trail_names_them(remote):
    assert remote.ask("/v1/status")[0] == 401
    assert remote.ask("/v1/status", "guess")[0] == 401
    assert remote.ask("/v1/status", "of-prometheus")[0] == 200
    order = ("-d", json.dumps({"side": "secondary", "for": "5m", "reason": "drill",
                               "author": "ann"}))
    assert remote.ask("/v1/groups/app/force", "of-prometheus", *order)[0] == 403
    assert remote.ask("/v1/groups/app/force", "of-ci", *order)[0] == 200
    remote.scene.becomes(US4)
    forced = [event for event in remote.scene.edge.events() if event["kind"] == "forced"]
    assert forced[-1]["author"].startswith("ann (token ci, from 192.0.2.1:")
    # Over the Unix socket, the kernel's word.
    assert remote.scene.edge.ctl("release", "app").returncode == 0
    released = [event for event in remote.scene.edge.events() if event["kind"] == "released"]
    assert "(uid 0 root, pid " in released[-1]["author"]


def test_a_token_that_is_removed_is_refused_after_a_reload(remote):
    remote.write_tokens({"ci": TOKENS["ci"]})
    assert remote.ask("/v1/reload", "of-ci", "-X", "POST")[0] == 200
    assert remote.ask("/v1/status", "of-prometheus")[0] == 401
    assert remote.ask("/v1/status", "of-ci")[0] == 200


def test_metrics_are_what_prometheus_understands(remote):
    remote.scene.client.lookup("app.example.com")
    status, text = remote.ask("/metrics", "of-prometheus")
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(name.startswith("understudy_") and family.documentation
               for name, family in families.items())
    active = {(sample.labels["group"], sample.labels["side"]): sample.value
              for sample in families["understudy_group_active"].samples}
    assert active == {("app", "primary"): 1, ("app", "secondary"): 0}
    outcomes = {sample.labels["outcome"]: sample.value
                for sample in families["understudy_packets"].samples}
    inspected = remote.scene.edge.inspect()["dataplane"]["workers"][0]["outcomes"]
    assert set(inspected) <= set(outcomes) and outcomes["positive"] >= 1
    assert families["understudy_packets_received"].samples[0].value == sum(outcomes.values())


def answers_by_side(remote):
    _, text = remote.ask("/metrics", "of-prometheus")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return {sample.labels["side"]: sample.value
            for sample in families["understudy_group_answers"].samples
            if sample.labels["group"] == "app"}


def test_answers_are_counted_by_group_and_side(remote):
    scene = remote.scene
    scene.client.lookup("app.example.com")
    eventually(lambda: answers_by_side(remote)["primary"] >= 1, 5, "the primary's answer counts")
    assert answers_by_side(remote)["secondary"] == 0
    scene.edge.ctl("force", "app", "secondary", "--for", "5m", "--reason", "drill")
    scene.becomes(US4)
    before = answers_by_side(remote)
    assert before["secondary"] >= 1
    # Another table, another life of control: what the dataplane counted stays.
    scene.edge.control.kill()
    scene.edge.start_control()
    for _ in range(5):
        scene.client.lookup("app.example.com")
    eventually(lambda: answers_by_side(remote)["secondary"] >= before["secondary"] + 5, 5,
               "answers count on after a restart")


def test_a_flood_of_the_api_stops_neither_a_failover_nor_the_operator(remote):
    scene = remote.scene
    flood = subprocess.Popen(
        scene.client.host.command("/usr/bin/python3", FLOOD, SERVICE4, PORT),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert flood.stdout.readline() == "flooding\n"
        # While connections come in by the hundred:
        scene.eu.stop()
        scene.becomes(US4)
        assert scene.edge.ctl("status").returncode == 0
        order = scene.edge.ctl("force", "app", "secondary", "--for", "5m", "--reason", "drill")
        assert order.returncode == 0, order.stderr
        assert scene.edge.ctl("release", "app").returncode == 0
        scene.eu.start()
        scene.becomes(EU4)
        flood.stdin.close()
        counts = json.loads(flood.stdout.readline())
        assert counts["held"] > 500 and counts["guesses"] and counts["half handshakes"], counts
    finally:
        flood.kill()
        flood.wait(10)
        flood.stdout.close()
    # When it is over whoever has a token gets in, and control has not grown.
    assert remote.ask("/v1/version", "of-ci")[0] == 200
    status = pathlib.Path(f"/proc/{scene.edge.control.pid}/status").read_text()
    assert int(status.split("VmRSS:")[1].split()[0]) < 200_000, "kB"
