#!/usr/bin/python3
"""Queries a second over AF_XDP on a veth: Understudy, dpdk-testpmd, Knot DNS (sockets and XDP), NSD and gdnsd.

  bench/rivals.py --build DIR [--names N] [--runs N] [--seconds S] [--only NAME ...]     prints one JSON object

Two namespaces, one veth between them. The server has CPU 0 and one worker, understudy-load on AF_XDP has CPU 1 and the
same window for all. They take turns, run by run; only one server is alive at a time. Every hundredth answer is checked,
but those of testpmd, which swaps addresses and ports and knows no DNS: it is the floor. All serve the same zone file.
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

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests/system"))

import network

SERVER_CPU, LOAD_CPU = "0", "1"
CLIENT, SERVICE = "198.18.53.1", "198.18.53.53"  # RFC 2544
INTERFACE = "us-node"
CONFIG = """\
instance: bench
zones: [{name: example.com, file: example.com.zone}]
"""
KNOT = """\
server:
  rundir: {folder}/knot
  user: root:root
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  listen: {listen}@53
{xdp}
database:
  storage: {folder}/knot
log:
  - target: stderr
    any: warning
template:
  - id: default
    zonefile-sync: -1
    semantic-checks: off
zone:
  - domain: example.com
    file: {folder}/example.com.zone
"""
NSD = """\
server:
  ip-address: {service}
  server-count: 1
  username: root
  database: ""
  zonesdir: {folder}
  pidfile: {folder}/nsd.pid
  xfrdfile: {folder}/nsd.xfrd
  zonelistfile: {folder}/nsd.list
  xfrdir: {folder}
  minimal-responses: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: example.com
  zonefile: example.com.zone
"""
GDNSD = """\
options => {{ listen => {service}, udp_threads => 1, tcp_threads => 1, run_dir => {folder}/gdnsd/run, state_dir => {folder}/gdnsd/state }}
"""


class Bench:
    def __init__(self, options, folder):
        self.build, self.names, self.seconds = options.build.resolve(), options.names, options.seconds
        self.folder = folder
        self.client, self.node = network.Namespace("load"), network.Namespace("server")
        network.connect(self.client, "us-load", self.node, INTERFACE)
        self.client.address("us-load", f"{CLIENT}/24")
        self.node.address(INTERFACE, f"{SERVICE}/24")
        self.mac = self.node.mac(INTERFACE)
        (folder / "u.yaml").write_text(CONFIG)
        with (folder / "example.com.zone").open("w") as zone:
            zone.write("$TTL 60\n$ORIGIN example.com.\n@ SOA ns root 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\n")
            zone.writelines(f"n{i} A 203.0.113.{i % 250}\n" for i in range(self.names))

    @contextlib.contextmanager
    def started(self, *command):
        command = self.node.command("taskset", "-c", SERVER_CPU, *command)
        log = (self.folder / "server.log").open("wb")
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def load(self, seconds, check):
        done = subprocess.run(
            self.client.command(
                "taskset", "-c", LOAD_CPU, self.build / "tools/understudy-load/understudy-load",
                "--port", "af_xdp:us-load", "--server", SERVICE, "--destination-mac", self.mac,
                "--pattern", "n#.example.com", "--count", self.names, "--seconds", seconds,
                "--check", check, "--json", "--no-huge"),
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if not done.stdout.startswith("{"):
            sys.exit(f"understudy-load: {done.stderr}")
        return json.loads(done.stdout)

    def measure(self, server, number):
        """What comes back a second, once everything asked is answered."""
        check = "none" if server == "testpmd_5tswap" else "1/100"
        with getattr(self, server)(number) as process:
            for _ in range(60):
                time.sleep(0.5)
                if process.poll() is not None:
                    break
                if self.load(0.1, check)["received"] > 0:
                    result = self.load(self.seconds, check)
                    if result["wrong"]:
                        sys.exit(f"{server}: wrong answers: {result}")
                    return result
        sys.exit(f"{server} does not answer:\n{(self.folder / 'server.log').read_text(errors='replace')}")

    # --- the servers

    def testpmd_5tswap(self, number):
        return self.started("dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
                            "--file-prefix", f"rival{os.getpid()}", "--lcores",
                            f"0@{SERVER_CPU},1@{SERVER_CPU}", "--vdev",
                            f"net_af_xdp0,iface={INTERFACE}", "--", "--forward-mode=5tswap",
                            "--auto-start", "--nb-cores=1", "--total-num-mbufs=16384",
                            "--disable-link-check", "-i")

    def understudy(self, number):
        return self.started(self.build / "dataplane/understudy-dataplane", "--instance", "bench",
                            "--shm-dir", self.folder / "shm", "--port", f"af_xdp:{INTERFACE}",
                            "--address", SERVICE, "--no-huge")

    def knot(self, number, listen=SERVICE, xdp=""):
        (self.folder / "knot").mkdir(exist_ok=True)
        (self.folder / "knot.conf").write_text(KNOT.format(folder=self.folder, listen=listen, xdp=xdp))
        return self.started("knotd", "-c", self.folder / "knot.conf")

    @contextlib.contextmanager
    def knot_xdp(self, number):
        with self.knot(number, "127.0.0.1", f"xdp:\n  listen: {INTERFACE}@53") as process:
            yield process
        # It leaves its program, on which testpmd then fails.
        self.node.run("ip", "link", "set", "dev", INTERFACE, "xdp", "off")

    def nsd(self, number):
        (self.folder / "nsd.conf").write_text(NSD.format(folder=self.folder, service=SERVICE))
        return self.started("nsd", "-d", "-c", self.folder / "nsd.conf")

    def gdnsd(self, number):
        for name in ("run", "state", "zones"):
            (self.folder / "gdnsd" / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "gdnsd/config").write_text(GDNSD.format(folder=self.folder, service=SERVICE))
        zone = self.folder / "gdnsd/zones/example.com"
        if not zone.exists():
            zone.symlink_to(self.folder / "example.com.zone")
        return self.started("gdnsd", "-c", self.folder / "gdnsd", "start")

    def publish(self):
        """The table stays when control has gone."""
        command = [self.build / "control/understudy-control", "--config", self.folder / "u.yaml",
                   "--state-dir", self.folder, "--shm-dir", self.folder / "shm", "--socket",
                   self.folder / "sock"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        published = any("published" in line for line in process.stdout)
        process.terminate()
        process.communicate()
        if not published:
            sys.exit("control did not publish the table")

    def remove(self):
        self.client.remove()
        self.node.remove()


SERVERS = ("testpmd_5tswap", "understudy", "knot_xdp", "knot", "nsd", "gdnsd")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--names", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", action="append", choices=SERVERS)
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("two CPUs are needed, one for each side")
    results = {server: [] for server in options.only or SERVERS}
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="understudy-rivals-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            bench.publish()
            for number in range(options.runs):
                for server, each in results.items():
                    result = bench.measure(server, number)
                    each.append({key: result[key] for key in ("received_per_second", "sent", "lost")})
        finally:
            bench.remove()
    print(json.dumps({"names": options.names, "servers": results}))


if __name__ == "__main__":
    main()
