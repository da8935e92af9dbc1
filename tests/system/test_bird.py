"""Beside a routing daemon: the service address is announced while this node answers it."""
import os
import signal
import time

import pytest
from bird import Bird, router
from client import Client
from edge import CTL, ROOT
from network import run
from process import Process, eventually
from scene import EU4

ANYCAST4, ANYCAST6 = "198.18.53.53", "2001:db8:5353::53"
EXAMPLE = ROOT / "tools/bird/bird.conf"
ANNOUNCE = ROOT / "tools/bird/announce"
WITHIN_S = 1.0  # of the dataplane's death, at the router


class Pop:
    """An edge node with BIRD, as tools/bird/README.md sets it up, and its router."""

    def __init__(self, scene, folder):
        self.scene, self.router, self.folder = scene, scene.client.host, folder
        self.client = Client(self.router, ANYCAST4, ANYCAST6)
        edge = scene.edge.host
        edge.address("lo", f"{ANYCAST4}/32", f"{ANYCAST6}/128")
        self.birds = [
            Bird(edge, folder, "edge", EXAMPLE.read_text().replace("log syslog all;", "")),
            Bird(self.router, folder, "router", router({"edge4": ("192.0.2.53", 64512),
                                                        "edge6": ("2001:db8:53::53", 64512)}))]
        self.announcer = None

    def start(self):
        self.scene.eu.start()
        self.scene.us.start()
        self.scene.edge.start_control()
        self.start_dataplane()
        self.birds[1].meets("edge4", "edge6")
        self.start_announcer()
        return self

    def start_dataplane(self):
        self.scene.edge.start_dataplane("--port", "af_xdp:service0", "--address", ANYCAST4,
                                        "--address", ANYCAST6, "--listen", f"{ANYCAST4}:53")

    def start_announcer(self, *options):
        self.announcer = Process(
            self.scene.edge.host, self.folder / "announce.log", "env", f"UNDERSTUDYCTL={CTL}",
            ANNOUNCE, ANYCAST4, ANYCAST6, "--", "--instance", "edge1", "--shm-dir",
            self.scene.edge.shm, *options)

    def routes(self):
        """What the router's kernel knows of the service addresses."""
        return [self.router.run("ip", family, "route", "show", address).stdout.strip()
                for family, address in (("-4", ANYCAST4), ("-6", ANYCAST6))]

    def becomes(self, announced, within_s):
        """Returns how long it took."""
        start = time.monotonic()
        eventually(lambda: all(bool(route) == announced for route in self.routes()), within_s,
                   lambda: f"announced: {announced}; {self.routes()}\n{self.announcer.tail()}")
        return time.monotonic() - start

    def answers(self):
        return self.client.lookup_once("app.example.com", 1) == [EU4]

    def stop(self):
        if self.announcer and self.announcer.is_running():
            self.announcer.kill()
        for bird in self.birds:
            bird.stop()


@pytest.fixture
def pop(scene, tmp_path):
    pop = Pop(scene, tmp_path)
    yield pop
    pop.stop()


def test_the_service_address_is_announced_while_the_dataplane_answers(pop):
    """kill -9 of control changes nothing; kill -9 of the dataplane withdraws; its start announces."""
    pop.start()
    pop.becomes(True, 10)
    assert pop.answers()
    edge = pop.scene.edge

    edge.control.kill()
    time.sleep(2)
    pop.becomes(True, 0)
    assert pop.answers(), "a dead control keeps announcing"

    edge.dataplane.signal(signal.SIGKILL)
    took = pop.becomes(False, WITHIN_S)
    edge.dataplane.kill()
    print(f"withdrawn at the router {took * 1000:.0f} ms after kill -9 of the dataplane")

    pop.start_dataplane()
    took = pop.becomes(True, 5)
    print(f"announced at the router {took * 1000:.0f} ms after the dataplane was ready")
    assert pop.answers()


def test_a_planned_end_withdraws_and_so_does_the_end_of_the_announcer(pop):
    pop.start()
    pop.becomes(True, 10)
    pop.announcer.terminate()
    pop.becomes(False, WITHIN_S)
    pop.start_announcer()
    pop.becomes(True, WITHIN_S)
    pop.scene.edge.dataplane.terminate()
    pop.becomes(False, WITHIN_S)


def test_a_new_start_of_bird_and_its_reload_keep_what_is_announced(pop):
    pop.start()
    pop.becomes(True, 10)
    pop.birds[0].ask("configure")
    time.sleep(0.5)
    pop.becomes(True, 0)
    pop.birds[0].stop()
    pop.birds[0] = Bird(pop.scene.edge.host, pop.folder, "edge",
                        EXAMPLE.read_text().replace("log syslog all;", ""))
    pop.becomes(True, 20)
    assert pop.answers()


@pytest.mark.parametrize("words", [[], ["--table"], ["--table", "254", "192.0.2.53"], ["--nonsense"],
                                   ["--table", "x", "192.0.2.53"]])
def test_the_announcer_says_how_it_is_used(words):
    assert os.access(ANNOUNCE, os.X_OK)
    done = run(ANNOUNCE, *words, check=False)
    assert done.returncode == 2 and "announce:" in done.stderr
