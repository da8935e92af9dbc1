#!/usr/bin/python3
"""What a client notices of updates: loss and latency over memif at a share of the saturation rate, in turns calm and
while groups fail over and the whole table is published again and again.

  bench/updates.py --build DIR [--names N] [--groups N] [--runs N] [--seconds S] [--share S]     prints one JSON object

The worker has CPU 0. CPU 1 is everybody else's: understudy-load (with a real-time priority, and asleep whenever nothing
is due), the dataplane's main thread, which opens tables, and table_updates, which writes them and flips the groups.
Meanwhile the kernel does not stop real-time threads for 50 ms of each second, as it does by default: sched(7).
A tenth of the names asked for are those that flip. A trickle beside the load is measured apart. Every answer counts,
every hundredth is checked.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from throughput import LOAD_CPU, SERVER_CPU, SERVICE, SETTLE_S, started, wait_for

TRICKLE = 10_000  # a second
IDLE_US = 20
RING_BITS = 12  # 4,096 frames each way, as rings of NICs have: a memif has 1,024 unless it is told
CONFIG = """\
instance: bench
zones: [{name: example.com, file: example.com.zone}]
health_checks: {eu: {type: tcp, address: 192.0.2.10, port: 80}}
failover_groups:
"""
GROUP = ("  g%d: {primary: {health_check: eu}, records: [{name: g%d.example.com, type: A, ttl: 30, "
         "primary: [192.0.2.10], secondary: [198.51.100.10]}]}\n")


@contextlib.contextmanager
def real_time_all_the_time():
    setting = pathlib.Path("/proc/sys/kernel/sched_rt_runtime_us")
    before = setting.read_text()
    setting.write_text("-1")
    try:
        yield
    finally:
        setting.write_text(before)


def stolen_ms():
    """Time that the host of this virtual machine has taken away from its CPUs: proc_stat(5)."""
    return int(pathlib.Path("/proc/stat").read_text().split()[8]) * 1000 / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.build = options.build.resolve()
        self.shm, self.socket = folder / "shm", folder / "memif.sock"
        with (folder / "u.yaml").open("w") as config:
            config.write(CONFIG)
            config.writelines(GROUP % (i, i) for i in range(options.groups))
        with (folder / "example.com.zone").open("w") as zone:
            zone.write("$TTL 60\n@ SOA ns root 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\n")
            zone.writelines(f"n{i} A 203.0.113.{i % 250}\n" for i in range(options.names))
        with (folder / "names").open("w") as names:
            for i in range(options.names):
                names.write(f"n{i}.example.com\n")
                if i % 9 == 0:
                    names.write(f"g{i // 9 % options.groups}.example.com\n")

    def load(self, *more):
        command = ["chrt", "-f", "50", "taskset", "-c", LOAD_CPU,
                   self.build / "tools/understudy-load/understudy-load", "--port",
                   f"eal:net_memif0,role=client,rsize={RING_BITS},socket-abstract=no,socket={self.socket}",
                   "--server", SERVICE, "--destination-mac", "02:00:00:00:00:01", "--names",
                   self.folder / "names", "--seconds", self.options.seconds, "--check", "1/100", "--json",
                   "--no-huge", *more]
        stolen_before_ms = stolen_ms()
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)
        if not done.stdout.startswith("{"):
            sys.exit(f"understudy-load: {done.stderr}")
        return {**json.loads(done.stdout), "stolen_ms": stolen_ms() - stolen_before_ms}

    def writer(self):
        return started("taskset", "-c", LOAD_CPU, self.build / "bench/table_updates", "--config",
                       self.folder / "u.yaml", "--shm-dir", self.shm, "--flips-per-second",
                       self.options.flips)

    def dataplane(self):
        return started("nice", "-n", "-20", self.build / "dataplane/understudy-dataplane", "--instance", "bench",
                       "--shm-dir", self.shm, "--port", f"memif:{self.socket},role=server",
                       "--address", SERVICE, "--no-huge",
                       *(["--no-fast-path"] if self.options.no_fast_path else []), "--", "--lcores",
                       f"0@{LOAD_CPU},1@{SERVER_CPU}")

    def measure(self):
        with self.writer() as writer:
            if not writer.stdout.readline().startswith("{"):
                sys.exit(f"table_updates: {writer.stdout.read()}")
            with self.dataplane() as dataplane:
                wait_for(self.socket, dataplane)
                time.sleep(SETTLE_S)
                return self.alternate(writer)

    def alternate(self, writer):
        runs = {"saturated": [], "calm": [], "updates": []}
        for _ in range(self.options.runs):
            # Each time anew: what a virtual machine can do is not the same a minute later.
            runs["saturated"].append(self.load("--window", 256))
            saturation = runs["saturated"][-1]["received_per_second"]
            offered = ("--rate", saturation * self.options.share - TRICKLE, "--trickle", TRICKLE,
                       "--idle-us", IDLE_US)
            runs["calm"].append(self.load(*offered))
            writer.stdin.write(f"{self.options.seconds}\n")
            writer.stdin.flush()
            result = self.load(*offered)
            runs["updates"].append({**result, "done": json.loads(writer.stdout.readline())})
        return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--flips", type=float, default=1000, help="a second")
    parser.add_argument("--share", type=float, default=0.8, help="of the saturation rate")
    parser.add_argument("--no-fast-path", action="store_true",
                        help="a dataplane whose saturation leaves the generator half of its CPU")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("two CPUs are needed, one for the worker")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the machine is left as it was
    with (tempfile.TemporaryDirectory(dir="/dev/shm", prefix="understudy-bench-") as folder,
          real_time_all_the_time()):
        print(json.dumps({"names": options.names, "groups": options.groups,
                          **Bench(options, pathlib.Path(folder)).measure()}))


if __name__ == "__main__":
    main()
