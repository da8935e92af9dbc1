"""understudyctl apply and export: the difference first, then all of it or nothing, over every death."""
import json
import random
import signal
import subprocess
import threading
import time

import pytest
from edge import CONTROL, CTL, REFUSED, USAGE, Edge
from process import Process, eventually

ZONE = "$TTL 300\n@ SOA a.invalid. b.invalid. 1 2 3 4 5\n@ NS a.invalid.\nwww A 192.0.2.9\n"


class Loopback:
    """A host that is this one: control needs nothing but a socket and a folder here."""

    @staticmethod
    def command(*command):
        return [str(part) for part in command]


def config(groups=8, interval="200ms", address="192.0.2.1", instance="edge1"):
    text = (f"instance: {instance}\nzones:\n  - {{name: example.com, file: example.com.zone}}\n"
            "health_checks:\n"
            f"  eu: {{type: tcp, address: 127.0.0.1, port: 9, interval: {interval}}}\n"
            "  us: {type: tcp, address: 127.0.0.2, port: 9, interval: 100ms}\n"
            "failover_groups:\n")
    for i in range(groups):
        text += (f"  g{i}:\n    primary: {{health_check: eu}}\n"
                 "    secondary: {health_check: us}\n    records:\n"
                 f"      - {{name: g{i}.example.com, type: A, ttl: 30, primary: {address}, "
                 "secondary: 192.0.2.2}\n")
    return text


class Site(Edge):
    """Control over a folder; what is applied lies in a folder beside it."""

    def __init__(self, folder):
        super().__init__(Loopback, folder)
        self.new = folder / "new"
        self.new.mkdir()
        self.configure(config(), example_com_zone=ZONE)

    def write(self, text, zone=ZONE):
        (self.new / "site.yaml").write_text(text)
        (self.new / "example.com.zone").write_text(zone)
        return self.new / "site.yaml"

    def apply(self, text, *options, zone=ZONE):
        return self.ctl("apply", "-f", self.write(text, zone), *options)

    def live(self):
        return self.ctl_json("status")["configuration"]

    def exported(self):
        return self.ctl("export").stdout

    def start_without_file(self, *options):
        self.control = Process(self.host, self.control_log, CONTROL, *options, "--state-dir",
                               self.folder / "state", "--socket", self.socket, "--shm-dir",
                               self.shm)
        eventually(lambda: self.is_answering() or self._ended(self.control), 60,
                   lambda: f"control answers\n{self.control.tail()}")


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    made.start_control()
    yield made
    made.remove()


def test_a_dry_run_shows_every_change_and_changes_nothing(site):
    done = site.apply(config(interval="300ms", groups=9), "--dry-run", zone=ZONE + "new A 192.0.2.7\n")
    assert done.returncode == 0, done
    for line in ("  ~ eu\n", "      interval: 200ms -> 300ms\n", "  + g8\n",
                 "  + g8.example.com. A\n", "  + new.example.com. A\n",
                 "record sets: 2 added, 0 changed, 0 removed, of 11\n"):
        assert line in done.stdout, done.stdout
    assert done.stdout.endswith("dry run: nothing was changed\n"), done.stdout
    assert site.live()["origin"] == "file"
    assert site.exported() == config()


def test_an_apply_needs_consent_and_then_outlives_a_restart_without_the_file(site):
    text = config(address="192.0.2.33")
    done = site.apply(text)
    assert done.returncode == USAGE and "--yes" in done.stderr, done
    done = site.apply(text, "--json")
    assert done.returncode == USAGE and "--yes" in done.stderr, done
    assert site.exported() == config()
    done = site.apply(text, "--yes")
    assert done.returncode == 0, done
    assert "192.0.2.33" in site.ctl("show", "g3.example.com").stdout
    site.control.kill()
    site.config.write_text("instance: edge1\nbroken: [")
    site.start_control()
    assert "192.0.2.33" in site.ctl("show", "g3.example.com").stdout
    assert site.live()["origin"] == "applied"
    assert "not read" in site.ctl("status").stdout
    site.control.kill()
    site.config.unlink()
    site.start_without_file()
    assert site.exported() == text


