#!/usr/bin/python3
"""Queries a second through one worker, over memif: Understudy beside dpdk-testpmd.

  bench/throughput.py --build DIR --names N [--runs N] [--seconds S]     prints one JSON object

The floor is DPDK's own testpmd in 5tswap mode: it swaps addresses and ports of the very same frames and knows
no DNS. Both are loaded by understudy-load with the same window; server on CPU 0, generator on CPU 1. The two take
turns, run by run, and only one of them is alive at a time. Every hundredth answer is checked.
"""
import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SERVER_CPU, LOAD_CPU = "0", "1"
SERVICE = "192.0.2.53"
SETTLE_S = 2  # from the socket to the last step of a start
CONFIG = """\
instance: bench
zones: [{name: example.com, file: example.com.zone}]
"""


def wait_for(path, process, seconds=60):
    until = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended:\n{process.stdout.read()}")
        if time.monotonic() > until:
            sys.exit(f"{path} did not appear within {seconds} s")
        time.sleep(0.02)


@contextlib.contextmanager
def started(*command):
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


class Bench:
    def __init__(self, options, folder):
        self.build, self.names, self.seconds = options.build.resolve(), options.names, options.seconds
        self.folder = folder
        self.shm = folder / "shm"
        (folder / "u.yaml").write_text(CONFIG)
        with (folder / "example.com.zone").open("w") as zone:
            zone.write("$TTL 60\n@ SOA ns root 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\n")
            zone.writelines(f"n{i} A 203.0.113.{i % 250}\n" for i in range(self.names))

    def load(self, socket, check):
        done = subprocess.run(
            ["taskset", "-c", LOAD_CPU, self.build / "tools/understudy-load/understudy-load",
             "--port", f"memif:{socket}", "--server", SERVICE, "--pattern", "n#.example.com",
             "--count", str(self.names), "--seconds", str(self.seconds), "--check", check, "--json",
             "--no-huge"],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if not done.stdout.startswith("{"):
            sys.exit(f"understudy-load: {done.stderr}")
        result = json.loads(done.stdout)
        if result["lost"] or result["wrong"]:
            sys.exit(f"answers were lost or wrong: {done.stdout}")
        return result

    def testpmd(self, number):
        socket = self.folder / f"floor{number}.sock"
        command = ["taskset", "-c", SERVER_CPU, "dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci",
                   "--no-telemetry", "--file-prefix", f"floor{os.getpid()}", "--lcores",
                   f"0@{SERVER_CPU},1@{SERVER_CPU}",
                   "--vdev", f"net_memif0,socket={socket},socket-abstract=no,role=server", "--",
                   "--forward-mode=5tswap", "--auto-start", "--nb-cores=1",
                   "--total-num-mbufs=8192", "--disable-link-check", "-i"]
        with started(*command) as process:
            wait_for(socket, process)
            time.sleep(SETTLE_S)
            return self.load(socket, "none")

    def understudy(self, number):
        socket = self.folder / f"us{number}.sock"
        command = ["taskset", "-c", SERVER_CPU, self.build / "dataplane/understudy-dataplane",
                   "--instance", "bench", "--shm-dir", self.shm, "--port",
                   f"memif:{socket},role=server", "--address", SERVICE, "--no-huge"]
        with started(*command) as process:
            wait_for(socket, process)
            time.sleep(SETTLE_S)
            return self.load(socket, "1/100")

    def publish(self):
        """The table stays when control has gone."""
        command = [self.build / "control/understudy-control", "--config", self.folder / "u.yaml",
                   "--state-dir", self.folder, "--shm-dir", self.shm, "--socket",
                   self.folder / "sock"]
        with started(*command) as process:
            for line in process.stdout:
                if "published" in line:
                    return
        sys.exit("control did not publish the table")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--names", type=int, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("two CPUs are needed, one for each side")
    rates = {"testpmd_5tswap": [], "understudy": []}
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="understudy-bench-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        bench.publish()
        for number in range(options.runs):
            for name, measure in (("testpmd_5tswap", bench.testpmd), ("understudy", bench.understudy)):
                rates[name].append(measure(number)["received_per_second"])
    print(json.dumps({"names": options.names, "received_per_second": rates}))


if __name__ == "__main__":
    main()
