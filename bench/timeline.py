#!/usr/bin/python3
"""From what happens to what a client sees, with real backends, probes and packets, in namespaces.

  bench/timeline.py --build DIR [--rounds N]     prints one JSON object, milliseconds of every round

detection   the primary's backend is killed; until the first answer of the secondary (200 ms x 3)
failback    it is started again; until the first answer of the primary (200 ms x 3, no hold-down)
force       `understudyctl force` is started; until the first answer of the other side
force_done  the same, until the command has ended, with the override on disk
A client asks 2,000 times a second; what it sees is that exact. Uses the scene of tests/system.
"""
import argparse
import json
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def first(watcher, address, since):
    """Milliseconds from `since` to the first exchange that was answered with `address`."""
    for sent, received, answer in watcher.exchanges:
        if received and sent >= since and answer == (address,):
            return (received - since) * 1000
    sys.exit(f"{address} was never answered")


def watch(scene, watcher_class, action, address):
    """What `action` returns, and the milliseconds until `address` is answered."""
    with watcher_class(scene.client, "app.example.com", rate_hz=2000) as watcher:
        time.sleep(0.05)
        since = time.monotonic()
        result = action()
        scene.becomes(address, within_s=10)
        time.sleep(0.05)
    return result, first(watcher, address, since)


def force(scene, side):
    since = time.monotonic()
    done = scene.edge.ctl("force", "app", side, "--for", "1m", "--reason", "measured")
    if done.returncode != 0:
        sys.exit(done.stderr)
    return (time.monotonic() - since) * 1000


def measure(rounds):
    from client import Watcher
    from scene import CONFIG, EU4, US4, Scene
    config = CONFIG.replace("interval: 100ms", "interval: 200ms").replace(
        "    records:\n", "    failback: {damping: {max: 0s}}\n    records:\n")
    rows = {"detection": [], "failback": [], "force": [], "force_done": []}
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(pathlib.Path(folder))
        try:
            scene.edge.configure(config)
            scene.start()
            for _ in range(rounds):
                rows["detection"].append(watch(scene, Watcher, scene.eu.stop, US4)[1])
                rows["failback"].append(watch(scene, Watcher, scene.eu.start, EU4)[1])
                done, seen = watch(scene, Watcher, lambda: force(scene, "secondary"), US4)
                rows["force"].append(seen)
                rows["force_done"].append(done)
                scene.edge.ctl("release", "app")
                scene.becomes(EU4)
        finally:
            scene.remove()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    os.environ["UNDERSTUDY_BUILD"] = str(options.build.resolve())
    sys.path.insert(0, str(ROOT / "tests/system"))
    print(json.dumps({"rounds": options.rounds, "milliseconds": measure(options.rounds)}))


if __name__ == "__main__":
    main()