def test_a_reload_of_the_file_is_refused_until_the_applied_one_is_forgotten(site):
    assert site.apply(config(address="192.0.2.33"), "--yes").returncode == 0
    done = site.ctl("reload")
    assert done.returncode == REFUSED, done
    assert "understudyctl apply -f FILE" in done.stderr and "--from-file" in done.stderr
    site.control.signal(signal.SIGHUP)
    eventually(lambda: "reload_failed" in [event["kind"] for event in site.events()], 5, "refused")
    assert "192.0.2.33" in site.ctl("show", "g0.example.com").stdout
    assert site.ctl("reload", "--from-file").returncode == 0
    assert site.live()["origin"] == "file" and site.exported() == config()
    site.control.kill()
    site.start_control()
    assert site.live()["origin"] == "file"


def test_a_start_may_forget_the_applied_configuration(site):
    assert site.apply(config(address="192.0.2.33"), "--yes").returncode == 0
    site.control.kill()
    site.start_without_file("--config", site.config, "--from-file")
    assert site.exported() == config()


def test_a_start_that_cannot_serve_the_file_forgets_nothing(site):
    text = config(address="192.0.2.33")
    assert site.apply(text, "--yes").returncode == 0
    site.control.kill()
    for config_option in ((), ("--config", site.folder / "absent.yaml")):
        done = subprocess.run([CONTROL, "--instance", site.instance, "--from-file", "--state-dir",
                               site.folder / "state", "--shm-dir", site.shm, "--socket",
                               site.socket, *config_option], capture_output=True, timeout=20)
        assert done.returncode == 2, done
    site.start_without_file()
    assert site.exported() == text


def test_more_than_a_quarter_is_not_removed_unless_forced(site):
    done = site.apply(config(groups=3), "--yes")
    assert done.returncode == REFUSED and "5 of 8 failover groups" in done.stderr, done
    assert site.exported() == config()
    assert site.apply(config(groups=3), "--yes", "--max-removed", "50%").returncode == REFUSED
    assert site.apply(config(groups=3), "--dry-run").returncode == REFUSED
    assert site.apply(config(groups=3), "--yes", "--max-removed", "70%").returncode == 0
    assert site.apply(config(groups=0).replace("failover_groups:\n", ""), "--yes",
                      "--force").returncode == 0
    assert site.ctl_json("groups")["groups"] == []


def test_what_was_exported_applies_as_no_difference(site):
    zone = ZONE.encode() + b'latin TXT "caf\xe9"\n' + b"".join(
        b"h%d A 192.0.2.1\n" % i for i in range(5000))
    path = site.write(config(groups=7))
    (site.new / "example.com.zone").write_bytes(zone)
    assert site.ctl("apply", "-f", path, "--yes").returncode == 0
    out = site.folder / "out"
    assert site.ctl("export", "-o", f"{out}/").returncode == 0
    assert (out / "site.yaml").read_text() == config(groups=7)
    assert (out / "example.com.zone").read_bytes() == zone
    done = site.ctl("apply", "-f", out / "site.yaml")
    assert done.returncode == 0 and "nothing to do" in done.stdout, done
    assert json.loads(site.ctl("apply", "-f", out / "site.yaml", "--json").stdout)["same_texts"]


def test_errors_are_told_with_their_places_and_change_nothing(site):
    done = site.apply(config(interval="1ms"), "--yes", zone=ZONE + "bad A 192.0.2.300\n")
    assert done.returncode == REFUSED
    assert f"{site.new}/site.yaml:5: health_checks.eu.interval" in done.stderr, done.stderr
    assert f"{site.new}/example.com.zone:5:" in done.stderr, done.stderr
    done = site.apply(config(instance="other"), "--yes")
    assert done.returncode == REFUSED and "'other'" in done.stderr, done
    done = site.apply(config().replace("example.com.zone", "nowhere.zone"), "--yes")
    assert done.returncode == USAGE and "nowhere.zone" in done.stderr, done
    assert site.exported() == config()


