"""understudyctl --url: control of another machine, over TLS with a token."""
import hashlib
import json
import os
import time

import pytest
from edge import CONTROL, CTL, OK, REFUSED, UNREACHABLE, USAGE
from network import run
from process import Process, eventually

PORT = 8443
TOKEN = "correct-horse-battery-staple-0001"
READ_TOKEN = "only-looking-0000000000000000-0002"


def certificate(folder, name, names, authority=None):
    """A key and a certificate for `names`; signed by itself, or by `authority`."""
    key, signed = folder / f"{name}.key", folder / f"{name}.crt"
    signer = () if authority is None else ("-CA", folder / f"{authority}.crt",
                                           "-CAkey", folder / f"{authority}.key")
    extension = ("-addext", f"subjectAltName={names}") if names else ()
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", f"/CN={name}", *extension, *signer,
        "-out", signed, "-keyout", key)
    os.chmod(key, 0o600)
    return signed, key


class Remote:
    """A control that listens on TCP, and the CLI of somebody elsewhere."""

    def __init__(self, scene):
        self.edge, folder = scene.edge, scene.edge.folder
        self.folder = folder
        self.authority, _ = certificate(folder, "authority", None)
        self.other_authority, _ = certificate(folder, "other", None)
        chain, key = certificate(folder, "edge", "IP:127.0.0.1,IP:::1,DNS:localhost", "authority")
        tokens = folder / "tokens"
        tokens.write_text("".join(
            f"{name} sha256:{hashlib.sha256(token.encode()).hexdigest()} {role}\n"
            for name, token, role in (("ops", TOKEN, "write"), ("eyes", READ_TOKEN, "read"))))
        tokens.chmod(0o600)
        self.token = self.file("token", TOKEN + "\n")
        self.edge.control = Process(
            self.edge.host, self.edge.control_log, CONTROL, "--config", self.edge.config,
            "--state-dir", folder / "state", "--socket", self.edge.socket, "--shm-dir",
            self.edge.shm, "--api-listen", f"127.0.0.1:{PORT}", "--api-listen", f"[::1]:{PORT}",
            "--api-listen", f"127.0.0.2:{PORT}",
            "--api-certificate", chain, "--api-key", key, "--api-tokens", tokens)
        eventually(self.edge.is_answering, 30, self.edge.logs)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def ctl(self, *arguments, host="127.0.0.1", token=None, authority=None, env=None):
        return self.edge.host.run(
            CTL, "--url", f"https://{host}:{PORT}", "--token-file", token or self.token,
            "--ca", authority or self.authority, *arguments, check=False,
            env={**os.environ, **(env or {})})


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    from scene import Scene
    scene = Scene(tmp_path_factory.mktemp("remote"))
    try:
        scene.eu.start()
        scene.us.start()
        yield Remote(scene)
    finally:
        scene.remove()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_control_is_asked_over_tls_by_address_and_by_name(remote, host):
    done = remote.ctl("groups", "--json", host=host)
    assert done.returncode == OK and json.loads(done.stdout)["groups"][0]["name"] == "app", done


def test_orders_are_signed_with_the_token(remote):
    done = remote.ctl("force", "app", "secondary", "--for", "1m", "--reason", "from afar")
    assert done.returncode == OK, done
    group = json.loads(remote.ctl("groups", "--json").stdout)["groups"][0]
    assert "ops" in group["override"]["author"], group
    assert remote.ctl("release", "app").returncode == OK


def test_a_token_that_only_looks_changes_nothing(remote):
    eyes = remote.file("eyes", READ_TOKEN)
    assert remote.ctl("groups", token=eyes).returncode == OK
    done = remote.ctl("force", "app", "secondary", "--for", "1m", "--reason", "x", token=eyes)
    assert done.returncode == REFUSED and done.stderr, done


def test_a_wrong_token_is_refused(remote):
    done = remote.ctl("groups", token=remote.file("wrong", "wrong-" + TOKEN))
    assert done.returncode == REFUSED and done.stdout == "" and done.stderr, done


def test_a_certificate_of_an_authority_we_do_not_know_is_not_trusted(remote):
    done = remote.ctl("groups", authority=remote.other_authority)
    assert done.returncode == UNREACHABLE and "certificate is not trusted" in done.stderr, done


def test_a_certificate_of_another_name_is_not_trusted(remote):
    done = remote.ctl("groups", host="127.0.0.2")  # listened on, but not in the certificate
    assert done.returncode == UNREACHABLE and "not trusted for 127.0.0.2" in done.stderr, done


def test_the_system_s_authorities_are_asked_without_ca(remote):
    done = remote.edge.host.run(CTL, "--url", f"https://127.0.0.1:{PORT}", "--token-file",
                                remote.token, "groups", check=False)
    assert done.returncode == UNREACHABLE and "certificate is not trusted" in done.stderr, done


def test_the_environment_says_it_too_but_the_command_line_wins(remote):
    env = {"UNDERSTUDY_URL": f"https://127.0.0.1:{PORT}", "UNDERSTUDY_CA": str(remote.authority),
           "UNDERSTUDY_TOKEN_FILE": str(remote.token)}
    done = remote.edge.host.run(CTL, "groups", check=False, env={**os.environ, **env})
    assert done.returncode == OK and "app" in done.stdout, done
    env["UNDERSTUDY_URL"] = "https://127.0.0.1:1"
    local = remote.edge.host.run(CTL, "--socket", remote.edge.socket, "groups", check=False,
                                 env={**os.environ, **env})
    assert local.returncode == OK, local


@pytest.mark.parametrize("arguments, word", [
    (("--url", "http://127.0.0.1:8443", "status"), "https://"),
    (("--url", "https://127.0.0.1:8443", "status"), "--token-file"),
    (("--url", "https://127.0.0.1:8443", "--socket", "/s", "status"), "--socket"),
    (("--url", "https://h", "--token-file", "/nonexistent", "status"), "/nonexistent"),
    (("--url", "https://127.0.0.1:8443", "inspect"), "shared memory"),
    (("--url", "https://127.0.0.1:8443", "top"), "shared memory"),
])
def test_a_wrong_command_line_is_told(arguments, word):
    done = run(CTL, *arguments, check=False)
    assert done.returncode == USAGE and word in done.stderr and done.stdout == "", done


def test_nobody_there_is_told_at_once(remote):
    begin = time.monotonic()
    done = remote.edge.host.run(CTL, "--url", "https://127.0.0.1:1", "--token-file", remote.token,
                                "status", check=False)
    assert done.returncode == UNREACHABLE and "https://127.0.0.1:1" in done.stderr, done
    assert time.monotonic() - begin < 5