def test_of_two_applies_at_once_one_is_told_that_it_came_too_late(site):
    texts = [config(address=f"192.0.2.{40 + i}") for i in range(2)]
    plans = []
    for i, text in enumerate(texts):
        folder = site.folder / f"at-once-{i}"
        folder.mkdir()
        (folder / "site.yaml").write_text(text)
        (folder / "example.com.zone").write_text(ZONE)
        order = {"file": str(folder / "site.yaml"), "yaml": text,
                 "zones": {"example.com.zone": ZONE}}
        plans.append(post(site, "/v1/configuration/plan", order)[1] and order)
    base = site.live()["id"]
    results = [None, None]

    def run(i):
        results[i] = post(site, "/v1/configuration", {**plans[i], "base": base})
    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in results) == [200, 409], results
    winner = [status for status, _ in results].index(200)
    assert site.exported() == texts[winner]


def post(site, path, body):
    """Status and JSON of a request to control's socket."""
    done = subprocess.run(
        ["curl", "-s", "--unix-socket", str(site.socket), "-w", "\n%{http_code}", "-d", "@-",
         f"http://understudy{path}"], input=json.dumps(body), capture_output=True, text=True,
        timeout=60, check=True)
    text, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(text)


def test_what_did_not_change_goes_on_as_if_nothing_had_happened(site):
    eventually(lambda: site.checks()["us"]["failures"] > 3 and not site.checks()["eu"]["healthy"],
               10, "probes")
    assert site.ctl("force", "g1", "secondary", "--for", "10m", "--reason", "kept",
                    "--allow-unusable").returncode == 0
    before = site.checks()
    assert site.apply(config(interval="300ms"), "--yes").returncode == 0
    after = site.checks()
    assert after["us"]["failures"] >= before["us"]["failures"], "counts on"
    assert after["us"]["changed_at"] == before["us"]["changed_at"]
    assert not after["eu"]["healthy"], "a changed check keeps its verdict"
    assert after["eu"]["failures"] < before["eu"]["failures"], "and counts anew"
    forced = [group for group in site.ctl_json("groups")["groups"] if group["override"]]
    assert [group["name"] for group in forced] == ["g1"]


def test_no_acknowledged_apply_is_lost_to_a_kill(site):
    """Twenty deaths at any instant around an apply: the new one whole when it was acknowledged,
    else the new or the old one, and never a mixture."""
    dice = random.Random(4)
    acknowledged = config()
    survived = 0
    for number in range(1, 21):
        text = config(address=f"198.51.100.{number}")
        zone = ZONE + f"n{number} A 192.0.2.{number}\n"
        path = site.write(text, zone)
        client = subprocess.Popen(
            [str(part) for part in (CTL, "--socket", site.socket, "apply", "-f", path,
                                    "--yes")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(dice.uniform(0, 0.06))
        site.control.kill()
        client.communicate(timeout=60)
        site.start_control()
        found = site.exported()
        if client.returncode == 0:
            acknowledged = text
            survived += 1
        assert found in (acknowledged, text), f"kill {number}: neither the old nor the new one"
        acknowledged = found
        served = site.ctl("show", "g0.example.com").stdout
        told = found.split("primary: ")[2].split(",")[0]
        assert told in served, served
        has_zone = site.ctl("show", f"n{number}.example.com").returncode == 0
        assert has_zone == (found == text), f"kill {number}: zone and YAML are of two configurations"
    assert 0 < survived < 20, "the kills were all too early, or all too late"


def test_a_full_disk_refuses_the_apply_and_keeps_serving(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "us-state", state], check=True)
    site = Site(tmp_path)
    try:
        site.start_control()
        noise = random.Random(5)
        large = ZONE + "".join(f"h{noise.getrandbits(120):x} A 192.0.2.1\n" for _ in range(120_000))
        done = site.apply(config(address="192.0.2.44"), "--yes", zone=large)
        assert done.returncode == REFUSED and "disk" in done.stderr, done
        assert site.exported() == config()
        assert "192.0.2.1" in site.ctl("show", "g0.example.com").stdout
        assert site.apply(config(address="192.0.2.45"), "--yes").returncode == 0
        site.control.kill()
        site.start_control()
        assert site.exported() == config(address="192.0.2.45")
    finally:
        site.remove()
        subprocess.run(["umount", "-l", state], check=True)
